//! Status words of TS 51.011 9.4 that FMCOS does not have.

use crate::sim::Words;
use crate::table::WrongLe;
use wire::Sw;

/// 9400: no EF selected.
pub const NO_EF: Sw = Sw(0x9400);
/// 9402: address out of range.
pub const OUT_OF_RANGE: Sw = Sw(0x9402);
/// 9404: file or pattern not found.
pub const NOT_FOUND: Sw = Sw(0x9404);
/// 9408: file inconsistent with the command.
pub const WRONG_FILE: Sw = Sw(0x9408);
/// 9802: no CHV initialised.
pub const NO_CHV: Sw = Sw(0x9802);
/// 9804: access condition not fulfilled, or a wrong secret.
pub const ACCESS: Sw = Sw(0x9804);
/// 9808: contradiction with the CHV status.
pub const CHV_STATUS: Sw = Sw(0x9808);
/// 9810: contradiction with the invalidation status.
pub const INVALIDATED: Sw = Sw(0x9810);
/// 9840: blocked, no tries left.
pub const BLOCKED: Sw = Sw(0x9840);
/// 9850: INCREASE beyond the greatest value.
pub const AT_MAXIMUM: Sw = Sw(0x9850);
/// 6B00: wrong P1 or P2.
pub const PARAMS: Sw = Sw(0x6B00);
/// 6F00: GET RESPONSE, or the toolkit, when nothing waits.
pub const NOTHING_WAITS: Sw = Sw::UNKNOWN;

/// What the files refuse, in the words of class A0.
pub(super) static WORDS: Words = Words {
    no_ef: NO_EF,
    wrong_file: WRONG_FILE,
    outside: OUT_OF_RANGE,
    no_record: OUT_OF_RANGE,
    no_file: NOT_FOUND,
    access: ACCESS,
    invalidated: INVALIDATED,
    params: PARAMS,
    at_maximum: AT_MAXIMUM,
    wrong_le: WrongLe::Told,
};
