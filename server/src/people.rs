//! People who log in: their sessions, the secrets of their codes, their failed logins, and what one of them asked another to decide
//! (docs/specs/console.md).

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, time, time_text};
use crate::store::{Store, Transaction, View};
use scheme::moment::Moment;

/// What an operator's telephone makes codes from.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeSecret {
    /// 20 secret bytes.
    pub secret: [u8; 20],
    /// The step of the last code that was taken.
    pub last: u64,
}

impl core::fmt::Debug for CodeSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CodeSecret(..)")
    }
}

/// A browser somebody is logged in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// SHA-256 of the 32 bytes that its cookie holds.
    pub hash: [u8; 32],
    /// Whose it is.
    pub operator: String,
    /// Of the password he logged in with.
    pub mark: String,
    /// Where he logged in from.
    pub address: String,
    /// When he logged in.
    pub made: Moment,
    /// When he was there last.
    pub seen: Moment,
    /// When it ends at the latest.
    pub ends: Moment,
}

/// Failed logins of a name or from an address, since the last good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// How many.
    pub times: u32,
    /// When the last was.
    pub last: Moment,
}

/// How an act stands that one asked another to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nobody has decided.
    Waiting,
    /// It is to be done, or was tried.
    Approved,
    /// It is not to be done.
    Refused,
    /// Who asked took it back.
    Withdrawn,
}

impl ApprovalState {
    const ALL: [ApprovalState; 4] =
        [ApprovalState::Waiting, ApprovalState::Approved, ApprovalState::Refused, ApprovalState::Withdrawn];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            ApprovalState::Waiting => "waiting",
            ApprovalState::Approved => "approved",
            ApprovalState::Refused => "refused",
            ApprovalState::Withdrawn => "withdrawn",
        }
    }
}

/// An act that one person asks for and another decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    /// The id of the request that asks: asked twice it is one.
    pub request: String,
    /// The act by its name.
    pub act: String,
    /// What is asked of it, as JSON.
    pub asked: String,
    /// The customer it is about.
    pub customer: Option<String>,
    /// Why, in the words of who asks.
    pub reason: String,
    /// Who asks.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub state: ApprovalState,
    /// Whose.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Why not.
    pub why: Option<String>,
}

/// An act that was asked for, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its number.
    pub id: i64,
    /// What was asked for.
    pub what: AskedFor,
    /// Where it stands.
    pub state: ApprovalState,
    /// What was decided.
    pub decided: Option<Decision>,
    /// What came of it: a status and what was said.
    pub end: Option<(u16, String)>,
}

const APPROVAL: &str = "SELECT id, request, act, asked, customer, reason, asked_by, asked_at, state, decided_by, decided_at, why, \
     status, said FROM approval";

fn approval(row: &Row<'_>) -> Result<Approval, StoreError> {
    let name: String = column(row, "state")?;
    let state = ApprovalState::ALL.into_iter().find(|state| state.name() == name);
    let state = state.ok_or(StoreError::Value { place: "approval.state", detail: name })?;
    let decided = match column::<Option<String>>(row, "decided_by")? {
        Some(by) => Some(Decision { state, by, at: time(row, "decided_at")?, why: column(row, "why")? }),
        None => None,
    };
    let end = match (column::<Option<u16>>(row, "status")?, column(row, "said")?) {
        (Some(status), Some(said)) => Some((status, said)),
        _ => None,
    };
    Ok(Approval {
        id: column(row, "id")?,
        what: AskedFor {
            request: column(row, "request")?,
            act: column(row, "act")?,
            asked: column(row, "asked")?,
            customer: column(row, "customer")?,
            reason: column(row, "reason")?,
            by: column(row, "asked_by")?,
            at: time(row, "asked_at")?,
        },
        state,
        decided,
        end,
    })
}

/// What the books keep of people who log in.
pub trait People {
    /// What an operator's codes are made from; `None`: he makes none.
    ///
    /// # Errors
    /// The books cannot be read.
    fn code_secret(&self, operator: &str) -> Result<Option<CodeSecret>, StoreError>;

    /// Gives an operator a new secret; the one before is forgotten.
    ///
    /// # Errors
    /// It cannot be kept.
    fn set_code_secret(&mut self, operator: &str, secret: &[u8; 20], at: Moment) -> Result<(), StoreError>;

    /// Takes the code of a step, once: `false` when this one or a later one was taken before.
    ///
    /// # Errors
    /// It cannot be kept.
    fn take_code(&mut self, operator: &str, step: u64) -> Result<bool, StoreError>;

    /// The session of a cookie's hash.
    ///
    /// # Errors
    /// The books cannot be read.
    fn web_session(&self, hash: &[u8; 32]) -> Result<Option<WebSession>, StoreError>;

    /// Begins a session, and forgets those that have ended.
    ///
    /// # Errors
    /// It cannot be kept.
    fn begin_web_session(&mut self, new: &WebSession) -> Result<(), StoreError>;

    /// Notes that somebody was there.
    ///
    /// # Errors
    /// It cannot be kept.
    fn see_web_session(&mut self, hash: &[u8; 32], at: Moment) -> Result<(), StoreError>;

    /// Ends a session.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_web_session(&mut self, hash: &[u8; 32]) -> Result<(), StoreError>;

    /// Failed logins of a name or an address.
    ///
    /// # Errors
    /// The books cannot be read.
    fn failed_logins(&self, whose: &str) -> Result<Option<Failed>, StoreError>;

    /// Notes a failed login.
    ///
    /// # Errors
    /// It cannot be kept.
    fn note_failed_login(&mut self, whose: &str, at: Moment) -> Result<(), StoreError>;

    /// Forgets failed logins, after a good one.
    ///
    /// # Errors
    /// It cannot be kept.
    fn forget_failed_logins(&mut self, whose: &str) -> Result<(), StoreError>;

    /// The id under which a person asks: `id` from now on, unless he has one.
    ///
    /// # Errors
    /// It cannot be kept.
    fn person(&mut self, id: &str, operator: &str, role: &str, at: Moment) -> Result<String, StoreError>;

    /// Writes down what one person asks another to decide; gives its number, the same one for the same request.
    ///
    /// # Errors
    /// It cannot be kept.
    fn ask_for(&mut self, what: &AskedFor) -> Result<i64, StoreError>;

    /// One of them.
    ///
    /// # Errors
    /// The books cannot be read.
    fn approval(&self, id: i64) -> Result<Option<Approval>, StoreError>;

    /// Those that wait for a decision, or were approved and have not ended; oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn open_approvals(&self) -> Result<Vec<Approval>, StoreError>;

    /// The last `most` of them, newest first, of one customer or of all.
    ///
    /// # Errors
    /// The books cannot be read.
    fn last_approvals(&self, customer: Option<&str>, most: u32) -> Result<Vec<Approval>, StoreError>;

    /// Decides; `false`: somebody did before.
    ///
    /// # Errors
    /// It cannot be kept.
    fn decide(&mut self, id: i64, decision: &Decision) -> Result<bool, StoreError>;

    /// Keeps what came of one, unless that is known.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_approval(&mut self, id: i64, status: u16, said: &str) -> Result<(), StoreError>;
}

impl View<'_> {
    fn code_secret(&self, operator: &str) -> Result<Option<CodeSecret>, StoreError> {
        self.conn.first("SELECT secret, last FROM totp WHERE operator = ?1", params![operator], |row| {
            let last: i64 = column(row, "last")?;
            Ok(CodeSecret { secret: bytes(row, "secret")?, last: last.unsigned_abs() })
        })
    }

    fn web_session(&self, hash: &[u8; 32]) -> Result<Option<WebSession>, StoreError> {
        let sql = "SELECT hash, operator, mark, address, made, seen, ends FROM web_session WHERE hash = ?1";
        self.conn.first(sql, params![hash], |row| {
            Ok(WebSession {
                hash: bytes(row, "hash")?,
                operator: column(row, "operator")?,
                mark: column(row, "mark")?,
                address: column(row, "address")?,
                made: time(row, "made")?,
                seen: time(row, "seen")?,
                ends: time(row, "ends")?,
            })
        })
    }

    fn failed_logins(&self, whose: &str) -> Result<Option<Failed>, StoreError> {
        let sql = "SELECT failed, last FROM failed_login WHERE whose = ?1";
        self.conn.first(sql, params![whose], |row| {
            Ok(Failed { times: column(row, "failed")?, last: time(row, "last")? })
        })
    }

    fn person(&self, operator: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT id FROM principal WHERE operator = ?1";
        self.conn.first(sql, params![operator], |row| column(row, "id"))
    }

    fn approval(&self, id: i64) -> Result<Option<Approval>, StoreError> {
        self.conn.first(&format!("{APPROVAL} WHERE id = ?1"), params![id], approval)
    }

    fn open_approvals(&self) -> Result<Vec<Approval>, StoreError> {
        let sql = format!("{APPROVAL} WHERE status IS NULL AND state IN ('waiting', 'approved') ORDER BY id");
        self.conn.all(&sql, params![], approval)
    }

    fn last_approvals(&self, customer: Option<&str>, most: u32) -> Result<Vec<Approval>, StoreError> {
        match customer {
            Some(customer) => {
                let sql = format!("{APPROVAL} WHERE customer = ?1 ORDER BY id DESC LIMIT ?2");
                self.conn.all(&sql, params![customer, most], approval)
            }
            None => self.conn.all(&format!("{APPROVAL} ORDER BY id DESC LIMIT ?1"), params![most], approval),
        }
    }
}

impl Transaction<'_> {
    fn set_code_secret(&self, operator: &str, secret: &[u8; 20], at: Moment) -> Result<(), StoreError> {
        self.conn.write(
            "INSERT INTO totp (operator, secret, made, last) VALUES (?1, ?2, ?3, 0) \
             ON CONFLICT (operator) DO UPDATE SET secret = excluded.secret, made = excluded.made, last = 0",
            params![operator, secret, time_text(at)],
        )?;
        Ok(())
    }

    fn take_code(&self, operator: &str, step: u64) -> Result<bool, StoreError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let sql = "UPDATE totp SET last = ?2 WHERE operator = ?1 AND last < ?2";
        Ok(self.conn.change(sql, params![operator, step])? == 1)
    }

    fn begin_web_session(&self, new: &WebSession) -> Result<(), StoreError> {
        let made = time_text(new.made);
        self.conn.write("DELETE FROM web_session WHERE ends < ?1", params![made])?;
        self.conn.write(
            "INSERT INTO web_session (hash, operator, mark, address, made, seen, ends) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                new.hash,
                new.operator,
                new.mark,
                new.address,
                made,
                time_text(new.seen),
                time_text(new.ends)
            ],
        )?;
        Ok(())
    }

    fn note_failed_login(&self, whose: &str, at: Moment) -> Result<(), StoreError> {
        self.conn.write(
            "INSERT INTO failed_login (whose, failed, last) VALUES (?1, 1, ?2) \
             ON CONFLICT (whose) DO UPDATE SET failed = failed_login.failed + 1, last = excluded.last",
            params![whose, time_text(at)],
        )?;
        Ok(())
    }

    /// A principal without a key: an operator, or a phone.
    pub(crate) fn add_person(
        &self,
        id: &str,
        operator: &str,
        role: &str,
        at: Moment,
    ) -> Result<String, StoreError> {
        if let Some(known) = self.person(operator)? {
            return Ok(known);
        }
        // No key has this hash: it is none of 32 secret bytes.
        let mut hash = [0xFF; 32];
        hash[..id.len().min(32)].copy_from_slice(&id.as_bytes()[..id.len().min(32)]);
        self.conn.write(
            "INSERT INTO principal (id, hash, role, office, made, operator) VALUES (?1, ?2, ?3, '', ?4, ?5)",
            params![id, hash, role, time_text(at), operator],
        )?;
        Ok(id.to_owned())
    }

    fn ask_for(&self, what: &AskedFor) -> Result<i64, StoreError> {
        self.conn.write(
            "INSERT INTO approval (request, act, asked, customer, reason, asked_by, asked_at, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting') ON CONFLICT (request) DO NOTHING",
            params![
                what.request,
                what.act,
                what.asked,
                what.customer,
                what.reason,
                what.by,
                time_text(what.at)
            ],
        )?;
        self.conn.one("SELECT id FROM approval WHERE request = ?1", params![what.request])
    }

    fn decide(&self, id: i64, decision: &Decision) -> Result<bool, StoreError> {
        let Decision { state, by, at, why } = decision;
        let changed = self.conn.change(
            "UPDATE approval SET state = ?2, decided_by = ?3, decided_at = ?4, why = ?5 \
             WHERE id = ?1 AND state = 'waiting'",
            params![id, state.name(), by, time_text(*at), why],
        )?;
        Ok(changed == 1)
    }

    fn end_approval(&self, id: i64, status: u16, said: &str) -> Result<(), StoreError> {
        let sql = "UPDATE approval SET status = ?2, said = ?3 WHERE id = ?1 AND status IS NULL";
        self.conn.write(sql, params![id, status, said])?;
        Ok(())
    }
}

impl People for Store {
    fn code_secret(&self, operator: &str) -> Result<Option<CodeSecret>, StoreError> {
        self.read(|view| view.code_secret(operator))
    }

    fn set_code_secret(&mut self, operator: &str, secret: &[u8; 20], at: Moment) -> Result<(), StoreError> {
        self.batch(|act| act.set_code_secret(operator, secret, at))
    }

    fn take_code(&mut self, operator: &str, step: u64) -> Result<bool, StoreError> {
        self.batch(|act| act.take_code(operator, step))
    }

    fn web_session(&self, hash: &[u8; 32]) -> Result<Option<WebSession>, StoreError> {
        self.read(|view| view.web_session(hash))
    }

    fn begin_web_session(&mut self, new: &WebSession) -> Result<(), StoreError> {
        self.batch(|act| act.begin_web_session(new))
    }

    fn see_web_session(&mut self, hash: &[u8; 32], at: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE web_session SET seen = ?2 WHERE hash = ?1 AND seen < ?2";
        self.batch(|act| act.conn.write(sql, params![hash, time_text(at)]).map(drop))
    }

    fn end_web_session(&mut self, hash: &[u8; 32]) -> Result<(), StoreError> {
        let sql = "DELETE FROM web_session WHERE hash = ?1";
        self.batch(|act| act.conn.write(sql, params![hash]).map(drop))
    }

    fn failed_logins(&self, whose: &str) -> Result<Option<Failed>, StoreError> {
        self.read(|view| view.failed_logins(whose))
    }

    fn note_failed_login(&mut self, whose: &str, at: Moment) -> Result<(), StoreError> {
        self.batch(|act| act.note_failed_login(whose, at))
    }

    fn forget_failed_logins(&mut self, whose: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM failed_login WHERE whose = ?1";
        self.batch(|act| act.conn.write(sql, params![whose]).map(drop))
    }

    fn person(&mut self, id: &str, operator: &str, role: &str, at: Moment) -> Result<String, StoreError> {
        // Who asked before is found without a write.
        match self.read(|view| view.person(operator))? {
            Some(known) => Ok(known),
            None => self.batch(|act| act.add_person(id, operator, role, at)),
        }
    }

    fn ask_for(&mut self, what: &AskedFor) -> Result<i64, StoreError> {
        self.batch(|act| act.ask_for(what))
    }

    fn approval(&self, id: i64) -> Result<Option<Approval>, StoreError> {
        self.read(|view| view.approval(id))
    }

    fn open_approvals(&self) -> Result<Vec<Approval>, StoreError> {
        self.read(|view| view.open_approvals())
    }

    fn last_approvals(&self, customer: Option<&str>, most: u32) -> Result<Vec<Approval>, StoreError> {
        self.read(|view| view.last_approvals(customer, most))
    }

    fn decide(&mut self, id: i64, decision: &Decision) -> Result<bool, StoreError> {
        self.batch(|act| act.decide(id, decision))
    }

    fn end_approval(&mut self, id: i64, status: u16, said: &str) -> Result<(), StoreError> {
        self.batch(|act| act.end_approval(id, status, said))
    }
}
