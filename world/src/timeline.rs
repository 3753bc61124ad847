//! The timeline of a story: who did what, through which card, and what a clerk should conclude.

use scheme::moment::Moment;

/// One line.
#[derive(Debug)]
struct Line {
    at: Moment,
    who: &'static str,
    card: String,
    what: String,
    conclusion: String,
}

/// The lines so far.
#[derive(Debug, Default)]
pub struct Timeline {
    lines: Vec<Line>,
}

impl Timeline {
    /// Adds a line.
    pub fn add(
        &mut self,
        at: Moment,
        who: &'static str,
        card: impl Into<String>,
        what: impl Into<String>,
        conclusion: impl Into<String>,
    ) {
        self.lines.push(Line {
            at,
            who,
            card: card.into(),
            what: what.into(),
            conclusion: conclusion.into(),
        });
    }

    /// Aligned text: two lines an entry, so that it fits a terminal.
    pub fn text(&self) -> String {
        let width = |of: fn(&Line) -> usize| self.lines.iter().map(of).max().unwrap_or(0);
        let who = width(|line| line.who.len());
        let card = width(|line| line.card.len());
        let mut out = String::from("times are China's (UTC+8)\n\n");
        for line in &self.lines {
            let head = format!("{}  {:who$}  {:card$}  ", line.at, line.who, line.card);
            out.push_str(&head);
            out.push_str(&line.what);
            out.push('\n');
            if !line.conclusion.is_empty() {
                out.push_str(&" ".repeat(head.len()));
                out.push_str("=> ");
                out.push_str(&line.conclusion);
                out.push('\n');
            }
        }
        out
    }
}
