//! A card: a pure machine of three calls.
//!
//! `power_on` gives an ATR, `transmit` takes bytes and gives bytes, `power_off` forgets. Storage and entropy
//! are passed in. What the transport does to APDUs (T=0: 61xx, 6Cxx, GET RESPONSE) is done here, once;
//! handlers see complete commands.

use crate::chip::{Chip, Protocol};
use crate::closing;
use crate::context::Context;
use crate::derived::Derived;
use crate::files::{CARD_DEAD, Node};
use crate::halt::Halt;
use crate::journal::{Journal, Memory};
use crate::nvm::{Nvm, PowerLoss};
use crate::rights::Right;
use crate::state::Volatile;
use crate::table::{Case, Check, CommandRow, Flow, Interface, Needs, Program, WrongLe};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use scheme::Chance;
use scheme::profile::CardKind;
use wire::{CommandRef, Sw};

pub use crate::chip::BootError;

/// Bytes of data a short answer carries.
const LONGEST_ANSWER: usize = 256;

/// A card on its EEPROM.
pub struct Card<N> {
    nvm: N,
    chip: Chip,
    program: &'static Program,
    entropy: Box<dyn Chance + Send>,
    /// `None` without power.
    volatile: Option<Volatile>,
    answer: Vec<u8>,
    /// Answer data that waits for GET RESPONSE (T=0).
    waiting: Vec<u8>,
    /// Class of the GET RESPONSE it waits for.
    waits_for: u8,
    derived: RefCell<Derived>,
    journal: Journal,
}

impl<N: Nvm> Card<N> {
    /// A card without power, running the program of its chip's kind.
    pub fn new(
        nvm: N,
        entropy: Box<dyn Chance + Send>,
        program_of: fn(CardKind) -> Option<&'static Program>,
    ) -> Result<Self, BootError> {
        let chip = Chip::read(nvm.bytes())?;
        let program = program_of(chip.kind).ok_or(BootError::Unknown)?;
        Ok(Card {
            nvm,
            chip,
            program,
            entropy,
            volatile: None,
            answer: Vec::new(),
            waiting: Vec::new(),
            waits_for: 0,
            derived: RefCell::default(),
            journal: Journal::default(),
        })
    }

    /// The chip.
    pub const fn chip(&self) -> &Chip {
        &self.chip
    }

    /// The EEPROM.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// The EEPROM, for whoever keeps it; the card must be without power.
    pub const fn nvm_mut(&mut self) -> &mut N {
        &mut self.nvm
    }

    /// Gives the card power (or resets it): finishes a torn transaction, forgets what dies at reset, answers
    /// the ATR. `None`: the supply failed during recovery.
    pub fn power_on(&mut self) -> Option<Vec<u8>> {
        self.power_off();
        self.journal.recover(&mut self.nvm).ok()?;
        let memory = Memory::new(&mut self.nvm, &mut self.journal);
        let mf = Node::mf(&memory);
        let empty = mf.is_some_and(|mf| mf.is_empty(&memory));
        self.volatile = Some(Volatile::after_reset(empty));
        Some(self.atr())
    }

    /// The ATR that a reset would answer; nothing is reset.
    pub fn atr(&self) -> Vec<u8> {
        (self.program.atr)(&self.chip)
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {
        self.volatile = None;
        self.waiting.clear();
        self.derived.take();
    }

    /// True while the card has power.
    pub const fn is_powered(&self) -> bool {
        self.volatile.is_some()
    }

    /// Answers a command: response data and status word. Empty: the card has no power, or lost it on the way.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.transmit_into(command, &mut out);
        out
    }

    /// As [`Card::transmit`], into a buffer that is cleared first.
    pub fn transmit_into(&mut self, command: &[u8], out: &mut Vec<u8>) {
        out.clear();
        if self.volatile.is_none() {
            return;
        }
        let sw = match self.chip.protocol {
            Protocol::Direct => self.direct(command, out),
            Protocol::T0 => self.t0(command, out),
        };
        match sw {
            Ok(sw) => out.extend_from_slice(&sw.bytes()),
            Err(PowerLoss) => {
                out.clear();
                self.power_off();
            }
        }
    }

    fn direct(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Sw, PowerLoss> {
        let interface = self.interface(bytes);
        let Ok(command) = CommandRef::parse(bytes) else { return Ok(interface.words.length) };
        let sw = self.execute(interface, &command)?;
        out.append(&mut self.answer);
        Ok(sw)
    }

    /// How the class of a command is spoken.
    fn interface(&self, command: &[u8]) -> &'static Interface {
        self.program.dialect.interface(command.first().copied().unwrap_or_default())
    }

    /// T=0: the fifth byte is P3, whose meaning the command table knows [ISO 7816-3 12].
    fn t0(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Sw, PowerLoss> {
        let interface = self.interface(bytes);
        let (header, p3, data) = match bytes {
            [cla, ins, p1, p2] => ([*cla, *ins, *p1, *p2], 0, &[][..]),
            [cla, ins, p1, p2, p3, data @ ..] => ([*cla, *ins, *p1, *p2], *p3, data),
            _ => return Ok(interface.words.length),
        };
        let [cla, ins, p1, p2] = header;
        if interface.fetches(cla, ins) {
            return Ok(self.get_response(interface, p3, out));
        }
        self.waiting.clear();
        let le = if p3 == 0 { 256 } else { u16::from(p3) };
        let row = self.row(interface, &CommandRef { cla, ins, p1, p2, data: &[], le: None });
        // A Le after the data cannot travel in one T=0 exchange; readers send it all the same.
        let data = match data.len().checked_sub(usize::from(p3)) {
            Some(0 | 1) => &data[..usize::from(p3)],
            _ if data.is_empty() => &[][..],
            _ => return Ok(interface.words.length),
        };
        let reads =
            data.is_empty() && row.is_ok_and(|row| matches!(row.case, Case::Two | Case::TwoOrFour(..)));
        if data.is_empty() && p3 != 0 && row.is_ok() && !reads {
            return Ok(interface.words.length);
        }
        let sw = self.execute(interface, &CommandRef { cla, ins, p1, p2, data, le: reads.then_some(le) })?;
        if self.answer.is_empty() {
            return Ok(sw);
        }
        if !reads {
            // An answer has at most 256 bytes; SW2 00 stands for 256.
            self.waiting.append(&mut self.answer);
            self.waits_for = interface.get_response_class;
            return Ok(Sw(u16::from_be_bytes([interface.more, self.waiting.len() as u8])));
        }
        out.append(&mut self.answer);
        Ok(sw)
    }

    /// Which way the data of a command with this header flows, from the command table.
    pub fn flow(&self, [cla, ins, p1, p2]: [u8; 4]) -> Flow {
        let interface = self.interface(&[cla]);
        if interface.fetches(cla, ins) {
            return Flow::FromCard;
        }
        match self.row(interface, &CommandRef { cla, ins, p1, p2, data: &[], le: None }) {
            Ok(row) => row.case.flow(cla),
            Err(_) => Flow::Neither,
        }
    }

    /// Puts the chip on its contacts, where every chip speaks T=0; what its image says stays as it is.
    pub const fn on_contacts(&mut self) {
        self.chip.protocol = Protocol::T0;
    }

    fn get_response(&mut self, interface: &Interface, p3: u8, out: &mut Vec<u8>) -> Sw {
        // What a command of one class left is no answer to another class.
        if self.waits_for != interface.get_response_class {
            self.waiting.clear();
        }
        if self.waiting.is_empty() {
            return interface.words.nothing_waits;
        }
        let wanted = if p3 == 0 { 256 } else { usize::from(p3) };
        if wanted > self.waiting.len() {
            return interface.wrong_le.word(self.waiting.len() as u8);
        }
        out.extend(self.waiting.drain(..wanted));
        if interface.wrong_le == WrongLe::Told {
            self.waiting.clear();
        }
        if self.waiting.is_empty() {
            Sw::OK
        } else {
            Sw(u16::from_be_bytes([interface.more, self.waiting.len() as u8]))
        }
    }

    fn row(
        &self,
        interface: &'static Interface,
        command: &CommandRef<'_>,
    ) -> Result<&'static CommandRow, Sw> {
        let words = &interface.words;
        let (mut class, mut found) = (false, None);
        for row in self.program.rows_of(interface) {
            let fits = row.class.fits(command.cla);
            class |= fits;
            if fits && row.ins == command.ins {
                if row.params.fit(command.p1, command.p2) {
                    return Ok(row);
                }
                found = found.or(Some(row));
            }
        }
        match found {
            // P1 P2 do not fit: the check of that name says so in its turn.
            Some(row) => Ok(row),
            None if class => Err(words.ins),
            None => Err(interface.class_word(command.cla)),
        }
    }

    /// Runs one complete command as one transaction; the answer data stays in `self.answer`.
    fn execute(&mut self, interface: &'static Interface, command: &CommandRef<'_>) -> Result<Sw, PowerLoss> {
        self.answer.clear();
        let row = self.row(interface, command);
        let Some(volatile) = self.volatile.as_mut() else { return Err(PowerLoss) };
        let challenge = volatile.challenge.take();
        let pending = volatile.pending.take();
        let before = volatile.clone();
        let mut context = Context {
            memory: Memory::new(&mut self.nvm, &mut self.journal),
            volatile,
            challenge,
            pending,
            chip: &self.chip,
            fill: self.program.fill,
            choices: self.program.dialect.choices,
            entropy: &mut *self.entropy,
            derived: &self.derived,
            answer: &mut self.answer,
        };
        let done = run(&mut context, interface, row, command).and_then(|sw| {
            fits_le(interface, context.chip.protocol, command, context.answer.len())?;
            Ok(sw)
        });
        match done {
            Ok(sw) => {
                context.memory.commit()?;
                Ok(sw)
            }
            Err(Halt::Status(sw)) => {
                context.memory.abort();
                // Messages of an online purchase follow each other, and so do parts of a message; after an error none does.
                *context.volatile = Volatile { online: None, part: None, ..before };
                context.answer.clear();
                Ok(sw)
            }
            Err(Halt::PowerLoss) => Err(PowerLoss),
        }
    }
}

/// Whether the answer can go out as Le asks. Checked before the commit: a command that cannot tell its answer must not have
/// done its work, or a DEBIT would take money and keep the proof.
fn fits_le(
    interface: &Interface,
    protocol: Protocol,
    command: &CommandRef<'_>,
    len: usize,
) -> Result<(), Sw> {
    if len > LONGEST_ANSWER {
        return Err(interface.words.length);
    }
    match (protocol, command.le) {
        // UNSPECIFIED: a Le below a fixed answer; 6Cxx loses nothing and tells the length. Under secure messaging
        // Le counts plain bytes, and the handler has looked at it.
        (Protocol::Direct, Some(le)) if command.cla & 0x04 == 0 && usize::from(le) < len => {
            Err(Sw::wrong_le(len as u8))
        }
        (Protocol::T0, Some(le)) if len > 0 && usize::from(le) != len => {
            Err(interface.wrong_le.word(len as u8))
        }
        _ => Ok(()),
    }
}

/// The generic checks in the interface's order, then the handler.
fn run(
    context: &mut Context<'_>,
    interface: &Interface,
    row: Result<&'static CommandRow, Sw>,
    command: &CommandRef<'_>,
) -> Result<Sw, Halt> {
    let row = row?;
    for check in interface.order {
        match check {
            Check::CardAlive if context.mf().is_ok_and(|mf| mf.blocks() & CARD_DEAD != 0) => {
                return Err(Sw::FUNCTION_BLOCKED.into());
            }
            Check::ApplicationOpen
                if !row.when_blocked && context.dir().is_ok_and(|dir| dir.blocks() != 0) =>
            {
                return Err(Sw::FUNCTION_BLOCKED.into());
            }
            Check::Params if !row.params.fit(command.p1, command.p2) => {
                return Err(interface.words.params.into());
            }
            Check::Length if !row.case.takes(command.data.len()) => {
                return Err(interface.words.length.into());
            }
            Check::Needs => match row.needs {
                Needs::Right(right) if !context.allowed(Right(right)) => {
                    return Err(interface.words.needs.into());
                }
                Needs::Unclosed if closing::is_closed(context) => return Err(Sw::CONDITIONS.into()),
                Needs::Nothing | Needs::Right(_) | Needs::Unclosed => {}
            },
            Check::CardAlive | Check::ApplicationOpen | Check::Params | Check::Length => {}
        }
    }
    (row.handler)(context, command)
}
