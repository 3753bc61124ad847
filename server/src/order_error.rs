//! Why there is no order, in words.

use crate::change_error::ChangeRefusal;
use crate::error::StoreError;
use crate::hand_over_error::HandOverRefusal;
use crate::key_choice::Keys;
use crate::limit_error::LimitReached;
use crate::message_error::MessageError;
use crate::order_state::OrderState;
use crate::rules::MAX_AMOUNT;
use crate::sealer::SealError;
use crate::training_error::TrainingError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, OrderKind, Serial8};

/// Why there is no order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Nobody registered the meter.
    #[error("meter {0} is not registered")]
    UnknownMeter(MeterNumber),
    /// No order has this id.
    #[error("no order has the id {0}")]
    UnknownOrder(OrderId),
    /// No order without the chip it is for.
    #[error("the bank does not know which ESAM is in meter {0}, and an order names it")]
    NoSerial(MeterNumber),
    /// The chip takes no orders any more.
    #[error("ESAM {serial} of meter {meter} was taken out of use")]
    Retired {
        /// The meter.
        meter: MeterNumber,
        /// Its chip.
        serial: Serial8,
    },
    /// A card's purchase has no signature, and the meter wants one.
    #[error("meter {0} takes signed orders alone, and a user card brings none")]
    CardUnsigned(MeterNumber),
    /// The power company has blocked him.
    #[error("nothing is sold to customer {customer}: the power company has blocked it ({reason})")]
    Blocked {
        /// The customer.
        customer: CustomerNumber,
        /// The company's words.
        reason: String,
    },
    /// Nobody is behind the number any more.
    #[error("what was known of customer {0} was taken out: nothing is sold to him")]
    Erased(CustomerNumber),
    /// He has another SIM, or another number, since less than a day.
    #[error(
        "customer {customer} has another SIM or number since {since}: nothing is sold to him by telephone until {until}"
    )]
    NewSim {
        /// The customer.
        customer: CustomerNumber,
        /// Since when.
        since: Moment,
        /// Until when.
        until: Moment,
    },
    /// Something about the meter has to be cleared first.
    #[error("nothing is sold for meter {meter}: finding {finding} is not cleared ({detail})")]
    Frozen {
        /// The meter.
        meter: MeterNumber,
        /// The finding.
        finding: i64,
        /// Its words.
        detail: String,
    },
    /// Something about the security module has to be cleared first.
    #[error("nothing is sold through PSAM {psam}: finding {finding} is not cleared ({detail})")]
    Stopped {
        /// The module.
        psam: String,
        /// The finding.
        finding: i64,
        /// Its words.
        detail: String,
    },
    /// The store has orders of the older make, which named no chip.
    #[error(
        "these books are of the older make: they are read and reported, and nothing is sold or settled in them"
    )]
    OlderMake,
    /// The clock stands before the last sale.
    #[error("the clock went back: it says {now}, the last sale was at {last}")]
    ClockBack {
        /// What it says.
        now: Moment,
        /// The last sale.
        last: Moment,
    },
    /// The bank has not said who sends its orders.
    #[error("the bank's own numbers are not set: orders come from the server's number over a service centre")]
    NoTerms,
    /// Nothing is bought.
    #[error("an order of 0.00 yuan buys nothing; it would use up a purchase count")]
    Nothing,
    /// More than an order carries.
    #[error("the amount is {0}; an order carries at most {MAX_AMOUNT} yuan")]
    Amount(Fen),
    /// No purse of this meter can hold it.
    #[error(
        "{amount} yuan are above the ceiling of meter {meter}, {ceiling} yuan: it could never be credited"
    )]
    Ceiling {
        /// The meter.
        meter: MeterNumber,
        /// What was asked for.
        amount: Fen,
        /// What the purse holds at most.
        ceiling: Fen,
    },
    /// The purchase before this one has no receipt yet.
    #[error(
        "meter {meter} has order {order} ({amount}, purchase {count}, {}) outstanding: settle its receipt first; \
         if its SIM was never written, resume the order; a purchase card that was not is written again without an amount; if SIM or \
         card was lost, reissue it",
        .state.name()
    )]
    Outstanding {
        /// The meter.
        meter: MeterNumber,
        /// The outstanding order.
        order: OrderId,
        /// Its amount.
        amount: Fen,
        /// Its purchase count.
        count: u32,
        /// Prepared or sealed.
        state: OrderState,
    },
    /// The meter has nothing outstanding.
    #[error("meter {0} has no outstanding order")]
    NothingOutstanding(MeterNumber),
    /// The order stands where this cannot be done.
    #[error("order {order} is {}; only an order that is prepared or sealed can be used", .state.name())]
    NotOutstanding {
        /// The order.
        order: OrderId,
        /// Where it stands.
        state: OrderState,
    },
    /// The id is taken: the random source repeats itself, or the request was sent twice.
    #[error("the order id {0} is taken; draw another")]
    IdTaken(OrderId),
    /// All purchase counts of the meter are used.
    #[error("meter {0} has used up its purchase counts")]
    CountEnd(MeterNumber),
    /// The order is valid, for the SIM the customer has.
    #[error("order {0} is made for the SIM the customer has and is still valid: write its record again")]
    NoNeed(OrderId),
    /// What was named as the reason is not so, as far as the books know.
    #[error("order {order} is not to be made anew for that: {why}")]
    NotTheReason {
        /// The order.
        order: OrderId,
        /// Why not.
        why: String,
    },
    /// The outstanding order has this amount already.
    #[error("order {order} is of {amount} already")]
    SameAmount {
        /// The order.
        order: OrderId,
        /// Its amount.
        amount: Fen,
    },
    /// A meter that takes the one could not take the other.
    #[error("an order of kind {} cannot stand beside one of kind {} in one purchase", .next.name(), .first.name())]
    Kind {
        /// Kind of the order that is there.
        first: OrderKind,
        /// Kind of the other.
        next: OrderKind,
    },
    /// The outstanding order is of a chip that is no longer in the meter.
    #[error("order {order} is for ESAM {serial}, which is no longer in meter {meter}")]
    OtherChip {
        /// The order.
        order: OrderId,
        /// The meter.
        meter: MeterNumber,
        /// The chip it is for.
        serial: Serial8,
    },
    /// Voiding would let a customer have the credit and the money.
    #[error(
        "order {0} cannot be voided: a PSAM was asked to seal it, so a meter may have credited it. Settle its receipt, \
         or insert the SIM again to get one; a wrong amount is corrected, an unwanted order reversed"
    )]
    MayBeCredited(OrderId),
    /// The last moment of validity cannot be written.
    #[error("the order would be valid beyond the calendar of its time field")]
    Calendar,
    /// No security module at hand has the keys of the meter's chip.
    #[error("no PSAM here seals for meter {meter}: its ESAM has {}", .needs.in_full())]
    NoModule {
        /// The meter.
        meter: MeterNumber,
        /// What its chip has.
        needs: Keys,
    },
    /// The security module that is to seal has other keys than the meter's chip.
    #[error(
        "PSAM {psam} has {}, and the ESAM of meter {meter} has {}: the meter would refuse the order",
        .has.in_full(), .needs.in_full()
    )]
    WrongKeys {
        /// The meter.
        meter: MeterNumber,
        /// What its chip has.
        needs: Keys,
        /// The module.
        psam: String,
        /// What it has.
        has: Keys,
    },
    /// The order was written for keys that its chip has no more.
    #[error("order {order} is for keys of version {was}, and its ESAM has {now}: the meter would refuse it")]
    KeysChanged {
        /// The order.
        order: OrderId,
        /// Version it was written for.
        was: u8,
        /// What the chip has.
        now: Keys,
    },
    /// The security module does not say which keys it has; nothing was written down.
    #[error("the PSAM does not say which keys it has: {0}")]
    Module(SealError),
    /// The order does not fit its message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The security module did not do it; the order stays prepared.
    #[error("order {order} was not sealed: {cause}; it stays prepared: resume it")]
    Seal {
        /// The order, to be resumed.
        order: OrderId,
        /// The module's words.
        cause: SealError,
    },
    /// No order of this id is paid through a bank.
    #[error("no payment has the id {0}")]
    UnknownPayment(OrderId),
    /// The bank's word on a debit is not known: nothing is sealed.
    #[error(
        "whether the bank has paid for order {order} is not known ({reason}): do not sell again, the money may have been taken"
    )]
    NotPaid {
        /// The order.
        order: OrderId,
        /// What is known.
        reason: String,
    },
    /// The bank said no; the order is void.
    #[error("the bank did not pay for order {order}: {reason}")]
    PaymentRefused {
        /// The order.
        order: OrderId,
        /// The bank's words.
        reason: String,
    },
    /// The payment was given up, and its order with it.
    #[error("the payment of order {order} was given up ({reason}): nothing was sold")]
    PaymentLeft {
        /// The order.
        order: OrderId,
        /// Why.
        reason: String,
    },
    /// The order is paid for by a bank: whoever gives it up has to tell the bank.
    #[error("order {0} is paid for through a bank, which has to be told")]
    PaidByBank(OrderId),
    /// Nothing of this payment is left to be done.
    #[error("payment {order} is {state}: there is nothing to take back")]
    PaymentEnded {
        /// Its order.
        order: OrderId,
        /// Where it stands.
        state: &'static str,
    },
    /// The chip's account is somebody else's.
    #[error(
        "ESAM {serial} of meter {meter} has the account of customer {customer}, and credits his orders alone"
    )]
    OtherAccount {
        /// The meter.
        meter: MeterNumber,
        /// Its chip.
        serial: Serial8,
        /// Whose account it has.
        customer: CustomerNumber,
    },
    /// A meter is not changed.
    #[error(transparent)]
    Change(#[from] ChangeRefusal),
    /// A meter is not handed over.
    #[error(transparent)]
    HandOver(#[from] HandOverRefusal),
    /// More than may be sold.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// Books to learn with do not do it.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// An order was made and nobody can seal it.
    #[error("order {0} wants a PSAM, and none was opened for it")]
    Unasked(OrderId),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for OrderError {
    fn kind(&self) -> Kind {
        match self {
            OrderError::OlderMake | OrderError::Stopped { .. } => Kind::Security,
            // Test keys never seal for formal ones, nor the other way round.
            OrderError::WrongKeys { needs, has, .. } if needs.state != has.state => Kind::Security,
            OrderError::Module(error) => error.kind(),
            // Its bank is away, as far as anybody knows.
            OrderError::NotPaid { .. } => Kind::Absent,
            OrderError::Change(error) => error.kind(),
            OrderError::Training(error) => error.kind(),
            OrderError::HandOver(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            OrderError::NoSerial(_) => {
                "take the city's delivery list: `gridcard server meters FILE` (the city writes it with `gridcard city delivery`)".into()
            }
            OrderError::Retired { .. } => {
                "a meter with another chip is in a newer delivery list of its city: `gridcard server meters FILE`".into()
            }
            OrderError::Frozen { finding, .. } | OrderError::Stopped { finding, .. } => format!(
                "`gridcard server findings` shows it; two people clear it with `gridcard server clear {finding}`"
            ).into(),
            OrderError::OlderMake => {
                "begin a bank of the present make in another home: a PSAM of the present make, the same registration file, \
                 the city's delivery list"
                    .into()
            }
            OrderError::ClockBack { .. } => "set the clock, or give the true time with --at; --allow-clock-back sells all the same".into(),
            OrderError::NoTerms => {
                "`gridcard server settings --server-number NUMBER --service-centre NUMBER` sets them".into()
            }
            OrderError::CardUnsigned(_) => "sell by SIM or through the meter's port, whose orders are signed".into(),
            OrderError::NewSim { .. } => "a counter sells to him, where somebody sees who he is".into(),
            OrderError::Nothing => "an order that should not have been is taken back with `gridcard server reverse`".into(),
            OrderError::Ceiling { ceiling, .. } => {
                format!("sell at most {ceiling} yuan; the ceiling is the city's and stands in its delivery list").into()
            }
            OrderError::MayBeCredited(_) => {
                "`gridcard server correct` changes the amount, `gridcard server reverse` takes the order back".into()
            }
            OrderError::NoModule { needs, .. } | OrderError::WrongKeys { needs, .. } => format!(
                "`gridcard server psam list` shows the bank's PSAMs; one of {needs} is issued by the city with an issuing card \
                 of that version and taken into use with `gridcard server psam add CARD`"
            ).into(),
            OrderError::KeysChanged { .. } => {
                "`gridcard server reissue --reason key-change` makes it anew under the keys the ESAM has now".into()
            }
            OrderError::OtherChip { .. } => {
                "settle its receipt when the old chip still has one; else two people move what was paid to the new chip: \
                 `gridcard server reissue --reason chip-replaced`"
                    .into()
            }
            OrderError::NotPaid { order, .. } => format!(
                "ask again with the same request; when the customer leaves, say so: `gridcard bank leave {order}`, or \
                 POST /v1/payments/{order}/leave, and the bank gives back what it may have taken"
            )
            .into(),
            OrderError::PaidByBank(order) => format!(
                "finish it with `gridcard server resume`, or take the payment back with `gridcard bank leave {order}`"
            )
            .into(),
            OrderError::PaymentRefused { .. } => "sell for cash, or from another account, with a new request".into(),
            OrderError::PaymentLeft { .. } => "sell with a new request".into(),
            OrderError::UnknownPayment(_) => "`gridcard bank payments --all` lists them".into(),
            OrderError::OtherAccount { .. } => {
                "let the city lead the chip back to test and to formal anew, or put another chip in, and take its list".into()
            }
            OrderError::Change(error) => return error.hint(),
            OrderError::HandOver(error) => return error.hint(),
            OrderError::Limit(error) => return error.hint(),
            OrderError::Training(error) => return error.hint(),
            _ => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            OrderError::UnknownMeter(_) => "unknown-meter",
            OrderError::UnknownOrder(_) => "unknown-order",
            OrderError::NoSerial(_) => "no-esam",
            OrderError::Blocked { .. } => "customer-blocked",
            OrderError::CardUnsigned(_) => "card-unsigned",
            OrderError::Erased(_) => "customer-erased",
            OrderError::NewSim { .. } => "sim-new",
            OrderError::Retired { .. } => "esam-retired",
            OrderError::Frozen { .. } => "meter-frozen",
            OrderError::Stopped { .. } => "psam-stopped",
            OrderError::OlderMake => "older-make",
            OrderError::ClockBack { .. } => "clock-back",
            OrderError::NoTerms => "no-settings",
            OrderError::Nothing => "amount-nothing",
            OrderError::Amount(_) => "amount-above-order",
            OrderError::Ceiling { .. } => "amount-above-ceiling",
            OrderError::Outstanding { .. } => "outstanding",
            OrderError::NothingOutstanding(_) => "nothing-outstanding",
            OrderError::NotOutstanding { .. } => "not-outstanding",
            OrderError::IdTaken(_) => "order-id-taken",
            OrderError::CountEnd(_) => "counts-used-up",
            OrderError::NoNeed(_) => "no-need",
            OrderError::NotTheReason { .. } => "not-the-reason",
            OrderError::SameAmount { .. } => "same-amount",
            OrderError::Kind { .. } => "order-kind",
            OrderError::OtherChip { .. } => "other-esam",
            OrderError::MayBeCredited(_) => "may-be-credited",
            OrderError::Calendar => "calendar",
            OrderError::NoModule { .. } => "no-psam",
            OrderError::WrongKeys { .. } => "psam-keys",
            OrderError::KeysChanged { .. } => "keys-changed",
            OrderError::Module(_) => "psam-silent",
            OrderError::Message(error) => error.code(),
            OrderError::Seal { .. } => "not-sealed",
            OrderError::UnknownPayment(_) => "unknown-payment",
            OrderError::NotPaid { .. } => "payment-unknown",
            OrderError::PaymentRefused { .. } => "payment-refused",
            OrderError::PaymentLeft { .. } => "payment-left",
            OrderError::PaidByBank(_) => "paid-by-bank",
            OrderError::PaymentEnded { .. } => "payment-ended",
            OrderError::OtherAccount { .. } => "other-account",
            OrderError::Change(error) => error.code(),
            OrderError::HandOver(error) => error.code(),
            OrderError::Limit(error) => error.code(),
            OrderError::Training(error) => error.code(),
            OrderError::Unasked(_) => "order-unasked",
            OrderError::Store(error) => error.code(),
        }
    }
}
