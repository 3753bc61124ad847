//! What waits for a second person, and findings that wait for somebody.

use super::form::FormError;
use super::frame::Frame;
use super::html::{Html, State, digits, moment, when};
use super::matters::{self, Matter, matter};
use super::right::{HEAD, HOUSE, Right};
use super::visit::{Again, Answer, Told, Visit, act, named, rendered};
use super::words::Language;
use crate::asked::Asked;
use crate::gate::{Asker, Askers};
use askama::Template;
use keys::Zeroizing;
use parties::bank::logins::{self, LoginError, Try, noted};
use parties::people::operators;
use parties::people::register::{self, WaitingAct};
use parties::{Result, Trouble};
use scheme::numbers::{CustomerNumber, MeterNumber};
use server::{Approval, ApprovalState, Customer, Decision, FindingKind};

/// Decisions that the page shows.
const DECIDED: u32 = 20;

struct Case {
    id: i64,
    title: &'static str,
    customer: String,
    name: String,
    meter: Html,
    by: Html,
    reason: String,
    amount: Html,
    facts: Vec<(&'static str, Html)>,
    then: Vec<(&'static str, Html)>,
    state: State,
    /// He asked for it himself.
    own: bool,
    /// It was approved, and has no end yet.
    open: bool,
}

struct FindingCase {
    id: i64,
    title: Html,
    since: String,
    what: String,
    meter: Html,
    order: Html,
    customer: String,
    name: String,
    freezes: bool,
    /// It is a difference with the bank, which is cleared where the bank's days are.
    difference: bool,
    request: String,
    asked: Option<Html>,
}

struct DecidedLine {
    id: i64,
    title: &'static str,
    asked: String,
    decided: String,
    end: Html,
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    f: Frame,
    sub: Html,
    said: Option<Html>,
    told: Option<Told>,
    decides: bool,
    clears: bool,
    sees_all: bool,
    cases: Vec<Case>,
    findings: Vec<FindingCase>,
    elsewhere: Vec<WaitingAct>,
    decided: Vec<DecidedLine>,
}

/// What kind of finding it is, in words.
pub fn kind(lang: Language, kind: FindingKind) -> Html {
    Html::text(lang.t(match kind {
        FindingKind::UnknownOrder => "finding.unknown-order",
        FindingKind::OtherOrder => "finding.other-order",
        FindingKind::NotCredited => "finding.not-credited",
        FindingKind::SecondReceipt => "finding.second-receipt",
        FindingKind::NeverSealed => "finding.never-sealed",
        FindingKind::Chain => "finding.chain",
        FindingKind::UsedBefore => "finding.used-before",
        FindingKind::Clock => "finding.clock",
        FindingKind::Balance => "finding.balance",
        FindingKind::EarlierMissing => "finding.earlier-missing",
        FindingKind::Signature => "finding.signature",
        FindingKind::Certificate => "finding.certificate",
        FindingKind::CreditedAfterMove => "finding.credited-after-move",
        FindingKind::BankAmount => "finding.bank-amount",
        FindingKind::BankContradicts => "finding.bank-contradicts",
        FindingKind::BankOursOnly => "finding.bank-ours-only",
        FindingKind::BankTheirsOnly => "finding.bank-theirs-only",
        FindingKind::BankOtherAmount => "finding.bank-other-amount",
    }))
}

/// The page.
///
/// # Errors
/// The books cannot be read.
pub fn approvals(visit: &mut Visit<'_>) -> Result<Answer> {
    page(visit, None)
}

/// The same, with what was not done.
///
/// # Errors
/// As [`approvals`].
pub fn page(visit: &mut Visit<'_>, told: Option<Told>) -> Result<Answer> {
    let lang = visit.lang;
    let open = visit.books().open_approvals()?;
    // A clerk sees what he asked for; the others see all.
    let all = visit.may(HOUSE);
    let shown: Vec<&Approval> = open.iter().filter(|one| all || one.what.by == visit.who.name).collect();
    let mut cases = Vec::new();
    for one in &shown {
        cases.push(case(visit, one)?);
    }
    let mut findings = Vec::new();
    for finding in visit.books().findings(false)? {
        findings.push(finding_case(visit, finding, &open)?);
    }
    // What stops sales stands first.
    findings.sort_by_key(|finding| !finding.freezes);
    let decided = visit.books().last_approvals(None, DECIDED)?;
    let decided = decided.iter().filter(|one| one.state != ApprovalState::Waiting);
    let decided = decided.filter(|one| all || one.what.by == visit.who.name);
    let decided = decided
        .map(|one| DecidedLine {
            id: one.id,
            title: matter(&one.what.act).map_or("sup.app", |matter| matter.title),
            asked: format!("{} {}", one.what.by, when(one.what.at, false)),
            decided: one
                .decided
                .as_ref()
                .map_or_else(String::new, |decided| format!("{} {}", decided.by, when(decided.at, false))),
            end: matters::end(lang, one),
        })
        .collect();
    let said = match visit.query.get("said") {
        "approved" => Some("sup.said.approved"),
        "refused" => Some("sup.said.refused"),
        "withdrawn" => Some("sup.said.withdrawn"),
        "asked" => Some("cust.said.asked"),
        _ => None,
    };
    let elsewhere = if all { register::requests(&visit.session)?.requests } else { Vec::new() };
    let status = told.as_ref().map_or(200, |told| told.status);
    rendered(
        status,
        &ApprovalsPage {
            sub: lang.say("sup.sub", &[Html::text(cases.len()), Html::text(findings.len())]),
            f: visit.frame("approvals")?,
            said: said.map(|key| Html::text(lang.t(key))),
            told,
            decides: visit.may(HEAD),
            clears: visit.may(Right::ToAsk),
            sees_all: all,
            cases,
            findings,
            elsewhere,
            decided,
        },
    )
}

fn case(visit: &Visit<'_>, one: &Approval) -> Result<Case> {
    let lang = visit.lang;
    let asked = matters::asked(one);
    let known = match one.what.customer.as_ref().and_then(|number| number.parse::<CustomerNumber>().ok()) {
        Some(number) => visit.books().customer(number)?,
        None => None,
    };
    let matter: Option<&Matter> = matter(&one.what.act);
    let of_order = matter.is_some_and(|matter| matter.of_customer);
    let outstanding = match &known {
        Some(known) if of_order => match meant(known, &asked) {
            Some(meter) => visit.books().outstanding(meter)?,
            None => None,
        },
        _ => None,
    };
    let rest = asked["named"]["rest"].as_str().filter(|_| one.what.act == "end-suspense");
    let rest = match rest {
        Some(name) => visit.books().suspense()?.into_iter().find(|rest| rest.id.to_string() == name),
        None => None,
    };
    let stands = rest.map(|rest| lang.money(rest.fen));
    let now = outstanding.map(|placed| lang.money(placed.order.amount.0.into())).or(stands);
    let amount = match (matters::amount(&asked), now) {
        (Some(fen), Some(now)) => lang.say("sup.from", &[now, lang.money(fen.0.into())]),
        (None, Some(now)) => now,
        (Some(fen), None) => lang.money(fen.0.into()),
        (None, None) => Html::default(),
    };
    let finding = asked["named"]["finding"].as_str().unwrap_or_default();
    Ok(Case {
        id: one.id,
        title: matter.map_or("sup.app", |matter| matter.title),
        customer: one.what.customer.clone().unwrap_or_default(),
        name: known.as_ref().map_or_else(
            || if finding.is_empty() { String::new() } else { format!("F-{finding}") },
            |known| visit.name_of(known),
        ),
        meter: known
            .and_then(|known| meant(&known, &asked))
            .map_or_else(Html::default, |meter| digits(&meter.to_string(), false)),
        by: lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]),
        reason: one.what.reason.clone(),
        amount,
        facts: matters::facts(lang, &asked),
        then: matter.map_or_else(Vec::new, |matter| {
            matter.then.iter().map(|(sign, key)| (*sign, Html::text(lang.t(key)))).collect()
        }),
        state: State::Wait,
        own: one.what.by == visit.who.name,
        open: one.state == ApprovalState::Approved,
    })
}

/// The meter that is meant: of a change of meter the one before.
fn meant(known: &Customer, asked: &serde_json::Value) -> Option<MeterNumber> {
    let fields = &asked["fields"];
    let name = if fields["basis"].is_string() { "old_meter" } else { "meter" };
    let named = fields[name].as_str().and_then(|meter| meter.parse().ok());
    named.or_else(|| known.with_meter(None).ok().map(|one| one.meter))
}

fn finding_case(visit: &Visit<'_>, finding: server::Finding, open: &[Approval]) -> Result<FindingCase> {
    let lang = visit.lang;
    let known = match finding.meter {
        Some(meter) => visit.books().of_meter(meter)?,
        None => None,
    };
    let number = finding.id.to_string();
    let asked = open
        .iter()
        .find(|one| {
            matches!(&*one.what.act, "clear" | "clear-difference")
                && matters::asked(one)["named"]["finding"] == *number
        })
        .map(|one| lang.say("sup.by", &[Html::text(&one.what.by), moment(one.what.at, true)]));
    Ok(FindingCase {
        id: finding.id,
        title: kind(lang, finding.kind),
        since: when(finding.at, true),
        what: finding.detail,
        meter: finding.meter.map_or_else(Html::default, |meter| digits(&meter.to_string(), false)),
        order: finding.order.map_or_else(Html::default, |order| digits(&order.to_string(), false)),
        customer: known.as_ref().map_or_else(String::new, |known| known.customer.to_string()),
        name: known.map_or_else(String::new, |known| visit.name_of(&known)),
        freezes: finding.freezes,
        difference: finding.kind.is_difference(),
        request: visit.new_request(),
        asked,
    })
}

/// Decides: approves with password and code, refuses, takes back what he asked for, or finishes what was approved.
///
/// # Errors
/// There is no such matter; the books or the log cannot be written.
pub fn decide(visit: &mut Visit<'_>) -> Result<Answer> {
    let id: i64 = visit.place("approval")?;
    let one = visit.books().approval(id)?.ok_or_else(|| Trouble::new(crate::denied::Denied::NoRoute))?;
    let done = match visit.form.get("do") {
        "yes" => approve(visit, &one),
        "no" => decided(visit, &one, ApprovalState::Refused).map(|()| Ok("refused")),
        "back" => decided(visit, &one, ApprovalState::Withdrawn).map(|()| Ok("withdrawn")),
        "finish" => finish(visit, &one),
        _ => Err(Trouble::new(FormError::Act)),
    };
    match done {
        Ok(Ok(said)) => Ok(Answer::See(format!("/console/approvals?said={said}"))),
        Ok(Err(told)) => page(visit, Some(told)),
        // A session that has ended is no matter of this page.
        Err(error) if error.find::<LoginError>() == Some(&LoginError::Nobody) => Err(error),
        Err(error) => page(visit, Some(Told::of(&error))),
    }
}

/// Why somebody may not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum DecideError {
    #[error("nobody approves what he asked for himself")]
    Own,
    #[error("only who asked takes it back")]
    NotOwn,
    #[error("somebody has decided this already")]
    Decided,
    #[error("nobody has approved this yet")]
    Waiting,
    #[error("a supervisor decides this")]
    NotHead,
}

impl scheme::Fault for DecideError {
    fn kind(&self) -> scheme::Kind {
        match self {
            DecideError::Own | DecideError::NotOwn | DecideError::NotHead => scheme::Kind::Security,
            DecideError::Decided | DecideError::Waiting => scheme::Kind::Refused,
        }
    }

    fn hint(&self) -> scheme::fault::Hint {
        Some(
            match self {
                DecideError::Own => "let another supervisor decide, or take it back",
                DecideError::NotOwn => "refuse it, or let who asked take it back",
                DecideError::Decided => "open the page again: it says how it ended",
                DecideError::Waiting => "let a supervisor approve it first",
                DecideError::NotHead => "let a supervisor log in and decide",
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            DecideError::Own => "approval-own",
            DecideError::NotOwn => "approval-not-own",
            DecideError::Decided => "approval-decided",
            DecideError::Waiting => "approval-waiting",
            DecideError::NotHead => "approval-not-supervisor",
        }
    }
}

fn decided(visit: &mut Visit<'_>, one: &Approval, state: ApprovalState) -> Result<()> {
    let own = one.what.by == visit.who.name;
    let refused = match state {
        ApprovalState::Withdrawn if !own => Some(DecideError::NotOwn),
        ApprovalState::Approved | ApprovalState::Refused if own => Some(DecideError::Own),
        ApprovalState::Approved | ApprovalState::Refused if !visit.may(HEAD) => Some(DecideError::NotHead),
        _ => None,
    };
    if let Some(error) = refused {
        return Err(Trouble::new(error));
    }
    let why = Some(visit.form.get("reason").chars().take(super::asking::REASON_MAX).collect::<String>());
    let why = why.filter(|why| !why.is_empty());
    if state == ApprovalState::Refused && why.is_none() {
        return Err(Trouble::new(FormError::Reason));
    }
    let decision = Decision { state, by: visit.who.name.clone(), at: visit.now()?, why };
    let (id, name) = (one.id, state.name());
    let by = one.what.by.clone();
    noted(&visit.session, &mut visit.counter.desk, &visit.who, "console decision", |session, desk| {
        for (fact, value) in [("approval", id.to_string()), ("decision", name.to_owned()), ("asked_by", by)] {
            parties::log::fact(session, fact, value);
        }
        if desk.books_mut().decide(id, &decision)? { Ok(()) } else { Err(Trouble::new(DecideError::Decided)) }
    })
}

fn approve(visit: &mut Visit<'_>, one: &Approval) -> Result<Result<&'static str, Told>> {
    // Who may not decide at all is told so before his password is looked at.
    if one.what.by == visit.who.name {
        return Err(Trouble::new(DecideError::Own));
    }
    if !visit.may(HEAD) {
        return Err(Trouble::new(DecideError::NotHead));
    }
    let code = Zeroizing::new(visit.form.take("code"));
    let Some(Again { address, found }) = visit.again.take() else {
        return Err(Trouble::new(LoginError::Wrong));
    };
    let again = Try { name: visit.who.name.clone(), address };
    let found = found.filter(|found| found.name == visit.who.name);
    logins::show(&visit.session, &mut visit.counter.desk, &again, found.as_ref(), &code)?;
    decided(visit, one, ApprovalState::Approved)?;
    let one = visit.books().approval(one.id)?.unwrap_or_else(|| one.clone());
    finish(visit, &one)
}

/// Does what was approved, as both persons together. Where it is not known what came of it, it is finished later, under the same id.
fn finish(visit: &mut Visit<'_>, one: &Approval) -> Result<Result<&'static str, Told>> {
    let decision = match &one.decided {
        Some(decision) if decision.state == ApprovalState::Approved => decision,
        Some(_) => return Err(Trouble::new(DecideError::Decided)),
        None => return Err(Trouble::new(DecideError::Waiting)),
    };
    let matter = matter(&one.what.act).ok_or_else(|| Trouble::new(FormError::Act))?;
    let at = visit.now()?;
    let known = operators(visit.desk().place())?;
    let both = known.named(&one.what.by).and_then(|first| Ok((first, known.named(&decision.by)?)));
    let (first, second) = match both {
        Ok(both) => both,
        // One of the two was put out since: nobody could ever finish it.
        Err(error) => {
            let told = Told::of(&Trouble::new(error));
            visit.counter.desk.books_mut().end_approval(one.id, told.status, &told.words)?;
            return Ok(Err(told));
        }
    };
    let id = visit.new_request()[..8].to_owned();
    let principal = visit.counter.desk.books_mut().person(&id, &first.name, first.role.name(), at)?;
    let askers = Askers {
        first: Asker::at_the_counter(principal, named(&first.name, first.role), &first.name),
        second: Some(named(&second.name, second.role)),
    };
    let asked = matters::asked(one);
    let fields = asked["fields"].as_object().cloned().unwrap_or_default();
    let places = asked["named"].as_object().into_iter().flatten();
    let places = places.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    let asked = Asked { named: places.collect(), fields, ..Asked::default() };
    let done =
        act(visit.counter, matter.route, asked, &format!("approval-{}", one.id), &askers, second.role)?;
    let books = visit.counter.desk.books_mut();
    match done {
        Ok(_) => {
            books.end_approval(one.id, 200, "")?;
            Ok(Ok("approved"))
        }
        Err(told) => {
            if !told.unknown && told.status != 503 && told.status != 429 {
                books.end_approval(one.id, told.status, &told.words)?;
            }
            Ok(Err(told))
        }
    }
}
