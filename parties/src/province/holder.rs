//! Who holds the province's roots for an act: the main control card, the key store, or a token.

use super::folder::main_card;
use super::keystore;
use crate::cards::CardHandle;
use crate::in_force;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::Result;
use issue::source::{CardSource, KeySource, SoftSource};
use reader::driver::issuing::IssuingCard;
use scheme::pin::{Pin, Pins};
use scheme::profile::CardKind;
use std::path::Path;

/// The two officers of the main control card.
#[derive(Debug, Clone, Default)]
pub struct Officers {
    /// The first officer's PIN.
    pub pin: SecretFrom,
    /// The second officer's PIN.
    pub second: SecretFrom,
    /// Try the PINs although one has 1 try left: a wrong one blocks the card.
    pub spend_last_try: bool,
}

impl Officers {
    /// Both PINs.
    ///
    /// # Errors
    /// Nobody says one, or it is none.
    pub fn ask(&self, session: &Session) -> Result<[Pin; 2]> {
        Ok([
            secret::pin(session, &self.pin, "the main control card, first officer")?,
            secret::pin(session, &self.second, "the main control card, second officer")?,
        ])
    }
}

/// Who holds the roots.
#[derive(Debug, Clone)]
pub enum Holder {
    /// The main control card, which wants its officers' PINs.
    MainCard(Officers),
    /// The key store, which wants its custodians' passphrases.
    KeyStore,
    /// A token, which wants its user's PIN.
    #[cfg(feature = "hsm")]
    Token(super::token::TokenChoice),
}

impl Holder {
    /// Does an act with the roots; `why` is what the audit log says of it.
    ///
    /// # Errors
    /// The holder does not open; those of the act.
    pub fn with_source<T>(
        &self,
        session: &Session,
        folder: &Path,
        why: &str,
        act: impl FnOnce(&mut dyn KeySource) -> Result<T>,
    ) -> Result<T> {
        let officers = match self {
            Holder::MainCard(officers) => officers,
            Holder::KeyStore => {
                return act(&mut SoftSource::province(keystore::roots(session, folder, why)?));
            }
            #[cfg(feature = "hsm")]
            Holder::Token(token) => return act(&mut super::token::source(session, folder, token)?),
        };
        let [pin, second] = officers.ask(session)?;
        let mut main = CardHandle::open(session, &main_card(folder), CardKind::MainControl)?;
        let pins = Pins { spend_last_try: officers.spend_last_try, ..Pins::both(&pin, &second) };
        in_force::must_make(session, folder, &mut main)?;
        let done = {
            let mut source = CardSource::open(IssuingCard::new(&mut main), pins)?;
            act(&mut source)?
        };
        main.close()?;
        Ok(done)
    }
}
