//! Customers' phones at the bank: whom a first message names, enrolment, what a phone may do, what it is told [docs/specs/client.md].
//!
//! The handshake and the frames are the roof's, with the crate `client`; here is what wants the books.

mod enter;
mod office;
mod says;

pub use enter::{
    Caller, Enrolment, Entered, Whom, begin, code_was_wrong, count_password, enrol, forget, let_in, refused,
    whom,
};
pub use office::{PhoneChange, PhoneChangeReport, PhoneLine, PhonesReport, change, list};
pub use says::{Bought, Priced, account_of, balance, bought, contracts, credited, fetch, offer, records};

use super::folder;
use super::phone_key::PhoneKey;
use crate::session::Session;
use crate::trouble::Result;
use ::keys::Zeroizing;
use client::Keypair;
use client::talk::Password;
use kdc::keystore::{Cost, Passphrase, stretch};
use server::Hashed;

/// The server's static key, for handshakes.
///
/// # Errors
/// There is no bank here; its key cannot be read or made.
pub fn server_key(session: &Session) -> Result<Keypair> {
    Ok(PhoneKey::of(session, &folder(session)?)?.pair())
}

/// What is kept of a password: Argon2id. It takes long, so it is done outside the desk.
///
/// # Errors
/// There is not memory enough.
pub fn hashed(password: &Password, salt: [u8; 16]) -> Result<Hashed> {
    let long = stretch(&Passphrase::attempt(password.0.clone()), &salt, Cost::STANDARD)?;
    let mut hash = Zeroizing::new([0; 32]);
    for (place, byte) in hash.iter_mut().zip(long.iter()) {
        *place = *byte;
    }
    Ok(Hashed { salt, hash })
}

/// Whether a password is the one that is kept. It takes as long as [`hashed`].
///
/// # Errors
/// There is not memory enough.
pub fn is_password(password: &Password, kept: &Hashed) -> Result<bool> {
    let made = hashed(password, kept.salt)?;
    Ok(::keys::equal(&made.hash[..], &kept.hash[..]))
}
