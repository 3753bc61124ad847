//! Who holds the province's roots for an act: the main control card, the key store, or a token.

use super::issue_card::Officers;
use super::{keystore, main_card};
use crate::args::Global;
use crate::bay::Bay;
use crate::in_force;
use ::issue::source::{CardSource, KeySource, SoftSource};
use ::scheme::pin::Pins;
use clap::Args;
use parties::trouble::Result;
use reader::driver::issuing::IssuingCard;
use scheme::profile::CardKind;
use std::path::Path;

/// Who holds the roots. Default: the main control card.
#[derive(Debug, Args)]
pub struct Holder {
    /// Take the roots from the key store, which several custodians open, in the place of the main control card.
    #[arg(long)]
    pub from_keystore: bool,
    #[cfg(feature = "hsm")]
    #[command(flatten)]
    pub token: super::hsm::MaybeToken,
}

impl Holder {
    /// Does an act with the roots. The main control card wants its officers' PINs, the key store its custodians'
    /// passphrases, a token its PIN; `why` is what the audit log says of it.
    pub fn with_source<T>(
        &self,
        global: &Global,
        folder: &Path,
        (officers, spend_last_try): (&Officers, bool),
        why: &str,
        act: impl FnOnce(&mut dyn KeySource) -> Result<T>,
    ) -> Result<T> {
        if self.from_keystore {
            return act(&mut SoftSource::province(keystore::roots(global, folder, why)?));
        }
        #[cfg(feature = "hsm")]
        if let Some(token) = self.token.given(spend_last_try) {
            return act(&mut super::hsm::source(folder, &token)?);
        }
        let [pin, second] = officers.ask()?;
        let mut main = Bay::open(global, &main_card(folder), CardKind::MainControl)?;
        let pins = Pins { spend_last_try, ..Pins::both(&pin, &second) };
        in_force::must_make(global, folder, &mut main)?;
        let done = {
            let mut source = CardSource::open(IssuingCard::new(&mut main), pins)?;
            act(&mut source)?
        };
        main.close()?;
        Ok(done)
    }
}
