//! What a command comes to.

use reader::driver::sim::SimError;
use wire::ChannelError;
use wire::at::{Cme, Cms, Refusal};

/// A command that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, with lines of information before the OK.
    Done(Vec<String>),
    /// A message is asked for.
    Prompt(Awaited),
}

/// What a message behind a prompt is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// It is sent. PDU mode: the length that was announced.
    Send(Shape),
    /// It is stored with this status; `None`: as its kind wants.
    Store(Shape, Option<u8>),
}

/// In which form a message comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Hexadecimal digits; so many bytes of TPDU.
    Pdu(usize),
    /// Text to a number; none for one that is stored for later.
    Text(Option<String>),
}

/// The outcome of a command.
pub type Outcome = Result<Reply, Refusal>;

/// Done, and nothing to tell.
pub fn done() -> Outcome {
    Ok(Reply::Done(Vec::new()))
}

/// Done, with one line.
pub fn line(text: impl Into<String>) -> Outcome {
    Ok(Reply::Done(vec![text.into()]))
}

/// A refusal of the equipment.
pub const fn cme<T>(code: Cme) -> Result<T, Refusal> {
    Err(Refusal::Cme(code))
}

/// A refusal of the messages' part.
pub const fn cms<T>(code: Cms) -> Result<T, Refusal> {
    Err(Refusal::Cms(code))
}

/// What a SIM's error is on the line.
pub fn of_sim(error: &SimError) -> Refusal {
    Refusal::Cme(match error {
        SimError::ChvNeeded { .. } => Cme::PIN,
        SimError::ChvWrong { tries: 0, .. } | SimError::ChvBlocked { .. } => Cme::PUK,
        SimError::ChvWrong { .. } => Cme::PASSWORD,
        SimError::NotFound { .. } => Cme::NOT_FOUND,
        SimError::Full { .. } => Cme::FULL,
        SimError::Card(_) => match error.channel() {
            Some(error) => of_channel(error),
            None => Cme::SIM_FAILURE,
        },
    })
}

/// What a SIM that gives no answer is on the line.
pub const fn of_channel(error: &ChannelError) -> Cme {
    match error {
        ChannelError::Absent | ChannelError::Removed | ChannelError::Unplugged => Cme::NO_SIM,
        ChannelError::Busy => Cme::SIM_BUSY,
        _ => Cme::SIM_FAILURE,
    }
}

/// The same for the commands of messages, which have codes of their own.
pub fn as_cms(refusal: Refusal) -> Refusal {
    let Refusal::Cme(code) = refusal else { return refusal };
    Refusal::Cms(match code {
        Cme::PIN => Cms::PIN,
        Cme::PUK => Cms::PUK,
        Cme::NO_SIM => Cms::NO_SIM,
        Cme::SIM_BUSY => Cms::SIM_BUSY,
        Cme::FULL => Cms::FULL,
        Cme::SIM_FAILURE => Cms::SIM_FAILURE,
        Cme::NOT_FOUND => Cms::MEMORY,
        _ => Cms::FAILURE,
    })
}
