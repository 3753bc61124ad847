//! SELECT, STATUS and AUTHENTICATE of a UICC [docs/specs/sim.md, selecting on a UICC].

use super::fcp;
use super::sw::WORDS;
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

/// How SELECT names a file.
mod by {
    pub const FID: u8 = 0x00;
    pub const AID: u8 = 0x04;
    pub const PATH_FROM_MF: u8 = 0x08;
    pub const PATH_FROM_HERE: u8 = 0x09;
}

/// What SELECT answers.
mod want {
    pub const FCP: u8 = 0x04;
    pub const NOTHING: u8 = 0x0C;
}

pub fn select(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    if !matches!(command.p2, want::FCP | want::NOTHING) {
        return Err(WORDS.params.into());
    }
    let found = match command.p1 {
        by::FID => by_fid(context, command.data)?,
        by::AID => by_aid(context, command.data)?,
        by::PATH_FROM_MF => {
            walk::to_mf(context)?;
            by_path(context, command.data)?
        }
        by::PATH_FROM_HERE => by_path(context, command.data)?,
        _ => return Err(WORDS.params.into()),
    };
    if command.p2 == want::FCP {
        let parameters = match found {
            Found::Dir(dir) => fcp::of_dir(context, &dir),
            Found::File(file) => fcp::of_file(context, &file),
        };
        context.answer.extend_from_slice(&parameters);
    }
    Ok(Sw::OK)
}

fn by_fid(context: &mut Context<'_>, data: &[u8]) -> Result<Found, Halt> {
    let &[hi, lo] = data else { return Err(Sw::WRONG_LENGTH.into()) };
    match Fid(u16::from_be_bytes([hi, lo])) {
        CURRENT_ADF => to_application(context),
        fid => walk::by_fid(context, fid, uicc_sees, &WORDS),
    }
}

/// Back into the application that runs.
fn to_application(context: &mut Context<'_>) -> Result<Found, Halt> {
    let at = context.volatile.application.ok_or(WORDS.no_file)?;
    let adf = Node::at(&context.memory, at).ok_or(WORDS.no_file)?;
    walk::to_mf(context)?;
    walk::enter(context, &adf, 1, &WORDS)
}

/// The first application whose AID begins with these bytes; it runs then. All stand in the MF.
fn by_aid(context: &mut Context<'_>, aid: &[u8]) -> Result<Found, Halt> {
    if aid.len() < LEAST_AID {
        return Err(WORDS.no_file.into());
    }
    let named = |node: &Node| node.is_dir() && node.name(&context.memory).starts_with(aid);
    let adf = context.mf()?.child(&context.memory, named).ok_or(WORDS.no_file)?;
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

/// AUTHENTICATE in the GSM context: `10 RAND` is answered `04 SRES 08 Kc`, under the algorithm of class A0.
///
/// UNSPECIFIED: the context of 3G needs an operator's own functions and counters; it has no row, so it answers 6A86.
pub fn authenticate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let is_current = |at: usize| context.volatile.selection.dir() == at;
    if !context.volatile.application.is_some_and(is_current) {
        return Err(Sw::CONDITIONS.into());
    }
    if !codes::passed(context, 1) {
        return Err(WORDS.access.into());
    }
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
