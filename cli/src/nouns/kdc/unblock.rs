//! `kdc pin`: the PINs of the main control card, and those of issuing cards set anew.

use super::holder::Holder;
use super::issue_card::Officers;
use crate::args::Global;
use crate::home::{Home, Party};
use crate::pin;
use clap::{Args, Subcommand};
use parties::trouble::Result;
use scheme::profile::CardKind;

/// Verbs of PINs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Give the main control card another PIN; the present one is needed. The last try is never spent unasked.
    Change(pin::Change),
    /// Give an issuing card a new PIN with all its tries, with the main control card; the old one is not needed.
    Unblock(Unblock),
}

/// Options of `kdc pin unblock`.
#[derive(Debug, Args)]
pub struct Unblock {
    /// Which card, and its new PIN.
    #[command(flatten)]
    pub anew: pin::Anew,
    /// Set the supervisor's PIN instead of the operator's.
    #[arg(long)]
    pub second: bool,
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

/// Sets a PIN of an issuing card anew.
pub fn unblock(global: &Global, options: &Unblock) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "setting PINs of issuing cards")?;
    let kinds = [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing];
    let officers = (&options.officers, options.spend_last_try);
    options.holder.with_source(global, &folder, officers, "a new PIN of an issuing card", |source| {
        pin::unblock(global, &options.anew, &kinds, options.second, source)
    })
}
