//! The closing of a card of ours, and what it leaves [docs/specs/cards.md 4].
//!
//! A card is closed by the UPDATE BINARY that makes its card information complete. Closing is a check: files and keys must be
//! exactly those of the kind's profile, so that nothing an operator put in beside them stays. From then on rows of the command
//! table that need an unclosed card answer 6985, and UPDATE BINARY writes only what the profile leaves open.

use crate::context::Context;
use crate::files::{FileKind, HEADER, Node, WRITTEN};
use crate::halt::Halt;
use crate::header::header_of;
use crate::keyfile::{self, KeyRecord};
use crate::state::Selection;
use alloc::vec::Vec;
use core::ops::Range;
use scheme::profile::{
    self, CardInfo, CardKind, Directory, EF_CARD_INFO, FACTORY_KEYS, FACTORY_MF, Fid, FileRow, IN_THE_MAKING,
    KeyRow, Make, PREVIOUS_MASTER, PinRow, State,
};
use wire::Sw;

/// Bytes a PIN takes in its record.
const PIN_LEN: usize = 8;

/// Whether the card is a finished device of ours; one of the older make is closed too.
pub fn is_closed(context: &Context<'_>) -> bool {
    let info = info_file(context).filter(Node::is_written);
    info.is_some_and(|node| is_finished(context.memory.byte(node.body() + CardInfo::STRUCTURE_VERSION)))
}

const fn is_finished(version: u8) -> bool {
    version == Make::Older as u8 || version == Make::Current as u8
}

/// Card information of a card of ours; `None` on a card of another kind, or where no such file is.
fn info_file(context: &Context<'_>) -> Option<Node> {
    if profile::directories(context.chip.kind).is_empty() {
        return None;
    }
    let wanted = |node: &Node| {
        node.fid() == EF_CARD_INFO && node.kind() == FileKind::Binary && node.size() == CardInfo::LEN
    };
    Node::mf(&context.memory)?.child(&context.memory, wanted)
}

/// Whether UPDATE BINARY may write these bytes of a file of the current directory: on a closed card what the profile leaves
/// open, 6985 for all else.
pub fn may_update(context: &Context<'_>, file: &Node, place: Range<usize>) -> Result<(), Halt> {
    if !is_closed(context) {
        return Ok(());
    }
    let open = profile::writable_when_closed(context.chip.kind, context.dir()?.fid(), file.fid());
    let fits = open.start <= place.start && place.end <= open.end;
    if fits { Ok(()) } else { Err(Sw::CONDITIONS.into()) }
}

/// After UPDATE BINARY staged its bytes: when they make the card information anything but *in the making*, the card closes, or
/// the command is refused (6985). A card that closes has no right left that anybody proved, and no free mode.
///
/// A file of that name and another size takes nothing at all: who reads 30 bytes of it would take the card for a finished one.
pub fn updated(context: &mut Context<'_>, file: &Node) -> Result<(), Halt> {
    let ours = !profile::directories(context.chip.kind).is_empty();
    if !ours || file.fid() != EF_CARD_INFO || context.dir()?.fid() != Fid::MF {
        return Ok(());
    }
    let info = info_file(context).filter(|info| info.at == file.at).ok_or(Sw::CONDITIONS)?;
    if context.memory.byte(info.body() + CardInfo::STRUCTURE_VERSION) == IN_THE_MAKING {
        return Ok(());
    }
    if !fits_profile(context, &info) {
        return Err(Sw::CONDITIONS.into());
    }
    context.volatile.mf_register = 0;
    context.volatile.selection = Selection::mf(0, false);
    Ok(())
}

fn fits_profile(context: &Context<'_>, info: &Node) -> bool {
    let bytes: [u8; CardInfo::LEN] = context.memory.array(info.body());
    let Some(mf) = Node::mf(&context.memory) else { return false };
    let mf_fits = is_row(context, &mf, &FileRow { shape: mf_shape(&mf), ..FACTORY_MF });
    is_well_formed(context, &bytes)
        && mf_fits
        && profile::directories(context.chip.kind).iter().all(|directory| {
            let node = match directory.fid {
                Fid::MF => Some(mf),
                fid => mf.child(&context.memory, |node| node.is_dir() && node.fid() == fid),
            };
            node.is_some_and(|node| {
                files_fit(context, &node, directory) && keys_fit(context, &node, directory)
            })
        })
}

/// The MF takes the whole chip, whose size is the chip's own.
fn mf_shape(mf: &Node) -> scheme::profile::Shape {
    use scheme::profile::Shape;
    match FACTORY_MF.shape {
        Shape::Dir(_, app, name) => Shape::Dir(mf.size() as u16, app, name),
        other => other,
    }
}

/// Whether card information is that of a finished card of this chip: nothing in the bytes without a meaning, kind and suite the
/// chip's, numbers and days packed BCD.
fn is_well_formed(context: &Context<'_>, bytes: &[u8; CardInfo::LEN]) -> bool {
    let Ok(info) = CardInfo::parse(bytes) else { return false };
    let chip = context.chip;
    let state = match info.state {
        State::Test => true,
        State::Formal => !info.kind.is_always_test(),
        State::Retired => false,
    };
    let is_bcd = |bytes: &[u8]| bytes.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0F <= 9);
    info.make == Make::Current
        && info.to_bytes() == *bytes
        && (info.kind, info.suite) == (chip.kind, chip.suite.code())
        && state
        && (info.kind == CardKind::MainControl) == (info.region == [0; 4])
        && scheme::numbers::names_a_device(&info.number)
        && [&info.region[..], &info.number, &info.valid_from, &info.valid_to].into_iter().all(is_bcd)
        && info.valid_from <= info.valid_to
}

/// Whether a directory holds the files of its rows, each as the row has it, and no other.
fn files_fit(context: &Context<'_>, dir: &Node, directory: &Directory) -> bool {
    let factory = (directory.fid == Fid::MF).then_some(&FACTORY_KEYS);
    let rows: Vec<&FileRow> = factory.into_iter().chain(directory.files).collect();
    let files: Vec<Node> = dir.children(&context.memory).collect();
    let is_there = |row: &&FileRow| files.iter().any(|node| is_row(context, node, row));
    files.len() == rows.len() && rows.iter().all(is_there)
}

/// Whether a file is what CREATE FILE makes of a row. What changes in a header while a card lives is left out: the mark of a
/// written EF, the count of wrong MACs of a KEY file. A file that only the card itself writes (a count, a chain, a limit) must
/// be as it was created, whatever free mode allowed; an ESAM sets its own to zero.
fn is_row(context: &Context<'_>, node: &Node, row: &FileRow) -> bool {
    let command = row.create();
    let data = command.data_bytes();
    let Some(kind) = data.first().and_then(|byte| FileKind::of(*byte)) else { return false };
    let Ok((wanted, name)) = header_of(kind, row.fid, data) else { return false };
    let mut found: [u8; HEADER] = node.header;
    match kind {
        FileKind::Dir => {}
        FileKind::Keys => found[8] = wanted[8],
        _ if row.write == profile::NEVER && context.chip.kind != CardKind::Esam => {}
        _ => found[9] &= !WRITTEN,
    }
    found == wanted && node.name(&context.memory) == name
}

/// Whether the KEY file of a directory holds the keys and PINs of its rows, each as its row has it, and no other, and nothing
/// staged.
fn keys_fit(context: &Context<'_>, dir: &Node, directory: &Directory) -> bool {
    let Some(file) = dir.key_file(&context.memory) else { return false };
    let records: Vec<KeyRecord> = keyfile::records(&context.memory, &file).collect();
    let version_of = |row: &KeyRow| {
        let record = records.iter().find(|record| is_place(record, row))?;
        (row.tail.is_none() && row.role != PREVIOUS_MASTER).then_some(record.byte4())
    };
    let version = directory.keys.iter().find_map(version_of);
    let earlier = version.is_some_and(|version| version > 1);
    let keys: Vec<&KeyRow> =
        directory.keys.iter().filter(|row| row.role != PREVIOUS_MASTER || earlier).collect();
    let first = context.chip.kind != CardKind::MainControl || version == Some(1);
    let key = |row: &&KeyRow| records.iter().any(|record| is_key(record, row, version.unwrap_or(0)));
    let pin = |row: &PinRow| records.iter().any(|record| is_pin(record, row));
    first
        && keyfile::staged(&context.memory, &file).next().is_none()
        && records.len() == keys.len() + directory.pins.len()
        && keys.iter().all(key)
        && directory.pins.iter().all(pin)
}

/// Whether a record stands where a row has its key.
fn is_place(record: &KeyRecord, row: &KeyRow) -> bool {
    (record.type_byte(), record.id()) == (row.kind, row.id)
}

fn is_key(record: &KeyRecord, row: &KeyRow, version: u8) -> bool {
    let rights = (record.use_right().0, record.change_right().0) == (row.use_right, row.change_right);
    let tail = match row.tail {
        Some([b4, b5]) => record.byte4() == b4 && record.byte5() >> 4 == b5 >> 4,
        None if row.role == PREVIOUS_MASTER => (1..version).contains(&record.byte4()) && record.byte5() == 0,
        None => record.byte4() == version && version > 0 && record.byte5() == 0,
    };
    is_place(record, row) && rights && tail && record.len() == keyfile::MAX_VALUE
}

fn is_pin(record: &KeyRecord, row: &PinRow) -> bool {
    let [kind, use_right, change_right, follow_up, tries] = row.header;
    (record.type_byte(), record.id()) == (kind, row.id)
        && (record.use_right().0, record.change_right().0) == (use_right, change_right)
        && (record.byte4(), record.byte5() >> 4) == (follow_up, tries >> 4)
        && record.len() == PIN_LEN
}
