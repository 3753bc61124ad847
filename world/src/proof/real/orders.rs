//! A real order bent and put before a real ESAM: the meter is its flash, the SIM is one in memory, the chip is the customer's own.

use super::super::board::{Progress, Row};
use crate::bare::Seed;
use keys::Zeroizing;
use meter::{FormalKeys, Meter, Outcome};
use parties::trouble::{Result, refused};
use reader::driver::esam::{Esam, Purse};
use reader::driver::sim::Sim;
use scheme::Chance;
use scheme::cards::NewSim;
use scheme::moment::Moment;
use scheme::profile::{CardKind, Fid};
use scheme::sim::{DF_GSM, EF_IMSI, TEST_ADM};
use scheme::subscription::Imsi;
use vcard::{Slot, factory};
use wire::Channel;
use wire::sms::record::{RECORD_LEN, Records};

/// Name of this proof in its rows.
const PROOF: &str = "card";

/// What is to be tried with an order.
pub struct OrderTrial {
    /// The meter, from its flash; it is not kept.
    pub meter: Meter,
    /// A record that was made for it: new, or credited before.
    pub order: Records,
    /// The SIM it was made for.
    pub imsi: Imsi,
    /// What o'clock it is.
    pub now: Moment,
    /// Every bit of it, in the place of a bit in every byte.
    pub every_bit: bool,
}

impl OrderTrial {
    /// What will be done, in words.
    pub fn plan(&self) -> Vec<String> {
        let each = if self.every_bit { "each bit" } else { "a bit of each byte" };
        vec![
            format!("put the order before the ESAM with {each} of it flipped, {} times", self.places().len()),
            "never put it there as it is: what it is worth stays where it is".to_owned(),
        ]
    }

    /// The bits that are flipped: of what is used of each record, behind its address and time.
    fn places(&self) -> Vec<usize> {
        let used = |part: &[u8]| part.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
        let mut places = Vec::new();
        for (n, part) in self.order.chunks(RECORD_LEN).enumerate() {
            let packet =
                part.windows(2).position(|two| matches!(two, [0x70, 0x00] | [0x02, 0x02])).unwrap_or(0);
            for byte in packet..used(part) {
                let bits = if self.every_bit { 0..8 } else { byte % 8..byte % 8 + 1 };
                places.extend(bits.map(|bit| 8 * (RECORD_LEN * n + byte) + bit));
            }
        }
        places
    }
}

fn sim(seed: Seed, imsi: &Imsi) -> Result<Slot> {
    let blank = NewSim { kind: CardKind::Sim, serial: [9; 8], messages: 10, chv1: None, milenage: None };
    let image = factory::sim(&blank).map_err(|error| refused(error.to_string()))?;
    let mut card = seed.slot(image, "a SIM in memory")?;
    let mut sim = Sim::new(&mut card);
    sim.reset()?;
    sim.verify_adm(&TEST_ADM)?;
    sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
    sim.update_binary(0, &imsi.file())?;
    Ok(card)
}

fn purse(card: &mut dyn Channel) -> Result<Purse> {
    let mut esam = Esam::new(card);
    esam.reset()?;
    Ok(esam.purse()?)
}

/// Puts bent copies of an order before an ESAM, which must change nothing for any of them.
///
/// # Errors
/// The ESAM is gone.
pub fn orders(
    esam: &mut dyn Channel,
    trial: &OrderTrial,
    seed: Seed,
    progress: Progress<'_>,
) -> Result<Vec<Row>> {
    let mut row = Row::new(PROOF, "an order with a bit flipped");
    let flash: Zeroizing<String> = trial.meter.to_flash(FormalKeys::Allow)?;
    let blank = sim(seed, &trial.imsi)?;
    let before = purse(esam)?;
    let places = trial.places();
    for (n, bit) in places.iter().enumerate() {
        progress(&format!("bent orders, {n} of {}", places.len()));
        let mut bent = trial.order.to_vec();
        if let Some(byte) = bent.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let Some(records) = Records::parse(&bent) else {
            return Err(refused("an order is one record or two").into());
        };
        let mut slot = seed.copy(&blank)?;
        let mut sim = Sim::new(&mut slot);
        sim.reset()?;
        sim.sms_file()?;
        for (number, record) in (1..).zip(records.each()) {
            sim.update_record(number, record)?;
        }
        let mut meter = Meter::from_flash(&flash)?;
        let mut chance = seed.chance(&format!("bit {bit}"));
        let report = meter.insert(esam, &mut slot, trial.now, &mut |bytes| chance.fill(bytes));
        let after = purse(esam)?;
        match (report.outcome, after == before) {
            (Outcome::Refused { refusal, .. }, true) => row.stopped(refusal.name()),
            (Outcome::ReceiptRepeated { .. }, true) => row.stopped("says nothing: the receipt as it was"),
            (outcome, _) => {
                row.went_through(format!(
                    "bit {bit}: {outcome:?}, purse {} after {}",
                    after.balance, before.balance
                ));
                return Ok(vec![row]);
            }
        }
    }
    Ok(vec![row])
}
