//! Phones that are known: their keys, what they say of themselves, when they were there last [docs/specs/client.md].

use crate::contract::ContractError;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::phone_error::PhoneError;
use crate::rows::{bytes, column, exactly, parsed, time, time_text};
use crate::store::{Store, Transaction, View};
use client::{Mark, Mode, Stamp};
use keys::Zeroizing;
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;

/// Phones a customer may have at once.
pub const PHONES: u32 = 4;
/// Tries a password has.
pub const PASSWORD_TRIES: u32 = 5;

/// A slip that can still be used.
#[derive(Clone)]
pub struct OpenSlip {
    /// Whose.
    pub customer: CustomerNumber,
    /// What its code became.
    pub psk: Zeroizing<[u8; 32]>,
    /// Tries it has left.
    pub tries: u32,
}

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed {
    /// 16 random bytes.
    pub salt: [u8; 16],
    /// Argon2id.
    pub hash: Zeroizing<[u8; 32]>,
}

/// A phone that makes itself known.
#[derive(Clone)]
pub struct NewPhone {
    /// The server's name for it, drawn.
    pub name: [u8; 8],
    /// The id of its principal, drawn: 8 hexadecimal digits.
    pub principal: String,
    /// The slip whose code it has.
    pub slip: [u8; 4],
    /// How it proves who it is.
    pub mode: Mode,
    /// Its static key; `None` in the paper's variant.
    pub public: Option<[u8; 32]>,
    /// The key its sessions begin with, drawn.
    pub psk: Zeroizing<[u8; 32]>,
    /// Whether it says an IMSI.
    pub imsi: bool,
    /// The mark of its IMEI, where it says one.
    pub imei: Option<Mark>,
    /// The mark of its user name.
    pub user: Mark,
    /// Its user's password.
    pub password: Hashed,
    /// The time in its first message.
    pub time: Stamp,
    /// When.
    pub at: Moment,
}

/// A phone that is known.
#[derive(Clone)]
pub struct Phone {
    /// The server's name for it.
    pub name: [u8; 8],
    /// Whose it is.
    pub customer: CustomerNumber,
    /// Under whose id its requests are kept.
    pub principal: String,
    /// How it proves who it is.
    pub mode: Mode,
    /// The key its sessions begin with; `None`: it is forgotten.
    pub psk: Option<Zeroizing<[u8; 32]>>,
    /// Whether it says an IMSI.
    pub imsi: bool,
    /// The mark of its IMEI, where it says one.
    pub imei: Option<Mark>,
    /// The mark of its user name.
    pub user: Mark,
    /// Its user's password; `None`: it is forgotten.
    pub password: Option<Hashed>,
    /// Tries the password has left.
    pub tries: u32,
    /// The time in the first message of its last session.
    pub last: Stamp,
    /// When it enrolled.
    pub made: Moment,
    /// When its last session began.
    pub seen: Option<Moment>,
    /// Sessions it had.
    pub sessions: u32,
    /// Since when it is frozen.
    pub frozen: Option<Moment>,
    /// When it ended, and how.
    pub ended: Option<(Moment, String)>,
}

/// Why a phone is known no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneEnd {
    /// The bank forgot it.
    Forgotten,
    /// It asked for it.
    Left,
    /// The customer got another SIM.
    Sim,
    /// The customer's data were taken out.
    Erased,
}

impl PhoneEnd {
    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            PhoneEnd::Forgotten => "forgotten",
            PhoneEnd::Left => "left",
            PhoneEnd::Sim => "sim",
            PhoneEnd::Erased => "erased",
        }
    }
}

/// Phones, behind the seam of [`Books`](crate::Books).
pub trait Phones {
    /// A slip by its number, if it can still be used at a moment.
    ///
    /// # Errors
    /// The books cannot be read.
    fn open_slip(&self, number: [u8; 4], at: Moment) -> Result<Option<OpenSlip>, StoreError>;

    /// Spends a try of a slip whose code somebody has not. What is left; `None`: it is at its end, or there is none.
    ///
    /// # Errors
    /// It cannot be kept.
    fn wrong_code(&mut self, number: [u8; 4], at: Moment) -> Result<Option<u32>, StoreError>;

    /// Takes a phone in, and ends its slip. Nothing of it is kept where it is refused.
    ///
    /// # Errors
    /// The slip is at its end; the customer has as many as he may; a phone of its key is known.
    fn enrol_phone(&mut self, new: &NewPhone) -> Result<CustomerNumber, PhoneError>;

    /// The phone of a static key, if it is known still.
    ///
    /// # Errors
    /// The books cannot be read.
    fn phone_of_key(&self, public: &[u8; 32]) -> Result<Option<Phone>, StoreError>;

    /// A phone by its name, known still or not.
    ///
    /// # Errors
    /// The books cannot be read.
    fn phone(&self, name: [u8; 8]) -> Result<Option<Phone>, StoreError>;

    /// A customer's phones, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn phones_of(&self, customer: CustomerNumber) -> Result<Vec<Phone>, StoreError>;

    /// Notes the session of a time. `false`: a later one began, or the phone is not known any more.
    ///
    /// # Errors
    /// It cannot be kept.
    fn see_phone(&mut self, name: [u8; 8], time: Stamp, at: Moment) -> Result<bool, StoreError>;

    /// Counts a password: a right one gives all tries back, a wrong one takes one. The tries that are left.
    ///
    /// # Errors
    /// It cannot be kept.
    fn count_password(&mut self, name: [u8; 8], good: bool) -> Result<u32, StoreError>;

    /// Freezes a phone, or lets it buy again. `false`: nobody knows it, or it stood so before.
    ///
    /// # Errors
    /// It cannot be kept.
    fn freeze_phone(&mut self, name: [u8; 8], frozen: Option<Moment>) -> Result<bool, StoreError>;

    /// Forgets a phone: its keys go at once. `false`: it is not known.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_phone(&mut self, name: [u8; 8], why: PhoneEnd, at: Moment) -> Result<bool, StoreError>;
}

const SELECT: &str = "SELECT name, customer, principal, mode, psk, imsi, imei, user_mark, salt, password, tries, last, made, seen, \
     sessions, frozen, ended, why FROM phone";

/// What is secret goes, and what is known of telephone and user.
const END: &str = "UPDATE phone SET public_key = NULL, psk = NULL, salt = NULL, password = NULL, imei = NULL, user_mark = ?4, \
     ended = ?2, why = ?3";

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Noise => "noise",
        Mode::Paper => "paper",
    }
}

fn phone(row: &Row<'_>) -> Result<Phone, StoreError> {
    let secret = |name: &'static str| match column::<Option<Vec<u8>>>(row, name)?.map(Zeroizing::new) {
        Some(kept) => exactly::<32>(&kept, name).map(|kept| Some(Zeroizing::new(kept))),
        None => Ok(None),
    };
    let maybe = |name: &'static str| match column::<Option<String>>(row, name)? {
        Some(_) => time(row, name).map(Some),
        None => Ok(None),
    };
    let mark = |name: &'static str| match column::<Option<Vec<u8>>>(row, name)? {
        Some(kept) => exactly(&kept, name).map(|kept| Some(Mark(kept))),
        None => Ok(None),
    };
    let mode = match column::<String>(row, "mode")?.as_str() {
        "noise" => Mode::Noise,
        "paper" => Mode::Paper,
        other => return Err(StoreError::Value { place: "phone.mode", detail: format!("{other:?}") }),
    };
    let last: [u8; 12] = bytes(row, "last")?;
    let last = Stamp::read(last)
        .ok_or_else(|| StoreError::Value { place: "phone.last", detail: "no time".to_owned() })?;
    let password = match secret("password")? {
        Some(hash) => Some(Hashed { salt: bytes(row, "salt")?, hash }),
        None => None,
    };
    let ended = match (maybe("ended")?, column::<Option<String>>(row, "why")?) {
        (Some(at), Some(why)) => Some((at, why)),
        _ => None,
    };
    Ok(Phone {
        name: bytes(row, "name")?,
        customer: parsed(row, "customer")?,
        principal: column(row, "principal")?,
        mode,
        psk: secret("psk")?,
        imsi: column(row, "imsi")?,
        imei: mark("imei")?,
        user: Mark(bytes(row, "user_mark")?),
        password,
        tries: column(row, "tries")?,
        last,
        made: time(row, "made")?,
        seen: maybe("seen")?,
        sessions: column(row, "sessions")?,
        frozen: maybe("frozen")?,
        ended,
    })
}

impl View<'_> {
    fn phone(&self, name: [u8; 8]) -> Result<Option<Phone>, StoreError> {
        self.conn.first(&format!("{SELECT} WHERE name = ?1"), params![name], phone)
    }

    fn open_slip(&self, number: [u8; 4], at: Moment) -> Result<Option<OpenSlip>, StoreError> {
        let found = self.conn.first(
            "SELECT customer, psk, expires, tries FROM slip WHERE number = ?1 AND ended IS NULL AND psk IS NOT NULL",
            params![number],
            |row| {
                let psk = Zeroizing::new(bytes(row, "psk")?);
                let slip = OpenSlip { customer: parsed(row, "customer")?, psk, tries: column(row, "tries")? };
                Ok((slip, time(row, "expires")?))
            },
        )?;
        Ok(found.filter(|(_, expires)| at <= *expires).map(|(slip, _)| slip))
    }
}

impl Transaction<'_> {
    fn enrol_phone(&self, new: &NewPhone) -> Result<CustomerNumber, PhoneError> {
        let slip = self.open_slip(new.slip, new.at)?.ok_or_else(|| {
            let number = hex::encode_upper(new.slip);
            ContractError::Ended {
                number,
                why: "it was used, replaced or tried too often, or its time is over".to_owned(),
            }
        })?;
        let customer = slip.customer.to_string();
        let known: u32 = self
            .conn
            .one("SELECT count(*) FROM phone WHERE customer = ?1 AND ended IS NULL", params![customer])?;
        if known >= PHONES {
            return Err(PhoneError::Many(known));
        }
        if let Some(key) = new.public {
            let same: u32 =
                self.conn.one("SELECT count(*) FROM phone WHERE public_key = ?1", params![key])?;
            if same > 0 {
                return Err(PhoneError::Key);
            }
        }
        let name = hex::encode(new.name);
        let principal = self.add_person(&new.principal, &format!("phone:{name}"), "bank", new.at)?;
        self.conn.write(
            "INSERT INTO phone (name, customer, principal, mode, public_key, psk, imsi, imei, user_mark, salt, password, tries, last, \
             made) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                new.name,
                customer,
                principal,
                mode_name(new.mode),
                new.public,
                *new.psk,
                new.imsi,
                new.imei.map(|mark| mark.0),
                new.user.0,
                new.password.salt,
                *new.password.hash,
                PASSWORD_TRIES,
                *new.time.bytes(),
                time_text(new.at)
            ],
        )?;
        self.conn.write(
            "UPDATE slip SET psk = NULL, ended = ?2, why = 'used' WHERE number = ?1 AND ended IS NULL",
            params![new.slip, time_text(new.at)],
        )?;
        Ok(slip.customer)
    }

    /// Forgets all phones of a customer: their keys go at once.
    pub(crate) fn end_phones_of(
        &self,
        customer: CustomerNumber,
        why: PhoneEnd,
        at: Moment,
    ) -> Result<(), StoreError> {
        self.conn.write(
            &format!("{END} WHERE customer = ?1 AND ended IS NULL"),
            params![customer.to_string(), time_text(at), why.name(), Mark::NONE.0],
        )
    }
}

impl Phones for Store {
    fn open_slip(&self, number: [u8; 4], at: Moment) -> Result<Option<OpenSlip>, StoreError> {
        self.read(|view| view.open_slip(number, at))
    }

    fn wrong_code(&mut self, number: [u8; 4], at: Moment) -> Result<Option<u32>, StoreError> {
        self.batch(|act| match act.open_slip(number, at)? {
            Some(slip) => act.spend_try(number, slip.tries, at).map(Some),
            None => Ok(None),
        })
    }

    fn enrol_phone(&mut self, new: &NewPhone) -> Result<CustomerNumber, PhoneError> {
        self.batch(|act| act.enrol_phone(new))
    }

    fn phone_of_key(&self, public: &[u8; 32]) -> Result<Option<Phone>, StoreError> {
        self.read(|view| view.conn.first(&format!("{SELECT} WHERE public_key = ?1"), params![public], phone))
    }

    fn phone(&self, name: [u8; 8]) -> Result<Option<Phone>, StoreError> {
        self.read(|view| view.phone(name))
    }

    fn phones_of(&self, customer: CustomerNumber) -> Result<Vec<Phone>, StoreError> {
        self.read(|view| {
            view.conn.all(
                &format!("{SELECT} WHERE customer = ?1 ORDER BY made, name"),
                params![customer.to_string()],
                phone,
            )
        })
    }

    fn see_phone(&mut self, name: [u8; 8], time: Stamp, at: Moment) -> Result<bool, StoreError> {
        self.batch(|act| {
            let seen = act.conn.change(
                "UPDATE phone SET last = ?2, seen = ?3, sessions = sessions + 1 \
                 WHERE name = ?1 AND ended IS NULL AND last < ?2",
                params![name, *time.bytes(), time_text(at)],
            )?;
            Ok(seen == 1)
        })
    }

    fn count_password(&mut self, name: [u8; 8], good: bool) -> Result<u32, StoreError> {
        self.batch(|act| {
            let Some(known) = act.phone(name)?.filter(|known| known.ended.is_none()) else { return Ok(0) };
            let left = if good { PASSWORD_TRIES } else { known.tries.saturating_sub(1) };
            if left != known.tries {
                act.conn.write("UPDATE phone SET tries = ?2 WHERE name = ?1", params![name, left])?;
            }
            Ok(left)
        })
    }

    fn freeze_phone(&mut self, name: [u8; 8], frozen: Option<Moment>) -> Result<bool, StoreError> {
        self.batch(|act| {
            let changed = act.conn.change(
                "UPDATE phone SET frozen = ?2 WHERE name = ?1 AND ended IS NULL AND (frozen IS NULL) = (?3 = 1)",
                params![name, frozen.map(time_text), i64::from(frozen.is_some())],
            )?;
            Ok(changed == 1)
        })
    }

    fn end_phone(&mut self, name: [u8; 8], why: PhoneEnd, at: Moment) -> Result<bool, StoreError> {
        self.batch(|act| {
            let ended = act.conn.change(
                &format!("{END} WHERE name = ?1 AND ended IS NULL"),
                params![name, time_text(at), why.name(), Mark::NONE.0],
            )?;
            Ok(ended == 1)
        })
    }
}
