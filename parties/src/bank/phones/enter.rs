//! Who a phone is, and whether it may: enrolment, the beginning of a session, each act in it. Every refusal has a line in the log with its reason;
//! outside there is one word.

use crate::bank::desk::Desk;
use crate::bank::known;
use crate::log;
use crate::people::operators::Role;
use crate::people::{Person, acts_by_key};
use crate::session::{Deed, Session};
use crate::trouble::{Result, Trouble};
use ::keys::Zeroizing;
use client::talk::{Claims, Enrolled, Psk};
use client::{Identifier, Marks, Mode, Stamp, Who, marks};
use scheme::chance::random;
use scheme::numbers::CustomerNumber;
use server::{Act, Customer, Hashed, NewPhone, Phone, PhoneEnd, PhoneError, must_agree};

/// What the log calls an enrolment.
const ENROL: &str = "phone enrol";
/// What the log calls what a phone was refused.
const ASK: &str = "phone ask";
/// What the log calls the end of a phone by its own wish.
const FORGET: &str = "phone forget";

/// Whom a first message names, as far as the books know him.
pub struct Whom {
    /// The secret without which it does not open.
    pub secret: Zeroizing<[u8; 32]>,
    /// The time of his last session.
    pub last: Stamp,
    /// The phone's name; `None`: somebody enrols by a slip.
    pub name: Option<[u8; 8]>,
    /// Whose phone or slip it is.
    pub customer: CustomerNumber,
}

/// Looks up whom a first message names. `None`: nobody who could have sent it.
///
/// # Errors
/// The books cannot be read.
pub fn whom(session: &Session, desk: &Desk, who: &Who, mode: Mode) -> Result<Option<Whom>> {
    let books = desk.books();
    let phone = match who {
        Who::Slip(number, _) => {
            let slip = books.open_slip(*number, session.now()?)?;
            return Ok(slip.map(|slip| Whom {
                secret: slip.psk,
                last: Stamp::ZERO,
                name: None,
                customer: slip.customer,
            }));
        }
        Who::Key(public) => books.phone_of_key(public)?,
        Who::Name(name) => books.phone(*name)?,
    };
    let known = phone.filter(|phone| phone.mode == mode);
    Ok(known.and_then(|Phone { name, psk, last, customer, .. }| {
        psk.map(|secret| Whom { secret, last, name: Some(name), customer })
    }))
}

/// As the log knows a phone.
fn person(name: &str) -> Person {
    Person::by_key(&format!("phone:{name}"), Role::Clerk)
}

/// A line of something that was refused, with its reason. It changes nothing else.
fn note(
    session: &Session,
    desk: &mut Desk,
    deed: &'static str,
    whose: &str,
    facts: &[(&'static str, String)],
    why: PhoneError,
) {
    let done: Result<()> = session.anew(Deed::One(deed)).act(|session| {
        acts_by_key(session, desk.place(), person(whose), None)?;
        for (name, value) in facts {
            log::fact(session, name, value);
        }
        desk.enter(session)?;
        Err(Trouble::new(why))
    });
    // It is the refusal, which the phone hears as one word.
    drop(done);
}

/// The code of a slip was wrong: a try is spent, and the log has it.
///
/// # Errors
/// The books cannot be written.
pub fn code_was_wrong(session: &Session, desk: &mut Desk, slip: [u8; 4]) -> Result<()> {
    let at = session.now()?;
    if let Some(left) = desk.books_mut().wrong_code(slip, at)? {
        let number = hex::encode_upper(slip);
        let facts = [("slip", number.clone()), ("tries_left", left.to_string())];
        note(session, desk, ENROL, "unknown", &facts, PhoneError::Code(number));
    }
    Ok(())
}

/// Who asks in a session: the phone, and what it said in the first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The server's name for it.
    pub name: [u8; 8],
    /// The time in the first message.
    pub time: Stamp,
    /// What it says of itself.
    pub marks: Marks,
}

/// Notes that a session is used for the first time. `false`: a later one of the phone was used before, or nobody knows it any more.
///
/// # Errors
/// It cannot be kept.
pub fn begin(session: &Session, desk: &mut Desk, caller: &Caller) -> Result<bool> {
    let at = session.now()?;
    Ok(desk.books_mut().see_phone(caller.name, caller.time, at)?)
}

/// A phone that may.
pub struct Entered {
    /// It.
    pub phone: Phone,
    /// Whose it is.
    pub customer: Customer,
    /// His office.
    pub office: String,
}

/// Whether a phone may do something now: what it said of itself is compared with the books as they are.
///
/// # Errors
/// What does not agree ([`PhoneError`]); the books cannot be read.
pub fn let_in(desk: &Desk, caller: &Caller, act: Act) -> Result<Entered> {
    let books = desk.books();
    let name = || hex::encode(caller.name);
    let phone = books.phone(caller.name)?.filter(|phone| phone.ended.is_none());
    let phone = phone.ok_or_else(|| PhoneError::Unknown(name()))?;
    if phone.last != caller.time {
        return Err(PhoneError::Old.into());
    }
    let customer = known(books, phone.customer)?;
    must_agree(act, &caller.marks, &customer, Some(&phone))?;
    let office = books.office_of(&server::Named::Customer(phone.customer))?.unwrap_or_default();
    Ok(Entered { phone, customer, office })
}

/// Notes in the log that a phone was refused, and why.
pub fn refused(session: &Session, desk: &mut Desk, caller: &Caller, what: &'static str, why: PhoneError) {
    let name = hex::encode(caller.name);
    note(session, desk, ASK, &name, &[("phone", name.clone()), ("asked", what.to_owned())], why);
}

/// Counts a password that was compared, before anything is done with it.
///
/// # Errors
/// It is wrong, or has no tries left; the books cannot be written.
pub fn count_password(desk: &mut Desk, phone: &Phone, good: bool) -> Result<()> {
    if phone.tries == 0 {
        return Err(PhoneError::Password.into());
    }
    desk.books_mut().count_password(phone.name, good)?;
    if good { Ok(()) } else { Err(PhoneError::Password.into()) }
}

/// An enrolment.
pub struct Enrolment {
    /// The slip.
    pub slip: [u8; 4],
    /// How it proves who it is.
    pub mode: Mode,
    /// The phone's static key.
    pub public: Option<[u8; 32]>,
    /// The time in the first message.
    pub time: Stamp,
    /// What the first message says of the phone.
    pub marks: Marks,
    /// What the phone says in full.
    pub claims: Claims,
    /// The hash of its user's password.
    pub password: Hashed,
}

/// Takes a phone in: its slip is used up, and it gets the key its sessions begin with.
///
/// # Errors
/// The slip is at its end; what it says does not agree; the customer has as many phones as he may. All of it stands in the log.
pub fn enrol(session: &Session, desk: &mut Desk, wanted: &Enrolment) -> Result<Enrolled> {
    session.anew(Deed::One(ENROL)).act(|session| {
        acts_by_key(session, desk.place(), person("enrolment"), None)?;
        desk.enter(session)?;
        log::fact(session, "slip", hex::encode_upper(wanted.slip));
        let enrolled = desk.together(|desk| taken_in(session, desk, wanted))?;
        desk.note_ledger(session)?;
        Ok(enrolled)
    })
}

fn taken_in(session: &Session, desk: &mut Desk, wanted: &Enrolment) -> Result<Enrolled> {
    let at = session.now()?;
    let books = desk.books();
    let slip = books.open_slip(wanted.slip, at)?.ok_or_else(|| {
        let number = hex::encode_upper(wanted.slip);
        server::ContractError::Ended {
            number,
            why: "it was used or replaced, or its time is over".to_owned(),
        }
    })?;
    let customer = known(books, slip.customer)?;
    must_agree(Act::Enrol, &wanted.marks, &customer, None)?;
    says_the_same(&wanted.claims, &wanted.marks)?;
    let mut chance = session.chance(&format!("phone {} {at}", hex::encode(wanted.slip)));
    let name: [u8; 8] = random(&mut *chance);
    let principal = hex::encode(random::<4>(&mut *chance));
    let psk = Zeroizing::new(random::<32>(&mut *chance));
    let imei = wanted.marks.get(Identifier::Imei);
    let new = NewPhone {
        name,
        principal,
        slip: wanted.slip,
        mode: wanted.mode,
        public: wanted.public,
        psk: psk.clone(),
        imsi: wanted.marks.get(Identifier::Imsi).is_said(),
        imei: imei.is_said().then_some(imei),
        user: wanted.marks.get(Identifier::User),
        password: wanted.password.clone(),
        time: wanted.time,
        at,
    };
    let number = desk.books_mut().enrol_phone(&new)?;
    log::fact(session, "customer", number);
    log::fact(session, "phone", hex::encode(name));
    log::fact(session, "mode", if wanted.mode == Mode::Noise { "noise" } else { "paper" });
    if imei.is_said() && imei != Identifier::Imei.mark(customer.imei.as_str()) {
        // The code is what counts: a customer may have bought another telephone.
        log::fact(session, "imei", "not the registered one");
    }
    Ok(Enrolled { customer: number, psk: Psk(psk), name })
}

/// What is said in full has to be what the first message said.
fn says_the_same(claims: &Claims, said: &Marks) -> Result<(), PhoneError> {
    let full = Marks::of(&marks::Said {
        msisdn: claims.msisdn.as_str(),
        imsi: claims.imsi.as_ref().map(|imsi| imsi.as_str()),
        imei: claims.imei.as_ref().map(|imei| imei.as_str()),
        user: &claims.user,
    });
    for (identifier, error) in Identifier::ALL.into_iter().zip([
        PhoneError::Msisdn,
        PhoneError::Imsi,
        PhoneError::Imei,
        PhoneError::User,
    ]) {
        if full.get(identifier) != said.get(identifier) {
            return Err(error);
        }
    }
    Ok(())
}

/// Forgets a phone that asks for it.
///
/// # Errors
/// It is not known; the books or the log cannot be written.
pub fn forget(session: &Session, desk: &mut Desk, caller: &Caller) -> Result<()> {
    let name = hex::encode(caller.name);
    session.anew(Deed::One(FORGET)).act(|session| {
        acts_by_key(session, desk.place(), person(&name), None)?;
        desk.enter(session)?;
        log::fact(session, "phone", &name);
        let at = session.now()?;
        if !desk.books_mut().end_phone(caller.name, PhoneEnd::Left, at)? {
            return Err(PhoneError::Unknown(name.clone()).into());
        }
        desk.note_ledger(session)?;
        Ok(())
    })
}
