//! What a browser sends: forms, queries, cookies.

use axum::http::HeaderMap;
use scheme::Kind;
use scheme::fault::{Fault, Hint};
use std::collections::BTreeMap;
use std::fmt;

/// Why a form is not taken; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A page of somebody else's had the browser send it, or an old page of ours.
    #[error("this form did not come from a page that is open now")]
    Foreign,
    /// No money.
    #[error("the amount is not yuan with at most two digits after the point")]
    Amount,
    /// Something is missing that has to be said.
    #[error("a reason is missing")]
    Reason,
    /// A form that has to carry a file, and carries none that can be read.
    #[error("the form carries no file")]
    File,
    /// No account, or no token of one.
    #[error("this is no bank's token of an account")]
    Account,
    /// A day is missing, or is none.
    #[error("this is no day: days are typed as 2026-11-27")]
    Day,
    /// A number is missing, or is none.
    #[error("this is no number of the kind that is asked for")]
    Number,
    /// What is counted is not what should be there, and nobody said why.
    #[error("what was counted is not what the books have, and nothing is said about it")]
    Difference,
    /// Nothing can be asked so.
    #[error("this is nothing that can be asked for here")]
    Act,
}

impl Fault for FormError {
    fn kind(&self) -> Kind {
        match self {
            FormError::Foreign => Kind::Security,
            FormError::Amount
            | FormError::Reason
            | FormError::File
            | FormError::Account
            | FormError::Day
            | FormError::Number
            | FormError::Difference
            | FormError::Act => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            FormError::Foreign => "open the page again and fill it in once more".into(),
            FormError::Amount => "type 100 or 100.50".into(),
            FormError::Reason => "say why, for whoever decides and for the log".into(),
            FormError::File => "choose the file on the page, and send it from there".into(),
            FormError::Difference => "count once more; if it stays so, say what may have happened".into(),
            FormError::Account => {
                "type the token that the bank gave for the account, never its number".into()
            }
            FormError::Day | FormError::Number | FormError::Act => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            FormError::Foreign => "form-foreign",
            FormError::Amount => "form-amount",
            FormError::Reason => "form-reason",
            FormError::File => "form-file",
            FormError::Account => "form-account",
            FormError::Day => "form-day",
            FormError::Number => "form-number",
            FormError::Difference => "form-difference",
            FormError::Act => "form-act",
        }
    }
}

/// The fields of a form or a query, the last of a name.
#[derive(Clone, Default)]
pub struct Form(BTreeMap<String, String>);

impl fmt::Debug for Form {
    /// The names alone: a field may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` text. Bytes that are no UTF-8 become the sign that stands for them.
    pub fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Form(pairs.collect())
    }

    /// A field without blanks around it; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// Adds a field as it was typed.
    pub fn put(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.chars().map(tame).collect());
    }

    /// Takes a field out as it is.
    pub fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }
}

fn decoded(text: &str) -> String {
    let (mut out, bytes) = (Vec::with_capacity(text.len()), text.as_bytes());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let mut one = [0];
        let digits = bytes.get(at + 1..at + 3);
        if *byte == b'%' && digits.is_some_and(|digits| hex::decode_to_slice(digits, &mut one).is_ok()) {
            out.push(one[0]);
            at += 3;
        } else {
            out.push(if *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).chars().map(tame).collect()
}

/// What is typed has lines, and no other control characters: books take no zero byte, and a log shows none.
fn tame(c: char) -> char {
    if c.is_control() && !matches!(c, '\n' | '\r' | '\t') { char::REPLACEMENT_CHARACTER } else { c }
}

/// Text as it stands in a path or a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A cookie by its name.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

/// A path within the console to go back to; the console's first page where somebody names another.
pub fn within(path: &str) -> &str {
    let rest = path.strip_prefix("/console");
    let sound = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.contains("//");
    if sound { path } else { "/console" }
}

/// Refuses what another site had a browser send: only a page of our own posts here [docs/specs/console.md 3].
///
/// # Errors
/// It did not come from a page of ours.
pub fn must_be_ours(headers: &HeaderMap) -> Result<(), FormError> {
    let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = word("sec-fetch-site")
        && site != "same-origin"
    {
        return Err(FormError::Foreign);
    }
    let host = word("host").unwrap_or_default();
    let ours =
        |origin: &str| origin.split_once("://").is_some_and(|(_, there)| !host.is_empty() && there == host);
    match word("origin") {
        Some(origin) if ours(origin) => Ok(()),
        None if word("sec-fetch-site").is_some() => Ok(()),
        _ => Err(FormError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn forms_are_read_as_browsers_send_them() {
        let form = Form::read("a=1+2&b=%E9%99%88%E7%AB%8B&c=%&d=%zz&a=3&e&=x&f=%FF&h=%00%1b%0A1");
        for (name, value) in [
            ("a", "3"),
            ("b", "陈立"),
            ("c", "%"),
            ("d", "%zz"),
            ("e", ""),
            ("f", "\u{fffd}"),
            ("g", ""),
            ("h", "\u{fffd}\u{fffd}\n1"),
        ] {
            assert_eq!(form.get(name), value, "{name}");
        }
        assert_eq!(encoded("陈 a/b"), "%E9%99%88%20a%2Fb");
        assert!(!format!("{:?}", Form::read("password=secret")).contains("secret"));
    }

    #[test]
    fn nobody_is_led_away() {
        for sound in ["/console", "/console/sell", "/console?x=1", "/console/customers/330200000001?q=%20"] {
            assert_eq!(within(sound), sound);
        }
        for other in [
            "",
            "/",
            "//evil",
            "/consoles",
            "https://evil/console",
            "/console/../../evil//x",
            "/console\\evil",
            "/console/\r\nx",
        ] {
            assert_eq!(within(other), "/console", "{other:?}");
        }
    }

    #[test]
    fn only_pages_of_ours_post() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            must_be_ours(&headers).is_ok()
        };
        let host = ("host", "127.0.0.1:8080");
        assert!(of(&[host, ("origin", "http://127.0.0.1:8080")]));
        assert!(of(&[host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(of(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!of(&[host]));
        assert!(!of(&[host, ("origin", "null")]));
        assert!(!of(&[host, ("origin", "http://evil")]));
        assert!(!of(&[host, ("origin", "http://127.0.0.1:80")]));
        assert!(!of(&[host, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "cross-site")]));
        assert!(!of(&[host, ("sec-fetch-site", "none")]));
        assert!(!of(&[("origin", "http://")]));
    }
}
