//! `gridcard server key`: keys of programs that ask the server over the network.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use crate::shared::Database;
use clap::{Args, Subcommand, ValueEnum};
use parties::Deed;
use parties::bank::keys::{self, KeyLine, KeyRequest};
use parties::trouble::Result;
use scheme::Moment;
use std::path::PathBuf;

/// Verbs of keys.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a program a key, which is shown this once, or let it show a certificate. Only a hash is kept of either.
    Add(Add),
    /// The keys and where they stand.
    List(List),
    /// End a key at once.
    End(End),
}

/// Options of `key add`.
#[derive(Debug, Args)]
pub struct Add {
    /// What it may ask for.
    #[arg(long, value_enum)]
    pub role: Role,
    /// The office it stands in, in words.
    #[arg(long, default_value = "")]
    pub office: String,
    /// The last moment it is good, UTC+8, as 2026-12-31T23:59:59. Default: no end.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<Moment>,
    /// The program shows this certificate (PEM) in TLS in the place of a key.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Of a bank: customers buy through it by telephone. Nothing is sold through it for a day to a customer whose SIM or number
    /// is new.
    #[arg(long)]
    pub by_phone: bool,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

/// Options of `key list`.
#[derive(Debug, Args)]
pub struct List {
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

/// Options of `key end`.
#[derive(Debug, Args)]
pub struct End {
    /// Its id: the 8 digits after `gk_`.
    pub id: String,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

/// What a program may ask for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// Sells, settles, looks.
    Clerk,
    /// As a clerk; pays back, takes delivery lists, verifies, and is one of two people.
    Supervisor,
    /// Looks.
    Auditor,
    /// A bank that sells for its customers.
    Bank,
    /// The power company: delivery lists in, figures out.
    Company,
}

impl From<Role> for server::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Clerk => server::Role::Clerk,
            Role::Supervisor => server::Role::Supervisor,
            Role::Auditor => server::Role::Auditor,
            Role::Bank => server::Role::Bank,
            Role::Company => server::Role::Company,
        }
    }
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Add(_) => Deed::Two("server key add"),
            Verb::List(_) => Deed::Look,
            Verb::End(_) => Deed::One("server key end"),
        }
    }
}

/// Runs a verb.
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    let database = match verb {
        Verb::Add(Add { database, .. }) | Verb::List(List { database }) | Verb::End(End { database, .. }) => {
            database
        }
    };
    let mut desk = database.desk(call)?;
    match verb {
        Verb::Add(Add { role, office, expires, certificate, by_phone, .. }) => {
            let certificate = certificate.as_deref().map(service::fingerprint).transpose()?;
            let (role, office) = ((*role).into(), office.clone());
            let (expires, by_phone) = (*expires, *by_phone);
            let request = KeyRequest { role, office, expires, certificate, by_phone };
            let Some(report) = keys::add(call, &mut desk, &request)? else { return Ok(()) };
            let (name, shown) = match (&report.key, &report.certificate) {
                (Some(key), _) => ("key", key.clone()),
                (None, shown) => ("certificate", shown.clone().unwrap_or_default()),
            };
            let text = facts(&[("id", report.id.clone()), ("role", report.role.to_owned()), (name, shown)]);
            answer(call, &text, &report);
        }
        Verb::List(_) => {
            let report = keys::list(call, &desk)?;
            let text = table(
                &["id", "shows", "role", "office", "made", "stands"],
                report.keys.iter().map(row).collect(),
            );
            answer(call, &text, &report);
        }
        Verb::End(End { id, .. }) => {
            let report = keys::end(call, &mut desk, id)?;
            answer(call, &format!("the key {} is ended", report.id), &report);
        }
    }
    Ok(())
}

fn row(key: &KeyLine) -> Vec<String> {
    let stands = match (key.ended, key.expires) {
        (Some(ended), _) => format!("ended {ended}"),
        (None, Some(last)) => format!("good until {last}"),
        (None, None) => "good".to_owned(),
    };
    vec![
        key.id.clone(),
        key.proof.to_owned(),
        if key.by_phone { format!("{}, by telephone", key.role) } else { key.role.to_owned() },
        key.office.clone(),
        key.made.to_string(),
        stands,
    ]
}
