//! Signing and verifying, beside the bare calls of the crates that calculate.
//!
//! `cargo bench -p gridcard-keys --bench sign`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::expect_used, reason = "a bench")]

use divan::{Bencher, black_box};
use gridcard_keys::sign::{Curve, SM2_ID, SigningKey};
use p256::ecdsa::signature::{Signer, Verifier};

fn main() {
    divan::main();
}

const MESSAGE: &[u8] = &[0x5A; 100];

fn key(curve: Curve) -> SigningKey {
    SigningKey::from_bytes(curve, &[7; 32]).expect("a key")
}

#[divan::bench(args = [Curve::Sm2, Curve::P256])]
fn verify(bencher: Bencher<'_, '_>, curve: Curve) {
    let key = key(curve);
    let (public, made) = (key.public().expect("a key"), key.sign(&[MESSAGE], &[1; 32]).expect("a signature"));
    bencher.bench_local(|| public.verify(&[black_box(MESSAGE)], &made));
}

#[divan::bench]
fn verify_sm2_bare(bencher: Bencher<'_, '_>) {
    let key = sm2::dsa::SigningKey::from_slice(SM2_ID, &[7; 32]).expect("a key");
    let made = key.sign(MESSAGE);
    bencher.bench_local(|| key.verifying_key().verify(black_box(MESSAGE), &made));
}

#[divan::bench]
fn verify_p256_bare(bencher: Bencher<'_, '_>) {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("a key");
    let made: p256::ecdsa::Signature = key.sign(MESSAGE);
    bencher.bench_local(|| key.verifying_key().verify(black_box(MESSAGE), &made));
}

#[divan::bench(args = [Curve::Sm2, Curve::P256])]
fn sign(bencher: Bencher<'_, '_>, curve: Curve) {
    let key = key(curve);
    bencher.bench_local(|| key.sign(&[black_box(MESSAGE)], &[1; 32]));
}

#[divan::bench]
fn sign_sm2_bare(bencher: Bencher<'_, '_>) {
    let key = sm2::dsa::SigningKey::from_slice(SM2_ID, &[7; 32]).expect("a key");
    bencher.bench_local(|| key.sign(black_box(MESSAGE)));
}
