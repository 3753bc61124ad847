//! What a change of meter stands on, and why one is refused [docs/specs/books.md 14].

use crate::change::{Basis, Change, ChangeRequest, FinalRequest};
use crate::change_error::ChangeRefusal;
use crate::engine::{About, Question, params};
use crate::error::StoreError;
use crate::meters::{Esam, KeyState};
use crate::order::PlacedOrder;
use crate::order_error::OrderError;
use crate::registration::SimKey;
use crate::rows::parsed;
use crate::store::View;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};

/// A change that is about to be made: what there is in the books.
pub(crate) struct Ground {
    /// The meter before.
    pub old: MeterNumber,
    /// What its customer pays at registration.
    pub first_purchase: Option<Fen>,
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

pub(crate) fn refused<T>(why: ChangeRefusal) -> Result<T, OrderError> {
    Err(OrderError::Change(why))
}

/// What a purse can have at most is told in fen of an order.
fn fen(amount: i64) -> Fen {
    Fen(u32::try_from(amount.max(0)).unwrap_or(u32::MAX))
}

/// Who bought first in a life: the chip's account has his number.
pub(crate) fn first_buyer(life: i64) -> Question {
    let sql = "SELECT customer FROM purchase WHERE life = ?1 ORDER BY count LIMIT 1";
    Question::new(sql, params![life]).about(About::Life(life))
}

/// The meters of a SIM's customer.
pub(crate) fn meters_by(sim: &SimKey) -> Question {
    let (by, value) = sim.column();
    Question::new(
        format!(
            "SELECT h.meter AS meter FROM holding h WHERE h.customer = (SELECT customer FROM sim WHERE {by} = ?1 \
             ORDER BY sim.current DESC, sim.id DESC LIMIT 1) ORDER BY EXISTS (SELECT 1 FROM life l \
             JOIN purchase_order o ON o.life = l.id WHERE l.meter = h.meter AND h.until IS NULL \
             AND o.state IN ('prepared', 'sealed')) DESC, h.until IS NULL DESC, h.id DESC"
        ),
        params![value],
    )
    .whole()
}

impl View<'_> {
    /// The meters of a SIM's customer: those that owe a receipt first, then the others he has, then those he had, the newest first.
    pub(crate) fn meters_of_sim(&self, sim: &SimKey) -> Result<Vec<MeterNumber>, StoreError> {
        self.conn.answers(&meters_by(sim), |row| parsed(row, "meter"))
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
        self.conn.answer(&first_buyer(life), |row| parsed(row, "customer"))
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
        let Some(known) = self.customer(customer)? else {
            return refused(ChangeRefusal::UnknownCustomer(customer));
        };
        if known.meters.iter().any(|held| held.meter == new) {
            return refused(ChangeRefusal::SameMeter { customer, meter: new });
        }
        let registration = known.with_meter(request.old).map_err(ChangeRefusal::Which)?;
        let (old, first_purchase) = (registration.meter, registration.first_purchase);
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
        let mut ground = Ground { old, first_purchase, esam, old_life, outstanding, paid, last, carried: 0 };
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
        let found = self.change_by_id(id)?;
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
