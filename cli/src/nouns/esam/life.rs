//! `gridcard esam show | change-keys | formal | test | retire`: an ESAM's life after it was issued.

use crate::prelude::*;
use ::issue::life::LifeChange;
use parties::city::life::{self, PassReport, PassRequest, PassedEsams};
use scheme::money::Fen;

/// Options of the acts of a life.
#[derive(Debug, Args)]
pub struct Pass {
    /// ESAMs: card files (a meter's is meters/NUMBER/esam.card), or cards in readers.
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
    #[command(flatten)]
    pub city: CityCard,
    /// File with the supervisor's PIN of the ESAM issuing card. Default: a prompt, where it is needed: back to test, and
    /// to retire.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
    /// Folder for the new pairing file `pairing-NUMBER.json`. Default: the city's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Back to test, or to retire: give up the money in the purse; the amount is recorded on the card and in the journal.
    #[arg(long)]
    pub forfeit: bool,
    /// Authenticate although the ESAM has 1 try left: when it fails, the card is lost.
    #[arg(long)]
    pub spend_last_try: bool,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Shows an ESAM.
pub fn show(call: &Call, card: &CardRef) -> Result<()> {
    let version = |version: u8, none: &str| if version == 0 { none.into() } else { version.to_string() };
    reply(call, life::show(call, card), |report| {
        facts(&[
            ("ESAM", format!("{} of city {}, chip {}", report.number, report.city, report.serial)),
            ("state", report.state.to_owned()),
            ("key version", version(report.key_version, "none: destroyed")),
            ("highest formal version", version(report.highest_formal_version, "none")),
            (
                "key sets after the first",
                report.key_changes.map_or("cannot change".into(), |changes| changes.to_string()),
            ),
            ("given up in all", Fen(report.forfeited_fen).to_string()),
            ("account", if report.opened { "open" } else { "not opened" }.to_owned()),
            ("purse", format!("{}, {} purchases", Fen(report.balance_fen), report.count)),
            ("tries of its master key", report.tries.map_or("-".into(), |tries| tries.to_string())),
            ("check values", report.check_values.line()),
        ])
    })
}

/// Leads ESAMs through a change of their life.
pub fn pass(call: &Call, (options, act): &(Pass, LifeChange)) -> Result<()> {
    let mut access = options.city.get(options.spend_last_try);
    access.supervisor_pin = options.second_pin_file.clone().map(|file| Some(file).into());
    let request = PassRequest {
        act: *act,
        cards: options.cards.clone(),
        access,
        out: options.out.clone(),
        forfeit: options.forfeit,
        dry_run: options.dry_run,
    };
    let Some(report) = life::pass(call, &request)? else { return Ok(()) };
    match &report {
        PassReport::Planned { plans } => {
            answer(call, &plans.join("\n"), &report);
            Ok(())
        }
        PassReport::Passed(passed) => tell(call, passed),
    }
}

fn tell(call: &Call, report: &PassedEsams) -> Result<()> {
    let rows = report
        .esams
        .iter()
        .map(|esam| row![esam.number, esam.what, esam.now, esam.pairing.as_deref().unwrap_or("-")]);
    answer(call, &table(&["ESAM", "what", "now", "pairing file"], rows.collect()), report);
    if report.esams.iter().any(|esam| esam.pairing.is_some()) {
        say(
            "each meter needs its pairing file: `gridcard meter pair NUMBER --pairing FILE`, before or after",
        );
    }
    report.failed.iter().for_each(|fault| say(format!("not done: {fault}")));
    report.must_be_whole()
}
