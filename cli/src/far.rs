//! A running server that is asked in the place of the bank's own folder: its options, and the line to it.

use crate::call::Call;
use crate::screen::say;
use crate::shared::Pin;
use clap::Args;
use parties::trouble::{Failure, Result, Trouble};
use scheme::Kind;
use serde::de::DeserializeOwned;
use service::client::{Access, ClientError, Link, Problem, Request, Ticket};
use std::path::{Path, PathBuf};

/// Under what they stand on a help page.
const HEADING: &str = "At a running server";

/// Options of verbs that a running server can be asked for.
#[derive(Debug, Clone, Args)]
pub struct Remote {
    /// Ask the running server at this address: https://HOST:PORT, or http://HOST:PORT on this machine. It has the PSAMs and their
    /// PINs; this machine needs no bank's folder. Default: the bank's folder of the home.
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", env = "GRIDCARD_URL")]
    pub url: Option<String>,
    /// File with the key that says who asks a running server; nobody else may read it.
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "GRIDCARD_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// File with the key of the second person, of an act that wants two.
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE")]
    pub second_key_file: Option<PathBuf>,
    /// PEM file with the certificate of the running server or of its issuer, for https.
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE", env = "GRIDCARD_CA")]
    pub ca: Option<PathBuf>,
    /// The id of the request, 1 to 64 letters, digits, dots, dashes, underscores: the same request under the same id is done once.
    /// Default: one is drawn, and kept until the answer is final, so that the same command again goes on with it.
    #[arg(long, global = true, help_heading = HEADING, value_name = "ID")]
    pub request_id: Option<String>,
}

fn url_missing(words: String) -> Trouble {
    Failure::new(Kind::Usage, words).hint("name the server with --url URL").code("url-missing").into()
}

/// A verb that only a running server can be asked for.
pub fn verb_is_far() -> Trouble {
    url_missing("this verb asks a running server, and none is named".to_owned())
}

/// The line to a running server, for one command.
pub struct Far<'c> {
    /// The command.
    pub call: &'c Call,
    link: Link,
    named: Option<&'c str>,
}

/// An option that goes only with the bank's own folder.
pub fn option_is_near(option: &str, why: &str) -> Trouble {
    Failure::new(Kind::Usage, format!("{option} does not go with --url: {why}"))
        .hint("leave it out, or leave --url out (and GRIDCARD_URL unset)")
        .code("url-option")
        .into()
}

/// A verb that only works with the bank's own folder.
pub fn verb_is_near(verb: &str) -> Trouble {
    Failure::new(
        Kind::Usage,
        format!("`gridcard {verb}` works with the bank's own folder, and no server is asked for it"),
    )
    .hint("run it where the bank's folder is, without --url (and GRIDCARD_URL unset)")
    .code("url-verb")
    .into()
}

impl Remote {
    /// Refuses what goes with a running server alone, where none is named.
    ///
    /// # Errors
    /// It is there.
    pub fn must_be_unnamed(&self) -> Result<()> {
        let alone = [
            ("--second-key-file", self.second_key_file.is_some()),
            ("--request-id", self.request_id.is_some()),
        ];
        match alone.into_iter().find(|(_, named)| *named) {
            None => Ok(()),
            Some((option, _)) => Err(url_missing(format!("{option} goes with --url alone"))),
        }
    }

    /// Refuses a verb that only a running server can be asked for, where none is named.
    ///
    /// # Errors
    /// None is.
    pub fn must_be_named(&self) -> Result<()> {
        if self.is_named() {
            return Ok(());
        }
        Err(verb_is_far())
    }

    /// Whether a running server is asked.
    pub const fn is_named(&self) -> bool {
        self.url.is_some()
    }

    /// The line to the server that is named.
    ///
    /// # Errors
    /// An option that does not go with it; those of [`Link::open`].
    pub fn line<'c>(&'c self, call: &'c Call) -> Result<Far<'c>> {
        let options = &call.options;
        let who = options.operator.is_some()
            || options.operator_password_file.is_some()
            || options.second_operator.is_some()
            || options.second_password_file.is_some()
            || options.request;
        if who {
            return Err(option_is_near("an operator", "keys say who asks a running server"));
        }
        if options.at.is_some() || options.allow_clock_back {
            return Err(option_is_near("a time", "a running server acts by its own clock"));
        }
        let Remote { url, key_file: key, second_key_file: second, ca: trust, .. } = self.clone();
        let url = url.unwrap_or_default();
        let link = Link::open(call, &Access { url, key, second, trust })?;
        Ok(Far { call, link, named: self.request_id.as_deref() })
    }
}

impl Far<'_> {
    /// Looks, and reads the report.
    ///
    /// # Errors
    /// What the server says; it does not answer.
    pub fn look<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.link.look(request)
    }

    /// Looks, and gives the text of the answer.
    ///
    /// # Errors
    /// As [`Far::look`].
    pub fn text(&self, request: &Request) -> Result<String> {
        self.link.text(request)
    }

    /// Has something done whose report is all that follows.
    ///
    /// # Errors
    /// As [`Far::look`]; whether it was done may not be known.
    pub fn change<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        let ticket = self.ticket(&request.digest())?;
        let report = self.send(request, &ticket)?;
        ticket.forget()?;
        Ok(report)
    }

    /// As [`Far::change`], of a request that is no other's repetition: nothing is written down of it, and the same command again sends
    /// another.
    ///
    /// # Errors
    /// As [`Far::change`].
    pub fn change_once<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.link.change(request, &Ticket::once(self.call, self.named)?)
    }

    /// As [`Far::change`], of a list in a file, which what is wrong with it names.
    ///
    /// # Errors
    /// As [`Far::change`].
    pub fn take_in<T: DeserializeOwned>(&self, request: &Request, file: &Path) -> Result<T> {
        let named = |error: Trouble| if is_about_all(&error) { error } else { error.context(file.display()) };
        self.change(request).map_err(named)
    }

    /// Whether a command can be the repetition of one whose answer never came.
    pub const fn may_go_on(&self, ticket: &Ticket) -> bool {
        self.named.is_some() || ticket.before.is_some()
    }

    /// The ticket of a command, by what it asks for.
    ///
    /// # Errors
    /// Those of [`Ticket::take`].
    pub fn ticket(&self, asked: &[u8]) -> Result<Ticket> {
        let ticket = Ticket::take(self.call, &self.link.label(asked), self.named)?;
        if let Some(before) = ticket.before {
            say(format!("this goes on with the request of {before}, whose answer never came"));
        }
        Ok(ticket)
    }

    /// Sends the request of a ticket. When it is refused for good, or nothing can have been done, the ticket is gone.
    ///
    /// # Errors
    /// As [`Far::change`].
    pub fn send<T: DeserializeOwned>(&self, request: &Request, ticket: &Ticket) -> Result<T> {
        self.link.change(request, &ticket.id).inspect_err(|error| {
            let refused = error.find::<Problem>().is_some_and(Problem::is_about_it);
            if refused || (ticket.before.is_none() && was_not_asked(error)) {
                drop_it(ticket);
            }
        })
    }

    /// Sends one request of a command that sends many, numbered from 1. Its ticket stays until all of them are answered.
    ///
    /// # Errors
    /// As [`Far::change`].
    pub fn send_row<T: DeserializeOwned>(&self, request: &Request, ticket: &Ticket, row: u64) -> Result<T> {
        self.link.change(request, &ticket.of_row(row)).inspect_err(|error| {
            if row == 1 && ticket.before.is_none() && was_not_asked(error) {
                drop_it(ticket);
            }
        })
    }
}

/// Whether nobody took a request that failed: there was no server, or it looked no further than at who asks.
fn was_not_asked(error: &Trouble) -> bool {
    match (error.find::<Problem>(), error.find::<ClientError>()) {
        (Some(problem), _) => problem.is_known() && !problem.is_about_it(),
        (None, Some(ClientError::Away { .. } | ClientError::Untrusted { .. })) => true,
        _ => false,
    }
}

/// Whether an error is not about one of many requests, but about who asks or how the server is.
pub fn is_about_all(error: &Trouble) -> bool {
    match error.find::<Problem>() {
        Some(problem) => !problem.is_about_it(),
        None => error.find::<ClientError>().is_some(),
    }
}

/// Forgets a ticket whose request failed. One that stays behind does no harm: the same command would send the same request again.
fn drop_it(ticket: &Ticket) {
    if let Err(error) = ticket.forget() {
        say(format!("note: {error}"));
    }
}

/// Refuses PINs: the server has the PSAMs.
///
/// # Errors
/// One is named.
pub fn no_pin(pin: &Pin) -> Result<()> {
    if pin.files.is_empty() && pin.psam.is_none() && !pin.spend_last_try {
        return Ok(());
    }
    Err(option_is_near("a PSAM or its PIN", "a running server has the PSAMs, and knows their PINs"))
}
