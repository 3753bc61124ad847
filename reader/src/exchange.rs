//! One command, one whole answer: the transport words 61xx, 6Cxx and 9Fxx are followed here, once.

use wire::channel::{Channel, ChannelError};
use wire::{Command, CommandRef, Response, Sw};

/// Class of the classic SIM, which announces waiting data with `9Fxx` [docs/specs/sim.md].
const CLA_GSM: u8 = 0xA0;

/// GET RESPONSEs followed for one command: as many as 65 536 bytes in blocks of 256 take, the most that ISO 7816-4 lets an
/// answer have. A card that announces data for ever is stopped there.
const MAX_ROUNDS: usize = 256;

/// Sends a command and follows the card until the answer is whole.
///
/// * `61xx`: GET RESPONSE (`00 C0 00 00 xx`), again and again; the parts are joined.
/// * `9Fxx` on a class A0 command: the same with `A0 C0`.
/// * `6Cxx`: the command was not done for its wrong Le; it is sent once more with the right one. A classic
///   SIM says `67xx` [docs/specs/sim.md].
///
/// The command goes out as it was built. A card in T=CL form answers data at once; a T=0 card ignores Le of
/// a case 4 command and announces the data. Commands with data should carry no Le: both forms serve them,
/// and readers that pass TPDUs through send the byte after the data as part of it.
///
/// # Errors
/// Those of the channel, and [`ChannelError::Endless`] for a card that goes on announcing beyond any legal length. Every
/// other status word is an answer; a second `6Cxx` is one, and a refusal.
pub fn exchange(channel: &mut dyn Channel, command: &Command) -> Result<Response, ChannelError> {
    let cla = command.header()[0];
    let mut answer = with_right_le(channel, command)?;
    let mut rounds = 0;
    while let Some(waiting) = announced(cla, answer.sw) {
        if rounds == MAX_ROUNDS {
            return Err(ChannelError::Endless { rounds, fetched: answer.data.len() });
        }
        rounds += 1;
        let fetch = Command::new(if cla == CLA_GSM { CLA_GSM } else { 0x00 }, 0xC0, 0x00, 0x00).le(waiting);
        let part = with_right_le(channel, &fetch)?;
        answer.data.extend_from_slice(&part.data);
        answer.sw = part.sw;
    }
    Ok(answer)
}

/// Sends the bytes of a command; gives its answer with the status word. Transport words are followed as [`exchange`] does,
/// unless `raw` says not to, or the bytes are no command that could be repeated.
///
/// # Errors
/// As [`exchange`].
pub fn exchange_bytes(channel: &mut dyn Channel, bytes: &[u8], raw: bool) -> Result<Vec<u8>, ChannelError> {
    let command = match CommandRef::parse(bytes) {
        Ok(command) if !raw => command,
        _ => return channel.transmit(bytes),
    };
    let mut whole = Command::new(command.cla, command.ins, command.p1, command.p2).data(command.data);
    if let Some(le) = command.le {
        whole = whole.le(le);
    }
    let answer = exchange(channel, &whole)?;
    Ok([answer.data, answer.sw.bytes().to_vec()].concat())
}

/// Bytes that wait for GET RESPONSE, 1 to 256.
fn announced(cla: u8, sw: Sw) -> Option<u16> {
    match (cla, sw.sw1()) {
        (CLA_GSM, 0x9F) | (_, 0x61) => Some(length(sw.sw2())),
        _ => None,
    }
}

fn with_right_le(channel: &mut dyn Channel, command: &Command) -> Result<Response, ChannelError> {
    let answer = transmit(channel, command)?;
    match right_le(command, answer.sw) {
        Some(le) => transmit(channel, &command.clone().le(le)),
        None => Ok(answer),
    }
}

/// The Le the card wants instead.
fn right_le(command: &Command, sw: Sw) -> Option<u16> {
    match (command.header()[0], sw.sw1(), sw.sw2()) {
        (_, 0x6C, le) => Some(length(le)),
        // 6700 names no length, and with data it is Lc that was wrong.
        (CLA_GSM, 0x67, le @ 1..) if command.data_bytes().is_empty() => Some(length(le)),
        _ => None,
    }
}

/// 00 stands for 256.
fn length(byte: u8) -> u16 {
    if byte == 0 { 256 } else { u16::from(byte) }
}

/// Sends a command and follows nothing.
pub(crate) fn transmit(channel: &mut dyn Channel, command: &Command) -> Result<Response, ChannelError> {
    let bytes = channel.transmit(&command.to_bytes())?;
    let len = bytes.len();
    Response::parse(bytes).ok_or(ChannelError::Short(len))
}
