//! What tags mean, template by template: one number means different things in different templates
//! [ISO 7816-4; docs/specs/trace.md 4].

use scheme::sim::USIM_AID;

/// Where a tag stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// The answer itself.
    Answer,
    /// 62: file control parameters.
    Parameters,
    /// A5 in 62: proprietary parameters of a UICC.
    OwnParameters,
    /// 6F: file control information of an application.
    Information,
    /// A5 in 6F: proprietary information.
    OwnInformation,
    /// C6 in 62: state of PINs.
    Pins,
    /// AB, or a record of EF_ARR: access rules.
    Rules,
    /// A condition in an access rule.
    Condition,
    /// 61: an application, as EF_DIR lists it.
    Application,
    /// 7F49: a public key.
    PublicKey,
    /// Any other.
    Other,
}

/// What a value says beside its bytes.
type Says = fn(&[u8]) -> Option<String>;

/// A tag's meaning.
pub struct Row {
    within: &'static [Template],
    tag: u32,
    /// Its name.
    pub words: &'static str,
    /// How its content is read, if it is a template.
    pub inside: Template,
    /// What its value says.
    pub says: Says,
}

use Template::{
    Answer, Application, Condition, Information, Other, OwnInformation, OwnParameters, Parameters, Pins,
    PublicKey, Rules,
};

const FILE: &[Template] = &[Parameters, Information, Answer];
const ANYWHERE: &[Template] = &[];

const fn row_of(within: &'static [Template], tag: u32, words: &'static str, says: Says) -> Row {
    Row { within, tag, words, inside: Other, says }
}

const fn template(within: &'static [Template], tag: u32, words: &'static str, inside: Template) -> Row {
    Row { within, tag, words, inside, says: bytes }
}

/// The meaning of a tag; the first row that fits.
pub fn row(within: Template, tag: u32) -> &'static Row {
    let fits = |row: &&Row| row.tag == tag && (row.within.is_empty() || row.within.contains(&within));
    ROWS.iter().find(fits).unwrap_or(if is_private(tag) { &OWN } else { &UNKNOWN })
}

/// Tags of the class that everybody may use for his own: C0 to FE, DFxx, FFxx.
const fn is_private(tag: u32) -> bool {
    let first = if tag > 0xFFFF {
        tag >> 16
    } else if tag > 0xFF {
        tag >> 8
    } else {
        tag
    };
    first & 0xC0 == 0xC0
}

static OWN: Row = row_of(ANYWHERE, 0, "object of the issuer's own", bytes);
static UNKNOWN: Row = row_of(ANYWHERE, 0, "object", bytes);

#[rustfmt::skip]
static ROWS: &[Row] = &[
    template(&[Answer],          0x61, "application",                    Application),
    template(&[Answer],          0x62, "file control parameters",        Parameters),
    template(&[Answer],          0x6F, "file control information",       Information),

    row_of(FILE,                 0x80, "size of the data",               size),
    row_of(FILE,                 0x81, "size in all",                    size),
    row_of(FILE,                 0x82, "file descriptor",                descriptor),
    row_of(FILE,                 0x83, "file identifier",                bytes),
    row_of(FILE,                 0x84, "name",                           name),
    row_of(FILE,                 0x88, "short file identifier",          short_identifier),
    row_of(FILE,                 0x8A, "life cycle",                     life_cycle),
    row_of(FILE,                 0x8B, "rights, by reference",           rule_reference),
    row_of(FILE,                 0x8C, "rights, compact",                bytes),
    template(FILE,               0xAB, "rights",                         Rules),
    template(&[Parameters],      0xA5, "proprietary",                    OwnParameters),
    template(&[Parameters],      0xC6, "state of PINs",                  Pins),
    template(&[Information],     0xA5, "proprietary",                    OwnInformation),

    row_of(&[OwnParameters],     0x80, "UICC characteristics",           characteristics),
    row_of(&[OwnParameters],     0x81, "power the application takes",    bytes),
    row_of(&[OwnParameters],     0x82, "lowest clock of the application", bytes),
    row_of(&[OwnParameters],     0x83, "free memory",                    size),
    row_of(&[OwnParameters],     0x84, "details of the file",            bytes),
    row_of(&[OwnParameters],     0x85, "size reserved",                  size),
    row_of(&[OwnParameters],     0x86, "greatest size",                  size),
    row_of(&[OwnParameters],     0x87, "commands of the system",         system_commands),
    row_of(&[OwnParameters],     0x88, "environment of the card",        bytes),
    row_of(&[OwnParameters],     0x89, "secured commands between platforms", bytes),
    row_of(&[OwnParameters],     0xC0, "special file information",       bytes),
    row_of(&[OwnParameters],     0xC1, "pattern that fills the file",    bytes),
    row_of(&[OwnParameters],     0xC2, "pattern that fills the file, repeated", bytes),

    row_of(&[Pins],              0x90, "asked for, a bit each",          bytes),
    row_of(&[Pins],              0x95, "use of the next",                bytes),
    row_of(&[Pins, Condition],   0x83, "key reference",                  reference),

    row_of(&[Rules],             0x80, "to",                             access_mode),
    row_of(&[Rules],             0x84, "to, by instruction",             instruction),
    row_of(&[Rules, Condition],  0x90, "always",                         nothing),
    row_of(&[Rules, Condition],  0x97, "never",                          nothing),
    template(&[Rules, Condition], 0xA0, "one of",                        Condition),
    template(&[Rules, Condition], 0xA4, "after a PIN or a key",          Condition),
    template(&[Rules, Condition], 0xAF, "all of",                        Condition),
    row_of(&[Condition],         0x95, "use",                            bytes),

    row_of(&[OwnInformation],    0x87, "priority",                       bytes),
    row_of(&[OwnInformation],    0x88, "short identifier of the directory file", plain_identifier),
    row_of(&[OwnInformation],    0x9F08, "version of the application",   bytes),
    row_of(&[OwnInformation],    0x9F0C, "data of the issuer",           bytes),
    template(&[OwnInformation],  0xBF0C, "data of the issuer",           Other),

    row_of(&[PublicKey],         0x06, "kind of key",                    bytes),
    row_of(&[PublicKey],         0x81, "modulus or prime",               bytes),
    row_of(&[PublicKey],         0x82, "public exponent or coefficient", bytes),
    row_of(&[PublicKey],         0x86, "public point",                   bytes),

    row_of(ANYWHERE,             0x4F, "application identifier",         name),
    row_of(ANYWHERE,             0x50, "label",                          text),
    row_of(ANYWHERE,             0x51, "path",                           bytes),
    row_of(ANYWHERE,             0x52, "command to send",                bytes),
    row_of(ANYWHERE,             0x53, "data of somebody's own",         bytes),
    template(ANYWHERE,           0x73, "data of somebody's own",         Other),
    row_of(ANYWHERE,             0x5F2D, "languages, the first preferred", text),
    row_of(ANYWHERE,             0x5F50, "address on the net",           text),
    row_of(ANYWHERE,             0x9F11, "alphabet of the name",         bytes),
    row_of(ANYWHERE,             0x9F12, "preferred name",               text),
    row_of(ANYWHERE,             0x9F38, "data the application asks for", asked_for),
    row_of(ANYWHERE,             0x9F4D, "log file",                     bytes),
    template(ANYWHERE,           0x7F49, "public key",                   PublicKey),
    template(ANYWHERE,           0x7F4E, "certificate body",             Other),
    template(ANYWHERE,           0x7F21, "certificate",                  Other),
];

const fn bytes(_: &[u8]) -> Option<String> {
    None
}

fn nothing(value: &[u8]) -> Option<String> {
    (!value.is_empty()).then(|| "there should be no value".to_owned())
}

fn number(value: &[u8]) -> Option<u32> {
    let fits = (1..=4).contains(&value.len());
    fits.then(|| value.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn size(value: &[u8]) -> Option<String> {
    match number(value)? {
        1 => Some("1 byte".to_owned()),
        n => Some(format!("{n} bytes")),
    }
}

/// Printable ASCII, or nothing: what a card says goes to a terminal.
fn text(value: &[u8]) -> Option<String> {
    let printable = !value.is_empty() && value.iter().all(|byte| (0x20..0x7F).contains(byte));
    printable.then(|| String::from_utf8_lossy(value).into_owned())
}

/// The name of an application in brackets, where it is known.
pub fn aid(value: &[u8]) -> String {
    name(value).map_or(String::new(), |name| format!(" ({name})"))
}

fn name(value: &[u8]) -> Option<String> {
    if value.starts_with(&USIM_AID) {
        return Some("USIM".to_owned());
    }
    text(value)
}

/// First byte of a descriptor: bit 7 shareable; bits 6 to 4 kind, 7 a directory; bits 3 to 1 structure
/// [docs/specs/trace.md 4].
fn descriptor(value: &[u8]) -> Option<String> {
    let first = *value.first()?;
    let structure = match (first & 0x3F, value) {
        (0x38, _) => "directory".to_owned(),
        (0x39, _) => "data objects".to_owned(),
        (byte, _) if byte & 0x07 == 1 => "transparent".to_owned(),
        (byte, [_, _, hi, lo, count]) if matches!(byte & 0x07, 2 | 6) => {
            let cyclic = if byte & 0x07 == 6 { "cyclic, " } else { "" };
            let records = if *count == 1 { "record" } else { "records" };
            format!("{cyclic}{count} {records} of {} bytes", u16::from_be_bytes([*hi, *lo]))
        }
        (byte, _) if byte & 0x07 == 6 => "cyclic records".to_owned(),
        (byte, _) if byte & 0x07 == 2 => "records of one length".to_owned(),
        (byte, _) if byte & 0x07 == 4 => "records of many lengths".to_owned(),
        _ => "file".to_owned(),
    };
    let alone = if first & 0x40 == 0 { ", not shareable" } else { "" };
    Some(format!("{structure}{alone}"))
}

/// The upper five bits; an empty object says that there is none [docs/specs/trace.md 4].
fn short_identifier(value: &[u8]) -> Option<String> {
    match *value {
        [] => Some("none".to_owned()),
        [byte] if byte & 0x07 == 0 => Some(format!("{:02X}", byte >> 3)),
        [byte] => Some(format!("{:02X}; the lower three bits should be 0", byte >> 3)),
        _ => Some("it should be one byte".to_owned()),
    }
}

/// Of a payment card the identifier stands in the lower five bits.
fn plain_identifier(value: &[u8]) -> Option<String> {
    if let [byte] = value { Some(format!("{:02X}", byte & 0x1F)) } else { None }
}

/// [ISO 7816-4].
fn life_cycle(value: &[u8]) -> Option<String> {
    let [byte] = value else { return None };
    let words = match byte {
        0x00 => "no information",
        0x01 => "being created",
        0x03 => "being initialised",
        0x04 | 0x06 => "deactivated",
        0x05 | 0x07 => "in use",
        0x0C..=0x0F => "terminated",
        0x10.. => "a state of the maker's own",
        _ => "reserved",
    };
    Some(words.to_owned())
}

/// EF_ARR and a record of it, or several, each with the number of a security environment.
fn rule_reference(value: &[u8]) -> Option<String> {
    match value {
        [hi, lo, record] => Some(format!("record {record} of {hi:02X}{lo:02X}")),
        [hi, lo, pairs @ ..] if !pairs.is_empty() && pairs.len().is_multiple_of(2) => {
            let pair = |pair: &[u8]| format!("in environment {:02X} record {}", pair[0], pair[1]);
            let all: Vec<String> = pairs.chunks_exact(2).map(pair).collect();
            Some(format!("{} of {hi:02X}{lo:02X}", all.join(", ")))
        }
        _ => None,
    }
}

fn characteristics(value: &[u8]) -> Option<String> {
    let [byte] = value else { return None };
    let clock = match byte & 0x0D {
        0x01 => "the clock may stop",
        0x05 => "the clock may stop, high preferred",
        0x09 => "the clock may stop, low preferred",
        0x04 => "the clock stops at high alone",
        0x08 => "the clock stops at low alone",
        _ => "the clock never stops",
    };
    Some(clock.to_owned())
}

fn system_commands(value: &[u8]) -> Option<String> {
    let [byte, ..] = value else { return None };
    Some(if byte & 1 != 0 { "TERMINAL CAPABILITY is taken" } else { "none" }.to_owned())
}

/// PINs of a UICC by their key references [docs/specs/trace.md 4].
fn reference(value: &[u8]) -> Option<String> {
    let [byte] = value else { return None };
    match byte {
        0x01..=0x08 => Some(format!("PIN1 of application {byte}")),
        0x81..=0x88 => Some(format!("PIN2 of application {}", byte & 0x0F)),
        0x0A..=0x0E => Some(format!("ADM{}", byte - 0x09)),
        0x8A..=0x8E => Some(format!("ADM{}", byte - 0x84)),
        0x11 => Some("universal PIN".to_owned()),
        _ => None,
    }
}

/// Acts on a file, one bit each [ISO 7816-4].
fn access_mode(value: &[u8]) -> Option<String> {
    let [byte] = value else { return None };
    let acts = ["read", "update", "append", "deactivate", "activate", "terminate", "delete"];
    let meant: Vec<&str> =
        acts.iter().enumerate().filter(|(bit, _)| byte >> bit & 1 != 0).map(|(_, act)| *act).collect();
    let words = if meant.len() == acts.len() { "anything".to_owned() } else { meant.join(", ") };
    (!words.is_empty()).then_some(words)
}

fn instruction(value: &[u8]) -> Option<String> {
    match value {
        [0x32] => Some("INCREASE".to_owned()),
        [0xD4] => Some("RESIZE FILE".to_owned()),
        _ => None,
    }
}

/// A list of tags with lengths, without values: how many bytes are asked for.
fn asked_for(value: &[u8]) -> Option<String> {
    let (mut objects, mut total, mut rest) = (0_usize, 0_usize, value);
    while let [first, after @ ..] = rest {
        rest = after;
        if first & 0x1F == 0x1F {
            let more = rest.iter().position(|byte| byte & 0x80 == 0)?;
            rest = &rest[more + 1..];
        }
        let [len, after @ ..] = rest else { return None };
        (objects, total, rest) = (objects + 1, total + usize::from(*len), after);
    }
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    Some(format!("{objects} object{}, {total} byte{}", plural(objects), plural(total)))
}
