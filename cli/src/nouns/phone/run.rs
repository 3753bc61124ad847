//! `gridcard phone run`.

use crate::output::put;
use crate::prelude::*;
use ::reader::link::{Listener, Place, Serial, Terminal};
use parties::phones::{self, PhoneName, RunRequest};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use wire::ByteLink;

/// Options of `phone run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The phone.
    pub name: PhoneName,
    /// Let whoever deletes messages delete orders and receipts that wait, too.
    #[arg(long)]
    pub no_guard: bool,
    /// A socket as its line, as in 127.0.0.1:2500; port 0 takes a free one. Default: a pseudo terminal, which is found as modem in
    /// the phone's folder.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "serial")]
    pub listen: Option<String>,
    /// A serial port as its line.
    #[arg(long, value_name = "DEVICE")]
    pub serial: Option<PathBuf>,
    /// Bits a second, of a serial port.
    #[arg(long, default_value_t = 115_200, requires = "serial")]
    pub speed: u32,
}

/// Lets a phone answer until a signal ends it.
pub fn run(call: &Call, options: &Run) -> Result<()> {
    let (stop, interrupted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    for (signal, flag) in [(SIGTERM, &stop), (SIGINT, &stop), (SIGINT, &interrupted)] {
        signal_hook::flag::register(signal, flag.clone()).context("cannot wait for signals")?;
    }
    let (mut link, place, device): (Box<dyn ByteLink>, String, Option<PathBuf>) =
        match (&options.listen, &options.serial) {
            (Some(address), _) => {
                let listener = Listener::open(address)?;
                let place = listener.address()?.to_string();
                (Box::new(listener), place, None)
            }
            (None, Some(device)) => {
                let serial = Serial { speed: options.speed, even_parity: false };
                (Place::Device(device.clone()).open(serial)?, device.display().to_string(), None)
            }
            (None, None) => {
                let (terminal, device) = Terminal::pseudo_kept()?;
                (Box::new(terminal), device.display().to_string(), Some(device))
            }
        };
    let name = match &device {
        Some(_) => phones::device_name(call, &options.name)?.display().to_string(),
        None => place.clone(),
    };
    let begun = Instant::now();
    let request = RunRequest { name: options.name.clone(), guard: !options.no_guard };
    let answering = || {
        if call.options.json {
            put(call, &json!({ "line": name, "device": place, "pid": std::process::id() }).to_string());
        } else {
            put(call, &name);
        }
        say("the phone answers; Ctrl-C ends");
    };
    let line = phones::Line { link: &mut *link, device: device.as_deref(), answering: &answering };
    let report = phones::run(call, &request, line, &|| begun.elapsed(), &|| stop.load(Ordering::Relaxed))?;
    say(format!(
        "ended: {} received, {} sent, {} receipt(s) left by themselves",
        report.received, report.sent, report.receipts
    ));
    if interrupted.load(Ordering::Relaxed) {
        call.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}
