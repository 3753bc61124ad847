//! What a card is, as it tells over its channel; nothing is proved and nothing changes.

use super::CardHandle;
use crate::session::Session;
use crate::trouble::Result;
use keys::Suite;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::Sim;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, DF_PURCHASE, KeyRow, PREVIOUS_MASTER, Recipient};
use scheme::sim::{iccid_digits, imsi_digits};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use wire::{Channel, Sw};

/// A card that was looked at.
#[derive(Debug, Clone, Default)]
pub struct CardReport {
    /// What it tells.
    pub facts: Vec<Fact>,
    /// Its keys.
    pub keys: Vec<KeyFact>,
}

/// One thing that a card tells.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its name for people.
    pub name: &'static str,
    /// It in words; `-` where the card has none.
    pub text: String,
    /// Its name for programs.
    pub field: String,
    /// It as programs take it.
    pub value: Value,
}

/// A key as its card tells of it.
#[derive(Debug, Clone, Serialize)]
pub struct KeyFact {
    /// Its role in words.
    pub role: &'static str,
    /// Type byte, two hexadecimal digits.
    #[serde(skip)]
    pub kind: String,
    /// Its id, two hexadecimal digits.
    #[serde(skip)]
    pub id: String,
    /// Its version, two hexadecimal digits, where it has one.
    pub version: Option<String>,
    /// Its check value, or why there is none.
    pub check_value: String,
}

impl Serialize for CardReport {
    /// An object: each fact by its name, and the keys.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for fact in &self.facts {
            object.serialize_entry(&fact.field, &fact.value)?;
        }
        object.serialize_entry("keys", &self.keys)?;
        object.end()
    }
}

impl CardReport {
    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.maybe(name, Some(value.into()));
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        let text = value.clone().unwrap_or_else(|| "-".into());
        self.facts.push(Fact {
            name,
            text,
            field: name.replace(' ', "_").to_lowercase(),
            value: value.into(),
        });
    }

    /// One that programs take in another form than people.
    fn figure(&mut self, name: &'static str, text: impl ToString, field: &str, value: impl Into<Value>) {
        self.facts.push(Fact { name, text: text.to_string(), field: field.into(), value: value.into() });
    }

    fn read_fmcos(&mut self, card: &mut dyn Channel, kind: CardKind) -> Result<()> {
        let mut fmcos = Fmcos::new(card);
        match fmcos.select_mf() {
            // A plain card without its MF answers so; what else may be wrong is no state.
            Err(error) if kind == CardKind::Fmcos && error.sw() == Some(Sw::FUNCTION_BLOCKED) => {
                self.add("state", "no master file yet, or blocked");
                return Ok(());
            }
            selected => selected?,
        };
        let Ok(info) = fmcos.card_info() else {
            self.add("state", "blank, or not finished: no card information");
            return Ok(());
        };
        if info.is_older_make() {
            self.add(
                "make",
                "older (structure 01): it is read and reported, and neither issues nor sells nor credits",
            );
        }
        self.add("number", info.number.iter().map(|byte| format!("{byte:02X}")).collect::<String>());
        if info.region != [0; 4] {
            self.add("city", RegionCode(info.region).to_string());
        }
        self.add("state", info.state.name());
        self.add("suite", Suite::from_code(info.suite).map_or("unknown", |suite| suite.name()));
        // Cards for purchases have their keys where the purchase is.
        if kind.has_application() {
            fmcos.select_fid(DF_PURCHASE)?;
        }
        for row in Recipient::Card(kind).keys().iter().filter(|row| row.role != 0) {
            self.keys.extend(key(&mut fmcos, row)?);
        }
        if kind == CardKind::Esam { self.read_esam(card) } else { Ok(()) }
    }

    fn read_esam(&mut self, card: &mut dyn Channel) -> Result<()> {
        let mut esam = Esam::new(card);
        esam.card_info()?; // which layout its files have
        let (parameters, purse) = (esam.parameters()?, esam.purse()?);
        self.figure("opened", if parameters.opened { "yes" } else { "no" }, "opened", parameters.opened);
        self.add("customer", parameters.customer.to_string());
        self.figure("balance", purse.balance, "balance_fen", purse.balance.0);
        self.figure("credited in all", purse.total_credited, "credited_fen", purse.total_credited.0);
        self.figure("purchase count", purse.count, "purchase_count", purse.count);
        Ok(())
    }

    fn read_sim(&mut self, session: &Session, card: &mut dyn Channel) -> Result<()> {
        let mut sim = Sim::new(card);
        self.maybe("ICCID", iccid_digits(&sim.iccid()?));
        self.add("CHV1", if sim.chv1_enabled()? { "asked for" } else { "off" });
        match sim.imsi() {
            Ok(file) => self.maybe("IMSI", imsi_digits(&file)),
            Err(error) => session.say(format!("IMSI not read: {error}")),
        }
        if let Some(state) = sim.grid_state()? {
            self.add("state", state.name());
        }
        match sim.usim_imsi() {
            Ok(Some(file)) => self.maybe("IMSI of the USIM", imsi_digits(&file)),
            Ok(None) => {}
            Err(error) => session.say(format!("IMSI of the USIM not read: {error}")),
        }
        Ok(())
    }
}

/// A key; `None` of the earlier master, which a card of the first version has not.
fn key(card: &mut Fmcos<'_>, row: &KeyRow) -> Result<Option<KeyFact>> {
    let (version, check_value) = match card.key_information(row.kind, row.id) {
        Ok(key) => (key.has_version().then(|| format!("{:02X}", key.version)), hex::encode_upper(key.kcv)),
        Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) && row.id == PREVIOUS_MASTER => return Ok(None),
        Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) => (None, "no such key".into()),
        // A card that does not tell is no error of whoever looks.
        Err(error) if error.sw().is_some() => (None, "not told".into()),
        Err(error) => return Err(error.into()),
    };
    let (kind, id) = (format!("{:02X}", row.kind), format!("{:02X}", row.id));
    Ok(Some(KeyFact { role: row.name(), kind, id, version, check_value }))
}

/// Looks at a card of any kind.
///
/// # Errors
/// It is not there, is held by another program, or does not answer as its kind does.
pub fn show(session: &Session, card: &CardRef) -> Result<CardReport> {
    let (mut handle, kind) = CardHandle::open_any(session, card)?;
    let atr = hex::encode_upper(handle.reset()?);
    let mut report = CardReport::default();
    report.add("kind", kind.name());
    report.add("ATR", atr);
    if kind.is_sim() {
        report.read_sim(session, &mut handle)?;
    } else {
        report.read_fmcos(&mut handle, kind)?;
    }
    handle.close()?;
    Ok(report)
}
