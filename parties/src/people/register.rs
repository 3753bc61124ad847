//! The register of a party's operators: who comes, who goes, who gets another password, and what waits for a second person.

use super::operators::{FILE, Operator, Operators, Role};
use super::request::{self, Waiting};
use super::{Two, no_request, one, operators, two};
use crate::home::{self, Home, Party};
use crate::log::{self, Noted};
use crate::secret::SecretFrom;
use crate::session::Session;
use crate::trouble::Result;
use office::audit::{Hash, LogEvent};
use scheme::profile::State;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// An operator to be registered.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// Name, as the log will write it.
    pub name: String,
    /// What he is for.
    pub role: Role,
    /// The user of this machine that is this operator without a login.
    pub user: Option<String>,
    /// His password.
    pub password: SecretFrom,
    /// Whose operator; `None`: the only party's of the home.
    pub party: Option<Party>,
}

/// An operator who was registered.
#[derive(Debug, Clone, Serialize)]
pub struct AddReport {
    /// Name.
    pub name: String,
    /// What he is for.
    pub role: Role,
    /// The user of this machine that he is without a login.
    pub user: Option<String>,
    /// The folder of his party.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// An operator who was put out.
#[derive(Debug, Clone, Serialize)]
pub struct DisableReport {
    /// Name.
    pub name: String,
    /// Always.
    pub disabled: bool,
}

/// An operator who has a new password.
#[derive(Debug, Clone, Serialize)]
pub struct PasswordReport {
    /// Name.
    pub name: String,
}

/// The operators of a party.
#[derive(Debug, Clone, Serialize)]
pub struct OperatorsReport {
    /// All of them, those that were put out too.
    pub operators: Vec<Registered>,
}

/// An operator, without what is kept of his password.
#[derive(Debug, Clone, Serialize)]
pub struct Registered {
    /// Name.
    pub name: String,
    /// What he is for.
    pub role: Role,
    /// The user of this machine that he is without a login.
    pub user: Option<String>,
    /// Since when.
    pub since: String,
    /// When he was put out.
    pub disabled: Option<String>,
}

impl Registered {
    fn of(operator: &Operator) -> Self {
        Registered {
            name: operator.name.clone(),
            role: operator.role,
            user: operator.user.clone(),
            since: operator.since.clone(),
            disabled: operator.disabled.clone(),
        }
    }
}

/// Acts that wait for a second person.
#[derive(Debug, Clone, Serialize)]
pub struct RequestsReport {
    /// Each of them.
    pub requests: Vec<WaitingAct>,
}

/// An act that waits for its second person.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingAct {
    /// Id of the request.
    pub request: String,
    /// When it was written.
    pub at: String,
    /// Who asked.
    pub by: String,
    /// What is to be done, in words.
    pub act: String,
    /// Arguments of the command.
    pub args: Vec<String>,
    /// Folder of its party.
    pub party: String,
}

impl WaitingAct {
    fn of(waiting: Waiting) -> Self {
        let request = waiting.request;
        WaitingAct {
            request: request.id,
            at: request.at,
            by: request.by,
            act: request.act,
            args: request.args,
            party: waiting.party.display().to_string(),
        }
    }
}

fn folder(session: &Session, party: Option<Party>, act: &str) -> Result<PathBuf> {
    let home = Home::new(session);
    let party = party.map_or_else(|| home.only(act), Ok)?;
    home.party(party, act)
}

/// Whether two-person acts can be done: two who act, one of them a supervisor.
fn founded(operators: &Operators) -> bool {
    let acting = || operators.active().filter(|operator| operator.role != Role::Auditor);
    acting().count() >= 2 && acting().any(|operator| operator.role == Role::Supervisor)
}

/// Registers an operator; two do it together, once there are two. `None`: a request for the second person was written in its
/// place.
///
/// # Errors
/// The name or the user cannot be given; one person, where two are wanted; a password that is too short.
pub fn add(session: &Session, request: &AddRequest) -> Result<Option<AddReport>> {
    let folder = folder(session, request.party, "registering operators")?;
    let mut operators = operators(&folder)?;
    operators.check_new(&request.name, request.user.as_deref())?;
    let act = format!("registering {} as {}", request.name, request.role);
    let second = if founded(&operators) {
        let Some(two) = two(session, &folder, &act, State::Formal)? else { return Ok(None) };
        two.second()
    } else {
        no_request(session)?;
        one(session, &folder)?;
        "nobody: the first operators".to_owned()
    };
    let password = super::new_password(session, &request.password, &request.name)?;
    let mut source = session.chance("operator");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let who = (request.name.as_str(), request.role, request.user.as_deref());
    operators.add(who, &password, &session.now()?.to_string(), &mut random)?;
    keep(session, &folder, &operators, ("added", &request.name, &second))?;
    let AddRequest { name, role, user, .. } = request.clone();
    Ok(Some(AddReport { name, role, user, folder }))
}

/// Writes the list, after the log has it.
fn keep(session: &Session, folder: &Path, operators: &Operators, what: (&str, &str, &str)) -> Result<()> {
    let text = operators.to_json()?;
    let (what, name, second) = what;
    let facts = [
        ("what", what.to_owned()),
        ("operator", name.to_owned()),
        ("second", second.to_owned()),
        ("sha256", Hash::of(text.as_bytes()).to_string()),
    ];
    log::note(session, folder, Noted { facts: &facts, ..Noted::of(LogEvent::Operator) })?;
    home::write(&folder.join(FILE), text.as_bytes())
}

/// Puts an operator out; two do it together. His name is never given again. `None`: a request for the second person was written
/// in its place.
///
/// # Errors
/// Nobody of that name; without him no two people could act together.
pub fn disable(session: &Session, name: &str, party: Option<Party>) -> Result<Option<DisableReport>> {
    let folder = folder(session, party, "putting operators out")?;
    let mut operators = operators(&folder)?;
    operators.disable(name, &session.now()?.to_string())?;
    let act = format!("putting {name} out");
    let Some(two) = two(session, &folder, &act, State::Formal)? else { return Ok(None) };
    keep(session, &folder, &operators, ("disabled", name, &two.second()))?;
    Ok(Some(DisableReport { name: name.to_owned(), disabled: true }))
}

/// Gives an operator a new password: his own he changes himself, another one's two operators together. `None`: a request for the
/// second person was written in its place.
///
/// # Errors
/// Nobody of that name; a password that is too short.
pub fn new_password(
    session: &Session,
    name: &str,
    password: &SecretFrom,
    party: Option<Party>,
) -> Result<Option<PasswordReport>> {
    let folder = folder(session, party, "giving operators new passwords")?;
    let mut operators = operators(&folder)?;
    operators.named(name)?;
    let actors = &session.actors;
    let own = actors.operator.as_deref() == Some(name) && !actors.request;
    let second = if own && actors.second.is_none() {
        one(session, &folder)?;
        "nobody: his own".to_owned()
    } else {
        let act = format!("giving {name} a new password");
        match two(session, &folder, &act, State::Formal)? {
            Some(Two { second: Some(second), .. }) => second.to_string(),
            _ => return Ok(None),
        }
    };
    let password = super::new_password(session, password, name)?;
    let mut source = session.chance("operator");
    operators.change_password(name, &password, &mut |bytes| source.fill(bytes))?;
    keep(session, &folder, &operators, ("password", name, &second))?;
    Ok(Some(PasswordReport { name: name.to_owned() }))
}

/// Looks who the operators of a party are.
///
/// # Errors
/// There is no such party; the list is damaged.
pub fn list(session: &Session, party: Option<Party>) -> Result<OperatorsReport> {
    let folder = folder(session, party, "listing operators")?;
    let operators = operators(&folder)?.all().iter().map(Registered::of).collect();
    Ok(OperatorsReport { operators })
}

/// Looks which acts wait for a second person.
///
/// # Errors
/// A party's folder cannot be read.
pub fn requests(session: &Session) -> Result<RequestsReport> {
    let mut requests = Vec::new();
    for folder in Home::new(session).folders()? {
        requests.extend(request::waiting(&folder)?.into_iter().map(WaitingAct::of));
    }
    Ok(RequestsReport { requests })
}
