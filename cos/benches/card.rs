//! What a command costs on an image in memory, and what its bare ciphers cost beside it.
//!
//! `cargo bench -p gridcard-cos`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot set up should stop")]

use divan::Bencher;
use gridcard_cos::table::Program;
use gridcard_cos::{Card, Chip, Protocol, RamNvm, fmcos};
use keys::{Key, Suite, mac, seal};
use scheme::profile::CardKind;

fn main() {
    divan::main();
}

static PROGRAM: Program =
    Program { name: "bench", dialect: &fmcos::DIALECT, commands: &[], fill: 0xFF, atr: |_| vec![0x3B, 0x00] };

const LINE_KEY: [u8; 16] = *b"0123456789abcdef";

/// A card with an unprotected file 0005, MAC-protected 0006 and enciphered 0007, and the challenges it will give.
fn card() -> Card<RamNvm> {
    let chip =
        Chip { kind: CardKind::Fmcos, suite: Suite::TripleDes, protocol: Protocol::Direct, serial: [1; 8] };
    let mut nvm = RamNvm::erased(Chip::eeprom_size(8 * 1024));
    chip.manufacture(&mut nvm).unwrap();
    let entropy = Box::new(|out: &mut [u8]| out.fill(0x5A));
    let mut card = Card::new(nvm, entropy, |_| Some(&PROGRAM)).unwrap();
    card.power_on().unwrap();
    let line_key = format!("80D401001536F0F0FFFF{}", hex::encode(LINE_KEY));
    for command in [
        "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
        "80E00000073F010001F0FFFF",
        &line_key,
        "80E00001072A0A20F0F0FFFF",
        "80E0000207280040F0F0FFFF",
        "80E0000307280040F0F0FFFF",
        "80E0000507280100F0F0FFFF",
        "80E0000607A80100F0F0FF7F",
        "80E0000707E80100F0F0FF7F",
        "00D6850001AA",
        "00A40000020005",
    ] {
        let answer = card.transmit(&hex::decode(command).unwrap());
        assert_eq!(answer[answer.len() - 2..], [0x90, 0x00], "{command}");
    }
    card
}

/// Runs one command again and again; checks once that it is answered 9000.
fn run(bencher: Bencher<'_, '_>, command: &[u8]) {
    let mut card = card();
    let mut out = Vec::with_capacity(300);
    card.transmit_into(command, &mut out);
    assert_eq!(out[out.len() - 2..], [0x90, 0x00]);
    bencher.bench_local(|| {
        card.transmit_into(divan::black_box(command), &mut out);
        divan::black_box(out.len())
    });
}

#[divan::bench]
fn select_ef(bencher: Bencher<'_, '_>) {
    run(bencher, &[0x00, 0xA4, 0x00, 0x00, 0x02, 0x00, 0x05]);
}

#[divan::bench]
fn read_binary_10(bencher: Bencher<'_, '_>) {
    run(bencher, &[0x00, 0xB0, 0x00, 0x00, 0x0A]);
}

#[divan::bench]
fn read_binary_200(bencher: Bencher<'_, '_>) {
    run(bencher, &[0x00, 0xB0, 0x00, 0x00, 0xC8]);
}

#[divan::bench]
fn get_challenge(bencher: Bencher<'_, '_>) {
    run(bencher, &[0x00, 0x84, 0x00, 0x00, 0x08]);
}

#[divan::bench]
fn update_binary_200(bencher: Bencher<'_, '_>) {
    let mut command = vec![0x00, 0xD6, 0x00, 0x00, 200];
    command.extend([0xA5; 200]);
    run(bencher, &command);
}

/// GET CHALLENGE and a protected command, as a terminal sends them.
fn protected(bencher: Bencher<'_, '_>, command: Vec<u8>) {
    let mut card = card();
    let mut out = Vec::with_capacity(300);
    let challenge = [0x00, 0x84, 0x00, 0x00, 0x08];
    card.transmit_into(&challenge, &mut out);
    card.transmit_into(&command, &mut out);
    assert_eq!(out[out.len() - 2..], [0x90, 0x00], "{}", hex::encode_upper(&out));
    bencher.bench_local(|| {
        card.transmit_into(&challenge, &mut out);
        card.transmit_into(divan::black_box(&command), &mut out);
        divan::black_box(out.len())
    });
}

fn line_key() -> Key {
    Key::from_16(Suite::TripleDes, LINE_KEY)
}

/// UPDATE BINARY of 100 bytes with MAC, and with cipher text and MAC.
fn update(sfi: u8, enciphered: bool) -> Vec<u8> {
    let data = [0x11; 100];
    let body = if enciphered { seal::encipher(&line_key(), &data) } else { data.to_vec() };
    let header = [0x04, 0xD6, 0x80 | sfi, 0x00, body.len() as u8 + 4];
    let code = mac::session(&line_key(), &[0x5A; 8], &[&header, &body]);
    [&header[..], &body, &code].concat()
}

#[divan::bench]
fn update_100_with_mac(bencher: Bencher<'_, '_>) {
    protected(bencher, update(6, false));
}

/// The ciphers of [`update_100_with_mac`] alone: key schedule and MAC.
#[divan::bench]
fn update_100_with_mac_bare(bencher: Bencher<'_, '_>) {
    let command = update(6, false);
    bencher.bench_local(|| mac::session(&line_key(), &[0x5A; 8], &[divan::black_box(&command[..105])]));
}

#[divan::bench]
fn update_100_enciphered(bencher: Bencher<'_, '_>) {
    protected(bencher, update(7, true));
}

/// The ciphers of [`update_100_enciphered`] alone: key schedules, MAC, decipherment.
#[divan::bench]
fn update_100_enciphered_bare(bencher: Bencher<'_, '_>) {
    let command = update(7, true);
    let end = command.len() - 4;
    bencher.bench_local(|| {
        let code = mac::session(&line_key(), &[0x5A; 8], &[divan::black_box(&command[..end])]);
        (code, seal::decipher(&line_key(), &command[5..end]).unwrap().len())
    });
}
