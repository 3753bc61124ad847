//! How a task of the service does something at the counter, and waits for it.

use crate::counter::{Call, Counter};
use crate::denied::Denied;
use parties::{Result, Trouble};
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// Does something at the counter.
///
/// # Errors
/// Those of the work; the counter has too much to do, or has gone.
pub async fn at_counter<T: Send + 'static>(
    calls: &SyncSender<Call>,
    work: impl FnOnce(&mut Counter) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (tell, told) = oneshot::channel();
    let visit = Box::new(move |counter: &mut Counter| {
        // Whoever has gone meanwhile finds it done when he looks again.
        let _ = tell.send(counter.with_books(work));
    });
    let busy = || Trouble::new(Denied::Busy);
    calls.try_send(Call::Visit(visit, calls.clone())).map_err(|_| busy())?;
    told.await.map_err(|_| busy())?
}
