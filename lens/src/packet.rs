//! The outside of a secured packet in words [TS 102 225 5.1].

use wire::packet::{CounterMode, Reply, Spi};
use wire::sms::outside::Outside;

/// The outside of a packet in words, `name, value`.
pub fn outside(outside: &Outside) -> Vec<(&'static str, String)> {
    match outside {
        Outside::Command { length, spi, kic, kid, tar } => vec![
            ("packet", format!("command, {length} bytes")),
            ("SPI", format!("{} ({})", hex::encode_upper(spi), protection(*spi))),
            ("KIc", key(*kic)),
            ("KID", key(*kid)),
            ("TAR", hex::encode_upper(tar)),
        ],
        Outside::Response { length, tar } => {
            vec![("packet", format!("response, {length} bytes")), ("TAR", hex::encode_upper(tar))]
        }
    }
}

fn protection(spi: [u8; 2]) -> String {
    let Ok(spi) = Spi::parse(spi) else { return "a protection this program does not read".to_owned() };
    let mut words = vec![if spi.command.cc { "checksum" } else { "no checksum" }];
    words.push(if spi.command.ciphered { "enciphered" } else { "in the clear" });
    words.push(match spi.counter {
        CounterMode::None => "no counter",
        CounterMode::Unchecked => "counter not checked",
        CounterMode::Higher => "counter must be higher",
        CounterMode::OneHigher => "counter must be one higher",
    });
    words.push(match spi.reply {
        Reply::No => "no response",
        Reply::Always => "response wanted",
        Reply::OnError => "response on error",
    });
    words.join(", ")
}

/// A KIc or KID byte: key set, and the algorithm its low nibble names [docs/specs/sim.md, messages].
fn key(byte: u8) -> String {
    let algorithm = match byte & 0x0F {
        0x0 => "algorithm known to both",
        0x1 => "DES",
        0x5 => "3DES, two keys",
        0x9 => "3DES, three keys",
        0xD => "DES in ECB",
        0x2 => "AES",
        0x3 => "proprietary",
        _ => "unknown algorithm",
    };
    format!("{byte:02X} (key set {}, {algorithm})", byte >> 4)
}
