//! Devices that carry bytes: serial ports, and pseudo terminals that stand for them.

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, OptionalActions, tcgetattr, tcsetattr};
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
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
    // A modem that is hung up on forgets what it was told.
    modes.control_modes.remove(ControlModes::HUPCL);
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

/// The device of a pseudo terminal, opened and kept, so that our end never sees it closed by everybody.
///
/// # Errors
/// It is not there.
pub fn keep_open(device: &Path) -> io::Result<File> {
    Ok(open(device)?.into())
}

/// A name for a device that stays while devices change: a symbolic link, over one that was there.
///
/// # Errors
/// Something that is no link has the name; it cannot be made.
pub fn name_device(name: &Path, device: &Path) -> io::Result<()> {
    if name.symlink_metadata().is_ok_and(|there| there.is_symlink()) {
        std::fs::remove_file(name)?;
    }
    std::os::unix::fs::symlink(device, name)
}

/// A serial port that is this program's alone, as far as others ask: the system's lock on it, and the lock file of its name that
/// programs for modems look for. Both go with this.
#[derive(Debug)]
pub struct HeldPort {
    file: Option<PathBuf>,
}

/// Another program has a serial port: the number of its process and its name, where the system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolder(pub Option<(u32, String)>);

/// Where programs for modems lay their lock files.
const LOCKS: &str = "/var/lock";

/// Takes an opened serial port for this program alone.
///
/// # Errors
/// Another program has it.
pub fn hold_port(port: &File, device: &Path) -> Result<HeldPort, PortHolder> {
    let device = device.canonicalize().unwrap_or_else(|_| device.to_path_buf());
    let name = device.file_name().unwrap_or_default().to_string_lossy();
    let file = Path::new(LOCKS).join(format!("LCK..{name}"));
    if let Some(pid) = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok())
        && pid != std::process::id()
    {
        if let Some(name) = name_of(pid) {
            return Err(PortHolder(Some((pid, name))));
        }
        // Its program is gone.
        let _ = std::fs::remove_file(&file);
    }
    if let Err(TryLockError::WouldBlock) = port.try_lock() {
        return Err(PortHolder(locker(port)));
    }
    // Where the folder is not ours to write, the system's lock must do.
    let ours = format!("{:10}\n", std::process::id());
    let made = crate::create(&file, ours.as_bytes(), crate::Durability::Soon).is_ok();
    Ok(HeldPort { file: made.then_some(file) })
}

impl Drop for HeldPort {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Who has the system's lock on a file.
fn locker(port: &File) -> Option<(u32, String)> {
    let inode = port.metadata().ok()?.ino();
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    // `1: FLOCK ADVISORY WRITE 1234 00:18:5 0 EOF`: process, and device with inode.
    let held = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (pid, place) = (words.get(4)?, words.get(5)?);
        (words.get(1) == Some(&"FLOCK") && place.rsplit(':').next()? == inode.to_string())
            .then(|| pid.parse::<u32>().ok())?
    };
    let mut holders = table.lines().filter_map(held).filter(|pid| *pid != std::process::id());
    holders.find_map(|pid| Some((pid, name_of(pid)?)))
}

/// The name of a process that runs.
fn name_of(pid: u32) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned())
}
