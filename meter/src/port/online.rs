//! The paper's online purchase through the port [docs/specs/online.md 7]: its messages in frames of our own, whoever carries them.

use super::guard::{ONLINE_VALID, Waits};
use super::session::{HEAD, Port, Said, four, split};
use super::word::Serr;
use crate::source::Caller;
use reader::driver::esam::Wish;
use reader::security::turned;
use scheme::money::Fen;
use scheme::online::HELLO_LEN;

impl Port<'_, '_> {
    /// S0, what is asked for, and who the phone is; S1 goes back. It ends an authentication, and a purchase before it: the ESAM begins
    /// anew.
    pub fn online_request(&mut self, data: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Said {
        let [hello, amount, imei, msisdn, imsi] = split(data, [HELLO_LEN, 4, 8, 10, 9])?;
        let amount = Fen(u32::from_be_bytes(four(&amount)?));
        let wish = Wish { amount, imei: array(&imei)?, msisdn: array(&msisdn)? };
        let (hello, imsi) = (array(&hello)?, array(&imsi)?);
        self.guard.end();
        // The random of an infrared reader dies with the ESAM's session as well.
        self.guard.asked = None;
        let caller = Caller { hello: &hello, wish: &wish, imsi: &imsi };
        let asked = self.meter.begin_online(self.esam.fmcos().channel(), caller, self.now, random);
        let asked = asked.map_err(|_| Serr::Other)?;
        let until = self.now.seconds() + ONLINE_VALID;
        self.guard.online = Some(Waits { count: asked.count, until });
        Ok(turned(&asked.request))
    }

    /// S2; S3 goes back, whatever it says. A message that is not the server's ends the purchase; none at all gives it up, and the ESAM with
    /// it. No number of them shuts the port: a MAC of 8 bytes is not guessed, and anybody before the meter could else keep its customer from
    /// buying, day after day.
    pub fn online_order(&mut self, data: &[u8]) -> Said {
        let waits = self.guard.online.take().ok_or(Serr::Identity)?;
        let order = turned(data.get(HEAD..).unwrap_or_default());
        if order.is_empty() {
            return Ok(Vec::new());
        }
        self.knows_its_debits()?;
        let report = self.meter.end_online(self.esam.fmcos().channel(), &order, waits.count, self.now);
        if report.forged {
            return Err(Serr::Verification);
        }
        report.answer.map(|answer| turned(&answer)).ok_or(Serr::Other)
    }
}

fn array<const N: usize>(field: &[u8]) -> Result<[u8; N], Serr> {
    field.try_into().map_err(|_| Serr::Other)
}
