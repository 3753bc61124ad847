//! A line whose phone is another program: it speaks in its own time, and the line's clock follows that.

use crate::spent::{Line, Spent};
use std::collections::VecDeque;
use std::time::Duration;
use wire::LinkError;

/// A line with a program at the phone's end.
pub struct Served<'l> {
    line: Box<dyn Line + 'l>,
    /// What came, and when it is there: a line looks ahead to the end of what it does.
    waiting: VecDeque<(u64, Vec<u8>)>,
}

impl<'l> Served<'l> {
    /// A line that is open.
    pub const fn new(line: Box<dyn Line + 'l>) -> Self {
        Served { line, waiting: VecDeque::new() }
    }

    /// What the line took so far; its clock is there.
    pub fn spent(&self) -> Spent {
        self.line.spent()
    }

    /// The program says something, so many microseconds after the line was opened. On a slow line it may be on its way for longer than
    /// the program took to say it: what is said next waits for it.
    ///
    /// # Errors
    /// The line goes, or the meter's own.
    pub fn hear(&mut self, bytes: &[u8], now_us: u64) -> Result<(), LinkError> {
        self.catch_up(now_us)?;
        self.line.send(bytes)
    }

    /// What has come to the program's end by then.
    ///
    /// # Errors
    /// As [`Served::hear`].
    pub fn said(&mut self, now_us: u64) -> Result<Vec<u8>, LinkError> {
        self.catch_up(now_us)?;
        let mut out = Vec::new();
        while self.waiting.front().is_some_and(|(at, _)| *at <= now_us)
            && let Some((_, bytes)) = self.waiting.pop_front()
        {
            out.extend(bytes);
        }
        Ok(out)
    }

    fn catch_up(&mut self, now_us: u64) -> Result<(), LinkError> {
        let mut buffer = [0; 512];
        while let left @ 1.. = now_us.saturating_sub(self.line.spent().us) {
            let length = self.line.receive(&mut buffer, Duration::from_micros(left))?;
            if length == 0 {
                break;
            }
            let come = buffer.iter().take(length).copied().collect();
            self.waiting.push_back((self.line.spent().us, come));
        }
        Ok(())
    }

    /// Takes leave of the meter, where the line has words for that; gives the capture of the line, where it has one.
    ///
    /// # Errors
    /// A meter's own.
    pub fn end(mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.line.end()?;
        Ok(self.line.capture())
    }
}
