//! From what a card said to what the meter shows.

use crate::step::Step;
use reader::CardError;
use reader::driver::sim::SimError;
use scheme::refusal::Refusal;

/// Why money did not come in, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenOff {
    /// Why.
    pub refusal: Refusal,
    /// Where.
    pub step: Step,
    /// What a card said, when it was a card that ended it. Holds no secret.
    pub cause: Option<String>,
}

impl BrokenOff {
    /// What the MCU found itself.
    pub const fn plain(step: Step, refusal: Refusal) -> Self {
        BrokenOff { refusal, step, cause: None }
    }
}

/// A fault of the ESAM. A status word at an authentication is that authentication's; a channel that fails
/// anywhere but at the reset is the ESAM's.
pub(crate) fn esam_fault(step: Step, refusal: Refusal, error: &CardError) -> BrokenOff {
    let lost = matches!(error, CardError::Channel { .. }) && refusal != Refusal::EsamReset;
    let refusal = if lost { Refusal::Esam } else { refusal };
    BrokenOff { refusal, step, cause: Some(error.to_string()) }
}

/// The ESAM refused the MCU's proof, or failed at it.
pub(crate) fn external_fault(step: Step, error: &CardError) -> BrokenOff {
    esam_fault(step, Refusal::ExternalAuthentication, error)
}

/// A fault of the SIM: pulled, closed by its CHV, or what the step makes of it.
pub(crate) fn sim_fault(step: Step, refusal: Refusal, error: &SimError) -> BrokenOff {
    let refusal = match error {
        error if error.is_gone() => Refusal::SimPulled,
        SimError::ChvNeeded { .. } | SimError::ChvBlocked { .. } | SimError::ChvWrong { .. } => Refusal::Chv,
        _ => refusal,
    };
    BrokenOff { refusal, step, cause: Some(error.to_string()) }
}
