//! The id of a request, which is written down before the request is sent: the same command again, after a connection or a machine that
//! was lost, sends the same id, and the server answers what it answered, or would have. When an answer is final the id is forgotten:
//! the next command of the same words is another request.

use super::fault::ClientError;
use crate::asked::is_id;
use disk::Durability;
use parties::{Context, Result, Session, Trouble, home};
use scheme::chance::random;
use scheme::moment::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of a home with the ids of requests that are not answered yet.
const FOLDER: &str = "unanswered";

/// Seconds after which a request that was never answered is gone on with only by whoever names it: the same words may mean another sale.
const LONG_S: i64 = 24 * 3600;

/// A request that is not answered yet.
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// When it was begun, where it was begun before.
    pub before: Option<Moment>,
    file: PathBuf,
}

/// What is written down of one.
#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    #[serde(with = "scheme::names::text")]
    at: Moment,
}

impl Ticket {
    /// Of what a command asks for, at whichever server by whichever key; `named` is the id that somebody chose.
    ///
    /// # Errors
    /// It is no id; the folder cannot be written, and then nothing may be sent; the same was begun long ago.
    pub fn take(session: &Session, asked: &[u8], named: Option<&str>) -> Result<Self> {
        let folder = session.home.join(FOLDER);
        let file = folder.join(format!("{}.json", hex::encode(&Sha256::digest(asked)[..16])));
        if let Some(id) = named {
            must_be_id(id)?;
            let before = read(&file)?.filter(|known| known.id == id).map(|known| known.at);
            return Ok(Ticket { id: id.to_owned(), before, file });
        }
        // A seed would make two sales one request.
        session.must_be_unseeded("a request to the server")?;
        home::make_folder(&folder)?;
        let at = session.now()?;
        let id = hex::encode(random::<16>(&mut *session.chance("request")));
        let text = serde_json::to_string(&Written { id: id.clone(), at })?;
        match disk::create(&file, text.as_bytes(), Durability::Synced) {
            Ok(()) => Ok(Ticket { id, before: None, file }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let known = read(&file)?.ok_or_else(|| Trouble::from(error))?;
                let is_old = known.at.add_seconds(LONG_S).is_none_or(|end| end < at);
                if is_old {
                    return Err(Trouble::new(ClientError::Old { at: known.at.to_string(), id: known.id }));
                }
                Ok(Ticket { id: known.id, before: Some(known.at), file })
            }
            Err(error) => Err(error).with_context(|| format!("cannot write {}", file.display())),
        }
    }

    /// The id of a request that is never sent again, so that nothing is written down of it; `named` as for [`Ticket::take`].
    ///
    /// # Errors
    /// It is no id.
    pub fn once(session: &Session, named: Option<&str>) -> Result<String> {
        if let Some(id) = named {
            must_be_id(id)?;
            return Ok(id.to_owned());
        }
        session.must_be_unseeded("a request to the server")?;
        Ok(hex::encode(random::<16>(&mut *session.chance("request"))))
    }

    /// The id of the request of a row, of a command that sends many.
    pub fn of_row(&self, row: u64) -> String {
        format!("{}-{row}", self.id)
    }

    /// It is answered, and that is final.
    ///
    /// # Errors
    /// What was written down cannot be removed.
    pub fn forget(&self) -> Result<()> {
        let is_ours = read(&self.file)?.is_some_and(|known| known.id == self.id);
        if is_ours {
            std::fs::remove_file(&self.file)
                .with_context(|| format!("cannot remove {}", self.file.display()))?;
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<Option<Written>> {
    match std::fs::read(file) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(|| file.display().to_string())?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn must_be_id(id: &str) -> Result<()> {
    if is_id(id) { Ok(()) } else { Err(Trouble::new(ClientError::Id)) }
}
