//! The image of a card, by what the card itself answers: a copy of it is asked, the image stays as it is.

use super::hand::Hand;
use super::message;
use super::said::{Failing, Part};
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::driver::sim::{Sim, SimError, StoredMessage, second_of};
use reader::error::CardError;
use scheme::profile::{CardInfo, State};
use scheme::refusal::{Cure, Refusal};
use std::path::Path;
use vcard::slot::Keep;
use vcard::{Image, SeededChance, Slot};
use wire::Channel;

/// What a card is, and of a SIM the messages of ours on it.
pub fn image(image: &Image, hand: &Hand<'_>) -> Vec<Part> {
    let kind = image.kind;
    let part = Part::new(format!("the image of a virtual card, {}", kind.name()));
    // Of a copy that nobody keeps; its random numbers decide nothing.
    let chance = SeededChance::new(1, "a copy of a card");
    let slot = Slot::with_image(image.clone(), Path::new("a copy"), Box::new(chance), Keep::InMemory);
    let mut slot = match slot {
        Ok(slot) => slot,
        Err(error) => {
            return vec![part.fails(Failing::other("image", error.to_string(), None, Cure::Service))];
        }
    };
    if kind.is_sim() {
        return sim(part, &mut slot, hand);
    }
    vec![match ours(part.clone(), &mut slot) {
        Ok(part) => part,
        Err(error) => part.open(format!("blank, not finished, or a card of another make: {error}")),
    }]
}

fn ours(mut part: Part, card: &mut dyn Channel) -> Result<Part, CardError> {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset()?;
    fmcos.select_mf()?;
    let info = fmcos.card_info()?;
    part.say("number", hex::encode(info.number), None);
    part.say("state", info.state.name(), None);
    part.say("suite", keys::Suite::from_code(info.suite).map_or("unknown", keys::Suite::name), None);
    part.say("valid", format!("{} to {}", hex::encode(info.valid_from), hex::encode(info.valid_to)), None);
    if info.kind == scheme::profile::CardKind::Esam {
        esam(&mut part, card)?;
    }
    Ok(judged(part, &info))
}

fn judged(part: Part, info: &CardInfo) -> Part {
    let is_esam = info.kind == scheme::profile::CardKind::Esam;
    if info.is_older_make() && is_esam {
        return part.fails(Failing::refusal(Refusal::OlderMake, None, None));
    }
    match info.state {
        State::Retired if is_esam => part.fails(Failing::refusal(Refusal::Retired, None, None)),
        State::Retired => part.fails(Failing::other(
            "retired",
            "the card was taken out of use".to_owned(),
            None,
            Cure::City,
        )),
        _ => part.passes("a finished card; `gridcard card dump` shows all that it holds"),
    }
}

fn esam(part: &mut Part, card: &mut dyn Channel) -> Result<(), CardError> {
    let mut esam = Esam::new(card);
    esam.card_info()?;
    let (parameters, purse) = (esam.parameters()?, esam.purse()?);
    part.say("meter", parameters.meter, None);
    let customer = if parameters.opened { parameters.customer.to_string() } else { "none yet".to_owned() };
    part.say("customer", customer, None);
    part.say("balance", purse.balance, None);
    part.say("credited in all", purse.total_credited, None);
    part.say("purchase count", purse.count, None);
    part.say("takes orders", parameters.mode.name(), None);
    part.say("key version", esam.key_version()?, None);
    Ok(())
}

fn sim(mut part: Part, slot: &mut Slot, hand: &Hand<'_>) -> Vec<Part> {
    let mut sim = Sim::new(slot);
    let read = sim.reset().and_then(|_| Ok((sim.imsi()?, sim.sms_list()?)));
    let (imsi, messages) = match read {
        Ok(read) => read,
        Err(error) => return vec![part.fails(stopped(&error))],
    };
    part.say("IMSI", scheme::sim::imsi_digits(&imsi).unwrap_or_else(|| hex::encode_upper(imsi)), None);
    part.say("messages", messages.len(), None);
    let mut parts = vec![part.passes("its records can be read")];
    let hand = Hand { imsi: Some(imsi), ..*hand };
    let mut halves = Vec::new();
    for stored in &messages {
        if halves.contains(&stored.number) {
            continue;
        }
        let mut bytes = stored.bytes.clone();
        let is_its_second = |other: &&StoredMessage| {
            second_of(&messages, other).is_some_and(|first| first.number == stored.number)
        };
        if let Some(second) = messages.iter().find(is_its_second) {
            halves.push(second.number);
            bytes.extend(&second.bytes);
        }
        parts.extend(named(stored, message::records(&bytes, &hand)));
    }
    parts
}

/// The parts of a message, with the number of its record.
fn named(stored: &StoredMessage, parts: Vec<Part>) -> Vec<Part> {
    let name = |part: Part| Part { what: format!("record {}: {}", stored.number, part.what), ..part };
    parts.into_iter().map(name).collect()
}

fn stopped(error: &SimError) -> Failing {
    match error {
        SimError::ChvNeeded { .. } | SimError::ChvBlocked { .. } => {
            Failing::refusal(Refusal::Chv, None, None)
        }
        other => Failing::refusal(Refusal::SimFile, Some(other.to_string()), None),
    }
}
