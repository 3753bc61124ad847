//! A card with one fixed answer in a reader of the vpcd driver: what pcscd, the driver and our socket cost by
//! themselves. `scripts/bench-pcsc` measures our cards against it.
//!
//! Usage: trivial_vpcd PORT ANSWER-IN-HEX [slow], the last to leave quick acknowledgement off.

use gridcard_vcard::vpcd::{Bridge, Contacts, Settings, State};
use std::error::Error;
use std::time::Duration;
use wire::{Channel, ChannelError};

struct Trivial(Vec<u8>);

impl Channel for Trivial {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.0.clone())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Ok(self.atr())
    }
}

impl Contacts for Trivial {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn power_off(&mut self) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(port), Some(answer)) = (args.next(), args.next()) else {
        return Err("usage: trivial_vpcd PORT ANSWER [slow]".into());
    };
    let answer: Option<Vec<u8>> = answer
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let mut settings = Settings::at(([127, 0, 0, 1], port.parse()?).into());
    settings.quick_ack = args.next().as_deref() != Some("slow");
    let bridge = Bridge::insert(Trivial(answer.ok_or("ANSWER is not hexadecimal")?), settings, |_| {})?;
    while bridge.state() != State::Left {
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
