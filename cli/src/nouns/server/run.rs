//! `gridcard server run`: the payment server over HTTP.

use crate::call::Call;
use crate::output::answer;
use crate::screen::say;
use crate::shared::{Database, MaybeBank};
use clap::Args;
use keys::Zeroizing;
use parties::bank::pins::{PinChoice, PinFile};
use parties::trouble::{Failure, Result, Trouble};
use scheme::Kind;
use serde_json::json;
use service::config::{FileConfig, TlsConfig, secret};
use service::{BankLine, Config, Ended, Level, MultimediaFolder, PhoneLines, TlsFiles};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Options of `server run`. What is named nowhere is as the configuration file says.
#[derive(Debug, Args)]
pub struct Run {
    /// Configuration file (TOML). What stands on the command line or in the environment goes before it.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where it listens: without a certificate, an address of this machine alone. Port 0: any that is free. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS:PORT", env = "GRIDCARD_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// File with the PIN of the PSAM; several PSAMs have one each: NUMBER=FILE, more than once. Without one nothing is sealed and
    /// no receipt opened.
    #[arg(long = "pin-file", value_name = "FILE", env = "GRIDCARD_PIN_FILES", value_delimiter = ',')]
    pub pin_files: Vec<PinFile>,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
    /// File with that connection string, which may hold a password.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_DATABASE_FILE", conflicts_with = "database")]
    pub database_file: Option<PathBuf>,
    /// The name under which it books, where several servers share the books: 1 to 32 characters. Default: 1.
    #[arg(long, value_name = "NAME", env = "GRIDCARD_SERVER")]
    pub server: Option<String>,
    /// Requests a minute that one key may send. Default: 6000.
    #[arg(long, value_name = "N", env = "GRIDCARD_RATE", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Certificate of the server, and those between it and a root, in PEM. It is read anew at SIGHUP.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_TLS_CERTIFICATE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_TLS_KEY", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// How much it tells on standard error: off, error, warn, info or debug. Default: warn.
    #[arg(long, value_name = "LEVEL", env = "GRIDCARD_LOG", value_parser = level)]
    pub log: Option<Level>,
    /// Where customers' phones are listened to on lines of their own, beside HTTP; what they say is sealed by itself. Port 0: any that
    /// is free.
    #[arg(long, value_name = "ADDRESS:PORT", env = "GRIDCARD_PHONE_LISTEN")]
    pub phone_listen: Option<SocketAddr>,
    /// Take sessions of phones in the paper's variant as well, which is weaker: one key on both sides.
    #[arg(long, env = "GRIDCARD_PAPER_PHONES")]
    pub paper_phones: bool,
    /// Where meters that call are listened to. Port 0: any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", env = "GRIDCARD_NETMETER_LISTEN")]
    pub netmeter_listen: Option<SocketAddr>,
    /// The customers' bank.
    #[command(flatten)]
    pub bank: MaybeBank,
}

fn level(text: &str) -> Result<Level, String> {
    Level::from_name(text).ok_or_else(|| "a level is off, error, warn, info or debug".to_owned())
}

impl Run {
    /// What stands here, then in the file, then what is usual.
    fn config(&self) -> Result<Config> {
        let file = self.config.as_deref().map(FileConfig::read).transpose().map_err(Trouble::new)?;
        let file = file.unwrap_or_default();
        let pin_files = if self.pin_files.is_empty() {
            file.pin_files.iter().map(|text| PinFile::named(text)).collect()
        } else {
            self.pin_files.clone()
        };
        let database_file = self.database_file.clone().or(file.database_file);
        let database = match (&self.database.database, database_file) {
            (Some(url), _) => Some(Zeroizing::new(url.clone())),
            (None, Some(file)) => Some(secret(&file).map_err(Trouble::new)?),
            (None, None) => None,
        };
        let named = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        };
        let in_file = file.tls.map(|TlsConfig { certificate, key }| TlsFiles { certificate, key });
        // The section stands in a file alone.
        let messages = match (&self.config, &file.messages) {
            (Some(path), Some(messages)) => Some(messages.line(path)?),
            _ => None,
        };
        let server = self.server.clone().or(file.server).unwrap_or_else(|| "1".to_owned());
        if !(1..=32).contains(&server.chars().count()) || server.contains('|') {
            let words = "the name of a server has 1 to 32 characters, and no |";
            return Err(Failure::new(Kind::Usage, words).into());
        }
        Ok(Config {
            listen: self.listen.or(file.listen).unwrap_or((Ipv4Addr::LOCALHOST, 8080).into()),
            pin: PinChoice { files: pin_files, ..PinChoice::default() },
            database,
            server,
            rate: self.rate.or(file.rate).unwrap_or(6000),
            tls: named.or(in_file),
            log: self.log.or(file.log).unwrap_or_default(),
            phones: PhoneLines {
                listen: self.phone_listen.or(file.phone_listen),
                paper: self.paper_phones || file.paper_phones,
            },
            bank: self
                .bank
                .address
                .clone()
                .map(|address| BankLine { address, patience: Duration::from_secs(self.bank.patience) }),
            netmeters: self.netmeter_listen.or(file.netmeters.map(|found| found.listen)),
            messages,
            multimedia: file.multimedia.map(|found| MultimediaFolder { folder: found.folder }),
        })
    }
}

/// Runs `server run`.
pub fn run(call: &Call, options: &Run) -> Result<()> {
    let config = options.config()?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let ended = service::serve(call, &config, |listening| {
        let address = listening.address;
        let text = format!("{scheme}://{address}");
        say(format!("listening on {text}; Ctrl-C ends"));
        let phones = listening.phones.map(|address| address.to_string());
        if let Some(address) = &phones {
            say(format!("phones are listened to at {address}"));
        }
        let netmeters = listening.netmeters.map(|address| address.to_string());
        if let Some(address) = &netmeters {
            say(format!("meters are listened to at {address}"));
        }
        let told = json!({
            "pid": std::process::id(),
            "address": address.to_string(),
            "phones": phones,
            "netmeters": netmeters,
        });
        answer(call, &text, told);
    })?;
    say("ended: what was begun is kept");
    if ended == Ended::Interrupted {
        call.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}
