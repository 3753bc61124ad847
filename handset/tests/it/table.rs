//! The catalogue: every word in both languages, every key used and every key used there.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_word_is_in_both_languages_and_is_used_and_every_word_used_is_there() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = String::new();
    for entry in std::fs::read_dir(&src).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "rs") {
            sources += &std::fs::read_to_string(path).unwrap();
        }
    }
    let rows: Vec<(String, String, String)> = csv::Reader::from_path(src.join("words.csv"))
        .unwrap()
        .into_deserialize()
        .map(Result::unwrap)
        .collect();
    let mut keys = BTreeSet::new();
    for (key, english, chinese) in &rows {
        assert!(keys.insert(key.as_str()), "{key} stands twice");
        assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{key}");
        assert_eq!(english.contains("{a}"), chinese.contains("{a}"), "{key}: other places");
        // Words of errors are found by the error's code.
        assert!(key.starts_with("no.") || sources.contains(&format!("\"{key}\"")), "nobody asks for {key:?}");
    }
    for quoted in sources.split('"').skip(1).step_by(2) {
        let is_key = [
            "bad.", "balance", "col.", "confirm.", "keys.", "menu.", "meter.", "pay.", "records.", "slip.",
            "state.", "then.", "title.",
        ]
        .iter()
        .any(|start| quoted.starts_with(start) && !quoted.contains(' '));
        assert!(!is_key || keys.contains(quoted), "{quoted:?} is not in the table");
    }
}

#[test]
fn errors_with_words_of_their_own_are_errors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/specs");
    let listed = std::fs::read_to_string(root.join("errors.md")).unwrap()
        + &std::fs::read_to_string(root.join("errors-server.md")).unwrap();
    let words = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/words.csv")).unwrap();
    for code in words.lines().filter_map(|line| line.strip_prefix("no.")?.split(',').next()) {
        assert!(listed.contains(&format!("| `{code}` |")), "{code} is no error");
    }
}
