//! Customers, their SIMs and meters, and how a SIM is named.

use scheme::fault::Hint;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::subscription::{Iccid, Imei, Imsi, Msisdn};

/// A SIM and its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sim {
    /// Telephone number.
    pub msisdn: Msisdn,
    /// Subscriber's identity; an order is bound to it.
    pub imsi: Imsi,
    /// Number of the card.
    pub iccid: Iccid,
}

/// A meter that a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The meter.
    pub meter: MeterNumber,
    /// What the customer pays when he gets it, for the order that opens its account.
    pub first_purchase: Option<Fen>,
}

/// A customer, with the SIM in use and the meters he has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Customer number.
    pub customer: CustomerNumber,
    /// The SIM in use; orders for any of his meters go on it.
    pub sim: Sim,
    /// Identity of his telephone.
    pub imei: Imei,
    /// His name.
    pub name: Option<String>,
    /// His meters, the one he has longest first.
    pub meters: Vec<Held>,
}

/// A customer with one of his meters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Customer number.
    pub customer: CustomerNumber,
    /// Meter number.
    pub meter: MeterNumber,
    /// The SIM in use.
    pub sim: Sim,
    /// Identity of the customer's telephone.
    pub imei: Imei,
    /// Name of the customer.
    pub name: Option<String>,
    /// What the customer pays at registration, for the order that opens the account.
    pub first_purchase: Option<Fen>,
}

impl Customer {
    /// He with each of his meters.
    pub fn registrations(&self) -> impl Iterator<Item = Registration> + '_ {
        self.meters.iter().map(|held| self.with(*held))
    }

    /// He with the meter that is meant: the one that was named, else the only one he has.
    ///
    /// # Errors
    /// He has it not; none was named and he has several, or none.
    pub fn with_meter(&self, named: Option<MeterNumber>) -> Result<Registration, WhichMeter> {
        let customer = self.customer;
        match (named, &self.meters[..]) {
            (None, [only]) => Ok(self.with(*only)),
            (_, []) => Err(WhichMeter::None(customer)),
            (None, _) => Err(WhichMeter::Several { customer, meters: self.numbers() }),
            (Some(meter), all) => match all.iter().find(|held| held.meter == meter) {
                Some(held) => Ok(self.with(*held)),
                None => Err(WhichMeter::NotHis { customer, meter, meters: self.numbers() }),
            },
        }
    }

    fn with(&self, held: Held) -> Registration {
        Registration {
            customer: self.customer,
            meter: held.meter,
            sim: self.sim.clone(),
            imei: self.imei.clone(),
            name: self.name.clone(),
            first_purchase: held.first_purchase,
        }
    }

    fn numbers(&self) -> Meters {
        Meters(self.meters.iter().map(|held| held.meter).collect())
    }
}

/// Numbers of meters, told one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meters(pub Vec<MeterNumber>);

impl core::fmt::Display for Meters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join(", "))
    }
}

/// Why it is not known which meter of a customer is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhichMeter {
    /// He has none.
    #[error("customer {0} has no meter")]
    None(CustomerNumber),
    /// He has several, and none was named.
    #[error("customer {customer} has several meters, and none of them was named: {meters}")]
    Several {
        /// The customer.
        customer: CustomerNumber,
        /// His meters.
        meters: Meters,
    },
    /// He has others.
    #[error("customer {customer} has not meter {meter}; he has {meters}")]
    NotHis {
        /// The customer.
        customer: CustomerNumber,
        /// What was named.
        meter: MeterNumber,
        /// His meters.
        meters: Meters,
    },
}

impl scheme::Fault for WhichMeter {
    fn hint(&self) -> Hint {
        Some(match self {
            WhichMeter::None(_) => {
                "`gridcard server register FILE.csv` gives him one that nobody has; `gridcard server hand-over` one of another customer".into()
            }
            WhichMeter::Several { .. } => "name the one that is meant: --meter NUMBER, over HTTP the name `meter`".into(),
            WhichMeter::NotHis { .. } => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            WhichMeter::None(_) => "customer-no-meter",
            WhichMeter::Several { .. } => "customer-which-meter",
            WhichMeter::NotHis { .. } => "customer-other-meter",
        }
    }
}

/// How a SIM names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimKey {
    /// By subscription.
    Imsi(Imsi),
    /// By card.
    Iccid(Iccid),
    /// By the telephone number a message came from.
    Msisdn(Msisdn),
}

impl SimKey {
    /// The column of `sim` that has it, and what stands there.
    pub(crate) fn column(&self) -> (&'static str, &str) {
        match self {
            SimKey::Imsi(imsi) => ("imsi", imsi.as_str()),
            SimKey::Iccid(iccid) => ("iccid", iccid.as_str()),
            SimKey::Msisdn(msisdn) => ("msisdn", msisdn.as_str()),
        }
    }
}
