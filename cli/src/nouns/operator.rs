//! `gridcard operator` and `gridcard approve`: the people of a party's home [docs/specs/operators.md].

use super::Deed;
use crate::args::Global;
use crate::audit::{self, Noted};
use crate::clock::{entropy, now};
use crate::home::{self, Home, Party};
use crate::output::{answer, table};
use crate::people::{self, Two, request};
use ::kdc::operators::{FILE, Operator, Operators, Role};
use ::office::audit::{Act, Hash};
use clap::{Args, Subcommand};
use parties::trouble::Result;
use scheme::profile::State;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verbs of operators.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Register an operator. Once a clerk and a supervisor are there, two operators do it together.
    Add(Add),
    /// List the operators.
    List(Whose),
    /// Put an operator out; two operators do it together. His name is never given again.
    Disable(Named),
    /// Give an operator a new password: his own he changes himself, another one's two operators together.
    Passwd(Passwd),
    /// List the acts that wait for a second person.
    Requests,
}

/// Whose operators.
#[derive(Debug, Args)]
pub struct Whose {
    /// The party: province, city-CODE, bank, meters or sims. Default: the only one of the home.
    #[arg(long, value_parser = party)]
    pub party: Option<Party>,
}

/// Options of `operator add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Name, as the log will write it.
    pub name: String,
    /// What the operator is for: `clerk`, `supervisor` or `auditor`.
    #[arg(long)]
    pub role: Role,
    /// The user of this machine that is this operator without a login, in acts of one person.
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// File with the new password. Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Whose operator.
    #[command(flatten)]
    pub whose: Whose,
}

/// Options of `operator disable`.
#[derive(Debug, Args)]
pub struct Named {
    /// Name.
    pub name: String,
    /// Whose operator.
    #[command(flatten)]
    pub whose: Whose,
}

/// Options of `operator passwd`.
#[derive(Debug, Args)]
pub struct Passwd {
    /// Name.
    pub name: String,
    /// File with the new password. Default: a prompt, twice.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Whose operator.
    #[command(flatten)]
    pub whose: Whose,
}

/// Options of `approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The request, 8 hexadecimal digits.
    pub id: String,
}

/// Reads the name of a party's folder.
fn party(text: &str) -> Result<Party, String> {
    Party::of_folder(text).ok_or_else(|| "a party is province, city-CODE, bank, meters or sims".to_owned())
}

impl Verb {
    /// What it is.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Add(_) => Deed::Two("operator add"),
            Verb::Disable(_) => Deed::Two("operator disable"),
            Verb::Passwd(_) => Deed::Two("operator passwd"),
            Verb::List(_) | Verb::Requests => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Add(options) => add(global, options),
        Verb::List(options) => list(global, options),
        Verb::Disable(options) => disable(global, options),
        Verb::Passwd(options) => passwd(global, options),
        Verb::Requests => requests(global),
    }
}

/// Runs `approve`.
pub fn approve(global: &Global, options: &Approve) -> Result<()> {
    request::approve(global, &options.id)
}

fn folder(global: &Global, whose: &Whose, act: &str) -> Result<PathBuf> {
    let home = Home::new(global)?;
    let party = whose.party.map_or_else(|| home.only(act), Ok)?;
    home.party(party, act)
}

/// Whether two-person acts can be done: two who act, one of them a supervisor.
fn founded(operators: &Operators) -> bool {
    let acting = || operators.active().filter(|operator| operator.role != Role::Auditor);
    acting().count() >= 2 && acting().any(|operator| operator.role == Role::Supervisor)
}

fn add(global: &Global, options: &Add) -> Result<()> {
    let folder = folder(global, &options.whose, "registering operators")?;
    let mut operators = people::operators(&folder)?;
    operators.check_new(&options.name, options.user.as_deref())?;
    let act = format!("registering {} as {}", options.name, options.role);
    let second = if founded(&operators) {
        let Some(two) = people::two(global, &folder, &act, State::Formal)? else { return Ok(()) };
        two.second()
    } else {
        people::no_request(global)?;
        people::one(global, &folder)?;
        "nobody: the first operators".to_owned()
    };
    let password = people::new_password(options.password_file.as_deref(), &options.name)?;
    let mut source = entropy(global, "operator");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let who = (options.name.as_str(), options.role, options.user.as_deref());
    operators.add(who, &password, &now(global)?.to_string(), &mut random)?;
    keep(global, &folder, &operators, ("added", &options.name, &second))?;
    let text = format!("{} is an operator of {}: {}", options.name, folder.display(), options.role);
    answer(global, &text, json!({ "name": options.name, "role": options.role, "user": options.user }));
    Ok(())
}

/// Writes the list, after the log has it.
fn keep(global: &Global, folder: &Path, operators: &Operators, what: (&str, &str, &str)) -> Result<()> {
    let text = operators.to_json()?;
    let (what, name, second) = what;
    let facts = [
        ("what", what.to_owned()),
        ("operator", name.to_owned()),
        ("second", second.to_owned()),
        ("sha256", Hash::of(text.as_bytes()).to_string()),
    ];
    audit::note(global, folder, Noted { facts: &facts, ..Noted::of(Act::Operator) })?;
    home::write(&folder.join(FILE), text.as_bytes())
}

fn disable(global: &Global, options: &Named) -> Result<()> {
    let folder = folder(global, &options.whose, "putting operators out")?;
    let mut operators = people::operators(&folder)?;
    operators.disable(&options.name, &now(global)?.to_string())?;
    let act = format!("putting {} out", options.name);
    let Some(two) = people::two(global, &folder, &act, State::Formal)? else { return Ok(()) };
    keep(global, &folder, &operators, ("disabled", &options.name, &two.second()))?;
    answer(
        global,
        &format!("{} is put out", options.name),
        json!({ "name": options.name, "disabled": true }),
    );
    Ok(())
}

fn passwd(global: &Global, options: &Passwd) -> Result<()> {
    let folder = folder(global, &options.whose, "giving operators new passwords")?;
    let mut operators = people::operators(&folder)?;
    operators.named(&options.name)?;
    let own = global.operator.as_deref() == Some(options.name.as_str()) && !global.request;
    let second = if own && global.second_operator.is_none() {
        people::one(global, &folder)?;
        "nobody: his own".to_owned()
    } else {
        let act = format!("giving {} a new password", options.name);
        match people::two(global, &folder, &act, State::Formal)? {
            Some(Two { second: Some(second), .. }) => second.to_string(),
            _ => return Ok(()),
        }
    };
    let password = people::new_password(options.password_file.as_deref(), &options.name)?;
    let mut source = entropy(global, "operator");
    operators.change_password(&options.name, &password, &mut |bytes| source.fill(bytes))?;
    keep(global, &folder, &operators, ("password", &options.name, &second))?;
    answer(global, &format!("{} has a new password", options.name), json!({ "name": options.name }));
    Ok(())
}

fn list(global: &Global, options: &Whose) -> Result<()> {
    let folder = folder(global, options, "listing operators")?;
    let operators = people::operators(&folder)?;
    let row = |operator: &Operator| {
        vec![
            operator.name.clone(),
            operator.role.name().to_owned(),
            operator.user.clone().unwrap_or_default(),
            operator.since.clone(),
            operator.disabled.clone().unwrap_or_default(),
        ]
    };
    let object = |operator: &Operator| {
        json!({
            "name": operator.name, "role": operator.role, "user": operator.user, "since": operator.since,
            "disabled": operator.disabled,
        })
    };
    let rows = operators.all().iter().map(row).collect();
    let object = json!({ "operators": operators.all().iter().map(object).collect::<Vec<_>>() });
    answer(global, &table(&["name", "role", "user", "since", "put out"], rows), object);
    Ok(())
}

fn requests(global: &Global) -> Result<()> {
    let mut found = Vec::new();
    for folder in Home::new(global)?.folders()? {
        found.extend(request::waiting(&folder)?);
    }
    let row = |waiting: &request::Waiting| {
        let request = &waiting.request;
        vec![request.id.clone(), request.at.clone(), request.by.clone(), request.act.clone()]
    };
    let object = |waiting: &request::Waiting| {
        let request = &waiting.request;
        json!({
            "request": request.id, "at": request.at, "by": request.by, "act": request.act, "args": request.args,
            "party": waiting.party.display().to_string(),
        })
    };
    let text = table(&["request", "time", "asked by", "act"], found.iter().map(row).collect());
    answer(global, &text, json!({ "requests": found.iter().map(object).collect::<Vec<_>>() }));
    Ok(())
}
