//! Customers who carry their orders on a flash disk: copied, pulled out, and the receipt taken to the bank.

use super::under::{DAY_S, Event, Under, draw};
use crate::stick::Stick;
use meter::storage::RECEIPT;
use meter::{Medium, MediumError, Outcome};
use parties::trouble::{Result, refused};
use scheme::record_file::{Message, SimNote};
use vcard::{SupplyCut, Torn};
use wire::sms::record::Records;

/// A flash disk that somebody pulls out after so many files were asked for.
struct Pulled<'s> {
    stick: &'s mut Stick,
    left: Option<u32>,
}

impl Pulled<'_> {
    fn is_there(&mut self) -> core::result::Result<(), MediumError> {
        match &mut self.left {
            None => Ok(()),
            Some(0) => Err(MediumError::Gone("it was pulled out".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl Medium for Pulled<'_> {
    fn names(&mut self) -> core::result::Result<Vec<String>, MediumError> {
        self.is_there()?;
        self.stick.names()
    }

    fn read(&mut self, name: &str, most: usize) -> core::result::Result<Option<Vec<u8>>, MediumError> {
        self.is_there()?;
        self.stick.read(name, most)
    }

    fn write(&mut self, name: &str, bytes: &[u8], over: bool) -> core::result::Result<(), MediumError> {
        self.is_there()?;
        self.stick.write(name, bytes, over)
    }
}

impl Under<'_> {
    /// The bank writes an order's file; the customer may have it twice.
    pub(super) fn onto_stick(&mut self, n: usize, records: Records) -> Result<()> {
        let copied = self.fault("order's file copied", 10);
        let household = &mut self.households[n];
        let imsi = Some(household.site.imsi(household.sim)?);
        let text = Message { record: records, sim: SimNote { imsi, ..SimNote::default() } }.to_text();
        if copied {
            household.stick.put("copy.sms", text.clone().into_bytes());
        }
        household.stick.put("order.sms", text.into_bytes());
        Ok(())
    }

    /// The flash disk into the meter.
    pub(super) fn insert_stick(&mut self, n: usize) -> Result<()> {
        let pulled = self.fault("flash disk pulled", 25);
        let cut = self.fault("supply of an ESAM cut while it credits from a file", 25);
        let (at, writes) = (draw(&mut self.chance, 4), draw(&mut self.chance, 40));
        let now = self.time_of(n);
        let household = &mut self.households[n];
        let before = household.site.purse()?;
        if cut {
            household.site.esam.cut(SupplyCut { after: writes, torn: Torn::Old });
        }
        let mut medium = Pulled { stick: &mut household.stick, left: pulled.then_some(at) };
        let report = household.site.insert_storage(&mut medium, now);
        if cut {
            household.site.power_off()?;
        }
        self.gained(n, &before)?;
        match report.insertion.outcome {
            Outcome::Refused { .. } if pulled || cut => self.later(600, DAY_S as u32, Event::Insert(n)),
            _ => self.later(600, DAY_S as u32, Event::Send(n)),
        }
        Ok(())
    }

    /// The receipts on it, which go to the bank; what they are of is done with.
    pub(super) fn off_stick(&mut self, n: usize) -> Result<Vec<Records>> {
        let files = self.households[n].stick.take();
        let receipts = files.into_iter().filter(|(name, _)| name.ends_with(RECEIPT));
        let read = receipts.map(|(_, bytes)| {
            let text = String::from_utf8(bytes)?;
            let message = Message::from_text(&text).map_err(|error| refused(error.to_string()))?;
            Ok(message.record)
        });
        read.collect()
    }
}
