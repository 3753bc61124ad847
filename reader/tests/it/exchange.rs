use crate::script::Script;
use gridcard_reader::exchange;
use wire::channel::{Channel, ChannelError};
use wire::{Command, Sw};

#[test]
fn a_t0_card_announces_and_get_response_fetches() {
    let mut card =
        Script::new("> 0088000208 0011223344556677 \n< 6108\n> 00C0000008\n< 8899AABBCCDDEEFF 9000");
    let command =
        Command::new(0x00, 0x88, 0x00, 0x02).data(&[0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
    let answer = exchange(&mut card, &command).unwrap();
    assert_eq!(answer.sw, Sw::OK);
    assert_eq!(answer.data, [0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]);
}

#[test]
fn a_t_cl_card_answers_at_once() {
    let mut card = Script::new("> 00A40000023F00\n< 6F03840130 9000");
    let answer = exchange(&mut card, &Command::new(0, 0xA4, 0, 0).data(&[0x3F, 0x00])).unwrap();
    assert_eq!(answer.data.len(), 5);
}

#[test]
fn parts_are_joined_and_the_last_word_counts() {
    let mut card = Script::new("> 80420000\n< 6102\n> 00C0000002\n< AABB 6101\n> 00C0000001\n< CC 6281");
    let answer = exchange(&mut card, &Command::new(0x80, 0x42, 0, 0)).unwrap();
    assert_eq!((answer.data, answer.sw), (vec![0xAA, 0xBB, 0xCC], Sw::DATA_SUSPECT));
}

#[test]
fn a_wrong_le_is_sent_again_with_the_right_one() {
    let mut card = Script::new("> 00B0950000\n< 6C1E\n> 00B095001E\n< AABB9000");
    assert_eq!(exchange(&mut card, &Command::new(0, 0xB0, 0x95, 0).le(256)).unwrap().data, [0xAA, 0xBB]);
}

#[test]
fn a_wrong_le_twice_is_the_answer() {
    let mut card = Script::new("> 00B0950000\n< 6C1E\n> 00B095001E\n< 6C1F");
    assert_eq!(exchange(&mut card, &Command::new(0, 0xB0, 0x95, 0).le(256)).unwrap().sw, Sw::wrong_le(0x1F));
}

#[test]
fn a_wrong_le_of_get_response_is_corrected_too() {
    let mut card = Script::new("> 8042000001AA\n< 6100\n> 00C0000000\n< 6C01\n> 00C0000001\n< BB9000");
    assert_eq!(exchange(&mut card, &Command::new(0x80, 0x42, 0, 0).data(&[0xAA])).unwrap().data, [0xBB]);
}

#[test]
fn nine_f_is_followed_on_class_a0_alone() {
    let mut sim = Script::new("> A0A200100103\n< 9F01\n> A0C0000001\n< 05 9000");
    assert_eq!(exchange(&mut sim, &Command::new(0xA0, 0xA2, 0, 0x10).data(&[3])).unwrap().data, [5]);
    let mut other = Script::new("> 80A200100103\n< 9F01");
    assert_eq!(exchange(&mut other, &Command::new(0x80, 0xA2, 0, 0x10).data(&[3])).unwrap().sw, Sw(0x9F01));
}

#[test]
fn a_sim_names_the_right_length_in_its_own_way() {
    let mut sim = Script::new("> A0F2000016\n< 6717\n> A0F2000017\n< AA9000\n> A0F2000016\n< 6700");
    let status = Command::new(0xA0, 0xF2, 0, 0).le(22);
    assert_eq!(exchange(&mut sim, &status).unwrap().data, [0xAA]);
    assert_eq!(exchange(&mut sim, &status).unwrap().sw, Sw::WRONG_LENGTH);
    let mut sim = Script::new("> A020000101AA\n< 6708");
    assert_eq!(exchange(&mut sim, &Command::new(0xA0, 0x20, 0, 1).data(&[0xAA])).unwrap().sw, Sw(0x6708));
}

/// Answers the same for ever.
struct Endless {
    answer: &'static [u8],
    asked: usize,
}

impl Channel for Endless {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.asked += 1;
        Ok(self.answer.to_vec())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Mute)
    }
}

/// With data and without, in either class: an error that says so, and no success.
#[test]
fn a_card_that_announces_for_ever_is_an_error() {
    for (cla, answer) in [
        (0x00, &[0x00, 0x61, 0x01][..]),
        (0x00, &[0x61, 0x10]),
        (0x80, &[0x61, 0x00]),
        (0xA0, &[0xAB, 0x9F, 0x17]),
        (0xA0, &[0x61, 0x17]),
    ] {
        let mut card = Endless { answer, asked: 0 };
        let error = exchange(&mut card, &Command::new(cla, 0xB0, 0, 0).le(1)).unwrap_err();
        let fetched = (answer.len() - 2) * 257;
        assert_eq!(error, ChannelError::Endless { rounds: 256, fetched });
        assert_eq!(card.asked, 257, "the command and 256 GET RESPONSEs");
        assert!(error.leaves_doubt() && !error.is_gone());
    }
}

/// A length that is wrong each time ends at the second: that word is the answer, and a refusal.
#[test]
fn a_card_that_asks_for_other_lengths_for_ever_is_refused() {
    for (cla, answer) in
        [(0x00, &[0x6C, 0x10]), (0x80, &[0x6C, 0x00]), (0xA0, &[0x67, 0x08]), (0xA0, &[0x6C, 0x08])]
    {
        let mut card = Endless { answer, asked: 0 };
        let got = exchange(&mut card, &Command::new(cla, 0xB0, 0, 0).le(1)).unwrap();
        assert_eq!((got.sw.bytes(), card.asked), (*answer, 2));
    }
}

/// 65 536 bytes, the most an answer may have, in blocks of 256 are no endless answer.
#[test]
fn the_longest_lawful_answer_is_read() {
    struct Long(usize);
    impl Channel for Long {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
            if command[1] != 0xC0 {
                return Ok(vec![0x61, 0x00]);
            }
            self.0 += 1;
            let word: &[u8] = if self.0 == 256 { &[0x90, 0x00] } else { &[0x61, 0x00] };
            Ok([&[0x5A; 256], word].concat())
        }

        fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
            Err(ChannelError::Mute)
        }
    }
    let answer = exchange(&mut Long(0), &Command::new(0, 0xCB, 0x3F, 0xFF)).unwrap();
    assert_eq!((answer.data.len(), answer.sw), (65_536, Sw::OK));
}

#[test]
fn one_byte_is_no_answer() {
    let mut card = Script::new("> 00840000 08\n< 90");
    let error = exchange(&mut card, &Command::new(0, 0x84, 0, 0).le(8)).unwrap_err();
    assert_eq!(error, ChannelError::Short(1));
}
