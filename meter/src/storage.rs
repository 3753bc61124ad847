//! A flash disk or a card with files in the place of the SIM, as a source of money [docs/specs/meter.md 4].
//!
//! The bank's record files are read as they are and never written to; an order's receipt goes into a file beside it. A file may be copied
//! at will, since the count in the order is taken once, and it may be torn at any byte: what is not whole brings nothing, and what the
//! medium did not take is said again the next time.

use crate::fault::BrokenOff;
use crate::mcu::MeterState;
use crate::message::OrderMessage;
use crate::messages;
use crate::source::{CarriedOrder, Course, Source};
use crate::step::Step;
use scheme::record_file::{self, RecordFileError, SimNote};
use scheme::refusal::Refusal;
use wire::sms::content::Content;
use wire::sms::record::Records;
use wire::typed::TypedError;

/// Bytes that a file with an order has at most: two records, and room for what else it says. A longer one is somebody else's.
pub const MOST_BYTES: usize = 4096;
/// Files of such a length that are looked at on one medium.
pub const MOST_FILES: usize = 200;
/// How the name of a receipt ends.
pub const RECEIPT: &str = "receipt";
/// Receipts of one name: a second order of a name, before the first one's receipt was taken away, has `.2.receipt`.
const MOST_RECEIPTS: u8 = 9;

/// What a medium says instead of doing something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediumError {
    /// It is not there any more.
    Gone(String),
    /// It is there, and does not: read-only, full, a name that is a folder's.
    Refused(String),
}

/// A medium with files in one folder.
pub trait Medium {
    /// Names of the files on it, without folders, links and hidden files.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    fn names(&mut self) -> Result<Vec<String>, MediumError>;

    /// The bytes of a file; `None` when there is none of that name, or it has more than `most`.
    ///
    /// # Errors
    /// It is gone, or the file cannot be read.
    fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, MediumError>;

    /// Writes a file whole or not at all. One that is there gives way when `over` is set, else it is an error.
    ///
    /// # Errors
    /// It is gone, or does not take the file.
    fn write(&mut self, name: &str, bytes: &[u8], over: bool) -> Result<(), MediumError>;
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// The file its receipt is in.
    pub receipt: Option<String>,
    /// Why it brings nothing, of a file that looks like one of ours.
    pub damage: Option<String>,
}

/// An order in a file.
struct StoredOrder {
    place: u8,
    first: OrderMessage,
    messages: Vec<Vec<u8>>,
    imsi: [u8; 9],
    note: SimNote,
}

/// What a file is to a meter.
enum Found {
    Order(Box<StoredOrder>),
    /// A receipt, or nothing of ours.
    Other,
    Damaged(String),
}

/// The medium in the meter.
pub(crate) struct Storage<'m> {
    medium: &'m mut dyn Medium,
    /// The one file that is meant; `None`: all on the medium.
    only: Option<&'m str>,
    orders: Vec<StoredOrder>,
    /// By place, which counts from 1.
    pub(crate) files: Vec<StoredFile>,
    given: bool,
}

fn broken(step: Step, refusal: Refusal, error: MediumError) -> BrokenOff {
    let (refusal, words) = match error {
        MediumError::Gone(words) => (Refusal::StoragePulled, words),
        MediumError::Refused(words) => (refusal, words),
    };
    BrokenOff { refusal, step, cause: Some(words) }
}

fn unreadable(error: MediumError) -> BrokenOff {
    broken(Step::StorageFiles, Refusal::StorageFile, error)
}

/// The name of a file's n-th receipt: `order.sms` has `order.receipt`, `order.2.receipt` and so on.
fn receipt_name(name: &str, n: u8) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem });
    if n == 1 { format!("{stem}.{RECEIPT}") } else { format!("{stem}.{n}.{RECEIPT}") }
}

fn is_receipt_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(RECEIPT))
}

/// Reads a file; `place` is what its order is called.
fn read_file(place: u8, bytes: &[u8]) -> Found {
    let Ok(text) = std::str::from_utf8(bytes) else { return Found::Other };
    let message = match record_file::Message::from_text(text) {
        Ok(message) => message,
        // An odd digit is one that was cut.
        Err(RecordFileError::NotHex(TypedError::Digit { .. })) => return Found::Other,
        Err(error) => return Found::Damaged(error.to_string()),
    };
    let each = message.record.each();
    match each.first().map(|record| Content::of(record)) {
        Some(Content::Order(_)) => {}
        Some(Content::Receipt(_) | Content::SentReceipt(_)) => return Found::Other,
        _ => return Found::Damaged("it holds no order for electricity".to_owned()),
    }
    let mut parts: Vec<_> = each.iter().filter_map(|record| OrderMessage::read(place, record)).collect();
    let is_whole = match &parts[..] {
        [one] => one.is_whole(),
        [first, second] => first.is_first() && first.goes_on_in(second),
        _ => false,
    };
    if !is_whole || parts.len() != each.len() {
        return Found::Damaged("it holds a part of an order alone".to_owned());
    }
    let Some(imsi) = &message.sim.imsi else {
        return Found::Damaged("it does not say the IMSI of its SIM".to_owned());
    };
    let (imsi, messages) = (imsi.file(), parts.iter().map(OrderMessage::tpdu).collect());
    let first = parts.swap_remove(0);
    Found::Order(Box::new(StoredOrder { place, first, messages, imsi, note: message.sim }))
}

/// The records of a file with a receipt, which may still have to be brought to the bank.
fn receipt_in(bytes: &[u8]) -> Option<Records> {
    let record = record_file::Message::from_text(std::str::from_utf8(bytes).ok()?).ok()?.record;
    matches!(Content::of(record.each().first()?), Content::Receipt(_)).then_some(record)
}

impl<'m> Storage<'m> {
    pub(crate) fn new(medium: &'m mut dyn Medium, only: Option<&'m str>) -> Self {
        Storage { medium, only, orders: Vec::new(), files: Vec::new(), given: false }
    }

    /// The files that are looked at, by name.
    fn names(&mut self) -> Result<Vec<String>, BrokenOff> {
        if let Some(only) = self.only {
            return Ok(vec![only.to_owned()]);
        }
        let mut names = self.medium.names().map_err(unreadable)?;
        names.retain(|name| !is_receipt_name(name));
        names.sort();
        Ok(names)
    }

    /// Reads what there is. A file that is torn hinders no other.
    fn read(&mut self) -> Result<(), BrokenOff> {
        for name in self.names()? {
            let Some(bytes) = self.medium.read(&name, MOST_BYTES).map_err(unreadable)? else { continue };
            let place = match u8::try_from(self.files.len() + 1) {
                Ok(place) if self.files.len() < MOST_FILES => place,
                _ => {
                    let words = format!("more than {MOST_FILES} files: insert the one with the order alone");
                    return Err(unreadable(MediumError::Refused(words)));
                }
            };
            let damage = match read_file(place, &bytes) {
                Found::Order(order) => {
                    self.orders.push(*order);
                    None
                }
                Found::Other => continue,
                Found::Damaged(words) => Some(words),
            };
            self.files.push(StoredFile { name, receipt: None, damage });
        }
        Ok(())
    }

    fn order(&self, order: &CarriedOrder) -> Option<&StoredOrder> {
        self.orders.iter().find(|stored| stored.place == order.place())
    }

    /// Writes a receipt into the first name of its order's that is free, or has this receipt already, or something that is no receipt: what
    /// was torn in an earlier writing. The receipt of another order stays: it may be the only one there is.
    fn keep(&mut self, name: &str, message: &record_file::Message) -> Result<String, MediumError> {
        let text = message.to_text().into_bytes();
        for n in 1..=MOST_RECEIPTS {
            let receipt = receipt_name(name, n);
            let there = self.medium.read(&receipt, MOST_BYTES)?;
            match &there {
                Some(there) if *there == text => return Ok(receipt),
                Some(there) if receipt_in(there).is_some_and(|other| other != message.record) => continue,
                _ => {}
            }
            self.medium.write(&receipt, &text, there.is_some())?;
            return Ok(receipt);
        }
        Err(MediumError::Refused(format!(
            "{MOST_RECEIPTS} other receipts of {name} are there: take them to the bank"
        )))
    }
}

impl Source for Storage<'_> {
    fn looking(&self) -> Step {
        Step::StorageFiles
    }

    fn open(&mut self, _: &MeterState, course: &Course) -> Result<[u8; 9], BrokenOff> {
        let step = course.enter(Step::StorageFiles);
        self.read()?;
        if let Some(first) = self.orders.first() {
            return Ok(first.imsi);
        }
        let damaged =
            self.files.iter().find_map(|file| Some(format!("{}: {}", file.name, file.damage.as_ref()?)));
        Err(match damaged {
            Some(words) => unreadable(MediumError::Refused(words)),
            None => BrokenOff::plain(step, Refusal::StorageEmpty),
        })
    }

    fn look(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(Vec::new());
        }
        let order = |stored: &StoredOrder| CarriedOrder {
            places: vec![stored.place],
            messages: stored.messages.clone(),
        };
        Ok(self.orders.iter().map(order).collect())
    }

    fn is_done(&self) -> bool {
        self.given
    }

    /// Files of several SIMs may lie on one medium.
    fn bearer(&self, order: &CarriedOrder) -> Option<[u8; 9]> {
        self.order(order).map(|stored| stored.imsi)
    }

    fn answer(&mut self, order: &CarriedOrder, receipt: &[u8], course: &Course) -> Result<(), BrokenOff> {
        let step = course.enter(Step::WriteBack);
        let stored = self.order(order).and_then(|stored| {
            let records = Records::parse(&stored.first.receipt(receipt)?.concat())?;
            let sim = SimNote { iccid: stored.note.iccid.clone(), ..SimNote::default() };
            Some((usize::from(stored.place) - 1, record_file::Message { record: records, sim }))
        });
        let (place, message) = stored.ok_or_else(|| BrokenOff::plain(step, Refusal::Esam))?;
        let Some(name) = self.files.get(place).map(|file| file.name.clone()) else {
            return Err(BrokenOff::plain(step, Refusal::Esam));
        };
        let kept = self.keep(&name, &message);
        let kept = kept.map_err(|error| broken(step, Refusal::StorageWrite, error))?;
        if let Some(file) = self.files.get_mut(place) {
            file.receipt = Some(kept);
        }
        Ok(())
    }

    fn farewell(&self) -> &'static str {
        messages::TAKE_RECEIPT
    }
}
