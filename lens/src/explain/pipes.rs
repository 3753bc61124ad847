//! Frames of the port of gas and water meters, by themselves or in a capture of a line [docs/specs/cjt188.md].

use super::frames::{BEFORE_DATA as INSIDE_BEFORE_DATA, Heard, Session, good as inside};
use super::hand::Hand;
use super::said::{Failing, Line, Part, Place};
use super::spot::Spot;
use reader::cjt188::PipeError;
use scheme::Fault;
use scheme::money::Fen;
use scheme::refusal::Cure;
use wire::cjt188::values::{Metered, Prices, Purchases};
use wire::cjt188::{Address, ByteOrder, Frame, Identifier, Kind, Receiver, Status, function, unit, valve};
use wire::dlt645;
use wire::frames::{END, START, sum};

/// Bytes of a frame before its DATA, without those that wake.
const BEFORE_DATA: usize = 11;
/// Bytes of a frame around its DATA.
const AROUND: usize = 13;
/// Bytes of DATA before the control byte of a frame inside: identifier and number.
const HEAD: usize = 3;
/// Bytes of a command to the valve under a seal.
const SEALED: usize = 20;

/// Every frame there is in what was heard on a line, broken ones too, and one that is cut at its end. Empty: there is none.
pub fn all(bytes: &[u8], hand: &Hand<'_>) -> Vec<Spot> {
    let (mut spots, mut session, mut from) = (Vec::new(), Session::default(), 0);
    while from < bytes.len() {
        let Some(end) = whole(bytes, from) else {
            from += 1;
            continue;
        };
        let heard = Heard { bytes: bytes.get(from..end).unwrap_or_default(), from };
        match Receiver::new().push(heard.bytes).pop() {
            Some(Ok(frame)) => {
                let part = good(&heard, &frame, &mut session, hand);
                spots.push(Spot { from, end, is_whole: true, part });
                from = end;
            }
            // A byte 68 and a letter may stand anywhere: without its last byte nothing says that it is a frame.
            _ if heard.bytes.last() == Some(&END) => {
                spots.push(Spot { from, end, is_whole: false, part: broken(&heard) });
                from += 1;
            }
            _ => from += 1,
        }
    }
    let behind = spots.last().map_or(0, |spot: &Spot| spot.end);
    spots.extend(cut(bytes, behind));
    spots
}

/// Where a frame ends that begins here, if all of it is there.
fn whole(bytes: &[u8], from: usize) -> Option<usize> {
    let end = begun(bytes.get(from..)?)? + from;
    (end <= bytes.len()).then_some(end)
}

/// How many bytes a frame has that these begin.
fn begun(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [START, kind, ..] if Kind(*kind).is_one() => {
            bytes.get(BEFORE_DATA - 1).map(|len| AROUND + usize::from(*len))
        }
        _ => None,
    }
}

/// A frame that does not end: it begins behind these bytes, and is about something known.
fn cut(bytes: &[u8], behind: usize) -> Option<Spot> {
    (behind..bytes.len()).find_map(|from| {
        let heard = Heard { bytes: bytes.get(from..)?, from };
        let wanted = begun(heard.bytes).filter(|wanted| *wanted > heard.bytes.len())?;
        let (about, ..) = Identifier::split(heard.bytes.get(BEFORE_DATA..)?)?;
        name(about)?;
        let words = format!("the frame has {wanted} bytes, {} of them are here", heard.bytes.len());
        let place = heard.place(heard.bytes.len().saturating_sub(1), 1);
        let failing = Failing::other("frame-cut", words, Some(place), Cure::Customer);
        let part = Part::new("a frame of CJ/T 188 that is cut").fails(failing);
        Some(Spot { from, end: bytes.len(), is_whole: false, part })
    })
}

fn broken(heard: &Heard<'_>) -> Part {
    let len = heard.bytes.len();
    let wanted = sum(heard.bytes.get(..len.saturating_sub(2)).unwrap_or_default());
    let found = heard.bytes.get(len.saturating_sub(2)).copied().unwrap_or_default();
    let error = wire::frames::FrameError::Sum { found, wanted };
    let mut part = Part::new("a broken frame of CJ/T 188");
    part.say("bytes", format!("{len}, as heard"), Some(heard.place(0, len)));
    let words = format!("{error}: look at line, speed and parity, and ask again");
    let place = heard.place(len.saturating_sub(2), 1);
    part.fails(Failing::other(error.code(), words, Some(place), Cure::Customer))
}

/// The name of what an identifier names.
const fn name(about: Identifier) -> Option<&'static str> {
    Some(match about {
        Identifier::METERED => "what is metered now",
        Identifier::PRICES => "prices",
        Identifier::PURCHASES => "purchases",
        Identifier::KEY_VERSION => "version of the key",
        Identifier::ADDRESS => "the address",
        Identifier::VALVE => "the valve",
        Identifier::CARRIED => "a frame of DL/T 645 inside",
        Identifier(0x8103) => "day of settlement",
        Identifier(0x8104) => "day of reading",
        Identifier(0xD120..=0xD12B) => "a month that is over",
        Identifier(0xA010) => "table of prices, to be written",
        Identifier(0xA011) => "day of settlement, to be written",
        Identifier(0xA012) => "day of reading, to be written",
        Identifier(0xA013) => "a purchase, to be written",
        Identifier(0xA014) => "a key, to be written",
        Identifier(0xA015) => "the time, to be written",
        Identifier(0xA016) => "where the register begins",
        Identifier(0xA018) => "the address, to be written",
        Identifier(0xA019) => "the end of the factory",
        _ => return None,
    })
}

fn kind(kind: Kind) -> &'static str {
    match kind.0 {
        0x10 => "cold water",
        0x11..=0x19 => "water",
        0x20..=0x29 => "heat",
        0x30..=0x39 => "gas",
        0xAA => "any meter",
        _ => "something else",
    }
}

fn address(address: Address) -> String {
    match (address, address.number()) {
        (Address::WILDCARD, _) => "AAAAAAAAAAAAAA, whoever hears it".to_owned(),
        (_, Some(number)) => format!("{address}, meter {}", hex::encode(number)),
        _ => address.to_string(),
    }
}

const fn function_words(of: u8) -> &'static str {
    match of {
        function::READ => "reading",
        function::READ_ADDRESS => "reading the address",
        function::WRITE => "writing",
        function::READ_KEY => "reading the version of the key",
        function::WRITE_ADDRESS => "writing the address",
        function::SYNC => "writing the register",
        _ => "an unknown function",
    }
}

/// A place in DATA.
fn data(heard: &Heard<'_>, from: usize, len: usize) -> Place {
    heard.place(BEFORE_DATA + from, len)
}

fn good(heard: &Heard<'_>, frame: &Frame, session: &mut Session, hand: &Hand<'_>) -> Part {
    let control = frame.control;
    let side = match (control.is_answer(), control.is_refusal()) {
        (false, _) => "request",
        (true, false) => "answer",
        (true, true) => "refusal",
    };
    let mut part = Part::new(format!("a frame of CJ/T 188: {side}, {}", function_words(control.function())));
    part.say("kind", format!("{:02X}, {}", frame.kind.0, kind(frame.kind)), Some(heard.place(1, 1)));
    part.say("address", address(frame.address), Some(heard.place(2, 7)));
    part.say("control", format!("{:02X}", control.0), Some(heard.place(9, 1)));
    part.say("data", format!("{} bytes", frame.data.len()), Some(heard.place(10, 1)));
    if control.is_refusal() {
        return refusal(part, heard, frame);
    }
    let Some((about, order, rest)) = Identifier::split(&frame.data) else {
        let place = Some(data(heard, 0, frame.data.len()));
        let words = "DATA is shorter than an identifier".to_owned();
        return part.fails(Failing::other("identifier", words, place, Cure::Customer));
    };
    let order = match order {
        ByteOrder::LowFirst => "low byte first",
        ByteOrder::HighFirst => "high byte first",
    };
    let named = name(about).unwrap_or("none this program knows");
    part.say("identifier", format!("{about}, {named} ({order})"), Some(data(heard, 0, 2)));
    let [number, value @ ..] = rest else { return part.passes("a whole frame without a number") };
    part.say("number", number.to_string(), Some(data(heard, 2, 1)));
    if value.is_empty() {
        return part.passes("a whole frame; nothing in it is to be checked");
    }
    match (about, control.is_answer()) {
        (Identifier::CARRIED, _) => carried(part, heard, frame, session, hand),
        (Identifier::VALVE, false) => command(part, heard, value),
        (_, true) => answer(part, heard, about, value),
        _ => {
            part.say("written", format!("{} bytes", value.len()), Some(data(heard, HEAD, value.len())));
            part.passes("a whole frame; nothing of it is proved, and a meter of ours refuses it")
        }
    }
}

/// A refusal: number of the request, state, and our word in the place of its second byte.
fn refusal(mut part: Part, heard: &Heard<'_>, frame: &Frame) -> Part {
    let place = data(heard, 0, frame.data.len());
    let [number, first, word] = frame.data[..] else {
        let words = "a refusal has a number and a state".to_owned();
        return part.fails(Failing::other("pipe-answer", words, Some(place), Cure::Service));
    };
    part.say("number", number.to_string(), Some(data(heard, 0, 1)));
    let status = Status::of([first, 0]);
    part.say("valve", valve_words(status), Some(data(heard, 1, 1)));
    let error = PipeError::Refused(word);
    let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
    let cure = if word.trailing_zeros() == 2 { Cure::City } else { Cure::Service };
    part.fails(Failing::other(error.code(), format!("{error}{hint}"), Some(data(heard, 2, 1)), cure))
}

const fn valve_words(status: Status) -> &'static str {
    match status.valve {
        0 => "open",
        1 => "closed",
        3 => "does not move",
        _ => "unknown",
    }
}

/// The state in words, with the maker's byte as meters of ours have it.
fn state(status: Status) -> String {
    const OURS: [&str; 6] = [
        "a magnet was there",
        "silent for too long",
        "the purse is spent",
        "the battery is weak",
        "it leaks",
        "it flowed too long or too much",
    ];
    let set = |(bit, words): (usize, &&'static str)| (status.maker & 1 << bit != 0).then_some(*words);
    let mut words = vec![valve_words(status)];
    words.extend(status.battery_low.then_some("the battery is low"));
    words.extend(OURS.iter().enumerate().filter_map(set));
    words.join(", ")
}

fn volume(value: u64, of: u8) -> String {
    let name = match of {
        unit::CUBIC_METRE => "m3".to_owned(),
        unit::LITRE => "l".to_owned(),
        unit::KWH => "kWh".to_owned(),
        other => format!("of unit {other:02X}"),
    };
    format!("{}.{:02} {name}", value / 100, value % 100)
}

fn yuan(fen: u64) -> String {
    u32::try_from(fen).map_or_else(|_| format!("{fen} fen"), |fen| Fen(fen).to_string())
}

/// What a meter says behind identifier and number.
fn answer(mut part: Part, heard: &Heard<'_>, about: Identifier, value: &[u8]) -> Part {
    let at = |from: usize, len: usize| Some(data(heard, HEAD + from, len));
    let known = match about {
        Identifier::METERED => Metered::of(value).map(|said| {
            part.say("metered", volume(said.current, said.unit), at(0, 5));
            part.say("at the day of settlement", volume(said.settled, said.settled_unit), at(5, 5));
            let time = scheme::Moment::new(said.time);
            part.say(
                "time",
                time.map_or_else(|_| hex::encode(said.time), |time| time.to_string()),
                at(10, 7),
            );
            part.say("state", state(said.status), at(17, 2));
        }),
        Identifier::PRICES => Prices::of(value).map(|said| {
            for (n, price) in said.prices.iter().enumerate() {
                part.say(format!("price {}", n + 1), yuan(*price), at(6 * n, 3));
            }
            for (n, amount) in said.amounts.iter().enumerate() {
                part.say(format!("step {} ends at", n + 1), format!("{amount} m3"), at(3 + 6 * n, 3));
            }
        }),
        Identifier::PURCHASES => Purchases::of(value).map(|said| {
            part.say("purchases", format!("{} (modulo 256)", said.number), at(0, 1));
            for (n, (name, fen)) in
                [("the last", said.last), ("all", said.all), ("left", said.left)].into_iter().enumerate()
            {
                part.say(name, yuan(fen), at(1 + 4 * n, 4));
            }
            part.say("state", state(said.status), at(13, 2));
        }),
        Identifier::VALVE => value.try_into().ok().map(|bytes| {
            part.say("state", state(Status::of(bytes)), at(0, 2));
        }),
        _ => {
            part.say("value", hex::encode_upper(value), at(0, value.len()));
            Some(())
        }
    };
    match known {
        Some(()) => part.passes("a whole frame; nothing in it is proved"),
        None => {
            let words = format!("this is no value of {about}: another length, or letters among its digits");
            part.fails(Failing::other("pipe-answer", words, at(0, value.len()), Cure::Service))
        }
    }
}

/// A command to the valve: one byte proves nothing, 20 are sealed.
fn command(mut part: Part, heard: &Heard<'_>, value: &[u8]) -> Part {
    let place = Some(data(heard, HEAD, value.len()));
    match value {
        [act] => {
            let words = match *act {
                valve::OPEN => "open it",
                valve::CLOSE => "close it",
                _ => "a maker's own",
            };
            part.say("command", format!("{act:02X}, {words}"), place);
            part.passes("a whole frame; it proves nothing, and a meter of ours refuses and counts it")
        }
        sealed if sealed.len() == SEALED => {
            part.say("MAC, then sealed", "turned round as a whole", place);
            part.open("sealed for the ESAM of one meter and its random")
        }
        _ => {
            let words = "a command has one byte, or 20 under a seal".to_owned();
            part.fails(Failing::other("pipe-answer", words, place, Cure::Service))
        }
    }
}

/// A frame of DL/T 645 inside: its control byte and DATA, explained as on its own line.
fn carried(mut part: Part, heard: &Heard<'_>, frame: &Frame, session: &mut Session, hand: &Hand<'_>) -> Part {
    let (Some(number), Some([control, sent @ ..])) = (frame.address.number(), frame.data.get(HEAD..)) else {
        return part.open("for whoever hears it, or without a frame inside");
    };
    let carried = dlt645::Frame {
        address: dlt645::Address(number),
        control: dlt645::Control(*control),
        data: sent.to_vec(),
    };
    // Its DATA stands behind the control byte, where its own line would have ten bytes before it.
    let from = heard.from + BEFORE_DATA + HEAD + 1 - INSIDE_BEFORE_DATA;
    let found = inside(&Heard { bytes: &[], from }, &carried, session, hand);
    part.say("inside", found.what.clone(), Some(data(heard, HEAD, 1)));
    let of_data = |line: &Line| !matches!(line.name.as_str(), "address" | "control" | "data");
    part.lines.extend(found.lines.into_iter().filter(of_data));
    Part { verdict: found.verdict, ..part }
}
