//! A station: what the encryption machine of the field makes for one meter, from its city's keys [docs/specs/esam.md]. It speaks to no
//! meter; what it gives, a reader without keys carries.

use crate::keyset::CityKeys;
use keys::hierarchy::{Use, use_key};
use keys::{Key, Role};
use scheme::field::{
    self, FACTORY_FACTOR, KeyBlock, KeyHolder, MAC_LEN, Source, Span, command_mac, cryptogram, identity_key,
    infrared_key, statement_header, statement_mac,
};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::profile::{ESAM_KEYS, State};
use scheme::recharge::Recharge;

/// Keys of one meter, as its ESAM has them.
pub struct Station {
    number: MeterNumber,
    state: State,
    int_auth: Key,
    ext_auth: Key,
    kid: Key,
    param: Key,
    control: Key,
    master: Key,
}

/// Keys of the next version, in frames of at most four.
pub struct KeyFrame {
    /// `sum reserved number status key32`, each.
    pub blocks: Vec<[u8; 36]>,
    /// MAC over all of them.
    pub mac: [u8; MAC_LEN],
}

/// Keys in a frame.
const FRAME: usize = 4;

impl Station {
    /// The station of a meter of a city.
    pub fn new(keys: &CityKeys, number: MeterNumber) -> Self {
        let key = |role| keys.meter(role, DeviceNumber(number.0));
        Station {
            number,
            state: keys.state(),
            int_auth: key(Role::IntAuth),
            ext_auth: key(Role::ExtAuth),
            kid: key(Role::Kid),
            param: key(Role::Param),
            control: key(Role::Control),
            master: key(Role::Master),
        }
    }

    /// The factor that stands for the meter.
    pub const fn factor(&self) -> [u8; 8] {
        field::factor(self.number)
    }

    /// IdentityAuthentication: the cipher of a random, for [`Station::factor`].
    pub fn identity(&self, random: &[u8; 8]) -> [u8; 8] {
        cryptogram(&identity_key(&self.int_auth, &self.factor()), random)
    }

    /// The same for the factory's factor, which meters in test state take.
    pub fn factory_identity(&self, random: &[u8; 8]) -> [u8; 8] {
        cryptogram(&identity_key(&self.int_auth, &FACTORY_FACTOR), random)
    }

    /// InfraredAuth: the proof for the meter's 8 random bytes, when its cipher of the reader's is right.
    pub fn infrared(&self, random: &[u8; 8], cipher: &[u8; 8], asked: &[u8; 8]) -> Option<[u8; 8]> {
        let right = keys::equal(&self.identity(random), cipher);
        right.then(|| cryptogram(&infrared_key(&self.ext_auth), asked))
    }

    /// IncreasePurse.
    pub fn recharge(&self, random: [u8; 4], amount: Fen, count: u32, customer: CustomerNumber) -> Recharge {
        let (amount, count) = (amount.0.to_be_bytes(), count.to_be_bytes());
        let money = [amount, count].concat();
        Recharge {
            amount,
            count,
            money_mac: code(&self.kid, random, field::INCREASE, &money),
            customer: customer.0,
            customer_mac: code(&self.param, random, Span::CUSTOMER.write(), &customer.0),
        }
    }

    /// DecreasePurse: the MAC of a refund.
    pub fn refund(&self, random: [u8; 4], amount: Fen) -> [u8; MAC_LEN] {
        code(&self.kid, random, field::REFUND, &amount.0.to_be_bytes())
    }

    /// ParameterUpdate of class 1, and MacWrite: the MAC of a plain write under its header.
    pub fn parameter(&self, random: [u8; 4], header: [u8; 5], data: &[u8]) -> [u8; MAC_LEN] {
        code(&self.param, random, header, data)
    }

    /// ParameterUpdate of class 2, and EncMacWrite: cipher text and MAC of a write from the beginning of a file.
    pub fn enciphered(&self, random: [u8; 4], file: u8, plain: &[u8]) -> Vec<u8> {
        sealed(&self.param, random, file, plain)
    }

    /// UserControl: cipher text and MAC of `N1 N2 YY MM DD hh mm ss`.
    pub fn control(&self, random: [u8; 4], plain: &[u8; 8]) -> [u8; 20] {
        let bytes = field::enciphered(&self.control, random, &field::CONTROL, plain);
        core::array::from_fn(|i| bytes[i]) // two blocks of 8 or one of 16, and a MAC
    }

    /// DataClear: the same for the files 14 and 17.
    pub fn clear(&self, random: [u8; 4], file: u8, plain: &[u8]) -> Vec<u8> {
        sealed(&self.control, random, file, plain)
    }

    /// MacCheck: whether what a meter stated is its ESAM's, for the first 4 bytes of the station's random.
    pub fn states(
        &self,
        random: [u8; 4],
        source: Source,
        offset: u8,
        data: &[u8],
        mac: [u8; MAC_LEN],
    ) -> bool {
        let key = use_key(&self.param, Use::FieldState);
        statement_header(offset, data.len())
            .is_some_and(|header| keys::equal(&statement_mac(&key, random, source, &header, data), &mac))
    }

    /// KeyUpdate: the keys of a version for an ESAM of this serial, in frames of four, the own master first.
    pub fn key_frames(&self, random: [u8; 4], serial: [u8; 8], next: &CityKeys) -> Vec<KeyFrame> {
        let holder = KeyHolder { number: self.number.0, serial };
        let sum = ESAM_KEYS.len() as u8; // eight rows
        let blocks: Vec<[u8; 36]> = (0_u8..)
            .zip(ESAM_KEYS)
            .map(|(at, row)| {
                let role = Role::from_code(row.role).unwrap_or(Role::Master);
                let key = next.meter(role, DeviceNumber(self.number.0));
                let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version: next.version(), sum, key };
                let sealed = block.seal(&self.master, &holder);
                let mut bytes = [0; 36];
                bytes[..4].copy_from_slice(&[sum, 0, at, self.state.code()]);
                bytes[4..].copy_from_slice(&sealed);
                bytes
            })
            .collect();
        let frame = |blocks: &[[u8; 36]]| {
            let covered = [&self.factor()[..], &field::joined(blocks)].concat();
            KeyFrame { blocks: blocks.to_vec(), mac: code(&self.master, random, field::KEY_FRAME, &covered) }
        };
        blocks.chunks(FRAME).map(frame).collect()
    }
}

/// The MAC of a command under a device's key.
fn code(key: &Key, random: [u8; 4], header: [u8; 5], data: &[u8]) -> [u8; MAC_LEN] {
    let whole = command_mac(&use_key(key, Use::FieldMac), random, &header, data);
    core::array::from_fn(|i| whole[i])
}

fn sealed(key: &Key, random: [u8; 4], file: u8, plain: &[u8]) -> Vec<u8> {
    let len = keys::seal::cipher_len(key, plain.len()) as u8; // one command: at most 239 bytes
    let header = Span { file, offset: 0, len }.write();
    field::enciphered(key, random, &header, plain)
}
