//! Customers, their SIMs, and how a SIM is named.

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

/// One customer with one meter and one SIM.
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
