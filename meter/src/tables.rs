//! Tables of prices on their way from the ESAM's files, where a station wrote them, to the MCU, which bills by them.
//!
//! What is about to be written is noted in the flash first, with what stood there: when the supply goes in between, the next act finds out
//! whether it was written.

use crate::events::EventKind;
use crate::mcu::Meter;
use crate::tariff::{Unread, Written};
use reader::CardError;
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use scheme::field::Span;
use scheme::moment::Moment;
use scheme::tariff::{RATES_LEN, STEPS_LEN, Steps, TIME_LEN, TariffError, rate, switch_time};
use sha2::{Digest, Sha256};
use wire::channel::Channel;
use wire::dlt645::Identifier;

const TIME: u8 = TIME_LEN as u8;
const RATES: u8 = RATES_LEN as u8;
const STEPS: u8 = STEPS_LEN as u8;

/// Which table a parameter is of; `None`: of none.
pub(crate) const fn written_by(about: Identifier) -> Option<Written> {
    match about.0 {
        0x0405_01FF => Some(Written::Rates),
        0x0400_0108 | 0x0405_02FF => Some(Written::SpareRates),
        0x0406_04FF => Some(Written::Steps),
        0x0400_0109 | 0x0406_05FF => Some(Written::SpareSteps),
        _ => None,
    }
}

/// Whether the ESAM may be given it: what it holds, a meter must be able to bill by.
///
/// # Errors
/// [`TariffError`].
pub(crate) fn fits(data: &[u8]) -> Result<(), TariffError> {
    match data.len() {
        RATES_LEN => rate(data).map(drop),
        STEPS_LEN => Steps::from_file(data).map(drop),
        _ => switch_time(data).map(drop),
    }
}

/// Where a table stands, and its time where it waits.
const fn places(table: Written) -> (Span, Option<Span>) {
    match table {
        Written::Rates => (Span { file: 0x03, offset: 0x04, len: RATES }, None),
        Written::SpareRates => (
            Span { file: 0x04, offset: 0x04, len: RATES },
            Some(Span { file: 0x02, offset: 0x0A, len: TIME }),
        ),
        Written::Steps => (Span { file: 0x03, offset: 0x84, len: STEPS }, None),
        Written::SpareSteps => (
            Span { file: 0x04, offset: 0x84, len: STEPS },
            Some(Span { file: 0x04, offset: 0xC4, len: TIME }),
        ),
    }
}

/// A table and its time, as the ESAM has them.
struct Read {
    table: Vec<u8>,
    time: Vec<u8>,
}

impl Read {
    fn of(esam: &mut Esam<'_>, table: Written) -> Result<Self, CardError> {
        let (place, time) = places(table);
        let mut field = FieldEsam::new(esam);
        let table = field.read(place)?;
        let time = time.map_or(Ok(Vec::new()), |time| field.read(time))?;
        Ok(Read { table, time })
    }

    fn digest(&self) -> String {
        let digest = Sha256::new_with_prefix(&self.table).chain_update(&self.time).finalize();
        hex::encode_upper(&digest[..8])
    }
}

impl Meter {
    /// Notes that a table is about to be written.
    pub(crate) fn expect_table(&mut self, esam: &mut Esam<'_>, table: Written) -> Result<(), CardError> {
        let before = Read::of(esam, table)?.digest();
        self.state.tariff.unread = Some(Unread { table, before });
        self.keep().map_err(|source| CardError::Channel { step: "keep the meter's flash", source })
    }

    /// It was not written.
    pub(crate) fn expect_no_table(&mut self) {
        self.state.tariff.unread = None;
    }

    /// Takes over a table that was written.
    pub(crate) fn take_table(
        &mut self,
        esam: &mut Esam<'_>,
        table: Written,
        now: Moment,
    ) -> Result<(), CardError> {
        let read = Read::of(esam, table)?;
        self.take(table, &read, now);
        Ok(())
    }

    /// Finds out whether a table was written when the supply went, and takes it over. Resets the ESAM; does nothing when none was on its way.
    pub(crate) fn find_table(&mut self, channel: &mut dyn Channel, now: Moment) -> Result<(), CardError> {
        let Some(Unread { table, before }) = self.state.tariff.unread.clone() else { return Ok(()) };
        let mut esam = Esam::new(channel);
        esam.reset()?;
        let read = Read::of(&mut esam, table)?;
        if read.digest() == before {
            self.expect_no_table();
        } else {
            self.take(table, &read, now);
        }
        Ok(())
    }

    /// What is no table changes nothing: the port lets none in, so it came another way.
    fn take(&mut self, table: Written, read: &Read, now: Moment) {
        let tariff = &mut self.state.tariff;
        tariff.unread = None;
        tariff.advance(now);
        let taken = match table {
            Written::Rates => rate(&read.table).map(|rates| tariff.take_rates(rates)),
            Written::SpareRates => rate(&read.table)
                .and_then(|rates| switch_time(&read.time).map(|from| tariff.take_spare_rates(rates, from))),
            Written::Steps => Steps::from_file(&read.table).map(|steps| tariff.take_steps(steps, now)),
            Written::SpareSteps => Steps::from_file(&read.table)
                .and_then(|steps| switch_time(&read.time).map(|from| tariff.take_spare_steps(steps, from))),
        };
        if taken.is_ok() {
            self.state.events.push(now, EventKind::TariffWritten { table: table.name().to_owned() });
        }
    }
}
