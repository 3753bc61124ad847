//! `gridcard meter port` and `gridcard meter read`: the two ends of a meter's line.

use super::line::{PortLine, Signals};
use super::way::Ahead;
use crate::call::Call;
use crate::screen::{facts, say};
use crate::shared::SerialOptions;
use clap::Args;
use meter::port::Way;
use parties::Result;
use parties::meters;
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
}

/// Options of `meter read`.
#[derive(Debug, Args)]
pub struct Read {
    #[command(flatten)]
    pub ahead: Ahead,
    /// Items by name or by identifier, as in balance or 00900200. Default: what a customer would look for.
    #[arg(value_parser = item)]
    pub items: Vec<&'static Item>,
    /// Address of the meter, 12 digits. Default: that of the one meter on the line.
    #[arg(long)]
    pub address: Option<MeterNumber>,
}

fn item(text: &str) -> Result<&'static Item, String> {
    let by_number = || {
        let number = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8)?;
        Item::of(Identifier(number))
    };
    Item::named(text).or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = wire::dlt645::items::ITEMS.iter().map(|item| item.name).collect();
        format!("there is no such item; these are there: {}", names.join(", "))
    })
}

/// Lets meters answer at a line until a signal ends it.
pub fn port(call: &Call, options: &Port) -> Result<()> {
    let signals = Signals::wait()?;
    let mut link = options.line.open(call, &options.serial)?;
    say("the meters answer; Ctrl-C ends");
    let way = if options.infrared { Way::Infrared } else { Way::Wires };
    let report = meters::serve(call, &options.numbers, way, &mut *link, &|| signals.is_over())?;
    say(format!("ended: {} frame(s), {} answered, {} broken", report.frames, report.answered, report.broken));
    signals.end(call);
    Ok(())
}

/// Reads a meter at the other end of a line.
pub fn read(call: &Call, options: &Read) -> Result<()> {
    let items: Vec<&Item> = if options.items.is_empty() { meters::usual() } else { options.items.clone() };
    let address = options.address.map(|number| Address(number.0));
    let read = options.ahead.reach(call, |link| meters::read(link, address, &items))?;
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
