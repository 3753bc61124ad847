//! Status words.

use core::fmt;

/// A status word, SW1 in the high byte. Lossless: any two bytes a card answers fit.
///
/// `Display` gives four hex digits; [`Sw::explain`] gives words in a [`Dialect`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sw(pub u16);

/// Whose table of words [`Sw::explain`] uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// FMCOS/PBOC cards with the gridcard applets (`docs/specs/cards.md`).
    Fmcos,
    /// SIM, class A0 [TS 51.011 9.4].
    Gsm,
    /// UICC, classes 00 and 80 (`docs/specs/sim.md`).
    Uicc,
}

impl Sw {
    /// 9000: done.
    pub const OK: Sw = Sw(0x9000);
    /// 6281: part of the returned data may be corrupted (checksum of a file).
    pub const DATA_SUSPECT: Sw = Sw(0x6281);
    /// 6283: the selected file or key is invalid.
    pub const FILE_INVALID: Sw = Sw(0x6283);
    /// 6300: a proof was wrong; no try is counted.
    pub const NOT_VERIFIED: Sw = Sw(0x6300);
    /// 6400: state of memory unchanged, execution error.
    pub const UNCHANGED: Sw = Sw(0x6400);
    /// 6581: memory failure.
    pub const MEMORY_FAILURE: Sw = Sw(0x6581);
    /// 6700: wrong length.
    pub const WRONG_LENGTH: Sw = Sw(0x6700);
    /// 6900: class does not fit the protection of the file.
    pub const CLASS_PROTECTION: Sw = Sw(0x6900);
    /// 6901: the command does not fit the state (second step without the first).
    pub const WRONG_STATE: Sw = Sw(0x6901);
    /// 6981: command does not fit the file or key kind.
    pub const WRONG_KIND: Sw = Sw(0x6981);
    /// 6982: security status not satisfied.
    pub const NOT_ALLOWED: Sw = Sw(0x6982);
    /// 6983: authentication method blocked.
    pub const BLOCKED: Sw = Sw(0x6983);
    /// 6985: conditions of use not satisfied.
    pub const CONDITIONS: Sw = Sw(0x6985);
    /// 6986: no current EF.
    pub const NO_CURRENT_EF: Sw = Sw(0x6986);
    /// 6987: secure messaging data missing.
    pub const SM_MISSING: Sw = Sw(0x6987);
    /// 6988: secure messaging data wrong.
    pub const SM_WRONG: Sw = Sw(0x6988);
    /// 6A80: wrong data field.
    pub const WRONG_DATA: Sw = Sw(0x6A80);
    /// 6A81: function not supported, card or application blocked.
    pub const FUNCTION_BLOCKED: Sw = Sw(0x6A81);
    /// 6A82: file not found.
    pub const FILE_NOT_FOUND: Sw = Sw(0x6A82);
    /// 6A83: record not found.
    pub const RECORD_NOT_FOUND: Sw = Sw(0x6A83);
    /// 6A84: not enough memory.
    pub const NO_SPACE: Sw = Sw(0x6A84);
    /// 6A86: wrong P1 P2.
    pub const WRONG_P1P2: Sw = Sw(0x6A86);
    /// 6A88: referenced key not found.
    pub const KEY_NOT_FOUND: Sw = Sw(0x6A88);
    /// 6B00: offset outside the file.
    pub const WRONG_OFFSET: Sw = Sw(0x6B00);
    /// 6D00: instruction not supported.
    pub const INS_UNKNOWN: Sw = Sw(0x6D00);
    /// 6E00: class not supported.
    pub const CLA_UNKNOWN: Sw = Sw(0x6E00);
    /// 6F00: no precise diagnosis.
    pub const UNKNOWN: Sw = Sw(0x6F00);
    /// 9302: MAC wrong.
    pub const MAC_WRONG: Sw = Sw(0x9302);
    /// 9303: application permanently blocked.
    pub const APP_DEAD: Sw = Sw(0x9303);
    /// 9401: not enough money.
    pub const NOT_ENOUGH: Sw = Sw(0x9401);
    /// 9402: transaction counter at its end.
    pub const COUNTER_END: Sw = Sw(0x9402);
    /// 9403: key index not supported.
    pub const KEY_INDEX: Sw = Sw(0x9403);
    /// 9406: MAC not available.
    pub const NO_PROOF: Sw = Sw(0x9406);

    /// 9E41: the key version is not higher than the one there is.
    pub const VERSION_NOT_HIGHER: Sw = Sw(0x9E41);
    /// 9E42: the staged keys are no whole set.
    pub const KEYS_INCOMPLETE: Sw = Sw(0x9E42);
    /// 9E43: the purse holds another amount than the one to be forfeited.
    pub const PURSE_NOT_EMPTY: Sw = Sw(0x9E43);

    /// `63Cx`: verification failed, `tries` (0 to 15) left.
    pub const fn tries_left(tries: u8) -> Sw {
        Sw(0x63C0 | (tries & 0x0F) as u16)
    }

    /// `61xx` / `9Fxx` builder: `n` bytes wait for GET RESPONSE.
    pub const fn more(n: u8) -> Sw {
        Sw(0x6100 | n as u16)
    }

    /// `6Cxx`: wrong Le, `n` is right (00 = 256).
    pub const fn wrong_le(n: u8) -> Sw {
        Sw(0x6C00 | n as u16)
    }

    /// SW1.
    pub const fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// SW2.
    pub const fn sw2(self) -> u8 {
        self.0 as u8
    }

    /// The two bytes as they travel.
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// True for 9000.
    pub const fn is_ok(self) -> bool {
        self.0 == 0x9000
    }

    /// Tries left, if this is `63Cx`.
    pub const fn tries(self) -> Option<u8> {
        if self.0 & 0xFFF0 == 0x63C0 { Some((self.0 & 0x0F) as u8) } else { None }
    }
}

impl fmt::Display for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sw({:04X})", self.0)
    }
}

impl Sw {
    /// The status word in words: from the table of `dialect`, else from what ISO 7816-4 says of it, else from its first
    /// byte alone. Total: a status word no row knows is said to be unknown, and is no success.
    ///
    /// FMCOS: the card manual's general table [FMCOS UM 6.2] and the refusals of the purchase
    /// (`docs/specs/purchase.md` 5). GSM: [TS 51.011 9.4]. UICC: [TS 102 221 10.2].
    pub fn explain(self, dialect: Dialect) -> &'static str {
        let table = match dialect {
            Dialect::Fmcos => FMCOS_WORDS,
            Dialect::Gsm => GSM_WORDS,
            Dialect::Uicc => UICC_WORDS,
        };
        let mut rows = table.iter().chain(ISO_WORDS);
        rows.find(|row| self.0 & row.1 == row.0).map_or(UNKNOWN_WORDS, |row| row.2)
    }

    /// As [`Sw::explain`], of the answer to an instruction: some words mean something else after a SELECT than after a READ.
    pub fn explain_after(self, dialect: Dialect, ins: u8) -> &'static str {
        // An ESAM of the field and an FMCOS card count tries with 63Cx whatever the instruction was.
        let retried = dialect == Dialect::Uicc && self.tries().is_some() && !COUNTS_TRIES.contains(&ins);
        if retried {
            return "done; the card needed more than one try to write";
        }
        let row = AFTER.iter().find(|(sw, instructions, _)| *sw == self.0 && instructions.contains(&ins));
        match row {
            Some((_, _, words)) if dialect != Dialect::Gsm => words,
            _ => self.explain(dialect),
        }
    }
}

/// Instructions whose 63Cx counts what is left of a PIN or a key: VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN, EXTERNAL
/// AUTHENTICATE. After any other instruction a UICC counts its own attempts, and the command was done [TS 102 221 10.2].
const COUNTS_TRIES: [u8; 6] = [0x20, 0x24, 0x26, 0x28, 0x2C, 0x82];

/// READ BINARY and READ RECORD, plain and of BER-TLV files.
const READ: &[u8] = &[0xB0, 0xB1, 0xB2, 0xB3];
const SELECT: &[u8] = &[0xA4];
const SEARCH: &[u8] = &[0xA2];
const SUSPEND: &[u8] = &[0x76];

const DEACTIVATED: &str = "done; the file selected is deactivated, it must be activated first";

/// What a status word means after some instructions alone.
#[rustfmt::skip]
const AFTER: &[(u16, &[u8], &str)] = &[
    (0x6282, READ,    "end of file reached: these are fewer bytes than were asked for"),
    (0x6282, SEARCH,  "nothing in the file matches"),
    // QUIRK(6282 after SELECT): the standard's word for it is 6283.
    (0x6282, SELECT,  DEACTIVATED),
    (0x6283, SELECT,  DEACTIVATED),
    (0x9864, SUSPEND, "the shortest time asked for is too long for the card"),
];

const UNKNOWN_WORDS: &str = "the card answered with a status word that is in no table";

/// Status word, mask of the bits that count, words. The first row that fits wins.
type Words = (u16, u16, &'static str);

#[rustfmt::skip]
const FMCOS_WORDS: &[Words] = &[
    (0x9000, 0xFFFF, "done"),
    (0x6100, 0xFF00, "done; more data waits to be fetched"),
    (0x6281, 0xFFFF, "the data read may be damaged"),
    (0x6283, 0xFFFF, "the file or key is damaged or invalid"),
    (0x63C0, 0xFFFF, "wrong PIN or key, and no tries are left"),
    (0x63C1, 0xFFFF, "wrong PIN or key, one try is left"),
    (0x63C0, 0xFFF0, "wrong PIN or key; the last digit is the number of tries left"),
    (0x6400, 0xFFFF, "the command failed, nothing was changed"),
    (0x6581, 0xFFFF, "the card could not write its memory"),
    (0x6700, 0xFFFF, "the command has a wrong length"),
    (0x6900, 0xFFFF, "the file asks for protected commands (or for unprotected ones)"),
    (0x6901, 0xFFFF, "the step before this one is missing"),
    (0x6981, 0xFFFF, "this kind of file or key cannot do that"),
    (0x6982, 0xFFFF, "not allowed yet: a PIN or an authentication is missing"),
    (0x6983, 0xFFFF, "the PIN or key is blocked"),
    (0x6985, 0xFFFF, "not possible in the card's present state"),
    (0x6986, 0xFFFF, "no file is selected"),
    (0x6987, 0xFFFF, "the command's MAC is missing"),
    (0x6988, 0xFFFF, "the command's MAC is wrong: other keys, or altered on the way"),
    (0x6A80, 0xFFFF, "the data of the command is malformed"),
    (0x6A81, 0xFFFF, "not supported, or the card or application is blocked"),
    (0x6A82, 0xFFFF, "no such file or application"),
    (0x6A83, 0xFFFF, "no such record"),
    (0x6A84, 0xFFFF, "the card or file is full"),
    (0x6A86, 0xFFFF, "wrong parameters P1 P2"),
    (0x6A88, 0xFFFF, "no such key, or the order is for another key set"),
    (0x6B00, 0xFFFF, "the address is outside the file"),
    (0x6C00, 0xFF00, "wrong length asked for; the last two digits are the right one"),
    (0x6D00, 0xFFFF, "the card does not know this command"),
    (0x6E00, 0xFFFF, "the card does not know this class of commands"),
    (0x6F00, 0xFFFF, "the card failed and does not say why"),
    (0x9302, 0xFFFF, "the MAC is wrong"),
    (0x9303, 0xFFFF, "the application is blocked for good"),
    (0x9401, 0xFFFF, "not enough money"),
    (0x9402, 0xFFFF, "the counter is at its end: transactions, cards or orders are used up"),
    (0x9403, 0xFFFF, "no key with this index"),
    (0x9406, 0xFFFF, "no proof of this transaction is kept"),
    (0x9E09, 0xFFFF, "the order has expired"),
    (0x9E11, 0xFFFF, "the order is for another meter"),
    (0x9E12, 0xFFFF, "the order is for another customer"),
    (0x9E13, 0xFFFF, "the order was made for another SIM"),
    (0x9E14, 0xFFFF, "the order is for another ESAM"),
    (0x9E15, 0xFFFF, "recharge refused: the account is not open yet"),
    (0x9E16, 0xFFFF, "replacement SIM refused: the account is not open yet"),
    (0x9E17, 0xFFFF, "the order is older than the last one credited"),
    (0x9E18, 0xFFFF, "the order is not signed, and the card takes no other"),
    (0x9E19, 0xFFFF, "the order is not signed by the server the card knows"),
    (0x9E21, 0xFFFF, "the amount is zero or would lift the balance over the ceiling"),
    (0x9E23, 0xFFFF, "recharge refused: the meter knows another SIM"),
    (0x9E27, 0xFFFF, "the account is already open"),
    (0x9E37, 0xFFFF, "an order before this one was not inserted"),
    (0x9E41, 0xFFFF, "the key version is not higher than the one on the card"),
    (0x9E42, 0xFFFF, "the new keys are not all there, or not of one version"),
    (0x9E43, 0xFFFF, "the purse holds money that would vanish"),
    (0x9E00, 0xFF00, "the meter's module refused the order for a reason not in the table"),
];

#[rustfmt::skip]
const GSM_WORDS: &[Words] = &[
    (0x9000, 0xFFFF, "done"),
    (0x9100, 0xFF00, "done; the SIM has a command for the phone"),
    (0x9E00, 0xFF00, "the SIM refused the message and says why in its answer"),
    (0x9F00, 0xFF00, "done; data waits to be fetched"),
    (0x9300, 0xFFFF, "the SIM is busy"),
    (0x9240, 0xFFFF, "the SIM could not write its memory"),
    (0x9200, 0xFFF0, "done, after the SIM tried more than once"),
    (0x9400, 0xFFFF, "no file is selected"),
    (0x9402, 0xFFFF, "no such record, or the address is outside the file"),
    (0x9404, 0xFFFF, "no such file, or the pattern was not found"),
    (0x9408, 0xFFFF, "this kind of file cannot do that"),
    (0x9802, 0xFFFF, "the SIM has no such PIN (CHV)"),
    (0x9804, 0xFFFF, "not allowed: the PIN (CHV) was wrong or not given"),
    (0x9808, 0xFFFF, "the PIN (CHV) is in another state, such as switched off"),
    (0x9810, 0xFFFF, "the file is invalidated (or was not, when it is to be restored)"),
    (0x9840, 0xFFFF, "the PIN (CHV) is blocked, no tries are left"),
    (0x9850, 0xFFFF, "the counter is at its highest value"),
    (0x6700, 0xFF00, "the command has a wrong length"),
    (0x6B00, 0xFF00, "wrong parameters P1 P2"),
    (0x6D00, 0xFF00, "the SIM does not know this command"),
    (0x6E00, 0xFF00, "the SIM does not know this class of commands"),
    (0x6F00, 0xFF00, "the SIM failed and does not say why"),
];

#[rustfmt::skip]
const UICC_WORDS: &[Words] = &[
    (0x9100, 0xFF00, "done; the SIM has a command for the phone"),
    (0x9200, 0xFF00, "done; a transfer of data goes on"),
    (0x9300, 0xFFFF, "the toolkit is busy; other commands work"),
    (0x62F1, 0xFFFF, "done; more data can be had"),
    (0x62F2, 0xFFFF, "done; more data can be had, and the SIM has a command for the phone"),
    (0x62F3, 0xFFFF, "done; the answer has data"),
    (0x63F1, 0xFFFF, "done; more data is expected"),
    (0x63F2, 0xFFFF, "done; more data is expected, and the SIM has a command for the phone"),
    (0x63C0, 0xFFFF, "wrong PIN, and no tries are left"),
    (0x63C1, 0xFFFF, "wrong PIN, one try is left"),
    (0x63C0, 0xFFF0, "wrong PIN; the last digit is the number of tries left"),
    (0x6982, 0xFFFF, "not allowed yet: a PIN is missing"),
    (0x6983, 0xFFFF, "the PIN is blocked, no tries are left"),
    (0x6984, 0xFFFF, "the PIN is switched off"),
    (0x6985, 0xFFFF, "not possible in the present state of the card or the file"),
    (0x6989, 0xFFFF, "a secure channel is needed for this"),
    (0x6A88, 0xFFFF, "the card has no such PIN or other data"),
    (0x9850, 0xFFFF, "the counter is at its highest value"),
    (0x9862, 0xFFFF, "the network's proof (MAC) is wrong"),
    (0x9863, 0xFFFF, "the session of this security association has ended"),
    (0x9864, 0xFFFF, "the card does not support this kind of authentication"),
    (0x9865, 0xFFFF, "the key is not fresh"),
    (0x9866, 0xFFFF, "the card has no room for this authentication"),
    (0x9867, 0xFFFF, "the card has no room for this key (EF_MUK)"),
];

/// What ISO 7816-4 says of a status word, for those that a card's own table does not have [ISO 7816-4; TS 102 221 10.2].
#[rustfmt::skip]
const ISO_WORDS: &[Words] = &[
    (0x9000, 0xFFFF, "done"),
    (0x6100, 0xFF00, "done; more data waits to be fetched"),
    (0x6200, 0xFFFF, "a warning without a reason; nothing was changed"),
    (0x6281, 0xFFFF, "the data read may be damaged"),
    (0x6282, 0xFFFF, "end of file reached before all was read, or nothing matches"),
    (0x6283, 0xFFFF, "the file is deactivated"),
    (0x6284, 0xFFFF, "the parameters of the file are not in the form asked for"),
    (0x6285, 0xFFFF, "the file is terminated: it can never be used again"),
    (0x6200, 0xFF00, "a warning that is in no table; nothing was changed"),
    (0x6300, 0xFFFF, "a warning without a reason; something was changed"),
    (0x6381, 0xFFFF, "the file was filled up by this write"),
    (0x63C0, 0xFFF0, "wrong PIN or key; the last digit is the number of tries left"),
    (0x6300, 0xFF00, "a warning that is in no table; something was changed"),
    (0x6400, 0xFF00, "the command failed, nothing was changed"),
    (0x6581, 0xFFFF, "the card could not write its memory"),
    (0x6500, 0xFF00, "the command failed, and something was changed"),
    (0x6600, 0xFF00, "refused for a reason of security that is in no table"),
    (0x6700, 0xFFFF, "the command has a wrong length"),
    (0x6700, 0xFF00, "the command has a wrong length; the last two digits may be the right one"),
    (0x6881, 0xFFFF, "the card has no logical channels, or not this one"),
    (0x6882, 0xFFFF, "the card has no secure messaging"),
    (0x6883, 0xFFFF, "the last command of a chain was expected"),
    (0x6884, 0xFFFF, "the card takes no chained commands"),
    (0x6800, 0xFF00, "the card does not support what the class byte asks for"),
    (0x6981, 0xFFFF, "this kind of file cannot do that"),
    (0x6982, 0xFFFF, "not allowed yet: a PIN or an authentication is missing"),
    (0x6983, 0xFFFF, "the PIN or key is blocked"),
    (0x6984, 0xFFFF, "what the command means was made invalid"),
    (0x6985, 0xFFFF, "not possible in the card's present state"),
    (0x6986, 0xFFFF, "no file is selected"),
    (0x6987, 0xFFFF, "the command's MAC is missing"),
    (0x6988, 0xFFFF, "the command's MAC is wrong"),
    (0x6900, 0xFF00, "the command is not allowed"),
    (0x6A80, 0xFFFF, "the data of the command is malformed"),
    (0x6A81, 0xFFFF, "the card does not support this function"),
    (0x6A82, 0xFFFF, "no such file or application"),
    (0x6A83, 0xFFFF, "no such record"),
    (0x6A84, 0xFFFF, "the card or file is full"),
    (0x6A85, 0xFFFF, "the length does not fit the structure of the data"),
    (0x6A86, 0xFFFF, "wrong parameters P1 P2"),
    (0x6A87, 0xFFFF, "the length of the data does not fit P1 P2"),
    (0x6A88, 0xFFFF, "what the command means was not found"),
    (0x6A89, 0xFFFF, "the file is there already"),
    (0x6A8A, 0xFFFF, "an application of this name is there already"),
    (0x6A00, 0xFF00, "wrong parameters; which ones, the card does not say"),
    (0x6B00, 0xFFFF, "the address is outside the file, or P1 P2 are wrong"),
    (0x6B00, 0xFF00, "wrong parameters P1 P2"),
    (0x6C00, 0xFF00, "wrong length asked for; the last two digits are the right one"),
    (0x6D00, 0xFF00, "the card does not know this command"),
    (0x6E00, 0xFF00, "the card does not know this class of commands"),
    (0x6F00, 0xFFFF, "the card failed and does not say why"),
    (0x6F00, 0xFF00, "the card failed, for a reason that is in no table"),
];
