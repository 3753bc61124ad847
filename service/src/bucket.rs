//! How often somebody may ask: a bucket of tokens that fills again with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Buckets that are kept, at most; what is full again is nobody's.
const MOST: usize = 4096;

/// The buckets of all who ask.
pub struct Buckets<K> {
    /// Tokens a minute, and as many as a bucket holds.
    rate: u32,
    of: HashMap<K, Bucket>,
}

struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    fn fill(&mut self, most: f64, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * most / 60.0).min(most);
        self.at = now;
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Full ones, of so many requests a minute.
    pub fn new(rate: u32) -> Self {
        Buckets { rate, of: HashMap::new() }
    }

    fn of(&mut self, who: &K, now: Duration) -> &mut Bucket {
        let most = f64::from(self.rate);
        if self.of.len() >= MOST && !self.of.contains_key(who) {
            for bucket in self.of.values_mut() {
                bucket.fill(most, now);
            }
            self.of.retain(|_, bucket| bucket.tokens < most);
        }
        let bucket = self.of.entry(who.clone()).or_insert(Bucket { tokens: most, at: now });
        bucket.fill(most, now);
        bucket
    }

    /// Whether somebody has a token left. `now` is any time that only rises.
    pub fn has(&mut self, who: &K, now: Duration) -> bool {
        self.of(who, now).tokens >= 1.0
    }

    /// Takes a token; `false`: there is none left.
    pub fn take(&mut self, who: &K, now: Duration) -> bool {
        let bucket = self.of(who, now);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}
