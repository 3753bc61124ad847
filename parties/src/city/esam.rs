//! ESAMs of meters, issued from a list of devices, each with the pairing file for its meter.

use super::access::Access;
use crate::cards::CardHandle;
use crate::home::{self, Home};
use crate::issuing::{self, Allowed, CheckValues, IssueRequest};
use crate::places::card_at;
use crate::session::{Session, out};
use crate::transport::Transport;
use crate::trouble::{Context, Result, Trouble, refused};
use issue::card::{Issued, KeyCheck, StepFault};
use issue::life::LifeError;
use issue::pairing;
use issue::source::{About, KeySource, SourceError};
use keys::Role;
use office::devices::{self, Device};
use office::journal::Journal;
use reader::driver::fmcos::Fmcos;
use scheme::cards::Keeping;
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, Recipient};
use scheme::{CardRef, Kind};
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};
use wire::Channel;

/// Name of a meter's ESAM file.
pub fn card_name(meter: DeviceNumber) -> String {
    format!("esam-{meter}.card")
}

/// Name of a meter's pairing file.
pub fn pairing_name(meter: DeviceNumber) -> String {
    format!("pairing-{meter}.json")
}

/// Whose ESAMs.
#[derive(Debug, Clone)]
pub enum Meters {
    /// One meter's.
    One(DeviceNumber),
    /// Those of a list of devices.
    List(PathBuf),
}

/// ESAMs to be issued.
#[derive(Debug, Clone)]
pub struct EsamRequest {
    /// Whose.
    pub meters: Meters,
    /// The blank of the one meter's, when it stands in a reader.
    pub card: Option<CardRef>,
    /// The issuing card, and the city.
    pub access: Access,
    /// Folder for cards and pairing files; `None`: what the city hands out.
    pub out: Option<PathBuf>,
    /// New card files of test ESAMs may hold keys of a formal root some day.
    pub formal_images: bool,
    /// Their numbers are works numbers: number cards give their meters others.
    pub unnumbered: bool,
    /// Plan it, and do nothing.
    pub dry_run: bool,
    /// After a run that broke off.
    pub allowed: Allowed,
    /// Of new blanks.
    pub transport: Transport,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum EsamReport {
    /// Nothing was done.
    Planned {
        /// Plans and APDUs, secrets hidden.
        plans: Vec<String>,
        /// Lines of the list that were left out, in words.
        #[serde(skip)]
        rejected: Vec<String>,
    },
    /// They are made.
    Issued(IssuedEsams),
}

/// ESAMs that were issued.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedEsams {
    /// The city.
    pub city: RegionCode,
    /// How many.
    pub issued: usize,
    /// The folder they are in.
    pub out: String,
    /// Lines of the list that were left out, in words.
    pub rejected: Vec<String>,
    /// Each of them.
    pub esams: Vec<IssuedEsam>,
}

/// An ESAM that was issued.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedEsam {
    /// Its meter.
    pub meter: DeviceNumber,
    /// Serial of its chip.
    pub serial: Serial,
    /// Number of the certificate of its signing key, where its issuing card certifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Commands it answered.
    #[serde(skip)]
    pub apdus: u64,
    /// Check values of its keys.
    #[serde(skip)]
    pub check_values: CheckValues,
}

impl EsamReport {
    /// What was to be done, and the lines that were left out.
    pub fn left_out(&self) -> (&'static str, &[String]) {
        match self {
            EsamReport::Planned { rejected, .. } => ("planned", rejected),
            EsamReport::Issued(issued) => ("issued", &issued.rejected),
        }
    }

    /// An error when a line was left out.
    ///
    /// # Errors
    /// That one.
    pub fn must_be_whole(&self) -> Result<()> {
        match self.left_out() {
            (_, []) => Ok(()),
            (done, faults) => Err(refused(format!("{} line(s) were not {done}", faults.len())).into()),
        }
    }
}

/// Issues ESAMs, each with the pairing file for its meter. A device that is refused is left out, unless it is the only one.
///
/// # Errors
/// The list cannot be read; the issuing card does not open, is spent or lost.
pub fn issue(session: &Session, request: &EsamRequest) -> Result<EsamReport> {
    let (region, folder) = Home::new(session).city(request.access.city, "issuing ESAMs")?;
    let (devices, rejected) = devices(&request.meters)?;
    request.access.with_issuing_card(session, &folder, (CardKind::EsamIssuing, false), |source| {
        if request.dry_run {
            let mut plans = Vec::new();
            for device in &devices {
                let planned = IssueRequest {
                    unnumbered: request.unnumbered,
                    ..request_for(device, region, Allowed::default())
                };
                plans.push(issuing::plan(&planned, source, session.now()?)?.dry_run().to_string());
            }
            return Ok(EsamReport::Planned { plans, rejected });
        }
        let out = match &request.out {
            Some(out) => out.clone(),
            None => out(&folder)?,
        };
        issuing::tell_left(session, source, devices.len())?;
        let mut journal = issuing::journal(session, &folder)?;
        let mut report = IssuedEsams {
            city: region,
            issued: 0,
            out: out.display().to_string(),
            rejected,
            esams: Vec::new(),
        };
        for device in &devices {
            match one(session, request, (device, region), source, &out, &mut journal) {
                Ok(esam) => report.esams.push(esam),
                Err(error) => {
                    let words = format!("line {}: meter {}: {}", device.line, device.meter, error);
                    if ends_the_run(&error) || devices.len() == 1 {
                        return Err(error.context(words));
                    }
                    report.rejected.push(words);
                }
            }
        }
        report.issued = report.esams.len();
        Ok(EsamReport::Issued(report))
    })
}

fn one(
    session: &Session,
    request: &EsamRequest,
    (device, region): (&Device, RegionCode),
    source: &mut dyn KeySource,
    out: &Path,
    journal: &mut Journal,
) -> Result<IssuedEsam> {
    let formal_image = request.formal_images;
    let unnumbered = request.unnumbered;
    let making = IssueRequest { formal_image, unnumbered, ..request_for(device, region, request.allowed) };
    let place = out.join(card_name(device.meter));
    let card = request.card.clone().unwrap_or_else(|| card_at(&place));
    let stands = (&card, &request.transport, Keeping::EveryCommand);
    let issued = issue_one(session, &making, stands, source, out, journal)?;
    // It is issued, whether it still stands in its reader or not.
    session.cards.remember(&card, issued.serial, &card_at(&place))?;
    Ok(IssuedEsam {
        meter: device.meter,
        serial: issued.serial,
        certificate: issued.certificate.map(|number| number.to_string()),
        apdus: issued.apdus,
        check_values: CheckValues::of_card(&issued.keys),
    })
}

/// A lost reader, a security stop or a spent counter ends the run; a card that says no does not.
pub(super) fn ends_the_run(error: &Trouble) -> bool {
    let decides = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<wire::ChannelError>().is_some()
            || matches!(cause.downcast_ref(), Some(SourceError::Spent))
            || matches!(cause.downcast_ref(), Some(StepFault::Source(SourceError::Spent)))
            || matches!(cause.downcast_ref(), Some(LifeError::Source(SourceError::Spent)))
    };
    error.chain().any(decides) || error.kind() == Kind::Security
}

fn devices(meters: &Meters) -> Result<(Vec<Device>, Vec<String>)> {
    let path = match meters {
        Meters::One(meter) => {
            return Ok((vec![Device { line: 1, meter: *meter, serial: None, ceiling: None }], Vec::new()));
        }
        Meters::List(path) => path,
    };
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let list = devices::read(file).with_context(|| format!("{}", path.display()))?;
    let faults = list.faults.iter().map(|fault| fault.to_string()).collect();
    Ok((list.devices, faults))
}

/// What to issue for a device of a list.
pub fn request_for(device: &Device, region: RegionCode, allowed: Allowed) -> IssueRequest<'static> {
    IssueRequest {
        ceiling: device.ceiling,
        wanted: device.serial,
        allowed,
        ..IssueRequest::new(CardKind::Esam, device.meter, region)
    }
}

/// Issues one ESAM wherever it stands, with the pairing file for its meter in a folder.
///
/// # Errors
/// Those of [`issuing::issue_at`]; the pairing file cannot be written.
pub fn issue_one(
    session: &Session,
    request: &IssueRequest<'_>,
    (card, transport, keeping): (&CardRef, &Transport, Keeping),
    source: &mut dyn KeySource,
    out: &Path,
    journal: &mut Journal,
) -> Result<Issued> {
    let mut card = issuing::blank(session, request, (card, transport, keeping), source)?;
    let file = out.join(pairing_name(request.number));
    let issued = issuing::issue(session, request, &mut card, source, journal, session.now()?, &mut ());
    let issued = match issued {
        Ok(issued) => issued,
        // An earlier run that broke off between the card and its pairing file is finished here.
        Err(error) if !file.exists() => match finished(&mut card, request, &source.about()) {
            Ok(Some(issued)) => {
                session.say(format!(
                    "the ESAM of meter {} was finished before: its pairing file is made",
                    request.number
                ));
                issued
            }
            _ => return Err(error),
        },
        Err(error) => return Err(error),
    };
    card.close()?;
    let pairing = pairing::make(source, request.number, request.region, &issued.keys)?.to_json()?;
    match keeping {
        Keeping::EveryCommand => home::write(&file, pairing.as_bytes())?,
        Keeping::AtClose => home::write_soon(&file, pairing.as_bytes())?,
    }
    Ok(issued)
}

/// What a finished ESAM of this very device and city shows; `None` for any other card.
fn finished(card: &mut CardHandle, request: &IssueRequest<'_>, source: &About) -> Result<Option<Issued>> {
    let atr = card.reset()?;
    let mut fmcos = Fmcos::new(card);
    fmcos.select_mf()?;
    let (Ok(info), Some(serial)) = (fmcos.card_info(), wire::atr::serial_of(&atr)) else { return Ok(None) };
    if (info.kind, info.number, info.region) != (CardKind::Esam, request.number.0, request.region.0)
        || (info.suite, info.state) != (source.suite.code(), source.state)
        || request.wanted.is_some_and(|wanted| wanted.0 != serial)
    {
        return Ok(None);
    }
    let mut keys = Vec::new();
    for row in Recipient::Card(CardKind::Esam).keys() {
        if let Some(role) = Role::from_code(row.role) {
            let check_value = CheckValue(fmcos.key_information(row.kind, row.id)?.kcv);
            keys.push(KeyCheck { role, check_value, confirmed: false });
        }
    }
    let serial = Serial(serial);
    Ok(Some(Issued {
        kind: info.kind,
        number: request.number,
        serial,
        keys,
        apdus: 0,
        resumed: true,
        certificate: None,
    }))
}
