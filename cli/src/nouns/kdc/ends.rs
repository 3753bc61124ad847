//! `kdc retire-card`, `kdc revoke` and `kdc pin`: what the province does to issuing cards that are made already.

use super::holder::{Holder, Officers};
use super::issue_card::issuing_kind;
use crate::prelude::*;
use crate::{pin, shared};
use parties::province;

/// Options of `kdc retire-card`.
#[derive(Debug, Args)]
pub struct Retire {
    /// What the card makes: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// The issuing card: a card file, or a card in a reader.
    pub card: CardRef,
    #[command(flatten)]
    pub holder: Holder,
    /// Try the PINs of the main control card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `kdc revoke` [docs/specs/revocation.md].
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[command(flatten)]
    pub what: shared::RevokeWhat,
    #[command(flatten)]
    pub officers: Officers,
}

/// Verbs of PINs.
#[derive(Debug, Subcommand)]
pub enum PinVerb {
    /// Give the main control card another PIN; the present one is needed. The last try is never spent unasked.
    Change(pin::Change),
    /// Give an issuing card a new PIN with all its tries, with the main control card; the old one is not needed.
    Unblock(Unblock),
}

/// Options of `kdc pin unblock`.
#[derive(Debug, Args)]
pub struct Unblock {
    #[command(flatten)]
    pub anew: pin::Anew,
    /// Set the supervisor's PIN instead of the operator's.
    #[arg(long)]
    pub second: bool,
    #[command(flatten)]
    pub holder: Holder,
    /// Try the PINs of the main control card although one has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Ends an issuing card.
pub fn retire(call: &Call, options: &Retire) -> Result<()> {
    let holder = options.holder.get(options.spend_last_try);
    shared::tell_retired(call, province::retire_card(call, options.kind, &options.card, &holder))
}

/// Revokes an issuing card.
pub fn revoke(call: &Call, options: &Revoke) -> Result<()> {
    let officers = options.officers.get(false);
    shared::tell_revoked(call, province::revoke(call, &options.what.get(), &officers))
}

/// Sets a PIN of an issuing card anew.
pub fn unblock(call: &Call, options: &Unblock) -> Result<()> {
    let holder = options.holder.get(options.spend_last_try);
    pin::tell(call, province::unblock(call, &options.anew.get(options.second), &holder))
}
