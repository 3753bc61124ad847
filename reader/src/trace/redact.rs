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

/// Instructions whose data field is a PIN, a CHV or a key, whatever the class: a class that is not known is
/// hidden rather than shown.
const SECRET: [u8; 7] = [
    0x20, // VERIFY, VERIFY CHV
    0x24, // CHANGE CHV, CHANGE REFERENCE DATA
    0x26, // DISABLE CHV
    0x28, // ENABLE CHV
    0x2C, // UNBLOCK CHV
    0x5E, // CHANGE PIN, RELOAD PIN
    0xD4, // WRITE KEY
];

/// Of those, the ones that carry cipher text and MAC under class 84: PIN UNBLOCK and WRITE KEY.
const SEALED: [[u8; 2]; 2] = [[0x84, 0x24], [0x84, 0xD4]];

/// Whether the data of a command is a PIN, a CHV or a key in clear.
pub fn is_secret(command: &[u8]) -> bool {
    match command {
        [cla, ins, ..] => SECRET.contains(ins) && !SEALED.contains(&[*cla, *ins]),
        _ => false,
    }
}

/// RUN GSM ALGORITHM answers a session key, and so does AUTHENTICATE of a USIM (P2 80 and 81). Under other classes and
/// parameters the instruction is INTERNAL AUTHENTICATE, whose answer goes over the line in clear by design.
/// PAIR SERVER answers the server key of a PSAM.
pub fn answers_secret(command: &[u8]) -> bool {
    matches!(command, [0xA0, 0x88, ..] | [0x00, 0x88, 0x00, 0x80 | 0x81, ..] | [0x80, 0x3E, 0x00, 0x00, ..])
}

pub(super) fn is_get_response(command: &[u8]) -> bool {
    matches!(command, [_, 0xC0, ..])
}

/// The `>` line of a command.
pub(super) fn command(bytes: &[u8], reveal: Reveal) -> String {
    if reveal == Reveal::Secrets || !is_secret(bytes) {
        return format!("> {}", hex::encode_upper(bytes));
    }
    let shown = first_hidden(bytes);
    format!("> {}", with_hidden(&bytes[..shown], bytes.len() - shown, &[]))
}

/// Where the hidden bytes of a secret command begin.
fn first_hidden(bytes: &[u8]) -> usize {
    match CommandRef::parse(bytes) {
        // Header, Lc; the data is hidden, an Le behind it is not secret but the length tells it anyway.
        Ok(command) if !command.data.is_empty() => 5,
        Ok(_) => bytes.len(),
        // Not a command: nobody knows where its secret begins.
        Err(_) => bytes.len().min(4),
    }
}

/// How many bytes of a command may be shown, when the rest is a PIN or a key; `None` when all may.
pub fn hides_data(command: &[u8]) -> Option<usize> {
    let shown = first_hidden(command);
    (is_secret(command) && shown < command.len()).then_some(shown)
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
