//! Long messages put together, and the outside of packets.

use crate::unhex;
use gridcard_wire::sms::content::Ours;
use gridcard_wire::sms::join::{Joined, Piece, alone, join};
use gridcard_wire::sms::outside::Outside;
use gridcard_wire::sms::parts;
use gridcard_wire::sms::record::{RecordStatus, SmsRecord};
use gridcard_wire::sms::tpdu::{Deliver, Direction, Tpdu};
use proptest::prelude::*;

/// A received message of this sender (its digits swapped), coding and user data from UDL on.
fn received(sender: &str, dcs: u8, header: bool, from_udl: &[u8]) -> SmsRecord {
    let mut bytes = vec![if header { 0x44 } else { 0x04 }, sender.len() as u8, 0x91];
    bytes.extend(unhex(sender));
    bytes.extend([0x00, dcs, 0x62, 0x11, 0x22, 0x60, 0x03, 0x00, 0x23]);
    bytes.extend_from_slice(from_udl);
    let (tpdu, used) = Tpdu::parse(&bytes, Direction::FromNetwork).unwrap();
    assert_eq!(used, bytes.len());
    SmsRecord { status: RecordStatus::Read, service_centre: None, tpdu }
}

/// A part in UCS2: reference, total, sequence, text.
fn part(sender: &str, [reference, total, sequence]: [u8; 3], text: &str) -> SmsRecord {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    raw_part(sender, 0x08, &[0x00, 0x03, reference, total, sequence], &units)
}

fn raw_part(sender: &str, dcs: u8, element: &[u8], body: &[u8]) -> SmsRecord {
    let mut data = vec![(1 + element.len() + body.len()) as u8, element.len() as u8];
    data.extend_from_slice(element);
    data.extend_from_slice(body);
    received(sender, dcs, true, &data)
}

fn text(joined: &Joined) -> String {
    let say = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Data(bytes) => hex::encode_upper(bytes),
        Piece::Missing(part) => format!("<{part}>"),
    };
    joined.pieces.iter().map(say).collect()
}

/// "hellohello" is the published example of packing; 48 65 6C 6C 6F is the same word in 8 bits.
#[test]
fn every_alphabet_is_read() {
    for (dcs, from_udl, wanted) in [
        (0x00, "0A E8329BFD4697D9EC37", Piece::Text("hellohello".into())),
        // escape and 65: the euro of the extension table; then 2F
        (0x00, "03 9BF20B", Piece::Text("€/".into())),
        (0x08, "06 4F60 597D D83D", Piece::Text("你好\u{FFFD}".into())),
        (0x04, "05 48656C6C6F", Piece::Text("Hello".into())),
        (0x04, "05 48656C6C00", Piece::Data(unhex("48656C6C00"))),
        (0xF6, "03 010203", Piece::Data(vec![1, 2, 3])),
        (0x04, "00", Piece::Data(vec![])),
        // compressed: no text, whatever it looks like
        (0x24, "05 48656C6C6F", Piece::Data(unhex("48656C6C6F"))),
    ] {
        let record = received("2143", dcs, false, &unhex(from_udl));
        assert_eq!(alone(&record), wanted, "{dcs:02X} {from_udl}");
    }
}

#[test]
fn parts_are_put_in_order_and_gaps_are_named() {
    let records = [
        (2, part("2143", [7, 3, 2], "two ")),
        (3, received("2143", 0x00, false, &unhex("0AE8329BFD4697D9EC37"))),
        (5, part("2143", [7, 3, 1], "one ")),
        (6, part("2143", [8, 3, 2], "alone")),
        (9, part("2143", [7, 3, 3], "three")),
    ];
    let joined = join(&records);
    let found: Vec<_> = joined.iter().map(|m| (m.records.clone(), m.total, text(m))).collect();
    assert_eq!(
        found,
        [
            (vec![5, 2, 9], 3, "one two three".to_owned()),
            (vec![3], 1, "hellohello".to_owned()),
            (vec![6], 3, "<1>alone<3>".to_owned()),
        ]
    );
    assert_eq!(joined[2].missing().collect::<Vec<_>>(), [1, 3]);
}

/// Another sender, another number of parts, a wide reference, or a part that is there already: another message.
#[test]
fn strangers_are_kept_apart() {
    let wide = raw_part("2143", 0x08, &[0x08, 0x04, 0x00, 7, 2, 2], &unhex("0057"));
    let records = [
        (1, part("2143", [7, 2, 1], "A")),
        (2, part("2153", [7, 2, 2], "B")),
        (3, part("2143", [7, 3, 2], "C")),
        (4, wide),
        (5, part("2143", [7, 2, 1], "A'")),
        (6, part("2143", [7, 2, 2], "D")),
        (7, part("2143", [7, 1, 1], "whole")),
        (8, part("2143", [7, 1, 1], "whole")),
    ];
    let found: Vec<_> = join(&records).iter().map(|m| (m.records.clone(), text(m))).collect();
    let wanted = [
        (vec![1, 6], "AD"),
        (vec![2], "<1>B"),
        (vec![3], "<1>C<3>"),
        (vec![4], "<1>W"),
        (vec![5], "A'<2>"),
        (vec![7], "whole"),
        (vec![8], "whole"),
    ];
    assert_eq!(found, wanted.map(|(records, text)| (records, text.to_owned())));
}

/// Of two places in a header the last one counts; a half octet that is no part of the number makes no other sender.
#[test]
fn parts_are_known_by_what_counts() {
    let doubled = [0x00, 0x03, 7, 3, 3, 0x08, 0x04, 0x01, 0x02, 2, 1];
    let joined = join(&[
        (1, raw_part("2143F5", 0x08, &doubled, &unhex("0041"))),
        (2, raw_part("2143F5", 0x08, &[0x08, 0x04, 0x01, 0x02, 2, 2], &unhex("0042"))),
    ]);
    assert_eq!((joined.len(), text(&joined[0])), (1, "AB".to_owned()));
    let odd = |unused: &str, sequence: u8| {
        let mut bytes = unhex("4405912143");
        bytes.extend(unhex(unused));
        bytes.extend(unhex("0008 62112260030023"));
        bytes.extend([8, 0x05, 0x00, 0x03, 9, 2, sequence, 0x00, 0x40 + sequence]);
        let (tpdu, used) = Tpdu::parse(&bytes, Direction::FromNetwork).unwrap();
        assert_eq!(used, bytes.len());
        SmsRecord { status: RecordStatus::Read, service_centre: None, tpdu }
    };
    let joined = join(&[(1, odd("F5", 1)), (2, odd("05", 2))]);
    assert_eq!((joined.len(), text(&joined[0])), (1, "AB".to_owned()));
}

/// A surrogate pair and an escape that two parts share; another alphabet half-way.
#[test]
fn characters_may_cross_parts() {
    let half = |sequence, body: &str| raw_part("2143", 0x08, &[0x00, 0x03, 1, 2, sequence], &unhex(body));
    let joined = join(&[(1, half(1, "0041D83D")), (2, half(2, "DE00"))]);
    assert_eq!(text(&joined[0]), "A😀");
    // seven septets of header and fill, then 1B; and in the next part 65
    let septet = |sequence: u8, septet: u8| {
        let mut data = vec![8, 0x05, 0x00, 0x03, 1, 2, sequence];
        data.push(septet << 1); // one fill bit behind a header of six octets
        received("2143", 0x00, true, &data)
    };
    assert_eq!(text(&join(&[(1, septet(1, 0x1B)), (2, septet(2, 0x65))])[0]), "€");
    let mixed = join(&[(1, half(1, "0041")), (2, raw_part("2143", 0x04, &[0x00, 0x03, 1, 2, 2], &[0x01]))]);
    assert_eq!(mixed[0].pieces, [Piece::Text("A".into()), Piece::Data(vec![1])]);
}

/// The published packets of SPI 0619 and of a response, and ours.
#[test]
fn the_outside_of_packets_is_read() {
    let packet = "02700000201506193535B00011AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F";
    let data = unhex(packet);
    let mut from_udl = vec![data.len() as u8];
    from_udl.extend(&data);
    let record = received("2143", 0xF6, true, &from_udl);
    let wanted =
        Outside::Command { length: 0x20, spi: [0x06, 0x19], kic: 0x35, kid: 0x35, tar: [0xB0, 0x00, 0x11] };
    assert_eq!(Outside::of(&record.tpdu), Some(wanted));
    assert_eq!(Ours::of(&record.tpdu), None);
    assert!(matches!(alone(&record), Piece::Data(_)));
    let answer = unhex("027100000E0AB0001100000000000000016132");
    let mut from_udl = vec![answer.len() as u8];
    from_udl.extend(&answer);
    let record = received("2143", 0xF6, true, &from_udl);
    let wanted = Outside::Response { length: 0x0E, tar: [0xB0, 0x00, 0x11] };
    assert_eq!(Outside::of(&record.tpdu), Some(wanted));
    for (dcs, header, from_udl) in
        [(0xF6, true, "05 02 70 00 00 20"), (0xF6, false, "03 010203"), (0x00, false, "01 41")]
    {
        assert_eq!(Outside::of(&received("2143", dcs, header, &unhex(from_udl)).tpdu), None);
    }
    // the first of two segments is an order's, the second is nobody's by itself
    let mut data = unhex("07 00 03 05 02 01 70 00");
    data.extend(unhex("0018 15 1639 15 15 475243 00"));
    let mut from_udl = vec![data.len() as u8];
    from_udl.extend(&data);
    let one = received("2143", 0xF6, true, &from_udl);
    let two = raw_part("2143", 0xF6, &[0x00, 0x03, 5, 2, 2], &[0xAA]);
    assert_eq!((Ours::of(&one.tpdu), Ours::of(&two.tpdu)), (Some(Ours::Order), None));
    assert!(parts::belong(&one.tpdu, &two.tpdu) && !parts::belong(&two.tpdu, &one.tpdu));
    let joined = join(&[(4, two), (7, one)]);
    assert_eq!(joined[0].records, [7, 4]);
}

proptest! {
    /// However a text is cut and in whatever order its parts lie, it is read whole.
    #[test]
    fn any_text_in_any_order(
        text_in in "[ -~äöü你好]{0,200}",
        size in 1usize..60,
        swaps in prop::collection::vec((0usize..50, 0usize..50), 0..40),
    ) {
        let units: Vec<u16> = text_in.encode_utf16().collect();
        let chunks: Vec<&[u16]> = units.chunks(size).collect();
        prop_assume!(chunks.len() > 1);
        let mut records: Vec<(u8, SmsRecord)> = Vec::new();
        for (n, chunk) in chunks.iter().enumerate() {
            let body: Vec<u8> = chunk.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            let element = [0x00, 0x03, 9, chunks.len() as u8, n as u8 + 1];
            records.push((n as u8 + 1, raw_part("2143", 0x08, &element, &body)));
        }
        for (a, b) in swaps {
            let len = records.len();
            records.swap(a % len, b % len);
        }
        for (n, (number, _)) in records.iter_mut().enumerate() {
            *number = n as u8 + 1;
        }
        let joined = join(&records);
        prop_assert_eq!(joined.len(), 1);
        prop_assert_eq!(text(&joined[0]), text_in);
        // one part taken away is one part named
        let taken = records.remove(0);
        let joined = join(&records);
        prop_assert_eq!(joined[0].missing().count(), 1, "{:?}", taken.0);
    }

    /// Records of any bytes are put together without a panic, and every record is in exactly one message.
    #[test]
    fn nothing_gets_lost(
        parts in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
    ) {
        let mut records = Vec::new();
        for (n, (dcs, reference, total, sequence, body)) in parts.into_iter().enumerate() {
            let mut bytes = vec![0x44, 0x04, 0x91, 0x21, 0x43, 0x00, dcs, 0x62, 0x11, 0x22, 0x60, 0x03, 0x00, 0x23];
            let octets = 6 + body.len();
            bytes.push(octets as u8);
            bytes.extend([0x05, 0x00, 0x03, reference % 2, total % 5, sequence % 5]);
            bytes.extend(&body);
            if let Ok((deliver, _)) = Deliver::parse(&bytes) {
                let tpdu = Tpdu::Deliver(deliver);
                records.push((n as u8 + 1, SmsRecord { status: RecordStatus::Unread, service_centre: None, tpdu }));
            }
        }
        let mut seen: Vec<u8> = join(&records).into_iter().flat_map(|message| message.records).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, records.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    }
}
