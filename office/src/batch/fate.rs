//! What an error means for the chip it happened on.

use crate::recorded::RecordedError;
use issue::card::{Condition, IssueError, StepFault};
use issue::inspect::InspectError;
use issue::plan::{Plan, Step};
use reader::error::CardError;

/// Whether what failed is gone (card, reader), for [`Fate::Stays`]; else it refused.
pub fn is_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let channel = error.downcast_ref::<wire::ChannelError>();
        if channel.is_some_and(|error| !matches!(error, wire::ChannelError::Storage(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What becomes of the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Card, reader, source or store went away or refused for its own reasons: the chip stays as it is, the run ends.
    Stays,
    /// It was not begun.
    Refused,
    /// It was begun and cannot be finished.
    Scrapped,
}

/// What becomes of a chip on which an issue failed. `condition` is what it was in before, when that is known.
pub fn of(plan: &Plan, error: &IssueError, condition: Option<Condition>) -> Fate {
    match error {
        IssueError::Probe(CardError::Channel { .. }) => Fate::Stays,
        _ if error.is_interruption() => Fate::Stays,
        IssueError::Step { fault: StepFault::Source(_), .. } => Fate::Stays,
        // Nothing was written; the tries that are left may serve another run with another key.
        IssueError::Step { fault: StepFault::Authentication { .. }, .. } => Fate::Refused,
        IssueError::Step { fault: StepFault::Blocked { .. } | StepFault::Swapped { .. }, .. } => {
            Fate::Scrapped
        }
        IssueError::Step { number, .. } => {
            let first_write = plan
                .steps()
                .iter()
                .position(|step| matches!(step, Step::Create(_) | Step::WriteKey(_) | Step::Update { .. }));
            let touched = first_write.is_some_and(|first| *number > first + 1);
            let begun = condition.is_some_and(|condition| condition != Condition::Blank);
            if touched || begun { Fate::Scrapped } else { Fate::Refused }
        }
        IssueError::SourceMakesNo { .. }
        | IssueError::SuiteDiffers { .. }
        | IssueError::StateDiffers { .. }
        | IssueError::RegionDiffers { .. }
        | IssueError::VersionDiffers { .. }
        | IssueError::Pin { .. } => Fate::Stays,
        _ => Fate::Refused,
    }
}

/// The same for an issue with the journal around it.
pub fn of_recorded(plan: &Plan, error: &RecordedError) -> Fate {
    match error {
        RecordedError::Issue(error) => of(plan, error, None),
        RecordedError::LastTry { .. } => Fate::Refused,
        RecordedError::Journal(crate::journal::JournalError::Store(_))
        | RecordedError::NotRecorded { .. } => Fate::Stays,
        RecordedError::Journal(_) => Fate::Refused,
    }
}

/// The same for a finished card that was inspected.
pub const fn of_inspected(error: &InspectError) -> Fate {
    if error.is_interruption() { Fate::Stays } else { Fate::Scrapped }
}
