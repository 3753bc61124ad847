//! A recharge by the bank [docs/specs/online.md 11]: its beginning and its end, in frames of our own. What lies between is the field's.

use super::guard::ONLINE_VALID;
use super::session::{Port, Said, split};
use super::word::Serr;
use reader::driver::field::FieldEsam;
use reader::security::turned;

impl Port<'_, '_> {
    /// The random that the bank's MACs are made for, the ESAM's number, and its count. Whoever brings a recharge of the bank has no
    /// identity to prove: a recharge proves itself. It ends whoever was authenticated, and a purchase before it.
    pub fn bank(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        self.open_to_bank()?;
        self.anew()?;
        let mut field = FieldEsam::new(&mut self.esam);
        let said = field.number().and_then(|number| Ok((number, field.random4()?)));
        let (number, random) = self.card(said)?;
        let purse = self.esam.purse();
        let count = self.card(purse)?.count.to_be_bytes();
        self.guard.bank = Some(self.now.seconds() + ONLINE_VALID);
        Ok([turned(&random), turned(&number), turned(&count)].concat())
    }

    /// The receipt of the last purchase, whichever way it came: the bank alone can open it.
    pub fn receipt(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        self.anew()?;
        let read = self.esam.last_receipt();
        Ok(turned(&self.card(read)?))
    }

    /// Nobody is authenticated, nothing waits, and the ESAM knows its meter.
    fn anew(&mut self) -> Result<(), Serr> {
        self.guard.end();
        // The random of an infrared reader dies with the ESAM's session as well.
        self.guard.asked = None;
        let begun = self.begin_anew();
        self.card(begun)
    }
}
