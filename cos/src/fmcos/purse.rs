//! Wallet and passbook: load, purchase, cash withdrawal, unload, overdraft limit, composite purchase, balance and
//! transaction proof [FMCOS UM 8.7 to 8.14; docs/specs/fmcos.md, wallet].
//!
//! Body of a wallet file, 22 bytes: `balance 4 | online serial 2 | offline serial 2 | overdraft limit 3 | type of the last
//! transaction 1 | its serial 2 | its MAC 4 | its TAC 4`. The stored balance contains the overdraft limit.

use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::fmcos::records;
use crate::halt::Halt;
use crate::keyfile::{self, kind};
use crate::rights::Right;
use crate::steps::{Pending, Transaction};
use alloc::vec::Vec;
use keys::{Key, Suite, Zeroizing, mac};
use scheme::profile::Fid;
use wire::{CommandRef, Sw};

/// Offsets in the body.
const BALANCE: usize = 0;
const ONLINE: usize = 4;
const OFFLINE: usize = 6;
const LIMIT: usize = 8;
const PROOF: usize = 11;

/// The wallet file as it stands in memory.
struct Wallet {
    node: Node,
    balance: u32,
    online: u16,
    offline: u16,
    limit: [u8; 3],
}

impl Wallet {
    fn at(context: &Context<'_>, node: Node) -> Self {
        let memory = &context.memory;
        let at = node.body();
        Wallet {
            node,
            balance: u32::from_be_bytes(memory.array(at + BALANCE)),
            online: u16::from_be_bytes(memory.array(at + ONLINE)),
            offline: u16::from_be_bytes(memory.array(at + OFFLINE)),
            limit: memory.array(at + LIMIT),
        }
    }

    /// The passbook (01) or the wallet (02) of the current directory; 6A82 when there is none.
    fn find(context: &Context<'_>, which: u8) -> Result<Self, Halt> {
        let fid = Fid(u16::from(which));
        let wanted = |node: &Node| node.fid() == fid && node.kind() == FileKind::Wallet;
        let node = context.dir()?.child(&context.memory, wanted).ok_or(Sw::FILE_NOT_FOUND)?;
        Ok(Wallet::at(context, node))
    }

    fn is_passbook(&self) -> bool {
        self.node.fid() == Fid(1)
    }

    fn limit_fen(&self) -> u32 {
        let [a, b, c] = self.limit;
        u32::from_be_bytes([0, a, b, c])
    }

    fn save(&self, context: &mut Context<'_>) -> Result<(), Halt> {
        let at = self.node.body();
        let mut node = self.node;
        node.mark_written(&mut context.memory)?;
        context.memory.write(at + BALANCE, &self.balance.to_be_bytes())?;
        context.memory.write(at + ONLINE, &self.online.to_be_bytes())?;
        context.memory.write(at + OFFLINE, &self.offline.to_be_bytes())?;
        context.memory.write(at + LIMIT, &self.limit)
    }

    /// Stages what GET TRANSACTION PROVE gives.
    fn prove(&self, context: &mut Context<'_>, type_code: u8, serial: u16, proof: Proof) -> Result<(), Halt> {
        let at = self.node.body() + PROOF;
        context.memory.write(at, &[type_code])?;
        context.memory.write(at + 1, &serial.to_be_bytes())?;
        context.memory.write(at + 3, &proof.mac)?;
        context.memory.write(at + 7, &proof.tac)
    }
}

/// MAC and TAC of a finished transaction.
struct Proof {
    mac: [u8; 4],
    tac: [u8; 4],
}

/// What INITIALIZE is about: transaction, its type code, key type, whether the PIN is asked for.
fn kind_of(p1: u8, p2: u8) -> Result<(Transaction, u8, u8, bool), Halt> {
    Ok(match (p1, p2) {
        (0x00, 0x01) => (Transaction::Load, 0x01, kind::LOAD, true),
        (0x00, 0x02) => (Transaction::Load, 0x02, kind::LOAD, true),
        (0x01, 0x01) => (Transaction::Purchase, 0x05, kind::PURCHASE, true),
        (0x01, 0x02) => (Transaction::Purchase, 0x06, kind::PURCHASE, false),
        (0x02, 0x01) => (Transaction::Cash, 0x04, kind::PURCHASE, true),
        (0x03, 0x02) => (Transaction::Composite, 0x09, kind::PURCHASE, false),
        (0x04, 0x01) => (Transaction::Limit, 0x07, kind::OVERDRAFT, true),
        (0x05, 0x01) => (Transaction::Unload, 0x03, kind::UNLOAD, true),
        _ => return Err(Sw::WRONG_P1P2.into()),
    })
}

/// INITIALIZE FOR LOAD, PURCHASE, CASH WITHDRAW, CAPP PURCHASE, UPDATE, UNLOAD: 80 50.
pub fn initialize(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (transaction, type_code, key_type, needs_pin) = kind_of(command.p1, command.p2)?;
    let (key_id, amount, terminal) = match (transaction, command.data) {
        (Transaction::Limit, &[key, ref terminal @ ..]) if terminal.len() == 6 => (key, 0, terminal),
        (Transaction::Limit, _) => return Err(Sw::WRONG_LENGTH.into()),
        (_, &[key, a, b, c, d, ref terminal @ ..]) if terminal.len() == 6 => {
            (key, u32::from_be_bytes([a, b, c, d]), terminal)
        }
        _ => return Err(Sw::WRONG_LENGTH.into()),
    };
    let wallet = Wallet::find(context, command.p2)?;
    // The tables of load and unload have no 6982; both rights and the PIN answer 6985 there.
    let denied = if matches!(transaction, Transaction::Load | Transaction::Unload) {
        Sw::CONDITIONS
    } else {
        Sw::NOT_ALLOWED
    };
    if !context.allowed(Right(wallet.node.header[5])) || (needs_pin && !context.volatile.selection.pin) {
        return Err(denied.into());
    }
    let file = context.key_file()?;
    let record = keyfile::find(&context.memory, &file, key_type, key_id).ok_or(Sw::KEY_INDEX)?;
    if !context.allowed(record.use_right()) {
        return Err(denied.into());
    }
    let key = record.key(&context.memory, context.chip.suite)?;
    if matches!(
        transaction,
        Transaction::Purchase | Transaction::Cash | Transaction::Composite | Transaction::Unload
    ) && amount > wallet.balance
    {
        return Err(Sw::NOT_ENOUGH.into());
    }
    let mut random = [0; 4];
    context.entropy.fill(&mut random);
    let mut six = [0; 6];
    six.copy_from_slice(terminal);
    let pending = Pending {
        transaction,
        type_code,
        wallet: wallet.node.at,
        amount,
        terminal: six,
        random,
        key,
        cached: None,
    };
    let heads = [record.byte4(), record.byte5()];
    answer_initialize(context, &wallet, &pending, heads);
    context.volatile.pending = Some(pending);
    Ok(Sw::OK)
}

fn answer_initialize(
    context: &mut Context<'_>,
    wallet: &Wallet,
    pending: &Pending,
    version_algorithm: [u8; 2],
) {
    let out = &mut *context.answer;
    out.extend_from_slice(&wallet.balance.to_be_bytes());
    let online = matches!(pending.transaction, Transaction::Load | Transaction::Unload | Transaction::Limit);
    out.extend_from_slice(&if online { wallet.online } else { wallet.offline }.to_be_bytes());
    if !matches!(pending.transaction, Transaction::Load | Transaction::Unload) {
        out.extend_from_slice(&wallet.limit);
    }
    out.extend_from_slice(&version_algorithm);
    out.extend_from_slice(&pending.random);
    if online {
        let session = session_key(&pending.key, pending.random, wallet.online, NO_TERMINAL);
        let balance = wallet.balance.to_be_bytes();
        let code = match pending.transaction {
            Transaction::Limit => {
                mac::session(&session, &[], &[&balance, &wallet.limit, &[0x07], &pending.terminal])
            }
            _ => {
                let amount = pending.amount.to_be_bytes();
                mac::session(&session, &[], &[&balance, &amount, &[pending.type_code], &pending.terminal])
            }
        };
        out.extend_from_slice(&code);
    }
}

/// `E(K, random4 || serial2 || tail2)`: a DES key for 3DES, a 16-byte key for the others.
pub(super) fn session_key(key: &Key, random: [u8; 4], serial: u16, tail: [u8; 2]) -> Key {
    let mut block = Zeroizing::new([0; 16]);
    block[..4].copy_from_slice(&random);
    block[4..6].copy_from_slice(&serial.to_be_bytes());
    block[6..8].copy_from_slice(&tail);
    let suite = key.suite();
    key.cipher().encrypt_block(&mut block[..suite.block()]);
    // One block of the suite is a key of the suite; an 8-byte one is a single-DES key.
    Key::new(suite, &block[..suite.block()]).unwrap_or_else(|_| Key::from_16(Suite::TripleDes, *block))
}

/// A second step whose MAC was right.
struct Step<'d> {
    pending: Pending,
    wallet: Wallet,
    /// Serial of the transaction, before it is raised.
    serial: u16,
    session: Key,
    /// `date4 time3`.
    stamp: &'d [u8],
    /// The terminal's MAC.
    code: [u8; 4],
}

/// Checks that the command just before began one of these transactions (6901), and the terminal's MAC at the end of `data`
/// (9302): over what the transaction is about, its type, the terminal and `date4 time3`. `tail` ends the block of the
/// session key.
fn second_step<'d>(
    context: &Context<'_>,
    of: &[Transaction],
    data: &'d [u8],
    limit: Option<&[u8; 3]>,
    tail: [u8; 2],
) -> Result<Step<'d>, Halt> {
    let pending = match &context.pending {
        Some(pending) if of.contains(&pending.transaction) => pending.clone(),
        _ => return Err(Sw::WRONG_STATE.into()),
    };
    let (stamp, code) = data.split_last_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
    if stamp.len() != 7 {
        return Err(Sw::WRONG_LENGTH.into());
    }
    let node = Node::at(&context.memory, pending.wallet).ok_or(Sw::FILE_NOT_FOUND)?;
    let wallet = Wallet::at(context, node);
    let online = matches!(pending.transaction, Transaction::Load | Transaction::Unload | Transaction::Limit);
    let serial = if online { wallet.online } else { wallet.offline };
    let session = session_key(&pending.key, pending.random, serial, tail);
    let amount = pending.amount.to_be_bytes();
    let subject: &[u8] = limit.map_or(&amount, |limit| limit);
    let said: &[&[u8]] = &[subject, &[pending.type_code], &pending.terminal, stamp];
    if !keys::equal(&mac::session(&session, &[], said), code) {
        return Err(Sw::MAC_WRONG.into());
    }
    Ok(Step { pending, wallet, serial, session, stamp, code: *code })
}

/// Tail of a session key that no terminal serial goes into.
const NO_TERMINAL: [u8; 2] = [0x80, 0x00];

impl Step<'_> {
    /// MAC or TAC over the new balance, the serial, what the transaction is about, type, terminal and time.
    fn outcome(&self, key: &Key, subject: &[u8]) -> [u8; 4] {
        let balance = self.wallet.balance.to_be_bytes();
        let serial = self.serial.to_be_bytes();
        let kind = [self.pending.type_code];
        mac::session(key, &[], &[&balance, &serial, subject, &kind, &self.pending.terminal, self.stamp])
    }

    /// Stages wallet, log record and proof, and answers.
    fn finish(
        &self,
        context: &mut Context<'_>,
        amount: u32,
        proof: Proof,
        answer: &[u8],
    ) -> Result<Sw, Halt> {
        self.wallet.save(context)?;
        log(context, self, amount)?;
        self.wallet.prove(context, self.pending.type_code, self.serial, proof)?;
        context.answer.extend_from_slice(answer);
        Ok(Sw::OK)
    }
}

/// The TAC key of the current directory: 34/00 folded to single DES; 9403 when there is none.
fn tac_key(context: &Context<'_>) -> Result<Key, Halt> {
    let record = keyfile::find(&context.memory, &context.key_file()?, kind::TAC, 0).ok_or(Sw::KEY_INDEX)?;
    Ok(record.key(&context.memory, context.chip.suite)?.folded())
}

/// CREDIT FOR LOAD 80 52: `date4 time3 MAC2`.
pub fn credit_for_load(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut step = second_step(context, &[Transaction::Load], command.data, None, NO_TERMINAL)?;
    let amount = step.pending.amount;
    step.wallet.online = step.serial.checked_add(1).ok_or(Sw::COUNTER_END)?;
    step.wallet.balance = step.wallet.balance.checked_add(amount).ok_or(Sw::CONDITIONS)?;
    let tac = step.outcome(&tac_key(context)?, &amount.to_be_bytes());
    // UNSPECIFIED: the MAC a proof of a load gives; the terminal's own, which it can compare.
    let proof = Proof { mac: step.code, tac };
    step.finish(context, amount, proof, &tac)
}

/// DEBIT 80 54 P1 00: P1 01 for purchase, cash and composite purchase, 03 for unload.
pub fn debit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    match (command.p1, command.data.len()) {
        (0x01, 15) => debit_for_purchase(context, command.data),
        (0x03, 11) => debit_for_unload(context, command.data),
        (0x01 | 0x03, _) => Err(Sw::WRONG_LENGTH.into()),
        _ => Err(Sw::WRONG_P1P2.into()),
    }
}

fn debit_for_purchase(context: &mut Context<'_>, data: &[u8]) -> Result<Sw, Halt> {
    let (terminal_serial, rest) = data.split_at(4);
    let tail = [terminal_serial[2], terminal_serial[3]];
    let mut step = second_step(
        context,
        &[Transaction::Purchase, Transaction::Cash, Transaction::Composite],
        rest,
        None,
        tail,
    )?;
    let amount = step.pending.amount;
    step.wallet.balance = step.wallet.balance.checked_sub(amount).ok_or(Sw::NOT_ENOUGH)?;
    step.wallet.offline = step.serial.checked_add(1).ok_or(Sw::COUNTER_END)?;
    if let Some((at, record)) = &step.pending.cached {
        context.memory.write(*at, record)?;
    }
    let amount_bytes = amount.to_be_bytes();
    let answer_mac = mac::session(&step.session, &[], &[&amount_bytes]);
    let kind = [step.pending.type_code];
    let said: &[&[u8]] = &[&amount_bytes, &kind, &step.pending.terminal, terminal_serial, step.stamp];
    let tac = mac::session(&tac_key(context)?, &[], said);
    step.finish(context, amount, Proof { mac: answer_mac, tac }, &[tac, answer_mac].concat())
}

fn debit_for_unload(context: &mut Context<'_>, data: &[u8]) -> Result<Sw, Halt> {
    let mut step = second_step(context, &[Transaction::Unload], data, None, NO_TERMINAL)?;
    let amount = step.pending.amount;
    // QUIRK(fmcos-unload): a note of the manual says offline serial; flow chart and MAC3 say online.
    step.wallet.online = step.serial.checked_add(1).ok_or(Sw::COUNTER_END)?;
    step.wallet.balance = step.wallet.balance.checked_sub(amount).ok_or(Sw::NOT_ENOUGH)?;
    let answer_mac = step.outcome(&step.session, &amount.to_be_bytes());
    let proof = Proof { mac: step.code, tac: answer_mac };
    step.finish(context, amount, proof, &answer_mac)
}

/// UPDATE OVERDRAW LIMIT 80 58: `new limit3 date4 time3 MAC2`.
pub fn update_limit(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let (limit, rest) = command.data.split_first_chunk::<3>().ok_or(Sw::WRONG_LENGTH)?;
    let mut step = second_step(context, &[Transaction::Limit], rest, Some(limit), NO_TERMINAL)?;
    step.wallet.online = step.serial.checked_add(1).ok_or(Sw::COUNTER_END)?;
    // UNSPECIFIED: when an old limit exists; the balance contains the limit, so it moves with it.
    let without = step.wallet.balance.checked_sub(step.wallet.limit_fen()).ok_or(Sw::NOT_ENOUGH)?;
    step.wallet.limit = *limit;
    step.wallet.balance = without.checked_add(step.wallet.limit_fen()).ok_or(Sw::CONDITIONS)?;
    let tac = step.outcome(&tac_key(context)?, limit);
    // UNSPECIFIED: the amount field of this log record.
    let proof = Proof { mac: step.code, tac };
    step.finish(context, 0, proof, &tac)
}

/// UPDATE CAPP DATA CACHE 80/84 DC: keeps a record for the DEBIT of a composite purchase, which writes it or not at all.
pub fn update_cache(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut pending = match &context.pending {
        Some(pending) if pending.transaction == Transaction::Composite => pending.clone(),
        _ => return Err(Sw::WRONG_STATE.into()),
    };
    let (at, data) = records::cacheable(context, command)?;
    pending.cached = Some((at, data));
    context.volatile.pending = Some(pending);
    Ok(Sw::OK)
}

/// GET BALANCE 80 5C 00 01/02.
pub fn balance(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let wallet = Wallet::find(context, command.p2)?;
    context.require(Right(wallet.node.header[5]))?;
    if wallet.is_passbook() && !context.volatile.selection.pin {
        return Err(Sw::NOT_ALLOWED.into());
    }
    context.answer.extend_from_slice(&wallet.balance.to_be_bytes());
    Ok(Sw::OK)
}

/// GET TRANSACTION PROVE 80 5A 00 type: `serial2` gives MAC and TAC of that transaction; 9406 when it is another.
///
/// UNSPECIFIED: the serial is the one the terminal used, before it was raised.
pub fn prove(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let passbook = matches!(command.p2, 0x01 | 0x03 | 0x04 | 0x05 | 0x07);
    let wallet = Wallet::find(context, if passbook { 1 } else { 2 })?;
    let [kind, s1, s0, proof @ ..]: [u8; 11] = context.memory.array(wallet.node.body() + PROOF);
    if kind != command.p2 || [s1, s0] != command.data || kind == 0 {
        return Err(Sw::NO_PROOF.into());
    }
    context.answer.extend_from_slice(&proof);
    Ok(Sw::OK)
}

/// Appends the 23-byte log record `serial2 limit3 amount4 type1 terminal6 date4 time3`, if the wallet names a log file.
/// Which serial is stored, the one before it was raised or after, is the dialect's choice.
fn log(context: &mut Context<'_>, step: &Step<'_>, amount: u32) -> Result<(), Halt> {
    let Ok(file) = context.ef(Fid(u16::from(step.wallet.node.header[8]))) else { return Ok(()) };
    if file.kind() != FileKind::Cyclic || file.record_len() != 23 {
        return Ok(());
    }
    let raised = u16::from(context.choices.log_serial_raised);
    let mut record = Vec::with_capacity(23);
    // The serial was not at its end, or the transaction would have been refused.
    record.extend_from_slice(&step.serial.wrapping_add(raised).to_be_bytes());
    record.extend_from_slice(&step.wallet.limit);
    record.extend_from_slice(&amount.to_be_bytes());
    record.push(step.pending.type_code);
    record.extend_from_slice(&step.pending.terminal);
    record.extend_from_slice(step.stamp);
    records::push(context, file, &record)
}
