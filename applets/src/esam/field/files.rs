//! Files of the field: reading them plainly and with a MAC for a station, writing them with a MAC.

use super::super::account::{CUSTOMER, Parameters};
use super::super::receipts::{refuse, role_key};
use super::bound::{Again, checked, header, recharged};
use super::card;
use super::identity::check_factor;
use super::production;
use crate::info::current_info;
use alloc::vec::Vec;
use core::ops::Range;
use cos::{Context, Halt, closing, fmcos};
use keys::hierarchy::{Use, use_key};
use keys::{Key, Role, seal};
use scheme::field::{Source, Span, statement_mac};
use scheme::numbers::CustomerNumber;
use scheme::profile::{self, EF_PARAMETERS, EF_PURSE, Fid, Shape, field_file};
use scheme::refusal::Refusal;
use wire::{CommandRef, Sw};

/// Places in file 02.
const METER: Range<usize> = 0x1E..0x24;
const CUSTOMER_AT: Range<usize> = 0x24..0x2A;
/// What a station may write of it.
const WRITABLE: Range<usize> = 0x04..0x2D;
/// The sum over what stands between it and the first byte.
const SUM: usize = 0x2D;
/// Data of a read with a MAC: random 4, header 5, factor 8.
const ASKED: usize = 17;

/// File and offset that P1 P2 of a command name, when the file is one of the field's on a finished card of this make.
fn field_place(context: &Context<'_>, command: &CommandRef<'_>) -> Option<(Fid, usize)> {
    let (fid, offset) = if command.p1 & 0x80 == 0 {
        (context.current_ef().ok()?.fid(), usize::from(command.p1p2()))
    } else {
        (Fid(u16::from(command.p1 & 0x1F)), usize::from(command.p2))
    };
    let listed = |row: &profile::FileRow| {
        row.fid == fid && matches!(row.shape, Shape::Binary(_)) && fid != profile::EF_CARD_INFO
    };
    let known =
        fid == field_file::KEY_FRAME || (fid.short().is_some() && profile::ESAM_FILES.iter().any(listed));
    let alive = known && closing::is_closed(context) && current_info(context).is_ok();
    alive.then_some((fid, offset))
}

/// Whether UPDATE BINARY is a write with a MAC of the field.
pub fn is_write(context: &Context<'_>, command: &CommandRef<'_>) -> bool {
    command.cla & 0x04 != 0 && field_place(context, command).is_some()
}

/// READ BINARY: plain, where file 02 shows the card's own meter and customer; with 17 bytes of data, for a station.
pub fn read_binary(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let place = field_place(context, command);
    match place {
        Some((fid, offset)) if card::is_asked(command, ASKED) => card::state(context, command, fid, offset),
        Some((fid, offset)) if command.cla & 0x04 != 0 && command.data.len() == ASKED => {
            state_file(context, command, fid, offset)
        }
        Some((fid, offset)) if command.cla & 0x04 == 0 => {
            fmcos::read_binary(context, command)?;
            if fid == field_file::PARAMETERS {
                let whole = parameters(context)?;
                let shown = whole.get(offset..offset + context.answer.len()).ok_or(Sw::WRONG_OFFSET)?;
                context.answer.copy_from_slice(shown);
            }
            // Zeros are the content of a file that nobody wrote, and no damage; the field's meters take 9000 alone.
            Ok(Sw::OK)
        }
        _ => fmcos::read_binary(context, command),
    }
}

/// READ RECORD: with 17 bytes of data and of the purse, for a station.
pub fn read_record(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    // P2 0C: the purse, record P1.
    let of_purse = command.p2 == 0x0C && matches!(command.p1, 1 | 3);
    let asked = command.cla & 0x04 != 0 && command.data.len() == ASKED && of_purse;
    if !asked || !closing::is_closed(context) {
        return fmcos::read_record(context, command);
    }
    current_info(context)?;
    let value = context.read_counter(EF_PURSE, usize::from(command.p1))?;
    let source = if command.p1 == 1 { Source::MONEY } else { Source::COUNT };
    state(context, command, source, &value.to_be_bytes(), Wanted::of(command.data)?)
}

/// What a read with a MAC asks for.
struct Wanted {
    random: [u8; 4],
    header: [u8; 5],
    factor: [u8; 8],
}

impl Wanted {
    fn of(data: &[u8]) -> Result<Self, Halt> {
        let (random, rest) = data.split_first_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
        let (header, factor) = rest.split_first_chunk::<5>().ok_or(Sw::WRONG_LENGTH)?;
        let factor = factor.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
        Ok(Wanted { random: *random, header: *header, factor })
    }

    /// Bytes asked for: what the header's length counts beside MAC and factor. 6A80 unless the header is a station's: the ESAM makes
    /// no MAC for a header that it takes itself.
    fn len(&self) -> Result<usize, Halt> {
        let [cla, ins, p1, _, lc] = self.header;
        let beside = match [cla, ins, p1] {
            [0x04, 0xD6, 0x86] => 12,
            _ => return Err(Sw::WRONG_DATA.into()),
        };
        usize::from(lc).checked_sub(beside).filter(|len| *len > 0).ok_or(Sw::WRONG_DATA.into())
    }
}

fn state_file(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    fid: Fid,
    offset: usize,
) -> Result<Sw, Halt> {
    let wanted = Wanted::of(command.data)?;
    let file = context.ef(fid)?;
    let content = match fid {
        field_file::PARAMETERS => parameters(context)?.to_vec(),
        _ => {
            let mut bytes = Vec::new();
            context.memory.append_to(file.body(), file.size(), &mut bytes);
            bytes
        }
    };
    let len = wanted.len()?;
    let data = content.get(offset..offset + len).ok_or(Sw::WRONG_OFFSET)?;
    state(context, command, Source::file(fid.bytes()[1]), data, wanted)
}

/// Answers data and its MAC.
fn state(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    source: Source,
    data: &[u8],
    wanted: Wanted,
) -> Result<Sw, Halt> {
    check_factor(context, &wanted.factor)?;
    let len = wanted.len()?;
    if command.ins == 0xB2 && len != data.len() {
        return Err(Sw::WRONG_DATA.into());
    }
    let key = use_key(&role_key(context, Role::Param)?, Use::FieldState);
    let code = statement_mac(&key, wanted.random, source, &wanted.header, data);
    context.answer.extend_from_slice(data);
    context.answer.extend_from_slice(&code);
    Ok(Sw::OK)
}

/// File 02 as it is seen: meter and customer are the account's, and the sum fits.
fn parameters(context: &Context<'_>) -> Result<[u8; 0x2F], Halt> {
    let mut bytes: [u8; 0x2F] = context.read_ef(field_file::PARAMETERS, 0)?;
    let own = Parameters::read(context)?;
    bytes[METER].copy_from_slice(&own.meter.0);
    bytes[CUSTOMER_AT].copy_from_slice(&own.customer.0);
    bytes[SUM] = bytes[1..SUM].iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    Ok(bytes)
}

/// UPDATE BINARY with a MAC of the field.
pub fn write(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (fid, offset) = field_place(context, command).ok_or(Sw::FILE_NOT_FOUND)?;
    match fid {
        field_file::PARAMETERS if production::is_in_slot(context) => production::write(context, command),
        // The customer comes with a recharge, and who makes that vouches for him.
        field_file::PARAMETERS if card::is_told(context, &header(command)) => card::told(context, command),
        field_file::PARAMETERS if header(command) == Span::CUSTOMER.write() => {
            let key = parameter_key(context)?;
            let kid = role_key(context, Role::Kid)?;
            let data = recharged(context, command, &key, &kid, Again::Harmless)?;
            write_parameters(context, offset, data)
        }
        field_file::PARAMETERS => {
            let data = plain(context, command)?;
            write_parameters(context, offset, data)
        }
        field_file::TARIFF | field_file::SPARE_TARIFF | field_file::CHIP => {
            let data = plain(context, command)?;
            context.write_ef(fid, offset, data)?;
            Ok(Sw::OK)
        }
        field_file::CONTROL | field_file::CLEAR_METER | field_file::CLEAR_EVENTS => {
            let key = role_key(context, Role::Control)?;
            let data = deciphered(context, command, &key, offset)?;
            replace(context, fid, &data)
        }
        fid if field_file::ENCIPHERED.contains(&fid) => {
            let key = role_key(context, Role::Param)?;
            let data = deciphered(context, command, &key, offset)?;
            // QUIRK(esam-refund-file): a refund is written into 0C as amount and MAC alone, all else with its length before it.
            if fid == field_file::ENCIPHERED[3] && data.len() == 8 {
                return replace(context, fid, &data);
            }
            let len = u8::try_from(data.len()).map_err(|_| Sw::WRONG_LENGTH)?;
            replace(context, fid, &[&[len], &data[..]].concat())
        }
        field_file::KEY_FRAME => check_frame(context, command, offset),
        // The key state word and the run file are the MCU's, without a MAC; the number is nobody's.
        _ => Err(Sw::NOT_ALLOWED.into()),
    }
}

fn parameter_key(context: &Context<'_>) -> Result<Key, Halt> {
    Ok(use_key(&role_key(context, Role::Param)?, Use::FieldMac))
}

fn plain<'c>(context: &mut Context<'_>, command: &CommandRef<'c>) -> Result<&'c [u8], Halt> {
    let key = parameter_key(context)?;
    let data = checked(context, command, &key, Again::Harmless)?;
    if data.is_empty() { Err(Sw::WRONG_LENGTH.into()) } else { Ok(data) }
}

fn deciphered(
    context: &mut Context<'_>,
    command: &CommandRef<'_>,
    key: &Key,
    offset: usize,
) -> Result<keys::Zeroizing<Vec<u8>>, Halt> {
    let cipher_text = checked(context, command, &use_key(key, Use::FieldMac), Again::Harmless)?;
    if offset != 0 {
        return Err(Sw::WRONG_OFFSET.into());
    }
    seal::decipher(&use_key(key, Use::FieldCipher), cipher_text).map_err(|_| Sw::WRONG_DATA.into())
}

/// New content from the beginning of a file; what is behind it is zero.
fn replace(context: &mut Context<'_>, fid: Fid, data: &[u8]) -> Result<Sw, Halt> {
    let size = context.ef(fid)?.size();
    if data.len() > size {
        return Err(Sw::WRONG_OFFSET.into());
    }
    let mut whole = alloc::vec![0; size];
    whole[..data.len()].copy_from_slice(data);
    context.write_ef(fid, 0, &whole)?;
    Ok(Sw::OK)
}

fn write_parameters(context: &mut Context<'_>, offset: usize, data: &[u8]) -> Result<Sw, Halt> {
    let end = offset + data.len();
    if offset < WRITABLE.start || end > WRITABLE.end {
        return Err(Sw::WRONG_OFFSET.into());
    }
    let mut after = parameters(context)?;
    after[offset..end].copy_from_slice(data);
    let own = Parameters::read(context)?;
    // The card is made for its meter.
    if after[METER] != own.meter.0 {
        return Err(refuse(Refusal::MeterNumber));
    }
    if after[CUSTOMER_AT] != own.customer.0 {
        set_customer(context, &own, &after[CUSTOMER_AT])?;
    }
    context.write_ef(field_file::PARAMETERS, offset, data)?;
    Ok(Sw::OK)
}

/// A meter that is open is its customer's until its account ends.
fn set_customer(context: &mut Context<'_>, own: &Parameters, bytes: &[u8]) -> Result<(), Halt> {
    let bytes = bytes.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let customer = CustomerNumber::new(bytes).map_err(|_| Sw::WRONG_DATA)?;
    if own.opened {
        return Err(refuse(Refusal::CustomerNumber));
    }
    context.write_ef(EF_PARAMETERS, CUSTOMER, &customer.0)
}

/// `04 D6 96 00 30 factor8 xor36 MAC4`: whether a frame of keys is the station's. Nothing is written.
fn check_frame(context: &mut Context<'_>, command: &CommandRef<'_>, offset: usize) -> Result<Sw, Halt> {
    let key = use_key(&role_key(context, Role::Master)?, Use::FieldMac);
    let data = checked(context, command, &key, Again::Harmless)?;
    let (factor, blocks) = data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    if offset != 0 || blocks.len() != 36 {
        return Err(Sw::WRONG_LENGTH.into());
    }
    check_factor(context, factor)?;
    Ok(Sw::OK)
}
