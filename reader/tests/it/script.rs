//! A card that plays a script in the trace language: it expects each command and gives each answer.

use gridcard_reader::trace::{TraceLine, parse_trace};
use std::collections::VecDeque;
use wire::channel::{Channel, ChannelError};

/// A scripted card. A command that is not the next of the script fails the test; so does dropping the card
/// before its script is played out.
pub struct Script {
    lines: VecDeque<TraceLine>,
}

impl Script {
    pub fn new(text: &str) -> Self {
        let lines = parse_trace(text).expect("the script is a trace");
        Script { lines: lines.into_iter().filter(|line| !matches!(line, TraceLine::Comment(_))).collect() }
    }

    fn answer(&mut self) -> Result<Vec<u8>, ChannelError> {
        match self.lines.pop_front() {
            Some(TraceLine::Response(bytes)) => Ok(bytes.whole().expect("a whole answer").to_vec()),
            Some(TraceLine::Atr(atr)) => Ok(atr),
            Some(TraceLine::Failure(words)) => Err(match words.as_str() {
                "absent" => ChannelError::Absent,
                "removed" => ChannelError::Removed,
                "mute" => ChannelError::Mute,
                other => panic!("no such failure: {other}"),
            }),
            other => panic!("the script has no answer here but {other:?}"),
        }
    }
}

impl Channel for Script {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        match self.lines.pop_front() {
            Some(TraceLine::Command(bytes)) => {
                let wanted = bytes.whole().expect("a whole command");
                assert_eq!(
                    hex::encode_upper(command),
                    hex::encode_upper(wanted),
                    "command (left) against script"
                );
            }
            other => panic!("unexpected command {}; the script has {other:?}", hex::encode_upper(command)),
        }
        self.answer()
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        match self.lines.front() {
            Some(TraceLine::Atr(_) | TraceLine::Failure(_)) => self.answer(),
            other => panic!("unexpected reset; the script has {other:?}"),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.lines.is_empty(), "the script was not played out: {:?}", self.lines);
        }
    }
}
