//! Frames of a meter's port, one by itself or a capture of a line [docs/specs/dlt645.md].

use super::hand::Hand;
use super::said::{Failing, Part, Place};
use super::spot::Spot;
use reader::dlt645::AskError;
use reader::parameter::{self, turned};
use reader::security::identifier;
use scheme::Fault;
use scheme::field::{INCREASE, MAC_LEN, Span, command_mac};
use scheme::money::Fen;
use scheme::refusal::{Cure, Refusal};
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Frame, FrameError, Identifier, Receiver, START, function};
use wire::typed;

/// Bytes of a frame before its DATA, without those that wake.
pub const BEFORE_DATA: usize = 10;
/// Bytes of a frame around its DATA.
const AROUND: usize = 12;

/// Every frame there is in what was heard on a line, broken ones too. Empty: there is none.
pub fn all(bytes: &[u8], hand: &Hand<'_>) -> Vec<Spot> {
    let mut receiver = Receiver::new();
    let (mut spots, mut session) = (Vec::new(), Session::default());
    for (at, byte) in bytes.iter().enumerate() {
        for found in receiver.push(&[*byte]) {
            let (from, end) = span(bytes, at, &found);
            let heard = Heard { bytes: bytes.get(from..end).unwrap_or_default(), from };
            let is_whole = found.is_ok();
            let part = match found {
                Ok(frame) => good(&heard, &frame, &mut session, hand),
                Err(error) => broken(&heard, error),
            };
            spots.push(Spot { from, end, is_whole, part });
        }
    }
    // What was cut at the end of a capture, and what stands behind a byte that was taken for a beginning.
    if receiver.is_waiting()
        && let Some(from) =
            cut(bytes, spots.iter().rfind(|spot: &&Spot| spot.is_whole).map_or(0, |spot| spot.end))
    {
        let heard = Heard { bytes: bytes.get(from..).unwrap_or_default(), from };
        let wanted = heard.bytes.get(9).map_or(AROUND, |len| AROUND + usize::from(*len));
        let words = format!("the frame has {wanted} bytes, {} of them are here", heard.bytes.len());
        let place = Some(heard.place(heard.bytes.len().saturating_sub(1), 1));
        let part = Part::new("a frame of DL/T 645 that is cut").fails(of_line("frame-cut", words, place));
        spots.push(Spot { from, end: bytes.len(), is_whole: false, part });
    }
    spots
}

/// The good frames in a capture: bytes as they were heard, or a listing of them in hexadecimal digits.
pub fn heard(capture: &[u8]) -> Vec<Frame> {
    let text = std::str::from_utf8(capture).ok().map(listing).filter(|bytes| !bytes.is_empty());
    let bytes = text.as_deref().unwrap_or(capture);
    let mut receiver = Receiver::new();
    let mut found = receiver.push(bytes);
    found.extend(receiver.silence());
    found.into_iter().flatten().collect()
}

/// What was heard on a line, out of a listing: the last run of hexadecimal digits of each line that has one, as listings have a time
/// and a direction before them. Lines that begin with `#` are words.
pub fn listing(text: &str) -> Vec<u8> {
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let digits = |word: &&&str| typed::bytes(word).is_ok_and(|bytes| !bytes.is_empty());
        let run: Vec<&str> = words.iter().rev().take_while(digits).copied().collect();
        run.into_iter().rev().filter_map(|word| typed::bytes(word).ok()).collect::<Vec<_>>().concat()
    };
    text.lines().filter(|line| !line.starts_with('#')).flat_map(of_line).collect()
}

/// A frame as it was heard, and where it begins.
pub struct Heard<'b> {
    /// Its bytes.
    pub bytes: &'b [u8],
    /// Its first one's place.
    pub from: usize,
}

impl Heard<'_> {
    /// A place in it.
    pub fn place(&self, from: usize, len: usize) -> Place {
        let found = Place::new("frame", self.bytes, from, len);
        Place { from: self.from + from, ..found }
    }

    /// A place in DATA, whose bytes are shown as they were before the line.
    fn data(&self, frame: &Frame, from: usize, len: usize) -> Place {
        let found = Place::new("frame", &frame.data, from, len);
        Place { from: self.from + BEFORE_DATA + from, ..found }
    }
}

/// What went before on this line.
#[derive(Default)]
pub struct Session {
    /// The random 4 bytes an ESAM gave, and at which meter.
    random: Option<(Address, [u8; 4])>,
}

/// Where a frame stands that ends at a byte.
fn span(bytes: &[u8], at: usize, found: &Result<Frame, FrameError>) -> (usize, usize) {
    let end = at + 1;
    let from = match found {
        Ok(frame) => end.saturating_sub(AROUND + frame.data.len()),
        Err(_) => (0..end).find(|from| is_frame(bytes, *from, end)).unwrap_or(at),
    };
    (from, end)
}

fn is_frame(bytes: &[u8], from: usize, end: usize) -> bool {
    let byte = |n: usize| bytes.get(from + n).copied();
    (byte(0), byte(7)) == (Some(START), Some(START))
        && byte(9).is_some_and(|len| from + AROUND + usize::from(len) == end)
}

/// Where a frame begins that does not end, behind the last whole one.
fn cut(bytes: &[u8], behind: usize) -> Option<usize> {
    let byte = |n: usize| bytes.get(n).copied();
    (behind..bytes.len()).find(|from| {
        byte(*from) == Some(START)
            && byte(from + 7) == Some(START)
            && byte(from + 9).is_some_and(|len| from + AROUND + usize::from(len) > bytes.len())
    })
}

fn of_line(check: &str, words: String, place: Option<Place>) -> Failing {
    Failing::other(check, words, place, Cure::Customer)
}

fn broken(heard: &Heard<'_>, error: FrameError) -> Part {
    let len = heard.bytes.len();
    let place = match error {
        FrameError::Sum { .. } => heard.place(len.saturating_sub(2), 1),
        FrameError::End(_) => heard.place(len.saturating_sub(1), 1),
        FrameError::TooLong(_) => heard.place(9, 1),
    };
    let mut part = Part::new("a broken frame of DL/T 645");
    part.say("bytes", format!("{len}, as heard"), Some(heard.place(0, len)));
    let words = format!("{error}: look at line, speed and parity, and ask again");
    part.fails(of_line(error.code(), words, Some(place)))
}

/// What a whole frame says; places in DATA are those of [`BEFORE_DATA`] bytes behind its first.
pub fn good(heard: &Heard<'_>, frame: &Frame, session: &mut Session, hand: &Hand<'_>) -> Part {
    let control = frame.control;
    let side = match (control.is_answer(), control.is_refusal()) {
        (false, _) => "request",
        (true, false) => "answer",
        (true, true) => "refusal",
    };
    let mut part = Part::new(format!("a frame of DL/T 645: {side}, {}", function_words(control.function())));
    part.say("address", address(frame.address), Some(heard.place(1, 6)));
    part.say("control", format!("{:02X}", control.0), Some(heard.place(8, 1)));
    part.say("data", format!("{} bytes", frame.data.len()), Some(heard.place(9, 1)));
    if control.is_refusal() {
        return refusal(part, heard, frame);
    }
    if control.has_more() {
        part.say("more", "another frame has the rest", Some(heard.place(8, 1)));
    }
    match control.function() {
        function::SECURITY => security(part, heard, frame, session, hand),
        function::READ | function::READ_ON | function::WRITE => data(part, heard, frame),
        function::CONTROL if !control.is_answer() => {
            let rows = [("level", 1), ("operator level", 3), ("operator", 4), ("sealed", 16), ("MAC", 4)];
            laid_out(&mut part, heard, frame, 0, &rows);
            part.open("sealed for the ESAM of one meter and its random")
        }
        _ => {
            if !frame.data.is_empty() {
                let place = heard.data(frame, 0, frame.data.len());
                part.say("as sent", place.hex.clone(), Some(place));
            }
            part.passes("a whole frame; nothing in it is to be checked")
        }
    }
}

fn address(address: Address) -> String {
    match address {
        Address::WILDCARD => "AAAAAAAAAAAA, whoever hears it".to_owned(),
        Address::BROADCAST => "999999999999, all, and none answers".to_owned(),
        other => other.to_string(),
    }
}

const fn function_words(of: u8) -> &'static str {
    match of {
        function::SECURITY => "security",
        function::BROADCAST_TIME => "the time, told to all",
        function::READ => "reading",
        function::READ_ON => "reading the rest",
        function::READ_ADDRESS => "reading the address",
        function::WRITE => "writing",
        function::WRITE_ADDRESS => "writing the address",
        function::FREEZE => "freezing",
        function::SPEED => "another speed",
        function::PASSWORD => "a password",
        function::CLEAR_DEMAND => "clearing the demand",
        function::CLEAR_METER => "clearing the meter",
        function::CLEAR_EVENTS => "clearing the events",
        function::CONTROL => "control",
        _ => "an unknown function",
    }
}

/// A refusal: its word, and of security who can do something about it.
fn refusal(mut part: Part, heard: &Heard<'_>, frame: &Frame) -> Part {
    let error = AskError::Refused(frame.data.clone());
    let place = heard.data(frame, 0, frame.data.len());
    part.say("word", place.hex.clone(), Some(place.clone()));
    let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
    let bits = match frame.data[..] {
        [low, high] => u16::from_le_bytes([low, high]).trailing_zeros(),
        _ => 16,
    };
    // What the word says in the terms of the meter's own checks.
    let same = match bits {
        1 => Some(Refusal::CountOlder),
        2 => Some(Refusal::Mac),
        4 => Some(Refusal::CustomerNumber),
        5 => Some(Refusal::CountSkipped),
        6 => Some(Refusal::OverCeiling),
        _ => None,
    };
    let cure = match (same, bits) {
        (Some(refusal), _) => refusal.cure(),
        (None, 3) => Cure::City,
        (None, 8) => Cure::Customer,
        _ => Cure::Service,
    };
    let mut failing = Failing::other(error.code(), format!("{error}{hint}"), Some(place), cure);
    failing.field_error = same.map(Refusal::field_error);
    failing.display = same.map(Refusal::display);
    part.fails(failing)
}

/// Reading and writing: the identifier, and the value in words.
fn data(mut part: Part, heard: &Heard<'_>, frame: &Frame) -> Part {
    let Some((about, value)) = Identifier::split(&frame.data) else {
        return match frame.data.is_empty() {
            true => part.passes("a whole frame"),
            false => {
                let place = Some(heard.data(frame, 0, frame.data.len()));
                part.fails(of_line("identifier", "DATA is shorter than an identifier".to_owned(), place))
            }
        };
    };
    let item = Item::of(about);
    let name = item.map_or("none this program knows", |item| item.name);
    part.say("identifier", format!("{about}, {name}"), Some(heard.data(frame, 0, 4)));
    if value.is_empty() {
        return part.passes("a whole frame");
    }
    if frame.control.is_answer() {
        let shown = item.map_or_else(|| hex::encode_upper(value), |item| item.form.show(value));
        part.say("value", shown, Some(heard.data(frame, 4, value.len())));
        return part.passes("a whole frame");
    }
    let at = laid_out(&mut part, heard, frame, 4, &[("level", 1), ("operator level", 3), ("operator", 4)]);
    let sealed = matches!(value.first(), Some(&(parameter::PLAIN | parameter::ENCIPHERED)));
    let tail = if sealed { MAC_LEN } else { 0 };
    let body = frame.data.len().saturating_sub(at + tail);
    part.say("written", format!("{body} bytes"), Some(heard.data(frame, at, body)));
    if !sealed {
        return part.passes("a whole frame, by a password: nothing of it is proved");
    }
    part.say("MAC", "of the ESAM's random", Some(heard.data(frame, at + body, tail)));
    part.open("sealed for the ESAM of one meter and its random")
}

/// Fields one after another, each turned round as it is read; says where the next begins.
fn laid_out(part: &mut Part, heard: &Heard<'_>, frame: &Frame, from: usize, rows: &[(&str, usize)]) -> usize {
    let mut at = from;
    for (name, len) in rows {
        let Some(field) = frame.data.get(at..at + len) else { break };
        let turned = turned(field);
        let value = match (*name, turned.as_slice()) {
            ("money" | "amount", [a, b, c, d]) => Fen(u32::from_be_bytes([*a, *b, *c, *d])).to_string(),
            ("count", [a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]).to_string(),
            _ => hex::encode_upper(&turned),
        };
        part.say(*name, value, Some(heard.data(frame, at, *len)));
        at += len;
    }
    at
}

/// A row of security: identifier, name, fields of the request behind the operator, fields of the answer.
type Row = (Identifier, &'static str, &'static [(&'static str, usize)], &'static [(&'static str, usize)]);

#[rustfmt::skip]
static SECURITY: &[Row] = &[
    (identifier::IDENTITY, "identity authentication", &[("cipher", 8), ("random", 8), ("factor", 8)], &[("ESAM's random", 4), ("ESAM", 8)]),
    (identifier::VALIDITY, "validity of an authentication", &[("minutes", 2), ("MAC", 4)], &[]),
    (identifier::END, "end of an authentication", &[], &[("customer", 6), ("money", 4), ("count", 4), ("keys", 4)]),
    (identifier::INFRARED, "infrared authentication", &[("cipher", 8)], &[]),
    (identifier::OPEN, "opening of an account", &RECHARGE, &[]),
    (identifier::RECHARGE, "recharge", &RECHARGE, &[]),
    (identifier::SET_PURSE, "beginning of a purse", &[("amount", 4), ("MAC", 4), ("count", 4), ("MAC", 4)], &[]),
    (identifier::KEYS, "key download", &[], &[]),
    (identifier::READ_BACK, "reading a file back", &[("length", 2), ("offset", 2), ("file", 2), ("directory", 2)], &[]),
    (identifier::INFRARED_REQUEST, "infrared request", &[("random", 8)], &[("meter", 6), ("ESAM", 8), ("cipher", 8), ("ESAM's random", 8)]),
    (identifier::STATUS, "status of the purse", &[], &[("money", 4), ("MAC", 4), ("count", 4), ("MAC", 4), ("customer", 6), ("keys", 4)]),
    (identifier::ONLINE_REQUEST, "first half of an online purchase", &[], &[]),
    (identifier::ONLINE_ORDER, "second half of an online purchase", &[], &[]),
];

const RECHARGE: [(&str, usize); 5] =
    [("amount", 4), ("count", 4), ("MAC of money", 4), ("customer", 6), ("MAC of customer", 4)];

fn security(
    mut part: Part,
    heard: &Heard<'_>,
    frame: &Frame,
    session: &mut Session,
    hand: &Hand<'_>,
) -> Part {
    let Some((about, rest)) = Identifier::split(&frame.data) else {
        let place = Some(heard.data(frame, 0, frame.data.len()));
        return part.fails(of_line("identifier", "DATA is shorter than an identifier".to_owned(), place));
    };
    let row = SECURITY.iter().find(|(id, ..)| *id == about);
    let name = row.map_or("none this program knows", |(_, name, ..)| name);
    part.say("identifier", format!("{about}, {name}"), Some(heard.data(frame, 0, 4)));
    let is_answer = frame.control.is_answer();
    let mut at = 4;
    if !is_answer {
        at = laid_out(&mut part, heard, frame, at, &[("operator", 4)]);
    }
    let rows = row.map_or(&[][..], |(_, _, request, answer)| if is_answer { answer } else { request });
    let wanted: usize = rows.iter().map(|(_, len)| len).sum();
    at = laid_out(&mut part, heard, frame, at, rows);
    if let Some(left) = frame.data.get(at..).filter(|left| !left.is_empty()) {
        part.say("further", hex::encode_upper(left), Some(heard.data(frame, at, left.len())));
    }
    if wanted > 0 && frame.data.len() != at {
        let words = format!("{name} has {wanted} bytes behind the operator, this has another length");
        let place = Some(heard.data(frame, at, frame.data.len().saturating_sub(at)));
        return part.fails(of_line("meter-answer", words, place));
    }
    if is_answer {
        if let (identifier::IDENTITY, Some(random)) = (about, rest.first_chunk::<4>()) {
            let [a, b, c, d] = *random;
            session.random = Some((frame.address, [d, c, b, a]));
        }
        return part.open("whole; what it states is checked by whoever asked");
    }
    if about == identifier::IDENTITY {
        session.random = None;
    }
    match (about, session.random) {
        (identifier::OPEN | identifier::RECHARGE, Some((meter, random))) if meter == frame.address => {
            recharge(part, heard, frame, random, hand)
        }
        (identifier::OPEN | identifier::RECHARGE, _) => {
            part.open("its MACs are over the ESAM's random, which an answer to identity authentication before it would show")
        }
        _ => part.open("sealed for the ESAM of one meter and its random"),
    }
}

/// The MACs of a recharge, by the keys at hand and the random before it.
fn recharge(part: Part, heard: &Heard<'_>, frame: &Frame, random: [u8; 4], hand: &Hand<'_>) -> Part {
    let field = |from: usize, len: usize| frame.data.get(from..from + len).map(turned).unwrap_or_default();
    let (money, money_mac) = ([field(8, 4), field(12, 4)].concat(), field(16, 4));
    let (customer, customer_mac) = (field(20, 6), field(26, 4));
    for opener in hand.openers {
        let fits = |header: [u8; 5], data: &[u8], mac: &[u8], key: &keys::Key| {
            keys::equal(&command_mac(key, random, &header, data)[..MAC_LEN], mac)
        };
        let money_fits = fits(INCREASE, &money, &money_mac, &opener.money);
        let customer_fits = fits(Span::CUSTOMER.write(), &customer, &customer_mac, &opener.param);
        if !money_fits && hand.openers.len() > 1 {
            continue;
        }
        let wrong =
            if !money_fits { Some((16, "money")) } else { (!customer_fits).then_some((26, "customer")) };
        return match wrong {
            None => part.passes(format!("both MACs are by the keys of {}, for this random", opener.name)),
            Some((from, what)) => {
                let why = format!(
                    "the MAC of the {what} is not by the keys of {}, or not for this random",
                    opener.name
                );
                part.fails(Failing::refusal(Refusal::Mac, Some(why), Some(heard.data(frame, from, 4))))
            }
        };
    }
    part.open(hand.why_shut())
}
