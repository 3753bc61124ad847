//! What the operator of the server decides once, and the few other facts a store keeps by name.

use crate::engine::{About, Now, Question, params};
use crate::error::StoreError;
use crate::message_error::MessageError;
use crate::order_error::OrderError;
use crate::rows;
use crate::store::{Transaction, View};
use scheme::moment::Moment;
use scheme::subscription::PhoneNumber;

/// Days an order is valid unless the bank says otherwise.
pub const VALIDITY_DAYS: u16 = 30;
/// A receipt may say a time so many seconds before the issue of its order without being a finding.
pub const CLOCK_TOLERANCE_S: u32 = 3600;

/// Terms of business: who sends orders, how long they last, how far a meter's clock may be off unremarked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The server's telephone number. Orders come from it and receipts go to it.
    pub server_number: PhoneNumber,
    /// The service centre named in the EF_SMS record.
    pub service_centre: PhoneNumber,
    /// An order is valid for so many days from its issue.
    pub validity_days: u16,
    /// A receipt may say a time so many seconds before the issue of its order; beyond it is a finding.
    pub clock_tolerance_s: u32,
}

impl Terms {
    /// Terms with these numbers, as a person writes them, and the usual times.
    ///
    /// # Errors
    /// A number is none.
    pub fn new(server_number: &str, service_centre: &str) -> Result<Self, MessageError> {
        Ok(Terms {
            server_number: server_number
                .parse()
                .map_err(|fault| MessageError::ServerNumber { number: server_number.to_owned(), fault })?,
            service_centre: service_centre
                .parse()
                .map_err(|fault| MessageError::ServiceCentre { number: service_centre.to_owned(), fault })?,
            validity_days: VALIDITY_DAYS,
            clock_tolerance_s: CLOCK_TOLERANCE_S,
        })
    }
}

/// What is set under a name.
fn setting_of(name: &str) -> Question {
    let sql = "SELECT value FROM setting WHERE name = ?1";
    Question::new(sql, params![name]).about(About::Setting(name.to_owned()))
}

/// What every sale and every settlement asks of what is set.
pub(crate) fn settings() -> Vec<Question> {
    let names = [
        "server-number",
        "service-centre",
        "validity-days",
        "clock-tolerance-s",
        "make",
        "clock",
        "training",
    ];
    names.into_iter().map(setting_of).collect()
}

impl View<'_> {
    pub(crate) fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.conn.answer(&setting_of(name), |row| rows::column(row, "value"))
    }

    fn number_setting<T: core::str::FromStr>(&self, name: &'static str, usual: T) -> Result<T, StoreError> {
        match self.setting(name)? {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| StoreError::Value { place: name, detail: text }),
        }
    }

    /// The bank's terms; `None` until it has said its numbers. A store of an older make may hold one that is none: it has to be
    /// said anew.
    pub fn terms(&self) -> Result<Option<Terms>, StoreError> {
        let numbers = (self.setting("server-number")?, self.setting("service-centre")?);
        let stored = |digits: String| format!("+{digits}").parse().ok();
        let (Some(server_number), Some(service_centre)) =
            (numbers.0.and_then(stored), numbers.1.and_then(stored))
        else {
            return Ok(None);
        };
        Ok(Some(Terms {
            server_number,
            service_centre,
            validity_days: self.number_setting("validity-days", VALIDITY_DAYS)?,
            clock_tolerance_s: self.clock_tolerance()?,
        }))
    }

    /// How far a meter's clock may be off unremarked, in seconds.
    pub fn clock_tolerance(&self) -> Result<u32, StoreError> {
        self.number_setting("clock-tolerance-s", CLOCK_TOLERANCE_S)
    }

    /// Whether the store holds orders of the older make, which name no chip.
    pub fn is_older_make(&self) -> Result<bool, StoreError> {
        Ok(self.setting("make")?.is_some())
    }
}

impl Transaction<'_> {
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.conn.writing(
            || [Now::same(setting_of(name)).but("value", value)],
            || {
                self.conn.write_of(
                    || [About::Setting(name.to_owned())],
                    "INSERT INTO setting (name, value) VALUES (?1, ?2) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    params![name, value],
                )
            },
        )
    }

    /// Sets the bank's terms for all orders to come.
    pub fn set_terms(&self, terms: &Terms) -> Result<(), StoreError> {
        self.set("server-number", terms.server_number.digits())?;
        self.set("service-centre", terms.service_centre.digits())?;
        self.set("validity-days", &terms.validity_days.to_string())?;
        self.set("clock-tolerance-s", &terms.clock_tolerance_s.to_string())
    }

    /// Looks at the clock before a sale. One that stands before the last sale stops it, unless `allowed`; settling asks
    /// no clock.
    pub fn guard_clock(&self, now: Moment, allowed: bool) -> Result<(), OrderError> {
        if let Some(text) = self.setting("clock")? {
            let fault = |_| StoreError::Value { place: "setting.clock", detail: text.clone() };
            let raw: Vec<u8> = hex::decode(&text)
                .map_err(|_| StoreError::Value { place: "setting.clock", detail: text.clone() })?;
            let last = Moment::new(rows::exactly(&raw, "setting.clock")?).map_err(fault)?;
            if now < last && !allowed {
                return Err(OrderError::ClockBack { now, last });
            }
            // Many acts of one second write it down once.
            if now == last {
                return Ok(());
            }
        }
        Ok(self.set("clock", &rows::time_text(now))?)
    }
}
