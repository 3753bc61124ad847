//! Known answers: the bytes that leave the house.

use crate::house::{luhn, terms, time};
use gridcard_server::{
    Chain, Esam, KeyState, Keys, OrderRequest, OrderSealer, Roster, SealError, Store, Terms,
};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::{OrderId, Serial8};
use scheme::signing::Mode;
use serde_json::Value;

/// Seals every order with the same bytes.
struct Fixed(Vec<u8>);

impl OrderSealer for Fixed {
    fn number(&self) -> String {
        "000000000009".into()
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        Ok(None)
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        Ok(None)
    }

    fn seal(&mut self, _: &[u8], _: Mode) -> Result<Vec<u8>, SealError> {
        Ok(self.0.clone())
    }

    fn open(&mut self, _: MeterNumber, _: &[u8]) -> Result<Vec<u8>, SealError> {
        Err(SealError::Malformed)
    }
}

fn kat() -> Value {
    let kat: Value = serde_json::from_str(include_str!("../kat/records.json")).unwrap();
    assert!(kat["source"].as_str().unwrap().len() > 20);
    kat
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn store_with(imsi: &str) -> Store {
    let mut store = Store::in_memory().unwrap();
    let file = format!(
        "customer,meter,msisdn,imsi,imei,iccid\n000000000042,000000000012,+8613800138000,{imsi},490154203237518,{}\n",
        luhn("898821100000043001")
    );
    let report = store.batch(|act| act.register(Roster::read(file.as_bytes()).unwrap())).unwrap();
    assert_eq!(report.registered, 1);
    let esam = Esam {
        serial: Serial8([0xE5; 8]),
        meter: "000000000012".parse().unwrap(),
        key_version: 1,
        state: KeyState::Test,
        ceiling: None,
        valid_to: None,
        state_since: 0,
        city: None,
        mode: Mode::Symmetric,
        certified: None,
    };
    store.batch(|act| act.take_meters(&[esam], time("20261122080000"))).unwrap();
    store
}

fn request(issued: &str) -> OrderRequest {
    OrderRequest {
        meter: "000000000012".parse().unwrap(),
        amount: Fen(5000),
        now: time(issued),
        id: OrderId([1; 8]),
    }
}

#[test]
fn sim_bindings() {
    for case in kat()["bindings"].as_array().unwrap() {
        let imsi = case["imsi"].as_str().unwrap();
        let mut store = store_with(imsi);
        let placed = store.batch(|act| act.place_order(&request("20261122080000"), &terms())).unwrap();
        assert_eq!(placed.order.binding.0.to_vec(), bytes(&case["binding"]), "{imsi}");
        assert_eq!(
            imsi.parse::<scheme::subscription::Imsi>().unwrap().file().to_vec(),
            bytes(&case["ef_imsi"])
        );
    }
}

#[test]
fn order_records() {
    for case in kat()["orders"].as_array().unwrap() {
        let terms = Terms {
            server_number: case["server_number"].as_str().unwrap().parse().unwrap(),
            service_centre: case["service_centre"].as_str().unwrap().parse().unwrap(),
            ..terms()
        };
        let mut sealer = Fixed(bytes(&case["user_data"]));
        let issued = case["issued"].as_str().unwrap();
        let sealed = store_with("460001234567895").purchase(&mut sealer, &request(issued), &terms).unwrap();
        let mut expected = bytes(&case["record"]);
        expected.resize(176, 0xFF);
        assert_eq!(hex::encode(sealed.record), hex::encode(expected), "{}", case["name"]);
    }
}

#[test]
fn what_does_not_fit_a_message_is_not_handed_out() {
    let good = terms();
    let packet = bytes(&kat()["orders"][0]["user_data"]);
    let mut long = packet;
    // Two messages hold 266 bytes behind the header.
    long.resize(3 + 267, 0);
    let cases = [
        (long, &good, "something else than an order packet"),
        (vec![0x02, 0x71, 0x00], &good, "something else than an order packet"),
        (vec![], &good, "message"),
    ];
    for (user_data, terms, words) in cases {
        let mut store = store_with("460001234567895");
        let error = store.purchase(&mut Fixed(user_data), &request("20261122080000"), terms).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(store.read(|view| view.totals()).unwrap().sealed, 0);
    }
    let words = |server: &str, centre: &str| Terms::new(server, centre).unwrap_err().to_string();
    assert!(
        words("95598 please", "8613800574500").starts_with("the server's number \"95598 please\" has ' '")
    );
    assert!(words("8657495598", "").starts_with("the service centre's number \"\" is empty"));
}
