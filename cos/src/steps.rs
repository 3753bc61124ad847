//! What a card keeps between two commands that belong together: the first step of a wallet's transaction, the key or the
//! purchase of a SAM. The commands are the dialect's ([`crate::fmcos`]); the state dies with the others of a session.

use alloc::vec::Vec;
use keys::Key;
use scheme::numbers::CustomerNumber;
use scheme::online::{HELLO_LEN, Session, SessionId};
use scheme::order::{OrderKind, Serial8};

/// What a transaction of a wallet does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    Load,
    Purchase,
    Cash,
    Unload,
    Limit,
    Composite,
}

/// A wallet's transaction between INITIALIZE and its second step. It dies with any other command, and with the power.
#[derive(Clone)]
pub struct Pending {
    pub(crate) transaction: Transaction,
    /// Its type in MACs and log: 01 to 07, 09.
    pub(crate) type_code: u8,
    /// Address of the wallet file.
    pub(crate) wallet: usize,
    pub(crate) amount: u32,
    pub(crate) terminal: [u8; 6],
    pub(crate) random: [u8; 4],
    /// The key of the INITIALIZE.
    pub(crate) key: Key,
    /// Record that a composite purchase writes: address and bytes.
    pub(crate) cached: Option<(usize, Vec<u8>)>,
}

/// State between commands of a SAM. A purchase key is no key for DES CRYPT, which would give out session keys.
#[derive(Clone)]
pub enum Sam {
    /// The temporary key of INIT FOR DESCRYPT.
    Crypt {
        /// The key.
        key: Key,
        /// Chaining value of a MAC in several commands.
        chain: Option<[u8; 16]>,
    },
    /// A purchase waits for the card's MAC2.
    Purchase {
        /// Its session key.
        session: Key,
        /// Its amount.
        amount: [u8; 4],
    },
}

/// An online purchase as a PSAM keeps it, from its first message on.
#[derive(Clone)]
pub struct Purchase {
    /// Which one it is.
    pub sid: SessionId,
    /// The message that began it.
    pub hello: [u8; HELLO_LEN],
    /// What the meter asked for, once it was heard.
    pub heard: Option<Heard>,
}

/// A request that was heard.
#[derive(Clone)]
pub struct Heard {
    /// The message, as it came.
    pub message: Vec<u8>,
    /// The session after all messages so far.
    pub session: Session,
    /// The order that was sealed.
    pub sealed: Option<Sealed>,
}

/// An order that was sealed for an online purchase.
#[derive(Clone)]
pub struct Sealed {
    /// What the order says, encoded: without a signature.
    pub order: Vec<u8>,
    /// The message that carries it.
    pub message: Vec<u8>,
}

/// What a meter's ESAM keeps of a session in the field's dialect, until its reset.
#[derive(Clone, Default)]
pub struct Field {
    /// The 4 bytes of the last short challenge: what comes with a MAC is bound to them until there are new ones.
    pub random: Option<[u8; 4]>,
    /// MACs that were taken under these 4 bytes, the newest last: none is taken twice.
    pub taken: Vec<[u8; 8]>,
    /// The 8 bytes of the last long challenge, for the proof of an infrared reader; good once.
    pub infrared: Option<[u8; 8]>,
    /// The key that was derived for an identity.
    pub identity: Option<Key>,
    /// Version of a key download that began with its first key.
    pub download: Option<u8>,
    /// Version of a set of formal keys that began with its first key.
    pub formal: Option<u8>,
    /// The user card in the meter's slot.
    pub card: Option<UserCard>,
}

/// A user card, as its meter's ESAM keeps it between two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserCard {
    /// Serial number of its chip, of which its keys are derived.
    pub serial: Serial8,
    /// What it does to whose account, once it has said so with its MAC.
    pub told: Option<(OrderKind, CustomerNumber)>,
}

impl Field {
    /// Nothing yet.
    pub const fn new() -> Self {
        Field {
            random: None,
            taken: Vec::new(),
            infrared: None,
            identity: None,
            download: None,
            formal: None,
            card: None,
        }
    }
}
