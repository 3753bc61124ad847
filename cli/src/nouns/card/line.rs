//! `gridcard card line`: a card on a T=0 line, behind a pseudo terminal or a socket [docs/specs/line.md 6].

use crate::files;
use crate::prelude::*;
use clap::ArgGroup;
use cos::Flow;
use lens::characters::Characters;
use parties::cards::TraceFile;
use parties::places;
use reader::trace::TraceChannel;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use vcard::line::pty::Pty;
use vcard::line::serve::Line;
use vcard::line::{Acknowledge, LineCard, Passed, Settings, T0Card, Wire};
use vcard::slot::Keep;
use vcard::{Image, Slot};
use wire::atr::Convention;
use wire::{Channel, ChannelError};

/// Options of `card line`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("pipe").required(true).args(["pty", "listen"]))]
pub struct LineOptions {
    /// Card file.
    pub card: CardRef,
    /// Make a pseudo terminal: opening its device is power and reset, closing it takes the power away, speed 0
    /// (B0) holds the reset line low.
    #[arg(long)]
    pub pty: bool,
    /// Listen at this address, as 127.0.0.1:2600; port 0 takes a free one. Connecting is power and reset, closing takes the power
    /// away, an urgent byte R is a reset, an urgent byte E asks for the last character again.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Send the card's characters at the pace of the line.
    #[arg(long)]
    pub realtime: bool,
    /// Append every character with its time in etu to this file, secrets hidden.
    #[arg(long, value_name = "FILE")]
    pub trace_characters: Option<PathBuf>,
    /// NULL bytes before each answer.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub nulls: u8,
    /// Ask for, and hand out, so many data bytes of each command one by one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub singly: u8,
    /// Speak the inverse convention (TS 3F).
    #[arg(long)]
    pub inverse: bool,
    /// End after so many terminals; default: at Ctrl-C.
    #[arg(long, value_name = "N")]
    pub terminals: Option<u32>,
}

/// Serves the card.
pub fn run(call: &Call, options: &LineOptions) -> Result<()> {
    let file = places::image(call, &options.card, "card line")?;
    let lock = call.files.lock(&file).map_err(Trouble::new)?;
    let label = file.display().to_string();
    let image = Image::load(&file).map_err(Trouble::new)?;
    let source = call.files.chance(image.formal, &label).map_err(Trouble::new)?;
    let mut slot = Slot::with_image(image, &file, source, Keep::Synced).map_err(Trouble::new)?;
    slot.on_contacts();
    let settings = Settings {
        convention: options.inverse.then_some(Convention::Inverse),
        acknowledge: if options.singly == 0 {
            Acknowledge::AtOnce
        } else {
            Acknowledge::Singly(options.singly)
        },
        nulls: options.nulls,
        ..Settings::default()
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let card = Traced(TraceChannel::new(slot, TraceFile::named(call, &name)?));
    let mut wire = Wire::new(LineCard::new(card, settings));
    let mut file = options.trace_characters.as_deref().map(files::trace).transpose()?;
    let mut characters = Characters::default();
    let mut watch = |passed: &Passed| {
        if let Some(file) = &mut file {
            // A trace never stops what it watches.
            let _ = writeln!(file, "{}", characters.line(passed));
        }
    };
    let mut line = Line { wire: &mut wire, realtime: options.realtime, watch: &mut watch };
    let served = match options.listen {
        Some(address) => {
            let listener =
                TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
            let address = listener.local_addr()?.to_string();
            answer(call, &address, json!({ "listen": address }));
            line.serve_tcp(&listener, options.terminals)
        }
        None => {
            let pty = Pty::open().context("the system gives no pseudo terminal")?;
            let device = pty.device().display().to_string();
            answer(call, &device, json!({ "device": device }));
            pty.serve(&mut line, options.terminals)
        }
    };
    wire.into_line().into_card().0.into_parts().0.close().map_err(Trouble::new)?;
    drop(lock);
    served.context("the line broke")
}

/// A slot whose APDUs are written down when the user asks.
struct Traced(TraceChannel<Slot, Option<TraceFile>>);

impl Channel for Traced {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.0.transmit(command);
        if let Err(error) = &answer {
            say(format!("the card fell silent: {error}"));
        }
        answer
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.0.reset()
    }
}

impl T0Card for Traced {
    fn flow(&self, header: [u8; 4]) -> Flow {
        self.0.inner().flow(header)
    }
}
