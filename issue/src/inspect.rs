//! A finished card looked at as a stranger would: what nobody may do is tried, and must fail without harm.
//!
//! The plan has read back files and keys before it declared the card finished; this is the other half. After a
//! reset, without any right: card information, the purse. Then a wrong cryptogram, which costs one try, and the right one, which
//! gives it back: the card is not locked, and its own master key is the one its source derives. Then, with all that this key
//! gives: ERASE DF, a new file, a key in clear, a PIN beside its own, a sealed key, card information, an ESAM's account and purse; each
//! is answered with the status word of a closed card. A key of the card still has its check value. At the end the card is reset.
//!
//! Commands that must be refused carry zeros: a card that took one would be worthless, not dangerous.

mod error;

pub use error::{InspectError, Refusal};

use crate::card::KeyCheck;
use crate::headers;
use crate::plan::cost::{Share, exchange, reset};
use crate::plan::{Master, Plan, Step};
use crate::source::KeySource;
use reader::count::{Counter, Tally};
use reader::driver::fmcos::Fmcos;
use scheme::numbers::Serial;
use scheme::profile::{
    CardInfo, CardKind, EF_CARD_INFO, EF_PARAMETERS, Fid, FileRow, KeyRow, Recipient, Shape,
};
use wire::atr::serial_of;
use wire::channel::Channel;
use wire::{Command, Sw};

/// A key of nothing.
const ZEROS: [u8; 16] = [0; 16];
/// Head of a PIN that would open state A to whoever knows it.
const NEW_PIN: [u8; 5] = [0x3A, 0xF0, 0xEF, 0xAA, 0x33];
/// A file no card of ours has.
const STRANGER: Fid = Fid(0x5FFF);

/// Looks at a finished card. `keys` are its keys as the plan saw them.
///
/// # Errors
/// It is not finished or another card, it took what it had to refuse, or it did not take its own master key.
pub fn inspect(
    plan: &Plan,
    serial: Serial,
    keys: &[KeyCheck],
    channel: &mut dyn Channel,
    source: &mut dyn KeySource,
) -> Result<Tally, InspectError> {
    let mut counter = Counter::new(channel);
    let mut card = Fmcos::new(&mut counter);
    let atr = card.reset()?;
    if serial_of(&atr).map(Serial) != Some(serial) {
        return Err(InspectError::OtherCard { wanted: serial });
    }
    card.select_mf()?;
    if card.card_info()? != *plan.card_info() {
        return Err(InspectError::NotThisCard { number: plan.number() });
    }
    without_rights(plan, &mut card)?;
    authentication(plan, serial, &mut card, source)?;
    with_rights(plan, &mut card)?;
    unchanged(plan, keys, &mut card)?;
    card.reset()?;
    Ok(counter.tally())
}

/// What the inspection costs on a T=0 line, as [`Plan::line`] counts.
pub fn cost(plan: &Plan) -> Share {
    let mut sum = reset();
    sum += reset();
    let information = CardInfo::LEN;
    let block = plan.suite().block();
    let plain = 5 + ZEROS.len();
    let sealed = usize::from(headers::wrapped_lc(plan.suite()));
    // SELECT, READ BINARY; without rights: card information; two challenges and cryptograms; with rights: ERASE DF, a file, two
    // plain keys, a challenge and a sealed one, card information; KEY INFORMATION.
    let mut exchanges = vec![
        (2, 0),
        (0, information),
        (information, 0),
        (0, 8),
        (block, 0),
        (0, 8),
        (block, 0),
        (0, 0),
        (7, 0),
        (plain, 0),
        (13, 0),
        (0, 8),
        (sealed, 0),
        (information, 0),
        (0, 6),
    ];
    if plan.kind() == CardKind::Esam {
        // The purse twice, and its account.
        exchanges.extend([(4, 0), (2, 0), (1, 0), (4, 0)]);
    }
    exchanges.into_iter().for_each(|(data, answer)| sum += exchange(data, answer));
    sum
}

fn own_master(plan: &Plan) -> Option<&'static KeyRow> {
    Recipient::Card(plan.kind()).keys().iter().find(|row| row.role == 0)
}

/// A command that must be refused, and with which word.
fn refused(card: &mut Fmcos<'_>, what: Refusal, command: &Command, word: Sw) -> Result<(), InspectError> {
    match card.send(what.step(), command) {
        Err(error) if error.sw() == Some(word) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(InspectError::Took { what }),
    }
}

fn plain_key(plan: &Plan) -> Option<Command> {
    let row = own_master(plan)?;
    let data = [&row.header(0)[..], &ZEROS].concat();
    Some(Command::new(0x80, 0xD4, row.kind & 0x3F, row.id).data(&data))
}

/// UPDATE RECORD of the purse's first record, the balance.
fn purse() -> Command {
    Command::new(0x00, 0xDC, 0x01, 0x01 << 3 | 0x04).data(&[0; 4])
}

fn information() -> Command {
    Command::new(0x00, 0xD6, 0x80 | EF_CARD_INFO.bytes()[1], 0x00).data(&[0; CardInfo::LEN])
}

fn without_rights(plan: &Plan, card: &mut Fmcos<'_>) -> Result<(), InspectError> {
    refused(card, Refusal::CardInformation, &information(), Sw::NOT_ALLOWED)?;
    if plan.kind() == CardKind::Esam {
        refused(card, Refusal::Purse, &purse(), Sw::NOT_ALLOWED)?;
    }
    Ok(())
}

/// The file whose rights a stranger's file would have: card information, which every plan creates.
fn first_file(plan: &Plan) -> &'static FileRow {
    let first = plan.steps().iter().find_map(|step| match step {
        Step::Create(row) => Some(*row),
        _ => None,
    });
    first.unwrap_or(&scheme::profile::FACTORY_KEYS)
}

fn authentication(
    plan: &Plan,
    serial: Serial,
    card: &mut Fmcos<'_>,
    source: &mut dyn KeySource,
) -> Result<(), InspectError> {
    let target = plan.target(serial, Master::Own);
    let challenge = card.challenge8()?;
    let right = source.authenticate_target(&target, challenge)?;
    let wrong: Vec<u8> = right.iter().map(|byte| !byte).collect();
    match card.external_authenticate(0x00, &wrong) {
        Err(error) if error.tries_left() == Some(0) => return Err(InspectError::Locked),
        Err(error) if error.tries_left().is_some() => {}
        Err(error) => return Err(error.into()),
        Ok(()) => return Err(InspectError::Took { what: Refusal::Cryptogram }),
    }
    let challenge = card.challenge8()?;
    let right = source.authenticate_target(&target, challenge)?;
    card.external_authenticate(0x00, &right).map_err(|error| match error.tries_left() {
        Some(tries) => InspectError::Authentication { tries },
        None => error.into(),
    })
}

fn with_rights(plan: &Plan, card: &mut Fmcos<'_>) -> Result<(), InspectError> {
    let closed = Sw::CONDITIONS;
    refused(card, Refusal::Erasure, &Command::new(0x80, 0x0E, 0x00, 0x00), closed)?;
    let row = FileRow { fid: STRANGER, shape: Shape::Binary(1), ..*first_file(plan) };
    refused(card, Refusal::NewFile, &row.create(), closed)?;
    if let Some(command) = plain_key(plan) {
        refused(card, Refusal::PlainKey, &command, closed)?;
    }
    let pin = [&NEW_PIN[..], &[0; 8]].concat();
    refused(card, Refusal::NewPin, &Command::new(0x80, 0xD4, 0x01, 0x05).data(&pin), closed)?;
    if let Some(row) = own_master(plan) {
        card.challenge8()?;
        let [cla, ins, p1, p2, lc] = headers::change(row, plan.suite());
        let field = vec![0; usize::from(lc)];
        refused(card, Refusal::SealedKey, &Command::new(cla, ins, p1, p2).data(&field), closed)?;
    }
    refused(card, Refusal::CardInformation, &information(), closed)?;
    if plan.kind() == CardKind::Esam {
        card.select_fid(EF_PARAMETERS)?;
        let account = Command::new(0x00, 0xD6, 0x00, 0x00).data(&[0x00]);
        refused(card, Refusal::Account, &account, closed)?;
        refused(card, Refusal::Purse, &purse(), Sw::NOT_ALLOWED)?;
    }
    Ok(())
}

/// The first key of the card still has the check value that the plan saw.
fn unchanged(plan: &Plan, keys: &[KeyCheck], card: &mut Fmcos<'_>) -> Result<(), InspectError> {
    let Some(key) = keys.first() else { return Ok(()) };
    let row = Recipient::Card(plan.kind()).keys().iter().find(|row| row.role == key.role.code());
    let Some(row) = row else { return Ok(()) };
    let directory = plan.steps().iter().find_map(|step| match step {
        Step::Select(fid) => Some(*fid),
        _ => None,
    });
    if let Some(directory) = directory {
        card.select_fid(directory)?;
    }
    let seen = card.key_information(row.kind, row.id)?;
    if seen.kcv == key.check_value.0 { Ok(()) } else { Err(InspectError::Changed { role: key.role }) }
}
