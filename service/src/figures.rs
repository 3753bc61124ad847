//! What the server counts, in Prometheus' text format.

use parties::bank::stalls::PsamState;
use scheme::numbers::DeviceNumber;
use server::Gauges;
use server::gauges::AGES;
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
    /// Keys that were none.
    pub refused: AtomicU64,
    /// Requests that came.
    pub came: AtomicU64,
}

impl Figures {
    /// The number of a request that comes now: 1, 2, 3 since the server began.
    pub fn numbered(&self) -> u64 {
        self.came.fetch_add(1, Ordering::Relaxed) + 1
    }

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
            (
                "gridcard_keys_refused_total",
                "counter",
                "Keys and certificates that were none.",
                &self.refused,
            ),
            ("gridcard_waiting", "gauge", "Requests that wait for the books.", &self.waiting),
            ("gridcard_psam_sessions", "gauge", "Sessions with PSAMs that stand open.", &self.sessions),
        ] {
            let value = figure.load(Ordering::Relaxed);
            let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {value}");
        }
        out
    }
}

/// What was counted in the books and asked of the PSAMs; `told`: the last event that the company has.
pub fn of_books(gauges: &Gauges, told: i64, psams: &[(DeviceNumber, PsamState)]) -> String {
    let mut out = String::new();
    let mut lines = |name: &str, about: &str, values: Vec<(String, i64)>| {
        // Writing into text does not fail.
        let _ = writeln!(out, "# HELP {name} {about}\n# TYPE {name} gauge");
        for (label, value) in values {
            let _ = writeln!(out, "{name}{label} {value}");
        }
    };
    let state = |state: &str| format!("{{state=\"{state}\"}}");
    let mut orders: Vec<_> = gauges.open.iter().map(|(name, count)| (state(name), *count)).collect();
    orders.push((state("settled"), gauges.settled));
    lines("gridcard_orders", "Orders by state.", orders);
    let older = AGES.iter().zip(gauges.older).map(|(days, count)| (format!("{{days=\"{days}\"}}"), count));
    lines(
        "gridcard_orders_older",
        "Orders without a receipt, issued more than so many days ago.",
        older.collect(),
    );
    let mut of_psams = |name: &str, about: &str, value: &dyn Fn(&PsamState) -> Option<i64>| {
        let line =
            |(psam, state): &(DeviceNumber, PsamState)| Some((format!("{{psam=\"{psam}\"}}"), value(state)?));
        lines(name, about, psams.iter().filter_map(line).collect());
    };
    of_psams("gridcard_psam_left", "Orders that a PSAM can still seal.", &|state| {
        state.orders.map(i64::from)
    });
    of_psams("gridcard_psam_left_fen", "Value that a PSAM can still seal, in fen.", &|state| {
        state.fen.and_then(|fen| i64::try_from(fen).ok())
    });
    of_psams("gridcard_psam_waiting", "Questions that wait for a PSAM.", &|state| {
        i64::try_from(state.waiting).ok()
    });
    of_psams(
        "gridcard_psam_open",
        "1: the PSAM is open; 0: its session is lost, or it is left alone.",
        &|state| Some(i64::from(state.sits)),
    );
    let lag = vec![(String::new(), (gauges.last_event - told).max(0))];
    lines(
        "gridcard_outbox_lag",
        "Events that the power company has not asked behind, since the server began.",
        lag,
    );
    out
}
