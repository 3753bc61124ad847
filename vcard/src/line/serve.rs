//! A terminal's own T=0 stack at the other end of a TCP socket [docs/specs/line.md 6].

use super::T0Card;
use super::wire::{Passed, Way, Wire};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvFlags, recv};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use wire::ChannelError;

/// Urgent byte of a terminal: RST goes low and high again.
pub const WARM_RESET: u8 = b'R';
/// Urgent byte of a terminal: error signal, the card's last character again.
pub const ERROR_SIGNAL: u8 = b'E';

/// What a line is served with.
pub struct Line<'w, C> {
    /// The card behind the pipe.
    pub wire: &'w mut Wire<C>,
    /// Send the card's characters at the pace of the line.
    pub realtime: bool,
    /// Sees every character that passes.
    pub watch: &'w mut dyn FnMut(&Passed),
}

impl<C: T0Card> Line<'_, C> {
    /// Power and RST, or RST alone; the ATR goes out.
    pub fn reset(&mut self, out: &mut impl Write) -> io::Result<()> {
        let passed = self.wire.reset();
        self.send(&passed, out)
    }

    /// Bytes of the terminal; what the card says to each goes out.
    pub fn bytes(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        for byte in bytes {
            let passed = self.wire.byte(*byte);
            self.send(&passed, out)?;
        }
        Ok(())
    }

    /// The terminal refuses the card's last character.
    pub fn refuse(&mut self, out: &mut impl Write) -> io::Result<()> {
        let passed = self.wire.refuse();
        self.send(&passed, out)
    }

    fn send(&mut self, passed: &[Passed], out: &mut impl Write) -> io::Result<()> {
        passed.iter().for_each(|passed| (self.watch)(passed));
        let mut before = passed.first().map(|first| first.at);
        let mut waiting = Vec::new();
        for said in passed.iter().filter(|passed| passed.way == Way::FromCard) {
            if self.realtime {
                let etu = said.at.0.saturating_sub(before.unwrap_or(said.at).0);
                thread::sleep(Duration::from_nanos(self.wire.nanos(etu)));
                out.write_all(&[said.byte])?;
                before = Some(said.at);
            } else {
                waiting.push(said.byte);
            }
        }
        out.write_all(&waiting)?;
        out.flush()
    }

    /// Serves one terminal after another: connecting is power and RST, closing takes the power away. Ends after `most`
    /// terminals, if that is told.
    ///
    /// # Errors
    /// Those of the listening socket, and a card whose memory could not be kept. A terminal whose connection breaks is gone, as one that closes it.
    pub fn serve_tcp(&mut self, listener: &TcpListener, most: Option<u32>) -> io::Result<()> {
        let mut served = 0;
        while most.is_none_or(|most| served < most) {
            let (stream, _) = listener.accept()?;
            let _ = self.serve_stream(stream);
            self.end()?;
            served += 1;
        }
        Ok(())
    }

    /// Power goes away with the terminal. A card whose memory could not be kept is not offered to another one.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.wire.power_off();
        match self.wire.line().trouble() {
            Some(trouble @ ChannelError::Storage(_)) => Err(io::Error::other(trouble.clone())),
            _ => Ok(()),
        }
    }

    fn serve_stream(&mut self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        self.reset(&mut stream)?;
        let mut buffer = [0; 512];
        loop {
            let mut ready = [PollFd::new(&stream, PollFlags::IN | PollFlags::PRI)];
            poll(&mut ready, None)?;
            let events = ready[0].revents();
            if events.contains(PollFlags::PRI) {
                self.urgent(&mut stream)?;
            } else {
                let got = stream.read(&mut buffer)?;
                if got == 0 {
                    return Ok(());
                }
                self.bytes(&buffer[..got], &mut stream)?;
            }
        }
    }

    /// An urgent byte, after everything that was sent before it.
    fn urgent(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let mut byte = [0];
        let (got, _) = recv(&*stream, &mut byte, RecvFlags::OOB)?;
        let mut before = [0; 512];
        // Reading stops at the mark where the urgent byte stood.
        while let Ok((got @ 1.., _)) = recv(&*stream, &mut before, RecvFlags::DONTWAIT) {
            self.bytes(&before[..got], stream)?;
        }
        match (got, byte[0]) {
            (1, WARM_RESET) => self.reset(stream),
            (1, ERROR_SIGNAL) => self.refuse(stream),
            _ => Ok(()),
        }
    }
}
