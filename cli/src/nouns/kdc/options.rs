//! What a ceremony is to be: the options that `kdc init`, `kdc ceremony plan` and `kdc ceremony run` share.

use crate::prelude::*;
use ::kdc::ceremony::script::From;
use parties::province::ceremony::CeremonyRequest;

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
    /// As the act takes it.
    pub fn get(&self) -> CeremonyRequest {
        let Source { test_root, components, restore, .. } = self.source;
        let from = match (test_root, components, restore) {
            (true, ..) => From::TestRoot,
            (_, Some(total), _) => From::Components(total),
            (_, _, Some(threshold)) => From::Shares(threshold),
            _ => From::Entropy,
        };
        CeremonyRequest {
            from,
            rehearsal: self.rehearsal,
            suite: self.suite,
            transport_components: self.transport_components,
            transport_file: self.transport_file.clone(),
            shares: self.shares,
            share_dir: self.share_dir.clone(),
            custodians: self.threshold.zip(self.custodians),
            pin: self.pin_file.as_deref().into(),
            second_pin: self.second_pin_file.as_deref().into(),
            number: self.number,
            formal_on_virtual: self.formal_on_virtual,
            card: self.card.clone(),
        }
    }
}
