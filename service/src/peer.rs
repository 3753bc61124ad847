//! Who is at the other end of a connection, and heads that could be read in two ways.

use crate::denied::Denied;
use axum::http::{HeaderMap, Version, header, request::Parts};
use std::net::IpAddr;

/// Who asks over a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// His address: that of the other end, or of whom a proxy on this machine speaks for.
    pub address: IpAddr,
    /// SHA-256 of the certificate it showed, of which it has the private key.
    pub certificate: Option<[u8; 32]>,
    /// He speaks TLS, with this server or with that proxy.
    pub secured: bool,
}

impl Peer {
    /// Who asks by a head that came over this connection. Only a proxy on this machine is believed about whom it speaks for, and of what
    /// it sends only the last word, which is its own: the others came from outside.
    pub fn behind(self, headers: &HeaderMap) -> Self {
        if !self.address.is_loopback() {
            return self;
        }
        let last = |name: &str| {
            let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next().map(str::trim)
        };
        let address = last("x-forwarded-for").and_then(|word| word.parse().ok()).unwrap_or(self.address);
        let secured = self.secured || last("x-forwarded-proto") == Some("https");
        Peer { address, secured, ..self }
    }
}

/// Headers that stand once: a proxy before the server and the server itself could heed another one of two.
const ONCE: [&str; 8] = [
    "host",
    "authorization",
    "content-length",
    "content-type",
    "transfer-encoding",
    "idempotency-key",
    "gridcard-second",
    "expect",
];

/// Refuses a head that could be read in two ways [RFC 9112 3.2, 6.3].
///
/// # Errors
/// What is wrong with it.
pub fn must_be_plain(head: &Parts) -> Result<(), Denied> {
    let wrong = |words: String| Err(Denied::Malformed(words));
    if let Some(twice) = ONCE.iter().find(|name| head.headers.get_all(**name).iter().count() > 1) {
        return wrong(format!("the header {twice} stands there more than once"));
    }
    if head.version == Version::HTTP_11 && !head.headers.contains_key(header::HOST) {
        return wrong("the header host is missing".to_owned());
    }
    if has_both_lengths(&head.headers) {
        return wrong("a body has content-length or transfer-encoding, not both".to_owned());
    }
    Ok(())
}

fn has_both_lengths(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING)
}
