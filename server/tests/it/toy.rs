//! Test doubles: a security module and a meter that share a toy cipher.
//!
//! The cipher is a hash used as a key stream and as a MAC: deterministic, and it notices every changed bit.
//! The messages are put together here byte by byte, not with the crate under test.

use gridcard_server::{Chain, Keys, OrderSealer, SealError};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use scheme::receipt::Receipt;
use scheme::signing::Mode;
use sha2::{Digest, Sha256};

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u32).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn stream(meter: &[u8], label: &[u8], data: &mut [u8]) {
    for (i, chunk) in data.chunks_mut(32).enumerate() {
        let key = hash(&[b"stream", meter, label, &[i as u8]]);
        chunk.iter_mut().zip(key).for_each(|(byte, k)| *byte ^= k);
    }
}

/// `02 70 00 CPL2 CHL1 SPI2 KIc KID TAR3 CNTR5 PCNTR1 CC8` and the order.
fn command_packet(meter: &[u8], count: u32, order: &[u8]) -> Vec<u8> {
    let cc = hash(&[b"cc", meter, b"order", &count.to_be_bytes(), order]);
    let mut secret = vec![0];
    secret.extend(count.to_be_bytes());
    secret.push(0);
    secret.extend(&cc[..8]);
    secret.extend(order);
    stream(meter, b"order", &mut secret);
    let mut out = vec![0x02, 0x70, 0x00];
    out.extend((1 + 7 + secret.len() as u16).to_be_bytes());
    out.extend([0x15, 0x16, 0x39, 0x15, 0x15, 0x47, 0x52, 0x43]);
    out.extend(secret);
    out
}

/// `02 71 00 RPL2 RHL1 TAR3 CNTR5 PCNTR1 status1 CC8` and the receipt.
pub fn response_packet(meter: MeterNumber, receipt: &Receipt) -> Vec<u8> {
    let key = meter.to_string();
    let body = receipt.to_bytes();
    let mut out = vec![0x02, 0x71, 0x00];
    out.extend((1 + 3 + 15 + body.len() as u16).to_be_bytes());
    out.extend([0x12, 0x47, 0x52, 0x43]);
    let mut head = vec![0];
    head.extend(receipt.count.to_be_bytes());
    head.extend([0, 0]);
    let cc = hash(&[b"cc", key.as_bytes(), b"receipt", &out, &head, &body]);
    let mut secret = [&head[..], &cc[..8], &body].concat();
    stream(key.as_bytes(), b"receipt", &mut secret);
    out.extend(secret);
    out
}

/// A security module of the toy cipher.
pub struct ToyPsam {
    /// Its number, 12 digits.
    pub number: String,
    /// Its keys, when it says which.
    pub keys: Option<Keys>,
    /// Its order chain.
    pub chain: Chain,
    /// What it sealed last.
    pub last: Vec<u8>,
    /// It opens nothing and does not answer.
    pub mute: bool,
    /// The next seal is done, and its answer gets lost.
    pub cut: bool,
    /// What the next seals do instead of sealing.
    pub faults: Vec<SealError>,
    /// Orders sealed.
    pub sealed: usize,
    /// Receipts looked at.
    pub opened: usize,
}

impl Default for ToyPsam {
    fn default() -> Self {
        let number = "000000000009".into();
        ToyPsam {
            number,
            keys: None,
            chain: Chain::EMPTY,
            last: vec![],
            mute: false,
            cut: false,
            faults: vec![],
            sealed: 0,
            opened: 0,
        }
    }
}

impl OrderSealer for ToyPsam {
    fn number(&self) -> String {
        self.number.clone()
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        Ok(self.keys)
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        Ok(Some(self.chain))
    }

    fn seal(&mut self, order: &[u8], _: Mode) -> Result<Vec<u8>, SealError> {
        if let Some(fault) = self.faults.pop() {
            return Err(fault);
        }
        self.sealed += 1;
        let parsed = Order::parse(order).map_err(|e| SealError::Refused(e.to_string()))?;
        if self.last != order {
            // The chain hash, put together here.
            let head = Sha256::digest([&self.chain.head[..], order].concat()).into();
            let (count, value) = (self.chain.count + 1, self.chain.value + u64::from(parsed.amount.0));
            self.chain = Chain { count, value, before: self.chain.head, head };
            self.last = order.to_vec();
        }
        if std::mem::take(&mut self.cut) {
            return Err(SealError::Lost("cut".into()));
        }
        Ok(command_packet(parsed.meter.to_string().as_bytes(), parsed.count, order))
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        self.opened += 1;
        if self.mute {
            return Err(SealError::Lost("mute".into()));
        }
        let key = meter.to_string();
        let Some((outside, secret)) = user_data.split_at_checked(9) else {
            return Err(SealError::Malformed);
        };
        let mut plain = secret.to_vec();
        stream(key.as_bytes(), b"receipt", &mut plain);
        let Some((head, body)) = plain.split_at_checked(15) else {
            return Err(SealError::Malformed);
        };
        let cc = hash(&[b"cc", key.as_bytes(), b"receipt", outside, &head[..7], body]);
        if head[7..] != cc[..8] {
            return Err(SealError::NotGenuine);
        }
        let receipt = Receipt::parse(body).map_err(|_| SealError::Malformed)?;
        if receipt.meter != meter || head[1..5] != receipt.count.to_be_bytes() {
            return Err(SealError::Malformed);
        }
        Ok(body.to_vec())
    }
}

/// A meter with its ESAM: the checks of `docs/specs/purchase.md` section 5 that a server can run into.
#[derive(Clone)]
pub struct ToyMeter {
    pub number: MeterNumber,
    pub balance: u32,
    pub credited: u64,
    pub register: u32,
    pub count: u32,
    pub binding: Option<SimBinding>,
    /// For whom its account was opened.
    pub account: Option<CustomerNumber>,
    /// The chip of its ESAM.
    pub serial: Serial8,
    /// What was credited last.
    pub order: Option<Order>,
    last: Option<Vec<u8>>,
}

impl ToyMeter {
    pub fn new(number: MeterNumber, serial: Serial8) -> Self {
        ToyMeter {
            number,
            balance: 0,
            credited: 0,
            register: 0,
            count: 0,
            binding: None,
            account: None,
            serial,
            order: None,
            last: None,
        }
    }

    /// Inserts a SIM with this order record; gives the record with the receipt, or the refusal's name.
    pub fn insert(&mut self, record: &[u8], sim: SimBinding, now: Moment) -> Result<[u8; 176], &'static str> {
        let order = self.open(record)?;
        if order.serial != self.serial {
            return Err("esam-serial");
        }
        if order.count == self.count {
            return Ok(receipt_record(self.last.as_deref().unwrap_or_default()));
        }
        if self.account.is_some_and(|account| account != order.customer) {
            return Err("customer-number");
        }
        if order.binding != sim {
            return Err("sim-binding");
        }
        match order.kind {
            OrderKind::Recharge if self.binding.is_none() => return Err("not-opened"),
            OrderKind::Recharge if self.binding != Some(sim) => return Err("sim-changed"),
            OrderKind::Replacement if self.binding.is_none() => return Err("replacement-not-opened"),
            OrderKind::Open if self.binding.is_some() => return Err("already-opened"),
            _ => {}
        }
        match order.count.cmp(&(self.count + 1)) {
            core::cmp::Ordering::Less => return Err("count-older"),
            core::cmp::Ordering::Greater => return Err("count-skipped"),
            core::cmp::Ordering::Equal => {}
        }
        if now > order.valid_until {
            return Err("expired");
        }
        self.count = order.count;
        self.binding = Some(sim);
        self.account = Some(order.customer);
        self.balance += order.amount.0;
        self.credited += u64::from(order.amount.0);
        let id = order.id;
        self.order = Some(order);
        let packet = response_packet(self.number, &self.receipt(id, now));
        self.last = Some(packet.clone());
        Ok(receipt_record(&packet))
    }

    /// What the meter would say now.
    pub fn receipt(&self, order: OrderId, now: Moment) -> Receipt {
        let credited = self.order.clone().unwrap();
        Receipt {
            meter: self.number,
            amount: credited.amount,
            count: self.count,
            order,
            serial: self.serial,
            result: 0,
            balance: Fen(self.balance),
            register: self.register,
            time: now,
            tac: [0xA5; 4],
            digest: credited.digest(),
        }
    }

    fn open(&self, record: &[u8]) -> Result<Order, &'static str> {
        let key = self.number.to_string();
        let user_data = user_data_of_deliver(record);
        let mut plain = user_data[13..].to_vec();
        stream(key.as_bytes(), b"order", &mut plain);
        let (head, body) = plain.split_at(14);
        let order = Order::parse(body).map_err(|_| "mac")?;
        let cc = hash(&[b"cc", key.as_bytes(), b"order", &order.count.to_be_bytes(), body]);
        if head[6..] != cc[..8] || order.meter != self.number { Err("mac") } else { Ok(order) }
    }
}

/// The user data of an order's record, found by walking over the fields before it [TS 23.040 9.2.2.1].
pub fn user_data_of_deliver(record: &[u8]) -> &[u8] {
    assert_eq!(record[0], 0x03, "received, to be read");
    let tpdu = &record[2 + usize::from(record[1])..];
    assert_eq!(tpdu[0] & 0x43, 0x40, "SMS-DELIVER with a user data header");
    let after_address = &tpdu[3 + usize::from(tpdu[1]).div_ceil(2)..];
    let length = usize::from(after_address[9]);
    &after_address[10..10 + length]
}

/// An EF_SMS record with an SMS-SUBMIT to be sent [TS 23.040 9.2.2.2].
pub fn receipt_record(user_data: &[u8]) -> [u8; 176] {
    let mut record = [0xFF; 176];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        record[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(&[0x07, 0x08, 0x91, 0x68, 0x31, 0x08, 0x50, 0x47, 0x05, 0xF0]);
    put(&[0x41, 0x00, 0x0A, 0x91, 0x68, 0x75, 0x94, 0x55, 0x89, 0x00, 0xF6]);
    put(&[user_data.len() as u8]);
    put(user_data);
    record
}

/// An EF_SMS record with an SMS-DELIVER received [TS 23.040 9.2.2.1].
pub fn order_record(user_data: &[u8]) -> [u8; 176] {
    let head = [
        &[0x03, 0x08, 0x91, 0x68, 0x31, 0x08, 0x50, 0x47, 0x05, 0xF0][..],
        &[0x44, 0x0A, 0x91, 0x68, 0x75, 0x94, 0x55, 0x89, 0x00, 0xF6],
        &[0x62, 0x11, 0x22, 0x80, 0x00, 0x00, 0x23, user_data.len() as u8],
    ]
    .concat();
    let mut record = [0xFF; 176];
    record[..head.len()].copy_from_slice(&head);
    record[head.len()..head.len() + user_data.len()].copy_from_slice(user_data);
    record
}
