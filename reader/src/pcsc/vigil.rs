//! A watch that outlives the service it asks: daemons are restarted, and readers come again with them.

use super::error::PcscError;
use super::fault::Fault;
use super::service::Service;
use super::watch::{Event, Watch};
use std::time::{Duration, Instant};

/// The longest wait between two looks: a service that died does not always end it.
const LOOK: Duration = Duration::from_secs(5);

/// Between two looks for a service that went away.
const AGAIN: Duration = Duration::from_millis(200);

/// Somebody who is told what comes and goes.
pub trait Witness {
    /// What happened.
    fn see(&mut self, events: Vec<Event>);

    /// The service went away, or is there again.
    fn note(&mut self, words: &str);
}

/// Watches until `end`, or for ever; `connect` gives the service, again after it went away.
///
/// # Errors
/// The service is not there at the beginning, or says that it will never serve.
pub fn watch(
    connect: impl Fn() -> Result<Box<dyn Service>, Fault>,
    end: Option<Instant>,
    witness: &mut dyn Witness,
) -> Result<(), PcscError> {
    let is_over = || end.is_some_and(|end| Instant::now() >= end);
    let mut was_there = false;
    while !was_there || !is_over() {
        let service = match connect() {
            // It was there when the watch began: it may come again. One that is about to end, or has not begun whole,
            // turns everybody away, whoever was let in before.
            Err(Fault::NoService | Fault::Stopped | Fault::Forbidden) if was_there => {
                std::thread::sleep(AGAIN);
                continue;
            }
            service => service.map_err(PcscError::Service)?,
        };
        if was_there {
            witness.note("the smart card service is there again");
        }
        was_there = true;
        let mut watch = Watch::new(&*service);
        let fault = loop {
            let left = end.map_or(LOOK, |end| end.saturating_duration_since(Instant::now()));
            match watch.next(left.min(LOOK)) {
                Ok(found) => witness.see(found),
                Err(fault) => break Some(fault),
            }
            if is_over() {
                break None;
            }
        };
        match fault {
            None => break,
            Some(Fault::NoService | Fault::Stopped) => {
                witness.see(watch.lost());
                witness.note("the smart card service went away; the watch goes on when it is there again");
            }
            Some(fault) => return Err(PcscError::Service(fault)),
        }
    }
    Ok(())
}
