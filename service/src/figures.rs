//! What the server counts, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The figures of one server.
#[derive(Debug, Default)]
pub struct Figures {
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    /// Requests that wait for the books.
    pub waiting: AtomicU64,
    /// Sessions with PSAMs that stand open.
    pub sessions: AtomicU64,
    /// Requests that were answered as before.
    pub again: AtomicU64,
}

impl Figures {
    /// Counts an answer.
    pub fn answered(&self, route: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((route, status)).or_default() += 1;
    }

    /// All of them.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# HELP gridcard_answers_total Answers by route and status.\n# TYPE gridcard_answers_total counter\n",
        );
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), count) in &*answers {
            // Writing into text does not fail.
            let _ = writeln!(out, "gridcard_answers_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        for (name, kind, about, figure) in [
            ("gridcard_answers_again_total", "counter", "Requests answered as before.", &self.again),
            ("gridcard_waiting", "gauge", "Requests that wait for the books.", &self.waiting),
            ("gridcard_psam_sessions", "gauge", "Sessions with PSAMs that stand open.", &self.sessions),
        ] {
            let value = figure.load(Ordering::Relaxed);
            let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {value}");
        }
        out
    }
}
