//! A bank host that is asked over HTTP, in JSON (docs/specs/bank.md).

use crate::bank::{Advice, AdviceAnswer, Bank, Booked, Debit, DebitAnswer, GivenBack};
use core::time::Duration;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Day;
use scheme::money::Fen;
use scheme::order::OrderId;
use serde_json::{Value, json};

/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024;

/// A bank host.
#[derive(Debug, Clone)]
pub struct BankHost {
    base: String,
    agent: ureq::Agent,
}

/// An address that is no bank host's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It is no `http://` address.
    #[error("{0:?} is no address of a bank host: http://HOST:PORT, with a path or without")]
    Address(String),
    /// It is on another machine, and what is asked would go in clear.
    #[error("{0} is not on this machine, and tokens of accounts would go over the network in clear")]
    Plain(String),
}

impl Fault for HostError {
    fn kind(&self) -> Kind {
        match self {
            HostError::Address(_) => Kind::Usage,
            HostError::Plain(_) => Kind::Security,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            HostError::Address(_) => None,
            HostError::Plain(_) => {
                Some("let a proxy with TLS on this machine speak to the bank, and name the proxy".into())
            }
        }
    }

    fn code(&self) -> &str {
        match self {
            HostError::Address(_) => "bank-address",
            HostError::Plain(_) => "bank-plain",
        }
    }
}

/// Whether the host of an address is this machine: what is said to it goes over no network.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()) || host == "localhost"
}

impl BankHost {
    /// The host at an address of this machine, `http://HOST:PORT[/PATH]`. What it does not answer within `patience`, it has not
    /// answered.
    ///
    /// # Errors
    /// It is no such address.
    pub fn new(address: &str, patience: Duration) -> Result<Self, HostError> {
        let base = address.trim_end_matches('/');
        let uri: ureq::http::Uri = base.parse().map_err(|_| HostError::Address(address.to_owned()))?;
        let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(HostError::Address(address.to_owned()));
        };
        if !is_this_machine(host) {
            return Err(HostError::Plain(host.to_owned()));
        }
        // A proxy of the environment would hear every token.
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        Ok(BankHost { base: base.to_owned(), agent: config.into() })
    }

    /// What it answers; in words why it does not.
    fn ask(&self, path: &str, body: Option<&Value>) -> Result<(u16, Value), String> {
        let url = format!("{}{path}", self.base);
        let sent = match body {
            Some(body) => self
                .agent
                .post(&url)
                .header("content-type", "application/json")
                .send(body.to_string().as_bytes()),
            None => self.agent.get(&url).call(),
        };
        let mut response = sent.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        if status >= 500 {
            return Err(format!("the bank answers {status}"));
        }
        let value = serde_json::from_str(&text)
            .map_err(|error| format!("the bank answers {status}, and no JSON: {error}"))?;
        Ok((status, value))
    }
}

/// An entry of the bank as it tells it: `entry`, `day`, `amount_fen`.
fn booked(answer: &Value) -> Result<Booked, String> {
    let text = |name: &str| answer[name].as_str().ok_or_else(|| format!("the bank's answer lacks {name}"));
    let entry = text("entry")?;
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'|';
    if !(1..=64).contains(&entry.len()) || !entry.bytes().all(plain) {
        return Err("the bank's entry has not 1 to 64 plain characters".into());
    }
    let day: Day = text("day")?.parse().map_err(|error| format!("the bank's day: {error}"))?;
    let amount = answer["amount_fen"].as_u64().and_then(|fen| u32::try_from(fen).ok()).filter(|fen| *fen > 0);
    let amount = amount.ok_or("the bank's answer lacks amount_fen")?;
    Ok(Booked { entry: entry.to_owned(), day, amount: Fen(amount) })
}

/// What an answer says of a debit. Only what is said in so many words is final.
fn of_debit(asked: Result<(u16, Value), String>) -> DebitAnswer {
    let judged = asked.and_then(|(status, answer)| match answer["outcome"].as_str() {
        Some("done") if status == 200 => booked(&answer).map(DebitAnswer::Done),
        Some("refused") if status == 200 || status == 422 => {
            let reason: String =
                answer["reason"].as_str().unwrap_or("no reason given").chars().take(200).collect();
            Ok(DebitAnswer::Refused(reason))
        }
        Some(words @ ("pending" | "not-known")) => Err(format!("the bank says {words}")),
        _ => Err(format!("the bank answers {status} without an outcome")),
    });
    judged.unwrap_or_else(DebitAnswer::Unknown)
}

impl Bank for BankHost {
    fn debit(&self, debit: &Debit) -> DebitAnswer {
        let body = json!({
            "reference": debit.reference.to_string(),
            "account": debit.account.as_str(),
            "amount_fen": debit.amount.0,
        });
        of_debit(self.ask("/debits", Some(&body)))
    }

    fn look(&self, reference: OrderId) -> DebitAnswer {
        of_debit(self.ask(&format!("/debits/{reference}"), None))
    }

    fn reverse(&self, advice: &Advice) -> AdviceAnswer {
        let body = json!({ "reference": advice.reference.to_string(), "number": advice.number });
        let judged = self.ask("/reversals", Some(&body)).and_then(|(status, answer)| {
            match (answer["outcome"].as_str(), answer["debited"].as_bool()) {
                (Some("reversed"), Some(true)) if status == 200 => {
                    let (taken, back) = (booked(&answer["debit"])?, booked(&answer)?);
                    Ok(AdviceAnswer::Taken(Some(GivenBack { taken, back })))
                }
                (Some("reversed"), Some(false)) if status == 200 => Ok(AdviceAnswer::Taken(None)),
                _ => Err(format!("the bank answers {status} without an outcome")),
            }
        });
        judged.unwrap_or_else(AdviceAnswer::Unknown)
    }
}
