//! Why a card was not issued.

use crate::plan::{Content, Master, words};
use crate::signing::SigningError;
use crate::source::{Level, SourceError};
use crate::words::role;
use keys::Suite;
use reader::error::{CardError, tries_words};
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardInfoError, CardKind, Recipient, State};
use wire::Sw;

/// Why a card was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The card did not answer while it was looked at; nothing was changed and no try spent.
    #[error("looking at the card: {0}")]
    Probe(#[from] CardError),
    /// The ATR ends in no 8-byte serial.
    #[error("the card's ATR {atr} carries no serial")]
    NoSerial {
        /// The ATR in hexadecimal.
        atr: String,
    },
    /// Another chip than the one asked for.
    #[error("the card in the slot has serial {found}, {wanted} was asked for")]
    OtherCard {
        /// Serial asked for.
        wanted: Serial,
        /// Serial found.
        found: Serial,
    },
    /// No MF: the factory's work is missing.
    #[error("the card has no master file ({sw}): it did not come from the factory in the transport state")]
    NotFromFactory {
        /// Answer to SELECT MF.
        sw: Sw,
    },
    /// A finished card of ours.
    #[error("the card {serial} is issued already: {} {number}", kind.name())]
    AlreadyIssued {
        /// Serial of the chip.
        serial: Serial,
        /// Its kind.
        kind: CardKind,
        /// Its number.
        number: DeviceNumber,
    },
    /// Half made, and as another card than the one asked for now.
    #[error(
        "the card {serial} was begun as {} {number} for region {region} ({} keys) and not finished",
        kind.name(), state.name()
    )]
    BegunAsOther {
        /// Serial of the chip.
        serial: Serial,
        /// Kind it was to become.
        kind: CardKind,
        /// Number it was to get.
        number: DeviceNumber,
        /// Region it was for.
        region: RegionCode,
        /// State it was for.
        state: State,
    },
    /// File 0015 holds something else.
    #[error("the card is not blank and not one of ours: {0}")]
    Foreign(#[from] CardInfoError),
    /// The source makes no such card.
    #[error("a {} key source makes no {}", level.name(), kind.name())]
    SourceMakesNo {
        /// Level of the source.
        level: Level,
        /// Kind of the plan.
        kind: CardKind,
    },
    /// The source is of another suite.
    #[error("the plan is for suite {}, the key source is of suite {}", plan.name(), source_suite.name())]
    SuiteDiffers {
        /// Suite of the plan.
        plan: Suite,
        /// Suite of the source.
        source_suite: Suite,
    },
    /// A test source for a formal card, or the other way round.
    #[error("the plan is for a {} card, the key source holds {} keys", plan.name(), source_state.name())]
    StateDiffers {
        /// State of the plan.
        plan: State,
        /// State of the source.
        source_state: State,
    },
    /// The source is of another city.
    #[error("the plan is for region {plan}, the key source is of region {own}")]
    RegionDiffers {
        /// Region of the plan.
        plan: RegionCode,
        /// Region of the source.
        own: RegionCode,
    },
    /// The plan writes a PIN and none was given, or the other way round.
    #[error("{}", pins(*needed))]
    Pin {
        /// How many PINs the card gets.
        needed: usize,
    },
    /// Two officers with one PIN are one officer.
    #[error("both PINs are the same: two officers need two")]
    SamePins,
    /// The source's keys are of another version than the card's are to be.
    #[error("the plan is for keys of version {plan:02X}, the key source holds version {own:02X}")]
    VersionDiffers {
        /// Version of the plan.
        plan: u8,
        /// Version of the source.
        own: u8,
    },
    /// A step failed.
    #[error("step {number} of {total}, {what}: {fault}")]
    Step {
        /// Number of the step, from 1.
        number: usize,
        /// Steps of the plan.
        total: usize,
        /// The step in words.
        what: String,
        /// What was wrong.
        #[source]
        fault: StepFault,
    },
}

/// What was wrong in a step.
#[derive(Debug, thiserror::Error)]
pub enum StepFault {
    /// The card failed or refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The key source failed or refused.
    #[error("key source: {0}")]
    Source(#[from] SourceError),
    /// The card does not take the master key it should have. One try was spent.
    #[error("the card did not accept {}; {}", words::master(*master), tries_words(*tries))]
    Authentication {
        /// The key tried.
        master: Master,
        /// Tries the card has left.
        tries: u8,
        /// Whether the card could not tell which master key it has.
        open: bool,
    },
    /// The master key is blocked for good.
    #[error("{} is blocked: no tries left", words::master(*master))]
    Blocked {
        /// The key tried.
        master: Master,
    },
    /// The PIN on the card is not the one given.
    #[error("the card holds another PIN; {}", tries_words(*tries))]
    Pin {
        /// Tries the card has left.
        tries: u8,
    },
    /// A file does not hold what was written.
    #[error("the file does not hold the {} that was written", words::content(*what))]
    Content {
        /// What was written.
        what: Content,
    },
    /// A key's header is not the one of the key table.
    #[error("the card says type, byte 4 and byte 5 of {} are {}, not {}", role(*code), hex::encode_upper(found), hex::encode_upper(expected))]
    KeyHeader {
        /// Role code.
        code: u8,
        /// Type, byte 4, byte 5 as they should be.
        expected: [u8; 3],
        /// As the card says.
        found: [u8; 3],
    },
    /// A key's check value is another.
    #[error("the check value of {} is {found}, it should be {expected}", role(*code))]
    KeyCheck {
        /// Role code.
        code: u8,
        /// As the source expects.
        expected: CheckValue,
        /// As the card says.
        found: CheckValue,
    },
    /// What the card shows is not the certificate that was stored.
    #[error("the card does not show the certificate that was stored")]
    Certificate,
    /// Another chip stands in the slot after a reset.
    #[error("the card was swapped: serial {found} instead of {began}")]
    Swapped {
        /// Serial at the beginning.
        began: Serial,
        /// Serial now.
        found: Serial,
    },
    /// The run could not be recorded; it stopped.
    #[error(transparent)]
    NotNoted(#[from] NotNoted),
}

impl From<SigningError> for StepFault {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Card(error) => StepFault::Card(error),
            SigningError::Source(error) => StepFault::Source(error),
            SigningError::Differs => StepFault::Certificate,
        }
    }
}

/// What watches a run could not note what the card did; the run stopped.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotNoted(pub Box<dyn Fault + Send + Sync>);

/// How many PINs a card has.
const fn pins(needed: usize) -> &'static str {
    match needed {
        0 => "this card has no operator's PIN",
        1 => "this card needs one PIN, the operator's",
        _ => "this card needs two PINs, the operator's and the second officer's",
    }
}

impl IssueError {
    /// Whether the run was cut off rather than refused: card, reader or journal went away, and whether the
    /// last command was done is unknown.
    pub fn is_interruption(&self) -> bool {
        let IssueError::Step { fault, .. } = self else { return false };
        matches!(
            fault,
            StepFault::Card(CardError::Channel { .. })
                | StepFault::Source(SourceError::Card(CardError::Channel { .. }))
                | StepFault::Source(SourceError::Proof(CardError::Channel { .. }))
                | StepFault::NotNoted(_)
        )
    }

    /// Tries left of the card's master key, when the run ended on it.
    pub fn tries_left(&self) -> Option<u8> {
        match self {
            IssueError::Step { fault: StepFault::Authentication { tries, .. }, .. } => Some(*tries),
            IssueError::Step { fault: StepFault::Blocked { .. }, .. } => Some(0),
            _ => None,
        }
    }
}

impl Fault for IssueError {
    fn kind(&self) -> Kind {
        match self {
            IssueError::Probe(error) => error.kind(),
            IssueError::Step { fault, .. } => fault.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                IssueError::Probe(error) if error.is_gone() => "put a blank card into the slot",
                IssueError::NoSerial { .. } | IssueError::NotFromFactory { .. } => {
                    "use a card that the factory brought into the transport state"
                }
                IssueError::AlreadyIssued { .. } => "use a blank card; an issued card is never overwritten",
                IssueError::BegunAsOther { .. } => {
                    "finish the card with the number it was begun with, or destroy it"
                }
                IssueError::SourceMakesNo { level, kind } => {
                    return SourceError::MayNotMake { level: *level, target: Recipient::Card(*kind) }.hint();
                }
                IssueError::SuiteDiffers { .. } => {
                    "a card lives on one suite: its chip, its keys and its source"
                }
                IssueError::StateDiffers { .. } => "test keys and formal keys never share a card",
                IssueError::RegionDiffers { .. } => "use the issuing card of that city",
                IssueError::Step { fault, .. } => return fault.hint(),
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            IssueError::Probe(error) => error.code(),
            IssueError::NoSerial { .. } => "issue-no-serial",
            IssueError::OtherCard { .. } => "issue-other-card",
            IssueError::NotFromFactory { .. } => "issue-not-from-factory",
            IssueError::AlreadyIssued { .. } => "issue-already-issued",
            IssueError::BegunAsOther { .. } => "issue-begun-as-other",
            IssueError::Foreign(_) => "issue-foreign",
            IssueError::SourceMakesNo { .. } => "issue-source-makes-no",
            IssueError::SuiteDiffers { .. } => "issue-suite-differs",
            IssueError::StateDiffers { .. } => "issue-state-differs",
            IssueError::RegionDiffers { .. } => "issue-region-differs",
            IssueError::Pin { .. } => "issue-pin",
            IssueError::SamePins => "issue-same-pins",
            IssueError::VersionDiffers { .. } => "issue-version-differs",
            IssueError::Step { .. } => "issue-step",
        }
    }
}

impl Fault for StepFault {
    fn kind(&self) -> Kind {
        match self {
            StepFault::Card(error) => error.kind(),
            StepFault::Source(error) => error.kind(),
            StepFault::NotNoted(error) => error.0.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            StepFault::Card(error) if error.is_gone() => {
                "put the same card back and run the same command again: it goes on where it stopped"
            }
            StepFault::Card(CardError::Refused {
                step: "EXTERNAL AUTHENTICATE",
                sw: Sw::WRONG_LENGTH,
                ..
            }) => "the chip is of another cipher suite than the plan",
            StepFault::Source(error) => return error.hint(),
            StepFault::Authentication { open: true, master: Master::Transport, .. } => {
                "the run before may have written the own master key already; try that one with --try-master own"
            }
            StepFault::Authentication { open: true, master: Master::Own, .. } => {
                "the run before may have stopped short of the own master key; try the transport key with --try-master transport"
            }
            StepFault::Authentication { open: false, .. } => {
                "the card is of another province, suite or state than the key source; nothing was changed"
            }
            StepFault::Blocked { .. } => "this chip can never be issued; destroy it and use another",
            StepFault::Pin { .. } => "a run before wrote another PIN; run again with that one",
            StepFault::Content { .. } | StepFault::KeyHeader { .. } | StepFault::KeyCheck { .. } => {
                "the card stays unfinished; destroy it if a second run says the same"
            }
            StepFault::Certificate => "the card is finished and signs nothing: have it certified anew, with `gridcard esam certify` or `gridcard psam certify`",
            StepFault::Swapped { .. } => "leave the card in the slot until the run is over",
            StepFault::NotNoted(error) => return error.0.hint(),
            StepFault::Card(_) => return None,
        }.into())
    }

    fn code(&self) -> &str {
        match self {
            StepFault::Card(error) => error.code(),
            StepFault::Source(error) => error.code(),
            StepFault::Authentication { .. } => "issue-step-authentication",
            StepFault::Blocked { .. } => "issue-step-blocked",
            StepFault::Pin { .. } => "issue-step-pin",
            StepFault::Content { .. } => "issue-step-content",
            StepFault::KeyHeader { .. } => "issue-step-key-header",
            StepFault::KeyCheck { .. } => "issue-step-key-check",
            StepFault::Swapped { .. } => "issue-step-swapped",
            StepFault::Certificate => "issue-step-certificate",
            StepFault::NotNoted(error) => error.code(),
        }
    }
}

impl scheme::Fault for NotNoted {
    fn code(&self) -> &str {
        "not-noted"
    }
}
