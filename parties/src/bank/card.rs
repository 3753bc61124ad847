//! Purchases on user cards [docs/specs/user-card.md 6]: what a meter wrote back is read and settled first, then the card is loaded.
//!
//! The card proves nothing to the bank by itself: what settles is the ESAM's receipt on it, as on a SIM. What was written back is shown,
//! and compared with nothing.

use super::desk::Desk;
use super::orders::draw_for;
use super::payment::must_be_paid;
use super::pins::PinChoice;
use super::selling::{Sale, selling, terms};
use super::settle::{self, ReceiptLine};
use super::{folder, registration};
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Failure, Result, Trouble, refused};
use crate::{log, revoked};
use reader::CardError;
use reader::driver::user_card::{CardAsk, UserCard};
use scheme::cards::CardRef;
use scheme::fault::{Fault, Hint, Kind};
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber, RegionCode};
use scheme::order::{OrderId, Serial8};
use scheme::profile::{CardInfo, CardKind};
use scheme::user_card::{Information, WriteBack};
use serde::Serialize;
use server::{
    Bearer, CardNext, CardSealer, OrderError, OrderRequest, OrderSealer, SealError, SealedOrder, SettleError,
};
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
    /// `sold`; `again`: the outstanding order was loaded once more; `anew`: it was for a SIM or another card, and is for this one now.
    pub what: &'static str,
    /// The order.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// The meter it is for.
    pub meter: MeterNumber,
    /// Its amount.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// Its purchase count.
    pub count: u32,
    /// What the card is to the meter: opening, purchase, replacement.
    pub kind: &'static str,
    /// What the clerk is to hear, though it was sold.
    pub warning: Option<String>,
    /// What stood on the card before.
    pub before: CardReading,
}

/// Why a card was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum CardSaleError {
    /// The card is of another city than the meter.
    #[error("the card is of city {card}, and meter {meter} of city {city}")]
    City {
        /// City of the card.
        card: RegionCode,
        /// The meter.
        meter: MeterNumber,
        /// Its city.
        city: RegionCode,
    },
    /// Test against formal.
    #[error("the card is in {card} state, and the keys of meter {meter} are {keys}")]
    State {
        /// State of the card.
        card: &'static str,
        /// The meter.
        meter: MeterNumber,
        /// State of its keys.
        keys: &'static str,
    },
    /// The card has the bank's key of another version.
    #[error("the card has keys of version {card}, and meter {meter} of version {keys}: no PSAM has both")]
    Version {
        /// Version on the card.
        card: u8,
        /// The meter.
        meter: MeterNumber,
        /// Version of its keys.
        keys: u8,
    },
    /// The PSAM made nothing for the card.
    #[error("order {order} is kept, and nothing was made for the card: {cause}")]
    NotSealed {
        /// The order.
        order: OrderId,
        /// Why.
        cause: SealError,
    },
    /// The card did not take it.
    #[error("order {order} is kept, and the card did not take it: {cause}")]
    NotLoaded {
        /// The order.
        order: OrderId,
        /// What it said.
        cause: CardError,
    },
}

impl Fault for CardSaleError {
    fn code(&self) -> &str {
        match self {
            CardSaleError::City { .. } => "card-sale-city",
            CardSaleError::State { .. } => "card-sale-state",
            CardSaleError::Version { .. } => "card-sale-version",
            CardSaleError::NotSealed { .. } => "card-sale-not-sealed",
            CardSaleError::NotLoaded { .. } => "card-sale-not-loaded",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            CardSaleError::State { .. } => Kind::Security,
            CardSaleError::NotLoaded { cause: CardError::Channel { .. }, .. } => Kind::Absent,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            CardSaleError::City { .. } => "take a card that the meter's city issued".into(),
            CardSaleError::State { .. } => "take a card of the meter's state: test cards are for test meters".into(),
            CardSaleError::Version { .. } => "have the city issue another card with the keys of that version".into(),
            CardSaleError::NotSealed { .. } => "repeat the command with a PSAM that loads user cards".into(),
            CardSaleError::NotLoaded { cause, .. } if cause.sw() == Some(Sw::SM_WRONG) => {
                "the card is not of the city whose PSAM this is, or is a copy of another: take another card and repeat the command".into()
            }
            CardSaleError::NotLoaded { .. } => {
                "put the card in again and repeat the command without an amount: the same purchase is loaded, and nothing is sold"
                    .into()
            }
        })
    }
}

/// A card that lies before the clerk, as it was read.
struct Lying {
    info: CardInfo,
    /// Version of its keys.
    version: u8,
    bearer: Bearer,
    reading: CardReading,
    receipt: Vec<u8>,
}

/// Reads what stands on a card. One onto which nothing was loaded yet is empty, and one whose file is damaged too: it is loaded anew.
fn look(card: &mut UserCard<'_>) -> Result<Lying> {
    let (info, serial) = card.open()?;
    let (number, version) = (DeviceNumber(info.number), card.key_version()?);
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
    let mut receipt = Vec::new();
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
            receipt = card.receipt()?;
        }
    }
    Ok(Lying { info, version, bearer: Bearer { number, serial }, reading, receipt })
}

/// Settles the receipt on a card, where one is. One that is not genuine settles nothing and is told.
fn settled(session: &Session, desk: &mut Desk, lying: &mut Lying, pin: &PinChoice) -> Result<()> {
    let (Some(meter), false) = (lying.reading.meter, lying.receipt.is_empty()) else { return Ok(()) };
    let line = match settle::settle_one(session, desk, &lying.receipt, meter, pin)? {
        Ok(settlement) => {
            let line = settle::line(session, "".as_ref(), &settlement);
            log::fact(session, settle::result(&settlement), line.order.as_deref().unwrap_or_default());
            line
        }
        // The card is loaded all the same: whoever wrote it there keeps nobody from buying, and an order of his stays outstanding.
        Err(error @ SettleError::Refused(_)) => {
            let error = Trouble::from(error);
            log::fact(session, "refused", error.code());
            ReceiptLine::refused("".as_ref(), &error)
        }
        Err(error) => return Err(error.into()),
    };
    lying.reading.receipt = Some(line);
    Ok(())
}

fn note(session: &Session, lying: &Lying) {
    log::fact(session, "user_card", lying.bearer.number);
    log::fact(session, "card_serial", lying.bearer.serial);
}

/// Reads a card, and settles the receipt on it.
///
/// # Errors
/// It is no user card; the PSAM.
pub fn read_card(session: &Session, desk: &mut Desk, card: &CardRef, pin: &PinChoice) -> Result<CardReading> {
    desk.folder(session)?;
    let mut handle = CardHandle::open(session, card, CardKind::UserCard)?;
    let mut lying = look(&mut UserCard::new(&mut handle))?;
    handle.close()?;
    note(session, &lying);
    settled(session, desk, &mut lying, pin)?;
    Ok(lying.reading)
}

/// Settles what is on a card, sells, and loads the card. Where an order of the meter is outstanding nothing is sold: it is loaded once
/// more, or made anew for this card where it was for a SIM or another card. So a run that broke off is repeated as it was.
///
/// # Errors
/// What may not be sold to this customer now; another amount is outstanding; a card of another city or state; the PSAM; the card. What
/// was sold stays sold.
pub fn write_card(session: &Session, desk: &mut Desk, request: &CardSaleRequest) -> Result<CardReport> {
    let folder = folder(session)?;
    desk.folder(session)?;
    let mut handle = CardHandle::open(session, &request.card, CardKind::UserCard)?;
    let mut card = UserCard::new(&mut handle);
    let mut lying = look(&mut card)?;
    note(session, &lying);
    revoked::must_not_be(&folder, CardKind::UserCard, lying.bearer.number)?;
    settled(session, desk, &mut lying, &request.pin)?;
    if let Some(held) = lying.reading.receipt.as_ref().and_then(ReceiptLine::held) {
        return Err(held);
    }
    desk.take_cash(session)?;
    let registration = registration(desk.books(), request.customer, request.meter)?;
    let meter = registration.meter;
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(meter.0))?;
    must_fit(desk, &lying, meter)?;
    let next = desk.books().card_next(meter, &lying.bearer)?;
    let amount = amount(request.amount, registration.first_purchase, &next)?;
    let ask =
        CardAsk { challenge: card.challenge8()?, number: lying.bearer.number, serial: lying.bearer.serial };
    let (what, sealed, made) =
        sealed(session, desk, &folder, request, (meter, amount, &lying.bearer), &next, ask)?;
    let order = &sealed.order;
    for (name, value) in [
        ("order", order.id.to_string()),
        ("customer", request.customer.to_string()),
        ("meter", meter.to_string()),
        ("amount_fen", order.amount.0.to_string()),
        ("count", order.count.to_string()),
    ] {
        log::fact(session, name, value);
    }
    let made = made.map_err(|cause| Trouble::new(CardSaleError::NotSealed { order: order.id, cause }))?;
    card.load(&made).map_err(|cause| Trouble::new(CardSaleError::NotLoaded { order: order.id, cause }))?;
    handle.close()?;
    if let Some(warning) = &sealed.warning {
        session.say(format!("note: {warning}"));
    }
    Ok(CardReport {
        what,
        order: order.id,
        customer: request.customer,
        meter,
        amount_fen: order.amount,
        count: order.count,
        kind: kind(order.kind),
        warning: sealed.warning.clone(),
        before: lying.reading,
    })
}

/// What an order on a card is called.
const fn kind(kind: scheme::order::OrderKind) -> &'static str {
    use scheme::order::OrderKind::{Open, Recharge, Replacement};
    match kind {
        Open => "open account",
        Recharge => "purchase",
        Replacement => "replacement card",
    }
}

/// Whether the card is of the meter's city, state and keys, before anybody pays.
fn must_fit(desk: &Desk, lying: &Lying, meter: MeterNumber) -> Result<()> {
    let (keys, card) = (desk.books().keys_of(meter)?, RegionCode(lying.info.region));
    if let Some(city) = keys.city.filter(|city| *city != card) {
        return Err(Trouble::new(CardSaleError::City { card, meter, city }));
    }
    let (card, state) = (lying.info.state.name(), keys.state.name());
    if card != state {
        return Err(Trouble::new(CardSaleError::State { card, meter, keys: state }));
    }
    let (card, keys) = (lying.version, keys.version);
    if card == keys { Ok(()) } else { Err(Trouble::new(CardSaleError::Version { card, meter, keys })) }
}

/// What is to be on the card. An outstanding order has its amount already.
fn amount(asked: Option<Fen>, first: Option<Fen>, next: &CardNext) -> Result<Fen> {
    match next {
        CardNext::Sell => {
            let no_amount = || -> Failure { refused("no amount").hint("say how much with --amount YUAN") };
            Ok(asked.or(first).ok_or_else(no_amount)?)
        }
        CardNext::Again(placed) | CardNext::Anew(placed) => {
            let order = &placed.order;
            if asked.is_none_or(|asked| asked == order.amount) {
                return Ok(order.amount);
            }
            let (meter, id, amount, count, state) =
                (order.meter, order.id, order.amount, order.count, placed.state);
            Err(OrderError::Outstanding { meter, order: id, amount, count, state }.into())
        }
    }
}

/// What was done, the order, and what is loaded onto the card.
type Made = (&'static str, SealedOrder, Result<Vec<u8>, SealError>);

fn sealed(
    session: &Session,
    desk: &mut Desk,
    folder: &std::path::Path,
    request: &CardSaleRequest,
    (meter, amount, bearer): (MeterNumber, Fen, &Bearer),
    next: &CardNext,
    ask: CardAsk,
) -> Result<Made> {
    let (terms, now) = (terms(desk.books())?, session.now()?);
    let id = draw_for(session, "card", &format!("{} {meter}", request.customer))?;
    let (keys, asked) = match next {
        CardNext::Again(placed) => {
            must_be_paid(desk, placed.order.id)?;
            desk.books().asked_of(placed)?
        }
        CardNext::Sell | CardNext::Anew(_) => (desk.books().keys_of(meter)?, Vec::new()),
    };
    let sale = Sale { pin: &request.pin, meter, keys, asked: &asked, online: None };
    let (sealed, made) = selling(session, folder, desk, &sale, |books, psam| {
        let mut sealer = CardSealer::new(psam, ask);
        let psam: &mut dyn OrderSealer = &mut sealer;
        let sealed = match next {
            CardNext::Sell => {
                books.purchase_on_card(psam, &OrderRequest { meter, amount, now, id }, bearer, &terms)?
            }
            CardNext::Again(placed) => books.seal_again(psam, placed.order.id, now, &terms)?,
            CardNext::Anew(_) => books.reissue_on_card(psam, (meter, now, id), bearer, &terms)?,
        };
        let made = sealer.made.unwrap_or_else(|| Err(SealError::Refused("it made nothing".to_owned())));
        Ok((sealed, made))
    })?;
    let what = match next {
        CardNext::Sell => "sold",
        CardNext::Again(_) => "again",
        CardNext::Anew(_) => "anew",
    };
    Ok((what, sealed, made))
}
