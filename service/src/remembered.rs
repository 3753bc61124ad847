//! What anybody may ask without a key: the counter is asked for it by one at a time and seldom, and whoever comes meanwhile gets the same.

use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The last answer.
#[derive(Debug)]
pub struct Remembered<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Remembered(Mutex::new(None))
    }
}

impl<T: Clone> Remembered<T> {
    /// The answer of a moment ago, or the one that `ask` gets. A failure is not remembered.
    ///
    /// # Errors
    /// Those of `ask`.
    pub async fn get<E>(&self, ask: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut last = self.0.lock().await;
        if let Some((_, answer)) = last.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return Ok(answer.clone());
        }
        let answer = ask.await?;
        *last = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::Remembered;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Poll;

    /// Many come at once, and one asks; what failed is asked again.
    #[tokio::test]
    async fn one_asks_for_all() {
        let (asked, remembered) = (AtomicU32::new(0), Remembered::<u32>::default());
        let fails = remembered.get(async { Err::<u32, &str>("down") }).await;
        assert_eq!(fails, Err("down"));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok::<u32, &str>(7)
        };
        let mut all: Vec<_> = (0..50).map(|_| Box::pin(remembered.get(ask()))).collect();
        let mut found = 0;
        std::future::poll_fn(|context| {
            all.retain_mut(|one| match one.as_mut().poll(context) {
                Poll::Ready(answer) => {
                    assert_eq!(answer, Ok(7));
                    found += 1;
                    false
                }
                Poll::Pending => true,
            });
            if all.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!((found, asked.load(Ordering::Relaxed)), (50, 1));
    }
}
