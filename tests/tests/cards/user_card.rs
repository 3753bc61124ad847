//! The classic purchase card, with real cards: loaded by the PSAM, taken by the meter, written back, settled by the bank
//! [docs/specs/user-card.md].

mod counts;
mod moves;
mod pulled;
mod refused;

pub use pulled::Pull;

use crate::world::{
    Bank, Province, Site, blank, chance, copy, issue, number, open, plan, signing_psam, terms,
};
use keys::Suite;
use meter::{InsertionReport, Outcome};
use reader::driver::user_card::{CardAsk, UserCard};
use scheme::Chance;
use scheme::money::Fen;
use scheme::numbers::DeviceNumber;
use scheme::order::OrderId;
use scheme::profile::CardKind;
use scheme::refusal::Refusal;
use server::{
    Bearer, CardNext, CardOrders, CardSealer, Incoming, OrderRequest, OrderSealer, Origin, SealedOrder,
    Settlement,
};
use vcard::Slot;
use wire::Channel;

/// A customer's meter at a bank that loads cards.
pub struct Office {
    pub province: Province,
    pub bank: Bank,
    pub site: Site,
    drawn: u64,
}

impl Office {
    pub fn new(suite: Suite) -> Self {
        Self::of(suite, 1)
    }

    /// With so many customers; the meter is the first one's.
    pub fn of(suite: Suite, customers: u32) -> Self {
        let mut province = Province::new(suite);
        let site = Site::new(&mut province, 0);
        let bank = Bank::new(copy(&province.psam), province.server_key.clone(), customers);
        Office { province, bank, site, drawn: 0 }
    }

    /// An empty user card of the city.
    pub fn card(&mut self, n: u32) -> Slot {
        let suite = self.province.suite;
        let mut card = blank(CardKind::UserCard, suite, &format!("user card {n}"));
        let mut source = open(&mut self.province.psam_issuing, CardKind::PsamIssuing);
        issue(&plan(CardKind::UserCard, suite, number(n), None), &mut card, &mut source);
        copy(&card)
    }

    fn id(&mut self) -> OrderId {
        self.drawn += 1;
        OrderId((0x0C00_0000 + self.drawn).to_be_bytes())
    }

    /// What the bank does for a card: sells, or loads what is outstanding.
    pub fn load(&mut self, card: &mut dyn Channel, amount: Fen) -> SealedOrder {
        let (sealed, made) = self.seal(card, amount);
        UserCard::new(card).load(&made).unwrap();
        sealed
    }

    /// As [`Office::load`], and the card gets nothing yet.
    pub fn seal(&mut self, card: &mut dyn Channel, amount: Fen) -> (SealedOrder, Vec<u8>) {
        self.bank.now = self.bank.now.add_seconds(60).unwrap();
        let (id, now, meter) = (self.id(), self.bank.now, self.site.meter.state().config.number);
        let mut card = UserCard::new(card);
        let (info, serial) = card.open().unwrap();
        let bearer = Bearer { number: DeviceNumber(info.number), serial };
        let next = self.bank.store.card_next(meter, &bearer).unwrap();
        let ask = CardAsk { challenge: card.challenge8().unwrap(), number: bearer.number, serial };
        let mut psam = signing_psam(&mut self.bank.psam, &self.bank.server_key, &self.bank.signs);
        let mut sealer = CardSealer::new(&mut psam, ask);
        let books = &mut self.bank.store;
        let sealed = match next {
            CardNext::Sell => {
                let request = OrderRequest { meter, amount, now, id };
                books.purchase_on_card(&mut sealer, &request, &bearer, &terms()).unwrap()
            }
            CardNext::Again(placed) => {
                let sealer: &mut dyn OrderSealer = &mut sealer;
                server::online::OnlinePurchases::seal_again(books, sealer, placed.order.id, now, &terms())
                    .unwrap()
            }
            CardNext::Anew(_) => {
                books.reissue_on_card(&mut sealer, (meter, now, id), &bearer, &terms()).unwrap()
            }
        };
        (sealed, sealer.made.unwrap().unwrap())
    }

    pub fn insert(&mut self, card: &mut dyn Channel) -> InsertionReport {
        insert(&mut self.site, card, &self.bank)
    }

    /// Puts the card in, which must be served, and settles what it brings back.
    pub fn bought(&mut self, card: &mut Slot, amount: Fen) {
        self.load(card, amount);
        let report = self.insert(card);
        assert!(
            matches!(report.outcome, Outcome::Credited { amount: credited, .. } if credited == amount),
            "{report:?}"
        );
        assert!(matches!(self.settle(card), Settlement::Settled(_)));
    }

    /// Settles the receipt on a card.
    pub fn settle(&mut self, card: &mut dyn Channel) -> Settlement {
        let mut card = UserCard::new(card);
        card.open().unwrap();
        let receipt = card.receipt().unwrap();
        let meter = self.site.meter.state().config.number;
        let mut psam = signing_psam(&mut self.bank.psam, &self.bank.server_key, &self.bank.signs);
        let (incoming, origin) = (Incoming::UserData(&receipt), Origin::Meter(meter));
        self.bank.store.settle(&mut psam, incoming, &origin, self.bank.now).unwrap()
    }

    /// Purse and count of the ESAM.
    pub fn purse(&mut self) -> (u32, u32) {
        let purse = self.site.purse();
        (purse.balance.0, purse.count)
    }
}

pub fn insert(site: &mut Site, card: &mut dyn Channel, bank: &Bank) -> InsertionReport {
    let mut random = chance("user card");
    site.meter.insert_card(&mut site.esam, card, 100, bank.now, &mut |bytes| random.fill(bytes))
}

pub fn refusal(report: &InsertionReport) -> Option<Refusal> {
    match report.outcome {
        Outcome::Refused { refusal, .. } => Some(refusal),
        _ => None,
    }
}

/// What the meter wrote back.
pub fn written(card: &mut Slot) -> Option<scheme::user_card::WriteBack> {
    let mut card = UserCard::new(card);
    card.open().unwrap();
    let file = card.write_back().unwrap()?;
    Some(scheme::user_card::WriteBack::parse(&file).unwrap())
}
