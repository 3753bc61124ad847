//! The paths that a source file names, as far as the rules of the house need them: no types, no macros, no scopes but modules.

use std::collections::BTreeSet;

/// A path that code names, by a `use` or where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Modules written out in the file that it stands in.
    pub scope: Vec<String>,
    /// Its segments; `*` is one.
    pub path: Vec<String>,
    /// It comes from a `pub use`, which hands on and uses nothing.
    pub exported: bool,
}

/// All paths of a file's code; its tests, from the first `#[cfg(test)]` on, are left out.
pub fn named(text: &str) -> Vec<Named> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let tokens = tokens(text);
    let (mut out, mut braces, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        let scope = || braces.iter().flatten().cloned().collect::<Vec<String>>();
        match tokens[at].as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => {
                braces.push(Some(tokens[at + 1].clone()));
                at += 3;
                continue;
            }
            "{" => braces.push(None),
            "}" => drop(braces.pop()),
            // `use<'a>` captures lifetimes
            "use" if tokens.get(at + 1).is_some_and(|token| token != "<") => {
                let exported = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                let mut leaves = Vec::new();
                at = tree(&tokens, at + 1, &[], &mut leaves);
                out.extend(leaves.into_iter().map(|path| Named { scope: scope(), path, exported }));
                continue;
            }
            token if is_name(token) && (at == 0 || tokens[at - 1] != "::") => {
                let mut path = vec![token.to_owned()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| is_name(token))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                if path.len() > 1 {
                    out.push(Named { scope: scope(), path, exported: false });
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// The leaves of a `use` tree that begins at a token; gives the place behind it.
fn tree(tokens: &[String], mut at: usize, above: &[String], leaves: &mut Vec<Vec<String>>) -> usize {
    let mut path = above.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = tree(tokens, at, &path, leaves);
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            "as" => at += 1,
            ";" | "," | "}" => break,
            // what begins with `::` is another crate's
            "::" if path.is_empty() => path.push(String::new()),
            "::" => {}
            name => path.push(name.to_owned()),
        }
        at += 1;
    }
    leaves.push(path);
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single marks; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            character(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if rest.starts_with("::") {
            out.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            out.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                out.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// Length of the string that begins here.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// Length of the raw string that begins here, if one does.
fn raw_string(text: &str) -> Option<usize> {
    let behind = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    let body = behind[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(text.len() - body.len() + length)
}

/// Length of the character that begins here; of a lifetime, of its mark alone.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(text.len(), |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// A path from the root of its crate, by the module it stands in and that module's children; `None` for another crate's and
/// for what came in by a `use`.
pub fn from_root(module: &[String], named: &Named, children: &BTreeSet<&str>) -> Option<Vec<String>> {
    let here = || [module, &named.scope].concat();
    let (first, rest) = named.path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([here(), rest.to_vec()].concat()),
        "super" => {
            let up = named.path.iter().take_while(|segment| *segment == "super").count();
            let here = here();
            Some([&here[..here.len().saturating_sub(up)], &named.path[up..]].concat())
        }
        name if named.scope.is_empty() && children.contains(name) => {
            Some([module, named.path.as_slice()].concat())
        }
        _ => None,
    }
}

#[test]
fn paths_of_code_are_found_and_nothing_else() {
    let text = r##"
        //! `crate::comment`
        use crate::a::{B, c::{self, D as E}, *};
        pub(crate) use f::G;
        use ::other::H;
        /* crate::block */
        fn go<'a>(x: &'a str) -> impl Sized + use<'a> {
            let quote = ('"', '\'', "crate::text \" still", r#"crate::raw " still"#);
            super::i::j(quote).k::<l::M>()
        }
        mod inner {
            use super::N;
        }
        fn after() { o::P; }
        #[cfg(test)]
        mod tests { use crate::q; }
    "##;
    let found: Vec<String> = named(text)
        .iter()
        .map(|named| {
            let mark = if named.exported { "pub " } else { "" };
            format!("{mark}{}|{}", named.scope.join("::"), named.path.join("::"))
        })
        .collect();
    let wanted = [
        "|crate::a::B",
        "|crate::a::c::self",
        "|crate::a::c::D",
        "|crate::a::*",
        "pub |f::G",
        "|::other::H",
        "|super::i::j",
        "|l::M",
        "inner|super::N",
        "|o::P",
    ];
    assert_eq!(found, wanted);
}
