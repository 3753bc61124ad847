//! A batch that is asked for.

use crate::issuing::Allowed;
use crate::secret::SecretFrom;
use crate::transport::Transport;
use scheme::CardRef;
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use std::path::PathBuf;

/// A batch to be made.
#[derive(Debug, Clone)]
pub struct BatchRequest {
    /// Kind of the cards: ESAMs, PSAMs or SIMs.
    pub kind: CardKind,
    /// Request file: CSV, the first line names the columns.
    pub file: PathBuf,
    /// Go on with the batch of this request, whatever interrupted it.
    pub resume: bool,
    /// End after so many chips spoiled one after another.
    pub stop_after: u32,
    /// Where the result file goes. Default: the office's out, batch-ID-result.csv.
    pub result: Option<PathBuf>,
    /// City, when the home has several.
    pub city: Option<RegionCode>,
    /// Cards come one by one into this reader. Default: virtual cards, kept in the office's pack.
    pub reader: Option<CardRef>,
    /// Cards are the blank card files of this folder, one after another, and stay there.
    pub blanks: Option<PathBuf>,
    /// Makers of virtual cards side by side. Default: one a processor.
    pub workers: Option<u8>,
    /// PIN of the issuing card.
    pub pin: SecretFrom,
    /// The PIN all PSAMs of the batch will have.
    pub card_pin: SecretFrom,
    /// Allow keys of a formal root in the images of virtual cards, where they stand in clear.
    pub formal_on_virtual: bool,
    /// Records for messages of a SIM, 10 to 50.
    pub sms_records: u8,
    /// After a run that broke off.
    pub allowed: Allowed,
    /// The transport root of virtual cards in the pack.
    pub transport: Transport,
}

impl BatchRequest {
    /// Whether cards come one by one, from outside.
    pub(super) const fn by_hand(&self) -> bool {
        self.reader.is_some() || self.blanks.is_some()
    }
}
