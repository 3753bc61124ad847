//! `gridcard meter pair`: the pairing of an ESAM whose keys change.

use crate::prelude::*;
use parties::meters::{self, PairRequest};

/// Options of `meter pair`.
#[derive(Debug, Args)]
pub struct Pair {
    /// Number of the meter.
    pub number: MeterNumber,
    /// Pairing file that came with the key change.
    #[arg(long, value_name = "FILE")]
    pub pairing: PathBuf,
    /// Allow formal pairing keys, which the emulated flash then holds in clear.
    #[arg(long)]
    pub formal: bool,
    #[command(flatten)]
    pub transport: Transport,
}

/// Gives a meter a pairing beside the one it has.
pub fn run(call: &Call, options: &Pair) -> Result<()> {
    let request = PairRequest {
        number: options.number,
        pairing: options.pairing.clone(),
        formal: options.formal,
        transport: options.transport.get(),
    };
    reply(call, meters::pair(call, &request), |report| match report.waits {
        true => format!(
            "meter {} holds the {} pairing beside the one it has; which of them is right shows when it meets its ESAM",
            report.meter, report.state
        ),
        false => format!("meter {} has this pairing already", report.meter),
    })
}
