//! `gridcard reader`: readers and modems, the cards in them, and what is missing when there are none.

mod modems;

use crate::output::put;
use crate::prelude::*;
use ::reader::pcsc::doctor::{Finding, Machine, Verdict, examine};
use ::reader::pcsc::{self, Event, PcscError, Presence, ReaderState, Witness, system};
use std::time::{Duration, Instant};

/// Verbs of readers.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the readers and the cards in them, and the modems there may be.
    List {
        /// Ask each modem what it is. A serial port may be something else's: nobody is asked by default.
        #[arg(long)]
        ask: bool,
    },
    /// Tell what comes and goes, until Ctrl-C.
    Watch {
        /// End after so many seconds.
        #[arg(long, value_name = "N")]
        seconds: Option<u64>,
    },
    /// Say what is missing between this program and a card in a reader, or the SIM in a modem, and what to do; exit code 3 when no card
    /// can be used.
    Doctor {
        /// A modem to look at, in place of the readers: at:DEVICE.
        modem: Option<CardRef>,
    },
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::List { ask } => look(ask, list),
            Verb::Watch { seconds } => look(seconds, watch),
            Verb::Doctor { modem } => look(modem, doctor),
        }
    }
}

fn list(call: &Call, ask: &bool) -> Result<()> {
    let modems = modems::found(call, *ask)?;
    let readers = match system().and_then(|service| service.readers()) {
        // A machine with modems alone needs no service for readers.
        Err(fault) if !modems.is_empty() => {
            say(format!("no readers: {fault}"));
            Vec::new()
        }
        readers => readers.map_err(PcscError::Service)?,
    };
    let rows = readers.iter().map(|reader| row![reader.name, state(reader), atr(reader), serial(reader)]);
    let object = json!({ "readers": readers.iter().map(|reader| json!({
        "name": reader.name, "card": reader.presence != Presence::Empty, "state": state(reader),
        "atr": atr(reader), "serial": reader.serial().map(hex::encode_upper),
    })).collect::<Vec<_>>(), "modems": modems.iter().map(modems::Found::object).collect::<Vec<_>>() });
    let mut text = table(&["reader", "card", "ATR", "serial number"], rows.collect());
    if !modems.is_empty() {
        let rows = modems.iter().map(modems::Found::row).collect();
        text = format!("{text}\n\n{}", table(&["modem", "product", "SIM", "way"], rows));
    }
    answer(call, &text, object);
    if readers.is_empty() && modems.is_empty() {
        say("no reader: `gridcard reader doctor` says what is missing");
    }
    Ok(())
}

fn state(reader: &ReaderState) -> &'static str {
    match reader.presence {
        Presence::Empty => "none",
        Presence::Mute => "does not answer",
        Presence::Card if reader.exclusive => "held by a program",
        Presence::Card if reader.in_use => "in use",
        Presence::Card => "there",
    }
}

fn atr(reader: &ReaderState) -> String {
    hex::encode_upper(&reader.atr)
}

fn serial(reader: &ReaderState) -> String {
    reader.serial().map_or_else(String::new, hex::encode_upper)
}

/// The person who watches: told at once, or with all of it in the end.
struct Watcher<'g> {
    call: &'g Call,
    events: Vec<Event>,
}

impl Witness for Watcher<'_> {
    fn see(&mut self, events: Vec<Event>) {
        if self.call.options.json {
            self.events.extend(events);
        } else {
            events.iter().for_each(|event| put(self.call, &event.to_string()));
        }
    }

    fn note(&mut self, words: &str) {
        say(words);
    }
}

fn watch(call: &Call, seconds: &Option<u64>) -> Result<()> {
    if call.options.json && seconds.is_none() {
        let words = "one object on stdout has an end: --json needs --seconds";
        return Err(Failure::new(Kind::Usage, words).into());
    }
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut watcher = Watcher { call, events: Vec::new() };
    pcsc::watch(system, end, &mut watcher)?;
    answer(call, "", json!({ "events": watcher.events }));
    Ok(())
}

fn doctor(call: &Call, modem: &Option<CardRef>) -> Result<()> {
    if let Some(card) = modem {
        let device = card.modem().ok_or_else(|| {
            Failure::new(Kind::Usage, format!("{card} names no modem"))
                .hint("write at:DEVICE; readers are looked at without a name")
        })?;
        return modems::doctor(call, device);
    }
    let report = examine(&Machine);
    let mut lines = Vec::new();
    for finding in &report.findings {
        let Finding { check, verdict, words, hint } = finding;
        lines.push(format!("{:8} {check:11} {words}", verdict.name()));
        lines.extend(hint.as_ref().map(|hint| format!("{:20} -> {hint}", "")));
    }
    answer(call, &lines.join("\n"), &report);
    if report.usable {
        say("a card could be used");
        return Ok(());
    }
    let missing = report.findings.iter().find(|finding| finding.verdict == Verdict::Missing);
    let why = missing.map_or("no card can be used", |finding| &finding.words);
    Err(Failure::new(Kind::Absent, format!("no card can be used: {why}")).into())
}
