//! What of a command or an answer may be written down.

use wire::apdu::CommandRef;

/// How much a trace shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reveal {
    /// Secrets are replaced by their length.
    #[default]
    Nothing,
    /// PINs and keys stand in the trace as they travel.
    Secrets,
}

/// An instruction whose exchange holds a PIN or a key, in clear or in cipher text: under a published transport key cipher text
/// is as good as clear, and a trace outlives the keys that hide it [docs/specs/trace.md 1].
struct Carrier {
    ins: u8,
    /// What its data field holds.
    data: Option<&'static str>,
    /// What its answer holds.
    answer: Option<&'static str>,
}

const fn takes(ins: u8, words: &'static str) -> Carrier {
    Carrier { ins, data: Some(words), answer: None }
}

/// By the instruction alone: whatever class and parameters come with it, it is hidden rather than shown.
const CARRIERS: [Carrier; 13] = [
    takes(0x20, PIN),                                     // VERIFY, VERIFY CHV
    takes(0x24, PIN),                                     // CHANGE CHV; PIN UNBLOCK and SET PIN, sealed
    takes(0x26, PIN),                                     // DISABLE CHV
    takes(0x28, PIN),                                     // ENABLE CHV
    takes(0x2C, PIN),                                     // UNBLOCK CHV
    takes(0x5E, PIN),                                     // CHANGE PIN, RELOAD PIN
    takes(0xD4, KEY), // WRITE KEY, STAGE KEY, a key download: in clear and sealed
    takes(0xC4, KEY), // LOAD PURCHASE of a user card: sealed
    takes(0xD8, KEY), // PUT KEY of other people's cards; LOAD FORMAL KEY, STORE RECORDS: sealed
    Carrier { ins: 0x44, data: None, answer: Some(KEY) }, // EXPORT KEY: the data field of the target's WRITE KEY
    Carrier { ins: 0xC6, data: None, answer: Some(KEY) }, // SEAL CARD: the data field of the card's LOAD PURCHASE
    Carrier { ins: 0xCC, data: None, answer: Some(KEY) }, // TAKE KEY of a production card: sealed for its chip
    Carrier { ins: 0x3E, data: None, answer: Some(KEY) }, // PAIR SERVER: the server key of a PSAM
];

const PIN: &str = "a PIN";
const KEY: &str = "a key";
const SESSION_KEY: &str = "a session key";
const UNKNOWN: &str = "nobody here knows whether a key";

/// Instructions of a class of somebody's own (80 to FF but for a SIM's A0) that are known to carry neither PIN nor key. All
/// others are hidden, both ways, so that a command that is added shows nothing before it is listed.
const SHOWN: [u8; 52] = [
    0x04, 0x0E, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1A, 0x1E, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x3C, 0x3E,
    0x40, 0x42, 0x44, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x50, 0x52, 0x54, 0x58, 0x5A, 0x5C, 0x70, 0x72, 0x74,
    0x76, 0x78, 0x7A, 0x7C, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xC0, 0xC2, 0xC6, 0xD0, 0xD6, 0xDC, 0xE0,
    0xFA,
];

/// Files of session keys: EF_Kc and EF_KcGPRS of a SIM, the same in a USIM's GSM access, EF_Keys and EF_KeysPS of a USIM.
const KEY_FILES: [u16; 6] = [0x6F20, 0x6F52, 0x4F20, 0x4F52, 0x6F08, 0x6F09];
/// Short identifiers of the last two, which mean other files outside a USIM.
const USIM_KEY_FILES: [u8; 2] = [0x08, 0x09];

const SELECT: u8 = 0xA4;
const READ_BINARY: u8 = 0xB0;
const UPDATE_BINARY: u8 = 0xD6;
const GET_RESPONSE: u8 = 0xC0;

/// What the data of a command holds that nobody should read in a trace; `None` when it may be shown.
pub fn hides_data(command: &[u8]) -> Option<&'static str> {
    let &[cla, ins, ..] = command else { return None };
    let carrier = CARRIERS.iter().find(|carrier| carrier.ins == ins && carrier.data.is_some());
    carrier.map_or_else(|| unknown(cla, ins), |carrier| carrier.data)
}

/// As [`hides_data`], of the answer. RUN GSM ALGORITHM answers a session key, and so does AUTHENTICATE of a USIM (P2 80 and
/// 81). Under other classes and parameters the instruction is INTERNAL AUTHENTICATE, whose answer is no key.
pub fn hides_answer(command: &[u8]) -> Option<&'static str> {
    if matches!(command, [0xA0, 0x88, ..] | [0x00, 0x88, 0x00, 0x80 | 0x81, ..]) {
        return Some(SESSION_KEY);
    }
    let &[cla, ins, ..] = command else { return None };
    let carrier = CARRIERS.iter().find(|carrier| carrier.ins == ins);
    carrier.map_or_else(|| unknown(cla, ins), |carrier| carrier.answer)
}

fn unknown(cla: u8, ins: u8) -> Option<&'static str> {
    let own = cla & 0x80 != 0 && cla != 0xA0;
    (own && !SHOWN.contains(&ins)).then_some(UNKNOWN)
}

/// How many bytes of a command may be shown, when the rest is a PIN or a key; `None` when all may.
pub fn shown_bytes(command: &[u8]) -> Option<usize> {
    hides_data(command).and_then(|_| before_data(command))
}

/// Where the data of a command begins; `None` when it has none.
fn before_data(command: &[u8]) -> Option<usize> {
    let shown = match CommandRef::parse(command) {
        // Header, Lc; an Le behind the data is not secret but the length tells it anyway.
        Ok(parsed) if !parsed.data.is_empty() => 5,
        Ok(_) => command.len(),
        // Not a command: nobody knows where its secret begins.
        Err(_) => command.len().min(4),
    };
    (shown < command.len()).then_some(shown)
}

/// Follows a session, for what only the commands before tell: whose answer GET RESPONSE fetches, and which file is read.
#[derive(Debug, Default)]
pub struct Redactor {
    /// The answer that waits for GET RESPONSE is secret.
    secret_waits: bool,
    /// The selected file holds a session key.
    key_file: bool,
    usim: bool,
}

impl Redactor {
    /// The card was reset.
    pub fn reset(&mut self) {
        *self = Redactor::default();
    }

    /// How many bytes of a command may be shown; `None` for all.
    pub fn command(&self, command: &[u8]) -> Option<usize> {
        let session_key = matches!(command, [_, UPDATE_BINARY, ..]) && self.means_key_file(command);
        if session_key { before_data(command) } else { shown_bytes(command) }
    }

    /// Whether the data of the answer to a command is secret; `done` when the card took the command.
    pub fn answer(&mut self, command: &[u8], done: bool) -> bool {
        let fetches = matches!(command, [_, GET_RESPONSE, ..]);
        let reads_key = matches!(command, [_, READ_BINARY, ..]) && self.means_key_file(command);
        let secret = hides_answer(command).is_some() || reads_key || (self.secret_waits && fetches);
        self.secret_waits = secret;
        if done {
            self.select(command);
        }
        secret
    }

    fn select(&mut self, command: &[u8]) {
        let &[_, SELECT, p1, ..] = command else { return };
        let data = CommandRef::parse(command).map(|parsed| parsed.data).unwrap_or_default();
        match (p1, data) {
            (0x04, name) => (self.usim, self.key_file) = (name.starts_with(&scheme::sim::USIM_AID), false),
            (_, [.., hi, lo]) => self.key_file = KEY_FILES.contains(&u16::from_be_bytes([*hi, *lo])),
            _ => self.key_file = false,
        }
    }

    fn means_key_file(&self, command: &[u8]) -> bool {
        match command {
            [_, _, p1, ..] if p1 & 0x80 != 0 && command[0] != 0xA0 => {
                self.usim && USIM_KEY_FILES.contains(&(p1 & 0x1F))
            }
            _ => self.key_file,
        }
    }
}

/// The `>` line of a command of which so many bytes may be shown.
pub(super) fn command(bytes: &[u8], shown: Option<usize>) -> String {
    match shown {
        None => format!("> {}", hex::encode_upper(bytes)),
        Some(shown) => format!("> {}", with_hidden(&bytes[..shown], bytes.len() - shown, &[])),
    }
}

/// The `<` line of an answer.
pub(super) fn response(bytes: &[u8], secret: bool) -> String {
    match bytes.split_last_chunk::<2>() {
        Some((data, sw)) if secret && !data.is_empty() => format!("< {}", with_hidden(&[], data.len(), sw)),
        _ => format!("< {}", hex::encode_upper(bytes)),
    }
}

fn with_hidden(before: &[u8], hidden: usize, after: &[u8]) -> String {
    let note = match hidden {
        0 => String::new(),
        1 => "[1 byte hidden]".to_owned(),
        n => format!("[{n} bytes hidden]"),
    };
    let parts = [hex::encode_upper(before), note, hex::encode_upper(after)];
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}
