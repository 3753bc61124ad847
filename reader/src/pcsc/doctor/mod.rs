//! What stands between this program and a card in a reader, in plain words [docs/specs/pcsc.md 4].
//!
//! [`examine`] asks an [`Environment`] one thing after another, from the library to the card; [`Machine`] is the machine
//! itself, a test brings its own.

mod environment;
mod machine;
mod report;
mod words;

pub use environment::{Configured, Environment, Socket, UsbReader};
pub use machine::Machine;
pub use report::{Finding, Report, Verdict};

use super::fault::Fault;
use super::service::{Presence, ReaderState};
use wire::atr::Atr;

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
