//! Why an online purchase does not go on, in words.

use crate::error::StoreError;
use crate::order_error::OrderError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::MeterNumber;
use scheme::online::SessionId;
use scheme::order::{OrderId, OrderKind};
use scheme::signed::SignedError;

/// Why an online purchase does not go on. No order was made for it; one that was there stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnlineError {
    /// Nobody began it here.
    #[error("no online purchase has the id {0}")]
    Unknown(SessionId),
    /// The meter's request came too late, or the clock went back.
    #[error(
        "the meter's request came {after} seconds after online purchase {sid} was begun; it is good for {most}"
    )]
    Late {
        /// The purchase.
        sid: SessionId,
        /// So many seconds after.
        after: i64,
        /// So many at most.
        most: i64,
    },
    /// It stands where this cannot be done.
    #[error(
        "online purchase {sid} is {state}: this message is not the one that comes next, or not the one that came before"
    )]
    Turn {
        /// The purchase.
        sid: SessionId,
        /// Where it stands.
        state: &'static str,
    },
    /// The meter says something else than was agreed when it was begun.
    #[error("what the meter asks for is not what was agreed: another {0}")]
    Differs(&'static str),
    /// The meter has taken another number of purchases than the books can explain.
    #[error("meter {meter} has taken {meters} purchase(s), and by the books the next one is number {next}")]
    Count {
        /// The meter.
        meter: MeterNumber,
        /// What it has taken.
        meters: u32,
        /// What comes next.
        next: u32,
    },
    /// The chip signs what it asks for, and this is not signed, or not by it.
    #[error("what meter {meter} asks for is not signed as its chip signs: {why}")]
    Signature {
        /// The meter.
        meter: MeterNumber,
        /// What is wrong.
        why: SignedError,
    },
    /// The meter gives the receipt of another purchase, which was settled before.
    #[error("the meter's last receipt was settled before: it has not taken order {order} of recharge {sid}")]
    Earlier {
        /// The recharge.
        sid: SessionId,
        /// Its order.
        order: OrderId,
    },
    /// Its order was sealed as often as it may be to be brought online.
    #[error("order {order} of meter {meter} was sealed {times} times, and is not brought online any more")]
    Often {
        /// The meter.
        meter: MeterNumber,
        /// The order.
        order: OrderId,
        /// How often.
        times: u32,
    },
    /// What it was begun for is not to be had any more.
    #[error("the order that online purchase {0} was begun for was settled or replaced meanwhile")]
    Changed(SessionId),
    /// Its chip takes signed orders alone, and a recharge by the field's frames has no signature.
    #[error("meter {0} takes signed orders alone, and a recharge by frames is not signed")]
    SignedAlone(MeterNumber),
    /// The order opens an account or brings another SIM, which a recharge by the field's frames does not.
    #[error("what comes next for meter {meter} is an order of kind \"{}\", and a recharge by frames teaches a meter no SIM", kind.name())]
    Kind {
        /// The meter.
        meter: MeterNumber,
        /// What comes next.
        kind: OrderKind,
    },
    /// What is an order's affair.
    #[error("{0}")]
    Order(#[from] OrderError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for OnlineError {
    fn kind(&self) -> Kind {
        match self {
            OnlineError::Order(error) => error.kind(),
            OnlineError::Store(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            OnlineError::Unknown(_) | OnlineError::Turn { .. } | OnlineError::Earlier { .. } => Some("begin anew; what was paid stays paid".into()),
            OnlineError::Late { .. } | OnlineError::Changed(_) => {
                Some("begin anew: an order that was made goes on with the next purchase, and is paid once".into())
            }
            OnlineError::Differs(_) => {
                Some("the telephone, its SIM and the meter have to be those of the contract, and the amount the one that was begun".into())
            }
            OnlineError::Signature { .. } => {
                Some("the city's newest list says which certificate the chip has: `gridcard server meters`; nothing was sold".into())
            }
            OnlineError::Count { .. } => {
                Some("a receipt is missing, or somebody recharged it past the bank: settle what is there before more is sold".into())
            }
            OnlineError::Often { .. } => {
                Some("its record still brings it, on the SIM, on a user card or in a file: `gridcard server resume` writes it".into())
            }
            OnlineError::SignedAlone(_) | OnlineError::Kind { .. } => {
                Some("sell it on a SIM, or in the online purchase (`gridcard meter buy` without --by)".into())
            }
            OnlineError::Order(error) => error.hint(),
            OnlineError::Store(error) => error.hint(),
        }
    }

    fn code(&self) -> &str {
        match self {
            OnlineError::Unknown(_) => "online-unknown",
            OnlineError::Late { .. } => "online-late",
            OnlineError::Turn { .. } => "online-turn",
            OnlineError::Differs(_) => "online-differs",
            OnlineError::Count { .. } => "online-count",
            OnlineError::Often { .. } => "online-often",
            OnlineError::Changed(_) => "online-changed",
            OnlineError::Signature { .. } => "online-signature",
            OnlineError::Earlier { .. } => "recharge-not-taken",
            OnlineError::SignedAlone(_) => "recharge-signed",
            OnlineError::Kind { .. } => "recharge-kind",
            OnlineError::Order(error) => error.code(),
            OnlineError::Store(error) => error.code(),
        }
    }
}
