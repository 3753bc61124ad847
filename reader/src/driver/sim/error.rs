//! What a SIM can refuse. All words of the SIM driver stand here.

use crate::error::{CardError, tries_words};
use scheme::profile::Fid;
use wire::Sw;
use wire::channel::ChannelError;

/// Why a step with a SIM did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// 9804: the file wants a CHV (or an ADM code) that was not given; of a VERIFY CHV: it was wrong.
    #[error("{step}: the SIM wants its PIN (CHV) first")]
    ChvNeeded {
        /// The step.
        step: &'static str,
    },
    /// 9804 on a CHV command: the code was wrong. `tries` are left, as the SIM's status tells.
    #[error("{step}: the code is wrong, {}", tries_words(*tries))]
    ChvWrong {
        /// The step.
        step: &'static str,
        /// Tries left.
        tries: u8,
    },
    /// 9840: too many wrong codes; only the unblock code (PUK) helps.
    #[error(
        "{step}: the SIM's PIN (CHV) is blocked after too many wrong codes; the unblock code (PUK) is needed"
    )]
    ChvBlocked {
        /// The step.
        step: &'static str,
    },
    /// 9404: no such file on this SIM.
    #[error("{step}: the SIM has no file {:04X}", fid.0)]
    NotFound {
        /// The step.
        step: &'static str,
        /// The file asked for.
        fid: Fid,
    },
    /// No record may take the message: none is free and none of ours is settled.
    #[error(
        "SIM full: {records} message records, {users} hold the user's own messages, {pending} hold purchases not \
         yet settled, 0 are free"
    )]
    Full {
        /// Records of EF_SMS.
        records: u8,
        /// Of those, the user's own.
        users: u8,
        /// Of those, ours: orders not yet in a meter and receipts not yet sent.
        pending: u8,
    },
    /// Anything else.
    #[error(transparent)]
    Card(#[from] CardError),
}

impl SimError {
    /// True when the SIM is not there, or no longer.
    pub fn is_gone(&self) -> bool {
        matches!(self, SimError::Card(error) if error.is_gone())
    }

    /// The channel's error, if that is what happened.
    pub fn channel(&self) -> Option<&ChannelError> {
        match self {
            SimError::Card(CardError::Channel { source, .. }) => Some(source),
            _ => None,
        }
    }

    /// The error of a status word: the security words by name, the rest as the card said it
    /// [docs/specs/sim.md].
    pub(super) fn refused(step: &'static str, sw: Sw) -> Self {
        match sw {
            Sw(0x9804) => SimError::ChvNeeded { step },
            Sw(0x9840) => SimError::ChvBlocked { step },
            _ => CardError::Refused { step, sw, dialect: wire::status::Dialect::Gsm }.into(),
        }
    }
}

impl scheme::Fault for SimError {
    fn kind(&self) -> scheme::Kind {
        match self {
            SimError::Card(error) => error.kind(),
            _ => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        match self {
            SimError::Card(error) => error.hint(),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            SimError::ChvNeeded { .. } => "sim-chv-needed",
            SimError::ChvWrong { .. } => "sim-chv-wrong",
            SimError::ChvBlocked { .. } => "sim-chv-blocked",
            SimError::NotFound { .. } => "sim-not-found",
            SimError::Full { .. } => "sim-full",
            SimError::Card(error) => error.code(),
        }
    }
}
