//! What a meter that calls its server says beside DL/T 645: login, heartbeat, logout, and the server's word that it heard them
//! [docs/specs/netmeter.md 2]. The frames are those of the field's terminals; a [`Hearing`] tells them from frames of DL/T 645 on one line.

use crate::dlt645::{Address, END, FRAME_MAX, START};
use alloc::vec::Vec;

/// Bytes of a frame beside its user data.
const AROUND: usize = 8;
/// User data of a frame without data: control, address, function, sequence, information.
const BARE: usize = 12;
/// The longest user data that is taken: what a terminal says here is short.
const USER_MAX: usize = 64;
/// Terminal to server, who begins; link.
const UP: u8 = 0xC9;
/// Server to terminal; state of the link.
const DOWN: u8 = 0x0B;
/// Application function: link.
const LINK: u8 = 0x02;
/// Application function: confirmed, or not.
const CONFIRM: u8 = 0x00;
/// One frame, first and last, that wants to be confirmed.
const ASKS: u8 = 0x70;
/// One frame, first and last, that does not.
const TELLS: u8 = 0x60;
/// Which of the protocols of this frame it is, in the two low bits of its length. UNSPECIFIED: older terminals write 1; it is not looked at.
const PROTOCOL: u16 = 2;

/// What a frame of the link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkAct {
    /// F1: a meter is there.
    Login,
    /// F2: it goes.
    Logout,
    /// F3: it is still there.
    Beat,
    /// The server heard it.
    Confirm,
}

/// A frame of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkFrame {
    /// What it says.
    pub act: LinkAct,
    /// The terminal's address as it stands on the line.
    pub terminal: [u8; 5],
    /// Its number among others, 0 to 15.
    pub sequence: u8,
    /// The meter's number, most significant digits first; in a login alone.
    pub number: Option<[u8; 6]>,
}

/// The terminal's address of a meter: its last eight digits, least significant byte first, and a byte 0.
///
/// UNSPECIFIED: how a meter's twelve digits stand in a terminal's five bytes; so a login of ours carries them all behind.
pub const fn terminal(meter: Address) -> [u8; 5] {
    let [_, _, a3, a2, a1, a0] = meter.0;
    [a0, a1, a2, a3, 0]
}

impl LinkFrame {
    /// What a meter says; its number stands in a login.
    pub const fn of_meter(act: LinkAct, meter: Address, sequence: u8) -> Self {
        let number = if matches!(act, LinkAct::Login) { Some(meter.0) } else { None };
        LinkFrame { act, terminal: terminal(meter), sequence: sequence & 0x0F, number }
    }

    /// The server's word that it heard this.
    pub const fn confirmed(&self) -> Self {
        LinkFrame { act: LinkAct::Confirm, terminal: self.terminal, sequence: self.sequence, number: None }
    }

    /// As it stands on the line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (control, function, sequence, information) = match self.act {
            LinkAct::Login => (UP, LINK, ASKS, 1),
            LinkAct::Logout => (UP, LINK, ASKS, 2),
            LinkAct::Beat => (UP, LINK, ASKS, 4),
            LinkAct::Confirm => (DOWN, CONFIRM, TELLS, 1),
        };
        let mut user = Vec::from([control]);
        user.extend(self.terminal);
        user.extend([function, sequence | self.sequence & 0x0F, 0, 0, information, 0]);
        user.extend(self.number.into_iter().flat_map(|number| number.into_iter().rev()));
        // No user data of ours is longer than 18 bytes.
        let length = ((user.len() as u16) << 2 | PROTOCOL).to_le_bytes();
        let mut out = Vec::from([START]);
        out.extend(length.repeat(2));
        out.push(START);
        out.extend(&user);
        out.extend([sum(&user), END]);
        out
    }

    /// Reads user data.
    fn read(user: &[u8]) -> Option<Self> {
        let (bare, data) = user.split_at_checked(BARE)?;
        let [control, a0, a1, a2, a3, a4, function, sequence, 0, 0, information, 0] = *bare else {
            return None;
        };
        let act = match (control, function, information) {
            (UP, LINK, 1) => LinkAct::Login,
            (UP, LINK, 2) => LinkAct::Logout,
            (UP, LINK, 4) => LinkAct::Beat,
            // QUIRK(confirm): servers of the field confirm a heartbeat as F3 too, with more behind.
            (DOWN, CONFIRM, 1 | 4) => LinkAct::Confirm,
            _ => return None,
        };
        let number = match (act, <[u8; 6]>::try_from(data)) {
            (LinkAct::Login, Ok(mut number)) => {
                number.reverse();
                Some(number)
            }
            _ => None,
        };
        Some(LinkFrame { act, terminal: [a0, a1, a2, a3, a4], sequence: sequence & 0x0F, number })
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// What was found on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A frame of the link.
    Link(LinkFrame),
    /// A whole frame of DL/T 645, as it came.
    Meter(Vec<u8>),
}

/// Finds both kinds of frames in what comes, however it is cut or joined. It never holds more than the longest frame.
///
/// Both begin with 68. The sixth byte of a frame of the link is 68 again and the seventh no digits, which it is in every number of a meter: no
/// frame is of both kinds.
#[derive(Debug, Clone, Default)]
pub struct Hearing {
    waiting: Vec<u8>,
    noise: usize,
}

/// What a beginning may become.
enum Beginning {
    /// Too short to tell.
    Short,
    /// None.
    Noise,
    /// A frame of the link with so much user data.
    Link(usize),
    /// A frame of DL/T 645 of so many bytes.
    Meter(usize),
}

impl Hearing {
    /// Takes bytes, and gives what is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut found = Vec::new();
        for byte in bytes {
            self.waiting.push(*byte);
            self.look(&mut found);
        }
        found
    }

    /// The line was silent: what has begun will not end. What stands inside it is found.
    pub fn silence(&mut self) -> Vec<Heard> {
        let mut found = Vec::new();
        while !self.waiting.is_empty() {
            self.pass_over();
            self.look(&mut found);
        }
        found
    }

    /// Whether a frame has begun.
    pub const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Bytes since the last frame that belonged to none; FE before a frame are none of them.
    pub const fn noise(&self) -> usize {
        self.noise
    }

    fn pass_over(&mut self) {
        if self.waiting.remove(0) != crate::dlt645::WAKE {
            self.noise += 1;
        }
    }

    fn look(&mut self, found: &mut Vec<Heard>) {
        while let Some(first) = self.waiting.first() {
            let heard = match if *first == START { begins(&self.waiting) } else { Beginning::Noise } {
                Beginning::Short => return,
                Beginning::Noise => None,
                Beginning::Link(user) if self.waiting.len() < AROUND + user => return,
                Beginning::Link(user) => {
                    whole_link(&self.waiting, user).map(|link| (Heard::Link(link), AROUND + user))
                }
                Beginning::Meter(length) if self.waiting.len() < length => return,
                Beginning::Meter(length) => {
                    whole(&self.waiting, length).map(|bytes| (Heard::Meter(bytes), length))
                }
            };
            match heard {
                Some((heard, length)) => {
                    self.waiting.drain(..length);
                    self.noise = 0;
                    found.push(heard);
                }
                None => self.pass_over(),
            }
        }
    }
}

/// What a byte 68 with what follows it may be.
fn begins(bytes: &[u8]) -> Beginning {
    if let [_, a, b, c, d, START, UP | DOWN, ..] = *bytes
        && (a, b) == (c, d)
    {
        let user = usize::from(u16::from_le_bytes([a, b]) >> 2);
        return if (BARE..=USER_MAX).contains(&user) { Beginning::Link(user) } else { Beginning::Noise };
    }
    match *bytes {
        [_, _, _, _, _, _, _, START, _, length, ..] => {
            Beginning::Meter(FRAME_MAX - 255 + usize::from(length))
        }
        [_, _, _, _, _, _, _, other, ..] if other != START => Beginning::Noise,
        _ => Beginning::Short,
    }
}

fn whole_link(bytes: &[u8], user: usize) -> Option<LinkFrame> {
    let (user, end) = bytes.get(6..)?.split_at_checked(user)?;
    let [wanted, END, ..] = *end else { return None };
    if sum(user) == wanted { LinkFrame::read(user) } else { None }
}

fn whole(bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    let bytes = bytes.get(..length)?;
    let [body @ .., wanted, END] = bytes else { return None };
    (sum(body) == *wanted).then(|| bytes.to_vec())
}
