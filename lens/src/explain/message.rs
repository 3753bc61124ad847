//! Messages of a SIM: records, TPDUs, secured packets, and the order or receipt in them.

use super::hand::{Hand, Opener};
use super::money;
use super::said::{Failing, Part, Place};
use super::single;
use super::trial::{self, Said};
use crate::packet::outside;
use scheme::order;
use scheme::refusal::{Cure, Refusal};
use scheme::signing::{CARRIED, CARRIED_COUNT};
use wire::packet::{
    COMMAND_UDH, CommandPacket, PacketError, RESPONSE_UDH, ResponsePacket, SPI, Security, Spi, TAR,
};
use wire::sms::content::Ours;
use wire::sms::outside::Outside;
use wire::sms::parts;
use wire::sms::record::{RECORD_LEN, RecordError, SmsRecord};
use wire::sms::text;
use wire::sms::tpdu::{Direction, IE_COMMAND_PACKET, Tpdu, read_service_centre};
use wire::tlv;

/// How our receipts are protected: what the SPI of our orders asks for.
const OF_RECEIPTS: Security = Security { cc: true, ciphered: true };

/// One record of EF_SMS, or the two of a signed order or receipt.
pub fn records(bytes: &[u8], hand: &Hand<'_>) -> Vec<Part> {
    let mut parts: Vec<(Part, Option<Tpdu>)> = bytes.chunks(RECORD_LEN).map(record).collect();
    let joined = match parts.as_slice() {
        [(_, Some(first)), (_, Some(second))] if parts::belong(first, second) => {
            Some(parts::body(first, second))
        }
        _ => None,
    };
    let tpdus: Vec<Tpdu> = parts.iter().filter_map(|(_, tpdu)| tpdu.clone()).collect();
    if let (Some(body), Some((part, Some(first)))) = (joined, parts.first_mut()) {
        let packet = with_header(first, &body);
        *part = sealed(std::mem::replace(part, Part::new("")), &packet, &tpdus, hand);
        if let Some((second, _)) = parts.get_mut(1) {
            *second = std::mem::replace(second, Part::new("")).passes("it belongs to the one before");
        }
    } else {
        for (part, tpdu) in &mut parts {
            let Some(tpdu) = tpdu else { continue };
            *part = of_tpdu(std::mem::replace(part, Part::new("")), tpdu, hand);
        }
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

/// What stands around the message of a record.
fn record(bytes: &[u8]) -> (Part, Option<Tpdu>) {
    let at = |from, len| Some(Place::new("record", bytes, from, len));
    match SmsRecord::read(bytes) {
        Ok(None) => {
            (Part::new("a free message record of a SIM").passes("nothing is in it, whatever its bytes"), None)
        }
        Ok(Some((record, notes))) => {
            let mut part = Part::new("a message record of a SIM");
            part.say("status", format!("{:02X}", record.status.byte()), at(0, 1));
            if let Some(centre) = &record.service_centre {
                part.say("service centre", text::address(centre), at(1, 1 + centre.bytes().len() + 1));
            }
            for note in notes {
                part.say("note", format!("{note}"), at(note.offset, 1));
            }
            (part, Some(record.tpdu))
        }
        Err(error) => {
            let place = match &error {
                RecordError::Tpdu { at: from, .. } => at(*from, RECORD_LEN),
                RecordError::ServiceCentre(_) => at(1, 12),
                _ => at(0, 1),
            };
            let part = Part::new("a damaged message record of a SIM");
            (part.fails(Failing::refusal(Refusal::Format, Some(error.to_string()), place)), None)
        }
    }
}

/// A message as a modem tells it: service centre and TPDU, or the TPDU alone. `None`: it is none that carries something of ours.
pub fn tpdu(bytes: &[u8], hand: &Hand<'_>) -> Option<Part> {
    let starts = [read_service_centre(bytes).ok().map(|(_, used, _)| used), Some(0)];
    for start in starts.into_iter().flatten() {
        let message = bytes.get(start..)?;
        for direction in [Direction::FromNetwork, Direction::ToNetwork] {
            let Ok((tpdu, used, _)) = Tpdu::read(message, direction) else { continue };
            if used == message.len() && Ours::of(&tpdu).is_some() {
                let mut part = Part::new("a message");
                part.say("TPDU", format!("{used} bytes"), Some(Place::new("bytes", bytes, start, used)));
                return Some(of_tpdu(part, &tpdu, hand));
            }
        }
    }
    None
}

/// A packet with its user data header.
pub fn packet(bytes: &[u8], hand: &Hand<'_>) -> Part {
    sealed(Part::new("a secured packet"), bytes, &[], hand)
}

fn with_header(tpdu: &Tpdu, body: &[u8]) -> Vec<u8> {
    let is_command = tpdu.packet().is_none_or(|(element, _)| element == IE_COMMAND_PACKET);
    let header = if is_command { COMMAND_UDH } else { RESPONSE_UDH };
    [&header[..], body].concat()
}

fn of_tpdu(mut part: Part, tpdu: &Tpdu, hand: &Hand<'_>) -> Part {
    let side = if tpdu.direction() == Direction::FromNetwork { "from" } else { "to" };
    part.say(side, text::address(tpdu.address()), None);
    part.say("PID, DCS", format!("{:02X}, {:02X}", tpdu.pid(), tpdu.dcs()), None);
    if let Some(outside_of) = Outside::of(tpdu)
        && Ours::of(tpdu).is_none()
    {
        outside(&outside_of).into_iter().for_each(|(name, value)| part.say(name, value, None));
        part.what.push_str(" with a packet of another application");
        return part.open("not of the purchase: nothing here opens or checks it");
    }
    if parts::first(tpdu).is_some() {
        part.what.push_str(", the first half of a signed order or receipt");
        return part.fails(Failing::refusal(
            Refusal::Format,
            Some("its second half is missing".to_owned()),
            None,
        ));
    }
    match tpdu.packet() {
        Some((_, body)) => {
            let packet = with_header(tpdu, body);
            sealed(part, &packet, std::slice::from_ref(tpdu), hand)
        }
        None => {
            part.what.push_str(" of the user's");
            part.passes("no order and no receipt; nothing of ours is in it")
        }
    }
}

/// A packet, outside and inside. `tpdus`: the messages it came in; none of a packet by itself.
fn sealed(mut part: Part, packet: &[u8], tpdus: &[Tpdu], hand: &Hand<'_>) -> Part {
    let is_command = packet.starts_with(&COMMAND_UDH);
    part.what.push_str(if is_command { " with an order for electricity" } else { " with a meter's receipt" });
    clear(&mut part, packet, is_command);
    if is_command { order(part, packet, tpdus, hand) } else { receipt(part, packet, hand) }
}

/// The fields in clear: name, first byte, length; the header of the user data is the first three.
const COMMAND_FIELDS: [(&str, usize, usize); 6] =
    [("CPL", 3, 2), ("CHL", 5, 1), ("SPI", 6, 2), ("KIc", 8, 1), ("KID", 9, 1), ("TAR", 10, 3)];
const RESPONSE_FIELDS: [(&str, usize, usize); 3] = [("RPL", 3, 2), ("RHL", 5, 1), ("TAR", 6, 3)];

fn fields(is_command: bool) -> &'static [(&'static str, usize, usize)] {
    if is_command { &COMMAND_FIELDS } else { &RESPONSE_FIELDS }
}

fn clear(part: &mut Part, packet: &[u8], is_command: bool) {
    for &(name, from, len) in fields(is_command) {
        let place = Place::new("packet", packet, from, len);
        part.say(name, place.hex.clone(), Some(place));
    }
    let from = fields(is_command).iter().map(|(_, from, len)| from + len).max().unwrap_or_default();
    let len = packet.len().saturating_sub(from);
    part.say("sealed", format!("{len} bytes"), Some(Place::new("packet", packet, from, len)));
}

/// The bytes that an error of a packet is about.
fn place(error: &PacketError, packet: &[u8], is_command: bool) -> Option<Place> {
    let of_field = |wanted: &str| {
        let found = fields(is_command).iter().find(|(name, _, _)| *name == wanted);
        found.map(|(_, from, len)| Place::new("packet", packet, *from, *len))
    };
    let inside = fields(is_command).iter().map(|(_, from, len)| from + len).max().unwrap_or_default();
    match error {
        PacketError::Header { .. } => Some(Place::new("packet", packet, 0, 3)),
        PacketError::Length { field, .. } => of_field(field),
        PacketError::Unsupported(_) => of_field("SPI"),
        PacketError::Cut(field) => of_field(field).or(Some(Place::new("packet", packet, packet.len(), 0))),
        PacketError::Blocks(_) | PacketError::Padding(_) | PacketError::Checksum => {
            Some(Place::new("packet", packet, inside, packet.len()))
        }
        PacketError::TooLong(_) | PacketError::Counter(_) => None,
    }
}

/// The first of the fields in clear that are another card's.
fn of_another(packet: &[u8], parsed: &CommandPacket<'_>, suites: &[u8]) -> Option<Place> {
    let fits = |key: u8| suites.contains(&key);
    let wrong = if parsed.tar != TAR {
        "TAR"
    } else if parsed.spi.to_bytes() != SPI {
        "SPI"
    } else if !fits(parsed.kic) {
        "KIc"
    } else if !fits(parsed.kid) {
        "KID"
    } else {
        return None;
    };
    let field = COMMAND_FIELDS.iter().find(|(name, _, _)| *name == wrong);
    field.map(|(_, from, len)| Place::new("packet", packet, *from, *len))
}

fn order(mut part: Part, packet: &[u8], tpdus: &[Tpdu], hand: &Hand<'_>) -> Part {
    let parsed = match CommandPacket::parse(packet) {
        Ok(parsed) => parsed,
        Err(error) => {
            let refusal = match error {
                PacketError::Unsupported(_) => Refusal::KeySet,
                _ => Refusal::Format,
            };
            let place = place(&error, packet, true);
            return part.fails(Failing::refusal(refusal, Some(error.to_string()), place));
        }
    };
    let known = keys::Suite::ALL.map(keys::Suite::packet_key_byte);
    if let Some(place) = of_another(packet, &parsed, &known) {
        return part.fails(Failing::refusal(Refusal::KeySet, None, Some(place)));
    }
    let opened = hand.openers.iter().map(|opener| (opener, parsed.open(&opener.packet)));
    let mut malformed = None;
    for (opener, opened) in opened {
        match opened {
            Ok((counter, bytes)) => {
                part.say("opened by", &opener.name, None);
                if let Some(place) = of_another(packet, &parsed, &[opener.suite.packet_key_byte()]) {
                    return part.fails(Failing::refusal(Refusal::KeySet, None, Some(place)));
                }
                part.say("counter", counter, None);
                return judged(part, &bytes, counter, (opener, tpdus), hand);
            }
            Err(PacketError::Checksum) => {}
            Err(error) => malformed = Some(error),
        }
    }
    match (malformed, hand.openers) {
        (Some(error), [_]) => {
            let place = place(&error, packet, true);
            part.fails(Failing::refusal(Refusal::Format, Some(error.to_string()), place))
        }
        // One meter is named: that is the one it should be for.
        (_, [one]) => {
            let place = place(&PacketError::Checksum, packet, true);
            let why = format!("the checksum is not by the keys of {}", one.name);
            part.fails(Failing::refusal(Refusal::Mac, Some(why), place))
        }
        _ => part.open(hand.why_shut()),
    }
}

/// The object of an order that a refusal is about.
const fn object_of(refusal: Refusal) -> Option<u8> {
    match refusal {
        Refusal::MeterNumber => Some(0x80),
        Refusal::CustomerNumber => Some(0x81),
        Refusal::OverCeiling => Some(0x82),
        Refusal::CountOlder | Refusal::CountSkipped => Some(0x83),
        Refusal::NotOpened | Refusal::ReplacementNotOpened | Refusal::AlreadyOpened => Some(0x86),
        Refusal::SimBinding | Refusal::SimChanged => Some(0x87),
        Refusal::Expired => Some(0x88),
        Refusal::EsamSerial => Some(0x89),
        Refusal::Signature => Some(0x9E),
        _ => None,
    }
}

/// What a packet's content says that was opened, and what its ESAM says to it.
fn judged(mut part: Part, bytes: &[u8], counter: u64, by: (&Opener, &[Tpdu]), hand: &Hand<'_>) -> Part {
    let (opener, tpdus) = by;
    let tpdus: Vec<Vec<u8>> = tpdus.iter().map(Tpdu::to_bytes).collect();
    let ask = || if tpdus.is_empty() { None } else { trial::ask(opener, hand, &tpdus) };
    if counter == CARRIED_COUNT
        && let Ok(certificate) = tlv::only(bytes, CARRIED)
    {
        return carried(part, &certificate, ask());
    }
    let order = match money::order(&mut part, bytes) {
        Ok(order) => order,
        Err(failing) => return part.fails(*failing),
    };
    if counter != u64::from(order.count) {
        let why = format!("the packet's counter is {counter}, the order's count {}", order.count);
        let place = super::said::object_at("order", bytes, 0x83);
        return part.fails(Failing::refusal(Refusal::Format, Some(why), place));
    }
    match ask() {
        Some(Said::Receipt(receipt)) => {
            let again =
                ResponsePacket::parse(&receipt, OF_RECEIPTS).and_then(|packet| packet.open(&opener.packet));
            let digest = order::OrderDigest::of(&order.to_bytes());
            let is_its_own = again.is_ok_and(|(_, bytes)| money::is_receipt_of(&bytes, digest));
            part.passes(if is_its_own {
                "its ESAM takes it: credited now, or the receipt again where it was before"
            } else {
                "its ESAM has credited another order of this count and gives that one's receipt: no money"
            })
        }
        Some(Said::Refused { refusal: Refusal::SimBinding, any_sim: true }) => {
            part.open("all checks before that of the SIM are passed; name the SIM by its IMSI for the rest")
        }
        Some(Said::Refused { refusal, .. }) => {
            let place = object_of(refusal).and_then(|tag| super::said::object_at("order", bytes, tag));
            part.fails(Failing::refusal(refusal, None, place))
        }
        // No order is answered as a certificate is.
        Some(Said::Certificate) | None => part.open(ASK_ITS_ESAM),
    }
}

/// What is told where the image of the ESAM is not at hand.
const ASK_ITS_ESAM: &str =
    "well formed and sealed by the right keys; what its meter says, its ESAM's image tells";

/// A server's certificate on its way to a meter.
fn carried(mut part: Part, certificate: &[u8], said: Option<Said>) -> Part {
    part.say("carries", "a payment server's certificate, and no money", None);
    if let Err(failing) = single::said_of(&mut part, certificate) {
        return part.fails(*failing);
    }
    match said {
        Some(Said::Certificate) => {
            part.passes("its ESAM takes it: the root has signed it, and it is no older")
        }
        Some(Said::Refused { refusal, .. }) => {
            let why = "the root has not signed it for this city, or the ESAM knows a later one".to_owned();
            part.fails(Failing::refusal(refusal, Some(why), None))
        }
        Some(Said::Receipt(_)) | None => part.open(ASK_ITS_ESAM),
    }
}

fn receipt(mut part: Part, packet: &[u8], hand: &Hand<'_>) -> Part {
    let again = Cure::Customer;
    let parsed = match ResponsePacket::parse(packet, Spi::parse(SPI).map_or(OF_RECEIPTS, |spi| spi.response))
    {
        Ok(parsed) => parsed,
        Err(error) => {
            let place = place(&error, packet, false);
            let words = format!("{error}; put the SIM into its meter again, it gives its receipt again");
            return part.fails(Failing::other("format", words, place, again));
        }
    };
    for opener in hand.openers {
        match parsed.open(&opener.packet) {
            Ok((header, bytes)) => {
                part.say("opened by", &opener.name, None);
                part.say("counter", header.counter, None);
                part.say("status", format!("{:02X}, {}", header.status.0, header.status.words()), None);
                return money::receipt(part, &bytes, Some(opener));
            }
            Err(PacketError::Checksum) => {}
            Err(error) => {
                let place = place(&error, packet, false);
                return part.fails(Failing::other("format", error.to_string(), place, again));
            }
        }
    }
    match hand.openers {
        [one] => {
            let words = format!(
                "the checksum is not by the keys of {}: another meter's, or changed on its way; put the SIM into its meter again",
                one.name
            );
            let place = place(&PacketError::Checksum, packet, false);
            part.fails(Failing::other("mac", words, place, again))
        }
        _ => part.open(hand.why_shut()),
    }
}
