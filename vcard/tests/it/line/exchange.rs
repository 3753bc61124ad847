//! What the procedure bytes are, command by command.

use super::{heard, line, say, terminal};
use gridcard_vcard::line::{Acknowledge, Character, Heard, LineCard, Part, Settings, Terminal};
use wire::atr::Convention;
use wire::line::Etu;
use wire::{Channel, ChannelError};

#[test]
fn no_data_is_answered_by_the_status_word_alone() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 100);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.card().commands, [[0x80, 0x10, 0, 0, 0]]);
}

#[test]
fn outgoing_data_follow_the_instruction() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x03], 100);
    assert_eq!(heard(&mut line), [0x40, 0, 1, 2, 0x90, 0x00]);
}

#[test]
fn outgoing_p3_of_00_is_256() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x00], 100);
    assert_eq!(heard(&mut line).len(), 1 + 256 + 2);
}

#[test]
fn incoming_p3_of_00_is_nothing() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x20, 0x00, 0x00, 0x00], 100);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.card().commands, [[0x80, 0x20, 0, 0, 0]]);
}

#[test]
fn incoming_data_are_waited_for() {
    let mut line = line("3B00", Settings::default());
    let header = [0x80, 0x20, 0x00, 0x00, 0x03];
    say(&mut line, &header, 100);
    assert_eq!(heard(&mut line), [0x20]);
    for (i, byte) in [7, 8].into_iter().enumerate() {
        assert_eq!(line.expects(), Part::Data(header));
        say(&mut line, &[byte], 200 + 12 * i as u64);
        assert!(heard(&mut line).is_empty());
    }
    say(&mut line, &[9], 300);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.card().commands, [[0x80, 0x20, 0, 0, 3, 7, 8, 9]]);
}

#[test]
fn byte_by_byte_both_ways() {
    let settings = Settings { acknowledge: Acknowledge::Singly(2), ..Settings::default() };
    let mut line = line("3B00", settings);
    say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x04], 100);
    assert_eq!(heard(&mut line), [0xBF, 0, 0xBF, 1, 0x40, 2, 3, 0x90, 0x00]);
    say(&mut line, &[0x80, 0x20, 0x00, 0x00, 0x04], 500);
    assert_eq!(heard(&mut line), [0xDF]);
    say(&mut line, &[1], 600);
    assert_eq!(heard(&mut line), [0xDF]);
    say(&mut line, &[2], 700);
    assert_eq!(heard(&mut line), [0x20]);
    say(&mut line, &[3, 4], 800);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.card().commands[1], [0x80, 0x20, 0, 0, 4, 1, 2, 3, 4]);
}

#[test]
fn null_comes_before_the_answer_and_never_before_the_data_asked_for() {
    let mut line = line("3B00", Settings { nulls: 2, ..Settings::default() });
    say(&mut line, &[0x80, 0x40, 0x00, 0x00, 0x01], 100);
    assert_eq!(heard(&mut line), [0x60, 0x60, 0x40, 0, 0x90, 0x00]);
    say(&mut line, &[0x80, 0x20, 0x00, 0x00, 0x01], 500);
    assert_eq!(heard(&mut line), [0x20]);
    say(&mut line, &[1], 600);
    assert_eq!(heard(&mut line), [0x60, 0x60, 0x90, 0x00]);
}

#[test]
fn a_wrong_length_is_a_status_word_without_data() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x44, 0x00, 0x00, 0x05], 100);
    assert_eq!(heard(&mut line), [0x6C, 0x08]);
}

#[test]
fn instructions_that_cannot_be_acknowledged_are_not() {
    // Odd, 6x and 9x: the fake would give data for all of them.
    for ins in [0x41, 0x62, 0x90] {
        let mut line = line("3B00", Settings::default());
        say(&mut line, &[0x80, ins, 0x00, 0x00, 0x05], 100);
        assert_eq!(heard(&mut line), [0x6D, 0x00], "{ins:02X}");
    }
}

#[test]
fn a_card_that_gives_what_p3_has_no_room_for_is_not_let_through() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x46, 0x00, 0x00, 0x05], 100);
    assert_eq!(heard(&mut line), [0x6F, 0x00]);
}

#[test]
fn a_terminal_that_stops_is_waited_for_and_a_reset_cures_it() {
    let mut line = line("3B00", Settings::default());
    say(&mut line, &[0x80, 0x20, 0x00, 0x00, 0x03], 100);
    assert_eq!(heard(&mut line), [0x20]);
    // A day later it goes on.
    let day = 86_400 * 9600;
    say(&mut line, &[1], day);
    assert!(heard(&mut line).is_empty());
    line.activate(Etu(2 * day));
    assert_eq!(heard(&mut line), [0x3B, 0x00]);
    say(&mut line, &[0x80, 0x10, 0x00, 0x00, 0x00], 2 * day + 100);
    assert_eq!(heard(&mut line), [0x90, 0x00]);
    assert_eq!(line.card().commands.len(), 1, "the command that was cut off was never done");
}

#[test]
fn a_card_without_power_or_speaking_itself_hears_nothing() {
    let mut line = LineCard::new(super::Fake::new("3B00"), Settings::default());
    let character = Character::encode(0x80, Convention::Direct);
    assert_eq!(line.hears(character, Etu(0)), Heard::Unheard);
    line.activate(Etu(0));
    assert_eq!(line.expects(), Part::Unheard);
    assert_eq!(line.hears(character, Etu(0)), Heard::Unheard);
    heard(&mut line);
    assert_eq!(line.hears(character, Etu(100)), Heard::Taken);
    line.deactivate();
    assert_eq!(line.hears(character, Etu(200)), Heard::Unheard);
}

#[test]
fn a_card_that_is_pulled_falls_silent_and_says_why() {
    let mut terminal = terminal("3B00", Settings::default());
    let before = terminal.clock();
    assert_eq!(terminal.transmit(&[0x80, 0x30, 0, 0]), Err(ChannelError::Removed));
    // A terminal without a contact for the card knows only after the waiting time.
    assert_eq!(terminal.clock().0 - before.0, 48 + 9600);
    assert_eq!(terminal.line().trouble(), Some(&ChannelError::Removed));
    terminal.reset().unwrap();
    assert_eq!(terminal.transmit(&[0x80, 0x10, 0, 0]).unwrap(), [0x90, 0x00]);
}

#[test]
fn an_inverse_card_is_understood_throughout() {
    let settings = Settings { convention: Some(Convention::Inverse), ..Settings::default() };
    let mut terminal = Terminal::new(LineCard::new(super::Fake::new("3B021122"), settings));
    assert_eq!(terminal.reset().unwrap(), [0x3F, 0x02, 0x11, 0x22]);
    assert_eq!(terminal.transmit(&[0x80, 0x40, 0, 0, 2]).unwrap(), [0, 1, 0x90, 0x00]);
    assert_eq!(terminal.transmit(&[0x80, 0x20, 0, 0, 2, 5, 6]).unwrap(), [0x90, 0x00]);
    assert_eq!(terminal.line().card().commands[1], [0x80, 0x20, 0, 0, 2, 5, 6]);
}

#[test]
fn what_t0_cannot_carry_is_refused_before_it_is_sent() {
    let mut terminal = terminal("3B00", Settings::default());
    let before = terminal.clock();
    let extended = [0x80, 0x40, 0, 0, 0, 1, 0];
    assert!(matches!(terminal.transmit(&extended), Err(ChannelError::Reader(_))));
    assert_eq!(terminal.clock(), before);
}

#[test]
fn an_le_behind_data_stays_off_the_line() {
    let mut terminal = terminal("3B00", Settings::default());
    assert_eq!(terminal.transmit(&[0x80, 0x24, 0, 0, 2, 5, 6, 0]).unwrap(), [0x61, 0x02]);
    assert_eq!(terminal.line().card().commands, [[0x80, 0x24, 0, 0, 2, 5, 6]]);
}

#[test]
fn a_card_that_asks_the_wrong_way_round_ends_in_words() {
    // The fake gives data; the terminal has some too. Both speak, and neither understands.
    let mut terminal = terminal("3B00", Settings::default());
    assert!(terminal.transmit(&[0x80, 0x40, 0, 0, 2, 5, 6]).is_err());
}
