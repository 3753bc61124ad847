//! The information service: what a class of services has under a name [docs/specs/lines.md 3].

/// The class of serial ports.
pub const IRCOMM: &str = "IrDA:IrCOMM";
/// What such a port can.
pub const PARAMETERS: &str = "Parameters";
/// Its selector, where it is used alone and without credits.
pub const RAW_SELECTOR: &str = "IrDA:IrLMP:LsapSel";
/// Its selector under credits.
pub const TINY_SELECTOR: &str = "IrDA:TinyTP:LsapSel";

/// The one operation, in one unit.
const GET_VALUE: u8 = 0x84;
const INTEGER: u8 = 1;
const OCTETS: u8 = 2;
const SUCCESS: u8 = 0;
const NO_CLASS: u8 = 1;
const NO_ATTRIBUTE: u8 = 2;
/// The object of this device's serial port.
const OBJECT: u16 = 1;

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Integer(u32),
    /// Bytes.
    Octets(Vec<u8>),
}

/// Asks for an attribute of a class.
pub fn query(class: &str, attribute: &str) -> Vec<u8> {
    let mut out = vec![GET_VALUE];
    for name in [class, attribute] {
        out.push(name.len() as u8);
        out.extend(name.as_bytes());
    }
    out
}

/// Reads a question; `None`: it is none.
pub fn asked(bytes: &[u8]) -> Option<(String, String)> {
    let ([GET_VALUE], rest) = bytes.split_first_chunk::<1>()? else { return None };
    let (class, rest) = name(rest)?;
    let (attribute, _) = name(rest)?;
    Some((class, attribute))
}

fn name(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((String::from_utf8_lossy(name).into_owned(), rest))
}

/// The answer of a device: `None` to a class that it has not, `Some(None)` to an attribute that it has not.
pub fn answer(found: Option<Option<Value>>) -> Vec<u8> {
    let value = match found {
        None => return vec![GET_VALUE, NO_CLASS],
        Some(None) => return vec![GET_VALUE, NO_ATTRIBUTE],
        Some(Some(value)) => value,
    };
    let mut out = vec![GET_VALUE, SUCCESS, 0, 1];
    out.extend(OBJECT.to_be_bytes());
    match value {
        Value::Integer(number) => {
            out.push(INTEGER);
            out.extend(number.to_be_bytes());
        }
        Value::Octets(bytes) => {
            out.push(OCTETS);
            out.extend((bytes.len() as u16).to_be_bytes());
            out.extend(bytes);
        }
    }
    out
}

/// The first value of an answer; `None`: there is none.
pub fn told(bytes: &[u8]) -> Option<Value> {
    let ([GET_VALUE, SUCCESS, _, _, _, _, kind], rest) = bytes.split_first_chunk::<7>()? else { return None };
    match *kind {
        INTEGER => Some(Value::Integer(u32::from_be_bytes(*rest.first_chunk()?))),
        OCTETS => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            Some(Value::Octets(rest.get(..usize::from(u16::from_be_bytes(*length)))?.to_vec()))
        }
        _ => None,
    }
}
