//! Messages into the network, from whoever is no phone here: the bank's order, a stranger's words.

use super::network::{Letter, Network};
use super::place::{PhoneName, Place, folder};
use crate::session::Session;
use crate::trouble::{Result, refused};
use scheme::subscription::PhoneNumber;
use serde::Serialize;
use std::path::PathBuf;
use wire::sms::record::{RECORD_LEN, SmsRecord};
use wire::sms::text::user_data;
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};

/// The service centre of messages that name none.
const CENTRE: &str = "8613800250500";

/// What is sent.
#[derive(Debug, Clone)]
pub enum What {
    /// The message of a record file, as it stands there.
    Record(PathBuf),
    /// Words, from a number.
    Text {
        /// The words.
        text: String,
        /// Whom they are from.
        from: PhoneNumber,
    },
}

/// A message for a phone.
#[derive(Debug, Clone)]
pub struct SendRequest {
    /// The phone.
    pub to: PhoneName,
    /// The message.
    pub what: What,
}

/// A message under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendReport {
    /// Its letters: one, or two of a signed order.
    pub letters: Vec<SentLetter>,
}

/// A letter that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentLetter {
    /// Its number.
    pub letter: u64,
    /// Seconds until each copy of it arrives; none: it is lost.
    pub arrives_s: Vec<u32>,
}

/// Sends a message to a phone here.
///
/// # Errors
/// No such phone; no such file, or nothing in it that a network delivers.
pub fn send(session: &Session, request: &SendRequest) -> Result<SendReport> {
    let phones = folder(session)?;
    let to = Place::of(&phones, &request.to).load()?.number;
    let network = Network::new(&phones);
    let mut letters = Vec::new();
    for (centre, deliver) in messages(session, &request.what)? {
        let letter = Letter {
            to: to.to_string(),
            from: deliver.originator.digits().unwrap_or_default(),
            centre: centre.unwrap_or_else(|| CENTRE.to_owned()).trim_start_matches('+').to_owned(),
            tpdu: deliver.to_bytes(),
            due: session.now()?,
            iccid: None,
            report: None,
        };
        let (letter, arrives_s) = network.send(&letter)?;
        letters.push(SentLetter { letter, arrives_s });
    }
    Ok(SendReport { letters })
}

/// What the network delivers, with the service centre where one is named.
fn messages(session: &Session, what: &What) -> Result<Vec<(Option<String>, Deliver)>> {
    match what {
        What::Record(file) => {
            let records = session.carrier.fetch(file)?.record;
            let delivered = |record: &[u8; RECORD_LEN]| match SmsRecord::parse(record)? {
                Some(SmsRecord { service_centre, tpdu: Tpdu::Deliver(deliver), .. }) => {
                    Ok((service_centre.and_then(|centre| centre.digits()), deliver))
                }
                _ => {
                    let words = format!("{} holds no message that a network delivers", file.display());
                    let hint = "an order's record file is what `gridcard server order` writes";
                    Err(refused(words).hint(hint).into())
                }
            };
            records.each().iter().map(delivered).collect()
        }
        What::Text { text, from } => {
            let (user_data, dcs) = user_data(text)?;
            let originator = Address::international(from.digits())?;
            let timestamp = Timestamp::china(session.now()?.0)?;
            let flags = Deliver::NO_MORE_MESSAGES;
            Ok(vec![(None, Deliver { flags, originator, pid: 0, dcs, timestamp, user_data })])
        }
    }
}
