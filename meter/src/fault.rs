//! From what a card said to what the meter shows.

use crate::step::Step;
use reader::CardError;
use reader::driver::sim::SimError;
use scheme::refusal::Refusal;

/// Why an insertion broke off.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) refusal: Refusal,
    pub(crate) step: Step,
    pub(crate) cause: Option<String>,
}

impl Fault {
    /// A fault the MCU found itself.
    pub(crate) fn plain(step: Step, refusal: Refusal) -> Self {
        Fault { refusal, step, cause: None }
    }
}

/// A fault of the ESAM. A status word at an authentication is that authentication's; a channel that fails
/// anywhere but at the reset is the ESAM's.
pub(crate) fn esam_fault(step: Step, refusal: Refusal, error: &CardError) -> Fault {
    let lost = matches!(error, CardError::Channel { .. }) && refusal != Refusal::EsamReset;
    let refusal = if lost { Refusal::Esam } else { refusal };
    Fault { refusal, step, cause: Some(error.to_string()) }
}

/// A fault of the SIM: pulled, closed by its CHV, or what the step makes of it.
pub(crate) fn sim_fault(step: Step, refusal: Refusal, error: &SimError) -> Fault {
    let refusal = match error {
        error if error.is_gone() => Refusal::SimPulled,
        SimError::ChvNeeded { .. } | SimError::ChvBlocked { .. } | SimError::ChvWrong { .. } => Refusal::Chv,
        _ => refusal,
    };
    Fault { refusal, step, cause: Some(error.to_string()) }
}
