//! Main control card and issuing cards: EXPORT KEY and AUTHENTICATE TARGET [docs/specs/cards.md 6, 7].
//!
//! The card derives the key, wraps it under the target's current master key, and gives out nothing else. What
//! head a key gets on its target is this card's profile, not the host's wish: a host that could choose it would
//! turn a top-up key into a deciphering oracle.

use crate::catalogue::KEY_INFORMATION;
use cos::keyfile::kind;
use cos::table::{Case, Class, CommandRow, Needs, Params, Program, check};
use cos::{Chip, Context, Halt, fmcos};
use keys::{Key, Role, hierarchy, seal};
use wire::profile::{self, CardInfo, CardKind, EF_CARD_INFO, KeyRow, Recipient};
use wire::{CommandRef, Sw};

#[rustfmt::skip]
static COMMANDS: &[CommandRow] = &[
    CommandRow { name: "EXPORT KEY",          class: Class::Only(0x80), ins: 0x44, params: Params::Any,      case: Case::Four(31, 31), needs: Needs::Right(profile::PIN), when_blocked: false, spec: "docs/specs/cards.md 7", handler: export_key },
    CommandRow { name: "AUTHENTICATE TARGET", class: Class::Only(0x80), ins: 0x46, params: Params::P2(0x00), case: Case::Four(26, 26), needs: Needs::Right(profile::PIN), when_blocked: false, spec: "docs/specs/cards.md 7", handler: authenticate_target },
    KEY_INFORMATION,
];

const _: () = check(COMMANDS);

/// The program of kinds 01, 02 and 03.
pub static PROGRAM: Program = Program {
    name: "issuing card",
    dialect: &fmcos::DIALECT,
    commands: COMMANDS,
    fill: 0xFF,
    atr: |chip: &Chip| wire::atr::fmcos_contactless(chip.serial),
};

/// The card a key goes to, as the command's data names it.
struct Target {
    recipient: Recipient,
    own_master: bool,
    serial: [u8; 8],
    number: [u8; 6],
    region: [u8; 4],
}

/// Card information of this card; 6985 when it has none yet.
fn info(context: &Context<'_>) -> Result<CardInfo, Halt> {
    let bytes: [u8; CardInfo::LEN] = context.read_ef(EF_CARD_INFO, 0).map_err(|_| Sw::CONDITIONS)?;
    CardInfo::parse(&bytes).map_err(|_| Sw::CONDITIONS.into())
}

/// Which recipients a kind of source serves.
const fn serves(source: CardKind, recipient: Recipient) -> bool {
    matches!(
        (source, recipient),
        (CardKind::MainControl, Recipient::Card(CardKind::PsamIssuing | CardKind::EsamIssuing))
            | (CardKind::PsamIssuing, Recipient::Card(CardKind::Psam))
            | (CardKind::EsamIssuing, Recipient::Card(CardKind::Esam) | Recipient::Mcu)
    )
}

impl Target {
    /// P1, then `serial8 || number6 || region4`.
    fn parse(context: &Context<'_>, p1: u8, data: &[u8]) -> Result<Self, Halt> {
        let info = info(context)?;
        let recipient = Recipient::from_code(p1 >> 4).ok_or(Sw::WRONG_P1P2)?;
        // A meter's MCU has no master key of its own.
        let greatest = if recipient == Recipient::Mcu { 0 } else { 1 };
        if !serves(info.kind, recipient) || p1 & 0x0F > greatest {
            return Err(Sw::WRONG_P1P2.into());
        }
        let &[a, b, c, d, e, f, g, h, n0, n1, n2, n3, n4, n5, r0, r1, r2, r3] = data else {
            return Err(Sw::WRONG_LENGTH.into());
        };
        let region = [r0, r1, r2, r3];
        if info.kind != CardKind::MainControl && region != info.region {
            return Err(Sw::CONDITIONS.into());
        }
        Ok(Target {
            recipient,
            own_master: p1 & 0x0F == 1,
            serial: [a, b, c, d, e, f, g, h],
            number: [n0, n1, n2, n3, n4, n5],
            region,
        })
    }

    /// A meter's MCU gives no challenge and has no chip serial: its number stands for both. 6A80 otherwise.
    fn check_mcu(&self, challenge: &[u8]) -> Result<(), Halt> {
        let form = hierarchy::device_factor(self.number);
        let fits = self.recipient != Recipient::Mcu || (challenge == form && self.serial == form);
        if fits { Ok(()) } else { Err(Sw::WRONG_DATA.into()) }
    }

    /// True when this card stands at the province's level towards the target.
    const fn is_from_root(&self) -> bool {
        matches!(self.recipient, Recipient::Card(CardKind::PsamIssuing | CardKind::EsamIssuing))
    }

    /// The target's own master key.
    fn own_master(&self, context: &Context<'_>) -> Result<Key, Halt> {
        Ok(hierarchy::device_key(&role_key(context, Role::Master)?, self.number))
    }

    /// The key the target is written under now.
    fn current_master(&self, context: &Context<'_>) -> Result<Key, Halt> {
        if self.own_master {
            return self.own_master(context);
        }
        Ok(hierarchy::transport_key(&role_key(context, Role::Transport)?, self.serial))
    }

    /// The key of a role as this target gets it; `None`: its own master.
    fn key(&self, context: &Context<'_>, role: Option<Role>) -> Result<Key, Halt> {
        let Some(role) = role else { return self.own_master(context) };
        let key = role_key(context, role)?;
        Ok(match self.recipient {
            _ if role == Role::Transport => key,
            _ if self.is_from_root() => hierarchy::city_key(&key, self.region),
            Recipient::Card(CardKind::Psam) => key,
            _ => hierarchy::device_key(&key, self.number),
        })
    }
}

/// This card's key of a role.
fn role_key(context: &Context<'_>, role: Role) -> Result<Key, Halt> {
    context.usable_key(kind::APPLET, role.code())
}

/// Checks the header of the WRITE KEY to come against the profile; 6A80 when it is another one's.
fn check_header(header: &[u8], row: &KeyRow, lc: usize) -> Result<[u8; 5], Halt> {
    let &[cla, ins, p1, id, len] = header else { return Err(Sw::WRONG_LENGTH.into()) };
    let adds = p1 == 0x01 && row.role != 0;
    let changes = p1 == row.kind & 0x3F;
    let fits = cla == 0x84 && ins == 0xD4 && (adds || changes) && id == row.id && usize::from(len) == lc;
    if fits { Ok([cla, ins, p1, id, len]) } else { Err(Sw::WRONG_DATA.into()) }
}

fn export_key(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_at(8);
    let (header, rest) = rest.split_at(5);
    let target = Target::parse(context, command.p1, rest)?;
    let row = target.recipient.key(command.p2).ok_or(Sw::KEY_NOT_FOUND)?;
    let role = match command.p2 {
        0 => None,
        code => Some(Role::from_code(code).ok_or(Sw::KEY_NOT_FOUND)?),
    };
    target.check_mcu(challenge)?;
    // The transport root is no secret of ours, so a card gets nothing under it but its own master; an MCU knows no
    // other key.
    if !target.own_master && role.is_some() && target.recipient != Recipient::Mcu {
        return Err(Sw::CONDITIONS.into());
    }
    let master = target.current_master(context)?;
    let key = target.key(context, role)?;
    let header = check_header(header, row, seal::wrapped_len(&master, key.expose().len()))?;
    let version = context.key_record(kind::APPLET, role.unwrap_or(Role::Master).code())?.byte4();
    context.answer.extend_from_slice(&seal::wrap(&master, challenge, &header, row.header(version), &key));
    Ok(Sw::OK)
}

fn authenticate_target(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (challenge, rest) = command.data.split_at(8);
    let target = Target::parse(context, command.p1, rest)?;
    if target.recipient == Recipient::Mcu {
        return Err(Sw::WRONG_P1P2.into());
    }
    let master = target.current_master(context)?;
    context.answer.extend_from_slice(&seal::cryptogram(&master, challenge));
    Ok(Sw::OK)
}
