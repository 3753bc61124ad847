//! The operators of a party: who may act in its folder, and how each shows who he is [docs/specs/operators.md].
//!
//! The file holds no password: of each a salt and what Argon2id makes of password and salt. Who can write the file
//! can write himself into it; so each change stands in the audit log with the file's hash, and a name is never
//! given twice.

use kdc::keystore::{Cost, KeyStoreError, Passphrase, stretch};
use scheme::fault::{Fault, Hint};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Name of the file in a party's folder.
pub const FILE: &str = "operators.json";
/// First field of the file.
const FORMAT: &str = "gridcard operators 1";
/// The longest name of an operator, in characters.
pub const NAME_MAX: usize = 32;

/// What an operator is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Does the everyday acts, and is one of the two of a two-person act.
    Clerk,
    /// As a clerk; one of the two persons of a two-person act is always a supervisor.
    Supervisor,
    /// Reads and verifies logs and books, and does no other act.
    Auditor,
}

impl Role {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Clerk => "clerk",
            Role::Supervisor => "supervisor",
            Role::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found =
            [Role::Clerk, Role::Supervisor, Role::Auditor].into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| "a role is clerk, supervisor or auditor".to_owned())
    }
}

/// What is kept of a password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    memory_kib: u32,
    passes: u32,
    lanes: u8,
    salt: String,
    argon2id: String,
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock(..)")
    }
}

impl Lock {
    fn make(password: &Passphrase, random: &mut dyn FnMut(&mut [u8])) -> Result<Self, OperatorError> {
        let mut salt = [0; 16];
        random(&mut salt);
        let cost = Cost::STANDARD;
        let hash = stretch(password, &salt, cost)?;
        Ok(Lock {
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: hex::encode(salt),
            argon2id: hex::encode(&*hash),
        })
    }

    fn opens(&self, password: &Passphrase) -> Result<bool, OperatorError> {
        let mut salt = [0; 16];
        hex::decode_to_slice(&self.salt, &mut salt).map_err(|_| OperatorError::Damaged)?;
        let kept = hex::decode(&self.argon2id).map_err(|_| OperatorError::Damaged)?;
        let cost = Cost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes };
        let hash = stretch(password, &salt, cost)?;
        Ok(keys::equal(&hash, &kept))
    }
}

impl Operator {
    /// Changes with every new password, and is no secret.
    pub fn mark(&self) -> &str {
        &self.lock.salt
    }
}

/// One operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Name, as the log writes it.
    pub name: String,
    /// What he is for.
    pub role: Role,
    /// The user of the operating system that is this operator without a login, in acts of one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Since when.
    pub since: String,
    /// When he was put out; his name is never given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    lock: Lock,
}

/// The operators of a party, in the order they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operators {
    format: String,
    operators: Vec<Operator>,
}

impl Default for Operators {
    fn default() -> Self {
        Operators { format: FORMAT.to_owned(), operators: Vec::new() }
    }
}

impl Operators {
    /// Reads the file's text.
    ///
    /// # Errors
    /// It is no list of operators.
    pub fn parse(text: &str) -> Result<Self, OperatorError> {
        let read: Operators = serde_json::from_str(text).map_err(|_| OperatorError::Damaged)?;
        if read.format == FORMAT { Ok(read) } else { Err(OperatorError::Damaged) }
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never, for such a list.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// All of them, those that were put out too.
    pub fn all(&self) -> &[Operator] {
        &self.operators
    }

    /// Those that may act.
    pub fn active(&self) -> impl Iterator<Item = &Operator> {
        self.operators.iter().filter(|operator| operator.disabled.is_none())
    }

    /// Whether nobody was ever registered.
    pub const fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// The operator a user of the operating system is, without a login.
    pub fn of_user(&self, user: &str) -> Option<&Operator> {
        self.active().find(|operator| operator.user.as_deref() == Some(user))
    }

    /// Somebody by his name, who may act.
    ///
    /// # Errors
    /// Nobody of that name, or somebody who was put out.
    pub fn named(&self, name: &str) -> Result<&Operator, OperatorError> {
        let found = self.operators.iter().find(|operator| operator.name == name);
        let found = found.ok_or_else(|| OperatorError::Unknown { name: name.to_owned() })?;
        match &found.disabled {
            None => Ok(found),
            Some(at) => Err(OperatorError::Disabled { name: name.to_owned(), at: at.clone() }),
        }
    }

    /// Somebody by name and password.
    ///
    /// # Errors
    /// As [`Operators::named`]; the wrong password.
    pub fn login(&self, name: &str, password: &Passphrase) -> Result<&Operator, OperatorError> {
        let operator = self.named(name)?;
        if operator.lock.opens(password)? {
            Ok(operator)
        } else {
            Err(OperatorError::Password { name: name.to_owned() })
        }
    }

    /// Whether a name, and the user that goes with it, can be given.
    ///
    /// # Errors
    /// It is no name, or was given before; the user is another operator.
    pub fn check_new(&self, name: &str, user: Option<&str>) -> Result<(), OperatorError> {
        check_name(name)?;
        let taken = |operator: &&Operator| operator.name.to_lowercase() == name.to_lowercase();
        if self.operators.iter().any(|operator| taken(&operator)) {
            return Err(OperatorError::Taken { name: name.to_owned() });
        }
        match user.and_then(|user| self.of_user(user)) {
            Some(other) => Err(OperatorError::UserTaken {
                user: user.unwrap_or_default().to_owned(),
                name: other.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Adds an operator, after [`Operators::check_new`].
    ///
    /// # Errors
    /// As [`Operators::check_new`]; the password cannot be stretched.
    pub fn add(
        &mut self,
        (name, role, user): (&str, Role, Option<&str>),
        password: &Passphrase,
        at: &str,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), OperatorError> {
        self.check_new(name, user)?;
        self.operators.push(Operator {
            name: name.to_owned(),
            role,
            user: user.map(str::to_owned),
            since: at.to_owned(),
            disabled: None,
            lock: Lock::make(password, random)?,
        });
        Ok(())
    }

    /// Gives somebody another password.
    ///
    /// # Errors
    /// As [`Operators::named`]; the password cannot be stretched.
    pub fn change_password(
        &mut self,
        name: &str,
        password: &Passphrase,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), OperatorError> {
        self.named(name)?;
        let lock = Lock::make(password, random)?;
        self.change(name, |operator| operator.lock = lock);
        Ok(())
    }

    /// Puts somebody out. Two who can do a two-person act together stay.
    ///
    /// # Errors
    /// As [`Operators::named`]; without him no two could act together.
    pub fn disable(&mut self, name: &str, at: &str) -> Result<(), OperatorError> {
        self.named(name)?;
        let staying =
            || self.active().filter(|operator| operator.name != name && operator.role != Role::Auditor);
        if staying().count() < 2 || !staying().any(|operator| operator.role == Role::Supervisor) {
            return Err(OperatorError::Last { name: name.to_owned() });
        }
        self.change(name, |operator| operator.disabled = Some(at.to_owned()));
        Ok(())
    }

    fn change(&mut self, name: &str, how: impl FnOnce(&mut Operator)) {
        if let Some(operator) = self.operators.iter_mut().find(|operator| operator.name == name) {
            how(operator);
        }
    }
}

/// A name is a word or some, without what the log uses to tell a user of the machine from an operator.
fn check_name(name: &str) -> Result<(), OperatorError> {
    let sound = !name.is_empty()
        && name.trim() == name
        && name.chars().count() <= NAME_MAX
        && !name.starts_with('-')
        && !name.chars().any(|c| c.is_control() || c == ':');
    if sound { Ok(()) } else { Err(OperatorError::Name) }
}

/// Why somebody is not who he says, or cannot become an operator.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The file is no list of operators.
    #[error("the list of operators is damaged")]
    Damaged,
    /// Not a name.
    #[error("an operator's name has 1 to {NAME_MAX} characters, no colon, no space at its ends")]
    Name,
    /// The name was given before, perhaps to somebody who was put out since.
    #[error("the name {name} was given before")]
    Taken {
        /// The name.
        name: String,
    },
    /// Two operators cannot be one user.
    #[error("the user {user} is the operator {name} already")]
    UserTaken {
        /// User of the operating system.
        user: String,
        /// The operator.
        name: String,
    },
    /// Nobody of this name.
    #[error("there is no operator {name} here")]
    Unknown {
        /// The name.
        name: String,
    },
    /// Somebody who was put out.
    #[error("the operator {name} was put out on {at}")]
    Disabled {
        /// The name.
        name: String,
        /// When.
        at: String,
    },
    /// Not his password.
    #[error("that is not the password of {name}")]
    Password {
        /// The name.
        name: String,
    },
    /// Without him no two-person act could be done.
    #[error("{name} stays: without this operator no two people could act together")]
    Last {
        /// The name.
        name: String,
    },
    /// The password is too short, or it could not be stretched.
    #[error(transparent)]
    Stretch(#[from] KeyStoreError),
}

impl Fault for OperatorError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                OperatorError::Damaged => {
                    "put back the copy you keep; the audit log has the hash of each version"
                }
                OperatorError::Name => "choose a name as people write it, say `Chen Wei`",
                OperatorError::Taken { .. } => {
                    "choose another one: a name in the log means one person for ever"
                }
                OperatorError::UserTaken { .. } => "leave --user out: this operator logs in by name",
                OperatorError::Unknown { .. } => "`gridcard operator list` shows who there is",
                OperatorError::Disabled { .. } => "another operator acts",
                OperatorError::Password { .. } => {
                    "type it again; two others give a new one with `gridcard operator passwd`"
                }
                OperatorError::Last { .. } => "register the successor first",
                OperatorError::Stretch(error) => return error.hint(),
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            OperatorError::Damaged => "operator-damaged",
            OperatorError::Name => "operator-name",
            OperatorError::Taken { .. } => "operator-taken",
            OperatorError::UserTaken { .. } => "operator-user-taken",
            OperatorError::Unknown { .. } => "operator-unknown",
            OperatorError::Disabled { .. } => "operator-disabled",
            OperatorError::Password { .. } => "operator-password",
            OperatorError::Last { .. } => "operator-last",
            OperatorError::Stretch(error) => error.code(),
        }
    }
}
