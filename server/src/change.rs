//! Change of a meter: the customer gets another one, and what stood in the old one's purse, and what was paid and not credited,
//! goes to the new one, by its first order, for which nobody pays [docs/specs/books.md 14].

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::order::SealedOrder;
use crate::order_error::OrderError;
use crate::rows::{self, column, parsed, time};
use crate::sealer::OrderSealer;
use crate::store::{Store, View};
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// What is known of the old meter's purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The ESAM was read, and taken out of use by its city.
    Read,
    /// The meter is dead; a workshop will read its ESAM. What is carried until then is an estimate of two people.
    Workshop,
    /// The ESAM is destroyed: the last receipt is all there is. An estimate of two people.
    Burnt,
}

impl Basis {
    /// All of them.
    pub const ALL: [Basis; 3] = [Basis::Read, Basis::Workshop, Basis::Burnt];

    /// The name in the store, and as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::Read => "read",
            Basis::Workshop => "workshop",
            Basis::Burnt => "burnt",
        }
    }

    /// The basis of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Basis::ALL.into_iter().find(|basis| basis.name() == name)
    }

    /// Whether what it carries is an estimate, which two people make.
    pub const fn is_estimate(self) -> bool {
        !matches!(self, Basis::Read)
    }
}

/// Who says so, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// Why.
    pub note: String,
}

impl Word {
    pub(crate) fn is_of_two(&self) -> bool {
        self.second.as_ref().is_some_and(|second| *second != self.by)
    }
}

/// A meter that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    /// Whose.
    pub customer: CustomerNumber,
    /// The meter before; may be missing where he has one alone.
    pub old: Option<MeterNumber>,
    /// The new meter.
    pub meter: MeterNumber,
    /// What is known of the old purse.
    pub basis: Basis,
    /// What was read in it; of an estimate, all that is to go to the new meter.
    pub balance: Fen,
    /// The purchase count that the old ESAM shows.
    pub count: Option<u32>,
    /// Who says so.
    pub word: Word,
    /// Eight fresh random bytes, for the order that carries it.
    pub id: OrderId,
}

/// What the workshop, or two people, found in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalRequest {
    /// The change.
    pub change: i64,
    /// What was read in the old purse; of a burnt one, all that should have gone to the new meter.
    pub balance: Fen,
    /// The purchase count that the old ESAM shows.
    pub count: Option<u32>,
    /// Who says so.
    pub word: Word,
    /// Eight fresh random bytes, for an order of what is missing.
    pub id: OrderId,
}

/// A change of a meter, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub id: i64,
    /// Whose meter.
    pub customer: CustomerNumber,
    /// The meter before.
    pub old: MeterNumber,
    /// The meter since.
    pub new: MeterNumber,
    /// What was known of the old purse.
    pub basis: Basis,
    /// What was read or estimated.
    pub balance: Fen,
    /// The order that ended with the old meter.
    pub ended: Option<OrderId>,
    /// What was paid for that, in fen.
    pub outstanding_fen: i64,
    /// What went to the new meter, in fen.
    pub carried_fen: i64,
    /// The order that takes it there.
    pub order: Option<OrderId>,
    /// Who said so.
    pub word: Word,
    /// What should have gone there, in fen, once that is known; who said so, and the order of what was missing.
    pub last: Option<(i64, Word, Option<OrderId>)>,
    pub(crate) old_life: Option<i64>,
    pub(crate) new_life: i64,
}

impl Change {
    /// Whether what it carried is an estimate that nobody has confirmed or corrected.
    pub fn is_provisional(&self) -> bool {
        self.basis.is_estimate() && self.last.is_none()
    }
}

/// The changes of meters, behind the seam of [`Books`](crate::Books).
pub trait Changes {
    /// What would go to the new meter, in fen. Changes nothing.
    ///
    /// # Errors
    /// Why the meter is not changed.
    fn plan_change(&self, request: &ChangeRequest) -> Result<i64, OrderError>;

    /// Changes a meter. What goes to the new one is sealed as its first order; where nothing does, no module is asked.
    ///
    /// # Errors
    /// Those of [`Changes::plan_change`]; a module that gave no answer, with the order prepared and to be sealed again.
    fn change_meter(
        &mut self,
        sealer: Option<&mut dyn OrderSealer>,
        request: &ChangeRequest,
        terms: &Terms,
    ) -> Result<Option<SealedOrder>, OrderError>;

    /// What is missing at the new meter of a provisional change, in fen; below zero: it got too much. Changes nothing.
    ///
    /// # Errors
    /// Why it is not corrected.
    fn plan_final(&self, request: &FinalRequest) -> Result<i64, OrderError>;

    /// Corrects a provisional change. What is missing is sealed as an order for the new meter; what was too much is the house's
    /// loss.
    ///
    /// # Errors
    /// Those of [`Changes::plan_final`], and of a module that gave no answer.
    fn finish_change(
        &mut self,
        sealer: Option<&mut dyn OrderSealer>,
        request: &FinalRequest,
        terms: &Terms,
    ) -> Result<Option<SealedOrder>, OrderError>;

    /// The change, or the correction of one, that was drawn this id.
    ///
    /// # Errors
    /// The books cannot be read.
    fn change_of(&self, drawn: OrderId) -> Result<Option<Change>, StoreError>;

    /// Changes, oldest first: those of a customer, or all; only those that are provisional, or every one.
    ///
    /// # Errors
    /// The books cannot be read.
    fn changes(&self, customer: Option<CustomerNumber>, provisional: bool)
    -> Result<Vec<Change>, StoreError>;

    /// The meters a customer has and had, with the time from which and to which, oldest first. No time: from his registration,
    /// before the books kept its time; to this day.
    ///
    /// # Errors
    /// The books cannot be read.
    fn holdings(&self, customer: CustomerNumber) -> Result<Vec<Holding>, StoreError>;
}

/// A meter that a customer has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The meter.
    pub meter: MeterNumber,
    /// From when.
    pub since: Option<Moment>,
    /// To when; `None`: he has it.
    pub until: Option<Moment>,
}

impl Changes for Store {
    fn plan_change(&self, request: &ChangeRequest) -> Result<i64, OrderError> {
        self.read(|view| Ok(view.change_ground(request)?.carried))
    }

    fn change_meter(
        &mut self,
        sealer: Option<&mut dyn OrderSealer>,
        request: &ChangeRequest,
        terms: &Terms,
    ) -> Result<Option<SealedOrder>, OrderError> {
        let now = request.word.at;
        match sealer {
            Some(sealer) => self.place_and_ask_some(sealer, now, terms, |act| act.change(request, terms)),
            None => self.batch(|act| match act.change(request, terms)? {
                None => Ok(None),
                Some(placed) => Err(OrderError::Unasked(placed.order.id)),
            }),
        }
    }

    fn plan_final(&self, request: &FinalRequest) -> Result<i64, OrderError> {
        self.read(|view| {
            let (change, due) = view.final_ground(request)?;
            Ok(due - change.carried_fen)
        })
    }

    fn finish_change(
        &mut self,
        sealer: Option<&mut dyn OrderSealer>,
        request: &FinalRequest,
        terms: &Terms,
    ) -> Result<Option<SealedOrder>, OrderError> {
        let now = request.word.at;
        match sealer {
            Some(sealer) => self.place_and_ask_some(sealer, now, terms, |act| act.finish(request, terms)),
            None => self.batch(|act| match act.finish(request, terms)? {
                None => Ok(None),
                Some(placed) => Err(OrderError::Unasked(placed.order.id)),
            }),
        }
    }

    fn change_of(&self, drawn: OrderId) -> Result<Option<Change>, StoreError> {
        self.read(|view| {
            let sql = format!("{SELECT} WHERE drawn = ?1 OR final_drawn = ?1");
            view.conn.first(&sql, params![drawn.0], change)
        })
    }

    fn changes(
        &self,
        customer: Option<CustomerNumber>,
        provisional: bool,
    ) -> Result<Vec<Change>, StoreError> {
        self.read(|view| {
            let only = if provisional { " AND basis <> 'read' AND final IS NULL" } else { "" };
            match customer {
                Some(customer) => {
                    let sql = format!("{SELECT} WHERE customer = ?1{only} ORDER BY id");
                    view.conn.all(&sql, params![customer.to_string()], change)
                }
                None => view.conn.all(&format!("{SELECT} WHERE id > 0{only} ORDER BY id"), params![], change),
            }
        })
    }

    fn holdings(&self, customer: CustomerNumber) -> Result<Vec<Holding>, StoreError> {
        self.read(|view| {
            view.conn.all(
                "SELECT meter, since, until FROM holding WHERE customer = ?1 ORDER BY id",
                params![customer.to_string()],
                |row| {
                    let maybe = |name: &'static str| {
                        column::<Option<String>>(row, name)?.map(|_| time(row, name)).transpose()
                    };
                    Ok(Holding {
                        meter: parsed(row, "meter")?,
                        since: maybe("since")?,
                        until: maybe("until")?,
                    })
                },
            )
        })
    }
}

const SELECT: &str = "SELECT id, customer, old_meter, new_meter, old_life, new_life, basis, balance, ended, outstanding, carried, \
     order_id, at, made_by, second, note, final, final_order, final_at, final_by, final_second, final_note FROM meter_change";

impl View<'_> {
    /// A change by its number.
    pub(crate) fn change_by_id(&self, id: i64) -> Result<Option<Change>, StoreError> {
        self.conn.first(&format!("{SELECT} WHERE id = ?1"), params![id], change)
    }
}

fn change(row: &Row<'_>) -> Result<Change, StoreError> {
    let order = |name: &'static str| -> Result<Option<OrderId>, StoreError> {
        let id: Option<Vec<u8>> = column(row, name)?;
        id.map(|id| rows::exactly(&id, name).map(OrderId)).transpose()
    };
    let basis: String = column(row, "basis")?;
    let last = match column::<Option<i64>>(row, "final")? {
        None => None,
        Some(due) => {
            let word = Word {
                at: time(row, "final_at")?,
                by: column(row, "final_by")?,
                second: column(row, "final_second")?,
                note: column(row, "final_note")?,
            };
            Some((due, word, order("final_order")?))
        }
    };
    Ok(Change {
        id: column(row, "id")?,
        customer: parsed(row, "customer")?,
        old: parsed(row, "old_meter")?,
        new: parsed(row, "new_meter")?,
        basis: Basis::from_name(&basis)
            .ok_or(StoreError::Value { place: "meter_change.basis", detail: basis })?,
        balance: Fen(column(row, "balance")?),
        ended: order("ended")?,
        outstanding_fen: column(row, "outstanding")?,
        carried_fen: column(row, "carried")?,
        order: order("order_id")?,
        word: Word {
            at: time(row, "at")?,
            by: column(row, "made_by")?,
            second: column(row, "second")?,
            note: column(row, "note")?,
        },
        last,
        old_life: column(row, "old_life")?,
        new_life: column(row, "new_life")?,
    })
}
