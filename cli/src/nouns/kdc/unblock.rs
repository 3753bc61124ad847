//! `kdc pin`: the PINs of the main control card, and those of issuing cards set anew.

use super::holder::{Holder, Officers};
use crate::global::Global;
use crate::pin;
use clap::{Args, Subcommand};
use parties::{Result, province};

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
    let holder = options.holder.get(&options.officers, options.spend_last_try);
    let report = province::unblock(global, &options.anew.get(options.second), &holder)?;
    pin::tell(global, &report);
    Ok(())
}
