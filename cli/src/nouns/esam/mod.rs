//! `gridcard esam`: ESAMs, issued by a city from a list of devices, and led through their lives.

mod life;

use crate::certified::{self, Certify};
use crate::prelude::*;
use ::issue::life::LifeChange;
use clap::ValueEnum;
use parties::city::{
    self,
    esam::{self, EsamReport, EsamRequest, Meters},
    signing::ModeRequest,
};
use scheme::signing;

/// Verbs of ESAMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue ESAMs, each with the pairing file for its meter, with the city's ESAM issuing card.
    Issue(Issue),
    /// Show an ESAM: state, key version, purse, check values.
    Show {
        /// The ESAM: a card file, or a card in a reader.
        card: CardRef,
    },
    /// Certify the signing key of an ESAM, which draws it now, with the city's certified ESAM issuing card; the one before is void.
    Certify(Certify),
    /// Have an ESAM take signed orders: from then on its receipts are signed, and there is no way back but into another state.
    Mode(Mode),
    /// Give ESAMs the keys of a higher version, all at once, in the state they are in.
    ChangeKeys(life::Pass),
    /// Bring test ESAMs into formal state, with formal keys.
    Formal(life::Pass),
    /// Bring formal ESAMs back into test state, with the published keys; needs the supervisor.
    Test(life::Pass),
    /// Take ESAMs out of use for good: their keys are destroyed; needs the supervisor.
    Retire(life::Pass),
}

/// Options of `esam mode`.
#[derive(Debug, Args)]
pub struct Mode {
    /// The ESAM: a card file, or a card in a reader.
    pub card: CardRef,
    /// Which orders it takes from now on; it only rises.
    #[arg(long, value_enum)]
    pub mode: Takes,
    /// The payment server's certificate, as `kdc signing certify-server` wrote it. Default: the one the card has.
    #[arg(long, value_name = "FILE")]
    pub server_certificate: Option<PathBuf>,
    #[command(flatten)]
    pub city: CityCard,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Which orders an ESAM takes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Takes {
    /// Orders without a signature: what every ESAM begins with.
    Symmetric,
    /// Signed ones too; what comes without a signature proves nothing to others.
    Both,
    /// Signed ones alone.
    Signed,
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
    #[command(flatten)]
    pub city: CityCard,
    /// Folder for `esam-NUMBER.card` and `pairing-NUMBER.json`. A blank that stands there is used, else one is
    /// taken from the factory. Default: the city's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// New card files of test ESAMs shall be able to hold keys of a formal root, in clear, so that they can become formal.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Their numbers are works numbers: the meters get their own from number cards (`gridcard production-card`). Test keys alone.
    #[arg(long)]
    pub unnumbered: bool,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub transport: Transport,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Issue(options) => one("esam issue", options, issue),
            Verb::Show { card } => look(card, life::show),
            Verb::Certify(options) => one("esam certify", options, |call, options| {
                certified::certify(call, options, (CardKind::Esam, CardKind::EsamIssuing))
            }),
            Verb::Mode(options) => one("esam mode", options, mode),
            Verb::ChangeKeys(options) => {
                one("esam change-keys", (options, LifeChange::ChangeKeys), life::pass)
            }
            Verb::Formal(options) => one("esam formal", (options, LifeChange::Formal), life::pass),
            Verb::Test(options) => one("esam test", (options, LifeChange::Test), life::pass),
            Verb::Retire(options) => two("esam retire", (options, LifeChange::Retire), life::pass),
        }
    }
}

fn mode(call: &Call, options: &Mode) -> Result<()> {
    let request = ModeRequest {
        card: options.card.clone(),
        mode: match options.mode {
            Takes::Symmetric => signing::Mode::Symmetric,
            Takes::Both => signing::Mode::Both,
            Takes::Signed => signing::Mode::Signed,
        },
        server: options.server_certificate.clone(),
        access: options.city.get(options.spend_last_try),
    };
    reply(call, city::signing::set_mode(call, &request), |report| {
        let own = &report.certificate;
        facts(&[
            ("meter", report.meter.to_string()),
            ("takes", format!("{} orders", report.mode)),
            ("certificate", format!("{}, {} to {}", own.number, own.from, own.to)),
            ("next", "`gridcard city delivery` tells the bank".to_owned()),
        ])
    })
}

fn issue(call: &Call, options: &Issue) -> Result<()> {
    let meters = match (options.meter, &options.csv) {
        (Some(meter), _) => Meters::One(meter),
        (None, Some(list)) => Meters::List(list.clone()),
        (None, None) => return Err(Failure::new(Kind::Usage, "name --meter or --csv").into()),
    };
    let request = EsamRequest {
        meters,
        card: options.card.clone(),
        access: options.city.get(options.allowed.spend_last_try),
        out: options.out.clone(),
        formal_images: options.formal_on_virtual,
        unnumbered: options.unnumbered,
        dry_run: options.dry_run,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    let report = esam::issue(call, &request)?;
    match &report {
        EsamReport::Planned { plans, .. } => answer(call, &plans.join("\n"), &report),
        EsamReport::Issued(issued) => {
            let rows = issued.esams.iter();
            let rows = rows.map(|esam| row![esam.meter, esam.serial, esam.apdus, esam.check_values.line()]);
            answer(call, &table(&["meter", "serial", "apdus", "check values"], rows.collect()), &report);
            say(format!("{} ESAM(s) with their pairing files in {}", issued.issued, issued.out));
        }
    }
    let (done, faults) = report.left_out();
    faults.iter().for_each(|fault| say(format!("not {done}: {fault}")));
    report.must_be_whole()
}
