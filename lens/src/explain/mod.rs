//! What bytes are that somebody found, what they say as far as the keys at hand open them, and the first check they fail: a record or
//! message of a SIM, a packet, an order, a receipt, frames of a meter's port, a command, an answer, a certificate.
//!
//! The checks are the parties' own. What an ESAM would say to an order is asked of the ESAM's program, on a copy of its image.

mod frames;
mod hand;
mod image;
mod message;
mod money;
mod pipes;
mod said;
mod single;
mod spot;
mod traces;
mod trial;

pub use frames::{heard as heard_frames, listing};
pub use hand::{Hand, Opener};
pub use image::image;
pub use money::exported;
pub use said::{Failing, Line, Part, Place, Verdict};
pub use traces::trace;

use wire::packet::{COMMAND_UDH, RESPONSE_UDH};
use wire::sms::record::RECORD_LEN;

/// Explains bytes, whatever they are. Empty: they are nothing this program knows.
pub fn bytes(bytes: &[u8], hand: &Hand<'_>) -> Vec<Part> {
    if matches!(bytes.len(), n if n == RECORD_LEN || n == 2 * RECORD_LEN) {
        return message::records(bytes, hand);
    }
    if bytes.starts_with(&COMMAND_UDH) || bytes.starts_with(&RESPONSE_UDH) {
        return vec![message::packet(bytes, hand)];
    }
    if let Some(part) = money::of(bytes, hand).or_else(|| single::long(bytes)) {
        return vec![part];
    }
    let frames = spot::merged(frames::all(bytes, hand), pipes::all(bytes, hand));
    if !frames.is_empty() {
        return frames;
    }
    message::tpdu(bytes, hand).or_else(|| single::short(bytes)).into_iter().collect()
}
