//! `gridcard demo --phones`: customers buy by telephone, each by another carrier, and one into a meter that is online. Bank, message
//! centre, payment server, telephones and the meter's port are this command in processes of their own, as they are when people use them;
//! nobody carries a file between them but the customer.

use super::running::Running;
use crate::prelude::*;
use scheme::money::Fen;
use scheme::profile::SERVER_NUMBER;
use serde::Serialize;
use serde_json::Value;
use server::Registration;
use std::time::{Duration, Instant};
use world::Town;
use world::timeline::Timeline;

/// What each of them buys.
const AMOUNT: Fen = Fen(50_00);
/// What is in each customer's account, in yuan.
const SAVINGS: &str = "1000";
/// How long a message may be under way, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often somebody looks whether it came.
const PAUSE: Duration = Duration::from_millis(200);

/// How a customer's telephone reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Line,
    ShortMessages,
    MultimediaMessages,
    MeterLink,
}

/// Everybody, in the order in which they buy.
const ALL: [(By, &str); 4] = [
    (By::Line, "line"),
    (By::ShortMessages, "short messages"),
    (By::MultimediaMessages, "multimedia messages"),
    (By::MeterLink, "line, meter online"),
];

/// How many customers the story wants.
pub const PEOPLE: u32 = 4;

/// A purchase by telephone.
#[derive(Debug, Clone, Serialize)]
pub struct Bought {
    /// What brought the telephone's frames to the server.
    pub carrier: &'static str,
    /// What was bought.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub amount_fen: Fen,
    /// Its order.
    pub order: String,
    /// What stands in the purse since.
    pub balance_fen: u64,
    /// Whether the bank has its receipt.
    pub settled: bool,
}

/// The story, when it was lived.
pub struct Lived {
    /// Who bought what.
    pub bought: Vec<Bought>,
    /// What the bank's books say in the end.
    pub books: Value,
    /// Who did what, when, and what follows from it.
    pub timeline: String,
}

struct Story<'t> {
    call: &'t Call,
    town: &'t Town,
    running: Running,
    timeline: Timeline,
    /// Where frames go: a line, and the folder of multimedia messages.
    line: String,
    multimedia: PathBuf,
    settled: u64,
}

/// Lives it, in a town where everything is made and nobody has bought.
///
/// # Errors
/// A step that did not go as the story wants.
pub fn live(call: &Call, town: &Town) -> Result<Lived> {
    let running = Running::new(town.world().home())?;
    let multimedia = running.folder().join("multimedia");
    let mut story = Story {
        call,
        town,
        running,
        timeline: Timeline::default(),
        line: String::new(),
        multimedia,
        settled: 0,
    };
    story.open()?;
    let mut bought = Vec::new();
    for (n, (by, carrier)) in ALL.into_iter().enumerate() {
        let person = town.people().get(n).context("a town has four customers")?;
        say(format!("customer {} buys by {carrier}", person.customer));
        bought.push(story.buys(n, person, by, carrier)?);
    }
    let books = story.end()?;
    Ok(Lived { bought, books, timeline: story.timeline.text() })
}

fn text(value: &Value, name: &str) -> Result<String> {
    let found = value[name].as_str().map(str::to_owned);
    found.with_context(|| format!("the command's answer has no {name}"))
}

/// The amount as somebody types it, in yuan.
fn typed() -> String {
    format!("{}.{:02}", AMOUNT.0 / 100, AMOUNT.0 % 100)
}

impl Story<'_> {
    fn say(&mut self, who: &'static str, card: &str, what: String, conclusion: String) -> Result<()> {
        self.timeline.add(self.call.now()?, who, card, what, conclusion);
        Ok(())
    }

    /// Bank, message centre and payment server open.
    fn open(&mut self) -> Result<()> {
        let run = &mut self.running;
        for (name, words) in
            [("pin", world::PIN), ("password", "over the river 7"), ("centre-password", "secret")]
        {
            run.file(name, words)?;
        }
        disk::create_folder(&self.multimedia)
            .with_context(|| format!("cannot make {}", self.multimedia.display()))?;
        let accounts: Vec<String> =
            (0..ALL.len()).flat_map(|n| ["--account".to_owned(), format!("account{n}={SAVINGS}")]).collect();
        let mut bank = vec!["simulate", "bank", "--listen", "127.0.0.1:0", "--state", "bank.journal"];
        bank.extend(accounts.iter().map(String::as_str));
        let bank = text(&run.begin("bank", &bank)?, "address")?;
        // The centre's network is the telephones there are.
        for (n, person) in self.town.people().iter().enumerate() {
            let (sim, number) = (self.town.sim(person).to_string(), person.sim.msisdn.to_string());
            run.done(&["phone", "new", &format!("phone{n}"), "--sim", &sim, "--number", &number])?;
        }
        let account = format!("bank,+{SERVER_NUMBER},centre-password");
        let centre = ["simulate", "centre", "--listen", "127.0.0.1:0", "--account", &account];
        let centre = text(&run.begin("centre", &centre)?, "address")?;
        let config = format!(
            "[messages]\ncentre = \"{centre}\"\nname = \"bank\"\npassword_file = \"centre-password\"\nnumber = \"+{SERVER_NUMBER}\"\n\
             [multimedia]\nfolder = \"{}\"\n",
            self.multimedia.display()
        );
        run.file("server.toml", &config)?;
        let bank = format!("http://{bank}");
        let server = [
            "server",
            "run",
            "--config",
            "server.toml",
            "--bank",
            &bank,
            "--listen",
            "127.0.0.1:0",
            "--phone-listen",
            "127.0.0.1:0",
            "--pin-file",
            "pin",
        ];
        let listening = run.begin("server", &server)?;
        self.line = format!("tcp:{}", text(&listening, "phones")?);
        let what =
            "opens its server: telephones come by a line, by short and by multimedia messages".to_owned();
        self.say(
            "bank",
            "PSAM",
            what,
            "a debit is asked of the customers' bank before anything is sealed".into(),
        )
    }

    /// From the counter to the settled receipt.
    fn buys(&mut self, n: usize, person: &Registration, by: By, carrier: &'static str) -> Result<Bought> {
        let name = format!("phone{n}");
        self.registers(n, person)?;
        let msisdn = person.sim.msisdn.to_string();
        let modem = self.running.line(&name, &["phone", "run", &name])?;
        let server = match by {
            By::Line | By::MeterLink => self.line.clone(),
            By::ShortMessages => format!("sms:{modem},+{SERVER_NUMBER}"),
            By::MultimediaMessages => {
                format!("mms:{},{msisdn},+{SERVER_NUMBER}", self.multimedia.display())
            }
        };
        self.enrols(n, person, &server, carrier)?;
        let order = match by {
            By::MeterLink => self.pays_at_the_meter(n, person)?,
            By::Line | By::ShortMessages | By::MultimediaMessages => self.pays(n, person, &modem)?,
        };
        self.settles()?;
        self.bought(person, carrier, order)
    }

    /// What it came to, by the meter and by the books.
    fn bought(&self, person: &Registration, carrier: &'static str, order: String) -> Result<Bought> {
        let shown = self.running.done(&["meter", "show", &person.meter.to_string()])?;
        let balance_fen = shown["balance_fen"].as_u64().context("the meter shows no balance")?;
        let orders = self.running.done(&["server", "orders"])?;
        let orders = orders["orders"].as_array().cloned().unwrap_or_default();
        let settled = orders.iter().any(|one| one["order"] == *order && one["state"] == "settled");
        Ok(Bought { carrier, amount_fen: AMOUNT, order, balance_fen, settled })
    }

    /// The application at the counter, and the slip with the code.
    fn registers(&mut self, n: usize, person: &Registration) -> Result<()> {
        let (customer, meter) = (person.customer.to_string(), person.meter.to_string());
        let sim = &person.sim;
        let (msisdn, imsi, iccid) = (sim.msisdn.to_string(), sim.imsi.to_string(), sim.iccid.to_string());
        let (imei, account) = (person.imei.to_string(), format!("account{n}"));
        let applies = [
            "server",
            "apply",
            "--customer",
            &customer,
            "--meter",
            &meter,
            "--msisdn",
            &msisdn,
            "--imsi",
            &imsi,
            "--imei",
            &imei,
            "--iccid",
            &iccid,
            "--bank",
            &account,
        ];
        self.running.done(&applies)?;
        let slip = self.running.done(&["server", "code", "new", "--customer", &customer])?;
        self.running.file(&format!("code-{n}"), &text(&slip, "authorisation_code")?)?;
        self.running.file(&format!("slip-{n}"), &slip.to_string())?;
        let what = format!("customer {customer} applies; his account at the bank is in the contract");
        self.say(
            "bank",
            "",
            what,
            format!("he gets slip {} with a code that is good once", text(&slip, "slip")?),
        )
    }

    fn enrols(&mut self, n: usize, person: &Registration, server: &str, carrier: &str) -> Result<()> {
        let slip: Value = serde_json::from_str(&self.running.read(&format!("slip-{n}"))?)?;
        let (key, number) = (text(&slip, "server_key")?, text(&slip, "slip")?);
        let (own, code, user) = (format!("own-{n}.json"), format!("code-{n}"), format!("user{n}"));
        let (msisdn, imsi, imei) =
            (person.sim.msisdn.to_string(), person.sim.imsi.to_string(), person.imei.to_string());
        self.running.done(&[
            "phone",
            "enrol",
            "--phone",
            &own,
            "--server",
            server,
            "--server-key",
            &key,
            "--slip",
            &number,
            "--code-file",
            &code,
            "--msisdn",
            &msisdn,
            "--imsi",
            &imsi,
            "--imei",
            &imei,
            "--user",
            &user,
            "--password-file",
            "password",
        ])?;
        let what = format!("makes its keys known to the server, by {carrier}");
        self.say("phone", "", what, "the code is used up; telephone and server have proved themselves".into())
    }

    /// What the server says to a purchase that was confirmed.
    fn paid(&self, n: usize, more: &[&str]) -> Result<Value> {
        let (own, amount) = (format!("own-{n}.json"), typed());
        let args = ["phone", "pay", "--phone", &own, "--amount", &amount, "--yes"];
        self.running.done(&[&args[..], more].concat())
    }

    /// The order comes to the SIM by message, the SIM is read by the meter, its receipt goes back by message.
    fn pays(&mut self, n: usize, person: &Registration, modem: &str) -> Result<String> {
        let paid = self.paid(n, &["--out", &format!("order-{n}.sms")])?;
        let order = text(&paid, "order")?;
        let what = format!("buys {AMOUNT} and confirms what the server says");
        self.say("phone", "", what, format!("the bank has debited his account; order {order} is sealed"))?;
        let at = format!("at:{modem}");
        self.until("the order comes to the SIM", |run| {
            let listed = run.done(&["sim", "list", &at])?;
            let messages = listed["messages"].as_array().cloned().unwrap_or_default();
            Ok(messages.iter().any(|message| message["kind"] == "order"))
        })?;
        self.say("network", "SIM", "an encrypted message comes to the SIM by itself".into(), String::new())?;
        let meter = person.meter.to_string();
        self.running.done(&["meter", "insert", &meter, &at])?;
        let what = format!("SIM into meter {meter}: credited {AMOUNT}");
        self.say("meter", "ESAM + SIM", what, "its receipt is on the SIM, and leaves by message".into())?;
        Ok(order)
    }

    /// The meter is online: request, order and receipt go through the telephone, which has no key to them.
    fn pays_at_the_meter(&mut self, n: usize, person: &Registration) -> Result<String> {
        let meter = person.meter.to_string();
        let port = ["meter", "port", &meter, "--listen", "127.0.0.1:0", "--infrared"];
        let link = self.running.line("meter", &port)?;
        let paid = self.paid(n, &["--meter-link", &link])?;
        let order = text(&paid, "order")?;
        let messages = paid["passed"].as_array().map_or(0, Vec::len);
        let what = format!("stands at meter {meter}, buys {AMOUNT} and carries {messages} messages");
        self.say("phone", "", what, "as they came: it has no key to them".into())?;
        self.running.end("meter")?;
        Ok(order)
    }

    /// Waits until the bank has the receipt of one more purchase.
    fn settles(&mut self) -> Result<()> {
        let wanted = self.settled + u64::from(AMOUNT.0);
        self.until("the receipt comes to the bank", |run| {
            Ok(run.done(&["server", "report"])?["settled_fen"].as_u64() == Some(wanted))
        })?;
        self.settled = wanted;
        self.say(
            "bank",
            "PSAM",
            format!("opens the receipt: {AMOUNT} credited"),
            "the purchase is settled".into(),
        )
    }

    fn until(&self, what: &str, came: impl Fn(&Running) -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !came(&self.running)? {
            if begun.elapsed() > PATIENCE {
                return Err(refused(format!("{what}: not within {} s", PATIENCE.as_secs()))
                    .hint("what the server and the centre say stands in the demo's folder: keep it with --home DIR")
                    .into());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Everybody closes, and the books are looked at.
    fn end(&mut self) -> Result<Value> {
        self.running.end_all()?;
        let books = self.running.done(&["server", "report"])?;
        self.running.done(&["server", "verify"])?;
        self.running.done(&["server", "audit", "verify"])?;
        let sold = books["sold_fen"].as_i64().unwrap_or_default();
        let what = format!("closes: {} sold, {} settled", parties::words::yuan(sold), {
            parties::words::yuan(books["settled_fen"].as_i64().unwrap_or_default())
        });
        self.say("bank", "PSAM", what, "ledger, PSAM and log agree".into())?;
        Ok(books)
    }
}
