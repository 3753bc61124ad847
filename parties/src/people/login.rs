//! Logging in: a name and its password, by file or prompt.

use super::operators::{Operator, OperatorError, Operators};
use super::who::Person;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble};
use kdc::keystore::Passphrase;
use keys::Zeroizing;
use std::path::Path;

/// Logs an operator in. An unknown name is refused before a password is asked.
///
/// # Errors
/// No operator of that name; the wrong password.
pub fn login(session: &Session, operators: &Operators, name: &str, file: Option<&Path>) -> Result<Person> {
    operators.named(name).map_err(stop)?;
    let password = match file {
        Some(path) if path.as_os_str() != "-" => from_file(path)?,
        _ => session.secrets.ask(&format!("password of {name}"))?,
    };
    let operator = operators.login(name, &Passphrase::attempt(password)).map_err(stop)?;
    Ok(Person { name: operator.name.clone(), role: Some(operator.role), logged_in: true, by_key: false })
}

/// The operator of a name whose password this is; `None`: nobody's. It takes as long for a name that nobody has.
///
/// # Errors
/// The list is damaged.
pub fn by_password<'o>(
    operators: &'o Operators,
    name: &str,
    password: Zeroizing<String>,
) -> Result<Option<&'o Operator>> {
    let password = Passphrase::attempt(password);
    match operators.login(name, &password) {
        Ok(operator) => Ok(Some(operator)),
        Err(OperatorError::Password { .. }) => Ok(None),
        Err(OperatorError::Unknown { .. } | OperatorError::Disabled { .. }) => {
            kdc::keystore::stretch(&password, &[0; 16], kdc::keystore::Cost::STANDARD)?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Somebody who cannot show who he is, is a security stop.
fn stop(error: OperatorError) -> Trouble {
    use scheme::Fault;
    let failure = crate::trouble::security(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}

/// A password from the first line of a file.
fn from_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// A new password: from a file, or typed twice.
///
/// # Errors
/// It is too short; the second time was not the same.
pub fn new(session: &Session, from: &SecretFrom, name: &str) -> Result<Passphrase> {
    match from {
        SecretFrom::File(path) => Ok(Passphrase::new(from_file(path)?)?),
        SecretFrom::Known(known) => Ok(Passphrase::new(known.clone())?),
        SecretFrom::Asked | SecretFrom::Line => secret::new_password(session, name),
    }
}
