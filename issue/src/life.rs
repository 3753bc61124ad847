//! The life of an ESAM after it was issued: new keys, from test to formal state and back, its end
//! [docs/specs/cards.md 10].
//!
//! [`look`] sees what the card is without spending a try; [`Passage::plan`] says what is to be done, or that it is done;
//! [`Passage::run`] does it. All keys are staged first and change hands in one command, so a passage that
//! broke off is simply run again: before that command the card is as it was, after it the plan finds nothing to do.

mod error;
mod limit;
mod master;
mod passage;
mod render;
mod retire;
mod set_pin;
mod words;

pub use error::LifeError;
pub use limit::{SealedLimit, pair, raise, take_limit};
pub use retire::{Retired, retire};
pub use set_pin::set_pin;

use crate::source::{About, Activation, Current, Level, Target};
use keys::Suite;
use reader::driver::esam::{Esam, EsamLife, Purse};
use reader::driver::guard::LastTry;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardInfo, CardKind, Recipient, State};
use serde::{Deserialize, Serialize};
use wire::atr::serial_of;
use wire::channel::Channel;

/// What becomes of an ESAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeChange {
    /// Keys of a higher version, in the state it is in.
    ChangeKeys,
    /// From test to formal state.
    Formal,
    /// Back to test state.
    Test,
    /// Out of use for good.
    Retire,
}

impl LifeChange {
    /// The act in words, as in "the ESAM .. ".
    pub const fn words(self) -> &'static str {
        match self {
            LifeChange::ChangeKeys => "gets new keys",
            LifeChange::Formal => "becomes formal",
            LifeChange::Test => "goes back to test",
            LifeChange::Retire => "is retired",
        }
    }

    /// The state of the ESAM's keys afterwards; `None` for the one it was in.
    pub const fn state(self) -> Option<State> {
        match self {
            LifeChange::ChangeKeys => None,
            LifeChange::Formal => Some(State::Formal),
            LifeChange::Test => Some(State::Test),
            LifeChange::Retire => Some(State::Retired),
        }
    }
}

/// An ESAM as it shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Serial of its chip.
    pub serial: Serial,
    /// Its card information.
    pub info: CardInfo,
    /// Version of its keys; 00 of a retired one.
    pub version: u8,
    /// Its purse.
    pub purse: Purse,
    /// Whether an account is open.
    pub opened: bool,
    /// Its life; `None` for a card of an older make.
    pub life: Option<EsamLife>,
    /// Tries of its master key left, where it tells.
    pub tries: Option<u8>,
    /// Whether it keeps the transport key it was born with, under which a formal own master can reach it in test state.
    pub birth_key: bool,
}

/// Resets an ESAM and reads what it shows freely. Changes nothing and spends no try.
///
/// # Errors
/// The card does not answer, is no ESAM, or is not finished.
pub fn look(channel: &mut dyn Channel) -> Result<Seen, LifeError> {
    let mut esam = Esam::new(channel);
    let atr = esam.reset()?;
    let serial = serial_of(&atr).map(Serial).ok_or(LifeError::NoSerial)?;
    esam.fmcos().select_mf()?;
    let info = esam.card_info()?;
    if info.kind != CardKind::Esam {
        return Err(LifeError::NoEsam { kind: info.kind });
    }
    let retired = info.state == State::Retired;
    let version = if retired { 0 } else { esam.key_version()? };
    let tries = if retired { None } else { esam.fmcos().tries_left(0x39, 0x00)? };
    let birth_key = !retired && esam.has_birth_key()?;
    let opened = esam.parameters()?.opened;
    Ok(Seen { serial, info, version, purse: esam.purse()?, opened, life: esam.life()?, tries, birth_key })
}

/// A passage of one ESAM from one key set, or state, to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    act: LifeChange,
    seen: Seen,
    suite: Suite,
    /// The master key it has now, as the source reaches it.
    from: Current,
    /// Whether it gets keys of the published test hierarchy.
    to_test: bool,
    activation: Activation,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planned {
    /// This is to be done.
    Due(Passage),
    /// The card is already what it was to become.
    Done,
}

/// What the operator allows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leave {
    /// The money in a formal purse may be given up.
    pub forfeit: bool,
    /// The last try of the card's master key may be spent.
    pub spend_last_try: bool,
}

impl Passage {
    /// What an act comes to on a card, with a source; refuses what the card would refuse, before it is touched.
    pub fn plan(act: LifeChange, seen: &Seen, about: &About, leave: Leave) -> Result<Planned, LifeError> {
        let state = seen.info.state;
        if state == State::Retired {
            return if act == LifeChange::Retire { Ok(Planned::Done) } else { Err(LifeError::Retired) };
        }
        belongs(seen, about)?;
        let to = target_of(act, about);
        let version = match act {
            LifeChange::ChangeKeys | LifeChange::Formal => about.version,
            LifeChange::Test => 1,
            LifeChange::Retire => 0,
        };
        // Back to test there is no telling the one test key set from another; they are all published.
        let there = state == to && (seen.version == version || act == LifeChange::Test);
        if there && act != LifeChange::Retire {
            return Ok(Planned::Done);
        }
        let from = departure(act, seen, about)?;
        if seen.info.is_older_make() || seen.life.is_none() {
            return Err(LifeError::OlderMake);
        }
        let forfeit = forfeited(act, seen, leave)?;
        if LastTry::from(leave.spend_last_try).is_at_stake(seen.tries) {
            return Err(LifeError::LastTry { serial: seen.serial });
        }
        let activation = Activation { state: to, version, forfeit };
        let suite = about.suite;
        Ok(Planned::Due(Passage {
            act,
            seen: *seen,
            suite,
            from,
            to_test: act == LifeChange::Test,
            activation,
        }))
    }

    /// The act.
    pub const fn act(&self) -> LifeChange {
        self.act
    }

    /// The card as it was looked at.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What the card will be.
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// The passage as the journal knows it.
    pub fn passing(&self) -> Passing {
        Passing {
            serial: self.seen.serial,
            number: DeviceNumber(self.seen.info.number),
            region: RegionCode(self.seen.info.region),
            act: self.act,
            from_version: self.seen.version,
            to_version: self.activation.version,
            forfeit_fen: self.activation.forfeit.0,
        }
    }

    /// The card as its source knows it while it still has its master key.
    const fn leaving(&self) -> Target {
        self.target(self.from, self.to_test)
    }

    /// The card as its source knows it under its staged, and then its new, master key.
    const fn arriving(&self) -> Target {
        self.target(if self.to_test { Current::Test(1) } else { Current::Own }, self.to_test)
    }

    const fn target(&self, master: Current, test_keys: bool) -> Target {
        Target {
            recipient: Recipient::Card(CardKind::Esam),
            master,
            test_keys,
            version: None,
            serial: self.seen.serial.0,
            number: self.seen.info.number,
            region: self.seen.info.region,
        }
    }
}

/// The state an act leads to.
const fn target_of(act: LifeChange, about: &About) -> State {
    match act {
        LifeChange::ChangeKeys => about.state,
        LifeChange::Formal => State::Formal,
        LifeChange::Test => State::Test,
        LifeChange::Retire => State::Retired,
    }
}

/// Whether card and source are of one city and suite, and the source leads ESAMs through their lives.
fn belongs(seen: &Seen, about: &About) -> Result<(), LifeError> {
    let region = RegionCode(seen.info.region);
    match about.level {
        Level::City(own) if own != region => return Err(LifeError::AnotherCity { card: region, own }),
        Level::City(_) if about.makes(Recipient::Card(CardKind::Esam)) => {}
        _ => return Err(LifeError::NoEsamSource),
    }
    if seen.info.suite != about.suite.code() {
        return Err(LifeError::AnotherSuite { own: about.suite });
    }
    Ok(())
}

/// The master key the card has now, as the source reaches it.
fn departure(act: LifeChange, seen: &Seen, about: &About) -> Result<Current, LifeError> {
    let (state, version) = (seen.info.state, seen.version);
    let wrong_state = Err(LifeError::WrongState { act, card: state, source_state: about.state });
    match act {
        LifeChange::ChangeKeys if state != about.state => wrong_state,
        LifeChange::ChangeKeys if version >= about.version => {
            Err(LifeError::NotHigher { card: version, own: about.version })
        }
        LifeChange::ChangeKeys if about.previous == Some(version) => Ok(Current::Previous),
        LifeChange::ChangeKeys => Err(LifeError::OutOfReach { card: version, reaches: about.previous }),
        LifeChange::Formal if (state, about.state) != (State::Test, State::Formal) => wrong_state,
        LifeChange::Formal => {
            let highest = seen.life.map_or(0, |life| life.formal);
            if about.version <= highest {
                return Err(LifeError::NotHigher { card: highest, own: about.version });
            }
            if !seen.birth_key {
                return Err(LifeError::NoBirthKey);
            }
            Ok(Current::Test(version))
        }
        LifeChange::Test if (state, about.state) != (State::Formal, State::Formal) => wrong_state,
        LifeChange::Retire if state != about.state => wrong_state,
        LifeChange::Test | LifeChange::Retire if version != about.version => {
            Err(LifeError::AnotherVersion { card: version, own: about.version })
        }
        LifeChange::Test | LifeChange::Retire => Ok(Current::Own),
    }
}

/// Money that goes with the account: none, unless formal money is given up by name.
fn forfeited(act: LifeChange, seen: &Seen, leave: Leave) -> Result<Fen, LifeError> {
    let balance = seen.purse.balance;
    match act {
        LifeChange::Test | LifeChange::Retire if seen.info.state == State::Formal && balance > Fen(0) => {
            if leave.forfeit {
                Ok(balance)
            } else {
                Err(LifeError::Money { balance })
            }
        }
        _ => Ok(Fen(0)),
    }
}

/// A passage in an ESAM's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passing {
    /// Serial of its chip.
    pub serial: Serial,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    #[serde(with = "scheme::names::text")]
    pub region: RegionCode,
    /// What becomes of it.
    pub act: LifeChange,
    /// Version of its keys before.
    pub from_version: u8,
    /// Version of its keys after; 00 of a retired one.
    pub to_version: u8,
    /// Money given up, in fen.
    pub forfeit_fen: u32,
}

impl Planned {
    /// The passage, where something is to be done.
    pub const fn due(&self) -> Option<&Passage> {
        match self {
            Planned::Due(passage) => Some(passage),
            Planned::Done => None,
        }
    }
}
