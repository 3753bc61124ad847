//! The payment server as whoever speaks with a meter here reaches it: each step is a request at the counter, under the name of whoever asked, with
//! an id made of his. So a step that is repeated is done once, and the whole as well.

use super::gates;
use crate::asked::Asked;
use crate::counter::Call;
use crate::denied::Denied;
use crate::figures::Figures;
use crate::job::{Job, Wanted as Step};
use crate::key::{SentKey, Shown};
use crate::peer::Peer;
use crate::reply::Reply;
use crate::routes::Route;
use parties::bank::bring::PurchaseReport;
use parties::bank::online::{MessageReport, ResultReport};
use parties::bank::recharge::RechargeReport;
use parties::pipe::{OnlineServer, RechargeServer, Wanted};
use parties::{Result, Trouble};
use reader::security::BankAsked;
use scheme::fault::{Fault, Kind};
use scheme::order::OrderId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// Why somebody who speaks with a meter stops: not a failure of the line.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The counter said something else than yes; it is told as it is.
    #[error("the counter refuses")]
    Told(Box<Reply>),
    /// What the meter said is not the meter's: this is another's line.
    #[error("what came over the line is not the meter's")]
    Strange(Box<Reply>),
    /// All of it was done before.
    #[error("it was done before")]
    Done(Box<PurchaseReport>),
}

impl Fault for Stop {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn code(&self) -> &str {
        "netmeter-stop"
    }
}

/// Whoever asks at the counter, for one purchase at a meter.
pub struct AtCounter {
    /// The way there.
    pub calls: SyncSender<Call>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// What he shows.
    pub shown: SentAgain,
    /// From where.
    pub peer: Peer,
    /// What is asked for, as it came.
    pub fields: Map<String, Value>,
    /// The places of its path.
    pub named: BTreeMap<String, String>,
    /// The id of his request.
    pub id: String,
    /// SHA-256 of it.
    pub body: [u8; 32],
    /// Keeps tries of one request apart.
    pub nonce: [u8; 16],
    /// Something was written down for it: only the same request again finds out what came of it.
    pub begun: bool,
}

/// What somebody shows, as often as it is wanted.
pub enum SentAgain {
    /// A key.
    Key(SentKey),
    /// A certificate.
    Certificate([u8; 32]),
}

impl SentAgain {
    /// Of what a request showed; the lines of the server itself and phones ask no meter.
    pub fn of(shown: Shown) -> Option<Self> {
        match shown {
            Shown::Key(key) => Some(SentAgain::Key(key)),
            Shown::Certificate(hash) => Some(SentAgain::Certificate(hash)),
            Shown::Service(_) | Shown::Phone(..) => None,
        }
    }

    fn shown(&self) -> Shown {
        match self {
            SentAgain::Key(key) => Shown::Key(key.again()),
            SentAgain::Certificate(hash) => Shown::Certificate(*hash),
        }
    }
}

/// How a purchase stands.
#[derive(Deserialize)]
struct State {
    purchase: PurchaseReport,
    settled: bool,
    outstanding: bool,
}

/// A recharge, and for which random it was made.
#[derive(Deserialize)]
struct Made {
    random: Option<String>,
    #[serde(flatten)]
    report: RechargeReport,
}

/// What the counter says to a message that no ESAM of this meter made, or that names another purchase.
const STRANGE: [&str; 4] =
    ["online-not-genuine", "online-refused", "online-forgotten", "receipt-not-genuine"];
/// Bytes of a message that a meter says. What is none of so many is no meter's.
const MESSAGE: std::ops::RangeInclusive<usize> = 1..=255;

fn told(reply: Reply) -> Trouble {
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let is_strange = said["code"].as_str().is_some_and(|code| STRANGE.contains(&code));
    let reply = Box::new(reply);
    Trouble::new(if is_strange { Stop::Strange(reply) } else { Stop::Told(reply) })
}

fn of_reply(reply: Reply) -> Result<Value> {
    if reply.status >= 400 { Err(told(reply)) } else { Ok(serde_json::from_str(&reply.body)?) }
}

/// Whether it is a message that a meter may have said, in hexadecimal: the counter would take another for a mistake of whoever asked.
fn must_be_a_message(text: &str, id: &str) -> Result<()> {
    if MESSAGE.contains(&(text.len() / 2)) {
        return Ok(());
    }
    let words = "what the meter said is no message".to_owned();
    Err(Trouble::new(Stop::Strange(Box::new(Reply::denied(&Denied::Malformed(words), Some(id))))))
}

/// The first half of a hash, as the end of an id: what differs is another step.
fn mark(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize().get(..16).unwrap_or_default())
}

impl AtCounter {
    fn job(&self, what: Step) -> (Call, oneshot::Receiver<Reply>) {
        let (tell, said) = oneshot::channel();
        let job = Job { what, shown: self.shown.shown(), peer: self.peer, second: None, reply: tell };
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        (Call::Ask(Box::new(job), self.calls.clone()), said)
    }

    fn busy(&self) -> Reply {
        Reply::denied(&Denied::Busy, Some(&self.id))
    }

    /// Has a step done, from a thread of its own, which may wait.
    fn send(&self, route: &'static Route, asked: Asked, id: Option<String>, body: [u8; 32]) -> Result<Value> {
        let (call, said) = self.job(Step { route, asked, id, body, order: None });
        if self.calls.send(call).is_err() {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(told(self.busy()));
        }
        of_reply(said.blocking_recv().unwrap_or_else(|_| self.busy()))
    }

    fn asked(&self) -> Asked {
        let mut fields = self.fields.clone();
        fields.remove("by");
        for (name, value) in &self.named {
            fields.insert(name.clone(), value.as_str().into());
        }
        Asked { fields, ..Asked::default() }
    }

    /// Looks, under the request's own names: so it is known who asks, before a thread is kept for him. Like any request it does not wait for
    /// room at the counter.
    pub async fn look(&self, route: &'static Route) -> Result<Value> {
        let asked = Asked { named: self.named.clone(), fields: self.fields.clone(), ..Asked::default() };
        let (call, said) = self.job(Step { route, asked, id: None, body: [0; 32], order: None });
        if self.calls.try_send(call).is_err() {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(told(self.busy()));
        }
        of_reply(said.await.unwrap_or_else(|_| self.busy()))
    }

    /// The step that the whole request stands for: it is known by the request's own id, whatever the meter draws meanwhile.
    fn first(&mut self, route: &'static Route, asked: Asked) -> Result<Value> {
        self.begun = true;
        self.send(route, asked, Some(self.id.clone()), self.body)
    }

    /// A step after it.
    fn then<T: DeserializeOwned>(&self, route: &'static Route, asked: Asked, what: &[&[u8]]) -> Result<T> {
        let body = asked.hash(route.name);
        let id = mark(&[&[self.id.as_bytes(), route.name.as_bytes()][..], what].concat());
        Ok(serde_json::from_value(self.send(route, asked, Some(format!("nm-{id}")), body)?)?)
    }

    fn of_purchase(&self, purchase: OrderId, message: &str) -> Asked {
        let mut fields = Map::new();
        fields.insert("message".to_owned(), message.into());
        Asked { named: [("purchase".to_owned(), purchase.to_string())].into(), fields, ..Asked::default() }
    }

    /// Where a purchase stands that was begun before. What is settled is done; what is outstanding is brought once more.
    fn state(&self, purchase: OrderId) -> Result<State> {
        let named = [("purchase".to_owned(), purchase.to_string())].into();
        let value = self.send(&gates::STATE, Asked { named, ..Asked::default() }, None, [0; 32])?;
        let state: State = serde_json::from_value(value)?;
        if state.settled {
            return Err(Trouble::new(Stop::Done(Box::new(state.purchase))));
        }
        Ok(state)
    }

    /// What is asked for to bring once more what a purchase was to bring: nothing is sold by it.
    fn again(&self, purchase: OrderId) -> Asked {
        let mut asked = self.asked();
        asked.fields.remove("pay");
        asked.fields.remove("amount_fen");
        asked.fields.insert("brings".to_owned(), purchase.to_string().into());
        asked
    }
}

impl OnlineServer for AtCounter {
    fn begin(&mut self, _: &Wanted) -> Result<MessageReport> {
        let begun: MessageReport = serde_json::from_value(self.first(&gates::BEGIN, self.asked())?)?;
        let id = begun.purchase.purchase;
        let state = self.state(id)?;
        if state.purchase.state == "begun" {
            return Ok(begun);
        }
        if !state.outstanding {
            return Err(gates::not_outstanding());
        }
        // Each try is another one.
        for byte in &mut self.nonce {
            *byte = byte.wrapping_add(1);
        }
        self.then(&gates::BEGIN_AGAIN, self.again(id), &[&self.nonce])
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        must_be_a_message(message, &self.id)?;
        self.then(&gates::REQUEST, self.of_purchase(purchase, message), &[message.as_bytes()])
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        must_be_a_message(message, &self.id)?;
        self.then(
            &gates::RESULT,
            self.of_purchase(purchase, message),
            &[purchase.to_string().as_bytes(), message.as_bytes()],
        )
    }
}

impl RechargeServer for AtCounter {
    fn recharge(&mut self, _: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        let with = |mut asked: Asked| {
            let drawn = json!({
                "esam": hex::encode_upper(said.esam),
                "random": hex::encode_upper(said.random),
                "count": said.count,
            });
            asked.fields.extend(drawn.as_object().cloned().unwrap_or_default());
            asked
        };
        let made: Made = serde_json::from_value(self.first(&gates::RECHARGE, with(self.asked()))?)?;
        if made.random == Some(hex::encode_upper(said.random)) {
            return Ok(made.report);
        }
        // It was made before, for another random: what it brings is settled, or brought by this one.
        let id = made.report.purchase.purchase;
        self.state(id)?;
        let made: Made = self.then(&gates::RECHARGE_AGAIN, with(self.again(id)), &[&said.random])?;
        Ok(made.report)
    }
}
