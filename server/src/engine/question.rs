//! What is asked of the books, as a value: so it can be asked together with others before its answer is wanted.

use super::value::{AsValue, Held, Value};
use scheme::numbers::MeterNumber;
use scheme::order::{OrderId, Serial8};
use std::borrow::Cow;

/// What rows of the books are of. Whatever is of one has no row that is of another of the same kind: what is written of it leaves
/// the answers about all others as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// Orders of the chips in a meter, and what modules were asked and sealed of them.
    Meter(MeterNumber),
    /// Purchases, orders, transfers, settlements of one life of a chip.
    Life(i64),
    /// An order, by its id.
    Order(OrderId),
    /// A chip, by its serial number.
    Chip(Serial8),
    /// The settlement that these bytes made.
    Packet(Vec<u8>),
    /// A setting, by its name.
    Setting(String),
    /// A request: who asked, and its id.
    Request(String, String),
    /// A security module, by its number.
    Module(String),
    /// An account, by its kind and whose it is.
    Account(&'static str, String),
}

impl About {
    /// A life that begins: there is none before it of its number.
    pub const NEW_LIFE: About = About::Life(0);

    /// Whether what was written of all of these leaves an answer about this as it was.
    #[cfg(feature = "postgres")]
    pub(super) fn is_spared_by(&self, written: &[About]) -> bool {
        let kind = core::mem::discriminant(self);
        let mut same_kind = written.iter().filter(|other| core::mem::discriminant(*other) == kind).peekable();
        same_kind.peek().is_some() && same_kind.all(|other| other != self)
    }
}

/// A statement that reads, and its values.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    sql: Cow<'static, str>,
    values: Vec<Held>,
    about: Vec<About>,
    whole: bool,
}

impl Question {
    /// A statement with its values, the first for `?1`.
    pub fn new(sql: impl Into<Cow<'static, str>>, values: &[Value<'_>]) -> Self {
        Question { sql: sql.into(), values: Held::all(values), about: Vec::new(), whole: false }
    }

    /// Says what it is about: its answer stands when something is written of another.
    pub fn about(mut self, about: About) -> Self {
        self.about.push(about);
        self
    }

    /// All rows of its answer are wanted, which are few; else the first.
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn values(&self) -> Vec<Value<'_>> {
        self.values.iter().map(Held::as_value).collect()
    }

    #[cfg(feature = "postgres")]
    pub(super) fn subjects(&self) -> &[About] {
        &self.about
    }

    #[cfg(feature = "postgres")]
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }
}

/// What is known of the answer to a question when something was written: which columns are others than before.
#[derive(Debug)]
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a file is asked again"))]
pub(crate) struct Now {
    pub(super) question: Question,
    pub(super) changed: Vec<(&'static str, Held)>,
}

impl Now {
    /// It is as it was.
    pub const fn same(question: Question) -> Self {
        Now { question, changed: Vec::new() }
    }

    /// But for this column.
    pub fn but(mut self, name: &'static str, value: impl AsValue) -> Self {
        self.changed.push((name, Held::from(value.as_value())));
        self
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::About;

    #[test]
    fn what_is_written_of_another_spares_an_answer() {
        let meter = |n: u64| About::Meter(format!("33020000000{n}").parse().expect("a number"));
        assert!(meter(1).is_spared_by(&[meter(2), About::Module("1".into())]));
        assert!(!meter(1).is_spared_by(&[meter(2), meter(1)]));
        assert!(!meter(1).is_spared_by(&[About::Module("1".into())]), "of another kind it says nothing");
        assert!(!meter(1).is_spared_by(&[]), "what is written of anything spares nothing");
    }
}
