//! What lies between two ends: time, distance, lamps, and a hand in the way.

use scheme::Chance;

/// A time that does not end, in microseconds.
pub const FOREVER: u64 = u64::MAX;
/// Past the limit of its range a line is cut off at this much more, in per cent.
///
/// UNSPECIFIED: data sheets give the range in which nothing is lost, and nothing beyond it.
const CUT_OFF: u64 = 150;
/// Bits of a million that are wrong just before the cut-off. UNSPECIFIED, as above.
const WORST: u64 = 50_000;
const MILLION: u64 = 1_000_000;

/// Where the phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Centimetres between phone and meter; none: as near as the line is meant for.
    pub distance_cm: Option<u32>,
    /// Degrees between where the phone points and where the meter is. Light has a beam; radio and field go all around.
    pub angle_deg: u16,
    /// Lamps, sun or other radios, in per cent: 100 halves the range.
    pub noise: u8,
}

/// How far a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Centimetres in which nothing is lost without noise.
    pub range_cm: u32,
    /// Degrees off the straight line up to which that holds; none: it goes all around.
    pub beam_deg: Option<u16>,
}

impl Reach {
    /// All around.
    pub const fn around(range_cm: u32) -> Self {
        Reach { range_cm, beam_deg: None }
    }

    /// A beam of light.
    pub const fn beam(range_cm: u32, beam_deg: u16) -> Self {
        Reach { range_cm, beam_deg: Some(beam_deg) }
    }

    /// Of a thousand parts of the range those that are left at an angle.
    ///
    /// UNSPECIFIED: data sheets give the angle in which the range holds, and nothing beyond it. Here it falls evenly, to nothing at twice
    /// that angle.
    fn left(self, angle_deg: u16) -> u64 {
        let Some(beam) = self.beam_deg.filter(|beam| angle_deg > *beam) else { return 1000 };
        let (beam, angle) = (u64::from(beam.max(1)), u64::from(angle_deg));
        (2 * beam).saturating_sub(angle) * 1000 / beam
    }
}

/// Another phone that wants the same meter, and does not look whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// When it begins, in microseconds of the line's clock.
    pub from_us: u64,
    /// How long it goes on.
    pub lasts_us: u64,
}

impl Other {
    /// One that comes then and stays for three seconds.
    pub const fn at(from_us: u64) -> Self {
        Other { from_us, lasts_us: 3_000_000 }
    }

    /// When it goes.
    pub const fn to_us(self) -> u64 {
        self.from_us.saturating_add(self.lasts_us)
    }

    /// Whether it is there at a time.
    pub const fn is_there(self, at: u64) -> bool {
        self.from_us <= at && at < self.to_us()
    }

    /// The moments at which it says something, so many microseconds apart.
    pub fn moments(self, apart_us: u64) -> impl Iterator<Item = u64> {
        (self.from_us..self.to_us()).step_by(usize::try_from(apart_us).unwrap_or(usize::MAX).max(1))
    }
}

/// A hand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Bytes on the air, of both ends and with all that is around them, before it comes.
    pub after: u64,
    /// How long it stays, in microseconds; [`FOREVER`]: until the line is opened anew.
    pub lasts_us: u64,
}

/// What every line is opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setting {
    /// Where the phone is.
    pub place: Place,
    /// A hand in the way.
    pub cut: Option<Cut>,
    /// Another phone.
    pub other: Option<Other>,
}

impl Setting {
    /// A phone at a place, and nothing in the way.
    pub const fn at(place: Place) -> Self {
        Setting { place, cut: None, other: None }
    }
}

/// The air of one line, with the clock that its ends share.
pub struct Air {
    now: u64,
    chance: Box<dyn Chance>,
    bytes: u64,
    cut: Option<Cut>,
    dark_until: u64,
    wrong: u64,
    bursts: u64,
    out: bool,
    other: Option<Other>,
}

impl Air {
    /// A line that goes so far, at time 0.
    pub fn new(setting: &Setting, reach: Reach, chance: Box<dyn Chance>) -> Self {
        let Place { distance_cm, angle_deg, noise } = setting.place;
        let range = u64::from(reach.range_cm.max(1)) * reach.left(angle_deg);
        let distance = u64::from(distance_cm.unwrap_or(reach.range_cm / 2));
        // What a lamp or an angle takes is as if the phone stood farther away: in per cent of the range.
        let seems = (1000 * distance * (100 + u64::from(noise))).checked_div(range).unwrap_or(1000);
        let over = seems.saturating_sub(100);
        let wrong = over * over * WORST / ((CUT_OFF - 100) * (CUT_OFF - 100));
        Air {
            now: 0,
            chance,
            bytes: 0,
            cut: setting.cut,
            dark_until: 0,
            wrong,
            // Near the meter its light drowns the lamp.
            bursts: if seems > 50 { u64::from(noise) } else { 0 },
            out: over >= CUT_OFF - 100,
            other: setting.other,
        }
    }

    /// Microseconds since the line was opened.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Bytes that were put on the air, whether they came or not.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Time passes.
    pub const fn wait(&mut self, us: u64) {
        self.now = self.now.saturating_add(us);
    }

    /// Time passes until then, if that is not over.
    pub const fn wait_until(&mut self, then: u64) {
        if then > self.now {
            self.now = then;
        }
    }

    /// A number from `least` to `most`.
    pub fn draw(&mut self, least: u64, most: u64) -> u64 {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        least + u64::from_le_bytes(bytes) % (most.saturating_sub(least) + 1)
    }

    /// A byte is put on the air at a time; whether any of it comes.
    pub fn carries(&mut self, at: u64) -> bool {
        if let Some(cut) = self.cut.filter(|cut| self.bytes >= cut.after) {
            self.cut = None;
            self.dark_until = at.saturating_add(cut.lasts_us);
        }
        self.bytes += 1;
        self.is_clear(at)
    }

    /// Whether anything would come at a time.
    pub const fn is_clear(&self, at: u64) -> bool {
        !self.out && at >= self.dark_until
    }

    /// The other phone, while it is there.
    pub fn other(&self, at: u64) -> Option<Other> {
        self.other.filter(|other| other.is_there(at))
    }

    /// Whether nothing will come any more.
    pub const fn is_over(&self) -> bool {
        self.out || self.dark_until == FOREVER
    }

    /// The bits of so many that arrive wrong, as a mask.
    pub fn wrong_bits(&mut self, bits: u64) -> u32 {
        if self.wrong == 0 {
            return 0;
        }
        (0..bits.min(32))
            .filter(|_| self.draw(0, MILLION - 1) < self.wrong)
            .fold(0, |mask, bit| mask | 1 << bit)
    }

    /// Whether a lamp flares up within a tenth of a second: with the most noise once a second.
    pub fn flares(&mut self) -> bool {
        self.bursts > 0 && self.draw(0, 999) < self.bursts
    }
}
