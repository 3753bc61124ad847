//! `gridcard sim pin`: the codes of a SIM.

use crate::prelude::*;
use clap::ValueEnum;
use parties::sims::{self, CodeChange, CodeRequest};
use reader::driver::sim::Chv;

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
    /// Card file, a SIM in a reader (pcsc:READER), or in a modem (at:DEVICE).
    pub card: CardRef,
    /// Try the code although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Which of the two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
    #[command(flatten)]
    pub sim: Which,
    /// File with the PIN (CHV1; `-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Runs a verb.
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    let (sim, change) = match verb {
        Verb::Change(options) => {
            let old = options.pin_file.as_deref().into();
            let new = options.new_pin_file.as_deref().into();
            (&options.sim, CodeChange::Change { chv: options.chv.into(), old, new })
        }
        Verb::Unblock(options) => {
            let puk = options.puk_file.as_deref().into();
            let new = options.new_pin_file.as_deref().into();
            (&options.sim, CodeChange::Unblock { chv: options.chv.into(), puk, new })
        }
        Verb::Enable(options) => {
            (&options.sim, CodeChange::Switch { on: true, pin: options.pin_file.as_deref().into() })
        }
        Verb::Disable(options) => {
            (&options.sim, CodeChange::Switch { on: false, pin: options.pin_file.as_deref().into() })
        }
    };
    let request = CodeRequest { card: sim.card.clone(), spend_last_try: sim.spend_last_try, change };
    reply(call, sims::change_code(call, &request), |report| {
        format!("SIM {}: {} {}", sims::called(report.iccid.as_deref()), report.code, report.done)
    })
}
