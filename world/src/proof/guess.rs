//! Secrets tried by force: each has a counter that ends it, and power that is cut in the middle gives no try back.

use super::board::{Progress, Row};
use crate::bare::{City, Seed};
use keys::Suite;
use parties::trouble::{Context, Result};
use reader::driver::fmcos::Fmcos;
use reader::driver::psam::Psam;
use scheme::signing::Mode;
use vcard::{Slot, SupplyCut, Torn};
use wire::{Channel, Command, Sw};

/// A secret of a card, and a wrong guess at it.
struct Secret {
    name: &'static str,
    what: &'static str,
    card: Slot,
    guess: fn(&mut Slot) -> Result<Sw>,
}

/// Guesses at PIN and keys, to the end of their counters, with the supply cut at each write of a try.
///
/// # Errors
/// The parties cannot be set up.
pub fn guess(suite: Suite, seed: Seed, progress: Progress<'_>) -> Result<Vec<Row>> {
    let mut city = City::new(suite, seed)?;
    let site = city.site(0, Mode::Signed)?;
    let bank = city.bank(&[])?;
    let secrets = [
        Secret { name: "PIN of a PSAM", what: "its counter", card: seed.copy(&bank.psam)?, guess: pin },
        Secret {
            name: "key of a meter's MCU, 39/03",
            what: "its counter",
            card: seed.copy(&site.esam)?,
            guess: mcu,
        },
        Secret {
            name: "own master of an ESAM, 39/00",
            what: "its counter",
            card: seed.copy(&site.esam)?,
            guess: master,
        },
        Secret {
            name: "MAC of a root's certificate, 4 bytes",
            what: "the counter of 39/00",
            card: seed.copy(&site.esam)?,
            guess: root,
        },
    ];
    let mut rows = Vec::new();
    for secret in &secrets {
        progress(secret.name);
        rows.push(to_the_end(secret, seed)?);
        rows.push(with_cuts(secret, seed)?);
    }
    Ok(rows)
}

/// Whether a word says that a guess was wrong and counted, and how many are left.
fn left(sw: Sw) -> Option<u8> {
    sw.tries()
}

/// Guesses until the card takes none any more; far more are tried.
fn to_the_end(secret: &Secret, seed: Seed) -> Result<Row> {
    let mut row = Row::new("guess", format!("{}, by force", secret.name));
    let mut card = seed.copy(&secret.card)?;
    let mut before = u8::MAX;
    for n in 0..64 {
        let sw = (secret.guess)(&mut card)?;
        match left(sw) {
            Some(now) if now < before => {
                before = now;
                row.stopped(secret.what);
            }
            None if before == 0 && !sw.is_ok() => row.stopped(format!("blocked: {sw}")),
            _ => row.went_through(format!("guess {n}: {sw} after {before} left")),
        }
    }
    Ok(row)
}

/// The supply goes at each write of a try, again and again: the counter never rises, and ends.
fn with_cuts(secret: &Secret, seed: Seed) -> Result<Row> {
    let mut row = Row::new("guess", format!("{}, the supply cut at each try", secret.name));
    for after in 0..8 {
        for torn in [Torn::Old, Torn::New, Torn::Prefix(33), Torn::Erased, Torn::Noise(1)] {
            let mut card = seed.copy(&secret.card)?;
            let mut tries = count(secret, &card, seed)?;
            if tries == 0 || tries == u32::MAX {
                row.went_through(format!("{tries} tries at the beginning"));
                continue;
            }
            for _ in 0..8 {
                card.cut(SupplyCut { after, torn });
                let answered = (secret.guess)(&mut card);
                card = seed.copy(&card)?;
                let now = count(secret, &card, seed)?;
                // A guess whose answer was heard has cost a try; one whose answer was lost tells nothing.
                let told = answered.is_ok_and(|sw| left(sw).is_some());
                if now > tries || (told && now == tries && tries > 0) {
                    row.went_through(format!("{after} writes, {torn:?}: {tries} tries, then {now}"));
                } else {
                    row.stopped("no answer before the counter is written");
                }
                tries = now;
            }
        }
    }
    Ok(row)
}

/// How many guesses a copy of the card still takes.
fn count(secret: &Secret, card: &Slot, seed: Seed) -> Result<u32> {
    let mut card = seed.copy(card)?;
    for taken in 0..64 {
        if left((secret.guess)(&mut card)?).is_none() {
            return Ok(taken);
        }
    }
    Ok(u32::MAX)
}

fn pin(card: &mut Slot) -> Result<Sw> {
    let mut psam = Psam::open(card)?;
    let answer = psam.fmcos().ask("VERIFY", &Command::new(0x00, 0x20, 0x00, 0x00).data(b"\x65\x43\x21"))?;
    Ok(answer.sw)
}

/// The MF of a card that was reset.
fn mf(card: &mut Slot) -> Result<Fmcos<'_>> {
    card.reset()?;
    let mut fmcos = Fmcos::new(card);
    fmcos.select_mf()?;
    Ok(fmcos)
}

fn external(card: &mut Slot, key: u8) -> Result<Sw> {
    let mut fmcos = mf(card)?;
    let suite = Suite::from_code(fmcos.card_info()?.suite).context("a suite")?;
    let challenge = fmcos.challenge8()?;
    let guessed: Vec<u8> = challenge.into_iter().cycle().take(suite.block()).collect();
    Ok(fmcos.ask("EXTERNAL AUTHENTICATE", &Command::new(0x00, 0x82, 0x00, key).data(&guessed))?.sw)
}

fn mcu(card: &mut Slot) -> Result<Sw> {
    external(card, 0x03)
}

fn master(card: &mut Slot) -> Result<Sw> {
    external(card, 0x00)
}

fn root(card: &mut Slot) -> Result<Sw> {
    let mut fmcos = mf(card)?;
    let certificate = crate::bare::root(Suite::from_code(fmcos.card_info()?.suite).context("a suite")?)?;
    fmcos.challenge8()?;
    let field = [&certificate.to_bytes()[..], &[0; 4]].concat();
    let [cla, ins, p1, p2, _] = scheme::signing::STORE_ROOT;
    Ok(fmcos.ask("STORE CERTIFICATE", &Command::new(cla, ins, p1, p2).data(&field))?.sw)
}
