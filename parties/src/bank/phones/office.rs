//! Phones, as the office has them: listed, frozen, let buy again, forgotten.

use crate::bank::desk::Desk;
use crate::bank::{known, text};
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, refused};
use client::Mode;
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::CustomerNumber;
use serde::{Deserialize, Serialize};
use server::{Phone, PhoneEnd, PhoneError};
use std::borrow::Cow;

/// A phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhoneLine {
    /// The server's name for it, 16 hexadecimal digits.
    pub phone: String,
    /// Whose it is.
    pub customer: CustomerNumber,
    /// How it proves who it is: `noise` or `paper`.
    pub mode: Cow<'static, str>,
    /// It says an IMSI.
    pub says_imsi: bool,
    /// It says an IMEI.
    pub says_imei: bool,
    /// When it enrolled.
    #[serde(with = "names::text")]
    pub enrolled: Moment,
    /// When its last session began.
    #[serde(with = "text::maybe")]
    pub seen: Option<Moment>,
    /// Sessions it had.
    pub sessions: u32,
    /// Tries its password has left.
    pub password_tries: u32,
    /// Since when it is frozen.
    #[serde(with = "text::maybe")]
    pub frozen: Option<Moment>,
    /// When it ended.
    #[serde(with = "text::maybe")]
    pub ended: Option<Moment>,
    /// How: `forgotten`, `left`, `sim`, `erased`.
    pub why: Option<String>,
}

impl PhoneLine {
    fn of(phone: Phone) -> Self {
        let (ended, why) = phone.ended.map_or((None, None), |(at, why)| (Some(at), Some(why)));
        PhoneLine {
            phone: hex::encode(phone.name),
            customer: phone.customer,
            mode: if phone.mode == Mode::Noise { "noise" } else { "paper" }.into(),
            says_imsi: phone.imsi,
            says_imei: phone.imei.is_some(),
            enrolled: phone.made,
            seen: phone.seen,
            sessions: phone.sessions,
            password_tries: phone.tries,
            frozen: phone.frozen,
            ended,
            why,
        }
    }
}

/// Phones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhonesReport {
    /// Each, oldest first.
    pub phones: Vec<PhoneLine>,
}

/// A customer's phones.
///
/// # Errors
/// Nobody has this number.
pub fn list(session: &Session, desk: &Desk, customer: CustomerNumber) -> Result<PhonesReport> {
    desk.folder(session)?;
    known(desk.books(), customer)?;
    let phones = desk.books().phones_of(customer)?;
    Ok(PhonesReport { phones: phones.into_iter().map(PhoneLine::of).collect() })
}

/// What the office does with a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneChange {
    /// It may do nothing until it is let again.
    Freeze,
    /// It may again.
    Thaw,
    /// Its keys go at once.
    Forget,
}

/// A phone, after something was done with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhoneChangeReport {
    /// It.
    #[serde(flatten)]
    pub line: PhoneLine,
    /// It stood otherwise before.
    pub changed: bool,
}

/// Freezes a phone, lets it again, or forgets it.
///
/// # Errors
/// Nobody knows it; no reason was said.
pub fn change(
    session: &Session,
    desk: &mut Desk,
    phone: &str,
    change: PhoneChange,
    reason: &str,
) -> Result<PhoneChangeReport> {
    desk.folder(session)?;
    let reason = text::short("reason", reason, 256)?;
    let mut name = [0; 8];
    hex::decode_to_slice(phone, &mut name)
        .map_err(|_| refused("the name of a phone has 16 hexadecimal digits").code("phone-form"))?;
    let at = session.now()?;
    let books = desk.books_mut();
    let known = |found: Option<Phone>| found.ok_or_else(|| PhoneError::Unknown(hex::encode(name)));
    known(books.phone(name)?)?;
    let changed = match change {
        PhoneChange::Freeze => books.freeze_phone(name, Some(at))?,
        PhoneChange::Thaw => books.freeze_phone(name, None)?,
        PhoneChange::Forget => books.end_phone(name, PhoneEnd::Forgotten, at)?,
    };
    let phone = known(books.phone(name)?)?;
    log::fact(session, "customer", phone.customer);
    log::fact(session, "phone", hex::encode(name));
    log::fact(session, "reason", reason);
    Ok(PhoneChangeReport { line: PhoneLine::of(phone), changed })
}
