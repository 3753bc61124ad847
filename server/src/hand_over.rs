//! A meter changes hands: another customer has it from a moment on, with what stands in its purse [docs/specs/books.md 20].

use crate::change::Word;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::hand_over_error::HandOverRefusal;
use crate::meters::Esam;
use crate::order_error::OrderError;
use crate::registration::{Held, Registration};
use crate::rows::{column, parsed, time, time_text};
use crate::store::{Store, Transaction, View};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};

/// A meter that is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverRequest {
    /// The meter.
    pub meter: MeterNumber,
    /// Who gets it.
    pub to: CustomerNumber,
    /// Who says so: two people.
    pub word: Word,
}

/// A meter that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// Its number.
    pub id: i64,
    /// The meter.
    pub meter: MeterNumber,
    /// Who had it.
    pub former: CustomerNumber,
    /// Who has it since.
    pub customer: CustomerNumber,
    /// What stood in its purse when it last said so; it stays there.
    pub balance: Option<Fen>,
    /// Who said so.
    pub word: Word,
}

/// Hand-overs, behind the seam of [`Books`](crate::Books).
pub trait HandOvers {
    /// What stands in the purse by what the meter last said. Changes nothing.
    ///
    /// # Errors
    /// Why the meter is not handed over.
    fn plan_hand_over(&self, request: &HandOverRequest) -> Result<Option<Fen>, OrderError>;

    /// Hands a meter over. No money moves: what its purse holds was delivered, and stays in it.
    ///
    /// # Errors
    /// Those of [`HandOvers::plan_hand_over`].
    fn hand_over(&mut self, request: &HandOverRequest) -> Result<HandOver, OrderError>;

    /// Hand-overs from a customer and to him, or all there were, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn hand_overs(&self, customer: Option<CustomerNumber>) -> Result<Vec<HandOver>, StoreError>;
}

/// What a hand-over stands on.
struct Ground {
    from: Registration,
    life: Option<i64>,
    balance: Option<Fen>,
}

fn refused<T>(why: HandOverRefusal) -> Result<T, OrderError> {
    Err(OrderError::HandOver(why))
}

impl HandOvers for Store {
    fn plan_hand_over(&self, request: &HandOverRequest) -> Result<Option<Fen>, OrderError> {
        self.read(|view| Ok(view.hand_over_ground(request)?.balance))
    }

    fn hand_over(&mut self, request: &HandOverRequest) -> Result<HandOver, OrderError> {
        self.batch(|act| act.hand_over(request))
    }

    fn hand_overs(&self, customer: Option<CustomerNumber>) -> Result<Vec<HandOver>, StoreError> {
        let all = "SELECT id, meter, former, customer, balance, at, made_by, second, note FROM hand_over";
        self.read(|view| match customer {
            None => view.conn.all(&format!("{all} ORDER BY id"), params![], hand_over),
            Some(customer) => view.conn.all(
                &format!("{all} WHERE customer = ?1 OR former = ?1 ORDER BY id"),
                params![customer.to_string()],
                hand_over,
            ),
        })
    }
}

fn hand_over(row: &Row<'_>) -> Result<HandOver, StoreError> {
    Ok(HandOver {
        id: column(row, "id")?,
        meter: parsed(row, "meter")?,
        former: parsed(row, "former")?,
        customer: parsed(row, "customer")?,
        balance: column::<Option<u32>>(row, "balance")?.map(Fen),
        word: Word {
            at: time(row, "at")?,
            by: column(row, "made_by")?,
            second: column(row, "second")?,
            note: column(row, "note")?,
        },
    })
}

impl View<'_> {
    /// Whether the account of a chip may be filled for whoever has its meter: it was opened for him, or the meter came to him with it.
    pub(crate) fn must_have_come_to(
        &self,
        customer: CustomerNumber,
        esam: &Esam,
        life: i64,
        account: CustomerNumber,
    ) -> Result<(), OrderError> {
        let came = || {
            self.conn.any(
                "SELECT 1 FROM hand_over WHERE life = ?1 AND customer = ?2 LIMIT 1",
                params![life, customer.to_string()],
            )
        };
        if account == customer || came()? {
            return Ok(());
        }
        Err(OrderError::OtherAccount { meter: esam.meter, serial: esam.serial, customer: account })
    }

    fn hand_over_ground(&self, request: &HandOverRequest) -> Result<Ground, OrderError> {
        let HandOverRequest { meter, to, ref word } = *request;
        if self.is_older_make()? {
            return Err(OrderError::OlderMake);
        }
        if !word.is_of_two() {
            return refused(HandOverRefusal::TwoPeople);
        }
        let Some(from) = self.meter(meter)? else { return refused(HandOverRefusal::UnknownMeter(meter)) };
        match self.customer(to)? {
            None => return refused(HandOverRefusal::UnknownCustomer(to)),
            // Nobody would be there to buy for it.
            Some(gone) if gone.is_erased() => return Err(OrderError::Erased(to)),
            Some(_) => {}
        }
        let customer = from.customer;
        if customer == to {
            return refused(HandOverRefusal::SameCustomer { customer, meter });
        }
        if let Some(finding) = self.frozen(meter)? {
            return Err(OrderError::Frozen { meter, finding: finding.id, detail: finding.detail });
        }
        if let Some(placed) = self.outstanding(meter)? {
            return refused(HandOverRefusal::Outstanding {
                meter,
                customer,
                order: placed.order.id,
                amount: placed.order.amount,
                state: placed.state,
                may_be_sealed: placed.may_be_sealed(),
            });
        }
        if let Some(change) = self.estimated_to(meter)? {
            return refused(HandOverRefusal::Provisional { meter, customer, change });
        }
        let esam = self.esam_of(meter)?;
        let life = match &esam {
            Some(esam) => self.life_of(esam)?,
            None => None,
        };
        if let (Some(esam), Some(life)) = (&esam, life) {
            self.can_go_on(&from, esam, life)?;
        }
        let balance = match life {
            Some(life) => self.last_balance(life)?,
            None => None,
        };
        Ok(Ground { from, life, balance })
    }

    /// The provisional change by which a meter came to whoever has it: what is missing still goes to him, in this meter.
    fn estimated_to(&self, meter: MeterNumber) -> Result<Option<i64>, StoreError> {
        self.conn.first(
            "SELECT id FROM meter_change WHERE new_meter = ?1 AND basis <> 'read' AND final IS NULL ORDER BY id LIMIT 1",
            params![meter.to_string()],
            |row| column(row, "id"),
        )
    }

    /// The chip's account goes on with the next customer: it is that of this one, and nothing that was given up in it can be credited.
    fn can_go_on(&self, from: &Registration, esam: &Esam, life: i64) -> Result<(), OrderError> {
        if let Some(account) = self.account_of(life)? {
            self.must_have_come_to(from.customer, esam, life, account)?;
        }
        for count in self.given_up(life)? {
            let orders = self.orders_of(life, count)?;
            if let Some(placed) = orders.iter().find(|placed| placed.may_be_sealed()) {
                let (meter, order) = (from.meter, placed.order.id);
                return refused(HandOverRefusal::MayBeCredited { meter, order });
            }
        }
        Ok(())
    }

    /// The counts of a life's purchases that no receipt settled.
    fn given_up(&self, life: i64) -> Result<Vec<u32>, StoreError> {
        self.conn.all(
            "SELECT p.count AS count FROM purchase p WHERE p.life = ?1 AND NOT EXISTS \
             (SELECT 1 FROM settlement s WHERE s.life = p.life AND s.count = p.count) ORDER BY p.count",
            params![life],
            |row| column(row, "count"),
        )
    }
}

impl Transaction<'_> {
    /// Hands a meter over.
    pub fn hand_over(&self, request: &HandOverRequest) -> Result<HandOver, OrderError> {
        let Ground { from, life, balance } = self.hand_over_ground(request)?;
        let HandOverRequest { meter, to, ref word } = *request;
        let former = from.customer;
        self.whole(|| {
            self.take_meter(meter, word.at)?;
            self.give_meter(to, Held { meter, first_purchase: None }, Some(word.at))?;
            if let Some(life) = life {
                for count in self.given_up(life)? {
                    self.pass_on(life, count, former, to)?;
                }
            }
            let id = self.conn.one(
                "INSERT INTO hand_over (meter, former, customer, life, balance, at, made_by, second, note) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
                params![
                    meter.to_string(),
                    former.to_string(),
                    to.to_string(),
                    life,
                    balance.map(|fen| fen.0),
                    time_text(word.at),
                    word.by,
                    word.second,
                    word.note,
                ],
            )?;
            Ok(HandOver { id, meter, former, customer: to, balance, word: word.clone() })
        })
    }

    /// The count of a purchase that was given up is the next one of the chip, so the next customer buys under it. Its orders stay his
    /// who gave them up.
    fn pass_on(
        &self,
        life: i64,
        count: u32,
        former: CustomerNumber,
        to: CustomerNumber,
    ) -> Result<(), StoreError> {
        self.conn.write(
            "UPDATE purchase_order SET given_up_by = ?3 WHERE life = ?1 AND count = ?2 AND given_up_by IS NULL",
            params![life, count, former.to_string()],
        )?;
        self.conn.write(
            "UPDATE purchase SET customer = ?3 WHERE life = ?1 AND count = ?2",
            params![life, count, to.to_string()],
        )?;
        Ok(())
    }
}
