//! SELECT, STATUS and AUTHENTICATE of a UICC [docs/specs/sim.md, selecting on a UICC].

use super::fcp;
use super::sw::{self, WORDS};
use crate::context::Context;
use crate::files::Node;
use crate::halt::Halt;
use crate::sim::walk::{self, Found, uicc_sees};
use crate::sim::{algorithm, codes};
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// Identifier of the application that runs, whatever its own is.
const CURRENT_ADF: Fid = Fid(0x7FFF);
/// Shortest part of an AID that names an application: its registered provider.
const LEAST_AID: usize = 5;

/// How SELECT names a file: P1 [TS 102 221 11.1.1].
mod by {
    pub const FID: u8 = 0x00;
    pub const CHILD: u8 = 0x01;
    pub const PARENT: u8 = 0x03;
    pub const AID: u8 = 0x04;
    pub const PATH_FROM_MF: u8 = 0x08;
    pub const PATH_FROM_HERE: u8 = 0x09;
}

/// P2 of SELECT, taken apart.
struct Wanted {
    /// The FCP is answered.
    parameters: bool,
    /// The application is ended instead of begun.
    end: bool,
    /// Which of several applications.
    occurrence: Occurrence,
}

/// Which of the applications whose AID begins alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurrence {
    First,
    Last,
    Next,
    Previous,
}

impl Wanted {
    /// Bits 7 and 6: 00 begins, 10 ends an application; bits 4 and 3: 01 FCP, 11 nothing; bits 2 and 1: which occurrence.
    /// All but bits 4 and 3 speak of AIDs alone; bits 8 and 5 are 0.
    // QUIRK(P2 00): 00 in bits 4 and 3 is not in the standard's table, tools of the field send it, and cards that take it
    // answer as for 04. Others refuse it with 6A86.
    fn of(p1: u8, p2: u8) -> Option<Self> {
        let parameters = match p2 & 0x0C {
            0x00 | 0x04 => true,
            0x0C => false,
            _ => return None,
        };
        let end = match p2 & 0xF0 {
            0x00 => false,
            0x40 => true,
            _ => return None,
        };
        let occurrence = match p2 & 0x03 {
            0x00 => Occurrence::First,
            0x01 => Occurrence::Last,
            0x02 => Occurrence::Next,
            _ => Occurrence::Previous,
        };
        let of_applications = end || occurrence != Occurrence::First;
        (p1 == by::AID || !of_applications).then_some(Wanted { parameters, end, occurrence })
    }
}

pub fn select(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let wanted = Wanted::of(command.p1, command.p2).ok_or(WORDS.params)?;
    let found = match command.p1 {
        by::FID => by_fid(context, command.data)?,
        by::CHILD => child(context, command.data)?,
        by::PARENT => parent(context, command.data)?,
        by::AID => by_aid(context, command.data, &wanted)?,
        by::PATH_FROM_MF => {
            walk::to_mf(context)?;
            by_path(context, command.data)?
        }
        by::PATH_FROM_HERE => by_path(context, command.data)?,
        _ => return Err(WORDS.params.into()),
    };
    if wanted.parameters {
        let parameters = match found {
            Found::Dir(dir) => fcp::of_dir(context, &dir),
            Found::File(file) => fcp::of_file(context, &file),
        };
        context.answer.extend_from_slice(&parameters);
    }
    if wanted.end {
        // UNSPECIFIED: where the card stands then, and whether a PIN stays verified: in the MF, and it does.
        context.volatile.application = None;
        walk::to_mf(context)?;
    }
    Ok(Sw::OK)
}

/// A file in reach; the MF when no identifier is given.
fn by_fid(context: &mut Context<'_>, data: &[u8]) -> Result<Found, Halt> {
    match *data {
        [] => walk::to_mf(context),
        [hi, lo] => match Fid(u16::from_be_bytes([hi, lo])) {
            CURRENT_ADF => to_application(context),
            fid => walk::by_fid(context, fid, uicc_sees, &WORDS),
        },
        _ => Err(Sw::WRONG_LENGTH.into()),
    }
}

/// A directory of the current one.
fn child(context: &mut Context<'_>, data: &[u8]) -> Result<Found, Halt> {
    let &[hi, lo] = data else { return Err(Sw::WRONG_LENGTH.into()) };
    match walk::to_child(context, Fid(u16::from_be_bytes([hi, lo])), uicc_sees, &WORDS)? {
        Some(Found::Dir(dir)) => Ok(Found::Dir(dir)),
        _ => Err(WORDS.no_file.into()),
    }
}

/// The directory above the current one; the MF has none.
fn parent(context: &mut Context<'_>, data: &[u8]) -> Result<Found, Halt> {
    if !data.is_empty() {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let selection = context.volatile.selection;
    let above = selection.depth().checked_sub(1).ok_or(WORDS.no_file)?;
    let dir = Node::at(&context.memory, selection.parent()).ok_or(WORDS.no_file)?;
    walk::enter(context, &dir, above, &WORDS)
}

/// Back into the application that runs.
fn to_application(context: &mut Context<'_>) -> Result<Found, Halt> {
    let at = context.volatile.application.ok_or(WORDS.no_file)?;
    let adf = Node::at(&context.memory, at).ok_or(WORDS.no_file)?;
    walk::to_mf(context)?;
    walk::enter(context, &adf, 1, &WORDS)
}

/// An application whose AID begins with these bytes; it runs then. All stand in the MF. Next and previous count from the
/// application that runs, from the ends when none does. To be ended it must run (UNSPECIFIED: 6985 when another does).
fn by_aid(context: &mut Context<'_>, aid: &[u8], wanted: &Wanted) -> Result<Found, Halt> {
    if aid.len() < LEAST_AID {
        return Err(WORDS.no_file.into());
    }
    let running = context.volatile.application;
    let mf = context.mf()?;
    let named = |node: &Node| node.is_dir() && node.name(&context.memory).starts_with(aid);
    let mut fitting = mf.children(&context.memory).filter(named);
    let found = match (wanted.end, wanted.occurrence) {
        (true, _) => fitting.find(|adf| Some(adf.at) == running),
        (_, Occurrence::First) => fitting.next(),
        (_, Occurrence::Last) => fitting.last(),
        (_, Occurrence::Next) => fitting.find(|adf| running.is_none_or(|at| adf.at > at)),
        (_, Occurrence::Previous) => fitting.filter(|adf| running.is_none_or(|at| adf.at < at)).last(),
    };
    let refusal = if wanted.end && running.is_some() { Sw::CONDITIONS } else { WORDS.no_file };
    let adf = found.ok_or(refusal)?;
    context.volatile.application = Some(adf.at);
    to_application(context)
}

/// Down from where the card stands, one identifier after another; an EF ends the path.
fn by_path(context: &mut Context<'_>, path: &[u8]) -> Result<Found, Halt> {
    if path.is_empty() || !path.len().is_multiple_of(2) {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let mut found = None;
    for fid in path.chunks_exact(2).map(|two| Fid(u16::from_be_bytes([two[0], two[1]]))) {
        found = Some(match found {
            Some(Found::File(_)) => return Err(WORDS.no_file.into()),
            None if fid == CURRENT_ADF => to_application(context)?,
            _ => walk::to_child(context, fid, uicc_sees, &WORDS)?.ok_or(WORDS.no_file)?,
        });
    }
    found.ok_or(Sw::WRONG_LENGTH.into())
}

/// MANAGE CHANNEL: this card has the basic channel alone.
pub fn manage_channel(_: &mut Context<'_>, _: &CommandRef<'_>) -> Result<Sw, Halt> {
    Err(sw::NO_CHANNEL.into())
}

/// What STATUS answers.
mod tell {
    pub const FCP: u8 = 0x00;
    pub const AID: u8 = 0x01;
    pub const NOTHING: u8 = 0x0C;
}

/// P1 tells what becomes of the application (00 nothing, 01 begun, 02 ended), which this card takes note of by answering.
pub fn status(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if command.p1 > 2 {
        return Err(WORDS.params.into());
    }
    match command.p2 {
        tell::FCP => {
            let dir = context.dir()?;
            let parameters = fcp::of_dir(context, &dir);
            context.answer.extend_from_slice(&parameters);
        }
        tell::AID => {
            let at = context.volatile.application.ok_or(WORDS.no_file)?;
            let aid = Node::at(&context.memory, at).ok_or(WORDS.no_file)?.name(&context.memory);
            context.answer.extend_from_slice(&[0x84, aid.len().min(16) as u8]);
            context.answer.extend_from_slice(&aid[..aid.len().min(16)]);
        }
        tell::NOTHING => {}
        _ => return Err(WORDS.params.into()),
    }
    Ok(Sw::OK)
}

/// The application that runs, when it is current and PIN1 was given.
fn open_application(context: &Context<'_>) -> Result<Node, Halt> {
    let at = context.volatile.application.filter(|at| context.volatile.selection.dir() == *at);
    let at = at.ok_or(Sw::CONDITIONS)?;
    if !codes::passed(context, 1) {
        return Err(WORDS.access.into());
    }
    Ok(Node::at(&context.memory, at).ok_or(WORDS.no_file)?)
}

/// AUTHENTICATE in the GSM context: `10 RAND` is answered `04 SRES 08 Kc`, under the algorithm of class A0.
pub fn authenticate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    open_application(context)?;
    let [len, rand @ ..] = command.data else { return Err(Sw::WRONG_LENGTH.into()) };
    if usize::from(*len) != algorithm::RAND || rand.len() != algorithm::RAND {
        return Err(Sw::WRONG_DATA.into());
    }
    let result = algorithm::run(context, rand).ok_or(Sw::UNKNOWN)?;
    let (sres, kc) = result.split_at(4);
    context.answer.push(4);
    context.answer.extend_from_slice(sres);
    context.answer.push(8);
    context.answer.extend_from_slice(kc);
    Ok(Sw::OK)
}

/// AUTHENTICATE in the context of the third generation: `10 RAND 10 AUTN`.
pub fn authenticate_3g(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let application = open_application(context)?;
    let (rand, autn) = command.data.split_at_checked(1 + algorithm::RAND).ok_or(Sw::WRONG_LENGTH)?;
    let ([0x10, rand @ ..], [0x10, autn @ ..]) = (rand, autn) else { return Err(Sw::WRONG_DATA.into()) };
    let (Ok(rand), Ok(autn)) = (rand.try_into(), autn.try_into()) else {
        return Err(Sw::WRONG_LENGTH.into());
    };
    algorithm::authenticate(context, &application, rand, autn)
}
