//! Devices that carry bytes: serial ports, and pseudo terminals that stand for them.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A pseudo terminal: our end, and the device that a terminal program opens as it would a serial port. The device exists as long as
/// our end does.
///
/// # Errors
/// The system has none left.
pub fn pseudo_terminal() -> io::Result<(File, PathBuf)> {
    let ours: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let device = PathBuf::from(name.to_string_lossy().into_owned());
    // Only a device that was opened once tells that nobody has it open.
    drop(open(&device)?);
    Ok((ours.into(), device))
}

fn open(device: &Path) -> io::Result<OwnedFd> {
    let how = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(device, how, Mode::empty())?)
}

/// Bytes as they are: no echo, no lines, no signals.
///
/// # Errors
/// It is no terminal.
pub fn make_raw(terminal: impl AsFd) -> io::Result<()> {
    let mut modes = tcgetattr(&terminal)?;
    modes.make_raw();
    Ok(tcsetattr(&terminal, OptionalActions::Now, &modes)?)
}

/// How the characters of a serial port stand on its line: 8 data bits, 1 stop bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial {
    /// Bits a second.
    pub speed: u32,
    /// An even parity bit. Pseudo terminals have none, and pass over this.
    pub even_parity: bool,
}

/// Opens a serial port, which does not wait in its reads.
///
/// # Errors
/// It is not there, is no terminal, or does not run at that speed.
pub fn serial_port(device: &Path, serial: Serial) -> io::Result<File> {
    let port = open(device)?;
    let mut modes = tcgetattr(&port)?;
    modes.make_raw();
    modes.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
    modes.control_modes.set(ControlModes::PARENB, serial.even_parity);
    modes.control_modes.remove(ControlModes::PARODD | ControlModes::CSTOPB);
    modes.set_speed(serial.speed)?;
    // Linux refuses a change that changes nothing it can: a pseudo terminal drops the parity, and says so the second time.
    if let Err(error) = tcsetattr(&port, OptionalActions::Now, &modes) {
        modes.control_modes.remove(ControlModes::PARENB);
        tcsetattr(&port, OptionalActions::Now, &modes).map_err(|_| error)?;
    }
    Ok(port.into())
}
