//! The words of all screens, in both languages: one table, `src/words.csv`; money as people write it.

use scheme::money::Fen;
use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("words.csv");

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Chinese, as it is written in China.
    Chinese,
}

impl Tongue {
    /// The language of a locale's name, as `zh_CN.UTF-8` or `en`; English where it is another's.
    pub fn of(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Tongue::Chinese } else { Tongue::English }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Tongue::English => Tongue::Chinese,
            Tongue::Chinese => Tongue::English,
        }
    }

    /// The words of a key. One that the table has not stands for itself; a test keeps it from happening.
    pub fn t(self, key: &'static str) -> &'static str {
        self.find(key).unwrap_or(key)
    }

    /// The words of a key that is put together.
    pub fn find(self, key: &str) -> Option<&'static str> {
        table().get(key).map(|[english, chinese]| match self {
            Tongue::English => english.as_str(),
            Tongue::Chinese => chinese.as_str(),
        })
    }

    /// The words of a key with the place `{a}` filled.
    pub fn say(self, key: &'static str, with: &str) -> String {
        self.t(key).replace("{a}", with)
    }

    /// Money with its unit.
    pub fn money(self, fen: Fen) -> String {
        format!("{} {}", yuan(fen), self.t("yuan"))
    }
}

fn table() -> &'static HashMap<String, [String; 2]> {
    static WORDS: OnceLock<HashMap<String, [String; 2]>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize::<(String, String, String)>();
        rows.filter_map(Result::ok).map(|(key, english, chinese)| (key, [english, chinese])).collect()
    })
}

/// Fen as people write them: `1,240.00`.
pub fn yuan(fen: Fen) -> String {
    let digits = (fen.0 / 100).to_string();
    let mut whole = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            whole.push(',');
        }
        whole.push(digit);
    }
    format!("{whole}.{:02}", fen.0 % 100)
}

/// Fen of an amount as it is typed: `100`, `100.5`, `1,240.00`; `None`: it is none, or nothing.
pub fn fen(typed: &str) -> Option<Fen> {
    let plain: String = typed.trim().chars().filter(|c| *c != ',').collect();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part = format!("{part:0<2}");
    let sum = whole.parse::<u32>().ok()? * 100 + part.parse::<u32>().ok()?;
    (sum > 0).then_some(Fen(sum))
}
