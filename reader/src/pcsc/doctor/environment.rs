//! What the doctor may ask, and what is answered.

use crate::pcsc::fault::Fault;
use crate::pcsc::service::ReaderState;
use std::path::PathBuf;

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
