//! What the server keeps of a session with a phone, in memory alone.

use client::talk::Wanted;
use client::{Marks, Mode, Stamp};
use parties::bank::phones::Caller;
use scheme::numbers::MeterNumber;
use scheme::subscription::Msisdn;
use server::{Act, BankAccount};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Seconds an offer is good for.
const OFFER_S: i64 = 600;
/// Offers of a session.
const OFFERS: usize = 4;
/// Requests of a session that are worked on at once: the counter is for all.
const REQUESTS: usize = 4;

/// Somebody who enrols, as his first message says.
pub struct Enrolling {
    /// The slip.
    pub slip: [u8; 4],
    /// How.
    pub mode: Mode,
    /// His static key.
    pub public: Option<[u8; 32]>,
    /// The time in his first message.
    pub time: Stamp,
    /// What he says of himself.
    pub marks: Marks,
}

/// What stands for whoever enrols by a slip, where a phone has its name.
pub fn of_slip([a, b, c, d]: [u8; 4]) -> [u8; 8] {
    [b's', b'l', b'i', b'p', a, b, c, d]
}

/// Whose a session is.
pub enum Who {
    /// Somebody who enrols.
    Enrols(Enrolling),
    /// A phone that is known.
    Phone(Caller),
}

/// What was offered.
#[derive(Clone)]
pub struct Offered {
    /// As it was asked for, without the password.
    pub wanted: Wanted,
    /// For which meter.
    pub meter: MeterNumber,
    /// From which account.
    pub account: BankAccount,
    /// What has to agree for it.
    pub act: Act,
    /// Until when.
    until: i64,
    /// It was confirmed here.
    confirmed: bool,
}

impl Offered {
    /// Of what somebody wants.
    pub fn new(mut wanted: Wanted, meter: MeterNumber, account: BankAccount, act: Act, now: i64) -> Self {
        if let Some(account) = &mut wanted.account {
            account.password = None;
        }
        Offered { wanted, meter, account, act, until: now.saturating_add(OFFER_S), confirmed: false }
    }
}

#[derive(Default)]
struct Inside {
    /// It was asked something, and the books have its time.
    begun: bool,
    offers: Vec<Offered>,
    /// The number that answers go to, where a carrier wants one.
    msisdn: Option<Msisdn>,
}

/// A session, shared by what is asked in it.
#[derive(Clone)]
pub struct Whose(Arc<(Who, Mutex<Inside>, Arc<Semaphore>)>);

impl Whose {
    /// A new one.
    pub fn new(who: Who, msisdn: Option<Msisdn>) -> Self {
        let inside = Mutex::new(Inside { msisdn, ..Inside::default() });
        Whose(Arc::new((who, inside, Arc::new(Semaphore::new(REQUESTS)))))
    }

    /// A place for one more request; `None`: as many are worked on as may be.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.2.clone().try_acquire_owned().ok()
    }

    /// Whose it is.
    pub fn who(&self) -> &Who {
        &self.0.0
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where answers by message go: the registered number.
    pub fn msisdn(&self) -> Option<Msisdn> {
        self.inside().msisdn.clone()
    }

    /// Whether it was begun in the books.
    pub fn is_begun(&self) -> bool {
        self.inside().begun
    }

    /// It is.
    pub fn begin(&self) {
        self.inside().begun = true;
    }

    /// Keeps an offer; another of the same purchase gives way, and the oldest when there are too many.
    pub fn offer(&self, offered: Offered) {
        let offers = &mut self.inside().offers;
        offers.retain(|one| one.wanted.purchase != offered.wanted.purchase);
        if offers.len() >= OFFERS {
            offers.remove(0);
        }
        offers.push(offered);
    }

    /// The offer of a purchase, while it is good.
    pub fn offered(&self, purchase: [u8; 8], now: i64) -> Option<Offered> {
        let inside = self.inside();
        let found = inside.offers.iter().find(|one| one.wanted.purchase == purchase);
        found.filter(|one| one.confirmed || one.until > now).cloned()
    }

    /// A purchase was confirmed in this session.
    pub fn confirm(&self, purchase: [u8; 8]) {
        if let Some(one) = self.inside().offers.iter_mut().find(|one| one.wanted.purchase == purchase) {
            one.confirmed = true;
        }
    }

    /// Whether a purchase was.
    pub fn is_confirmed(&self, purchase: [u8; 8]) -> bool {
        self.inside().offers.iter().any(|one| one.wanted.purchase == purchase && one.confirmed)
    }
}
