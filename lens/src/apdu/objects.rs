//! Data objects of foreign answers in words: FCP, FCI, application templates, access rules [ISO 7816-4;
//! docs/specs/trace.md 4].
//!
//! `iso7816-tlv` reads tags and lengths, one object at a time: a template is given to it as if it were primitive, and its
//! content is read by another call. So the depth is bounded here, an object that is damaged inside is shown by its outside,
//! and lengths that are not the shortest form, lawful in BER, are taken as they stand.

use super::tags::{Template, row};
use iso7816_tlv::ber::{Tlv, Value};

/// Templates nested deeper are shown as bytes.
const DEPTH: usize = 6;
/// First tag byte: the value is made of objects.
const CONSTRUCTED: u8 = 0x20;
/// The length of an object of indefinite length, which cards do not use.
const INDEFINITE: u8 = 0x80;

/// An object: its tag, as a number of as many bytes as it has, and its value.
struct Object {
    tag: u32,
    constructed: bool,
    value: Vec<u8>,
}

/// What stands at a place where an object should begin.
enum Read<'d> {
    Object(Object, &'d [u8]),
    /// The value is shorter than its length says.
    Cut {
        object: Object,
        wanted: usize,
    },
    /// Neither tag nor length can be read.
    Nothing,
}

/// The objects of an answer, a line each, those of a template indented below it. Empty when the answer is not made of objects.
pub fn explain(data: &[u8]) -> Vec<String> {
    let lines = level(data, Template::Answer, 0, &mut None);
    // Bytes that are no object at all are an answer of another kind.
    if lines.iter().all(|line| line.starts_with(NOT_AN_OBJECT)) { Vec::new() } else { lines }
}

/// As [`explain`], of the content of a template that is known.
pub fn explain_content(data: &[u8], template: Template) -> Vec<String> {
    level(data, template, 0, &mut None)
}

/// How the line begins that tells where reading ended.
const NOT_AN_OBJECT: &str = "no data object";

/// `pins`: of a PIN status template, which of the references that come are asked for.
fn level(data: &[u8], template: Template, depth: usize, pins: &mut Option<Vec<bool>>) -> Vec<String> {
    let indent = "  ".repeat(depth);
    let mut lines = Vec::new();
    let mut rest = data;
    // 00 and FF before, between and behind objects mean nothing [ISO 7816-4 annex D].
    while let Some(at) = rest.iter().position(|byte| !matches!(byte, 0x00 | 0xFF)) {
        rest = &rest[at..];
        match read(rest) {
            Read::Object(object, after) => {
                lines.extend(self::object(&object, template, depth, pins, ""));
                rest = after;
            }
            Read::Cut { object, wanted } => {
                let note = format!(" (cut: {} of {wanted} bytes are there)", object.value.len());
                lines.extend(self::object(&object, template, depth, pins, &note));
                return lines;
            }
            Read::Nothing => {
                let at = data.len() - rest.len();
                lines.push(format!("{indent}{NOT_AN_OBJECT} from byte {at} on: {}", hex::encode_upper(rest)));
                return lines;
            }
        }
    }
    lines
}

fn read(bytes: &[u8]) -> Read<'_> {
    let [first, after @ ..] = bytes else { return Read::Nothing };
    let constructed = first & CONSTRUCTED != 0;
    let mut flat = vec![first & !CONSTRUCTED];
    flat.extend_from_slice(after);
    if let Some((object, len)) = one(&flat, *first, constructed) {
        return Read::Object(object, &bytes[len..]);
    }
    // With enough behind it a cut object is whole: its length is known then.
    let missing = 0x1_0000;
    flat.resize(bytes.len() + missing, 0);
    match one(&flat, *first, constructed) {
        Some((mut object, len)) if len > bytes.len() && len - object.value.len() <= bytes.len() => {
            let wanted = object.value.len();
            object.value.truncate(wanted - (len - bytes.len()).min(wanted));
            Read::Cut { object, wanted }
        }
        _ => Read::Nothing,
    }
}

/// The first object of bytes, and how many of them it takes.
fn one(flat: &[u8], first: u8, constructed: bool) -> Option<(Object, usize)> {
    let (parsed, rest) = Tlv::parse(flat);
    let parsed = parsed.ok()?;
    let tag = parsed.tag().to_bytes();
    if flat.get(tag.len()) == Some(&INDEFINITE) {
        return None;
    }
    let [_, more @ ..] = tag else { return None };
    let tag = more.iter().fold(u32::from(first), |tag, byte| tag << 8 | u32::from(*byte));
    let Value::Primitive(value) = parsed.value() else { return None };
    Some((Object { tag, constructed, value: value.clone() }, flat.len() - rest.len()))
}

fn object(
    object: &Object,
    template: Template,
    depth: usize,
    pins: &mut Option<Vec<bool>>,
    note: &str,
) -> Vec<String> {
    let indent = "  ".repeat(depth);
    let row = row(template, object.tag);
    let tag = format!("{:02X}", object.tag);
    // QUIRK(C6): the tag of the PIN status template does not say that it is one.
    let is_template = object.constructed || row.inside != Template::Other;
    let inner = if is_template && depth + 1 < DEPTH {
        level(&object.value, row.inside, depth + 1, &mut None)
    } else {
        Vec::new()
    };
    if !inner.is_empty() {
        return [vec![format!("{indent}{tag} {}{note}", row.words)], inner].concat();
    }
    // A value that is not all there says nothing.
    let mut says = if note.is_empty() { (row.says)(&object.value) } else { None };
    if template == Template::Pins && note.is_empty() {
        says = pin_state(object, pins, says);
    }
    let value = match (says, hex::encode_upper(&object.value)) {
        (Some(says), hex) if hex.is_empty() => format!(": {says}"),
        (Some(says), hex) => format!(": {hex} ({says})"),
        (None, hex) if hex.is_empty() => String::new(),
        (None, hex) => format!(": {hex}"),
    };
    vec![format!("{indent}{tag} {}{value}{note}", row.words)]
}

/// The bit map of a PIN status template says of each reference behind it, from bit 8 on, whether it is asked for
/// [docs/specs/trace.md 4].
fn pin_state(object: &Object, pins: &mut Option<Vec<bool>>, says: Option<String>) -> Option<String> {
    match object.tag {
        0x90 => {
            let bits = object.value.iter().flat_map(|byte| (0..8).map(move |bit| byte & 0x80 >> bit != 0));
            *pins = Some(bits.collect());
            says
        }
        0x83 => {
            let bits = pins.as_mut().filter(|bits| !bits.is_empty());
            let state = bits.map(|bits| if bits.remove(0) { ", asked for" } else { ", switched off" });
            Some(format!("{}{}", says.unwrap_or_default(), state.unwrap_or_default()))
        }
        _ => says,
    }
}
