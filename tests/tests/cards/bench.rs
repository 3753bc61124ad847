//! An ESAM on the bench: orders crafted from keys and bytes, without a server, a PSAM or a meter.

use crate::world::{copy, region};
use issue::keyset::Roots;
use keys::{Key, Role, Suite, mac};
use reader::driver::esam::Esam;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use sha2::{Digest, Sha256};
use vcard::Slot;
use wire::packet::{self, CommandHeader, PacketCrypto, Spi};
use wire::sms::tpdu::{Address, Deliver, Timestamp};
use wire::{Command, Response, tlv};

/// KIc and KID of a meter, straight from the roots.
#[derive(Clone)]
pub struct MeterKeys {
    pub kic: Key,
    pub kid: Key,
}

impl MeterKeys {
    pub fn new(suite: Suite, number: DeviceNumber) -> Self {
        let city = Roots::test(suite).city(region());
        MeterKeys { kic: city.meter(Role::Kic, number), kid: city.meter(Role::Kid, number) }
    }
}

impl PacketCrypto for MeterKeys {
    fn block(&self) -> usize {
        self.kic.suite().block()
    }

    fn encrypt(&self, data: &mut [u8]) {
        self.kic.cipher().encrypt_cbc(data);
    }

    fn decrypt(&self, data: &mut [u8]) {
        self.kic.cipher().decrypt_cbc(data);
    }

    fn cc(&self, parts: &[&[u8]]) -> [u8; 8] {
        mac::packet(&self.kid, parts)
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        a == b
    }
}

/// EF_IMSI content of SIM `n`.
pub fn imsi_file(n: u32) -> [u8; 9] {
    crate::world::imsi(n, 0).parse::<scheme::subscription::Imsi>().unwrap().file()
}

pub fn binding(imsi: &[u8; 9]) -> SimBinding {
    SimBinding(Sha256::digest(imsi)[..8].try_into().unwrap())
}

pub fn time(text: &str) -> Moment {
    text.parse().unwrap()
}

/// A change of bytes on their way.
pub type Mangle = fn(&mut Vec<u8>);

/// One ENVELOPE with everything around it; right until something in it is changed.
#[derive(Clone)]
pub struct Attempt {
    pub order: Order,
    pub keys: MeterKeys,
    pub spi: [u8; 2],
    pub kic: u8,
    pub kid: u8,
    pub tar: [u8; 3],
    /// CNTR minus purchase count.
    pub counter_ahead: u64,
    /// Changes the encoded order before it is sealed.
    pub content: Option<Mangle>,
    /// Changes the sealed user data.
    pub packet: Option<Mangle>,
    /// Changes the data field of ENVELOPE.
    pub envelope: Option<Mangle>,
    /// What the MCU says: EF_IMSI content of the SIM in its slot, and its time.
    pub imsi: [u8; 9],
    pub now: Moment,
}

impl Attempt {
    /// A right order for a meter from SIM 0, sold at 08:00 for 30 days.
    pub fn new(suite: Suite, meter: DeviceNumber, kind: OrderKind, count: u32) -> Self {
        let key_byte = match suite {
            Suite::TripleDes => 0x15,
            Suite::Aes128 => 0x12,
            Suite::Sm4 => 0x13,
        };
        Attempt {
            order: Order {
                meter: MeterNumber(meter.0),
                customer: "000000005000".parse().unwrap(),
                amount: Fen(100_00),
                count,
                issued: time("20261122080000"),
                id: OrderId([count as u8; 8]),
                kind,
                binding: binding(&imsi_file(0)),
                valid_until: time("20261222080000"),
                serial: Serial8(crate::world::serial(&format!("esam {meter}")).0),
            },
            keys: MeterKeys::new(suite, meter),
            spi: [0x16, 0x39],
            kic: key_byte,
            kid: key_byte,
            tar: *b"GRC",
            counter_ahead: 0,
            content: None,
            packet: None,
            envelope: None,
            imsi: imsi_file(0),
            now: time("20261122090000"),
        }
    }

    /// The data field of ENVELOPE.
    pub fn envelope(&self) -> Vec<u8> {
        let mut content = self.order.to_bytes();
        self.content.iter().for_each(|mangle| mangle(&mut content));
        let header = CommandHeader {
            spi: Spi::parse(self.spi).unwrap(),
            kic: self.kic,
            kid: self.kid,
            tar: self.tar,
            counter: u64::from(self.order.count) + self.counter_ahead,
        };
        let mut user_data = packet::seal_command(&header, &content, &self.keys).unwrap();
        self.packet.iter().for_each(|mangle| mangle(&mut user_data));
        let sender = Address::international("8657495598").unwrap();
        let sent = Timestamp::china(self.order.issued.0).unwrap();
        let deliver = Deliver::secured(sender, sent, &user_data).unwrap();
        let mut body = vec![0x82, 0x02, 0x83, 0x81];
        tlv::push(&mut body, 0x8B, &deliver.to_bytes());
        let mut out = Vec::new();
        tlv::push(&mut out, 0xD1, &body);
        self.envelope.iter().for_each(|mangle| mangle(&mut out));
        out
    }
}

/// An ESAM with the keys of its meter's MCU beside it.
pub struct Bench {
    pub card: Slot,
    ext_auth: Key,
}

impl Bench {
    pub fn new(card: &Slot, suite: Suite, number: DeviceNumber) -> Self {
        let ext_auth = Roots::test(suite).city(region()).meter(Role::ExtAuth, number);
        Bench { card: copy(card), ext_auth }
    }

    /// The same ESAM, without power.
    pub fn copy(&self) -> Self {
        Bench { card: copy(&self.card), ext_auth: self.ext_auth.clone() }
    }

    /// Reset, EXTERNAL AUTHENTICATE as the MCU.
    pub fn authenticate(&mut self) {
        let mut esam = Esam::new(&mut self.card);
        esam.reset().unwrap();
        let challenge = esam.challenge().unwrap();
        esam.external_authenticate(&keys::seal::cryptogram(&self.ext_auth, &challenge)).unwrap();
    }

    /// Writes the run information of an attempt; needs the MCU's rights.
    pub fn run_info(&mut self, attempt: &Attempt) {
        Esam::new(&mut self.card).write_run_info(12_345, attempt.now, &attempt.imsi).unwrap();
    }

    /// ENVELOPE alone, with GET RESPONSE.
    pub fn envelope(&mut self, data: &[u8]) -> Response {
        let command = Command::new(0x80, 0xC2, 0x00, 0x00).data(data);
        Esam::new(&mut self.card).fmcos().ask("ENVELOPE", &command).unwrap()
    }

    /// All of it.
    pub fn present(&mut self, attempt: &Attempt) -> Response {
        self.authenticate();
        self.run_info(attempt);
        self.envelope(&attempt.envelope())
    }
}

/// Opens the account of a formal ESAM with its first purchase; gives what was credited.
pub fn credit_formal(esam: &mut Slot, roots: &Roots, number: DeviceNumber) -> Fen {
    let city = roots.city(region());
    let key = |role| city.meter(role, number);
    let mut attempt = Attempt::new(roots.suite(), number, OrderKind::Open, 1);
    attempt.keys = MeterKeys { kic: key(Role::Kic), kid: key(Role::Kid) };
    let mut bench = Bench { card: copy(esam), ext_auth: key(Role::ExtAuth) };
    let atr = Esam::new(&mut bench.card).reset().unwrap();
    attempt.order.serial = Serial8(wire::atr::serial_of(&atr).unwrap());
    assert_eq!(bench.present(&attempt).sw, wire::Sw::OK);
    *esam = copy(&bench.card);
    attempt.order.amount
}
