//! Speed negotiation.

use super::{heard, line, say, terminal};
use gridcard_vcard::line::Settings;
use wire::Channel;
use wire::atr::Clock;

/// TA1 95: F 512, D 16.
const FAST: &str = "3B1095";

#[track_caller]
fn answers(atr: &str, request: &[u8], answer: &[u8], clock: Clock) {
    let mut line = line(atr, Settings::default());
    say(&mut line, request, 100);
    assert_eq!(heard(&mut line), answer);
    assert_eq!(line.clock(), clock);
    // A header follows, whatever came of the request.
    say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 500);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.clock(), clock);
}

const OFFERED: Clock = Clock { f: 512, d: 16 };

#[test]
fn what_ta1_offers_is_taken() {
    answers(FAST, &[0xFF, 0x10, 0x95, 0x7A], &[0xFF, 0x10, 0x95, 0x7A], OFFERED);
}

#[test]
fn the_default_is_taken_too() {
    answers(FAST, &[0xFF, 0x10, 0x11, 0xFE], &[0xFF, 0x10, 0x11, 0xFE], Clock::DEFAULT);
    answers("3B00", &[0xFF, 0x10, 0x11, 0xFE], &[0xFF, 0x10, 0x11, 0xFE], Clock::DEFAULT);
    answers(FAST, &[0xFF, 0x00, 0xFF], &[0xFF, 0x00, 0xFF], Clock::DEFAULT);
}

#[test]
fn another_speed_is_answered_with_the_default() {
    answers(FAST, &[0xFF, 0x10, 0x94, 0x7B], &[0xFF, 0x00, 0xFF], Clock::DEFAULT);
    answers("3B00", &[0xFF, 0x10, 0x95, 0x7A], &[0xFF, 0x00, 0xFF], Clock::DEFAULT);
}

#[test]
fn pps2_and_pps3_are_left_out_of_the_answer() {
    answers(FAST, &[0xFF, 0x70, 0x95, 0x00, 0x00, 0x1A], &[0xFF, 0x10, 0x95, 0x7A], OFFERED);
}

#[test]
fn what_makes_no_sense_is_passed_over() {
    answers(FAST, &[0xFF, 0x10, 0x95, 0x7B], &[], Clock::DEFAULT); // check character
    answers(FAST, &[0xFF, 0x11, 0x95, 0x7B], &[], Clock::DEFAULT); // T=1, which the card has not
    answers(FAST, &[0xFF, 0x90, 0x95, 0xFA], &[], Clock::DEFAULT); // reserved bit
    // TA2 fixes protocol and speed.
    answers("3B909500", &[0xFF, 0x10, 0x95, 0x7A], &[0xFF, 0x10, 0x95, 0x7A], OFFERED);
    answers("3B90951010", &[0xFF, 0x10, 0x95, 0x7A], &[], Clock::DEFAULT);
}

#[test]
fn ff_later_is_a_class_that_no_card_has() {
    let mut line = line(FAST, Settings::default());
    say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 100);
    heard(&mut line);
    say(&mut line, &[0xFF, 0x12, 0x95, 0x00, 0x00], 500);
    assert_eq!(heard(&mut line), [0x6D, 0x00]);
    assert_eq!(line.card().commands[1], [0xFF, 0x12, 0x95, 0, 0]);
}

#[test]
fn a_reset_brings_the_first_speed_back() {
    let mut terminal = terminal(FAST, Settings::default());
    assert_eq!(terminal.negotiate(Some(0x95)).unwrap(), Some(0x95));
    assert_eq!(terminal.transmit(&[0x80, 0x40, 0, 0, 1]).unwrap(), [0, 0x90, 0x00]);
    assert_eq!((terminal.line().clock(), terminal.line().work_waiting()), (OFFERED, 9600 * 16));
    terminal.reset().unwrap();
    assert_eq!(terminal.line().clock(), Clock::DEFAULT);
    assert_eq!(terminal.negotiate(Some(0x94)).unwrap(), None);
    assert_eq!(terminal.negotiate(None).err(), Some(wire::ChannelError::Mute), "only once, after the ATR");
}
