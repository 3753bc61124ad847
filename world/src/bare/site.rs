//! What a customer has: a meter with its ESAM, and a SIM.

use super::seed::{FIRST_CUSTOMER, FIRST_METER, Seed};
use keys::Zeroizing;
use meter::{FormalKeys, InsertionReport, Medium, Meter, Profile, StorageReport};
use parties::trouble::{Result, refused};
use reader::driver::esam::{Esam, Purse};
use reader::driver::sim::Sim;
use scheme::Chance;
use scheme::cards::NewSim;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::Serial8;
use scheme::profile::{CardKind, Fid};
use scheme::signing::Mode;
use scheme::sim::{DF_GSM, EF_IMSI, TEST_ADM};
use scheme::subscription::Imsi;
use server::{Certified, KeyState};
use std::cell::RefCell;
use std::rc::Rc;
use vcard::{Slot, factory};
use wire::bcd::luhn_check_digit;
use wire::sms::record::{RecordStatus, Records};

/// Message records of a SIM.
const MESSAGES: u8 = 10;

pub(super) fn customer(n: u32) -> Result<CustomerNumber> {
    Ok(format!("{:012}", FIRST_CUSTOMER + n).parse()?)
}

fn luhn(body: String) -> String {
    let last = luhn_check_digit(&body);
    body + &last.to_string()
}

/// Number of a customer's telephone.
pub(super) fn msisdn(n: u32) -> String {
    format!("+861380{n:07}")
}

/// Identity of his telephone.
pub(super) fn imei(n: u32) -> String {
    luhn(format!("49015420{n:06}"))
}

/// IMSI of a customer's SIM; another `version` is another SIM.
pub(super) fn imsi(n: u32, version: u32) -> String {
    format!("46000{version:04}{n:06}")
}

fn iccid(n: u32, version: u32) -> String {
    luhn(format!("898600{version:04}{n:08}"))
}

pub(super) fn roster(customers: u32) -> String {
    let mut csv = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
    for n in 0..customers {
        let (msisdn, imei) = (msisdn(n), imei(n));
        let (customer, meter) = (FIRST_CUSTOMER + n, FIRST_METER + n);
        let (imsi, iccid) = (imsi(n, 0), iccid(n, 0));
        csv += &format!("{customer:012},{meter:012},{msisdn},{imsi},{imei},{iccid}\n");
    }
    csv
}

impl Seed {
    /// A SIM that says to be in test state, its PIN switched off.
    pub(super) fn sim(self, n: u32, version: u32) -> Result<Slot> {
        let imsi = imsi(n, version);
        let label = format!("sim {imsi}");
        let serial = self.bytes(&format!("serial {label}"));
        let blank = NewSim { kind: CardKind::Sim, serial, messages: MESSAGES, chv1: None, milenage: None };
        let image = factory::sim(&blank).map_err(|error| refused(error.to_string()))?;
        let mut card = self.slot(image, &label)?;
        let mut sim = Sim::new(&mut card);
        sim.reset()?;
        sim.verify_adm(&TEST_ADM)?;
        sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
        sim.update_binary(0, &imsi.parse::<Imsi>()?.file())?;
        Ok(card)
    }
}

/// What a meter remembers without power.
pub struct Flash(Zeroizing<String>);

/// A customer and his meter, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// Which customer.
    pub n: u32,
    /// His meter.
    pub meter: MeterNumber,
}

/// A customer's meter with its ESAM, and his SIM.
pub struct Site {
    /// Which customer's.
    pub n: u32,
    /// The meter.
    pub meter: Meter,
    /// Its ESAM.
    pub esam: Slot,
    /// The customer's SIM.
    pub sim: Slot,
    /// Serial of the ESAM.
    pub serial: Serial8,
    /// Which orders it takes.
    pub mode: Mode,
    /// Its certificates, where it signs.
    pub certified: Option<Certified>,
    /// Version of its keys.
    pub key_version: u8,
    /// Whether it lives still.
    pub key_state: KeyState,
    pub(super) seed: Seed,
}

impl Site {
    /// Whose it is.
    pub fn holder(&self) -> Holder {
        Holder { n: self.n, meter: self.meter.state().config.number }
    }

    /// The same meter and cards, all without power and without faults planned.
    ///
    /// # Errors
    /// A meter that does not come back from its flash.
    pub fn copy(&self) -> Result<Self> {
        let flash = self.meter.to_flash(FormalKeys::Refuse)?;
        Ok(Site {
            n: self.n,
            meter: Meter::from_flash(&flash)?,
            esam: self.seed.copy(&self.esam)?,
            sim: self.seed.copy(&self.sim)?,
            serial: self.serial,
            mode: self.mode,
            certified: self.certified.clone(),
            key_version: self.key_version,
            key_state: self.key_state,
            seed: self.seed,
        })
    }

    /// The cards are pulled out and put back: what was planned for them is forgotten, and so is what they had in mind.
    ///
    /// # Errors
    /// An image that is none.
    pub fn power_off(&mut self) -> Result<()> {
        (self.esam, self.sim) = (self.seed.copy(&self.esam)?, self.seed.copy(&self.sim)?);
        Ok(())
    }

    /// An order onto the SIM.
    ///
    /// # Errors
    /// The SIM is full or gone.
    pub fn deliver(&mut self, records: &Records) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        sim.deliver(records.each())?;
        Ok(())
    }

    /// Bytes into the first records of the SIM, whatever they are: what whoever has the SIM can do.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn write_raw(&mut self, records: &Records) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        sim.sms_file()?;
        for (number, record) in (1..).zip(records.each()) {
            sim.update_record(number, record)?;
        }
        Ok(())
    }

    /// The SIM into the meter.
    pub fn insert(&mut self, now: Moment) -> InsertionReport {
        let mut random = self.seed.chance("meter");
        self.meter.insert(&mut self.esam, &mut self.sim, now, &mut |bytes| random.fill(bytes))
    }

    /// A medium with files into the meter, in the place of the SIM.
    pub fn insert_storage(&mut self, medium: &mut dyn Medium, now: Moment) -> StorageReport {
        let mut random = self.seed.chance("meter");
        self.meter.insert_storage(&mut self.esam, medium, None, now, &mut |bytes| random.fill(bytes))
    }

    /// The same customer, whose meter is for something else.
    ///
    /// # Errors
    /// A meter that does not come back from its flash.
    pub fn with_profile(self, profile: Profile) -> Result<Self> {
        let meter = Meter::from_flash(&self.meter.to_flash(FormalKeys::Refuse)?)?.with_profile(profile);
        Ok(Site { meter, ..self })
    }

    /// IMSI of the customer's SIM of a version.
    ///
    /// # Errors
    /// There are none: it has its digits.
    pub fn imsi(&self, version: u32) -> Result<Imsi> {
        Ok(imsi(self.n, version).parse()?)
    }

    /// What the meter remembers without its supply.
    ///
    /// # Errors
    /// The flash cannot be written.
    pub fn flash(&self) -> Result<Flash> {
        Ok(Flash(self.meter.to_flash(FormalKeys::Refuse)?))
    }

    /// As [`Site::insert`], and what the meter's flash has by then: all that a meter knows which loses its power now.
    ///
    /// # Errors
    /// The flash cannot be written.
    pub fn insert_and_stop(&mut self, now: Moment) -> Result<(InsertionReport, Flash)> {
        let flash = Rc::new(RefCell::new(self.meter.to_flash(FormalKeys::Refuse)?));
        let kept = Rc::clone(&flash);
        self.meter.keep_with(Box::new(move |meter: &Meter| {
            *kept.borrow_mut() = meter.to_flash(FormalKeys::Refuse).map_err(|error| error.to_string())?;
            Ok(())
        }));
        let report = self.insert(now);
        let kept = flash.borrow().clone();
        Ok((report, Flash(kept)))
    }

    /// The meter begins anew with what its flash has.
    ///
    /// # Errors
    /// It is no flash.
    pub fn restart(&mut self, flash: &Flash) -> Result<()> {
        self.meter = Meter::from_flash(&flash.0)?;
        Ok(())
    }

    /// Every message off the SIM but the receipts that are to be sent: what was lost with it is sent again.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn make_room(&mut self) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        let file = sim.sms_file()?;
        for message in sim.sms_list()? {
            if message.bytes.first() != Some(&RecordStatus::ToBeSent.byte()) {
                sim.sms_erase(file, message.number)?;
            }
        }
        Ok(())
    }

    /// The first receipt to be sent, marked sent afterwards, as a phone does.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn take_receipt(&mut self) -> Result<Option<Records>> {
        let mut taken = None;
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        parties::sims::take_receipt(&mut sim, |records| {
            taken = Some(records.clone());
            Ok(())
        })?;
        Ok(taken)
    }

    /// What is in the purse.
    ///
    /// # Errors
    /// The ESAM is gone.
    pub fn purse(&mut self) -> Result<Purse> {
        let mut esam = Esam::new(&mut self.esam);
        esam.reset()?;
        Ok(esam.purse()?)
    }

    /// Another SIM in the customer's hand.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn replace_sim(&mut self, version: u32) -> Result<server::Sim> {
        self.sim = self.seed.sim(self.n, version)?;
        let n = self.n;
        Ok(server::Sim {
            msisdn: msisdn(n).parse()?,
            imsi: imsi(n, version).parse()?,
            iccid: iccid(n, version).parse()?,
        })
    }

    pub(super) fn known(&self) -> Result<server::Esam> {
        Ok(server::Esam {
            serial: self.serial,
            meter: self.meter.state().config.number,
            key_version: self.key_version,
            state: self.key_state,
            ceiling: None,
            valid_to: None,
            state_since: 1,
            city: None,
            mode: self.mode,
            certified: self.certified.clone(),
        })
    }
}
