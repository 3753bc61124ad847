//! What a request asks for, read and checked as far as its form goes.

use crate::denied::Denied;
use crate::lines::Lines;
use crate::mailbox::Mailbox;
use parties::Result;
use parties::bank::pins::PinChoice;
use scheme::money::Fen;
use scheme::order::OrderId;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// What an act is given.
#[derive(Default)]
pub struct Asked {
    /// What stood in the places of the path and in the query.
    pub named: BTreeMap<String, String>,
    /// The fields of the body.
    pub fields: Map<String, Value>,
    /// A body that is a list of another party.
    pub text: Vec<u8>,
    /// Lines of meters.
    pub lines: Lines,
    /// The one office whose customers are there for whoever asks; `None`: all are.
    pub office: Option<String>,
}

/// What an act is given beside what was asked.
pub struct Means {
    /// The PSAMs' PINs.
    pub pin: PinChoice,
    /// The id of an order that is made for the request.
    pub order: Option<OrderId>,
    /// Where its messages are.
    pub mailbox: Arc<Mailbox>,
    /// Whether there is a bank that can be asked.
    pub bank: bool,
}

/// Where the one order or receipt of a request lies in its mailbox.
pub fn message() -> PathBuf {
    PathBuf::from("message")
}

/// Whether a text is the id of a request: 1 to 64 letters, digits, dots, dashes, underscores.
pub fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

impl Asked {
    /// What counts as the same: what is asked, of what, with which fields, in whatever order they stand.
    pub fn hash(&self, route: &str) -> [u8; 32] {
        let asked = json!({ "route": route, "named": self.named, "fields": self.fields });
        Sha256::new().chain_update(asked.to_string()).chain_update(&self.text).finalize().into()
    }

    /// Something named in the path or the query.
    ///
    /// # Errors
    /// It is missing or has not its form.
    pub fn place<T: FromStr>(&self, name: &'static str) -> Result<T>
    where
        T::Err: Display,
    {
        self.maybe_place(name)?.ok_or_else(|| missing(name))
    }

    /// As [`Asked::place`], of something that may be missing.
    ///
    /// # Errors
    /// It has not its form.
    pub fn maybe_place<T: FromStr>(&self, name: &'static str) -> Result<Option<T>>
    where
        T::Err: Display,
    {
        self.named.get(name).map(|text| parsed(name, text)).transpose()
    }

    /// A field of the body that is text of a form.
    ///
    /// # Errors
    /// As [`Asked::place`].
    pub fn field<T: FromStr>(&self, name: &'static str) -> Result<T>
    where
        T::Err: Display,
    {
        self.maybe_field(name)?.ok_or_else(|| missing(name))
    }

    /// As [`Asked::field`], of one that may be missing.
    ///
    /// # Errors
    /// As [`Asked::maybe_place`].
    pub fn maybe_field<T: FromStr>(&self, name: &'static str) -> Result<Option<T>>
    where
        T::Err: Display,
    {
        self.words(name).map(|text| parsed(name, text)).transpose()
    }

    /// A field of the body that is any text.
    pub fn words(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// A field of the body that is yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.fields.get(name)?.as_bool()
    }

    /// A field of the body that is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.fields.get(name)?.as_u64()?.try_into().ok()
    }

    /// A field of the body that is money.
    pub fn fen(&self, name: &str) -> Option<Fen> {
        self.number(name).map(Fen)
    }
}

fn missing(name: &str) -> parties::Trouble {
    parties::Trouble::new(Denied::Malformed(format!("{name} is missing")))
}

fn parsed<T: FromStr>(name: &str, text: &str) -> Result<T>
where
    T::Err: Display,
{
    text.parse().map_err(|error| parties::Trouble::new(Denied::Malformed(format!("{name}: {error}"))))
}
