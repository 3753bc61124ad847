//! `gridcard esam`: ESAMs, issued by a city from a list of devices, and led through their lives.

mod life;

use crate::fail::{Failure, Kind};
use crate::global::Global;
use crate::output::answer;
use crate::screen::{say, table};
use crate::shared::{Allowed, Transport};
use ::issue::life::LifeChange;
use clap::{Args, Subcommand};
use parties::city::Access;
use parties::city::esam::{self, EsamReport, EsamRequest, IssuedEsams, Meters};
use parties::{Deed, Result};
use scheme::CardRef;
use scheme::numbers::{DeviceNumber, RegionCode};
use std::path::PathBuf;

/// Verbs of ESAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue ESAMs, each with the pairing file for its meter, with the city's ESAM issuing card.
    Issue(Issue),
    /// Show an ESAM: state, key version, purse, check values.
    Show(life::Show),
    /// Give ESAMs the keys of a higher version, all at once, in the state they are in.
    ChangeKeys(life::Pass),
    /// Bring test ESAMs into formal state, with formal keys.
    Formal(life::Pass),
    /// Bring formal ESAMs back into test state, with the published keys; needs the supervisor.
    Test(life::Pass),
    /// Take ESAMs out of use for good: their keys are destroyed; needs the supervisor.
    Retire(life::Pass),
}

/// Options of `esam issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Number of one meter, 12 digits.
    #[arg(long, conflicts_with = "csv", required_unless_present = "csv")]
    pub meter: Option<DeviceNumber>,
    /// List of devices, columns `meter` and if you like `serial` and `ceiling`.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The blank for that meter's ESAM, when it stands in a reader (pcsc:READER, pcsc:SERIAL); the folder then gets a
    /// link to it.
    #[arg(long, value_name = "CARD", requires = "meter")]
    pub card: Option<CardRef>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// Folder for `esam-NUMBER.card` and `pairing-NUMBER.json`. A blank that stands there is used, else one is
    /// taken from the factory. Default: the city's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// New card files of test ESAMs shall be able to hold keys of a formal root, in clear, so that they can become formal.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
    /// Of new blanks.
    #[command(flatten)]
    pub transport: Transport,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Issue(_) => Deed::One("esam issue"),
            Verb::ChangeKeys(_) => Deed::One("esam change-keys"),
            Verb::Formal(_) => Deed::One("esam formal"),
            Verb::Test(_) => Deed::One("esam test"),
            Verb::Retire(_) => Deed::Two("esam retire"),
            Verb::Show(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Issue(options) => issue(global, &options),
        Verb::Show(options) => life::show(global, &options),
        Verb::ChangeKeys(options) => life::pass(global, &options, LifeChange::ChangeKeys),
        Verb::Formal(options) => life::pass(global, &options, LifeChange::Formal),
        Verb::Test(options) => life::pass(global, &options, LifeChange::Test),
        Verb::Retire(options) => life::pass(global, &options, LifeChange::Retire),
    }
}

fn issue(global: &Global, options: &Issue) -> Result<()> {
    let meters = match (options.meter, &options.csv) {
        (Some(meter), _) => Meters::One(meter),
        (None, Some(list)) => Meters::List(list.clone()),
        (None, None) => return Err(Failure::new(Kind::Usage, "name --meter or --csv").into()),
    };
    let request = EsamRequest {
        meters,
        card: options.card.clone(),
        access: Access {
            city: options.city,
            pin: options.pin_file.as_deref().into(),
            supervisor_pin: None,
            spend_last_try: options.allowed.spend_last_try,
        },
        out: options.out.clone(),
        formal_images: options.formal_on_virtual,
        dry_run: options.dry_run,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    let report = esam::issue(global, &request)?;
    match &report {
        EsamReport::Planned { plans, .. } => answer(global, &plans.join("\n"), &report),
        EsamReport::Issued(issued) => {
            answer(global, &listed(issued), &report);
            say(format!("{} ESAM(s) with their pairing files in {}", issued.issued, issued.out));
        }
    }
    let (done, faults) = report.left_out();
    faults.iter().for_each(|fault| say(format!("not {done}: {fault}")));
    report.must_be_whole()
}

fn listed(issued: &IssuedEsams) -> String {
    let rows = issued.esams.iter().map(|esam| {
        vec![
            esam.meter.to_string(),
            esam.serial.to_string(),
            esam.apdus.to_string(),
            esam.check_values.line(),
        ]
    });
    table(&["meter", "serial", "apdus", "check values"], rows.collect())
}
