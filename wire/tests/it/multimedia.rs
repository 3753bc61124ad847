//! Multimedia messages as files.

use gridcard_wire::multimedia::{FRAME, MOST, Multimedia, MultimediaError};
use proptest::prelude::*;

fn message(frame: &[u8]) -> Multimedia {
    Multimedia { from: "+8613900000001".into(), to: "+8657495598".into(), frame: frame.to_vec() }
}

#[test]
fn a_message_to_the_letter() {
    let text = String::from_utf8(message(b"\x21frame").write()).unwrap();
    let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let expected = format!(
        "From: +8613900000001/TYPE=PLMN\r\nTo: +8657495598/TYPE=PLMN\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\nContent-Type: {FRAME}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nIWZyYW1l\r\n--{boundary}--\r\n"
    );
    assert_eq!(text, expected);
}

/// As gateways write them: another part first, folded lines, small letters, line feeds alone, no coding, one part alone.
#[test]
fn messages_of_others() {
    let presentation = format!(
        "from: +8613900000001\nto: <+8657495598>\nSubject: a\n b\ncontent-type: Multipart/Related;\n\tboundary=x\n\npreamble\n--x\nContent-Type: \
         application/smil\n\n<smil/>\n--x\ncontent-type: {}; name=a\ncontent-transfer-encoding: BASE64\n\nIWZy\nYW1l\n--x--\nepilogue",
        FRAME.to_uppercase()
    );
    assert_eq!(Multimedia::read(presentation.as_bytes()).unwrap(), message(b"\x21frame"));
    let binary = [
        format!("From: +8613900000001\r\nTo: +8657495598\r\nContent-Type: {FRAME}\r\n\r\n").as_bytes(),
        &[0x21, 0x0D, 0x0A, 0x00, 0xFF],
    ]
    .concat();
    assert_eq!(Multimedia::read(&binary).unwrap(), message(&[0x21, 0x0D, 0x0A, 0x00, 0xFF]));
}

#[test]
fn what_is_none_is_told() {
    let head = |rest: &str| format!("From: +1\r\nTo: +2\r\n{rest}");
    for (text, error) in [
        (String::new(), MultimediaError::Head),
        ("From: +1".into(), MultimediaError::Head),
        (head("\r\nx"), MultimediaError::Parts),
        (head("Content-Type: multipart/mixed\r\n\r\n"), MultimediaError::Parts),
        (
            head(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--",
            ),
            MultimediaError::NoFrame,
        ),
        (
            head(&format!("Content-Type: {FRAME}\r\nContent-Transfer-Encoding: base64\r\n\r\nIW*y")),
            MultimediaError::Coding,
        ),
        (
            head(&format!("Content-Type: {FRAME}\r\nContent-Transfer-Encoding: base64\r\n\r\nIWZ")),
            MultimediaError::Coding,
        ),
        (
            head(&format!("Content-Type: {FRAME}\r\nContent-Transfer-Encoding: x-own\r\n\r\nIWZy")),
            MultimediaError::Coding,
        ),
        ("x".repeat(MOST + 1), MultimediaError::Length(MOST + 1)),
    ] {
        assert_eq!(Multimedia::read(text.as_bytes()), Err(error), "{text:.60}");
    }
}

proptest! {
    #[test]
    fn frames_come_back(frame in prop::collection::vec(any::<u8>(), 0..4096)) {
        let message = message(&frame);
        prop_assert_eq!(Multimedia::read(&message.write()).unwrap(), message);
    }

    #[test]
    fn nothing_that_comes_panics(bytes in prop::collection::vec(any::<u8>(), 0..600), at in any::<prop::sample::Index>()) {
        let _ = Multimedia::read(&bytes);
        let mut whole = message(b"frame").write();
        let at = at.index(whole.len());
        let _ = Multimedia::read(&whole[..at]);
        whole.splice(at..at, bytes);
        let _ = Multimedia::read(&whole);
    }
}
