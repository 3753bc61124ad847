//! `kdc retire-card`: the end of an issuing card.

use super::holder::{Holder, Officers};
use super::issue_card::issuing_kind;
use crate::ended;
use crate::global::Global;
use clap::Args;
use parties::{Result, province};
use scheme::CardRef;
use scheme::profile::CardKind;

/// Options of `kdc retire-card`.
#[derive(Debug, Args)]
pub struct Retire {
    /// What the card makes: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// The issuing card: a card file, or a card in a reader.
    pub card: CardRef,
    /// Who holds the roots.
    #[command(flatten)]
    pub holder: Holder,
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
    /// Try the PINs of the main control card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Ends an issuing card.
pub fn retire(global: &Global, options: &Retire) -> Result<()> {
    let holder = options.holder.get(&options.officers, options.spend_last_try);
    let report = province::retire_card(global, options.kind, &options.card, &holder)?;
    report.iter().for_each(|report| ended::tell(global, report));
    Ok(())
}
