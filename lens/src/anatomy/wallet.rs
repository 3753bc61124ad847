//! Wallet and passbook files, and their log [docs/specs/fmcos.md, wallet].

use super::fact::Fact;
use super::item::{Content, Facts, Item};
use super::view::View;
use cos::files::{FileKind, Node};
use cos::rights::Right;
use scheme::money::Fen;
use scheme::profile::Fid;

/// Bytes of a wallet file's body.
const BODY: usize = 22;
/// Bytes of a log record.
const LOG: usize = 23;

/// A wallet or passbook with what it holds among its facts.
pub fn file(view: &View<'_, '_>, node: &Node, path: String) -> Item {
    let kind = if node.fid() == Fid(1) { "passbook" } else { "wallet" };
    let log = node.header[8];
    let mut facts = vec![
        ("SFI", format!("{:02X}", node.fid().0).into()),
        ("use", Right(node.header[5]).to_string().into()),
        ("log file", if log == 0 { "none".into() } else { format!("SFI {log:02X}").into() }),
    ];
    if let Some(body) = view.body(node, node.size()).first_chunk::<BODY>() {
        facts.extend(holdings(body));
    }
    Item { path, kind, name: None, facts, content: Content::None, children: Vec::new() }
}

/// `balance 4 | online serial 2 | offline serial 2 | overdraft limit 3 | last transaction: type 1, serial 2, MAC 4, TAC 4`.
fn holdings(body: &[u8; BODY]) -> Facts {
    let [b3, b2, b1, b0, n1, n0, f1, f0, l2, l1, l0, kind, s1, s0, proof @ ..] = *body;
    let last = match kind {
        0 => "none".to_owned(),
        kind => format!("{} {}", transaction(kind), u16::from_be_bytes([s1, s0])),
    };
    let mut facts = vec![
        ("balance", Fact::Money(Fen(u32::from_be_bytes([b3, b2, b1, b0])))),
        ("overdraft limit in it", Fact::Money(Fen(u32::from_be_bytes([0, l2, l1, l0])))),
        ("online serial", Fact::Number(u16::from_be_bytes([n1, n0]).into())),
        ("offline serial", Fact::Number(u16::from_be_bytes([f1, f0]).into())),
        ("last transaction", last.into()),
    ];
    if kind != 0 {
        let (mac, tac) = proof.split_at(4);
        facts.push(("its MAC", hex::encode_upper(mac).into()));
        facts.push(("its TAC", hex::encode_upper(tac).into()));
    }
    facts
}

/// Name of a transaction type.
fn transaction(kind: u8) -> &'static str {
    match kind {
        0x01 | 0x02 => "load",
        0x03 => "unload",
        0x04 => "cash withdrawal",
        0x05 | 0x06 => "purchase",
        0x07 => "overdraft limit",
        0x09 => "composite purchase",
        _ => "transaction of an unknown type",
    }
}

/// True for the cyclic file that a wallet of the same directory logs to.
pub fn is_log(view: &View<'_, '_>, dir: &Node, node: &Node) -> bool {
    let names_it =
        |wallet: &Node| wallet.kind() == FileKind::Wallet && u16::from(wallet.header[8]) == node.fid().0;
    node.kind() == FileKind::Cyclic && node.record_len() == LOG && dir.child(view.memory, names_it).is_some()
}

/// A log record in words: `serial 2 | limit 3 | amount 4 | type 1 | terminal 6 | date 4 | time 3`.
pub fn log_words(record: &[u8]) -> Option<String> {
    let (&[s1, s0, l2, l1, l0, a3, a2, a1, a0, kind], rest) = record.split_first_chunk::<10>()?;
    let (terminal, stamp) = rest.split_at_checked(6)?;
    let amount = Fen(u32::from_be_bytes([a3, a2, a1, a0]));
    let limit = match u32::from_be_bytes([0, l2, l1, l0]) {
        0 => String::new(),
        fen => format!(", overdraft limit {}", Fen(fen)),
    };
    Some(format!(
        "{} of {amount} at terminal {} on {}, serial after it {}{limit}",
        transaction(kind),
        hex::encode_upper(terminal),
        time(stamp)?,
        u16::from_be_bytes([s1, s0]),
    ))
}

/// BCD YYYYMMDDhhmmss, as it stands: a terminal may write nonsense.
fn time(stamp: &[u8]) -> Option<String> {
    let digits = hex::encode_upper(stamp);
    let part = |from: usize| digits.get(from..from + 2);
    Some(format!("{}-{}-{} {}:{}:{}", digits.get(..4)?, part(4)?, part(6)?, part(8)?, part(10)?, part(12)?))
}
