//! `gridcard server signing`: the payment server's signing key.

use crate::prelude::*;
use crate::shared::Pin;
use parties::Deed;
use parties::bank::Desk;
use parties::bank::signing::{self, SendRequest, ServerSigningReport};
use scheme::numbers::CustomerNumber;

/// Verbs of the server's signing key.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Draw the key and write the public one for the province to certify; a key that is there is replaced.
    Init(Init),
    /// Take the certificate that the province gave for the key: from then on orders are signed for meters that want it.
    Take(Take),
    /// Write the two messages that bring a customer's meter the certificate, for his SIM: a meter that takes signed orders knows this server by it.
    Send(Send),
    /// Show the key, the root that is believed, and the certificate.
    Show,
}

/// Options of `server signing init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The province's root certificate, as `kdc signing export` wrote it. Compare its fingerprint with what the province says.
    #[arg(long, value_name = "FILE")]
    pub root: PathBuf,
    /// File for the public key.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `server signing take`.
#[derive(Debug, Args)]
pub struct Take {
    /// The certificate, as `kdc signing certify-server` wrote it.
    pub file: PathBuf,
}

/// Options of `server signing send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Whose meter.
    #[arg(long, value_name = "NUMBER")]
    pub customer: CustomerNumber,
    /// Which of his meters. Default: the only one he has.
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<MeterNumber>,
    /// Record file for his SIM. Default: CUSTOMER-METER-certificate.sms in the bank's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM and its PIN.
    #[command(flatten)]
    pub pin: Pin,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Init(_) => Deed::Two("server signing init"),
            Verb::Take(_) => Deed::One("server signing take"),
            Verb::Send(_) => Deed::One("server signing send"),
            Verb::Show => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Init(Init { root, out }) => {
            let mut desk = Desk::open(call)?;
            reply_if(call, signing::init(call, &mut desk, root, out), words)
        }
        Verb::Take(Take { file }) => {
            let desk = Desk::open(call)?;
            reply(call, signing::take(call, &desk, file), words)
        }
        Verb::Send(Send { customer, meter, out, pin }) => {
            let mut desk = Desk::open(call)?;
            let request =
                SendRequest { customer: *customer, meter: *meter, out: out.clone(), pin: pin.get() };
            reply(call, signing::send(call, &mut desk, &request), |report| {
                facts(&[
                    ("meter", report.meter.to_string()),
                    ("certificate", report.certificate.number.clone()),
                    ("record", report.record.clone()),
                ])
            })
        }
        Verb::Show => {
            let desk = Desk::open(call)?;
            reply(call, signing::show(call, &desk), words)
        }
    }
}

fn words(report: &ServerSigningReport) -> String {
    let certified = match &report.certificate {
        Some(own) => format!("{}, {} to {}, epoch {}", own.number, own.from, own.to, own.epoch),
        None => "none yet: nothing is signed".to_owned(),
    };
    let mut lines = vec![
        ("signing key", format!("{}, {}", report.curve, short(&report.public_key))),
        ("certificate", certified),
        ("root", format!("certificate {}, fingerprint {}", report.root.number, report.root.fingerprint)),
    ];
    if !report.files.is_empty() {
        lines.push(("file", report.files.join(", ")));
    }
    facts(&lines)
}

/// The beginning of a public key, for people who compare it.
fn short(hexadecimal: &str) -> String {
    hexadecimal.chars().take(16).collect()
}
