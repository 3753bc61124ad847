//! Which chip is in which meter: the city's delivery list, and the lives that follow from it.

use crate::engine::{About, Question, Row, params};
use crate::error::StoreError;
use crate::rows::{self, bytes, column, parsed, time, time_text};
use crate::store::{Transaction, View};
use crate::training_error::TrainingError;
use scheme::certificate::{Certificate, CertificateError, KeyUse};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{MeterNumber, RegionCode};
use scheme::order::Serial8;
use scheme::signing::Mode;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a delivery list says it is.
pub const FORMAT: &str = "gridcard delivery 1";

/// The file in which a city tells the bank of its ESAMs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryList {
    /// [`FORMAT`].
    pub format: String,
    /// Region code of the city, 8 digits.
    pub city: String,
    /// When it was written, as `YYYY-MM-DD hh:mm:ss`, UTC+8.
    pub made_at: String,
    /// Where the city's audit log stood when it was written: `party`, `lines`, `hash`.
    pub log: Option<serde_json::Value>,
    /// Certificates of the city's issuers, 336 hexadecimal digits each: those that certified an ESAM of the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The ESAMs.
    pub esams: Vec<DeliveryLine>,
}

/// One ESAM of a delivery list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryLine {
    /// Meter number, 12 digits.
    pub meter: String,
    /// Serial number of the chip, 16 hexadecimal digits.
    pub serial: String,
    /// Version of its keys.
    pub key_version: u8,
    /// `test`, `formal` or `retired`.
    pub key_state: String,
    /// What its purse holds at most, in fen; `null` when it has no ceiling or the city does not know it.
    pub ceiling_fen: Option<u32>,
    /// Last day of its validity, `YYYY-MM-DD`; `null` or missing when the city does not know it.
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Key version at which it came into its state; `null` or missing when the city does not know it.
    #[serde(default)]
    pub state_since: Option<u8>,
    /// Which orders it takes: `both` or `signed`; missing: `symmetric`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Its certificate, 336 hexadecimal digits; missing of one that signs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// A chip's certificate and that of the city issuer that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The city issuer's.
    pub issuer: [u8; Certificate::LEN],
    /// The chip's.
    pub own: [u8; Certificate::LEN],
}

impl Certified {
    /// The city issuer's, for whoever checks it by the root.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn issuer(&self) -> Result<Certificate, CertificateError> {
        Certificate::parse(&self.issuer)
    }

    /// The chip's, by which its receipts are checked.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn own(&self) -> Result<Certificate, CertificateError> {
        Certificate::parse(&self.own)
    }
}

/// State of a chip's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Keys under published roots.
    Test,
    /// The province's keys.
    Formal,
    /// Out of use.
    Retired,
}

impl KeyState {
    /// The name in lists and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            KeyState::Test => "test",
            KeyState::Formal => "formal",
            KeyState::Retired => "retired",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [KeyState::Test, KeyState::Formal, KeyState::Retired].into_iter().find(|state| state.name() == name)
    }
}

/// What the bank knows of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esam {
    /// Its serial number.
    pub serial: Serial8,
    /// The meter it is in.
    pub meter: MeterNumber,
    /// Version of its keys.
    pub key_version: u8,
    /// State of its keys.
    pub state: KeyState,
    /// What its purse holds at most.
    pub ceiling: Option<Fen>,
    /// Last moment of its validity, where it is known. It warns at a sale, and stops nothing.
    pub valid_to: Option<Moment>,
    /// Key version at which it came into its state: its counts began there. 0: not known.
    pub state_since: u8,
    /// The city that issued it, whose keys it has; `None`: not told.
    pub city: Option<RegionCode>,
    /// Which orders it takes.
    pub mode: Mode,
    /// Its certificate, of one that signs.
    pub certified: Option<Certified>,
}

/// Why a delivery list is not taken; nothing of it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// Not a delivery list.
    #[error("this is no delivery list: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another make.
    #[error("the list says it is {0:?}, this program reads {FORMAT:?}")]
    Format(String),
    /// Of no city.
    #[error("the list names its city {0:?}, which is no region code of 8 digits")]
    City(String),
    /// A certificate of a city issuer that cannot be.
    #[error("a city issuer's certificate in the list: {0}")]
    Issuer(String),
    /// A line that cannot be.
    #[error("line {line}: {what}")]
    Line {
        /// 1-based.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

/// What a delivery list changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Chips not known before.
    pub new: usize,
    /// Chips of which something else was known.
    pub changed: usize,
    /// Chips of which nothing changed.
    pub unchanged: usize,
}

/// Reads a delivery list and checks every line; with it, where the city's log stood, as the list says.
pub fn read_list(text: &[u8]) -> Result<(Vec<Esam>, Option<serde_json::Value>), DeliveryError> {
    let list: DeliveryList = serde_json::from_slice(text)?;
    if list.format != FORMAT {
        return Err(DeliveryError::Format(list.format));
    }
    let city: RegionCode = list.city.parse().map_err(|_| DeliveryError::City(list.city.clone()))?;
    let issuers = list.issuers.iter().map(|text| certificate(text).map(|(issuer, _)| issuer));
    let issuers: Vec<Certificate> = issuers.collect::<Result<_, _>>().map_err(DeliveryError::Issuer)?;
    let (mut serials, mut meters) = (HashSet::new(), HashSet::new());
    let mut esams = Vec::with_capacity(list.esams.len());
    for (line, esam) in (1..).zip(&list.esams) {
        let esam = read_line(esam, city, &issuers).map_err(|what| DeliveryError::Line { line, what })?;
        // A retired chip may stand beside the one that took its place.
        let twice =
            !serials.insert(esam.serial) || (esam.state != KeyState::Retired && !meters.insert(esam.meter));
        if twice {
            let what = format!("meter {} or ESAM {} stands twice in the list", esam.meter, esam.serial);
            return Err(DeliveryError::Line { line, what });
        }
        esams.push(esam);
    }
    Ok((esams, list.log))
}

/// A certificate of the list.
fn certificate(text: &str) -> Result<(Certificate, [u8; Certificate::LEN]), String> {
    let bytes = hex::decode(text).map_err(|error| format!("a certificate is hexadecimal digits: {error}"))?;
    let certificate = Certificate::parse(&bytes).map_err(|error| error.to_string())?;
    let bytes = certificate.to_bytes();
    Ok((certificate, bytes))
}

/// The certificate of a chip, signed by one of the list's issuers. Whether that one is the province's, whoever has its root says.
fn certified(
    text: &str,
    serial: Serial8,
    meter: MeterNumber,
    issuers: &[Certificate],
) -> Result<Certified, String> {
    let (own, bytes) = certificate(text)?;
    let subject = &own.subject;
    if (subject.key_use, subject.serial, subject.device) != (KeyUse::Esam, serial, meter.0) {
        return Err(format!("the certificate is another one's: {}", own.about()));
    }
    let issuer = issuers.iter().find(|issuer| issuer.number == own.issuer);
    let issuer =
        issuer.ok_or_else(|| format!("its issuer's certificate {} is not in the list", own.issuer))?;
    own.verify(issuer).map_err(|error| error.to_string())?;
    Ok(Certified { issuer: issuer.to_bytes(), own: bytes })
}

fn read_line(line: &DeliveryLine, city: RegionCode, issuers: &[Certificate]) -> Result<Esam, String> {
    let meter = line.meter.parse().map_err(|fault| format!("meter {:?}: {fault}", line.meter))?;
    let serial = line
        .serial
        .parse()
        .map_err(|_| format!("{:?} is no serial number of a chip, 16 hexadecimal digits", line.serial))?;
    let state = KeyState::from_name(&line.key_state)
        .ok_or_else(|| format!("no key state is {:?}", line.key_state))?;
    if line.key_version == 0 {
        return Err("key versions begin at 1".to_owned());
    }
    let end = |day: &String| {
        format!("{day} 23:59:59").parse().map_err(|fault| format!("valid to {day:?}: {fault}"))
    };
    let valid_to = line.valid_to.as_ref().map(end).transpose()?;
    let state_since = line.state_since.unwrap_or(0);
    if state_since > line.key_version && state != KeyState::Retired {
        return Err(format!(
            "it came into its state with keys of version {state_since} and has version {}",
            line.key_version
        ));
    }
    let ceiling = line.ceiling_fen.map(Fen);
    let (key_version, city) = (line.key_version, Some(city));
    let mode = line.mode.as_deref().unwrap_or(Mode::Symmetric.name());
    let mode = Mode::from_name(mode).ok_or_else(|| format!("no mode is {mode:?}"))?;
    let certified =
        line.certificate.as_deref().map(|text| certified(text, serial, meter, issuers)).transpose()?;
    if mode.signs() && certified.is_none() {
        return Err(format!("it takes {} orders, and its certificate is missing", mode.name()));
    }
    Ok(Esam { serial, meter, key_version, state, ceiling, valid_to, state_since, city, mode, certified })
}

fn esam(row: &Row<'_>) -> Result<Esam, StoreError> {
    let state: String = column(row, "key_state")?;
    let mode: u8 = column(row, "mode")?;
    Ok(Esam {
        serial: Serial8(bytes(row, "serial")?),
        meter: parsed(row, "meter")?,
        key_version: column(row, "key_version")?,
        state: KeyState::from_name(&state)
            .ok_or(StoreError::Value { place: "esam.key_state", detail: state })?,
        ceiling: column::<Option<u32>>(row, "ceiling")?.map(Fen),
        valid_to: column::<Option<String>>(row, "valid_to")?.map(|_| time(row, "valid_to")).transpose()?,
        state_since: column(row, "state_since")?,
        city: city(row)?,
        mode: Mode::from_code(mode)
            .ok_or(StoreError::Value { place: "esam.mode", detail: mode.to_string() })?,
        certified: match (
            column::<Option<Vec<u8>>>(row, "issuer")?,
            column::<Option<Vec<u8>>>(row, "certificate")?,
        ) {
            (Some(issuer), Some(own)) => Some(Certified {
                issuer: rows::exactly(&issuer, "esam.issuer")?,
                own: rows::exactly(&own, "esam.certificate")?,
            }),
            _ => None,
        },
    })
}

/// The city of a chip, in a column of that name.
pub(crate) fn city(row: &Row<'_>) -> Result<Option<RegionCode>, StoreError> {
    let told: Option<String> = column(row, "city")?;
    told.map(|_| parsed(row, "city")).transpose()
}

const SELECT: &str = "SELECT serial, meter, key_version, key_state, ceiling, valid_to, state_since, city, mode, certificate, \
     issuer FROM esam";

/// The chip that is in a meter.
pub(crate) fn chip_in(meter: MeterNumber) -> Question {
    Question::new(format!("{SELECT} WHERE meter = ?1 AND current = 1"), params![meter.to_string()])
}

/// The life a chip is in.
pub(crate) fn life_of(esam: &Esam) -> Question {
    Question::new(
        "SELECT id FROM life WHERE serial = ?1 AND key_state = ?2 AND key_version >= ?3 \
         ORDER BY key_version DESC LIMIT 1",
        params![esam.serial.0, esam.state.name(), esam.state_since],
    )
    .about(About::Chip(esam.serial))
}

/// A chip by its serial number.
pub(crate) fn chip(serial: Serial8) -> Question {
    Question::new(format!("{SELECT} WHERE serial = ?1"), params![serial.0])
}

impl View<'_> {
    /// The chip that is in a meter now.
    pub fn esam_of(&self, meter: MeterNumber) -> Result<Option<Esam>, StoreError> {
        self.conn.answer(&chip_in(meter), esam)
    }

    /// A chip by its serial number.
    pub fn esam(&self, serial: Serial8) -> Result<Option<Esam>, StoreError> {
        self.conn.answer(&chip(serial), esam)
    }

    /// Whether any chip known here has formal keys: then the bank's money is earnest.
    pub fn sells_formal(&self) -> Result<bool, StoreError> {
        self.conn.any("SELECT 1 FROM esam WHERE key_state = 'formal' LIMIT 1", params![])
    }

    /// The life a chip is in, when anything was ever sold for it.
    pub(crate) fn life_of(&self, esam: &Esam) -> Result<Option<i64>, StoreError> {
        self.conn.answer(&life_of(esam), |row| column(row, "id"))
    }

    /// The newest life of a chip, whatever its keys are now.
    pub(crate) fn newest_life(&self, serial: Serial8) -> Result<Option<i64>, StoreError> {
        self.conn.first(
            "SELECT id FROM life WHERE serial = ?1 ORDER BY id DESC LIMIT 1",
            params![serial.0],
            |row| column(row, "id"),
        )
    }
}

impl Transaction<'_> {
    /// Takes a city's delivery list: from now on orders name these chips.
    pub fn take_meters(&self, esams: &[Esam], now: Moment) -> Result<Delivered, TrainingError> {
        self.must_be_of_its_kind(esams)?;
        let mut delivered = Delivered::default();
        self.whole(|| {
            for new in esams {
                let known = self.esam(new.serial)?;
                let current = self.esam_of(new.meter)?;
                match &known {
                    None => delivered.new += 1,
                    Some(old) if old == new => delivered.unchanged += 1,
                    Some(_) => delivered.changed += 1,
                }
                // A retired chip leaves its meter only when it was in it, and no other has come.
                let stays = new.state != KeyState::Retired
                    || current.as_ref().is_none_or(|current| current.serial == new.serial);
                self.write_esam(new, stays, now)?;
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(delivered)
    }

    fn write_esam(&self, esam: &Esam, current: bool, now: Moment) -> Result<(), StoreError> {
        if current {
            self.conn.write(
                "UPDATE esam SET current = 0 WHERE meter = ?1 AND current = 1 AND serial <> ?2",
                params![esam.meter.to_string(), esam.serial.0],
            )?;
        }
        self.conn.write(
            "INSERT INTO esam (serial, meter, key_version, key_state, ceiling, current, listed, valid_to, \
             state_since, city, mode, certificate, issuer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
             ON CONFLICT (serial) DO UPDATE SET meter = excluded.meter, key_version = excluded.key_version, \
             key_state = excluded.key_state, ceiling = excluded.ceiling, current = excluded.current, listed \
             = excluded.listed, valid_to = excluded.valid_to, state_since = excluded.state_since, \
             city = excluded.city, mode = excluded.mode, certificate = excluded.certificate, issuer = excluded.issuer",
            params![
                esam.serial.0,
                esam.meter.to_string(),
                esam.key_version,
                esam.state.name(),
                esam.ceiling.map(|fen| fen.0),
                current,
                time_text(now),
                esam.valid_to.map(time_text),
                esam.state_since,
                esam.city.map(|city| city.to_string()),
                esam.mode.code(),
                esam.certified.as_ref().map(|certified| certified.own),
                esam.certified.as_ref().map(|certified| certified.issuer),
            ],
        )?;
        Ok(())
    }
}

impl scheme::Fault for DeliveryError {
    fn code(&self) -> &str {
        match self {
            DeliveryError::Json(_) => "delivery-list-json",
            DeliveryError::Format(_) => "delivery-list-format",
            DeliveryError::City(_) => "delivery-list-city",
            DeliveryError::Issuer(_) => "delivery-list-issuer",
            DeliveryError::Line { .. } => "delivery-list-line",
        }
    }
}
