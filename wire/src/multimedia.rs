//! A multimedia message as a file: a MIME message with one opaque part, as gateways of MMS hand them over [docs/specs/smpp.md 8]. What the
//! part holds is its receiver's business; so is how the message comes to him.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The media type of a part that holds a frame of a session.
pub const FRAME: &str = "application/vnd.gridcard.session";
/// The longest message that is read.
pub const MOST: usize = 65_536;
/// Characters of a line of base64 [RFC 2045 6.8].
const LINE: usize = 76;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multimedia {
    /// Whom it says to be from: a telephone number.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// The frame in it.
    pub frame: Vec<u8>,
}

/// Why a message is none for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MultimediaError {
    /// It is too long.
    #[error("a multimedia message of {0} bytes, at most {MOST} are read")]
    Length(usize),
    /// Its head does not end, or has what no head has.
    #[error("the head of a multimedia message cannot be read")]
    Head,
    /// It says no boundary, or no part lies between two.
    #[error("a multimedia message without parts")]
    Parts,
    /// No part is a frame.
    #[error("no part of the multimedia message is {FRAME}")]
    NoFrame,
    /// The frame is coded in a way that is not known, or not so.
    #[error("the part {FRAME} is coded otherwise than it says, or in a way that is not known")]
    Coding,
}

/// A number as it may stand in a head.
fn plain(number: &str) -> String {
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

impl Multimedia {
    /// The message as a file.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let boundary = hex::encode(&Sha256::digest(&self.frame)[..12]);
        let coded = Base64::encode_string(&self.frame);
        let lines: Vec<&str> =
            (0..coded.len()).step_by(LINE).map(|at| &coded[at..(at + LINE).min(coded.len())]).collect();
        let (from, to) = (plain(&self.from), plain(&self.to));
        let text = format!(
            "From: {from}/TYPE=PLMN\r\nTo: {to}/TYPE=PLMN\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\nContent-Type: {FRAME}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--{boundary}--\r\n",
            lines.join("\r\n")
        );
        text.into_bytes()
    }

    /// Reads one: the first part that is a frame, coded in base64 or not at all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, MultimediaError> {
        if bytes.len() > MOST {
            return Err(MultimediaError::Length(bytes.len()));
        }
        let (head, body) = halves(bytes).ok_or(MultimediaError::Head)?;
        let number =
            |name| field(&head, name).map(|value| plain(value.split('/').next().unwrap_or_default()));
        let (from, to) = (number("from").unwrap_or_default(), number("to").unwrap_or_default());
        let kind = field(&head, "content-type").ok_or(MultimediaError::Parts)?;
        if is(&kind, FRAME) {
            return Ok(Multimedia { from, to, frame: decoded(&head, body)? });
        }
        let boundary = parameter(&kind, "boundary").ok_or(MultimediaError::Parts)?;
        for part in parts(body, &boundary) {
            let (head, body) = halves(part).ok_or(MultimediaError::Head)?;
            if field(&head, "content-type").is_some_and(|kind| is(&kind, FRAME)) {
                return Ok(Multimedia { from, to, frame: decoded(&head, body)? });
            }
        }
        Err(MultimediaError::NoFrame)
    }
}

/// Where one text begins in another.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Head, with its folded lines joined, and body. Lines end as they do in mail, or with a line feed alone.
fn halves(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let (mut lines, mut rest) = (Vec::<String>::new(), bytes);
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..end)?;
        rest = rest.get(end + 1..)?;
        let line = core::str::from_utf8(line).ok()?.trim_end_matches('\r');
        if line.is_empty() {
            return Some((lines, rest));
        }
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => lines.push(line.to_string()),
        }
    }
}

fn field(head: &[String], wanted: &str) -> Option<String> {
    let named = head.iter().filter_map(|line| line.split_once(':'));
    let mut found = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.trim().to_string())
}

fn is(value: &str, media: &str) -> bool {
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media)
}

fn parameter(value: &str, wanted: &str) -> Option<String> {
    let named = value.split(';').skip(1).filter_map(|one| one.split_once('='));
    let mut found = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found
        .next()
        .map(|(_, value)| value.trim().trim_matches('"').to_string())
        .filter(|value| !value.is_empty())
}

/// What lies between boundaries [RFC 2046 5.1.1]: the line break before one belongs to it.
fn parts<'b>(body: &'b [u8], boundary: &str) -> Vec<&'b [u8]> {
    let mark = format!("--{boundary}");
    let (mut found, mut rest) = (Vec::new(), body);
    let Some(first) = find(rest, mark.as_bytes()) else { return found };
    rest = &rest[first + mark.len()..];
    while let Some(next) = find(rest, mark.as_bytes()) {
        let part = &rest[..next];
        let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
        let part = part.strip_suffix(b"\n").map_or(part, |part| part.strip_suffix(b"\r").unwrap_or(part));
        found.push(part);
        rest = &rest[next + mark.len()..];
        if rest.starts_with(b"--") {
            break;
        }
    }
    found
}

fn decoded(head: &[String], body: &[u8]) -> Result<Vec<u8>, MultimediaError> {
    let coding = field(head, "content-transfer-encoding").unwrap_or_else(|| "binary".to_string());
    match coding.to_ascii_lowercase().as_str() {
        "base64" => {
            let signs: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let signs = core::str::from_utf8(&signs).map_err(|_| MultimediaError::Coding)?;
            Base64::decode_vec(signs).map_err(|_| MultimediaError::Coding)
        }
        "binary" | "8bit" => Ok(body.to_vec()),
        _ => Err(MultimediaError::Coding),
    }
}
