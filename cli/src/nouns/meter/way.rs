//! The way to a meter that a command speaks to: a line of this machine, or a line with its physics in whose far end a meter of the home stands.

use crate::prelude::*;
use crate::shared::SerialOptions;
use ::meter::port::Way;
use line::{Kind as Line, Place as Spot, Setting, Spent};
use parties::meters::Near;
use reader::link::{NoPlace, Place};
use serde::Serialize;
use std::str::FromStr;
use wire::ByteLink;

/// Where a meter is.
#[derive(Debug, Clone)]
pub enum Where {
    /// At the other end of a line of this machine.
    Line(Place),
    /// In the home.
    Home(MeterNumber),
}

impl FromStr for Where {
    type Err = NoPlace;

    /// Twelve digits are a meter's number.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match text.parse() {
            Ok(number) => Ok(Where::Home(number)),
            Err(_) => text.parse().map(Where::Line),
        }
    }
}

/// Where the meter is, and what leads there.
#[derive(Debug, Clone, Args)]
pub struct Ahead {
    /// Where the meter is: HOST:PORT, or the path of a serial port; with --line the number of a meter of this home.
    #[arg(value_name = "LINE")]
    pub place: Where,
    /// Hold a phone to a meter of this home over such a line, with its physics, in its own time: infrared, irda, bluetooth, ble or nfc.
    /// What goes wrong on it follows from --seed.
    #[arg(long = "line", value_name = "KIND", value_parser = kind_of_line)]
    pub over: Option<Line>,
    /// Centimetres between phone and meter. Default: half of the line's range.
    #[arg(long, value_name = "CM", requires = "over", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub distance: Option<u32>,
    /// Lamps, sun or other radios, in per cent; 100 halves the range.
    #[arg(long, value_name = "PERCENT", requires = "over", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub noise: u8,
    /// Write what passed over an irda line as a capture for Wireshark.
    #[arg(long, value_name = "FILE.pcap", requires = "over")]
    pub capture: Option<PathBuf>,
    #[command(flatten)]
    pub serial: SerialOptions,
}

fn kind_of_line(text: &str) -> Result<Line, String> {
    Line::named(text).ok_or_else(|| {
        let names: Vec<&str> = Line::ALL.iter().map(|kind| kind.name()).collect();
        format!("there is no such line; these are there: {}", names.join(", "))
    })
}

/// What a line took.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LineTime {
    /// Its name.
    line: &'static str,
    /// Bits a second.
    bits_per_s: u32,
    /// Milliseconds with all that it needs.
    ms: u64,
    /// Milliseconds that the bytes of the frames would take alone.
    least_ms: u64,
    /// Bytes on the air.
    on_air: u64,
}

impl LineTime {
    fn of(kind: Line, spent: &Spent) -> Self {
        let (ms, least_ms) = (spent.ms(), spent.least_ms());
        LineTime { line: kind.name(), bits_per_s: spent.bits_per_s, ms, least_ms, on_air: spent.on_air }
    }

    fn words(&self) -> String {
        let LineTime { line, bits_per_s, ms, least_ms, on_air } = self;
        format!(
            "{line}: {ms} ms and {on_air} bytes on the air; the frames alone take {least_ms} ms at {bits_per_s} bit/s"
        )
    }
}

/// What an act reports, and what its line took.
#[derive(Debug, Serialize)]
pub struct Timed<R> {
    #[serde(flatten)]
    pub report: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_time: Option<LineTime>,
}

impl<R: Serialize> Timed<R> {
    /// Answers with it: `words` of the report, and what the line took.
    pub fn tell(&self, call: &Call, words: &str) {
        let took = self.line_time.map_or_else(String::new, |time| format!("\n\n{}", time.words()));
        answer(call, &format!("{words}{took}"), self);
    }
}

impl Ahead {
    /// Whether the phone stands in front of a meter of the home: at its eye, where nobody has proved himself.
    pub const fn is_near(&self) -> bool {
        matches!(self.place, Where::Home(_))
    }

    /// Does something at the phone's end.
    ///
    /// # Errors
    /// The line cannot be opened, or goes; the act's own.
    pub fn reach<R>(
        &self,
        call: &Call,
        act: impl FnOnce(&mut dyn ByteLink) -> Result<R>,
    ) -> Result<Timed<R>> {
        match (&self.place, self.over) {
            (Where::Line(place), None) => {
                Ok(Timed { report: act(&mut *place.open(self.serial.get())?)?, line_time: None })
            }
            (Where::Home(number), Some(kind)) => self.hold(call, *number, kind, act),
            (Where::Line(place), Some(_)) => Err(Failure::new(
                Kind::Usage,
                format!("--line leads to a meter of this home, and {place} is a line of this machine"),
            )
            .hint("name the meter by its number, or leave --line out")
            .code("line-far")
            .into()),
            (Where::Home(number), None) => Err(Failure::new(
                Kind::Usage,
                format!("no line leads to meter {number}"),
            )
            .hint("add --line with infrared, irda, bluetooth, ble or nfc, or write HOST:PORT of its port")
            .code("line-missing")
            .into()),
        }
    }

    fn hold<R>(
        &self,
        call: &Call,
        number: MeterNumber,
        kind: Line,
        act: impl FnOnce(&mut dyn ByteLink) -> Result<R>,
    ) -> Result<Timed<R>> {
        if self.capture.is_some() && kind != Line::Irda {
            return Err(Failure::new(Kind::Usage, "only an irda line can be captured")
                .code("line-capture")
                .into());
        }
        let place = Spot { distance_cm: self.distance, noise: self.noise };
        let mut eye = Near::open(call, &[number], Way::Infrared)?;
        let done = kind.open(&Setting { place, cut: None }, &mut eye, call.chance("the line"));
        let done = done.map_err(Trouble::from).and_then(|mut line| {
            let done = act(&mut *line);
            let spent = line.spent();
            // Leave is taken when all is said, and is in nobody's way.
            line.end()?;
            if let (Some(path), Some(bytes)) = (&self.capture, line.capture()) {
                ::parties::home::write(path, &bytes)?;
            }
            Ok(Timed { report: done?, line_time: Some(LineTime::of(kind, &spent)) })
        });
        // What the meter did stands in its card, whatever became of the line.
        eye.close()?;
        done
    }
}
