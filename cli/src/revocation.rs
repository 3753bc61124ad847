//! Lists of revoked cards in words, whoever makes or takes them.

use crate::global::Global;
use crate::output::answer;
use parties::revoked::{RevokeReport, TakeReport};

/// Tells of a card that was revoked.
pub fn tell(global: &Global, report: &RevokeReport) {
    let text = match report {
        RevokeReport::Planned(planned) => format!(
            "revoking {} card {} ({}), list {}, with a MAC for {} card(s); two people do it\nnothing was done",
            planned.kind, planned.number, planned.reason, planned.list, planned.believers
        ),
        RevokeReport::Revoked(revoked) => format!(
            "revoked {} card {} ({}): list {} in {}, with a MAC for {} card(s)",
            revoked.kind, revoked.number, revoked.reason, revoked.list_number, revoked.list, revoked.macs
        ),
    };
    answer(global, &text, report);
}

/// Tells of a list that was taken.
pub fn tell_taken(global: &Global, report: &TakeReport) {
    let text = format!(
        "list {} of {}: {} card(s) revoked; {} card(s) here believe it",
        report.list_number,
        report.date,
        report.revoked.len(),
        report.believed
    );
    answer(global, &text, report);
}
