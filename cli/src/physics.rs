//! The options of a line with its physics, the same wherever a line to a meter is named.

use crate::prelude::*;
use line::infrared::METERS;
use line::light::{Format, Parity};
use line::{Cut, FOREVER, Kind as Line, Other, Phone, Place, Setting};

/// Under what they stand on a help page.
pub const HEADING: &str = "Over a line with its physics";

/// A line, where the phone stands at it, how it is set, and what goes wrong.
#[derive(Debug, Clone, Args)]
pub struct Physics {
    /// Hold a phone to a meter of this home over such a line, with its physics: infrared, irda, bluetooth, ble or nfc. What goes wrong
    /// on it follows from --seed.
    #[arg(long = "line", value_name = "KIND", value_parser = kind_of_line, help_heading = HEADING)]
    pub over: Option<Line>,
    /// Centimetres between phone and meter. Default: half of the line's range.
    #[arg(long, value_name = "CM", requires = "over", help_heading = HEADING, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub distance: Option<u32>,
    /// Degrees between where the phone points and where the meter is: an irda port reaches its range up to 15, an eye up to 30.
    #[arg(long, value_name = "DEGREES", requires = "over", help_heading = HEADING, value_parser = clap::value_parser!(u16).range(..=180))]
    pub angle: Option<u16>,
    /// Lamps, sun or other radios, in per cent; 100 halves the range.
    #[arg(long, value_name = "PERCENT", requires = "over", default_value_t = 0, help_heading = HEADING, value_parser = clap::value_parser!(u8).range(..=100))]
    pub noise: u8,
    /// A hand comes in the way after so many bytes on the air, of both ends and with all that is around them, and stays.
    #[arg(long, value_name = "BYTES", requires = "over", help_heading = HEADING)]
    pub cut: Option<u64>,
    /// Another phone speaks to the same meter after so many milliseconds of the line, for three seconds.
    #[arg(long, value_name = "MS", requires = "over", help_heading = HEADING, value_parser = clap::value_parser!(u64).range(..=86_400_000))]
    pub other_phone: Option<u64>,
    /// Bits a second that the phone's light has before an infrared eye. Default: 1200, as meters have.
    #[arg(long, value_name = "BITS", requires = "over", help_heading = HEADING, value_parser = clap::value_parser!(u32).range(50..=115_200))]
    pub baud: Option<u32>,
    /// Parity of the phone's light before an infrared eye. Default: even, as meters have.
    #[arg(long, value_name = "PARITY", requires = "over", help_heading = HEADING, value_parser = ["even", "odd", "none"])]
    pub parity: Option<String>,
    /// Application that the phone chooses over nfc, in hexadecimal digits. Default: that of these meters.
    #[arg(long, value_name = "HEX", requires = "over", help_heading = HEADING, value_parser = aid)]
    pub aid: Option<Aid>,
    /// Write what passed over an irda line as a capture for Wireshark.
    #[arg(long, value_name = "FILE.pcap", requires = "over", help_heading = HEADING)]
    pub capture: Option<PathBuf>,
}

/// Name of an application.
#[derive(Debug, Clone)]
pub struct Aid(Vec<u8>);

fn aid(text: &str) -> Result<Aid, String> {
    let bytes = hex::decode(text).ok().filter(|bytes| (1..=16).contains(&bytes.len()));
    bytes.map(Aid).ok_or_else(|| "an application has 1 to 16 bytes in hexadecimal digits".into())
}

fn kind_of_line(text: &str) -> Result<Line, String> {
    Line::named(text).ok_or_else(|| {
        let names: Vec<&str> = Line::ALL.iter().map(|kind| kind.name()).collect();
        format!("there is no such line; these are there: {}", names.join(", "))
    })
}

impl Physics {
    /// Where the phone is, and what comes in between.
    pub fn setting(&self) -> Setting {
        Setting {
            place: Place {
                distance_cm: self.distance,
                angle_deg: self.angle.unwrap_or(0),
                noise: self.noise,
            },
            cut: self.cut.map(|after| Cut { after, lasts_us: FOREVER }),
            other: self.other_phone.map(|ms| Other::at(1000 * ms)),
        }
    }

    /// How the phone is set.
    pub fn phone(&self) -> Phone {
        let usual = Phone::default();
        let parity = match self.parity.as_deref() {
            Some("odd") => Parity::Odd,
            Some("none") => Parity::None,
            _ => METERS.parity,
        };
        Phone {
            format: Format { bits_per_s: self.baud.unwrap_or(METERS.bits_per_s), parity },
            aid: self.aid.as_ref().map_or(usual.aid, |aid| aid.0.clone()),
        }
    }

    /// An option that a kind of line has no use for.
    pub fn not_of(kind: Line, option: &str, why: &str) -> Trouble {
        Failure::new(Kind::Usage, format!("{option} does nothing on a line of kind {}: {why}", kind.name()))
            .hint("leave it out, or choose another --line")
            .code("line-option")
            .into()
    }

    /// No option says what the kind has not.
    ///
    /// # Errors
    /// One does.
    pub fn must_be_of(&self, kind: Line) -> Result<()> {
        if self.capture.is_some() && kind != Line::Irda {
            return Err(Failure::new(Kind::Usage, "only an irda line can be captured")
                .hint("leave --capture out, or take --line irda")
                .code("line-capture")
                .into());
        }
        if self.angle.is_some() && kind.beam_deg().is_none() {
            return Err(Physics::not_of(kind, "--angle", "it goes all around"));
        }
        if kind != Line::Infrared {
            let agrees = "both ends agree on their own";
            for (option, is_there) in [("--baud", self.baud.is_some()), ("--parity", self.parity.is_some())] {
                if is_there {
                    return Err(Physics::not_of(kind, option, agrees));
                }
            }
        }
        if self.aid.is_some() && kind != Line::Nfc {
            return Err(Physics::not_of(kind, "--aid", "it has no applications"));
        }
        Ok(())
    }

    /// Keeps a capture where one is wanted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, capture: Option<Vec<u8>>) -> Result<()> {
        match (&self.capture, capture) {
            (Some(path), Some(bytes)) => Ok(::parties::home::write(path, &bytes)?),
            _ => Ok(()),
        }
    }

    /// What to try where nothing comes that can be read.
    pub fn advice(&self) -> String {
        let Format { bits_per_s, parity } = self.phone().format;
        if (bits_per_s, parity) != (METERS.bits_per_s, METERS.parity) {
            return format!(
                "the phone's light has {bits_per_s} bit/s and {} parity, and meters have {} and even: leave --baud and --parity out",
                match parity {
                    Parity::None => "no",
                    Parity::Even => "even",
                    Parity::Odd => "odd",
                },
                METERS.bits_per_s,
            );
        }
        "hold the phone nearer and straight, away from lamps and other phones, look at the address, and say the same again".into()
    }
}
