//! The decoder: it follows a session line by line, so that it knows which file is meant.

use super::{answers, command_of, files, objects, online, reset};
use reader::driver::sim::Selected;
use reader::trace::{Bytes, Redactor, TraceLine, hides_answer, hides_data};
use scheme::certificate::{Certificate, KeyUse};
use scheme::money::Fen;
use scheme::profile::{CardInfo, CardKind, Fid};
use serde_json::{Value, json};
use wire::apdu::CommandRef;
use wire::status::Dialect;
use wire::{Sw, atr};

/// A line with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The mark of the trace language.
    pub mark: char,
    /// Bytes in hexadecimal digits, secrets replaced by their length; or words.
    pub text: String,
    /// What it means.
    pub words: String,
    /// More of what it means, a line each.
    pub details: Vec<String>,
    /// The status word of an answer.
    pub sw: Option<Sw>,
}

impl Shown {
    /// As lines for people.
    pub fn lines(&self) -> Vec<String> {
        let first = format!("{} {:40} {}", self.mark, self.text, self.words).trim_end().to_owned();
        let details = self.details.iter().map(|line| format!("      {line}"));
        std::iter::once(first).chain(details).collect()
    }

    /// As an object.
    pub fn object(&self) -> Value {
        let what = match self.mark {
            '>' => "command",
            '<' => "answer",
            '=' => "atr",
            '!' => "failure",
            _ => "comment",
        };
        json!({
            "what": what, "text": self.text, "words": self.words, "details": self.details,
            "sw": self.sw.map(|sw| sw.to_string()),
        })
    }
}

/// The command whose answer is waited for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    what: What,
    dialect: Dialect,
    /// Its instruction.
    ins: u8,
    /// It carries no data: a VERIFY asks for the tries then, and spends none.
    empty: bool,
    /// What secret the answer holds, in words.
    secret: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// SELECT of a file, if it was named by its identifier, and of the directory of a path before it.
    Select(Option<Fid>, Option<Fid>),
    Status,
    /// A file read from its beginning, or a record of it.
    Read(Fid, Option<u8>),
    Balance,
    Key,
    /// A certificate is read, or made.
    Certificate,
    /// A message of an online purchase, or what was in one.
    Online,
    Other,
}

/// Follows a session.
pub struct Decoder {
    kind: Option<CardKind>,
    /// Secrets are shown.
    reveal: bool,
    dir: Fid,
    file: Option<Fid>,
    /// Access conditions of the selected file of a SIM: read, update.
    conditions: Option<(u8, u8)>,
    asked: Asked,
    /// What of a session is secret.
    redactor: Redactor,
    /// The command whose answer comes next, GET RESPONSE among them.
    last: Vec<u8>,
}

impl Decoder {
    /// A decoder for a card of a kind, if that is known; else it learns the kind from ATR and card information.
    /// `reveal` shows secrets where the lines have them.
    pub fn new(kind: Option<CardKind>, reveal: bool) -> Self {
        let asked = Asked { what: What::Other, dialect: Dialect::Fmcos, ins: 0, empty: true, secret: None };
        Decoder {
            kind,
            reveal,
            dir: Fid::MF,
            file: None,
            conditions: None,
            asked,
            redactor: Redactor::default(),
            last: Vec::new(),
        }
    }

    /// Takes a line and says what it means.
    pub fn line(&mut self, line: &TraceLine) -> Shown {
        match line {
            TraceLine::Atr(bytes) => self.reset(bytes),
            TraceLine::Command(bytes) => self.command(bytes),
            TraceLine::Response(bytes) => self.response(bytes),
            TraceLine::Comment(text) => plain('#', text),
            TraceLine::Failure(text) => plain('!', text),
        }
    }

    fn reset(&mut self, bytes: &[u8]) -> Shown {
        (self.dir, self.file, self.conditions) = (Fid::MF, None, None);
        self.redactor.reset();
        let serial = atr::serial_of(bytes);
        for (known, kind) in [(atr::sim(), CardKind::Sim), (atr::uicc(), CardKind::Uicc)] {
            if bytes == known {
                self.kind.get_or_insert(kind);
            }
        }
        let words = match serial {
            Some(serial) => format!("reset; serial number {}", hex::encode_upper(serial)),
            None => "reset".to_owned(),
        };
        Shown { words, details: reset::explain(bytes), ..plain('=', &hex::encode_upper(bytes)) }
    }

    fn command(&mut self, bytes: &Bytes) -> Shown {
        let head = &bytes.before;
        self.last.clone_from(head);
        if head.first() == Some(&0xA0) {
            self.kind.get_or_insert(CardKind::Sim);
        }
        let (name, dialect) = command_of(head, self.kind);
        let is_fetch = matches!(head[..], [_, 0xC0, ..]);
        let mut shown = plain('>', &self.hex_of_command(bytes));
        shown.words = name.to_owned();
        if is_fetch {
            // Its answer is that of the command before.
            shown.words = "GET RESPONSE: the answer is fetched".into();
            return shown;
        }
        let (what, meaning, right) = self.meaning(head);
        let ins = head.get(1).copied().unwrap_or_default();
        let empty = bytes.hidden == 0 && CommandRef::parse(head).is_ok_and(|command| command.data.is_empty());
        self.asked = Asked { what, dialect, ins, empty, secret: hides_answer(head) };
        for part in [meaning, right.map(|right| format!("needs {right}"))].into_iter().flatten() {
            shown.words.push_str(", ");
            shown.words.push_str(&part);
        }
        if shown.text.contains(HIDDEN) {
            let why = hides_data(head).unwrap_or("a session key");
            shown.words.push_str(&format!("; hidden: {why}"));
        }
        shown
    }

    fn hex_of_command(&self, bytes: &Bytes) -> String {
        match bytes.whole() {
            Some(whole) if !self.reveal => match self.redactor.command(whole) {
                Some(shown) => with_hidden(&whole[..shown], whole.len() - shown, &[]),
                None => hex::encode_upper(whole),
            },
            _ => with_hidden(&bytes.before, bytes.hidden, &bytes.after),
        }
    }

    /// What a command asks, which file or key it means in words, and the right it needs.
    fn meaning(&mut self, head: &[u8]) -> (What, Option<String>, Option<String>) {
        let &[cla, ins, p1, p2, ..] = head else { return (What::Other, None, None) };
        let data = CommandRef::parse(head).map(|command| command.data).unwrap_or_default();
        match (ins, data) {
            (0xA4, _) => self.select(p1, data),
            (0xF2, _) => (What::Status, None, None),
            (0xB0 | 0xD6, _) => {
                let by_sfi = p1 & 0x80 != 0;
                let fid = if by_sfi { self.by_sfi(p1 & 0x1F) } else { self.file };
                let offset = if by_sfi { u16::from(p2) } else { u16::from_be_bytes([p1, p2]) };
                self.access(ins == 0xB0, fid, None, &format!(" from byte {offset}"), offset == 0)
            }
            (0xB2 | 0xDC, _) => {
                let fid = if p2 >> 3 == 0 { self.file } else { self.by_sfi(p2 >> 3) };
                let words = if p1 == 0 { " record".to_owned() } else { format!(" record {p1}") };
                self.access(ins == 0xB2, fid, Some(p1), &words, true)
            }
            (0x32 | 0x30, [a, b, c, d, rest @ ..]) if self.kind == Some(CardKind::Esam) => {
                let amount = Fen(u32::from_be_bytes([*a, *b, *c, *d]));
                let count = rest.first_chunk::<4>().filter(|_| ins == 0x32);
                let count =
                    count.map_or(String::new(), |count| format!(", count {}", u32::from_be_bytes(*count)));
                (What::Other, Some(format!("{amount}{count}")), None)
            }
            (ONLINE, _) if cla == 0x80 && self.buys_online() => {
                (What::Online, online::purchase(self.kind, p1, data), None)
            }
            (0xE2, _) => {
                let fid = if p2 >> 3 == 0 { self.file } else { self.by_sfi(p2 >> 3) };
                self.access(false, fid, None, " one record more", false)
            }
            (0xE0, _) if cla & 0xF0 == 0x80 => {
                let fid = Fid(u16::from_be_bytes([p1, p2]));
                (What::Other, Some(self.name(fid)), None)
            }
            (0x5C, _) => (What::Balance, None, None),
            (CERTIFY, _) if cla == 0x80 => (What::Certificate, None, None),
            (READ_CERTIFICATE, _) if cla == 0x80 => {
                let words = match (p1, KeyUse::from_code(p2)) {
                    (0x00, _) => Some("the public key".to_owned()),
                    (_, Some(key_use)) => Some(format!("of the {key_use}")),
                    (_, None) => None,
                };
                (What::Certificate, words, None)
            }
            // The root comes with a MAC of 4 bytes behind it.
            (STORE_CERTIFICATE, _) if cla & 0xF0 == 0x80 => {
                let body = data.get(..Certificate::LEN).unwrap_or_default();
                (What::Other, Certificate::parse(body).ok().map(|found| found.about()), None)
            }
            (0x48, _) if cla == 0x80 => (What::Key, self.key(p1, p2, true), None),
            // A key of the field's download says nothing of itself in clear.
            (0xD4, _) if self.is_download(head) => {
                let words = if p2 == 0 { "the first key of a set" } else { "a key of a set" };
                (What::Other, Some(words.into()), None)
            }
            (0xD4, _) if cla & 0xF0 == 0x80 => {
                // P1 01 adds a key whose type is in the data; else it is the type of the key changed.
                let key_type = if p1 == 0x01 { data.first().copied() } else { Some(p1) };
                let words = key_type.and_then(|key_type| self.key(key_type, p2, false));
                (What::Other, words.or_else(|| Some(format!("key id {p2:02X}"))), None)
            }
            (0x20 | 0x24 | 0x26 | 0x28 | 0x2C, _) if cla == 0xA0 => {
                // UNBLOCK CHV says 00 for CHV1.
                (What::Other, Some(format!("CHV{}", if p2 == 0 { 1 } else { p2 })), None)
            }
            (0x82 | 0x88, _) if cla == 0x00 && !files::is_sim(self.kind) => {
                let key_type = if ins == 0x82 { 0x39 } else { 0x30 };
                (What::Other, self.key(key_type, p2, true).or_else(|| Some(format!("key id {p2:02X}"))), None)
            }
            _ => (What::Other, None, None),
        }
    }

    /// CHECK VALUE of an issuing card has the instruction too.
    fn buys_online(&self) -> bool {
        matches!(self.kind, Some(CardKind::Esam | CardKind::Psam | CardKind::TestCard))
    }

    /// `84 D4 01 00|FF 20` to an ESAM.
    fn is_download(&self, head: &[u8]) -> bool {
        self.kind == Some(CardKind::Esam) && matches!(head, [0x84, 0xD4, 0x01, 0x00 | 0xFF, 0x20, ..])
    }

    fn select(&mut self, p1: u8, data: &[u8]) -> (What, Option<String>, Option<String>) {
        match (p1, data) {
            (0x04, name) => {
                let usim = name.starts_with(&scheme::sim::USIM_AID);
                if usim {
                    self.kind.get_or_insert(CardKind::Uicc);
                }
                let (fid, words) =
                    if usim { (Some(scheme::sim::ADF_USIM), "ADF_USIM, ") } else { (None, "") };
                (What::Select(None, fid), Some(format!("{words}name {}", hex::encode_upper(name))), None)
            }
            // A path: the last of it is meant, in the one before it.
            (_, [above @ .., hi, lo]) => {
                let fid = self.identifier(*hi, *lo);
                let above = above.last_chunk::<2>().map(|[hi, lo]| self.identifier(*hi, *lo));
                let name = files::dir(self.kind, fid)
                    .or_else(|| files::file(self.kind, above.unwrap_or(self.dir), fid));
                (What::Select(above, Some(fid)), Some(named(fid, name)), None)
            }
            (0x00, []) => (What::Select(None, Some(Fid::MF)), Some(self.name(Fid::MF)), None),
            _ => (What::Select(None, None), None, None),
        }
    }

    /// 7FFF is the application that runs; of those we know, the USIM.
    fn identifier(&self, hi: u8, lo: u8) -> Fid {
        match Fid(u16::from_be_bytes([hi, lo])) {
            Fid(0x7FFF) if self.kind == Some(CardKind::Uicc) => scheme::sim::ADF_USIM,
            fid => fid,
        }
    }

    /// Of our cards a short identifier is the identifier; of a SIM it is said by the file alone.
    fn by_sfi(&self, sfi: u8) -> Option<Fid> {
        if files::is_sim(self.kind) { None } else { Some(Fid(u16::from(sfi))) }
    }

    /// Reading or writing a file.
    fn access(
        &self,
        read: bool,
        fid: Option<Fid>,
        record: Option<u8>,
        place: &str,
        whole: bool,
    ) -> (What, Option<String>, Option<String>) {
        let Some(fid) = fid else {
            return (What::Other, Some("a file not selected by its identifier".into()), None);
        };
        let row = files::row(self.kind, self.dir, fid);
        let right = row.map(|row| files::right(if read { row.read } else { row.write }));
        let condition = self.conditions.filter(|_| Some(fid) == self.file);
        let right = right
            .or_else(|| {
                condition.map(|(reads, updates)| files::condition(if read { reads } else { updates }))
            })
            .filter(|right| right != "always");
        let what = if read && whole { What::Read(fid, record) } else { What::Other };
        (what, Some(format!("{}{place}", self.name(fid))), right)
    }

    fn name(&self, fid: Fid) -> String {
        let known = files::dir(self.kind, fid).or_else(|| files::file(self.kind, self.dir, fid));
        named(fid, known)
    }

    fn key(&self, key_type: u8, id: u8, used: bool) -> Option<String> {
        let row = files::key(self.kind, key_type, id)?;
        let right = files::right(if used { row.use_right } else { row.change_right });
        let needs = if right == "always" { String::new() } else { format!(", which needs {right}") };
        Some(format!("key {} ({:02X}/{id:02X}){needs}", row.name(), key_type & 0x3F))
    }

    fn response(&mut self, bytes: &Bytes) -> Shown {
        let end = if bytes.hidden > 0 { &bytes.after } else { &bytes.before };
        let sw = end.last_chunk::<2>().map(|word| Sw(u16::from_be_bytes(*word)));
        let data = bytes.whole().and_then(|whole| whole.split_last_chunk::<2>()).map(|(data, _)| data);
        let taken = sw.is_some_and(|sw| sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x91 | 0x9F));
        let secret = self.redactor.answer(&self.last, taken);
        let hide = !self.reveal && (self.asked.secret.is_some() || secret);
        let mut shown = match (data, sw) {
            (Some(data), Some(sw)) if hide && !data.is_empty() => {
                plain('<', &with_hidden(&[], data.len(), &sw.bytes()))
            }
            _ => plain('<', &with_hidden(&bytes.before, bytes.hidden, &bytes.after)),
        };
        shown.sw = sw;
        let Some(sw) = sw else { return shown };
        shown.words = match sw.tries() {
            Some(tries) if self.asked.empty && matches!(self.asked.ins, VERIFY | UNBLOCK) => {
                format!("tries left: {tries}; none was spent")
            }
            _ => sw.explain_after(self.asked.dialect, self.asked.ins).to_owned(),
        };
        if shown.text.contains(HIDDEN) {
            let why = self.asked.secret.unwrap_or("a session key");
            shown.words.push_str(&format!("; hidden: {why}"));
        }
        // A file that is deactivated was selected all the same.
        if taken || matches!(sw.0, 0x6282..=0x6285) {
            self.follow();
        }
        if let Some(data) = data.filter(|data| !data.is_empty() && !hide) {
            shown.details = self.details(data);
        }
        shown
    }

    /// A SELECT was taken: what it selected is current.
    fn follow(&mut self) {
        let What::Select(above, Some(fid)) = self.asked.what else { return };
        // DFs and ADFs of SIMs are 7Fxx, of our cards DFxx; a directory we do not know shows itself by its answer.
        let is_dir = matches!(fid.0 >> 8, 0x3F | 0x7F | 0x5F | 0xDF) || files::dir(self.kind, fid).is_some();
        if let Some(above) = above.filter(|_| !is_dir) {
            (self.dir, self.file) = (above, None);
        }
        if is_dir {
            (self.dir, self.file, self.conditions) = (fid, None, None);
        } else if self.file != Some(fid) {
            (self.file, self.conditions) = (Some(fid), None);
        }
    }

    fn details(&mut self, data: &[u8]) -> Vec<String> {
        match self.asked.what {
            What::Select(..) | What::Status if self.asked.dialect == Dialect::Gsm => {
                match Selected::parse("SELECT", data) {
                    Ok(answer) => {
                        if let Selected::File(file) = &answer {
                            self.conditions = Some((file.read, file.update));
                        }
                        answers::selected(&answer)
                    }
                    Err(_) => Vec::new(),
                }
            }
            What::Select(..) | What::Status => objects::explain(data),
            What::Read(fid, record) => {
                if let (scheme::profile::EF_CARD_INFO, Ok(info)) = (fid, CardInfo::parse(data)) {
                    self.kind.get_or_insert(info.kind);
                }
                answers::content(self.kind, fid, record, data)
            }
            What::Certificate => answers::certificate(data),
            What::Online => online::answer(data),
            What::Balance => answers::balance(data),
            What::Key => answers::key(data),
            What::Other => Vec::new(),
        }
    }
}

fn named(fid: Fid, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{:04X} {name}", fid.0),
        None => format!("{:04X}", fid.0),
    }
}

fn plain(mark: char, text: &str) -> Shown {
    Shown { mark, text: text.to_owned(), words: String::new(), details: Vec::new(), sw: None }
}

/// Commands about signing keys [docs/specs/signatures.md 5].
const READ_CERTIFICATE: u8 = 0x76;
const STORE_CERTIFICATE: u8 = 0x78;
const CERTIFY: u8 = 0x7A;

/// The online purchase [docs/specs/online.md 4, 5].
const ONLINE: u8 = 0x4E;

/// VERIFY and UNBLOCK PIN ask for the tries when they carry no data [docs/specs/sim.md, PINs of a UICC].
const VERIFY: u8 = 0x20;
const UNBLOCK: u8 = 0x2C;

/// In the text of a line with a hidden stretch.
const HIDDEN: &str = " hidden]";

fn with_hidden(before: &[u8], hidden: usize, after: &[u8]) -> String {
    let note = match hidden {
        0 => String::new(),
        1 => "[1 byte hidden]".to_owned(),
        n => format!("[{n} bytes hidden]"),
    };
    let parts = [hex::encode_upper(before), note, hex::encode_upper(after)];
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}
