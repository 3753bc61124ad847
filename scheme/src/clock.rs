//! The clock of a party, as acts see it.

use crate::fault::Fault;
use crate::moment::Moment;

/// Why there is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Before 1970.
    #[error("the clock stands before 1970")]
    TooEarly,
    /// After the year 9999.
    #[error("the clock stands beyond the year 9999")]
    TooLate,
}

impl Fault for ClockError {
    fn code(&self) -> &str {
        match self {
            ClockError::TooEarly => "clock-too-early",
            ClockError::TooLate => "clock-too-late",
        }
    }
}

/// Tells the time to act at, in China's time.
pub trait Clock {
    /// Now.
    fn now(&self) -> Result<Moment, ClockError>;
}

/// A clock that stands.
impl Clock for Moment {
    fn now(&self) -> Result<Moment, ClockError> {
        Ok(*self)
    }
}
