//! The words of all pages, in both languages: one table, `assets/words.csv`.

use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("../../assets/words.csv");

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Chinese, as it is written in China.
    Chinese,
}

impl Language {
    /// Its tag, as `lang` has it.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// Its name in paths and cookies.
    pub const fn name(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// What its speakers call it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        }
    }

    /// The language of a name in paths and cookies.
    pub fn from_name(name: &str) -> Option<Self> {
        [Language::English, Language::Chinese].into_iter().find(|language| language.name() == name)
    }

    /// What an `Accept-Language` header likes best of the two; English where it likes neither [RFC 9110 12.5.4].
    pub fn accepted(header: &str) -> Self {
        let mut best = (Language::English, 0.0);
        for part in header.split(',') {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok());
            let language = match tag.split('-').next() {
                Some("zh") => Language::Chinese,
                Some("en") => Language::English,
                _ => continue,
            };
            let weight = weight.unwrap_or(1.0);
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

fn table() -> &'static HashMap<String, [String; 2]> {
    static WORDS: OnceLock<HashMap<String, [String; 2]>> = OnceLock::new();
    WORDS.get_or_init(|| {
        rows(TABLE)
            .into_iter()
            .filter_map(|row| {
                let [key, english, chinese] = <[String; 3]>::try_from(row).ok()?;
                Some((key, [english, chinese]))
            })
            .collect()
    })
}

/// The words of a key. One that the table has not stands for itself; a test keeps it from happening.
pub fn word(language: Language, key: &'static str) -> &'static str {
    table().get(key).map_or(key, |[english, chinese]| match language {
        Language::English => english,
        Language::Chinese => chinese,
    })
}

/// The words of a key that is put together.
pub fn word_of(language: Language, key: &str) -> Option<&'static str> {
    let (key, _) = table().get_key_value(key)?;
    Some(word(language, key))
}

/// The rows of a table, each its fields: commas between them, quotes around one with a comma, doubled quotes within [RFC 4180 2].
pub fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(fields).collect()
}

fn fields(line: &str) -> Vec<String> {
    let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    out.push(field);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// All sources in which keys stand.
    fn sources() -> Vec<(String, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut out = Vec::new();
        for folder in ["templates", "src/console"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                out.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
        out
    }

    /// The keys that a source asks for: the first argument of a call that takes one.
    fn asked(text: &str) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for call in [".t(\"", ".say(\"", "Word(\""] {
            out.extend(text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
        out
    }

    #[test]
    fn every_word_is_in_both_languages_and_is_used_and_every_word_used_is_there() {
        let rows = rows(TABLE);
        assert_eq!(rows[0], ["key", "en", "zh"]);
        let mut keys = BTreeSet::new();
        for row in &rows[1..] {
            assert_eq!(row.len(), 3, "{row:?}");
            assert!(row.iter().all(|field| !field.trim().is_empty()), "{row:?}");
            assert!(keys.insert(row[0].clone()), "{} stands twice", row[0]);
            let places = |text: &str| -> BTreeSet<char> {
                text.match_indices('{').filter_map(|(at, _)| text[at + 1..].chars().next()).collect()
            };
            assert_eq!(places(&row[1]), places(&row[2]), "{}: other places", row[0]);
        }
        let sources = sources();
        let mut complaints = Vec::new();
        for (path, text) in &sources {
            for key in asked(text) {
                if !keys.contains(&key) && !path.ends_with("words.rs") {
                    complaints.push(format!("{path} asks for {key:?}, which is not in the table"));
                }
            }
        }
        for key in &keys {
            let quoted = format!("\"{key}\"");
            // Words of errors are found by the error's code.
            let by_code = key.starts_with("error.");
            if !by_code && !sources.iter().any(|(_, text)| text.contains(&quoted)) {
                complaints.push(format!("nobody asks for {key:?}"));
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[test]
    fn a_browser_chooses_by_what_it_likes_best() {
        for (header, language) in [
            ("", Language::English),
            ("en-GB,en;q=0.9", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("de,en;q=0.5,zh;q=0.7", Language::Chinese),
            ("zh;q=0.1, en;q=0.2", Language::English),
            ("zh;q=0", Language::English),
            ("fr", Language::English),
            ("ZH-Hans-CN", Language::Chinese),
            ("zh;q=nonsense", Language::Chinese),
        ] {
            assert_eq!(Language::accepted(header), language, "{header:?}");
        }
    }
}
