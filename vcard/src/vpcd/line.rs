//! The TCP connection to a reader: whole messages in, whole messages out, without the network's own waiting.

use super::message::{LENGTH, LONGEST, frame};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A reader that takes no answer for so long is gone.
const ANSWER_TAKEN: Duration = Duration::from_secs(10);

/// A connection to a reader.
pub struct Line {
    stream: TcpStream,
    quick_ack: bool,
    /// Received bytes stand from `start` to `end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    out: Vec<u8>,
}

impl Line {
    /// Connects within `patience`. `quick_ack` as in [`Settings`](super::Settings).
    pub fn connect(address: SocketAddr, patience: Duration, quick_ack: bool) -> Result<Self> {
        Line::new(TcpStream::connect_timeout(&address, patience)?, quick_ack)
    }

    /// A line over a connection that is there.
    pub fn new(stream: TcpStream, quick_ack: bool) -> Result<Self> {
        // A port in the range the system draws from can be connected to itself, and would then be taken when the
        // reader wants it.
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(Error::new(ErrorKind::ConnectionRefused, "the connection reached itself"));
        }
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(ANSWER_TAKEN))?;
        let line =
            Line { stream, quick_ack, buffer: vec![0; LENGTH + LONGEST], start: 0, end: 0, out: Vec::new() };
        line.acknowledge_at_once();
        Ok(line)
    }

    /// The stream, for whoever shuts it down from another thread.
    pub fn stream(&self) -> Result<TcpStream> {
        self.stream.try_clone()
    }

    /// How long [`Line::receive`] waits; `None`: for ever.
    pub fn patience(&self, patience: Option<Duration>) -> Result<()> {
        self.stream.set_read_timeout(patience)
    }

    /// The next message, whole, however it was cut up on its way. `None`: closed between two messages.
    ///
    /// An error of kind `WouldBlock` or `TimedOut` says that patience ended; what has come of the message is kept.
    pub fn receive(&mut self) -> Result<Option<&[u8]>> {
        loop {
            let have = &self.buffer[self.start..self.end];
            if let Some((length, rest)) = have.split_first_chunk::<LENGTH>() {
                let length = usize::from(u16::from_be_bytes(*length));
                if rest.len() >= length {
                    let at = self.start + LENGTH;
                    self.start = at + length;
                    return Ok(Some(&self.buffer[at..at + length]));
                }
            }
            if !self.fill()? {
                return if self.start == self.end { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Reads what is there; false at the end of the stream.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let read = loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.acknowledge_at_once();
        Ok(read > 0)
    }

    /// Readers send length and body apart, and hold the body back until the length is acknowledged. The system forgets
    /// this wish while it works, so it is repeated after every read.
    fn acknowledge_at_once(&self) {
        #[cfg(target_os = "linux")]
        if self.quick_ack {
            // A socket that does not know the wish is slow, not wrong.
            let _ = rustix::net::sockopt::set_tcp_quickack(&self.stream, true);
        }
    }

    /// Sends a message in one write.
    pub fn send(&mut self, message: &[u8]) -> Result<()> {
        frame(message, &mut self.out)?;
        self.stream.write_all(&self.out)
    }
}
