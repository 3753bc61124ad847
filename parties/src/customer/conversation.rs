//! Handshake and requests over a carrier: what is not answered is sent again as it is, and nothing but an answer of the server's ends a
//! wait.

use super::carrier::Frames;
use super::error::CustomerError;
use super::file::{Fresh, PhoneFile};
use crate::places::must_be_free;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use client::talk::{Answer, Claims, Enrolled, Password, Request, Said};
use client::{Code, Keypair, Known, Marks, Mode, Opening, PhoneSession, Slip, Stamp, marks};
use scheme::chance::random;
use scheme::subscription::{Imei, Imsi, Msisdn};
use std::path::Path;
use std::time::{Duration, Instant};

/// Times that the same is sent.
const TIMES: u32 = 4;
/// Seconds between China's clock, which moments have, and UTC.
const CHINA_S: i64 = 8 * 3600;

/// Seconds since 1970-01-01T00:00:00Z.
fn now(session: &Session) -> Result<i64> {
    Ok(session.now()?.seconds() - CHINA_S)
}

/// Sends a frame until something that `take` takes comes back; each time it is waited longer.
fn exchange<T>(
    frames: &mut dyn Frames,
    frame: &[u8],
    what: &'static str,
    mut take: impl FnMut(&[u8]) -> Option<T>,
) -> Result<T> {
    for times in 0..TIMES {
        frames.send(frame)?;
        let until = Instant::now() + frames.patience() * (1 << times.min(2));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                break;
            }
            match frames.receive(left)? {
                Some(heard) => {
                    if let Some(taken) = take(&heard) {
                        return Ok(taken);
                    }
                }
                None => break,
            }
        }
    }
    Err(Trouble::new(CustomerError::Silent(what)))
}

/// What a slip says, and what the phone and its user say.
pub struct EnrolRequest {
    /// How it will prove who it is.
    pub mode: Mode,
    /// Where the server is, to be kept.
    pub server_url: String,
    /// The server's static key, as it stands on the slip.
    pub server_key: String,
    /// The slip's number, as it stands there.
    pub slip: String,
    /// The code.
    pub code: Code,
    /// The telephone number.
    pub msisdn: Msisdn,
    /// The subscriber of the SIM, where it is known.
    pub imsi: Option<Imsi>,
    /// The telephone, where it is known.
    pub imei: Option<Imei>,
    /// The user name he wants.
    pub user: String,
    /// The password he wants.
    pub password: Password,
}

/// Enrols a phone with a slip, and keeps its file.
///
/// # Errors
/// The file is there; the server says nothing, or refuses.
pub fn enrol(
    session: &Session,
    frames: &mut dyn Frames,
    path: &Path,
    wanted: &EnrolRequest,
) -> Result<PhoneFile> {
    must_be_free(path)?;
    session.must_be_unseeded("the keys of a phone")?;
    let key = || Trouble::new(CustomerError::ServerKey(wanted.server_key.clone()));
    let mut server = [0; 32];
    hex::decode_to_slice(&wanted.server_key, &mut server).map_err(|_| key())?;
    let mut number = [0; 4];
    hex::decode_to_slice(&wanted.slip, &mut number)
        .map_err(|_| Trouble::new(CustomerError::Slip(wanted.slip.clone())))?;
    let mut chance = session.chance("phone");
    let own = Keypair::new(&::keys::Zeroizing::new(random::<32>(&mut *chance)));
    let (imsi, imei) = (wanted.imsi.as_ref().map(Imsi::as_str), wanted.imei.as_ref().map(Imei::as_str));
    let said = marks::Said { msisdn: wanted.msisdn.as_str(), imsi, imei, user: &wanted.user };
    let time = Stamp::of(now(session)?, 0);
    let slip = Slip { mode: wanted.mode, server: &server, own: &own, number, code: &wanted.code };
    let opening = Opening::enrol(&slip, &Marks::of(&said), time, &mut *chance).map_err(|_| key())?;
    let mut phone = open(session, frames, &opening, "the enrolment")?;
    let claims = Claims {
        msisdn: wanted.msisdn.clone(),
        imsi: wanted.imsi.clone(),
        imei: wanted.imei.clone(),
        user: wanted.user.clone(),
        password: wanted.password.clone(),
    };
    let Said::Enrolled(Enrolled { customer, psk, name }) =
        asked(session, frames, &mut phone, &Request::Enrol(claims))?
    else {
        return Err(Trouble::new(CustomerError::Foreign("another answer than asked for".to_owned())));
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    let kept = PhoneFile::new(
        path,
        Fresh {
            mode: wanted.mode,
            server_url: wanted.server_url.clone(),
            server,
            own,
            psk,
            name,
            customer,
            said: (wanted.msisdn.to_string(), text(imsi), text(imei), wanted.user.clone()),
            last: time,
        },
    );
    kept.keep()?;
    Ok(kept)
}

fn open(
    session: &Session,
    frames: &mut dyn Frames,
    opening: &Opening,
    what: &'static str,
) -> Result<PhoneSession> {
    let now = now(session)?;
    exchange(frames, opening.frame(), what, |heard| opening.answered(heard, now).ok())
}

/// Asks one thing, and waits for its answer.
fn asked(
    session: &Session,
    frames: &mut dyn Frames,
    phone: &mut PhoneSession,
    request: &Request,
) -> Result<Said> {
    let now = now(session)?;
    let frame = phone.ask(request, now).map_err(|error| refused(error.to_string()).code("phone-session"))?;
    let answer = exchange(frames, &frame, "what was asked", |heard| phone.hear(heard, now).ok())?;
    match answer {
        Answer::Done(said) => Ok(said),
        Answer::Not(status, why) => Err(Trouble::new(CustomerError::of(status, why))),
    }
}

/// A session of a phone that is known.
pub struct Conversation<'f> {
    session: &'f Session,
    frames: &'f mut dyn Frames,
    phone: PhoneSession,
}

impl<'f> Conversation<'f> {
    /// Begins one. The time it begins with is kept before it is sent.
    ///
    /// # Errors
    /// The server says nothing; the file cannot be written.
    pub fn begin(
        session: &'f Session,
        frames: &'f mut dyn Frames,
        file: &mut PhoneFile,
    ) -> Result<Conversation<'f>> {
        file.last = Stamp::of(now(session)?, 0).after(file.last);
        file.keep()?;
        let known =
            Known { mode: file.mode, server: &file.server, own: &file.own, psk: &file.psk, name: &file.name };
        let mut chance = session.chance(&format!("session {}", hex::encode(file.last.bytes())));
        let opening = Opening::session(&known, &file.marks(), file.last, &mut *chance)
            .map_err(|error| Trouble::new(CustomerError::Foreign(error.to_string())))?;
        let phone = open(session, frames, &opening, "the phone's greeting")?;
        Ok(Conversation { session, frames, phone })
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// The server says nothing, or no.
    pub fn ask(&mut self, request: &Request) -> Result<Said> {
        asked(self.session, self.frames, &mut self.phone, request)
    }
}
