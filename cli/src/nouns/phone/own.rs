//! The options that name a customer's own phone, and the server that it asks.

use crate::prelude::*;
use client::talk::{Request, Said};
use parties::customer::{Conversation, Frames, PhoneFile};

/// The customer's own phone, and the server that it asks.
#[derive(Debug, Args)]
pub struct Own {
    /// The phone's own file, with its keys: made by `phone enrol`, for its owner alone.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_PHONE")]
    pub phone: PathBuf,
    /// The payment server: tcp:HOST:PORT, ws://HOST:PORT, http://HOST:PORT or https://HOST:PORT. Default: the one it enrolled at.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// PEM file with the certificate of the server or of its issuer, for https.
    #[arg(long, value_name = "FILE", env = "GRIDCARD_CA")]
    pub ca: Option<PathBuf>,
}

impl Own {
    /// The phone, and the way to its server.
    ///
    /// # Errors
    /// The file is none; nobody is there.
    pub fn open(&self) -> Result<(PhoneFile, Box<dyn Frames>)> {
        let file = PhoneFile::read(&self.phone)?;
        let url = self.server.clone().unwrap_or_else(|| file.server_url.clone());
        Ok((file, service::client::frames(&url, self.ca.as_deref())?))
    }

    /// Asks one thing in a session of its own.
    ///
    /// # Errors
    /// The server says nothing, or no.
    pub fn ask(&self, call: &Call, request: &Request) -> Result<Said> {
        let (mut file, mut frames) = self.open()?;
        Conversation::begin(call, &mut *frames, &mut file)?.ask(request)
    }
}
