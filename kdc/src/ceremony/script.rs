//! The script of a ceremony: who does what in which order, as data [docs/specs/ceremony.md 1].
//!
//! The same steps are printed as a run-sheet before, walked by the command, and printed again as the protocol after,
//! so that the paper that is signed says what was done.

pub use super::steps::{From, Shape, StepKind, Transport};

use super::record::CeremonyRecord;
use super::words;
use std::fmt::Write as _;

/// Characters of a line on the sheet.
const WIDTH: usize = 78;

/// Who fills a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filler {
    /// The program.
    Program,
    /// People, at a prompt.
    Prompt,
    /// A pen, on the printed sheet.
    Pen,
}

/// A blank on the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blank {
    /// What stands before it.
    pub label: String,
    /// Who fills it.
    pub filler: Filler,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub act: StepKind,
    /// Who does it.
    pub role: String,
    /// Headline.
    pub title: String,
    /// What is done, in sentences.
    pub text: &'static str,
    /// What is written down.
    pub blanks: Vec<Blank>,
}

impl Step {
    fn new(act: StepKind) -> Self {
        let (role, title, text) = words::step(act);
        let mut step = Step { act, role, title, text, blanks: Vec::new() };
        step.blank("time", Filler::Program);
        step
    }

    fn blank(&mut self, label: &str, filler: Filler) {
        self.blanks.push(Blank { label: label.to_owned(), filler });
    }

    fn with(mut self, label: &str, filler: Filler) -> Self {
        self.blank(label, filler);
        self
    }

    /// Whether a program alone can do it: `kdc init` leaves the other steps out.
    pub const fn is_the_programs(&self) -> bool {
        !matches!(
            self.act,
            StepKind::Room | StepKind::Clock | StepKind::Drafts | StepKind::CheckValues | StepKind::Sign
        )
    }
}

/// The steps of a ceremony.
pub fn script(shape: &Shape) -> Vec<Step> {
    use Filler::{Pen, Program, Prompt};
    let envelope = |act| Step::new(act).with("check value", Program).with("envelope number", Prompt);
    let mut steps = Vec::new();
    let mut people = Step::new(StepKind::People);
    for role in people_of(shape) {
        people.blank(&role, Prompt);
    }
    steps.push(people);
    steps.push(Step::new(StepKind::Room).with("room", Prompt).with("machine", Prompt));
    steps.push(Step::new(StepKind::Clock).with("clock of the room", Prompt));
    match shape.from {
        From::TestRoot => {}
        From::Components(total) => steps.extend((1..=total).map(StepKind::Component).map(envelope)),
        From::Shares(threshold) => steps.extend((1..=threshold).map(StepKind::ShareIn).map(envelope)),
        From::Entropy => steps.push(Step::new(StepKind::Draw)),
    }
    if shape.from != From::TestRoot {
        steps.push(Step::new(StepKind::Whole).with("check value of the whole", Program));
    }
    match shape.transport {
        Transport::Published => {}
        Transport::Components(total) => steps.extend((1..=total).map(StepKind::Transport).map(envelope)),
        Transport::File => steps.push(Step::new(StepKind::TransportFile).with("check value", Program)),
    }
    if let Some((_, total)) = shape.shares {
        steps.extend((1..=total).map(StepKind::ShareOut).map(envelope));
        let proof = |number| Step::new(StepKind::ShareProof(number)).with("check value", Program);
        steps.extend((1..=total).map(proof));
        steps.push(Step::new(StepKind::Drafts));
    }
    if let Some((_, total)) = shape.custodians {
        steps.extend(
            (1..=total).map(|number| Step::new(StepKind::Passphrase(number)).with("custodian", Program)),
        );
    }
    if shape.main_card {
        steps.push(Step::new(StepKind::CardPin));
    }
    let mut write = Step::new(StepKind::Write);
    if shape.custodians.is_some() {
        write.blank("key store, set", Program);
    }
    if shape.main_card {
        write.blank("main control card, serial", Program);
        write.blank("envelope number of the card", Prompt);
    }
    steps.push(write);
    steps.push(Step::new(StepKind::CheckValues));
    steps.push(Step::new(StepKind::Sign).with("audit log, head", Program));
    for step in &mut steps {
        step.blank("signature", Pen);
    }
    steps
}

/// The roles of a ceremony, in the order of the sheet.
pub fn people_of(shape: &Shape) -> Vec<String> {
    let mut people: Vec<String> =
        ["key manager", "system administrator", "witness"].map(str::to_owned).into();
    let number = |what: &str, total: u8| (1..=total).map(|n| format!("{what} {n}")).collect::<Vec<_>>();
    match shape.from {
        From::Components(total) => people.extend(number("component custodian", total)),
        From::Shares(total) => people.extend(number("restoring custodian", total)),
        From::TestRoot | From::Entropy => {}
    }
    if let Transport::Components(total) = shape.transport {
        people.extend(number("card maker's custodian", total));
    }
    if let Some((_, total)) = shape.shares {
        people.extend(number("share custodian", total));
    }
    if let Some((_, total)) = shape.custodians {
        people.extend(number("key store custodian", total));
    }
    people
}

/// Whether two roles need two people: the key manager, the administrator and the witness do nothing else, and of the custodians
/// of one thing (components, shares, passphrases) each is another [docs/specs/ceremony.md 1].
pub fn must_be_two(one: &str, other: &str) -> bool {
    let kind = |role: &str| role.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned();
    let officer = |role: &str| !role.ends_with(|c: char| c.is_ascii_digit());
    officer(one) || officer(other) || kind(one) == kind(other)
}

/// Whether two names are one person's: case and blanks make no difference.
pub fn same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(one) == plain(other)
}

/// The run-sheet as Markdown; with a record the protocol, blanks filled where the record knows.
pub fn sheet(shape: &Shape, suite: &str, record: Option<&CeremonyRecord>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{}", words::head(shape, suite, record));
    for (i, step) in script(shape).iter().enumerate() {
        let number = i + 1;
        let text = wrapped(&format!("*{}.* {}", capital(&step.role), step.text));
        let _ = write!(out, "\n## {number}. {}\n\n{text}\n", step.title);
        let note = record.and_then(|record| record.notes.iter().find(|note| note.step == number));
        for blank in &step.blanks {
            let entry = note.and_then(|note| note.entries.iter().find(|(label, _)| *label == blank.label));
            let value = match (entry, note) {
                (Some((_, value)), _) => value.clone(),
                (None, Some(note)) if blank.label == "time" => words::time(&note.at),
                _ => "_".repeat(28),
            };
            let _ = writeln!(out, "- {}: {value}", blank.label);
        }
        if step.act == StepKind::CheckValues {
            out.push_str(&words::check_values(record));
        }
    }
    out
}

/// Broken into lines that a sheet of A4 takes in a type one can read across a table.
pub fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if width > 0 && width + 1 + len > WIDTH {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += len;
    }
    out.push('\n');
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
