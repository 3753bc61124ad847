//! A SIM that was given to a customer lately: nothing is sold to him by telephone for a day [docs/specs/books.md 18].

use crate::actor::Channel;
use crate::engine::params;
use crate::order::OrderRequest;
use crate::order_error::OrderError;
use crate::rows::time;
use crate::store::Transaction;
use scheme::moment::Moment;

/// How long nothing is sold by telephone after a customer got another SIM or another number, in seconds.
pub const SWAP_S: i64 = 86_400;

impl Transaction<'_> {
    /// Refuses a sale by telephone to a customer whose SIM or number is new: who has stolen the one has the other.
    pub(crate) fn must_have_kept_his_sim(&self, request: &OrderRequest) -> Result<(), OrderError> {
        if self.actor.channel != Channel::Phone {
            return Ok(());
        }
        let Some(customer) = self.meter(request.meter)?.map(|known| known.customer) else { return Ok(()) };
        let since: Option<Moment> = self.conn.first(
            "SELECT since FROM sim WHERE customer = ?1 AND current = 1 AND since IS NOT NULL",
            params![customer.to_string()],
            |row| time(row, "since"),
        )?;
        let Some(since) = since else { return Ok(()) };
        // Beyond the calendar nothing ends. A clock that stands before the swap has not seen the day pass.
        match since.add_seconds(SWAP_S) {
            Some(until) if request.now >= until => Ok(()),
            until => Err(OrderError::NewSim { customer, since, until: until.unwrap_or(since) }),
        }
    }
}
