//! Messages: how they are cut, what each asks, what is answered and what is not.

use super::{ATR, OFF, ON, RESET, card, ready};
use crate::{OK, READ, READS, SCRIPT, UPDATE};
use cos::{Chip, Protocol};
use gridcard_vcard::vpcd::Line;
use gridcard_vcard::vpcd::message::{LONGEST, Request, frame};
use gridcard_vcard::{Image, Slot};
use keys::Suite;
use scheme::profile::CardKind;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use wire::Channel;

#[test]
fn every_first_byte_means_what_the_driver_means() {
    for byte in 0..=u8::MAX {
        let wanted = match byte {
            0 => Request::PowerOff,
            1 => Request::PowerOn,
            2 => Request::Reset,
            4 => Request::Atr,
            other => Request::Unknown(other),
        };
        assert_eq!(Request::of(&[byte]), wanted);
        assert_eq!(Request::of(&[byte, 0]), Request::Command(&[byte, 0]));
    }
    assert_eq!(Request::of(&[]), Request::Nothing);
}

#[test]
fn a_message_carries_its_length_and_is_never_empty() {
    let mut out = vec![1, 2, 3];
    frame(&[0x90, 0x00], &mut out).unwrap();
    assert_eq!(out, [0, 2, 0x90, 0x00]);
    let longest = vec![7; LONGEST];
    frame(&longest, &mut out).unwrap();
    assert_eq!((&out[..2], &out[2..]), (&[0xFF, 0xFF][..], &longest[..]));
    frame(&[], &mut out).unwrap_err();
    frame(&vec![7; LONGEST + 1], &mut out).unwrap_err();
}

#[test]
fn the_atr_is_answered_before_power_and_changes_nothing() {
    let (_reader, mut reader, bridge, _told) = ready(card());
    let atr = reader.ask(ATR);
    assert_eq!(wire::atr::serial_of(&atr), Some([1, 2, 3, 4, 5, 6, 7, 8]));
    reader.send(ON);
    assert_eq!(reader.ask(READ), READS);
    let current = &[0x00, 0xB0, 0x00, 0x00, 0x04];
    for _ in 0..3 {
        assert_eq!(reader.ask(ATR), atr);
        assert_eq!(reader.ask(current), READS, "EF 0005 is still current");
    }
    assert_eq!(bridge.commands(), 4);
}

#[test]
fn power_off_power_on_and_reset_are_not_answered_and_forget() {
    let current: &[u8] = &[0x00, 0xB0, 0x00, 0x00, 0x04];
    for controls in [&[OFF, ON][..], &[ON], &[RESET], &[OFF], &[OFF, OFF, ON, RESET]] {
        let (_reader, mut reader, _bridge, _told) = ready(card());
        reader.send(ON);
        assert_eq!(reader.ask(READ), READS);
        assert_eq!(reader.ask(current), READS);
        for control in controls {
            reader.send(control);
        }
        reader.hears_nothing();
        assert_eq!(reader.ask(current), [0x6A, 0x82], "{controls:?}: no file is current");
        assert_eq!(reader.ask(READ), READS, "{controls:?}: what was written stays");
    }
}

/// A plain card that speaks T=0, with an external authentication key 01 of sixteen tries.
fn plain() -> Slot {
    let chip =
        Chip { kind: CardKind::Fmcos, suite: Suite::TripleDes, protocol: Protocol::T0, serial: [9; 8] };
    let mut slot = crate::in_memory(Image::manufacture(&chip, 2048, false));
    let key: &[u8] =
        &[&[0x80, 0xD4, 0x01, 0x01, 0x15, 0x39, 0xF0, 0xF2, 0x02, 0xFF], &[0x5A; 16][..]].concat();
    for command in [SCRIPT[0], SCRIPT[1], key] {
        assert_eq!(slot.transmit(command).unwrap(), OK, "{command:02X?}");
    }
    slot
}

#[test]
fn a_challenge_dies_at_every_reset_and_with_the_power() {
    let authenticate: &[u8] = &[0x00, 0x82, 0x00, 0x01, 0x08, 1, 2, 3, 4, 5, 6, 7, 8];
    let challenge: &[u8] = &[0x00, 0x84, 0x00, 0x00, 0x08];
    let (_reader, mut reader, _bridge, _told) = ready(plain());
    reader.send(ON);
    let without = reader.ask(authenticate);
    for control in [RESET, ON, OFF] {
        assert_eq!(reader.ask(challenge).len(), 10);
        assert_eq!(reader.ask(authenticate)[0], 0x63, "a wrong answer to a challenge");
        assert_eq!(reader.ask(challenge).len(), 10);
        reader.send(control);
        assert_eq!(reader.ask(authenticate), without, "no challenge");
    }
}

#[test]
fn an_answer_that_waits_for_get_response_dies_at_every_reset_and_with_the_power() {
    let (_reader, mut reader, _bridge, _told) = ready(plain());
    let select: &[u8] = &[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00];
    reader.send(ON);
    for control in [RESET, ON, OFF] {
        for lost in [false, true] {
            let [0x61, length] = reader.ask(select)[..] else { panic!("SELECT leaves something to fetch") };
            if lost {
                reader.send(control);
            }
            let got = reader.ask(&[0x00, 0xC0, 0x00, 0x00, length]);
            assert_eq!(got.len() == usize::from(length) + 2, !lost, "{control:?}: {got:02X?}");
        }
    }
}

#[test]
fn empty_messages_and_unknown_controls_are_ignored() {
    let (_reader, mut reader, bridge, _told) = ready(card());
    reader.send(ON);
    assert_eq!(reader.ask(READ), READS);
    reader.send(&[]);
    for byte in (3..=u8::MAX).filter(|byte| *byte != 4) {
        reader.send(&[byte]);
    }
    reader.send(&[]);
    reader.hears_nothing();
    assert_eq!(reader.ask(&[0x00, 0xB0, 0x00, 0x00, 0x04]), READS, "nor do they reset");
    assert_eq!(bridge.commands(), 2);
}

#[test]
fn commands_too_short_to_be_one_are_refused_by_the_card() {
    let (_reader, mut reader, _bridge, _told) = ready(card());
    assert_eq!(reader.ask(&[0x00, 0xA4]), [0x67, 0x00]);
    assert_eq!(reader.ask(&[0x00, 0xA4, 0x00]), [0x67, 0x00]);
    assert_eq!(reader.ask(READ), READS);
}

#[test]
fn a_message_may_come_byte_by_byte() {
    let (_reader, mut reader, _bridge, _told) = ready(card());
    for message in [ON, ATR, READ] {
        let bytes = [&(message.len() as u16).to_be_bytes(), message].concat();
        for byte in bytes {
            reader.0.write_all(&[byte]).unwrap();
            std::thread::sleep(Duration::from_millis(3));
        }
    }
    assert_eq!(reader.receive().first(), Some(&0x3B));
    assert_eq!(reader.receive(), READS);
}

#[test]
fn several_messages_may_come_at_once() {
    let (_reader, mut reader, _bridge, _told) = ready(card());
    let mut bytes = Vec::new();
    for message in [ON, READ, OFF, ON, UPDATE, READ, &[], ATR, &[0x55], READ] {
        bytes.extend_from_slice(&(message.len() as u16).to_be_bytes());
        bytes.extend_from_slice(message);
    }
    reader.0.write_all(&bytes).unwrap();
    for wanted in [READS, OK, READS] {
        assert_eq!(reader.receive(), wanted);
    }
    assert_eq!(reader.receive().first(), Some(&0x3B));
    assert_eq!(reader.receive(), READS);
    reader.hears_nothing();
}

#[test]
fn power_off_while_a_command_is_open_comes_after_its_answer() {
    let (_reader, mut reader, _bridge, _told) = ready(card());
    reader.send(ON);
    reader.send(READ);
    reader.send(OFF);
    assert_eq!(reader.receive(), READS);
    reader.hears_nothing();
    assert_eq!(reader.ask(&[0x00, 0xB0, 0x00, 0x00, 0x04]), [0x6A, 0x82]);
}

#[test]
fn the_longest_message_comes_through() {
    let (_reader, mut reader, _bridge, _told) = ready(card());
    let mut long = vec![0; LONGEST];
    long[..4].copy_from_slice(&[0x00, 0xD6, 0x85, 0x00]);
    assert_eq!(reader.ask(&long), [0x67, 0x00]);
    assert_eq!(reader.ask(READ), READS);
}

/// Both ends of a connection.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

#[test]
fn an_answer_is_one_segment() {
    let (ours, mut theirs) = pair();
    let mut line = Line::new(ours, true).unwrap();
    for size in [1, 2, 258, 1000] {
        line.send(&vec![0xA5; size]).unwrap();
        // One read sees it whole: it was one write into an empty stream.
        let mut bytes = [0; 2000];
        assert_eq!(theirs.read(&mut bytes).unwrap(), size + 2);
        assert_eq!(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])), size);
    }
}

#[test]
fn a_stream_that_ends_within_a_message_is_broken_between_two_it_is_closed() {
    for (bytes, whole) in [(&[][..], true), (&[0, 1, 4], true), (&[0], false), (&[0, 2, 4], false)] {
        let (ours, mut theirs) = pair();
        let mut line = Line::new(ours, true).unwrap();
        theirs.write_all(bytes).unwrap();
        drop(theirs);
        let end = loop {
            match line.receive() {
                Ok(Some(message)) => assert_eq!(message, ATR),
                other => break other.map(drop_bytes),
            }
        };
        assert_eq!(end.is_ok(), whole, "{bytes:?}: {end:?}");
    }
}

fn drop_bytes(message: Option<&[u8]>) -> bool {
    message.is_some()
}

#[test]
fn patience_keeps_what_has_come() {
    let (ours, mut theirs) = pair();
    let mut line = Line::new(ours, true).unwrap();
    line.patience(Some(Duration::from_millis(20))).unwrap();
    theirs.write_all(&[0, 5, 0x00]).unwrap();
    line.receive().unwrap_err();
    theirs.write_all(&READ[1..]).unwrap();
    line.patience(None).unwrap();
    assert_eq!(line.receive().unwrap(), Some(READ));
}

/// The driver's two writes without quick acknowledgement wait for a timer of some 40 ms, with it they do not.
#[cfg(target_os = "linux")]
#[test]
fn length_and_body_sent_apart_cost_no_timer() {
    use gridcard_vcard::vpcd::{Bridge, Settings};
    let round = |quick_ack| {
        let reader = super::Reader::new();
        let settings = Settings { quick_ack, ..super::settings(reader.address()) };
        let _bridge = Bridge::insert(card(), settings, drop).unwrap();
        let mut session = reader.card();
        // As the driver, which does not ask for its bytes to be sent at once.
        session.0.set_nodelay(false).unwrap();
        let mut times: Vec<Duration> = (0..41)
            .map(|_| {
                let begun = std::time::Instant::now();
                assert_eq!(session.ask(READ), READS);
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[20]
    };
    let (quick, slow) = (round(true), round(false));
    assert!(slow > quick * 5, "{quick:?} with, {slow:?} without: is the driver's habit still a trap?");
    assert!(quick < Duration::from_millis(15), "{quick:?}");
}
