//! Sealing orders: intent and payment before, outcome after.

use crate::engine::{About, Now, Question, params};
use crate::error::StoreError;
use crate::finding::stopping;
use crate::ledger::{head_of, owed_of, row_of};
use crate::message;
use crate::meters::chip;
use crate::order::{OrderRequest, PlacedOrder, SealedOrder, order_of};
use crate::order_error::OrderError;
use crate::order_state::OrderState;
use crate::payment::{payment_by, payment_for};
use crate::place::Anew;
use crate::rows::column;
use crate::rules::{self, Room};
use crate::sealer::{OrderSealer, SealError};
use crate::store::{Store, Transaction, View};
use crate::terms::Terms;
use crate::transfer::{Account, Code, Purchase};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::{Order, OrderId};
use scheme::signing::Mode;
use wire::sms::record::Records;

/// An order that is about to be asked for.
struct Asking {
    placed: PlacedOrder,
    /// No earlier asking of the same module is without an answer: a certain refusal then means that nothing was sealed.
    fresh: bool,
    /// Which orders the chip takes.
    mode: Mode,
}

/// Whether a module was asked for an order and has not answered.
fn asking_of(psam: &str, order: &Order) -> Question {
    let sql = "SELECT 1 FROM ask WHERE psam = ?1 AND order_id = ?2";
    Question::new(sql, params![psam, order.id.0]).about(About::Meter(order.meter))
}

impl Store {
    /// Places an order and seals it.
    ///
    /// The intent is on the disk before the security module is asked, the outcome before the record is
    /// handed out; after an interruption [`Store::seal`] goes on.
    pub fn purchase(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let now = request.now;
        self.place_and_ask(sealer, now, terms, |act| act.place_order(request, terms))
    }

    /// Reissues the outstanding order of a meter ([`Transaction::reissue_order`]) and seals the new one.
    pub fn reissue(
        &mut self,
        sealer: &mut dyn OrderSealer,
        meter: MeterNumber,
        now: Moment,
        id: OrderId,
        anew: Anew,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        self.place_and_ask(sealer, now, terms, |act| act.reissue_order(meter, now, id, anew, terms))
    }

    /// Corrects the outstanding order of a meter ([`Transaction::correct_order`]) and seals the new one; of amount 0, takes it back.
    pub fn correct(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let OrderRequest { meter, amount, now, id } = *request;
        self.place_and_ask(sealer, now, terms, |act| act.correct_order(meter, amount, now, id, terms))
    }

    pub(crate) fn place_and_ask(
        &mut self,
        sealer: &mut dyn OrderSealer,
        now: Moment,
        terms: &Terms,
        place: impl FnOnce(&Transaction<'_>) -> Result<PlacedOrder, OrderError>,
    ) -> Result<SealedOrder, OrderError> {
        let (number, keys) = (sealer.number(), sealer.keys().map_err(OrderError::Module)?);
        let asking = self.batch(|act| {
            let placed = place(act)?;
            act.must_fit(&number, keys, &placed)?;
            act.begin_asking(&number, placed, now)
        })?;
        self.ask(sealer, asking, terms)
    }

    /// Does an act that may place an order, and seals it if it did.
    pub(crate) fn place_and_ask_some(
        &mut self,
        sealer: &mut dyn OrderSealer,
        now: Moment,
        terms: &Terms,
        place: impl FnOnce(&Transaction<'_>) -> Result<Option<PlacedOrder>, OrderError>,
    ) -> Result<Option<SealedOrder>, OrderError> {
        let (number, keys) = (sealer.number(), sealer.keys().map_err(OrderError::Module)?);
        let asking = self.batch(|act| {
            let Some(placed) = place(act)? else { return Ok::<_, OrderError>(None) };
            act.must_fit(&number, keys, &placed)?;
            act.begin_asking(&number, placed, now).map(Some)
        })?;
        asking.map(|asking| self.ask(sealer, asking, terms)).transpose()
    }

    /// Seals an order that is prepared (again, after an interruption: the order keeps its id), or gives
    /// the record of one that is sealed.
    pub fn seal(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        if let Some(sealed) = self.read(|view| view.sealed(&view.usable(id)?))? {
            return Ok(sealed);
        }
        self.seal_anyway(sealer, id, now, terms)
    }

    /// As [`Store::seal`], also an order that is sealed: its record stays, and the module counts it once more unless it was its last.
    pub(crate) fn seal_anyway(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let (number, keys) = (sealer.number(), sealer.keys().map_err(OrderError::Module)?);
        let asking = self.batch(|act| {
            let placed = act.usable(id)?;
            act.must_fit(&number, keys, &placed)?;
            act.begin_asking(&number, placed, now)
        })?;
        self.ask(sealer, asking, terms)
    }

    /// Asks the security module with no transaction open, so that other programs may write meanwhile.
    fn ask(
        &mut self,
        sealer: &mut dyn OrderSealer,
        asking: Asking,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let order = &asking.placed.order;
        let number = sealer.number();
        match sealer.seal(&order.to_bytes(), asking.mode) {
            Ok(user_data) => self.batch(|act| act.keep_sealed(&number, &asking.placed, &user_data, terms)),
            Err(cause) => {
                if asking.fresh && matches!(cause, SealError::Refused(_)) {
                    self.batch(|act| act.forget_asking(&number, order.id, Some(order)))?;
                }
                Err(OrderError::Seal { order: order.id, cause })
            }
        }
    }
}

impl Transaction<'_> {
    /// Places an order and seals it, all in this act: nothing stays when it fails.
    ///
    /// The record may leave the house only when the act has been kept.
    pub fn purchase(
        &self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let number = sealer.number();
        self.whole(|| {
            let placed = self.place_order(request, terms)?;
            let Asking { placed, mode, .. } = self.begin_asking(&number, placed, request.now)?;
            let order = &placed.order;
            let user_data = sealer
                .seal(&order.to_bytes(), mode)
                .map_err(|cause| OrderError::Seal { order: order.id, cause })?;
            self.keep_sealed(&number, &placed, &user_data, terms)
        })
    }

    /// Writes down a sealed order: its record, and its place in the module's chain.
    fn keep_sealed(
        &self,
        psam: &str,
        placed: &PlacedOrder,
        user_data: &[u8],
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let id = placed.order.id;
        self.note_answer(psam, placed)?;
        let placed = self.usable(id)?;
        // Another program may have sealed the same order meanwhile; its record is as good.
        if let Some(sealed) = self.sealed(&placed)? {
            return Ok(sealed);
        }
        let record = message::order_record(user_data, &placed.order, terms)?;
        self.keep_record(&placed, &record)?;
        let warning = self.warning(&placed)?;
        Ok(SealedOrder { order: placed.order, record, sim: placed.sim, warning })
    }

    /// The module has sealed an order, and waits for no other word of it.
    pub(crate) fn note_answer(&self, psam: &str, placed: &PlacedOrder) -> Result<(), StoreError> {
        let order = &placed.order;
        self.conn.writing(
            || [Now::same(order_of(order.id)).but("asked", true)],
            || {
                self.note_seal(psam, order)?;
                self.forget_asking(psam, order.id, Some(order))
            },
        )
    }

    /// From now on the security module may have sealed the order, so the customer has paid as much as it says.
    fn begin_asking(&self, psam: &str, placed: PlacedOrder, now: Moment) -> Result<Asking, OrderError> {
        let (life, count) = (placed.life, placed.order.count);
        self.conn.foresee(|| {
            [
                stopping(psam),
                payment_for(life, count),
                owed_of("prepaid", life, count),
                head_of(self.server),
                row_of(Account::Prepaid(placed.customer)),
                chip(placed.order.serial),
            ]
        })?;
        if let Some(finding) = self.stopped(psam)? {
            let psam = psam.to_owned();
            return Err(OrderError::Stopped { psam, finding: finding.id, detail: finding.detail });
        }
        self.spend_payment(&placed, now)?;
        let (order, life) = (&placed.order, placed.life);
        let paid = self.owed_for("prepaid", life, order.count)?;
        let kind = if paid == 0 { Code::Sale } else { Code::Correction };
        let purchase = Purchase { life, count: order.count, order: Some(order.id) };
        let accounts = [self.cash()?, Account::Prepaid(placed.customer)];
        self.move_money(kind, now, purchase, accounts, rules::still_to_pay(paid, order.amount))?;
        let mode = self.esam(order.serial)?.map_or(Mode::Symmetric, |esam| esam.mode);
        Ok(Asking { fresh: self.note_asking(psam, &placed)?, placed, mode })
    }

    /// `true` when no earlier asking of this module waits for its answer.
    fn note_asking(&self, psam: &str, placed: &PlacedOrder) -> Result<bool, StoreError> {
        let order = &placed.order;
        // One that no module was asked for needs no looking up.
        let waits = placed.asked && self.conn.answer(&asking_of(psam, order), |_| Ok(()))?.is_some();
        if !waits {
            self.conn.write_of(
                || placed.subjects(),
                "INSERT INTO ask (psam, order_id, turn) \
                 VALUES (?1, ?2, (SELECT coalesce(max(turn), 0) + 1 FROM ask WHERE psam = ?1))",
                params![psam, order.id.0],
            )?;
        }
        Ok(!waits)
    }

    pub(crate) fn keep_record(&self, placed: &PlacedOrder, record: &Records) -> Result<(), StoreError> {
        let id = placed.order.id;
        let (first, second) = (record.each().first().copied(), record.each().get(1).copied());
        // Whoever hands it out reads the order once more.
        let now = || {
            let order = Now::same(order_of(id)).but("state", OrderState::Sealed.name());
            let payment = payment_for(placed.life, placed.order.count);
            let paid = Now::same(payment_by(id));
            [order.but("record", first).but("part", second), Now::same(payment), paid]
        };
        self.conn.writing(now, || {
            self.conn.write_of(
                || placed.subjects(),
                "UPDATE purchase_order SET state = 'sealed', record = ?2, part = ?3 WHERE id = ?1",
                params![id.0, first, second],
            )
        })
    }

    /// What became of the asking is known.
    pub(crate) fn forget_asking(
        &self,
        psam: &str,
        id: OrderId,
        order: Option<&Order>,
    ) -> Result<(), StoreError> {
        let of = || order.map_or_else(Vec::new, |order| vec![About::Meter(order.meter), About::Order(id)]);
        self.conn.write_of(of, "DELETE FROM ask WHERE psam = ?1 AND order_id = ?2", params![psam, id.0])
    }
}

/// The balance a life's meter last reported.
pub(crate) fn last_balance_of(life: i64) -> Question {
    let sql = "SELECT balance FROM settlement WHERE life = ?1 ORDER BY count DESC LIMIT 1";
    Question::new(sql, params![life]).about(About::Life(life))
}

impl View<'_> {
    /// An order that is sealed, as it is handed out; `None` where no module has sealed it yet.
    pub fn sealed(&self, placed: &PlacedOrder) -> Result<Option<SealedOrder>, OrderError> {
        let Some(record) = placed.record.clone() else { return Ok(None) };
        let warning = self.warning(placed)?;
        Ok(Some(SealedOrder { order: placed.order.clone(), record, sim: placed.sim.clone(), warning }))
    }

    /// What the clerk is to hear: the meter may have no room for the amount, or its ESAM's days end before the order's do.
    fn warning(&self, placed: &PlacedOrder) -> Result<Option<String>, StoreError> {
        let Some(esam) = self.esam(placed.order.serial)? else { return Ok(None) };
        let mut words = Vec::new();
        let balance = self.last_balance(placed.life)?;
        if let Room::Tight { ceiling, balance } = rules::room(placed.order.amount, esam.ceiling, balance) {
            words.push(format!(
                "the meter last reported a balance of {balance} yuan and holds at most {ceiling}: it refuses the order until \
                 enough is consumed"
            ));
        }
        if let Some(end) = esam.valid_to.filter(|end| *end < placed.order.valid_until) {
            let day: String = end.to_string().chars().take(10).collect();
            words.push(format!(
                "the meter's ESAM is valid to {day}: it goes on crediting, and its city should exchange it"
            ));
        }
        Ok((!words.is_empty()).then(|| words.join("; ")))
    }

    /// The balance a life's meter last reported.
    pub(crate) fn last_balance(&self, life: i64) -> Result<Option<Fen>, StoreError> {
        self.conn.answer(&last_balance_of(life), |row| column(row, "balance").map(Fen))
    }
}
