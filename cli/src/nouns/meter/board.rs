//! `gridcard meter board`: a meter with a sub-board on its line.

use super::line::{PortLine, Signals};
use crate::prelude::*;
use crate::shared::SerialOptions;
use parties::meters;

/// Options of `meter board`.
#[derive(Debug, Args)]
pub struct Board {
    /// Number of the meter.
    pub number: MeterNumber,
    #[command(flatten)]
    pub line: PortLine,
    #[command(flatten)]
    pub serial: SerialOptions,
}

/// Serves whatever sub-board is plugged in, until a signal ends it.
pub fn run(call: &Call, options: &Board) -> Result<()> {
    let signals = Signals::wait()?;
    let mut link = options.line.open(call, &options.serial)?;
    say("the meter waits for its sub-board; Ctrl-C ends");
    let report = meters::serve_board(call, options.number, &mut *link, &|| signals.is_over())?;
    let meters::BoardReport { frames, broken, orders, credited_fen } = report;
    say(format!("ended: {frames} frame(s), {broken} broken, {orders} order(s), {credited_fen} credited"));
    signals.end(call);
    Ok(())
}
