//! `gridcard operator` and `gridcard approve`: the people of a party's home [docs/specs/operators.md].

use crate::prelude::*;
#[cfg(feature = "service")]
use crate::shared::Database;
#[cfg(feature = "service")]
use parties::bank::logins;
use parties::people::operators::Role;
use parties::people::register::{self, AddRequest};

/// Verbs of operators.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Register an operator. Once a clerk and a supervisor are there, two operators do it together.
    Add(Add),
    /// List the operators.
    List(Whose),
    /// Put an operator out; two operators do it together. His name is never given again.
    Disable {
        /// Name.
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Give an operator a new password: his own he changes himself, another one's two operators together.
    Passwd(Passwd),
    /// Give an operator of the bank codes to log in to the console with; they are shown this once. The first ones by the operator's
    /// own login, others in their place by two operators together.
    #[cfg(feature = "service")]
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
    #[command(flatten)]
    pub whose: Whose,
}

/// Options of `operator totp`.
#[cfg(feature = "service")]
#[derive(Debug, Args)]
pub struct Totp {
    /// Name.
    pub name: String,
    /// Where the books are.
    #[command(flatten)]
    pub database: Database,
}

/// Reads the name of a party's folder.
fn party(text: &str) -> Result<Party, String> {
    Party::of_folder(text).ok_or_else(|| "a party is province, city-CODE, bank, meters or sims".to_owned())
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Add(options) => two("operator add", options, add),
            Verb::List(options) => look(options, list),
            Verb::Disable { name, whose } => two("operator disable", (name, whose), disable),
            Verb::Passwd(options) => two("operator passwd", options, passwd),
            #[cfg(feature = "service")]
            Verb::Totp(options) => two("operator totp", options, totp),
            Verb::Requests => look((), requests),
        }
    }
}

fn add(call: &Call, options: &Add) -> Result<()> {
    let request = AddRequest {
        name: options.name.clone(),
        role: options.role,
        user: options.user.clone(),
        password: options.password_file.as_deref().into(),
        party: options.whose.party,
    };
    reply_if(call, register::add(call, &request), |report| {
        format!("{} is an operator of {}: {}", report.name, report.folder.display(), report.role)
    })
}

fn disable(call: &Call, (name, whose): &(String, Whose)) -> Result<()> {
    let report = register::disable(call, name, whose.party);
    reply_if(call, report, |report| format!("{} is put out", report.name))
}

fn passwd(call: &Call, options: &Passwd) -> Result<()> {
    let password = options.password_file.as_deref().into();
    let report = register::new_password(call, &options.name, &password, options.whose.party);
    reply_if(call, report, |report| format!("{} has a new password", report.name))
}

fn list(call: &Call, options: &Whose) -> Result<()> {
    reply(call, register::list(call, options.party), |report| {
        let rows = report.operators.iter().map(|operator| {
            let [user, disabled] =
                [&operator.user, &operator.disabled].map(|text| text.as_deref().unwrap_or(""));
            row![operator.name, operator.role.name(), user, operator.since, disabled]
        });
        table(&["name", "role", "user", "since", "put out"], rows.collect())
    })
}

fn requests(call: &Call, (): &()) -> Result<()> {
    reply(call, register::requests(call), |report| {
        let rows = report.requests.iter();
        let rows = rows.map(|waiting| row![waiting.request, waiting.at, waiting.by, waiting.act]);
        table(&["request", "time", "asked by", "act"], rows.collect())
    })
}

#[cfg(feature = "service")]
fn totp(call: &Call, options: &Totp) -> Result<()> {
    let mut desk = options.database.desk(call)?;
    reply_if(call, logins::give_codes(call, &mut desk, &options.name), |report| {
        say("type the secret into a program for codes, or make a picture of the last line for it to read");
        facts(&[
            ("name", report.name.clone()),
            ("secret", report.secret.clone()),
            ("for the telephone", report.uri.clone()),
        ])
    })
}
