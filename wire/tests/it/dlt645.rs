//! Frames of DL/T 645-2007: known layouts, and lines that cut, join and spoil them.

use gridcard_wire::dlt645::{Address, Control, FRAME_MAX, Frame, FrameError, Identifier, Receiver, function};
use proptest::prelude::*;

const METER: Address = Address([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn rev(text: &str) -> Vec<u8> {
    let mut bytes = bytes(text);
    bytes.reverse();
    bytes
}

/// DI, operator 00000001 (least significant byte first), fields, each turned round.
fn secure(identifier: u32, fields: &[&str]) -> Vec<u8> {
    let mut data = Identifier(identifier).bytes().to_vec();
    data.extend([1, 0, 0, 0]);
    fields.iter().for_each(|field| data.extend(rev(field)));
    data
}

fn answered(identifier: u32, fields: &[&str]) -> Vec<u8> {
    let mut data = Identifier(identifier).bytes().to_vec();
    fields.iter().for_each(|field| data.extend(rev(field)));
    data
}

/// Frames whose layout is known, made here and read back [docs/specs/dlt645.md 5].
#[test]
fn known_frames_are_made_and_read() {
    let request = |function, data| Frame::request(METER, function, data);
    let answer = |data| Frame { address: METER, control: Control::answer(function::SECURITY, false), data };
    let refusal = |serr: u16| Frame {
        address: METER,
        control: Control::refusal(function::SECURITY),
        data: serr.to_le_bytes().to_vec(),
    };
    let (rand1, cipher, rand2) = ("A0A1A2A3A4A5A6A7", "C0C1C2C3C4C5C6C7", "B0B1B2B3");
    let number = "E0E1E2E3E4E5E6E7";
    let table = [
        (
            "read address",
            Frame::request(Address::WILDCARD, function::READ_ADDRESS, vec![]),
            "68AAAAAAAAAAAA681300DF16",
        ),
        (
            "read 00010000",
            Frame::request(Address::WILDCARD, function::READ, Identifier(0x0001_0000).bytes().to_vec()),
            "68AAAAAAAAAAAA68110433333433AE16",
        ),
        (
            "identity",
            request(function::SECURITY, secure(0x0700_00FF, &[cipher, rand1, "0000123456789012"])),
            "681290785634126803203233333A34333333FAF9F8F7F6F5F4F3DAD9D8D7D6D5D4D345C3AB8967453333FE16",
        ),
        (
            "identity answer",
            answer(answered(0x0700_00FF, &[rand2, number])),
            "681290785634126883103233333AE6E5E4E31A191817161514133116",
        ),
        ("identity refused", refusal(1 << 3), "6812907856341268C3023B33B916"),
        (
            "validity 30 min",
            request(function::SECURITY, secure(0x0700_01FF, &["0030", "D0D1D2D3"])),
            "68129078563412680\
             30E3234333A34333333633306050403DF16",
        ),
        (
            "recharge 100.00, count 2",
            request(
                function::SECURITY,
                secure(0x0701_02FF, &["00002710", "00000002", "D0D1D2D3", "330200001234", "D4D5D6D7"]),
            ),
            "6812907856341268031E3235343A34333333435A333335333333060504036745333335660A090807FB16",
        ),
        ("recharge done", answer(answered(0x0701_02FF, &[])), "681290785634126883043235343AE216"),
        ("suspended", refusal(1 << 8), "6812907856341268C3023334B216"),
        (
            "status request",
            request(function::SECURITY, secure(0x0781_02FF, &[])),
            "681290785634126803083235B43A34333333B316",
        ),
        (
            "status answer",
            answer(answered(
                0x0781_02FF,
                &["00003A98", "D0D1D2D3", "00000002", "D4D5D6D7", "330200001234", "00000000"],
            )),
            "681290785634126883\
             1E3235B43ACB6D333306050403353333330A090807674533333566333333339516",
        ),
        (
            "control done",
            Frame { address: METER, control: Control::answer(function::CONTROL, false), data: vec![] },
            "68129078563412689C002216",
        ),
    ];
    for (name, frame, line) in table {
        let line = bytes(line);
        assert_eq!(hex::encode_upper(frame.to_bytes().unwrap()), hex::encode_upper(&line), "{name}");
        assert_eq!(Receiver::new().push(&line), [Ok(frame)], "{name}");
    }
}

#[test]
fn addresses_reach_whom_they_name() {
    let by_tail = Address([0xAA, 0xAA, 0xAA, 0xAA, 0x90, 0x12]);
    assert!(METER.reaches(METER));
    assert!(Address::WILDCARD.reaches(METER));
    assert!(by_tail.reaches(METER));
    assert!(!Address([0xAA, 0xAA, 0xAA, 0xAA, 0x90, 0x13]).reaches(METER));
    // AA behind a digit is no wildcard, and the broadcast is nobody's address.
    assert!(!Address([0x12, 0x34, 0x56, 0x78, 0xAA, 0xAA]).reaches(METER));
    assert!(!Address::BROADCAST.reaches(METER));
    assert_eq!(METER.to_string(), "123456789012");
}

#[test]
fn the_control_byte_says_who_speaks_and_how() {
    let more = Control::answer(function::READ, true);
    assert_eq!(
        (more.0, more.function(), more.is_answer(), more.is_refusal(), more.has_more()),
        (0xB1, 0x11, true, false, true)
    );
    let no = Control::refusal(function::WRITE);
    assert_eq!(
        (no.0, no.function(), no.is_answer(), no.is_refusal(), no.has_more()),
        (0xD4, 0x14, true, true, false)
    );
    assert!(!Control::request(function::READ).is_answer());
}

#[test]
fn what_is_too_long_is_no_frame() {
    let frame = Frame::request(METER, function::READ, vec![0; 255]);
    assert_eq!(frame.to_bytes().unwrap().len(), FRAME_MAX);
    assert_eq!(Frame::request(METER, function::READ, vec![0; 256]).to_bytes(), Err(FrameError::TooLong(256)));
}

#[test]
fn a_broken_frame_says_what_is_wrong_and_takes_none_with_it() {
    let good = Frame::request(METER, function::READ, vec![0, 0, 1, 0]);
    let line = good.to_bytes().unwrap();
    let mut sum = line.clone();
    sum[14] ^= 1;
    let wanted = line[14];
    let found = Receiver::new().push(&[sum, line.clone()].concat());
    assert_eq!(found, [Err(FrameError::Sum { found: wanted ^ 1, wanted }), Ok(good.clone())]);
    let mut end = line.clone();
    end[15] = 0x17;
    // Here the second 68 of the broken frame and the first of the next stand as in a frame; that none follows is known when the
    // line has been silent.
    let mut receiver = Receiver::new();
    assert_eq!(receiver.push(&[end, line.clone()].concat()), [Err(FrameError::End(0x17))]);
    assert_eq!(receiver.silence(), [Ok(good.clone())]);
    // A length that promises more than comes: the frame inside is there once the line has been silent.
    let mut long = line.clone();
    long[9] = 0xFF;
    let mut receiver = Receiver::new();
    assert_eq!(receiver.push(&[long, line].concat()), []);
    assert!(receiver.is_waiting());
    assert_eq!(receiver.silence(), [Ok(good)]);
    assert!(!receiver.is_waiting());
}

fn frame() -> impl Strategy<Value = Frame> {
    (any::<[u8; 6]>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..=255)).prop_map(
        |(address, control, data)| Frame { address: Address(address), control: Control(control), data },
    )
}

/// Noise in which no frame begins.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>().prop_map(|byte| if byte == 0x68 { 0xFE } else { byte }), 0..8)
}

proptest! {
    /// However the line is cut into pieces, and whatever stands between frames, each comes out once and in order.
    #[test]
    fn frames_come_out_of_any_pieces(frames in prop::collection::vec((frame(), noise()), 0..5), cuts in prop::collection::vec(1_usize..40, 1..80)) {
        let mut line = Vec::new();
        for (frame, noise) in &frames {
            line.extend(noise);
            line.extend(frame.to_bytes().unwrap());
        }
        let mut receiver = Receiver::new();
        let (mut found, mut rest, mut cuts) = (Vec::new(), line.as_slice(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            found.extend(receiver.push(now));
            rest = later;
        }
        let wanted: Vec<_> = frames.into_iter().map(|(frame, _)| Ok(frame)).collect();
        prop_assert_eq!(found, wanted);
    }

    /// A frame with one byte changed is never taken for another of the same length.
    #[test]
    fn a_changed_byte_is_noticed(frame in frame(), at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut line = frame.to_bytes().unwrap();
        let at = at.index(line.len());
        line[at] ^= change;
        let mut receiver = Receiver::new();
        let mut found = receiver.push(&line);
        found.extend(receiver.silence());
        for frame in found.into_iter().flatten() {
            prop_assert!(frame.to_bytes().unwrap().len() < line.len(), "a whole frame: {frame:?}");
        }
    }

    /// Whatever comes, and however much of it, is held in little room and upsets nobody.
    #[test]
    fn no_line_upsets_the_receiver(line in prop::collection::vec(prop_oneof![Just(0x68_u8), Just(0x16), any::<u8>()], 0..2000)) {
        let mut receiver = Receiver::new();
        for frame in receiver.push(&line).into_iter().flatten() {
            prop_assert!(frame.data.len() <= 255);
        }
        receiver.silence();
        prop_assert!(!receiver.is_waiting());
    }
}
