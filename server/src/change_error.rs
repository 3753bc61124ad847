//! Why a meter is not changed, in words.

use crate::registration::WhichMeter;
use scheme::fault::{Fault, Hint, Kind};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, Serial8};

/// Why a meter is not changed, or a change not corrected. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// No such customer.
    #[error("customer {0} is not registered")]
    UnknownCustomer(CustomerNumber),
    /// Which of his meters is changed is not known.
    #[error(transparent)]
    Which(#[from] WhichMeter),
    /// He has it.
    #[error("customer {customer} has meter {meter} already")]
    SameMeter {
        /// The customer.
        customer: CustomerNumber,
        /// The meter.
        meter: MeterNumber,
    },
    /// Somebody has the new meter.
    #[error("meter {meter} belongs to another customer")]
    Taken {
        /// The meter.
        meter: MeterNumber,
        /// Who has it.
        customer: CustomerNumber,
    },
    /// The new meter's chip has an account.
    #[error("ESAM {serial} in meter {meter} has an account that was opened for another customer or purchase")]
    Used {
        /// The meter.
        meter: MeterNumber,
        /// Its chip.
        serial: Serial8,
    },
    /// The old chip could still credit.
    #[error("the city's list does not say that the ESAM of meter {0} was taken out of use")]
    NotRetired(MeterNumber),
    /// More than the old meter last said.
    #[error(
        "{balance} yuan cannot stand in the purse of meter {meter}: {most} yuan are the most it can have"
    )]
    TooMuch {
        /// The old meter.
        meter: MeterNumber,
        /// What was said.
        balance: Fen,
        /// What is possible.
        most: Fen,
    },
    /// Whether the outstanding order was credited is not known.
    #[error("order {0} is outstanding: the count that the old ESAM shows tells whether it was credited")]
    CountWanted(OrderId),
    /// It was credited.
    #[error("the old meter has credited order {0}: its receipt is settled first")]
    Credited(OrderId),
    /// The count fits nothing that was sold.
    #[error("meter {meter} shows count {found}; by the books it is {known}")]
    Count {
        /// The old meter.
        meter: MeterNumber,
        /// What was read.
        found: u32,
        /// What the books say.
        known: u32,
    },
    /// One person alone, or twice the same.
    #[error("what is not read from the old meter itself is estimated by two different people")]
    TwoPeople,
    /// No such change.
    #[error("there is no change of a meter with the number {0}")]
    Unknown(i64),
    /// Nothing to correct.
    #[error("change {0} is not provisional: what it carried was read, or was corrected before")]
    Final(i64),
    /// A residual that was carried is no payment.
    #[error("order {0} carries what stood in the customer's old meter; it is not given up")]
    Carries(OrderId),
}

impl Fault for ChangeRefusal {
    fn kind(&self) -> Kind {
        match self {
            ChangeRefusal::TwoPeople => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            ChangeRefusal::UnknownCustomer(_) => "`gridcard server register FILE.csv` registers customers".into(),
            ChangeRefusal::Which(WhichMeter::Several { .. }) => {
                "name the one before with --old-meter NUMBER, over HTTP with `old_meter`".into()
            }
            ChangeRefusal::Which(error) => return error.hint(),
            ChangeRefusal::Used { .. } => {
                "let the city lead the chip back to test and to formal anew, or put another meter in, and take its list".into()
            }
            ChangeRefusal::NotRetired(_) => {
                "let the city end it with `gridcard esam retire --forfeit` and take its new list; where the ESAM cannot be read, two \
                 people change the meter by estimate: --basis workshop, or --basis burnt"
                    .into()
            }
            ChangeRefusal::TooMuch { .. } => {
                "settle the old meter's receipts first; where it was last settled longer ago than it was credited, two people change \
                 it by estimate"
                    .into()
            }
            ChangeRefusal::CountWanted(_) => "say it with --count; `gridcard esam show CARD` reads it".into(),
            ChangeRefusal::Credited(_) => {
                "put the SIM into the old meter once more, collect the receipt and settle it: `gridcard server settle`".into()
            }
            ChangeRefusal::Count { .. } => {
                "settle the receipts that are missing; a count that the books never sold was minted past this server".into()
            }
            ChangeRefusal::Unknown(_) | ChangeRefusal::Final(_) => {
                "`gridcard server ageing` lists the changes that are provisional".into()
            }
            ChangeRefusal::SameMeter { .. }
            | ChangeRefusal::Taken { .. }
            | ChangeRefusal::TwoPeople
            | ChangeRefusal::Carries(_) => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            ChangeRefusal::UnknownCustomer(_) => "change-unknown-customer",
            ChangeRefusal::Which(error) => error.code(),
            ChangeRefusal::SameMeter { .. } => "change-same-meter",
            ChangeRefusal::Taken { .. } => "change-meter-taken",
            ChangeRefusal::Used { .. } => "change-esam-used",
            ChangeRefusal::NotRetired(_) => "change-not-retired",
            ChangeRefusal::TooMuch { .. } => "change-too-much",
            ChangeRefusal::CountWanted(_) => "change-count-wanted",
            ChangeRefusal::Credited(_) => "change-credited",
            ChangeRefusal::Count { .. } => "change-count",
            ChangeRefusal::TwoPeople => "change-two-people",
            ChangeRefusal::Unknown(_) => "change-unknown",
            ChangeRefusal::Final(_) => "change-final",
            ChangeRefusal::Carries(_) => "order-carries-residual",
        }
    }
}
