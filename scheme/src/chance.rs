//! Random numbers, passed in so that a run can be repeated from a seed.

use alloc::boxed::Box;

/// A stream of random bytes.
pub trait Chance {
    /// Fills `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Chance for F {
    fn fill(&mut self, out: &mut [u8]) {
        self(out);
    }
}

/// Where streams come from: the operating system, or a seed.
pub trait Chances {
    /// A stream for one use. Streams of a seed are kept apart by their label: the same label gives the same bytes, whatever else
    /// runs.
    fn stream(&self, label: &str) -> Box<dyn Chance + Send>;

    /// Whether the streams come from a seed: whoever knows it repeats them.
    fn is_seeded(&self) -> bool;
}

/// An array of random bytes.
pub fn random<const N: usize>(chance: &mut dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill(&mut bytes);
    bytes
}

/// A serial for a new chip: any but those that stand for meters' MCUs, which no issuing card takes for a chip.
pub fn chip_serial(chance: &mut dyn Chance) -> [u8; 8] {
    loop {
        let serial = random(chance);
        if !keys::hierarchy::is_mcu_serial(&serial) {
            return serial;
        }
    }
}
