//! `kdc revoke`: an issuing card that was lost, stolen or broken, and the list by which cities know it
//! [docs/specs/revocation.md].

use super::holder::Officers;
use crate::global::Global;
use crate::{revocation, shared};
use clap::Args;
use parties::{Result, province};

/// Options of `kdc revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[command(flatten)]
    pub what: shared::RevokeWhat,
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
}

/// Revokes a card.
pub fn revoke(global: &Global, options: &Revoke) -> Result<()> {
    let report = province::revoke(global, &options.what.get(), &options.officers.get(false))?;
    report.iter().for_each(|report| revocation::tell(global, report));
    Ok(())
}
