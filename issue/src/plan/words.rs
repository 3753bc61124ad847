//! Words of a plan's steps.

use super::Plan;
use super::parts::{Content, Hidden, Master, Step};
use scheme::profile::{FileRow, KeyRow, OPERATOR_PIN, PinRow, Shape};

/// What a plan makes, in one line.
pub(crate) fn title(plan: &Plan) -> String {
    let region = match plan.region() {
        scheme::numbers::PROVINCE => "the province".to_owned(),
        region => format!("region {region}"),
    };
    let version =
        if plan.version() > 1 { format!(" of version {:02X}", plan.version()) } else { String::new() };
    format!(
        "{} {} for {region}, {} keys{version}, suite {}",
        plan.kind().name(),
        plan.number(),
        plan.state().name(),
        plan.suite().name()
    )
}

/// What a step does.
pub(crate) fn words(step: &Step) -> String {
    match step {
        Step::Reset => "reset the card".to_owned(),
        Step::SelectMf => "select the master file".to_owned(),
        Step::Select(fid) => format!("select directory {:04X}", fid.0),
        Step::Authenticate(master) => format!("authenticate with {}", self::master(*master)),
        Step::Create(row) => format!("create {}", file(row)),
        Step::WriteKey(row) => format!("write key {}", key(row)),
        Step::WritePin(row) => format!("write {}", pin(row)),
        Step::Update { fid, what, .. } => format!("write file {:04X}: {}", fid.0, content(*what)),
        Step::Check { fid, what, .. } => format!("read file {:04X} back: {}", fid.0, content(*what)),
        Step::CheckKey(row) => format!("look at key {}", key(row)),
        Step::VerifyPin(row) => format!("verify {}", pin(row)),
        Step::StoreRoot => "store the certificate of the province's signing root".to_owned(),
        Step::Certify(key_use) => {
            format!("have the card draw a signing key, and store its certificate as {key_use}")
        }
        Step::CheckCertificate(key_use) => format!("read its certificate as {key_use} back"),
    }
}

/// Which master key.
pub(crate) const fn master(master: Master) -> &'static str {
    match master {
        Master::Transport => "the transport key",
        Master::Own => "the card's own master key",
    }
}

/// What a file holds.
pub(crate) const fn content(content: Content) -> &'static str {
    match content {
        Content::InTheMaking => "card information, still in the making",
        Content::CardInformation => "card information",
        Content::Terminal => "terminal number",
        Content::Parameters => "parameters",
        Content::Limit => "limit of what it may make",
    }
}

/// What stands in the place of data that is not shown.
pub(crate) fn hidden(hidden: Hidden, len: Option<usize>) -> String {
    let what = match hidden {
        Hidden::Cryptogram => "answer to the challenge",
        Hidden::WrappedKey => "key, enciphered and MACed for this card",
        Hidden::Pin => "PIN",
        Hidden::Activation => "MAC for this card",
        Hidden::Root => "certificate of the root, and MAC for this card",
        Hidden::Challenge => "challenge of the key source",
        Hidden::Certificate => "certificate",
    };
    len.map_or_else(|| what.to_owned(), |len| format!("{len} bytes: {what}"))
}

fn pin(row: &PinRow) -> String {
    let whose = if row.id == OPERATOR_PIN.id { "the operator's" } else { "the second officer's" };
    format!("{whose} PIN 3A/{:02X}", row.id)
}

fn key(row: &KeyRow) -> String {
    format!("{:02X}/{:02X}, {}", row.kind & 0x3F, row.id, crate::words::role(row.role))
}

fn file(row: &FileRow) -> String {
    let fid = row.fid.0;
    match row.shape {
        Shape::Binary(size) => {
            format!("file {fid:04X}: {size} bytes, read {:02X}, write {:02X}", row.read, row.write)
        }
        Shape::Fixed(count, len) => format!(
            "file {fid:04X}: {count} records of {len} bytes, read {:02X}, write {:02X}",
            row.read, row.write
        ),
        Shape::Dir(size, _, _) => {
            format!("directory {fid:04X}: {size} bytes, create {:02X}, erase {:02X}", row.read, row.write)
        }
        Shape::Keys(size, _) => format!("KEY file {fid:04X}: {size} bytes, add {:02X}", row.read),
    }
}
