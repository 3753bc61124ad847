//! What is going to happen, in the order of its time.

use scheme::Moment;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Events to come. Two of one moment happen in the order in which they were put there, so that a world repeats.
#[derive(Debug)]
pub struct Queue<E> {
    events: BinaryHeap<Due<E>>,
    put: u64,
}

#[derive(Debug)]
struct Due<E> {
    at: Moment,
    order: u64,
    event: E,
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    /// The heap gives the greatest first: that is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { events: BinaryHeap::new(), put: 0 }
    }
}

impl<E> Queue<E> {
    /// Puts an event there.
    pub fn put(&mut self, at: Moment, event: E) {
        self.events.push(Due { at, order: self.put, event });
        self.put += 1;
    }

    /// Takes the next event, with its time.
    pub fn first(&mut self) -> Option<(Moment, E)> {
        self.events.pop().map(|due| (due.at, due.event))
    }

    /// The next event that is due by a moment.
    pub fn due(&mut self, by: Moment) -> Option<(Moment, E)> {
        if self.events.peek()?.at <= by { self.first() } else { None }
    }

    /// How many are to come.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing is to come.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    #[test]
    fn events_come_by_time_and_those_of_one_moment_in_their_order() {
        let at = |text: &str| text.parse().unwrap();
        let mut queue = Queue::default();
        for (moment, event) in
            [("2026-11-22 08:00:02", "c"), ("2026-11-22 08:00:01", "a"), ("2026-11-22 08:00:01", "b")]
        {
            queue.put(at(moment), event);
        }
        assert_eq!(queue.due(at("2026-11-22 08:00:00")), None);
        assert_eq!(queue.due(at("2026-11-22 08:00:01")), Some((at("2026-11-22 08:00:01"), "a")));
        assert_eq!(queue.due(at("2026-11-22 08:00:01")), Some((at("2026-11-22 08:00:01"), "b")));
        assert_eq!(queue.due(at("2026-11-22 08:00:01")), None);
        assert_eq!(
            (queue.len(), queue.first().map(|(_, event)| event), queue.is_empty()),
            (1, Some("c"), true)
        );
    }
}
