//! Who stands at the other end: identity authentication, its validity and end, and an infrared reader's proof.

use super::guard::{INFRARED_ANSWER, INFRARED_VALID, Identity};
use super::session::{Port, Said, eight, split};
use super::word::Serr;
use reader::CardError;
use reader::driver::field::FieldEsam;
use reader::security::turned;
use scheme::field::{FACTORY_FACTOR, Span};
use scheme::profile::State;

impl Port<'_, '_> {
    pub fn identify(&mut self, data: &[u8]) -> Said {
        let [cipher, random, named] = split(data, [8, 8, 8])?;
        let (random, named) = (eight(&random)?, eight(&named)?);
        let factory = self.meter.state.config.state == State::Test && named == FACTORY_FACTOR;
        if named != self.factor() && !factory {
            return Err(Serr::Other);
        }
        // A new one ends the one before, whatever comes of it.
        self.guard.end();
        let begun = self.begin(&named, &random);
        let (found, number) = self.card(begun)?;
        if !keys::equal(&found, &cipher) {
            return Err(Serr::Identity);
        }
        let minutes = FieldEsam::new(&mut self.esam).read(Span::VALIDITY);
        let minutes = self.card(minutes)?;
        let minutes = decimal(&minutes).filter(|minutes| *minutes > 0).unwrap_or(5);
        let drawn = FieldEsam::new(&mut self.esam).random4();
        let drawn = self.card(drawn)?;
        let random = [random[0], random[1], random[2], random[3]];
        self.guard.identity = Some(Identity { random, until: self.now.seconds() + 60 * minutes });
        Ok([turned(&drawn), turned(&number)].concat())
    }

    /// The ESAM anew, with the meter's rights, and what it makes of a random.
    pub fn begin(&mut self, named: &[u8; 8], random: &[u8; 8]) -> Result<([u8; 8], [u8; 8]), CardError> {
        self.begin_anew()?;
        let mut field = FieldEsam::new(&mut self.esam);
        let number = field.number()?;
        Ok((field.identity(named, random)?, number))
    }

    /// The ESAM anew, with the meter's rights.
    pub fn begin_anew(&mut self) -> Result<(), CardError> {
        self.esam.reset()?;
        self.meter.meet(&mut self.esam, self.now)?;
        self.meter.prove_mcu(&mut self.esam)?;
        // What came in before a loss of power is seen now.
        self.meter.state.balance = self.esam.balance()?;
        self.meter.switch_relay(self.now);
        Ok(())
    }

    pub fn validity(&mut self, data: &[u8]) -> Said {
        let [minutes, mac] = split(data, [2, 4])?;
        self.open()?;
        let valid = decimal(&minutes).filter(|minutes| *minutes > 0).ok_or(Serr::Other)?;
        let written = self.write_with_mac(Span::VALIDITY.write(), &minutes, &mac);
        self.mac(written)?;
        if let Some(identity) = &mut self.guard.identity {
            identity.until = self.now.seconds() + 60 * valid;
        }
        Ok(Vec::new())
    }

    pub fn end(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        self.settle();
        let read = self.account();
        let (customer, money, count, keys) = self.card(read)?;
        self.guard.end();
        Ok([turned(&customer), turned(&money), turned(&count), turned(&keys)].concat())
    }

    /// Customer, money, count and key state word.
    #[allow(clippy::type_complexity, reason = "four fields of one answer")]
    pub fn account(&mut self) -> Result<(Vec<u8>, [u8; 4], [u8; 4], Vec<u8>), CardError> {
        let purse = self.esam.purse()?;
        let mut field = FieldEsam::new(&mut self.esam);
        let (customer, keys) = (field.read(Span::CUSTOMER)?, field.read(Span::KEY_STATE)?);
        Ok((customer, purse.balance.0.to_be_bytes(), purse.count.to_be_bytes(), keys))
    }

    pub fn infrared_request(&mut self, data: &[u8]) -> Said {
        let [random] = split(data, [8])?;
        let random = eight(&random)?;
        // It ends an authentication: the ESAM begins anew.
        self.guard.end();
        let own = self.factor();
        let begun = self.begin(&own, &random);
        let (cipher, number) = self.card(begun)?;
        let drawn = FieldEsam::new(&mut self.esam).random8();
        let drawn = self.card(drawn)?;
        self.guard.asked = Some(self.now.seconds() + INFRARED_ANSWER);
        let meter = self.meter.state.config.number.0;
        Ok([turned(&meter), turned(&number), turned(&cipher), turned(&drawn)].concat())
    }

    pub fn infrared(&mut self, data: &[u8]) -> Said {
        let [proof] = split(data, [8])?;
        if self.guard.asked.take().is_none() {
            return Err(Serr::Other);
        }
        self.guard.end();
        let proved = FieldEsam::new(&mut self.esam).infrared(&eight(&proof)?);
        if !self.card(proved)? {
            // UNSPECIFIED: two firmwares of three say so, one says that the identity is wrong.
            return Err(Serr::Verification);
        }
        self.guard.infrared = Some(self.now.seconds() + INFRARED_VALID);
        Ok(Vec::new())
    }
}

/// Digits of packed BCD as a number.
fn decimal(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0_i64, |sum, byte| {
        let (tens, ones) = (byte >> 4, byte & 0x0F);
        (tens <= 9 && ones <= 9).then(|| sum * 100 + i64::from(10 * tens + ones))
    })
}
