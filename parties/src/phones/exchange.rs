//! A message centre in the network between phones: what phones send to its numbers goes to it, and not into files [docs/specs/phone.md 5].

use super::claim::{self, bare, is_theirs};
use super::network::{Letter, Named, Network};
use super::place::{all, folder};
use crate::session::Session;
use crate::trouble::Result;
use std::path::{Path, PathBuf};
use wire::sms::tpdu::{Deliver, Direction, StatusReport, Submit, Tpdu};

/// What a phone's letter is to a centre.
pub enum Content {
    /// A message that a phone sent.
    Message(Submit),
    /// What became of a message that the centre sent.
    Report(StatusReport),
}

/// A letter for a number of the centre's.
pub struct Arrived {
    /// Whom it is from.
    pub from: String,
    /// Whom it is for: one of the centre's numbers.
    pub to: String,
    /// What it is.
    pub content: Content,
    named: Named,
}

impl Arrived {
    /// Which letter it is: no other has this name.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.named.0
    }
}

/// A message for a phone.
pub struct ForPhone<'a> {
    /// The phone's number.
    pub to: &'a str,
    /// As it receives it.
    pub deliver: &'a Deliver,
    /// Whom it is from.
    pub from: &'a str,
    /// The reference by which its sender is told what became of it, if he wants to know.
    pub report: Option<u8>,
}

/// A centre's place in the network. While it is there, letters to its numbers wait for it.
pub struct Exchange {
    phones: PathBuf,
    numbers: Vec<String>,
    centre: String,
    _claim: claim::Held,
}

impl Exchange {
    /// Takes the numbers of a centre for itself; `centre` is its own, without a plus sign.
    ///
    /// # Errors
    /// There are no phones here, or another centre runs.
    pub fn open(session: &Session, numbers: &[&str], centre: &str) -> Result<Self> {
        let phones = folder(session)?;
        let numbers: Vec<String> = numbers.iter().map(|number| bare(number).to_owned()).collect();
        let claim = claim::make(&phones, numbers.clone())?;
        Ok(Exchange { phones, numbers, centre: centre.to_owned(), _claim: claim })
    }

    /// Sends a message to a phone here; false: there is no phone of that number.
    ///
    /// # Errors
    /// The network's folder cannot be written.
    pub fn deliver(&self, session: &Session, message: &ForPhone<'_>) -> Result<bool> {
        let phones = all(&self.phones)?;
        let Some((_, phone)) = phones.iter().find(|(_, phone)| phone.number.digits() == bare(message.to))
        else {
            return Ok(false);
        };
        let letter = Letter {
            to: phone.number.to_string(),
            from: message.from.to_owned(),
            centre: self.centre.clone(),
            tpdu: message.deliver.to_bytes(),
            due: session.now()?,
            iccid: None,
            report: message.report,
        };
        Network::new(&self.phones).send(&letter)?;
        Ok(true)
    }

    /// What has come for the centre's numbers. It stays until it is [taken](Exchange::take).
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn arrived(&self, session: &Session) -> Result<Vec<Arrived>> {
        let now = session.now()?;
        let letters = Network::new(&self.phones).under_way()?.into_iter();
        let ours = letters.filter(|(_, letter)| letter.due <= now && is_theirs(&self.numbers, &letter.to));
        Ok(ours.filter_map(arrived).collect())
    }

    /// Takes a letter out of the network, and has its sender told if he wants to know.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn take(&self, session: &Session, letter: &Arrived) -> Result<()> {
        Network::new(&self.phones).arrived(session, &letter.named, true)
    }
}

/// A letter as a centre reads it; one that it cannot read stays where it is.
fn arrived(named: Named) -> Option<Arrived> {
    let letter = &named.1;
    let content = match Tpdu::parse(&letter.tpdu, Direction::ToNetwork) {
        Ok((Tpdu::Submit(submit), _)) => Content::Message(submit),
        _ => match Tpdu::parse(&letter.tpdu, Direction::FromNetwork) {
            Ok((Tpdu::Report(report), _)) => Content::Report(report),
            _ => return None,
        },
    };
    Some(Arrived { from: letter.from.clone(), to: letter.to.clone(), content, named })
}
