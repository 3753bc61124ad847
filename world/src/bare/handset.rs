//! A customer's phone, which may have a wrong clock, a wrong code, or another's key.

use super::bank::Bank;
use super::entry::{Entry, Paper, unix};
use super::seed::Seed;
use super::site::{imei, imsi, msisdn};
use client::talk::{Answer, Claims, Enrolled, Password, Psk, Request};
use client::{Code, Keypair, Known, Marks, Mode, Opening, PhoneSession, Slip, Stamp, marks};
use keys::Zeroizing;
use parties::trouble::{Result, refused};
use vcard::SeededChance;

/// What each user calls himself.
const USER: &str = "li";

/// What a phone's clock is wrong by, and what was typed in wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slipped {
    /// A wrong code.
    pub code: bool,
    /// Seconds that its clock is ahead.
    pub ahead_s: i64,
    /// A bit of its psk that is another.
    pub psk: Option<u16>,
}

/// A customer's phone.
pub struct Handset {
    n: u32,
    /// Version of the SIM in it.
    sim: u32,
    own: Keypair,
    known: Option<(Psk, [u8; 8])>,
    session: Option<PhoneSession>,
    last: Stamp,
    chance: SeededChance,
}

impl Handset {
    /// One that nobody knows yet. `sim`: version of the SIM in it; `nth`: times that its user began anew, with a new key each.
    pub fn new(seed: Seed, n: u32, sim: u32, nth: u32) -> Self {
        let label = format!("handset {n} {sim} {nth}");
        let own = Keypair::new(&seed.bytes(&label));
        Handset { n, sim, own, known: None, session: None, last: Stamp::ZERO, chance: seed.chance(&label) }
    }

    /// Whether a bank knows it, as far as it knows.
    pub fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// It begins sessions as if a bank had given it this.
    pub fn pretend(&mut self, psk: [u8; 32]) {
        self.known = Some((Psk(Zeroizing::new(psk)), [0; 8]));
    }

    /// What a bank gave it.
    pub fn psk(&self) -> Option<[u8; 32]> {
        self.known.as_ref().map(|(psk, _)| *psk.0)
    }

    /// Version of the SIM that it was made known with.
    pub fn sim(&self) -> u32 {
        self.sim
    }

    fn marks(&self) -> Marks {
        Marks::of(&marks::Said {
            msisdn: &msisdn(self.n),
            imsi: Some(&imsi(self.n, self.sim)),
            imei: Some(&imei(self.n)),
            user: USER,
        })
    }

    fn stamp(&mut self, now: i64) -> Stamp {
        self.last = Stamp::of(now, 0).after(self.last);
        self.last
    }

    /// Begins an enrolment: the first message.
    ///
    /// # Errors
    /// The server's key is none.
    pub fn enrol(&mut self, paper: &Paper, bank: &Bank, entry: &Entry, slipped: Slipped) -> Result<Opening> {
        let (now, wrong) = (unix(bank), Code::new(&[7; 10]));
        let code = if slipped.code { &wrong } else { &paper.code };
        let (marks, time) = (self.marks(), self.stamp(now));
        let slip =
            Slip { mode: Mode::Noise, server: &entry.public(), own: &self.own, number: paper.number, code };
        Ok(Opening::enrol(&slip, &marks, time, &mut self.chance)
            .map_err(|error| refused(error.to_string()))?)
    }

    /// What it says of itself in an enrolment.
    ///
    /// # Errors
    /// None that is known.
    pub fn claims(&self) -> Result<Request> {
        Ok(Request::Enrol(Claims {
            msisdn: msisdn(self.n).parse()?,
            imsi: Some(imsi(self.n, self.sim).parse()?),
            imei: Some(imei(self.n).parse()?),
            user: USER.to_owned(),
            password: Password(Zeroizing::new("in no hurry".to_owned())),
        }))
    }

    /// The bank knows it now.
    pub fn enrolled(&mut self, enrolled: &Enrolled) {
        self.known = Some((enrolled.psk.clone(), enrolled.name));
        self.session = None;
    }

    /// Begins a session: the first message; `None` of a phone that nobody knows.
    ///
    /// # Errors
    /// The server's key is none.
    pub fn begin(&mut self, bank: &Bank, entry: &Entry, slipped: Slipped) -> Result<Option<Opening>> {
        let Some((mut psk, name)) = self.known.clone() else { return Ok(None) };
        if let Some(bit) = slipped.psk {
            psk.0[usize::from(bit / 8) % 32] ^= 1 << (bit % 8);
        }
        let now = unix(bank);
        // What a clock that was wrong said is not remembered: it was never heard.
        let time = match slipped.ahead_s {
            0 => self.stamp(now),
            ahead_s => Stamp::of(now + ahead_s, 0),
        };
        let known =
            Known { mode: Mode::Noise, server: &entry.public(), own: &self.own, psk: &psk, name: &name };
        let marks = self.marks();
        let opening = Opening::session(&known, &marks, time, &mut self.chance);
        Ok(Some(opening.map_err(|error| refused(error.to_string()))?))
    }

    /// Takes the second message; `false`: it is none of this handshake's.
    pub fn opened(&mut self, opening: &Opening, answer: &[u8], bank: &Bank) -> bool {
        self.session = opening.answered(answer, unix(bank)).ok();
        self.session.is_some()
    }

    /// Whether it has a session that lasts.
    pub fn is_in_session(&self, bank: &Bank) -> bool {
        self.session.as_ref().is_some_and(|session| !session.is_over(unix(bank)))
    }

    /// The frame that asks for something; `None`: it has no session.
    pub fn ask(&mut self, request: &Request, bank: &Bank) -> Option<Vec<u8>> {
        self.session.as_mut()?.ask(request, unix(bank)).ok()
    }

    /// Takes a frame; `None`: it is not what is waited for, and changes nothing.
    pub fn hear(&mut self, frame: &[u8], bank: &Bank) -> Option<Answer> {
        self.session.as_mut()?.hear(frame, unix(bank)).ok()
    }

    /// Nobody answers: another session is begun next.
    pub fn hang_up(&mut self) {
        self.session = None;
    }
}
