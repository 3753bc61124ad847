//! How often a key may ask: a bucket of tokens that fills again with time.

use std::collections::HashMap;
use std::time::Duration;

/// The buckets of all principals.
pub struct Buckets {
    /// Tokens a minute, and as many as a bucket holds.
    rate: u32,
    of: HashMap<String, Bucket>,
}

struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Buckets {
    /// Full ones, of so many requests a minute.
    pub fn new(rate: u32) -> Self {
        Buckets { rate, of: HashMap::new() }
    }

    /// Takes a token of a principal; `false`: it has none left. `now` is any time that only rises.
    pub fn take(&mut self, id: &str, now: Duration) -> bool {
        let most = f64::from(self.rate);
        let bucket = self.of.entry(id.to_owned()).or_insert(Bucket { tokens: most, at: now });
        let passed = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * most / 60.0).min(most);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}
