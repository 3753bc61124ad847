//! The rules of money, as functions of what is known: no store, no clock, no card.
//!
//! A **life** is one chip and the key version at which its count began; a **purchase** is a life and a count. A
//! purchase may have any number of orders, and its meter takes exactly one of them. So the bank must have been paid,
//! at every moment, the largest amount of all the orders that may have been sealed, and owes back what was paid
//! and not credited, from the moment a genuine receipt says which order it was.

use crate::finding::FindingKind;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{Order, OrderKind};
use scheme::receipt::{CREDITED, Receipt};

/// Largest amount of one order, in fen: 999999.99 yuan.
pub const MAX_AMOUNT: Fen = Fen(99_999_999);

/// What has to be paid, in fen, before an order of `amount` may be sealed, when `paid` was paid for its purchase.
pub fn still_to_pay(paid: i64, amount: Fen) -> i64 {
    (i64::from(amount.0) - paid).max(0)
}

/// What a settlement makes of what was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// Paid for and credited.
    pub delivered: i64,
    /// Paid for and not credited: due to the customer.
    pub refund_due: i64,
    /// Credited and not paid for: the house's loss.
    pub loss: i64,
}

/// Divides what was paid when a meter says what it credited, in fen.
pub fn divide(paid: i64, credited: Fen) -> Division {
    let credited = i64::from(credited.0);
    Division {
        delivered: credited.min(paid),
        refund_due: (paid - credited).max(0),
        loss: (credited - paid).max(0),
    }
}

/// Whether an order of kind `next` may stand beside one of kind `first` in a purchase: a meter that takes either
/// must be able to take the other. A meter whose account is not open takes no recharge.
pub fn kinds_agree(first: OrderKind, next: OrderKind) -> bool {
    (first == OrderKind::Open) == (next == OrderKind::Open)
}

/// What an amount is to a meter's ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It fits, as far as the bank knows.
    Fits,
    /// It would not fit into the purse as it was when the meter last said so.
    Tight {
        /// The ceiling.
        ceiling: Fen,
        /// The balance last reported.
        balance: Fen,
    },
    /// It fits into no purse of this ceiling.
    Never {
        /// The ceiling.
        ceiling: Fen,
    },
}

/// Whether `amount` fits under a ceiling, given the balance the meter last reported.
pub fn room(amount: Fen, ceiling: Option<Fen>, balance: Option<Fen>) -> Room {
    let Some(ceiling) = ceiling else { return Room::Fits };
    if amount > ceiling {
        return Room::Never { ceiling };
    }
    match balance {
        Some(balance) if u64::from(balance.0) + u64::from(amount.0) > u64::from(ceiling.0) => {
            Room::Tight { ceiling, balance }
        }
        _ => Room::Fits,
    }
}

/// What is known of the order that a genuine receipt names.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// What the order says.
    pub order: &'a Order,
    /// Whether the security module was ever asked for it, and did not refuse for certain.
    pub may_be_sealed: bool,
    /// Whether the purchase was settled, and with this very statement.
    pub settled: Settled,
    /// Whether a purchase of the same life with a lower count has no receipt yet.
    pub earlier_missing: bool,
}

/// How a purchase stands towards a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// No receipt yet.
    No,
    /// By a receipt that says the same.
    Same,
    /// By a receipt that says something else.
    Other,
}

/// What a genuine receipt does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It settles its order; what was strange about it is to be written down.
    Settles(Vec<(FindingKind, String)>),
    /// Its order was settled with it before.
    Again,
    /// It settles nothing: it is kept, and its meter is frozen.
    Held(FindingKind, String),
}

/// Judges a genuine receipt. What decides is the order's digest, its fields and the count; a clock never does.
pub fn judge(receipt: &Receipt, known: Option<&Known<'_>>, clock_tolerance_s: u32) -> Verdict {
    let Some(known) = known else {
        let words =
            format!("{} were credited for order {}, which is none of ours", receipt.amount, receipt.order);
        return Verdict::Held(FindingKind::UnknownOrder, words);
    };
    let order = known.order;
    if let Some(words) = difference(receipt, order) {
        return Verdict::Held(FindingKind::OtherOrder, words);
    }
    if receipt.result != CREDITED {
        let words = format!("the meter reports result {:02X} for order {}, not 00", receipt.result, order.id);
        return Verdict::Held(FindingKind::NotCredited, words);
    }
    match known.settled {
        Settled::Same => return Verdict::Again,
        Settled::Other => {
            let words = format!(
                "purchase {} was settled with another receipt; a second one, for order {}, means two credits",
                order.count, order.id
            );
            return Verdict::Held(FindingKind::SecondReceipt, words);
        }
        Settled::No => {}
    }
    if !known.may_be_sealed {
        let words = format!("order {} was credited, and no PSAM was ever asked to seal it", order.id);
        return Verdict::Held(FindingKind::NeverSealed, words);
    }
    Verdict::Settles(strange(receipt, known, clock_tolerance_s))
}

/// The first field in which a receipt is of another order than the one whose id it names.
fn difference(receipt: &Receipt, order: &Order) -> Option<String> {
    let id = order.id;
    let say = |what: &str, found: String, ours: String| {
        Some(format!("the receipt names order {id} with {what} {found}; ours has {ours}"))
    };
    if receipt.meter != order.meter {
        return say("meter", receipt.meter.to_string(), order.meter.to_string());
    }
    if receipt.serial != order.serial {
        return say("ESAM serial", receipt.serial.to_string(), order.serial.to_string());
    }
    if receipt.count != order.count {
        return say("count", receipt.count.to_string(), order.count.to_string());
    }
    if receipt.amount != order.amount {
        return say("amount", receipt.amount.to_string(), order.amount.to_string());
    }
    let digest = order.digest();
    if receipt.digest != digest {
        return say("digest", receipt.digest.to_string(), digest.to_string());
    }
    None
}

/// What is strange about a receipt that settles all the same.
fn strange(receipt: &Receipt, known: &Known<'_>, clock_tolerance_s: u32) -> Vec<(FindingKind, String)> {
    let order = known.order;
    let mut found = Vec::new();
    if before(receipt.time, order.issued, clock_tolerance_s) {
        let words = format!("the meter says {}, the order was issued at {}", receipt.time, order.issued);
        found.push((FindingKind::Clock, words));
    }
    if receipt.time > order.valid_until {
        let words =
            format!("the meter says {}, the order was valid until {}", receipt.time, order.valid_until);
        found.push((FindingKind::Clock, words));
    }
    if receipt.balance < order.amount {
        let words =
            format!("the meter reports a balance of {} after crediting {}", receipt.balance, order.amount);
        found.push((FindingKind::Balance, words));
    }
    if known.earlier_missing {
        let words = format!("purchase {} was credited, and an earlier one has no receipt", order.count);
        found.push((FindingKind::EarlierMissing, words));
    }
    found
}

fn before(time: Moment, issued: Moment, tolerance_s: u32) -> bool {
    time.add_seconds(i64::from(tolerance_s)).is_some_and(|time| time < issued)
}
