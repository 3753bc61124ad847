//! A meter at its line: frames bent, commands without keys, a recorded session once more.

use super::super::board::{Progress, Row};
use parties::trouble::Result;
use reader::dlt645::{AskError, Line};
use reader::security::{identifier, request};
use std::time::Duration;
use wire::ByteLink;
use wire::dlt645::{Address, Frame, Identifier, Receiver, function};

/// Name of this proof in its rows.
const PROOF: &str = "port";
/// What a customer reads; none of it is secret.
const BALANCE: Identifier = Identifier(0x0090_0200);
const ENERGY: Identifier = Identifier(0x0001_0000);
/// How long an answer may be waited for.
const PATIENCE: Duration = Duration::from_millis(700);
/// An operator nobody is.
const NOBODY: [u8; 4] = [0; 4];

/// What is to be tried with a meter.
#[derive(Debug, Clone, Default)]
pub struct PortTrial {
    /// Its address; none: the one meter on the line.
    pub address: Option<Address>,
    /// Wrong MACs that may be sent. None by default: a meter may count them, and shut its port for a day.
    pub spend_tries: u32,
    /// Requests that were recorded, to be sent once more.
    pub recorded: Vec<Frame>,
    /// Every bit of a frame is flipped, in the place of one in each byte: a silent meter is waited for each time.
    pub every_bit: bool,
}

impl PortTrial {
    /// What will be done, in words, before any of it is.
    pub fn plan(&self) -> Vec<String> {
        let mut plan = vec![
            "read address, balance and energy".to_owned(),
            format!(
                "read the balance with {} of the frame flipped in its turn",
                if self.every_bit { "each bit" } else { "a bit of each byte" }
            ),
            "ask for security, writing and control without any key, none of it with a MAC".to_owned(),
        ];
        plan.push(match self.spend_tries {
            0 => "send no wrong MAC: no counter of the meter moves".to_owned(),
            n => format!("send {n} wrong MAC(s), which the meter may count against its day"),
        });
        if !self.recorded.is_empty() {
            plan.push(format!(
                "send {} RECORDED REQUEST(S) AGAIN: a meter that takes them does what they say",
                self.recorded.len()
            ));
        }
        plan
    }
}

/// A meter and what it said before.
struct Place<'l> {
    link: &'l mut dyn ByteLink,
    address: Address,
    before: (Vec<u8>, Vec<u8>),
}

impl Place<'_> {
    fn line(&mut self) -> Line<'_> {
        Line::new(self.link).patient(PATIENCE)
    }

    fn read(&mut self, about: Identifier) -> Result<Vec<u8>> {
        let address = self.address;
        match self.line().read(address, about) {
            Ok(value) => Ok(value),
            // It has no such data: that is the same afterwards.
            Err(AskError::Refused(word)) => Ok(word),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether nobody gained: what is drawn meanwhile is paid and counted, so money may fall and energy rise, and neither the other way.
    fn unchanged(&mut self) -> Result<bool> {
        let (balance, energy) = (self.read(BALANCE)?, self.read(ENERGY)?);
        // Least significant byte first.
        let at_least = |more: &[u8], less: &[u8]| more.iter().rev().ge(less.iter().rev());
        Ok(at_least(&self.before.0, &balance) && at_least(&energy, &self.before.1))
    }

    /// Sends bytes as they are; the frames that came back, the own ones aside.
    fn send(&mut self, bytes: &[u8]) -> Result<Vec<Frame>> {
        self.link.send(bytes)?;
        let (mut receiver, mut buffer, mut frames) = (Receiver::new(), [0; 512], Vec::new());
        loop {
            let length = self.link.receive(&mut buffer, PATIENCE)?;
            let heard = buffer.get(..length).unwrap_or_default();
            let found = if length == 0 { receiver.silence() } else { receiver.push(heard) };
            frames.extend(found.into_iter().flatten().filter(|frame| frame.control.is_answer()));
            if length == 0 || !frames.is_empty() {
                return Ok(frames);
            }
        }
    }
}

/// Tries a meter at the other end of a line.
///
/// # Errors
/// No meter is there.
pub fn port(link: &mut dyn ByteLink, trial: &PortTrial, progress: Progress<'_>) -> Result<Vec<Row>> {
    let address = match trial.address {
        Some(address) => address,
        None => Line::new(link).address()?,
    };
    let mut place = Place { link, address, before: Default::default() };
    place.before = (place.read(BALANCE)?, place.read(ENERGY)?);
    let mut rows = vec![bent(&mut place, trial.every_bit, progress)?];
    progress("without keys");
    rows.push(without_keys(&mut place)?);
    rows.push(elsewhere(&mut place)?);
    if trial.spend_tries > 0 {
        progress("wrong MACs");
        rows.push(wrong_macs(&mut place, trial.spend_tries)?);
    }
    if !trial.recorded.is_empty() {
        progress("recorded requests");
        rows.push(recorded(&mut place, &trial.recorded)?);
    }
    Ok(rows)
}

/// A request with each bit flipped: the sum finds it, or it is no frame any more.
fn bent(place: &mut Place<'_>, every_bit: bool, progress: Progress<'_>) -> Result<Row> {
    let mut row = Row::new(PROOF, "a frame with a bit flipped");
    let frame = Frame::request(place.address, function::READ, BALANCE.bytes().to_vec()).to_bytes()?;
    for bit in 0..8 * frame.len() {
        // Of each byte another one.
        if !every_bit && bit % 8 != (bit / 8) % 8 {
            continue;
        }
        progress(&format!("bent frames, bit {bit} of {}", 8 * frame.len()));
        let mut bytes = frame.clone();
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        match place.send(&bytes)?.first() {
            None => row.stopped("no answer"),
            Some(answer) if answer.control.is_refusal() => row.stopped("refused"),
            Some(answer) => row.went_through(format!("bit {bit} is answered {:02X?}", answer.data)),
        }
    }
    Ok(row)
}

/// What wants a station, asked by nobody.
fn without_keys(place: &mut Place<'_>) -> Result<Row> {
    let mut row = Row::new(PROOF, "security, writing and control asked for by nobody");
    let address = place.address;
    let secure = |about: Identifier, fields: &[&[u8]]| request(address, about, NOBODY, fields);
    let plain = |function: u8, data: Vec<u8>| Frame::request(address, function, data);
    let tries = [
        ("end of an authentication", secure(identifier::END, &[])),
        ("status of the purse", secure(identifier::STATUS, &[])),
        ("reading a file back", secure(identifier::READ_BACK, &[&[0, 4], &[0, 0], &[0, 1], &[0xDF, 1]])),
        ("another address", plain(function::WRITE_ADDRESS, address.0.iter().rev().copied().collect())),
        ("a write without a level", plain(function::WRITE, vec![0x0C, 0x01, 0x00, 0x04])),
        ("control without a command", plain(function::CONTROL, vec![0x98, 0, 0, 0])),
        ("keys, none of them", secure(identifier::KEYS, &[])),
    ];
    for (what, frame) in tries {
        let answers = place.send(&frame.to_bytes()?)?;
        let same = place.unchanged()?;
        match answers.first() {
            _ if !same => row.went_through(format!("{what}: money or energy changed")),
            None => row.stopped("no answer"),
            Some(answer) if answer.control.is_refusal() => row.stopped("refused"),
            // The end of what never began is none.
            Some(_) if frame.data.starts_with(&identifier::END.bytes()) => row.stopped("nothing had begun"),
            Some(answer) => row.went_through(format!("{what}: {:02X?}", answer.data)),
        }
    }
    Ok(row)
}

/// Frames that are for somebody else.
fn elsewhere(place: &mut Place<'_>) -> Result<Row> {
    let mut row = Row::new(PROOF, "frames for another meter, or for all");
    let mut other = place.address;
    other.0[5] ^= 0x01;
    for address in [other, Address::BROADCAST] {
        let frame = Frame::request(address, function::READ, BALANCE.bytes().to_vec());
        match place.send(&frame.to_bytes()?)?.iter().find(|answer| answer.address == place.address) {
            None => row.stopped("no answer"),
            Some(_) => row.went_through(format!("answered for {address}")),
        }
    }
    Ok(row)
}

/// Recharges, control and parameters with MACs that nobody made.
fn wrong_macs(place: &mut Place<'_>, most: u32) -> Result<Row> {
    let mut row = Row::new(PROOF, "money, control and parameters with a wrong MAC");
    let address = place.address;
    for n in 0..most {
        let mac = n.to_be_bytes();
        let frame = match n % 3 {
            0 => request(
                address,
                identifier::RECHARGE,
                NOBODY,
                &[&1_u32.to_be_bytes(), &1_u32.to_be_bytes(), &mac, &[0; 6], &mac],
            ),
            1 => {
                let sealed = [&[0x98, 0, 0, 0][..], &NOBODY, &mac, &[0xA5; 16]].concat();
                Frame::request(address, function::CONTROL, sealed)
            }
            _ => {
                let sealed = [&[0x01, 0x10, 0x00, 0x04, 0x99, 0, 0, 0][..], &NOBODY, &[0; 4], &mac].concat();
                Frame::request(address, function::WRITE, sealed)
            }
        };
        let answers = place.send(&frame.to_bytes()?)?;
        let same = place.unchanged()?;
        match answers.first() {
            Some(answer) if !answer.control.is_refusal() => {
                row.went_through(format!("wrong MAC {n} is taken"))
            }
            _ if !same => row.went_through(format!("wrong MAC {n}: money or energy changed")),
            Some(_) => row.stopped("refused"),
            None => row.stopped("no answer"),
        }
    }
    Ok(row)
}

/// What was recorded, once more: what reads may read again, and nothing else is done.
fn recorded(place: &mut Place<'_>, frames: &[Frame]) -> Result<Row> {
    let mut row = Row::new(PROOF, "recorded requests sent again");
    for frame in frames.iter().filter(|frame| !frame.control.is_answer()) {
        let reads =
            matches!(frame.control.function(), function::READ | function::READ_ADDRESS | function::READ_ON);
        let opens = Identifier::split(&frame.data).is_some_and(|(about, _)| about == identifier::IDENTITY);
        let answers = place.send(&frame.to_bytes()?)?;
        let same = place.unchanged()?;
        match answers.first() {
            _ if !same => row.went_through(format!("{:02X?} changed money", frame.data)),
            None => row.stopped("no answer"),
            Some(answer) if answer.control.is_refusal() => row.stopped("refused"),
            Some(_) if reads => row.stopped("reads, and may be read again"),
            // Its answer is another random: what was made for the one before is worth nothing.
            Some(_) if opens => row.stopped("answered with another random"),
            Some(_) => row.went_through(format!("{:02X?} is done again", frame.data)),
        }
    }
    Ok(row)
}
