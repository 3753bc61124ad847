//! Who is at the other end of a connection, and heads that could be read in two ways.

use crate::denied::Denied;
use axum::http::{HeaderMap, Version, header, request::Parts};
use std::net::IpAddr;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// SHA-256 of the certificate it showed, of which it has the private key.
    pub certificate: Option<[u8; 32]>,
    /// The connection is over TLS.
    pub secured: bool,
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
