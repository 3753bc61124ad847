//! Security of DL/T 645-2007 (function 03) from the reader's side: what a station has made goes into frames, and answers come out of
//! them [docs/specs/dlt645.md 6]. No key is here: who carries the frames can neither make nor change what is in them.

use crate::dlt645::{AskError, Line};
use crate::driver::esam::Wish;
use crate::parameter;
use scheme::field::MAC_LEN;
use scheme::money::Fen;
use scheme::online::HELLO_LEN;
use scheme::recharge::Recharge;
use wire::dlt645::{Address, Frame, Identifier, function};

/// Status word 3, where a relay says how it stands and how it was told to.
const STATUS_3: Identifier = Identifier(0x0400_0503);

/// Identifiers of the security commands.
pub mod identifier {
    use super::Identifier;

    /// Identity authentication.
    pub const IDENTITY: Identifier = Identifier(0x0700_00FF);
    /// How long an authentication is valid.
    pub const VALIDITY: Identifier = Identifier(0x0700_01FF);
    /// End of an authentication.
    pub const END: Identifier = Identifier(0x0700_02FF);
    /// Proof of an infrared reader.
    pub const INFRARED: Identifier = Identifier(0x0700_03FF);
    /// Opening of an account.
    pub const OPEN: Identifier = Identifier(0x0701_01FF);
    /// Recharge.
    pub const RECHARGE: Identifier = Identifier(0x0701_02FF);
    /// Beginning of a purse, in test state.
    pub const SET_PURSE: Identifier = Identifier(0x0701_03FF);
    /// Keys.
    pub const KEYS: Identifier = Identifier(0x0703_01FF);
    /// Reading a file back.
    pub const READ_BACK: Identifier = Identifier(0x0780_01FF);
    /// Request of an infrared reader.
    pub const INFRARED_REQUEST: Identifier = Identifier(0x0780_03FF);
    /// Money and count.
    pub const STATUS: Identifier = Identifier(0x0781_02FF);
    /// First half of an online purchase; an identifier of our own [docs/specs/online.md 7].
    pub const ONLINE_REQUEST: Identifier = Identifier(0x07F1_01FF);
    /// Second half of one.
    pub const ONLINE_ORDER: Identifier = Identifier(0x07F1_02FF);
    /// Beginning of a recharge by the bank; an identifier of our own [docs/specs/online.md 11].
    pub const BANK: Identifier = Identifier(0x07F1_03FF);
    /// The last receipt, for the bank.
    pub const RECEIPT: Identifier = Identifier(0x07F1_04FF);
}

pub use crate::parameter::turned;

/// A request: identifier, operator, and the fields, each turned round.
pub fn request(address: Address, about: Identifier, operator: [u8; 4], fields: &[&[u8]]) -> Frame {
    let mut data = about.bytes().to_vec();
    data.extend(turned(&operator));
    fields.iter().for_each(|field| data.extend(turned(field)));
    Frame::request(address, function::SECURITY, data)
}

/// Fields of these lengths that stand in DATA one after another, each turned back; `None` when they do not fill it.
pub fn fields<const N: usize>(mut data: &[u8], lengths: [usize; N]) -> Option<[Vec<u8>; N]> {
    let fields = lengths.map(|length| {
        let (field, rest) = data.split_at_checked(length)?;
        data = rest;
        Some(turned(field))
    });
    if !data.is_empty() || fields.iter().any(Option::is_none) {
        return None;
    }
    Some(fields.map(Option::unwrap_or_default))
}

/// What a meter says of its money, with the ESAM's MACs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterStatus {
    /// Money in the purse.
    pub money: Fen,
    /// Its MAC.
    pub money_mac: [u8; 4],
    /// Purchases credited.
    pub count: u32,
    /// Its MAC.
    pub count_mac: [u8; 4],
    /// Customer, zeros: nobody.
    pub customer: [u8; 6],
    /// Which keys are formal, as the meter says.
    pub keys: u32,
}

/// What a meter says to whoever brings it a recharge of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankAsked {
    /// Random of its ESAM, for the MACs.
    pub random: [u8; 4],
    /// Number of its ESAM.
    pub esam: [u8; 8],
    /// Purchases it has taken.
    pub count: u32,
}

/// What a meter says to an infrared reader that asks to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfraredAsked {
    /// Number of the meter.
    pub meter: [u8; 6],
    /// Number of its ESAM.
    pub esam: [u8; 8],
    /// What its ESAM makes of the reader's random.
    pub cipher: [u8; 8],
    /// The random the reader has to prove itself with.
    pub random: [u8; 8],
}

/// A meter's port, spoken to by an operator.
pub struct SecureLine<'a, 'l> {
    line: &'a mut Line<'l>,
    address: Address,
    operator: [u8; 4],
}

impl<'a, 'l> SecureLine<'a, 'l> {
    /// A meter on a line.
    pub fn new(line: &'a mut Line<'l>, address: Address, operator: [u8; 4]) -> Self {
        SecureLine { line, address, operator }
    }

    fn ask<const N: usize>(
        &mut self,
        about: Identifier,
        sent: &[&[u8]],
        lengths: [usize; N],
    ) -> Result<[Vec<u8>; N], AskError> {
        let found = self.line.ask(&request(self.address, about, self.operator, sent))?;
        match Identifier::split(&found.data) {
            Some((said, data)) if said == about => {
                fields(data, lengths).ok_or(AskError::Other("it has another length"))
            }
            _ => Err(AskError::Other("it is about another identifier")),
        }
    }

    /// Identity authentication: the station's cipher, random and factor. Gives the ESAM's random, and its number.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn identify(
        &mut self,
        cipher: &[u8; 8],
        random: &[u8; 8],
        factor: &[u8; 8],
    ) -> Result<([u8; 4], [u8; 8]), AskError> {
        let [random, number] = self.ask(identifier::IDENTITY, &[cipher, random, factor], [4, 8])?;
        Ok((array(&random)?, array(&number)?))
    }

    /// How long an authentication is valid, with its MAC.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn validity(&mut self, minutes: [u8; 2], mac: [u8; 4]) -> Result<(), AskError> {
        self.ask(identifier::VALIDITY, &[&minutes, &mac], []).map(|[]| ())
    }

    /// Opens an account, or recharges it.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn recharge(&mut self, opens: bool, recharge: &Recharge) -> Result<(), AskError> {
        let about = if opens { identifier::OPEN } else { identifier::RECHARGE };
        let Recharge { amount, count, money_mac, customer, customer_mac } = recharge;
        self.ask(about, &[amount, count, money_mac, customer, customer_mac], []).map(|[]| ())
    }

    /// Begins a recharge by the bank.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn bank(&mut self) -> Result<BankAsked, AskError> {
        let [random, esam, count] = self.ask(identifier::BANK, &[], [4, 8, 4])?;
        let count = u32::from_be_bytes(array(&count)?);
        Ok(BankAsked { random: array(&random)?, esam: array(&esam)?, count })
    }

    /// The receipt of the last purchase, as a message's user data; empty before the first. It ends what was begun.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn receipt(&mut self) -> Result<Vec<u8>, AskError> {
        self.message(identifier::RECEIPT, &[])
    }

    /// Blocks of keys, 36 bytes each, and the MAC of them all.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn keys(&mut self, blocks: &[[u8; 36]], mac: [u8; 4]) -> Result<(), AskError> {
        let mut sent: Vec<&[u8]> = blocks.iter().map(<[u8; 36]>::as_slice).collect();
        sent.push(&mac);
        self.ask(identifier::KEYS, &sent, []).map(|[]| ())
    }

    /// Money, count, customer.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn status(&mut self) -> Result<MeterStatus, AskError> {
        let [money, money_mac, count, count_mac, customer, keys] =
            self.ask(identifier::STATUS, &[], [4, 4, 4, 4, 6, 4])?;
        Ok(MeterStatus {
            money: Fen(u32::from_be_bytes(array(&money)?)),
            money_mac: array(&money_mac)?,
            count: u32::from_be_bytes(array(&count)?),
            count_mac: array(&count_mac)?,
            customer: array(&customer)?,
            keys: u32::from_be_bytes(array(&keys)?),
        })
    }

    /// Ends the authentication.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn end(&mut self) -> Result<(), AskError> {
        self.ask(identifier::END, &[], [6, 4, 4, 4]).map(drop)
    }

    /// First half of an online purchase: S0, and what is asked for by whom. Gives S1.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn online_request(
        &mut self,
        hello: &[u8; HELLO_LEN],
        wish: &Wish,
        imsi: &[u8; 9],
    ) -> Result<Vec<u8>, AskError> {
        let amount = wish.amount.0.to_be_bytes();
        self.message(identifier::ONLINE_REQUEST, &[hello, &amount, &wish.imei, &wish.msisdn, imsi])
    }

    /// Second half: S2. Gives S3.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn online_order(&mut self, order: &[u8]) -> Result<Vec<u8>, AskError> {
        self.message(identifier::ONLINE_ORDER, &[order])
    }

    /// As [`SecureLine::ask`], answered by one message of any length.
    fn message(&mut self, about: Identifier, sent: &[&[u8]]) -> Result<Vec<u8>, AskError> {
        let found = self.line.ask(&request(self.address, about, self.operator, sent))?;
        match Identifier::split(&found.data) {
            Some((said, data)) if said == about => Ok(turned(data)),
            _ => Err(AskError::Other("it is about another identifier")),
        }
    }

    /// Asks for the random that an infrared reader proves itself with.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn infrared_request(&mut self, random: &[u8; 8]) -> Result<InfraredAsked, AskError> {
        let [meter, esam, cipher, asked] = self.ask(identifier::INFRARED_REQUEST, &[random], [6, 8, 8, 8])?;
        Ok(InfraredAsked {
            meter: array(&meter)?,
            esam: array(&esam)?,
            cipher: array(&cipher)?,
            random: array(&asked)?,
        })
    }

    /// The proof.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn infrared(&mut self, proof: &[u8; 8]) -> Result<(), AskError> {
        self.ask(identifier::INFRARED, &[proof], []).map(|[]| ())
    }

    /// Bytes of a file of the ESAM, with its MAC.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn read_back(
        &mut self,
        file: u8,
        offset: u8,
        length: u8,
    ) -> Result<(Vec<u8>, [u8; MAC_LEN]), AskError> {
        let (size, start, named) = ([0, length], [0, offset], [0, file]);
        let sent: [&[u8]; 4] = [&size, &start, &named, &parameter::DIRECTORY];
        let [data, mac] = self.echoed(&sent, [length.into(), MAC_LEN])?;
        Ok((data, array(&mac)?))
    }

    /// Money and purchase count, each with its MAC.
    ///
    /// # Errors
    /// [`AskError`].
    #[allow(clippy::type_complexity, reason = "two numbers with a MAC each")]
    pub fn read_back_purse(&mut self) -> Result<([u8; 4], [u8; MAC_LEN], [u8; 4], [u8; MAC_LEN]), AskError> {
        let sent: [&[u8]; 4] = [&[0, 8], &[0, 0], &[0, 1], &parameter::DIRECTORY];
        let [money, money_mac, count, count_mac] = self.echoed(&sent, [4; 4])?;
        Ok((array(&money)?, array(&money_mac)?, array(&count)?, array(&count_mac)?))
    }

    /// A read back, whose answer begins with what was asked.
    fn echoed<const N: usize>(
        &mut self,
        sent: &[&[u8]; 4],
        lengths: [usize; N],
    ) -> Result<[Vec<u8>; N], AskError> {
        let asked: Vec<u8> = sent.iter().flat_map(|field| turned(field)).collect();
        let found = self.line.ask(&request(self.address, identifier::READ_BACK, self.operator, sent))?;
        let about = [&identifier::READ_BACK.bytes()[..], &asked].concat();
        let data = found.data.strip_prefix(&about[..]).ok_or(AskError::Other("it is about another file"))?;
        fields(data, lengths).ok_or(AskError::Other("it has another length"))
    }

    /// A write with a MAC: `level` is class 1 or 2, `sent` as it stands on the line.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn write(&mut self, about: Identifier, level: u8, sent: &[u8]) -> Result<(), AskError> {
        let mut data = about.bytes().to_vec();
        data.extend([level, 0, 0, 0]);
        data.extend(turned(&self.operator));
        data.extend(sent);
        self.line.ask(&Frame::request(self.address, function::WRITE, data)).map(drop)
    }

    /// Whether the relay, or the valve, stands where it was told to: bits 4 and 6 of status word 3. None: the meter does not say.
    ///
    /// # Errors
    /// [`AskError`] but a refusal.
    pub fn obeys(&mut self) -> Result<Option<bool>, AskError> {
        match self.line.read(self.address, STATUS_3) {
            Ok(word) => Ok(word.first().map(|low| low >> 4 & 1 == low >> 6 & 1)),
            Err(AskError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remote control: cipher text and MAC, 20 bytes.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn control(&mut self, sealed: &[u8; 20]) -> Result<(), AskError> {
        let mut data = vec![parameter::ENCIPHERED, 0, 0, 0];
        data.extend(turned(&self.operator));
        data.extend(turned(sealed));
        self.line.ask(&Frame::request(self.address, function::CONTROL, data)).map(drop)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], AskError> {
    bytes.try_into().map_err(|_| AskError::Other("it has another length"))
}
