//! Meters at a plug and on a line of their own, in memory: the conformance script of the sub-board's page, boards that are pulled at every byte and
//! boards that lie; lines that break in a purchase.

use crate::Place;
use gridcard_world::far::BAY;
use parties::Deed;
use parties::meters::{BackOff, CallRequest, Called, NearBoard, Pace};
use reader::subboard::{BoardError, Plugged};
use scheme::Fault;
use scheme::money::Fen;
use std::cell::Cell;
use std::time::Duration;
use wire::dlt645::{Address, Frame, function};
use wire::netmeter::{Hearing, LinkAct, LinkFrame};
use wire::subboard::{BoardFrame, can, kind, result};
use wire::{ByteLink, LinkError};

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
}

/// A byte of the file changed on its way: it is taken or not, and the whole one after it brings what is missing.
#[test]
fn a_file_bent_on_its_way() {
    let place = Place::settled(1);
    let whole = order(&place);
    for bent in (0..whole.len()).step_by(29) {
        let mut file = whole.clone();
        file[bent] ^= 0x01;
        let taken = brought(&place, &file).is_ok();
        let (credited, count) = purse(&place);
        assert!((credited, count) == (50_00, 1) || (!taken && (credited, count) == (0, 0)), "bent at {bent}");
    }
    brought(&place, &whole).unwrap();
    assert_eq!(purse(&place), (50_00, 1));
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

/// Bytes that are all the same, for whoever draws them.
struct Drawn(u8);

impl scheme::Chance for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// The rests of a meter that dials: twice as long each time, to five minutes; chance takes up to half of it away.
#[test]
fn rests_grow_to_their_end() {
    let rests = |drawn: u8| {
        let (mut back_off, mut chance) = (BackOff::default(), Drawn(drawn));
        (0..12).map(|_| back_off.next(&mut chance).as_millis()).collect::<Vec<_>>()
    };
    let most = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map(|seconds| seconds * 1000);
    assert_eq!(rests(0xFF), most);
    assert_eq!(rests(0), most.map(|ms| ms / 2));
    let mut back_off = BackOff::default();
    back_off.next(&mut Drawn(0xFF));
    back_off.reset();
    assert_eq!(back_off.next(&mut Drawn(0xFF)), Duration::from_secs(1));
}

/// A clock that goes when somebody looks at it.
struct Ticks(Cell<u64>);

impl Pace for Ticks {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.get())
    }

    fn rest(&self, wait: Duration) {
        self.0.set(self.0.get() + wait.as_secs());
    }
}

/// A line whose other end is written by hand.
#[derive(Default)]
struct ByHand {
    said: Vec<u8>,
    heard: Vec<u8>,
}

impl ByteLink for ByHand {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.said.extend(bytes);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, LinkError> {
        let length = buffer.len().min(self.heard.len());
        buffer[..length].copy_from_slice(&self.heard[..length]);
        self.heard.drain(..length);
        Ok(length)
    }
}

/// Login, heartbeats and the server's word for them, by a clock that is passed in; a server that says none is left.
#[test]
fn heartbeats_by_the_clock() {
    let (pace, meter) = (Ticks(Cell::new(0)), Place::empty(1).people()[0].meter);
    let request = CallRequest { meter, beat: Duration::from_secs(60) };
    let confirmed =
        |act, sequence| LinkFrame::of_meter(act, Address(meter.0), sequence).confirmed().to_bytes();
    // The server says a word to the login, or none at all; to a heartbeat it says none.
    for words in [0, 1] {
        pace.0.set(0);
        let mut link = ByHand::default();
        if words > 0 {
            link.heard = confirmed(LinkAct::Login, 0);
        }
        let mut buffer = [0; 64];
        let mut called = Called::login(&mut link, &pace, &request).unwrap();
        let mut left = None;
        for _ in 0..200 {
            match called.receive(&mut buffer, Duration::ZERO) {
                Ok(length) => assert_eq!(length, 0, "the link's words are not the meter's to hear"),
                Err(error) => {
                    left = Some(error);
                    break;
                }
            }
            pace.rest(Duration::from_secs(1));
        }
        assert_eq!(called.is_in(), words > 0);
        assert!(matches!(left, Some(LinkError::Failed(_))), "{left:?}");
        // 15 seconds without a word: after the login, or after the heartbeat of the first minute.
        assert_eq!(pace.0.get(), if words > 0 { 75 } else { 15 });
        let beats = Hearing::default().push(&link.said);
        assert_eq!(beats.len(), if words > 0 { 2 } else { 1 }, "{beats:?}");
    }
}
