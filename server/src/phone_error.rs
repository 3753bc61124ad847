//! What keeps a phone from an act. Outside it is one word; the log has the name.

use crate::contract::ContractError;
use crate::error::StoreError;
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::CustomerNumber;

/// Why a phone is not let in, or not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The telephone number.
    #[error("the telephone number is not the registered one")]
    Msisdn,
    /// The SIM's subscriber.
    #[error("the IMSI is not the registered one, or is not said as it was at enrolment")]
    Imsi,
    /// The telephone.
    #[error("the IMEI is not that of the enrolment")]
    Imei,
    /// The user name.
    #[error("the user name is not that of the enrolment")]
    User,
    /// The password.
    #[error("the password is wrong, missing, or has no tries left")]
    Password,
    /// The code of a slip.
    #[error("the code is not that of slip {0}")]
    Code(String),
    /// A contract that is somebody else's, or nobody's.
    #[error("the contract that is named is none of this customer's")]
    Contract,
    /// The phone is frozen.
    #[error("the phone is frozen")]
    Frozen,
    /// The session is older than another one of the same phone.
    #[error("the session is older than the phone's last one")]
    Old,
    /// Nobody knows it.
    #[error("no phone of the name {0} is known")]
    Unknown(String),
    /// The customer has as many as he may.
    #[error("the customer has {0} phones, and may have no more")]
    Many(u32),
    /// A phone of this static key is known.
    #[error("a phone of this key is known already")]
    Key,
    /// Nothing is there to be debited.
    #[error("the contract of customer {0} names no account, and none was named")]
    NoAccount(CustomerNumber),
    /// The slip.
    #[error("{0}")]
    Slip(#[from] ContractError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl PhoneError {
    /// Whether the one who asks is told nothing but that he is refused.
    pub const fn is_hidden(&self) -> bool {
        matches!(
            self,
            PhoneError::Msisdn
                | PhoneError::Imsi
                | PhoneError::Imei
                | PhoneError::User
                | PhoneError::Password
                | PhoneError::Code(_)
                | PhoneError::Contract
                | PhoneError::Frozen
                | PhoneError::Old
                | PhoneError::Unknown(_)
                | PhoneError::Slip(_)
        )
    }
}

impl PhoneError {
    /// The same once more, for the log, where nobody outside hears it.
    pub fn reason(&self) -> Option<Self> {
        Some(match self {
            PhoneError::Msisdn => PhoneError::Msisdn,
            PhoneError::Imsi => PhoneError::Imsi,
            PhoneError::Imei => PhoneError::Imei,
            PhoneError::User => PhoneError::User,
            PhoneError::Password => PhoneError::Password,
            PhoneError::Contract => PhoneError::Contract,
            PhoneError::Frozen => PhoneError::Frozen,
            PhoneError::Unknown(name) => PhoneError::Unknown(name.clone()),
            _ => return None,
        })
    }
}

/// The names of those.
const HIDDEN: [&str; 11] = [
    "phone-msisdn",
    "phone-imsi",
    "phone-imei",
    "phone-user",
    "phone-password",
    "phone-code",
    "phone-contract",
    "phone-frozen",
    "phone-old",
    "phone-unknown",
    "code-ended",
];

impl PhoneError {
    /// The same, of an error that is known by its name alone.
    pub fn hides(code: &str) -> bool {
        HIDDEN.contains(&code)
    }
}

impl Fault for PhoneError {
    fn kind(&self) -> Kind {
        match self {
            PhoneError::Store(error) => error.kind(),
            PhoneError::Slip(error) => error.kind(),
            PhoneError::Unknown(_) | PhoneError::Many(_) | PhoneError::Key | PhoneError::NoAccount(_) => {
                Kind::Refused
            }
            _ => Kind::Security,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            PhoneError::Store(error) => error.hint(),
            PhoneError::Slip(error) => error.hint(),
            PhoneError::Unknown(_) => Some("`gridcard server phone list --customer` names them".into()),
            PhoneError::NoAccount(_) => Some(
                "name one, or have the bank write it into the contract (`gridcard server apply --bank`)"
                    .into(),
            ),
            PhoneError::Many(_) => Some("`gridcard server phone forget` makes room".into()),
            PhoneError::Key => Some("the phone draws a new key for each enrolment".into()),
            PhoneError::Frozen => Some("`gridcard server phone thaw` lets it buy again".into()),
            PhoneError::Old => None,
            _ => Some("a new slip (`gridcard server code new`) and another enrolment set it right".into()),
        }
    }

    fn code(&self) -> &str {
        match self {
            PhoneError::Msisdn => "phone-msisdn",
            PhoneError::Imsi => "phone-imsi",
            PhoneError::Imei => "phone-imei",
            PhoneError::User => "phone-user",
            PhoneError::Password => "phone-password",
            PhoneError::Code(_) => "phone-code",
            PhoneError::Contract => "phone-contract",
            PhoneError::Frozen => "phone-frozen",
            PhoneError::Old => "phone-old",
            PhoneError::Unknown(_) => "phone-unknown",
            PhoneError::Many(_) => "phone-many",
            PhoneError::Key => "phone-key",
            PhoneError::NoAccount(_) => "phone-account",
            PhoneError::Slip(error) => error.code(),
            PhoneError::Store(error) => error.code(),
        }
    }
}
