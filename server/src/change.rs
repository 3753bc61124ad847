//! Change of a meter: the customer gets another one, and what stood in the old one's purse, and what was paid and not credited,
//! goes to the new one, by its first order, for which nobody pays [docs/specs/books.md 14].

use crate::change_error::ChangeRefusal;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::meters::{Esam, KeyState};
use crate::order::{PlacedOrder, SealedOrder};
use crate::order_error::OrderError;
use crate::registration::SimKey;
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
    fn is_of_two(&self) -> bool {
        self.second.as_ref().is_some_and(|second| *second != self.by)
    }
}

/// A meter that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    /// Whose.
    pub customer: CustomerNumber,
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
    old_life: Option<i64>,
    pub(crate) new_life: i64,
}

impl Change {
    /// Whether what it carried is an estimate that nobody has confirmed or corrected.
    pub fn is_provisional(&self) -> bool {
        self.basis.is_estimate() && self.last.is_none()
    }
}

/// A change that is about to be made: what there is in the books.
pub(crate) struct Ground {
    /// The meter before.
    pub old: MeterNumber,
    /// The chip in the new one.
    pub esam: Esam,
    /// The life of the old chip, if anything was ever sold for it.
    pub old_life: Option<i64>,
    /// The order that ends with the old meter, and what was paid for its purchase.
    pub outstanding: Option<PlacedOrder>,
    pub paid: i64,
    /// The last settled count of the old life.
    pub last: u32,
    /// What goes to the new meter.
    pub carried: i64,
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

pub(crate) fn refused<T>(why: ChangeRefusal) -> Result<T, OrderError> {
    Err(OrderError::Change(why))
}

/// What a purse can have at most is told in fen of an order.
fn fen(amount: i64) -> Fen {
    Fen(u32::try_from(amount.max(0)).unwrap_or(u32::MAX))
}

impl View<'_> {
    /// The meters of a SIM's customer, the one he has first, then those he had, the newest first.
    pub(crate) fn meters_of_sim(&self, sim: &SimKey) -> Result<Vec<MeterNumber>, StoreError> {
        let (by, value) = match sim {
            SimKey::Imsi(imsi) => ("imsi", imsi.as_str()),
            SimKey::Iccid(iccid) => ("iccid", iccid.as_str()),
            SimKey::Msisdn(msisdn) => ("msisdn", msisdn.as_str()),
        };
        self.conn.all(
            &format!(
                "SELECT meter FROM holding WHERE customer = (SELECT customer FROM sim WHERE {by} = ?1 \
                 ORDER BY sim.current DESC, sim.id DESC LIMIT 1) ORDER BY until IS NULL DESC, id DESC"
            ),
            params![value],
            |row| parsed(row, "meter"),
        )
    }

    /// Whether the orders of a purchase carry what stood in another meter.
    pub(crate) fn is_carried(&self, life: i64, count: u32) -> Result<bool, StoreError> {
        self.conn.any(
            "SELECT 1 FROM transfer WHERE life = ?1 AND count = ?2 AND code IN ('meter-in', 'meter-more') LIMIT 1",
            params![life, count],
        )
    }

    /// The customer for whom a life's account was opened.
    pub(crate) fn account_of(&self, life: i64) -> Result<Option<CustomerNumber>, StoreError> {
        self.conn.first(
            "SELECT customer FROM purchase WHERE life = ?1 ORDER BY count LIMIT 1",
            params![life],
            |row| parsed(row, "customer"),
        )
    }

    /// Whether anybody bought in a life.
    fn is_used(&self, life: i64) -> Result<bool, StoreError> {
        self.conn.any("SELECT 1 FROM purchase WHERE life = ?1 LIMIT 1", params![life])
    }

    pub(crate) fn change_ground(&self, request: &ChangeRequest) -> Result<Ground, OrderError> {
        let ChangeRequest { customer, meter: new, basis, balance, count, ref word, .. } = *request;
        if self.is_older_make()? {
            return Err(OrderError::OlderMake);
        }
        let Some(registration) = self.customer(customer)? else {
            return refused(ChangeRefusal::UnknownCustomer(customer));
        };
        let old = registration.meter;
        if old == new {
            return refused(ChangeRefusal::SameMeter { customer, meter: new });
        }
        if let Some(other) = self.meter(new)? {
            return refused(ChangeRefusal::Taken { meter: new, customer: other.customer });
        }
        for meter in [old, new] {
            if let Some(finding) = self.frozen(meter)? {
                return Err(OrderError::Frozen { meter, finding: finding.id, detail: finding.detail });
            }
        }
        let esam = self.esam_of(new)?.ok_or(OrderError::NoSerial(new))?;
        if esam.state == KeyState::Retired {
            return Err(OrderError::Retired { meter: new, serial: esam.serial });
        }
        if let Some(life) = self.life_of(&esam)?
            && self.is_used(life)?
        {
            return refused(ChangeRefusal::Used { meter: new, serial: esam.serial });
        }
        let old_esam = self.esam_of(old)?;
        let old_life = match &old_esam {
            Some(esam) => self.newest_life(esam.serial)?,
            None => None,
        };
        let outstanding = self.outstanding(old)?;
        if let Some(placed) = outstanding.as_ref().filter(|placed| Some(placed.life) != old_life) {
            let (order, serial) = (placed.order.id, placed.order.serial);
            return Err(OrderError::OtherChip { order, meter: old, serial });
        }
        let paid = match &outstanding {
            Some(placed) => self.owed_for("prepaid", placed.life, placed.order.count)?,
            None => 0,
        };
        let last = match old_life {
            Some(life) => self.last_settled(life)?.map_or(0, |(count, _)| count),
            None => 0,
        };
        let mut ground = Ground { old, esam, old_life, outstanding, paid, last, carried: 0 };
        ground.carried = if basis.is_estimate() {
            if !word.is_of_two() {
                return refused(ChangeRefusal::TwoPeople);
            }
            i64::from(balance.0)
        } else {
            if old_esam.is_some_and(|esam| esam.state != KeyState::Retired) {
                return refused(ChangeRefusal::NotRetired(old));
            }
            self.read_fits(&ground, count)?;
            i64::from(balance.0) + paid
        };
        let most = self.most_in(old_life)? + paid;
        if ground.carried > most {
            let most = if basis.is_estimate() { most } else { most - paid };
            return refused(ChangeRefusal::TooMuch { meter: old, balance, most: fen(most) });
        }
        Ok(ground)
    }

    /// Whether the count that was read says that everything the old meter credited is settled, and nothing else was.
    fn read_fits(&self, ground: &Ground, count: Option<u32>) -> Result<(), OrderError> {
        let Ground { old, last, .. } = *ground;
        match (&ground.outstanding, count) {
            (Some(placed), None) => refused(ChangeRefusal::CountWanted(placed.order.id)),
            (Some(placed), Some(found)) if found == placed.order.count => {
                refused(ChangeRefusal::Credited(placed.order.id))
            }
            (_, Some(found)) if found != last => {
                refused(ChangeRefusal::Count { meter: old, found, known: last })
            }
            _ => Ok(()),
        }
    }

    /// What can stand in a life's purse: what its meter last said, for only use has come since.
    fn most_in(&self, life: Option<i64>) -> Result<i64, StoreError> {
        let balance = match life {
            Some(life) => self.last_balance(life)?,
            None => None,
        };
        Ok(balance.map_or(0, |balance| i64::from(balance.0)))
    }

    /// The change, and what should have gone to the new meter.
    pub(crate) fn final_ground(&self, request: &FinalRequest) -> Result<(Change, i64), OrderError> {
        let id = request.change;
        let found = self.conn.first(&format!("{SELECT} WHERE id = ?1"), params![id], change)?;
        let Some(change) = found else { return refused(ChangeRefusal::Unknown(id)) };
        if !change.is_provisional() {
            return refused(ChangeRefusal::Final(id));
        }
        if !request.word.is_of_two() {
            return refused(ChangeRefusal::TwoPeople);
        }
        let balance = i64::from(request.balance.0);
        let mut due = balance;
        if change.basis == Basis::Workshop {
            if self.esam_of(change.old)?.is_some_and(|esam| esam.state != KeyState::Retired) {
                return refused(ChangeRefusal::NotRetired(change.old));
            }
            if let Some(ended) = change.ended {
                let sold = self.order(ended)?.map_or(0, |placed| placed.order.count);
                match request.count {
                    None => return refused(ChangeRefusal::CountWanted(ended)),
                    // Not credited: what was paid for it was still the customer's.
                    Some(found) if found < sold => due += change.outstanding_fen,
                    Some(found) if found == sold => {}
                    Some(found) => {
                        return refused(ChangeRefusal::Count { meter: change.old, found, known: sold });
                    }
                }
            }
        }
        let most = self.most_in(change.old_life)? + change.outstanding_fen;
        if due > most {
            let (meter, balance) = (change.old, request.balance);
            return refused(ChangeRefusal::TooMuch {
                meter,
                balance,
                most: fen(most - (due - balance_of(balance))),
            });
        }
        Ok((change, due))
    }
}

fn balance_of(balance: Fen) -> i64 {
    i64::from(balance.0)
}
