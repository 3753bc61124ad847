//! Data for ports, in parts: split and put together again.

use core::time::Duration;
use gridcard_wire::sms::gather::{Bounds, Joiner};
use gridcard_wire::sms::parts;
use gridcard_wire::sms::port::{MOST, OF_EACH, Ports, WHOLE, split};
use gridcard_wire::sms::tpdu::UserData;
use proptest::prelude::*;

const PORTS: Ports = Ports { to: 0x1234, from: 0xABCD };
const START: Duration = Duration::ZERO;

fn data(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

fn read(octets: &[u8]) -> UserData {
    UserData::from_octets(octets, true).unwrap()
}

#[test]
fn headers_to_the_byte() {
    // 133 bytes beside the ports; one more, and there are two parts.
    let alone = split(&data(WHOLE), PORTS, 9).unwrap();
    assert_eq!((alone.len(), alone[0].len(), WHOLE), (1, 140, 133));
    assert_eq!(alone[0][..7], [0x06, 0x05, 0x04, 0x12, 0x34, 0xAB, 0xCD]);
    let two = split(&data(WHOLE + 1), PORTS, 9).unwrap();
    assert_eq!((two.len(), two[0].len(), OF_EACH), (2, 140, 128));
    assert_eq!(two[0][..12], [0x0B, 0x05, 0x04, 0x12, 0x34, 0xAB, 0xCD, 0x00, 0x03, 9, 2, 1]);
    assert_eq!(two[1][7..12], [0x00, 0x03, 9, 2, 2]);
    assert_eq!(split(&data(MOST * OF_EACH), PORTS, 0).unwrap().len(), 255);
    assert_eq!(split(&data(MOST * OF_EACH + 1), PORTS, 0), None);
}

#[test]
fn a_wide_reference_is_another_number_space() {
    let mut joiner = Joiner::default();
    let narrow = split(&data(200), PORTS, 7).unwrap();
    let wide = |sequence: u8, data: &[u8]| {
        [&[0x0C][..], &narrow[0][1..7], &[0x08, 4, 0, 7, 2, sequence], data].concat()
    };
    assert_eq!(joiner.take("a", &read(&narrow[0]), START), None);
    assert_eq!(joiner.take("a", &read(&wide(2, &data(200)[100..])), START), None);
    let whole = joiner.take("a", &read(&wide(1, &data(200)[..100])), START).unwrap();
    assert_eq!((whole.data, whole.parts), (data(200), 2));
    assert_eq!(joiner.take("a", &read(&narrow[1]), START).unwrap().data, data(200));
    assert_eq!(joiner.waiting(), 0);
}

#[test]
fn senders_and_ports_do_not_mix() {
    let mut joiner = Joiner::default();
    let parts = split(&data(200), PORTS, 7).unwrap();
    let other = split(&data(200), Ports { to: 1, from: 2 }, 7).unwrap();
    assert_eq!(joiner.take("a", &read(&parts[0]), START), None);
    assert_eq!(joiner.take("b", &read(&parts[1]), START), None);
    assert_eq!(joiner.take("a", &read(&other[1]), START), None);
    assert_eq!(joiner.take("b", &read(&parts[0]), START).unwrap().data, data(200));
    assert_eq!(joiner.take("a", &read(&parts[1]), START).unwrap().data, data(200));
}

#[test]
fn a_reference_that_is_used_anew_begins_anew() {
    let mut joiner = Joiner::default();
    let (old, new) = (data(200), data(201)[1..].to_vec());
    let (first, second) = (split(&old, PORTS, 7).unwrap(), split(&new, PORTS, 7).unwrap());
    assert_eq!(joiner.take("a", &read(&first[0]), START), None);
    assert_eq!(joiner.take("a", &read(&second[0]), START), None);
    assert_eq!(joiner.take("a", &read(&second[1]), START).unwrap().data, new);
}

#[test]
fn a_packet_in_two_parts_is_one_whichever_comes_first() {
    let packet = [&[0x02, 0x71, 0x00][..], &data(200)].concat();
    let two = parts::split(&packet, 5).unwrap();
    for order in [[0, 1], [1, 0]] {
        let mut joiner = Joiner::default();
        assert_eq!(joiner.take("a", &read(&two[order[0]]), START), None);
        let whole = joiner.take("a", &read(&two[order[1]]), START).unwrap();
        assert_eq!((whole.packet, whole.ports, whole.data), (Some(0x71), None, data(200)));
    }
    let short = [&[0x02, 0x71, 0x00][..], &data(100)].concat();
    let whole = Joiner::default().take("a", &read(&short), START).unwrap();
    assert_eq!((whole.packet, whole.data, whole.parts), (Some(0x71), data(100), 1));
}

#[test]
fn what_waits_too_long_is_forgotten() {
    let mut joiner = Joiner::default();
    let parts = split(&data(200), PORTS, 7).unwrap();
    assert_eq!(joiner.take("a", &read(&parts[0]), START), None);
    assert_eq!(joiner.waiting(), OF_EACH);
    let late = Bounds::default().patience;
    assert_eq!(joiner.take("a", &read(&parts[1]), late), None);
    assert_eq!(joiner.waiting(), 200 - OF_EACH);
}

#[test]
fn strangers_fill_no_memory_and_push_out_their_own_first() {
    let bounds = Bounds { bytes: 10 * OF_EACH, ..Bounds::default() };
    let mut joiner = Joiner::new(bounds);
    let parts = split(&data(200), PORTS, 7).unwrap();
    assert_eq!(joiner.take("honest", &read(&parts[0]), START), None);
    for reference in 0..=255 {
        let flood = split(&data(300), PORTS, reference).unwrap();
        assert_eq!(joiner.take("stranger", &read(&flood[0]), START), None);
        assert!(joiner.waiting() <= 5 * OF_EACH);
    }
    assert_eq!(joiner.take("honest", &read(&parts[1]), START).unwrap().data, data(200));
    for sender in 0..1000 {
        let flood = split(&data(300), PORTS, 0).unwrap();
        assert_eq!(joiner.take(&sender.to_string(), &read(&flood[0]), START), None);
        assert!(joiner.waiting() <= bounds.bytes);
    }
}

proptest! {
    /// Parts lost come again, parts doubled count once, and in whatever order they come the message is the one that was sent.
    #[test]
    fn any_order(lens in prop::collection::vec(0usize..600, 1..4), doubled in any::<bool>(), seed in any::<u64>()) {
        let mut sent = Vec::new();
        for (n, len) in lens.iter().enumerate() {
            for part in split(&data(*len), PORTS, n as u8).unwrap() {
                sent.push((n, part));
            }
        }
        let count = sent.len();
        for at in 0..count {
            sent.swap(at, (seed as usize).wrapping_mul(at + 7) % count);
        }
        if doubled {
            sent = sent.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
        }
        let mut joiner = Joiner::default();
        let mut found = vec![None; lens.len()];
        for (n, part) in &sent {
            if let Some(whole) = joiner.take("a", &read(part), START) {
                found[*n] = Some(whole.data);
            }
        }
        let expected: Vec<_> = lens.iter().map(|len| Some(data(*len))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nothing_that_comes_panics(octets in prop::collection::vec(any::<u8>(), 0..=140)) {
        let mut joiner = Joiner::default();
        if let Ok(user_data) = UserData::from_octets(&octets, true) {
            let _ = joiner.take("a", &user_data, START);
            prop_assert!(joiner.waiting() <= 140);
        }
    }
}
