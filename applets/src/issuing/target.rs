//! The card a key goes to, as P1 and the data of a command name it [docs/specs/cards.md 7].

use super::own::{own_version, role_key};
use crate::info::current_info;
use cos::keyfile::kind;
use cos::rights::Right;
use cos::{Context, Halt};
use keys::{Key, Role, Suite, hierarchy};
use scheme::numbers::names_a_device;
use scheme::profile::{CardInfo, CardKind, PREVIOUS_MASTER, Recipient, SECOND_PIN, State};
use wire::Sw;

/// The master key a target has now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Master {
    /// The factory's.
    Transport,
    /// Its own, of this card's version.
    Own,
    /// Its own, of the version this card holds an earlier city master of.
    Previous,
    /// Its own in the published test hierarchy, of this version.
    Test(u8),
}

#[derive(Clone, Copy)]
pub struct Target {
    pub recipient: Recipient,
    pub master: Master,
    /// The key asked for is of the published test hierarchy.
    pub wants_test: bool,
    /// What the last byte of the data says, for a main control card: the version asked for.
    version: u8,
    serial: [u8; 8],
    number: [u8; 6],
    region: [u8; 4],
    suite: Suite,
}

/// Which recipients a kind of source serves.
const fn serves(source: CardKind, recipient: Recipient) -> bool {
    use CardKind::{
        Esam, EsamIssuing, MainControl, ProductionCard, Psam, PsamIssuing, TestCard, TestIssuing, UserCard,
    };
    matches!(
        (source, recipient),
        (MainControl, Recipient::Card(PsamIssuing | EsamIssuing | TestIssuing))
            | (PsamIssuing, Recipient::Card(Psam | UserCard))
            | (EsamIssuing, Recipient::Card(Esam | ProductionCard) | Recipient::Mcu)
            | (TestIssuing, Recipient::Card(TestCard))
    )
}

/// Whether a card of these may stand before such a target: only a formal ESAM issuing card takes an ESAM out of the test
/// hierarchy or back into it, and only an ESAM has earlier keys.
fn may(info: &CardInfo, recipient: Recipient, nibble: u8) -> bool {
    let formal = info.state == State::Formal;
    match (recipient, nibble) {
        (Recipient::Mcu, 0) => true,
        (Recipient::Mcu, 4) => formal,
        (Recipient::Mcu, _) => false,
        (_, 0 | 1) => true,
        (Recipient::Card(CardKind::Esam), 2) => true,
        (Recipient::Card(CardKind::Esam), 3 | 5 | Target::TO_TEST) => formal,
        _ => false,
    }
}

impl Target {
    /// Low nibble of P1: its own master in the test hierarchy, and keys of that hierarchy.
    pub const TO_TEST: u8 = 7;

    /// P1, then `serial8 || number6 || region4`, and a version where one belongs.
    pub fn parse(context: &Context<'_>, p1: u8, data: &[u8]) -> Result<Self, Halt> {
        let info = current_info(context)?;
        let recipient = Recipient::from_code(p1 >> 4).ok_or(Sw::WRONG_P1P2)?;
        let nibble = p1 & 0x0F;
        if !serves(info.kind, recipient) || !may(&info, recipient, nibble) {
            return Err(Sw::WRONG_P1P2.into());
        }
        let (identity, version) = data.split_first_chunk::<18>().ok_or(Sw::WRONG_LENGTH)?;
        let from_test = nibble & 3 == 3;
        let version = match (version, info.kind) {
            ([], _) if !from_test => None,
            ([version], CardKind::MainControl) => Some(*version),
            ([version], _) if from_test => Some(*version),
            _ => return Err(Sw::WRONG_LENGTH.into()),
        };
        if version == Some(0) {
            return Err(Sw::WRONG_DATA.into());
        }
        let version = version.unwrap_or(1);
        let &[a, b, c, d, e, f, g, h, n0, n1, n2, n3, n4, n5, r0, r1, r2, r3] = identity;
        let (serial, number) = ([a, b, c, d, e, f, g, h], [n0, n1, n2, n3, n4, n5]);
        // A chip with an MCU's serial would have that MCU's transport key.
        if !names_a_device(&number) || (hierarchy::is_mcu_serial(&serial) != (recipient == Recipient::Mcu)) {
            return Err(Sw::WRONG_DATA.into());
        }
        let region = [r0, r1, r2, r3];
        if info.kind != CardKind::MainControl && region != info.region {
            return Err(Sw::CONDITIONS.into());
        }
        let target = Target {
            recipient,
            master: [Master::Transport, Master::Own, Master::Previous, Master::Test(version)]
                [usize::from(nibble & 3)],
            wants_test: nibble & 4 != 0,
            version,
            serial,
            number,
            region,
            suite: context.chip.suite,
        };
        // Asked here, because what follows may touch published keys alone.
        own_version(context)?;
        if target.wants_test {
            context.require(Right(SECOND_PIN))?;
        }
        Ok(target)
    }

    /// A meter's MCU gives no challenge and has no chip serial: `0F 00 || number` stands for both. 6A80 otherwise.
    pub fn check_mcu(&self, challenge: &[u8]) -> Result<(), Halt> {
        let form = hierarchy::mcu_serial(self.number);
        let fits = self.recipient != Recipient::Mcu || (challenge == form && self.serial == form);
        if fits { Ok(()) } else { Err(Sw::WRONG_DATA.into()) }
    }

    /// Serial and number, by which the counter knows a target again.
    pub fn serial_and_number(&self) -> [u8; 14] {
        let mut out = [0; 14];
        out[..8].copy_from_slice(&self.serial);
        out[8..].copy_from_slice(&self.number);
        out
    }

    /// Its chip's serial.
    pub const fn serial(&self) -> [u8; 8] {
        self.serial
    }

    /// Its number.
    pub const fn number(&self) -> [u8; 6] {
        self.number
    }

    /// Its city.
    pub const fn region(&self) -> [u8; 4] {
        self.region
    }

    /// An ESAM.
    pub fn is_esam(&self) -> bool {
        self.recipient == Recipient::Card(CardKind::Esam)
    }

    /// Whether the target goes from one key set to another, where nothing is written at once.
    pub fn only_stages(&self) -> bool {
        self.is_esam() && (self.wants_test || !matches!(self.master, Master::Transport | Master::Own))
    }

    /// Whether the target has keys in use that staged ones can replace.
    pub fn may_stage(&self) -> bool {
        self.is_esam() && self.master != Master::Transport
    }

    /// Whether keys other than the own master leave for it: under its own master of the hierarchy they are of.
    pub fn takes_every_key(&self) -> bool {
        match (self.master, self.wants_test) {
            _ if self.recipient == Recipient::Mcu => true,
            (Master::Own, false) | (Master::Test(_), true) => true,
            _ => false,
        }
    }

    /// True when this card stands at the province's level towards the target.
    const fn is_from_root(&self) -> bool {
        matches!(self.recipient, Recipient::Card(kind) if kind.is_city_issuing())
    }

    /// This card's key of a role; of a target that is always of the test hierarchy, the published one on this level.
    fn parent(&self, context: &Context<'_>, role: Role) -> Result<Key, Halt> {
        match self.recipient {
            Recipient::Card(CardKind::TestIssuing) => Ok(hierarchy::test_root(self.suite, role)),
            _ => role_key(context, role),
        }
    }

    fn test_device(&self, role: Role, version: u8) -> Key {
        hierarchy::test_meter_key(self.suite, role, self.region, version, self.number)
    }

    /// Kind and number, of which its own keys are derived.
    fn factor(&self) -> [u8; 8] {
        hierarchy::device_factor(self.recipient.code(), self.number)
    }

    /// The target's own master key, of this card's version. Every command about a target asks for it.
    fn own_master(&self, context: &Context<'_>) -> Result<Key, Halt> {
        Ok(context.child(&self.parent(context, Role::Master)?, &self.factor()))
    }

    /// The key the target is written under now.
    pub fn current_master(&self, context: &Context<'_>) -> Result<Key, Halt> {
        match self.master {
            Master::Transport => Ok(context.child(&role_key(context, Role::Transport)?, &self.serial)),
            Master::Own => self.own_master(context),
            Master::Previous => {
                Ok(context.child(&context.usable_key(kind::APPLET, PREVIOUS_MASTER)?, &self.factor()))
            }
            Master::Test(version) => Ok(self.test_device(Role::Master, version)),
        }
    }

    /// Whether a formal own master goes to it while it has test keys: those are published, so it leaves under the transport key
    /// the chip was born with.
    pub fn leaves_test(&self) -> bool {
        matches!(self.master, Master::Test(_)) && !self.wants_test
    }

    /// The key that what is exported leaves under: the target's master, but for [`Target::leaves_test`].
    pub fn sealing_master(&self, context: &Context<'_>) -> Result<Key, Halt> {
        let master = if self.leaves_test() { Master::Transport } else { self.master };
        Target { master, ..*self }.current_master(context)
    }

    /// The key of a role code as this target gets it, and the version it is of.
    pub fn key(&self, context: &Context<'_>, code: u8) -> Result<(Key, u8), Halt> {
        let role = Role::from_code(code);
        if self.wants_test {
            return Ok((self.test_device(role.unwrap_or(Role::Master), 1), 1));
        }
        let version = if self.is_from_root() { self.version } else { own_version(context)? };
        let role = match (role, code) {
            (Some(role), _) => role,
            // The city's master of an earlier version: the version asked for is that one.
            (None, PREVIOUS_MASTER) => Role::Master,
            (None, _) => return Ok((self.own_master(context)?, version)),
        };
        let key = self.parent(context, role)?;
        let key = match self.recipient {
            _ if role == Role::Transport => key,
            _ if self.is_from_root() => hierarchy::city_key(&key, self.region, version),
            Recipient::Card(CardKind::Psam | CardKind::TestCard) => key,
            // Each of these is asked for once.
            _ => key.diversify(&self.factor()),
        };
        Ok((key, version))
    }
}
