//! The machine itself, as the doctor asks it.

use super::environment::{Configured, Environment, Socket, UsbReader};
use crate::pcsc::{Fault, ReaderState, system};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where pcsc-lite keeps its things unless it was built or told otherwise.
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const DRIVERS: &str = "/usr/lib/pcsc/drivers";
const CONFIGURATION: &str = "/etc/reader.conf.d";
const USB: &str = "/sys/bus/usb/devices";
/// Interface class of readers for smart cards on the USB.
const SMART_CARD: &str = "0b";
/// State of a listening socket in the kernel's table.
const LISTENING: &str = "0A";

/// The machine this program runs on.
#[derive(Debug, Clone, Default)]
pub struct Machine;

impl Environment for Machine {
    fn built(&self) -> bool {
        cfg!(feature = "pcsc")
    }

    fn socket_path(&self) -> PathBuf {
        // The client library asks this variable first.
        std::env::var_os("PCSCLITE_CSOCK_NAME").map_or_else(|| SOCKET.into(), PathBuf::from)
    }

    #[cfg(unix)]
    fn socket(&self) -> Socket {
        match std::os::unix::net::UnixStream::connect(self.socket_path()) {
            Ok(_) => Socket::Open,
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Socket::Absent,
                ErrorKind::ConnectionRefused => Socket::Stale,
                ErrorKind::PermissionDenied => Socket::Forbidden,
                _ => Socket::Broken(error.to_string()),
            },
        }
    }

    #[cfg(not(unix))]
    fn socket(&self) -> Socket {
        // The system's own service needs no socket.
        Socket::Open
    }

    fn daemon_installed(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
        folders.into_iter().any(|folder| folder.join("pcscd").exists())
    }

    fn driver_folder(&self) -> PathBuf {
        std::env::var_os("PCSCLITE_HP_DROPDIR").map_or_else(|| DRIVERS.into(), PathBuf::from)
    }

    fn drivers(&self) -> Vec<String> {
        let mut names: Vec<String> = bundles(&self.driver_folder())
            .iter()
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names
    }

    fn configured(&self) -> Vec<Configured> {
        let mut files: Vec<PathBuf> = entries(Path::new(CONFIGURATION));
        files.sort();
        let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        texts.flat_map(|text| configured(&text)).map(with_state).collect()
    }

    fn usb(&self) -> Vec<UsbReader> {
        let lists: Vec<String> = bundles(&self.driver_folder())
            .iter()
            .filter_map(|bundle| fs::read_to_string(bundle.join("Contents/Info.plist")).ok())
            .collect();
        let mut found = Vec::new();
        for interface in entries(Path::new(USB)) {
            if line(&interface.join("bInterfaceClass")).as_deref() != Some(SMART_CARD) {
                continue;
            }
            // `1-2:1.0` is an interface of the device `1-2`.
            let name = interface.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let device = interface.with_file_name(name.split(':').next().unwrap_or_default());
            found.extend(usb_device(&device, &lists));
        }
        found.sort_by(|a: &UsbReader, b: &UsbReader| a.name.cmp(&b.name));
        found.dedup();
        found
    }

    fn readers(&self) -> Result<Vec<ReaderState>, Fault> {
        system()?.readers()
    }

    fn try_card(&self, reader: &str) -> Result<(), Fault> {
        system()?.connect(reader).map(|_| ())
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn bundles(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "bundle")).collect()
}

fn line(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

fn usb_device(device: &Path, lists: &[String]) -> Option<UsbReader> {
    let id = |name: &str| u16::from_str_radix(&line(&device.join(name))?, 16).ok();
    let (vendor, product) = (id("idVendor")?, id("idProduct")?);
    let words: Vec<String> =
        ["manufacturer", "product"].iter().filter_map(|name| line(&device.join(name))).collect();
    let name = if words.is_empty() { "a reader".to_owned() } else { words.join(" ") };
    let driven = (!lists.is_empty()).then(|| lists.iter().any(|list| names_device(list, vendor, product)));
    Some(UsbReader { name, vendor, product, driven })
}

/// Whether a driver's property list names a device: vendors and products stand in two arrays of one order.
pub(super) fn names_device(list: &str, vendor: u16, product: u16) -> bool {
    let ids = |key: &str| -> Vec<Option<u16>> {
        let Some((_, rest)) = list.split_once(&format!("<key>{key}</key>")) else { return Vec::new() };
        let array = rest.split_once("</array>").map_or(rest, |(array, _)| array);
        let strings = array.split("<string>").skip(1).filter_map(|part| part.split_once("</string>"));
        strings.map(|(text, _)| u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()).collect()
    };
    ids("ifdVendorID").into_iter().zip(ids("ifdProductID")).any(|pair| pair == (Some(vendor), Some(product)))
}

/// The readers of a configuration file, without what only the machine knows.
pub(super) fn configured(text: &str) -> Vec<Configured> {
    let mut found: Vec<Configured> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once(char::is_whitespace) else { continue };
        let value = value.trim().trim_matches('"');
        match (key, found.last_mut()) {
            ("FRIENDLYNAME", _) => found.push(Configured {
                name: value.to_owned(),
                library: PathBuf::new(),
                installed: false,
                port: None,
                listening: None,
            }),
            ("LIBPATH", Some(reader)) => reader.library = value.into(),
            // The driver of virtual cards takes its port from the device's name: `/dev/null:0x8C7B`.
            ("DEVICENAME", Some(reader)) => reader.port = value.strip_prefix("/dev/null:").and_then(number),
            _ => {}
        }
    }
    found.retain(|reader| !reader.library.as_os_str().is_empty());
    found
}

/// A number as C writes it.
fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn with_state(mut reader: Configured) -> Configured {
    reader.installed = reader.library.exists();
    // Asked of the kernel: a connection would be taken for a card.
    let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .collect();
    if let (Some(port), false) = (reader.port, tables.is_empty()) {
        reader.listening = Some(tables.iter().any(|table| listens(table, port)));
    }
    reader
}

/// Whether the kernel's table of TCP sockets shows somebody who listens at a port.
pub(super) fn listens(table: &str, port: u16) -> bool {
    let end = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (local, _remote, state) = (words.next(), words.next(), words.next());
        local.is_some_and(|local| local.ends_with(&end)) && state == Some(LISTENING)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_files_name_readers_and_ports() {
        let text = "# comment\nFRIENDLYNAME \"Virtual PCD\"\nDEVICENAME   /dev/null:0x8C7B\nLIBPATH      /x/libifdvpcd.so\n\
                    CHANNELID    0x8C7B\nFRIENDLYNAME \"Serial\"\nDEVICENAME /dev/ttyS0\nLIBPATH /x/serial.so\n";
        let found = configured(text);
        let names: Vec<_> = found.iter().map(|reader| (reader.name.as_str(), reader.port)).collect();
        assert_eq!(names, [("Virtual PCD", Some(35963)), ("Serial", None)]);
        assert_eq!(configured("#FRIENDLYNAME \"GemPC\"\n#LIBPATH /x\n"), []);
    }

    #[test]
    fn the_kernels_table_tells_who_listens() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
                     0: 00000000:8C7B 00000000:0000 0A 00000000:00000000\n\
                     1: 0100007F:8C7C 0100007F:1234 01 00000000:00000000\n";
        assert!(listens(table, 0x8C7B));
        assert!(!listens(table, 0x8C7C), "a connection is no listener");
        assert!(!listens(table, 0x1234));
    }

    #[test]
    fn a_drivers_list_pairs_vendors_and_products() {
        let list = "<key>ifdVendorID</key><array><string>0x08E6</string><string>0x04E6</string></array>\
                    <key>ifdProductID</key><array><string>0x3437</string><string>0x5116</string></array>";
        assert!(names_device(list, 0x08E6, 0x3437));
        assert!(names_device(list, 0x04E6, 0x5116));
        assert!(!names_device(list, 0x08E6, 0x5116));
        assert!(!names_device("", 0x08E6, 0x3437));
    }
}
