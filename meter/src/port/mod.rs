//! The meter's port: DL/T 645-2007 requests and what the meter says to them [docs/specs/dlt645.md 4].
//!
//! Bytes come and go elsewhere: [`answer`] is given a whole frame and what the meter knows, and gives the frame that goes back, or none.

mod bank;
mod change;
mod download;
mod guard;
mod identity;
mod money;
mod online;
mod secure;
mod session;
mod values;
mod word;

pub use guard::{Guard, Way};
pub use secure::{serve, serves};
pub use session::MOST_WRONG;
pub use values::Facts;
pub use word::Serr;

use wire::dlt645::items::Item;
use wire::dlt645::{Address, Control, Frame, Identifier, function};

/// The word of an ordinary refusal: one bit for each cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Why {
    /// Anything else.
    Other = 1 << 0,
    /// No such data.
    NoData = 1 << 1,
    /// A wrong password, or no right to do it.
    NoRight = 1 << 2,
    /// The speed of the line cannot be changed.
    Speed = 1 << 3,
}

/// What a meter of this number says to a frame; `None`: it is not for it, needs no answer, or comes from another meter.
pub fn answer(facts: &Facts<'_>, frame: &Frame) -> Option<Frame> {
    let own = facts.address();
    // What another meter answers is heard on a shared line, and is no request.
    if frame.control.is_answer() || !frame.address.reaches(own) {
        return None;
    }
    let asked = frame.control.function();
    let done = match asked {
        function::READ => read(facts, &frame.data),
        // No block of these is longer than one frame, so there is never a rest to read.
        function::READ_ON => Err(Why::NoData),
        function::READ_ADDRESS if frame.address == Address::WILDCARD && frame.data.is_empty() => {
            Ok(own.0.iter().rev().copied().collect())
        }
        function::READ_ADDRESS => Err(Why::Other),
        function::WRITE
        | function::WRITE_ADDRESS
        | function::FREEZE
        | function::PASSWORD
        | function::CLEAR_DEMAND
        | function::CLEAR_METER
        | function::CLEAR_EVENTS
        | function::CONTROL => Err(Why::NoRight),
        function::SPEED => Err(Why::Speed),
        // The time is told to all, and nobody answers.
        function::BROADCAST_TIME => return None,
        _ => Err(Why::Other),
    };
    Some(match done {
        Ok(data) => Frame { address: own, control: Control::answer(asked, false), data },
        Err(why) => Frame { address: own, control: Control::refusal(asked), data: vec![why as u8] },
    })
}

/// What is read through infrared light without a proof: numbers, time, version, energies, money.
///
/// UNSPECIFIED: sources disagree about the asset number 04000403, which this meter has not.
const fn is_public(identifier: Identifier) -> bool {
    let Identifier(number) = identifier;
    matches!(
        number,
        0x0400_0101
            | 0x0400_0102
            | 0x0400_010C
            | 0x0400_0401
            | 0x0400_0402
            | 0x0480_0001
            | 0x0480_0004
            | 0x0090_0200
            | 0x0090_0201
    ) || number & 0x00FF == 0 && number >> 16 <= 2
}

/// 11H: one item, or the block of an identifier with FF in it; the identifier stands before the values.
fn read(facts: &Facts<'_>, data: &[u8]) -> Result<Vec<u8>, Why> {
    // Six and ten bytes ask for load records by their number or time, of which there are none here.
    let (identifier, rest) = Identifier::split(data).ok_or(Why::Other)?;
    if !rest.is_empty() {
        return Err(if matches!(rest.len(), 1 | 6) { Why::NoData } else { Why::Other });
    }
    if !facts.open && !is_public(identifier) {
        return Err(Why::NoRight);
    }
    let items = Item::asked(identifier);
    let block = items.len() > 1;
    let mut out = identifier.bytes().to_vec();
    let mut known = 0;
    for item in items {
        match facts.value(item) {
            Some(value) => {
                known += 1;
                out.extend(value);
            }
            // In a block the place of what is not there is kept.
            None if block => out.extend(std::iter::repeat_n(0xFF, item.form.len())),
            None => {}
        }
    }
    if known == 0 { Err(Why::NoData) } else { Ok(out) }
}
