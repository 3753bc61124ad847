//! A bare bank's order brought over a meter's line.

use super::bank::Bank;
use super::site::Site;
use parties::trouble::{Result, refused};
use reader::dlt645::Line;
use reader::driver::esam::Wish;
use reader::driver::psam::Answer;
use reader::security::SecureLine;
use scheme::Chance;
use scheme::numbers::MeterNumber;
use scheme::online::SessionId;
use scheme::order::Order;
use scheme::receipt::Receipt;
use std::time::Duration;
use wire::ByteLink;
use wire::dlt645::Address;

/// A meter answers when its ESAM has.
const PATIENCE: Duration = Duration::from_secs(10);

impl Bank {
    /// Carries an order that was sold by the four messages of an online purchase, as a telephone does; gives the receipt. Nothing is booked.
    ///
    /// # Errors
    /// The line breaks; meter or PSAM refuse.
    pub fn carry(&mut self, link: &mut dyn ByteLink, order: &Order, imsi: &[u8; 9]) -> Result<Receipt> {
        self.drawn += 1;
        let sid = SessionId(self.seed.bytes(&format!("online {}", self.drawn)));
        let now = self.now;
        let wish = Wish { amount: order.amount, imei: [0xFF; 8], msisdn: [0xFF; 10] };
        self.with(|_, psam| {
            let hello = psam.begin_purchase(order.meter, sid, now)?;
            let mut line = Line::new(link).patient(PATIENCE);
            let mut line = SecureLine::new(&mut line, Address(order.meter.0), [0; 4]);
            let asked = line.online_request(&hello, &wish, imsi)?;
            psam.open_request(&asked)?;
            let sealed = psam.seal_for_purchase(sid, &order.to_bytes())?;
            let answer = line.online_order(&sealed)?;
            match psam.open_answer(&answer)? {
                Answer::Receipt(bytes) => {
                    Ok(Receipt::parse(&bytes).map_err(|error| refused(error.to_string()))?)
                }
                Answer::Refused(why) => Err(refused(format!("the meter refuses with {why}")).into()),
            }
        })
    }
}

impl Site {
    /// EF_IMSI of the SIM in the customer's phone.
    ///
    /// # Errors
    /// It is none.
    pub fn imsi_file(&self) -> Result<[u8; 9]> {
        Ok(super::site::imsi(self.n, 0).parse::<scheme::subscription::Imsi>()?.file())
    }

    /// Number of its meter.
    pub fn number(&self) -> MeterNumber {
        self.meter.state().config.number
    }

    /// Random bytes of its lines.
    pub fn chance(&self, label: &str) -> Box<dyn Chance> {
        Box::new(self.seed.chance(label))
    }
}
