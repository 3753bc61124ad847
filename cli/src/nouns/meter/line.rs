//! Where meters listen, and how a command waits there until a signal ends it.

use crate::output::put;
use crate::prelude::*;
use crate::shared::SerialOptions;
use reader::link::{Listener, Place, Terminal};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::ByteLink;

/// Where the meters listen.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PortLine {
    /// A socket, as in 127.0.0.1:2404; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// A pseudo terminal; its device is said.
    #[arg(long)]
    pub pty: bool,
    /// A serial port.
    #[arg(long = "serial", value_name = "DEVICE")]
    pub device: Option<PathBuf>,
}

impl PortLine {
    /// Opens it, and says where it is.
    pub fn open(&self, call: &Call, serial: &SerialOptions) -> Result<Box<dyn ByteLink>> {
        let (link, place): (Box<dyn ByteLink>, String) = match self {
            PortLine { listen: Some(address), .. } => {
                let listener = Listener::open(address)?;
                let place = listener.address()?.to_string();
                (Box::new(listener), place)
            }
            PortLine { device: Some(device), .. } => {
                (Place::Device(device.clone()).open(serial.get())?, device.display().to_string())
            }
            _ => {
                let (terminal, device) = Terminal::pseudo()?;
                (Box::new(terminal), device.display().to_string())
            }
        };
        if call.options.json {
            put(call, &json!({ "line": place, "pid": std::process::id() }).to_string());
        } else {
            put(call, &place);
        }
        Ok(link)
    }
}

/// What ends a command that waits.
pub struct Signals {
    /// It is to end.
    pub stop: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
}

impl Signals {
    /// From now on signals end nothing but what looks here.
    pub fn wait() -> Result<Self> {
        let (stop, interrupted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for (signal, flag) in [(SIGTERM, &stop), (SIGINT, &stop), (SIGINT, &interrupted)] {
            signal_hook::flag::register(signal, flag.clone()).context("cannot wait for signals")?;
        }
        Ok(Signals { stop, interrupted })
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Somebody who interrupted it is told so by the exit code.
    pub fn end(&self, call: &Call) {
        if self.interrupted.load(Ordering::Relaxed) {
            call.interrupted.store(true, Ordering::Relaxed);
        }
    }
}
