//! Settling receipts: what is genuine is booked once, or kept as a finding; nothing genuine is thrown away.

use crate::engine::{About, Question, params};
use crate::error::StoreError;
use crate::finding::{Finding, FindingKind, Found};
use crate::incoming::Incoming;
use crate::meters::Certified;
use crate::order::PlacedOrder;
use crate::order_state::OrderState;
use crate::receipt::{Opened, Opening, Origin, Refusal, SettleError};
use crate::rows::{self, column, parsed, time_text};
use crate::rules::{self, Division, Known, Settled as Standing, Verdict};
use crate::sealer::OrderSealer;
use crate::store::{Store, Transaction, View};
use crate::transfer::{Account, Code, Purchase};
use scheme::certificate::Label;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::receipt::{self, CREDITED, Receipt};
use scheme::signed::{Signed, SignedError};
use scheme::signing::Mode;

/// What became of a genuine receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Its order is settled now.
    Settled(Settled),
    /// Its purchase was settled before with the same receipt; nothing changed. The order, unless it is none of ours.
    AlreadySettled(Option<OrderId>),
    /// It settles nothing: it is kept, and nothing is sold for its meter until two people have cleared it.
    Held(Finding),
}

/// An order that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The order.
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// What was credited.
    pub amount: Fen,
    /// What was paid and not credited, in fen: due to the customer.
    pub refund_due_fen: i64,
    /// What the meter said: its number, the count, balance, register and time.
    pub receipt: Receipt,
    /// Other orders of the same purchase, which no meter will credit any more.
    pub voided: Vec<OrderId>,
    /// What was strange about the receipt.
    pub findings: Vec<Finding>,
}

/// A purchase that a receipt settles.
struct Booking<'a> {
    life: i64,
    count: u32,
    customer: CustomerNumber,
    order: Option<OrderId>,
    packet: &'a [u8],
    bytes: &'a [u8],
    receipt: &'a Receipt,
    now: Moment,
}

impl Store {
    /// Opens a receipt and settles its order.
    pub fn settle(
        &mut self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: Moment,
    ) -> Result<Settlement, SettleError> {
        let opening = self.read(|view| view.open_receipt(sealer, incoming, origin))?;
        self.batch(|act| act.settle_opening(opening, now))
    }
}

impl Transaction<'_> {
    /// Opens a receipt and settles its order, in this act.
    pub fn settle(
        &self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: Moment,
    ) -> Result<Settlement, SettleError> {
        let opening = self.open_receipt(sealer, incoming, origin)?;
        self.settle_opening(opening, now)
    }

    fn settle_opening(&self, opening: Opening, now: Moment) -> Result<Settlement, SettleError> {
        match opening {
            Opening::Known(order) => Ok(Settlement::AlreadySettled(order)),
            Opening::Held(id) => match self.finding(id)? {
                Some(finding) if finding.cleared.is_none() => Ok(Settlement::Held(finding)),
                _ => Err(Refusal::Cleared(id).into()),
            },
            Opening::Opened(opened) => Ok(self.settle_opened(&opened, now)?),
        }
    }

    /// Judges an opened receipt ([`rules::judge`]) and does what follows.
    pub fn settle_opened(&self, opened: &Opened, now: Moment) -> Result<Settlement, StoreError> {
        let (placed, receipt) = self.named(&opened.receipt)?;
        let receipt = &receipt;
        let known = placed.as_ref().map(|placed| self.known(placed, &opened.bytes)).transpose()?;
        match rules::judge(receipt, known.as_ref(), self.clock_tolerance()?) {
            Verdict::Again => Ok(Settlement::AlreadySettled(Some(receipt.order))),
            Verdict::Held(kind, words) => self.hold(opened, kind, &words, now),
            Verdict::Settles(strange) => match placed {
                Some(placed) if placed.state == OrderState::Void => {
                    let words = format!(
                        "order {} was credited after what was paid for it had been moved to another chip",
                        placed.order.id
                    );
                    self.hold(opened, FindingKind::CreditedAfterMove, &words, now)
                }
                Some(placed) => {
                    let mut strange = strange;
                    strange.extend(self.unsigned(opened)?);
                    self.whole(|| self.keep(opened, &placed, &strange, now))
                }
                None => self.hold(opened, FindingKind::UnknownOrder, "", now),
            },
        }
    }

    fn hold(
        &self,
        opened: &Opened,
        kind: FindingKind,
        detail: &str,
        at: Moment,
    ) -> Result<Settlement, StoreError> {
        let receipt = &opened.receipt;
        let finding = self.write_finding(&Found {
            kind,
            meter: Some(receipt.meter),
            psam: None,
            order: Some(receipt.order),
            at,
            detail,
            kept: Some((&opened.packet, &opened.bytes)),
        })?;
        Ok(Settlement::Held(finding))
    }

    fn keep(
        &self,
        opened: &Opened,
        placed: &PlacedOrder,
        strange: &[(FindingKind, String)],
        now: Moment,
    ) -> Result<Settlement, StoreError> {
        let (receipt, order) = (&opened.receipt, &placed.order);
        let booking = Booking {
            life: placed.life,
            count: order.count,
            customer: placed.customer,
            order: Some(order.id),
            packet: &opened.packet,
            bytes: &opened.bytes,
            receipt,
            now,
        };
        let (voided, division) = self.book(&booking)?;
        let findings = strange
            .iter()
            .map(|(kind, detail)| {
                let (meter, order) = (Some(order.meter), Some(order.id));
                self.write_finding(&Found {
                    kind: *kind,
                    meter,
                    psam: None,
                    order,
                    at: now,
                    detail,
                    kept: None,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Settlement::Settled(Settled {
            order: order.id,
            customer: placed.customer,
            amount: receipt.amount,
            refund_due_fen: division.refund_due,
            receipt: receipt.clone(),
            voided,
            findings,
        }))
    }

    /// Settles a purchase: the receipt is kept, its other orders are void, the money is divided.
    fn book(&self, booking: &Booking<'_>) -> Result<(Vec<OrderId>, Division), StoreError> {
        let Booking { life, count, customer, order, receipt, now, .. } = *booking;
        self.conn.write_of(
            || [About::Life(life), About::Packet(booking.packet.to_vec())],
            "INSERT INTO settlement (life, count, order_id, packet, receipt, credited, balance, register, \
             at_meter, settled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                life,
                count,
                order.map(|id| id.0),
                booking.packet,
                booking.bytes,
                receipt.amount.0,
                receipt.balance.0,
                receipt.register,
                time_text(receipt.time),
                time_text(now),
            ],
        )?;
        let mut voided = Vec::new();
        for other in self.orders_of(life, count)? {
            let id = other.order.id;
            match other.state {
                OrderState::Settled | OrderState::Void => {}
                _ if Some(id) == order => self.set_state(&other, OrderState::Settled)?,
                _ => {
                    self.set_state(&other, OrderState::Void)?;
                    voided.push(id);
                }
            }
        }
        let division = rules::divide(self.owed_for("prepaid", life, count)?, receipt.amount);
        let purchase = Purchase { life, count, order };
        let claim = Account::Prepaid(customer);
        let moves = [
            (Code::Delivery, [claim, Account::Delivered], division.delivered),
            (Code::RefundDue, [claim, Account::RefundDue(customer)], division.refund_due),
            (Code::Loss, [Account::Loss, Account::Delivered], division.loss),
        ];
        for (kind, accounts, amount) in moves {
            self.move_money(kind, now, purchase, accounts, amount)?;
        }
        Ok((voided, division))
    }

    /// Two people have cleared a finding that keeps a genuine receipt: its count is used.
    pub(crate) fn settle_held(&self, finding: i64, bytes: &[u8], now: Moment) -> Result<(), StoreError> {
        let receipt = Receipt::parse(bytes)
            .map_err(|error| StoreError::Value { place: "finding.receipt", detail: error.to_string() })?;
        let Some(life) = self.newest_life(receipt.serial)? else { return Ok(()) };
        let (count, digest) = (receipt.count, self.named(&receipt)?.1.digest);
        if receipt.result != CREDITED || self.settlement(life, count)?.is_some() {
            return Ok(());
        }
        let Some(customer) = self.customer_of(life, receipt.meter)? else { return Ok(()) };
        let order = self
            .orders_of(life, count)?
            .into_iter()
            .find(|placed| placed.state != OrderState::Void && placed.order.digest() == digest);
        self.conn.write(
            "INSERT INTO purchase (life, count, customer) VALUES (?1, ?2, ?3) \
             ON CONFLICT (life, count) DO NOTHING",
            params![life, count, customer.to_string()],
        )?;
        let packet = self.kept_packet(finding)?;
        let order = order.map(|placed| placed.order.id);
        self.book(&Booking { life, count, customer, order, packet: &packet, bytes, receipt: &receipt, now })?;
        Ok(())
    }

    /// Pays back what is due to a customer, and says how much it was, in fen.
    ///
    /// Something is due exactly when a genuine receipt was settled for less than was paid, so nothing else can be
    /// paid back here.
    pub fn refund(&self, customer: CustomerNumber, now: Moment) -> Result<i64, StoreError> {
        let due = self.conn.all(
            "SELECT DISTINCT t.life AS life, t.count AS count, t.order_id AS order_id FROM transfer t \
             JOIN purchase p ON p.life = t.life AND p.count = t.count \
             WHERE t.code = 'refund-due' AND p.customer = ?1 ORDER BY t.life, t.count",
            params![customer.to_string()],
            |row| {
                let order: Option<Vec<u8>> = column(row, "order_id")?;
                let order = order.map(|id| rows::exactly(&id, "order_id").map(OrderId)).transpose()?;
                Ok(Purchase { life: column(row, "life")?, count: column(row, "count")?, order })
            },
        )?;
        let cash = self.cash()?;
        self.whole(|| {
            let mut sum = 0;
            for purchase in due {
                let fen = self.owed_for("refund-due", purchase.life, purchase.count)?;
                let accounts = [Account::RefundDue(customer), Account::Refunded];
                self.move_money(Code::Refund, now, purchase, accounts, fen)?;
                if cash != Account::BankCash {
                    self.move_money(Code::DrawerOut, now, purchase, [Account::BankCash, cash], fen)?;
                }
                sum += fen;
            }
            Ok(sum)
        })
    }
}

impl View<'_> {
    /// What the judge is to know of an order of ours.
    fn known<'o>(&self, placed: &'o PlacedOrder, receipt: &[u8]) -> Result<Known<'o>, StoreError> {
        let (life, count) = (placed.life, placed.order.count);
        let settled = match self.settlement(life, count)? {
            None => Standing::No,
            Some(kept) if same_statement(&kept, receipt) => Standing::Same,
            Some(_) => Standing::Other,
        };
        Ok(Known {
            order: &placed.order,
            may_be_sealed: placed.may_be_sealed(),
            settled,
            earlier_missing: self.conn.answer(&missing_before(life, count), |_| Ok(()))?.is_some(),
        })
    }

    /// What is strange about the signature of a receipt whose MAC is right. The money follows the MAC; who can make one without the chip's
    /// own key is to be found.
    fn unsigned(&self, opened: &Opened) -> Result<Option<(FindingKind, String)>, StoreError> {
        let signed = Signed::parse(&opened.bytes, receipt::TAG);
        let fault = |error: String| StoreError::Value { place: "receipt", detail: error };
        let signed = signed.map_err(|error| fault(error.to_string()))?;
        let Some(esam) = self.esam(opened.receipt.serial)? else { return Ok(None) };
        let Some(proof) = &signed.proof else {
            let words = "the chip signs every receipt, and this one is not signed".to_owned();
            return Ok((esam.mode == Mode::Signed).then_some((FindingKind::Signature, words)));
        };
        let own = esam.certified.as_ref().map(Certified::own).transpose();
        let own = own.map_err(|error| fault(error.to_string()))?;
        let Some(own) = own.filter(|own| own.number == proof.certificate) else {
            let words = format!(
                "the receipt is signed with certificate {}, which the city's list does not name",
                proof.certificate
            );
            return Ok(Some((FindingKind::Certificate, words)));
        };
        let words = |error: SignedError| (FindingKind::Signature, error.to_string());
        Ok(signed.verify(Label::Receipt, &own).err().map(words))
    }

    /// The order a receipt is for, and the receipt as one of that order: a recharge by the field's frames is named by what was made for
    /// one random of the ESAM, money from a user card by card, count and amount.
    fn named(&self, receipt: &Receipt) -> Result<(Option<PlacedOrder>, Receipt), StoreError> {
        if let Some(placed) = self.order(receipt.order)? {
            return Ok((Some(placed), receipt.clone()));
        }
        let placed = match self.recharged(receipt)? {
            Some(placed) => Some(placed),
            None => self.carded(receipt)?,
        };
        let receipt = placed.as_ref().map_or_else(
            || receipt.clone(),
            |placed| Receipt { order: placed.order.id, digest: placed.order.digest(), ..receipt.clone() },
        );
        Ok((placed, receipt))
    }

    /// The receipt a purchase was settled with.
    fn settlement(&self, life: i64, count: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.conn.answer(&settlement_of(life, count), |row| column(row, "receipt"))
    }

    /// The receipt an order was settled with.
    pub fn receipt_of(&self, order: OrderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.conn.first("SELECT receipt FROM settlement WHERE order_id = ?1", params![order.0], |row| {
            column(row, "receipt")
        })
    }

    fn kept_packet(&self, finding: i64) -> Result<Vec<u8>, StoreError> {
        self.conn.one("SELECT packet FROM finding WHERE id = ?1", params![finding])
    }

    /// The customer who was handed over a life's meter, else bought last for it, or has its meter.
    fn customer_of(&self, life: i64, meter: MeterNumber) -> Result<Option<CustomerNumber>, StoreError> {
        match self.conn.first(
            "SELECT customer FROM (SELECT customer, 1 AS rank, id AS place FROM hand_over WHERE life = ?1 \
             UNION ALL SELECT customer, 0 AS rank, count AS place FROM purchase WHERE life = ?1) AS known \
             ORDER BY rank DESC, place DESC LIMIT 1",
            params![life],
            |row| parsed(row, "customer"),
        )? {
            Some(customer) => Ok(Some(customer)),
            None => Ok(self.meter(meter)?.map(|registration| registration.customer)),
        }
    }
}

/// The receipt a purchase was settled with.
pub(crate) fn settlement_of(life: i64, count: u32) -> Question {
    let sql = "SELECT receipt FROM settlement WHERE life = ?1 AND count = ?2";
    Question::new(sql, params![life, count]).about(About::Life(life))
}

/// Whether a purchase before this one of a life has no receipt yet.
pub(crate) fn missing_before(life: i64, count: u32) -> Question {
    let sql = "SELECT 1 FROM purchase_order o WHERE o.life = ?1 AND o.count < ?2 \
               AND o.state IN ('prepared', 'sealed', 'superseded')";
    Question::new(sql, params![life, count]).about(About::Life(life))
}

/// Whether two receipts say the same; the TAC is not compared, for another key may have made it.
fn same_statement(kept: &[u8], receipt: &[u8]) -> bool {
    let plain = |bytes: &[u8]| Receipt::parse(bytes).ok().map(|receipt| Receipt { tac: [0; 4], ..receipt });
    match (plain(kept), plain(receipt)) {
        (Some(kept), Some(receipt)) => kept == receipt,
        _ => kept == receipt,
    }
}
