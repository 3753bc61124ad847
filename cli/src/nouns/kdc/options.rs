//! What a ceremony is to be: the options that `kdc init`, `kdc ceremony plan` and `kdc ceremony run` share.

use crate::fail::{Kind, security};
use crate::global::Global;
use crate::shared::suite;
use ::kdc::ceremony::script::{From, Shape, Transport};
use ::scheme::numbers::DeviceNumber;
use clap::Args;
use keys::Suite;
use parties::Failure;
use parties::trouble::Result;
use scheme::CardRef;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Where the secret comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// Take the published test root: everybody can compute these keys.
    #[arg(long)]
    pub test_root: bool,
    /// Combine so many components, typed in by their custodians (or lines of stdin: component, check value).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=8))]
    pub components: Option<u8>,
    /// Draw the secret from the machine's random source.
    #[arg(long)]
    pub entropy: bool,
    /// Restore the secret from so many shares of a backup, typed in by their custodians.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u8).range(2..=15))]
    pub restore: Option<u8>,
}

/// What a ceremony is to be.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    pub source: Source,
    /// Rehearse: every step as in earnest, and the roots are the published test roots.
    #[arg(long, conflicts_with = "test_root")]
    pub rehearsal: bool,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Load a transport root agreed with the card maker from so many components.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=8), conflicts_with = "transport_file")]
    pub transport_components: Option<u8>,
    /// Load a transport root agreed with the card maker from a file: 32 hexadecimal digits, and its check value.
    #[arg(long, value_name = "FILE")]
    pub transport_file: Option<PathBuf>,
    /// Make N backup shares of the secret, M of which restore it.
    #[arg(long, value_name = "M/N", value_parser = of, conflicts_with = "test_root")]
    pub shares: Option<(u8, u8)>,
    /// Folder for the shares, a file each, for its owner's eyes alone. Default: shown one at a time, at a terminal only.
    #[arg(long, value_name = "DIR", requires = "shares")]
    pub share_dir: Option<PathBuf>,
    /// Keep the roots in a key store of so many custodians, each with a passphrase.
    #[arg(long, value_name = "N", requires = "threshold", value_parser = clap::value_parser!(u8).range(2..=15))]
    pub custodians: Option<u8>,
    /// Custodians of the key store that open it together.
    #[arg(long, value_name = "M", requires = "custodians", value_parser = clap::value_parser!(u8).range(2..=15))]
    pub threshold: Option<u8>,
    /// File with the PIN the main control card will have (4 to 12 digits; `-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second officer's PIN of the main control card, another one. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
    /// Number of the main control card.
    #[arg(long, default_value = "000000000010")]
    pub number: DeviceNumber,
    /// Make the main control card of a formal root although it is virtual and its image holds keys in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Make the main control card of a blank that stands in a reader (pcsc:READER, pcsc:SERIAL). Default: a virtual card
    /// in the province's folder.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
}

/// Reads `M/N`.
fn of(text: &str) -> Result<(u8, u8), String> {
    let parts = text.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((m, n)) if (2..=n).contains(&m) && n <= 15 => Ok((m, n)),
        _ => Err("write 2/3 for three shares, two of which restore; 2 to 15 shares".into()),
    }
}

impl Options {
    /// The shape of the ceremony; refuses what cannot be.
    pub fn shape(&self, global: &Global) -> Result<Shape> {
        let Source { test_root, components, restore, .. } = self.source;
        let from = match (test_root, components, restore) {
            (true, ..) => From::TestRoot,
            (_, Some(total), _) => From::Components(total),
            (_, _, Some(threshold)) => From::Shares(threshold),
            _ => From::Entropy,
        };
        let transport = match (self.transport_components, &self.transport_file) {
            (Some(total), _) => Transport::Components(total),
            (None, Some(_)) => Transport::File,
            (None, None) => Transport::Published,
        };
        let custodians = self.threshold.zip(self.custodians);
        if let Some((threshold, total)) = custodians
            && threshold > total
        {
            return Err(
                Failure::new(Kind::Usage, format!("{threshold} of {total} custodians cannot be")).into()
            );
        }
        let formal = from != From::TestRoot && !self.rehearsal;
        if formal && transport == Transport::Published {
            return Err(security("a formal province needs a transport root agreed with its card maker: under the published one whoever sees a line, or its trace, has every key")
                .hint("load it with --transport-file FILE or --transport-components N; or use --test-root, or --rehearsal")
                .into());
        }
        let main_card = !formal || self.formal_on_virtual || self.blank(global)?.is_some();
        if !main_card && custodians.is_none() {
            return Err(security(
                "a formal root does not belong on a virtual card: its image holds keys in clear",
            )
            .hint(
                "keep it in a key store with --custodians N --threshold M; or use --test-root; or say \
                 --formal-on-virtual if you know what you do",
            )
            .into());
        }
        Ok(Shape { from, rehearsal: self.rehearsal, transport, shares: self.shares, custodians, main_card })
    }

    /// The blank in a reader that shall become the main control card.
    pub fn blank(&self, global: &Global) -> Result<Option<CardRef>> {
        match self.card.as_ref().map(|card| global.cards.resolve(card)).transpose()? {
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
    pub fn must_have_a_place_for_shares(&self, json: bool) -> Result<()> {
        let shown = std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !json;
        if self.shares.is_none() || self.share_dir.is_some() || shown {
            return Ok(());
        }
        Err(Failure::new(Kind::Usage, "shares are shown at a terminal only")
            .hint(
                "name a folder for them with --share-dir, on a medium that is sealed or destroyed afterwards",
            )
            .into())
    }
}
