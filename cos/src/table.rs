//! The command table: what a dialect accepts, as data.
//!
//! The kernel checks class, parameters, lengths and rights of a row before its handler runs, in the order that the
//! interface of its class fixes; a handler cannot forget them. A dialect whose classes are spoken differently (a UICC that
//! is a SIM too) has an interface for each.

use crate::chip::Chip;
use crate::choices::Choices;
use crate::context::Context;
use crate::halt::Halt;
use alloc::vec::Vec;
use wire::{CommandRef, Sw};

/// What a handler does: reads the command, stages writes, fills `context.answer`. `Ok` carries the status word
/// (9000 or a warning).
pub type Handler = fn(&mut Context<'_>, &CommandRef<'_>) -> Result<Sw, Halt>;

/// Which class bytes a row takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// This class only.
    Only(u8),
    /// The class, and the class with the secure-messaging bit 04.
    Securable(u8),
}

impl Class {
    /// Whether the class byte fits.
    pub const fn fits(self, cla: u8) -> bool {
        match self {
            Class::Only(class) => cla == class,
            Class::Securable(class) => cla & !0x04 == class,
        }
    }
}

/// Rule for P1 P2.
#[derive(Debug, Clone, Copy)]
pub enum Params {
    /// Any; the handler reads them.
    Any,
    /// Exactly these.
    Exactly(u8, u8),
    /// P1 fixed, P2 read by the handler.
    P1(u8),
    /// P2 fixed, P1 read by the handler.
    P2(u8),
    /// P1 up to this value, P2 read by the handler.
    P1UpTo(u8),
}

impl Params {
    /// Whether P1 P2 fit.
    pub const fn fit(self, p1: u8, p2: u8) -> bool {
        match self {
            Params::Any => true,
            Params::Exactly(a, b) => p1 == a && p2 == b,
            Params::P1(a) => p1 == a,
            Params::P2(b) => p2 == b,
            Params::P1UpTo(a) => p1 <= a,
        }
    }
}

/// Which way the data of a command flows on a T=0 line: the header does not tell, the card must know
/// [docs/specs/line.md 4].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// No data, or no such command: the status word follows the header, whatever P3.
    Neither,
    /// P3 counts the bytes the card is to be given; 00 is none.
    ToCard,
    /// P3 counts the bytes the card is to give; 00 is 256.
    FromCard,
}

/// Case of a command [ISO 7816-4], with the lengths its data may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// No data either way.
    One,
    /// An answer only.
    Two,
    /// Data only, so many bytes at least and at most.
    Three(u8, u8),
    /// Data and an answer; the data may be absent when the least length is 0.
    Four(u8, u8),
    /// An answer, or data and an answer: reading, plain or with secure messaging.
    TwoOrFour(u8, u8),
}

impl Case {
    /// Whether a data field of this length fits.
    pub const fn takes(self, len: usize) -> bool {
        match self {
            Case::One | Case::Two => len == 0,
            Case::Three(min, max) | Case::Four(min, max) => len >= min as usize && len <= max as usize,
            Case::TwoOrFour(min, max) => len == 0 || (len >= min as usize && len <= max as usize),
        }
    }

    /// Which way data flows on a T=0 line under this class byte: reading turns round under secure messaging, where
    /// the command carries a MAC.
    pub const fn flow(self, cla: u8) -> Flow {
        match self {
            Case::One => Flow::Neither,
            Case::Two => Flow::FromCard,
            Case::TwoOrFour(..) if cla & 0x04 == 0 => Flow::FromCard,
            Case::Three(..) | Case::Four(..) | Case::TwoOrFour(..) => Flow::ToCard,
        }
    }

    /// Whether a command of four bytes, or of five whose last is P3, asks for an answer.
    pub const fn answers(self) -> bool {
        !matches!(self, Case::One | Case::Three(..))
    }
}

/// Right a command needs, whatever file it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing, or what the file or key says; the handler asks for it by file.
    Nothing,
    /// A right of the current directory.
    Right(u8),
    /// A card that is not closed: 6985 on a finished card of ours, whoever asks ([`crate::closing`]).
    Unclosed,
}

/// One row of a command table.
#[derive(Debug, Clone, Copy)]
pub struct CommandRow {
    /// Name as in the specification.
    pub name: &'static str,
    /// Class bytes.
    pub class: Class,
    /// Instruction byte.
    pub ins: u8,
    /// P1 P2 rule.
    pub params: Params,
    /// Case and lengths.
    pub case: Case,
    /// Right.
    pub needs: Needs,
    /// Whether a blocked application answers it.
    pub when_blocked: bool,
    /// Where the command is specified.
    pub spec: &'static str,
    /// What it does.
    pub handler: Handler,
}

/// A row that needs nothing beforehand and that a blocked application does not answer; the methods of [`CommandRow`] say otherwise.
pub const fn row(
    name: &'static str,
    class: Class,
    ins: u8,
    params: Params,
    case: Case,
    spec: &'static str,
    handler: Handler,
) -> CommandRow {
    CommandRow { name, class, ins, params, case, needs: Needs::Nothing, when_blocked: false, spec, handler }
}

impl CommandRow {
    /// The row, needing a right of the current directory.
    pub const fn right(self, right: u8) -> Self {
        CommandRow { needs: Needs::Right(right), ..self }
    }

    /// The row, which a finished card of ours does not answer [docs/specs/cards.md 4].
    pub const fn unclosed(self) -> Self {
        CommandRow { needs: Needs::Unclosed, ..self }
    }

    /// The row, which a blocked application answers too.
    pub const fn when_blocked(self) -> Self {
        CommandRow { when_blocked: true, ..self }
    }
}

/// The rows of a dialect that blocks no application: each [`CommandRow::when_blocked`].
pub const fn never_blocked<const N: usize>(mut rows: [CommandRow; N]) -> [CommandRow; N] {
    let mut i = 0;
    while i < N {
        rows[i] = rows[i].when_blocked();
        i += 1;
    }
    rows
}

/// One generic check; an interface lists them in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The card is not blocked for good: 6A81.
    CardAlive,
    /// The current application is not blocked, or the row answers all the same: 6A81.
    ApplicationOpen,
    /// The row's P1 P2 rule: 6A86 (6B00 on a SIM).
    Params,
    /// The row's lengths: 6700.
    Length,
    /// The row's right: 6982 (9804 on a SIM).
    Needs,
}

/// Status words of the generic checks.
#[derive(Debug, Clone, Copy)]
pub struct CheckWords {
    /// No row has the class.
    pub class: Sw,
    /// No row has the instruction.
    pub ins: Sw,
    /// P1 P2 do not fit.
    pub params: Sw,
    /// The length does not fit.
    pub length: Sw,
    /// The right is not met.
    pub needs: Sw,
    /// GET RESPONSE when nothing waits.
    pub nothing_waits: Sw,
}

/// What a T=0 card says to a reader that asks for another length than the answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongLe {
    /// 6Cxx, xx the right length; GET RESPONSE hands out in portions.
    Corrected,
    /// 67xx, xx the right length; GET RESPONSE gives what is asked for and forgets the rest, as a SIM does.
    Told,
}

impl WrongLe {
    /// The answer to a wrong length of an answer; `right` is the one it has (00 = 256).
    pub const fn word(self, right: u8) -> Sw {
        match self {
            WrongLe::Corrected => Sw::wrong_le(right),
            WrongLe::Told => Sw(0x6700 | right as u16),
        }
    }
}

/// How a family of classes is spoken: its commands, and what the kernel does around them.
#[derive(Debug)]
pub struct Interface {
    /// Name in docs and errors.
    pub name: &'static str,
    /// Commands of the card operating system.
    pub commands: &'static [CommandRow],
    /// Order of the generic checks; that a row answers class and instruction comes before them.
    pub order: &'static [Check],
    /// Their status words.
    pub words: CheckWords,
    /// SW1 that announces an answer on T=0: 61, or 9F on a SIM.
    pub more: u8,
    /// Class of GET RESPONSE.
    pub get_response_class: u8,
    /// Other classes that fetch an answer as well.
    pub get_response_also: &'static [u8],
    /// Classes without a row that are refused with a word of their own: mask, what the masked class is, and the word. The
    /// first that fits counts; all others get [`CheckWords::class`].
    pub other_classes: &'static [(u8, u8, Sw)],
    /// A wrong length on T=0.
    pub wrong_le: WrongLe,
}

impl Interface {
    /// Whether a command is GET RESPONSE.
    pub fn fetches(&self, cla: u8, ins: u8) -> bool {
        ins == 0xC0 && (cla == self.get_response_class || self.get_response_also.contains(&cla))
    }

    /// The word for a class that no row has.
    pub fn class_word(&self, cla: u8) -> Sw {
        let own = self.other_classes.iter().find(|(mask, class, _)| cla & mask == *class);
        own.map_or(self.words.class, |(_, _, word)| *word)
    }
}

/// A dialect of card commands: data the kernel works by.
#[derive(Debug)]
pub struct Dialect {
    /// Name in docs and errors.
    pub name: &'static str,
    /// The interface of every class that has none of its own.
    pub main: &'static Interface,
    /// Class bytes with an interface of their own.
    pub others: &'static [(u8, &'static Interface)],
    /// What the sources of the dialect disagree on.
    pub choices: Choices,
}

impl Dialect {
    /// How this class byte is spoken.
    pub fn interface(&self, cla: u8) -> &'static Interface {
        let own = self.others.iter().find(|(class, _)| *class == cla);
        own.map_or(self.main, |(_, interface)| interface)
    }

    /// All interfaces, the main one first.
    pub fn interfaces(&self) -> impl Iterator<Item = &'static Interface> + use<> {
        core::iter::once(self.main).chain(self.others.iter().map(|(_, interface)| *interface))
    }
}

/// A card's program: a dialect, and the commands the applet adds.
#[derive(Debug)]
pub struct Program {
    /// Name of the card kind.
    pub name: &'static str,
    /// The operating system's part.
    pub dialect: &'static Dialect,
    /// The applet's part.
    pub commands: &'static [CommandRow],
    /// What a new EF holds before its first write [FMCOS UM 7.5.5].
    pub fill: u8,
    /// The answer to reset.
    pub atr: fn(&Chip) -> Vec<u8>,
}

impl Program {
    /// All rows, the applet's first.
    pub fn rows(&self) -> impl Iterator<Item = &'static CommandRow> + use<> {
        self.commands.iter().chain(self.dialect.interfaces().flat_map(|interface| interface.commands))
    }

    /// Rows that may answer a class of this interface, the applet's first.
    pub(crate) fn rows_of(
        &self,
        interface: &'static Interface,
    ) -> impl Iterator<Item = &'static CommandRow> + use<> {
        self.commands.iter().chain(interface.commands)
    }
}

/// Compile-time check of a command table: no two rows answer the same class, instruction and fixed
/// parameters, lengths are in order, T=0 can carry every instruction.
pub const fn check(rows: &[CommandRow]) {
    let mut i = 0;
    while i < rows.len() {
        let row = &rows[i];
        assert!(wire::line::carries(row.ins), "T=0 has no such instruction");
        if let Case::Three(min, max) | Case::Four(min, max) | Case::TwoOrFour(min, max) = row.case {
            assert!(min <= max, "least length above greatest");
        }
        assert!(!row.spec.is_empty() && !row.name.is_empty(), "a row names itself and its source");
        let mut j = i + 1;
        while j < rows.len() {
            assert!(!same(row, &rows[j]), "two rows for one command");
            j += 1;
        }
        i += 1;
    }
}

const fn same(a: &CommandRow, b: &CommandRow) -> bool {
    let class = match (a.class, b.class) {
        (Class::Only(x), Class::Only(y)) => x == y,
        (Class::Securable(x), Class::Securable(y)) => x == y,
        (Class::Only(x), Class::Securable(y)) | (Class::Securable(y), Class::Only(x)) => x & !0x04 == y,
    };
    let params = match (a.params, b.params) {
        (Params::Exactly(p, q), Params::Exactly(r, s)) => p == r && q == s,
        (Params::P1(p), Params::P1(r) | Params::Exactly(r, _)) | (Params::Exactly(p, _), Params::P1(r)) => {
            p == r
        }
        _ => true,
    };
    class && a.ins == b.ins && params
}
