//! `gridcard sim pin`: the codes of a SIM. The unblocking codes have a guard of their own.

use super::iccid;
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::fail::refused;
use crate::output::answer;
use crate::{factory, secret};
use clap::{Args, Subcommand};
use keys::Zeroizing;
use parties::trouble::Result;
use reader::driver::guard::{Code, LastTry, Secret};
use reader::driver::sim::{Chv, Sim, SimError};
use scheme::profile::CardKind;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verbs of a SIM's codes.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give the SIM another PIN; the present one is needed.
    Change(Change),
    /// Give a blocked SIM a new PIN with its unblocking code (PUK).
    Unblock(Unblock),
    /// Have the SIM ask for its PIN.
    Enable(Switch),
    /// Have the SIM ask for its PIN no more.
    Disable(Switch),
}

/// A SIM, and how its code is tried.
#[derive(Debug, Args)]
pub struct Which {
    /// Card file, or a SIM in a reader: pcsc:READER.
    pub card: CardRef,
    /// Try the code although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Which of the two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Number {
    /// CHV1, the SIM's PIN.
    #[value(name = "1")]
    First,
    /// CHV2, its second PIN.
    #[value(name = "2")]
    Second,
}

impl From<Number> for Chv {
    fn from(number: Number) -> Self {
        match number {
            Number::First => Chv::Chv1,
            Number::Second => Chv::Chv2,
        }
    }
}

/// Options of `sim pin change`.
#[derive(Debug, Args)]
pub struct Change {
    /// The SIM.
    #[command(flatten)]
    pub sim: Which,
    /// Which code: 1 (CHV1) or 2 (CHV2).
    #[arg(long, value_name = "N", default_value = "1")]
    pub chv: Number,
    /// File with the present code (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the new code (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
}

/// Options of `sim pin unblock`.
#[derive(Debug, Args)]
pub struct Unblock {
    /// The SIM.
    #[command(flatten)]
    pub sim: Which,
    /// Which code: 1 (CHV1) or 2 (CHV2). A CHV1 that was off is on afterwards.
    #[arg(long, value_name = "N", default_value = "1")]
    pub chv: Number,
    /// File with the unblocking code (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub puk_file: Option<PathBuf>,
    /// File with the new code (`-`: stdin). Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub new_pin_file: Option<PathBuf>,
}

/// Options of `sim pin enable` and `disable`.
#[derive(Debug, Args)]
pub struct Switch {
    /// The SIM.
    #[command(flatten)]
    pub sim: Which,
    /// File with the PIN (CHV1; `-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Runs a verb.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Change(options) => {
            let chv = options.chv.into();
            act(global, &options.sim, Code::Chv(chv), "changed", |sim, secret| {
                must_be_on(sim, chv)?;
                let old = code(options.pin_file.as_deref(), &said(secret))?;
                let new = new_code(options.new_pin_file.as_deref(), &said(secret))?;
                Ok(move |sim: &mut Sim<'_>| sim.change_chv(chv, &*old, &*new))
            })
        }
        Verb::Unblock(options) => {
            let chv = options.chv.into();
            act(global, &options.sim, Code::Unblock(chv), "unblocked", |_, secret| {
                let puk = code(options.puk_file.as_deref(), &said(secret))?;
                let new =
                    new_code(options.new_pin_file.as_deref(), &format!("{}, its new PIN", secret.card))?;
                Ok(move |sim: &mut Sim<'_>| sim.unblock_chv(chv, &*puk, &*new))
            })
        }
        Verb::Enable(options) => switch(global, options, true),
        Verb::Disable(options) => switch(global, options, false),
    }
}

fn switch(global: &Global, options: &Switch, on: bool) -> Result<()> {
    let done = if on { "on" } else { "off" };
    act(global, &options.sim, Code::Chv(Chv::Chv1), done, |sim, secret| {
        if sim.chv1_enabled()? == on {
            return Err(refused(format!("{}: its PIN is {done} already", secret.card)).into());
        }
        let pin = code(options.pin_file.as_deref(), &said(secret))?;
        Ok(move |sim: &mut Sim<'_>| if on { sim.enable_chv1(&*pin) } else { sim.disable_chv1(&*pin) })
    })
}

/// Opens the SIM, has `prepare` ask for what is needed, and tries the code once, guarded.
fn act<F>(
    global: &Global,
    options: &Which,
    which: Code,
    done: &str,
    prepare: impl FnOnce(&mut Sim<'_>, &Secret) -> Result<F>,
) -> Result<()>
where
    F: FnOnce(&mut Sim<'_>) -> Result<(), SimError>,
{
    let mut bay = Bay::open(global, &options.card, CardKind::Sim)?;
    let mut sim = Sim::new(&mut bay);
    sim.reset()?;
    let iccid = iccid(&mut sim)?;
    let secret = Secret::code(&iccid, which);
    let attempt = prepare(&mut sim, &secret)?;
    sim.guarded(&iccid, which, LastTry::from(options.spend_last_try), attempt)?;
    bay.close()?;
    let what = match which {
        Code::Chv(Chv::Chv2) | Code::Unblock(Chv::Chv2) => "CHV2",
        _ => "CHV1",
    };
    let text = format!("SIM {iccid}: {what} {done}");
    answer(global, &text, json!({ "iccid": iccid, "code": what, "done": done }));
    Ok(())
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

fn said(secret: &Secret) -> String {
    format!("{}, {}", secret.card, secret.name)
}

fn code(file: Option<&Path>, whose: &str) -> Result<Zeroizing<[u8; 8]>> {
    Ok(Zeroizing::new(factory::chv(&secret::text(file, whose)?)?))
}

fn new_code(file: Option<&Path>, whose: &str) -> Result<Zeroizing<[u8; 8]>> {
    Ok(Zeroizing::new(factory::chv(&secret::new_text(file, whose)?)?))
}
