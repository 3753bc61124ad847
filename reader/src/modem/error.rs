//! Why a modem, or the SIM in it, cannot be used.

use scheme::fault::{Fault, Hint, Kind};
use wire::ChannelError;
use wire::at::{Cme, Cms, Refusal};

/// Why a modem, or the SIM in it, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModemError {
    /// `at:` and no device.
    #[error("{0:?} names no modem: write at:DEVICE, as in at:/dev/ttyUSB2, or at:HOST:PORT")]
    Name(String),
    /// The line cannot be opened.
    #[error("the modem at {modem} cannot be opened: {why}")]
    Absent {
        /// Where.
        modem: String,
        /// Why.
        why: String,
    },
    /// Another program has the line.
    #[error("the modem at {modem} is in use by {who}")]
    Taken {
        /// Where.
        modem: String,
        /// Name and number of the process, as far as known.
        who: String,
    },
    /// Nobody answers AT.
    #[error("nothing at {modem} answers as a modem does")]
    Silent {
        /// Where.
        modem: String,
    },
    /// The line ended.
    #[error("the modem at {modem} is gone: {why}")]
    Lost {
        /// Where.
        modem: String,
        /// Why.
        why: String,
    },
    /// A command was begun and never answered.
    #[error("the modem at {modem} did not answer AT{command} in time")]
    Late {
        /// Where.
        modem: String,
        /// The command's name.
        command: String,
    },
    /// It says more than any answer is long.
    #[error("the modem at {modem} goes on talking without ending its answer to AT{command}")]
    Babble {
        /// Where.
        modem: String,
        /// The command's name.
        command: String,
    },
    /// It refuses a command.
    #[error("the modem at {modem} refuses AT{command}: {refusal}")]
    Refused {
        /// Where.
        modem: String,
        /// The command's name.
        command: String,
        /// What it says.
        refusal: Refusal,
    },
    /// What it answers has not the form it should have.
    #[error("the modem at {modem} answers AT{command} with something else")]
    Malformed {
        /// Where.
        modem: String,
        /// The command's name.
        command: String,
    },
    /// No SIM stands in it.
    #[error("no SIM in the modem at {modem}")]
    NoSim {
        /// Where.
        modem: String,
    },
    /// It gives its SIM to nobody.
    #[error("the modem at {modem} gives no access to its SIM, neither by +CSIM nor by +CRSM")]
    NoAccess {
        /// Where.
        modem: String,
    },
}

impl ModemError {
    /// The error code of the equipment, if it is one.
    pub fn cme(&self) -> Option<Cme> {
        match self {
            ModemError::Refused { refusal: Refusal::Cme(code), .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same may be tried again at once: the SIM is busy.
    pub(super) fn is_busy(&self) -> bool {
        let refusal = match self {
            ModemError::Refused { refusal, .. } => refusal,
            _ => return false,
        };
        matches!(refusal, Refusal::Cme(Cme::SIM_BUSY) | Refusal::Cms(Cms::SIM_BUSY))
    }

    /// The same for users of a channel.
    pub fn channel(&self) -> ChannelError {
        match self {
            ModemError::Lost { .. } => ChannelError::Unplugged,
            ModemError::Late { .. } | ModemError::Babble { .. } => ChannelError::Mute,
            ModemError::Taken { .. } => ChannelError::Busy,
            ModemError::NoSim { .. } => ChannelError::Absent,
            error => match error.cme() {
                Some(Cme::NO_SIM) => ChannelError::Absent,
                Some(Cme::SIM_FAILURE | Cme::SIM_WRONG) => ChannelError::Mute,
                _ => ChannelError::Modem(error.to_string()),
            },
        }
    }
}

impl Fault for ModemError {
    fn kind(&self) -> Kind {
        match self {
            ModemError::Name(_) => Kind::Usage,
            ModemError::Refused { .. } | ModemError::Malformed { .. } | ModemError::NoAccess { .. } => {
                Kind::Refused
            }
            _ => Kind::Absent,
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                ModemError::Name(_) => "`gridcard reader list` shows the modems",
                ModemError::Absent { .. } => {
                    "look whether it is plugged in, and whether this user may use it (group dialout)"
                }
                ModemError::Taken { .. } => "end that program, or wait for it with --wait",
                ModemError::Silent { .. } => {
                    "a modem on the USB has several ports, of which one answers AT: try the others"
                }
                ModemError::Lost { .. } => "plug it in again; `gridcard reader doctor at:DEVICE` looks at it",
                ModemError::Late { .. } | ModemError::Babble { .. } | ModemError::Malformed { .. } => {
                    "try again; `gridcard reader doctor at:DEVICE` looks at the modem"
                }
                ModemError::Refused { refusal: Refusal::Cme(Cme::PUK), .. } => {
                    "the SIM's PIN is blocked: unblock it in a reader or in a telephone"
                }
                ModemError::Refused { refusal: Refusal::Cme(Cme::PIN), .. } => {
                    "give the SIM's PIN with --chv1-file FILE"
                }
                ModemError::Refused { .. } => {
                    "`gridcard reader doctor at:DEVICE` says what the modem lets through"
                }
                ModemError::NoSim { .. } => "put the SIM into the modem",
                ModemError::NoAccess { .. } => "put the SIM into a reader, or use another modem",
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            ModemError::Name(_) => "modem-name",
            ModemError::Absent { .. } => "modem-absent",
            ModemError::Taken { .. } => "modem-taken",
            ModemError::Silent { .. } => "modem-silent",
            ModemError::Lost { .. } => "modem-lost",
            ModemError::Late { .. } => "modem-late",
            ModemError::Babble { .. } => "modem-babble",
            ModemError::Refused { .. } => "modem-refused",
            ModemError::Malformed { .. } => "modem-malformed",
            ModemError::NoSim { .. } => "modem-no-sim",
            ModemError::NoAccess { .. } => "modem-no-access",
        }
    }
}
