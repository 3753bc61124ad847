//! Frames of sessions in multimedia messages: files that a gateway lays into a folder and fetches from another [docs/specs/smpp.md 8].

use crate::phones::{Carrier, Phones, Said};
use crate::whither::Whither;
use scheme::subscription::Msisdn;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::multimedia::{MOST, Multimedia, MultimediaError};

/// Between two looks into the folder.
const LOOK: Duration = Duration::from_millis(500);
/// Messages that are taken in one look.
const AT_ONCE: usize = 32;
/// How the names of messages end.
const END: &str = "mms";

/// Where messages come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultimediaFolder {
    /// What comes lies in `in`, what goes is laid into `out`.
    pub folder: PathBuf,
}

impl MultimediaFolder {
    fn comes(&self) -> PathBuf {
        self.folder.join("in")
    }

    fn goes(&self) -> PathBuf {
        self.folder.join("out")
    }
}

/// Answers what lies in the folder, for as long as the server lives.
pub async fn answer(phones: Phones, whither: Whither, folder: MultimediaFolder) {
    let mut looks = tokio::time::interval(LOOK);
    let mut count = 0;
    loop {
        looks.tick().await;
        for file in lying(&folder.comes()) {
            count += 1;
            if let Err(error) = one(&phones, &whither, &folder, &file, count).await {
                tracing::warn!(file = %file.display(), "a multimedia message is not answered: {error}");
            }
        }
    }
}

/// Messages that lie there, by their names. A file that is still being written has another end.
fn lying(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == END)).collect();
    found.sort();
    found.truncate(AT_ONCE);
    found
}

/// Why a message is not answered.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("{0}")]
    File(#[from] std::io::Error),
    #[error("{0}")]
    Message(#[from] MultimediaError),
}

/// One message. It is taken away whatever it is: who gets no answer sends it again.
async fn one(
    phones: &Phones,
    whither: &Whither,
    folder: &MultimediaFolder,
    file: &Path,
    count: u64,
) -> Result<(), Unanswered> {
    let read = disk::read_at_most(file, MOST);
    std::fs::remove_file(file)?;
    let message = Multimedia::read(&read?.ok_or(MultimediaError::Length(MOST + 1))?)?;
    let carrier = Carrier::Mms(message.from.parse::<Msisdn>().ok());
    let Some(Said { bytes, to }) = phones.hear(&carrier, &message.frame).await else { return Ok(()) };
    let Some(to) = whither.of(&bytes, to) else { return Ok(()) };
    let answer = Multimedia { from: message.to, to: to.to_string(), frame: bytes };
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let place = folder.goes().join(format!("{name}-{count}.{END}"));
    disk::create_folder(&folder.goes())?;
    Ok(disk::replace(&place, &answer.write(), disk::Durability::Soon)?)
}
