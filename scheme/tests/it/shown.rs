//! Text of others before a terminal.

use gridcard_scheme::shown;
use proptest::prelude::*;

#[test]
fn nothing_moves_the_cursor_turns_a_line_or_hides() {
    for (text, line) in [
        ("Ningbo", "Ningbo"),
        ("宁波供电局 Ünïcode 👍", "宁波供电局 Ünïcode 👍"),
        ("\u{1B}]0;title\u{7}", "\\x1B]0;title\\x07"),
        ("\u{1B}[31mred", "\\x1B[31mred"),
        ("\u{9B}31m", "\\x9B31m"),
        ("50.00 yuan\r0.01", "50.00 yuan\\r0.01"),
        ("a\u{8}b\u{7F}", "a\\x08b\\x7F"),
        ("two\nlines\tand a tab", "two\\nlines\\tand a tab"),
        ("\u{202E}fdp.exe", "<U+202E>fdp.exe"),
        ("a\u{2066}b\u{2069}c\u{61C}", "a<U+2066>b<U+2069>c<U+061C>"),
        ("pay\u{200B}pal\u{FEFF}", "pay<U+200B>pal<U+FEFF>"),
        ("a\u{2028}b\u{85}c", "a<U+2028>b\\x85c"),
        ("\u{E0041}\u{FFFE}", "<U+E0041><U+FFFE>"),
        ("soft\u{AD}hyphen", "soft\\xADhyphen"),
    ] {
        assert_eq!(shown::line(text), line, "{text:?}");
        assert_eq!(shown::lines(text), line.replace("\\n", "\n"), "{text:?}");
    }
}

proptest! {
    /// No line is longer than it may be, but for one of a single word; and nothing of the text is lost.
    #[test]
    fn a_sentence_is_broken_between_its_words(text in "[a-z0-9宁 ]{0,200}", width in 1_usize..90) {
        let lines = shown::wrapped(&text, width);
        prop_assert!(lines.iter().all(|line| line.chars().count() <= width || !line.contains(' ')), "{lines:?}");
        prop_assert_eq!(lines.join(" "), text);
    }

    /// A failing case prints its input and its seed.
    #[test]
    fn what_is_shown_is_safe_and_json_says_the_same(text in any::<String>()) {
        prop_assert!(!shown::line(&text).contains(shown::is_unsafe));
        prop_assert!(!shown::lines(&text).contains(|c| c != '\n' && shown::is_unsafe(c)));
        // Once is enough.
        let once = shown::line(&text).into_owned();
        prop_assert_eq!(shown::line(&once), once.as_str());
        let json = serde_json::to_string(&text).unwrap();
        let safe = shown::json(&json);
        prop_assert!(!safe.contains(shown::is_unsafe));
        prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }

    #[test]
    fn marks_and_controls_are_seen_wherever_they_stand(
        text in "[a\u{0}\u{7}\u{8}\n\r\t\u{1B}\u{7F}\u{85}\u{9B}\u{AD}\u{61C}\u{200B}\u{200F}\u{2028}\u{202E}\u{2066}\u{FEFF}\u{E0041}]{0,12}"
    ) {
        prop_assert!(shown::line(&text).chars().all(|c| c.is_ascii() && !c.is_ascii_control()));
        let json = serde_json::to_string(&text).unwrap();
        prop_assert!(shown::json(&json).is_ascii());
        prop_assert_eq!(serde_json::from_str::<String>(&shown::json(&json)).unwrap(), text);
    }
}
