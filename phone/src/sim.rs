//! What a phone itself reads and writes on its SIM.

use reader::driver::sim::{FileContent, Selected, Sim, SimError};
use scheme::profile::Fid;
use scheme::sim::{DF_GSM, DF_TELECOM, EF_MSISDN, EF_SMSP, EF_SMSS, msisdn_digits};
use wire::sms::parameters::{Parameters, SendingState};
use wire::sms::tpdu::{Address, service_centre_bytes};
use wire::{Channel, Command, Response, Sw};

const EF_SST: Fid = Fid(0x6F38);
/// Service of the classic SIM: data download by short message.
const DATA_DOWNLOAD: usize = 26;
/// Where the service centre stands in a record of EF_SMSP, counted from behind the name: after indicator and destination.
const CENTRE_AT: usize = 13;
const CENTRE_LEN: usize = 12;
/// Bytes of such a record behind the name.
const PARAMETERS_LEN: usize = 28;
/// Indicator: no service centre is there.
const NO_CENTRE: u8 = 0x02;

/// What stands before the user of a SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Nothing.
    Open,
    /// The PIN is wanted.
    Pin,
    /// The PIN is blocked.
    Puk,
}

impl Lock {
    /// As +CPIN has it.
    pub const fn name(self) -> &'static str {
        match self {
            Lock::Open => "READY",
            Lock::Pin => "SIM PIN",
            Lock::Puk => "SIM PUK",
        }
    }
}

/// Whether the SIM is open: it gives its IMSI to whoever has given the PIN.
pub fn lock(sim: &mut Sim<'_>) -> Result<Lock, SimError> {
    match sim.imsi() {
        Ok(_) => Ok(Lock::Open),
        Err(SimError::ChvNeeded { .. } | SimError::ChvBlocked { .. }) => {
            Ok(if sim.status()?.chv1.tries == 0 { Lock::Puk } else { Lock::Pin })
        }
        Err(error) => Err(error),
    }
}

/// Whether the card knows class 00: it is a UICC.
pub fn is_uicc(card: &mut dyn Channel) -> bool {
    let select = Command::new(0x00, 0xA4, 0x00, 0x04).data(&Fid::MF.bytes());
    let answer = card.transmit(&select.to_bytes()).ok().and_then(Response::parse);
    answer.is_some_and(|answer| answer.sw.is_ok() || answer.sw.sw1() == 0x61)
}

/// The telephone number that the SIM says is its own.
pub fn number(sim: &mut Sim<'_>) -> Result<Option<String>, SimError> {
    let record = first_record(sim, EF_MSISDN)?;
    Ok(record.and_then(|record| msisdn_digits(&record)))
}

/// The service centre that the SIM names.
pub fn service_centre(sim: &mut Sim<'_>) -> Result<Option<Address>, SimError> {
    let record = first_record(sim, EF_SMSP)?;
    Ok(record.and_then(|record| Parameters::parse(&record)?.service_centre))
}

/// Names another service centre; false when the SIM has no place for it.
pub fn set_service_centre(sim: &mut Sim<'_>, centre: &Address) -> Result<bool, SimError> {
    let Some(mut record) = first_record(sim, EF_SMSP)? else { return Ok(false) };
    let Some(name) = record.len().checked_sub(PARAMETERS_LEN) else { return Ok(false) };
    let bytes = service_centre_bytes(centre);
    record[name] &= !NO_CENTRE;
    let field = &mut record[name + CENTRE_AT..][..CENTRE_LEN];
    field.fill(0xFF);
    let Some(place) = field.get_mut(..bytes.len()) else { return Ok(false) };
    place.copy_from_slice(&bytes);
    sim.update_record(1, &record).map(|()| true)
}

/// Whether the SIM wants messages for itself handed to it, in place of being stored.
pub fn takes_data_download(sim: &mut Sim<'_>) -> Result<bool, SimError> {
    let Selected::File(file) = sim.select(&[Fid::MF, DF_GSM, EF_SST])? else { return Ok(false) };
    let FileContent::Bytes(table) = sim.read_whole(&file)? else { return Ok(false) };
    let service = DATA_DOWNLOAD - 1;
    let bits = table.get(service / 4).map_or(0, |byte| byte >> (2 * (service % 4)) & 0b11);
    Ok(bits == 0b11)
}

/// Takes note on the SIM whether a message was turned away because it was full.
pub fn note_full(sim: &mut Sim<'_>, is_full: bool) -> Result<(), SimError> {
    sim.select(&[Fid::MF, DF_TELECOM, EF_SMSS])?;
    let file = sim.read_binary(0, 2)?;
    let was_full = SendingState::parse(&file).is_some_and(|state| state.was_full);
    if was_full == is_full {
        return Ok(());
    }
    sim.update_binary(1, &[if is_full { 0xFE } else { 0xFF }])
}

/// Hands a message to the card itself [docs/specs/phone.md 4]; gives its answer.
pub fn envelope(card: &mut dyn Channel, is_uicc: bool, centre: &[u8], tpdu: &[u8]) -> Option<(Vec<u8>, Sw)> {
    let mut inner = vec![0x82, 0x02, 0x83, 0x81];
    if centre.len() > 1 {
        wire::tlv::push(&mut inner, 0x06, &centre[1..]);
    }
    wire::tlv::push(&mut inner, 0x8B, tpdu);
    let mut data = Vec::new();
    wire::tlv::push(&mut data, 0xD1, &inner);
    if data.len() > 255 {
        return None;
    }
    let command = Command::new(if is_uicc { 0x80 } else { 0xA0 }, 0xC2, 0x00, 0x00).data(&data);
    let answer = reader::exchange(card, &command).ok()?;
    Some((answer.data, answer.sw))
}

/// The first record of a file of DF_TELECOM; `None` when there is no such file, or it has no records.
fn first_record(sim: &mut Sim<'_>, fid: Fid) -> Result<Option<Vec<u8>>, SimError> {
    match sim.select(&[Fid::MF, DF_TELECOM, fid]) {
        Ok(Selected::File(file)) if file.record_len > 0 => sim.read_record(1, file.record_len).map(Some),
        Ok(_) | Err(SimError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
