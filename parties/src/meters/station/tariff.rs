//! A station that writes tables of prices: rates and steps, to be used now or from a time on.

use super::{DoneReport, StationRequest, identified};
use crate::session::Session;
use crate::trouble::{Failure, Result};
use scheme::Kind;
use scheme::moment::Moment;
use scheme::tariff::{Price, Steps, rates_of, switch_bytes};
use wire::ByteLink;
use wire::dlt645::Identifier;

/// Rates, and the steps beside them: in use, waiting, and their time.
const RATES: [Identifier; 3] = [Identifier(0x0405_01FF), Identifier(0x0405_02FF), Identifier(0x0400_0108)];
const STEPS: [Identifier; 3] = [Identifier(0x0406_04FF), Identifier(0x0406_05FF), Identifier(0x0400_0109)];

/// Tables to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TariffRequest {
    /// The price that does not depend on how much was drawn.
    pub rate: Option<Price>,
    /// Prices that do.
    pub steps: Option<Steps>,
    /// From when on; none: from now on.
    pub from: Option<Moment>,
}

/// Writes tables of prices with their MACs. One that waits is written before its time is, so that an old table does not begin then when the
/// line breaks in between.
///
/// # Errors
/// Nothing is to be written, or what is no table; as [`super::identify`].
pub fn tariff(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    wanted: &TariffRequest,
) -> Result<DoneReport> {
    let rates = wanted.rate.map(|price| (RATES, rates_of(price).to_vec()));
    let steps = wanted.steps.as_ref().map(Steps::to_file).transpose()?.map(|table| (STEPS, table.to_vec()));
    let tables: Vec<_> = rates.into_iter().chain(steps).collect();
    if tables.is_empty() {
        return Err(
            Failure::new(Kind::Usage, "no price is named: write --rate, or --prices with --steps").into()
        );
    }
    identified(session, link, request, |meter| {
        for ([current, spare, time], table) in &tables {
            meter.write(if wanted.from.is_some() { *spare } else { *current }, table)?;
            if wanted.from.is_some() {
                meter.write(*time, &switch_bytes(wanted.from))?;
            }
        }
        let when = wanted.from.map_or_else(|| "now".to_owned(), |from| format!("{from}"));
        Ok(meter.done(format!("{} table(s) written, good from {when} on", tables.len())))
    })
}
