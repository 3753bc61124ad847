//! What a ceremony is to be.

use crate::secret::SecretFrom;
use crate::session::Session;
use crate::trouble::{Failure, Result, security};
use ::kdc::ceremony::script::{From, Shape, Transport};
use keys::Suite;
use scheme::numbers::DeviceNumber;
use scheme::{CardRef, Kind};
use std::path::PathBuf;

/// What a ceremony is to be.
#[derive(Debug, Clone)]
pub struct CeremonyRequest {
    /// Where the secret comes from.
    pub from: From,
    /// Every step as in earnest, and the roots are the published test roots.
    pub rehearsal: bool,
    /// Suite of the roots.
    pub suite: Suite,
    /// Components of a transport root agreed with the card maker.
    pub transport_components: Option<u8>,
    /// File of such a root; without both the published one stays.
    pub transport_file: Option<PathBuf>,
    /// Backup shares of the secret: needed, made.
    pub shares: Option<(u8, u8)>,
    /// Folder for the shares; without one they are shown to their custodians.
    pub share_dir: Option<PathBuf>,
    /// Key store: custodians that open it, custodians in all.
    pub custodians: Option<(u8, u8)>,
    /// PIN of the main control card's first officer.
    pub pin: SecretFrom,
    /// PIN of its second officer.
    pub second_pin: SecretFrom,
    /// Number of the main control card.
    pub number: DeviceNumber,
    /// The main control card of a formal root may be virtual, its keys in clear.
    pub formal_on_virtual: bool,
    /// The blank in a reader that becomes the main control card; without one a virtual card does.
    pub card: Option<CardRef>,
}

impl CeremonyRequest {
    /// The shape of the ceremony; refuses what cannot be.
    pub(super) fn shape(&self, session: &Session) -> Result<Shape> {
        let transport = match (self.transport_components, &self.transport_file) {
            (Some(total), _) => Transport::Components(total),
            (None, Some(_)) => Transport::File,
            (None, None) => Transport::Published,
        };
        if let Some((threshold, total)) = self.custodians
            && threshold > total
        {
            let words = format!("{threshold} of {total} custodians cannot be");
            return Err(Failure::new(Kind::Usage, words).into());
        }
        let formal = self.from != From::TestRoot && !self.rehearsal;
        if formal && transport == Transport::Published {
            return Err(security("a formal province needs a transport root agreed with its card maker: under the published one whoever sees a line, or its trace, has every key")
                .hint("load it with --transport-file FILE or --transport-components N; or use --test-root, or --rehearsal")
                .into());
        }
        let main_card = !formal || self.formal_on_virtual || self.blank(session)?.is_some();
        if !main_card && self.custodians.is_none() {
            return Err(security(
                "a formal root does not belong on a virtual card: its image holds keys in clear",
            )
            .hint(
                "keep it in a key store with --custodians N --threshold M; or use --test-root; or say \
                 --formal-on-virtual if you know what you do",
            )
            .into());
        }
        let (rehearsal, shares, custodians) = (self.rehearsal, self.shares, self.custodians);
        Ok(Shape { from: self.from, rehearsal, transport, shares, custodians, main_card })
    }

    /// The blank in a reader that shall become the main control card.
    pub(super) fn blank(&self, session: &Session) -> Result<Option<CardRef>> {
        match self.card.as_ref().map(|card| session.cards.resolve(card)).transpose()? {
            None => Ok(None),
            Some(card) if card.reader().is_some() => Ok(Some(card)),
            Some(path) => {
                let words = format!("{path}: a virtual main control card stands in the province's folder");
                Err(Failure::new(Kind::Usage, words)
                    .hint("leave --card out, or name a card in a reader")
                    .into())
            }
        }
    }

    /// Shares are shown to a person or written to the folder that was named, and go nowhere else.
    pub(super) fn must_have_a_place_for_shares(&self, session: &Session) -> Result<()> {
        if self.shares.is_none() || self.share_dir.is_some() || session.secrets.can_show() {
            return Ok(());
        }
        Err(Failure::new(Kind::Usage, "shares are shown at a terminal only")
            .hint(
                "name a folder for them with --share-dir, on a medium that is sealed or destroyed afterwards",
            )
            .into())
    }
}
