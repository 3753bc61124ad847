//! A paired meter and ESAM, a SIM, and orders in the clear form of the test ESAM.

use crate::esam::FakeEsam;
use crate::sim::FakeSim;
use gridcard_meter::{InsertionReport, Meter, MeterConfig, MeterState, Pairing};
use keys::{Key, Role, Suite, hierarchy, seal};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CheckValue, DeviceNumber, MeterNumber, RegionCode};
use scheme::pairing::{PairingFile, WrappedKey};
use scheme::profile::{Recipient, State};
use wire::channel::{Channel, ChannelError};
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};

pub const NUMBER: [u8; 6] = [0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
pub const REGION: [u8; 4] = [0x33, 0x02, 0x00, 0x00];
pub const SERVER: &str = "+8613800250500";

pub fn now() -> Moment {
    Moment::new([0x20, 0x26, 0x11, 0x22, 0x08, 0x30, 0x00]).unwrap()
}

/// A device's key of the published test hierarchy.
pub fn device_key(suite: Suite, role: Role) -> Key {
    hierarchy::test_meter_key(suite, role, REGION, 1, NUMBER)
}

pub fn transport_key(suite: Suite) -> Key {
    hierarchy::transport_key(&hierarchy::test_root(suite, Role::Transport), hierarchy::mcu_serial(NUMBER))
}

/// The pairing file as an issuing card makes it.
pub fn pairing_file(suite: Suite) -> PairingFile {
    let transport = transport_key(suite);
    let wrap = |role: Role| {
        let row = Recipient::Mcu.key(role.code()).unwrap();
        let key = device_key(suite, role);
        let header = [0x84, 0xD4, 0x01, row.id, seal::wrapped_len(&transport, 16) as u8];
        let challenge = hierarchy::mcu_serial(NUMBER);
        let field = seal::wrap(&transport, &challenge, &header, row.header(1), &key);
        WrappedKey { role, header: header.to_vec(), field, check_value: Some(CheckValue(key.kcv())) }
    };
    PairingFile {
        pairing: scheme::pairing::FORMAT.to_owned(),
        number: DeviceNumber(NUMBER),
        region: RegionCode(REGION),
        suite,
        state: State::Test,
        keys: vec![wrap(Role::IntAuth), wrap(Role::ExtAuth)],
    }
}

pub fn pairing(suite: Suite) -> Pairing {
    Pairing::open(&pairing_file(suite), &transport_key(suite)).unwrap()
}

/// 52 fen a kWh, a load of 1 kW.
pub fn config(suite: Suite) -> MeterConfig {
    MeterConfig { number: MeterNumber(NUMBER), state: State::Test, suite, price: Fen(52), load_w: 1000 }
}

/// An order's record, unread, in the form the test ESAM reads.
pub fn order(count: u32, amount: u32) -> [u8; RECORD_LEN] {
    let mut packet = vec![0x02, 0x70, 0x00, 0x00, 0x20, 0x15, 0x16, 0x39, 0x15, 0x15];
    packet.extend_from_slice(b"GRC\0");
    packet.extend_from_slice(&count.to_be_bytes());
    packet.extend_from_slice(&[0; 9]);
    packet.extend_from_slice(&amount.to_be_bytes());
    let server = Address::international(SERVER).unwrap();
    let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0, 0]).unwrap();
    let deliver = Deliver::secured(server.clone(), timestamp, &packet).unwrap();
    let status = RecordStatus::Unread;
    SmsRecord { status, service_centre: Some(server), tpdu: Tpdu::Deliver(deliver) }.to_bytes().unwrap()
}

/// A message of the user's, received and not yet read.
pub fn greeting() -> [u8; RECORD_LEN] {
    let mut record = [0xFF; RECORD_LEN];
    let text = hex::decode("0300040B918196785634F200006211228035002305E8329BFD06").unwrap();
    record[..text.len()].copy_from_slice(&text);
    record
}

pub struct World {
    pub meter: Meter,
    pub esam: FakeEsam,
    pub sim: FakeSim,
}

impl World {
    pub fn new() -> Self {
        Self::of(Suite::Aes128)
    }

    pub fn of(suite: Suite) -> Self {
        let [int_auth, ext_auth] = [Role::IntAuth, Role::ExtAuth].map(|role| device_key(suite, role));
        World {
            meter: Meter::new(config(suite), pairing(suite)).unwrap(),
            esam: FakeEsam::new(NUMBER, suite, int_auth, ext_auth),
            sim: FakeSim::new(5),
        }
    }

    /// One credited order of `amount` fen, so that the relay is closed.
    pub fn opened(amount: u32) -> Self {
        let mut world = Self::new();
        world.sim.put(1, &order(1, amount));
        world.insert();
        assert_eq!(world.esam.balance, amount);
        world
    }

    pub fn insert(&mut self) -> InsertionReport {
        self.meter.insert(&mut self.esam, &mut self.sim, now(), &mut counting)
    }

    /// Switches the meter off and on: only what it remembers in its state survives.
    pub fn power_cycle(&mut self) {
        let text = serde_json::to_string(self.meter.state()).unwrap();
        let state: MeterState = serde_json::from_str(&text).unwrap();
        assert_eq!(&state, self.meter.state());
        let suite = state.config.suite;
        self.meter = Meter::from_state(state, pairing(suite)).unwrap();
    }

    /// The count in the receipt that stands in a record, `None` when it holds none to be sent.
    pub fn receipt(&self, record: usize) -> Option<u32> {
        let message = SmsRecord::parse(&self.sim.records[record - 1]).unwrap()?;
        let Tpdu::Submit(submit) = &message.tpdu else { return None };
        assert_eq!(message.status, RecordStatus::ToBeSent);
        assert_eq!(submit.destination.digits().as_deref(), Some(SERVER));
        assert_eq!((submit.pid, submit.dcs), (0x00, 0xF6));
        let packet = submit.user_data_bytes();
        Some(u32::from_be_bytes(packet[9..13].try_into().unwrap()))
    }
}

/// Random bytes of a test: always the same.
pub fn counting(buffer: &mut [u8]) {
    for (n, byte) in buffer.iter_mut().enumerate() {
        *byte = 0xA0 + n as u8;
    }
}

/// Whether the card still did the command it was pulled at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    Before,
    After,
}

/// A card that leaves at its `at`-th act (reset or command, from 0).
pub struct Pull<'c, C> {
    pub card: &'c mut C,
    pub at: usize,
    pub tear: Tear,
    pub acts: usize,
}

impl<'c, C: Channel> Pull<'c, C> {
    pub fn new(card: &'c mut C, at: usize, tear: Tear) -> Self {
        Pull { card, at, tear, acts: 0 }
    }

    fn act(
        &mut self,
        act: impl FnOnce(&mut C) -> Result<Vec<u8>, ChannelError>,
    ) -> Result<Vec<u8>, ChannelError> {
        let n = self.acts;
        self.acts += 1;
        if n < self.at {
            return act(self.card);
        }
        if n == self.at && self.tear == Tear::After {
            act(self.card)?;
        }
        Err(ChannelError::Removed)
    }
}

impl<C: Channel> Channel for Pull<'_, C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.act(|card| card.transmit(command))
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.act(|card| card.reset())
    }
}
