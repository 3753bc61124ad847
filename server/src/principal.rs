//! Programs that ask the bank over the network, and their keys: of each key a hash is kept, and nothing else.

use crate::engine::{Question, Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, time, time_text};
use crate::store::{Transaction, View};
use scheme::moment::Moment;

/// What a program may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sells, settles, looks.
    Clerk,
    /// As a clerk, and what costs the bank money or trust.
    Supervisor,
    /// Looks, and verifies.
    Auditor,
    /// A bank that sells for its customers.
    Bank,
    /// The power company: delivery lists in, figures out.
    Company,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 5] = [Role::Clerk, Role::Supervisor, Role::Auditor, Role::Bank, Role::Company];

    /// As it is kept, and typed.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Clerk => "clerk",
            Role::Supervisor => "supervisor",
            Role::Auditor => "auditor",
            Role::Bank => "bank",
            Role::Company => "company",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// How a principal proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By a key.
    Key,
    /// By the certificate of its TLS connection.
    Certificate,
}

impl Proof {
    /// As it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Key => "key",
            Proof::Certificate => "certificate",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Proof::Key, Proof::Certificate].into_iter().find(|proof| proof.name() == name)
    }
}

/// A program with a key, or a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its id, 8 hexadecimal digits; no secret.
    pub id: String,
    /// What it shows.
    pub proof: Proof,
    /// SHA-256 of the 32 secret bytes of its key, or of its certificate (DER).
    pub hash: [u8; 32],
    /// What it may ask for.
    pub role: Role,
    /// The office it stands in, in words.
    pub office: String,
    /// Customers buy through it by telephone.
    pub by_phone: bool,
    /// When it got its key.
    pub made: Moment,
    /// The last moment its key is good, where an end was set.
    pub expires: Option<Moment>,
    /// When its key was ended.
    pub ended: Option<Moment>,
}

impl Principal {
    /// Whether its key is good at a moment.
    pub fn is_good(&self, at: Moment) -> bool {
        self.ended.is_none() && self.expires.is_none_or(|last| at <= last)
    }
}

const SELECT: &str = "SELECT id, proof, hash, role, office, by_phone, made, expires, ended FROM principal";

/// The principal of an id.
pub(crate) fn principal_of(id: &str) -> Question {
    Question::new(format!("{SELECT} WHERE id = ?1 AND operator IS NULL"), params![id])
}

fn principal(row: &Row<'_>) -> Result<Principal, StoreError> {
    let (role, proof): (String, String) = (column(row, "role")?, column(row, "proof")?);
    let maybe = |name: &'static str| match column::<Option<String>>(row, name)? {
        Some(_) => time(row, name).map(Some),
        None => Ok(None),
    };
    Ok(Principal {
        id: column(row, "id")?,
        proof: Proof::from_name(&proof)
            .ok_or_else(|| StoreError::Value { place: "principal.proof", detail: format!("{proof:?}") })?,
        hash: bytes(row, "hash")?,
        role: Role::from_name(&role)
            .ok_or_else(|| StoreError::Value { place: "principal.role", detail: format!("{role:?}") })?,
        office: column(row, "office")?,
        by_phone: column(row, "by_phone")?,
        made: time(row, "made")?,
        expires: maybe("expires")?,
        ended: maybe("ended")?,
    })
}

impl View<'_> {
    /// The principal of an id; people who log in have no key, and are none.
    pub fn principal(&self, id: &str) -> Result<Option<Principal>, StoreError> {
        self.conn.answer(&principal_of(id), principal)
    }

    /// The principal that shows a certificate, by its SHA-256.
    pub fn principal_of_certificate(&self, hash: &[u8; 32]) -> Result<Option<Principal>, StoreError> {
        self.conn.first(
            &format!("{SELECT} WHERE hash = ?1 AND proof = 'certificate'"),
            params![hash],
            principal,
        )
    }

    /// All of them, oldest first.
    pub fn principals(&self) -> Result<Vec<Principal>, StoreError> {
        self.conn.all(&format!("{SELECT} WHERE operator IS NULL ORDER BY made, id"), params![], principal)
    }
}

impl Transaction<'_> {
    /// Takes a new one in.
    pub fn add_principal(&self, new: &Principal) -> Result<(), StoreError> {
        self.conn.write(
            "INSERT INTO principal (id, proof, hash, role, office, by_phone, made, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                new.id,
                new.proof.name(),
                new.hash,
                new.role.name(),
                new.office,
                new.by_phone,
                time_text(new.made),
                new.expires.map(time_text)
            ],
        )?;
        Ok(())
    }

    /// Ends a key; `false`: there is none of this id that is not ended yet.
    pub fn end_principal(&self, id: &str, at: Moment) -> Result<bool, StoreError> {
        let ended = self.conn.change(
            "UPDATE principal SET ended = ?2 WHERE id = ?1 AND ended IS NULL AND operator IS NULL",
            params![id, time_text(at)],
        )?;
        Ok(ended == 1)
    }
}
