//! Rows that are filled in.

use keys::Zeroizing;

/// What a row takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text of so many characters.
    Text(usize),
    /// Text that is not shown.
    Secret(usize),
    /// One of several.
    Choice(Vec<String>),
    /// It is pressed.
    Button,
}

/// A row.
pub struct Row {
    /// The key of its words.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What was typed.
    pub text: Zeroizing<String>,
    /// Which was chosen.
    pub chosen: usize,
    /// The key of what is wrong with it.
    pub wrong: Option<&'static str>,
    /// It is not wanted as things stand.
    pub hidden: bool,
}

impl Row {
    /// An empty one.
    pub fn new(name: &'static str, kind: Kind) -> Self {
        // As long as it may become: it never moves, and leaves no copy behind.
        let room = match kind {
            Kind::Text(most) | Kind::Secret(most) => most * 4,
            _ => 0,
        };
        let text = Zeroizing::new(String::with_capacity(room));
        Row { name, kind, text, chosen: 0, wrong: None, hidden: false }
    }

    /// One with a text in it.
    pub fn with(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }
}

/// Rows, one of which has the keys.
pub struct Form {
    /// All rows.
    pub rows: Vec<Row>,
    /// The one that has the keys.
    pub at: usize,
}

impl Form {
    /// Of rows; the first has the keys.
    pub const fn new(rows: Vec<Row>) -> Self {
        Form { rows, at: 0 }
    }

    /// The row of a name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The same, to be changed.
    pub fn row_mut(&mut self, name: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.name == name)
    }

    /// What was typed into a row, without blanks around it.
    pub fn text(&self, name: &str) -> &str {
        self.row(name).map_or("", |row| row.text.trim())
    }

    /// What was chosen in a row.
    pub fn chosen(&self, name: &str) -> usize {
        self.row(name).map_or(0, |row| row.chosen)
    }

    /// Gives the keys to the next row that is shown, or the one before.
    pub fn step(&mut self, forward: bool) {
        for _ in 0..self.rows.len() {
            let last = self.rows.len().saturating_sub(1);
            self.at = match (forward, self.at) {
                (true, at) if at >= last => 0,
                (true, at) => at + 1,
                (false, 0) => last,
                (false, at) => at - 1,
            };
            if self.rows.get(self.at).is_some_and(|row| !row.hidden) {
                return;
            }
        }
    }

    /// The row that has the keys.
    pub fn here(&mut self) -> Option<&mut Row> {
        self.rows.get_mut(self.at)
    }

    /// Notes what is wrong with rows, and gives the keys to the first of them. Whether all is right.
    pub fn judge(&mut self, wrong: &[(&str, Option<&'static str>)]) -> bool {
        for (name, why) in wrong {
            if let Some(row) = self.row_mut(name) {
                row.wrong = *why;
            }
        }
        let first = self.rows.iter().position(|row| row.wrong.is_some() && !row.hidden);
        if let Some(first) = first {
            self.at = first;
        }
        first.is_none()
    }
}
