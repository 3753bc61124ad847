//! `gridcard meter port` and `gridcard meter read`: the two ends of a meter's line.

use super::air;
use super::line::{PortLine, Signals};
use super::pipe::Protocol;
use crate::call::Call;
use crate::physics::Physics;
use crate::screen::{facts, say};
use crate::shared::SerialOptions;
use crate::way::Ahead;
use clap::Args;
use meter::port::Way;
use parties::Result;
use parties::meters::{self, PIPE_ITEMS, PortReport};
use parties::trouble::Failure;
use scheme::Kind;
use scheme::numbers::MeterNumber;
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Identifier};

/// Options of `meter port`.
#[derive(Debug, Args)]
pub struct Port {
    /// Numbers of the meters on this line.
    #[arg(required = true)]
    pub numbers: Vec<MeterNumber>,
    #[command(flatten)]
    pub line: PortLine,
    /// The line ends at the meters' infrared eye: whoever has not proved himself reads little and changes nothing.
    #[arg(long)]
    pub infrared: bool,
    #[command(flatten)]
    pub serial: SerialOptions,
    #[command(flatten)]
    pub physics: Physics,
}

/// Options of `meter read`.
#[derive(Debug, Args)]
pub struct Read {
    #[command(flatten)]
    pub ahead: Ahead,
    /// Items by name or, of DL/T 645, by identifier, as in balance or 00900200. Default: what a customer would look for.
    #[arg(value_parser = item)]
    pub items: Vec<String>,
    /// What the meter speaks.
    #[arg(long, value_enum, default_value = "645")]
    pub protocol: Protocol,
    /// Address of the meter, 12 digits. Default: that of the one meter on the line.
    #[arg(long)]
    pub address: Option<MeterNumber>,
}

fn of_current(text: &str) -> Option<&'static Item> {
    let by_number = || {
        let number = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8)?;
        Item::of(Identifier(number))
    };
    Item::named(text).or_else(by_number)
}

type PipeItem = (&'static str, wire::cjt188::Identifier);

fn of_pipe(text: &str) -> Option<PipeItem> {
    PIPE_ITEMS.into_iter().find(|(name, _)| *name == text)
}

/// An item of either protocol.
fn item(text: &str) -> Result<String, String> {
    if of_current(text).is_some() || of_pipe(text).is_some() {
        Ok(text.to_owned())
    } else {
        Err(no_item(Protocol::Dlt645))
    }
}

fn no_item(protocol: Protocol) -> String {
    let names: Vec<&str> = match protocol {
        Protocol::Dlt645 => wire::dlt645::items::ITEMS.iter().map(|item| item.name).collect(),
        Protocol::Cjt188 => PIPE_ITEMS.iter().map(|(name, _)| *name).collect(),
    };
    format!("there is no such item; these are there: {}", names.join(", "))
}

/// The items that were named, among those of the protocol; none: all that are usual.
fn named<I>(
    options: &Read,
    usual: impl Iterator<Item = I>,
    of: impl Fn(&str) -> Option<I>,
) -> Result<Vec<I>> {
    if options.items.is_empty() {
        return Ok(usual.collect());
    }
    let find =
        |name: &String| of(name).ok_or_else(|| Failure::new(Kind::Usage, no_item(options.protocol)).into());
    options.items.iter().map(find).collect()
}

/// Lets meters answer at a line until a signal ends it.
pub fn port(call: &Call, options: &Port) -> Result<()> {
    let signals = Signals::wait()?;
    if let Some(kind) = options.physics.over {
        options.physics.must_be_of(kind)?;
        if options.numbers.len() > 1 && !kind.has_room() {
            return Err(Physics::not_of(kind, "a second meter", "it connects to one"));
        }
    }
    let mut link = options.line.open(call, &options.serial)?;
    say("the meters answer; Ctrl-C ends");
    if let Some(kind) = options.physics.over {
        let report =
            air::serve(call, &options.numbers, (kind, &options.physics), &mut *link, &|| signals.is_over())?;
        let air::AirReport { port, opened, lost, line_ms } = report;
        say(ended(&port));
        say(format!("{}: opened {opened} time(s), lost {lost}, {line_ms} ms in all", kind.name()));
        signals.end(call);
        return Ok(());
    }
    let way = if options.infrared { Way::Infrared } else { Way::Wires };
    let report = meters::serve(call, &options.numbers, way, &mut *link, &|| signals.is_over())?;
    say(ended(&report));
    signals.end(call);
    Ok(())
}

fn ended(report: &PortReport) -> String {
    let PortReport { frames, answered, broken } = report;
    format!("ended: {frames} frame(s), {answered} answered, {broken} broken")
}

/// Reads a meter at the other end of a line.
pub fn read(call: &Call, options: &Read) -> Result<()> {
    let address = options.address;
    let read = match options.protocol {
        Protocol::Dlt645 => {
            let items = named(options, meters::usual().into_iter(), of_current)?;
            let address = address.map(|number| Address(number.0));
            options.ahead.reach(call, |link| meters::read(link, address, &items))?
        }
        Protocol::Cjt188 => {
            let items = named(options, PIPE_ITEMS.into_iter(), of_pipe)?;
            options.ahead.reach(call, |link| meters::read_pipe(link, address, &items))?
        }
    };
    let report = &read.report;
    let mut lines = vec![("address", report.address.clone())];
    for item in &report.items {
        let value = item.value.clone().or_else(|| item.refused.clone()).unwrap_or_default();
        lines.push((item.name, value));
    }
    read.tell(call, &facts(&lines));
    if report.items.iter().all(|item| item.value.is_none()) {
        return Err(Failure::new(Kind::Refused, "the meter gave none of it").into());
    }
    Ok(())
}
