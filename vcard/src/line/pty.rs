//! A terminal's own T=0 stack at the other end of a pseudo terminal [docs/specs/line.md 6].

use super::T0Card;
use super::serve::Line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::tcgetattr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often the line is looked at for what no byte tells: opened, closed, speed 0.
const TICK: Duration = Duration::from_millis(5);
/// From the opening of the device to RST high: time for the terminal to set its modes and flush what it finds.
const SETTLE: Duration = Duration::from_millis(50);

/// A pseudo terminal whose device a terminal program opens as it would a serial port.
pub struct Pty {
    master: File,
    device: PathBuf,
}

/// What the other end does, as far as no byte tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nobody has the device open: no power.
    Closed,
    /// Open, at speed 0: RST is low.
    Low,
    /// Open: power, RST high.
    High,
}

impl Pty {
    /// Makes one. Its device exists as long as this does.
    pub fn open() -> io::Result<Self> {
        let (master, device) = disk::line::pseudo_terminal()?;
        Ok(Pty { master, device })
    }

    /// The device to open.
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// Bytes as they are: no echo, no lines, no signals. Whoever opens the device gets the system's defaults first.
    fn make_raw(&self) -> io::Result<()> {
        disk::line::make_raw(&self.master)
    }

    fn events(&self, patience: Duration) -> io::Result<PollFlags> {
        let mut ready = [PollFd::new(&self.master, PollFlags::IN)];
        let patience = Timespec::try_from(patience).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut ready, Some(&patience)) {
            Ok(_) => Ok(ready[0].revents()),
            Err(Errno::INTR) => Ok(PollFlags::empty()),
            Err(error) => Err(error.into()),
        }
    }

    fn end(&self, events: PollFlags) -> io::Result<End> {
        if events.contains(PollFlags::HUP) {
            return Ok(End::Closed);
        }
        let high = tcgetattr(&self.master)?.output_speed() != 0;
        Ok(if high { End::High } else { End::Low })
    }

    /// Serves one terminal after another: opening the device is power and RST, closing it takes the power away, speed 0
    /// (B0) holds RST low. Ends after `most` terminals, if that is told.
    ///
    /// # Errors
    /// Those of the pseudo terminal, and a card whose memory could not be kept.
    pub fn serve<C: T0Card>(&self, line: &mut Line<'_, C>, most: Option<u32>) -> io::Result<()> {
        let mut served = 0;
        while most.is_none_or(|most| served < most) {
            while self.events(Duration::ZERO)?.contains(PollFlags::HUP) {
                thread::sleep(TICK);
            }
            self.make_raw()?;
            thread::sleep(SETTLE);
            self.serve_terminal(line)?;
            line.end()?;
            served += 1;
        }
        Ok(())
    }

    fn serve_terminal<C: T0Card>(&self, line: &mut Line<'_, C>) -> io::Result<()> {
        let (mut was, mut buffer) = (End::Low, [0; 512]);
        loop {
            let events = self.events(TICK)?;
            let end = self.end(events)?;
            match (was, end) {
                (End::Low, End::High) => line.reset(&mut &self.master)?,
                (End::High, End::Low) => line.wire.power_off(),
                _ => {}
            }
            was = end;
            if events.contains(PollFlags::IN) {
                let got = (&self.master).read(&mut buffer)?;
                line.bytes(&buffer[..got], &mut &self.master)?;
            } else if end == End::Closed {
                return Ok(());
            }
        }
    }
}
