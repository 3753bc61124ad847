//! `kdc hsm`: the roots in a PKCS#11 token.

use crate::prelude::*;
use parties::province::token::{self, TokenChoice, TokenRoots};

/// Verbs of the token.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load the province's roots into a token, or let the token make a new province's.
    Init(Init),
    /// Show what the token holds, check values computed by it, and compare with the record of the ceremony.
    Status(Which),
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
    #[command(flatten)]
    pub transport: Transport,
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
    /// The token, if one was named, as acts take it.
    pub fn get(&self, spend_last_try: bool) -> Option<TokenChoice> {
        let (module, label) = self.hsm.clone().zip(self.token.clone())?;
        Some(TokenChoice { module, label, pin: self.token_pin_file.as_deref().into(), spend_last_try })
    }
}

impl Which {
    /// As acts take it.
    fn get(&self) -> TokenChoice {
        TokenChoice {
            module: self.module.clone(),
            label: self.token.clone(),
            pin: self.pin_file.as_deref().into(),
            spend_last_try: self.spend_last_try,
        }
    }
}

impl Init {
    fn roots(&self) -> TokenRoots {
        match (self.generate, self.from_keystore) {
            (true, _) => TokenRoots::Generated { suite: self.suite, transport: self.transport.get() },
            (false, true) => TokenRoots::KeyStore,
            (false, false) => TokenRoots::Test,
        }
    }
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Init(options) => one("kdc hsm init", options, init),
            Verb::Status(which) => look(which, status),
        }
    }
}

fn init(call: &Call, options: &Init) -> Result<()> {
    reply(call, token::init(call, &options.which.get(), &options.roots()), |report| {
        format!("the roots are in token {}\n\n{}", report.token, report.check_values.table())
    })
}

fn status(call: &Call, which: &Which) -> Result<()> {
    reply(call, token::status(call, &which.get()), |report| {
        format!(
            "token {}: {} roots ({}), those of the ceremony\n\n{}",
            report.token,
            report.state,
            report.suite,
            report.check_values.table()
        )
    })
}
