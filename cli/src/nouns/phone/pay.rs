//! `gridcard phone pay` and `phone purchase`.

use super::link;
use super::own::Own;
use crate::prelude::*;
use crate::way::{Air, Timed, Where};
use client::talk::{Account, Named, Offer, Password, Purchase, PurchaseState, Way};
use parties::customer::{Conversation, Frames, PayRequest, PhoneFile, ended, named_before};
use parties::pipe::{self, PipeReport, Telephone, Wanted};
use parties::secret;
use parties::words::yuan;
use reader::link::Serial;
use scheme::money::Fen;
use scheme::subscription::Msisdn;
use serde_json::Value;
use wire::ByteLink;

/// Options of `phone pay`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("contract").args(["meter", "msisdn", "bill"]))]
#[command(mut_arg("over", |over| over.requires("meter_link")))]
pub struct Pay {
    #[command(flatten)]
    pub own: Own,
    /// For the contract of this meter.
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<MeterNumber>,
    /// For the contract of this telephone number. Default: the phone's own.
    #[arg(long, value_name = "NUMBER")]
    pub msisdn: Option<Msisdn>,
    /// For the contract of this bill number.
    #[arg(long, value_name = "NUMBER")]
    pub bill: Option<String>,
    /// Amount in yuan.
    #[arg(long, value_name = "YUAN")]
    pub amount: Fen,
    /// File for the order, as `sim write` and `meter insert --file` take it. Default: order-ID.sms here.
    #[arg(long, value_name = "FILE", conflicts_with = "meter_link")]
    pub out: Option<PathBuf>,
    /// The meter is online: HOST:PORT of its port, or the path of a serial port; with --line the number of a meter of this home. What it
    /// and the server say to each other goes through, and the receipt comes at once.
    #[arg(long, value_name = "LINE")]
    pub meter_link: Option<Where>,
    /// Bits a second, of a serial port.
    #[arg(long, default_value_t = 1200, requires = "meter_link")]
    pub speed: u32,
    /// Another account than the contract's, by the bank's token; it wants the password.
    #[arg(long, value_name = "TOKEN")]
    pub account: Option<String>,
    /// File with the password, for another account (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE", requires = "account")]
    pub password_file: Option<PathBuf>,
    /// Confirm without being asked.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub air: Air,
}

/// Options of `phone purchase`.
#[derive(Debug, Args)]
pub struct Stands {
    #[command(flatten)]
    pub own: Own,
    /// The purchase, 16 hexadecimal digits.
    #[arg(value_name = "PURCHASE")]
    pub purchase: Option<String>,
    /// File for its order, where it has one.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Pay {
    fn wanted(&self, call: &Call, file: &PhoneFile) -> Result<PayRequest> {
        let contract = match (&self.meter, &self.msisdn, &self.bill) {
            (Some(meter), _, _) => Named::Meter(*meter),
            (None, Some(msisdn), _) => Named::Msisdn(msisdn.clone()),
            (None, None, Some(bill)) => Named::Bill(bill.clone()),
            (None, None, None) => Named::Msisdn(file.msisdn.parse().context("the phone's number")?),
        };
        let account = match &self.account {
            None => None,
            Some(token) => {
                let password =
                    secret::text(call, self.password_file.as_deref(), "password of the phone's user")?;
                Some(Account { token: token.clone(), password: Some(Password(password)) })
            }
        };
        let way = if self.meter_link.is_some() { Way::Online } else { Way::Sim };
        Ok(PayRequest { contract, amount: self.amount, way, account })
    }

    /// Shows what it comes to, and asks whether it is wanted.
    fn must_be_wanted(&self, call: &Call, offer: &Offer) -> Result<()> {
        let mut lines = vec![
            ("customer", offer.customer.to_string()),
            ("meter", offer.meter.to_string()),
            ("amount", yuan(i64::from(offer.amount.0))),
            ("account", offer.account.clone()),
        ];
        if let Some(name) = &offer.name {
            lines.insert(1, ("name", scheme::shown::line(name).into_owned()));
        }
        if let Some(said) = offer.reported {
            lines.push(("balance", format!("{} at {}", yuan(i64::from(said.balance.0)), said.at)));
        }
        say(facts(&lines));
        if self.yes || call.secrets.ask_openly("buy this? yes or no")? == "yes" {
            return Ok(());
        }
        Err(refused("it was not confirmed; nothing was bought")
            .hint("say yes, or --yes in a script")
            .code("phone-not-confirmed")
            .into())
    }
}

/// A purchase, as JSON has it.
fn object(said: &Purchase) -> Value {
    json!({
        "purchase": hex::encode(said.purchase),
        "state": said.state.name(),
        "amount_fen": said.amount.0,
        "order": said.order.map(|order| order.to_string()),
        "credited_fen": said.credited.map(|fen| fen.0),
        "refusal": said.refusal,
    })
}

fn words(said: &Purchase) -> String {
    let mut text = format!(
        "purchase {}: {}, {}",
        hex::encode(said.purchase),
        said.state.name(),
        yuan(i64::from(said.amount.0))
    );
    if let Some(order) = said.order {
        text.push_str(&format!(", order {order}"));
    }
    text
}

/// Buys.
pub fn run(call: &Call, options: &Pay) -> Result<()> {
    let (mut file, mut frames) = options.own.open()?;
    let wanted = options.wanted(call, &file)?;
    let Some(place) = &options.meter_link else {
        return to_sim(call, options, &wanted, (&mut file, &mut *frames));
    };
    // The meter is reached before anything is bought.
    let serial = Serial { speed: options.speed, even_parity: true };
    let done = options.air.reach(call, place, serial, |link| {
        into_meter(call, options, &wanted, (&mut file, &mut *frames), link)
    })?;
    end(call, &done)
}

/// Asks what it comes to, has it confirmed by whoever pays, and confirms it.
fn confirmed(
    call: &Call,
    options: &Pay,
    talk: &mut Conversation<'_>,
    file: &mut PhoneFile,
    (purchase, wanted): ([u8; 8], &PayRequest),
) -> Result<(Offer, Purchase)> {
    let offer = talk.offer(purchase, wanted)?;
    options.must_be_wanted(call, &offer)?;
    match talk.confirm(&offer) {
        Ok(said) => Ok((offer, said)),
        Err(error) => {
            // What the bank's business refuses for good is another purchase when it is asked for again.
            if error.kind() == Kind::Refused {
                ended(file, PurchaseState::Ended)?;
            }
            Err(error)
        }
    }
}

/// Buys into a meter that is online, at the other end of a line. Gives the purchase as it stands then, and what was passed on.
fn into_meter(
    call: &Call,
    options: &Pay,
    wanted: &PayRequest,
    (file, frames): (&mut PhoneFile, &mut dyn Frames),
    link: &mut dyn ByteLink,
) -> Result<(Purchase, PipeReport)> {
    let purchase = named_before(call, file, wanted)?;
    let mut talk = Conversation::begin(call, frames, file)?;
    let (offer, said) = confirmed(call, options, &mut talk, file, (purchase, wanted))?;
    let telephone = telephone(file)?;
    let mut server = link::Through::new(&mut talk, &offer, &said, call.now()?);
    let wanted = Wanted {
        customer: offer.customer,
        meter: Some(offer.meter),
        amount: Some(offer.amount),
        account: None,
    };
    let report = match pipe::pass(link, &mut server, &wanted, &telephone) {
        Ok(report) => report,
        Err(error) => {
            // Its time runs out. What was made is outstanding, and the next purchase brings it: nothing is paid twice.
            ended(file, PurchaseState::Ended)?;
            return Err(error);
        }
    };
    let said = talk.state(purchase)?;
    ended(file, said.state)?;
    Ok((said, report))
}

/// Buys an order for the SIM.
fn to_sim(
    call: &Call,
    options: &Pay,
    wanted: &PayRequest,
    (file, frames): (&mut PhoneFile, &mut dyn Frames),
) -> Result<()> {
    let purchase = named_before(call, file, wanted)?;
    let mut talk = Conversation::begin(call, frames, file)?;
    let (_, said) = confirmed(call, options, &mut talk, file, (purchase, wanted))?;
    let mut value = object(&said);
    let mut text = words(&said);
    if said.state == PurchaseState::Made {
        let message = talk.fetch(purchase)?;
        let order = said.order.map(|order| order.to_string()).unwrap_or_default();
        let out = options.out.clone().unwrap_or_else(|| PathBuf::from(format!("order-{order}.sms")));
        call.carrier.send(&out, &message)?;
        text.push_str(&format!("\nwrote {}", out.display()));
        value["file"] = json!(out);
    }
    ended(file, said.state)?;
    answer(call, &text, value);
    if matches!(said.state, PurchaseState::Ended) {
        return Err(refused("nothing was bought").code("phone-not-bought").into());
    }
    Ok(())
}

fn telephone(file: &PhoneFile) -> Result<Telephone> {
    let missing = |what: &str| {
        refused(format!("the phone's file has no {what}, which an online meter is told"))
            .hint("enrol the phone with it")
            .code("phone-identity")
    };
    Ok(Telephone {
        msisdn: file.msisdn.parse().context("the phone's number")?,
        imsi: file.imsi.as_deref().ok_or_else(|| missing("IMSI"))?.parse().context("the phone's IMSI")?,
        imei: file.imei.as_deref().ok_or_else(|| missing("IMEI"))?.parse().context("the phone's IMEI")?,
    })
}

fn end(call: &Call, done: &Timed<(Purchase, PipeReport)>) -> Result<()> {
    let (said, report) = &done.report;
    let mut value = object(said);
    value["passed"] = serde_json::to_value(&report.passed)?;
    if let Some(time) = &done.line_time {
        value["line_time"] = serde_json::to_value(time)?;
    }
    let rows = report.passed.iter().map(|passed| {
        let [came, went] = &passed.sha256;
        row![passed.message, passed.way, passed.bytes[0], if came == went { "as it came" } else { "CHANGED" }]
    });
    let passed = table(&["", "from and to", "bytes", ""], rows.collect());
    answer(call, &done.with_time(&format!("{}\n\n{passed}", words(said))), value);
    report.verdict()
}

/// Where a purchase stands.
pub fn stands(call: &Call, options: &Stands) -> Result<()> {
    let (mut file, mut frames) = options.own.open()?;
    let named = options.purchase.clone().or_else(|| file.open.as_ref().map(|open| open.purchase.clone()));
    let named = named.ok_or_else(|| {
        refused("no purchase is open")
            .hint("`gridcard phone records` tells what was bought")
            .code("phone-none-open")
    })?;
    let mut purchase = [0; 8];
    hex::decode_to_slice(&named, &mut purchase)
        .map_err(|_| refused("the name of a purchase has 16 hexadecimal digits").code("phone-purchase"))?;
    let mut talk = Conversation::begin(call, &mut *frames, &mut file)?;
    let said = talk.state(purchase)?;
    let (mut text, mut value) = (words(&said), object(&said));
    if let (Some(out), PurchaseState::Made) = (&options.out, said.state) {
        call.carrier.send(out, &talk.fetch(purchase)?)?;
        text.push_str(&format!("\nwrote {}", out.display()));
        value["file"] = json!(out);
    }
    answer(call, &text, value);
    Ok(())
}
