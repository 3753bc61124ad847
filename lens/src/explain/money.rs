//! Orders and receipts as they are inside their packets.

use super::hand::{Hand, Opener};
use super::said::{Failing, Part, object_at, place_of};
use keys::mac;
use scheme::order::{self, FieldError, Order, OrderDigest};
use scheme::receipt::{self, Receipt};
use scheme::refusal::{Cure, Refusal};
use scheme::signed::Signed;

/// An order or a receipt without its packet. `None`: bytes that are neither.
pub fn of(bytes: &[u8], hand: &Hand<'_>) -> Option<Part> {
    match *bytes.first()? {
        order::TAG if bytes.len() > 40 => {
            let mut part = Part::new("an order for electricity, without its packet");
            Some(match order(&mut part, bytes) {
                Ok(_) => part.open("well formed; nothing but its packet proves it"),
                Err(failing) => part.fails(*failing),
            })
        }
        receipt::TAG if bytes.len() > 40 => {
            let by_serial = |receipt: &Receipt| {
                let of = |opener: &&Opener| opener.serial == Some(receipt.serial);
                hand.openers.iter().find(of).or(match hand.openers {
                    [one] => Some(one),
                    _ => None,
                })
            };
            let opener = Receipt::parse(bytes).ok().as_ref().and_then(by_serial);
            Some(receipt(Part::new("a meter's receipt, without its packet"), bytes, opener))
        }
        _ => None,
    }
}

/// A receipt that a bank exported for others; `receipt` is what it says the meter said.
pub fn exported(receipt_bytes: &[u8]) -> Part {
    receipt(Part::new("an exported receipt"), receipt_bytes, None)
}

/// Whether a receipt settles an order.
pub fn is_receipt_of(bytes: &[u8], digest: OrderDigest) -> bool {
    Receipt::parse(bytes).is_ok_and(|receipt| receipt.digest == digest)
}

/// What an order says.
pub fn order(part: &mut Part, bytes: &[u8]) -> Result<Order, Box<Failing>> {
    let failing = |error: FieldError| {
        Box::new(Failing::refusal(Refusal::Format, Some(error.to_string()), place_of(&error, "order", bytes)))
    };
    let signed = Signed::parse(bytes, order::TAG).map_err(failing)?;
    let order = Order::parse(&signed.plain).map_err(failing)?;
    let rows: [(&str, u8, String); 10] = [
        ("meter", 0x80, order.meter.to_string()),
        ("customer", 0x81, order.customer.to_string()),
        ("amount", 0x82, order.amount.to_string()),
        ("purchase count", 0x83, order.count.to_string()),
        ("issued", 0x84, order.issued.to_string()),
        ("order", 0x85, order.id.to_string()),
        ("kind", 0x86, order.kind.name().to_owned()),
        ("SIM binding", 0x87, hex::encode_upper(order.binding.0)),
        ("valid until", 0x88, order.valid_until.to_string()),
        ("ESAM", 0x89, order.serial.to_string()),
    ];
    rows.into_iter().for_each(|(name, tag, value)| part.say(name, value, object_at("order", bytes, tag)));
    part.say("digest", order.digest(), None);
    signature(part, &signed, "order", bytes);
    Ok(order)
}

fn signature(part: &mut Part, signed: &Signed, of: &'static str, bytes: &[u8]) {
    match &signed.proof {
        Some(proof) => {
            part.say("signed by", format!("certificate {}", proof.certificate), object_at(of, bytes, 0x9D));
            part.say("signature", "r and s, 64 bytes", object_at(of, bytes, 0x9E));
        }
        None => part.say("signature", "none", None),
    }
}

/// What a receipt says, and its TAC where the meter's keys are at hand.
pub fn receipt(mut part: Part, bytes: &[u8], opener: Option<&Opener>) -> Part {
    let read = Receipt::parse(bytes).and_then(|read| Ok((read, Signed::parse(bytes, receipt::TAG)?)));
    let (read, signed) = match read {
        Ok(read) => read,
        Err(error) => {
            let words = format!("{error}; put the SIM into its meter again, it gives its receipt again");
            let place = place_of(&error, "receipt", bytes);
            return part.fails(Failing::other("format", words, place, Cure::Customer));
        }
    };
    let rows: [(&str, u8, String); 11] = [
        ("meter", 0x80, read.meter.to_string()),
        ("credited", 0x82, read.amount.to_string()),
        ("purchase count", 0x83, read.count.to_string()),
        ("order", 0x85, read.order.to_string()),
        ("ESAM", 0x89, read.serial.to_string()),
        ("result", 0x8A, format!("{:02X}", read.result)),
        ("balance", 0x8B, read.balance.to_string()),
        ("register", 0x8C, format!("{}.{:02} kWh or m3", read.register / 100, read.register % 100)),
        ("meter time", 0x8D, read.time.to_string()),
        ("TAC", 0x8E, hex::encode_upper(read.tac)),
        ("order digest", 0x8F, read.digest.to_string()),
    ];
    rows.into_iter().for_each(|(name, tag, value)| part.say(name, value, object_at("receipt", bytes, tag)));
    signature(&mut part, &signed, "receipt", bytes);
    let Some(opener) = opener else {
        return part
            .open("well formed; TAC and signature are checked by the meter's keys, or its certificate");
    };
    if !keys::equal(&mac::tac(&opener.tac, &read.signed_part()), &read.tac) {
        let words = format!(
            "the TAC is not by the keys of {}: the receipt was not made by this meter, or changed",
            opener.name
        );
        return part.fails(Failing::other("tac", words, object_at("receipt", bytes, 0x8E), Cure::Customer));
    }
    if read.result != receipt::CREDITED {
        let place = object_at("receipt", bytes, 0x8A);
        let words = format!("result {:02X} is not the word for credited", read.result);
        return part.fails(Failing::other("result", words, place, Cure::Bank));
    }
    part.passes(format!("genuine, by the keys of {}", opener.name))
}
