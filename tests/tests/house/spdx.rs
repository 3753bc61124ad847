//! Licence expressions: whether one can be met with licences of a list.

/// Licences whose terms a program under MIT or Apache-2.0 can keep by naming its parts.
const PERMISSIVE: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether the expression can be met with permissive licences alone; an error when it is none.
pub fn permissive(expression: &str) -> Result<bool, String> {
    // before expressions were checked, a slash stood for OR
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words)?;
    match words.next() {
        None => Ok(met),
        Some(word) => Err(format!("{word:?} is left over in {expression:?}")),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `all OR all ..`
fn any(words: &mut Words) -> Result<bool, String> {
    let mut met = all(words)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words)?;
    }
    Ok(met)
}

/// `one AND one ..`; binds tighter than OR
fn all(words: &mut Words) -> Result<bool, String> {
    let mut met = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words)?;
    }
    Ok(met)
}

/// `( any )`, or `id`, or `id WITH exception`
fn one(words: &mut Words) -> Result<bool, String> {
    match words.next() {
        Some("(") => {
            let met = any(words)?;
            words.next_if_eq(&")").map(|_| met).ok_or_else(|| "a parenthesis is not closed".to_owned())
        }
        None | Some("OR" | "AND" | "WITH" | ")") => Err("a licence is missing".to_owned()),
        Some(id) if words.next_if_eq(&"WITH").is_some() => {
            let exception = words.next().ok_or("an exception is missing")?;
            Ok(PERMISSIVE.contains(&format!("{id} WITH {exception}").as_str()))
        }
        Some(id) => Ok(PERMISSIVE.contains(&id)),
    }
}

#[test]
fn expressions_are_understood() {
    for good in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "Unlicense/MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        "GPL-2.0-only AND MIT OR ISC",
    ] {
        assert_eq!(permissive(good), Ok(true), "{good}");
    }
    for bad in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT AND (MPL-2.0 OR LGPL-2.1-only)",
        "(MIT OR Apache-2.0) AND AGPL-3.0-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "Proprietary",
    ] {
        assert_eq!(permissive(bad), Ok(false), "{bad}");
    }
    for broken in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH"] {
        assert!(permissive(broken).is_err(), "{broken}");
    }
}
