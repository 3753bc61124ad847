//! `kdc revoke`: an issuing card that was lost, stolen or broken, and the list by which cities know it
//! [docs/specs/revocation.md].

use super::issue_card::Officers;
use super::{init, main_card};
use crate::args::Global;
use crate::bay::Bay;
use crate::home::{self, Home, Party};
use crate::nouns::revoked::{self, Maker};
use ::issue::source::CardSource;
use ::kdc::ceremony::CeremonyRecord;
use ::scheme::numbers::RegionCode;
use ::scheme::pin::Pins;
use clap::Args;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use scheme::profile::CardKind;

/// Options of `kdc revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam-issuing`, `esam-issuing` or `test-issuing`.
    #[command(flatten)]
    pub what: revoked::What,
    /// The PINs of the main control card.
    #[command(flatten)]
    pub officers: Officers,
}

const MADE: [CardKind; 3] = [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing];

/// Revokes a card: both officers with the main control card, which makes the list's MACs.
pub fn revoke(global: &Global, options: &Revoke) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "revoking issuing cards")?;
    let record: CeremonyRecord = serde_json::from_str(&home::read_text(&init::record_file(&folder))?)
        .with_context(|| format!("{} is damaged", init::record_file(&folder).display()))?;
    let maker = Maker { folder: &folder, issuer: RegionCode([0; 4]), kinds: &MADE, believers: &MADE };
    let open = || Bay::open(global, &main_card(&folder), CardKind::MainControl);
    let verify = |bay: &mut Bay| {
        let [pin, second] = options.officers.ask()?;
        CardSource::open(IssuingCard::new(bay), Pins::both(&pin, &second))?;
        Ok(())
    };
    revoked::revoke(global, &maker, &options.what, (record.suite, record.state), open, verify)
}
