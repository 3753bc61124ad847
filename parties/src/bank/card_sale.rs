//! A user card at the bank's books: the receipt on it is settled, and the order for it is sold, loaded again, or made anew
//! [docs/specs/user-card.md 6]. The card itself may be before somebody else: what he says of it is a claim, and nothing is taken on it
//! but which refusal is told before anybody pays. What is made fits the chip, the keys and the challenge that were named, and no other.

use super::asking::{Besides, OnlineFault};
use super::card_error::CardSaleError;
use super::desk::Desk;
use super::orders::draw_for;
use super::payment::must_be_paid;
use super::pins::PinChoice;
use super::registration;
use super::selling::{Sale, selling, terms};
use super::settle::{self, ReceiptLine};
use crate::session::Session;
use crate::trouble::{Failure, Result, Trouble, refused};
use crate::{log, revoked};
use reader::driver::user_card::CardAsk;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber, RegionCode};
use scheme::order::{Order, OrderId, OrderKind, Serial8};
use scheme::profile::{CardKind, State};
use serde::{Deserialize, Serialize};
use server::{
    Bearer, CardNext, CardSealer, OrderError, OrderRequest, OrderSealer, PlacedOrder, Reason, SealError,
    SettleError, Settlement,
};
use std::borrow::Cow;
use std::path::Path;

/// Who a card says it is, and the receipt on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCard {
    /// Its number.
    pub number: DeviceNumber,
    /// Serial number of its chip.
    pub serial: Serial8,
    /// The receipt on it; `None`: there is none.
    pub receipt: Option<CardReceipt>,
}

/// A receipt on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardReceipt {
    /// The meter that the card was loaded for.
    pub meter: MeterNumber,
    /// User data of the receipt's message, as it would stand on a SIM.
    pub packet: Vec<u8>,
}

/// Whose keys a card says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardKeys {
    /// The city that issued it.
    pub city: RegionCode,
    /// Test or formal.
    pub state: State,
    /// Version of the bank's key on it.
    pub version: u8,
}

/// A purchase that is to go onto a card.
#[derive(Debug, Clone)]
pub struct CardOrderRequest {
    /// The card.
    pub card: ShownCard,
    /// Whose keys it has.
    pub keys: CardKeys,
    /// The challenge that it drew: what is made is for this one.
    pub challenge: [u8; 8],
    /// Whose.
    pub customer: CustomerNumber,
    /// Which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// What is paid. Default: what is outstanding, which is loaded again; or the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
    /// The id of the order, where somebody chose it before the act. Default: one is drawn.
    pub id: Option<OrderId>,
}

/// What was done for a card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CardDone {
    /// `sold`; `again`: the outstanding order is loaded once more; `anew`: it was for a SIM or another card, and is for this one now.
    pub what: Cow<'static, str>,
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
    pub kind: Cow<'static, str>,
    /// What the clerk is to hear, though it was sold.
    pub warning: Option<String>,
}

/// The same, and what is to be loaded onto the card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CardSale {
    /// What was done.
    #[serde(flatten)]
    pub done: CardDone,
    /// What became of the receipt that was on the card.
    pub receipt: Option<ReceiptLine>,
    /// Data of LOAD PURCHASE, for this card and challenge.
    #[serde(with = "names::bytes")]
    pub load: Vec<u8>,
}

fn note(session: &Session, card: &ShownCard) {
    log::fact(session, "user_card", card.number);
    log::fact(session, "card_serial", card.serial);
}

/// Settles the receipt that is on a card, where one is. One that is not genuine settles nothing and is told.
///
/// # Errors
/// The PSAM; the books.
pub fn settle_card(
    session: &Session,
    desk: &mut Desk,
    card: &ShownCard,
    pin: &PinChoice,
) -> Result<Option<ReceiptLine>> {
    desk.folder(session)?;
    note(session, card);
    settled(session, desk, card, pin)
}

fn settled(
    session: &Session,
    desk: &mut Desk,
    card: &ShownCard,
    pin: &PinChoice,
) -> Result<Option<ReceiptLine>> {
    let Some(CardReceipt { meter, packet }) = &card.receipt else { return Ok(None) };
    let settlement = match settle::settle_one(session, desk, packet, *meter, pin)? {
        Ok(settlement) => settlement,
        // The card is loaded all the same: whoever wrote it there keeps nobody from buying, and an order of his stays outstanding.
        Err(error @ SettleError::Refused(_)) => {
            let error = Trouble::from(error);
            log::fact(session, "refused", error.code());
            return Ok(Some(ReceiptLine::refused(Path::new(""), &error)));
        }
        Err(error) => return Err(error.into()),
    };
    let settlement = match settlement {
        // By this very act, before it stopped to have a PSAM asked.
        Settlement::AlreadySettled(_) => desk.settled_just_now(packet).unwrap_or(settlement),
        settlement => {
            desk.note_settled(packet, &settlement);
            settlement
        }
    };
    let line = settle::line(session, Path::new(""), &settlement);
    log::fact(session, settle::result(&settlement), line.order.as_deref().unwrap_or_default());
    Ok(Some(line))
}

/// Settles what is on a card, sells, and makes what is loaded onto it. Where an order of the meter is outstanding nothing is sold: it is
/// made for this challenge once more, or anew for this card where it was for a SIM or another card.
///
/// # Errors
/// A receipt that is kept as a finding; what may not be sold to this customer now; another amount is outstanding; a card of another city,
/// state or version; the PSAM. What was sold stays sold.
pub fn sell_on_card(session: &Session, desk: &mut Desk, request: &CardOrderRequest) -> Result<CardSale> {
    let folder = desk.folder(session)?;
    let bearer = Bearer { number: request.card.number, serial: request.card.serial };
    note(session, &request.card);
    revoked::must_not_be(&folder, CardKind::UserCard, bearer.number)?;
    let receipt = settled(session, desk, &request.card, &request.pin)?;
    if let Some(held) = receipt.as_ref().and_then(ReceiptLine::held) {
        return Err(held);
    }
    desk.take_cash(session)?;
    let registration = registration(desk.books(), request.customer, request.meter)?;
    let meter = registration.meter;
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(meter.0))?;
    must_fit(desk, request.keys, meter)?;
    let own = match request.id {
        Some(id) => desk.books().order(id)?,
        None => None,
    };
    // The order of this very request, sealed before the act stopped. Another bearer's may stand for the purchase by now: the meter takes
    // either.
    let made = match own.as_ref().map(|own| just_sealed(desk, request, own)).transpose()?.flatten() {
        Some(made) => made,
        None => {
            let next = desk.books().card_next(meter, &bearer)?;
            let amount = amount(request.amount, registration.first_purchase, &next)?;
            let wanted = Wanted { request, own, bearer, meter, amount };
            made(session, desk, &folder, &wanted, &next)?
        }
    };
    let order = &made.order;
    for (name, value) in [
        ("order", order.id.to_string()),
        ("customer", request.customer.to_string()),
        ("meter", meter.to_string()),
        ("amount_fen", order.amount.0.to_string()),
        ("count", order.count.to_string()),
    ] {
        log::fact(session, name, value);
    }
    let load =
        made.load.map_err(|cause| Trouble::new(CardSaleError::NotSealed { order: order.id, cause }))?;
    let done = CardDone {
        what: made.what.into(),
        order: order.id,
        customer: request.customer,
        meter,
        amount_fen: order.amount,
        count: order.count,
        kind: kind(order.kind).into(),
        warning: made.warning,
    };
    Ok(CardSale { done, receipt, load })
}

/// What an order on a card is called.
const fn kind(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Open => "open account",
        OrderKind::Recharge => "purchase",
        OrderKind::Replacement => "replacement card",
    }
}

/// Whether the card is of the meter's city, state and keys, before anybody pays. A card that is not what it says takes nothing of what
/// is made for it.
fn must_fit(desk: &Desk, card: CardKeys, meter: MeterNumber) -> Result<()> {
    let keys = desk.books().keys_of(meter)?;
    if let Some(city) = keys.city.filter(|city| *city != card.city) {
        return Err(Trouble::new(CardSaleError::City { card: card.city, meter, city }));
    }
    let (state, keys_state) = (card.state.name(), keys.state.name());
    if state != keys_state {
        return Err(Trouble::new(CardSaleError::State { card: state, meter, keys: keys_state }));
    }
    let (card, keys) = (card.version, keys.version);
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

/// A purchase that was looked at, and may be made.
struct Wanted<'r> {
    request: &'r CardOrderRequest,
    /// The order that this very request made before.
    own: Option<PlacedOrder>,
    bearer: Bearer,
    meter: MeterNumber,
    amount: Fen,
}

/// What was done, the order, what there is to say of it, and what is loaded onto the card.
struct Made {
    what: &'static str,
    order: Order,
    warning: Option<String>,
    load: Result<Vec<u8>, SealError>,
}

/// An order that was sealed for the act that goes on now, with what was made for the card.
fn just_sealed(desk: &Desk, request: &CardOrderRequest, placed: &PlacedOrder) -> Result<Option<Made>> {
    let Some((_, load)) = desk.sealed_online(placed.order.id) else { return Ok(None) };
    let warning = desk.books().sealed(placed.order.id)?.and_then(|sealed| sealed.warning);
    let (what, order) = (what(placed, request.id), placed.order.clone());
    Ok(Some(Made { what, order, warning, load: load.map_err(refusal) }))
}

fn made(
    session: &Session,
    desk: &mut Desk,
    folder: &Path,
    wanted: &Wanted<'_>,
    next: &CardNext,
) -> Result<Made> {
    let Wanted { request, own, bearer, meter, amount } = wanted;
    let what = match next {
        CardNext::Sell => "sold",
        CardNext::Anew(_) => "anew",
        CardNext::Again(placed) => what(placed, request.id),
    };
    if let CardNext::Again(placed) = next
        && let Some(made) = just_sealed(desk, request, placed)?
    {
        return Ok(made);
    }
    if let (CardNext::Sell, Some(own)) = (next, own) {
        // What it sold is settled or given up: the same request is not another sale.
        return Err(OrderError::NotOutstanding { order: own.order.id, state: own.state }.into());
    }
    let (terms, now) = (terms(desk.books())?, session.now()?);
    let drawn = || draw_for(session, "card", &format!("{} {meter}", request.customer));
    // The order of this request was made anew for somebody else since: it is made anew once more, as another one.
    let id = request.id.filter(|_| own.is_none()).map_or_else(drawn, Ok)?;
    let (keys, asked) = match next {
        CardNext::Again(placed) => {
            must_be_paid(desk, placed.order.id)?;
            desk.books().asked_of(placed)?
        }
        CardNext::Sell | CardNext::Anew(_) => (desk.books().keys_of(*meter)?, Vec::new()),
    };
    let ask = CardAsk { challenge: request.challenge, number: bearer.number, serial: bearer.serial };
    let online = desk.is_kept().then_some(Besides::Card(ask));
    let sale = Sale { pin: &request.pin, meter: *meter, keys, asked: &asked, online };
    let (sealed, made) = selling(session, folder, desk, &sale, |books, psam| {
        let mut sealer = CardSealer::new(psam, ask);
        let psam: &mut dyn OrderSealer = &mut sealer;
        let sealed = match next {
            CardNext::Sell => {
                let order = OrderRequest { meter: *meter, amount: *amount, now, id };
                books.purchase_on_card(psam, &order, bearer, &terms)?
            }
            CardNext::Again(placed) => books.seal_again(psam, placed.order.id, now, &terms)?,
            CardNext::Anew(_) => books.reissue_on_card(psam, (*meter, now, id), bearer, &terms)?,
        };
        let made = sealer.made.unwrap_or_else(|| Err(SealError::Refused("it made nothing".to_owned())));
        Ok((sealed, made))
    })?;
    Ok(Made { what, order: sealed.order, warning: sealed.warning, load: made })
}

/// What was done where the outstanding order is this card's: it may be of this very request, which was interrupted.
fn what(placed: &PlacedOrder, id: Option<OrderId>) -> &'static str {
    match placed.reason {
        _ if id != Some(placed.order.id) => "again",
        Reason::Sale => "sold",
        Reason::Reissue | Reason::Correction | Reason::Reversal => "anew",
    }
}

/// Why a PSAM that sealed the order made nothing for the card.
fn refusal(fault: OnlineFault) -> SealError {
    match fault {
        OnlineFault::Refused(words) => SealError::Refused(words),
        OnlineFault::Forgotten | OnlineFault::NotGenuine => SealError::Refused(fault.to_string()),
    }
}
