//! Who seals orders and opens receipts: a PSAM, or whatever stands in for one.

use crate::chain::Chain;
use crate::key_choice::Keys;
use crate::meters::KeyState;
use reader::driver::psam::Psam;
use reader::driver::user_card::CardAsk;
use reader::error::CardError;
use scheme::numbers::{MeterNumber, RegionCode};
use scheme::profile::State;
use scheme::psam::PsamChain;
use scheme::signing::Mode;
use wire::Sw;

/// Seals orders and opens receipts; holds every key this crate does without.
pub trait OrderSealer {
    /// Its number, 12 digits: the books keep what each module sealed.
    fn number(&self) -> String;

    /// Its keys, which the books compare with the meter's before it is asked to seal; `None` when it does not say.
    fn keys(&mut self) -> Result<Option<Keys>, SealError>;

    /// Where its order chain stands; `None` when it keeps none.
    fn chain(&mut self) -> Result<Option<Chain>, SealError>;

    /// Seals an order (`E1 ..`, `docs/specs/purchase.md` section 1) for its meter, signed where its chip's mode wants that, and returns the
    /// user data of the SMS, header `02 70 00` included (section 2).
    ///
    /// The same order may be sealed again after an interruption: unsigned it gives the same user data.
    fn seal(&mut self, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError>;

    /// Opens the user data of a receipt (`02 71 00 ..`) as coming from `meter`, checks its CC and its TAC,
    /// and returns the receipt (`E2 ..`).
    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError>;

    /// The user data of the messages that bring a meter the server's certificate.
    fn seal_certificate(&mut self, meter: MeterNumber) -> Result<Vec<u8>, SealError> {
        let _ = meter;
        Err(SealError::Refused("it brings no certificates".to_owned()))
    }

    /// What is loaded onto a user card, of an order that was sealed just before for its meter. It counts nothing.
    fn seal_card(&mut self, order: &[u8], mode: Mode, ask: CardAsk) -> Result<Vec<u8>, SealError> {
        let _ = (order, mode, ask);
        Err(SealError::Refused("it loads no user cards".to_owned()))
    }

    /// How many orders it may still seal; `None` when it has no limit or does not say.
    fn left(&mut self) -> Option<u32> {
        None
    }
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
    /// It is asked by somebody else, who comes back with the answer; nothing is known yet.
    #[error("the security module has not answered yet")]
    Waits,
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

/// A meter wants signed orders of a server that signs none.
const UNSIGNED: &str = "the meter takes signed orders alone, and this bank has no signing key: `gridcard server signing` makes one";

/// An order as a chip of this mode takes it: signed by the server, or as it is.
///
/// # Errors
/// A chip wants it signed, and nobody signs.
pub fn in_mode(psam: &mut Psam<'_>, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError> {
    let signed = match mode {
        Mode::Symmetric => None,
        Mode::Both | Mode::Signed => psam.sign(order).map_err(SealError::Refused)?,
    };
    match signed {
        None if mode == Mode::Signed => Err(SealError::Refused(UNSIGNED.to_owned())),
        signed => Ok(signed.unwrap_or_else(|| order.to_vec())),
    }
}

impl OrderSealer for Psam<'_> {
    fn number(&self) -> String {
        hex::encode(self.info().number)
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        let version = self.key_version().map_err(|error| SealError::of(&error))?;
        let state = match self.info().state {
            State::Test => KeyState::Test,
            State::Formal => KeyState::Formal,
            State::Retired => KeyState::Retired,
        };
        Ok(Some(Keys { state, version, city: Some(RegionCode(self.info().region)) }))
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        let kept = Psam::chain(self).map_err(|error| SealError::of(&error))?;
        Ok(kept.map(|PsamChain { count, value, before, head }| Chain { count, value, before, head }))
    }

    fn seal(&mut self, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError> {
        let order = in_mode(self, order, mode)?;
        self.seal_order(&order).map_err(|error| SealError::of(&error))
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_receipt(meter, user_data).map_err(|error| match &error {
            CardError::Refused { sw: Sw::SM_WRONG, .. } => SealError::NotGenuine,
            CardError::Refused { sw: Sw::WRONG_DATA, .. } => SealError::Malformed,
            other => SealError::of(other),
        })
    }

    fn seal_certificate(&mut self, meter: MeterNumber) -> Result<Vec<u8>, SealError> {
        Psam::seal_certificate(self, meter).map_err(|error| SealError::of(&error))
    }

    fn seal_card(&mut self, order: &[u8], mode: Mode, ask: CardAsk) -> Result<Vec<u8>, SealError> {
        let order = in_mode(self, order, mode)?;
        Psam::seal_card(self, ask, &order).map_err(|error| SealError::of(&error))
    }

    fn left(&mut self) -> Option<u32> {
        self.counter().ok()?.left()
    }
}

impl scheme::Fault for SealError {
    fn code(&self) -> &str {
        match self {
            SealError::Refused(_) => "seal-refused",
            SealError::NotGenuine => "seal-not-genuine",
            SealError::Malformed => "seal-malformed",
            SealError::Waits => "seal-waits",
            SealError::Lost(_) => "seal-lost",
        }
    }
}
