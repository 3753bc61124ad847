//! `gridcard trace`: traces of APDUs, in words.

use crate::prelude::*;
use lens::apdu::DecodedTrace;
use parties::home;
use scheme::zone::spoken;

/// Verbs of traces.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show a trace with the name of each command, the file it means and the meaning of each answer.
    Show {
        /// Trace file.
        file: PathBuf,
        /// Kind of the cards in it, where they do not tell: main-control, psam-issuing, esam-issuing, psam, esam or sim.
        #[arg(long, value_parser = kind)]
        kind: Option<CardKind>,
        /// Show PINs and keys, if the trace has them; traces made with --trace have none.
        #[arg(long)]
        reveal: bool,
    },
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        let Verb::Show { file, kind, reveal } = self;
        look(file, move |call, file| show(call, file, kind, reveal))
    }
}

fn show(call: &Call, file: &Path, kind: Option<CardKind>, reveal: bool) -> Result<()> {
    let trace = DecodedTrace::of(&home::read_text(file)?, kind, reveal);
    let trace = trace.with_context(|| file.display().to_string())?;
    let (apdus, lines) = (trace.apdus(), trace.lines());
    let object = json!({ "apdus": apdus, "lines": lines, "session": trace.objects() });
    answer(call, &spoken(&lines.join("\n")), object);
    say(format!("{apdus} APDUs"));
    Ok(())
}
