//! A phone that is made.

use super::place::{PhoneFile, PhoneName, Place, all};
use crate::home::{Home, Party};
use crate::log;
use crate::session::Session;
use crate::sims::SimAccess;
use crate::trouble::{Context, Failure, Result, refused};
use reader::driver::sim::{Selected, Sim};
use scheme::CardRef;
use scheme::Kind;
use scheme::chance::random;
use scheme::profile::Fid;
use scheme::sim::{DF_TELECOM, EF_MSISDN, iccid_digits, msisdn_digits};
use scheme::subscription::{Imei, PhoneNumber};
use serde::Serialize;

/// Type allocation code of phones of ours: for tests, as the standard has 00 in front of it.
const TYPE: &str = "00101700";

/// A phone to be made.
#[derive(Debug, Clone)]
pub struct MakePhoneRequest {
    /// Its name.
    pub name: PhoneName,
    /// The SIM in it, with its CHV1 if it asks for one.
    pub sim: SimAccess,
    /// IMEI; `None`: one is drawn.
    pub imei: Option<Imei>,
    /// The number it is reached by; `None`: the SIM says.
    pub number: Option<PhoneNumber>,
}

/// A phone that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MakePhoneReport {
    /// Its name.
    pub phone: PhoneName,
    /// IMEI.
    pub imei: String,
    /// The number it is reached by.
    pub number: String,
    /// ICCID of its SIM, where it has one.
    pub iccid: Option<String>,
}

/// Makes a phone. Its SIM stays where it is; it is in use while the phone runs.
///
/// # Errors
/// There is a phone of that name, or of that number; no number is known.
pub fn make(session: &Session, request: &MakePhoneRequest) -> Result<MakePhoneReport> {
    let phones = Home::new(session).make(Party::Phones, "making phones")?;
    let place = Place::of(&phones, &request.name);
    if place.file().exists() {
        return Err(refused(format!("phone {} exists already", request.name)).into());
    }
    let mut handle = request.sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    let iccid = iccid_digits(&sim.iccid()?);
    let number = match &request.number {
        Some(number) => number.clone(),
        None => number(&mut sim)?.ok_or_else(|| {
            Failure::new(Kind::Usage, "the SIM does not say by which number it is reached")
                .hint("say it with --number")
        })?,
    };
    handle.close()?;
    if let Some((other, _)) = all(&phones)?.iter().find(|(_, phone)| phone.number == number) {
        return Err(refused(format!("{number} is the number of phone {other}")).into());
    }
    let imei = match &request.imei {
        Some(imei) => imei.clone(),
        None => drawn(session, &request.name)?,
    };
    let sim = absolute(&request.sim.card)?;
    place.save(&PhoneFile { imei: imei.clone(), sim, number: number.clone() })?;
    log::fact(session, "phone", &request.name);
    log::fact(session, "imei", &imei);
    Ok(MakePhoneReport {
        phone: request.name.clone(),
        imei: imei.to_string(),
        number: number.to_string(),
        iccid,
    })
}

/// The telephone number on the SIM.
fn number(sim: &mut Sim<'_>) -> Result<Option<PhoneNumber>> {
    let Selected::File(file) = sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])? else { return Ok(None) };
    let record = sim.read_record(1, file.record_len)?;
    Ok(msisdn_digits(&record).and_then(|digits| digits.parse().ok()))
}

/// An IMEI of ours.
fn drawn(session: &Session, name: &PhoneName) -> Result<Imei> {
    let drawn = u32::from_be_bytes(random(&mut *session.chance(&format!("IMEI {name}")))) % 1_000_000;
    let digits = format!("{TYPE}{drawn:06}");
    let check = wire::bcd::luhn_check_digit(&digits);
    Ok(format!("{digits}{check}").parse()?)
}

/// Where a card is, wherever the command runs that uses it.
fn absolute(card: &CardRef) -> Result<String> {
    match card.path() {
        None => Ok(card.to_string()),
        Some(path) => {
            let whole = std::path::absolute(path).with_context(|| format!("{path} is no path"))?;
            Ok(whole.to_string_lossy().into_owned())
        }
    }
}
