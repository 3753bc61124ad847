//! Orders that go onto a user card [docs/specs/user-card.md 6]. They are orders like any other, but that a card stands where the SIM
//! stands: its binding decides whether a meter has to learn it, and a customer goes from one to the other by the kind of his next order.

use crate::chain::Chain;
use crate::engine::params;
use crate::error::StoreError;
use crate::key_choice::Keys;
use crate::order::{CARD, MadeFor, OrderRequest, PlacedOrder, SealedOrder};
use crate::order_error::OrderError;
use crate::rows::bytes;
use crate::sealer::{OrderSealer, SealError};
use crate::store::{Store, View};
use crate::terms::Terms;
use reader::driver::user_card::CardAsk;
use scheme::moment::Moment;
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::order::{OrderId, Serial8, SimBinding};
use scheme::receipt::Receipt;
use scheme::signing::Mode;
use scheme::user_card;

/// A user card, as an order is made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// Its number.
    pub number: DeviceNumber,
    /// Serial number of its chip.
    pub serial: Serial8,
}

impl Bearer {
    /// What stands for it in an order.
    pub fn binding(&self) -> SimBinding {
        user_card::binding(self.serial)
    }

    /// What stands where an order names its SIM.
    pub(crate) fn made_for(&self) -> MadeFor {
        MadeFor { iccid: format!("{CARD}{}", self.number), imsi: None }
    }
}

/// What a bank does next for a card that lies before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardNext {
    /// Nothing is outstanding: it sells.
    Sell,
    /// The outstanding order is this card's: it is loaded again, and nothing is sold.
    Again(Box<PlacedOrder>),
    /// The outstanding order is for a SIM or another card: it is made anew for this one, of the same count.
    Anew(Box<PlacedOrder>),
}

/// Orders on user cards, behind the seam of [`Books`](crate::Books).
pub trait CardOrders {
    /// What there is to do for a card.
    ///
    /// # Errors
    /// The books cannot be read; the meter's chip takes signed orders alone, and a card brings none.
    fn card_next(&self, meter: MeterNumber, card: &Bearer) -> Result<CardNext, OrderError>;

    /// As [`Sales::purchase`](crate::Sales::purchase), of an order for a card.
    ///
    /// # Errors
    /// As that.
    fn purchase_on_card(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        card: &Bearer,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Makes the outstanding order of a meter anew for a card: another order of the same count and amount.
    ///
    /// # Errors
    /// As [`Sales::reissue`](crate::Sales::reissue); it is for this card already.
    fn reissue_on_card(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: (MeterNumber, Moment, OrderId),
        card: &Bearer,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;
}

impl CardOrders for Store {
    fn card_next(&self, meter: MeterNumber, card: &Bearer) -> Result<CardNext, OrderError> {
        self.read(|view| {
            if view.esam_of(meter)?.is_some_and(|esam| esam.mode == Mode::Signed) {
                return Err(OrderError::CardUnsigned(meter));
            }
            Ok(match view.outstanding(meter)? {
                None => CardNext::Sell,
                Some(placed) if placed.order.binding == card.binding() => CardNext::Again(Box::new(placed)),
                Some(placed) => CardNext::Anew(Box::new(placed)),
            })
        })
    }

    fn purchase_on_card(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        card: &Bearer,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        self.place_and_ask(sealer, request.now, terms, |act| act.place_on_card(request, card, terms))
    }

    fn reissue_on_card(
        &mut self,
        sealer: &mut dyn OrderSealer,
        (meter, now, id): (MeterNumber, Moment, OrderId),
        card: &Bearer,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        self.place_and_ask(sealer, now, terms, |act| act.reissue_on_card(meter, now, id, card, terms))
    }
}

impl View<'_> {
    /// The order of ours that a receipt of a card's money is for: such a receipt names card, count and amount. Of several the one that is
    /// not given up, the last one first: it is the same money.
    pub(crate) fn carded(&self, receipt: &Receipt) -> Result<Option<PlacedOrder>, StoreError> {
        let ids = self.conn.all(
            "SELECT o.id AS id FROM purchase_order o JOIN life l ON l.id = o.life WHERE l.serial = ?1 AND o.count = ?2 \
             ORDER BY CASE WHEN o.state = 'void' THEN 1 ELSE 0 END, o.seq DESC",
            params![receipt.serial.0, receipt.count],
            |row| Ok(OrderId(bytes(row, "id")?)),
        )?;
        for id in ids {
            let Some(placed) = self.order(id)? else { continue };
            let order = &placed.order;
            let named = user_card::purchase_id(order.amount, order.count, order.binding);
            if named == (receipt.order, receipt.digest) {
                return Ok(Some(placed));
            }
        }
        Ok(None)
    }
}

/// A module that seals each order for a card as well: the two belong to one errand, and the second counts nothing.
pub struct CardSealer<'s> {
    inner: &'s mut dyn OrderSealer,
    ask: CardAsk,
    /// What is loaded onto the card, once an order was sealed.
    pub made: Option<Result<Vec<u8>, SealError>>,
}

impl<'s> CardSealer<'s> {
    /// For one challenge of one card.
    pub fn new(inner: &'s mut dyn OrderSealer, ask: CardAsk) -> Self {
        CardSealer { inner, ask, made: None }
    }
}

impl OrderSealer for CardSealer<'_> {
    fn number(&self) -> String {
        self.inner.number()
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        self.inner.keys()
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        self.inner.chain()
    }

    fn seal(&mut self, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError> {
        let sealed = self.inner.seal(order, mode)?;
        // Whatever comes of it: the order is sealed, and the books are to know.
        self.made = Some(self.inner.seal_card(order, mode, self.ask));
        Ok(sealed)
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        self.inner.open(meter, user_data)
    }

    fn left(&mut self) -> Option<u32> {
        self.inner.left()
    }
}
