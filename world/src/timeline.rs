//! The timeline of a story: who did what, through which card, and what a clerk should conclude.

use scheme::moment::Moment;
use scheme::shown::wrapped;

/// Columns of the narrowest terminal that people have.
const WIDTH: usize = 80;

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

    /// Text of 80 columns: a heading a day, then when, who, and what he does with which card; what follows from it stands under it.
    pub fn text(&self) -> String {
        let who = self.lines.iter().map(|line| line.who.len()).max().unwrap_or(0);
        let mut out = String::from("times are China's (UTC+8)\n");
        let mut day = String::new();
        for line in &self.lines {
            let at = line.at.to_string();
            let (date, time) = at.split_once(' ').unwrap_or(("", &at));
            if date != day {
                day = date.to_owned();
                out.push_str(&format!("\n{day}\n"));
            }
            let mut head = format!("{time}  {:who$}  ", line.who);
            let margin = head.len();
            let what = if line.card.is_empty() {
                line.what.clone()
            } else {
                format!("{}: {}", line.card, line.what)
            };
            let mut put = |mark: &str, text: &str| {
                let indent = mark.len();
                for (place, part) in wrapped(text, WIDTH.saturating_sub(margin + indent)).iter().enumerate() {
                    let mark = if place == 0 { mark } else { "" };
                    out.push_str(&format!("{head:margin$}{mark:indent$}{part}\n"));
                    head.clear();
                }
            };
            put("", &what);
            if !line.conclusion.is_empty() {
                put("=> ", &line.conclusion);
            }
        }
        out
    }
}
