//! Tables of Turkish, Spanish and Portuguese [TS 23.038 annex A]: what they have instead of the default tables.

const TURKISH: u8 = 1;
const SPANISH: u8 = 2;
const PORTUGUESE: u8 = 3;

/// Septets, and their characters in the same order.
struct Table(&'static [u8], &'static str);

/// A language without a table of its own.
const NONE: Table = Table(&[], "");

/// Turkish main table, where it differs.
const TURKISH_MAIN: Table = Table(&[0x04, 0x07, 0x0B, 0x0C, 0x1C, 0x1D, 0x40, 0x60], "€ıĞğŞşİç");

/// Portuguese main table, where it differs.
const PORTUGUESE_MAIN: Table = Table(
    &[
        0x04, 0x06, 0x07, 0x08, 0x09, 0x0B, 0x0C, 0x0E, 0x0F, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
        0x18, //
        0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x24, 0x40, 0x5B, 0x5C, 0x5D, 0x5E, 0x60, 0x7B, 0x7C, 0x7D, 0x7E,
    ],
    "êúíóçÔôÁáªÇÀ∞^\\€Ó|ÂâÊºÍÃÕÚÜ~ãõ`ü",
);

/// Turkish extension table, beside what the default one has.
const TURKISH_EXTENSION: Table = Table(&[0x47, 0x49, 0x53, 0x63, 0x67, 0x69, 0x73], "ĞİŞçğış");

/// Spanish extension table, likewise.
const SPANISH_EXTENSION: Table = Table(&[0x09, 0x41, 0x49, 0x4F, 0x55, 0x61, 0x69, 0x6F, 0x75], "çÁÍÓÚáíóú");

/// Portuguese extension table, likewise.
const PORTUGUESE_EXTENSION: Table = Table(
    &[
        0x05, 0x09, 0x0B, 0x0C, 0x0E, 0x0F, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1F, //
        0x41, 0x49, 0x4F, 0x55, 0x5B, 0x5C, 0x61, 0x69, 0x6F, 0x75, 0x7B, 0x7C, 0x7F,
    ],
    "êçÔôÁáΦΓΩΠΨΣΘÊÀÍÓÚÃÕÂíóúãõâ",
);

/// What the main table of a language has at a septet instead of the default one; none where they agree, and for a number that
/// has no such table.
pub(super) fn main(language: u8, septet: u8) -> Option<char> {
    let table = match language {
        TURKISH => TURKISH_MAIN,
        PORTUGUESE => PORTUGUESE_MAIN,
        _ => NONE,
    };
    table.find(septet)
}

/// What the extension table of a language has at a septet beside the default one.
pub(super) fn extension(language: u8, septet: u8) -> Option<char> {
    let table = match language {
        TURKISH => TURKISH_EXTENSION,
        SPANISH => SPANISH_EXTENSION,
        PORTUGUESE => PORTUGUESE_EXTENSION,
        _ => NONE,
    };
    table.find(septet)
}

impl Table {
    fn find(&self, septet: u8) -> Option<char> {
        let place = self.0.iter().position(|at| *at == septet)?;
        self.1.chars().nth(place)
    }
}
