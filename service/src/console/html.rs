//! Pieces of pages: text that is safe to stand in one, and the small components of the design.

use super::words::{Language, word};
use scheme::moment::Moment;
use std::fmt;

/// Text that stands in a page as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Text of anybody, in which nothing is read as markup.
    pub fn text(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
        }
        Html(out)
    }

    /// Markup of our own making.
    fn of(markup: String) -> Self {
        Html(markup)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Fen as people write yuan: `1,240.00`, with a true minus sign where it is owed.
pub fn yuan(fen: i64) -> String {
    let size = fen.unsigned_abs();
    let (mut whole, mut out) = (size / 100, String::new());
    loop {
        let (rest, group) = (whole / 1000, whole % 1000);
        out = match (rest, out.is_empty()) {
            (0, true) => group.to_string(),
            (0, false) => format!("{group},{out}"),
            (_, true) => format!("{group:03}"),
            (_, false) => format!("{group:03},{out}"),
        };
        if rest == 0 {
            break;
        }
        whole = rest;
    }
    format!("{}{out}.{:02}", if fen < 0 { "\u{2212}" } else { "" }, size % 100)
}

/// A day and a time: `11-26 10:41`; `year`: with the year before it.
pub fn when(at: Moment, year: bool) -> String {
    let text = at.to_string();
    let from = if year { 0 } else { 5 };
    text.get(from..16).unwrap_or(&text).to_owned()
}

/// The same, that does not break.
pub fn moment(at: Moment, year: bool) -> Html {
    Html::of(format!("<time class=\"nowrap\">{}</time>", when(at, year)))
}

/// A day with its year, that does not break.
pub fn date(at: Moment) -> Html {
    Html::of(format!("<time class=\"nowrap\">{}</time>", day(at)))
}

/// A day with its year.
pub fn day(at: Moment) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// A day of the books, YYYYMMDD, as people write it.
pub fn with_dashes(day: &str) -> String {
    match (day.get(..4), day.get(4..6), day.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => day.to_owned(),
    }
}

/// Where a purchase or another matter stands: a word, a shape and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Paid for, and not sealed yet.
    Sold,
    /// Handed out.
    Transit,
    /// A receipt came that settles nothing yet.
    Credited,
    /// Done.
    Settled,
    /// It is not known.
    Unknown,
    /// Its validity is over.
    Expired,
    /// Nothing is sold until somebody clears something.
    Frozen,
    /// It waits for a second person.
    Wait,
    /// Another took its place.
    Off,
}

impl State {
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            State::Sold => ("sold", "state.sold"),
            State::Transit => ("transit", "state.transit"),
            State::Credited => ("credited", "state.credited"),
            State::Settled => ("settled", "state.settled"),
            State::Unknown => ("unknown", "state.unknown"),
            State::Expired => ("expired", "state.expired"),
            State::Frozen => ("frozen", "state.frozen"),
            State::Wait => ("wait", "state.wait"),
            State::Off => ("off", "state.off"),
        }
    }

    fn sign(self) -> Html {
        match self {
            State::Sold => cells(1),
            State::Transit => cells(2),
            State::Credited => cells(3),
            State::Settled => cells(4),
            State::Unknown => icon("ask"),
            State::Expired => icon("warn"),
            State::Frozen | State::Off => icon("stop"),
            State::Wait => icon("two"),
        }
    }
}

/// A sign of the sprite.
pub fn icon(name: &str) -> Html {
    Html::of(format!(
        "<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#i-{name}\"/></svg>"
    ))
}

fn cells(n: u8) -> Html {
    Html::of(format!(
        "<svg class=\"cells\" viewBox=\"0 0 30 10\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#cells-{n}\"/></svg>"
    ))
}

/// A step of a purchase on its rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// It is over.
    Done,
    /// It is here.
    Here,
    /// It is here, and has been for too long.
    Late,
    /// It is to come.
    Todo,
    /// It stops here.
    Bad,
}

/// The components in a language.
impl Language {
    /// The words of a key.
    pub fn t(self, key: &'static str) -> &'static str {
        word(self, key)
    }

    /// The words of a key with its places filled: `{a}` by the first of `with`, `{b}` by the second.
    pub fn say(self, key: &'static str, with: &[Html]) -> Html {
        let mut text = Html::text(self.t(key)).0;
        for (place, value) in ('a'..).zip(with) {
            text = text.replace(&format!("{{{place}}}"), &value.0);
        }
        Html::of(text)
    }

    /// A sign, for templates.
    pub fn icon(self, name: &str) -> Html {
        icon(name)
    }

    /// Money with its unit.
    pub fn money(self, fen: i64) -> Html {
        Html::of(format!("<span class=\"money\">{} {}</span>", yuan(fen), self.t("unit.yuan")))
    }

    /// A state as a badge.
    pub fn state(self, state: State) -> Html {
        let (class, key) = state.parts();
        Html::of(format!("<span class=\"state state-{class}\">{}{}</span>", state.sign(), self.t(key)))
    }

    /// A badge of a matter that has states of its own: a colour's name, a sign, a word.
    pub fn mark(self, class: &str, sign: &str, key: &'static str) -> Html {
        Html::of(format!("<span class=\"state state-{class}\">{}{}</span>", icon(sign), self.t(key)))
    }

    /// A step on a rail; `when` and `say` may be empty.
    pub fn node(self, node: Node, key: &'static str, when: &str, say: &Html) -> Html {
        let (class, sign, told) = match node {
            Node::Done => ("done", icon("done"), "rail.done"),
            Node::Here => ("here", icon("dot"), "rail.here"),
            Node::Late => ("here late", icon("dot"), "rail.here"),
            Node::Todo => ("todo", Html::default(), "rail.todo"),
            Node::Bad => ("bad", icon("warn"), "rail.here"),
        };
        let current = if matches!(node, Node::Here | Node::Late) {
            " aria-current=\"step\""
        } else {
            Default::default()
        };
        let mut out = format!(
            "<li class=\"{class}\"{current}><span class=\"node\">{sign}</span><b>{}</b><span class=\"unseen\"> {}</span>",
            self.t(key),
            self.t(told)
        );
        if !when.is_empty() {
            out.push_str(&format!("<time>{when}</time>"));
        }
        if !say.is_empty() {
            out.push_str(&format!("<span class=\"say\">{say}</span>"));
        }
        Html::of(out + "</li>")
    }

    /// How many people an act wants.
    pub fn people(self, two: bool) -> Html {
        let (sign, key) = if two { ("two", "who.two") } else { ("one", "who.one") };
        Html::of(format!("<span class=\"who\">{}{}</span>", icon(sign), self.t(key)))
    }
}

/// Digits in groups of four that copy without gaps. `wraps`: they may stand on two lines.
pub fn digits(text: &str, wraps: bool) -> Html {
    let chars: Vec<char> = text.chars().collect();
    let groups: Vec<String> = chars
        .chunks(4)
        .map(|group| format!("<span>{}</span>", Html::text(group.iter().collect::<String>())))
        .collect();
    let (class, between) = if wraps { ("id wraps", "<wbr>") } else { ("id", "") };
    Html::of(format!("<span class=\"{class}\">{}</span>", groups.join(between)))
}

/// A telephone number of China as a clerk reads it out, its middle hidden.
pub fn phone(msisdn: &str) -> Html {
    let all: String = msisdn.chars().filter(char::is_ascii_digit).collect();
    let own = all.strip_prefix("86").unwrap_or(&all);
    match (own.get(..3), own.len().checked_sub(4).and_then(|from| own.get(from..))) {
        (Some(first), Some(last)) if own.len() >= 8 => {
            Html::of(format!("<span class=\"nowrap\">{first} **** {last}</span>"))
        }
        _ => Html::text(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_people_write_it() {
        for (fen, text) in [
            (0, "0.00"),
            (1, "0.01"),
            (100, "1.00"),
            (99_999, "999.99"),
            (100_000, "1,000.00"),
            (124_000, "1,240.00"),
            (100_000_005, "1,000,000.05"),
            (99_999_999_999, "999,999,999.99"),
            (-27_000, "\u{2212}270.00"),
        ] {
            assert_eq!(yuan(fen), text);
        }
    }

    #[test]
    fn nothing_of_anybody_is_read_as_markup() {
        assert_eq!(Html::text("<b a='\"'>&").to_string(), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(
            digits("12<45", false).to_string(),
            "<span class=\"id\"><span>12&lt;4</span><span>5</span></span>"
        );
    }

    #[test]
    fn a_telephone_number_shows_its_ends() {
        assert_eq!(phone("+8613800000010").to_string(), "<span class=\"nowrap\">138 **** 0010</span>");
        assert_eq!(phone("8613912345678").to_string(), "<span class=\"nowrap\">139 **** 5678</span>");
        assert_eq!(phone("12345").to_string(), "12345");
    }
}
