//! The network between phones: a letter a file, and what becomes of each on its way [docs/specs/phone.md 5].
//!
//! It is no radio: whoever runs a phone looks into the folder for letters to it that are due. What happens to a letter - delayed, lost,
//! doubled - is decided when it is sent, by the conditions' seed and the letter's number alone, so a run repeats.

use super::claim::{claimed, is_theirs};
use super::place::all;
use crate::home;
use crate::records;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use scheme::record_file::{Message, SimNote};
use scheme::subscription::PhoneNumber;
use scheme::{Kind, Moment};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use wire::sms::parts;
use wire::sms::record::{RecordStatus, Records, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Direction, StatusReport, Submit, Timestamp, Tpdu};

/// Longest delay that may be asked for: a day.
const LONGEST_DELAY: u32 = 86_400;

/// What becomes of letters on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// Decides which letters meet what.
    pub seed: u64,
    /// Of a hundred letters so many are lost.
    pub lose: u8,
    /// Of a hundred letters so many come twice.
    pub double: u8,
    /// Seconds a letter takes at least.
    pub delay_from_s: u32,
    /// Seconds it takes at most: letters of different delays overtake each other.
    pub delay_to_s: u32,
}

impl Default for Conditions {
    /// Everything arrives once and at once.
    fn default() -> Self {
        Conditions { seed: 0, lose: 0, double: 0, delay_from_s: 0, delay_to_s: 0 }
    }
}

impl Conditions {
    /// How many seconds each copy of a letter takes; none: it is lost.
    pub(super) fn fate(&self, number: u64) -> Vec<u32> {
        let text = format!("gridcard network 1|{}|{number}", self.seed);
        let dice = Sha256::digest(text.as_bytes());
        let roll = |at: usize| u32::from_be_bytes([dice[at], dice[at + 1], dice[at + 2], dice[at + 3]]);
        if roll(0) % 100 < u32::from(self.lose) {
            return Vec::new();
        }
        let span = self.delay_to_s.saturating_sub(self.delay_from_s) + 1;
        let delay = |at: usize| self.delay_from_s + roll(at) % span;
        let twice = roll(4) % 100 < u32::from(self.double);
        std::iter::once(delay(8)).chain(twice.then(|| delay(12))).collect()
    }
}

fn conditions_file(phones: &Path) -> PathBuf {
    phones.join("network").join("conditions.json")
}

/// The conditions that hold.
///
/// # Errors
/// The file is damaged.
pub fn conditions(phones: &Path) -> Result<Conditions> {
    let path = conditions_file(phones);
    if !path.exists() {
        return Ok(Conditions::default());
    }
    serde_json::from_str(&home::read_text(&path)?).with_context(|| path.display().to_string())
}

/// Sets the conditions, for letters that are sent from now on.
///
/// # Errors
/// More than all are lost; delays that are none.
pub fn set_conditions(phones: &Path, conditions: &Conditions) -> Result<()> {
    let Conditions { lose, double, delay_from_s, delay_to_s, .. } = *conditions;
    if lose > 100 || double > 100 || delay_from_s > delay_to_s || delay_to_s > LONGEST_DELAY {
        let words = "of a hundred letters at most a hundred are lost or doubled, and a delay goes from less to more, a day at most";
        return Err(Failure::new(Kind::Usage, words).into());
    }
    home::make_folder(&phones.join("network"))?;
    home::write(&conditions_file(phones), serde_json::to_string_pretty(conditions)?.as_bytes())
}

/// A letter on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Whom it is for: a whole number, or what else was dialled.
    pub to: String,
    /// Whom it is from.
    pub from: String,
    /// Service centre, without a plus sign.
    pub centre: String,
    /// The message: for a phone of ours as it receives it, for somebody else as it was sent.
    #[serde(with = "hex_text")]
    pub tpdu: Vec<u8>,
    /// When it arrives.
    #[serde(with = "scheme::names::text")]
    pub due: Moment,
    /// ICCID of the SIM it came from, for whoever settles a receipt.
    pub iccid: Option<String>,
    /// Reference of the message whose sender wants to know what became of it.
    pub report: Option<u8>,
}

/// Bytes in hexadecimal digits.
mod hex_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode_upper(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A letter with the name of its file, which holds its number and copy.
pub(super) type Named = (PathBuf, Letter);

/// The folder with the letters of all phones.
pub(super) struct Network {
    phones: PathBuf,
}

impl Network {
    pub fn new(phones: &Path) -> Self {
        Network { phones: phones.to_path_buf() }
    }

    fn letters(&self) -> PathBuf {
        self.phones.join("network")
    }

    /// Where what goes to nobody here is laid.
    fn outside(&self) -> PathBuf {
        self.phones.join("out")
    }

    /// Sends a letter; gives its number and its arrivals in seconds from now.
    pub fn send(&self, letter: &Letter) -> Result<(u64, Vec<u32>)> {
        let folder = self.letters();
        home::make_folder(&folder)?;
        let number = self.number(&folder)?;
        let fate = conditions(&self.phones)?.fate(number);
        for (copy, delay) in fate.iter().enumerate() {
            let due = letter.due.add_seconds(i64::from(*delay)).unwrap_or(letter.due);
            let text = serde_json::to_string(&Letter { due, ..letter.clone() })?;
            home::write(&folder.join(format!("{number:08}-{copy}.letter")), text.as_bytes())?;
        }
        Ok((number, fate))
    }

    /// The number of the next letter, which stays taken when the letter is lost.
    fn number(&self, folder: &Path) -> Result<u64> {
        let last = folder.join("last");
        let _one_at_a_time =
            disk::Lock::take(&last, std::time::Duration::from_secs(10), "network", |_| false)
                .map_err(|_| refused("another phone keeps the network's count").code("network-held"))?;
        let before = if last.exists() { home::read_text(&last)?.trim().parse().unwrap_or(0) } else { 0 };
        let number: u64 = before + 1;
        home::write(&last, number.to_string().as_bytes())?;
        Ok(number)
    }

    /// All letters under way, by their numbers. One that cannot be read is nobody's.
    pub fn under_way(&self) -> Result<Vec<Named>> {
        let folder = self.letters();
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut found: Vec<Named> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "letter"))
            .filter_map(|path| {
                let letter = serde_json::from_str(&home::read_text(&path).ok()?).ok()?;
                Some((path, letter))
            })
            .collect();
        found.sort_by(|(a, one), (b, other)| (one.due, a).cmp(&(other.due, b)));
        Ok(found)
    }

    /// Letters to a number that are due.
    pub fn due(&self, number: &PhoneNumber, now: Moment) -> Result<Vec<Named>> {
        let letters = self.under_way()?.into_iter();
        Ok(letters.filter(|(_, letter)| letter.to == number.as_str() && letter.due <= now).collect())
    }

    /// Takes a letter away that arrived, and tells its sender if he wants to know; whoever else would take the same is too late.
    pub fn arrived(&self, session: &Session, (path, letter): &Named, delivered: bool) -> Result<()> {
        if std::fs::remove_file(path).is_err() {
            return Ok(());
        }
        let Some(reference) = letter.report else { return Ok(()) };
        // Services have numbers that are no whole ones.
        let back =
            letter.from.parse::<PhoneNumber>().map_or(letter.from.clone(), |number| number.to_string());
        let now = session.now()?;
        let stamp = Timestamp::china(now.0)?;
        let report = StatusReport {
            first: 0x06, // a report, and no more messages wait
            reference,
            recipient: dialled(&letter.to)?,
            timestamp: stamp,
            discharge: stamp,
            // Received, or given up: the SIM refused it.
            status: if delivered { 0x00 } else { 0x41 },
            indicator: Vec::new(),
            pid: None,
            dcs: None,
            user_data: None,
        };
        let letter = Letter {
            to: back,
            from: letter.to.clone(),
            centre: letter.centre.clone(),
            tpdu: report.to_bytes(),
            due: now,
            iccid: None,
            report: None,
        };
        self.send(&letter).map(|_| ())
    }

    /// Sends what a phone of ours sends: to another phone of ours as it receives it, to others as it is.
    pub fn submit(
        &self,
        session: &Session,
        from: &PhoneNumber,
        iccid: Option<&str>,
        submit: &Submit,
        centre: &Address,
    ) -> Result<()> {
        let dialled = submit.destination.digits().filter(|digits| !digits.is_empty());
        let dialled =
            dialled.ok_or_else(|| refused("the message is for no number").code("phone-no-number"))?;
        // Services have numbers that are no whole ones.
        let to = dialled.parse::<PhoneNumber>().map_or(dialled, |number| number.to_string());
        let is_ours = all(&self.phones)?.iter().any(|(_, phone)| phone.number.as_str() == to);
        let now = session.now()?;
        let tpdu = if is_ours {
            let deliver = Deliver {
                flags: Deliver::NO_MORE_MESSAGES,
                originator: Address::international(from.digits())?,
                pid: submit.pid,
                dcs: submit.dcs,
                timestamp: Timestamp::china(now.0)?,
                user_data: submit.user_data.clone(),
            };
            deliver.to_bytes()
        } else {
            submit.to_bytes()
        };
        let report = (submit.flags & Submit::STATUS_REPORT != 0).then_some(submit.reference);
        let letter = Letter {
            to,
            from: from.to_string(),
            centre: centre.digits().unwrap_or_default().trim_start_matches('+').to_owned(),
            tpdu,
            due: now,
            iccid: iccid.map(str::to_owned),
            report,
        };
        self.send(&letter).map(|_| ())
    }

    /// Lays what is due and goes to nobody here into the folder of what leaves, as record files; the two messages of a signed receipt as one,
    /// once both are there. Gives their names.
    pub fn hand_out(&self, session: &Session) -> Result<Vec<PathBuf>> {
        let now = session.now()?;
        let (phones, claimed) = (all(&self.phones)?, claimed(&self.phones)?);
        let is_outside = |letter: &Letter| {
            !phones.iter().any(|(_, phone)| phone.number.as_str() == letter.to)
                && !is_theirs(&claimed, &letter.to)
        };
        let mut due = Vec::new();
        for named in self.under_way()? {
            if is_outside(&named.1) && named.1.due <= now {
                let record = named.1.record()?;
                due.push((named, record));
            }
        }
        let mut out = Vec::new();
        for (named, record) in &due {
            let mut whole = vec![(named, record)];
            if parts::first(&record.tpdu).is_some() {
                let second = due.iter().find(|(_, other)| parts::records_belong(record, other));
                let Some((other, second)) = second else { continue };
                whole.push((other, second));
            } else if parts::second(&record.tpdu).is_some() {
                continue;
            }
            let (path, letter) = named;
            let mut bytes = Vec::new();
            for (_, record) in &whole {
                bytes.extend(record.to_bytes()?);
            }
            let Some(record) = Records::parse(&bytes) else { continue };
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let file = self.outside().join(format!("{name}-{}.sms", plain(&letter.to)));
            let sim = SimNote { iccid: letter.iccid.clone(), ..SimNote::default() };
            home::make_folder(&self.outside())?;
            records::write(&file, &Message { record, sim })?;
            for (named, _) in whole {
                self.arrived(session, named, true)?;
            }
            out.push(file);
        }
        Ok(out)
    }
}

/// A number as it may stand in a file's name.
fn plain(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// A number as a report names it; signs that no telephone number has are left out.
fn dialled(number: &str) -> Result<Address> {
    const NATIONAL: u8 = 0x81;
    let address = Address::international(&plain(number))?;
    match number.starts_with('+') {
        true => Ok(address),
        false => Ok(Address::from_wire(NATIONAL, address.semi_octets(), address.bytes())?),
    }
}

impl Letter {
    /// As a SIM has it.
    fn record(&self) -> Result<SmsRecord> {
        let (tpdu, _) = Tpdu::parse(&self.tpdu, Direction::FromNetwork)?;
        let status = match tpdu.direction() {
            Direction::ToNetwork => RecordStatus::ToBeSent,
            Direction::FromNetwork => RecordStatus::Unread,
        };
        let service_centre = self.service_centre();
        Ok(SmsRecord { status, service_centre, tpdu })
    }

    /// By which service centre it came.
    pub fn service_centre(&self) -> Option<Address> {
        Address::international(&self.centre).ok()
    }
}
