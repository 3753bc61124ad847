//! Frames in messages: short ones by a modem, multimedia ones by the folder of a gateway [docs/specs/smpp.md 7, 8].

use super::carrier::Frames;
use super::error::CustomerError;
use crate::phones::Inbox;
use crate::trouble::{Context, Result, Trouble};
use scheme::subscription::PhoneNumber;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wire::multimedia::{MOST, Multimedia};

/// How long a modem is waited for that somebody else has.
const WAIT: Duration = Duration::from_secs(10);
/// How long an answer by message may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks into a folder.
const LOOK: Duration = Duration::from_millis(200);

/// The way that an address names: `sms:MODEM,NUMBER`, the modem as behind `at:`, and the server's number; `mms:FOLDER,OWN,NUMBER`, the
/// folder of a gateway, the phone's own number and the server's. `None`: it is no such address.
///
/// # Errors
/// It names no number; the modem is not there.
pub fn by_message(url: &str) -> Result<Option<Box<dyn Frames>>> {
    let wrong = || Trouble::new(CustomerError::MessageAddress(url.to_owned()));
    let number = |text: &str| text.parse::<PhoneNumber>().map_err(|_| wrong());
    if let Some(rest) = url.strip_prefix("sms:") {
        let (modem, to) = rest.rsplit_once(',').ok_or_else(wrong)?;
        let to = number(to)?;
        let modem = reader::modem::wake(modem, WAIT).map_err(Trouble::new)?;
        return Ok(Some(Box::new(ByShort(Inbox::open(modem, to.digits(), 0)?))));
    }
    if let Some(rest) = url.strip_prefix("mms:") {
        let mut parts = rest.rsplitn(3, ',');
        let (Some(to), Some(own), Some(folder)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let (to, own) = (number(to)?.to_string(), number(own)?.to_string());
        return Ok(Some(Box::new(ByFolder { folder: folder.into(), own, to, count: 0 })));
    }
    Ok(None)
}

/// Short messages.
struct ByShort(Inbox);

impl Frames for ByShort {
    fn send(&mut self, frame: &[u8]) -> Result<()> {
        self.0.send(frame)
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        self.0.receive(patience)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

/// Multimedia messages.
struct ByFolder {
    folder: PathBuf,
    own: String,
    to: String,
    count: u32,
}

impl ByFolder {
    /// One that is for this phone, taken away.
    fn look(&self, out: &Path) -> Result<Option<Vec<u8>>> {
        let Ok(entries) = std::fs::read_dir(out) else { return Ok(None) };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut lying: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|end| end == "mms")).collect();
        lying.sort();
        for path in lying {
            // What cannot be read is for somebody else, or will be whole soon.
            let Ok(Some(bytes)) = disk::read_at_most(&path, MOST) else { continue };
            let Ok(message) = Multimedia::read(&bytes) else { continue };
            if message.to == self.own {
                std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
                return Ok(Some(message.frame));
            }
        }
        Ok(None)
    }
}

impl Frames for ByFolder {
    fn send(&mut self, frame: &[u8]) -> Result<()> {
        let into = self.folder.join("in");
        disk::create_folder(&into).with_context(|| into.display().to_string())?;
        let message = Multimedia { from: self.own.clone(), to: self.to.clone(), frame: frame.to_vec() };
        self.count += 1;
        let digits: String = self.own.chars().filter(char::is_ascii_digit).collect();
        let name = format!("{digits}-{}-{:04}.mms", std::process::id(), self.count);
        let path = into.join(name);
        disk::replace(&path, &message.write(), disk::Durability::Soon)
            .with_context(|| path.display().to_string())
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(frame) = self.look(&self.folder.join("out"))? {
                return Ok(Some(frame));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}
