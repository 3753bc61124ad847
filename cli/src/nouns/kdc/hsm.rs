//! `kdc hsm`: the roots in a PKCS#11 token.

use super::{checks_json, checks_table, init, keystore, suite};
use crate::args::Global;
use crate::audit::{self, Noted};
use crate::clock::now;
use crate::home::{self, Home, Party};
use crate::nouns::Deed;
use crate::output::{answer, say};
use crate::secret;
use crate::transport::Transport;
use ::issue::keyset::{RoleCheck, Roots};
use ::issue::source::KeySource;
use ::kdc::ceremony::CeremonyRecord;
use ::kdc::token::{Token, TokenSource};
use ::office::audit::Act;
use clap::{Args, Subcommand};
use keys::{Suite, Zeroizing};
use parties::trouble::{Context, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verbs of the token.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load the province's roots into a token, or let the token make a new province's.
    Init(Init),
    /// Show what the token holds, check values computed by it, and compare with the record of the ceremony.
    Status(Status),
}

/// The token of an act.
#[derive(Debug, Args)]
pub struct Which {
    /// Library of the token.
    #[arg(long, value_name = "FILE")]
    pub module: PathBuf,
    /// Label of the token.
    #[arg(long, value_name = "LABEL")]
    pub token: String,
    /// File with the PIN of the token's user (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Log in although the token has 1 try left: a wrong PIN locks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `kdc hsm init`.
#[derive(Debug, Args)]
#[group(id = "roots", required = true, multiple = false, args = ["from_keystore", "test_root", "generate"])]
pub struct Init {
    #[command(flatten)]
    pub which: Which,
    /// Load the roots that the key store holds; its custodians open it.
    #[arg(long)]
    pub from_keystore: bool,
    /// Load the published test roots.
    #[arg(long)]
    pub test_root: bool,
    /// Let the token make the roots of a new province: nobody has a copy, and nobody can bring them back.
    #[arg(long)]
    pub generate: bool,
    /// Cipher suite of roots that the token makes: 3des or aes128.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// With --generate.
    #[command(flatten)]
    pub transport: Transport,
}

/// Options of `kdc hsm status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub which: Which,
}

/// A token in the place of the main control card, if one is named.
#[derive(Debug, Args)]
pub struct MaybeToken {
    /// Take the roots from a token, in the place of the main control card: its library.
    #[arg(long, value_name = "FILE", requires = "token", conflicts_with = "from_keystore")]
    pub hsm: Option<PathBuf>,
    /// Label of the token.
    #[arg(long, value_name = "LABEL", requires = "hsm")]
    pub token: Option<String>,
    /// File with the PIN of the token's user (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE", requires = "hsm")]
    pub token_pin_file: Option<PathBuf>,
}

impl MaybeToken {
    /// The token, if one was named.
    pub fn given(&self, spend_last_try: bool) -> Option<Which> {
        let (module, token) = self.hsm.clone().zip(self.token.clone())?;
        Some(Which { module, token, pin_file: self.token_pin_file.clone(), spend_last_try })
    }
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Init(_) => Deed::One("kdc hsm init"),
            Verb::Status(_) => Deed::Look,
        }
    }
}

/// Runs a verb of the token.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Init(options) if options.generate => generate(global, options),
        Verb::Init(options) => load(global, options),
        Verb::Status(options) => status(global, &options.which),
    }
}

fn open(which: &Which) -> Result<Token> {
    let pin = match which.pin_file.as_deref() {
        Some(path) if path.as_os_str() != "-" => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let text = Zeroizing::new(text);
            Zeroizing::new(text.trim().to_owned())
        }
        _ => secret::ask(&format!("PIN of the token {}", which.token))?,
    };
    Ok(Token::open(&which.module, &which.token, &pin, which.spend_last_try)?)
}

fn record(folder: &Path) -> Result<CeremonyRecord> {
    let path = init::record_file(folder);
    serde_json::from_str(&home::read_text(&path)?).with_context(|| format!("{} is damaged", path.display()))
}

/// The token as the source of an act.
pub fn source(folder: &Path, which: &Which) -> Result<TokenSource> {
    let source = TokenSource::new(open(which)?)?;
    let about = source.about();
    record(folder)?.confirm_values(about.suite, about.state, source.check_values())?;
    Ok(source)
}

fn load(global: &Global, options: &Init) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "loading roots into a token")?;
    let record = record(&folder)?;
    let roots = if options.from_keystore {
        keystore::roots(global, &folder, &format!("loading token {}", options.which.token))?
    } else {
        Roots::test(record.suite)
    };
    record.confirm(&roots)?;
    drop(audit::begin(global, &folder)?);
    open(&options.which)?.load(&roots)?;
    note(global, &folder, options, "loaded", &roots.check_values())?;
    said(global, options, &roots.check_values());
    Ok(())
}

fn generate(global: &Global, options: &Init) -> Result<()> {
    let folder = Home::new(global)?.place(Party::Province, "holding the ceremony")?;
    init::must_be_new(&folder)?;
    let transport = options.transport.agreed(options.suite)?;
    let token = open(&options.which)?;
    let checks = token.generate(&transport)?;
    let record = CeremonyRecord::of_token(options.suite, &now(global)?.to_string(), checks.clone());
    init::found(global, &folder, &record).context("the token has roots, the province has no folder")?;
    note(global, &folder, options, "made", &checks)?;
    say("the token made the roots: copy them with its own program, or they are lost with it");
    said(global, options, &checks);
    Ok(())
}

fn note(global: &Global, folder: &Path, options: &Init, what: &str, keys: &[RoleCheck]) -> Result<()> {
    let facts = [("token", options.which.token.clone()), ("what", what.to_owned())];
    audit::note(global, folder, Noted { keys, facts: &facts, ..Noted::of(Act::Token) })
}

fn said(global: &Global, options: &Init, checks: &[RoleCheck]) {
    let text = format!("the roots are in token {}\n\n{}", options.which.token, checks_table(checks));
    answer(global, &text, json!({ "token": options.which.token, "check_values": checks_json(checks) }));
}

fn status(global: &Global, which: &Which) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "showing a token")?;
    let source = source(&folder, which)?;
    let about = source.about();
    let text = format!(
        "token {}: {} roots ({}), those of the ceremony\n\n{}",
        which.token,
        about.state.name(),
        about.suite.name(),
        checks_table(source.check_values())
    );
    let object = json!({
        "token": which.token, "state": about.state.name(), "suite": about.suite.name(),
        "check_values": checks_json(source.check_values()),
    });
    answer(global, &text, object);
    Ok(())
}
