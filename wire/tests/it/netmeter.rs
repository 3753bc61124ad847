//! Frames of a meter that calls its server [docs/specs/netmeter.md 2].

use gridcard_wire::dlt645::{Address, Frame, function};
use gridcard_wire::netmeter::{Heard, Hearing, LinkAct, LinkFrame};

const METER: Address = Address([0x26, 0x11, 0x00, 0x00, 0x00, 0x01]);

fn read(text: &str) -> Vec<Heard> {
    Hearing::default().push(&hex::decode(text.replace(' ', "")).unwrap())
}

/// What programs of the field say they send and get: a login, its answer, a heartbeat, its answer.
#[test]
fn frames_of_the_field() {
    let of = |act, sequence, terminal: [u8; 5]| {
        vec![Heard::Link(LinkFrame { act, terminal, sequence, number: None })]
    };
    let known = [
        (
            "68 32 00 32 00 68 C9 00 02 34 12 00 02 71 00 00 01 00 85 16",
            LinkAct::Login,
            1,
            [0, 2, 0x34, 0x12, 0],
        ),
        (
            "68 32 00 32 00 68 0B 00 02 34 12 00 00 61 00 00 01 00 B5 16",
            LinkAct::Confirm,
            1,
            [0, 2, 0x34, 0x12, 0],
        ),
        (
            "68 32 00 32 00 68 C9 00 02 34 12 00 02 71 00 00 04 00 88 16",
            LinkAct::Beat,
            1,
            [0, 2, 0x34, 0x12, 0],
        ),
        (
            "68 32 00 32 00 68 C9 03 41 A9 F9 00 02 7F 00 00 04 00 34 16",
            LinkAct::Beat,
            15,
            [3, 0x41, 0xA9, 0xF9, 0],
        ),
        (
            "68 32 00 32 00 68 C9 21 05 AA AA 00 02 79 00 00 01 00 BF 16",
            LinkAct::Login,
            9,
            [0x21, 5, 0xAA, 0xAA, 0],
        ),
    ];
    for (text, act, sequence, terminal) in known {
        assert_eq!(read(text), of(act, sequence, terminal), "{text}");
        let Some(Heard::Link(frame)) = read(text).pop() else { panic!("{text}") };
        let bytes = frame.to_bytes();
        assert_eq!(hex::encode_upper(bytes), text.replace(' ', ""));
    }
    // A server's longer word for a heartbeat.
    let longer = "68 4A 00 4A 00 68 0B 20 21 07 00 00 00 61 00 00 04 00 02 00 00 04 00 00 BE 16";
    assert_eq!(read(longer), of(LinkAct::Confirm, 1, [0x20, 0x21, 7, 0, 0]));
}

/// A login of ours has the whole number; the other frames have none.
#[test]
fn what_a_meter_says() {
    let login = LinkFrame::of_meter(LinkAct::Login, METER, 3);
    assert_eq!(hex::encode_upper(login.to_bytes()), "684A004A0068C901000000000273000001000100000011267816");
    for act in [LinkAct::Login, LinkAct::Beat, LinkAct::Logout] {
        let frame = LinkFrame::of_meter(act, METER, 0x13);
        assert_eq!(frame.sequence, 3);
        assert_eq!(frame.number, (act == LinkAct::Login).then_some(METER.0));
        assert_eq!(Hearing::default().push(&frame.to_bytes()), [Heard::Link(frame)]);
        let confirmed = frame.confirmed();
        assert_eq!((confirmed.act, confirmed.terminal), (LinkAct::Confirm, frame.terminal));
        assert_eq!(Hearing::default().push(&confirmed.to_bytes()), [Heard::Link(confirmed)]);
    }
}

/// Both kinds on one line, cut at every byte, with noise between, each broken at every byte: what is whole is found, what is not is passed over.
#[test]
fn two_protocols_on_one_line() {
    let link = LinkFrame::of_meter(LinkAct::Login, METER, 1);
    let ask = Frame::request(METER, function::READ, vec![0, 2, 0x90, 0]).to_bytes().unwrap();
    let line = [&[0xFE, 0xFE][..], &ask, &link.to_bytes(), &[0x68, 0x68, 0x00], &ask, &ask, &link.to_bytes()]
        .concat();
    let wanted = [
        Heard::Meter(ask.clone()),
        Heard::Link(link),
        Heard::Meter(ask.clone()),
        Heard::Meter(ask.clone()),
        Heard::Link(link),
    ];
    for cut in 0..line.len() {
        let mut hearing = Hearing::default();
        let mut found = hearing.push(&line[..cut]);
        found.extend(hearing.push(&line[cut..]));
        found.extend(hearing.silence());
        assert_eq!(found, wanted, "cut at {cut}");
    }
    for bent in 0..link.to_bytes().len() {
        let mut first = link.to_bytes();
        first[bent] ^= 0x10;
        let mut hearing = Hearing::default();
        let mut found = hearing.push(&[first, ask.clone()].concat());
        found.extend(hearing.silence());
        assert_eq!(found.last(), Some(&Heard::Meter(ask.clone())), "bent at {bent}");
        assert!(!found.contains(&Heard::Link(link)), "bent at {bent}");
    }
}

/// A number in which a frame of the link seems to begin is still a number.
#[test]
fn a_number_that_looks_like_the_other_protocol() {
    let meter = Address([0x11, 0x68, 0x00, 0x32, 0x00, 0x32]);
    let ask = Frame::request(meter, function::READ, vec![0, 2, 0x90, 0]).to_bytes().unwrap();
    assert_eq!(ask[5], 0x68);
    assert_eq!(Hearing::default().push(&ask), [Heard::Meter(ask)]);
}

/// Noise is counted until something whole comes, and nothing is kept of it.
#[test]
fn noise_is_counted() {
    let mut hearing = Hearing::default();
    assert_eq!(hearing.push(&[0x55; 2000]), []);
    assert_eq!(hearing.noise(), 2000);
    // A length that no terminal sends.
    hearing.push(&hex::decode("68FFFFFFFF68C9").unwrap());
    hearing.silence();
    assert_eq!(hearing.noise(), 2007);
    hearing.push(&LinkFrame::of_meter(LinkAct::Beat, METER, 0).to_bytes());
    assert_eq!(hearing.noise(), 0);
}
