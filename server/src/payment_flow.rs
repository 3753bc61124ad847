//! The way of a payment: asked for, answered, spent, taken back. Each step is one act of the books; the bank is asked between them.

use crate::bank::{AdviceAnswer, BankAccount, Booked, DebitAnswer, GivenBack};
use crate::engine::params;
use crate::error::StoreError;
use crate::finding::{FindingKind, Found};
use crate::order::{OrderRequest, PlacedOrder};
use crate::order_error::OrderError;
use crate::order_state::OrderState;
use crate::payment::{Payment, PaymentState};
use crate::rows::{column, time_text};
use crate::store::Transaction;
use crate::terms::Terms;
use crate::transfer::{Account, Code, Entry, Purchase, Standing, Transfer};
use scheme::moment::Moment;
use scheme::order::OrderId;

/// When a bank that said nothing is asked again, in seconds after each of its silences; then each time after the last of them.
pub const BACK_OFF_S: [i64; 4] = [10, 60, 600, 3600];

fn after_silence(now: Moment, tries: u32) -> Result<Moment, StoreError> {
    let last = BACK_OFF_S.len() - 1;
    let seconds = BACK_OFF_S[(tries as usize).min(last)];
    let end = StoreError::Value { place: "payment.next", detail: "the end of the calendar".into() };
    now.add_seconds(seconds).ok_or(end)
}

fn purchase(payment: &Payment) -> Purchase {
    Purchase { life: payment.life, count: payment.count, order: Some(payment.order) }
}

impl Transaction<'_> {
    /// Writes down the next order of a meter and that it is to be paid by a debit: the bank may be asked when this is kept.
    pub fn begin_payment(
        &self,
        request: &OrderRequest,
        account: &BankAccount,
        terms: &Terms,
    ) -> Result<Payment, OrderError> {
        let (id, now) = (request.id, request.now);
        self.must_be_no_banks(account)?;
        self.whole(|| {
            let placed = self.place_order(request, terms)?;
            let (life, count) = (placed.life, placed.order.count);
            let entry = self.book_transfer(&Transfer {
                code: Code::Debit,
                at: now,
                purchase: Some(Purchase { life, count, order: Some(id) }),
                debit: Account::BankClearing,
                credit: Account::Suspense,
                amount: request.amount.0.into(),
                standing: Standing::Pending,
                subject: Some(&id.to_string()),
            })?;
            self.conn.write(
                "INSERT INTO payment (order_id, life, count, account, amount, asked, transfer, state, changed, next) \
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, id, 'asked', ?6, ?7 FROM transfer WHERE server = ?8 AND number = ?9",
                params![
                    id.0,
                    life,
                    count,
                    account.as_str(),
                    request.amount.0,
                    time_text(now),
                    time_text(after_silence(now, 0)?),
                    entry.server,
                    entry.number,
                ],
            )?;
            self.step(id, now, PaymentState::Asked, "the bank is asked for the debit")?;
            self.the_payment(id)
        })
    }

    fn the_payment(&self, id: OrderId) -> Result<Payment, OrderError> {
        self.payment(id)?.ok_or(OrderError::UnknownPayment(id))
    }

    fn step(&self, id: OrderId, at: Moment, state: PaymentState, what: &str) -> Result<(), StoreError> {
        let what: String = what.chars().take(400).collect();
        self.conn.write(
            "INSERT INTO payment_step (order_id, at, state, what) VALUES (?1, ?2, ?3, ?4)",
            params![id.0, time_text(at), state.name(), what],
        )?;
        Ok(())
    }

    /// Sets where a payment stands. `next`: when the bank is asked again.
    fn set_payment(
        &self,
        id: OrderId,
        at: Moment,
        state: PaymentState,
        next: Option<Moment>,
        what: &str,
    ) -> Result<(), StoreError> {
        self.conn.write(
            "UPDATE payment SET state = ?2, changed = ?3, tries = 0, next = ?4 WHERE order_id = ?1",
            params![id.0, state.name(), time_text(at), next.map(time_text)],
        )?;
        self.step(id, at, state, what)
    }

    fn note_reason(&self, id: OrderId, words: &str) -> Result<(), StoreError> {
        let reason: String = words.chars().take(200).collect();
        self.conn.write("UPDATE payment SET reason = ?2 WHERE order_id = ?1", params![id.0, reason])?;
        Ok(())
    }

    /// Nothing was learned: the bank is asked again later.
    fn silence(
        &self,
        payment: &Payment,
        state: PaymentState,
        now: Moment,
        words: &str,
    ) -> Result<(), StoreError> {
        self.note_reason(payment.order, words)?;
        self.conn.write(
            "UPDATE payment SET state = ?2, changed = ?3, tries = tries + 1, next = ?4 WHERE order_id = ?1",
            params![
                payment.order.0,
                state.name(),
                time_text(now),
                time_text(after_silence(now, payment.tries)?)
            ],
        )?;
        self.step(payment.order, now, state, words)
    }

    /// What the bank answered to a debit, or said of it in its file. The same answer again changes nothing.
    pub fn debit_answered(
        &self,
        id: OrderId,
        answer: &DebitAnswer,
        now: Moment,
    ) -> Result<Payment, OrderError> {
        let payment = self.the_payment(id)?;
        self.whole(|| {
            match answer {
                DebitAnswer::Done(booked) if payment.debited.is_none() => {
                    self.debited(&payment, booked, now)?;
                }
                DebitAnswer::Refused(reason) if payment.state.is_open() => {
                    self.note_reason(id, reason)?;
                    self.resolve(&payment, now, |entry| Standing::Void(entry))?;
                    let words = format!("the bank refuses: {reason}");
                    self.set_payment(id, now, PaymentState::Refused, None, &words)?;
                    self.void_paid_orders(&payment)?;
                }
                DebitAnswer::Unknown(words) if payment.state.is_open() => {
                    self.silence(&payment, PaymentState::Unknown, now, words)?;
                }
                DebitAnswer::Done(_) | DebitAnswer::Refused(_) | DebitAnswer::Unknown(_) => {}
            }
            Ok::<_, OrderError>(())
        })?;
        self.the_payment(id)
    }

    /// The bank took money, as much as was asked for or not.
    fn debited(&self, payment: &Payment, booked: &Booked, now: Moment) -> Result<(), OrderError> {
        let (id, reference) = (payment.order, payment.reference());
        let right = booked.amount == payment.amount;
        self.conn.write(
            "UPDATE payment SET debited = ?2, debit_entry = ?3, debit_day = ?4 WHERE order_id = ?1",
            params![id.0, booked.amount.0, booked.entry, hex::encode(booked.day.bytes())],
        )?;
        let waits = self.pending_of(payment)?;
        if let (true, Some(entry)) = (right, &waits) {
            self.resolves(payment, now, Standing::Post(entry))?;
        } else {
            if let Some(entry) = &waits {
                self.resolves(payment, now, Standing::Void(entry))?;
            }
            self.book_transfer(&Transfer {
                code: Code::Debit,
                at: now,
                purchase: Some(purchase(payment)),
                debit: Account::BankClearing,
                credit: Account::Suspense,
                amount: booked.amount.0.into(),
                standing: Standing::Posted,
                subject: Some(&reference),
            })?;
        }
        match payment.state {
            PaymentState::Asked | PaymentState::Unknown if right => {
                self.set_payment(id, now, PaymentState::Paid, None, "the bank took the money")?;
            }
            PaymentState::Asked | PaymentState::Unknown => {
                let words = format!(
                    "the bank took {} for payment {reference}, and {} were asked for: it is taken back",
                    booked.amount, payment.amount
                );
                self.bank_finding(FindingKind::BankAmount, payment, &words, now)?;
                self.void_paid_orders(payment)?;
                self.note_reason(id, &words)?;
                self.advise(payment, now, &words)?;
            }
            PaymentState::Leaving => {
                self.step(
                    id,
                    now,
                    PaymentState::Leaving,
                    "the bank took the money, and is told that it is not wanted",
                )?;
            }
            // Late: it is in suspense, and goes back of itself.
            PaymentState::Refused | PaymentState::Reversed => {
                self.advise(payment, now, "the bank took the money late: it is taken back")?;
            }
            PaymentState::Paid | PaymentState::Spent => {}
        }
        Ok(())
    }

    /// The bank is told that a debit is not wanted, from now on until it confirms.
    fn advise(&self, payment: &Payment, now: Moment, words: &str) -> Result<(), StoreError> {
        self.conn
            .write("UPDATE payment SET advice = advice + 1 WHERE order_id = ?1", params![payment.order.0])?;
        self.set_payment(payment.order, now, PaymentState::Leaving, Some(now), words)
    }

    /// The customer leaves, or wants it no more: the order is given up, and the bank is told until it confirms.
    ///
    /// # Errors
    /// There is no such payment; a module was asked to seal for it, so a meter may credit it; it was refused.
    pub fn leave_payment(&self, id: OrderId, now: Moment) -> Result<Payment, OrderError> {
        let payment = self.the_payment(id)?;
        match payment.state {
            PaymentState::Leaving | PaymentState::Reversed => return Ok(payment),
            PaymentState::Refused => {
                return Err(OrderError::PaymentEnded { order: id, state: payment.state.name() });
            }
            PaymentState::Asked | PaymentState::Unknown | PaymentState::Paid | PaymentState::Spent => {}
        }
        let orders = self.orders_of(payment.life, payment.count)?;
        if orders.iter().any(|order| order.may_be_sealed() || order.state == OrderState::Settled) {
            return Err(OrderError::MayBeCredited(id));
        }
        self.whole(|| {
            if payment.state == PaymentState::Spent {
                let paid = self.owed_for("prepaid", payment.life, payment.count)?;
                // What was paid in cash beyond it was paid over the counter, and goes back there.
                let cash = paid - i64::from(payment.amount.0);
                let claim = Account::Prepaid(payment.customer);
                self.move_money(Code::Cancelled, now, purchase(&payment), [claim, self.cash()?], cash)?;
                self.book_transfer(&Transfer {
                    code: Code::Cancelled,
                    at: now,
                    purchase: Some(purchase(&payment)),
                    debit: claim,
                    credit: Account::Suspense,
                    amount: payment.amount.0.into(),
                    standing: Standing::Posted,
                    subject: Some(&payment.reference()),
                })?;
            }
            self.void_paid_orders(&payment)?;
            self.advise(&payment, now, "it is not wanted any more: the bank is told")
        })?;
        self.the_payment(id)
    }

    /// What the bank answered to an advice. The same answer again changes nothing.
    pub fn advice_answered(
        &self,
        id: OrderId,
        answer: &AdviceAnswer,
        now: Moment,
    ) -> Result<Payment, OrderError> {
        let payment = self.the_payment(id)?;
        if payment.state != PaymentState::Leaving {
            return Ok(payment);
        }
        self.whole(|| {
            match answer {
                AdviceAnswer::Unknown(words) => {
                    self.silence(&payment, PaymentState::Leaving, now, words)?;
                }
                AdviceAnswer::Taken(None) if payment.debited.is_some() => {
                    let words = format!(
                        "the bank took money for payment {}, and says now that it gave nothing back because it took nothing",
                        payment.reference()
                    );
                    self.bank_finding(FindingKind::BankContradicts, &payment, &words, now)?;
                    self.set_payment(id, now, PaymentState::Reversed, None, &words)?;
                }
                AdviceAnswer::Taken(None) => {
                    self.resolve(&payment, now, |entry| Standing::Void(entry))?;
                    self.set_payment(id, now, PaymentState::Reversed, None, "the bank took nothing, and will not")?;
                }
                AdviceAnswer::Taken(Some(given)) => self.returned(&payment, given, now)?,
            }
            Ok::<_, OrderError>(())
        })?;
        self.the_payment(id)
    }

    /// The bank gave money back.
    fn returned(&self, payment: &Payment, given: &GivenBack, now: Moment) -> Result<(), OrderError> {
        if payment.debited.is_none() {
            // That it had been taken is learned with that it was given back.
            self.debited(payment, &given.taken, now)?;
        }
        let booked = &given.back;
        let returned = i64::from(booked.amount.0);
        let taken = payment.debited.as_ref().map_or(i64::from(given.taken.amount.0), |moved| moved.fen);
        if taken != returned {
            let words = format!(
                "the bank took {} for payment {}, and gave back {}",
                yuan(taken),
                payment.reference(),
                booked.amount
            );
            self.bank_finding(FindingKind::BankAmount, payment, &words, now)?;
        }
        self.conn.write(
            "UPDATE payment SET returned = ?2, return_entry = ?3, return_day = ?4 WHERE order_id = ?1",
            params![payment.order.0, booked.amount.0, booked.entry, hex::encode(booked.day.bytes())],
        )?;
        self.book_transfer(&Transfer {
            code: Code::DebitReversal,
            at: now,
            purchase: Some(purchase(payment)),
            debit: Account::Suspense,
            credit: Account::BankClearing,
            amount: returned,
            standing: Standing::Posted,
            subject: Some(&payment.reference()),
        })?;
        self.told_after_booking(payment, booked, now)?;
        let words = "the bank gave the money back";
        self.set_payment(payment.order, now, PaymentState::Reversed, None, words)?;
        Ok(())
    }

    /// The orders of a payment that comes to nothing: nobody was asked to seal them.
    fn void_paid_orders(&self, payment: &Payment) -> Result<(), StoreError> {
        for order in self.orders_of(payment.life, payment.count)? {
            if !matches!(order.state, OrderState::Void | OrderState::Settled) {
                self.set_state(&order, OrderState::Void)?;
            }
        }
        Ok(())
    }

    /// The pending transfer of a payment, if nothing has become of it yet.
    fn pending_of(&self, payment: &Payment) -> Result<Option<Entry>, StoreError> {
        self.conn.first(
            "SELECT t.server AS server, t.number AS number FROM transfer t WHERE t.id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.resolves = t.id)",
            params![payment.transfer],
            |row| Ok(Entry { server: column(row, "server")?, number: column(row, "number")? }),
        )
    }

    fn resolve(
        &self,
        payment: &Payment,
        now: Moment,
        how: impl FnOnce(&Entry) -> Standing<'_>,
    ) -> Result<(), StoreError> {
        match self.pending_of(payment)? {
            Some(entry) => self.resolves(payment, now, how(&entry)),
            None => Ok(()),
        }
    }

    fn resolves(&self, payment: &Payment, now: Moment, standing: Standing<'_>) -> Result<(), StoreError> {
        let transfer = Transfer {
            code: Code::Debit,
            at: now,
            purchase: Some(purchase(payment)),
            debit: Account::BankClearing,
            credit: Account::Suspense,
            amount: payment.amount.0.into(),
            standing,
            subject: Some(&payment.reference()),
        };
        self.book_transfer(&transfer).map(|_| ())
    }

    fn bank_finding(
        &self,
        kind: FindingKind,
        payment: &Payment,
        words: &str,
        at: Moment,
    ) -> Result<(), StoreError> {
        let (meter, order) = (Some(payment.meter), Some(payment.order));
        self.write_finding(&Found { kind, meter, psam: None, order, at, detail: words, kept: None })?;
        Ok(())
    }

    /// Whether an order may be asked of a module as far as a bank is concerned; what was debited for it becomes its sale.
    pub(crate) fn spend_payment(&self, placed: &PlacedOrder, now: Moment) -> Result<(), OrderError> {
        let Some(payment) = self.payment_of(placed.life, placed.order.count)? else { return Ok(()) };
        match payment.state {
            PaymentState::Paid => {}
            state if state.is_open() => {
                let reason = payment.reason.unwrap_or_else(|| "no answer came yet".to_owned());
                return Err(OrderError::NotPaid { order: payment.order, reason });
            }
            _ => return Ok(()),
        }
        self.book_transfer(&Transfer {
            code: Code::Sale,
            at: now,
            purchase: Some(Purchase { order: Some(placed.order.id), ..purchase(&payment) }),
            debit: Account::Suspense,
            credit: Account::Prepaid(payment.customer),
            amount: payment.amount.0.into(),
            standing: Standing::Posted,
            subject: Some(&payment.reference()),
        })?;
        self.set_payment(payment.order, now, PaymentState::Spent, None, "the money became a sale")?;
        Ok(())
    }

    /// Refuses what would pass a payment by that nothing was sealed for yet.
    pub(crate) fn must_not_wait_for_a_bank(&self, life: i64, count: u32) -> Result<(), OrderError> {
        match self.payment_of(life, count)? {
            Some(payment) if payment.state != PaymentState::Spent => {
                let reason = payment.reason.unwrap_or_else(|| "no answer came yet".to_owned());
                Err(if payment.state == PaymentState::Paid {
                    OrderError::PaidByBank(payment.order)
                } else {
                    OrderError::NotPaid { order: payment.order, reason }
                })
            }
            _ => Ok(()),
        }
    }
}

/// Fen in yuan, for a sentence.
fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}
