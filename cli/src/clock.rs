//! The clock of this machine, and where a home is when nobody names one.

use parties::Result;
use parties::trouble::refused;
use scheme::clock::ClockError;
use scheme::{Clock, Moment};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// China's clock runs 8 hours ahead of UTC.
const CHINA_S: i64 = 8 * 3600;

/// The clock of this machine, in China's time.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Result<Moment, ClockError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| ClockError::TooEarly)?;
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        Moment::from_seconds(seconds.saturating_add(CHINA_S)).ok_or(ClockError::TooLate)
    }
}

/// The home of a command: what `--home` names, or the platform's data folder.
pub fn home(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(root) = named {
        return Ok(root.to_owned());
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share")));
    let data = data.ok_or_else(|| refused("no home folder is known").hint("name one with --home DIR"))?;
    Ok(data.join("gridcard"))
}
