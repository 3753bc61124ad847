//! A meter with a sub-board on its line [docs/specs/subboard.md].

use super::inserted::InsertReport;
use super::place::{MeterPlace, folder};
use super::port::Near;
use super::using::insert_medium;
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use meter::board::{Board, Busy, Inside, OrderAnswer};
use meter::port::Way;
use meter::{Medium, MediumError};
use scheme::Kind;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;
use wire::subboard::{BoardFrame, BoardReceiver};
use wire::{ByteLink, LinkError};

/// A pause within a frame ends it; so often somebody looks whether it is all over.
const PAUSE: Duration = Duration::from_millis(500);
/// What the file of an order is called inside.
const FILE: &str = "order";

/// What was done for sub-boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BoardReport {
    /// Whole frames that came.
    pub frames: u64,
    /// Beginnings that became no frame.
    pub broken: u64,
    /// Orders that were brought, taken or not.
    pub orders: u64,
    /// Money that they brought.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub credited_fen: Fen,
}

/// Serves whatever sub-board is plugged into the line until that is over. A line that says hello again is another board.
///
/// # Errors
/// The meter is not there; the line ended or failed; a damaged flash.
pub fn serve_board(
    session: &Session,
    number: MeterNumber,
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
) -> Result<BoardReport> {
    let (mut plug, mut buffer, mut lost) = (Plug::open(session, number)?, [0; 512], None);
    while lost.is_none() && !is_over() {
        match link.receive(&mut buffer, PAUSE) {
            Err(error) => lost = Some(error),
            Ok(length) => {
                for said in plug.hear(buffer.get(..length).unwrap_or_default())? {
                    // A board that was pulled out reads nothing; what it brought is in the meter.
                    lost = lost.or(link.send(&said).err());
                }
            }
        }
    }
    let report = plug.close()?;
    lost.map_or(Ok(report), |lost| Err(lost.into()))
}

/// A meter at the near end of a sub-board's line that has no other: what is sent to it it hears at once, and what it says is there to be
/// received.
pub struct NearBoard<'s> {
    plug: Plug<'s>,
    said: VecDeque<u8>,
}

impl<'s> NearBoard<'s> {
    /// This meter.
    ///
    /// # Errors
    /// It is not there.
    pub fn open(session: &'s Session, number: MeterNumber) -> Result<Self> {
        Ok(NearBoard { plug: Plug::open(session, number)?, said: VecDeque::new() })
    }

    /// Lets the cards go.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn close(self) -> Result<BoardReport> {
        self.plug.close()
    }
}

impl ByteLink for NearBoard<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        let said = self.plug.hear(bytes).map_err(|error| LinkError::Failed(error.to_string()))?;
        self.said.extend(said.into_iter().flatten());
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        let length = buffer.len().min(self.said.len());
        for (place, byte) in buffer.iter_mut().zip(self.said.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}

/// The meter's end of the plug.
struct Plug<'s> {
    behind: Behind<'s>,
    board: Board,
    receiver: BoardReceiver,
}

impl<'s> Plug<'s> {
    fn open(session: &'s Session, number: MeterNumber) -> Result<Self> {
        MeterPlace::new(&folder(session)?, number).load()?;
        let behind = Behind { session, number, port: None, report: BoardReport::default(), trouble: None };
        Ok(Plug { behind, board: Board::default(), receiver: BoardReceiver::default() })
    }

    /// Bytes came, or none for as long as a pause within a frame may last; gives the frames that are said.
    fn hear(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        let mut said = Vec::new();
        for frame in found {
            self.behind.report.frames += 1;
            let answers = self.board.hear(&frame, self.behind.number.0, &mut self.behind);
            said.extend(answers.iter().filter_map(BoardFrame::to_bytes));
        }
        self.behind.trouble.take().map_or(Ok(said), Err)
    }

    fn close(mut self) -> Result<BoardReport> {
        self.board.pulled(&mut self.behind);
        self.behind.close()?;
        self.behind.trouble.take().map_or(Ok(()), Err)?;
        Ok(BoardReport { broken: self.receiver.broken(), ..self.behind.report })
    }
}

/// The meter behind its protocol.
struct Behind<'s> {
    session: &'s Session,
    number: MeterNumber,
    /// Its port, while somebody speaks DL/T 645 through the board.
    port: Option<Near<'s>>,
    report: BoardReport,
    /// What must not be passed over.
    trouble: Option<Trouble>,
}

impl Behind<'_> {
    fn close(&mut self) -> Result<()> {
        self.port.take().map_or(Ok(()), |port| port.close().map(drop))
    }

    /// Lets the ESAM go. What could not be written is told at the end.
    fn let_go(&mut self) {
        if let Err(error) = self.close() {
            self.trouble.get_or_insert(error);
        }
    }

    /// A card that somebody else holds is there soon; all else ends the service.
    fn heed(&mut self, error: Trouble) {
        if error.kind() != Kind::Absent {
            self.trouble.get_or_insert(error);
        }
    }

    fn said(&mut self, frame: &[u8]) -> Result<Vec<u8>> {
        let port = match &mut self.port {
            Some(port) => port,
            // Whatever the board says it is: who speaks through it stands before the meter and has proved nothing.
            none => none.insert(Near::open(self.session, &[self.number], Way::Infrared)?),
        };
        port.send(frame)?;
        // A frame that is not whole is not waited for: the board brings it whole.
        port.silence()?;
        let (mut said, mut buffer) = (Vec::new(), [0; 512]);
        loop {
            match port.receive(&mut buffer, Duration::ZERO)? {
                0 => return Ok(said),
                length => said.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            }
        }
    }
}

impl Inside for Behind<'_> {
    fn order(&mut self, file: &[u8]) -> OrderAnswer {
        // The ESAM is one: whoever spoke through the port begins anew.
        self.let_go();
        self.report.orders += 1;
        let mut brought = Brought { file, receipt: None };
        match insert_medium(self.session, self.number, &mut brought, Some(FILE)) {
            Ok((report, _)) => {
                self.report.credited_fen.0 = self.report.credited_fen.0.saturating_add(report.credited_fen.0);
                answer_of(&report, brought.receipt)
            }
            Err(error) => {
                self.heed(error);
                OrderAnswer::Busy
            }
        }
    }

    fn frame(&mut self, frame: &[u8]) -> core::result::Result<Option<Vec<u8>>, Busy> {
        match self.said(frame) {
            Ok(said) => Ok((!said.is_empty()).then_some(said)),
            Err(error) => {
                self.heed(error);
                Err(Busy)
            }
        }
    }

    fn line_is_down(&mut self) {
        self.let_go();
    }

    fn standing(&mut self) -> u8 {
        let place = folder(self.session).map(|meters| MeterPlace::new(&meters, self.number));
        match place.and_then(|place| place.load()) {
            Ok(meter) => u8::from(meter.state().relay_open),
            Err(error) => {
                self.heed(error);
                0
            }
        }
    }
}

/// What is said of an order: its receipt, also where the money came in before; else why there is none.
fn answer_of(report: &InsertReport, receipt: Option<Vec<u8>>) -> OrderAnswer {
    match (receipt, &report.refusal) {
        (Some(receipt), _) => OrderAnswer::Receipt(receipt),
        (None, Some(refusal)) => OrderAnswer::Refused(refusal.field_error),
        // It brings no order: a certificate has no receipt.
        (None, None) => OrderAnswer::Receipt(Vec::new()),
    }
}

/// The file that a board brought, as a medium with one file on it.
struct Brought<'f> {
    file: &'f [u8],
    receipt: Option<Vec<u8>>,
}

impl Medium for Brought<'_> {
    fn names(&mut self) -> core::result::Result<Vec<String>, MediumError> {
        Ok(vec![FILE.to_owned()])
    }

    fn read(&mut self, name: &str, most: usize) -> core::result::Result<Option<Vec<u8>>, MediumError> {
        Ok((name == FILE && self.file.len() <= most).then(|| self.file.to_vec()))
    }

    fn write(&mut self, _: &str, bytes: &[u8], _: bool) -> core::result::Result<(), MediumError> {
        self.receipt = Some(bytes.to_vec());
        Ok(())
    }
}
