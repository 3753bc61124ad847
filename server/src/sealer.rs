//! Who seals orders and opens receipts: a PSAM, or whatever stands in for one.

use crate::chain::Chain;
use reader::driver::psam::Psam;
use reader::error::CardError;
use wire::bcd::MeterNumber;
use wire::profile::EF_SEALED;
use wire::{Command, Sw};

/// Seals orders and opens receipts; holds every key this crate does without.
pub trait OrderSealer {
    /// Its number, 12 digits: the books keep what each module sealed.
    fn number(&self) -> String;

    /// Where its order chain stands; `None` when it keeps none.
    fn chain(&mut self) -> Result<Option<Chain>, SealError>;

    /// Seals an order (`E1 ..`, `docs/specs/purchase.md` section 1) for its meter and returns the user data of
    /// the SMS, header `02 70 00` included (section 2).
    ///
    /// The same order gives the same user data, so that an interrupted seal can be repeated.
    fn seal(&mut self, order: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Opens the user data of a receipt (`02 71 00 ..`) as coming from `meter`, checks its CC and its TAC,
    /// and returns the receipt (`E2 ..`).
    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError>;
}

/// Why a sealer gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It refused; nothing was sealed or opened.
    #[error("the security module refused: {0}")]
    Refused(String),
    /// CC or TAC do not fit the keys of the meter.
    #[error("the message was not made by this meter, or was changed on its way")]
    NotGenuine,
    /// Malformed inside, or naming another meter.
    #[error("the message is malformed or names another meter")]
    Malformed,
    /// No usable answer: whether it did the work is unknown.
    #[error("the security module gave no usable answer: {0}")]
    Lost(String),
}

impl SealError {
    fn of(error: &CardError) -> Self {
        match error {
            CardError::Refused { .. } | CardError::WrongKind { .. } | CardError::OlderMake { .. } => {
                SealError::Refused(error.to_string())
            }
            CardError::Channel { .. } | CardError::Malformed { .. } => SealError::Lost(error.to_string()),
        }
    }
}

impl OrderSealer for Psam<'_> {
    fn number(&self) -> String {
        hex::encode(self.info().number)
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        let command = Command::new(0x00, 0xB0, 0x80 | EF_SEALED.bytes()[1], 0x00).le(Chain::LEN);
        let answer =
            self.fmcos().ask("read the order chain", &command).map_err(|error| SealError::of(&error))?;
        // A file that only the card writes answers 6281 until it did so; one of an older make is shorter.
        let read = matches!(answer.sw, Sw::OK | Sw::DATA_SUSPECT);
        Ok(if read { Chain::parse(&answer.data) } else { None })
    }

    fn seal(&mut self, order: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_order(order).map_err(|error| SealError::of(&error))
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_receipt(meter, user_data).map_err(|error| match &error {
            CardError::Refused { sw: Sw::SM_WRONG, .. } => SealError::NotGenuine,
            CardError::Refused { sw: Sw::WRONG_DATA, .. } => SealError::Malformed,
            other => SealError::of(other),
        })
    }
}
