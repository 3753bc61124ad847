//! Signatures: an own key pair for an ESAM's, another signature for another receipt.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{City, Seed, number, open, serial, target};
use issue::source::{KeySource, Proof};
use keys::Suite;
use keys::sign::{Curve, Signature, SigningKey};
use parties::trouble::{Context, Result, refused};
use reader::driver::fmcos::Fmcos;
use scheme::certificate::{Certificate, Label};
use scheme::money::Fen;
use scheme::profile::CardKind;
use scheme::receipt;
use scheme::signed::Signed;
use scheme::signing::Mode;
use wire::Channel;

/// Orders of the groups of the two curves, SM2 and P-256.
const ORDER_SM2: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x72,
    0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
];
const ORDER_P256: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC,
    0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// All of them, whatever the suite: each curve has its own tricks.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    Ok(vec![own_key_pair(suite, seed)?, other_half(suite, seed)?])
}

/// A key pair of the operator's, a proof that was guessed, replayed, or made by another chip.
fn own_key_pair(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "an operator's own key pair certified as an ESAM's");
    let mut city = City::new(suite, seed)?;
    let (mut first, mut second) = (city.site(0, Mode::Symmetric)?.esam, city.site(1, Mode::Symmetric)?.esam);
    let to = target(CardKind::Esam, number(1000)?, serial(&mut first)?)?;
    let other = target(CardKind::Esam, number(1001)?, serial(&mut second)?)?;
    let mut card = city.issuing_card()?;
    let mut source = open(&mut card, CardKind::EsamIssuing)?;
    let day = crate::bare::BEGIN.day();
    let mine = *SigningKey::from_bytes(Curve::of(suite), &[7; 32])?.public()?.bytes();
    let prove = |esam: &mut vcard::Slot, to, source: &mut dyn KeySource| -> Result<()> {
        esam.reset()?;
        let mut fmcos = Fmcos::new(esam);
        fmcos.select_mf()?;
        let challenge = fmcos.challenge8()?;
        let cryptogram = source.authenticate_target(to, challenge)?;
        Ok(fmcos.external_authenticate(0, &cryptogram)?)
    };
    issue::signing::equip(&mut first, &mut source, &to, day)?;
    prove(&mut first, &to, &mut source)?;
    let mut kept: Option<Proof> = None;
    source.certify(&to, day, &mut |challenge| {
        let proof = Fmcos::new(&mut first).generate_key_pair(challenge)?;
        kept = Some(proof);
        Ok(proof)
    })?;
    let honest = kept.context("a proof")?;
    for (what, wrong) in [
        ("a proof of zeros", Proof { public: mine, mac: [0; 8] }),
        ("an honest proof with another key", Proof { public: mine, mac: honest.mac }),
        ("an honest proof once more", honest),
    ] {
        match source.certify(&to, day, &mut |_| Ok(wrong)) {
            Ok(_) => row.went_through(what),
            Err(_) => row.stopped("proof of its card"),
        }
    }
    issue::signing::equip(&mut second, &mut source, &other, day)?;
    prove(&mut second, &other, &mut source)?;
    let certified =
        source.certify(&to, day, &mut |challenge| Fmcos::new(&mut second).generate_key_pair(challenge));
    match certified {
        Ok(_) => row.went_through("another chip's proof"),
        Err(_) => row.stopped("proof of its card"),
    }
    Ok(row)
}

/// `n - s` in the place of s, and every bit of a signature flipped: no other receipt, and no signature of the chip's.
fn other_half(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "n - s, or another bit, in a receipt's signature");
    let mut city = City::new(suite, seed)?;
    let mut site = city.site(0, Mode::Signed)?;
    let mut bank = city.bank(std::slice::from_ref(&site))?;
    let order = bank.buy(&site, Fen(20_00))?;
    site.deliver(&order.record)?;
    site.insert(bank.now);
    let records = site.take_receipt()?.context("a receipt")?;
    let bytes = bank.open_bytes(&site, &records)?;
    let signed = Signed::parse(&bytes, receipt::TAG).map_err(|error| refused(error.to_string()))?;
    let certified = site.certified.as_ref().context("a certificate")?;
    let own = Certificate::parse(&certified.own)?;
    signed.verify(Label::Receipt, &own).map_err(|error| refused(error.to_string()))?;
    let honest = *signed.proof.as_ref().context("a signature")?.signature.bytes();
    let order = if Curve::of(suite) == Curve::Sm2 { ORDER_SM2 } else { ORDER_P256 };
    let mut bent = vec![("n - s".to_owned(), negated(&honest, &order))];
    bent.extend((0..8 * honest.len()).map(|bit| {
        let mut other = honest;
        other[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), other)
    }));
    for (what, signature) in bent {
        let mut other = signed.clone();
        if let Some(proof) = &mut other.proof {
            proof.signature = Signature::from_bytes(signature);
        }
        match other.verify(Label::Receipt, &own) {
            Ok(()) => row.went_through(what),
            Err(_) => row.stopped("one signature a nonce: s at most n/2, or bound to s"),
        }
    }
    // Whatever stands in it, the receipt is the one of its digest.
    bank.settle(&site, &records)?;
    match bank.settle(&site, &records)? {
        server::Settlement::AlreadySettled(_) => row.stopped("books: the same objects, the same receipt"),
        other => row.went_through(format!("settled twice: {other:?}")),
    }
    Ok(row)
}

/// The signature with n - s.
fn negated(signature: &[u8; 64], order: &[u8; 32]) -> [u8; 64] {
    let mut out = *signature;
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let mut digit = i16::from(order[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        if digit < 0 {
            digit += 256;
        }
        out[32 + at] = digit as u8; // 0 to 255
    }
    out
}
