//! What a change of a meter does to the books.

use crate::change::{Change, ChangeRequest, FinalRequest};
use crate::change_error::ChangeRefusal;
use crate::change_ground::{Ground, refused};
use crate::engine::params;
use crate::error::StoreError;
use crate::order::{PlacedOrder, Reason};
use crate::order_error::OrderError;
use crate::order_state::OrderState;
use crate::place::New;
use crate::registration::Held;
use crate::rows::time_text;
use crate::store::Transaction;
use crate::terms::Terms;
use crate::transfer::{Account, Code, Purchase};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

impl Transaction<'_> {
    /// Writes down who has a meter from now on.
    pub(crate) fn give_meter(
        &self,
        customer: CustomerNumber,
        held: Held,
        since: Option<Moment>,
    ) -> Result<(), StoreError> {
        let (customer, meter) = (customer.to_string(), held.meter.to_string());
        self.conn
            .write("INSERT INTO meter (meter) VALUES (?1) ON CONFLICT (meter) DO NOTHING", params![meter])?;
        self.conn.write(
            "INSERT INTO holding (customer, meter, since, first_purchase) VALUES (?1, ?2, ?3, ?4)",
            params![customer, meter, since.map(time_text), held.first_purchase.map(|fen| fen.0)],
        )?;
        Ok(())
    }

    /// Writes down that whoever has a meter has it no more.
    pub(crate) fn take_meter(&self, meter: MeterNumber, until: Moment) -> Result<(), StoreError> {
        self.conn.write(
            "UPDATE holding SET until = ?2 WHERE meter = ?1 AND until IS NULL",
            params![meter.to_string(), time_text(until)],
        )?;
        Ok(())
    }

    /// Changes a meter; the order that takes to the new one what is carried there, prepared for sealing.
    pub(crate) fn change(
        &self,
        request: &ChangeRequest,
        terms: &Terms,
    ) -> Result<Option<PlacedOrder>, OrderError> {
        let change = self.change_ground(request)?;
        let ChangeRequest { customer, meter, id, ref word, .. } = *request;
        self.whole(|| {
            self.take_meter(change.old, word.at)?;
            let held = Held { meter, first_purchase: change.first_purchase };
            self.give_meter(customer, held, Some(word.at))?;
            if let Some(ended) = &change.outstanding {
                for placed in self.orders_of(ended.life, ended.order.count)? {
                    if placed.state != OrderState::Void {
                        self.set_state(&placed, OrderState::Void)?;
                    }
                }
            }
            let new_life = self.begin_life(&change.esam)?;
            let placed = if change.carried > 0 {
                let ended = change.outstanding.as_ref().map(|placed| placed.order.id);
                let amount = order_amount(change.carried)?;
                let new =
                    New { id, amount, now: word.at, count: 1, reason: Reason::Reissue, replaces: ended };
                Some(self.write_first(meter, &new, terms)?)
            } else {
                None
            };
            self.carry(request, &change, new_life)?;
            self.write_change(request, &change, new_life)?;
            Ok(placed)
        })
    }

    /// The money: what was paid and not credited, and what stood in the old purse, to the first purchase of the new meter.
    fn carry(&self, request: &ChangeRequest, change: &Ground, new_life: i64) -> Result<(), StoreError> {
        let (at, claim, carried) = (request.word.at, Account::Prepaid(request.customer), Account::Carried);
        let ended = change.outstanding.as_ref().map(|placed| Purchase {
            life: placed.life,
            count: placed.order.count,
            order: Some(placed.order.id),
        });
        if let Some(ended) = ended {
            self.move_money(Code::CarryOut, at, ended, [claim, carried], change.paid)?;
        }
        let more = change.carried - change.paid;
        let last = change.old_life.map(|life| Purchase { life, count: change.last, order: None });
        if let (Some(last), true) = (last, more > 0) {
            self.move_money(Code::MeterOut, at, last, [Account::Delivered, carried], more)?;
        }
        if let (Some(ended), true) = (ended, more < 0) {
            self.move_money(Code::MeterUsed, at, ended, [carried, Account::Delivered], -more)?;
        }
        let first = Purchase { life: new_life, count: 1, order: Some(request.id) };
        self.move_money(Code::MeterIn, at, first, [carried, claim], change.carried)
    }

    fn write_change(
        &self,
        request: &ChangeRequest,
        change: &Ground,
        new_life: i64,
    ) -> Result<(), StoreError> {
        let word = &request.word;
        self.conn.write(
            "INSERT INTO meter_change (customer, old_meter, new_meter, old_life, new_life, basis, balance, old_count, ended, \
             outstanding, carried, order_id, drawn, at, made_by, second, note) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                request.customer.to_string(),
                change.old.to_string(),
                request.meter.to_string(),
                change.old_life,
                new_life,
                request.basis.name(),
                request.balance.0,
                request.count,
                change.outstanding.as_ref().map(|placed| placed.order.id.0),
                change.paid,
                change.carried,
                (change.carried > 0).then_some(request.id.0),
                request.id.0,
                time_text(word.at),
                word.by,
                word.second,
                word.note,
            ],
        )?;
        Ok(())
    }

    /// Corrects a provisional change; the order of what was missing, prepared for sealing.
    pub(crate) fn finish(
        &self,
        request: &FinalRequest,
        terms: &Terms,
    ) -> Result<Option<PlacedOrder>, OrderError> {
        let (change, due) = self.final_ground(request)?;
        let (id, word, more) = (request.id, &request.word, due - change.carried_fen);
        self.whole(|| {
            let first = Purchase { life: change.new_life, count: 1, order: change.order };
            let placed = if more > 0 { Some(self.missing(&change, more, id, word.at, terms)?) } else { None };
            if more < 0 {
                self.move_money(Code::MeterLess, word.at, first, [Account::Loss, Account::Delivered], -more)?;
            }
            self.conn.write(
                "UPDATE meter_change SET final = ?2, final_order = ?3, final_drawn = ?4, final_at = ?5, final_by = ?6, \
                 final_second = ?7, final_note = ?8 WHERE id = ?1",
                params![
                    change.id,
                    due,
                    placed.as_ref().map(|placed| placed.order.id.0),
                    id.0,
                    time_text(word.at),
                    word.by,
                    word.second,
                    word.note,
                ],
            )?;
            Ok(placed)
        })
    }

    /// An order of what was missing: a larger one of the first purchase while that is outstanding, else the next one.
    fn missing(
        &self,
        change: &Change,
        more: i64,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let meter = change.new;
        let placed = match self.outstanding(meter)? {
            // A change that carried nothing has no order: what stands first there is a sale like others.
            Some(first)
                if change.order.is_some() && first.life == change.new_life && first.order.count == 1 =>
            {
                let amount = order_amount(i64::from(first.order.amount.0) + more)?;
                self.order_beside(meter, amount, now, id, terms)?
            }
            _ => self.place_carried(meter, order_amount(more)?, now, id, terms)?,
        };
        let purchase = Purchase { life: placed.life, count: placed.order.count, order: Some(id) };
        let accounts = [Account::Delivered, Account::Prepaid(change.customer)];
        self.move_money(Code::MeterMore, now, purchase, accounts, more)?;
        Ok(placed)
    }

    /// Refuses to give up an order that carries what stood in another meter.
    pub(crate) fn must_not_carry(&self, placed: &PlacedOrder) -> Result<(), OrderError> {
        if self.is_carried(placed.life, placed.order.count)? {
            return refused(ChangeRefusal::Carries(placed.order.id));
        }
        Ok(())
    }
}

/// An amount that an order can carry.
fn order_amount(fen: i64) -> Result<Fen, OrderError> {
    u32::try_from(fen).map(Fen).map_err(|_| OrderError::Amount(Fen(u32::MAX)))
}
