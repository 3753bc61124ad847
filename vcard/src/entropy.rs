//! Where a virtual card gets its random numbers.

use scheme::{Chance, Chances};
use sha2::{Digest, Sha256};

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsChance;

impl Chance for OsChance {
    #[expect(clippy::expect_used, reason = "a card without random numbers must not answer")]
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out)
            .expect("the operating system has a random generator; without one no card may run");
    }
}

/// A repeatable stream: SHA-256 over seed and counter. For demos and tests; a card that guards money takes
/// [`OsChance`].
#[derive(Debug, Clone)]
pub struct SeededChance {
    seed: [u8; 32],
    counter: u64,
    rest: Vec<u8>,
}

impl SeededChance {
    /// The stream of a seed and a label: the same label gives the same bytes, whatever else runs.
    pub fn new(seed: u64, label: &str) -> Self {
        let seed = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label).finalize().into();
        SeededChance { seed, counter: 0, rest: Vec::new() }
    }
}

impl Chance for SeededChance {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.rest.is_empty() {
                let block =
                    Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
                self.rest.extend_from_slice(&block);
                self.counter += 1;
            }
            *byte = self.rest.pop().unwrap_or_default();
        }
    }
}

impl Chances for OsChance {
    fn stream(&self, _: &str) -> Box<dyn Chance + Send> {
        Box::new(OsChance)
    }

    fn is_seeded(&self) -> bool {
        false
    }
}

/// Streams of a seed, kept apart by their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeededChances(pub u64);

impl Chances for SeededChances {
    fn stream(&self, label: &str) -> Box<dyn Chance + Send> {
        Box::new(SeededChance::new(self.0, label))
    }

    fn is_seeded(&self) -> bool {
        true
    }
}
