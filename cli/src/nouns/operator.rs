//! `gridcard operator` and `gridcard approve`: the people of a party's home [docs/specs/operators.md].

use crate::global::Global;
use crate::output::answer;
use crate::screen::{facts, say, table};
use crate::shared::Database;
use clap::{Args, Subcommand};
use parties::bank::logins;
use parties::people::operators::Role;
use parties::people::register::{self, AddRequest, Registered, WaitingAct};
use parties::{Deed, Party, Result};
use std::path::PathBuf;

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
    /// Give an operator of the bank codes to log in to the console with; they are shown this once. The first ones by the operator's
    /// own login, others in their place by two operators together.
    Totp(Totp),
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

/// Options of `operator totp`.
#[derive(Debug, Args)]
pub struct Totp {
    /// Name.
    pub name: String,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
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
            Verb::Totp(_) => Deed::Two("operator totp"),
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
        Verb::Totp(options) => totp(global, options),
        Verb::Requests => requests(global),
    }
}

fn add(global: &Global, options: &Add) -> Result<()> {
    let request = AddRequest {
        name: options.name.clone(),
        role: options.role,
        user: options.user.clone(),
        password: options.password_file.as_deref().into(),
        party: options.whose.party,
    };
    if let Some(report) = register::add(global, &request)? {
        let folder = report.folder.display();
        let text = format!("{} is an operator of {folder}: {}", report.name, report.role);
        answer(global, &text, &report);
    }
    Ok(())
}

fn disable(global: &Global, options: &Named) -> Result<()> {
    if let Some(report) = register::disable(global, &options.name, options.whose.party)? {
        answer(global, &format!("{} is put out", report.name), &report);
    }
    Ok(())
}

fn passwd(global: &Global, options: &Passwd) -> Result<()> {
    let password = options.password_file.as_deref().into();
    if let Some(report) = register::new_password(global, &options.name, &password, options.whose.party)? {
        answer(global, &format!("{} has a new password", report.name), &report);
    }
    Ok(())
}

fn totp(global: &Global, options: &Totp) -> Result<()> {
    let mut desk = options.database.desk(global)?;
    if let Some(report) = logins::give_codes(global, &mut desk, &options.name)? {
        let text = facts(&[
            ("name", report.name.clone()),
            ("secret", report.secret.clone()),
            ("for the telephone", report.uri.clone()),
        ]);
        say("type the secret into a program for codes, or make a picture of the last line for it to read");
        answer(global, &text, &report);
    }
    Ok(())
}

fn list(global: &Global, options: &Whose) -> Result<()> {
    let report = register::list(global, options.party)?;
    let row = |operator: &Registered| {
        vec![
            operator.name.clone(),
            operator.role.name().to_owned(),
            operator.user.clone().unwrap_or_default(),
            operator.since.clone(),
            operator.disabled.clone().unwrap_or_default(),
        ]
    };
    let rows = report.operators.iter().map(row).collect();
    answer(global, &table(&["name", "role", "user", "since", "put out"], rows), &report);
    Ok(())
}

fn requests(global: &Global) -> Result<()> {
    let report = register::requests(global)?;
    let row = |waiting: &WaitingAct| {
        vec![waiting.request.clone(), waiting.at.clone(), waiting.by.clone(), waiting.act.clone()]
    };
    let rows = report.requests.iter().map(row).collect();
    answer(global, &table(&["request", "time", "asked by", "act"], rows), &report);
    Ok(())
}
