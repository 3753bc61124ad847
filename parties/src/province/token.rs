//! The roots in a PKCS#11 token.

use super::folder::record;
use super::founding::{self, Beginning};
use super::keystore;
use crate::home::{Home, Party};
use crate::issuing::CheckValues;
use crate::log::{self, Noted};
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::transport::Transport;
use crate::trouble::{Context, Result};
use ::kdc::ceremony::CeremonyRecord;
use ::kdc::token::{Token, TokenSource};
use issue::keyset::{RoleCheck, Roots};
use issue::source::KeySource;
use keys::Suite;
use office::audit::LogEvent;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The token of an act.
#[derive(Debug, Clone)]
pub struct TokenChoice {
    /// Its library.
    pub module: PathBuf,
    /// Its label.
    pub label: String,
    /// PIN of its user.
    pub pin: SecretFrom,
    /// Log in although it has 1 try left: a wrong PIN locks it.
    pub spend_last_try: bool,
}

/// Which roots go into a token.
#[derive(Debug, Clone)]
pub enum TokenRoots {
    /// Those of the key store; its custodians open it.
    KeyStore,
    /// The published test roots.
    Test,
    /// New ones that the token makes: nobody has a copy.
    Generated {
        /// Their suite.
        suite: Suite,
        /// The transport root agreed with the card maker.
        transport: Transport,
    },
}

/// Roots that are in a token now.
#[derive(Debug, Clone, Serialize)]
pub struct TokenReport {
    /// The token.
    pub token: String,
    /// Check values of the roots.
    pub check_values: CheckValues,
}

/// What a token holds.
#[derive(Debug, Clone, Serialize)]
pub struct TokenStatus {
    /// The token.
    pub token: String,
    /// State of its roots.
    pub state: &'static str,
    /// Their suite.
    pub suite: &'static str,
    /// Check values, computed by the token.
    pub check_values: CheckValues,
}

fn open(session: &Session, choice: &TokenChoice) -> Result<Token> {
    let pin = secret::text(session, &choice.pin, &format!("PIN of the token {}", choice.label))?;
    Ok(Token::open(&choice.module, &choice.label, &pin, choice.spend_last_try)?)
}

/// The token as the source of an act.
///
/// # Errors
/// It does not open, or its roots are not the ceremony's.
pub fn source(session: &Session, folder: &Path, choice: &TokenChoice) -> Result<TokenSource> {
    let source = TokenSource::new(open(session, choice)?)?;
    let about = source.about();
    record(folder)?.confirm_values(about.suite, about.state, source.check_values())?;
    Ok(source)
}

/// Loads the province's roots into a token, or lets the token make a new province's.
///
/// # Errors
/// The token does not open or take them; the roots are not the ceremony's; a province is there already.
pub fn init(session: &Session, choice: &TokenChoice, roots: &TokenRoots) -> Result<TokenReport> {
    let (what, folder, checks) = match roots {
        TokenRoots::Generated { suite, transport } => {
            let (folder, checks) = generate(session, choice, *suite, transport)?;
            ("made", folder, checks)
        }
        TokenRoots::KeyStore | TokenRoots::Test => {
            let (folder, checks) = load(session, choice, matches!(roots, TokenRoots::KeyStore))?;
            ("loaded", folder, checks)
        }
    };
    let facts = [("token", choice.label.clone()), ("what", what.to_owned())];
    log::note(session, &folder, Noted { keys: &checks, facts: &facts, ..Noted::of(LogEvent::Token) })?;
    if what == "made" {
        session.say("the token made the roots: copy them with its own program, or they are lost with it");
    }
    Ok(TokenReport { token: choice.label.clone(), check_values: CheckValues::of_roots(&checks) })
}

fn load(session: &Session, choice: &TokenChoice, from_keystore: bool) -> Result<(PathBuf, Vec<RoleCheck>)> {
    let folder = Home::new(session).party(Party::Province, "loading roots into a token")?;
    let record = record(&folder)?;
    let roots = if from_keystore {
        keystore::roots(session, &folder, &format!("loading token {}", choice.label))?
    } else {
        Roots::test(record.suite)
    };
    record.confirm(&roots)?;
    drop(log::begin(session, &folder)?);
    open(session, choice)?.load(&roots)?;
    Ok((folder, roots.check_values()))
}

fn generate(
    session: &Session,
    choice: &TokenChoice,
    suite: Suite,
    transport: &Transport,
) -> Result<(PathBuf, Vec<RoleCheck>)> {
    let folder = founding::place(session)?;
    let transport = transport.agreed(session, suite)?;
    let token = open(session, choice)?;
    let checks = token.generate(&transport)?;
    let record = CeremonyRecord::of_token(suite, &session.now()?.to_string(), checks.clone());
    Beginning::begin(session, &folder)
        .and_then(|beginning| beginning.of_token(&record))
        .context("the token has roots, the province has no folder")?;
    Ok((folder, checks))
}

/// Looks what a token holds, and compares with the record of the ceremony.
///
/// # Errors
/// As [`source`].
pub fn status(session: &Session, choice: &TokenChoice) -> Result<TokenStatus> {
    let folder = Home::new(session).party(Party::Province, "showing a token")?;
    let source = source(session, &folder, choice)?;
    let about = source.about();
    Ok(TokenStatus {
        token: choice.label.clone(),
        state: about.state.name(),
        suite: about.suite.name(),
        check_values: CheckValues::of_roots(source.check_values()),
    })
}
