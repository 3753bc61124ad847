//! `gridcard receipt`: signed receipts, for whoever has to believe them.

use crate::prelude::*;
use parties::receipts::{self, ExportRequest, VerifyReport};
use parties::words::yuan;
use scheme::order::OrderId;

/// Verbs of receipts.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check an exported receipt by the province's root certificate. Needs nothing else: no home, no card, no bank.
    Verify {
        /// The receipt, as `receipt export` wrote it.
        file: PathBuf,
        /// The province's root certificate, as `kdc signing export` wrote it.
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
        /// The city's list of revoked cards, from the city: a chip that was revoked before its receipt is refused.
        #[arg(long, value_name = "FILE")]
        revoked: Option<PathBuf>,
    },
    /// Write the signed receipt of a settled order out of the bank's books, with the certificates it is checked by, and the same for OpenSSL.
    Export(Export),
}

/// Options of `receipt export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The order, 16 hexadecimal digits.
    pub order: OrderId,
    /// File for it; files that end in .bin, .der and .pem go beside it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where the books are.
    #[cfg(feature = "service")]
    #[command(flatten)]
    pub database: crate::shared::Database,
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Verify { file, certificate, revoked } => {
                look((file, certificate, revoked), |call, (file, certificate, revoked)| {
                    reply(call, receipts::verify(file, certificate, revoked.as_deref()), verified)
                })
            }
            Verb::Export(options) => look(options, export),
        }
    }
}

fn export(call: &Call, options: &Export) -> Result<()> {
    #[cfg(feature = "service")]
    let desk = options.database.desk(call)?;
    #[cfg(not(feature = "service"))]
    let desk = parties::bank::Desk::open(call)?;
    let request = ExportRequest { order: options.order, out: options.out.clone() };
    reply(call, receipts::export(call, &desk, &request), |report| {
        facts(&[
            ("order", report.order.to_string()),
            ("meter", report.meter.to_string()),
            ("certificate", report.certificate.clone()),
            ("files", report.files.join(", ")),
            ("openssl", report.openssl.clone()),
        ])
    })
}

fn verified(report: &VerifyReport) -> String {
    let own = &report.certificate;
    facts(&[
        ("receipt", report.result.to_owned()),
        ("meter", format!("{}, ESAM {}", report.meter, report.serial)),
        ("order", format!("{}, count {}", report.order, report.count)),
        ("digest", report.digest.to_string()),
        ("credited", yuan(i64::from(report.credited_fen.0))),
        ("balance", yuan(i64::from(report.balance_fen.0))),
        ("meter's time", report.time.to_string()),
        ("signed with", format!("certificate {}, {} to {}", own.number, own.from, own.to)),
        ("root", format!("certificate {}, fingerprint {}", report.root.number, report.root.fingerprint)),
    ])
}
