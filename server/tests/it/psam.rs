//! A PSAM as sealer: which of its answers mean what.

use crate::house::meter;
use gridcard_server::{OrderSealer, SealError};
use reader::driver::psam::Psam;
use scheme::profile::{CardInfo, CardKind, Make, State};
use scheme::signing::Mode;
use wire::channel::{Channel, ChannelError};

/// A PSAM that opens, and answers one applet command as told.
struct Card {
    answer: Result<Vec<u8>, ChannelError>,
    asked: Vec<Vec<u8>>,
}

impl Channel for Card {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match command[1] {
            0xA4 => Ok(vec![0x90, 0x00]),
            0xB0 => {
                let info = CardInfo {
                    make: Make::Current,
                    region: [0x33, 0x02, 0, 0],
                    kind: CardKind::Psam,
                    number: [0, 0, 0, 0, 0, 9],
                    valid_from: [0x20, 0x26, 1, 1],
                    valid_to: [0x20, 0x46, 1, 1],
                    state: State::Test,
                    suite: 0,
                };
                Ok([&info.to_bytes()[..], &[0x90, 0x00]].concat())
            }
            _ => {
                self.asked.push(command.to_vec());
                self.answer.clone()
            }
        }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Absent)
    }
}

fn card(answer: Result<Vec<u8>, ChannelError>) -> Card {
    Card { answer, asked: Vec::new() }
}

fn seal(answer: Result<Vec<u8>, ChannelError>) -> Result<Vec<u8>, SealError> {
    OrderSealer::seal(&mut Psam::open(&mut card(answer)).unwrap(), &[0xE1, 0x00], Mode::Symmetric)
}

fn open(answer: Result<Vec<u8>, ChannelError>) -> Result<Vec<u8>, SealError> {
    OrderSealer::open(&mut Psam::open(&mut card(answer)).unwrap(), meter(0), &[0x02, 0x71, 0x00, 0xAA])
}

#[test]
fn what_is_asked_and_answered() {
    let mut sealing = card(Ok(vec![0x02, 0x70, 0x00, 0xAA, 0x90, 0x00]));
    let sealed = OrderSealer::seal(&mut Psam::open(&mut sealing).unwrap(), &[0xE1, 0x00], Mode::Symmetric);
    assert_eq!(sealed, Ok(vec![0x02, 0x70, 0x00, 0xAA]));
    assert_eq!(sealing.asked, [[0x80, 0x40, 0x00, 0x00, 0x02, 0xE1, 0x00]]);

    let mut opening = card(Ok(vec![0xE2, 0x00, 0x90, 0x00]));
    let opened =
        OrderSealer::open(&mut Psam::open(&mut opening).unwrap(), meter(0), &[0x02, 0x71, 0x00, 0xAA]);
    assert_eq!(opened, Ok(vec![0xE2, 0x00]));
    assert_eq!(
        opening.asked,
        [[0x80, 0x42, 0x00, 0x00, 0x0A, 0, 0, 0, 0, 0x10, 0x00, 0x02, 0x71, 0x00, 0xAA]]
    );
}

#[test]
fn a_refusal_is_certain_and_a_silence_is_not() {
    for sw in [[0x69, 0x82], [0x6A, 0x80], [0x69, 0x88]] {
        assert!(matches!(seal(Ok(sw.to_vec())), Err(SealError::Refused(_))), "{sw:02X?}");
    }
    let silences = [Err(ChannelError::Removed), Err(ChannelError::Mute), Ok(vec![0x90, 0x00])];
    for silence in silences {
        assert!(matches!(seal(silence.clone()), Err(SealError::Lost(_))), "{silence:?}");
        assert!(matches!(open(silence.clone()), Err(SealError::Lost(_))), "{silence:?}");
    }
}

#[test]
fn a_wrong_mac_and_a_wrong_form_are_told_apart() {
    assert_eq!(open(Ok(vec![0x69, 0x88])), Err(SealError::NotGenuine));
    assert_eq!(open(Ok(vec![0x6A, 0x80])), Err(SealError::Malformed));
    let refused = open(Ok(vec![0x69, 0x82]));
    assert!(matches!(&refused, Err(SealError::Refused(words)) if words.contains("6982")), "{refused:?}");
}
