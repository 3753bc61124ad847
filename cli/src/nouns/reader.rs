//! `gridcard reader`: readers, the cards in them, and what is missing when there are none.

use crate::fail::Kind;
use crate::global::Global;
use crate::output::{answer, put};
use crate::screen::{say, table};
use ::reader::pcsc::doctor::{Finding, Machine, Verdict, examine};
use ::reader::pcsc::{Event, Fault, PcscError, Presence, ReaderState, Watch, system};
use clap::{Args, Subcommand};
use parties::Failure;
use parties::trouble::Result;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Verbs of readers.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the readers and the cards in them.
    List,
    /// Tell what comes and goes, until Ctrl-C.
    Watch(WatchOptions),
    /// Say what is missing between this program and a card in a reader, and what to do; exit code 3 when no card can be
    /// used.
    Doctor,
}

/// Options of `reader watch`.
#[derive(Debug, Args)]
pub struct WatchOptions {
    /// End after so many seconds.
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::List => list(global),
        Verb::Watch(options) => watch(global, &options),
        Verb::Doctor => doctor(global),
    }
}

fn list(global: &Global) -> Result<()> {
    let readers = system().and_then(|service| service.readers()).map_err(PcscError::Service)?;
    let rows = readers
        .iter()
        .map(|reader| vec![reader.name.clone(), state(reader).into(), atr(reader), serial(reader)]);
    let object = json!({ "readers": readers.iter().map(|reader| json!({
        "name": reader.name, "card": reader.presence != Presence::Empty, "state": state(reader),
        "atr": atr(reader), "serial": reader.serial().map(hex::encode_upper),
    })).collect::<Vec<_>>() });
    answer(global, &table(&["reader", "card", "ATR", "serial number"], rows.collect()), object);
    if readers.is_empty() {
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

/// The longest wait between two looks: a service that died does not always end it.
const LOOK: Duration = Duration::from_secs(5);

/// Between two looks for a service that went away.
const AGAIN: Duration = Duration::from_millis(200);

fn watch(global: &Global, options: &WatchOptions) -> Result<()> {
    if global.json && options.seconds.is_none() {
        return Err(
            Failure::new(Kind::Usage, "one object on stdout has an end: --json needs --seconds").into()
        );
    }
    let end = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let is_over = || end.is_some_and(|end| Instant::now() >= end);
    let mut events = Vec::new();
    let mut tell = |found: Vec<Event>| {
        for event in found {
            if global.json {
                events.push(object(&event));
            } else {
                put(global, &words(&event));
            }
        }
    };
    let mut was_there = false;
    while !was_there || !is_over() {
        let service = match system() {
            // It was there when the watch began: it may come again. One that is about to end, or has not begun whole,
            // turns everybody away, whoever was let in before.
            Err(Fault::NoService | Fault::Stopped | Fault::Forbidden) if was_there => {
                std::thread::sleep(AGAIN);
                continue;
            }
            service => service.map_err(PcscError::Service)?,
        };
        if was_there {
            say("the smart card service is there again");
        }
        was_there = true;
        let mut watch = Watch::new(&*service);
        let fault = loop {
            let left = end.map_or(LOOK, |end| end.saturating_duration_since(Instant::now()));
            match watch.next(left.min(LOOK)) {
                Ok(found) => tell(found),
                Err(fault) => break Some(fault),
            }
            if is_over() {
                break None;
            }
        };
        match fault {
            None => break,
            Some(Fault::NoService | Fault::Stopped) => {
                tell(watch.lost());
                say("the smart card service went away; the watch goes on when it is there again");
            }
            Some(fault) => return Err(PcscError::Service(fault).into()),
        }
    }
    answer(global, "", json!({ "events": events }));
    Ok(())
}

fn words(event: &Event) -> String {
    match event {
        Event::Plugged(reader) => format!("reader    {reader:?}"),
        Event::Unplugged(reader) => format!("gone      {reader:?}"),
        Event::Inserted { reader, atr } => match (wire::atr::serial_of(atr), atr.is_empty()) {
            (_, true) => format!("inserted  {reader:?}  a card that does not answer"),
            (Some(serial), _) => {
                format!(
                    "inserted  {reader:?}  {}  serial number {}",
                    hex::encode_upper(atr),
                    hex::encode_upper(serial)
                )
            }
            (None, _) => format!("inserted  {reader:?}  {}", hex::encode_upper(atr)),
        },
        Event::Removed { reader } => format!("removed   {reader:?}"),
    }
}

fn object(event: &Event) -> Value {
    match event {
        Event::Plugged(reader) => json!({ "event": "reader", "reader": reader }),
        Event::Unplugged(reader) => json!({ "event": "gone", "reader": reader }),
        Event::Inserted { reader, atr } => json!({
            "event": "inserted", "reader": reader, "atr": hex::encode_upper(atr),
            "serial": wire::atr::serial_of(atr).map(hex::encode_upper),
        }),
        Event::Removed { reader } => json!({ "event": "removed", "reader": reader }),
    }
}

fn doctor(global: &Global) -> Result<()> {
    let report = examine(&Machine);
    let mut lines = Vec::new();
    for finding in &report.findings {
        let Finding { check, verdict, words, hint } = finding;
        lines.push(format!("{:8} {check:11} {words}", verdict.name()));
        lines.extend(hint.as_ref().map(|hint| format!("{:20} -> {hint}", "")));
    }
    let object = |finding: &Finding| json!({ "check": finding.check, "verdict": finding.verdict.name(), "words": finding.words, "hint": finding.hint });
    let findings: Vec<Value> = report.findings.iter().map(object).collect();
    answer(global, &lines.join("\n"), json!({ "usable": report.usable, "findings": findings }));
    if report.usable {
        say("a card could be used");
        return Ok(());
    }
    let missing = report.findings.iter().find(|finding| finding.verdict == Verdict::Missing);
    let why = missing.map_or("no card can be used", |finding| &finding.words);
    Err(Failure::new(Kind::Absent, format!("no card can be used: {why}")).into())
}
