//! What the operator of the server decides once.

use wire::profile::{SERVER_NUMBER, SERVICE_CENTRE};

/// Terms of business: who sends orders, how long they last, how far a meter's clock may be off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The server's telephone number, digits of the international form without the plus sign. Orders come
    /// from it and receipts go to it.
    pub server_number: String,
    /// The service centre named in the EF_SMS record, digits of the international form.
    pub service_centre: String,
    /// An order is valid for so many days from its issue.
    pub validity_days: u16,
    /// A receipt may say a time so many seconds before the issue of its order.
    pub clock_tolerance_s: u32,
}

impl Default for Terms {
    /// Valid for 30 days, an hour of tolerance; the numbers are samples.
    fn default() -> Self {
        Terms {
            server_number: SERVER_NUMBER.into(),
            service_centre: SERVICE_CENTRE.into(),
            validity_days: 30,
            clock_tolerance_s: 3600,
        }
    }
}
