//! The paper's online purchase, message by message.

use gridcard_scheme::moment::Moment;
use gridcard_scheme::money::Fen;
use gridcard_scheme::numbers::MeterNumber;
use gridcard_scheme::online::{Head, Hello, Request, Session, SessionId};
use gridcard_scheme::order::Serial8;
use gridcard_scheme::profile::State;
use keys::{Key, Suite};

const SUITES: [Suite; 3] = [Suite::TripleDes, Suite::Aes128, Suite::Sm4];
const KID: [u8; 16] = [0x4B; 16];

fn hello(suite: Suite) -> Hello {
    Hello {
        suite,
        meter: MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]),
        sid: SessionId([0x51, 2, 3, 4, 5, 6, 7, 8]),
        nonce: [0xA5; 16],
        time: Moment([0x20, 0x26, 0x11, 0x28, 0x08, 0x15, 0x30]),
    }
}

fn head(suite: Suite) -> Head {
    Head {
        suite,
        meter: hello(suite).meter,
        sid: hello(suite).sid,
        nonce: [0x5A; 16],
        serial: Serial8([0xE0, 1, 2, 3, 4, 5, 6, 7]),
        count: 6,
        state: State::Test,
        key_version: 1,
    }
}

fn request() -> Request {
    Request {
        meter: hello(Suite::Sm4).meter,
        customer: [0x33, 0x02, 0x00, 0x00, 0x12, 0x34],
        amount: Fen(10_000),
        time: Moment([0x20, 0x26, 0x11, 0x28, 0x08, 0x14, 0x59]),
        imsi: [8, 0x49, 0x06, 0x10, 0x32, 0x54, 0x76, 0x98, 0x10],
        imei: [0x35, 0x29, 0x09, 0x00, 0x17, 0x61, 0x48, 0x1F],
        msisdn: [0x86, 0x13, 0x80, 0x05, 0x74, 0x50, 0x0F, 0xFF, 0xFF, 0xFF],
    }
}

/// Both ends.
fn ends(suite: Suite) -> [Session; 2] {
    let (hello, head) = (hello(suite).to_bytes(), head(suite).to_bytes());
    let kid = Key::from_16(suite, KID);
    [(); 2].map(|()| Session::begin(&kid, &hello, &head).expect("one purchase"))
}

#[test]
fn what_one_end_says_the_other_hears() {
    for suite in SUITES {
        let [mut esam, mut psam] = ends(suite);
        let asked = esam.seal_request(&request().to_bytes());
        assert_eq!(asked.len(), 47 + if suite == Suite::TripleDes { 72 } else { 80 } + 8);
        let heard = psam.open_request(&asked).expect("its own");
        assert_eq!(Request::parse(&heard), Ok(request()));
        let order = psam.seal_order(b"an order");
        assert_eq!(&esam.open_order(&order).expect("its own")[..], b"an order");
        let answer = esam.seal_answer(&[0xEF, 17]);
        assert_eq!(&psam.open_answer(&answer).expect("its own")[..], [0xEF, 17]);
    }
}

/// Computed beside, with another library: HMAC and SHA-256 of the standard library of Python, CBC and CMAC of `cryptography`.
#[test]
fn the_bytes_are_those_of_the_page() {
    const ASKED: &str = "B5482F8D7A0BA1F43106C49CD3FF07F9D1851904D897621ED2BFBD51C37746085E3912EE5159AA0A1D680D2AA4242AB2FAE4AA858BD7237E0A61DFBAA4F968270C4B94FF7B16B8D923702D2AA72193194321DA46DFCAB254";
    const ORDER: &str = "A251020304050607080FE896B5DCBCC010F08F950760F7FE9A81E607D8AD9D1E35";
    let [mut esam, mut psam] = ends(Suite::Aes128);
    let asked = esam.seal_request(&request().to_bytes());
    assert_eq!(hex::encode_upper(&asked[47..]), ASKED);
    psam.open_request(&asked).expect("its own");
    assert_eq!(hex::encode_upper(psam.seal_order(b"an order")), ORDER);
}

#[test]
fn nothing_is_heard_of_another_purchase_or_with_a_bit_changed() {
    let [mut esam, mut psam] = ends(Suite::Sm4);
    let asked = esam.seal_request(&request().to_bytes());
    for bit in 0..asked.len() * 8 {
        let mut changed = asked.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(psam.open_request(&changed).is_none(), "bit {bit}");
    }
    for len in 0..asked.len() {
        assert!(psam.open_request(&asked[..len]).is_none(), "{len} bytes");
    }
    // What comes out of turn is nothing, and a message is not the next one.
    assert!(psam.open_answer(&asked).is_none());
    let mut early = psam.clone();
    let early = early.seal_order(b"an order");
    assert!(esam.open_order(&early).is_none(), "before the request was heard");
    psam.open_request(&asked).expect("its own");
    let order = psam.seal_order(b"an order");
    assert!(esam.clone().open_answer(&order).is_none());
    esam.open_order(&order).expect("its own");
    assert!(esam.open_order(&order).is_none(), "once");
    // Another meter's key, another purchase, another suite.
    let (hello, head) = (hello(Suite::Sm4), head(Suite::Sm4));
    let mut other = Session::begin(&Key::from_16(Suite::Sm4, [1; 16]), &hello.to_bytes(), &head.to_bytes());
    assert!(other.as_mut().and_then(|other| other.open_request(&asked)).is_none());
    let kid = Key::from_16(Suite::Sm4, KID);
    let strange = Hello { sid: SessionId([0; 8]), ..hello.clone() };
    assert!(Session::begin(&kid, &strange.to_bytes(), &head.to_bytes()).is_none());
    let strange = Head { meter: MeterNumber([1; 6]), ..head.clone() };
    assert!(Session::begin(&kid, &hello.to_bytes(), &strange.to_bytes()).is_none());
    assert!(Session::begin(&Key::from_16(Suite::Aes128, KID), &hello.to_bytes(), &head.to_bytes()).is_none());
}
