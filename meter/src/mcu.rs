//! The MCU: what a meter is and what it remembers.

use crate::actuator::Actuator;
use crate::control::{RelayOrders, WrongMacs};
use crate::events::{EventKind, EventLog};
use crate::pairing::Pairing;
use crate::pipe::Pipe;
use crate::profile::Profile;
use crate::register::{Due, Register};
use crate::tariff::Tariff;
use keys::Suite;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use scheme::tariff::Price;
use serde::{Deserialize, Serialize};
use wire::channel::ChannelError;

/// What a meter is from production on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterConfig {
    /// Number on its face.
    #[serde(with = "scheme::names::text")]
    pub number: MeterNumber,
    /// Test or formal.
    #[serde(with = "scheme::names::state")]
    pub state: State,
    /// Suite of its ESAM.
    #[serde(with = "scheme::names::suite")]
    pub suite: Suite,
    /// Price of a kWh or a cubic metre, in fen, where no table of the ESAM names one.
    #[serde(with = "scheme::names::fen")]
    pub price: Fen,
    /// What the customer draws while he is supplied, in watts or litres an hour.
    pub load_w: u32,
}

/// A debit on its way: written down before it is sent, so that a power cut in between neither loses nor
/// doubles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingDebit {
    /// Amount in fen.
    #[serde(with = "scheme::names::fen")]
    pub amount: Fen,
    /// Balance before it, in fen.
    #[serde(with = "scheme::names::fen")]
    pub before: Fen,
}

/// What a meter remembers without power. No key is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterState {
    /// What the meter is.
    pub config: MeterConfig,
    /// Register of energy or volume.
    pub register: Register,
    /// Consumed and not yet taken off the purse.
    pub due: Due,
    /// The ESAM's balance when the MCU saw it last, in fen.
    #[serde(with = "scheme::names::fen")]
    pub balance: Fen,
    /// The customer has no supply: the relay is open, or the valve closed.
    pub relay_open: bool,
    /// What became of that which cuts it.
    #[serde(default, skip_serializing_if = "Actuator::is_none")]
    pub actuator: Actuator,
    /// Insertions that ended in an error of the card itself (numbers 4 to 10).
    pub illegal_insertions: u32,
    /// A debit on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_debit: Option<PendingDebit>,
    /// TPDU of an order whose receipt may not be on the SIM yet; it comes first in the next insertion.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "scheme::names::maybe_bytes")]
    pub pending_order: Option<Vec<u8>>,
    /// The second part of that order, of one in two messages.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "scheme::names::maybe_bytes")]
    pub pending_part: Option<Vec<u8>>,
    /// How the last order began that was credited; orders that begin alike are looked for first.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "scheme::names::maybe_bytes")]
    pub origin: Option<Vec<u8>>,
    /// Serial number of the user card that the meter knows.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "scheme::names::maybe_bytes")]
    pub card: Option<Vec<u8>>,
    /// What a station told the relay.
    #[serde(default, skip_serializing_if = "RelayOrders::is_none")]
    pub control: RelayOrders,
    /// Wrong MACs at the port today.
    #[serde(default, skip_serializing_if = "WrongMacs::is_none")]
    pub wrong_macs: WrongMacs,
    /// The same in recharges of the bank, which anybody may bring who stands before the meter.
    #[serde(default, skip_serializing_if = "WrongMacs::is_none")]
    pub wrong_of_bank: WrongMacs,
    /// What the next unit costs.
    #[serde(default, skip_serializing_if = "Tariff::is_plain")]
    pub tariff: Tariff,
    /// Of a meter on a pipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipe: Option<Pipe>,
    /// The last events.
    pub events: EventLog,
}

impl MeterState {
    /// A meter from the production line: register 0, relay open until the first purchase.
    pub fn new(config: MeterConfig) -> Self {
        MeterState {
            config,
            register: Register::default(),
            due: Due::default(),
            balance: Fen(0),
            relay_open: true,
            actuator: Actuator::default(),
            illegal_insertions: 0,
            pending_debit: None,
            pending_order: None,
            pending_part: None,
            origin: None,
            card: None,
            control: RelayOrders::default(),
            wrong_macs: WrongMacs::default(),
            wrong_of_bank: WrongMacs::default(),
            tariff: Tariff::default(),
            pipe: None,
            events: EventLog::default(),
        }
    }
}

impl MeterState {
    /// What the meter is for.
    pub fn profile(&self) -> Profile {
        self.pipe.as_ref().map_or(Profile::Electricity, |pipe| pipe.profile)
    }

    /// What the next unit costs at a time.
    pub fn price(&self, now: Moment) -> Price {
        let mut tariff = self.tariff.clone();
        tariff.advance(now);
        tariff.price(self.config.price.into())
    }

    /// The messages of the order whose receipt may not be where it belongs yet.
    pub fn pending(&self) -> Option<Vec<Vec<u8>>> {
        let first = self.pending_order.clone()?;
        Some([first].into_iter().chain(self.pending_part.clone()).collect())
    }

    pub(crate) fn set_pending(&mut self, messages: Option<Vec<Vec<u8>>>) {
        let mut messages = messages.unwrap_or_default().into_iter();
        (self.pending_order, self.pending_part) = (messages.next(), messages.next());
    }
}

/// Why a meter and a pairing do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeterError {
    /// Made for another meter.
    #[error("the pairing is for meter {pairing}, this is meter {meter}")]
    Number {
        /// Number in the pairing.
        pairing: MeterNumber,
        /// Number of the meter.
        meter: MeterNumber,
    },
    /// Another suite.
    #[error("the pairing is of suite {pairing}, the meter of suite {meter}", pairing = pairing.name(), meter = meter.name())]
    Suite {
        /// Suite of the pairing.
        pairing: Suite,
        /// Suite of the meter.
        meter: Suite,
    },
    /// Test keys for a formal meter, or formal ones for a test meter.
    #[error("the pairing is in {pairing} state, the meter in {meter} state", pairing = pairing.name(), meter = meter.name())]
    State {
        /// State of the pairing.
        pairing: State,
        /// State of the meter.
        meter: State,
    },
}

/// A prepayment meter. Its ESAM and the SIM in its slot are channels given to each act.
pub struct Meter {
    pub(crate) state: MeterState,
    pub(crate) pairing: Pairing,
    /// The pairing of a key change on its way: which of the two the ESAM holds shows at the next meeting.
    pub(crate) next: Option<Pairing>,
    keeper: Option<Keeper>,
}

/// Writes the flash; an error in words stops the act that wanted it written.
pub type Keeper = Box<dyn FnMut(&Meter) -> Result<(), String>>;

impl Meter {
    /// A new meter.
    ///
    /// # Errors
    /// When the pairing is not for this number, suite and state.
    pub fn new(config: MeterConfig, pairing: Pairing) -> Result<Self, MeterError> {
        Self::from_state(MeterState::new(config), pairing)
    }

    /// A meter as it was left.
    ///
    /// # Errors
    /// When the pairing is not for this number, suite and state.
    pub fn from_state(state: MeterState, pairing: Pairing) -> Result<Self, MeterError> {
        let config = &state.config;
        if pairing.number() != config.number {
            return Err(MeterError::Number { pairing: pairing.number(), meter: config.number });
        }
        if pairing.suite() != config.suite {
            return Err(MeterError::Suite { pairing: pairing.suite(), meter: config.suite });
        }
        if pairing.state() != config.state {
            return Err(MeterError::State { pairing: pairing.state(), meter: config.state });
        }
        Ok(Meter { state, pairing, next: None, keeper: None })
    }

    /// Gives the meter the pairing of an ESAM whose keys change, before or after they do: it keeps the one it has beside it
    /// until one of the two proves right. The state may be another; the meter then takes it over with the keys.
    ///
    /// # Errors
    /// When the pairing is not for this number and suite.
    pub fn expect(&mut self, pairing: Pairing) -> Result<(), MeterError> {
        let config = &self.state.config;
        if pairing.number() != config.number {
            return Err(MeterError::Number { pairing: pairing.number(), meter: config.number });
        }
        if pairing.suite() != config.suite {
            return Err(MeterError::Suite { pairing: pairing.suite(), meter: config.suite });
        }
        self.next = if pairing == self.pairing { None } else { Some(pairing) };
        Ok(())
    }

    /// State of the pairing that is not in use yet, if there is one.
    pub fn expects(&self) -> Option<State> {
        self.next.as_ref().map(Pairing::state)
    }

    /// Lives on the new pairing from now on. With another state everything owed or open in the old one is over: the ESAM
    /// closed its account with it.
    pub(crate) fn adopt(&mut self, pairing: Pairing, now: Moment) {
        let state = &mut self.state;
        if pairing.state() != state.config.state {
            state.config.state = pairing.state();
            state.due = Due::default();
            state.pending_debit = None;
            state.set_pending(None);
        }
        state.events.push(now, EventKind::KeysChanged { state: pairing.state().name().to_owned() });
        self.pairing = pairing;
        self.next = None;
    }

    /// Has the flash written at the moments when a loss of power would otherwise lose or double money: before a DEBIT
    /// and before an order goes to the ESAM. Without a keeper the caller keeps the state after each act.
    pub fn keep_with(&mut self, keeper: Keeper) {
        self.keeper = Some(keeper);
    }

    /// Writes the flash now, if there is a keeper.
    pub(crate) fn keep(&mut self) -> Result<(), ChannelError> {
        let Some(mut keeper) = self.keeper.take() else { return Ok(()) };
        let kept = keeper(self);
        self.keeper = Some(keeper);
        kept.map_err(ChannelError::Storage)
    }

    /// What the meter remembers; give it to [`Meter::from_state`] to switch it on again.
    pub fn state(&self) -> &MeterState {
        &self.state
    }

    /// Makes it a meter of another profile, as it comes from the production line.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.state.pipe = profile.has_valve().then(|| Pipe::new(profile));
        self
    }

    /// Money came in.
    pub(crate) fn bought(&mut self, amount: Fen) {
        if let Some(pipe) = &mut self.state.pipe {
            pipe.bought(amount);
        }
    }

    /// A purchase, or a station that proved itself: the meter is not forgotten.
    pub(crate) fn hear(&mut self, now: Moment) {
        if let Some(pipe) = &mut self.state.pipe {
            pipe.hear(now);
        }
    }

    /// Sets the load, in watts or litres an hour, as a customer's appliances do.
    pub fn set_load(&mut self, watts: u32) {
        self.state.config.load_w = watts;
    }

    /// What was consumed beyond the purse, in fen: the next credit pays it first.
    pub fn debt(&self) -> u64 {
        self.state.due.fen.saturating_sub(u64::from(self.state.balance.0))
    }
}

impl scheme::Fault for MeterError {
    fn kind(&self) -> scheme::Kind {
        match self {
            MeterError::State { .. } => scheme::Kind::Security,
            _ => scheme::Kind::Refused,
        }
    }

    fn code(&self) -> &str {
        match self {
            MeterError::Number { .. } => "meter-number",
            MeterError::Suite { .. } => "meter-suite",
            MeterError::State { .. } => "meter-state",
        }
    }
}
