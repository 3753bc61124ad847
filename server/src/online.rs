//! Purchases of a meter that is online, as the books keep them: what was begun, what the meter asked for, which order it brought
//! [docs/specs/online.md 8]. The order is one like any other, and so is its receipt.

use crate::bank::BankAccount;
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::meters::Certified;
use crate::online_error::OnlineError;
use crate::order::{PlacedOrder, SealedOrder};
use crate::order_error::OrderError;
use crate::receipt::{Opened, Refusal, SettleError};
use crate::registration::Registration;
use crate::rows::{self, bytes, column, parsed, time, time_text};
use crate::sealer::OrderSealer;
use crate::settle::Settlement;
use crate::store::{Store, Transaction, View};
use crate::terms::Terms;
use scheme::certificate::Label;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::{HEAD_LEN, HELLO_LEN, Head, REQUEST, Request, SessionId, digits};
use scheme::order::OrderId;
use scheme::receipt::Receipt;
use scheme::signed::{Signed, SignedError};
use scheme::signing::Mode;
use sha2::{Digest, Sha256};

/// Seconds between the beginning and the meter's request.
pub const ONLINE_S: i64 = 120;

/// Times that one order is sealed before it is not brought online any more. Each counts in a PSAM, by number and value: whoever asks for
/// his order again and again, and does not let his meter have it, would use up what a whole city may be sold.
pub const ONLINE_SEALS: u32 = 12;

/// Seconds after its beginning in which a purchase that was asked for may still end: the meter waits 180 for the order.
const ENDS_S: i64 = 300;

/// A purchase that is begun.
#[derive(Debug, Clone)]
pub struct OnlineBegin {
    /// Its id, drawn here; the order that is made for it has it too.
    pub sid: SessionId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// For which of his meters.
    pub meter: MeterNumber,
    /// How much; `None`: what is outstanding, or the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The account that is debited; `None`: it is paid in cash.
    pub account: Option<BankAccount>,
    /// The module that begins it.
    pub psam: String,
    /// When.
    pub at: Moment,
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlineState {
    /// S0 is on its way.
    Begun,
    /// S1 was taken: it is paid for and sealed.
    Asked,
    /// S2 is on its way: the meter may have credited it.
    Sealed,
    /// The receipt was there.
    Settled,
    /// The meter refused.
    Refused,
}

impl OnlineState {
    const ALL: [OnlineState; 5] = [
        OnlineState::Begun,
        OnlineState::Asked,
        OnlineState::Sealed,
        OnlineState::Settled,
        OnlineState::Refused,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            OnlineState::Begun => "begun",
            OnlineState::Asked => "asked",
            OnlineState::Sealed => "sealed",
            OnlineState::Settled => "settled",
            OnlineState::Refused => "refused",
        }
    }
}

/// A purchase, with what the books know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlinePurchase {
    /// Its id.
    pub sid: SessionId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// The meter.
    pub meter: MeterNumber,
    /// The order it brings: one of its own id, or one that was outstanding.
    pub order: OrderId,
    /// Its amount.
    pub amount: Fen,
    /// The account that is debited.
    pub account: Option<BankAccount>,
    /// The module that began it.
    pub psam: String,
    /// When.
    pub begun: Moment,
    /// Where it stands.
    pub state: OnlineState,
    /// S0.
    pub hello: Option<[u8; HELLO_LEN]>,
    /// SHA-256 of the S1 that was taken.
    pub request: Option<[u8; 32]>,
    /// S2; of a recharge by the field's frames, which has no S0, that recharge ([`Kept`](scheme::recharge::Kept)).
    pub sealed: Option<Vec<u8>>,
    /// The field's number of the meter's refusal.
    pub refusal: Option<u8>,
}

impl OnlinePurchase {
    /// Whether its order was made for it.
    pub fn is_new(&self) -> bool {
        self.order.0 == self.sid.0
    }

    /// Whether it is a recharge by the field's frames.
    pub fn is_recharge(&self) -> bool {
        self.hello.is_none() && !matches!(self.state, OnlineState::Begun | OnlineState::Asked)
    }

    fn turn<T>(&self) -> Result<T, OnlineError> {
        Err(OnlineError::Turn { sid: self.sid, state: self.state.name() })
    }
}

/// Online purchases, behind the seam of [`Books`](crate::Books).
pub trait OnlinePurchases {
    /// Writes down that one is begun. One of the same id that is there already is given as it is.
    ///
    /// # Errors
    /// Another amount is outstanding; no amount.
    fn begin_online(&mut self, begin: &OnlineBegin) -> Result<OnlinePurchase, OnlineError>;

    /// Keeps S0.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_hello(&mut self, sid: SessionId, hello: &[u8; HELLO_LEN]) -> Result<(), StoreError>;

    /// The purchase of an id.
    ///
    /// # Errors
    /// The books cannot be read.
    fn online(&self, sid: SessionId) -> Result<Option<OnlinePurchase>, StoreError>;

    /// Other meters than this, for which a module has begun purchases that may still go on: it keeps as many purchases at once as
    /// [`AT_ONCE`](scheme::online::AT_ONCE), and of one meter a later one pushes out the one before.
    ///
    /// # Errors
    /// The books cannot be read.
    fn online_open(&self, psam: &str, meter: MeterNumber, now: Moment) -> Result<usize, StoreError>;

    /// The purchases of a customer, in the order of their beginning.
    ///
    /// # Errors
    /// The books cannot be read.
    fn online_of(&self, customer: CustomerNumber) -> Result<Vec<OnlinePurchase>, StoreError>;

    /// The last so many purchases that were begun, newest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn online_latest(&self, most: u32) -> Result<Vec<OnlinePurchase>, StoreError>;

    /// Compares what a meter asks for with what was agreed, and takes it. `message`: S1, which the module found genuine; `request`: what
    /// was in it, as the meter encoded it. The same message again is taken again.
    ///
    /// # Errors
    /// It is not what was agreed, not in time, or not what comes next.
    fn hear_online(
        &mut self,
        sid: SessionId,
        message: &[u8],
        request: &[u8],
        now: Moment,
    ) -> Result<OnlinePurchase, OnlineError>;

    /// Has an order sealed once more that was sealed before, for a purchase that brings it.
    ///
    /// # Errors
    /// An order that is not outstanding, and those of [`Sales::seal`](crate::Sales::seal).
    fn seal_again(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Keeps S2.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_online_order(&mut self, sid: SessionId, message: &[u8]) -> Result<(), StoreError>;

    /// Settles the receipt that a meter gave: as any receipt is settled. `message`: S3.
    ///
    /// # Errors
    /// It is not built as a receipt of this meter.
    fn settle_online(
        &mut self,
        sid: SessionId,
        message: &[u8],
        receipt: &[u8],
        now: Moment,
    ) -> Result<Settlement, SettleError>;

    /// Keeps that the meter refused; its order stays outstanding.
    ///
    /// # Errors
    /// It cannot be kept.
    fn refuse_online(&mut self, sid: SessionId, field_error: u8) -> Result<(), StoreError>;
}

impl OnlinePurchases for Store {
    fn begin_online(&mut self, begin: &OnlineBegin) -> Result<OnlinePurchase, OnlineError> {
        self.batch(|act| act.begin_online(begin))
    }

    fn keep_hello(&mut self, sid: SessionId, hello: &[u8; HELLO_LEN]) -> Result<(), StoreError> {
        self.batch(|act| {
            act.conn
                .write("UPDATE online_purchase SET hello = ?2 WHERE sid = ?1", params![sid.0, &hello[..]])?;
            Ok(())
        })
    }

    fn online(&self, sid: SessionId) -> Result<Option<OnlinePurchase>, StoreError> {
        self.read(|view| view.online(sid))
    }

    fn online_open(&self, psam: &str, meter: MeterNumber, now: Moment) -> Result<usize, StoreError> {
        let since = |seconds: i64| time_text(now.add_seconds(-seconds).unwrap_or(now));
        let open: u32 = self.read(|view| {
            view.conn.one(
                "SELECT count(DISTINCT meter) FROM online_purchase WHERE psam = ?1 AND meter <> ?4 AND begun >= ?3 \
                 AND ((state IN ('asked', 'sealed') AND hello IS NOT NULL) OR (state = 'begun' AND begun >= ?2))",
                params![psam, since(ONLINE_S), since(ENDS_S), meter.to_string()],
            )
        })?;
        Ok(open as usize)
    }

    fn online_of(&self, customer: CustomerNumber) -> Result<Vec<OnlinePurchase>, StoreError> {
        self.read(|view| {
            view.conn.all(
                "SELECT * FROM online_purchase WHERE customer = ?1 ORDER BY begun, sid",
                params![customer.to_string()],
                online,
            )
        })
    }

    fn online_latest(&self, most: u32) -> Result<Vec<OnlinePurchase>, StoreError> {
        self.read(|view| {
            view.conn.all(
                "SELECT * FROM online_purchase ORDER BY begun DESC, sid DESC LIMIT ?1",
                params![most],
                online,
            )
        })
    }

    fn hear_online(
        &mut self,
        sid: SessionId,
        message: &[u8],
        request: &[u8],
        now: Moment,
    ) -> Result<OnlinePurchase, OnlineError> {
        self.batch(|act| act.hear_online(sid, message, request, now))
    }

    fn seal_again(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        self.seal_anyway(sealer, id, now, terms)
    }

    fn keep_online_order(&mut self, sid: SessionId, message: &[u8]) -> Result<(), StoreError> {
        self.batch(|act| {
            act.conn.write(
                "UPDATE online_purchase SET sealed = ?2, state = 'sealed', account = NULL WHERE sid = ?1",
                params![sid.0, message],
            )?;
            Ok(())
        })
    }

    fn settle_online(
        &mut self,
        sid: SessionId,
        message: &[u8],
        receipt: &[u8],
        now: Moment,
    ) -> Result<Settlement, SettleError> {
        self.batch(|act| act.settle_online(sid, message, receipt, now))
    }

    fn refuse_online(&mut self, sid: SessionId, field_error: u8) -> Result<(), StoreError> {
        self.batch(|act| {
            act.conn.write(
                "UPDATE online_purchase SET refusal = ?2, state = 'refused' WHERE sid = ?1 AND state = 'sealed'",
                params![sid.0, field_error],
            )?;
            Ok(())
        })
    }
}

fn online(row: &Row<'_>) -> Result<OnlinePurchase, StoreError> {
    let name: String = column(row, "state")?;
    let state = OnlineState::ALL.into_iter().find(|state| state.name() == name);
    let account: Option<String> = column(row, "account")?;
    let account = account.map(|text| text.parse()).transpose();
    let (hello, request): (Option<Vec<u8>>, Option<Vec<u8>>) =
        (column(row, "hello")?, column(row, "request")?);
    Ok(OnlinePurchase {
        sid: SessionId(bytes(row, "sid")?),
        customer: parsed(row, "customer")?,
        meter: parsed(row, "meter")?,
        order: OrderId(bytes(row, "order_id")?),
        amount: Fen(column(row, "amount")?),
        account: account
            .map_err(|_| StoreError::Value { place: "account", detail: "no token of a bank".into() })?,
        psam: column(row, "psam")?,
        begun: time(row, "begun")?,
        state: state.ok_or(StoreError::Value { place: "state", detail: name })?,
        hello: hello.map(|hello| rows::exactly(&hello, "hello")).transpose()?,
        request: request.map(|hash| rows::exactly(&hash, "request")).transpose()?,
        sealed: column(row, "sealed")?,
        refusal: column(row, "refusal")?,
    })
}

impl View<'_> {
    /// The purchase of an id.
    pub(crate) fn online(&self, sid: SessionId) -> Result<Option<OnlinePurchase>, StoreError> {
        self.conn.first("SELECT * FROM online_purchase WHERE sid = ?1", params![sid.0], online)
    }

    /// Whether what a meter says of its telephone and itself is what the contract says.
    fn must_be_agreed(
        &self,
        known: &OnlinePurchase,
        head: &Head,
        request: &Request,
    ) -> Result<Registration, OnlineError> {
        let registration = self.meter(known.meter)?.ok_or(OrderError::UnknownMeter(known.meter))?;
        let esam = self.esam_of(known.meter)?.ok_or(OrderError::NoSerial(known.meter))?;
        let life = self.newest_life(esam.serial)?;
        let account = life.map(|life| self.account_of(life)).transpose()?.flatten();
        let account = account.unwrap_or(registration.customer);
        let what = if request.meter != known.meter || head.meter != known.meter {
            "meter"
        } else if registration.customer != known.customer {
            "customer than has the meter now"
        } else if head.serial != esam.serial {
            "ESAM"
        } else if request.amount != known.amount {
            "amount"
        } else if request.customer != [0; 6] && request.customer != account.0 {
            "customer"
        } else if request.msisdn != digits(registration.sim.msisdn.as_str()) {
            "telephone number"
        } else if request.imsi != registration.sim.imsi.file() {
            "SIM"
        } else {
            return Ok(registration);
        };
        Err(OnlineError::Differs(what))
    }

    /// Whether the chip has signed what it asks for, as far as the city's list says that it does. The list may be older than the chip's mode,
    /// so a signature is looked at wherever there is one that can be.
    fn must_be_signed(&self, meter: MeterNumber, request: &[u8]) -> Result<(), OnlineError> {
        let esam = self.esam_of(meter)?.ok_or(OrderError::NoSerial(meter))?;
        let signed = Signed::parse(request, REQUEST).map_err(|_| OnlineError::Differs("form"))?;
        let wrong = |why: SignedError| OnlineError::Signature { meter, why };
        let own = esam.certified.as_ref().map(Certified::own).transpose();
        let own = own.map_err(|error| wrong(error.into()))?;
        match (&signed.proof, own) {
            (None, _) if esam.mode == Mode::Signed => Err(wrong(SignedError::Unsigned)),
            (Some(_), Some(own)) => signed.verify(Label::Request, &own).map_err(wrong),
            (Some(_), None) if esam.mode == Mode::Signed => Err(OnlineError::Differs("certificate")),
            _ => Ok(()),
        }
    }

    /// Whether an order that is outstanding may be sealed once more to be brought online.
    pub(crate) fn may_be_brought(&self, placed: &PlacedOrder) -> Result<(), OnlineError> {
        let (order, meter) = (placed.order.id, placed.order.meter);
        let times: u32 = self.conn.one("SELECT count(*) FROM seal WHERE order_id = ?1", params![order.0])?;
        if times < ONLINE_SEALS { Ok(()) } else { Err(OnlineError::Often { meter, order, times }) }
    }

    /// Whether the meter stands where the order is the next one for it, or the last one it took.
    fn must_be_next(&self, known: &OnlinePurchase, head: &Head) -> Result<(), OnlineError> {
        let wrong = |next| Err(OnlineError::Count { meter: known.meter, meters: head.count, next });
        if let Some(placed) = self.outstanding(known.meter)? {
            if placed.order.id != known.order {
                return Err(OnlineError::Changed(known.sid));
            }
            if placed.order.serial != head.serial {
                let order = placed.order.id;
                return Err(
                    OrderError::OtherChip { order, meter: known.meter, serial: placed.order.serial }.into()
                );
            }
            let next = placed.order.count;
            let waits = head.count.checked_add(1) == Some(next);
            return if waits || (head.count == next && placed.may_be_sealed()) {
                self.may_be_brought(&placed)
            } else {
                wrong(next)
            };
        }
        if !known.is_new() || self.order(known.order)?.is_some() {
            return Err(OnlineError::Changed(known.sid));
        }
        let life = self.newest_life(head.serial)?;
        let last =
            life.map(|life| self.last_settled(life)).transpose()?.flatten().map_or(0, |(count, _)| count);
        if head.count == last { Ok(()) } else { wrong(last.saturating_add(1)) }
    }
}

impl Transaction<'_> {
    fn begin_online(&self, begin: &OnlineBegin) -> Result<OnlinePurchase, OnlineError> {
        if let Some(known) = self.online(begin.sid)? {
            return Ok(known);
        }
        let OnlineBegin { sid, customer, meter, amount, account, psam, at } = begin;
        let (order, amount, account) = match self.outstanding(*meter)? {
            Some(placed) => {
                let order = placed.order;
                if amount.is_some_and(|amount| amount != order.amount) {
                    let (id, amount, count, state) = (order.id, order.amount, order.count, placed.state);
                    return Err(
                        OrderError::Outstanding { meter: *meter, order: id, amount, count, state }.into()
                    );
                }
                // It was paid for when it was made, or is being paid for.
                (order.id, order.amount, None)
            }
            None => {
                let registration = self.meter(*meter)?.ok_or(OrderError::UnknownMeter(*meter))?;
                let amount = amount.or(registration.first_purchase).filter(|amount| amount.0 > 0);
                (OrderId(sid.0), amount.ok_or(OrderError::Nothing)?, account.as_ref())
            }
        };
        self.conn.write(
            "INSERT INTO online_purchase (sid, customer, meter, order_id, amount, account, psam, begun, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'begun')",
            params![
                sid.0,
                customer.to_string(),
                meter.to_string(),
                order.0,
                amount.0,
                account.map(BankAccount::as_str),
                psam,
                time_text(*at),
            ],
        )?;
        self.online(*sid)?.ok_or(OnlineError::Unknown(*sid))
    }

    fn hear_online(
        &self,
        sid: SessionId,
        message: &[u8],
        request: &[u8],
        now: Moment,
    ) -> Result<OnlinePurchase, OnlineError> {
        let known = self.online(sid)?.ok_or(OnlineError::Unknown(sid))?;
        let hash: [u8; 32] = Sha256::digest(message).into();
        if let Some(heard) = known.request {
            return if heard == hash { Ok(known) } else { known.turn() };
        }
        let after = now.seconds() - known.begun.seconds();
        if !(0..=ONLINE_S).contains(&after) {
            return Err(OnlineError::Late { sid, after, most: ONLINE_S });
        }
        let head = message.first_chunk::<HEAD_LEN>().and_then(Head::parse);
        let head = head.filter(|head| head.sid == sid).ok_or(OnlineError::Differs("purchase"))?;
        let asked = Request::parse(request).map_err(|_| OnlineError::Differs("form"))?;
        self.must_be_agreed(&known, &head, &asked)?;
        self.must_be_signed(known.meter, request)?;
        self.must_be_next(&known, &head)?;
        self.conn.write(
            "UPDATE online_purchase SET request = ?2, state = 'asked' WHERE sid = ?1",
            params![sid.0, hash],
        )?;
        Ok(OnlinePurchase { request: Some(hash), state: OnlineState::Asked, ..known })
    }

    fn settle_online(
        &self,
        sid: SessionId,
        message: &[u8],
        bytes: &[u8],
        now: Moment,
    ) -> Result<Settlement, SettleError> {
        let Some(known) = self.online(sid)? else { return Err(Refusal::NoOrigin.into()) };
        // The module has checked it already; a receipt is money, so the host reads it with its own eyes.
        let receipt = Receipt::parse(bytes).ok().filter(|receipt| receipt.meter == known.meter);
        let receipt = receipt.ok_or(Refusal::Malformed(known.meter))?;
        let opened = Opened { packet: message.to_vec(), bytes: bytes.to_vec(), receipt };
        let settlement = self.settle_opened(&opened, now)?;
        self.conn.write(
            "UPDATE online_purchase SET state = 'settled' WHERE sid = ?1 AND state = 'sealed'",
            params![sid.0],
        )?;
        Ok(settlement)
    }
}
