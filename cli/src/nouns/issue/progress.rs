//! How far a batch is: a bar on a terminal, a line now and then elsewhere. What is shown is on the medium.

use crate::screen::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use office::batch::{Done, LineEnd, Watch};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(10);
/// Spoiled chips that are told one by one.
const TOLD: u64 = 20;

/// Progress of a batch.
pub struct Progress {
    bar: Option<ProgressBar>,
    todo: u64,
    good: u64,
    spoiled: u64,
    begun: Instant,
    last: Instant,
}

impl Progress {
    /// Of a batch with so many cards to make.
    pub fn new(todo: i64) -> Self {
        let todo = u64::try_from(todo).unwrap_or_default();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(todo), ProgressDrawTarget::stderr_with_hz(5));
            // The template is ours and right; should it not be, the bar keeps its plain form.
            if let Ok(style) =
                ProgressStyle::with_template("{wide_bar} {pos} of {len} kept, {per_sec}, {eta} left {msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Progress { bar, todo, good: 0, spoiled: 0, begun: now, last: now }
    }

    /// Ends the display; gives cards and seconds.
    pub fn end(&mut self) -> (u64, f64) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        (self.good, self.begun.elapsed().as_secs_f64())
    }

    fn tell(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(words)),
            None => say(words),
        }
    }
}

impl Watch for Progress {
    fn kept(&mut self, outcomes: &[LineEnd]) {
        for outcome in outcomes {
            match &outcome.done {
                Done::Good(_) => self.good += 1,
                Done::Spoiled { serial, begun, why, .. } => {
                    self.spoiled += 1;
                    let word = if *begun { "scrapped" } else { "refused" };
                    if self.spoiled <= TOLD {
                        self.tell(&format!("line {}: chip {serial} {word}: {why}", outcome.line));
                    }
                }
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.good);
            if self.spoiled > 0 {
                bar.set_message(format!("({} spoiled)", self.spoiled));
            }
        } else if self.last.elapsed() >= LINES {
            self.last = Instant::now();
            let seconds = self.begun.elapsed().as_secs_f64();
            let rate = self.good as f64 / seconds.max(0.001);
            let left = (self.todo.saturating_sub(self.good)) as f64 / rate.max(0.001);
            say(format!(
                "{} of {} kept, {rate:.0} a second, {} left",
                self.good,
                self.todo,
                duration(left as i64)
            ));
        }
    }

    fn say(&mut self, words: &str) {
        self.tell(words);
    }
}

/// A time for people.
pub fn duration(seconds: i64) -> String {
    match seconds {
        s if s < 90 => format!("{s} s"),
        s if s < 5400 => format!("{} min", (s + 30) / 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}
