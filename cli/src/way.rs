//! The way to a meter that a command speaks to: a line of this machine, or a line with its physics in whose far end a meter of the home stands.

use crate::physics::Physics;
use crate::prelude::*;
use crate::shared::SerialOptions;
use ::meter::port::Way;
use line::{Far, Kind as Line, Spent};
use parties::meters::Near;
use reader::link::{NoPlace, Place, Serial};
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

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Where::Line(place) => write!(f, "{place}"),
            Where::Home(number) => write!(f, "{number}"),
        }
    }
}

/// Where the meter is, and what leads there.
#[derive(Debug, Clone, Args)]
pub struct Ahead {
    /// Where the meter is: HOST:PORT, or the path of a serial port; with --line the number of a meter of this home.
    #[arg(value_name = "LINE")]
    pub place: Where,
    #[command(flatten)]
    pub serial: SerialOptions,
    #[command(flatten)]
    pub air: Air,
}

/// A line with its physics to a meter of the home, and who else is there.
#[derive(Debug, Clone, Args)]
pub struct Air {
    #[command(flatten)]
    pub physics: Physics,
    /// Another meter of the home in the same light or field; several times for several.
    #[arg(long, value_name = "METER", requires = "over", help_heading = crate::physics::HEADING)]
    pub beside: Vec<MeterNumber>,
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

    /// In a sentence.
    pub fn words(&self) -> String {
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
    pub line_time: Option<LineTime>,
}

impl<R: Serialize> Timed<R> {
    /// Answers with it: `words` of the report, and what the line took.
    pub fn tell(&self, call: &Call, words: &str) {
        answer(call, &self.with_time(words), self);
    }
}

impl<R> Timed<R> {
    /// Words, and what the line took below them.
    pub fn with_time(&self, words: &str) -> String {
        self.line_time.map_or_else(|| words.to_owned(), |time| format!("{words}\n\n{}", time.words()))
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
        self.air.reach(call, &self.place, self.serial.get(), act)
    }
}

impl Air {
    /// Does something at the phone's end of the way to a meter. `serial`: of a line of this machine.
    ///
    /// # Errors
    /// The line cannot be opened, or goes; the act's own.
    pub fn reach<R>(
        &self,
        call: &Call,
        place: &Where,
        serial: Serial,
        act: impl FnOnce(&mut dyn ByteLink) -> Result<R>,
    ) -> Result<Timed<R>> {
        match (place, self.physics.over) {
            (Where::Line(place), None) => {
                Ok(Timed { report: act(&mut *place.open(serial)?)?, line_time: None })
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
        self.physics.must_be_of(kind)?;
        if !self.beside.is_empty() && !kind.has_room() {
            return Err(Physics::not_of(kind, "--beside", "it connects to one meter"));
        }
        let numbers: Vec<MeterNumber> = std::iter::once(number).chain(self.beside.iter().copied()).collect();
        let mut eyes = eyes(call, &numbers)?;
        let far = eyes.iter_mut().map(|eye| eye as Far<'_>).collect();
        let done =
            kind.open_among(&self.physics.setting(), &self.physics.phone(), far, call.chance("the line"));
        let done = done.map_err(Trouble::from).and_then(|mut line| {
            let done = act(&mut *line);
            let spent = line.spent();
            // Leave is taken when all is said, and is in nobody's way.
            line.end()?;
            self.physics.keep(line.capture())?;
            Ok(Timed {
                report: done.map_err(|error| self.advised(kind, error))?,
                line_time: Some(LineTime::of(kind, &spent)),
            })
        });
        // What the meters did stands in their cards, whatever became of the line.
        eyes.into_iter().try_for_each(|eye| eye.close().map(drop))?;
        done
    }

    /// What to try where a meter says nothing that can be read.
    fn advised(&self, kind: Line, error: Trouble) -> Trouble {
        let code = match error.code() {
            "meter-silent" => "meter-silent",
            "meter-noise" => "meter-noise",
            _ => return error,
        };
        let hint = if self.beside.is_empty() {
            self.physics.advice()
        } else if kind == Line::Irda {
            "several meters are in the light, and the phone took the one that answered first: hold it to one of them".into()
        } else {
            format!(
                "{} meters are in the light, and whoever asks without an address is answered by all at once: name the address, or hold the phone to one of them",
                1 + self.beside.len()
            )
        };
        Failure::new(error.kind(), error.to_string()).hint(hint).code(code).into()
    }
}

/// The eyes of meters of the home, each by itself.
///
/// # Errors
/// A meter that is not there, or is named twice.
pub fn eyes<'c>(call: &'c Call, numbers: &[MeterNumber]) -> Result<Vec<Near<'c>>> {
    for (at, number) in numbers.iter().enumerate() {
        if numbers.iter().take(at).any(|other| other == number) {
            return Err(Failure::new(Kind::Usage, format!("meter {number} stands in the list twice")).into());
        }
    }
    numbers.iter().map(|number| Near::open(call, &[*number], Way::Infrared)).collect()
}
