//! `gridcard card line`: a card on a T=0 line, behind a pseudo terminal or a socket [docs/specs/line.md 6].

use crate::files::{self, Appended};
use crate::global::Global;
use crate::output::answer;
use crate::screen::say;
use clap::{ArgGroup, Args};
use cos::Flow;
use parties::cards::TraceFile;
use parties::places;
use parties::trouble::{Context, Result};
use reader::trace::{TraceChannel, TraceSink, hides_answer, hides_data};
use scheme::CardRef;
use serde_json::json;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use vcard::line::pty::Pty;
use vcard::line::serve::Line;
use vcard::line::{Acknowledge, LineCard, Part, Passed, Settings, T0Card, Way, Wire};
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
pub fn run(global: &Global, options: &LineOptions) -> Result<()> {
    let file = places::image(global, &options.card, "card line")?;
    let lock = global.files.lock(&file).map_err(parties::Trouble::new)?;
    let label = file.display().to_string();
    let image = Image::load(&file).map_err(parties::Trouble::new)?;
    let source = global.files.chance(image.formal, &label).map_err(parties::Trouble::new)?;
    let mut slot = Slot::with_image(image, &file, source, Keep::Synced).map_err(parties::Trouble::new)?;
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
    let card = Traced(TraceChannel::new(slot, Lines(TraceFile::named(global, &name)?)));
    let mut wire = Wire::new(LineCard::new(card, settings));
    let mut trace = Characters::new(options)?;
    let mut line =
        Line { wire: &mut wire, realtime: options.realtime, watch: &mut |passed| trace.write(passed) };
    let served = match options.listen {
        Some(address) => {
            let listener =
                TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
            let address = listener.local_addr()?.to_string();
            answer(global, &address, json!({ "listen": address }));
            line.serve_tcp(&listener, options.terminals)
        }
        None => {
            let pty = Pty::open().context("the system gives no pseudo terminal")?;
            let device = pty.device().display().to_string();
            answer(global, &device, json!({ "device": device }));
            pty.serve(&mut line, options.terminals)
        }
    };
    wire.into_line().into_card().0.into_parts().0.close().map_err(parties::Trouble::new)?;
    drop(lock);
    served.context("the line broke")
}

/// A slot whose APDUs are written down when the user asks.
struct Traced(TraceChannel<Slot, Lines>);

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

/// The trace of characters: `ETU > BYTE PART`, `<` for the card's, `--` for a byte that is hidden.
struct Characters {
    file: Option<Appended>,
    header: Vec<u8>,
    /// The answer that waits for GET RESPONSE is secret.
    secret_waits: bool,
}

impl Characters {
    fn new(options: &LineOptions) -> Result<Self> {
        let file = options.trace_characters.as_deref().map(files::trace).transpose()?;
        Ok(Characters { file, header: Vec::new(), secret_waits: false })
    }

    /// A trace never stops what it watches.
    fn write(&mut self, passed: &Passed) {
        let hidden = self.hides(passed);
        let Some(file) = &mut self.file else { return };
        let mark = if passed.way == Way::ToCard { '>' } else { '<' };
        let byte = if hidden { "--".to_owned() } else { format!("{:02X}", passed.value) };
        let _ = writeln!(file, "{} {mark} {byte} {}", passed.at.0, words(passed.part));
    }

    /// Data of secret commands, answers that are keys, and what a terminal says that nobody asked for it.
    fn hides(&mut self, passed: &Passed) -> bool {
        match (passed.part, passed.way) {
            (Part::Data(header), Way::ToCard) => hides_data(&header).is_some(),
            (Part::Data(header), Way::FromCard) => {
                hides_answer(&header).is_some() || (self.secret_waits && header[1] == GET_RESPONSE)
            }
            (Part::Header, _) => {
                self.header.push(passed.value);
                if self.header.len() == 5 {
                    let header = std::mem::take(&mut self.header);
                    self.secret_waits =
                        hides_answer(&header).is_some() || (self.secret_waits && header[1] == GET_RESPONSE);
                }
                false
            }
            (Part::Unheard, _) => true,
            (Part::Atr, _) => {
                self.header.clear();
                self.secret_waits = false;
                false
            }
            (Part::Pps | Part::Procedure | Part::Status, _) => false,
        }
    }
}

const GET_RESPONSE: u8 = 0xC0;

const fn words(part: Part) -> &'static str {
    match part {
        Part::Atr => "ATR",
        Part::Pps => "PPS",
        Part::Header => "header",
        Part::Procedure => "procedure",
        Part::Data(_) => "data",
        Part::Status => "status",
        Part::Unheard => "unheard",
    }
}

/// Lines to a trace, if there is one.
struct Lines(Option<TraceFile>);

impl TraceSink for Lines {
    fn line(&mut self, line: &str) {
        if let Some(file) = &mut self.0 {
            file.line(line);
        }
    }
}
