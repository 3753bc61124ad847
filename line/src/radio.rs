//! A radio link that numbers its packets: one that does not come is sent again until it comes, or the link is over.

use crate::air::{Air, Reach, Setting};
use scheme::Chance;
use wire::LinkError;

/// A link between two ends.
pub struct Radio {
    air: Air,
    /// Nanoseconds of a byte.
    byte_ns: u64,
    /// Bytes around what a packet carries.
    around: usize,
    /// Between a packet and its repetition, in microseconds.
    again_us: u64,
    /// So long nothing comes, and the link is over.
    patience_us: u64,
    /// Of so many packets of ours another phone's pages hit one.
    channels: u64,
    repeated: u64,
    over: bool,
}

/// What kind of link.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Centimetres in which nothing is lost.
    pub range_cm: u32,
    /// Nanoseconds of a byte.
    pub byte_ns: u64,
    /// Bytes around what a packet carries.
    pub around: usize,
    /// Between a packet and its repetition, in microseconds.
    pub again_us: u64,
    /// So long nothing comes, and the link is over, in microseconds.
    pub patience_us: u64,
    /// Channels that it hops over.
    pub channels: u64,
}

impl Radio {
    /// A link that is up.
    pub fn new(setting: &Setting, kind: Kind, chance: Box<dyn Chance>) -> Self {
        let Kind { range_cm, byte_ns, around, again_us, patience_us, channels } = kind;
        let air = Air::new(setting, Reach::around(range_cm), chance);
        Radio { air, byte_ns, around, again_us, patience_us, channels, repeated: 0, over: false }
    }

    /// Waits for a meter that another phone has: it takes one at a time, and hears nobody else meanwhile. `patience_us`: how long this
    /// phone tries.
    ///
    /// # Errors
    /// The other one stays.
    pub fn alone(&mut self, line: &str, patience_us: u64) -> Result<(), LinkError> {
        let now = self.air.now();
        let Some(other) = self.air.other(now) else { return Ok(()) };
        self.air.wait_until(other.to_us().min(now.saturating_add(patience_us)));
        match self.air.other(self.air.now()) {
            None => Ok(()),
            Some(_) => Err(LinkError::Absent {
                line: line.into(),
                why: "another phone has the meter, which takes one at a time: wait until that one is done"
                    .into(),
            }),
        }
    }

    /// Its air, and the clock.
    pub const fn air(&mut self) -> &mut Air {
        &mut self.air
    }

    /// Its clock.
    pub const fn now(&self) -> u64 {
        self.air.now()
    }

    /// Bytes on the air.
    pub const fn bytes(&self) -> u64 {
        self.air.bytes()
    }

    /// Packets that were sent again.
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// A packet with so many bytes in it goes to the other side, in whichever direction.
    ///
    /// # Errors
    /// The link is over.
    pub fn packet(&mut self, length: usize) -> Result<(), LinkError> {
        let (begun, bytes) = (self.air.now(), (length + self.around) as u64);
        while !self.over {
            let at = self.air.now();
            // Another phone calls in vain, and is in the way where its hop meets ours.
            let mut whole = self.air.other(at).is_none() || self.air.draw(1, self.channels) > 1;
            for n in 0..bytes {
                whole &= self.air.carries(at + n * self.byte_ns / 1000);
                whole &= self.air.wrong_bits(8) == 0;
            }
            self.air.wait((bytes * self.byte_ns).div_ceil(1000));
            if whole {
                return Ok(());
            }
            self.repeated += 1;
            self.air.wait(self.again_us);
            if self.air.is_over() {
                self.air.wait_until(begun + self.patience_us);
            }
            self.over = self.air.now() >= begun + self.patience_us;
        }
        Err(LinkError::Failed("the radio link is over: go nearer to the meter and say the same again".into()))
    }
}
