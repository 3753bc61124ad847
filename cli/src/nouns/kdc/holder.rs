//! Who holds the province's roots for an act: the main control card, the key store, or a token.

use crate::prelude::*;
use parties::province;

/// The two officers of the main control card.
#[derive(Debug, Args)]
pub struct Officers {
    /// File with the first officer's PIN of the main control card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second officer's PIN of the main control card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
}

impl Officers {
    /// As acts take them.
    pub fn get(&self, spend_last_try: bool) -> province::Officers {
        province::Officers {
            pin: self.pin_file.as_deref().into(),
            second: self.second_pin_file.as_deref().into(),
            spend_last_try,
        }
    }
}

/// Who holds the roots. Default: the main control card.
#[derive(Debug, Args)]
pub struct Holder {
    /// Take the roots from the key store, which several custodians open, in the place of the main control card.
    #[arg(long)]
    pub from_keystore: bool,
    #[cfg(feature = "hsm")]
    #[command(flatten)]
    pub token: super::hsm::MaybeToken,
    #[command(flatten)]
    pub officers: Officers,
}

impl Holder {
    /// As acts take it.
    pub fn get(&self, spend_last_try: bool) -> province::Holder {
        if self.from_keystore {
            return province::Holder::KeyStore;
        }
        #[cfg(feature = "hsm")]
        if let Some(token) = self.token.get(spend_last_try) {
            return province::Holder::Token(token);
        }
        province::Holder::MainCard(self.officers.get(spend_last_try))
    }
}
