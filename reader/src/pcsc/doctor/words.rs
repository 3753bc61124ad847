//! The doctor's words.

use super::environment::{Configured, Socket, UsbReader};
use super::report::{Finding, Verdict};
use crate::pcsc::fault::Fault;
use crate::pcsc::service::ReaderState;
use std::path::Path;
use wire::atr::{Atr, AtrError};

fn finding(check: &'static str, verdict: Verdict, words: impl Into<String>) -> Finding {
    Finding { check, verdict, words: words.into(), hint: None }
}

impl Finding {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

pub(super) fn library(built: bool) -> Finding {
    if built {
        finding("library", Verdict::Ok, "libpcsclite is loaded")
    } else {
        finding("library", Verdict::Missing, "this program was built without readers")
            .hint("build it with the feature pcsc, which needs libpcsclite (Debian: libpcsclite-dev)")
    }
}

pub(super) fn daemon(socket: &Socket, path: &Path, installed: bool) -> Finding {
    let path = path.display();
    match socket {
        Socket::Open => finding("daemon", Verdict::Ok, format!("pcscd answers at {path}")),
        Socket::Forbidden => finding("daemon", Verdict::Ok, format!("there is a socket at {path}")),
        Socket::Absent if !installed => {
            finding("daemon", Verdict::Missing, format!("pcscd is not installed, and there is no socket at {path}"))
                .hint("install it (Debian: apt-get install pcscd)")
        }
        Socket::Absent => {
            finding("daemon", Verdict::Missing, format!("pcscd does not run: there is no socket at {path}"))
                .hint("start it: systemctl start pcscd.socket, or pcscd --foreground where there is no systemd")
        }
        Socket::Stale => {
            finding("daemon", Verdict::Missing, format!("pcscd does not run: nobody listens at {path}, it was left behind"))
                .hint("start it: systemctl restart pcscd.socket; where there is no systemd remove the socket and run pcscd --foreground")
        }
        Socket::Broken(words) => finding("daemon", Verdict::Missing, format!("{path}: {words}"))
            .hint("restart it: systemctl restart pcscd.socket pcscd.service"),
    }
}

/// Nothing to say where nobody could be asked.
pub(super) fn permission(socket: &Socket, fault: Option<&Fault>) -> Option<Finding> {
    let refused = "root alone may use it, or polkit asks for a local session: run as that user, or allow \
                   org.debian.pcsc-lite.access_pcsc and access_card in a polkit rule";
    match (socket, fault) {
        (Socket::Forbidden, _) => {
            Some(finding("permission", Verdict::Missing, "this user may not open the socket").hint(refused))
        }
        (Socket::Open, Some(Fault::Forbidden)) => {
            Some(finding("permission", Verdict::Missing, "pcscd turns this user away").hint(refused))
        }
        (Socket::Open, None) => Some(finding("permission", Verdict::Ok, "pcscd takes this user")),
        _ => None,
    }
}

pub(super) fn drivers(folder: &Path, drivers: &[String], configured: &[Configured]) -> Finding {
    let mut names = drivers.to_vec();
    names.extend(configured.iter().filter(|reader| reader.installed).map(|reader| reader.name.clone()));
    if names.is_empty() {
        return finding("driver", Verdict::Missing, format!("no driver in {}, none configured", folder.display()))
            .hint("install the driver of your reader (Debian: libccid for nearly all of the USB, vsmartcard-vpcd for virtual cards)");
    }
    finding("driver", Verdict::Ok, names.join(", "))
}

/// A reader of a configuration file: worth a word when its driver is not there, or when it waits for virtual cards.
pub(super) fn configured(reader: &Configured, socket: &Socket) -> Option<Finding> {
    let name = &reader.name;
    if !reader.installed {
        let words = format!("{name:?} is configured with {}, which is not there", reader.library.display());
        return Some(
            finding("driver", Verdict::Warn, words)
                .hint("install that driver, or take its file out of the configuration"),
        );
    }
    let port = reader.port?;
    Some(match reader.listening {
        // Without the daemon nobody could listen.
        Some(false) if *socket != Socket::Open => return None,
        Some(false) => finding(
            "port",
            Verdict::Warn,
            format!("nobody listens at port {port}, where {name:?} takes virtual cards"),
        )
        .hint("pcscd loads the driver when it starts: restart it; or another program had the port then"),
        Some(true) => finding("port", Verdict::Ok, format!("{name:?} takes virtual cards at port {port}")),
        None => return None,
    })
}

pub(super) fn usb(reader: &UsbReader) -> Option<Finding> {
    let who = format!("{} ({:04X}:{:04X})", reader.name, reader.vendor, reader.product);
    match reader.driven {
        Some(false) => Some(
            finding("USB", Verdict::Warn, format!("no installed driver names {who}"))
                .hint("install its maker's driver, or a newer libccid"),
        ),
        _ => Some(finding("USB", Verdict::Ok, who)),
    }
}

pub(super) fn no_reader(usb: &[UsbReader], configured: &[Configured]) -> Finding {
    let found = finding("reader", Verdict::Missing, "pcscd knows no reader");
    if !usb.is_empty() {
        return found.hint(
            "one is plugged in: see its driver above, then restart pcscd (systemctl restart pcscd.service)",
        );
    }
    if configured.iter().any(|reader| reader.installed) {
        return found.hint("a reader is configured, and pcscd did not load it: its log says why (pcscd --foreground --debug)");
    }
    found.hint("plug a reader in; for virtual cards install vsmartcard-vpcd and use `gridcard card serve`")
}

pub(super) fn no_card() -> Finding {
    finding("card", Verdict::Missing, "no card in any reader")
        .hint("put one in, chip first; a virtual one with `gridcard card serve`")
}

pub(super) fn empty(reader: &ReaderState) -> Finding {
    finding("reader", Verdict::Ok, format!("{:?}: no card", reader.name))
}

pub(super) fn mute(reader: &ReaderState) -> Finding {
    finding("card", Verdict::Missing, format!("{:?}: a card that does not answer", reader.name))
        .hint("turn it round, clean its contacts, try another reader: this one may give another voltage than it needs")
}

pub(super) fn held(reader: &ReaderState) -> Finding {
    finding("card", Verdict::Warn, format!("{:?}: another program holds the card for itself", reader.name))
        .hint("end that program (another gridcard command, a browser, an agent)")
}

pub(super) fn refuses(reader: &ReaderState, fault: &Fault) -> Finding {
    finding("card", Verdict::Missing, format!("{:?}: {fault}", reader.name)).hint(fault.hint())
}

pub(super) fn odd_atr(reader: &ReaderState, error: &AtrError) -> Finding {
    let atr = hex::encode_upper(&reader.atr);
    finding(
        "card",
        Verdict::Warn,
        format!("{:?}: a card whose ATR {atr} breaks the standard: {error}", reader.name),
    )
    .hint("it may work all the same: `gridcard card show` tells")
}

pub(super) fn card(reader: &ReaderState, atr: &Atr) -> Finding {
    let protocols: Vec<String> = atr.protocols().iter().map(|protocol| format!("T={protocol}")).collect();
    let serial = match reader.serial() {
        Some(serial) => format!(", serial number {}", hex::encode_upper(serial)),
        None => String::new(),
    };
    let bytes = hex::encode_upper(&reader.atr);
    finding(
        "card",
        Verdict::Ok,
        format!("{:?}: a card, ATR {bytes}, {}{serial}", reader.name, protocols.join(" or ")),
    )
}

/// What the service said where none of the checks before explains it.
pub(super) fn service(fault: &Fault, socket: &Socket) -> Option<Finding> {
    match (fault, socket) {
        (Fault::Forbidden | Fault::NotBuilt, _) => None,
        (_, Socket::Open) => Some(
            finding("reader", Verdict::Missing, format!("pcscd does not tell: {fault}"))
                .hint("restart it: systemctl restart pcscd.socket pcscd.service"),
        ),
        _ => None,
    }
}
