//! Why a meter is not handed over, in words.

use crate::order_state::OrderState;
use scheme::fault::{Fault, Hint, Kind};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// Why a meter is not handed over. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandOverRefusal {
    /// No such customer.
    #[error("customer {0} is not registered")]
    UnknownCustomer(CustomerNumber),
    /// Nobody has the meter.
    #[error("nobody has meter {0}, so nobody hands it over")]
    UnknownMeter(MeterNumber),
    /// He has it.
    #[error("customer {customer} has meter {meter} already")]
    SameCustomer {
        /// The customer.
        customer: CustomerNumber,
        /// The meter.
        meter: MeterNumber,
    },
    /// Something of the one who has it is on its way.
    #[error("meter {meter} has order {order} ({amount}, {}) of customer {customer} outstanding", .state.name())]
    Outstanding {
        /// The meter.
        meter: MeterNumber,
        /// Who has it.
        customer: CustomerNumber,
        /// The order.
        order: OrderId,
        /// Its amount.
        amount: Fen,
        /// Prepared or sealed.
        state: OrderState,
        /// A module may have sealed it.
        may_be_sealed: bool,
    },
    /// What came from the meter before it is an estimate.
    #[error(
        "meter {meter} came to customer {customer} by change {change}, which is an estimate that nobody has corrected yet"
    )]
    Provisional {
        /// The meter.
        meter: MeterNumber,
        /// Who has it.
        customer: CustomerNumber,
        /// The change.
        change: i64,
    },
    /// An order that went away could come back.
    #[error("order {order} for meter {meter} ended with a change of it, and the chip could still credit it")]
    MayBeCredited {
        /// The meter.
        meter: MeterNumber,
        /// The order.
        order: OrderId,
    },
    /// One person alone, or twice the same.
    #[error("what stands in a meter goes to somebody else with it: two different people hand it over")]
    TwoPeople,
}

impl Fault for HandOverRefusal {
    fn kind(&self) -> Kind {
        match self {
            HandOverRefusal::TwoPeople => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            HandOverRefusal::UnknownCustomer(_) => {
                "`gridcard server register FILE.csv` registers him; `-` stands for the meter of one who has none yet".into()
            }
            HandOverRefusal::UnknownMeter(_) => "`gridcard server register FILE.csv` gives it to a customer".into(),
            HandOverRefusal::Outstanding { may_be_sealed: true, .. } => {
                "settle its receipt; what is not wanted any more is taken back with `gridcard server reverse`, and the receipt of that \
                 settled"
                    .into()
            }
            HandOverRefusal::Outstanding { order, .. } => format!(
                "no PSAM can have sealed it: give it up with `gridcard server void`, or with `gridcard bank leave {order}` where a \
                 bank was asked to pay"
            )
            .into(),
            HandOverRefusal::Provisional { change, .. } => {
                format!("two people correct it: `gridcard server change-meter --finish {change}`").into()
            }
            HandOverRefusal::MayBeCredited { .. } => {
                "let the city lead the chip back to test and to formal anew, or put another chip in, and take its list".into()
            }
            HandOverRefusal::SameCustomer { .. } | HandOverRefusal::TwoPeople => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            HandOverRefusal::UnknownCustomer(_) => "hand-over-unknown-customer",
            HandOverRefusal::UnknownMeter(_) => "hand-over-unknown-meter",
            HandOverRefusal::SameCustomer { .. } => "hand-over-same-customer",
            HandOverRefusal::Outstanding { .. } => "hand-over-outstanding",
            HandOverRefusal::Provisional { .. } => "hand-over-provisional",
            HandOverRefusal::MayBeCredited { .. } => "hand-over-may-be-credited",
            HandOverRefusal::TwoPeople => "hand-over-two-people",
        }
    }
}
