//! The line to a PostgreSQL server: whatever is said on it is answered in its turn, and the next may be said before that.

use crate::error::StoreError;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::Stream;
use std::rc::Rc;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error, NoTls, Row, RowStream};

/// How long the last word may take when a line is given up.
const FAREWELL: Duration = Duration::from_secs(1);

/// A line to a server. Who drops it lets go of the client first, and of all that was said before the line: with the last hold on it the
/// client says good-bye by itself.
pub(super) struct Line {
    /// What is said goes in here.
    client: Rc<Client>,
    end: End,
}

/// The end of a line: what carries the bytes while somebody waits.
struct End {
    carrier: Option<JoinHandle<()>>,
    runtime: Runtime,
}

/// Something that is to be said, and its answer when it has come.
pub(super) enum Said<T> {
    Waits(Pin<Box<dyn Future<Output = Result<T, Error>>>>),
    Answered(Result<T, Error>),
}

impl<T> Said<T> {
    /// Whether the answer is there. With the first look it takes its place among what is said.
    fn look(&mut self, context: &mut Context<'_>) -> bool {
        if let Said::Waits(answer) = self
            && let Poll::Ready(answer) = answer.as_mut().poll(context)
        {
            *self = Said::Answered(answer);
        }
        matches!(self, Said::Answered(_))
    }
}

/// The answers to what was said, all of which have come.
pub(super) type Heard<T> = Vec<Result<T, Error>>;

impl Line {
    /// Calls the server of a connection string.
    pub fn call(url: &str) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Gone { detail: error.to_string() })?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        // Whatever ends it is told to all who wait for an answer.
        let carrier = runtime.spawn(async move { drop(connection.await) });
        Ok(Line { client: Rc::new(client), end: End { carrier: Some(carrier), runtime } })
    }

    /// Something to be said. The server hears of it when somebody waits.
    pub fn say<T, F>(&self, what: impl FnOnce(Rc<Client>) -> F) -> Said<T>
    where
        F: Future<Output = Result<T, Error>> + 'static,
    {
        Said::Waits(Box::pin(what(self.client.clone())))
    }

    /// Says what comes first, then what comes then, and waits for the answers to all of it.
    pub fn hear<F, T>(&self, mut first: Vec<Said<F>>, mut then: Vec<Said<T>>) -> (Heard<F>, Heard<T>) {
        if !(first.is_empty() && then.is_empty()) {
            let all = |context: &mut Context<'_>| {
                let mut waiting = 0;
                first.iter_mut().for_each(|said| waiting += u32::from(!said.look(context)));
                then.iter_mut().for_each(|said| waiting += u32::from(!said.look(context)));
                if waiting == 0 { Poll::Ready(()) } else { Poll::Pending }
            };
            self.end.runtime.block_on(poll_fn(all));
        }
        (heard(first), heard(then))
    }

    /// The next row of an answer, when it has come.
    pub fn next(&self, rows: &mut Pin<Box<RowStream>>) -> Option<Result<Row, Error>> {
        self.end.runtime.block_on(poll_fn(|context| rows.as_mut().poll_next(context)))
    }
}

fn heard<T>(said: Vec<Said<T>>) -> Heard<T> {
    let answered = |said| match said {
        Said::Answered(answer) => Some(answer),
        Said::Waits(_) => None,
    };
    said.into_iter().filter_map(answered).collect()
}

/// An answer, all of which has come: its rows, or the first.
pub(super) async fn rows(rows: RowStream, all: bool) -> Result<Vec<Row>, Error> {
    let mut rows = pin!(rows);
    let mut found = Vec::new();
    // To its end, where an error may stand; what has ended is not asked again.
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await.transpose()? {
        if all || found.is_empty() {
            found.push(row);
        }
    }
    Ok(found)
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(carrier) = self.carrier.take() {
            // Where nobody hears it, the socket's end says the same.
            let _ = self.runtime.block_on(async { tokio::time::timeout(FAREWELL, carrier).await });
        }
    }
}
