//! `gridcard phone enrol`, `pay` and what else a customer's own phone asks the payment server.

use super::own::Own;
use super::pay::{self, Pay};
use crate::prelude::*;
use client::talk::{Contract, Password, PurchaseState, Reported, Request, Said, Sold};
use client::{Code, Mode};
use parties::customer::{self, Conversation, EnrolRequest};
use parties::secret::{self, SecretFrom};
use parties::words::yuan;
use scheme::subscription::{Imei, Imsi, Msisdn};
use serde_json::Value;

/// How a phone proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum How {
    /// By keys of its own, made anew for every session.
    Noise,
    /// By one key that phone and server share, as in the published design: weaker.
    Paper,
}

/// Options of `phone enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// The file to be made for the phone.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_PHONE")]
    pub phone: PathBuf,
    /// The payment server: tcp:HOST:PORT, ws://HOST:PORT, http://HOST:PORT or https://HOST:PORT; by messages sms:MODEM,NUMBER or
    /// mms:FOLDER,OWN,NUMBER.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// PEM file with the certificate of the server or of its issuer, for https.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_CA")]
    pub ca: Option<PathBuf>,
    /// The server's static key, 64 hexadecimal digits, as it stands on the slip.
    #[arg(long, value_name = "KEY")]
    pub server_key: String,
    /// Number of the slip, 8 hexadecimal digits.
    #[arg(long, value_name = "NUMBER")]
    pub slip: String,
    /// File with the authorisation code (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
    /// Number of the telephone, as +8613900000001.
    #[arg(long, value_name = "NUMBER")]
    pub msisdn: Msisdn,
    /// Subscriber of the SIM in it, 15 digits. A phone that says it once says it always.
    #[arg(long, value_name = "NUMBER")]
    pub imsi: Option<Imsi>,
    /// The telephone's own identity, 15 digits. A phone that says it once says it always.
    #[arg(long, value_name = "NUMBER")]
    pub imei: Option<Imei>,
    /// The user name you want.
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// File with the password you want, 8 characters or more (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// How the phone proves who it is from now on.
    #[arg(long, value_enum, default_value_t = How::Noise)]
    pub mode: How,
}

/// Options of `phone records`.
#[derive(Debug, Args)]
pub struct Records {
    #[command(flatten)]
    pub own: Own,
    /// So many at most, the newest.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub last: u8,
}

/// Options of `phone balance`.
#[derive(Debug, Args)]
pub struct Balance {
    #[command(flatten)]
    pub own: Own,
    /// Which meter. Default: the only one.
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<MeterNumber>,
}

/// Options of `phone receipt`.
#[derive(Debug, Args)]
pub struct Receipt {
    #[command(flatten)]
    pub own: Own,
    /// Record file with the receipt, as `sim read` writes it.
    pub file: PathBuf,
}

/// A customer's verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a phone known to the payment server, with the slip from the office.
    Enrol(Enrol),
    /// Buy: the server says what it comes to, you confirm, and the order comes back.
    Pay(Box<Pay>),
    /// Where a purchase stands: the one that was begun last and is not at its end, or the one that is named.
    Purchase(pay::Stands),
    /// The contracts that can be paid for.
    Contracts(Own),
    /// What was bought, the newest first.
    Records(Records),
    /// The balance of a meter, as its last receipt said it.
    Balance(Balance),
    /// Bring a receipt that a meter left on the SIM.
    Receipt(Receipt),
    /// Have the phone forgotten by the server; its file is removed.
    Forget(Own),
}

impl Verb {
    /// What each verb is, and what does it: what somebody does with his own phone is no act of a party here.
    pub fn task(self) -> Task {
        match self {
            Verb::Enrol(options) => look(options, enrol),
            Verb::Pay(options) => look(options, |call, options| pay::run(call, options)),
            Verb::Purchase(options) => look(options, pay::stands),
            Verb::Contracts(options) => look(options, contracts),
            Verb::Records(options) => look(options, records),
            Verb::Balance(options) => look(options, balance),
            Verb::Receipt(options) => look(options, receipt),
            Verb::Forget(options) => look(options, forget),
        }
    }
}

fn foreign() -> Trouble {
    Trouble::new(customer::CustomerError::Foreign("another answer than asked for".to_owned()))
}

fn enrol(call: &Call, options: &Enrol) -> Result<()> {
    let code = secret::text(call, options.code_file.as_deref(), "authorisation code of the slip")?;
    let code = Code::read(&code)?;
    let from: SecretFrom = options.password_file.as_deref().into();
    let password = Password(secret::new_text(call, from, "password of the phone's user")?);
    if password.0.chars().count() < 8 || password.0.len() > 128 {
        return Err(refused("a password has 8 characters or more, and 128 bytes at most")
            .code("password-length")
            .into());
    }
    let request = EnrolRequest {
        mode: if options.mode == How::Noise { Mode::Noise } else { Mode::Paper },
        server_url: options.server.clone(),
        server_key: options.server_key.clone(),
        slip: options.slip.clone(),
        code,
        msisdn: options.msisdn.clone(),
        imsi: options.imsi.clone(),
        imei: options.imei.clone(),
        user: options.user.clone(),
        password,
    };
    let mut frames = service::client::frames(&options.server, options.ca.as_deref())?;
    let file = customer::enrol(call, &mut *frames, &options.phone, &request)?;
    if options.mode == How::Paper {
        say(
            "this phone and the server share one key: whoever has it can be either, and read what was said before",
        );
    }
    let name = hex::encode(file.name);
    let words = format!(
        "the phone {name} of customer {} is known; its file is {}",
        file.customer,
        options.phone.display()
    );
    answer(call, &words, json!({ "phone": name, "customer": file.customer, "file": options.phone }));
    Ok(())
}

fn contracts(call: &Call, options: &Own) -> Result<()> {
    let Said::Contracts(all) = options.ask(call, &Request::Contracts)? else { return Err(foreign()) };
    let rows = all.iter().map(|contract| {
        let Contract { meter, msisdn, bill, name, account } = contract;
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        row![meter, msisdn, text(bill), text(account), text(name)]
    });
    let words = table(&["meter", "telephone", "bill", "account", "name"], rows.collect());
    let objects: Vec<Value> = all
        .iter()
        .map(|one| {
            json!({ "meter": one.meter, "msisdn": one.msisdn.to_string(), "bill": one.bill, "account": one.account, "name": one.name })
        })
        .collect();
    answer(call, &words, json!({ "contracts": objects }));
    Ok(())
}

fn records(call: &Call, options: &Records) -> Result<()> {
    let request = Request::Records { many: options.last, before: None };
    let Said::Records(all) = options.own.ask(call, &request)? else { return Err(foreign()) };
    let rows = all.iter().map(|sold| {
        let Sold { order, meter, amount, state, at, credited } = sold;
        let credited = credited.map_or_else(|| "-".to_owned(), |fen| yuan(i64::from(fen.0)));
        row![at, meter, yuan(i64::from(amount.0)), credited, state.name(), order]
    });
    let words = table(&["sold", "meter", "amount", "credited", "state", "order"], rows.collect());
    let objects: Vec<Value> = all
        .iter()
        .map(|sold| {
            json!({
                "order": sold.order.to_string(), "meter": sold.meter, "amount_fen": sold.amount.0, "state": sold.state.name(),
                "at": sold.at.iso(), "credited_fen": sold.credited.map(|fen| fen.0),
            })
        })
        .collect();
    answer(call, &words, json!({ "records": objects }));
    Ok(())
}

fn balance(call: &Call, options: &Balance) -> Result<()> {
    let Said::Balance(meter, said) = options.own.ask(call, &Request::Balance(options.meter))? else {
        return Err(foreign());
    };
    let words = match said {
        None => format!("meter {meter} has said no balance yet"),
        Some(Reported { balance, count, at }) => {
            format!("meter {meter}: {} at {at}, after purchase {count}", yuan(i64::from(balance.0)))
        }
    };
    let object = json!({
        "meter": meter,
        "balance_fen": said.map(|said| said.balance.0),
        "count": said.map(|said| said.count),
        "at": said.map(|said| said.at.iso()),
    });
    answer(call, &words, object);
    Ok(())
}

fn receipt(call: &Call, options: &Receipt) -> Result<()> {
    let message = call.carrier.fetch(&options.file)?;
    let request = Request::Receipt(message.record.each().concat());
    let Said::Receipt { state, order, amount } = options.own.ask(call, &request)? else {
        return Err(foreign());
    };
    let words = format!("order {order}: {}, {} credited", state.name(), yuan(i64::from(amount.0)));
    answer(
        call,
        &words,
        json!({ "order": order.to_string(), "state": state.name(), "credited_fen": amount.0 }),
    );
    if state == PurchaseState::Settled { Ok(()) } else { Err(foreign()) }
}

fn forget(call: &Call, options: &Own) -> Result<()> {
    let (mut file, mut frames) = options.open()?;
    let Said::Forgotten = Conversation::begin(call, &mut *frames, &mut file)?.ask(&Request::Forget)? else {
        return Err(foreign());
    };
    let name = hex::encode(file.name);
    file.remove()?;
    answer(call, &format!("the phone {name} is forgotten"), json!({ "phone": name }));
    Ok(())
}
