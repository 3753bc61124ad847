//! What is asked of a meter over its line: values, and purchases. Each keeps a thread while the meter is spoken with, and goes on to its end when
//! whoever asked has gone.

use super::counter::{AtCounter, SentAgain, Stop};
use super::gates;
use super::listen::NetMeters;
use super::talk::Talk;
use crate::acts::malformed;
use crate::denied::Denied;
use crate::job::Job;
use crate::lines::{Line, LineAct};
use crate::reply::{Judged, Reply};
use parties::bank::look::CustomerReport;
use parties::pipe::{self, PipeReport, Telephone, Wanted};
use parties::trouble::Failure;
use parties::{Result, Trouble, frames, meters};
use reader::dlt645::AskError;
use scheme::Kind;
use scheme::chance::random;
use scheme::numbers::MeterNumber;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;
use wire::dlt645::Address;
use wire::dlt645::items::Item;

/// How long one waits until a meter is not spoken with by others.
const TURN: Duration = Duration::from_secs(60);

impl NetMeters {
    /// Does it, when whoever asks may.
    pub async fn act(&self, act: LineAct, job: Job) -> Reply {
        let what = job.what;
        let id = what.id.clone();
        let Some(shown) = SentAgain::of(job.shown) else { return Reply::denied(&Denied::Key, id.as_deref()) };
        let mut at = AtCounter {
            calls: self.calls.clone(),
            figures: self.figures.clone(),
            shown,
            peer: job.peer,
            fields: what.asked.fields,
            named: what.asked.named,
            id: id.clone().unwrap_or_default(),
            body: what.body,
            nonce: random(&mut *self.session.chance(&format!("netmeter {id:?}"))),
            begun: false,
        };
        let gate = match act {
            LineAct::Read => &gates::MAY_READ,
            LineAct::Buy => &gates::MAY_BUY,
        };
        // A stranger keeps no thread, and no place of those who may.
        let seen = match at.look(gate).await {
            Ok(seen) => seen,
            Err(error) => return of_done(Err(error), false, id.as_deref()),
        };
        let Ok(place) = self.acts.clone().try_acquire_owned() else {
            return Reply::denied(&Denied::Busy, id.as_deref());
        };
        let (meters, runtime, whose) = (self.clone(), Handle::current(), id.clone());
        let done = tokio::task::spawn_blocking(move || {
            let done = match act {
                LineAct::Read => meters.read(&at, &runtime),
                LineAct::Buy => meters.buy(&mut at, seen, &runtime),
            };
            drop(place);
            of_done(done, at.begun, whose.as_deref())
        });
        done.await.unwrap_or_else(|_| Reply::denied(&Denied::Busy, id.as_deref()))
    }

    /// Has something done at a meter: on its proved line, else on each there is under its number until one brings it to its end.
    fn at_meter<T>(
        &self,
        meter: MeterNumber,
        runtime: &Handle,
        mut work: impl FnMut(&mut Talk) -> Result<T>,
    ) -> Result<(Arc<Line>, T)> {
        let lines = self.lines.of(meter);
        let is_contested = lines.len() > 1;
        let mut failed = absent(meter);
        for line in lines {
            let turn = async { timeout(TURN, Talk::open(line.clone(), is_contested)).await.ok().flatten() };
            let Some(mut talk) = runtime.block_on(turn) else {
                // It is there; others speak with it all the time.
                failed = Trouble::new(Denied::Busy);
                continue;
            };
            match work(&mut talk) {
                Ok(done) => return Ok((line, done)),
                Err(error) if matches!(error.find(), Some(Stop::Done(_))) => return Err(error),
                Err(error) => {
                    // What it said may have brought this about, whoever has the line by now.
                    if talk.has_asked() {
                        line.doubt();
                    }
                    if matches!(error.find(), Some(Stop::Told(_))) {
                        return Err(error);
                    }
                    tracing::warn!(%meter, from = %line.from, "{error}");
                    // Of two that say to be one meter, this one is not.
                    if is_contested && !line.is_proved() {
                        line.end();
                        self.lines.leave(&line);
                    }
                    failed = error;
                }
            }
        }
        Err(failed)
    }

    fn read(&self, at: &AtCounter, runtime: &Handle) -> Result<Value> {
        let meter = meter_of(at)?;
        let items = match at.named.get("items") {
            None => meters::usual(),
            Some(names) => names.split(',').map(item).collect::<Result<_>>()?,
        };
        let (line, report) =
            self.at_meter(meter, runtime, |talk| meters::read(talk, Some(Address(meter.0)), &items))?;
        let mut value = serde_json::to_value(report)?;
        value["proved"] = line.is_proved().into();
        Ok(value)
    }

    fn buy(&self, at: &mut AtCounter, seen: Value, runtime: &Handle) -> Result<Value> {
        let customer: CustomerReport = serde_json::from_value(seen)?;
        let meter = meter_of(at)?;
        let by_frames = match at.fields.get("by").and_then(Value::as_str) {
            None | Some("session") => false,
            Some("recharge") => true,
            Some(_) => return Err(malformed("by is session or recharge".to_owned())),
        };
        if by_frames && self.lines.of(meter).len() > 1 {
            return Err(contested(meter));
        }
        // Amount and account are the counter's to read, out of the request itself.
        let wanted = Wanted { customer: customer.customer, meter: Some(meter), amount: None, account: None };
        // No telephone stands there: what one would say is what the contract has.
        let telephone = Telephone { msisdn: customer.msisdn, imsi: customer.imsi, imei: customer.imei };
        let (line, report) = self.at_meter(meter, runtime, |talk| {
            if by_frames {
                frames::pass(talk, at, &wanted)
            } else {
                pipe::pass(talk, at, &wanted, &telephone)
            }
        })?;
        if report.receipt.result == "settled" {
            self.lines.prove(&line);
        }
        bought(report)
    }
}

/// What is answered. `begun`: something was written down for it.
fn of_done(done: Result<Value>, begun: bool, id: Option<&str>) -> Reply {
    let error = match done {
        Ok(value) => return Reply::json(&value),
        Err(error) => error,
    };
    match error.find::<Stop>() {
        Some(Stop::Told(reply) | Stop::Strange(reply)) => (**reply).clone(),
        Some(Stop::Done(purchase)) => Reply::json(&json!({ "purchase": purchase, "receipt": null })),
        None => {
            // A meter that refuses has said all there is to say: its order is outstanding.
            let is_open = begun && !matches!(error.find(), Some(AskError::Refused(_)));
            Reply::failed(&error, &Judged::of(&error, is_open), id)
        }
    }
}

fn bought(report: PipeReport) -> Result<Value> {
    let mut receipt = serde_json::to_value(report.receipt)?;
    if let Some(receipt) = receipt.as_object_mut() {
        receipt.remove("file");
    }
    Ok(json!({ "purchase": report.purchase, "receipt": receipt }))
}

fn meter_of(at: &AtCounter) -> Result<MeterNumber> {
    let text = at.named.get("meter").map(String::as_str).unwrap_or_default();
    text.parse().map_err(|error| malformed(format!("meter: {error}")))
}

fn item(name: &str) -> Result<&'static Item> {
    Item::named(name).ok_or_else(|| malformed(format!("items: there is no item {name:?}")))
}

fn absent(meter: MeterNumber) -> Trouble {
    Failure::new(Kind::Absent, format!("meter {meter} has no line to this server"))
        .hint("an order on the SIM reaches it; `gridcard server netmeter list` shows who is there")
        .code("netmeter-absent")
        .into()
}

/// What a recharge is made of are the meter's own words, and nothing tells whose they are before its receipt.
fn contested(meter: MeterNumber) -> Trouble {
    Failure::new(Kind::Refused, format!("two lines say that they are meter {meter}, and neither is proved"))
        .hint("buy in sealed messages (session): the meter alone can answer them, and the other line is cut off")
        .code("netmeter-contested")
        .into()
}
