//! `kdc retire-card`: the end of an issuing card.

use super::holder::Holder;
use super::issue_card::{Officers, issuing_kind};
use crate::args::Global;
use crate::card_ref::CardRef;
use crate::home::{Home, Party};
use crate::people;
use clap::Args;
use parties::trouble::Result;
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

/// Ends an issuing card; two officers, as every act of a main control card.
pub fn retire(global: &Global, options: &Retire) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "retiring issuing cards")?;
    let why = format!("the end of a {} card", options.kind.name());
    let officers = (&options.officers, options.spend_last_try);
    options.holder.with_source(global, &folder, officers, &why, |source| {
        if people::both(global, &folder, &format!("retiring {}", options.card), source.about().state)? {
            crate::retire::retire(global, &options.card, options.kind, source, &folder)?;
        }
        Ok(())
    })
}
