//! Which counters were taken: each once, in whatever order they come, as far back as 63 [docs/specs/client.md 4].

/// How far back a counter may lie.
const BACK: u64 = 64;

/// The counters that were taken. It begins with none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// One more than the greatest that was taken.
    next: u64,
    /// Bit n: `next - 1 - n` was taken.
    taken: u64,
}

impl Window {
    /// Whether a counter may be taken.
    pub fn may(&self, counter: u64) -> bool {
        match self.next.checked_sub(counter) {
            // greater than all
            None | Some(0) => true,
            Some(back) => back <= BACK && self.taken >> (back - 1) & 1 == 0,
        }
    }

    /// Takes a counter. That its tag is right was found out before, or anybody could move the window.
    pub fn take(&mut self, counter: u64) {
        match self.next.checked_sub(counter) {
            None | Some(0) => {
                let by = counter.saturating_sub(self.next).saturating_add(1);
                self.taken = if by < BACK { self.taken << by | 1 } else { 1 };
                self.next = counter.saturating_add(1);
            }
            Some(back) if back <= BACK => self.taken |= 1 << (back - 1),
            Some(_) => {}
        }
    }
}
