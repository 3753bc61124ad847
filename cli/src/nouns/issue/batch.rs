//! A batch as the terminal sees it: the plan, the question, Ctrl-C, and the figures in the end.

use super::options::{Batch, reconciliation};
use super::progress::{Progress, duration};
use crate::prelude::*;
use meter::BAUD;
use office::batch::{LineEnd, Watch};
use parties::batches::{self, BatchRequest, Forecast, LineShare, Overseer};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs a batch.
pub fn run(call: &Call, (kind, options): &(CardKind, Batch)) -> Result<()> {
    let request = BatchRequest {
        kind: *kind,
        file: options.batch.clone(),
        resume: options.resume,
        stop_after: options.stop_after,
        result: options.result.clone(),
        city: options.city,
        reader: options.reader.clone(),
        blanks: options.blanks.clone(),
        workers: options.workers,
        pin: options.pin_file.as_deref().into(),
        card_pin: options.card_pin_file.as_deref().into(),
        formal_on_virtual: options.formal_on_virtual,
        sms_records: options.sms_records,
        allowed: options.allowed.into(),
        transport: options.transport.get(),
    };
    if options.dry_run {
        let plan = batches::plan(call, &request)?;
        say(forecast(&plan));
        answer(call, "", json!({ "plan": plan }));
        return Ok(());
    }
    let mut operator = Operator { call, yes: options.yes, progress: None };
    let report = batches::run(call, &request, &mut operator)?;
    let text = format!("{}\nresult: {}", reconciliation(&report.batch), report.result.display());
    answer(call, &text, &report);
    report.must_be_whole()
}

/// The person at the terminal, who has the batch made.
struct Operator<'g> {
    call: &'g Call,
    /// He said so already.
    yes: bool,
    /// How far it is, once it has begun.
    progress: Option<Progress>,
}

impl Watch for Operator<'_> {
    fn kept(&mut self, outcomes: &[LineEnd]) {
        self.progress.iter_mut().for_each(|progress| progress.kept(outcomes));
    }

    fn say(&mut self, words: &str) {
        match &mut self.progress {
            Some(progress) => progress.say(words),
            None => say(words),
        }
    }
}

impl Overseer for Operator<'_> {
    fn plan(&mut self, plan: &Forecast) {
        say(forecast(plan));
    }

    /// Asks whether the batch shall begin; the answer is the number of cards.
    fn shall_begin(&mut self, plan: &Forecast) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::new(Kind::Usage, "nobody is there to confirm the batch")
                .hint("say --yes in a script, --dry-run to see the plan alone")
                .into());
        }
        let question = format!("type the number of cards, {}, to begin", plan.todo);
        if self.call.secrets.ask_openly(&question)? == plan.todo.to_string() {
            return Ok(true);
        }
        say("not begun");
        Ok(false)
    }

    /// The first Ctrl-C ends the batch after the cards under way; the second ends the program at once.
    fn begins(&mut self, plan: &Forecast) -> Result<Arc<AtomicBool>> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let code = i32::from(Kind::Interrupted.exit());
            signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&stop))?;
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        self.progress = Some(Progress::new(plan.todo));
        Ok(stop)
    }

    fn ends(&mut self, kept: bool) {
        let Some(mut progress) = self.progress.take() else { return };
        let (good, seconds) = progress.end();
        if kept && seconds > 0.0 && good > 0 {
            say(format!("{good} card(s) in {seconds:.1} s, {:.0} a second", good as f64 / seconds));
        }
    }
}

/// The plan in words.
fn forecast(plan: &Forecast) -> String {
    let text = |number: &Option<String>| number.clone().unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![
        ("batch", format!("{} of kind {}", plan.batch, plan.kind)),
        ("request", format!("{}, SHA-256 {}", plan.request, plan.sha256)),
        ("cards", format!("{} to make of {} asked for", plan.todo, plan.asked)),
        ("numbers", format!("{} to {}", text(&plan.first), text(&plan.last))),
        ("blanks", blanks(plan)),
    ];
    if let Some(line) = &plan.line {
        let left = plan.issuing_card_left.map(|left| format!("may make {left} card(s) still"));
        lines.push(("issuing card", left.unwrap_or_else(|| "has no limit".to_owned())));
        lines.push(("on the line", share(&line.sum)));
        lines.push(("the least", share(&line.least)));
        lines.push(("safety", share(&line.safety)));
        lines.push(("checks", share(&line.checks)));
    }
    lines.push(("time", format!("about {}", duration(plan.seconds))));
    facts(&lines)
}

fn blanks(plan: &Forecast) -> String {
    let from = if plan.by_hand { "fed by hand" } else { "virtual, from the factory" };
    match plan.blanks_in_stock {
        0 => format!("{} needed, {from}", plan.todo),
        n => format!("{} needed, {from}; {n} in stock", plan.todo),
    }
}

fn share(LineShare { apdus, bytes, etu }: &LineShare) -> String {
    let micros = etu.micros(BAUD);
    let seconds = format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000);
    format!("{apdus} commands, {bytes} bytes, {etu}, {seconds} at {BAUD} bit/s")
}
