//! The customer's web app: files for a browser, under `/app/` [docs/specs/app.md].
//!
//! All it asks goes over the phones' entry ([`crate::phones`]); here is nothing but the files, the same for everybody.

use crate::console::rows;
use askama::Template;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What its pages may load and do: files of our own, requests to us, no other code, no frame around them. No text becomes markup or a script but the
/// one that runs beside the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
     require-trusted-types-for 'script'; trusted-types gridcard";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file as it is asked for, of what kind, and what is in it.
type File = (&'static str, &'static str, &'static [u8]);

macro_rules! file {
    ($name:literal, $media:expr) => {
        (concat!("/app/", $name), $media, include_bytes!(concat!("../assets/app/", $name)))
    };
}

/// The files that are served as they are.
const FILES: &[File] = &[
    file!("app.css", "text/css; charset=utf-8"),
    file!("app.js", SCRIPT),
    file!("buy.js", SCRIPT),
    file!("bytes.js", SCRIPT),
    file!("home.js", SCRIPT),
    file!("icon-192.png", "image/png"),
    file!("icon-512.png", "image/png"),
    file!("icon.svg", "image/svg+xml"),
    file!("line.js", SCRIPT),
    file!("link.js", SCRIPT),
    file!("manifest.json", "application/manifest+json"),
    file!("noise.js", SCRIPT),
    file!("pay.js", SCRIPT),
    file!("start.js", SCRIPT),
    file!("store.js", SCRIPT),
    file!("talk.js", SCRIPT),
    file!("view.js", SCRIPT),
    file!("words.js", SCRIPT),
];

/// The script that keeps the files for a time without a network.
const KEEPER: &str = include_str!("../assets/app/sw.js");
/// The words, in both languages.
const WORDS: &str = include_str!("../assets/app/words.csv");
/// What the console's pages stand on as well.
const STYLE: (&str, &[u8]) = ("/console/style.css", include_bytes!("../assets/style.css"));

/// The one page.
#[derive(Template)]
#[template(path = "app.html")]
struct Page;

/// The words as the app takes them: for each language its table.
fn words() -> String {
    let (mut english, mut chinese) = (Map::new(), Map::new());
    for row in rows(WORDS).into_iter().skip(1) {
        if let Ok([key, en, zh]) = <[String; 3]>::try_from(row) {
            english.insert(key.clone(), en.into());
            chinese.insert(key, zh.into());
        }
    }
    let all: Map<String, Value> =
        [("en".to_owned(), english.into()), ("zh".to_owned(), chinese.into())].into_iter().collect();
    Value::Object(all).to_string()
}

/// The keeper with what it keeps, and a version that differs when any of it does.
fn keeper(page: &str, words: &str) -> String {
    let mut hash = Sha256::new();
    let mut paths = vec!["/app/", "/app/words.json", STYLE.0];
    for part in [page.as_bytes(), words.as_bytes(), STYLE.1, KEEPER.as_bytes()] {
        hash.update(part);
    }
    for (path, _, bytes) in FILES {
        paths.push(path);
        hash.update(bytes);
    }
    let version: String = hex::encode(hash.finalize()).chars().take(16).collect();
    format!("const VERSION = \"{version}\";\nconst FILES = {};\n{KEEPER}", Value::from(paths))
}

/// Adds the app to a router.
pub fn add_to(mut router: Router) -> Router {
    // A page that cannot be made is no page: the template takes nothing.
    let page = Page.render().unwrap_or_default();
    let words = words();
    let made = [
        ("/app/", "text/html; charset=utf-8", page.clone()),
        ("/app/words.json", "application/json", words.clone()),
        ("/app/sw.js", SCRIPT, keeper(&page, &words)),
    ];
    for (path, media, text) in made {
        let bytes = Bytes::from(text);
        router = router.route(path, get(move || async move { sent(media, bytes) }));
    }
    for &(path, media, bytes) in FILES {
        router = router.route(path, get(move || async move { sent(media, Bytes::from_static(bytes)) }));
    }
    router.route("/app", get(|| async { moved() }))
}

fn moved() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/app/"));
    response
}

fn sent(media: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media),
        // The keeper asks anew when its own bytes differ.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// All scripts of the app, as they stand in its folder.
    fn scripts() -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/app");
        let mut out = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "js") {
                out += &std::fs::read_to_string(path).unwrap();
            }
        }
        out
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_kept() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/app");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("/app/{}", entry.unwrap().file_name().to_str().unwrap()))
            .filter(|path| path != "/app/sw.js" && path != "/app/words.csv")
            .collect();
        let served: BTreeSet<String> = FILES.iter().map(|(path, _, _)| (*path).to_owned()).collect();
        assert_eq!(there, served);
        let keeper = keeper("page", "words");
        for path in served {
            assert!(keeper.contains(&format!("\"{path}\"")), "{path} is not kept");
        }
        assert_ne!(keeper, super::keeper("another page", "words"));
    }

    /// Pieces of keys that are put together: what stands before and behind the part that differs.
    fn put_together(scripts: &str) -> Vec<(String, String)> {
        let calls = scripts.split("t(`").skip(1).filter_map(|rest| rest.split('`').next());
        let more = scripts.split("= `").skip(1).filter_map(|rest| rest.split('`').next());
        calls
            .chain(more)
            .filter_map(|key| {
                let (before, rest) = key.split_once("${")?;
                let (_, behind) = rest.split_once('}')?;
                (!behind.contains("${")).then(|| (before.to_owned(), behind.to_owned()))
            })
            .collect()
    }

    #[test]
    fn every_word_is_in_both_languages_and_is_used_and_every_word_used_is_there() {
        let (scripts, table) = (scripts(), rows(WORDS));
        assert_eq!(table[0], ["key", "en", "zh"]);
        let mut keys = BTreeSet::new();
        for row in &table[1..] {
            assert_eq!(row.len(), 3, "{row:?}");
            assert!(row.iter().all(|field| !field.trim().is_empty()), "{row:?}");
            assert!(keys.insert(row[0].clone()), "{} stands twice", row[0]);
            for place in ["{a}", "{b}"] {
                assert_eq!(row[1].contains(place), row[2].contains(place), "{}: other places", row[0]);
            }
        }
        let asked = scripts.split("t(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let missing: Vec<&str> =
            asked.filter(|key| key.contains('.') && !keys.contains(*key) && !key.starts_with('.')).collect();
        assert!(missing.is_empty(), "not in the table: {missing:?}");
        let errors = include_str!("../../docs/specs/errors.md").to_owned()
            + include_str!("../../docs/specs/errors-server.md");
        let together = put_together(&scripts);
        for key in &keys {
            let quoted = |word: &str| {
                scripts.contains(&format!("\"{word}\"")) || scripts.contains(&format!("{word}: "))
            };
            let is_made = together.iter().any(|(before, behind)| {
                let inside =
                    key.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(behind.as_str()));
                inside.is_some_and(|word| quoted(word) || word.chars().all(|c| c.is_ascii_digit()))
            });
            let is_of_an_error =
                key.strip_prefix("why.").is_some_and(|code| errors.contains(&format!("| `{code}` |")));
            assert!(quoted(key) || is_made || is_of_an_error, "nobody asks for {key:?}");
        }
    }

    #[test]
    fn nothing_is_made_of_markup() {
        let scripts = scripts();
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!scripts.contains(way), "{way} in a script of the app");
        }
    }
}
