//! A meter's receipt that came as a message: a request to settle it, like anybody's.

use crate::asked::Asked;
use crate::job::{Job, Wanted};
use crate::key::Shown;
use crate::peer::Peer;
use crate::reply::Reply;
use crate::rights::route;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use smpp::{Letter, LetterError, Number};
use std::net::Ipv4Addr;
use tokio::sync::oneshot;
use wire::packet::RESPONSE_UDH;
use wire::sms::parts;
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::tpdu::{Submit, Tpdu};

/// The records of a receipt, as the meter left it on the SIM: the packet goes in one message or in two. `None`: more than that.
fn records(packet: &[u8], ours: &Number) -> Result<Option<Vec<u8>>, LetterError> {
    let user_data = [&RESPONSE_UDH[..], packet].concat();
    let Some(messages) = parts::split(&user_data, 0) else { return Ok(None) };
    let mut bytes = Vec::new();
    for user_data in messages {
        let submit = Submit::secured(ours.address()?, &user_data).map_err(LetterError::Header)?;
        let record =
            SmsRecord { status: RecordStatus::ToBeSent, service_centre: None, tpdu: Tpdu::Submit(submit) };
        let Ok(record) = record.to_bytes() else { return Ok(None) };
        bytes.extend(record);
    }
    Ok(Some(bytes))
}

/// The request, and who waits for its answer. `None`: what came is no receipt that could be settled.
pub fn request(principal: &str, letter: &Letter, packet: &[u8]) -> Option<(Job, oneshot::Receiver<Reply>)> {
    let record = records(packet, &letter.to).ok().flatten()?;
    let mut fields = Map::new();
    fields.insert("record".to_owned(), json!(hex::encode_upper(record)));
    // Whose SIM it is saves work and proves nothing: a number that is no customer's is left out.
    if let Ok(phone) = letter.from.text().parse::<scheme::subscription::Msisdn>() {
        fields.insert("msisdn".to_owned(), json!(phone.as_str()));
    }
    let asked = Asked { fields, ..Asked::default() };
    let route = route("settle")?;
    let body = asked.hash(route.name);
    // The same receipt from the same phone is the same request.
    let id = format!("sms-{}", hex::encode(&Sha256::digest(body)[..16]));
    let (reply, told) = oneshot::channel();
    let peer = Peer { address: Ipv4Addr::LOCALHOST.into(), certificate: None, secured: true };
    let what = Wanted { route, asked, id: Some(id), body, order: None };
    Some((Job { what, shown: Shown::Service(principal.to_owned()), peer, second: None, reply }, told))
}
