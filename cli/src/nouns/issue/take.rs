//! `issue take`: virtual cards out of the pack, as card files.

use super::options::Office;
use crate::prelude::*;
use parties::batches::{self, TakeRequest};

/// Options of `issue take`.
#[derive(Debug, Args)]
pub struct Take {
    /// Numbers of the cards.
    #[arg(required_unless_present_any = ["batch", "all"], conflicts_with_all = ["batch", "all"])]
    pub numbers: Vec<String>,
    /// All cards of a batch.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    pub batch: Option<i64>,
    /// All cards of the kind.
    #[arg(long)]
    pub all: bool,
    /// Kind of the cards: esam, psam or sim.
    #[arg(long, default_value = "esam", value_parser = kind)]
    pub kind: CardKind,
    /// Folder for KIND-NUMBER.card and pairing-NUMBER.json. Default: the office's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub office: Office,
}

fn kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind @ (CardKind::Esam | CardKind::Psam | CardKind::Sim)) => Ok(kind),
        _ => Err("a batch makes esam, psam or sim".into()),
    }
}

/// Takes cards out.
pub fn take(call: &Call, options: &Take) -> Result<()> {
    let of_sims = options.kind == CardKind::Sim;
    let request = TakeRequest {
        numbers: options.numbers.clone(),
        batch: options.batch,
        kind: options.kind,
        out: options.out.clone(),
        office: if of_sims { batches::Office::Sims } else { options.office.get() },
    };
    let report = batches::take(call, &request)?;
    let text = format!("{} card(s) taken out to {}", report.taken, report.out.display());
    answer(call, &text, &report);
    if report.taken == 0 {
        say("the pack holds none of these cards");
    }
    Ok(())
}
