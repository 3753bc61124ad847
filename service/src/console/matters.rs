//! Acts that two people do: the first asks, the second decides.

use super::html::Html;
use super::words::Language;
use scheme::money::Fen;
use serde_json::Value;
use server::{Approval, ApprovalState};

/// An act that two people do.
pub struct Matter {
    /// Its name in forms and in the books.
    pub act: &'static str,
    /// The act of the server.
    pub route: &'static str,
    /// Its word.
    pub title: &'static str,
    /// What follows from it, for whoever decides.
    pub then: &'static [(&'static str, &'static str)],
    /// It is about a customer.
    pub of_customer: bool,
}

/// All of them.
pub static MATTERS: &[Matter] = &[
    Matter {
        act: "correct",
        route: "correct",
        title: "deed.corr",
        then: &[("meter", "deed.corr.1"), ("money", "deed.corr.3")],
        of_customer: true,
    },
    Matter {
        act: "reverse",
        route: "reverse",
        title: "deed.rev",
        then: &[("meter", "sup.rev.1"), ("money", "sup.rev.2")],
        of_customer: true,
    },
    Matter {
        act: "chip",
        route: "reissue",
        title: "deed.chip",
        then: &[("meter", "deed.chip.1"), ("money", "deed.chip.2")],
        of_customer: true,
    },
    Matter {
        act: "refund",
        route: "refund",
        title: "deed.refund",
        then: &[("money", "deed.refund.1")],
        of_customer: true,
    },
    Matter {
        act: "clear",
        route: "clear",
        title: "find.clear",
        then: &[("done", "find.clear.1")],
        of_customer: false,
    },
];

/// The matter of a name.
pub fn matter(act: &str) -> Option<&'static Matter> {
    MATTERS.iter().find(|known| known.act == act)
}

/// What is asked, as the books keep it: places and fields.
pub fn asked(approval: &Approval) -> Value {
    serde_json::from_str(&approval.what.asked).unwrap_or_default()
}

/// The amount that is asked for.
pub fn amount(asked: &Value) -> Option<Fen> {
    asked["fields"]["amount_fen"].as_u64().and_then(|fen| u32::try_from(fen).ok()).map(Fen)
}

/// How one ended, or where it stands.
pub fn end(lang: Language, approval: &Approval) -> Html {
    let why = approval.decided.as_ref().and_then(|decided| decided.why.as_deref()).unwrap_or_default();
    match (approval.state, &approval.end) {
        (ApprovalState::Waiting, _) => Html::text(lang.t("sup.end.wait")),
        (ApprovalState::Refused, _) => lang.say("sup.end.no", &[Html::text(why)]),
        (ApprovalState::Withdrawn, _) => Html::text(lang.t("sup.end.back")),
        (ApprovalState::Approved, None) => Html::text(lang.t("sup.end.open")),
        (ApprovalState::Approved, Some((status, _))) if *status < 400 => Html::text(lang.t("sup.end.done")),
        (ApprovalState::Approved, Some((_, said))) => lang.say("sup.end.failed", &[Html::text(said)]),
    }
}
