//! Meters at a plug and on a line of their own, in memory: the conformance script of the sub-board's page, boards that are pulled at every byte and
//! boards that lie; lines that break in a purchase.

use crate::Place;
use gridcard_world::far::BAY;
use parties::Deed;
use parties::meters::NearBoard;
use reader::subboard::{BoardError, Plugged};
use scheme::Fault;
use scheme::money::Fen;
use std::time::Duration;
use wire::ByteLink;
use wire::dlt645::{Address, Frame, function};
use wire::subboard::{BoardFrame, can, kind, result};

const SCRIPT: &str = include_str!("../../../examples/subboard.txt");

/// All that a meter says to bytes, and to the silence after them.
fn said(plug: &mut NearBoard<'_>, bytes: &[u8]) -> String {
    let mut out = Vec::new();
    for bytes in [bytes, &[]] {
        plug.send(bytes).unwrap();
        let mut buffer = [0; 512];
        loop {
            match plug.receive(&mut buffer, Duration::ZERO).unwrap() {
                0 => break,
                length => out.extend_from_slice(&buffer[..length]),
            }
        }
    }
    hex::encode_upper(out)
}

/// The file of a new order for the town's first customer.
fn order(place: &Place) -> Vec<u8> {
    place.sell(&place.people()[0], Fen(50_00)).unwrap();
    let name = place.world().post().arrived().unwrap();
    place.world().act(Deed::Look, |session| Ok(session.carrier.fetch(&name)?.to_text().into_bytes())).unwrap()
}

fn purse(place: &Place) -> (u32, u32) {
    let shown = place.meter(&place.people()[0]).unwrap();
    (shown.total_credited_fen.0, shown.count)
}

/// Plugs a board into the first customer's meter.
fn plugged<T>(place: &Place, with: impl FnOnce(&mut NearBoard<'_>) -> T) -> T {
    let meter = place.people()[0].meter;
    let done = place.world().act(Deed::Look, |session| {
        let mut plug = NearBoard::open(session, meter)?;
        let done = with(&mut plug);
        plug.close()?;
        Ok(done)
    });
    done.unwrap()
}

fn brought(place: &Place, file: &[u8]) -> Result<Vec<u8>, BoardError> {
    plugged(place, |plug| Plugged::hello(plug, 1, can::ORDERS)?.order(file.to_vec()))
}

/// The page's own script: the meter says what it says, byte for byte, and nothing where it is silent.
#[test]
fn the_script_of_the_page() {
    let place = Place::settled(1);
    let file = order(&place);
    brought(&place, &file).unwrap();
    plugged(&place, |plug| {
        let (mut asked, mut wanted, mut checks) = (Vec::new(), String::new(), 0);
        let lines = SCRIPT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines.chain(["> "]) {
            let bytes = line[1..].replace(' ', "");
            match &line[..1] {
                ">" => {
                    if !asked.is_empty() {
                        assert_eq!(said(plug, &asked), wanted, "to {}", hex::encode_upper(&asked));
                        checks += 1;
                    }
                    (asked, wanted) = (hex::decode(bytes).unwrap(), String::new());
                }
                "<" => wanted += &bytes,
                _ => assert_eq!(wanted, "", "silence stands alone"),
            }
        }
        assert!(checks > 25, "{checks}");
    });
}

/// A board is pulled at every byte of hello and order, each time while another one follows: one credit, and the same receipt.
#[test]
fn a_board_pulled_at_every_byte() {
    let place = Place::settled(1);
    let file = order(&place);
    let before = purse(&place);
    let hello = BoardFrame { kind: kind::HELLO, sequence: 1, payload: vec![1, 1, 1, can::ORDERS] };
    let brings = BoardFrame { kind: kind::ORDER, sequence: 2, payload: file.clone() };
    let bytes = [hello.to_bytes().unwrap(), brings.to_bytes().unwrap()].concat();
    for cut in (0..bytes.len()).step_by(7).chain(bytes.len() - 8..bytes.len()) {
        plugged(&place, |plug| said(plug, &bytes[..cut]));
        assert_eq!(purse(&place), before, "cut at {cut}");
    }
    // The last byte is there, and the answer is lost.
    plugged(&place, |plug| plug.send(&bytes).unwrap());
    assert_eq!(purse(&place), (before.0 + 50_00, before.1 + 1));
    let receipt = brought(&place, &file).unwrap();
    assert_eq!(brought(&place, &file).unwrap(), receipt, "the same once more");
    assert_eq!(purse(&place), (before.0 + 50_00, before.1 + 1));
    // Each byte of the file changed: it is not taken.
    let second = order(&place);
    for bent in (0..second.len()).step_by(29) {
        let mut file = second.clone();
        file[bent] ^= 0x01;
        let _ = brought(&place, &file);
        let (credited, count) = purse(&place);
        assert!(
            (credited, count) == (before.0 + 50_00, before.1 + 1)
                || (credited, count) == (before.0 + 100_00, before.1 + 2),
            "bent at {bent}"
        );
    }
    brought(&place, &second).unwrap();
    assert_eq!(purse(&place), (before.0 + 100_00, before.1 + 2));
}

/// A board that says it is a wire gets no more than who stands before the meter; one that says it does nothing does nothing.
#[test]
fn boards_that_lie() {
    let place = Place::settled(2);
    let file = order(&place);
    let (own, other) = (place.people()[0].meter, place.people()[1].meter);
    let customer =
        Frame::request(Address(own.0), function::READ, vec![0x0E, 0x04, 0x00, 0x04]).to_bytes().unwrap();
    let identity = [vec![0xFF, 0x00, 0x00, 0x07, 1, 0, 0, 0], vec![0; 24]].concat();
    let identity = Frame::request(Address(own.0), function::SECURITY, identity).to_bytes().unwrap();
    let elsewhere = Frame::request(Address(other.0), function::READ, vec![0, 2, 0x90, 0]).to_bytes().unwrap();
    let refused = |done: Result<Vec<u8>, BoardError>| match done {
        Err(BoardError::Refused { result, .. }) => result,
        other => panic!("{other:?}"),
    };
    for kind_of in [2, 3, 4, 5, 6, 0xFF] {
        plugged(&place, |plug| {
            let mut board = Plugged::hello(plug, kind_of, can::FRAMES).unwrap();
            assert_eq!(
                refused(board.ask(kind::FRAME, customer.clone())),
                result::NOT_ANNOUNCED,
                "its link is down"
            );
            board.ask(kind::LINK, vec![1]).unwrap();
            for (frame, word) in [(&customer, vec![0x04]), (&identity, vec![0x08, 0x00])] {
                let answer = board.ask(kind::FRAME, frame.clone()).unwrap();
                let answer = wire::dlt645::Receiver::new().push(&answer).remove(0).unwrap();
                assert!(answer.control.is_refusal(), "{answer:?}");
                assert_eq!(answer.data, word);
            }
            assert_eq!(refused(board.ask(kind::FRAME, elsewhere.clone())), result::NOTHING);
            assert_eq!(refused(board.ask(kind::ORDER, file.clone())), result::NOT_ANNOUNCED);
        });
    }
    plugged(&place, |plug| {
        let mut board = Plugged::hello(plug, 1, 0).unwrap();
        board.ask(kind::LINK, vec![1]).unwrap();
        assert_eq!(refused(board.ask(kind::FRAME, customer.clone())), result::NOT_ANNOUNCED);
        let error = board.order(file.clone()).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("board-refused", scheme::Kind::Refused));
    });
    assert_eq!(purse(&place), (0, 0));
    // The order of another meter is refused by its number, and the own one taken after that.
    place.sell(&place.people()[1], Fen(50_00)).unwrap();
    let name = place.world().post().arrived().unwrap();
    let others =
        place.world().act(Deed::Look, |session| Ok(session.carrier.fetch(&name)?.to_text().into_bytes()));
    let error = brought(&place, &others.unwrap()).unwrap_err();
    assert!(error.to_string().contains("error 10"), "{error}");
    brought(&place, &file).unwrap();
    assert_eq!(purse(&place), (50_00, 1));
}

/// An order that a meter on its line had credited before its answer was lost goes on with the next purchase, paid once.
#[test]
fn a_meter_on_its_line() {
    let place = Place::settled(1);
    let person = place.people()[0].clone();
    place.buy_online(&person, Some(Fen(50_00))).unwrap();
    let report = place.buy_by_netmeter(&person, Some(Fen(30_00))).unwrap();
    report.verdict().unwrap();
    assert!(report.line.ms_9600 > 0 && BAY == 9600);
    // What was sold at the counter and not brought is brought, and not sold again.
    place.sell(&person, Fen(20_00)).unwrap();
    place.buy_by_netmeter(&person, None).unwrap().verdict().unwrap();
    assert_eq!(purse(&place), (100_00, 3));
    let books = place.books().unwrap();
    assert_eq!((books.sold_fen, books.settled_fen), (100_00, 100_00));
}
