//! `esam certify` and `psam certify`: a card that gets a signing key after it was made.

use crate::prelude::*;
use parties::certificates::CertificateReport;
use parties::city::signing;

/// Options of `certify`.
#[derive(Debug, Args)]
pub struct Certify {
    /// The card: a card file, or a card in a reader.
    pub card: CardRef,
    #[command(flatten)]
    pub city: CityCard,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Certifies the signing key of a card of a kind with the issuing card of another.
pub fn certify(call: &Call, options: &Certify, kinds: (CardKind, CardKind)) -> Result<()> {
    let access = options.city.get(options.spend_last_try);
    reply(call, signing::certify(call, &options.card, &access, kinds), words)
}

/// A certificate in words.
pub fn words(report: &CertificateReport) -> String {
    facts(&[
        ("certificate", report.number.clone()),
        ("use", report.key_use.to_owned()),
        ("city", report.region.to_string()),
        ("device", report.device.clone()),
        ("serial", report.serial.clone()),
        ("valid", format!("{} to {}", report.from, report.to)),
        ("epoch", report.epoch.to_string()),
        ("fingerprint", report.fingerprint.clone()),
    ])
}
