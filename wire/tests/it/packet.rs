//! Secured packets: published vectors, named ways to break them, every protection there is.

use crate::unhex;
use aes::Aes128;
use cbc_mac::{CbcMac, Mac};
use cipher::array::Array;
use cipher::common::InnerInit;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit,
    KeyInit,
};
use cmac::Cmac;
use des::TdesEde2;
use gridcard_wire::packet::{
    self, COUNTER_END, CommandHeader, CommandPacket, CounterError, CounterMode, PacketCrypto, PacketError,
    Reply, ResponseHeader, ResponsePacket, ResponseStatus, Security, Spi,
};
use proptest::prelude::*;

/// Keys of one packet, for tests only.
enum Keys {
    TripleDes { kic: Vec<u8>, kid: Vec<u8> },
    Aes128 { kic: Vec<u8>, kid: Vec<u8> },
}

impl Keys {
    fn new(suite: &str, kic: &str, kid: &str) -> Self {
        let (kic, kid) = (unhex(kic), unhex(kid));
        match suite {
            "3des" => Keys::TripleDes { kic, kid },
            "aes128" => Keys::Aes128 { kic, kid },
            other => panic!("suite {other}"),
        }
    }

    fn both() -> [Keys; 2] {
        let (kic, kid) = ("300102030405060708090A0B0C0D0E0F", "301102030405060708090A0B0C0D0E0F");
        [Keys::new("3des", kic, kid), Keys::new("aes128", kic, kid)]
    }
}

fn encrypt<C: BlockCipherEncrypt + BlockSizeUser + KeyInit>(key: &[u8], data: &mut [u8]) {
    let cipher = C::new_from_slice(key).unwrap();
    cbc::Encryptor::inner_iv_init(cipher, &Array::default())
        .encrypt_blocks(Array::slice_as_chunks_mut(data).0);
}

fn decrypt<C: BlockCipherDecrypt + BlockSizeUser + KeyInit>(key: &[u8], data: &mut [u8]) {
    let cipher = C::new_from_slice(key).unwrap();
    cbc::Decryptor::inner_iv_init(cipher, &Array::default())
        .decrypt_blocks(Array::slice_as_chunks_mut(data).0);
}

fn mac<M: Mac>(mut mac: M, parts: &[&[u8]]) -> [u8; 8] {
    parts.iter().for_each(|part| mac.update(part));
    *mac.finalize().into_bytes().first_chunk().unwrap()
}

impl PacketCrypto for Keys {
    fn block(&self) -> usize {
        match self {
            Keys::TripleDes { .. } => 8,
            Keys::Aes128 { .. } => 16,
        }
    }

    fn encrypt(&self, data: &mut [u8]) {
        match self {
            Keys::TripleDes { kic, .. } => encrypt::<TdesEde2>(kic, data),
            Keys::Aes128 { kic, .. } => encrypt::<Aes128>(kic, data),
        }
    }

    fn decrypt(&self, data: &mut [u8]) {
        match self {
            Keys::TripleDes { kic, .. } => decrypt::<TdesEde2>(kic, data),
            Keys::Aes128 { kic, .. } => decrypt::<Aes128>(kic, data),
        }
    }

    fn cc(&self, parts: &[&[u8]]) -> [u8; 8] {
        match self {
            Keys::TripleDes { kid, .. } => {
                mac(CbcMac::inner_init(TdesEde2::new_from_slice(kid).unwrap()), parts)
            }
            Keys::Aes128 { kid, .. } => mac(Cmac::<Aes128>::new_from_slice(kid).unwrap(), parts),
        }
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        a == b // nobody measures a test
    }
}

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    source: String,
    kind: String,
    suite: String,
    kic_key: String,
    kid_key: String,
    spi: String,
    #[serde(default)]
    kic: String,
    #[serde(default)]
    kid: String,
    tar: String,
    cntr: u64,
    #[serde(default)]
    status: u8,
    data: String,
    /// Checksum in the clear; empty when the packet has none.
    cc: String,
    user_data: String,
}

impl Vector {
    fn keys(&self) -> Keys {
        Keys::new(&self.suite, &self.kic_key, &self.kid_key)
    }

    fn spi(&self) -> Spi {
        Spi::parse(unhex(&self.spi).try_into().unwrap()).unwrap()
    }

    /// Checksum as it stands in the packet, deciphered: behind `before` bytes of the inside.
    fn checksum(&self, outside: usize, before: usize, ciphered: bool) -> Vec<u8> {
        let mut inside = unhex(&self.user_data)[outside..].to_vec();
        if ciphered {
            self.keys().decrypt(&mut inside);
        }
        inside[before..before + self.cc.len() / 2].to_vec()
    }

    fn command(&self) {
        let spi = self.spi();
        let header = CommandHeader {
            spi,
            kic: unhex(&self.kic)[0],
            kid: unhex(&self.kid)[0],
            tar: unhex(&self.tar).try_into().unwrap(),
            counter: self.cntr,
        };
        let sealed = packet::seal_command(&header, &unhex(&self.data), &self.keys()).unwrap();
        assert_eq!(hex::encode_upper(&sealed), self.user_data, "{}", self.name);
        let parsed = CommandPacket::parse(&sealed).unwrap();
        assert_eq!(
            (parsed.spi, parsed.kic, parsed.kid, parsed.tar),
            (spi, header.kic, header.kid, header.tar)
        );
        assert_eq!(parsed.open(&self.keys()), Ok((self.cntr, unhex(&self.data))), "{}", self.name);
        assert_eq!(self.checksum(13, 6, spi.command.ciphered), unhex(&self.cc), "{}", self.name);
    }

    fn response(&self) {
        let header = ResponseHeader {
            security: self.spi().response,
            tar: unhex(&self.tar).try_into().unwrap(),
            counter: self.cntr,
            status: ResponseStatus(self.status),
        };
        let sealed = packet::seal_response(&header, &unhex(&self.data), &self.keys()).unwrap();
        assert_eq!(hex::encode_upper(&sealed), self.user_data, "{}", self.name);
        let parsed = ResponsePacket::parse(&sealed, header.security).unwrap();
        assert_eq!(parsed.tar, header.tar);
        assert_eq!(parsed.open(&self.keys()), Ok((header, unhex(&self.data))), "{}", self.name);
        assert_eq!(self.checksum(9, 7, header.security.ciphered), unhex(&self.cc), "{}", self.name);
    }

    fn read(&self, user_data: &[u8]) -> Result<(), PacketError> {
        match self.kind.as_str() {
            "command" => CommandPacket::parse(user_data)?.open(&self.keys()).map(drop),
            _ => ResponsePacket::parse(user_data, self.spi().response)?.open(&self.keys()).map(drop),
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../kat/packet.json")).unwrap()
}

#[test]
fn published_vectors() {
    for vector in vectors() {
        assert!(!vector.source.is_empty(), "{}: no source", vector.name);
        match vector.kind.as_str() {
            "command" => vector.command(),
            "response" => vector.response(),
            other => panic!("{}: kind {other}", vector.name),
        }
    }
}

#[derive(serde::Deserialize)]
struct Negative {
    name: String,
    source: String,
    of: String,
    set: Vec<(usize, u8)>,
    cut: Option<usize>,
    append: String,
    error: String,
}

#[test]
fn named_ways_to_break_a_packet() {
    let vectors = vectors();
    let negatives: Vec<Negative> = serde_json::from_str(include_str!("../kat/packet-negative.json")).unwrap();
    for case in negatives {
        assert!(!case.source.is_empty(), "{}: no source", case.name);
        let vector = vectors.iter().find(|vector| vector.name == case.of).unwrap();
        let mut bytes = unhex(&vector.user_data);
        for (at, value) in case.set {
            assert_ne!(bytes[at], value, "{}: alters nothing", case.name);
            bytes[at] = value;
        }
        bytes.truncate(case.cut.unwrap_or(usize::MAX));
        bytes.extend(unhex(&case.append));
        assert_eq!(vector.read(&bytes).unwrap_err().to_string(), case.error, "{}", case.name);
    }
}

fn security() -> impl Iterator<Item = Security> {
    [false, true].into_iter().flat_map(|cc| [false, true].map(|ciphered| Security { cc, ciphered }))
}

/// Every SPI this code takes: 4 protections, 4 counters, 3 replies, 4 protections, 2 ways back.
fn all_spi() -> Vec<Spi> {
    let mut all = Vec::new();
    for (command, response) in security().flat_map(|a| security().map(move |b| (a, b))) {
        for counter in
            [CounterMode::None, CounterMode::Unchecked, CounterMode::Higher, CounterMode::OneHigher]
        {
            for reply in [Reply::No, Reply::Always, Reply::OnError] {
                all.extend([false, true].map(|by_submit| Spi {
                    command,
                    counter,
                    reply,
                    response,
                    by_submit,
                }));
            }
        }
    }
    all
}

#[test]
fn every_spi_roundtrips() {
    let all = all_spi();
    let codes: std::collections::BTreeSet<[u8; 2]> = all.iter().map(|spi| spi.to_bytes()).collect();
    assert_eq!((all.len(), codes.len()), (384, 384));
    for spi in &all {
        assert_eq!(Spi::parse(spi.to_bytes()), Ok(*spi));
    }
    let readable = (0..=u16::MAX).filter(|code| Spi::parse(code.to_be_bytes()).is_ok()).count();
    assert_eq!(readable, 384, "no other two bytes are an SPI");
}

#[test]
fn every_spi_protects_what_it_says() {
    for keys in Keys::both() {
        for spi in all_spi() {
            for len in [0, 1, 7, 8, 71] {
                let data = vec![0xA5; len];
                let header =
                    CommandHeader { spi, kic: 0x15, kid: 0x15, tar: packet::TAR, counter: COUNTER_END };
                let sealed = packet::seal_command(&header, &data, &keys).unwrap();
                let opened = CommandPacket::parse(&sealed).unwrap().open(&keys);
                assert_eq!(opened, Ok((COUNTER_END, data.clone())), "{spi:?} {len}");
                let clear = sealed[13..18] == [0xFF; 5];
                assert_eq!(clear, !spi.command.ciphered, "{spi:?}: counter in the clear");
                let header = ResponseHeader {
                    security: spi.response,
                    tar: packet::TAR,
                    counter: 1,
                    status: ResponseStatus(0x0A),
                };
                let sealed = packet::seal_response(&header, &data, &keys).unwrap();
                let opened = ResponsePacket::parse(&sealed, spi.response).unwrap().open(&keys);
                assert_eq!(opened, Ok((header, data)), "{spi:?} {len}");
            }
        }
    }
}

#[test]
fn spi_of_our_orders() {
    let spi = Spi::parse(packet::SPI).unwrap();
    let both = Security { cc: true, ciphered: true };
    let expected = Spi {
        command: both,
        counter: CounterMode::Higher,
        reply: Reply::Always,
        response: both,
        by_submit: true,
    };
    assert_eq!((spi, packet::SPI), (expected, [0x16, 0x39]));
}

#[test]
fn padding_must_be_less_than_a_block() {
    let [keys, _] = Keys::both();
    let plain = unhex("027000 000E 0D 0000 0000 B00011 0000000000 01");
    assert_eq!(CommandPacket::parse(&plain).unwrap().open(&keys), Err(PacketError::Padding(1)));
    for (pcntr, expected) in [
        (2, Ok((0, vec![]))),
        (1, Ok((0, vec![0]))),
        (3, Err(PacketError::Padding(3))),
        (8, Err(PacketError::Padding(8))),
    ] {
        let mut inside = vec![0, 0, 0, 0, 0, pcntr, 0, 0];
        keys.encrypt(&mut inside);
        let sealed = [unhex("027000 0010 0D 0400 1515 B00011"), inside].concat();
        assert_eq!(CommandPacket::parse(&sealed).unwrap().open(&keys), expected, "PCNTR {pcntr}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let [keys, _] = Keys::both();
    let spi = Spi::parse(packet::SPI).unwrap();
    let header = |counter| CommandHeader { spi, kic: 0x15, kid: 0x15, tar: packet::TAR, counter };
    let over = COUNTER_END + 1;
    assert_eq!(packet::seal_command(&header(over), &[], &keys), Err(PacketError::Counter(over)));
    assert_eq!(packet::seal_command(&header(1), &[0; 65536], &keys), Err(PacketError::TooLong(65536)));
    assert!(packet::seal_command(&header(1), &[0; 65000], &keys).is_ok());
}

#[test]
fn counter_rules() {
    use CounterMode::{Higher, None, OneHigher, Unchecked};
    for (mode, stored, received, expected) in [
        (None, 9, 0, Ok(())),
        (Unchecked, COUNTER_END, 0, Ok(())),
        (Higher, 4, 4, Err(CounterError::Low)),
        (Higher, 4, 3, Err(CounterError::Low)),
        (Higher, 4, 5, Ok(())),
        (Higher, 4, COUNTER_END, Ok(())),
        (Higher, COUNTER_END, COUNTER_END, Err(CounterError::Blocked)),
        (OneHigher, 4, 4, Err(CounterError::Low)),
        (OneHigher, 4, 5, Ok(())),
        (OneHigher, 4, 6, Err(CounterError::High)),
        (OneHigher, COUNTER_END, 0, Err(CounterError::Blocked)),
    ] {
        assert_eq!(mode.check(stored, received), expected, "{mode:?} {stored} {received}");
    }
}

proptest! {
    /// One flipped bit anywhere is an error: everything before the checksum is under it or is checked.
    #[test]
    fn no_bit_can_be_flipped(bit in 0usize..108 * 8, aes: bool) {
        let keys = &Keys::both()[usize::from(aes)];
        let header = CommandHeader {
            spi: Spi::parse(packet::SPI).unwrap(), kic: 0x15, kid: 0x15, tar: packet::TAR, counter: 7,
        };
        let mut sealed = packet::seal_command(&header, &[0x5A; 71], keys).unwrap();
        let bit = bit % (sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        let opened = CommandPacket::parse(&sealed).and_then(|packet| packet.open(keys));
        prop_assert!(opened.is_err(), "bit {bit}");
    }

    #[test]
    fn no_bytes_panic(tail in prop::collection::vec(any::<u8>(), 0..160), framed: bool, spi: [u8; 2], cc: bool, ciphered: bool) {
        let [keys, _] = Keys::both();
        let mut command = tail.clone();
        let mut response = tail;
        if framed {
            let security = Spi::parse(spi).map(|spi| spi.command.cc).unwrap_or(false);
            let [hi, lo] = ((command.len() + 8) as u16).to_be_bytes();
            let chl = if security { 21 } else { 13 };
            command.splice(0..0, [0x02, 0x70, 0x00, hi, lo, chl, spi[0], spi[1], 0x15, 0x15, 0x47, 0x52, 0x43]);
            let [hi, lo] = ((response.len() + 4) as u16).to_be_bytes();
            response.splice(0..0, [0x02, 0x71, 0x00, hi, lo, if cc { 18 } else { 10 }, 0x47, 0x52, 0x43]);
        }
        let _ = CommandPacket::parse(&command).and_then(|packet| packet.open(&keys));
        let _ = ResponsePacket::parse(&response, Security { cc, ciphered }).and_then(|packet| packet.open(&keys));
    }
}
