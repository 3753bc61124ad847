//! One request, made of its row in the table of routes.

use crate::denied::Denied;
use crate::routes::{Method, ROUTES, Route};
use parties::{Result, Trouble};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// One thing that a server is asked for.
pub struct Request {
    route: &'static Route,
    path: String,
    query: String,
    body: Vec<u8>,
}

impl Request {
    /// By the name of its route.
    ///
    /// # Errors
    /// No route has this name.
    pub fn to(name: &str) -> Result<Self> {
        let route = ROUTES.iter().find(|route| route.name == name);
        let route = route.ok_or_else(|| Trouble::new(Denied::NoRoute))?;
        Ok(Request { route, path: route.path.to_owned(), query: String::new(), body: Vec::new() })
    }

    /// With what stands in a place of its path.
    #[must_use]
    pub fn place(mut self, name: &str, value: impl ToString) -> Self {
        self.path = self.path.replace(&format!("{{{name}}}"), &encoded(&value.to_string()));
        self
    }

    /// With something named in its query, where there is something.
    #[must_use]
    pub fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push(if self.query.is_empty() { '?' } else { '&' });
            self.query.push_str(&format!("{name}={}", encoded(&value.to_string())));
        }
        self
    }

    /// With fields; those that are null are left out.
    #[must_use]
    pub fn fields(mut self, fields: Value) -> Self {
        let fields = match fields {
            Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        };
        self.body = Value::Object(fields).to_string().into_bytes();
        self
    }

    /// With a list of another party, as it is.
    #[must_use]
    pub fn text(mut self, text: Vec<u8>) -> Self {
        self.body = text;
        self
    }

    /// Whether it changes something, and so has an id.
    pub const fn changes(&self) -> bool {
        self.route.changes()
    }

    /// Its method.
    pub const fn method(&self) -> &'static str {
        match self.route.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }

    /// Its path and query.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    /// What it carries.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What tells it from any other request.
    pub fn digest(&self) -> [u8; 32] {
        let asked = format!("{} {}\n", self.method(), self.target());
        Sha256::new().chain_update(asked).chain_update(&self.body).finalize().into()
    }
}

/// Text as a path or a query has it [RFC 3986 2.1].
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
