//! Between a phone and its network: messages that come, and messages that leave.

use crate::settings::{Memory, RECEIVING};
use crate::sim;
use crate::state::State;
use crate::store::{Messages, record};
use reader::driver::sim::{Sim, SimError};
use wire::Channel;
use wire::at::{Cms, Refusal};
use wire::sms::content::Content;
use wire::sms::parts;
use wire::sms::record::RecordStatus;
use wire::sms::tpdu::{Address, Direction, Tpdu, service_centre_bytes};

/// A message is for the card itself, not for its user.
const PID_DATA_DOWNLOAD: u8 = 0x7F;

/// What became of a message of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It stands in a memory, under this number.
    Stored(&'static str, u8),
    /// It was shown and stands nowhere.
    Shown,
    /// The card took it.
    ToCard,
    /// It told what became of a message of ours, to nobody who asked.
    Passed,
}

/// Why a message was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No place is free: it may come again when there is one (RP cause 22, TP-FCS D0 of the SIM, D3 of the phone).
    Full,
    /// It is no message, or the SIM does not take it (RP cause 111).
    Failed,
}

/// How a phone must treat a message: what its data coding says [TS 23.038 4].
fn class(dcs: u8) -> Option<u8> {
    match dcs {
        0x10..=0x1F | 0x30..=0x3F | 0xF0..=0xFF => Some(dcs & 0x03),
        _ => None,
    }
}

/// Takes a message of the network.
pub fn receive(
    state: &mut State,
    card: &mut dyn Channel,
    centre: Option<&Address>,
    tpdu: &[u8],
) -> Result<Delivered, Cause> {
    let (message, used) = Tpdu::parse(tpdu, Direction::FromNetwork).map_err(|_| Cause::Failed)?;
    let tpdu = tpdu.get(..used).unwrap_or(tpdu);
    let centre = centre.map_or_else(|| vec![0], service_centre_bytes);
    let pdu = [&centre[..], tpdu].concat();
    let [_, messages, _, reports, _] = state.settings.notices;
    let receiving = state.settings.memories[RECEIVING];
    match message {
        Tpdu::Submit(_) => Err(Cause::Failed),
        Tpdu::Report(_) => match reports {
            1 => {
                state.notice(format!("+CDS: {}\r\n{}", tpdu.len(), hex::encode_upper(&pdu)));
                Ok(Delivered::Shown)
            }
            2 => {
                let (memory, index) = store(state, card, receiving, &pdu)?;
                state.notice(format!("+CDSI: \"{memory}\",{index}"));
                Ok(Delivered::Stored(memory, index))
            }
            _ => Ok(Delivered::Passed),
        },
        Tpdu::Deliver(deliver) => {
            let class = class(deliver.dcs);
            let direct = messages == 2 || (messages == 3 && class == Some(3));
            match class {
                Some(2) if deliver.pid == PID_DATA_DOWNLOAD && hands_over(card)? => {
                    let is_uicc = state.is_uicc(card);
                    match sim::envelope(card, is_uicc, &centre, tpdu) {
                        Some((_, sw)) if sw.is_ok() || sw.sw1() == 0x91 => Ok(Delivered::ToCard),
                        _ => Err(Cause::Failed),
                    }
                }
                Some(2) => keep(state, card, Memory::Sim, &pdu, messages),
                Some(0) if !direct => Ok(Delivered::Shown),
                Some(0) => show(state, &pdu, tpdu.len()),
                _ if direct => show(state, &pdu, tpdu.len()),
                _ => keep(state, card, receiving, &pdu, messages),
            }
        }
    }
}

fn hands_over(card: &mut dyn Channel) -> Result<bool, Cause> {
    sim::takes_data_download(&mut Sim::new(card)).map_err(|_| Cause::Failed)
}

/// A message that is shown and stored nowhere.
fn show(state: &mut State, pdu: &[u8], length: usize) -> Result<Delivered, Cause> {
    state.notice(format!("+CMT: ,{length}\r\n{}", hex::encode_upper(pdu)));
    Ok(Delivered::Shown)
}

/// A message that is stored, and told of to whoever wants to be told.
fn keep(
    state: &mut State,
    card: &mut dyn Channel,
    memory: Memory,
    pdu: &[u8],
    messages: u8,
) -> Result<Delivered, Cause> {
    let (memory, index) = store(state, card, memory, pdu)?;
    if messages > 0 {
        state.notice(format!("+CMTI: \"{memory}\",{index}"));
    }
    Ok(Delivered::Stored(memory, index))
}

fn store(
    state: &mut State,
    card: &mut dyn Channel,
    memory: Memory,
    pdu: &[u8],
) -> Result<(&'static str, u8), Cause> {
    let record = record(RecordStatus::Unread, pdu).ok_or(Cause::Failed)?;
    let is_order = match Content::of(&record) {
        Content::Order(_) => true,
        // The second part of a signed order comes as a message of its own.
        Content::Other(message) => parts::second(&message.record.tpdu).is_some(),
        _ => false,
    };
    let place = match is_order {
        // As whoever writes an order puts it there: never twice, and into the place of a receipt that was sent.
        true if memory == Memory::Sim => match Sim::new(card).deliver(&[record]) {
            Ok(places) => places.first().copied().ok_or(Cause::Failed),
            Err(SimError::Full { .. }) => Err(Cause::Full),
            Err(_) => Err(Cause::Failed),
        },
        _ => Messages::open(memory, &mut state.own, card)
            .and_then(|mut messages| messages.add(&record))
            .map_err(|refusal| if refusal == Refusal::Cms(Cms::FULL) { Cause::Full } else { Cause::Failed }),
    };
    if memory == Memory::Sim {
        // That it is full is kept on the SIM for the next phone; a SIM without the file does without.
        let full = place == Err(Cause::Full);
        let _ = sim::note_full(&mut Sim::new(card), full);
        state.written = true;
    }
    Ok((memory.name(), place?))
}
