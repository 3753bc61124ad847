//! The bank's part of purchases of a meter that is online: the paper's messages, and recharges by the field's frames.

use super::bank::{Bank, terms};
use super::site::{Holder, customer};
use parties::trouble::{Context, Result};
use reader::driver::psam::{Answer, Psam};
use reader::security::BankAsked;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::online::{HELLO_LEN, SessionId};
use scheme::order::{OrderId, Serial8};
use scheme::recharge::{Kept, Recharge};
use scheme::signing::Mode;
use server::sealer::in_mode;
use server::{
    Bring, Chain, Incoming, Keys, OnlineBegin, OnlinePurchase, OnlinePurchases as _, OnlineState,
    OrderRequest, OrderSealer, Origin, RechargeAsk, RechargeMade, Recharges as _, SealError, SealedOrder,
    Settlement,
};
use sha2::{Digest, Sha256};

/// What an order is sealed for beside its record.
enum Beside {
    Purchase(SessionId),
    Recharge([u8; 4]),
}

/// A PSAM that seals each order for something else as well.
struct Besides<'p, 'c> {
    psam: &'p mut Psam<'c>,
    beside: Beside,
    made: Option<Vec<u8>>,
}

impl OrderSealer for Besides<'_, '_> {
    fn number(&self) -> String {
        OrderSealer::number(self.psam)
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        OrderSealer::keys(self.psam)
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        OrderSealer::chain(self.psam)
    }

    fn seal(&mut self, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError> {
        let order = in_mode(self.psam, order, mode)?;
        let sealed = OrderSealer::seal(self.psam, &order, Mode::Symmetric)?;
        let made = match self.beside {
            Beside::Purchase(sid) => self.psam.seal_for_purchase(sid, &order),
            Beside::Recharge(random) => {
                self.psam.seal_recharge(random, &order).map(|made| made.to_bytes().to_vec())
            }
        };
        self.made = Some(made.map_err(|error| SealError::Lost(error.to_string()))?);
        Ok(sealed)
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        OrderSealer::open(self.psam, meter, user_data)
    }
}

/// What goes to a meter, and the order that it brings.
pub struct Brought {
    /// The purchase.
    pub sid: SessionId,
    /// S2, or a recharge.
    pub message: Vec<u8>,
    /// The order.
    pub order: SealedOrder,
}

/// What the bank heard at the end.
pub enum Ended {
    /// A receipt, and what became of it.
    Settled(Settlement),
    /// The meter took no money, by the field's number.
    Refused(u8),
}

impl Bank {
    /// Begins a purchase of the paper's flow: S0. `amount`: none where what is outstanding is brought.
    ///
    /// # Errors
    /// The books or the PSAM refuse.
    pub fn online_begin(
        &mut self,
        of: Holder,
        amount: Option<Fen>,
    ) -> Result<(OnlinePurchase, [u8; HELLO_LEN])> {
        let (meter, sid, at) = (of.meter, SessionId(self.id().0), self.now);
        let (customer, psam) = (customer(of.n)?, self.number.to_string());
        let begin = OnlineBegin { sid, customer, meter, amount, account: None, psam, at };
        let known = self.store.begin_online(&begin)?;
        let hello = self.with_kept(|_, psam| Ok(psam.begin_purchase(meter, sid, at)?))?;
        self.store.keep_hello(sid, &hello)?;
        Ok((known, hello))
    }

    /// Takes S1, and gives S2. The same message again gives the same answer.
    ///
    /// # Errors
    /// It is not what was agreed, or comes too late; the PSAM's session is over.
    pub fn online_request(&mut self, sid: SessionId, message: &[u8]) -> Result<Brought> {
        let known = self.store.online(sid)?.context("a purchase")?;
        let again = known.request == Some(Sha256::digest(message).into());
        if let (Some(sealed), true) = (&known.sealed, again) {
            let order = self.sealed_order(known.order)?;
            return Ok(Brought { sid, message: sealed.clone(), order });
        }
        let asked = self.with_kept(|_, psam| Ok(psam.open_request(message)?))?;
        let known = self.store.hear_online(sid, message, &asked, self.now)?;
        let (order, message) =
            self.brought((known.meter, known.order, known.amount), Beside::Purchase(sid))?;
        self.store.keep_online_order(sid, &message)?;
        Ok(Brought { sid, message, order })
    }

    fn sealed_order(&self, id: OrderId) -> Result<SealedOrder> {
        let sealed = self.store.read(|view| match view.order(id)? {
            Some(placed) => view.sealed(&placed),
            None => Ok(None),
        })?;
        sealed.context("a sealed order")
    }

    /// An order, sealed for the meter at the line too: made now, or one that was outstanding.
    fn brought(
        &mut self,
        (meter, id, amount): (MeterNumber, OrderId, Fen),
        beside: Beside,
    ) -> Result<(SealedOrder, Vec<u8>)> {
        let (now, terms) = (self.now, terms()?);
        let is_there = self.store.read(|view| view.order(id))?.is_some();
        self.selling_on(|store, psam| {
            let mut besides = Besides { psam, beside, made: None };
            let sealed = if is_there {
                store.seal_again(&mut besides, id, now, &terms)?
            } else {
                store.purchase(&mut besides, &OrderRequest { meter, amount, now, id }, &terms)?
            };
            Ok((sealed, besides.made.context("it was sealed for the meter as well")?))
        })
    }

    /// Makes a recharge by the field's frames, for what a meter said. `amount`: as of [`Bank::online_begin`].
    ///
    /// # Errors
    /// The meter stands elsewhere than the books, or its order cannot be brought so.
    pub fn recharge(&mut self, of: Holder, amount: Option<Fen>, said: &BankAsked) -> Result<Brought> {
        let (customer, meter, at) = (customer(of.n)?, of.meter, self.now);
        let serial = Serial8(said.esam);
        let ask = RechargeAsk { customer, meter, serial, count: said.count, amount };
        let sid = SessionId(self.id().0);
        let (order, amount) = match self.store.recharge_of(&ask)? {
            Bring::New(amount) => (OrderId(sid.0), amount),
            Bring::Outstanding(placed) => (placed.order.id, placed.order.amount),
        };
        let (sealed, message) = self.brought((meter, order, amount), Beside::Recharge(said.random))?;
        let recharge = Recharge::parse(&message).context("a recharge")?;
        let kept = Kept { random: said.random, recharge };
        let psam = self.number.to_string();
        self.store.keep_recharge(&RechargeMade { sid, customer, meter, order, amount, psam, at, kept })?;
        Ok(Brought { sid, message, order: sealed })
    }

    /// Takes what the meter said at the end.
    ///
    /// # Errors
    /// It is not the meter's, or not of this purchase; the PSAM's session is over.
    pub fn online_result(&mut self, sid: SessionId, message: &[u8]) -> Result<Ended> {
        let known = self.store.online(sid)?.context("a purchase")?;
        let now = self.now;
        if known.is_recharge() {
            let settled = self.with_kept(|store, psam| {
                let origin = Origin::Meter(known.meter);
                Ok(server::Receipts::settle(store, psam, Incoming::UserData(message), &origin, now)?)
            })?;
            let of_another =
                matches!(&settled, Settlement::AlreadySettled(order) if *order != Some(known.order));
            if !of_another {
                self.store.end_recharge(sid)?;
            }
            return Ok(Ended::Settled(settled));
        }
        if known.state == OnlineState::Settled {
            return Ok(Ended::Settled(Settlement::AlreadySettled(Some(known.order))));
        }
        match self.with_kept(|_, psam| Ok(psam.open_answer(message)?))? {
            Answer::Receipt(receipt) => {
                Ok(Ended::Settled(self.store.settle_online(sid, message, &receipt, now)?))
            }
            Answer::Refused(number) => {
                self.store.refuse_online(sid, number)?;
                Ok(Ended::Refused(number))
            }
        }
    }

    /// The PSAM's session ends: what lives in it alone is forgotten.
    pub fn forget_session(&mut self) {
        self.seated = None;
    }
}
