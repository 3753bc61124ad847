//! No key leaves a card in clear, and none comes in so: every byte that passes in a whole life is looked at.

use crate::world::{REGION, blank, imsi, issue, number, pin, plan, region, serial, sim_card};
use issue::keyset::{CityKeys, Roots};
use issue::pairing;
use issue::source::{CardSource, SoftSource};
use keys::{Role, Suite};
use reader::driver::esam::Esam;
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::profile::{CardKind, Recipient};
use std::sync::{Arc, Mutex};
use vcard::Slot;
use wire::{Channel, ChannelError};

use crate::bench::Attempt;
use scheme::order::OrderKind;

/// A card whose traffic, both ways, is kept.
pub struct Tapped {
    pub card: Slot,
    pub heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Tapped {
    fn keep(&self, bytes: &[u8]) {
        self.heard.lock().unwrap().push(bytes.to_vec());
    }
}

impl Channel for Tapped {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.keep(command);
        let answer = self.card.transmit(command)?;
        self.keep(&answer);
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

/// Every key of the life, with its name; the transport keys of all blanks too.
fn all_keys(suite: Suite, labels: &[&str]) -> Vec<(String, Vec<u8>)> {
    let roots = Roots::test(suite);
    let city: CityKeys = roots.city(region());
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((format!("root {}", role.name()), roots.get(role).expose().to_vec()));
        keys.push((format!("city {} {REGION}", role.name()), city.get(role).expose().to_vec()));
        keys.push((format!("device {}", role.name()), city.meter(role, number(42)).expose().to_vec()));
    }
    for kind in CardKind::ALL {
        for n in [11, 2, 3, 4] {
            let recipient = Recipient::Card(kind);
            let [root, city] =
                [roots.own_master(kind, number(n)), city.device(recipient, Role::Master, number(n))];
            keys.push((format!("own master of {} {n}", kind.name()), root.expose().to_vec()));
            keys.push((format!("city's master of {} {n}", kind.name()), city.expose().to_vec()));
        }
    }
    for label in labels {
        keys.push((format!("transport {label}"), roots.transport(serial(label)).expose().to_vec()));
    }
    keys
}

#[test]
fn no_key_passes_in_clear() {
    for suite in Suite::ALL {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kinds = [
            CardKind::MainControl,
            CardKind::PsamIssuing,
            CardKind::EsamIssuing,
            CardKind::Psam,
            CardKind::Esam,
        ];
        let labels = kinds.map(CardKind::name);
        let [mut main, mut psam_issuing, mut esam_issuing, mut psam, mut esam] =
            kinds.map(|kind| Tapped { card: blank(kind, suite, kind.name()), heard: heard.clone() });
        let plan = |kind, n| plan(kind, suite, number(n), None);

        let mut roots = SoftSource::province(Roots::test(suite));
        issue(&plan(CardKind::MainControl, 11), &mut main, &mut roots);
        let mut source = crate::world::open(&mut main, CardKind::MainControl);
        issue(&plan(CardKind::PsamIssuing, 2), &mut psam_issuing, &mut source);
        issue(&plan(CardKind::EsamIssuing, 3), &mut esam_issuing, &mut source);
        let mut source = CardSource::open(IssuingCard::new(&mut psam_issuing), &pin()).unwrap();
        issue(&plan(CardKind::Psam, 4), &mut psam, &mut source);
        let mut source = CardSource::open(IssuingCard::new(&mut esam_issuing), &pin()).unwrap();
        let issued = issue(&plan(CardKind::Esam, 42), &mut esam, &mut source);
        let pairing = pairing::make(&mut source, number(42), region(), &issued.keys).unwrap();

        let mut order = Attempt::new(suite, number(42), OrderKind::Open, 1).order;
        order.serial.0 = wire::atr::serial_of(&Channel::reset(&mut esam).unwrap()).unwrap();
        let mut source = CardSource::open(IssuingCard::new(&mut psam_issuing), &pin()).unwrap();
        let key = issue::life::pair(&mut psam, &mut source, &pin()).unwrap();
        issue::life::raise(&mut psam, &mut source, scheme::psam::Limits::PSAM, [1; 8]).unwrap();
        let mut sealer = Psam::open(&mut psam).unwrap();
        sealer.verify_pin(pin().expose()).unwrap();
        sealer.prove_with(server::ServerKey::new(number(4).0, suite, *key).prover());
        let user_data = sealer.seal_order(&order.to_bytes()).unwrap();
        let mut meter = crate::world::paired(&pairing.to_json().unwrap());
        let mut sim = Tapped { card: sim_card(&imsi(0, 0)), heard: heard.clone() };
        deliver(&mut sim, &user_data);
        let report = meter.insert(&mut esam, &mut sim, "20261122090000".parse().unwrap(), &mut |b| b.fill(7));
        assert!(matches!(report.outcome, meter::Outcome::Credited { .. }), "{:?}", report.outcome);
        let receipt = crate::world::take_receipt(&mut sim.card).unwrap();
        sealer.open_receipt(order.meter, &user_data_of(&receipt)).unwrap();
        read_everything(&mut esam);

        let heard = heard.lock().unwrap();
        assert!(heard.len() > 700, "{} messages", heard.len());
        for (name, key) in all_keys(suite, &labels) {
            for half in key.chunks(8) {
                let seen = heard.iter().any(|bytes| bytes.windows(8).any(|window| window == half));
                assert!(!seen, "{}: the key \"{name}\" passed in clear", suite.name());
            }
        }
    }
}

fn deliver(sim: &mut Tapped, user_data: &[u8]) {
    use wire::sms::record::{RecordStatus, SmsRecord};
    use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};
    let sender = Address::international("8657495598").unwrap();
    let sent = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]).unwrap();
    let tpdu = Tpdu::Deliver(Deliver::secured(sender, sent, user_data).unwrap());
    let record = SmsRecord { status: RecordStatus::Unread, service_centre: None, tpdu }.to_bytes().unwrap();
    let mut sim = reader::driver::sim::Sim::new(sim);
    sim.reset().unwrap();
    sim.deliver(&[record]).unwrap();
}

fn user_data_of(record: &[u8]) -> Vec<u8> {
    wire::sms::record::SmsRecord::parse(record).unwrap().unwrap().tpdu.user_data_bytes()
}

/// Every READ that anybody can send to an ESAM, short ids and record numbers alike.
fn read_everything(esam: &mut Tapped) {
    let mut card = Esam::new(esam);
    card.reset().unwrap();
    for sfi in 0..=0x1F_u8 {
        for command in [[0x00, 0xB0, 0x80 | sfi, 0x00, 0x00], [0x00, 0xB2, 0x01, sfi << 3 | 0x04, 0x00]] {
            card.fmcos().channel().transmit(&command).unwrap();
        }
    }
    for kind in 0..=0xFF {
        for id in 0..=9 {
            card.fmcos().channel().transmit(&[0x80, 0x48, kind, id, 0x06]).unwrap();
        }
    }
}
