//! Placing orders: the next one of a meter, another one of the same count, giving one up.

use crate::card::Bearer;
use crate::change_ground::first_buyer;
use crate::engine::{About, Now, params};
use crate::error::StoreError;
use crate::finding::freezing;
use crate::inbox::{customer_blocked, meter_blocked};
use crate::ledger::owed_of;
use crate::message;
use crate::meters::{Esam, KeyState, chip_in};
use crate::order::{self, MadeFor, OrderRequest, PlacedOrder, Reason};
use crate::order_error::OrderError;
use crate::order_state::OrderState;
use crate::payment::payment_for;
use crate::register::registration_of;
use crate::registration::Registration;
use crate::rows::time_text;
use crate::rules::{self, MAX_AMOUNT, Room};
use crate::store::Transaction;
use crate::terms::Terms;
use crate::transfer::{Account, Code, Purchase};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{Order, OrderId, OrderKind, SimBinding};

const DAY_S: i64 = 86_400;

/// Why an outstanding order is to be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anew {
    /// For the SIM the customer has now, after its validity, or under the keys the ESAM has now: whichever the books see.
    Needed,
    /// The ESAM has other keys; refused while the city's list does not say so.
    KeyChange,
    /// Another chip is in the meter. What was paid moves to it on the word of two people, who know that the old one
    /// credits nothing any more.
    ChipReplaced,
}

/// What a new order of a meter is written from.
struct Ground {
    registration: Registration,
    /// The customer number that the chip's account has, or will have.
    account: CustomerNumber,
    esam: Esam,
    life: i64,
    binding: SimBinding,
    made_for: MadeFor,
}

impl Ground {
    /// For a card in the place of the SIM.
    fn on_card(self, card: &Bearer) -> Self {
        Ground { binding: card.binding(), made_for: card.made_for(), ..self }
    }

    /// What is about an order of it in the books.
    const fn subjects(&self, id: OrderId) -> [About; 3] {
        [About::Meter(self.registration.meter), About::Life(self.life), About::Order(id)]
    }
}

/// What a new order of a purchase is.
pub(crate) struct New {
    pub id: OrderId,
    pub amount: Fen,
    pub now: Moment,
    pub count: u32,
    pub reason: Reason,
    pub replaces: Option<OrderId>,
}

impl Transaction<'_> {
    /// Writes down the next order of a meter, prepared for sealing.
    ///
    /// Kind and count follow from what was *settled* of the life the chip is in: the first order opens the account,
    /// an order for the SIM the meter knows is a recharge, one for another SIM makes the meter know that one.
    pub fn place_order(&self, request: &OrderRequest, terms: &Terms) -> Result<PlacedOrder, OrderError> {
        self.must_have_kept_his_sim(request)?;
        self.must_be_within(request, 0)?;
        self.place_next(request, Reason::Sale, None, terms)
    }

    /// As [`Transaction::place_order`], for a user card.
    pub(crate) fn place_on_card(
        &self,
        request: &OrderRequest,
        card: &Bearer,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        self.must_be_within(request, 0)?;
        self.place_next(request, Reason::Sale, Some(card), terms)
    }

    /// The next order of a meter that carries what stood in another one.
    pub(crate) fn place_carried(
        &self,
        meter: MeterNumber,
        amount: Fen,
        now: Moment,
        id: OrderId,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        self.place_next(&OrderRequest { meter, amount, now, id }, Reason::Reissue, None, terms)
    }

    /// The first order of a meter that was just given to a customer.
    pub(crate) fn write_first(
        &self,
        meter: MeterNumber,
        new: &New,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        self.write_order(&self.ground(meter)?, new, terms)
    }

    fn place_next(
        &self,
        request: &OrderRequest,
        reason: Reason,
        card: Option<&Bearer>,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let OrderRequest { meter, amount, now, id } = *request;
        self.conn.foresee(|| {
            [
                order::order_of(id),
                order::outstanding_of(meter),
                registration_of(meter),
                freezing(meter),
                chip_in(meter),
            ]
        })?;
        let ground = self.ground(meter)?;
        let ground = match card {
            Some(card) => ground.on_card(card),
            None => ground,
        };
        if amount.0 == 0 {
            return Err(OrderError::Nothing);
        }
        if ground.registration.is_erased() {
            return Err(OrderError::Erased(ground.registration.customer));
        }
        self.must_not_be_blocked(&ground.registration)?;
        if let Some(PlacedOrder { order, state, life, .. }) = self.outstanding(meter)? {
            self.must_not_wait_for_a_bank(life, order.count)?;
            let Order { id: order, amount, count, serial, .. } = order;
            if life != ground.life {
                return Err(OrderError::OtherChip { order, meter, serial });
            }
            return Err(OrderError::Outstanding { meter, order, amount, count, state });
        }
        let last = self.last_settled(ground.life)?.map_or(0, |(count, _)| count);
        let count = last.checked_add(1).ok_or(OrderError::CountEnd(meter))?;
        let new = New { id, amount, now, count, reason, replaces: None };
        self.write_order(&ground, &new, terms)
    }

    /// Writes down another order of the outstanding purchase of a meter, of the same count and amount.
    ///
    /// The order before is superseded, not void: if the meter credited it, its receipt still settles. When the chip
    /// was replaced the order is the first of the new life, and those of the old one are given up.
    pub fn reissue_order(
        &self,
        meter: MeterNumber,
        now: Moment,
        id: OrderId,
        anew: Anew,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let ground = self.ground(meter)?;
        let old = self.outstanding(meter)?.ok_or(OrderError::NothingOutstanding(meter))?;
        let order = &old.order;
        let same_life = old.life == ground.life;
        let keys_changed = ground.esam.key_version != old.key_version;
        // An order may be of before its meter took signed ones, or signed with a certificate of before: who knows that is whoever asks, and
        // the meter takes one of the two.
        let may_be_signed_anew = ground.esam.mode.signs();
        let other_reason = |why: &str| Err(OrderError::NotTheReason { order: order.id, why: why.to_owned() });
        match anew {
            Anew::ChipReplaced if same_life => {
                return other_reason("the city's list names the same ESAM in this meter");
            }
            Anew::ChipReplaced => return self.move_to_new_chip(&ground, &old, now, id, terms),
            _ if !same_life => {
                return Err(OrderError::OtherChip { order: order.id, meter, serial: order.serial });
            }
            Anew::KeyChange if !keys_changed => {
                return other_reason("the city's list names the same key version for this ESAM");
            }
            Anew::Needed
                if order.binding == ground.binding
                    && now <= order.valid_until
                    && !keys_changed
                    && !may_be_signed_anew =>
            {
                return Err(OrderError::NoNeed(order.id));
            }
            Anew::Needed | Anew::KeyChange => {}
        }
        let (amount, count) = (order.amount, order.count);
        let new = New { id, amount, now, count, reason: Reason::Reissue, replaces: Some(order.id) };
        self.another(&ground, &new, order.kind, terms)
    }

    /// Writes down another order of the outstanding purchase of a meter for a user card, of the same count and amount.
    pub(crate) fn reissue_on_card(
        &self,
        meter: MeterNumber,
        now: Moment,
        id: OrderId,
        card: &Bearer,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let ground = self.ground(meter)?.on_card(card);
        let old = self.outstanding(meter)?.ok_or(OrderError::NothingOutstanding(meter))?;
        let order = &old.order;
        if old.life != ground.life {
            return Err(OrderError::OtherChip { order: order.id, meter, serial: order.serial });
        }
        if order.binding == ground.binding {
            return Err(OrderError::NoNeed(order.id));
        }
        let (amount, count) = (order.amount, order.count);
        let new = New { id, amount, now, count, reason: Reason::Reissue, replaces: Some(order.id) };
        self.another(&ground, &new, order.kind, terms)
    }

    /// Writes down another order of the outstanding purchase of a meter, of another amount; of none to take it back.
    ///
    /// The meter takes one of the two. What is larger than anything paid so far is paid before it is sealed.
    pub fn correct_order(
        &self,
        meter: MeterNumber,
        amount: Fen,
        now: Moment,
        id: OrderId,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let paid = match self.outstanding(meter)? {
            Some(old) => self.owed_for("prepaid", old.life, old.order.count)?,
            None => 0,
        };
        self.must_be_within(&OrderRequest { meter, amount, now, id }, paid)?;
        self.order_beside(meter, amount, now, id, terms)
    }

    /// As [`Transaction::correct_order`], whatever the limits say: for what nobody pays.
    pub(crate) fn order_beside(
        &self,
        meter: MeterNumber,
        amount: Fen,
        now: Moment,
        id: OrderId,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let ground = self.ground(meter)?;
        let old = self.outstanding(meter)?.ok_or(OrderError::NothingOutstanding(meter))?;
        let order = &old.order;
        if old.life != ground.life {
            return Err(OrderError::OtherChip { order: order.id, meter, serial: order.serial });
        }
        if order.amount == amount {
            return Err(OrderError::SameAmount { order: order.id, amount });
        }
        // What was sold stays sold; more is not.
        if amount > order.amount {
            self.must_not_be_blocked(&ground.registration)?;
        }
        let reason = if amount.0 == 0 { Reason::Reversal } else { Reason::Correction };
        let new = New { id, amount, now, count: order.count, reason, replaces: Some(order.id) };
        self.another(&ground, &new, order.kind, terms)
    }

    /// Gives up an order that nobody can have sealed, so that another can be placed; the order whose place it took stands
    /// again. What was paid for a purchase of which nothing can have been sealed is given back.
    ///
    /// Any other order stays: a meter may have credited it.
    pub fn void_order(&self, id: OrderId, now: Moment) -> Result<(), OrderError> {
        let placed = self.usable(id)?;
        if placed.may_be_sealed() {
            return Err(OrderError::MayBeCredited(id));
        }
        if let Some(payment) = self.payment_of(placed.life, placed.order.count)? {
            return Err(OrderError::PaidByBank(payment.order));
        }
        let before = match placed.replaces {
            Some(before) => self.order(before)?,
            None => None,
        };
        if before.as_ref().is_some_and(|before| before.life != placed.life) {
            return Err(OrderError::NotTheReason {
                order: id,
                why: "it carries what was paid for the chip before".to_owned(),
            });
        }
        self.whole(|| {
            self.set_state(&placed, OrderState::Void)?;
            if let Some(before) = before.filter(|before| before.state == OrderState::Superseded) {
                let state = if before.record.is_some() { OrderState::Sealed } else { OrderState::Prepared };
                self.set_state(&before, state)?;
            }
            let (life, count) = (placed.life, placed.order.count);
            if !self.orders_of(life, count)?.iter().any(PlacedOrder::may_be_sealed) {
                // What stood in another meter is no cash of this one, whichever of its orders is given up.
                self.must_not_carry(&placed)?;
                let purchase = Purchase { life, count, order: Some(id) };
                let accounts = [Account::Prepaid(placed.customer), self.cash()?];
                let paid = self.owed_for("prepaid", life, count)?;
                self.move_money(Code::Cancelled, now, purchase, accounts, paid)?;
            }
            Ok::<_, OrderError>(())
        })?;
        Ok(())
    }

    /// What there is to write an order from; refused when nothing may be sold for the meter at all.
    fn ground(&self, meter: MeterNumber) -> Result<Ground, OrderError> {
        if self.is_older_make()? {
            return Err(OrderError::OlderMake);
        }
        let registration = self.meter(meter)?.ok_or(OrderError::UnknownMeter(meter))?;
        if let Some(finding) = self.frozen(meter)? {
            return Err(OrderError::Frozen { meter, finding: finding.id, detail: finding.detail });
        }
        let esam = self.esam_of(meter)?.ok_or(OrderError::NoSerial(meter))?;
        if esam.state == KeyState::Retired {
            return Err(OrderError::Retired { meter, serial: esam.serial });
        }
        let life = self.begin_life(&esam)?;
        self.conn.foresee(|| {
            [
                first_buyer(life),
                order::last_settled_of(life),
                customer_blocked(registration.customer),
                meter_blocked(meter),
            ]
        })?;
        let account = self.account_of(life)?.unwrap_or(registration.customer);
        self.must_have_come_to(registration.customer, &esam, life, account)?;
        let (binding, sim) = (message::binding(&registration.sim.imsi), &registration.sim);
        let made_for = MadeFor { iccid: sim.iccid.to_string(), imsi: Some(sim.imsi.clone()) };
        Ok(Ground { registration, account, esam, life, binding, made_for })
    }

    /// The life a chip is in; begun when it is the first time anything is sold for it.
    pub(crate) fn begin_life(&self, esam: &Esam) -> Result<i64, StoreError> {
        if let Some(life) = self.life_of(esam)? {
            return Ok(life);
        }
        let life = self.conn.made(
            || [About::Meter(esam.meter), About::Chip(esam.serial), About::NEW_LIFE],
            "INSERT INTO life (meter, serial, key_state, key_version) VALUES (?1, ?2, ?3, ?4) RETURNING id",
            params![esam.meter.to_string(), esam.serial.0, esam.state.name(), esam.key_version],
        )?;
        // Nothing was ever sold in it.
        self.conn.knows(|| {
            let none = [first_buyer(life), order::last_settled_of(life), payment_for(life, 1)].map(Now::same);
            let owed = [Now::same(owed_of("prepaid", life, 1)).but("owed", 0_i64)];
            none.into_iter().chain(owed).collect()
        })?;
        Ok(life)
    }

    /// Whom the power company has blocked nothing is sold to.
    fn must_not_be_blocked(&self, registration: &Registration) -> Result<(), OrderError> {
        let customer = registration.customer;
        match self.blocked(customer, registration.meter)? {
            Some(reason) => Err(OrderError::Blocked { customer, reason }),
            None => Ok(()),
        }
    }

    /// Another order beside the one it replaces.
    fn another(
        &self,
        ground: &Ground,
        new: &New,
        first: OrderKind,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        self.must_not_wait_for_a_bank(ground.life, new.count)?;
        let next = self.next_kind(ground)?;
        if !rules::kinds_agree(first, next) {
            return Err(OrderError::Kind { first, next });
        }
        self.whole(|| {
            if let Some(old) = new.replaces {
                self.set_state_of(old, || ground.subjects(old), OrderState::Superseded)?;
            }
            self.write_order(ground, new, terms)
        })
    }

    /// The first order of a new chip, paid for by the purchase that the old one did not credit.
    fn move_to_new_chip(
        &self,
        ground: &Ground,
        old: &PlacedOrder,
        now: Moment,
        id: OrderId,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let (old_life, old_count, customer) = (old.life, old.order.count, old.customer);
        self.must_not_wait_for_a_bank(old_life, old_count)?;
        let count = self.last_settled(ground.life)?.map_or(0, |(count, _)| count);
        let count = count.checked_add(1).ok_or(OrderError::CountEnd(old.order.meter))?;
        let (amount, replaces) = (old.order.amount, Some(old.order.id));
        let new = New { id, amount, now, count, reason: Reason::Reissue, replaces };
        self.whole(|| {
            for order in self.orders_of(old_life, old_count)? {
                if order.state != OrderState::Void {
                    self.set_state(&order, OrderState::Void)?;
                }
            }
            let placed = self.write_order(ground, &new, terms)?;
            let paid = self.owed_for("prepaid", old_life, old_count)?;
            let (claim, carried) = (Account::Prepaid(customer), Account::Carried);
            let from = Purchase { life: old_life, count: old_count, order: replaces };
            let to = Purchase { life: ground.life, count, order: Some(id) };
            self.move_money(Code::CarryOut, now, from, [claim, carried], paid)?;
            self.move_money(Code::CarryIn, now, to, [carried, claim], paid)?;
            Ok(placed)
        })
    }

    /// The meter keeps the binding of the order it credited last; a recharge for another SIM it refuses.
    fn next_kind(&self, ground: &Ground) -> Result<OrderKind, StoreError> {
        Ok(match self.last_settled(ground.life)? {
            None => OrderKind::Open,
            Some((_, Some(known))) if known == ground.binding => OrderKind::Recharge,
            Some(_) => OrderKind::Replacement,
        })
    }

    fn write_order(&self, ground: &Ground, new: &New, terms: &Terms) -> Result<PlacedOrder, OrderError> {
        if new.amount > MAX_AMOUNT {
            return Err(OrderError::Amount(new.amount));
        }
        let Ground { registration, account, esam, life, binding, made_for } = ground;
        if let Room::Never { ceiling } = rules::room(new.amount, esam.ceiling, None) {
            return Err(OrderError::Ceiling { meter: registration.meter, amount: new.amount, ceiling });
        }
        if self.order(new.id)?.is_some() {
            return Err(OrderError::IdTaken(new.id));
        }
        let valid_s = i64::from(terms.validity_days) * DAY_S;
        let order = Order {
            meter: registration.meter,
            customer: *account,
            amount: new.amount,
            count: new.count,
            issued: new.now,
            id: new.id,
            kind: self.next_kind(ground)?,
            binding: *binding,
            valid_until: new.now.add_seconds(valid_s).ok_or(OrderError::Calendar)?,
            serial: esam.serial,
        };
        let placed = PlacedOrder {
            order,
            customer: registration.customer,
            life: *life,
            key_version: esam.key_version,
            reason: new.reason,
            state: OrderState::Prepared,
            sim: made_for.clone(),
            replaces: new.replaces,
            record: None,
            asked: false,
        };
        // No payment comes of it.
        self.conn.writing(
            || [Now::same(payment_for(placed.life, placed.order.count))],
            || {
                self.begin_purchase(&placed)?;
                self.insert_order(&placed)
            },
        )?;
        Ok(placed)
    }

    fn begin_purchase(&self, placed: &PlacedOrder) -> Result<(), StoreError> {
        self.conn.write_of(
            || placed.subjects(),
            "INSERT INTO purchase (life, count, customer) VALUES (?1, ?2, ?3) \
             ON CONFLICT (life, count) DO NOTHING",
            params![placed.life, placed.order.count, placed.customer.to_string()],
        )
    }

    fn insert_order(&self, placed: &PlacedOrder) -> Result<(), StoreError> {
        let order = &placed.order;
        self.conn.write_of(
            || placed.subjects(),
            "INSERT INTO purchase_order (id, life, count, reason, kind, key_version, amount, issued, \
             valid_until, binding, iccid, replaces, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'prepared')",
            params![
                order.id.0,
                placed.life,
                order.count,
                placed.reason.name(),
                order.kind.code(),
                placed.key_version,
                order.amount.0,
                time_text(order.issued),
                time_text(order.valid_until),
                order.binding.0,
                placed.sim.iccid,
                placed.replaces.map(|id| id.0),
            ],
        )?;
        self.note_origin(order.id)
    }

    pub(crate) fn set_state(&self, placed: &PlacedOrder, state: OrderState) -> Result<(), StoreError> {
        self.set_state_of(placed.order.id, || placed.subjects(), state)
    }

    fn set_state_of(
        &self,
        id: OrderId,
        about: impl FnOnce() -> [About; 3],
        state: OrderState,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE purchase_order SET state = ?2 WHERE id = ?1";
        self.conn.write_of(about, sql, params![id.0, state.name()])
    }
}
