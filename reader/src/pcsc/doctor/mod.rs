//! What stands between this program and a card in a reader, in plain words [docs/specs/pcsc.md 4].
//!
//! [`examine`] asks an [`Environment`] one thing after another, from the library to the card; [`Machine`] is the machine
//! itself, a test brings its own.

mod machine;
mod words;

pub use machine::Machine;

use super::{Fault, Presence, ReaderState};
use std::path::PathBuf;
use wire::atr::Atr;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It may be a reason, and may be none.
    Warn,
    /// Without it no card can be used.
    Missing,
}

impl Verdict {
    /// "OK", "WARN" or "MISSING".
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::Warn => "WARN",
            Verdict::Missing => "MISSING",
        }
    }
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: library, daemon, permission, driver, USB, reader, card.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub words: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checks in their order.
    pub findings: Vec<Finding>,
    /// A card could be used now.
    pub usable: bool,
}

/// What the daemon's socket said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// It takes connections.
    Open,
    /// There is none.
    Absent,
    /// It is there and nobody listens: a daemon that was killed left it.
    Stale,
    /// This user may not use it.
    Forbidden,
    /// Anything else, in the system's words.
    Broken(String),
}

/// A reader of the class for smart cards on the USB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbReader {
    /// Maker and product, as it calls itself.
    pub name: String,
    /// Vendor id.
    pub vendor: u16,
    /// Product id.
    pub product: u16,
    /// Whether an installed driver names it; `None` when no driver's list can be read.
    pub driven: Option<bool>,
}

/// A reader of a configuration file, that is none of the USB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Its name in the file.
    pub name: String,
    /// The file of its driver.
    pub library: PathBuf,
    /// Whether that file is there.
    pub installed: bool,
    /// Port at which a driver of virtual cards waits for them.
    pub port: Option<u16>,
    /// Whether somebody listens there; `None` when it cannot be told.
    pub listening: Option<bool>,
}

/// What the doctor may ask.
pub trait Environment {
    /// The program was built with readers.
    fn built(&self) -> bool;
    /// Where the daemon's socket should be.
    fn socket_path(&self) -> PathBuf;
    /// What it says.
    fn socket(&self) -> Socket;
    /// The daemon's program is on this machine.
    fn daemon_installed(&self) -> bool;
    /// Where drivers of USB readers lie.
    fn driver_folder(&self) -> PathBuf;
    /// The drivers of USB readers there, by their folders' names.
    fn drivers(&self) -> Vec<String>;
    /// Readers of configuration files.
    fn configured(&self) -> Vec<Configured>;
    /// Readers on the USB.
    fn usb(&self) -> Vec<UsbReader>;
    /// The readers the service knows.
    fn readers(&self) -> Result<Vec<ReaderState>, Fault>;
    /// Tries whether a card lets itself be connected to.
    fn try_card(&self, reader: &str) -> Result<(), Fault>;
}

/// Looks at everything that must be there, from the library to the card.
pub fn examine(environment: &dyn Environment) -> Report {
    let mut findings = vec![words::library(environment.built())];
    let socket = environment.socket();
    findings.push(words::daemon(&socket, &environment.socket_path(), environment.daemon_installed()));
    let readers = match (environment.built(), &socket) {
        (true, Socket::Open) => environment.readers(),
        (true, Socket::Forbidden) => Err(Fault::Forbidden),
        _ => Err(Fault::NoService),
    };
    findings.extend(words::permission(&socket, readers.as_ref().err()));
    let (drivers, configured, usb) = (environment.drivers(), environment.configured(), environment.usb());
    findings.push(words::drivers(&environment.driver_folder(), &drivers, &configured));
    findings.extend(configured.iter().filter_map(|reader| words::configured(reader, &socket)));
    findings.extend(usb.iter().filter_map(words::usb));
    let mut usable = false;
    match readers {
        Ok(readers) if readers.is_empty() => findings.push(words::no_reader(&usb, &configured)),
        Ok(readers) => {
            for reader in &readers {
                let (finding, good) = card(environment, reader);
                findings.push(finding);
                usable |= good;
            }
            if !usable && readers.iter().all(|reader| reader.presence == Presence::Empty) {
                findings.push(words::no_card());
            }
        }
        Err(fault) => findings.extend(words::service(&fault, &socket)),
    }
    Report { findings, usable }
}

/// A reader and its card; true when the card could be used.
fn card(environment: &dyn Environment, reader: &ReaderState) -> (Finding, bool) {
    match reader.presence {
        Presence::Empty => (words::empty(reader), false),
        Presence::Mute => (words::mute(reader), false),
        Presence::Card if reader.exclusive => (words::held(reader), false),
        Presence::Card => match (Atr::parse(&reader.atr), environment.try_card(&reader.name)) {
            (_, Err(fault)) => (words::refuses(reader, &fault), false),
            (Err(error), Ok(())) => (words::odd_atr(reader, &error), true),
            (Ok(atr), Ok(())) => (words::card(reader, &atr), true),
        },
    }
}
