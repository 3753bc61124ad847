//! The script language: bytes in every form in which people have them, and cards that never end.

use crate::script::Script as ScriptedCard;
use gridcard_reader::script::{PlayError, Player, Script};
use keys::Suite;
use std::path::Path;
use wire::channel::{Channel, ChannelError};
use wire::status::Dialect;

fn namer(_: &[u8]) -> (&'static str, Dialect) {
    ("a command", Dialect::Uicc)
}

fn play(card: &mut dyn Channel, text: &str) -> Result<Vec<String>, PlayError> {
    let script = Script::parse(text)?;
    let mut player = Player::new(card, Suite::TripleDes, Path::new(""), None, namer);
    player.play(&script)?;
    Ok(player.lines().to_vec())
}

/// Commands, answers, values, comparisons and ATRs: one session, however its bytes are written.
#[test]
fn bytes_stand_in_any_form() {
    let card = "= 3B0201FF\n> 00A40004023F00\n< 6F009000\n> 00B0850002\n< 656E9000";
    for text in [
        "= 3B0201FF\n> 00A40004023F00\n< 6F009000\n@ two = 00B0850002\n> ${two}\n< 656E9000\n? ${two} = 00B0850002",
        "\u{FEFF}= 3B:02:01:FF\n> 00:A4:00:04:02:3F:00\n< 6F:00:90:00\n> 00B0850002\n< 656E 9000",
        "= 0x3B 0x02 0x01 0xFF\n> 0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00\n< 0x6F00 0x9000\n> 0x00B0850002\n< 0x65 0x6E 0x9000",
        "=0x3B0201FF\n>0x00A40004023F00\n<0x6F009000\n@ two=0x00B0850002\n>${two}\n<0x656E9000\n?0x01=0x01",
        "= 3B0201FF\n> ${0x00A40004 0x02 3F:00}\n< ${6F:00} 0x9000\n> 00B08500${0x02}\n< 0x6566.. 9000 | 0x656E:9000",
        "= 3B:..:FF\n> 00A40004023F00\n< .. 9000 | 0x6A82\n> 00B0850002\n< 65:6.:90:0.",
    ] {
        play(&mut ScriptedCard::new(card), text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn what_is_no_byte_is_still_named() {
    for (text, said) in [
        ("> 00A4x0", "'x' at place 7"),
        ("> 00A4000xA4", "'x' at place 10"),
        ("> 00A4-00", "'-' at place 7"),
        ("> 0x", "odd number"),
        ("> 00A", "odd number"),
        ("> ${0xZZ}", "no name"),
        ("> 00A40000\n< 0x90x0", "'x' at place 7"),
    ] {
        let error = Script::parse(text).err().unwrap_or_else(|| panic!("{text} was taken")).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// A card that announces for ever fails its script, also where any answer would do; and says so.
#[test]
fn an_endless_card_fails_its_script() {
    struct Endless;
    impl Channel for Endless {
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
            Ok(vec![0x61, 0x10])
        }

        fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
            Ok(vec![0x3B, 0x00])
        }
    }
    for text in ["> 00B0000010", "> 00B0000010\n< .. ....", "> 00B0000010\n< 9000"] {
        let error = play(&mut Endless, text).unwrap_err();
        assert!(matches!(error, PlayError::Channel(ChannelError::Endless { .. })), "{text}: {error}");
        assert!(error.to_string().contains("there is no end"), "{error}");
    }
    // who names the transport's word gets it
    assert!(play(&mut Endless, "> 00B0000010\n< 6110").is_ok());
}

/// What a word means depends on the command it answers.
#[test]
fn words_fit_the_command() {
    let mut card = ScriptedCard::new("> 00B0000010\n< AABB6282\n> 00A2010402FFFF\n< 6282");
    let lines = play(&mut card, "> 00B0000010\n< AABB6282\n> 00A2010402FFFF\n< 6282").unwrap();
    assert!(lines[1].contains("end of file reached"), "{lines:?}");
    assert!(lines[3].contains("nothing in the file matches"), "{lines:?}");
}
