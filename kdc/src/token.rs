//! A province's roots in a PKCS#11 token [docs/specs/token.md].
//!
//! The roots are made in the token or loaded into it once, are sensitive and not extractable, and work there: the token
//! enciphers a factor under a root, which is the child key. A child that goes to a card has to be wrapped by this
//! program, so it is in its memory for that moment; a root never is. The transport root is no such key: it
//! belongs to the card maker and goes to every issuing card as it is, so it is kept as a private data object.

mod error;
mod source;

pub use error::TokenError;
pub use source::TokenSource;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as P11Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use issue::keyset::{RoleCheck, Roots};
use keys::{Key, Role, Suite, Zeroizing};
use scheme::numbers::CheckValue;
use scheme::profile::State;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// Label of the data object that says what the token holds; written last, so that what lacks it was broken off.
const DESCRIPTION: &str = "gridcard province";
/// Beginning of a root's label; the name of its role follows.
const ROOT: &str = "gridcard root";
/// Format of the description.
const FORMAT: &str = "gridcard token 1";
/// Version of the roots, second byte of a key object's CKA_ID.
const VERSION: u8 = 0x01;

/// Roles whose roots live in the token as keys.
fn roles() -> impl Iterator<Item = Role> {
    Role::ALL.into_iter().filter(|role| *role != Role::Transport)
}

/// The description: what the token holds. Private, because of the transport root.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: String,
    #[serde(with = "scheme::names::suite")]
    suite: Suite,
    #[serde(with = "scheme::names::state")]
    state: State,
    /// 32 hexadecimal digits.
    transport: String,
    roots: Vec<RoleCheck>,
}

impl Drop for Description {
    fn drop(&mut self) {
        keys::Zeroize::zeroize(&mut self.transport);
    }
}

/// A token whose user is logged in.
pub struct Token {
    session: Session,
    mechanisms: Vec<MechanismType>,
    // Unloads the library when the session is closed.
    _library: Pkcs11,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the token answered, in its own words, which carry no secret.
fn said(doing: &'static str) -> impl Fn(P11Error) -> TokenError {
    move |error| TokenError::Token { doing, said: error.to_string() }
}

impl Token {
    /// Loads the token's library, finds the token by its label, and logs its user in. `spend_last_try` allows a log-in
    /// after which a wrong PIN locks the token.
    pub fn open(
        module: &Path,
        label: &str,
        pin: &Zeroizing<String>,
        spend_last_try: bool,
    ) -> Result<Self, TokenError> {
        let library = Pkcs11::new(module)
            .map_err(|error| TokenError::Module { path: module.to_owned(), said: error.to_string() })?;
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(said("be started"))?;
        let slot = find(&library, label)?;
        let info = library.get_token_info(slot).map_err(said("say its state"))?;
        if info.user_pin_locked() {
            return Err(TokenError::Locked);
        }
        if info.user_pin_final_try() && !spend_last_try {
            return Err(TokenError::LastTry);
        }
        let mechanisms = library.get_mechanism_list(slot).map_err(said("list what it can do"))?;
        let session = library.open_rw_session(slot).map_err(said("open a session"))?;
        session.login(UserType::User, Some(&AuthPin::new(pin.as_str().into()))).map_err(
            |error| match error {
                P11Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _) => {
                    let low = library.get_token_info(slot).is_ok_and(|info| info.user_pin_count_low());
                    TokenError::Pin { low }
                }
                P11Error::Pkcs11(RvError::PinLocked, _) => TokenError::Locked,
                other => said("log in")(other),
            },
        )?;
        Ok(Token { session, mechanisms, _library: library })
    }

    /// Whether a province's roots are in it.
    pub fn is_taken(&self) -> Result<bool, TokenError> {
        Ok(self.find(ObjectClass::DATA, DESCRIPTION)?.is_some())
    }

    /// Loads roots into the token.
    ///
    /// # Errors
    /// The token has roots, or cannot do the suite; whatever the token says.
    pub fn load(&self, roots: &Roots) -> Result<(), TokenError> {
        self.begin(roots.suite())?;
        for role in roles() {
            let mut template = template(role);
            template.push(Attribute::Class(ObjectClass::SECRET_KEY));
            template.push(Attribute::KeyType(key_type(roots.suite())));
            template.push(Attribute::Value(roots.get(role).expose().to_vec()));
            let made = self.session.create_object(&template);
            if let Some(Attribute::Value(value)) = template.last_mut() {
                keys::Zeroize::zeroize(value);
            }
            made.map_err(said("take a root"))?;
        }
        // The token must compute with them what was loaded.
        for check in roots.check_values().into_iter().filter(|check| check.role != Role::Transport) {
            let found = self.check_value(roots.suite(), check.role)?;
            if found != check.check_value {
                return Err(TokenError::Check { role: check.role, expected: check.check_value, found });
            }
        }
        self.describe(roots.suite(), roots.state(), roots.get(Role::Transport), roots.check_values())
    }

    /// Lets the token make formal roots by itself, beside the transport root that was agreed with the card maker, whose suite is
    /// theirs. Nobody has a copy of the roots, and nobody can bring them back.
    pub fn generate(&self, transport: &Key) -> Result<Vec<RoleCheck>, TokenError> {
        let suite = transport.suite();
        self.begin(suite)?;
        for role in roles() {
            let mut template = template(role);
            let mechanism = match suite {
                Suite::Aes128 => {
                    template.push(Attribute::ValueLen(16u64.into()));
                    Mechanism::AesKeyGen
                }
                _ => Mechanism::Des2KeyGen,
            };
            self.session.generate_key(&mechanism, &template).map_err(said("make a root"))?;
        }
        let mut checks = Vec::new();
        for role in Role::ALL {
            let check_value = match role {
                Role::Transport => CheckValue(transport.kcv()),
                _ => self.check_value(suite, role)?,
            };
            checks.push(RoleCheck { role, check_value });
        }
        self.describe(suite, State::Formal, transport, checks.clone())?;
        Ok(checks)
    }

    /// Before roots come in: the token can do the suite, has no roots, and what a broken-off run left goes.
    fn begin(&self, suite: Suite) -> Result<(), TokenError> {
        self.can(suite)?;
        if self.is_taken()? {
            return Err(TokenError::Taken);
        }
        for role in roles() {
            while let Some(left) = self.find(ObjectClass::SECRET_KEY, &label(role))? {
                self.session.destroy_object(left).map_err(said("remove what a broken-off run left"))?;
            }
        }
        Ok(())
    }

    fn can(&self, suite: Suite) -> Result<(), TokenError> {
        let (mechanism, name) = match suite {
            Suite::TripleDes => (MechanismType::DES3_ECB, "CKM_DES3_ECB"),
            Suite::Aes128 => (MechanismType::AES_ECB, "CKM_AES_ECB"),
            // PKCS#11 has no SM4 but in makers' own extensions.
            Suite::Sm4 => return Err(TokenError::Suite { suite }),
        };
        if self.mechanisms.contains(&mechanism) {
            Ok(())
        } else {
            Err(TokenError::Mechanism { suite, mechanism: name })
        }
    }

    fn describe(
        &self,
        suite: Suite,
        state: State,
        transport: &Key,
        roots: Vec<RoleCheck>,
    ) -> Result<(), TokenError> {
        let transport = hex::encode_upper(transport.expose());
        let description = Description { format: FORMAT.to_owned(), suite, state, transport, roots };
        let text = serde_json::to_vec(&description).map_err(|_| TokenError::Description)?;
        let template = [
            Attribute::Class(ObjectClass::DATA),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Label(DESCRIPTION.into()),
            Attribute::Application(b"gridcard".to_vec()),
            Attribute::Value(text),
        ];
        self.session.create_object(&template).map(drop).map_err(said("take the description"))
    }

    /// What the token holds: suite, state, transport root and the check values of its roots, each computed by it now and
    /// compared with what was noted.
    pub(crate) fn holds(&self) -> Result<(Suite, State, Key, Vec<RoleCheck>), TokenError> {
        let object = self.find(ObjectClass::DATA, DESCRIPTION)?.ok_or(TokenError::Empty)?;
        let values = self
            .session
            .get_attributes(object, &[AttributeType::Value])
            .map_err(said("give its description"))?;
        let Some(Attribute::Value(text)) = values.into_iter().next() else {
            return Err(TokenError::Description);
        };
        let text = Zeroizing::new(text);
        let description: Description = serde_json::from_slice(&text).map_err(|_| TokenError::Description)?;
        let mut bytes = Zeroizing::new([0; 16]);
        let digits = hex::decode_to_slice(description.transport.as_bytes(), &mut *bytes);
        if description.format != FORMAT || digits.is_err() {
            return Err(TokenError::Description);
        }
        self.can(description.suite)?;
        for check in description.roots.iter().filter(|check| check.role != Role::Transport) {
            let found = self.check_value(description.suite, check.role)?;
            if found != check.check_value {
                return Err(TokenError::Check { role: check.role, expected: check.check_value, found });
            }
        }
        let transport = Key::from_16(description.suite, *bytes);
        Ok((description.suite, description.state, transport, description.roots.clone()))
    }

    fn find(&self, class: ObjectClass, label: &str) -> Result<Option<ObjectHandle>, TokenError> {
        let template = [Attribute::Class(class), Attribute::Label(label.into())];
        let found = self.session.find_objects(&template).map_err(said("look for an object"))?;
        Ok(found.into_iter().next())
    }

    fn encipher(&self, suite: Suite, role: Role, blocks: &[u8]) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let root = self.find(ObjectClass::SECRET_KEY, &label(role))?.ok_or(TokenError::NoRoot { role })?;
        let mechanism = match suite {
            Suite::TripleDes => Mechanism::Des3Ecb,
            Suite::Aes128 => Mechanism::AesEcb,
            Suite::Sm4 => return Err(TokenError::Suite { suite }),
        };
        let out = self.session.encrypt(&mechanism, root, blocks).map_err(said("encipher"))?;
        if out.len() == blocks.len() { Ok(Zeroizing::new(out)) } else { Err(TokenError::Answer) }
    }

    fn check_value(&self, suite: Suite, role: Role) -> Result<CheckValue, TokenError> {
        let block = self.encipher(suite, role, &vec![0; suite.block()])?;
        let first = block.first_chunk::<3>().ok_or(TokenError::Answer)?;
        Ok(CheckValue(*first))
    }

    /// The child of a root by a factor [docs/specs/cards.md 2], every block enciphered by the token.
    pub(crate) fn child(&self, suite: Suite, role: Role, factor: [u8; 8]) -> Result<Key, TokenError> {
        let mut blocks = Zeroizing::new([0; 16]);
        match suite {
            Suite::Aes128 => {
                // CMAC's core over 01 || F || 80 00.. of 32 bytes, the last block with K2 [NXP AN10922 2.2.1].
                let zero = self.encipher(suite, role, &[0; 16])?;
                let k2 = doubled(&doubled(&zero));
                let mut first = [0; 16];
                first[0] = 0x01;
                first[1..9].copy_from_slice(&factor);
                first[9] = 0x80;
                let between = self.encipher(suite, role, &first)?;
                for (byte, (a, b)) in blocks.iter_mut().zip(between.iter().zip(k2.iter())) {
                    *byte = a ^ b; // the second block of the message is zeros
                }
            }
            _ => {
                blocks[..8].copy_from_slice(&factor);
                for (not, byte) in blocks[8..].iter_mut().zip(factor) {
                    *not = !byte;
                }
            }
        }
        let out = self.encipher(suite, role, &*blocks)?;
        let mut bytes = Zeroizing::new([0; 16]);
        bytes.copy_from_slice(out.first_chunk::<16>().ok_or(TokenError::Answer)?);
        Ok(Key::from_16(suite, *bytes))
    }
}

/// Multiplication by x in GF(2^128), as CMAC makes its subkeys [NIST SP 800-38B].
fn doubled(block: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; block.len()]);
    let mut carry = 0;
    for (out, byte) in out.iter_mut().zip(block).rev() {
        *out = byte << 1 | carry;
        carry = byte >> 7;
    }
    if let Some(last) = out.last_mut() {
        *last ^= 0x87 & carry.wrapping_neg();
    }
    out
}

fn label(role: Role) -> String {
    format!("{ROOT} {}", role.name())
}

const fn key_type(suite: Suite) -> KeyType {
    match suite {
        Suite::Aes128 => KeyType::AES,
        _ => KeyType::DES2,
    }
}

/// What every root is, whether made in the token or loaded.
fn template(role: Role) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(false),
        Attribute::Sign(false),
        Attribute::Wrap(false),
        Attribute::Modifiable(false),
        Attribute::Label(label(role).into_bytes()),
        Attribute::Id(vec![role.code(), VERSION]),
    ]
}

fn find(library: &Pkcs11, label: &str) -> Result<Slot, TokenError> {
    let slots = library.get_slots_with_initialized_token().map_err(said("list its slots"))?;
    let mut have = Vec::new();
    for slot in slots {
        let info = library.get_token_info(slot).map_err(said("say its state"))?;
        if info.label() == label {
            return Ok(slot);
        }
        have.push(info.label().to_owned());
    }
    Err(TokenError::NoToken { label: label.to_owned(), have })
}
