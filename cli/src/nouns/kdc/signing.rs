//! `kdc signing`: the province's signing root, and what it certifies.

use crate::certified;
use crate::prelude::*;
use parties::certificates::CertificateReport;
use parties::province::signing::{self, ServerRequest, SigningReport};

/// Verbs of the signing root.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give a province that was founded without one its signing root; two custodians open the key store, which keeps it.
    Init,
    /// Show the root's certificate and what it certified.
    Show,
    /// Give out the root: its certificate in hexadecimal digits, its public key as PEM.
    Export {
        /// File for the certificate; the key goes into a file beside it that ends in .pem. Default: stdout alone.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Raise the province's epoch: ESAMs that meet a server certified afterwards take none of before any more. Two people; certify the servers
    /// anew, and send their certificates to the meters.
    RaiseEpoch,
    /// Certify the signing key of a city's issuing card, which draws it now: the cards it makes from then on sign.
    Certify {
        /// The issuing card: a card file, or a card in a reader.
        card: CardRef,
    },
    /// Certify the signing key of a payment server: compare the key with what the bank shows before.
    CertifyServer {
        /// File with its public key, as `server signing init` wrote it.
        key: PathBuf,
        /// The city it serves, 8 digits. Default: all of the province.
        #[arg(long)]
        city: Option<RegionCode>,
        /// Years the certificate is good for.
        #[arg(long, default_value_t = 10)]
        years: u16,
        /// File for the certificate.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Init => one("kdc signing init", (), |call, ()| reply(call, signing::init(call), words)),
            Verb::Show => look((), |call, ()| reply(call, signing::show(call), words)),
            Verb::Export { out } => one("kdc signing export", out, export),
            Verb::RaiseEpoch => two("kdc signing raise-epoch", (), |call, ()| {
                reply_if(call, signing::raise_epoch(call), |report| {
                    facts(&[("epoch", report.epoch.to_string()), ("before", report.before.to_string())])
                })
            }),
            Verb::Certify { card } => one("kdc signing certify", card, |call, card| {
                reply(call, signing::certify(call, card), certified::words)
            }),
            Verb::CertifyServer { key, city, years, out } => {
                let request = ServerRequest { key, city, years, out };
                one("kdc signing certify-server", request, |call, request| {
                    reply(call, signing::certify_server(call, request), certified::words)
                })
            }
        }
    }
}

fn export(call: &Call, out: &Option<PathBuf>) -> Result<()> {
    reply(call, signing::export(call, out.as_deref()), |report| {
        format!("{}\n\n{}", report.certificate, report.pem.trim_end())
    })
}

fn words(report: &SigningReport) -> String {
    let whose = if report.published { "published: everybody can sign with it" } else { "the province's" };
    let root = facts(&[
        ("signing root", format!("{}, {whose}", report.curve)),
        ("certificate", report.root.number.clone()),
        ("fingerprint", report.root.fingerprint.clone()),
        ("valid", format!("{} to {}", report.root.from, report.root.to)),
        ("epoch", report.epoch.to_string()),
    ]);
    if report.certificates.is_empty() {
        return root;
    }
    let row =
        |one: &CertificateReport| row![one.number, one.key_use, one.region, one.device, one.fingerprint];
    let heading = ["certificate", "use", "city", "device", "fingerprint"];
    format!("{root}\n\n{}", table(&heading, report.certificates.iter().map(row).collect()))
}
