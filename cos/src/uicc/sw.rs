//! Status words of a UICC that FMCOS does not have.

use crate::sim::Words;
use crate::table::WrongLe;
use wire::Sw;

/// 6282: a search that found nothing.
pub const NOT_FOUND: Sw = Sw(0x6282);
/// 6881: a logical channel.
pub const NO_CHANNEL: Sw = Sw(0x6881);
/// 6882: secure messaging.
pub const NO_MESSAGING: Sw = Sw(0x6882);
/// 6984: the PIN is switched off.
pub const PIN_OFF: Sw = Sw(0x6984);
/// 9850: INCREASE beyond the greatest value.
pub const AT_MAXIMUM: Sw = Sw(0x9850);
// UNSPECIFIED: as on the other cards of ours.
/// 6985: GET RESPONSE, or the toolkit, when nothing waits.
pub const NOTHING_WAITS: Sw = Sw::CONDITIONS;

/// What the files refuse, in the words of class 00.
pub(super) static WORDS: Words = Words {
    no_ef: Sw::NO_CURRENT_EF,
    wrong_file: Sw::WRONG_KIND,
    outside: Sw::WRONG_OFFSET,
    no_record: Sw::RECORD_NOT_FOUND,
    no_file: Sw::FILE_NOT_FOUND,
    access: Sw::NOT_ALLOWED,
    // UNSPECIFIED: 6985 for a deactivated file, and for ACTIVATE of an active one.
    invalidated: Sw::CONDITIONS,
    params: Sw::WRONG_P1P2,
    at_maximum: AT_MAXIMUM,
    wrong_le: WrongLe::Corrected,
};
