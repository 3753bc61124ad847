//! Reading a meter on a pipe: answers in pieces, of others, of nobody; and DL/T 645 carried inside.

use gridcard_reader::cjt188::{Carried, Line, PipeError};
use gridcard_reader::dlt645;
use std::collections::VecDeque;
use std::time::Duration;
use wire::cjt188::{Address, ByteOrder, Control, Frame, Identifier, Kind, Status, function};
use wire::{ByteLink, LinkError};

const NUMBER: [u8; 6] = [0x00, 0x00, 0x20, 0x18, 0x11, 0x14];

/// A line whose other end says what it was told to, in pieces; an empty piece is silence.
#[derive(Default)]
struct Played {
    pieces: VecDeque<Vec<u8>>,
    sent: Vec<u8>,
}

impl ByteLink for Played {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.sent.extend(bytes);
        // A line of two wires is heard by whoever speaks on it.
        self.pieces.push_front(bytes.to_vec());
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

fn own() -> Address {
    Address::of(NUMBER)
}

fn says(address: Address, control: Control, data: &[u8]) -> Vec<u8> {
    Frame { kind: Kind::GAS, address, control, data: data.to_vec() }.to_bytes().unwrap()
}

fn metered(address: Address, number: u8, version: u8) -> Vec<u8> {
    let about = Identifier::METERED.bytes(ByteOrder::LowFirst);
    says(address, Control::answer(function::READ), &[&about[..], &[number, version]].concat())
}

fn read(link: &mut Played) -> Result<Vec<u8>, PipeError> {
    Line::new(link).read(own(), Identifier::METERED)
}

#[test]
fn an_answer_is_found_in_whatever_stands_around_it() {
    let good = metered(own(), 1, 9);
    let (head, tail) = good.split_at(6);
    let other = metered(Address::of([9; 6]), 1, 8);
    let mut line = played(&[&other, &[0x68, 0x00, 0x16], head, tail]);
    assert_eq!(read(&mut line), Ok(vec![9]));
    assert_eq!(line.sent[..24], [0xFE; 24], "the meter is woken first");
}

#[test]
fn what_is_no_answer_is_told() {
    assert_eq!(read(&mut played(&[])), Err(PipeError::Silent(own())));
    assert_eq!(read(&mut played(&[&[0x55; 200]])), Err(PipeError::Noise(own())));
    let late = metered(own(), 7, 9);
    assert!(matches!(read(&mut played(&[&late])), Err(PipeError::Other(_))), "to another request");
    let refusal = |word| says(own(), Control::refusal(function::READ), &[1, 0, word]);
    assert_eq!(read(&mut played(&[&refusal(4)])), Err(PipeError::Refused(4)));
    let short = says(own(), Control::refusal(function::READ), &[1]);
    assert!(matches!(read(&mut played(&[&short])), Err(PipeError::Other(_))));
    assert!(PipeError::Refused(4).to_string().contains("no right"));
    assert!(PipeError::Refused(0).to_string().contains("another maker"));
}

#[test]
fn a_sealed_command_goes_out_turned_round_and_the_state_comes_back() {
    let about = Identifier::VALVE.bytes(ByteOrder::LowFirst);
    let answer = says(own(), Control::answer(function::WRITE), &[&about[..], &[1, 0x05, 0x08]].concat());
    let mut line = played(&[&answer]);
    let sealed: [u8; 20] = std::array::from_fn(|n| n as u8);
    let status = Line::new(&mut line).valve(own(), &sealed).unwrap();
    assert_eq!(status, Status { valve: 1, battery_low: true, maker: 8 });
    let turned: Vec<u8> = sealed.iter().rev().copied().collect();
    assert_eq!(line.sent[line.sent.len() - 22..line.sent.len() - 2], turned[..]);
}

#[test]
fn the_other_protocol_goes_inside_and_comes_out_again() {
    let inside = |number: u8, control: u8, data: &[u8]| {
        let about = Identifier::CARRIED.bytes(ByteOrder::LowFirst);
        says(own(), Control::answer(function::WRITE), &[&about[..], &[number, control], data].concat())
    };
    let meter = wire::dlt645::Address(NUMBER);
    let about = wire::dlt645::Identifier(0x0090_0200);
    let value = [&about.bytes()[..], &[0x00, 0x50, 0x00, 0x00]].concat();
    let mut carried = Carried::new(played(&[&inside(9, 0x91, &value), &inside(1, 0x91, &value)]));
    assert_eq!(dlt645::Line::new(&mut carried).read(meter, about), Ok(vec![0x00, 0x50, 0x00, 0x00]));
    let mut carried = Carried::new(played(&[&inside(1, 0xD1, &[2])]));
    let refused = dlt645::Line::new(&mut carried).read(meter, about);
    assert_eq!(refused, Err(dlt645::AskError::Refused(vec![2])));
    let mut carried = Carried::new(played(&[&[0x33; 64]]));
    let silent = dlt645::Line::new(&mut carried).read(meter, about);
    assert_eq!(silent, Err(dlt645::AskError::Silent(meter)));
}
