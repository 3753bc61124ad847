//! `gridcard esam show | change-keys | formal | test | retire`: an ESAM's life after it was issued.

use super::{ends_the_run, pairing_name};
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::now;
use crate::fail::refused;
use crate::home::{self, Home};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::out;
use crate::output::{answer, say, table};
use crate::{in_force, issue, people, secret, transport};
use ::issue::card::KeyCheck;
use ::issue::life::{self, Act, Leave, Passage, Planned, Seen};
use ::issue::pairing;
use ::issue::source::{CardSource, KeySource};
use ::office::journal::Journal;
use ::scheme::numbers::{CheckValue, DeviceNumber};
use ::scheme::pin::Pins;
use clap::Args;
use keys::Role;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::money::Fen;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, ESAM_KEYS, State};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Options of `esam show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The ESAM: a card file, or a card in a reader.
    pub card: CardRef,
}

/// Options of the acts of a life.
#[derive(Debug, Args)]
pub struct Pass {
    /// ESAMs: card files (a meter's is meters/NUMBER/esam.card), or cards in readers.
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the ESAM issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
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

/// Shows an ESAM; needs no home and spends no try.
pub fn show(global: &Global, options: &Show) -> Result<()> {
    let mut card = Bay::open(global, &options.card, CardKind::Esam)?;
    let seen = life::look(&mut card)?;
    let keys = keys_of(&mut card, &seen)?;
    card.close()?;
    let number = DeviceNumber(seen.info.number);
    let (life, tries) = (seen.life, seen.tries);
    let highest = life.map_or(0, |life| life.formal);
    let text = facts(&[
        ("ESAM", format!("{number} of city {}, chip {}", RegionCode(seen.info.region), seen.serial)),
        ("state", seen.info.state.name().to_owned()),
        ("key version", if seen.version == 0 { "none: destroyed".into() } else { seen.version.to_string() }),
        ("highest formal version", if highest == 0 { "none".into() } else { highest.to_string() }),
        ("key sets after the first", life.map_or("cannot change".into(), |life| life.changes.to_string())),
        ("given up in all", life.map_or(Fen(0), |life| life.forfeited).to_string()),
        ("account", if seen.opened { "open" } else { "not opened" }.to_owned()),
        ("purse", format!("{}, {} purchases", seen.purse.balance, seen.purse.count)),
        ("tries of its master key", tries.map_or("-".into(), |tries| tries.to_string())),
        ("check values", issue::keys_line(&keys)),
    ]);
    let object = json!({
        "number": number.to_string(), "city": RegionCode(seen.info.region).to_string(), "serial": seen.serial.to_string(),
        "state": seen.info.state.name(), "key_version": seen.version, "highest_formal_version": highest,
        "key_changes": life.map(|life| life.changes), "forfeited_fen": life.map_or(0, |life| life.forfeited.0),
        "opened": seen.opened, "balance_fen": seen.purse.balance.0, "count": seen.purse.count, "tries": tries,
        "check_values": issue::keys_json(&keys),
    });
    answer(global, &text, object);
    Ok(())
}

/// Check values of the keys a card shows.
fn keys_of(card: &mut Bay, seen: &Seen) -> Result<Vec<KeyCheck>> {
    let mut keys = Vec::new();
    if seen.info.state == State::Retired {
        return Ok(keys);
    }
    let mut fmcos = Fmcos::new(card);
    for row in ESAM_KEYS {
        if let Some(role) = Role::from_code(row.role) {
            let check_value = CheckValue(fmcos.key_information(row.kind, row.id)?.kcv);
            keys.push(KeyCheck { role, check_value, confirmed: false });
        }
    }
    Ok(keys)
}

/// What came of one card.
struct Row {
    number: DeviceNumber,
    what: &'static str,
    now: String,
    pairing: Option<PathBuf>,
}

/// What all cards of a command share.
struct Office<'o, 'c> {
    global: &'o Global,
    options: &'o Pass,
    act: Act,
    source: CardSource<'c>,
    out: PathBuf,
}

/// Leads ESAMs through an act.
pub fn pass(global: &Global, options: &Pass, act: Act) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "leading ESAMs through their lives")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the ESAM issuing card")?;
    let supervised = matches!(act, Act::Test | Act::Retire);
    let supervisor = if supervised || options.second_pin_file.is_some() {
        Some(secret::pin(options.second_pin_file.as_deref(), "the ESAM issuing card, supervisor")?)
    } else {
        None
    };
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::EsamIssuing), CardKind::EsamIssuing)?;
    let pins =
        Pins { operator: Some(&pin), officer: supervisor.as_ref(), spend_last_try: options.spend_last_try };
    in_force::must_make(global, &folder, &mut issuing)?;
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    if act != Act::Retire {
        transport::must_be_earnest(global, &mut source)?;
    }
    let out = match &options.out {
        Some(out) => out.clone(),
        None => out(&folder)?,
    };
    let mut office = Office { global, options, act, source, out };
    if options.dry_run {
        return office.dry_run();
    }
    if act == Act::Retire {
        let words = format!("retiring {} ESAM(s)", options.cards.len());
        if !people::both(global, &folder, &words, office.source.about().state)? {
            return Ok(());
        }
    }
    if matches!(act, Act::ChangeKeys | Act::Formal) {
        issue::tell_left(&mut office.source, options.cards.len())?;
    }
    let mut journal = issue::journal(global, &folder)?;
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for card in &options.cards {
        match office.one(card, &mut journal) {
            Ok(row) => rows.push(row),
            Err(error) if options.cards.len() == 1 || ends_the_run(&error) => {
                return Err(error.context(card.to_string()));
            }
            Err(error) => faults.push(format!("{card}: {}", error)),
        }
    }
    drop(office);
    issuing.close()?;
    report(global, act, &rows, &faults)
}

fn report(global: &Global, act: Act, rows: &[Row], faults: &[String]) -> Result<()> {
    let path = |row: &Row| row.pairing.as_ref().map(|path| path.display().to_string());
    let lines = rows.iter().map(|row| {
        vec![
            row.number.to_string(),
            row.what.to_owned(),
            row.now.clone(),
            path(row).unwrap_or_else(|| "-".into()),
        ]
    });
    let esams = rows.iter().map(|row| {
        json!({ "number": row.number.to_string(), "what": row.what, "now": row.now, "pairing": path(row) })
    });
    let object = json!({ "act": act, "esams": esams.collect::<Vec<_>>(), "failed": faults });
    answer(global, &table(&["ESAM", "what", "now", "pairing file"], lines.collect()), object);
    if rows.iter().any(|row| row.pairing.is_some()) {
        say(
            "each meter needs its pairing file: `gridcard meter pair NUMBER --pairing FILE`, before or after",
        );
    }
    faults.iter().for_each(|fault| say(format!("not done: {fault}")));
    if faults.is_empty() { Ok(()) } else { Err(refused(format!("{} ESAM(s) failed", faults.len())).into()) }
}

impl Office<'_, '_> {
    fn leave(&self) -> Leave {
        Leave { forfeit: self.options.forfeit, spend_last_try: self.options.spend_last_try }
    }

    fn dry_run(&mut self) -> Result<()> {
        let mut plans = Vec::new();
        for card in &self.options.cards {
            let mut bay = Bay::open(self.global, card, CardKind::Esam)?;
            let seen = life::look(&mut bay)?;
            let planned = Passage::plan(self.act, &seen, &self.source.about(), self.leave())
                .with_context(|| card.to_string())?;
            plans.push(match planned.due() {
                Some(passage) => passage.dry_run().to_string(),
                None => format!("{card}: nothing to do"),
            });
        }
        answer(self.global, &plans.join("\n"), json!({ "plans": plans }));
        Ok(())
    }

    fn one(&mut self, card: &CardRef, journal: &mut Journal) -> Result<Row> {
        let mut bay = Bay::open(self.global, card, CardKind::Esam)?;
        let seen = life::look(&mut bay)?;
        let number = DeviceNumber(seen.info.number);
        let at = now(self.global)?.to_string();
        let (what, keys) = match Passage::plan(self.act, &seen, &self.source.about(), self.leave())? {
            Planned::Due(passage) => {
                if passage.activation().state == State::Formal {
                    bay.must_take(State::Formal)?;
                }
                ("done", office::passage::pass(&passage, &mut bay, &mut self.source, journal, &at)?.keys)
            }
            Planned::Done => {
                let keys = keys_of(&mut bay, &seen)?;
                // A run that broke off after the card was done is concluded now.
                if let Some(passing) = journal.open_passage(seen.serial)?.filter(|open| open.act == self.act)
                {
                    journal.conclude_passage(&at, &passing, &keys)?;
                }
                ("was done", keys)
            }
        };
        let seen = life::look(&mut bay)?;
        bay.close()?;
        let pairing = match self.act {
            Act::Retire => None,
            act => Some(self.pair(number, RegionCode(seen.info.region), &keys, act == Act::Test)?),
        };
        let version = if seen.version == 0 { String::new() } else { format!(", version {}", seen.version) };
        Ok(Row { number, what, now: format!("{}{version}", seen.info.state.name()), pairing })
    }

    /// The pairing file for the meter's MCU.
    fn pair(
        &mut self,
        number: DeviceNumber,
        region: RegionCode,
        keys: &[KeyCheck],
        to_test: bool,
    ) -> Result<PathBuf> {
        // An ESAM that went to test by a test issuing card has that card's own keys.
        let test_keys = to_test && self.source.about().state == State::Formal;
        let path = self.out.join(pairing_name(number));
        let file = pairing::make_of(&mut self.source, number, region, keys, test_keys)?;
        write(&path, &file.to_json()?)?;
        Ok(path)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    home::write(path, text.as_bytes())
}
