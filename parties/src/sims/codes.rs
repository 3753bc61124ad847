//! The codes of a SIM. The unblocking codes have a guard of their own.

use super::access::{called, iccid};
use crate::cards::CardHandle;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Result, refused};
use keys::Zeroizing;
use reader::driver::guard::{Code, LastTry, Secret};
use reader::driver::sim::{Chv, Sim};
use scheme::CardRef;
use scheme::profile::CardKind;
use scheme::sim::chv;
use serde::Serialize;

/// What is to become of a code.
#[derive(Debug, Clone)]
pub enum CodeChange {
    /// Another one; the present one is needed.
    Change {
        /// Which code.
        chv: Chv,
        /// The present one.
        old: SecretFrom,
        /// The new one.
        new: SecretFrom,
    },
    /// A new one with the unblocking code.
    Unblock {
        /// Which code.
        chv: Chv,
        /// The unblocking code.
        puk: SecretFrom,
        /// The new one.
        new: SecretFrom,
    },
    /// CHV1 is asked for from now on, or no more.
    Switch {
        /// Whether it is asked for.
        on: bool,
        /// The CHV1.
        pin: SecretFrom,
    },
}

impl CodeChange {
    /// The code that is tried.
    const fn code(&self) -> Code {
        match self {
            CodeChange::Change { chv, .. } => Code::Chv(*chv),
            CodeChange::Unblock { chv, .. } => Code::Unblock(*chv),
            CodeChange::Switch { .. } => Code::Chv(Chv::Chv1),
        }
    }

    /// What was done, in a word.
    const fn done(&self) -> &'static str {
        match self {
            CodeChange::Change { .. } => "changed",
            CodeChange::Unblock { .. } => "unblocked",
            CodeChange::Switch { on: true, .. } => "on",
            CodeChange::Switch { on: false, .. } => "off",
        }
    }
}

/// A SIM whose code is to change.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// The SIM.
    pub card: CardRef,
    /// Try the code although it has 1 try left: a wrong one blocks it.
    pub spend_last_try: bool,
    /// What is to become of it.
    pub change: CodeChange,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeReport {
    /// The SIM's ICCID; none when it has none.
    pub iccid: Option<String>,
    /// `CHV1` or `CHV2`.
    pub code: &'static str,
    /// What was done, in a word.
    pub done: &'static str,
}

/// Changes, unblocks or switches a code. Secrets are asked for when the SIM is there, and the code is tried once, guarded.
///
/// # Errors
/// A wrong code; a try that would be the last; nothing to be done.
pub fn change_code(session: &Session, request: &CodeRequest) -> Result<CodeReport> {
    let mut handle = CardHandle::open(session, &request.card, CardKind::Sim)?;
    let mut sim = Sim::new(&mut handle);
    sim.reset()?;
    let number = iccid(&mut sim)?;
    let iccid = called(number.as_deref());
    let (code, last) = (request.change.code(), LastTry::from(request.spend_last_try));
    let secret = Secret::code(iccid, code);
    let said = format!("{}, {}", secret.card, secret.name);
    match &request.change {
        CodeChange::Change { chv, old, new } => {
            must_be_on(&mut sim, *chv)?;
            let (old, new) = (present(session, old, &said)?, anew(session, new, &said)?);
            sim.guarded(iccid, code, last, |sim| sim.change_chv(*chv, &*old, &*new))?;
        }
        CodeChange::Unblock { chv, puk, new } => {
            let puk = present(session, puk, &said)?;
            let new = anew(session, new, &format!("{}, its new PIN", secret.card))?;
            sim.guarded(iccid, code, last, |sim| sim.unblock_chv(*chv, &*puk, &*new))?;
        }
        CodeChange::Switch { on, pin } => {
            if sim.chv1_enabled()? == *on {
                let words = format!("{}: its PIN is {} already", secret.card, request.change.done());
                return Err(refused(words).into());
            }
            let pin = present(session, pin, &said)?;
            sim.guarded(iccid, code, last, |sim| {
                if *on { sim.enable_chv1(&*pin) } else { sim.disable_chv1(&*pin) }
            })?;
        }
    }
    handle.close()?;
    let name = match code {
        Code::Chv(Chv::Chv2) | Code::Unblock(Chv::Chv2) => "CHV2",
        _ => "CHV1",
    };
    Ok(CodeReport { iccid: number, code: name, done: request.change.done() })
}

/// A CHV1 that is off has nothing to change, and its tries are not asked for.
fn must_be_on(sim: &mut Sim<'_>, chv: Chv) -> Result<()> {
    if chv == Chv::Chv1 && !sim.chv1_enabled()? {
        return Err(refused("the SIM's PIN is off")
            .hint("switch it on first: `gridcard sim pin enable`")
            .into());
    }
    Ok(())
}

fn present(session: &Session, from: &SecretFrom, whose: &str) -> Result<Zeroizing<[u8; 8]>> {
    Ok(Zeroizing::new(chv(&secret::text(session, from, whose)?)?))
}

fn anew(session: &Session, from: &SecretFrom, whose: &str) -> Result<Zeroizing<[u8; 8]>> {
    Ok(Zeroizing::new(chv(&secret::new_text(session, from, whose)?)?))
}
