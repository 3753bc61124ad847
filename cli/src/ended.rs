//! The end of a card in words, whichever noun names it.

use crate::global::Global;
use crate::output::answer;
use parties::retire::RetireReport;

/// Tells of a card that was retired.
pub fn tell(global: &Global, report: &RetireReport) {
    let RetireReport { kind, number, .. } = report;
    let text = if report.before {
        format!("{kind} {number} was retired before: a spent chip, never a blank again")
    } else {
        format!(
            "retired {kind} {number}: its keys and PINs are destroyed; the chip is spent and never a blank again"
        )
    };
    answer(global, &text, report);
}
