//! Purchases on user cards, where the card lies [docs/specs/user-card.md 6]: it is read, what is at the bank is asked, and it is loaded.
//! Bank and books may be here or at a running server ([`super::card_sale`]).
//!
//! The card proves nothing to the bank by itself: what settles is the ESAM's receipt on it, as on a SIM. What was written back is shown,
//! and compared with nothing.

use super::card_error::CardSaleError;
use super::card_sale::{self, CardDone, CardKeys, CardOrderRequest, CardReceipt, CardSale, ShownCard};
use super::desk::Desk;
use super::pins::PinChoice;
use super::settle::ReceiptLine;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use reader::driver::user_card::UserCard;
use scheme::cards::CardRef;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber, RegionCode};
use scheme::order::Serial8;
use scheme::profile::CardKind;
use scheme::user_card::{Information, WriteBack};
use serde::Serialize;
use wire::Sw;

/// A purchase onto a card.
#[derive(Debug, Clone)]
pub struct CardSaleRequest {
    /// The card.
    pub card: CardRef,
    /// Whose.
    pub customer: CustomerNumber,
    /// Which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// What is paid. Default: what is outstanding, which is loaded again; or the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
}

/// What stands on a card.
#[derive(Debug, Clone, Serialize)]
pub struct CardReading {
    /// Its number.
    pub card: DeviceNumber,
    /// Serial number of its chip.
    #[serde(with = "names::text")]
    pub serial: Serial8,
    /// The meter it was loaded for; `None`: nothing was loaded yet.
    pub meter: Option<MeterNumber>,
    /// What was loaded last.
    #[serde(serialize_with = "names::fen::serialize")]
    pub amount_fen: Fen,
    /// Its count.
    pub count: u32,
    /// The meter wrote back since.
    pub written_back: bool,
    /// What stood in the meter's purse then.
    pub remaining_fen: Option<u32>,
    /// Purchases the meter had taken.
    pub meter_count: Option<u32>,
    /// Illegal insertions it had counted.
    pub illegal: Option<u32>,
    /// What became of the receipt on the card.
    pub receipt: Option<ReceiptLine>,
}

/// A card that was loaded.
#[derive(Debug, Clone, Serialize)]
pub struct CardReport {
    /// What was done.
    #[serde(flatten)]
    pub done: CardDone,
    /// What stood on the card before.
    pub before: CardReading,
}

/// A card that lies before the clerk, as it was read.
#[derive(Debug, Clone)]
pub struct CardSeen {
    /// Who it says it is, and the receipt on it.
    pub shown: ShownCard,
    /// Whose keys it says it has.
    pub keys: CardKeys,
    /// What else stands on it.
    pub reading: CardReading,
}

/// Reads what stands on a card. One onto which nothing was loaded yet is empty, and one whose file is damaged too: it is loaded anew.
fn look(card: &mut UserCard<'_>) -> Result<CardSeen> {
    let (info, serial) = card.open()?;
    let number = DeviceNumber(info.number);
    let keys = CardKeys { city: RegionCode(info.region), state: info.state, version: card.key_version()? };
    let mut shown = ShownCard { number, serial, receipt: None };
    let mut reading = CardReading {
        card: number,
        serial,
        meter: None,
        amount_fen: Fen(0),
        count: 0,
        written_back: false,
        remaining_fen: None,
        meter_count: None,
        illegal: None,
        receipt: None,
    };
    match card.information() {
        Err(error) if error.sw() == Some(Sw::WRONG_OFFSET) => {}
        file => {
            reading.meter = Information::parse(&file?).ok().map(|known| known.meter);
            let purse = card.purse()?;
            (reading.amount_fen, reading.count) = (purse.amount, purse.count);
            if let Some(file) = card.write_back()? {
                reading.written_back = true;
                if let Ok(said) = WriteBack::parse(&file) {
                    reading.remaining_fen = Some(said.remaining.0);
                    reading.meter_count = Some(said.count);
                    reading.illegal = Some(said.illegal);
                }
            }
            let packet = card.receipt()?;
            shown.receipt =
                reading.meter.filter(|_| !packet.is_empty()).map(|meter| CardReceipt { meter, packet });
        }
    }
    Ok(CardSeen { shown, keys, reading })
}

/// Reads a card.
///
/// # Errors
/// It is no user card, or not there.
pub fn see_card(session: &Session, card: &CardRef) -> Result<CardSeen> {
    let mut handle = CardHandle::open(session, card, CardKind::UserCard)?;
    let seen = look(&mut UserCard::new(&mut handle))?;
    handle.close()?;
    Ok(seen)
}

/// Reads a card, and settles the receipt on it.
///
/// # Errors
/// It is no user card; the PSAM.
pub fn read_card(session: &Session, desk: &mut Desk, card: &CardRef, pin: &PinChoice) -> Result<CardReading> {
    desk.folder(session)?;
    let CardSeen { shown, reading, .. } = see_card(session, card)?;
    let receipt = card_sale::settle_card(session, desk, &shown, pin)?;
    Ok(CardReading { receipt, ..reading })
}

/// Loads a card with what `sell` gives for it, of what it shows and for the challenge it drew.
///
/// # Errors
/// It is no user card, or does not take it; those of `sell`. What was sold stays sold.
pub fn load_card(
    session: &Session,
    card: &CardRef,
    sell: impl FnOnce(&CardSeen, [u8; 8]) -> Result<CardSale>,
) -> Result<CardReport> {
    let mut handle = CardHandle::open(session, card, CardKind::UserCard)?;
    let mut card = UserCard::new(&mut handle);
    let seen = look(&mut card)?;
    let challenge = card.challenge8()?;
    let CardSale { done, receipt, load } = sell(&seen, challenge)?;
    let loaded = card.load(&load);
    loaded.map_err(|cause| Trouble::new(CardSaleError::NotLoaded { order: done.order, cause }))?;
    handle.close()?;
    if let Some(warning) = &done.warning {
        session.say(format!("note: {warning}"));
    }
    Ok(CardReport { done, before: CardReading { receipt, ..seen.reading } })
}

/// Settles what is on a card, sells, and loads the card. Where an order of the meter is outstanding nothing is sold: it is loaded once
/// more, or made anew for this card where it was for a SIM or another card. So a run that broke off is repeated as it was.
///
/// # Errors
/// Those of [`sell_on_card`](card_sale::sell_on_card) and [`load_card`].
pub fn write_card(session: &Session, desk: &mut Desk, request: &CardSaleRequest) -> Result<CardReport> {
    desk.folder(session)?;
    load_card(session, &request.card, |seen, challenge| {
        let order = CardOrderRequest {
            card: seen.shown.clone(),
            keys: seen.keys,
            challenge,
            customer: request.customer,
            meter: request.meter,
            amount: request.amount,
            pin: request.pin.clone(),
            id: None,
        };
        card_sale::sell_on_card(session, desk, &order)
    })
}
