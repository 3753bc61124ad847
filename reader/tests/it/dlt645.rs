//! Reading a meter: lines that echo, wait, spoil and break off.

use gridcard_reader::dlt645::{AskError, Line};
use gridcard_reader::link::{Listener, Place, Serial, Terminal};
use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Control, Frame, FrameError, Identifier, Receiver, function};
use wire::{ByteLink, LinkError};

const METER: Address = Address([0x00, 0x00, 0x20, 0x18, 0x11, 0x14]);
const ENERGY: Identifier = Identifier(0x0001_0000);

/// A line whose other end says what it was told to, in pieces; an empty piece is silence.
#[derive(Default)]
struct Played {
    pieces: VecDeque<Vec<u8>>,
    sent: Vec<u8>,
    echo: bool,
}

impl ByteLink for Played {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.sent.extend(bytes);
        if self.echo {
            self.pieces.push_front(bytes.to_vec());
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, LinkError> {
        let Some(piece) = self.pieces.pop_front() else { return Ok(0) };
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn played(pieces: &[&[u8]]) -> Played {
    Played { pieces: pieces.iter().map(|piece| piece.to_vec()).collect(), ..Played::default() }
}

fn answer(address: Address, data: &[u8]) -> Vec<u8> {
    let control = Control::answer(function::READ, false);
    Frame { address, control, data: data.to_vec() }.to_bytes().unwrap()
}

fn energy() -> Vec<u8> {
    answer(METER, &[&ENERGY.bytes()[..], &[0x67, 0x45, 0x23, 0x01]].concat())
}

fn read(link: &mut Played) -> Result<Vec<u8>, AskError> {
    Line::new(link).read(METER, ENERGY)
}

#[test]
fn an_answer_is_found_in_whatever_stands_around_it() {
    let good = energy();
    let (head, tail) = good.split_at(7);
    let mut other = METER;
    other.0[5] ^= 1;
    let stranger = answer(other, &[&ENERGY.bytes()[..], &[9; 4]].concat());
    let mut spoiled = good.clone();
    spoiled[12] ^= 1;
    for pieces in [
        vec![good.as_slice()],
        vec![head, tail],
        vec![&[0xFE, 0xFE, 0xFE, 0xFE, 0x00, 0x68], &good],
        vec![&stranger, &good],
        vec![&spoiled, &good],
    ] {
        let mut link = played(&pieces);
        assert_eq!(read(&mut link), Ok(vec![0x67, 0x45, 0x23, 0x01]), "{pieces:?}");
        assert_eq!(hex::encode_upper(&link.sent), "FEFEFEFE68141118200000681104333334330F16");
    }
    // Two wires: the own bytes come back before the answer.
    let mut link = Played { echo: true, ..played(&[&good]) };
    assert_eq!(read(&mut link), Ok(vec![0x67, 0x45, 0x23, 0x01]));
}

#[test]
fn no_answer_says_why() {
    assert_eq!(read(&mut played(&[])), Err(AskError::Silent(METER)));
    // The own bytes alone are no answer, and no noise.
    assert_eq!(read(&mut Played { echo: true, ..Played::default() }), Err(AskError::Silent(METER)));
    let mut spoiled = energy();
    let length = spoiled.len();
    spoiled[length - 1] = 0;
    let noise = AskError::Noise { address: METER, broken: Some(FrameError::End(0)) };
    assert_eq!(read(&mut played(&[&spoiled])), Err(noise));
    assert_eq!(read(&mut played(&[&[0x55; 100]])), Err(AskError::Noise { address: METER, broken: None }));
    // Somebody who never stops.
    let endless: Vec<&[u8]> = vec![&[0x55; 500]; 20];
    assert_eq!(read(&mut played(&endless)), Err(AskError::Noise { address: METER, broken: None }));
    assert_eq!(
        read(&mut played(&[&answer(METER, &[0, 0, 2, 0, 1])])),
        Err(AskError::Other("it is about another identifier"))
    );
}

#[test]
fn a_refusal_is_told_in_words() {
    let refusal = Frame { address: METER, control: Control::refusal(function::READ), data: vec![0x06] };
    let found = read(&mut played(&[&refusal.to_bytes().unwrap()])).unwrap_err();
    assert_eq!(found.to_string(), "the meter refuses, word 06: it has no such data, no right to do this");
}

#[test]
fn names_of_lines() {
    assert_eq!("127.0.0.1:2404".parse(), Ok(Place::Socket("127.0.0.1:2404".into())));
    assert_eq!("[::1]:2404".parse(), Ok(Place::Socket("[::1]:2404".into())));
    assert_eq!("/dev/ttyS0".parse(), Ok(Place::Device("/dev/ttyS0".into())));
    for bad in ["", "meter", "meter:", ":2404", "meter:0", "meter:99999", "meter:x"] {
        assert!(bad.parse::<Place>().is_err(), "{bad}");
    }
}

/// Answers one request with one item's value.
fn one_answer(link: &mut dyn ByteLink) {
    let (mut receiver, mut buffer, begun) = (Receiver::new(), [0; 64], Instant::now());
    loop {
        // A reader that gave up must not leave the test waiting.
        assert!(begun.elapsed() < Duration::from_secs(120), "nobody asked");
        let length = link.receive(&mut buffer, Duration::from_millis(50)).unwrap();
        if let Some(Ok(frame)) = receiver.push(&buffer[..length]).pop() {
            assert_eq!((frame.address, frame.control.function()), (METER, function::READ));
            return link.send(&energy()).unwrap();
        }
    }
}

const SERIAL: Serial = Serial { speed: 2400, even_parity: true };

#[test]
fn a_socket_and_a_pseudo_terminal_carry_it() {
    let mut socket = Listener::open("127.0.0.1:0").unwrap();
    let (mut terminal, device) = Terminal::pseudo().unwrap();
    let places = [socket.address().unwrap().to_string(), device.to_str().unwrap().to_owned()];
    let ours: [&mut (dyn ByteLink + Send); 2] = [&mut socket, &mut terminal];
    for (name, end) in places.iter().zip(ours) {
        std::thread::scope(|scope| {
            // One meter answers one reader after the other.
            scope.spawn(move || (0..3).for_each(|_| one_answer(end)));
            for _ in 0..3 {
                let mut link = name.parse::<Place>().unwrap().open(SERIAL).unwrap();
                let item = Item::of(ENERGY).unwrap();
                let found = Line::new(&mut *link).patient(Duration::from_secs(60)).show(METER, item);
                assert_eq!(found.as_deref(), Ok("12345.67 kWh"), "{name}");
            }
        });
    }
}

/// Who connects and says nothing, or asked once and stays, makes room for the next.
#[test]
fn nobody_holds_a_meter_by_silence() {
    let mut socket = Listener::open("127.0.0.1:0").unwrap().patient(Duration::from_millis(1));
    let place: Place = socket.address().unwrap().to_string().parse().unwrap();
    let silent: Vec<_> = (0..3).map(|_| place.open(SERIAL).unwrap()).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| one_answer(&mut socket));
        let mut link = place.open(SERIAL).unwrap();
        let item = Item::of(ENERGY).unwrap();
        let found = Line::new(&mut *link).patient(Duration::from_secs(60)).show(METER, item);
        assert_eq!(found.as_deref(), Ok("12345.67 kWh"));
    });
    drop(silent);
}

#[test]
fn a_line_that_cannot_be_had_says_which() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for name in [gone.as_str(), "/nowhere/tty"] {
        match name.parse::<Place>().unwrap().open(SERIAL) {
            Err(LinkError::Absent { line, .. }) => assert_eq!(line, name),
            other => panic!("{name}: {:?}", other.err()),
        }
    }
    // A file is no terminal.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"x").unwrap();
    assert!(Place::Device(file.path().to_owned()).open(SERIAL).is_err());
}
