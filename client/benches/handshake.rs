//! What a handshake costs, against the bare calls it is made of; and a request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "it measures, and breaks off where it cannot"
)]

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key};
use divan::{Bencher, black_box};
use gridcard_client::talk::{Answer, Psk, Request, Said};
use gridcard_client::{Board, Heard, Keypair, Known, Marks, Mode, Opening, PhoneSession, Stamp, marks};
use keys::Zeroizing;
use x25519_dalek::{PublicKey, StaticSecret};

const NOW: i64 = 1_795_824_000;

fn main() {
    divan::main();
}

fn chance() -> impl FnMut(&mut [u8]) {
    let mut next = 1_u8;
    move |out: &mut [u8]| {
        for byte in out {
            *byte = next;
            next = next.wrapping_mul(5).wrapping_add(3);
        }
    }
}

fn known() -> (Board<()>, [u8; 32], Keypair, Psk) {
    let server = Keypair::new(&[0x11; 32]);
    let public = *server.public();
    (Board::new(server, true), public, Keypair::new(&[0x22; 32]), Psk(Zeroizing::new([0x33; 32])))
}

fn opening(mode: Mode, server: &[u8; 32], own: &Keypair, psk: &Psk, at: i64) -> Opening {
    let said = Marks::of(&marks::Said { msisdn: "+8613800138000", imsi: None, imei: None, user: "li" });
    let known = Known { mode, server, own, psk, name: b"phone  1" };
    Opening::session(&known, &said, Stamp::of(at, 0), &mut chance()).expect("the server's key is one")
}

fn answer(board: &mut Board<()>, frame: &[u8], psk: &Psk) -> Vec<u8> {
    let Heard::First(first) = board.hear(frame, NOW) else { panic!("a first message") };
    let admitted = first.admit(&psk.0, Stamp::ZERO, NOW).expect("it opens");
    board.begin(admitted, *b"phone  1", (), &mut chance(), NOW).expect("there is room")
}

/// The server's part of a handshake: one message in, one out.
#[divan::bench(args = [Mode::Noise, Mode::Paper])]
fn server_handshake(bencher: Bencher<'_, '_>, mode: Mode) {
    let mut at = 0;
    bencher
        .with_inputs(|| {
            let (board, server, own, psk) = known();
            at += 1;
            (board, opening(mode, &server, &own, &psk, NOW + at % 1000), psk)
        })
        .bench_local_values(|(mut board, opening, psk)| black_box(answer(&mut board, opening.frame(), &psk)));
}

/// The bare calls of that: a key pair, four agreements, and four seals of the sizes of a handshake.
#[divan::bench]
fn bare_calls(bencher: Bencher<'_, '_>) {
    let own = StaticSecret::from([0x11; 32]);
    let theirs = PublicKey::from(&StaticSecret::from([0x22; 32]));
    bencher.bench_local(|| {
        let ephemeral = StaticSecret::from(black_box([0x44; 32]));
        black_box(PublicKey::from(&ephemeral));
        for secret in [&own, &own, &ephemeral, &ephemeral] {
            black_box(secret.diffie_hellman(black_box(&theirs)));
        }
        for (length, key) in [(32, 1_u8), (28, 2), (0, 3)] {
            let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from([key; 32]));
            let payload = Payload { msg: &[7; 32][..length], aad: &[9; 32] };
            black_box(cipher.encrypt(&[0; 12].into(), payload).expect("it is short"));
        }
    });
}

/// A request and its answer, both sides.
#[divan::bench]
fn request_and_answer(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| {
            let (mut board, server, own, psk) = known();
            let opening = opening(Mode::Noise, &server, &own, &psk, NOW);
            let answer = answer(&mut board, opening.frame(), &psk);
            let phone: PhoneSession = opening.answered(&answer, NOW).expect("it fits");
            (board, phone)
        })
        .bench_local_values(|(mut board, mut phone)| {
            let asked = phone.ask(&Request::Contracts, NOW).expect("it is good for a day");
            let Heard::Asked(asked) = board.hear(&asked, NOW) else { panic!("a request") };
            let answer = Answer::Done(Said::Contracts(Vec::new()));
            let answer = board.answer(asked.place, asked.number, &answer, NOW).expect("it is open");
            black_box(phone.hear(&answer, NOW).expect("it is the answer"));
        });
}
