//! `gridcard card serve`.

use crate::prelude::*;
use crate::served::Opener;
use parties::places;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vcard::rack::{Rack, control};
use vcard::slot::Keep;

/// Options of `card serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Card files, the first for the reader's first slot.
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
    /// Where pcscd's vpcd driver listens.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Port of the driver's first slot; the second slot has the next port, and so on.
    #[arg(long, default_value_t = vcard::vpcd::FIRST_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Do not wait for the disk at every write. Each is in the card file before its status word leaves all the same, so that
    /// a killed program loses none; a machine that stops may lose the last seconds.
    #[arg(long)]
    pub no_sync: bool,
    /// Socket by which `gridcard slot` reaches the cards. Default: serve-PORT.sock in the home.
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
}

fn usage(words: impl Into<String>) -> Trouble {
    Failure::new(Kind::Usage, words).into()
}

/// Each card with the address of its reader.
fn places(call: &Call, options: &Serve) -> Result<Vec<(PathBuf, SocketAddr)>> {
    let host =
        (options.host.as_str(), options.port).to_socket_addrs().ok().and_then(|mut found| found.next());
    let host = host.ok_or_else(|| usage(format!("there is no host {}", options.host)))?;
    let mut places: Vec<(PathBuf, SocketAddr)> = Vec::new();
    for (slot, card) in options.cards.iter().enumerate() {
        let card = places::image(call, card, "serving")?;
        let same =
            |other: &PathBuf| matches!((other.canonicalize(), card.canonicalize()), (Ok(a), Ok(b)) if a == b);
        if places.iter().any(|(other, _)| same(other)) {
            return Err(usage(format!("{} stands in the list twice", card.display())));
        }
        let port = u16::try_from(slot).ok().and_then(|slot| options.port.checked_add(slot));
        let port = port.ok_or_else(|| usage(format!("slot {slot} would have a port beyond 65535")))?;
        places.push((card, SocketAddr::new(host.ip(), port)));
    }
    Ok(places)
}

/// Serves the cards until a signal ends it.
pub fn run(call: &Call, options: &Serve) -> Result<()> {
    let places = places(call, options)?;
    let keep = if options.no_sync { Keep::EveryCommand } else { Keep::Synced };
    // From here on a signal ends things in order.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for signals")?;
    let rack = Rack::open(Opener::new(call, keep)?, &places, say).map_err(Trouble::new)?;
    let rack = Arc::new(rack);
    let path = match &options.control {
        Some(path) => path.clone(),
        None => {
            disk::create_folder(&call.home)
                .with_context(|| format!("cannot make {}", call.home.display()))?;
            control::default_path(&call.home, options.port)
        }
    };
    let control = match control::Control::open(&path, rack.clone()) {
        Ok(control) => control,
        Err(error) => {
            rack.close().map_err(Trouble::new)?;
            return Err(Trouble::new(error));
        }
    };
    let cards = rack.list();
    let rows = cards.iter().map(|card| row![card.slot, card.card, card.kind, card.port, card.atr]);
    let text = table(&["slot", "card", "kind", "port", "ATR"], rows.collect());
    let object = json!({ "pid": std::process::id(), "control": path.display().to_string(), "cards": cards });
    answer(call, &text, object);
    say(format!("control socket: {}; Ctrl-C ends", path.display()));
    let signal = signals.forever().next();
    control.close();
    rack.close().map_err(Trouble::new)?;
    say("ended: all cards are saved");
    // Asked to end is done; Ctrl-C and a closed terminal interrupt, and a shell wants to know.
    if signal != Some(SIGTERM) {
        call.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}
