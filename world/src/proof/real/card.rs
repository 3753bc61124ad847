//! A card in its reader: what it tells and takes without a right.

use super::super::board::{Progress, Row};
use super::LEFT_ALONE;
use keys::{Role, Suite, hierarchy};
use parties::trouble::Result;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::{Chv, Sim};
use scheme::profile::{
    self, CardInfo, CardKind, DF_PURCHASE, EF_SIGNING_KEY, Fid, FileRow, Recipient, Shape,
};
use std::collections::BTreeSet;
use wire::{Channel, Command, Sw};

/// Name of this proof in its rows.
const PROOF: &str = "card";
/// Challenges that are asked for, half of them after a reset each.
const CHALLENGES: usize = 32;
/// Short identifiers there are.
const SHORT: std::ops::RangeInclusive<u8> = 1..=0x1E;

/// What is to be tried with a card.
#[derive(Debug, Clone, Copy)]
pub struct CardTrial {
    /// What kind of card it is; unknown: of another make.
    pub kind: Option<CardKind>,
    /// Wrong guesses that may be made at each of its secrets. None by default: each spends a try.
    pub spend_tries: u8,
    /// Commands that would wipe or fill a card which does not refuse them.
    pub at_the_cards_risk: bool,
}

impl CardTrial {
    /// What will be done, in words, before any of it is.
    pub fn plan(&self) -> Vec<String> {
        let mut plan = vec![
            format!("ask for {CHALLENGES} random numbers, with {} resets", CHALLENGES / 2),
            "read every file, record and key that can be named, without a right".to_owned(),
        ];
        if self.kind.is_some_and(|kind| !kind.is_sim() && kind != CardKind::Fmcos) {
            plan.push(
                "write files back as they are, without a right: nothing changes if the card takes it".into(),
            );
        }
        plan.push(match self.spend_tries {
            0 => "make no guess: no try is spent".to_owned(),
            n => format!("make up to {n} wrong guess(es) at each PIN and key, and leave the last try alone"),
        });
        plan.push(match self.at_the_cards_risk {
            false => "send nothing that could wipe or fill it".to_owned(),
            true => "send what would WIPE OR FILL A CARD THAT DOES NOT REFUSE IT".to_owned(),
        });
        plan
    }
}

/// Tries a card.
///
/// # Errors
/// It is gone.
pub fn card(card: &mut dyn Channel, trial: &CardTrial, progress: Progress<'_>) -> Result<Vec<Row>> {
    progress("random numbers");
    let mut rows = vec![challenges(card, trial)?];
    progress("what it tells");
    if trial.kind.is_some_and(CardKind::is_sim) {
        if trial.spend_tries > 0 {
            progress("its PIN");
            rows.push(chv(card, trial.spend_tries)?);
        }
        return Ok(rows);
    }
    let info = look(card)?;
    rows.push(told(card, info.as_ref())?);
    if let Some(info) = &info {
        progress("what it takes");
        rows.push(written_back(card, info)?);
        if trial.at_the_cards_risk {
            rows.push(wiped(card)?);
        }
        if trial.spend_tries > 0 {
            progress("its secrets");
            rows.extend(guesses(card, info, trial.spend_tries)?);
        }
    }
    Ok(rows)
}

/// The card information of a finished card of ours.
fn look(card: &mut dyn Channel) -> Result<Option<CardInfo>> {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset()?;
    match fmcos.select_mf().and_then(|_| fmcos.card_info()) {
        Ok(info) => Ok(Some(info)),
        // A card of another make, or one that is not finished: it said so.
        Err(error) if error.sw().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ask(card: &mut dyn Channel, command: &Command) -> Result<(Vec<u8>, Sw)> {
    let answer = Fmcos::new(card).ask("a command of the proof", command)?;
    Ok((answer.data, answer.sw))
}

fn challenges(card: &mut dyn Channel, trial: &CardTrial) -> Result<Row> {
    let mut row = Row::new(PROOF, "random numbers that come again");
    let mut seen = BTreeSet::new();
    for n in 0..CHALLENGES {
        if n % 2 == 0 {
            card.reset()?;
        }
        // A classic SIM has none to give; its network gives them.
        if trial.kind == Some(CardKind::Sim) {
            row.stopped("it gives none");
            continue;
        }
        let (data, sw) = ask(card, &Command::new(0x00, 0x84, 0x00, 0x00).le(8))?;
        match (sw.is_ok(), seen.insert(data.clone())) {
            (true, true) => row.stopped("another each time"),
            (true, false) => row.went_through(format!("challenge {n} was given before")),
            (false, _) => row.stopped(format!("it gives none: {sw}")),
        }
    }
    Ok(row)
}

/// The published keys that a card in test state has, and nobody else should.
fn published(info: &CardInfo) -> Vec<Vec<u8>> {
    let Some(suite) = Suite::from_code(info.suite) else { return Vec::new() };
    let keys = Role::ALL.into_iter().flat_map(|role| {
        let root = hierarchy::test_root(suite, role);
        let city = hierarchy::city_key(&root, info.region, 1);
        let device = hierarchy::device_key(&city, info.kind.code(), info.number);
        [root, city, device].map(|key| key.expose().to_vec())
    });
    keys.collect()
}

/// Everything that can be named and read: no key is in it. Which keys those are is known of a card in test state; of any card the file of
/// its signing key is never read.
fn told(card: &mut dyn Channel, info: Option<&CardInfo>) -> Result<Row> {
    let mut row = Row::new(PROOF, "keys and PINs read without a right");
    let known = info.map(published).unwrap_or_default();
    let mut judge = |what: String, data: &[u8], sw: Sw| {
        let holds =
            known.iter().any(|key| data.windows(8).any(|eight| key.chunks(8).any(|half| half == eight)));
        match (sw.is_ok(), holds) {
            (_, true) => row.went_through(format!("{what} holds a key")),
            (true, false) => row.stopped("read, and no key is in it"),
            (false, false) => row.stopped(sw.to_string()),
        }
    };
    for directory in [None, Some(DF_PURCHASE)] {
        card.reset()?;
        let select = |fid: Fid| Command::new(0x00, 0xA4, 0x00, 0x00).data(&fid.bytes());
        if let Some(fid) = directory
            && !ask(card, &select(fid))?.1.is_ok()
        {
            continue;
        }
        for short in SHORT {
            let (data, sw) = ask(card, &Command::new(0x00, 0xB0, 0x80 | short, 0x00).le(0))?;
            judge(format!("file {short:02X}"), &data, sw);
            for record in 1..=3 {
                let (data, sw) = ask(card, &Command::new(0x00, 0xB2, record, short << 3 | 0x04).le(0))?;
                judge(format!("record {record} of {short:02X}"), &data, sw);
            }
        }
        for key_type in [0x30, 0x34, 0x35, 0x36, 0x39, 0x3A] {
            for id in 0..=0x0F {
                let (data, sw) = ask(card, &Command::new(0x80, 0x48, key_type, id).le(6))?;
                judge(format!("key {key_type:02X}/{id:02X}"), &data, sw);
            }
        }
    }
    card.reset()?;
    let (_, selected) = ask(card, &Command::new(0x00, 0xA4, 0x00, 0x00).data(&EF_SIGNING_KEY.bytes()))?;
    if selected.is_ok() {
        let (data, sw) = ask(card, &Command::new(0x00, 0xB0, 0x00, 0x00).le(0))?;
        match sw.is_ok() && data.iter().any(|byte| !matches!(byte, 0x00 | 0xFF)) {
            true => row.went_through("the file of the signing key is read"),
            false => row.stopped(sw.to_string()),
        }
    }
    Ok(row)
}

/// The file of a card's profile that a short identifier of the MF means.
fn row_of(kind: CardKind, short: u8) -> Option<&'static FileRow> {
    let mf = profile::directories(kind).iter().find(|directory| directory.fid == Fid::MF)?;
    mf.files.iter().find(|row| row.fid == Fid(short.into()))
}

/// What can be read is written back as it is. A finished card refuses that without a right; one that takes it is as it was.
fn written_back(card: &mut dyn Channel, info: &CardInfo) -> Result<Row> {
    let mut row = Row::new(PROOF, "files written without a right, with what they hold");
    for short in SHORT {
        // What anybody may write is no claim.
        let Some(file) = row_of(info.kind, short).filter(|row| row.write != profile::FREE) else { continue };
        card.reset()?;
        let is_binary = matches!(file.shape, Shape::Binary(_));
        let (read, write) = match is_binary {
            true => {
                (Command::new(0x00, 0xB0, 0x80 | short, 0x00), Command::new(0x00, 0xD6, 0x80 | short, 0x00))
            }
            false => (
                Command::new(0x00, 0xB2, 1, short << 3 | 0x04),
                Command::new(0x00, 0xDC, 1, short << 3 | 0x04),
            ),
        };
        let (data, sw) = ask(card, &read.le(0))?;
        if !sw.is_ok() || data.is_empty() {
            row.stopped(format!("not even read: {sw}"));
            continue;
        }
        let data = data.get(..data.len().min(0xE0)).unwrap_or_default();
        match ask(card, &write.data(data))?.1 {
            Sw::OK => row.went_through(format!("file {short:02X} was written")),
            sw => row.stopped(sw.to_string()),
        }
    }
    Ok(row)
}

/// What would end a card that does not refuse it.
fn wiped(card: &mut dyn Channel) -> Result<Row> {
    let mut row = Row::new(PROOF, "a finished card wiped or filled without a right");
    let key = [&[0x39, 0xF0, 0xFF, 0xAA, 0x33][..], &[7; 16]].concat();
    for (what, command) in [
        (
            "CREATE FILE",
            Command::new(0x80, 0xE0, 0x50, 0x77).data(&[0x28, 0x00, 0x10, 0xF0, 0xF0, 0xFF, 0xFF]),
        ),
        ("WRITE KEY", Command::new(0x80, 0xD4, 0x01, 0x1F).data(&key)),
        ("ERASE DF", Command::new(0x80, 0x0E, 0x00, 0x00)),
    ] {
        card.reset()?;
        match ask(card, &command)?.1 {
            Sw::OK => row.went_through(what),
            sw => row.stopped(format!("{what}: {sw}")),
        }
    }
    Ok(row)
}

/// A secret of a card, and the wrong guess at it.
struct Secret {
    name: String,
    kind: u8,
    id: u8,
    guess: Command,
}

fn secrets(info: &CardInfo) -> Vec<Secret> {
    let block = Suite::from_code(info.suite).map_or(8, Suite::block);
    let mut secrets: Vec<Secret> = profile::pins(info.kind)
        .iter()
        .map(|row| Secret {
            name: format!("PIN 3A/{:02X}", row.id),
            kind: 0x3A,
            id: row.id,
            guess: Command::new(0x00, 0x20, 0x00, row.id).data(b"\x99\x99\x99"),
        })
        .collect();
    let keys = Recipient::Card(info.kind).keys().iter().filter(|row| row.kind & 0x3F == 0x39);
    secrets.extend(keys.map(|row| Secret {
        name: format!("key 39/{:02X}", row.id),
        kind: 0x39,
        id: row.id,
        guess: Command::new(0x00, 0x82, 0x00, row.id).data(&vec![0xA5; block]),
    }));
    secrets
}

/// Wrong guesses, as many as may be spent: each costs a try, and the last of them is left alone.
fn guesses(card: &mut dyn Channel, info: &CardInfo, most: u8) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for secret in secrets(info) {
        let mut row = Row::new(PROOF, format!("{}, guessed", secret.name));
        for _ in 0..most {
            let mut fmcos = Fmcos::new(card);
            fmcos.reset()?;
            fmcos.select_mf()?;
            if secret.kind == 0x3A && matches!(info.kind, CardKind::Psam | CardKind::TestCard) {
                fmcos.select_fid(DF_PURCHASE)?;
            }
            let left = match fmcos.tries_left(secret.kind, secret.id) {
                Ok(left) => left,
                Err(error) if error.sw().is_some() => None,
                Err(error) => return Err(error.into()),
            };
            match left {
                Some(left) if left > LEFT_ALONE => {}
                Some(left) => {
                    row.stopped(format!("{left} left: left alone"));
                    break;
                }
                None => {
                    row.stopped("it does not tell its tries: left alone");
                    break;
                }
            }
            if secret.kind == 0x39 {
                fmcos.challenge8()?;
            }
            let sw = fmcos.ask("a wrong guess", &secret.guess)?.sw;
            match (sw.tries(), left) {
                (Some(now), Some(before)) if now + 1 == before => row.stopped("a try"),
                _ if !sw.is_ok() && sw.tries().is_none() => row.stopped(sw.to_string()),
                _ => row.went_through(format!("{sw} with {left:?} left")),
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The PIN of a SIM, likewise: it tells its tries, and the last is left alone.
fn chv(card: &mut dyn Channel, most: u8) -> Result<Row> {
    let mut row = Row::new(PROOF, "CHV1, guessed");
    for _ in 0..most {
        let mut sim = Sim::new(card);
        sim.reset()?;
        let left = sim.status()?.chv1.tries;
        if left <= LEFT_ALONE {
            row.stopped(format!("{left} left: left alone"));
            break;
        }
        let taken = sim.verify_chv(Chv::Chv1, b"99999999").is_ok();
        let mut sim = Sim::new(card);
        let now = sim.status()?.chv1.tries;
        if !taken && now < left {
            row.stopped("a try")
        } else {
            row.went_through(format!("{left} left, then {now}"))
        }
    }
    Ok(row)
}
