//! What is about to be asked of the books, by all who wait: looked up at once, where the books are another program.
//!
//! A question to PostgreSQL is a way there and back, and an order has some twenty; whoever knows what waits asks the same of all of it
//! together. Nothing follows from what is looked up here. The acts ask again, and are answered from memory what nothing has
//! been written to since (`engine`).

use crate::booking::last_closed;
use crate::change_ground::{first_buyer, meters_by};
use crate::engine::{About, Question};
use crate::error::StoreError;
use crate::finding::{freezing, kept_with, stopping};
use crate::inbox::{customer_blocked, meter_blocked};
use crate::ledger::{head_of, owed_of, row_of};
use crate::limit::limits_of;
use crate::meters::{Esam, chip, chip_in, life_of};
use crate::modules::{last_seal_of, module_of};
use crate::order::{PlacedOrder, last_settled_of, order_of, orders_of, outstanding_of};
use crate::payment::{payment_by, payment_for};
use crate::pool::{asked_of, due, receipts_due};
use crate::principal::principal_of;
use crate::receipt::{Origin, settled_by};
use crate::register::{customer_of, registration_of};
use crate::request::request_of;
use crate::seal::last_balance_of;
use crate::settle::{missing_before, settlement_of};
use crate::store::{Store, View};
use crate::terms::settings;
use crate::transfer::Account;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use std::collections::BTreeSet;

/// Something that is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ahead {
    /// Somebody shows who he is, by the id of his key.
    Asker(String),
    /// A request is claimed: who asks, its id.
    Request(String, String),
    /// An order is made of this id: for a customer, and which of his meters where that is said.
    Order(CustomerNumber, Option<MeterNumber>, OrderId),
    /// What a module, by its number, made of an order is kept.
    Sealed(String, OrderId),
    /// A receipt came: the user data of its message, and the SIM it was on or the meter it is of.
    Receipt(Vec<u8>, Origin),
    /// It was opened, and is of this order.
    Opened(OrderId),
}

/// Books that can be told what waits.
pub trait Foresight {
    /// Whether it is worth telling: to books in a file it is not.
    fn is_far(&self) -> bool;

    /// Looks up what will be asked for all of it. Changes nothing, and only helps acts of the same transaction
    /// ([`Requests::begin_together`](crate::Requests::begin_together)).
    ///
    /// # Errors
    /// The books cannot be read.
    fn look_ahead(&self, ahead: &[Ahead]) -> Result<(), StoreError>;
}

impl Foresight for Store {
    fn is_far(&self) -> bool {
        self.conn().is_far()
    }

    fn look_ahead(&self, ahead: &[Ahead]) -> Result<(), StoreError> {
        self.read(|view| view.look_ahead(self.server(), ahead))
    }
}

/// A sale, as far as it is known.
struct Coming {
    customer: CustomerNumber,
    meter: MeterNumber,
    chip: Option<Esam>,
    life: Option<i64>,
}

impl View<'_> {
    fn look_ahead(&self, server: &str, ahead: &[Ahead]) -> Result<(), StoreError> {
        let conn = self.conn;
        conn.foresee(|| {
            let house =
                [head_of(server), last_closed(), row_of(Account::BankCash), row_of(Account::Delivered)];
            ahead.iter().flat_map(first_of).chain(house).chain(settings()).collect::<Vec<_>>()
        })?;
        let mut offices = BTreeSet::new();
        let mut sales = Vec::new();
        let (mut sealed, mut opened, mut meters) = (Vec::new(), Vec::new(), Vec::new());
        for one in ahead {
            match one {
                Ahead::Order(customer, meter, id) => {
                    if self.order(*id)?.is_none() {
                        conn.concerns(|| order_of(*id), About::Order(*id));
                    }
                    let found = self.customer(*customer)?;
                    let only = found.as_ref().and_then(|found| match found.meters.as_slice() {
                        [held] => Some(held.meter),
                        _ => None,
                    });
                    if let Some(meter) = meter.or(only) {
                        sales.push(Coming { customer: *customer, meter, chip: None, life: None });
                    }
                }
                Ahead::Sealed(_, id) => sealed.extend(self.known_order(*id)?),
                Ahead::Opened(id) => opened.extend(self.known_order(*id)?),
                Ahead::Receipt(_, Origin::Meter(meter)) => meters.push(*meter),
                Ahead::Receipt(_, Origin::Unknown | Origin::Outstanding) => {}
                Ahead::Receipt(_, Origin::Sim(sim)) => {
                    let found = self.meters_of_sim(sim)?;
                    if let [meter] = found.as_slice() {
                        conn.concerns(|| meters_by(sim), About::Meter(*meter));
                    }
                    meters.extend(found);
                }
                Ahead::Asker(id) => offices.extend(self.principal(id)?.map(|asker| asker.office)),
                Ahead::Request(..) => {}
            }
        }
        conn.foresee(|| {
            let mut questions = second_of(&sales, &sealed, &opened, &meters);
            if !sales.is_empty() {
                questions.extend(offices.iter().flat_map(|office| limits_of(office)));
            }
            questions
        })?;
        let mut asked = Vec::new();
        for meter in &meters {
            for (id, _) in conn.answers(&receipts_due(*meter), due)? {
                asked.push((id, *meter));
            }
        }
        for sale in &mut sales {
            sale.chip = self.esam_of(sale.meter)?;
        }
        let chips = || sales.iter().filter_map(|sale| sale.chip.as_ref());
        let lives = || chips().flat_map(|esam| [life_of(esam), chip(esam.serial)]);
        conn.foresee(|| asked.iter().map(|(id, _)| asked_of(*id)).chain(lives()).collect::<Vec<_>>())?;
        for (id, meter) in asked {
            conn.concerns(|| asked_of(id), About::Meter(meter));
        }
        for sale in &mut sales {
            if let Some(esam) = &sale.chip {
                sale.life = self.life_of(esam)?;
            }
        }
        let lives = || sales.iter().filter_map(|sale| sale.life);
        conn.foresee(|| {
            lives().flat_map(|life| [first_buyer(life), last_settled_of(life)]).collect::<Vec<_>>()
        })?;
        let mut purchases = Vec::new();
        for life in lives() {
            let last = self.last_settled(life)?.map_or(0, |(count, _)| count);
            purchases.extend(last.checked_add(1).map(|count| (life, count)));
        }
        conn.foresee(|| {
            let of =
                |(life, count): &(i64, u32)| [payment_for(*life, *count), owed_of("prepaid", *life, *count)];
            purchases.iter().flat_map(of).collect::<Vec<_>>()
        })
    }

    /// An order, whose answer stands when something is written of another meter.
    fn known_order(&self, id: OrderId) -> Result<Option<PlacedOrder>, StoreError> {
        let found = self.order(id)?;
        if let Some(placed) = &found {
            self.conn.concerns(|| order_of(id), About::Meter(placed.order.meter));
            self.conn.concerns(|| payment_by(id), About::Life(placed.life));
        }
        Ok(found)
    }
}

/// What is asked first.
fn first_of(ahead: &Ahead) -> Vec<Question> {
    match ahead {
        Ahead::Asker(id) => vec![principal_of(id)],
        Ahead::Request(principal, id) => vec![request_of(principal, id)],
        Ahead::Order(customer, _, id) => {
            vec![customer_of(*customer), order_of(*id), customer_blocked(*customer)]
        }
        Ahead::Sealed(psam, id) => {
            vec![order_of(*id), payment_by(*id), module_of(psam), last_seal_of(psam), stopping(psam)]
        }
        Ahead::Receipt(packet, origin) => {
            let whose = match origin {
                Origin::Sim(sim) => Some(meters_by(sim)),
                Origin::Meter(_) | Origin::Unknown | Origin::Outstanding => None,
            };
            [settled_by(packet), kept_with(packet)].into_iter().chain(whose).collect()
        }
        Ahead::Opened(id) => vec![order_of(*id)],
    }
}

/// What is asked when customers, meters and orders are known.
fn second_of(
    sales: &[Coming],
    sealed: &[PlacedOrder],
    opened: &[PlacedOrder],
    meters: &[MeterNumber],
) -> Vec<Question> {
    let mut questions = Vec::new();
    for Coming { customer, meter, .. } in sales {
        questions.extend([chip_in(*meter), outstanding_of(*meter), registration_of(*meter)]);
        questions.extend([freezing(*meter), meter_blocked(*meter), row_of(Account::Prepaid(*customer))]);
    }
    for placed in sealed {
        let (life, count) = (placed.life, placed.order.count);
        questions.extend([payment_for(life, count), chip(placed.order.serial), last_balance_of(life)]);
    }
    for placed in opened {
        let (life, count) = (placed.life, placed.order.count);
        questions.extend([settlement_of(life, count), missing_before(life, count), orders_of(life, count)]);
        questions.extend([chip(placed.order.serial), owed_of("prepaid", life, count)]);
        questions.push(row_of(Account::Prepaid(placed.customer)));
    }
    questions.extend(meters.iter().flat_map(|meter| [receipts_due(*meter), chip_in(*meter)]));
    questions
}
