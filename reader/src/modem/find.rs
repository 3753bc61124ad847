//! Which modem a name means, which there are, and what one tells of itself.

use super::card::ModemCard;
use super::error::ModemError;
use super::line::{Modem, Wanted};
use crate::link::{Place, PortHolder, Serial, Terminal};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::at::{Cme, Refusal};
use wire::{ByteLink, LinkError};

/// Speed of a serial port for which none was named. On the USB it has no meaning.
const SPEED: u32 = 115_200;

/// The line of a modem by its name, `DEVICE`, `DEVICE@SPEED` or `HOST:PORT`, for this program alone, and the modem woken.
///
/// # Errors
/// [`ModemError`].
pub fn wake(name: &str, patience: Duration) -> Result<Modem, ModemError> {
    let wrong = || ModemError::Name(name.to_owned());
    let (device, speed) = match name.rsplit_once('@') {
        Some((device, speed)) => (device, speed.parse().map_err(|_| wrong())?),
        None => (name, SPEED),
    };
    let serial = Serial { speed, even_parity: false };
    // A device beside us needs no slash to be one.
    let place = device.parse::<Place>().or_else(|error| match Path::new(device).exists() {
        true => Ok(Place::Device(device.into())),
        false => Err(error),
    });
    let absent = |error: LinkError| match error {
        LinkError::Absent { why, .. } => ModemError::Absent { modem: name.to_owned(), why },
        error => ModemError::Absent { modem: name.to_owned(), why: error.to_string() },
    };
    let link: Box<dyn ByteLink + Send> = match place.map_err(|_| wrong())? {
        Place::Device(path) => match Terminal::alone(&path, serial, patience).map_err(absent)? {
            Ok(terminal) => Box::new(terminal),
            Err(PortHolder(who)) => {
                let who = who.map_or_else(
                    || "another program".to_owned(),
                    |(pid, name)| format!("{name} (process {pid})"),
                );
                return Err(ModemError::Taken { modem: name.to_owned(), who });
            }
        },
        place => place.open(serial).map_err(absent)?,
    };
    Modem::wake(link, name)
}

/// The SIM in the modem of a name.
///
/// # Errors
/// [`ModemError`].
pub fn open(name: &str, patience: Duration) -> Result<ModemCard, ModemError> {
    ModemCard::new(wake(name, patience)?)
}

/// A serial port that may be a modem's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its device.
    pub device: PathBuf,
    /// What the system calls it; empty when it does not know.
    pub product: String,
}

/// The serial ports of the USB, by their devices. Nobody is spoken to: a port may be something else's, and a question may disturb it.
pub fn ports() -> Vec<Port> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Ok(entries) = std::fs::read_dir("/sys/class/tty") else { return Vec::new() };
    let entries = entries.flatten().map(|entry| entry.path());
    let of_usb = entries.filter(|path| ["ttyUSB", "ttyACM"].iter().any(|kind| name(path).starts_with(kind)));
    let mut found: Vec<Port> = of_usb
        .map(|path| Port { device: Path::new("/dev").join(name(&path)), product: product(&path) })
        .collect();
    found.sort_by(|a, b| a.device.cmp(&b.device));
    found
}

/// Maker and product of the USB device a port belongs to, which stands one or two folders above it.
fn product(port: &Path) -> String {
    let Ok(device) = port.join("device").canonicalize() else { return String::new() };
    let line = |folder: &Path, name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let owner = device.ancestors().take(4).find(|folder| folder.join("idVendor").exists());
    let words =
        owner.into_iter().flat_map(|folder| ["manufacturer", "product"].map(|name| line(folder, name)));
    words.flatten().map(|word| word.trim().to_owned()).collect::<Vec<_>>().join(" ")
}

/// What a modem tells of itself and of its SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who made it; empty where it does not say.
    pub maker: String,
    /// What it is.
    pub model: String,
    /// State of its SIM, in the words of +CPIN: READY, SIM PIN, SIM PUK; or why there is none.
    pub sim: String,
    /// How commands get to the SIM: +CSIM, +CRSM; or why they do not.
    pub way: Result<&'static str, ModemError>,
}

/// Asks a modem what it is and how its SIM can be had.
///
/// # Errors
/// The line ended.
pub fn facts(mut modem: Modem) -> Result<Facts, ModemError> {
    let mut said = |command: &str, wanted: Wanted| match modem.ask(command, wanted) {
        Ok(lines) => Ok(Ok(lines.first().cloned().unwrap_or_default())),
        Err(ModemError::Refused { refusal, .. }) => Ok(Err(refusal)),
        Err(error) => Err(error),
    };
    let maker = said("+CGMI", Wanted::Bare)?.unwrap_or_default();
    let model = said("+CGMM", Wanted::Bare)?.unwrap_or_default();
    let sim = match said("+CPIN?", Wanted::Prefixed("+CPIN:"))? {
        Ok(line) => line.split_once(':').map_or_else(String::new, |(_, state)| state.trim().to_owned()),
        Err(Refusal::Cme(Cme::NO_SIM)) => "none".to_owned(),
        Err(refusal) => refusal.to_string(),
    };
    let way = ModemCard::new(modem).map(|card| card.way().name());
    Ok(Facts { maker, model, sim, way })
}
