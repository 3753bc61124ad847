//! A small house of customers, a clock and a random source that say the same in every run.

use crate::toy::{ToyMeter, ToyPsam, order_record};
use gridcard_server::{
    Anew, Cleared, Esam, Finding, Incoming, KeyState, Options, OrderError, OrderRequest, OrderSealer, Origin,
    Refusal, Roster, SealedOrder, SettleError, Settlement, Sim, Store, Synchronous, Terms,
};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{Order, OrderId, Serial8, SimBinding};
use scheme::signing::Mode;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Appends the Luhn digit.
pub fn luhn(body: &str) -> String {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, c)| {
            let digit = u32::from(c - b'0') * if i % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

pub fn time(text: &str) -> Moment {
    Moment::new(hex::decode(text).unwrap().try_into().unwrap()).unwrap()
}

pub fn meter(n: u32) -> MeterNumber {
    format!("{:012}", 1000 + n).parse().unwrap()
}

pub fn customer(n: u32) -> CustomerNumber {
    format!("{:012}", 5000 + n).parse().unwrap()
}

/// What the city's list says of the chip in meter `n`: no ceiling.
pub fn esam(n: u32, serial: Serial8, key_version: u8) -> Esam {
    Esam {
        serial,
        meter: meter(n),
        key_version,
        state: KeyState::Test,
        ceiling: None,
        valid_to: None,
        state_since: 0,
        city: None,
        mode: Mode::Symmetric,
        certified: None,
    }
}

/// Terms with sample numbers.
pub fn terms() -> Terms {
    Terms::new("8657495598", "8613800574500").unwrap()
}

/// The chip in meter `n`.
pub fn serial(n: u32) -> Serial8 {
    Serial8((0xE5A0_0000_0000_0000 + u64::from(n)).to_be_bytes())
}

/// SIM number `version` of customer `n`.
pub fn sim(n: u32, version: u32) -> Sim {
    Sim {
        msisdn: format!("+86138{:04}{n:04}", version).parse().unwrap(),
        imsi: format!("46000{version:04}{n:06}").parse().unwrap(),
        iccid: luhn(&format!("898600{version:04}{n:09}")).parse().unwrap(),
    }
}

/// First 8 bytes of SHA-256 over the EF_IMSI content, built here from the digits.
pub fn binding(sim: &Sim) -> SimBinding {
    let digits: Vec<u8> = sim.imsi.as_str().bytes().map(|c| c - b'0').collect();
    let mut content = vec![8, digits[0] << 4 | 9];
    content.extend(digits[1..].chunks(2).map(|pair| pair[1] << 4 | pair[0]));
    SimBinding(Sha256::digest(&content)[..8].try_into().unwrap())
}

/// The registration file of customers `0..n`.
pub fn csv(n: u32) -> String {
    let mut out = "customer,meter,msisdn,imsi,imei,iccid,name\n".to_owned();
    for i in 0..n {
        let Sim { msisdn, imsi, iccid } = sim(i, 0);
        let imei = luhn(&format!("49015420{i:06}"));
        out += &format!("{},{},{msisdn},{imsi},{imei},{iccid},Customer {i}\n", customer(i), meter(i));
    }
    out
}

/// A store with customers, a security module, meters, a clock.
pub struct House {
    pub store: Store,
    pub psam: ToyPsam,
    pub meters: Vec<ToyMeter>,
    pub terms: Terms,
    pub now: Moment,
    pub drawn: u64,
}

impl House {
    pub fn new(customers: u32) -> Self {
        Self::over(Store::in_memory().unwrap(), customers)
    }

    pub fn on_disk(path: &Path, customers: u32) -> Self {
        let options = Options { synchronous: Synchronous::Off, ..Options::default() };
        Self::over(Store::open(path, options).unwrap(), customers)
    }

    pub fn over(mut store: Store, customers: u32) -> Self {
        let file = csv(customers);
        let roster = Roster::read(file.as_bytes()).unwrap();
        let report = store.batch(|act| act.register(roster)).unwrap();
        assert_eq!(report.rejected, []);
        let now = time("20261122080000");
        let esams: Vec<Esam> = (0..customers).map(|n| esam(n, serial(n), 1)).collect();
        let listed = store.batch(|act| act.take_meters(&esams, now)).unwrap();
        assert_eq!(listed.new, customers as usize);
        House {
            store,
            psam: ToyPsam::default(),
            meters: (0..customers).map(|n| ToyMeter::new(meter(n), serial(n))).collect(),
            terms: terms(),
            now,
            drawn: 0,
        }
    }

    pub fn draw(&mut self) -> OrderId {
        self.drawn += 1;
        OrderId(self.drawn.to_be_bytes())
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.add_seconds(seconds).unwrap();
    }

    pub fn request(&mut self, n: u32, fen: u32) -> OrderRequest {
        OrderRequest { meter: meter(n), amount: Fen(fen), now: self.now, id: self.draw() }
    }

    pub fn buy(&mut self, n: u32, fen: u32) -> Result<SealedOrder, OrderError> {
        let request = self.request(n, fen);
        self.store.purchase(&mut self.psam, &request, &self.terms)
    }

    pub fn reissue(&mut self, n: u32) -> Result<SealedOrder, OrderError> {
        let id = self.draw();
        self.store.reissue(&mut self.psam, meter(n), self.now, id, Anew::Needed, &self.terms)
    }

    pub fn reissue_for(&mut self, n: u32, anew: Anew) -> Result<SealedOrder, OrderError> {
        let id = self.draw();
        self.store.reissue(&mut self.psam, meter(n), self.now, id, anew, &self.terms)
    }

    /// Another amount for the outstanding order; none reverses it.
    pub fn correct(&mut self, n: u32, fen: u32) -> Result<SealedOrder, OrderError> {
        let request = self.request(n, fen);
        self.store.correct(&mut self.psam, &request, &self.terms)
    }

    /// The city's list says this of meter `n`.
    pub fn list(&mut self, esam: Esam) {
        let now = self.now;
        self.store.batch(|act| act.take_meters(&[esam], now)).unwrap();
    }

    /// Settles a receipt that must be kept as a finding.
    pub fn held(&mut self, record: &[u8], origin: &Origin) -> Finding {
        match self.settle(record, origin) {
            Ok(Settlement::Held(finding)) => finding,
            other => panic!("not held: {other:?}"),
        }
    }

    pub fn clear(&mut self, id: i64) {
        let cleared =
            Cleared { at: self.now, by: "Li".into(), second: Some("Wang".into()), note: "looked at".into() };
        self.store.batch(|act| act.clear_finding(id, &cleared)).unwrap();
    }

    /// The record of an order that somebody has the module seal past the server.
    pub fn mint(&mut self, order: &Order) -> [u8; 176] {
        let user_data = self.psam.seal(&order.to_bytes(), Mode::Symmetric).unwrap();
        order_record(&user_data)
    }

    pub fn insert(&mut self, n: u32, record: &[u8], sim: &Sim) -> Result<[u8; 176], &'static str> {
        self.meters[n as usize].insert(record, binding(sim), self.now)
    }

    pub fn settle(&mut self, record: &[u8], origin: &Origin) -> Result<Settlement, SettleError> {
        self.store.settle(&mut self.psam, Incoming::Record(record), origin, self.now)
    }

    pub fn settle_of(&mut self, n: u32, record: &[u8]) -> Result<Settlement, SettleError> {
        self.settle(record, &Origin::Meter(meter(n)))
    }

    /// Settles a receipt that must be refused, and shows that nothing changed.
    pub fn refused(&mut self, record: &[u8], origin: &Origin) -> Refusal {
        let before = self.snapshot();
        let refusal = match self.settle(record, origin) {
            Err(SettleError::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        assert_eq!(self.snapshot(), before, "a refusal changes nothing");
        refusal
    }

    /// Everything the store says of orders and books, as text.
    pub fn snapshot(&self) -> String {
        self.store
            .read(|view| {
                Ok::<_, gridcard_server::StoreError>(format!(
                    "{:?} {:?} {:?} {:?}",
                    view.findings(true)?,
                    view.orders()?,
                    view.totals()?,
                    view.days()?
                ))
            })
            .unwrap()
    }

    pub fn totals(&self) -> gridcard_server::Totals {
        self.store.read(|view| view.totals()).unwrap()
    }

    /// The books must be in order at any moment.
    pub fn assert_books(&self) {
        let (balance, findings) = self
            .store
            .read(|view| Ok::<_, gridcard_server::StoreError>((view.trial_balance()?, view.audit()?)))
            .unwrap();
        assert_eq!(balance.sum(), 0);
        assert_eq!(findings, []);
    }
}
