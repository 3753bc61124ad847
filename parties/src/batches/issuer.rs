//! The issuing card of a batch.

use super::request::BatchRequest;
use crate::cards::CardHandle;
use crate::city::{issuing_card, issuing_card_in_use};
use crate::session::Session;
use crate::trouble::{Result, security};
use crate::{in_force, secret, transport};
use issue::source::{About, CardSource, KeySource};
use keys::Key;
use reader::driver::issuing::IssuingCard;
use scheme::cards::Keeping;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, State};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use wire::{Channel, ChannelError};

/// How often a worker looks whether the issuing card is free before it lies down to wait: longer than the card takes for a
/// command, and shorter than being woken takes.
const LOOKS: u32 = 300;

/// One card in one slot, used from several threads, one command at a time.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<CardHandle>>);

impl Shared {
    fn open(session: &Session, folder: &Path, kind: CardKind) -> Result<Self> {
        // What changes in it reaches its file before the cards it made are kept, group by group.
        let card = issuing_card(folder, kind);
        let handle = CardHandle::open_keeping(session, &card, kind, Keeping::AtClose)?;
        Ok(Shared(Arc::new(Mutex::new(handle))))
    }

    pub(super) fn keep_now(&self) -> Result<()> {
        self.card().keep_now()
    }

    /// The card, once it is free. A command to a virtual card takes microseconds: whoever lay down for each of them would spend
    /// more time on falling asleep and waking up than on cards.
    fn card(&self) -> MutexGuard<'_, CardHandle> {
        for _ in 0..LOOKS {
            match self.0.try_lock() {
                Ok(card) => return card,
                Err(TryLockError::Poisoned(broken)) => return broken.into_inner(),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel for Shared {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.card().transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card().reset()
    }
}

/// An issuing card that is ready.
pub(super) struct Issuer {
    pub(super) card: Shared,
    pub(super) about: About,
    pub(super) pin: Pin,
    /// The PIN the cards will have.
    pub(super) card_pin: Option<Pin>,
    /// Cards it may make still.
    pub(super) left: Option<u32>,
    /// The transport root of virtual blanks for the pack.
    pub(super) transport: Option<Key>,
}

impl Issuer {
    /// Opens the issuing card of a kind and looks whether it may make cards.
    pub(super) fn open(
        session: &Session,
        folder: &Path,
        kind: CardKind,
        whose: &str,
        request: &BatchRequest,
    ) -> Result<Self> {
        issuing_card_in_use(session, folder, kind)?;
        let pin = secret::pin(session, &request.pin, whose)?;
        let card = Shared::open(session, folder, kind)?;
        let mut channel = card.clone();
        in_force::must_make(session, folder, &mut channel)?;
        let pins = Pins { spend_last_try: request.allowed.spend_last_try, ..(&pin).into() };
        let opened = CardSource::open(IssuingCard::new(&mut channel), pins);
        // A try that was spent is spent, whatever becomes of the batch.
        card.keep_now()?;
        let mut source = opened?;
        transport::must_be_earnest(session, &mut source)?;
        // Before the first blank is made, and so before one loses a try.
        let packed = !request.by_hand();
        let root = if packed { Some(request.transport.root_for(session, &mut source)?) } else { None };
        let left = source.counter()?.and_then(|counter| counter.left());
        let about = source.about();
        Ok(Issuer { card, about, pin, card_pin: None, left, transport: root })
    }
}

/// Keys of a formal root stand in clear in the image of a virtual card, and so in the pack.
pub(super) fn must_be_allowed(issuer: Option<&Issuer>, request: &BatchRequest) -> Result<()> {
    let formal = issuer.is_some_and(|issuer| issuer.about.state == State::Formal);
    if !formal || request.formal_on_virtual || request.by_hand() {
        return Ok(());
    }
    Err(security("virtual cards of a formal root hold its keys in clear, and so does the pack")
        .hint("feed cards to a reader with --reader; or say --formal-on-virtual if you know what you do")
        .into())
}
