//! What a PSAM is asked while others go on: the question, what became of it, and the act that stops between the two.
//!
//! In a command an act asks its PSAM and waits. At a desk that serves many, an act that needs one stops with [`AskPsam`]; what it
//! intends is in the books by then. Whoever keeps the desk has the question asked and does the act again, with what is [`InHand`].

use crate::trouble::Trouble;
use reader::driver::user_card::CardAsk;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Moment;
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::online::{HELLO_LEN, SessionId};
use scheme::order::OrderId;
use scheme::profile::CardInfo;
use scheme::signing::Mode;
use server::{Chain, Keys, SealError, Settlement};

/// What an order is sealed for beside its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Besides {
    /// An online purchase, which has heard its meter.
    Online(SessionId),
    /// A recharge by the field's frames, for this random of the ESAM.
    Recharge([u8; 4]),
    /// A user card, which drew a challenge.
    Card(CardAsk),
}

/// What a PSAM is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// To be opened, and its PIN verified.
    Sit,
    /// To seal an order whose intent is in the books.
    Seal {
        /// The order.
        id: OrderId,
        /// Encoded (`E1 ..`).
        order: Vec<u8>,
        /// And at once for this.
        online: Option<Besides>,
        /// Which orders its chip takes.
        mode: Mode,
    },
    /// To begin an online purchase.
    Begin {
        /// For this meter.
        meter: MeterNumber,
        /// Its id.
        sid: SessionId,
        /// When it was begun.
        time: Moment,
    },
    /// To open what a meter asks for in one.
    Hear(Vec<u8>),
    /// To open what a meter says at its end.
    Finish(Vec<u8>),
    /// To open a receipt.
    Open {
        /// As coming from this meter.
        meter: MeterNumber,
        /// The user data of its message.
        packet: Vec<u8>,
    },
    /// Where its chain stands; no PIN is tried.
    Look,
}

/// An act has to wait for a PSAM, and is done again then.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskPsam {
    /// It is asked this first.
    #[error("PSAM {psam} has to be asked first")]
    Ask {
        /// Which.
        psam: DeviceNumber,
        /// What.
        question: Question,
    },
    /// An order that it is about is being sealed for somebody else.
    #[error("order {0} is being sealed")]
    Await(OrderId),
}

impl AskPsam {
    /// Whether what the act has written down by then is kept: the intent of an order, and the id that was drawn for an online purchase.
    /// Else all of it is done again.
    pub const fn keeps(&self) -> bool {
        matches!(self, AskPsam::Ask { question: Question::Seal { .. } | Question::Begin { .. }, .. })
    }
}

impl Fault for AskPsam {
    fn kind(&self) -> Kind {
        Kind::Absent
    }

    fn hint(&self) -> Hint {
        Some("send the same request again".into())
    }

    fn code(&self) -> &str {
        "psam-to-ask"
    }
}

/// A PSAM that sits: opened, its PIN verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// Its card information.
    pub info: CardInfo,
    /// Its keys, as it says them.
    pub keys: Option<Keys>,
    /// Where it stands.
    pub stand: Stand,
}

/// Where a PSAM stands after what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Its chain; `None` of one that keeps none.
    pub chain: Option<Chain>,
    /// How many orders it may still seal, where it has a limit.
    pub orders: Option<u32>,
    /// How much it may still seal in fen, where it has a limit.
    pub fen: Option<u64>,
    /// The larger part of one of its limits is used: a tenth or less is left.
    pub is_low: bool,
}

/// What became of a question.
#[derive(Debug)]
pub enum Answer {
    /// It sits.
    Seated(Box<Seated>),
    /// It sealed an order.
    Sealed {
        /// The user data of the order's message.
        data: Vec<u8>,
        /// S2, a recharge or what is loaded onto a card, where it was sealed for one; or why there is none.
        online: Option<OnlineOrder>,
        /// Where the PSAM stands, when it has nothing more to seal.
        stand: Option<Stand>,
    },
    /// What it says to a message of an online purchase.
    Online(Result<OnlineSaid, OnlineFault>),
    /// The receipt.
    Opened(Vec<u8>),
    /// Where its chain stands.
    Looked(Option<Chain>),
    /// It said no, and did nothing; and where it stands.
    Refused(SealError, Option<Stand>),
    /// It gave no answer: whether it did it is not known. Its session is lost.
    Lost(SealError),
    /// It was not asked, because of what became of a question before.
    NotAsked,
    /// It cannot be opened.
    Failed(Unfit),
}

/// What a PSAM says to the messages of an online purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnlineSaid {
    /// S0.
    Hello([u8; HELLO_LEN]),
    /// What the meter asks for, as it encoded it.
    Request(Vec<u8>),
    /// How it ended.
    Answer(reader::driver::psam::Answer),
}

/// S2, a recharge or what is loaded onto a card, or why there is none.
pub type OnlineOrder = Result<Vec<u8>, OnlineFault>;

/// Why it says nothing to one. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnlineFault {
    /// Its session was begun anew since, or others took the place of the purchase.
    #[error("the PSAM does not know this online purchase any more")]
    Forgotten,
    /// The message is not the meter's, or was changed on its way.
    #[error("the message was not made by this meter in this purchase, or was changed on its way")]
    NotGenuine,
    /// Anything else.
    #[error("the PSAM refused: {0}")]
    Refused(String),
}

impl Fault for OnlineFault {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hint(&self) -> Hint {
        let anew = "begin anew: an order that was made goes on with the next purchase, and is paid once";
        matches!(self, OnlineFault::Forgotten | OnlineFault::NotGenuine).then(|| anew.into())
    }

    fn code(&self) -> &str {
        match self {
            OnlineFault::Forgotten => "online-forgotten",
            OnlineFault::NotGenuine => "online-not-genuine",
            OnlineFault::Refused(_) => "online-refused",
        }
    }
}

/// What a PSAM was asked, and what became of it.
#[derive(Debug)]
pub struct Heard {
    /// Which.
    pub psam: DeviceNumber,
    /// What.
    pub question: Question,
    /// What became of it.
    pub answer: Answer,
    /// How often the PSAM has stopped working through its queue since it began.
    pub stops: u32,
}

/// A PSAM has as much to do as it lets wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("PSAM {0} has more to do than it lets wait")]
pub struct Busy(pub DeviceNumber);

impl Fault for Busy {
    fn kind(&self) -> Kind {
        Kind::Absent
    }

    fn hint(&self) -> Hint {
        Some("send the same request again in a moment".into())
    }

    fn code(&self) -> &str {
        "psam-busy"
    }
}

/// Why a PSAM does not come into question now, as it was told when it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Unfit {
    /// What was wrong.
    pub words: String,
    /// Its stable name.
    pub code: String,
    /// Its kind.
    pub kind: Kind,
    /// What to do.
    pub hint: Hint,
}

impl Unfit {
    /// As an error told it.
    pub fn of(error: &Trouble) -> Self {
        Unfit {
            words: error.to_string(),
            code: error.code().to_owned(),
            kind: error.kind(),
            hint: error.hint(),
        }
    }

    /// Its PIN was refused, or may not be tried: it is not tried again by itself.
    pub fn is_pin(&self) -> bool {
        self.code.starts_with("pin-")
    }
}

impl Fault for Unfit {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> Hint {
        self.hint.clone()
    }

    fn code(&self) -> &str {
        &self.code
    }
}

/// A receipt that a PSAM was asked to open.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// Which PSAM.
    pub psam: DeviceNumber,
    /// As coming from this meter.
    pub meter: MeterNumber,
    /// The user data of its message.
    pub packet: Vec<u8>,
    /// The receipt, or why there is none.
    pub receipt: Result<Vec<u8>, SealError>,
}

/// What PSAMs said to an act that is done again.
#[derive(Debug, Clone, Default)]
pub struct InHand {
    /// Receipts that were opened, or not.
    pub(super) opened: Vec<Opened>,
    /// Orders that were sealed for it, and by which PSAM; and what was sealed for a meter that is online.
    pub(super) sealed: Vec<(OrderId, DeviceNumber, Option<OnlineOrder>)>,
    /// What was said to messages of an online purchase.
    pub(super) online: Vec<(DeviceNumber, Question, Result<OnlineSaid, OnlineFault>)>,
    /// Receipts that it settled before it stopped, by the user data of their messages.
    pub(super) settled: Vec<(Vec<u8>, Settlement)>,
    /// Where chains stand that it looked at; and how many orders each PSAM had been asked to seal by then.
    pub(super) looked: Vec<(DeviceNumber, Option<Chain>, u64)>,
    /// PSAMs that gave no certain answer once.
    pub(super) lost: Vec<DeviceNumber>,
    /// PSAMs that do not come into question for it any more, and why.
    pub(super) failed: Vec<(DeviceNumber, Unfit)>,
}
