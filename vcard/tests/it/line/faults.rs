//! Characters that arrive wrong.

use super::{Fake, heard, line, say};
use gridcard_vcard::line::{Character, Corrupt, Heard, LineCard, Noise, Settings, Terminal, Way};
use wire::atr::Convention::Direct;
use wire::line::Etu;
use wire::{Channel, ChannelError};

const READ: &[u8] = &[0x80, 0x40, 0, 0, 4];
const READS: &[u8] = &[0, 1, 2, 3, 0x90, 0x00];
const WRITE: &[u8] = &[0x80, 0x20, 0, 0, 4, 9, 8, 7, 6];
/// Two resets, a read and a write without disturbance.
const CLEAN: u64 = 2 * 2 + 24 + (104 + 48) + (112 + 48);

fn run(corrupt: Option<Corrupt>) -> (Terminal<Fake>, Result<(), ChannelError>) {
    let noise = Noise::planned(corrupt.into_iter().collect());
    let mut terminal = Terminal::with_noise(LineCard::new(Fake::new("3B00"), Settings::default()), noise);
    let result = (|| {
        assert_eq!(terminal.reset()?, [0x3B, 0x00]);
        assert_eq!(terminal.transmit(READ)?, READS);
        assert_eq!(terminal.transmit(WRITE)?, [0x90, 0x00]);
        Ok(())
    })();
    (terminal, result)
}

#[test]
fn every_character_may_come_wrong_three_times() {
    let (mut clean, result) = run(None);
    result.unwrap();
    assert_eq!(clean.clock(), Etu(CLEAN));
    let carried = [Way::ToCard, Way::FromCard].map(|way| (way, clean.noise_mut().carried(way)));
    assert_eq!(carried, [(Way::ToCard, 14), (Way::FromCard, 2 + 7 + 3)]);
    for (way, count) in carried {
        for number in 0..count {
            for times in 1..=3 {
                for bit in [0, 5, 8] {
                    let corrupt = Corrupt { way, number, times, bit };
                    let (terminal, result) = run(Some(corrupt));
                    result.unwrap_or_else(|error| panic!("{corrupt:?}: {error}"));
                    assert_eq!(terminal.line().card().commands, [READ, WRITE], "{corrupt:?}");
                    assert_eq!(terminal.clock(), Etu(CLEAN + 13 * times), "{corrupt:?}: 13 etu a repetition");
                }
            }
        }
    }
}

#[test]
fn a_fourth_time_is_one_too_many_and_the_card_is_mute_until_it_is_reset() {
    for way in [Way::ToCard, Way::FromCard] {
        let (mut terminal, result) = run(Some(Corrupt { way, number: 4, times: 4, bit: 3 }));
        assert!(matches!(result, Err(ChannelError::Reader(_))), "{way:?}: {result:?}");
        assert_eq!(terminal.transmit(READ), Err(ChannelError::Mute), "{way:?}");
        terminal.reset().unwrap();
        assert_eq!(terminal.transmit(READ).unwrap(), READS, "{way:?}");
    }
}

#[test]
fn a_card_signals_each_wrong_character_and_takes_the_right_one() {
    let mut line = line("3B00", Settings::default());
    let wrong = Character::encode(0x80, Direct).flipped(2);
    for i in 0..3 {
        assert_eq!(line.hears(wrong, Etu(100 + 13 * i)), Heard::Refused);
    }
    say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 200);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
}

#[test]
fn a_repetition_comes_13_etu_after_its_character() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x02], 100);
    let first = line.says().unwrap();
    line.refused();
    let again = line.says().unwrap();
    assert_eq!((again.at.0, again.character), (first.at.0 + 13, first.character));
    assert_eq!(line.says().unwrap().at.0, again.at.0 + 12);
}

#[test]
fn a_refusal_with_nothing_said_is_nothing() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80], 100);
    line.refused();
    assert!(heard(&mut line).is_empty());
}

#[test]
fn no_repetition_is_the_strictest_setting() {
    let mut line = line("3B00", Settings { repeats: 0, ..Settings::default() });
    assert_eq!(line.hears(Character::encode(0x80, Direct).flipped(0), Etu(100)), Heard::Refused);
    assert_eq!(line.hears(Character::encode(0x80, Direct), Etu(113)), Heard::Unheard);
}
