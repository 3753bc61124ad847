//! What a phone is and knows between two commands.

use crate::settings::Settings;
use crate::sim;
use crate::store::Own;
use reader::modem::Path;
use std::collections::VecDeque;
use wire::Channel;
use wire::sms::tpdu::{Address, Submit};

/// Most notices that wait; of more the oldest are lost, as in a phone whose buffer is full.
const MOST_NOTICES: usize = 50;

/// Who a phone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// IMEI, 15 digits.
    pub imei: String,
    /// Maker.
    pub maker: String,
    /// Model.
    pub model: String,
    /// Version of its program.
    pub revision: String,
    /// Name of the network it is in.
    pub network: String,
    /// Number of that network: country and network code.
    pub network_number: String,
}

impl Identity {
    /// A phone of ours with an IMEI, in a network of ours.
    pub fn new(imei: impl Into<String>) -> Self {
        Identity {
            imei: imei.into(),
            maker: "gridcard".into(),
            model: "phone".into(),
            revision: env!("CARGO_PKG_VERSION").into(),
            network: "gridcard".into(),
            network_number: "46000".into(),
        }
    }
}

/// A message that leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The message, with the reference that its sender was told.
    pub submit: Submit,
    /// By which service centre.
    pub centre: Address,
}

/// A phone without its line.
pub struct State {
    pub identity: Identity,
    pub settings: Settings,
    /// Waiting orders and receipts are not deleted, whoever asks.
    pub guard: bool,
    pub own: Own,
    pub outgoing: VecDeque<Outgoing>,
    /// Reference of the message sent last.
    pub reference: u8,
    /// Where somebody's commands by +CSIM are on the SIM.
    pub path: Path,
    /// Somebody's last command by +CSIM wants another: data wait for him, or he searches.
    pub amid: bool,
    /// Something was written to the SIM, or taken off it.
    pub written: bool,
    /// What waits to be said.
    pub notices: VecDeque<String>,
    /// Whether the card is a UICC, once it was asked.
    is_uicc: Option<bool>,
}

impl State {
    pub fn new(identity: Identity) -> Self {
        State {
            identity,
            settings: Settings::default(),
            guard: true,
            own: Own::default(),
            outgoing: VecDeque::new(),
            reference: 0,
            path: Path::default(),
            amid: false,
            written: true,
            notices: VecDeque::new(),
            is_uicc: None,
        }
    }

    /// A notice, to be said when nobody speaks.
    pub fn notice(&mut self, text: String) {
        if self.notices.len() == MOST_NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(text);
    }

    /// Whether the card is a UICC.
    pub fn is_uicc(&mut self, card: &mut dyn Channel) -> bool {
        *self.is_uicc.get_or_insert_with(|| sim::is_uicc(card))
    }

    /// Puts the SIM back to where somebody's commands by +CSIM had it.
    pub fn restore(&self, card: &mut dyn Channel) {
        for command in self.path.commands() {
            // What cannot be selected any more is refused to whoever comes back to it.
            let _ = card.transmit(&command);
        }
    }
}
