//! The gate: login and logout, the cookie, and what a form has to carry.

use super::form::within;
use super::visit::{Answer, Told, rendered};
use super::words::Language;
use askama::Template;
use keys::{Zeroizing, equal};
use parties::{Result, Trouble};
use sha2::{Digest, Sha256};

/// The name of the cookie. Over TLS it belongs to this host alone and to no path of it [RFC 6265bis 4.1.3.2]; in clear, on this
/// machine alone, browsers take no such name.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-gridcard" } else { "gridcard" }
}

/// What a browser is told to keep. It is for this site alone and no script sees it.
pub fn keep(secure: bool, token: &[u8; 32]) -> Zeroizing<String> {
    let name = cookie_name(secure);
    let more = if secure { "; Secure" } else { "" };
    Zeroizing::new(format!("{name}={}; Path=/; HttpOnly; SameSite=Strict{more}", hex::encode(token)))
}

/// What makes it forget.
pub fn forget(secure: bool) -> String {
    let more = if secure { "; Secure" } else { "" };
    format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{more}", cookie_name(secure))
}

/// What a cookie holds: 64 hexadecimal digits, or nothing of ours.
pub fn token(cookie: Option<&str>) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(cookie?, &mut *bytes).ok()?;
    Some(bytes)
}

/// What forms of a session have to carry. It follows from the cookie, and the cookie not from it.
pub fn form_token(token: &[u8; 32]) -> String {
    hex::encode(Sha256::new().chain_update(b"gridcard form 1").chain_update(token).finalize())
}

/// Whether a form carries it.
pub fn carries(token: &[u8; 32], sent: &str) -> bool {
    equal(form_token(token).as_bytes(), sent.as_bytes())
}

/// What whoever is not logged in may know of the server.
#[derive(Clone)]
pub struct Outside {
    /// Its time.
    pub now: String,
    /// Its books are to learn with.
    pub training: bool,
}

/// The page of the login.
#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    lang: Language,
    here: String,
    back: String,
    name: String,
    outside: Outside,
    was_out: bool,
    told: Option<Told>,
}

/// The page to log in on; `told`: why the last try was none.
///
/// # Errors
/// It cannot be written.
pub fn login_page(
    lang: Language,
    back: &str,
    name: &str,
    outside: Outside,
    was_out: bool,
    told: Option<Told>,
) -> Result<Answer> {
    let back = within(back).to_owned();
    let here = super::form::encoded(&format!("/console/login?back={}", super::form::encoded(&back)));
    let status = told.as_ref().map_or(200, |told| match told.code.as_str() {
        "login-wait" => 429,
        _ => told.status,
    });
    rendered(status, &LoginPage { lang, here, back, name: name.to_owned(), outside, was_out, told })
}

/// The page of something that was not done.
#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    lang: Language,
    told: Told,
}

/// The page of something that was not done.
///
/// # Errors
/// It cannot be written.
pub fn trouble_page(lang: Language, error: &Trouble) -> Result<Answer> {
    let told = Told::of(error);
    rendered(told.status, &TroublePage { lang, told })
}
