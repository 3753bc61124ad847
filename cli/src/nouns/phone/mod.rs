//! `gridcard phone`: phones with our SIMs in them, and the network between them.

#[cfg(feature = "service")]
mod customer;
#[cfg(feature = "service")]
mod link;
#[cfg(feature = "service")]
mod own;
#[cfg(feature = "service")]
mod pay;
mod run;
#[cfg(feature = "screens")]
mod ui;

use crate::audit;
use crate::prelude::*;
use parties::phones::{self, Conditions, MakePhoneRequest, PhoneName, SendRequest, What};
use parties::sims::SimAccess;

/// Verbs of phones.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a phone: put a SIM into it, give it an IMEI.
    New(New),
    /// Let a phone answer AT commands at a line, and take what its network brings, until a signal ends it.
    Run(run::Run),
    /// Send a message to a phone: an order's record, or words.
    Send(Send),
    /// List the phones, and the messages under way to them.
    List,
    /// Show or set what becomes of messages on their way: delayed, lost, doubled; for those that are sent from now on.
    Network(Network),
    /// What a customer does with his own phone at the payment server.
    #[cfg(feature = "service")]
    #[command(flatten)]
    Customer(customer::Verb),
    /// Do all of that on screens: register, buy, see records and the meter, by keyboard alone, in English or Chinese.
    #[cfg(feature = "screens")]
    Ui(ui::Ui),
    /// The audit log of the phones' makers.
    #[command(subcommand)]
    Audit(audit::Verb),
}

/// Options of `phone new`.
#[derive(Debug, Args)]
pub struct New {
    /// Name of the phone: letters, digits and dashes.
    pub name: PhoneName,
    /// SIM: its card file, or a SIM in a reader (pcsc:READER).
    #[arg(long, value_name = "CARD")]
    pub sim: CardRef,
    /// File with the SIM's CHV1, when it asks for one (`-`: stdin). It is not kept: whoever uses the phone gives it.
    #[arg(long, value_name = "FILE")]
    pub chv1_file: Option<PathBuf>,
    /// IMEI, 15 digits. Default: one is drawn.
    #[arg(long)]
    pub imei: Option<String>,
    /// The number the phone is reached by, as +8613900000001. Default: what the SIM says.
    #[arg(long)]
    pub number: Option<String>,
}

/// Options of `phone send`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["record", "text"]),
    // Left alone, the group stands before the phone.
    override_usage = "gridcard phone send [OPTIONS] <TO> <RECORD|--text <TEXT>>"
)]
pub struct Send {
    /// The phone it goes to.
    pub to: PhoneName,
    /// Record file of an order, or of any other message that a network delivers.
    pub record: Option<PathBuf>,
    /// Words in place of a record.
    #[arg(long, requires = "from")]
    pub text: Option<String>,
    /// Whom the words are from, as +8613900000001.
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
}

/// Options of `phone network`.
#[derive(Debug, Args)]
pub struct Network {
    /// Seed of what becomes of each message.
    #[arg(long = "network-seed", value_name = "N")]
    pub network_seed: Option<u64>,
    /// Of a hundred messages so many are lost.
    #[arg(long, value_name = "PERCENT")]
    pub lose: Option<u8>,
    /// Of a hundred messages so many come twice.
    #[arg(long, value_name = "PERCENT")]
    pub double: Option<u8>,
    /// Seconds a message takes, as 0-30: those of different delays overtake each other.
    #[arg(long, value_name = "FROM-TO", value_parser = span)]
    pub delay: Option<(u32, u32)>,
}

fn span(text: &str) -> Result<(u32, u32), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let seconds = |text: &str| text.parse::<u32>().ok();
    seconds(from).zip(seconds(to)).ok_or_else(|| "write seconds, as in 5 or 0-30".into())
}

impl Verb {
    /// What each verb is, and what does it. What somebody does with his phone is no act of a party.
    pub fn task(self) -> Task {
        match self {
            Verb::New(options) => one("phone new", options, new),
            Verb::Run(options) => look(options, run::run),
            Verb::Send(options) => look(options, send),
            Verb::List => look((), list),
            Verb::Network(options) => look(options, network),
            #[cfg(feature = "service")]
            Verb::Customer(verb) => verb.task(),
            #[cfg(feature = "screens")]
            Verb::Ui(options) => look(options, ui::run),
            Verb::Audit(verb) => look(verb, |call, verb| audit::run(call, verb, || phones::folder(call))),
        }
    }
}

fn new(call: &Call, options: &New) -> Result<()> {
    let chv1 = options.chv1_file.as_deref().map(|file| Some(file).into());
    let request = MakePhoneRequest {
        name: options.name.clone(),
        sim: SimAccess { chv1, ..options.sim.clone().into() },
        imei: options.imei.as_deref().map(str::parse).transpose().context("--imei")?,
        number: options.number.as_deref().map(str::parse).transpose().context("--number")?,
    };
    reply(call, phones::make(call, &request), |report| {
        format!("phone {} (IMEI {}) is reached by {}", report.phone, report.imei, report.number)
    })
}

fn send(call: &Call, options: &Send) -> Result<()> {
    let what = match (&options.record, &options.text, &options.from) {
        (Some(file), _, _) => What::Record(file.clone()),
        (None, text, from) => What::Text {
            text: text.clone().unwrap_or_default(),
            from: from.as_deref().unwrap_or_default().parse().context("--from")?,
        },
    };
    let request = SendRequest { to: options.to.clone(), what };
    reply(call, phones::send(call, &request), |report| {
        let lines = report.letters.iter().map(|sent| match &sent.arrives_s[..] {
            [] => format!("message {} is lost on its way", sent.letter),
            times => {
                let times: Vec<String> = times.iter().map(|seconds| format!("in {seconds} s")).collect();
                format!("message {} arrives {}", sent.letter, times.join(" and "))
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn list(call: &Call, (): &()) -> Result<()> {
    reply(call, phones::list(call), |report| {
        let rows = report.phones.iter().map(|phone| {
            let line = phone.line.as_ref().map_or_else(|| "-".to_owned(), |line| line.display().to_string());
            row![phone.phone, phone.number, phone.imei, line]
        });
        let mut text = table(&["phone", "number", "IMEI", "line"], rows.collect());
        if !report.under_way.is_empty() {
            let rows =
                report.under_way.iter().map(|letter| row![letter.letter, letter.from, letter.to, letter.due]);
            let head = ["message", "from", "to", "arrives"];
            text = format!("{text}\n\n{}", table(&head, rows.collect()));
        }
        for file in &report.handed_out {
            text = format!("{text}\nfor somebody else: {}", file.display());
        }
        text
    })
}

fn network(call: &Call, options: &Network) -> Result<()> {
    let folder = phones::folder(call)?;
    let before = phones::conditions(&folder)?;
    let (delay_from_s, delay_to_s) = options.delay.unwrap_or((before.delay_from_s, before.delay_to_s));
    let conditions = Conditions {
        seed: options.network_seed.unwrap_or(before.seed),
        lose: options.lose.unwrap_or(before.lose),
        double: options.double.unwrap_or(before.double),
        delay_from_s,
        delay_to_s,
    };
    if conditions != before {
        phones::set_conditions(&folder, &conditions)?;
    }
    let text = facts(&[
        ("seed", conditions.seed.to_string()),
        ("lost", format!("{} of a hundred", conditions.lose)),
        ("doubled", format!("{} of a hundred", conditions.double)),
        ("takes", format!("{delay_from_s} to {delay_to_s} s")),
    ]);
    answer(call, &text, conditions);
    Ok(())
}
