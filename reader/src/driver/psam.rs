//! The bank's PSAM: seals orders, opens receipts [docs/specs/cards.md 4, 6], and is the server's end of an online purchase
//! [docs/specs/online.md 5].

use super::fmcos::Fmcos;
use super::guard::{LastTry, PinError};
use super::issuing::Counter;
use super::user_card::CardAsk;
use crate::error::CardError;
use scheme::moment::Moment;
use scheme::numbers::MeterNumber;
use scheme::online::{HELLO_LEN, REFUSED, REQUEST, SessionId};
use scheme::order;
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE, EF_LIMIT, EF_LIMIT_CHALLENGE, EF_SEALED, NO_LIMIT};
use scheme::psam::{self, Limits, PsamChain, Statement};
use scheme::recharge::Recharge;
use scheme::signed::Signed;
use scheme::user_card::SEAL;
use wire::channel::Channel;
use wire::status::Dialect;
use wire::{Command, Sw};
use zeroize::Zeroizing;

/// Proves an order: number of the PSAM and the encoded order in, CMAC-8 under the server key out [docs/specs/cards.md 6].
pub type Prover = Box<dyn Fn(&[u8; 6], &[u8]) -> [u8; 8]>;

/// Signs an order for its meter: the encoded order in, the signed one out, or why there is none [docs/specs/signatures.md 2].
pub type Signer = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, String>>;

/// How an online purchase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The meter's receipt, encoded (`E2 ..`): the order was credited, now or before.
    Receipt(Vec<u8>),
    /// It took no money; the field's number of the error [docs/specs/purchase.md 5].
    Refused(u8),
}

/// A PSAM with its purchase application selected.
pub struct Psam<'c> {
    fmcos: Fmcos<'c>,
    info: CardInfo,
    prover: Option<Prover>,
    signer: Option<Signer>,
    /// Read once: no PSAM changes its keys.
    version: Option<u8>,
}

impl<'c> Psam<'c> {
    /// Selects the MF, reads the card information, selects the purchase application.
    ///
    /// # Errors
    /// [`CardError::WrongKind`] when the card is no PSAM; a PSAM that was never issued refuses one of the
    /// three steps.
    pub fn open(channel: &'c mut dyn Channel) -> Result<Self, CardError> {
        Self::open_as(channel, CardKind::Psam, "open PSAM")
    }

    /// Goes on with a PSAM that was opened over the same channel before, and not reset since: its purchase application is selected,
    /// and a PIN that was verified still is. Nothing is sent.
    pub fn go_on(channel: &'c mut dyn Channel, info: CardInfo) -> Self {
        Psam { fmcos: Fmcos::new(channel), info, prover: None, signer: None, version: None }
    }

    /// As [`Psam::open`], for a production test card, which seals and opens as a PSAM does, with published keys.
    pub fn open_test_card(channel: &'c mut dyn Channel) -> Result<Self, CardError> {
        Self::open_as(channel, CardKind::TestCard, "open test card")
    }

    fn open_as(
        channel: &'c mut dyn Channel,
        expected: CardKind,
        step: &'static str,
    ) -> Result<Self, CardError> {
        let mut fmcos = Fmcos::new(channel);
        fmcos.select_mf()?;
        let info = fmcos.card_info()?;
        if info.kind != expected {
            return Err(CardError::WrongKind { step, expected, found: info.kind });
        }
        fmcos.select_fid(DF_PURCHASE)?;
        Ok(Psam { fmcos, info, prover: None, signer: None, version: None })
    }

    /// The card information read when the card was opened.
    pub fn info(&self) -> CardInfo {
        self.info
    }

    /// Version of the city's keys it works with; free to read, and asked of the card once.
    pub fn key_version(&mut self) -> Result<u8, CardError> {
        if let Some(version) = self.version {
            return Ok(version);
        }
        let version = self.fmcos.key_information(0x35, 0x04)?.version;
        Ok(*self.version.insert(version))
    }

    /// The FMCOS card underneath.
    pub fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// From now on orders are proved so; without it a PSAM seals nothing (a test card asks for no proof).
    pub fn prove_with(&mut self, prover: Prover) {
        self.prover = Some(prover);
    }

    /// From now on orders can be signed so; whether one is, whoever seals it says.
    pub fn sign_with(&mut self, signer: Signer) {
        self.signer = Some(signer);
    }

    /// An order with the server's signature; `None` where there is nobody who signs.
    ///
    /// # Errors
    /// The server's key cannot sign.
    pub fn sign(&self, order: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.signer.as_ref().map(|signer| signer(order)).transpose()
    }

    /// The clerk's PIN, guarded: it is not tried when it could be the last time, unless `last` says so.
    pub fn verify(&mut self, pin: &[u8], last: LastTry) -> Result<(), PinError> {
        self.fmcos.verify_guarded(&self.info, 0x00, pin, last)
    }

    /// The clerk's PIN, 3A/00 of the purchase application, as it stands in the card. A wrong one costs a try; whatever a
    /// person typed goes through [`Psam::verify`].
    pub fn verify_pin(&mut self, pin: &[u8]) -> Result<(), CardError> {
        self.fmcos.verify_pin(0x00, pin)
    }

    /// SEAL ORDER: an order (`E1 ..`) in, the user data of its short message out: `02 70 00` and the command
    /// packet. Needs the PIN and the server's proof ([`Psam::prove_with`]). 6A80 when the order is not complete, 6982
    /// without a right proof, 6A88 when the card was never paired with a server, 9402 beyond a limit.
    pub fn seal_order(&mut self, order: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "SEAL ORDER";
        super::fmcos::current(&self.info, step)?;
        let proved = self.proved(order);
        let data = self.fmcos.send(step, &applet(step, 0x40, &[&proved])?)?;
        starts(step, data, &[0x02, 0x70, 0x00], "user data with a command packet")
    }

    /// SEAL CERTIFICATE: the user data of the short messages that bring a meter the server's certificate this card believes. Needs the PIN.
    /// 6A88 when it believes none.
    pub fn seal_certificate(&mut self, meter: MeterNumber) -> Result<Vec<u8>, CardError> {
        let step = "SEAL CERTIFICATE";
        let command = with_data(step, Command::new(0x80, 0x40, 0x01, 0x00), &[&meter.0])?;
        let data = self.fmcos.send(step, &command)?;
        starts(step, data, &[0x02, 0x70, 0x00], "user data with a command packet")
    }

    /// OPEN RECEIPT: the user data of the meter's answer (`02 71 00 ..`) in, the receipt (`E2 ..`) out; the
    /// card has checked MAC and TAC. Needs the PIN. 6988 when one of them is wrong, 6A80 when the packet is
    /// not well formed or names another meter.
    pub fn open_receipt(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "OPEN RECEIPT";
        let data = self.fmcos.send(step, &applet(step, 0x42, &[&meter.0, user_data])?)?;
        starts(step, data, &[0xE2], "a receipt")
    }

    /// BEGIN PURCHASE: begins an online purchase; gives its first message, S0 [docs/specs/online.md 5]. Needs the PIN. 6985 a number
    /// that this card knows.
    pub fn begin_purchase(
        &mut self,
        meter: MeterNumber,
        sid: SessionId,
        time: Moment,
    ) -> Result<[u8; HELLO_LEN], CardError> {
        let data = [&meter.0[..], &sid.0, &time.0].concat();
        self.fmcos.send_for("BEGIN PURCHASE", &online(0x00).data(&data))
    }

    /// OPEN REQUEST: S1 in, what the meter asks for out, as it encoded it (`E4 ..`) and perhaps signed it. Needs the PIN. 6A88 a purchase that the card does not know any more, 6985 another
    /// message than it heard before, 6988 one that is not the meter's.
    pub fn open_request(&mut self, message: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "OPEN REQUEST";
        let data = self.fmcos.send(step, &carrying(step, 0x01, &[message])?)?;
        starts(step, data, &[REQUEST], "a request")
    }

    /// SEAL FOR PURCHASE: an order in, S2 out, by the rules of [`Psam::seal_order`]. 6985 before the request was heard, and for another
    /// order than the first one.
    pub fn seal_for_purchase(&mut self, sid: SessionId, order: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "SEAL FOR PURCHASE";
        super::fmcos::current(&self.info, step)?;
        let proved = self.proved(order);
        let data = self.fmcos.send(step, &carrying(step, 0x02, &[&sid.0, &proved])?)?;
        starts(step, data, &[0xA2], "an order's message")
    }

    /// OPEN ANSWER: S3 in, what the meter says out; the card has checked MAC and TAC. 6988 when one of them is wrong.
    pub fn open_answer(&mut self, message: &[u8]) -> Result<Answer, CardError> {
        let step = "OPEN ANSWER";
        let data = self.fmcos.send(step, &carrying(step, 0x03, &[message])?)?;
        match data[..] {
            [REFUSED, field_error] => Ok(Answer::Refused(field_error)),
            _ => starts(step, data, &[0xE2], "a receipt").map(Answer::Receipt),
        }
    }

    /// SEAL RECHARGE: an order in, the fields of a recharge for this random of its ESAM out, by the rules of [`Psam::seal_order`]. 6981 an
    /// order of another kind.
    pub fn seal_recharge(&mut self, random: [u8; 4], order: &[u8]) -> Result<Recharge, CardError> {
        let step = "SEAL RECHARGE";
        super::fmcos::current(&self.info, step)?;
        let proved = self.proved(order);
        let data = self.fmcos.send(step, &carrying(step, 0x04, &[&random, &proved])?)?;
        let what = || format!("the card's answer of {} byte(s) is not a recharge", data.len());
        Recharge::parse(&data).ok_or_else(|| CardError::malformed(step, what()))
    }

    /// SEAL CARD: an order in, what is loaded onto a user card out, by the rules of [`Psam::seal_order`]. 6981 an order for another
    /// bearer than this card.
    pub fn seal_card(&mut self, ask: CardAsk, order: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "SEAL CARD";
        super::fmcos::current(&self.info, step)?;
        let proved = self.proved(order);
        let [cla, ins, p1, p2] = SEAL;
        let command = with_data(step, Command::new(cla, ins, p1, p2), &[&ask.to_bytes(), &proved])?;
        self.fmcos.send(step, &command)
    }

    fn proved(&self, order: &[u8]) -> Vec<u8> {
        match &self.prover {
            // The server's signature is its proof.
            _ if is_signed(order) => order.to_vec(),
            Some(prover) => psam::with_proof(order, &prover(&self.info.number, order)),
            None => order.to_vec(),
        }
    }

    /// PAIR SERVER: a new server key, given out this once; the one before is dead. Needs the PIN, and the city's issuing
    /// card to have authenticated itself in the MF.
    pub fn pair_server(&mut self) -> Result<Zeroizing<[u8; 16]>, CardError> {
        let command = Command::new(0x80, 0x3E, 0x00, 0x00).le(16);
        self.fmcos.send_for("PAIR SERVER", &command).map(Zeroizing::new)
    }

    /// STATEMENT: the chain with the card's own MAC, for the city's issuing card.
    pub fn statement(&mut self, challenge: [u8; 8]) -> Result<Statement, CardError> {
        let [cla, ins, p1, p2, _] = psam::STATEMENT;
        let answer: [u8; PsamChain::LEN + 8] =
            self.fmcos.send_for("STATEMENT", &Command::new(cla, ins, p1, p2).data(&challenge))?;
        Ok(Statement {
            challenge,
            chain: PsamChain::parse(&super::take(&answer, 0)),
            mac: super::take(&answer, PsamChain::LEN),
        })
    }

    /// The chain over the orders it sealed, as it stands: free to read. `None` of a card of an older make, which keeps none.
    pub fn chain(&mut self) -> Result<Option<PsamChain>, CardError> {
        Ok(self.fmcos.read_kept("read the order chain", EF_SEALED)?.map(|bytes| PsamChain::parse(&bytes)))
    }

    /// Its limits of number and value; free to read. `None` of a card of an older make.
    pub fn limits(&mut self) -> Result<Option<Limits>, CardError> {
        Ok(self.fmcos.read_kept("read the limits", EF_LIMIT)?.map(|bytes| Limits::parse(&bytes)))
    }

    /// The challenge it keeps for the limit that answers its statement; free to read. `None` when it waits for no limit, and of a
    /// card without the file, which takes limits in the session of its challenge alone.
    pub fn limit_challenge(&mut self) -> Result<Option<[u8; 8]>, CardError> {
        Ok(self
            .fmcos
            .read_kept("read the challenge for a limit", EF_LIMIT_CHALLENGE)?
            .filter(|kept| *kept != [0; 8]))
    }

    /// Orders this card has sealed so far.
    pub fn sealed_count(&mut self) -> Result<u32, CardError> {
        let step = "read the count of sealed orders";
        // A file that only the card writes answers 6281 until it did so for the first time.
        match self.fmcos.read_number(step, EF_SEALED)? {
            Some(sealed) => Ok(sealed),
            None => Err(CardError::Refused { step, sw: Sw::FILE_NOT_FOUND, dialect: Dialect::Fmcos }),
        }
    }

    /// How many orders it may seal, and has sealed; of a test card and a card of an older make without limit.
    pub fn counter(&mut self) -> Result<Counter, CardError> {
        let limit = match self.info.kind {
            CardKind::TestCard => None,
            _ => self.fmcos.read_number("read the limit of orders", EF_LIMIT)?,
        };
        let made = self.sealed_count()?;
        Ok(Counter { limit: limit.filter(|limit| *limit != NO_LIMIT), made })
    }
}

fn is_signed(order: &[u8]) -> bool {
    Signed::parse(order, order::TAG).is_ok_and(|signed| signed.proof.is_some())
}

/// A command of the online purchase.
const fn online(p1: u8) -> Command {
    Command::new(0x80, 0x4E, p1, 0x00)
}

/// As [`applet`], of the online purchase.
fn carrying(step: &'static str, p1: u8, parts: &[&[u8]]) -> Result<Command, CardError> {
    with_data(step, online(p1), parts)
}

/// A command of the purchase application with its data, which must fit one APDU.
fn applet(step: &'static str, ins: u8, parts: &[&[u8]]) -> Result<Command, CardError> {
    with_data(step, Command::new(0x80, ins, 0x00, 0x00), parts)
}

fn with_data(step: &'static str, command: Command, parts: &[&[u8]]) -> Result<Command, CardError> {
    let data = parts.concat();
    if (1..=255).contains(&data.len()) {
        return Ok(command.data(&data));
    }
    Err(CardError::malformed(step, format!("a command carries 1 to 255 bytes, not {}", data.len())))
}

fn starts(step: &'static str, data: Vec<u8>, mark: &[u8], what: &str) -> Result<Vec<u8>, CardError> {
    if data.starts_with(mark) {
        return Ok(data);
    }
    Err(CardError::malformed(step, format!("the card's answer of {} byte(s) is not {what}", data.len())))
}
