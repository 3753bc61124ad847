//! Statuses of answers [docs/specs/smpp.md 4], and what follows from them.

/// Done.
pub const OK: u32 = 0x00;
/// The message is too long.
pub const LENGTH: u32 = 0x01;
/// The PDU has a length that it cannot have.
pub const COMMAND_LENGTH: u32 = 0x02;
/// Nobody knows this command.
pub const COMMAND: u32 = 0x03;
/// Not before the bind, or not after.
pub const STATE: u32 = 0x04;
/// Bound already.
pub const BOUND: u32 = 0x05;
/// Something went wrong at the other end.
pub const SYSTEM: u32 = 0x08;
/// A source address that is none.
pub const SOURCE: u32 = 0x0A;
/// A destination address that is none.
pub const DESTINATION: u32 = 0x0B;
/// The bind failed.
pub const BIND: u32 = 0x0D;
/// A wrong password.
pub const PASSWORD: u32 = 0x0E;
/// A wrong system id.
pub const SYSTEM_ID: u32 = 0x0F;
/// The queue is full: later.
pub const QUEUE_FULL: u32 = 0x14;
/// A wrong ESM class.
pub const CLASS: u32 = 0x43;
/// The message could not be taken.
pub const SUBMIT: u32 = 0x45;
/// Too much at once: later.
pub const THROTTLED: u32 = 0x58;
/// Of the receiver, for now.
pub const TEMPORARY: u32 = 0x64;
/// Of the receiver, for good.
pub const PERMANENT: u32 = 0x65;

/// What becomes of a message that was answered with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It was taken.
    Taken,
    /// The same again, after a pause for everything.
    Later,
    /// The same again, a few times.
    Again,
    /// Never.
    Never,
}

/// What follows from a status. One that nobody knows may be of the moment.
#[must_use]
pub const fn judged(status: u32) -> Judged {
    match status {
        OK => Judged::Taken,
        THROTTLED | QUEUE_FULL => Judged::Later,
        LENGTH | COMMAND | SOURCE | DESTINATION | CLASS | PERMANENT | 0x48..=0x51 | 0xC0..=0xC4 => {
            Judged::Never
        }
        _ => Judged::Again,
    }
}

/// A status in words.
#[must_use]
pub const fn name(status: u32) -> &'static str {
    match status {
        OK => "done",
        LENGTH => "the message is too long",
        COMMAND_LENGTH => "the PDU has a wrong length",
        COMMAND => "the command is not known",
        STATE => "not in this state",
        BOUND => "bound already",
        SYSTEM => "an error of the centre",
        SOURCE => "the source address is wrong",
        DESTINATION => "the destination address is wrong",
        BIND => "the bind failed",
        PASSWORD => "the password is wrong",
        SYSTEM_ID => "the system id is wrong",
        QUEUE_FULL => "the queue is full",
        CLASS => "the ESM class is wrong",
        SUBMIT => "the message was not taken",
        THROTTLED => "too much at once",
        TEMPORARY => "the receiver cannot take it now",
        PERMANENT => "the receiver never takes it",
        _ => "a status without a name here",
    }
}
