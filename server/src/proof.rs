//! The server key: by it the payment server proves each order to its PSAM [docs/specs/cards.md 6].

use keys::{Key, Suite, Zeroizing, mac};
use reader::driver::psam::Prover;
use scheme::numbers::MeterNumber;
use scheme::psam;

/// What a file with a server key says it is.
const WHAT: &str = "server key of a PSAM: whoever has it, the PSAM and its PIN sells electricity";

/// A server key, and the PSAM that knows it.
#[derive(Debug, Clone)]
pub struct ServerKey {
    number: [u8; 6],
    key: Key,
}

/// Why a file is no server key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerKeyError {
    /// Not the object it should be.
    #[error("this is no file with a server key of a PSAM")]
    Form,
    /// A field that is missing or not what it should be.
    #[error("the file with the server key has no right field `{0}`")]
    Field(&'static str),
    /// The key is not the one its check value is of.
    #[error("the server key and its check value do not belong together: the file was changed")]
    CheckValue,
}

impl ServerKey {
    /// A key as PAIR SERVER gave it out, of the PSAM of this number.
    pub fn new(number: [u8; 6], suite: Suite, key: [u8; 16]) -> Self {
        ServerKey { number, key: Key::from_16(suite, key) }
    }

    /// The PSAM's number.
    pub const fn number(&self) -> [u8; 6] {
        self.number
    }

    /// The file's text. It holds the key: for its owner's eyes alone.
    pub fn to_json(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(hex::encode_upper(self.key.expose()));
        Zeroizing::new(format!(
            "{{\n  \"what\": \"{WHAT}\",\n  \"psam\": \"{}\",\n  \"suite\": \"{}\",\n  \"key\": \"{}\",\n  \
             \"check_value\": \"{}\"\n}}\n",
            hex::encode(self.number),
            self.key.suite().name(),
            *key,
            hex::encode_upper(self.key.kcv()),
        ))
    }

    /// Reads a file's text.
    pub fn from_json(text: &str) -> Result<Self, ServerKeyError> {
        let object: serde_json::Value = serde_json::from_str(text).map_err(|_| ServerKeyError::Form)?;
        if object["what"] != WHAT {
            return Err(ServerKeyError::Form);
        }
        let field = |name: &'static str| object[name].as_str().ok_or(ServerKeyError::Field(name));
        let number: MeterNumber = field("psam")?.parse().map_err(|_| ServerKeyError::Field("psam"))?;
        let suite = Suite::from_name(field("suite")?).ok_or(ServerKeyError::Field("suite"))?;
        let mut key = Zeroizing::new([0; 16]);
        hex::decode_to_slice(field("key")?, &mut key[..]).map_err(|_| ServerKeyError::Field("key"))?;
        let read = ServerKey::new(number.0, suite, *key);
        if field("check_value")? == hex::encode_upper(read.key.kcv()) {
            Ok(read)
        } else {
            Err(ServerKeyError::CheckValue)
        }
    }

    /// What proves orders to the PSAM.
    pub fn prover(self) -> Prover {
        Box::new(move |number, order| mac::cmac8(&self.key, &psam::proved(number, order)))
    }
}

impl scheme::Fault for ServerKeyError {
    fn code(&self) -> &str {
        match self {
            ServerKeyError::Form => "server-key-form",
            ServerKeyError::Field(_) => "server-key-field",
            ServerKeyError::CheckValue => "server-key-check-value",
        }
    }
}
