//! Frames between a meter and a sub-board [docs/specs/subboard.md].

use gridcard_wire::subboard::{AROUND, BoardFrame, BoardReceiver, MOST, crc, kind};

fn hello() -> BoardFrame {
    BoardFrame { kind: kind::HELLO, sequence: 1, payload: vec![1, 1, 5, 3] }
}

/// The CRC's published check value, and the frame that the page shows.
#[test]
fn known_bytes() {
    assert_eq!(crc(b"123456789"), 0x29B1);
    let bytes = hello().to_bytes().unwrap();
    assert_eq!(hex::encode_upper(&bytes), "A50004010101010503911B");
    assert_eq!(BoardReceiver::default().push(&bytes), [hello()]);
}

/// Cut, joined, with noise between, broken at every byte.
#[test]
fn frames_among_other_bytes() {
    let (bytes, other) =
        (hello().to_bytes().unwrap(), BoardFrame { kind: kind::LINK, sequence: 2, payload: vec![1] });
    let line = [&[0xA5, 0x00][..], &bytes, &[0x00, 0xA5, 0xFF], &other.to_bytes().unwrap(), &bytes].concat();
    for cut in 0..line.len() {
        let mut receiver = BoardReceiver::default();
        let mut found = receiver.push(&line[..cut]);
        found.extend(receiver.push(&line[cut..]));
        found.extend(receiver.silence());
        assert_eq!(found, [hello(), other.clone(), hello()], "cut at {cut}");
    }
    for bent in 0..bytes.len() {
        let mut first = bytes.clone();
        first[bent] ^= 0x04;
        let mut receiver = BoardReceiver::default();
        let mut found = receiver.push(&[first, other.to_bytes().unwrap()].concat());
        found.extend(receiver.silence());
        assert_eq!(found, std::slice::from_ref(&other), "bent at {bent}");
        assert_eq!(receiver.broken(), u64::from(bent > 0));
    }
}

#[test]
fn the_longest_frame() {
    let mut frame = BoardFrame { kind: kind::ORDER, sequence: 9, payload: vec![0xA5; MOST] };
    let bytes = frame.to_bytes().unwrap();
    assert_eq!(bytes.len(), MOST + AROUND);
    assert_eq!(BoardReceiver::default().push(&bytes), [frame.clone()]);
    frame.payload.push(0);
    assert_eq!(frame.to_bytes(), None);
}
