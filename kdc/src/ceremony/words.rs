//! Words of the ceremony's script.

use super::record::CeremonyRecord;
use super::steps::{From, Shape, StepKind, Transport};
use keys::Role;
use std::fmt::Write as _;

/// Role, headline and text of a step.
pub(crate) fn step(act: StepKind) -> (String, String, &'static str) {
    let (role, title, text) = match act {
        StepKind::People => (
            "key manager".into(),
            "Who is here".into(),
            "Everybody shows an identity card; the names are written down. Nobody holds two of the custodians' roles, \
             and nobody leaves before the end.",
        ),
        StepKind::Room => (
            "system administrator".into(),
            "Room and machine".into(),
            "The door is shut, telephones and cameras are outside. The machine has no network, was started from a \
             medium that is kept in a sealed envelope, and its screen is seen by the person who types alone.",
        ),
        StepKind::Clock => (
            "witness".into(),
            "Clock".into(),
            "The time the program shows is compared with the clock of the room.",
        ),
        StepKind::Component(n) => (
            format!("component custodian {n}"),
            format!("Component {n}"),
            "Opens the own envelope, unseen by others, checks its seal and number, and types the component, which \
             is not shown, and then its check value. The program says the check value it found; it must be that of the paper. \
             The paper goes into a new envelope.",
        ),
        StepKind::ShareIn(n) => (
            format!("restoring custodian {n}"),
            format!("Share {n} of those that come"),
            "Opens the own envelope, unseen by others, and types the share. Nothing typed is shown. The program says its number, its set \
             and its check value. The paper goes into a new envelope.",
        ),
        StepKind::Draw => (
            "system administrator".into(),
            "The secret is drawn".into(),
            "The program takes 16 bytes from the machine's random source. Nobody sees them; without backup shares \
             nobody can bring them back.",
        ),
        StepKind::Whole => (
            "key manager".into(),
            "Check value of the whole".into(),
            "The program says the check value of the secret. When the province was made before, it is compared with the \
             earlier protocol.",
        ),
        StepKind::Transport(n) => (
            format!("card maker's custodian {n}"),
            format!("Component {n} of the transport root"),
            "Types the component that was agreed with the card maker, and its check value, in the same way as the \
             province's components.",
        ),
        StepKind::TransportFile => (
            "system administrator".into(),
            "The transport root from its file".into(),
            "The program reads the file of the card maker and says its check value, which is compared with the card \
             maker's letter. The medium is destroyed or sealed afterwards.",
        ),
        StepKind::ShareOut(n) => (
            format!("share custodian {n}"),
            format!("Share {n} is written down"),
            "The program shows the share to its custodian alone, or has written it to the file that was named. The \
             custodian writes it down in block letters, puts it into an envelope and does not seal that yet.",
        ),
        StepKind::ShareProof(n) => (
            format!("share custodian {n}"),
            format!("Share {n} is proved"),
            "Types the share again from the paper. When all are in, the program restores the secret from them, each paper having its part, and says so. \
             Then the envelope is sealed.",
        ),
        StepKind::Drafts => (
            "witness".into(),
            "Drafts are destroyed".into(),
            "Whatever was written beside the papers in the envelopes is shredded; files of shares are erased with their medium.",
        ),
        StepKind::Passphrase(n) => (
            format!("key store custodian {n}"),
            format!("Passphrase {n} of the key store"),
            "Thinks of a passphrase of at least ten characters, types it twice and tells it to nobody.",
        ),
        StepKind::CardPin => (
            "key manager".into(),
            "PINs of the main control card".into(),
            "The two officers who will work with the card set a PIN each, another one than the other's, unseen by everybody else.",
        ),
        StepKind::Write => (
            "system administrator".into(),
            "Key store, card and record are written".into(),
            "The program makes what the province will work with. Until this step nothing of the province is on the disk; when it \
             breaks off, the ceremony begins again from its first step.",
        ),
        StepKind::CheckValues => (
            "witness".into(),
            "Check values are read aloud".into(),
            "The program shows the check values of the roots. They are read aloud, root by root, and written on the run-sheet; when the \
             province was made before, they are compared with the earlier protocol.",
        ),
        StepKind::Sign => (
            "key manager".into(),
            "The protocol is signed".into(),
            "The program says the head of the audit log, which is written on the run-sheet, so that nobody can write the log's beginning \
             anew. With this step the ceremony ends, and the protocol is in the province's folder: it is printed, and everybody signs at \
             the steps of the own role.",
        ),
    };
    (role, title, text)
}

/// The head of a sheet.
pub(crate) fn head(shape: &Shape, suite: &str, record: Option<&CeremonyRecord>) -> String {
    let mut out = String::new();
    let what = if record.is_some() { "Protocol" } else { "Run-sheet" };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# {what} of a key ceremony\n");
    if shape.rehearsal {
        out.push_str(
            "**REHEARSAL. Everything is done as in earnest; the keys are the published test keys.**\n\n",
        );
    }
    let _ = writeln!(out, "- cipher suite: {suite}");
    let _ = writeln!(out, "- secret: {}", from(shape.from));
    let _ = writeln!(out, "- transport root: {}", transport(shape.transport));
    if let Some((threshold, total)) = shape.shares {
        let _ = writeln!(out, "- backup: {total} shares, {threshold} of which restore the secret");
    }
    if let Some((threshold, total)) = shape.custodians {
        let _ = writeln!(out, "- key store: {total} custodians, {threshold} of whom open it");
    }
    let card = if shape.main_card { "made" } else { "not made" };
    let _ = writeln!(out, "- main control card: {card}");
    let _ = writeln!(out, "- held: {}", record.map_or_else(|| "_".repeat(28), |record| time(&record.at)));
    out.push_str("\nEach step has the time and a signature; an envelope has its number. No secret is ever written on this sheet.\n");
    out
}

/// A time of the record, which is China's, with its zone.
pub(crate) fn time(at: &str) -> String {
    format!("{at} UTC+8")
}

fn from(from: From) -> String {
    match from {
        From::TestRoot => "none, the published test root".into(),
        From::Components(total) => format!("{total} components, all of which are needed"),
        From::Entropy => "drawn by the machine".into(),
        From::Shares(threshold) => format!("restored from {threshold} shares of a backup"),
    }
}

fn transport(transport: Transport) -> String {
    match transport {
        Transport::Published => "the published one".into(),
        Transport::Components(total) => format!("agreed with the card maker, {total} components"),
        Transport::File => "agreed with the card maker, in a file".into(),
    }
}

/// The table of check values, empty on a run-sheet.
pub(crate) fn check_values(record: Option<&CeremonyRecord>) -> String {
    let mut out = String::from("\n| root | check value |\n|---|---|\n");
    for role in Role::ALL {
        let found = record.and_then(|record| record.roots.iter().find(|root| root.role == role));
        let value = found.map_or_else(|| "______".to_owned(), |root| root.check_value.to_string());
        let _ = writeln!(out, "| {} | {value} |", role.name());
    }
    out
}
