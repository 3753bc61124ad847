//! A message as it is between a server and a centre, and the same as it is between a centre and a phone.

use crate::letter::{INTERNATIONAL, Letter, LetterError, Number, TELEPHONE};
use wire::sms::tpdu::{Address, Alphabet, Deliver, Submit, Timestamp, UserData, Validity};

/// Bit 8 of a type octet, which is always set.
const TYPE: u8 = 0x80;

impl Number {
    /// As a phone has it.
    ///
    /// # Errors
    /// It has letters, or more digits than an address.
    pub fn address(&self) -> Result<Address, LetterError> {
        let digits = self.digits.trim_start_matches('+');
        let address = Address::international(digits).map_err(LetterError::Number)?;
        if self.ton == INTERNATIONAL {
            return Ok(address);
        }
        let kind = TYPE | (self.ton & 7) << 4 | self.npi & 0x0F;
        Address::from_wire(kind, address.semi_octets(), address.bytes()).map_err(LetterError::Number)
    }

    /// Of what a phone dialled or was reached from; `None`: letters, or no digit at all.
    #[must_use]
    pub fn of(address: &Address) -> Option<Self> {
        let text = address.digits()?;
        let number = if text.starts_with('+') { Number::international(&text) } else { Number::short(&text) };
        number.map(|number| Number { npi: TELEPHONE, ..number })
    }
}

/// Data of a message, without its length: septets one an octet, all else as it is.
fn data(user_data: &UserData, dcs: u8) -> Vec<u8> {
    if Alphabet::of(dcs) == Alphabet::Gsm7 && !user_data.has_header() {
        return user_data.text_septets();
    }
    user_data.to_bytes()
}

impl Letter {
    /// What it carries, as a phone has it.
    ///
    /// # Errors
    /// Too long for one message, a header that goes beyond it, or text of seven bits with a header (which no two programs pack alike).
    pub fn carried(&self) -> Result<UserData, LetterError> {
        if Alphabet::of(self.dcs) == Alphabet::Gsm7 && !self.has_header {
            return UserData::from_septets(&self.data).map_err(LetterError::Header);
        }
        self.user_data()
    }

    /// As a phone receives it.
    ///
    /// # Errors
    /// Numbers or data that have no place there.
    pub fn to_deliver(&self, timestamp: Timestamp) -> Result<Deliver, LetterError> {
        Ok(Deliver {
            flags: Deliver::NO_MORE_MESSAGES,
            originator: self.from.address()?,
            pid: self.pid,
            dcs: self.dcs,
            timestamp,
            user_data: self.carried()?,
        })
    }

    /// As a phone sent it.
    ///
    /// # Errors
    /// As [`Letter::to_deliver`].
    pub fn to_submit(&self) -> Result<Submit, LetterError> {
        Ok(Submit {
            flags: if self.wants_receipt { Submit::STATUS_REPORT } else { 0 },
            reference: 0,
            destination: self.to.address()?,
            pid: self.pid,
            dcs: self.dcs,
            validity: Validity::None,
            user_data: self.carried()?,
        })
    }

    /// Of what a phone is to receive.
    #[must_use]
    pub fn of_deliver(deliver: &Deliver, to: Number, wants_receipt: bool) -> Option<Self> {
        let Deliver { pid, dcs, user_data, .. } = deliver;
        let from = Number::of(&deliver.originator)?;
        let (has_header, data) = (user_data.has_header(), data(user_data, *dcs));
        Some(Letter { from, to, has_header, pid: *pid, dcs: *dcs, data, wants_receipt })
    }

    /// Of what a phone sent.
    #[must_use]
    pub fn of_submit(submit: &Submit, from: Number) -> Option<Self> {
        let Submit { pid, dcs, user_data, .. } = submit;
        let to = Number::of(&submit.destination)?;
        let (has_header, data) = (user_data.has_header(), data(user_data, *dcs));
        Some(Letter { from, to, has_header, pid: *pid, dcs: *dcs, data, wants_receipt: false })
    }
}
