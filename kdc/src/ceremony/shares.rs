//! Shares of the province's secret: any `threshold` of them restore it, fewer say nothing [docs/specs/ceremony.md 3].
//!
//! Shamir's scheme, byte by byte over GF(2^8). A share is text for one custodian's paper: 60 hexadecimal digits in
//! groups of four, which say of what set it is, how many are needed, and, by their check bytes, where a digit was
//! mistyped.

use super::component::LEN;
use super::gf256;
use super::share_error::ShareError;
use keys::{Key, Suite, Zeroize, Zeroizing};
use scheme::numbers::CheckValue;
use scheme::profile::State;
use std::fmt;
use wire::typed;

/// Fewest and most shares of a set.
pub const SHARES: std::ops::RangeInclusive<u8> = 2..=15;
/// Bytes of a share's text: head, value, check value of the whole, check bytes.
const TEXT: usize = HEAD + LEN + 3 + CHECK;
/// Format, state and suite; set; threshold and total; number.
const HEAD: usize = 1 + 4 + 1 + 1;
/// Check bytes.
const CHECK: usize = 4;
/// Generator of the places in the check bytes: 03 has order 255.
const PLACE: u8 = 0x03;
/// Format of share texts, the high nibble of the first byte.
const FORMAT: u8 = 0x10;
const FORMAL: u8 = 0x08;

/// What all shares of a set have in common. No secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSet {
    /// Drawn at random for each splitting, so that two sets of one secret are told apart.
    pub id: [u8; 4],
    /// Suite of the roots.
    pub suite: Suite,
    /// State of the ceremony: a rehearsal's shares restore no formal province.
    pub state: State,
    /// Shares that are needed.
    pub threshold: u8,
    /// Shares that were made.
    pub total: u8,
    /// Check value of the secret.
    pub whole: CheckValue,
}

impl ShareSet {
    /// The set's id as people read it.
    pub fn name(&self) -> String {
        hex::encode_upper(self.id)
    }
}

/// One share. Wiped when dropped, never shown by `Debug`.
#[derive(Clone)]
pub struct Share {
    set: ShareSet,
    number: u8,
    value: Zeroizing<[u8; LEN]>,
}

impl Share {
    /// What it shares with the others of its set.
    pub const fn set(&self) -> &ShareSet {
        &self.set
    }

    /// Its number, from 1.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// Its check value, for the record: that of its value as a key of the suite.
    pub fn check_value(&self) -> CheckValue {
        CheckValue(Key::from_16(self.set.suite, *self.value).kcv())
    }

    /// The text for the custodian's paper. Wiped when dropped; whoever calls this answers for where it is shown.
    pub fn written(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; TEXT]);
        let state = if self.set.state == State::Formal { FORMAL } else { 0 };
        bytes[0] = FORMAT | state | self.set.suite.code();
        bytes[1..5].copy_from_slice(&self.set.id);
        bytes[5] = self.set.threshold << 4 | self.set.total;
        bytes[6] = self.number;
        bytes[HEAD..HEAD + LEN].copy_from_slice(&*self.value);
        bytes[HEAD + LEN..TEXT - CHECK].copy_from_slice(&self.set.whole.0);
        let check = check_bytes(&bytes[..TEXT - CHECK]);
        bytes[TEXT - CHECK..].copy_from_slice(&check);
        super::component::grouped(&*bytes)
    }

    /// Reads a share as typed; what [`typed::counted`] leaves out is ignored. A mistyped digit is named by its group.
    pub fn parse(typed: &str) -> Result<Self, ShareError> {
        let mut bytes = Zeroizing::new([0; TEXT]);
        let mut count = 0;
        for c in typed::counted(typed) {
            let digit = c.to_digit(16).ok_or(ShareError::NotHex { digit: count + 1, found: c })?;
            if let Some(byte) = bytes.get_mut(count / 2) {
                *byte = (*byte << 4) | digit as u8; // below 16
            }
            count += 1;
        }
        if count != 2 * TEXT {
            return Err(ShareError::Length { expected: 2 * TEXT, found: count });
        }
        if let Some(fault) = fault(&bytes) {
            return Err(ShareError::Mistyped { group: fault.map(|byte| byte / 2 + 1) });
        }
        Share::of(&bytes)
    }

    /// A share of bytes whose check bytes are right: only a maker of wrong shares comes here with nonsense.
    fn of(bytes: &[u8; TEXT]) -> Result<Self, ShareError> {
        let suite = Suite::from_code(bytes[0] & 0x07);
        let (threshold, total, number) = (bytes[5] >> 4, bytes[5] & 0x0F, bytes[6]);
        let sound = bytes[0] & 0xF0 == FORMAT
            && SHARES.contains(&threshold)
            && threshold <= total
            && (1..=total).contains(&number);
        let (Some(suite), true) = (suite, sound) else { return Err(ShareError::Format) };
        let state = if bytes[0] & FORMAL != 0 { State::Formal } else { State::Test };
        let mut id = [0; 4];
        id.copy_from_slice(&bytes[1..5]);
        let mut value = Zeroizing::new([0; LEN]);
        value.copy_from_slice(&bytes[HEAD..HEAD + LEN]);
        let mut whole = [0; 3];
        whole.copy_from_slice(&bytes[HEAD + LEN..TEXT - CHECK]);
        let set = ShareSet { id, suite, state, threshold, total, whole: CheckValue(whole) };
        Ok(Share { set, number, value })
    }

    fn same_as(&self, other: &Share) -> bool {
        self.set == other.set && self.number == other.number && keys::equal(&*self.value, &*other.value)
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} of set {}, check value {})", self.number, self.set.name(), self.check_value())
    }
}

/// The check bytes of a text: `sum(byte_i * (03^j)^i)` for j = 0 to 3, over its places i, the check bytes themselves
/// counted as zero.
fn check_bytes(text: &[u8]) -> [u8; CHECK] {
    let mut check = [0; CHECK];
    let mut generator = 1;
    for byte in &mut check {
        *byte = gf256::evaluate(text, generator);
        generator = gf256::mul(generator, PLACE);
    }
    check
}

/// `None`: no fault. `Some(Some(i))`: byte i alone is wrong. `Some(None)`: more than one.
fn fault(bytes: &[u8; TEXT]) -> Option<Option<usize>> {
    let (text, check) = bytes.split_at(TEXT - CHECK);
    let right = check_bytes(text);
    let mut syndromes = [0; CHECK];
    for (syndrome, (a, b)) in syndromes.iter_mut().zip(check.iter().zip(&right)) {
        *syndrome = a ^ b;
    }
    let wrong: Vec<usize> = (0..CHECK).filter(|j| syndromes[*j] != 0).collect();
    match wrong[..] {
        [] => return None,
        // A wrong digit among the check bytes spoils that byte alone.
        [j] => return Some(Some(TEXT - CHECK + j)),
        _ => {}
    }
    // One wrong byte at place i by the difference e: syndrome j is e * (03^j)^i.
    let alone = |i: &usize| {
        let mut step = 1;
        (0..*i).for_each(|_| step = gf256::mul(step, PLACE));
        syndromes.windows(2).all(|pair| gf256::mul(pair[0], step) == pair[1])
    };
    Some((0..TEXT - CHECK).find(alone))
}

/// Splits a secret into the shares of a set. `random` fills the coefficients and must be fit for keys.
///
/// # Errors
/// A threshold below 2 or above the total, a total above 15.
pub fn split(
    secret: &Secret,
    suite: Suite,
    state: State,
    threshold: u8,
    total: u8,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Share>, ShareError> {
    if !SHARES.contains(&threshold) || !SHARES.contains(&total) || threshold > total {
        return Err(ShareError::Shape { threshold, total });
    }
    let mut id = [0; 4];
    random(&mut id);
    let set = ShareSet { id, suite, state, threshold, total, whole: secret.check_value(suite) };
    let mut values = split_bytes(&*secret.0, threshold, total, random);
    let shares = values.iter_mut().zip(1..).map(|(bytes, number)| {
        let mut value = Zeroizing::new([0; LEN]);
        value.copy_from_slice(bytes);
        Share { set, number, value }
    });
    Ok(shares.collect())
}

/// The values of the shares 1 to `total` of some bytes.
pub(crate) fn split_bytes(
    secret: &[u8],
    threshold: u8,
    total: u8,
    random: &mut dyn FnMut(&mut [u8]),
) -> Vec<Zeroizing<Vec<u8>>> {
    let mut values: Vec<_> = (0..total).map(|_| Zeroizing::new(Vec::with_capacity(secret.len()))).collect();
    let mut coefficients = Zeroizing::new(vec![0; usize::from(threshold)]);
    for byte in secret {
        coefficients[0] = *byte;
        random(&mut coefficients[1..]);
        for (value, x) in values.iter_mut().zip(1..) {
            value.push(gf256::evaluate(&coefficients, x));
        }
    }
    values
}

/// The bytes at `x` of what these values (abscissa, bytes) are shares of; 0 is the secret itself.
pub(crate) fn join_bytes(values: &[(u8, &[u8])], x: u8) -> Zeroizing<Vec<u8>> {
    let len = values.iter().map(|(_, bytes)| bytes.len()).min().unwrap_or(0);
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    let mut points = Zeroizing::new(Vec::with_capacity(values.len()));
    for place in 0..len {
        points.zeroize();
        points.extend(values.iter().map(|(x, bytes)| (*x, bytes[place])));
        out.push(gf256::interpolate(&points, x));
    }
    out
}

/// The secret of a province: 16 bytes that the roots are derived from. Wiped when dropped.
#[derive(Clone)]
pub struct Secret(pub(crate) Zeroizing<[u8; LEN]>);

impl Secret {
    /// A secret from a random source; `None` for all zeros: the source is dead.
    pub fn from_entropy(entropy: Zeroizing<[u8; LEN]>) -> Option<Self> {
        if keys::equal(&*entropy, &[0; LEN]) { None } else { Some(Secret(entropy)) }
    }

    /// The secret as a key, for what is one: a transport root.
    pub fn into_key(self, suite: Suite) -> Key {
        Key::from_16(suite, *self.0)
    }

    /// Its check value under a suite.
    pub fn check_value(&self, suite: Suite) -> CheckValue {
        CheckValue(Key::from_16(suite, *self.0).kcv())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Shares coming in, one after another, until there are enough.
#[derive(Debug, Default)]
pub struct Restoring {
    shares: Vec<Share>,
}

impl Restoring {
    /// None yet.
    pub fn new() -> Self {
        Restoring::default()
    }

    /// The set, once a share is in.
    pub fn set(&self) -> Option<&ShareSet> {
        self.shares.first().map(Share::set)
    }

    /// How many are still needed; `None` before the first.
    pub fn missing(&self) -> Option<u8> {
        let have = u8::try_from(self.shares.len()).unwrap_or(u8::MAX);
        self.set().map(|set| set.threshold.saturating_sub(have))
    }

    /// Takes a share as typed. Nothing is taken when anything is wrong: a mistyped digit, a share of another set,
    /// one that is in already.
    pub fn add(&mut self, typed: &str) -> Result<&Share, ShareError> {
        let share = Share::parse(typed)?;
        if let Some(set) = self.set() {
            if set.id != share.set.id {
                let (own, found) = (set.name(), share.set.name());
                return Err(ShareError::OtherSet { number: share.number, own, found });
            }
            if *set != share.set {
                return Err(ShareError::Contradiction { number: share.number });
            }
        }
        if self.shares.iter().any(|other| other.number == share.number) {
            return Err(ShareError::Repeated { number: share.number });
        }
        self.shares.push(share);
        // Just pushed.
        self.shares.last().ok_or(ShareError::Format)
    }

    /// The secret, checked against the check value that every share carries.
    pub fn finish(&self) -> Result<Secret, ShareError> {
        let have = u8::try_from(self.shares.len()).unwrap_or(u8::MAX);
        let set = self.set().ok_or(ShareError::TooFew { have: 0, threshold: 2 })?;
        if have < set.threshold {
            return Err(ShareError::TooFew { have, threshold: set.threshold });
        }
        restore(&self.shares)
    }
}

fn restore(shares: &[Share]) -> Result<Secret, ShareError> {
    let set = *shares.first().ok_or(ShareError::Format)?.set();
    let values: Vec<(u8, &[u8])> = shares.iter().map(|share| (share.number, &share.value[..])).collect();
    let joined = join_bytes(&values, 0);
    let mut secret = Zeroizing::new([0; LEN]);
    secret.copy_from_slice(&joined);
    let secret = Secret(secret);
    let found = secret.check_value(set.suite);
    if found != set.whole {
        return Err(ShareError::Whole { set: set.name(), expected: set.whole, found });
    }
    Ok(secret)
}

/// Shares that were made and must now be typed in again from their papers, each once, before the drafts go.
#[derive(Debug)]
pub struct Proof {
    made: Vec<Share>,
    seen: Vec<Share>,
}

impl Proof {
    /// Of the shares that were made.
    pub const fn new(made: Vec<Share>) -> Self {
        Proof { made, seen: Vec::new() }
    }

    /// Takes the paper of share `number`: it must be the one that was made.
    pub fn add(&mut self, number: u8, typed: &str) -> Result<CheckValue, ShareError> {
        let share = Share::parse(typed)?;
        if let Some(set) = self.made.first().map(Share::set)
            && set.id != share.set.id
        {
            let (own, found) = (set.name(), share.set.name());
            return Err(ShareError::OtherSet { number: share.number, own, found });
        }
        if share.number != number {
            return Err(ShareError::OtherNumber { asked: number, found: share.number });
        }
        if !self.made.iter().any(|made| made.same_as(&share)) {
            return Err(ShareError::Contradiction { number });
        }
        let value = share.check_value();
        self.seen.push(share);
        Ok(value)
    }

    /// Restores the secret from the papers, so that every one of them has its part in a restoring: `threshold`
    /// neighbours at a time, all round. Gives how many restorings that were.
    pub fn finish(&self, secret: &Secret) -> Result<usize, ShareError> {
        let count = self.seen.len();
        let (Some(set), true) = (self.made.first().map(Share::set), count == self.made.len()) else {
            let have = u8::try_from(count).unwrap_or(u8::MAX);
            return Err(ShareError::TooFew {
                have,
                threshold: u8::try_from(self.made.len()).unwrap_or(u8::MAX),
            });
        };
        for first in 0..count {
            let round = self.seen.iter().cycle().skip(first).take(usize::from(set.threshold));
            let restored = restore(&round.cloned().collect::<Vec<_>>())?;
            if !keys::equal(&*restored.0, &*secret.0) {
                let (expected, found) = (secret.check_value(set.suite), restored.check_value(set.suite));
                return Err(ShareError::Whole { set: set.name(), expected, found });
            }
        }
        Ok(count)
    }
}
