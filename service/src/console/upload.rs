//! A form that carries a file: `multipart/form-data` [RFC 7578], as browsers send it.

use super::form::Form;

/// The boundary that a `Content-Type` names, if it is of such a form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    let plain = named.trim_matches('"');
    // At most 70 characters of its alphabet [RFC 2046 5.1.1].
    (1..=70).contains(&plain.len()).then_some(plain).filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
}

/// Reads the fields of such a form, and the bytes of its one file; `None`: it has not its form.
pub fn read(boundary: &str, body: &[u8]) -> Option<(Form, Vec<u8>)> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut rest = body.strip_prefix(&delimiter[2..])?;
    let (mut form, mut file) = (Form::default(), Vec::new());
    loop {
        if rest.starts_with(b"--") {
            return Some((form, file));
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &delimiter)?;
        let (head, content) = split(part.get(..end)?)?;
        let name = parameter(head, "name")?;
        match parameter(head, "filename") {
            Some(_) => file = content.to_vec(),
            None => form.put(&name, &String::from_utf8_lossy(content)),
        }
        rest = part.get(end + delimiter.len()..)?;
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// The head of a part, and what follows the empty line.
fn split(part: &[u8]) -> Option<(&str, &[u8])> {
    let at = find(part, b"\r\n\r\n")?;
    Some((std::str::from_utf8(part.get(..at)?).ok()?, part.get(at + 4..)?))
}

/// A quoted parameter of the part's `Content-Disposition`.
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let wanted = format!("; {name}=\"");
    let from = line.find(&wanted)? + wanted.len();
    line.get(from..)?.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const BODY: &str = "--XX\r\nContent-Disposition: form-data; name=\"day\"\r\n\r\n2026-11-27\r\n--XX\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"name=\\\"day\\\".csv\"\r\nContent-Type: text/csv\r\n\r\n\
        a,b\r\n--X\r\n\r\n--XX--\r\n";

    #[test]
    fn fields_and_a_file_are_told_apart() {
        let (form, file) = read("XX", BODY.as_bytes()).unwrap();
        assert_eq!(form.get("day"), "2026-11-27");
        assert_eq!(file, b"a,b\r\n--X\r\n", "what looks like a boundary and is none stays in the file");
        assert_eq!(form.get("file"), "", "a file is no field");
    }

    #[test]
    fn what_is_cut_anywhere_is_no_form() {
        let whole = BODY.trim_end().trim_end_matches("--").len();
        for end in 0..whole {
            assert!(read("XX", &BODY.as_bytes()[..end]).is_none(), "{end}");
        }
        assert!(read("XY", BODY.as_bytes()).is_none());
        assert!(read("XX", b"--XX\r\n\r\nno name\r\n--XX--").is_none());
    }

    #[test]
    fn a_boundary_is_of_such_a_form_alone() {
        assert_eq!(boundary("multipart/form-data; boundary=----x1"), Some("----x1"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), None);
        assert_eq!(boundary("multipart/form-data; boundary=\"ab\""), Some("ab"));
        for other in ["", "text/plain; boundary=x", "multipart/form-data", "multipart/form-data; boundary="] {
            assert_eq!(boundary(other), None, "{other}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
