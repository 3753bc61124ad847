//! The bank of the bare parties: books and a PSAM.

use super::seed::Seed;
use super::site::{Site, customer};
use crate::place::PIN;
use keys::sign::SigningKey;
use parties::trouble::{Context, Result, refused};
use reader::driver::psam::Psam;
use scheme::certificate::{Certificate, Label};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{self, OrderId};
use scheme::pin::Pin;
use scheme::profile::{SERVER_NUMBER, SERVICE_CENTRE};
use scheme::receipt::Receipt;
use scheme::signed;
use server::{
    Anew, Incoming, OrderRequest, OrderSealer, Origin, Sales as _, SealedOrder, ServerKey, Settlement, Store,
    Terms,
};
use vcard::Slot;
use wire::sms::record::Records;

/// The bank: its books, its PSAM, its clock.
pub struct Bank {
    /// The books.
    pub store: Store,
    /// The PSAM.
    pub psam: Slot,
    /// What o'clock it is.
    pub now: Moment,
    pub(super) seed: Seed,
    pub(super) server_key: ServerKey,
    pub(super) server: (Certificate, SigningKey),
    pub(super) drawn: u64,
}

/// Terms with the numbers that meters know.
fn terms() -> Result<Terms> {
    Ok(Terms::new(SERVER_NUMBER, SERVICE_CENTRE)?)
}

impl Bank {
    /// The city's delivery list.
    ///
    /// # Errors
    /// The books cannot be written.
    pub fn tell(&mut self, sites: &[Site]) -> Result<()> {
        let esams = sites.iter().map(Site::known).collect::<Result<Vec<_>>>()?;
        let now = self.now;
        self.store.batch(|act| act.take_meters(&esams, now))?;
        Ok(())
    }

    /// Works with the PSAM, its PIN verified.
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut Store, &mut Psam<'_>) -> Result<T>) -> Result<T> {
        let mut psam = Psam::open(&mut self.psam)?;
        psam.verify_pin(Pin::from_digits(PIN)?.expose())?;
        psam.prove_with(self.server_key.clone().prover());
        let (certificate, key) = self.server.clone();
        let seed = self.seed;
        psam.sign_with(Box::new(move |plain| {
            let extra = seed.bytes(&format!("signature of {}", order::OrderDigest::of(plain)));
            let signer = (certificate.number, &key);
            signed::sign(plain, order::TAG, Label::Order, certificate.suite, signer, &extra)
                .map_err(|error| error.to_string())
        }));
        work(&mut self.store, &mut psam)
    }

    fn id(&mut self) -> OrderId {
        self.drawn += 1;
        // Random, so that references of two parts differ from order to order.
        OrderId(self.seed.bytes(&format!("order {}", self.drawn)))
    }

    /// Sells to a customer.
    ///
    /// # Errors
    /// The books or the PSAM refuse.
    pub fn buy(&mut self, site: &Site, amount: Fen) -> Result<SealedOrder> {
        let (meter, id, now, terms) = (site.meter.state().config.number, self.id(), self.now, terms()?);
        let request = OrderRequest { meter, amount, now, id };
        self.with(|store, psam| Ok(store.purchase(psam, &request, &terms)?))
    }

    /// Makes the outstanding order anew, for another SIM or after its validity.
    ///
    /// # Errors
    /// As [`Bank::buy`].
    pub fn reissue(&mut self, site: &Site) -> Result<SealedOrder> {
        self.anew(site, Anew::Needed)
    }

    /// As [`Bank::reissue`], for a reason that is named.
    ///
    /// # Errors
    /// As [`Bank::buy`].
    pub fn anew(&mut self, site: &Site, why: Anew) -> Result<SealedOrder> {
        let (meter, id, now, terms) = (site.meter.state().config.number, self.id(), self.now, terms()?);
        self.with(|store, psam| Ok(store.reissue(psam, meter, now, id, why, &terms)?))
    }

    /// Makes the outstanding order of another amount, of nothing to take it back.
    ///
    /// # Errors
    /// As [`Bank::buy`].
    pub fn correct(&mut self, site: &Site, amount: Fen) -> Result<SealedOrder> {
        let (meter, id, now, terms) = (site.meter.state().config.number, self.id(), self.now, terms()?);
        let request = OrderRequest { meter, amount, now, id };
        self.with(|store, psam| Ok(store.correct(psam, &request, &terms)?))
    }

    /// Settles a receipt.
    ///
    /// # Errors
    /// It is refused.
    pub fn settle(&mut self, site: &Site, receipt: &[u8]) -> Result<Settlement> {
        let (meter, now) = (site.meter.state().config.number, self.now);
        self.with(|store, psam| {
            Ok(store.settle(psam, Incoming::Record(receipt), &Origin::Meter(meter), now)?)
        })
    }

    /// What a receipt says, when it is genuine: nothing is booked.
    ///
    /// # Errors
    /// It is not genuine, or of another meter.
    pub fn open(&mut self, site: &Site, receipt: &Records) -> Result<Receipt> {
        let bytes = self.open_bytes(site, receipt)?;
        Ok(Receipt::parse(&bytes).map_err(|error| refused(error.to_string()))?)
    }

    /// As [`Bank::open`], as it is encoded.
    ///
    /// # Errors
    /// As [`Bank::open`].
    pub fn open_bytes(&mut self, site: &Site, receipt: &Records) -> Result<Vec<u8>> {
        let meter = site.meter.state().config.number;
        let packet = server::receipt_user_data(Incoming::Record(receipt))?;
        self.with(|_, psam| Ok(psam.open_receipt(meter, &packet)?))
    }

    /// Compares the PSAM's chain with the books, as before every session; what is found, in words.
    ///
    /// # Errors
    /// The PSAM does not answer; the books cannot be written.
    pub fn reconciled(&mut self) -> Result<Option<String>> {
        let now = self.now;
        self.with(|store, psam| {
            let Some(chain) = OrderSealer::chain(psam)? else { return Ok(None) };
            let done = store.reconcile(&OrderSealer::number(psam), &chain, now)?;
            Ok(done.finding.map(|finding| finding.kind.name().to_owned()))
        })
    }

    /// The PSAM out of its reader and in again.
    ///
    /// # Errors
    /// Its image is none.
    pub fn psam_again(&mut self) -> Result<()> {
        self.psam = self.seed.copy(&self.psam)?;
        Ok(())
    }

    /// Whether a customer has an outstanding order.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn outstanding_order(&self, site: &Site) -> Result<bool> {
        let meter = site.meter.state().config.number;
        Ok(self.store.read(|view| view.outstanding(meter))?.is_some())
    }

    /// The outstanding order of a customer, sealed where it is not yet.
    ///
    /// # Errors
    /// There is none, or the PSAM refuses.
    pub fn resume(&mut self, site: &Site) -> Result<SealedOrder> {
        let meter = site.meter.state().config.number;
        let placed = self.store.read(|view| view.outstanding(meter))?.context("an outstanding order")?;
        let (id, now, terms) = (placed.order.id, self.now, terms()?);
        self.with(|store, psam| {
            if let Some(chain) = OrderSealer::chain(psam)? {
                store.reconcile(&OrderSealer::number(psam), &chain, now)?;
            }
            Ok(store.seal(psam, id, now, &terms)?)
        })
    }

    /// How many orders the PSAM has sealed.
    ///
    /// # Errors
    /// It does not answer.
    pub fn sealed(&mut self) -> Result<u32> {
        Ok(Psam::open(&mut self.psam)?.sealed_count()?)
    }

    /// What cannot be, by the books' own checks: each in words.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn faults(&self) -> Result<Vec<String>> {
        let faults = self.store.read(|view| view.audit())?;
        Ok(faults.iter().map(ToString::to_string).collect())
    }

    /// Pays back what is due to a customer; says how much it was, in fen.
    ///
    /// # Errors
    /// The books cannot be written.
    pub fn refund(&mut self, site: &Site) -> Result<i64> {
        let (customer, now) = (customer(site.n)?, self.now);
        Ok(self.store.batch(|act| act.refund(customer, now))?)
    }

    /// Gives up the outstanding order of a customer.
    ///
    /// # Errors
    /// A PSAM may have sealed it.
    pub fn void(&mut self, site: &Site) -> Result<()> {
        let (meter, now) = (site.meter.state().config.number, self.now);
        let placed = self.store.read(|view| view.outstanding(meter))?.context("an outstanding order")?;
        self.store.batch(|act| act.void_order(placed.order.id, now))?;
        Ok(())
    }

    /// The server's proof of an order.
    ///
    /// # Errors
    /// The PSAM does not answer.
    pub fn proof(&mut self, order: &[u8]) -> Result<[u8; 8]> {
        let number = Psam::open(&mut self.psam)?.info().number;
        Ok(self.server_key.clone().prover()(&number, order))
    }

    /// SEAL ORDER by somebody who has PSAM and PIN, with a proof of his choice: what the card answers.
    ///
    /// # Errors
    /// The PSAM does not answer.
    pub fn seal_raw(&mut self, order: &[u8], proof: Option<[u8; 8]>) -> Result<wire::Sw> {
        let mut psam = Psam::open(&mut self.psam)?;
        psam.verify_pin(Pin::from_digits(PIN)?.expose())?;
        if let Some(proof) = proof {
            psam.prove_with(Box::new(move |_, _| proof));
        }
        match psam.seal_order(order) {
            Ok(_) => Ok(wire::Sw::OK),
            Err(error) => Ok(error.sw().context("an answer")?),
        }
    }

    /// The record of the outstanding order of a customer; `None` where nothing is outstanding.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn outstanding(&self, site: &Site) -> Result<Option<Records>> {
        let meter = site.meter.state().config.number;
        Ok(self.store.read(|view| view.outstanding(meter))?.and_then(|placed| placed.record))
    }

    /// A customer has another SIM.
    ///
    /// # Errors
    /// The books refuse it.
    pub fn replace_sim(&mut self, site: &Site, sim: &server::Sim) -> Result<()> {
        let (customer, now) = (customer(site.n)?, self.now);
        self.store.batch(|act| act.replace_sim(customer, sim, now))?;
        Ok(())
    }
}
