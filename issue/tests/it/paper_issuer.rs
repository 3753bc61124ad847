//! An issuing card made of paper: card information, a PIN, and the software key store behind the commands of
//! docs/specs/cards.md section 6.

use gridcard_issue::source::{Current, KeySource, SoftSource, Target};
use keys::Role;
use scheme::profile::{CardInfo, Recipient};
use std::collections::BTreeMap;
use wire::apdu::CommandRef;
use wire::channel::{Channel, ChannelError};

pub struct PaperIssuer {
    pub info: CardInfo,
    pub store: SoftSource,
    /// Check values of the hierarchy keys, by role.
    pub check_values: BTreeMap<Role, [u8; 3]>,
    pub pin: Vec<u8>,
    pub tries: u8,
    /// Officers that proved themselves.
    verified: u8,
    /// Commands by instruction.
    pub count: BTreeMap<u8, usize>,
}

impl PaperIssuer {
    pub fn new(info: CardInfo, store: SoftSource, check_values: BTreeMap<Role, [u8; 3]>) -> Self {
        let pin = vec![0x65, 0x43, 0x21];
        PaperIssuer { info, store, check_values, pin, tries: 3, verified: 0, count: BTreeMap::new() }
    }

    fn answer(&mut self, command: &CommandRef<'_>) -> (Vec<u8>, u16) {
        match command.ins {
            0xA4 => (vec![], 0x9000),
            0xB0 => (self.info.to_bytes().to_vec(), 0x9000),
            0x20 => {
                let right = command.data == self.pin;
                self.verified = if right { command.p2 + 1 } else { self.verified };
                self.tries = if right { 3 } else { self.tries - 1 };
                (vec![], if right { 0x9000 } else { 0x63C0 | u16::from(self.tries) })
            }
            0x3C => (vec![0x30 | self.tries], 0x9000),
            0x48 => match Role::from_code(command.p2).and_then(|role| self.check_values.get(&role)) {
                Some(value) if command.p1 == 0xF5 => ([&[0xF5, 0x01, 0x00][..], value].concat(), 0x9000),
                _ => (vec![], 0x6A88),
            },
            0x44 | 0x46 if self.verified == 0 => (vec![], 0x6982),
            0x46 => {
                let (challenge, identity) = command.data.split_at(8);
                let target = target(command.p1, identity);
                answer(self.store.authenticate_target(&target, challenge.try_into().unwrap()))
            }
            0x44 => {
                let (challenge, rest) = command.data.split_at(8);
                let (header, identity) = rest.split_at(5);
                let target = target(command.p1, identity);
                let (challenge, header) = (challenge.try_into().unwrap(), header.try_into().unwrap());
                answer(self.store.export_key(&target, command.p2, challenge, header))
            }
            _ => (vec![], 0x6D00),
        }
    }
}

fn answer<E>(result: Result<Vec<u8>, E>) -> (Vec<u8>, u16) {
    result.map_or((vec![], 0x6A80), |bytes| (bytes, 0x9000))
}

/// `serial8 || number6 || region4`, and P1.
fn target(p1: u8, identity: &[u8]) -> Target {
    assert_eq!(identity.len(), 18);
    Target {
        recipient: Recipient::from_code(p1 >> 4).unwrap(),
        master: if p1 & 0x0F == 1 { Current::Own } else { Current::Transport },
        test_keys: false,
        version: None,
        serial: identity[..8].try_into().unwrap(),
        number: identity[8..14].try_into().unwrap(),
        region: identity[14..].try_into().unwrap(),
    }
}

impl Channel for PaperIssuer {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let command = CommandRef::parse(command).unwrap();
        *self.count.entry(command.ins).or_default() += 1;
        let (mut data, sw) = self.answer(&command);
        data.extend_from_slice(&sw.to_be_bytes());
        Ok(data)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.verified = 0;
        Ok(wire::atr::fmcos_contactless([7; 8]))
    }
}
