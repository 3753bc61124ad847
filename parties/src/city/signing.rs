//! ESAMs and PSAMs that get a signing key after they were made: where a run broke off, where the issuing card was certified later,
//! or where a key is to be another one [docs/specs/signatures.md 5].

use super::access::{Access, info_in, must_be_of};
use crate::cards::CardHandle;
use crate::certificates::{CertificateReport, read_certificate};
use crate::home::{self, Home};
use crate::log;
use crate::province::signing::note;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use issue::signing;
use issue::source::{SourceError, Target};
use scheme::CardRef;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::profile::CardKind;
use scheme::signing::Mode;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wire::Channel;

/// What a city keeps of an ESAM that takes signed orders, for its delivery lists: nothing of it is secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptMode {
    what: String,
    /// The meter.
    meter: DeviceNumber,
    /// Which orders it takes.
    pub mode: String,
    /// The city issuer's certificate, hexadecimal.
    pub issuer: String,
    /// Its own.
    pub certificate: String,
}

/// First field of such a file.
const FORMAT: &str = "gridcard esam mode 1";

fn kept(folder: &Path, serial: &str) -> PathBuf {
    folder.join("modes").join(format!("{serial}.json"))
}

/// What is kept of the ESAM of a serial; `None` of one that takes symmetric orders alone.
pub(super) fn mode_of(folder: &Path, serial: &str) -> Result<Option<KeptMode>> {
    let path = kept(folder, serial);
    if !path.exists() {
        return Ok(None);
    }
    let damaged = || format!("{} is damaged: set the mode once more", path.display());
    let kept: KeptMode = serde_json::from_str(&home::read_text(&path)?).with_context(damaged)?;
    if kept.what == FORMAT { Ok(Some(kept)) } else { Err(refused(damaged()).into()) }
}

/// An ESAM that came into another state has no mode any more, and no certificate.
pub(super) fn forget_mode(folder: &Path, serial: &str) -> Result<()> {
    let path = kept(folder, serial);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// An ESAM that is to take other orders than it did.
#[derive(Debug, Clone)]
pub struct ModeRequest {
    /// The ESAM.
    pub card: CardRef,
    /// Which orders it takes from now on. It only rises.
    pub mode: Mode,
    /// File with the payment server's certificate; `None`: the card has it already.
    pub server: Option<PathBuf>,
    /// The city's issuing card.
    pub access: Access,
}

/// What it takes now.
#[derive(Debug, Clone, Serialize)]
pub struct ModeReport {
    /// The meter.
    pub meter: DeviceNumber,
    /// Which orders it takes.
    pub mode: &'static str,
    /// The certificate by which its receipts are checked.
    pub certificate: CertificateReport,
}

/// Has an ESAM take signed orders, too or alone: from then on its receipts are signed, and the next delivery list tells the bank. There is no
/// way back but into another state.
///
/// # Errors
/// A lower mode than it has; it has no certificate; the server's is not the province's; the issuing card does not open.
pub fn set_mode(session: &Session, request: &ModeRequest) -> Result<ModeReport> {
    let (region, folder) = Home::new(session).city(request.access.city, "setting the mode of an ESAM")?;
    let server = request.server.as_deref().map(read_certificate).transpose()?;
    let card = &request.card;
    let mut handle = CardHandle::open(session, card, CardKind::Esam)?;
    let info = info_in(&mut handle, CardKind::Esam, card)?;
    must_be_of(region, &info, &card.to_string())?;
    let meter = DeviceNumber(info.number);
    request.access.with_issuing_card(session, &folder, (CardKind::EsamIssuing, false), |source| {
        if info.is_older_make() || info.state != source.about().state {
            let words = format!("{card} is of another make or state than the issuing card");
            return Err(refused(words).into());
        }
        let serial = wire::atr::serial_of(&handle.reset()?).context("the card's ATR carries no serial")?;
        let target = Target::finished(serial, &info);
        let [issuer, own] = signing::set_mode(&mut handle, source, &target, server.as_ref(), request.mode)?;
        handle.close()?;
        let kept_mode = KeptMode {
            what: FORMAT.to_owned(),
            meter,
            mode: request.mode.name().to_owned(),
            issuer: hex::encode_upper(issuer.to_bytes()),
            certificate: hex::encode_upper(own.to_bytes()),
        };
        let path = kept(&folder, &Serial(serial).to_string());
        home::make_folder(&folder.join("modes"))?;
        home::write(&path, format!("{}\n", serde_json::to_string_pretty(&kept_mode)?).as_bytes())?;
        log::fact(session, "mode", request.mode.name());
        log::fact(session, "meter", meter);
        log::fact(session, "certificate", own.number);
        Ok(ModeReport { meter, mode: request.mode.name(), certificate: CertificateReport::of(&own) })
    })
}

/// Certifies the signing key of an ESAM or a PSAM, which draws it now; the one before is void.
///
/// # Errors
/// The card is of another kind or city, or must sign already; the issuing card does not open, or has no certificate itself.
pub fn certify(
    session: &Session,
    card: &CardRef,
    access: &Access,
    (kind, issuer): (CardKind, CardKind),
) -> Result<CertificateReport> {
    let act = format!("certifying the keys of {}s", kind.title());
    let (region, folder) = Home::new(session).city(access.city, &act)?;
    // Before the issuing card: who names that one here is told so, and no PIN is asked.
    let mut handle = CardHandle::open(session, card, kind)?;
    let info = info_in(&mut handle, kind, card)?;
    must_be_of(region, &info, &card.to_string())?;
    access.with_issuing_card(session, &folder, (issuer, false), |source| {
        if !source.about().signs {
            return Err(SourceError::NotCertified.into());
        }
        if info.is_older_make() || info.state != source.about().state {
            let words = format!("{card} is of another make or state than the issuing card");
            return Err(refused(words).into());
        }
        let serial = wire::atr::serial_of(&handle.reset()?).context("the card's ATR carries no serial")?;
        let target = Target::finished(serial, &info);
        let certificate = signing::equip(&mut handle, source, &target, session.now()?.day())?;
        handle.close()?;
        note(session, &folder, kind, &certificate)?;
        Ok(CertificateReport::of(&certificate))
    })
}
