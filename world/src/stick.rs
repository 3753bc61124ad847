//! A flash disk in memory: the bank's file is written onto it, the meter reads it, and its receipt stands beside it.

use crate::town::Town;
use meter::{Medium, MediumError};
use parties::Deed;
use parties::meters::{InsertReport, insert_medium};
use parties::trouble::{Context, Result, refused};
use scheme::record_file::Message;
use server::Registration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files on it, by name.
#[derive(Default)]
pub(crate) struct Stick(BTreeMap<String, Vec<u8>>);

impl Stick {
    /// A file more, or another of its name.
    pub(crate) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.0.insert(name.to_owned(), bytes);
    }

    /// All files, off it.
    pub(crate) fn take(&mut self) -> BTreeMap<String, Vec<u8>> {
        std::mem::take(&mut self.0)
    }
}

impl Medium for Stick {
    fn names(&mut self) -> core::result::Result<Vec<String>, MediumError> {
        Ok(self.0.keys().cloned().collect())
    }

    fn read(&mut self, name: &str, most: usize) -> core::result::Result<Option<Vec<u8>>, MediumError> {
        Ok(self.0.get(name).filter(|bytes| bytes.len() <= most).cloned())
    }

    fn write(&mut self, name: &str, bytes: &[u8], over: bool) -> core::result::Result<(), MediumError> {
        if !over && self.0.contains_key(name) {
            return Err(MediumError::Refused(format!("{name} is there already")));
        }
        self.0.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

impl Town {
    /// Puts a flash disk into a customer's meter, with the order on it that arrived under this name; the receipt on it is sent to the bank.
    /// Gives the name of that message too.
    ///
    /// # Errors
    /// The meter refuses; there is no such message.
    pub fn insert_stick(&self, person: &Registration, order: &Path) -> Result<(InsertReport, PathBuf)> {
        self.world().act(Deed::Look, |session| {
            let file = session.carrier.fetch(order)?.to_text();
            let mut stick = Stick::default();
            stick.put("order.sms", file.into_bytes());
            let (report, storage) = insert_medium(session, person.meter, &mut stick, None)?;
            let receipt = storage.files.first().and_then(|file| stick.0.remove(file.receipt.as_ref()?));
            let receipt = receipt.context("the meter wrote a receipt beside its order")?;
            let receipt = Message::from_text(&String::from_utf8(receipt)?)
                .map_err(|error| refused(format!("what the meter wrote is no receipt: {error}")))?;
            let name = order.with_extension("receipt");
            session.carrier.send(&name, &receipt)?;
            Ok((report, name))
        })
    }
}
