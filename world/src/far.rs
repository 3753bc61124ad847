//! Meters that are reached by a line of their own or through a plug: one that called the bank's server, one with a sub-board.

use crate::clock::WorldClock;
use crate::town::Town;
use meter::port::Way;
use parties::Deed;
use parties::frames;
use parties::meters::{BEAT, CallRequest, Called, Near, NearBoard, Pace};
use parties::pipe::PipeReport;
use parties::trouble::{Result, refused};
use reader::counted::Counted;
use reader::subboard::Plugged;
use scheme::money::Fen;
use scheme::record_file::Message;
use server::Registration;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use wire::netmeter::{Heard, Hearing, LinkAct};
use wire::subboard::can;
use wire::{ByteLink, LinkError};

/// The speed of a meter's module bay, on whose other side a modem or a sub-board is.
pub const BAY: u32 = 9600;
/// A board with a store, by the registry of the page.
const STORAGE: u8 = 0x01;

type Bytes = Rc<RefCell<VecDeque<u8>>>;

/// One end of a line in memory.
struct Half {
    heard: Bytes,
    said: Bytes,
}

impl Half {
    /// Both ends of one.
    fn pair() -> (Half, Half) {
        let (up, down) = (Bytes::default(), Bytes::default());
        (Half { heard: down.clone(), said: up.clone() }, Half { heard: up, said: down })
    }
}

impl ByteLink for Half {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        self.said.borrow_mut().extend(bytes);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        Ok(drained(&mut self.heard.borrow_mut(), buffer))
    }
}

fn drained(bytes: &mut VecDeque<u8>, buffer: &mut [u8]) -> usize {
    let length = buffer.len().min(bytes.len());
    for (place, byte) in buffer.iter_mut().zip(bytes.drain(..length)) {
        *place = byte;
    }
    length
}

/// The clock of the world, for who waits.
struct Time<'w>(&'w WorldClock);

impl Pace for Time<'_> {
    fn now(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.time().seconds()).unwrap_or(0))
    }

    fn rest(&self, wait: Duration) {
        self.0.later(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
    }
}

/// The server's end of the line of a meter that called, and all that is behind it.
struct OnLine<'m, 's> {
    half: Half,
    hearing: Hearing,
    heard: VecDeque<u8>,
    called: Called<'m>,
    meter: Near<'s>,
    /// Frames of the link that were confirmed.
    confirmed: usize,
}

impl OnLine<'_, '_> {
    /// What came to the meter it answers.
    fn pass(&mut self) -> core::result::Result<(), LinkError> {
        let mut buffer = [0; 512];
        loop {
            match self.called.receive(&mut buffer, Duration::ZERO)? {
                0 => return Ok(()),
                length => self.meter.send(buffer.get(..length).unwrap_or_default())?,
            }
            loop {
                match self.meter.receive(&mut buffer, Duration::ZERO)? {
                    0 => break,
                    length => self.called.send(buffer.get(..length).unwrap_or_default())?,
                }
            }
        }
    }

    /// What the meter said is heard, and confirmed where it wants that.
    fn hear(&mut self) -> core::result::Result<(), LinkError> {
        let mut buffer = [0; 512];
        let length = self.half.receive(&mut buffer, Duration::ZERO)?;
        for heard in self.hearing.push(buffer.get(..length).unwrap_or_default()) {
            match heard {
                Heard::Meter(frame) => self.heard.extend(frame),
                Heard::Link(frame) if frame.act == LinkAct::Confirm => {}
                Heard::Link(frame) => {
                    self.confirmed += 1;
                    self.half.send(&frame.confirmed().to_bytes())?;
                }
            }
        }
        Ok(())
    }
}

impl ByteLink for OnLine<'_, '_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        self.half.send(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        if self.heard.is_empty() {
            self.pass()?;
            self.hear()?;
        }
        Ok(drained(&mut self.heard, buffer))
    }
}

/// What a sub-board carried.
#[derive(Debug, Clone)]
pub struct BoardRun {
    /// The message that the bank gets.
    pub receipt: PathBuf,
    /// What the line at the plug took, in milliseconds.
    pub ms: u64,
    /// Bytes on it.
    pub bytes: u64,
}

impl Town {
    /// A customer's meter has called the server, and buys over its line by the field's frames.
    ///
    /// # Errors
    /// Those of [`frames::pass`]; the meter did not log in.
    pub fn buy_by_netmeter(&self, person: &Registration, amount: Option<Fen>) -> Result<PipeReport> {
        let mut counter = self.counter()?;
        let passed = self.world().act(Deed::Look, |session| {
            let (mut far, half) = Half::pair();
            let (time, request) =
                (Time(self.world().clock()), CallRequest { meter: person.meter, beat: BEAT });
            let mut line = OnLine {
                half,
                hearing: Hearing::default(),
                heard: VecDeque::new(),
                called: Called::login(&mut far, &time, &request)?,
                meter: Near::open(session, &[person.meter], Way::Wires)?,
                confirmed: 0,
            };
            line.hear()?;
            line.pass()?;
            if !line.called.is_in() {
                return Err(refused("the meter did not log in").into());
            }
            let passed = frames::pass(&mut line, &mut counter, &self.wanted(person, amount));
            line.meter.close()?;
            passed
        });
        counter.close()?;
        passed
    }

    /// A sub-board brings a customer's meter the order that arrived under this name, and its receipt is sent to the bank.
    ///
    /// # Errors
    /// The meter refuses; there is no such message.
    pub fn bring_by_board(&self, person: &Registration, order: &Path) -> Result<BoardRun> {
        self.world().act(Deed::Look, |session| {
            let file = session.carrier.fetch(order)?.to_text();
            let mut plug = NearBoard::open(session, person.meter)?;
            let mut counted = Counted::new(&mut plug);
            let receipt = Plugged::hello(&mut counted, STORAGE, can::ORDERS)
                .and_then(|mut board| board.order(file.into_bytes()));
            let used = counted.used();
            plug.close()?;
            let receipt = Message::from_text(&String::from_utf8(receipt?)?);
            let receipt =
                receipt.map_err(|error| refused(format!("what the meter gave is no receipt: {error}")))?;
            let name = order.with_extension("receipt");
            session.carrier.send(&name, &receipt)?;
            Ok(BoardRun { receipt: name, ms: used.ms(BAY), bytes: used.sent + used.received })
        })
    }
}
