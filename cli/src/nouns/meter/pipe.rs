//! What is different at a meter on a pipe: its protocol, and what it feels; and what breaks in any meter.

use crate::prelude::*;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use meter::{Profile, Sensed};
use parties::meters::{self, SensorsReport, SensorsRequest};
use reader::cjt188::Carried;
use wire::ByteLink;

/// What is spoken on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Protocol {
    /// DL/T 645: meters of electricity.
    #[default]
    #[value(name = "645")]
    Dlt645,
    /// CJ/T 188: meters of gas and water.
    #[value(name = "188")]
    Cjt188,
}

impl Protocol {
    /// Does something on a line where DL/T 645 is spoken, itself or inside the other.
    pub fn speak<R>(self, link: &mut dyn ByteLink, act: impl FnOnce(&mut dyn ByteLink) -> R) -> R {
        match self {
            Protocol::Dlt645 => act(link),
            Protocol::Cjt188 => act(&mut Carried::new(link)),
        }
    }
}

/// The profiles by their names.
pub fn profiles() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|name| {
        Profile::ALL.into_iter().find(|profile| profile.name() == name).ok_or("no such profile")
    })
}

/// Options of `meter sensors`.
#[derive(Debug, Args)]
pub struct Sensors {
    /// Number of the meter.
    pub number: MeterNumber,
    /// Voltage of the battery: 3600 is new, 3300 weak, and at 3000 the valve closes.
    #[arg(long, value_name = "MV", required_unless_present_any = ["magnet", "jammed", "leak"])]
    pub battery: Option<u16>,
    /// A strong magnet is put to the meter, or taken away.
    #[arg(long, value_name = "IS", value_parser = ["on", "off"])]
    pub magnet: Option<String>,
    /// The valve does not move any more, or the relay's contacts are welded; the meter learns of it when it shows.
    #[arg(long, value_name = "IS", value_parser = ["on", "off"])]
    pub jammed: Option<String>,
    /// Litres an hour that pass the valve when it is closed; 0: it is tight.
    #[arg(long, value_name = "L_H", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub leak: Option<u32>,
}

/// Changes what a meter feels.
pub fn sensors(call: &Call, options: &Sensors) -> Result<()> {
    let [magnet, jammed] = [&options.magnet, &options.jammed].map(|is| is.as_deref().map(|is| is == "on"));
    let sensed = Sensed { battery_mv: options.battery, magnet, jammed, leak: options.leak };
    let report = meters::sensors(call, &SensorsRequest { number: options.number, sensed });
    reply(call, report, |SensorsReport { supplied, stuck, locked, display: [line1, line2, hint], .. }| {
        facts(&[
            ("display", format!("{line1} {line2}").trim().to_owned()),
            (supplied.device(), supplied.position()),
            ("stuck", stuck.unwrap_or("no").to_owned()),
            ("locked by", locked.unwrap_or("nothing").to_owned()),
            ("hint", hint.clone()),
        ])
    })
}
