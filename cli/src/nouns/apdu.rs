//! `gridcard apdu`: raw commands to any card, and what they and their answers mean.

use crate::prelude::*;
use ::reader::cards::InReader;
use clap::ArgGroup;
use keys::Zeroizing;
use lens::apdu::DecodedTrace;
use parties::cards::CardHandle;
use parties::home;
use reader::exchange::exchange_bytes;
use reader::script::{Player, Script};
use reader::trace::{Reveal, TraceChannel, shown_bytes};
use scheme::zone::spoken;
use std::io::Read;
use wire::{Channel, ChannelError, Sw, typed};

/// Options of `apdu`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["apdus", "script"]),
    // Left alone, the group stands before the card.
    override_usage = "gridcard apdu [OPTIONS] <CARD> <HEX...|--script <FILE>>"
)]
pub struct Options {
    /// Card file, a card in a reader (pcsc:READER, pcsc:SERIAL), or a SIM in a modem (at:DEVICE).
    pub card: CardRef,
    /// Commands in hexadecimal digits, one an argument; `-` reads lines of stdin. The first that is refused ends it.
    /// A command with a PIN or a key in it is not taken from here: other users see it.
    #[arg(value_name = "HEX")]
    pub apdus: Vec<String>,
    /// A script: the trace language with expectations, names and computed values (docs/specs/script.md).
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Do not reset the card first.
    #[arg(long)]
    pub no_reset: bool,
    /// Send the commands as they are and follow no 61xx, 6Cxx or 9Fxx.
    #[arg(long, conflicts_with = "script")]
    pub raw: bool,
    /// Show PINs and keys as they travel. For cards on test keys.
    #[arg(long)]
    pub reveal: bool,
    /// Kind of a card in a reader that does not tell: main-control, psam-issuing, esam-issuing, psam, esam or sim.
    #[arg(long, value_parser = kind)]
    pub kind: Option<CardKind>,
    /// Cipher suite for the script: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
}

/// Sends the commands.
pub fn run(call: &Call, options: &Options) -> Result<()> {
    let work = Work::of(options)?;
    let card = call.cards.resolve(&options.card)?;
    let (mut handle, kind) = match card.path() {
        Some(_) => CardHandle::open_any(call, &card).map(|(handle, kind)| (handle, Some(kind)))?,
        // What it is, it is not asked: only what the user sends goes to the card.
        None => {
            let open = InReader::unasked(&card, call.patience)?;
            (CardHandle::of(call, Box::new(open))?, options.kind)
        }
    };
    let mut lines = Vec::new();
    // The decoder hides what is secret, for it is what shows the lines.
    let mut card = TraceChannel::revealing(&mut handle, &mut lines, Reveal::Secrets);
    let done = work.run(&mut card, options);
    let closed = handle.close();
    let lines = Zeroizing::new(lines);
    let trace = DecodedTrace::of(&Zeroizing::new(lines.join("\n")), kind, options.reveal)?;
    let apdus = trace.apdus();
    // Of an error --json has one object on stdout, and that is the error's.
    if done.is_ok() || !call.options.json {
        let (card, sw, session) = (options.card.to_string(), trace.last_sw(), trace.objects());
        let object = json!({ "card": card, "apdus": apdus, "sw": sw, "session": session });
        answer(call, &spoken(&trace.lines().join("\n")), object);
    }
    done?;
    closed?;
    say(format!("{apdus} APDUs"));
    Ok(())
}

/// What shall be sent.
enum Work {
    Commands(Vec<Zeroizing<Vec<u8>>>),
    Script(Box<Script>, PathBuf),
}

impl Work {
    fn of(options: &Options) -> Result<Self> {
        if let Some(path) = &options.script {
            let text = Zeroizing::new(home::read_text(path)?);
            let script = Script::parse(&text).with_context(|| path.display().to_string())?;
            return Ok(Work::Script(Box::new(script), path.clone()));
        }
        let mut commands = Vec::new();
        for text in &options.apdus {
            if text == "-" {
                let mut input = Zeroizing::new(String::new());
                std::io::stdin().read_to_string(&mut input).context("cannot read stdin")?;
                let lines = typed::unmarked(&input).lines().map(|line| line.trim().trim_start_matches('>'));
                for line in lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
                    commands.push(command(line)?);
                }
                continue;
            }
            let bytes = command(text)?;
            if shown_bytes(&bytes).is_some() {
                let words = format!(
                    "the command {} carries a PIN or a key, which other users would see",
                    hex::encode_upper(&bytes[..4])
                );
                return Err(Failure::new(Kind::Usage, words)
                    .hint("write it into a script (--script FILE), or give it on stdin (-)")
                    .into());
            }
            commands.push(bytes);
        }
        Ok(Work::Commands(commands))
    }

    fn run(&self, card: &mut dyn Channel, options: &Options) -> Result<()> {
        match self {
            Work::Commands(commands) => {
                if !options.no_reset {
                    card.reset()?;
                }
                for command in commands {
                    let answer = exchange_bytes(card, command, options.raw)?;
                    let word = answer.last_chunk::<2>().ok_or(ChannelError::Short(answer.len()))?;
                    let sw = Sw(u16::from_be_bytes(*word));
                    if !is_good(sw) {
                        let header = hex::encode_upper(&command[..command.len().min(4)]);
                        let (name, dialect) = lens::apdu::command(command);
                        let words = format!(
                            "{name} ({header}): the card answered {sw} ({})",
                            sw.explain_after(dialect, command[1])
                        );
                        return Err(refused(words).into());
                    }
                }
                Ok(())
            }
            Work::Script(script, path) => {
                if !options.no_reset && !script.begins_with_reset() {
                    card.reset()?;
                }
                let folder = path.parent().unwrap_or(Path::new(""));
                Player::new(card, options.suite, folder, None, lens::apdu::command)
                    .play(script)
                    .with_context(|| path.display().to_string())
            }
        }
    }
}

/// A command in hexadecimal digits. What is wrong with it is said without its digits: they may be a secret.
fn command(text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = typed::bytes(text).ok().map(Zeroizing::new).filter(|bytes| bytes.len() >= 4);
    bytes.ok_or_else(|| {
        Failure::new(
            Kind::Usage,
            "a command is hexadecimal digits of four bytes or more: CLA INS P1 P2, then P3 and data",
        )
        .hint("as in 00A40000023F00; scripts are given with --script FILE")
        .into()
    })
}

/// Done, data waits, a warning that took effect, a command for the phone.
const fn is_good(sw: Sw) -> bool {
    matches!(sw.sw1(), 0x90 | 0x91 | 0x61 | 0x62 | 0x9F | 0x92)
}
