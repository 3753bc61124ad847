//! Messages of the online purchase in words, as far as they are in clear [docs/specs/online.md 1].

use scheme::money::Fen;
use scheme::online::{HELLO_LEN, Head, Hello, REFUSED, Request, SessionId};
use scheme::profile::CardKind;
use scheme::receipt::Receipt;

/// Which purchase the data of a command belongs to, and what an ESAM is asked for.
pub fn purchase(kind: Option<CardKind>, p1: u8, data: &[u8]) -> Option<String> {
    let is_esam = kind == Some(CardKind::Esam);
    let at = match (is_esam, p1) {
        (true, 0x00) | (false, 0x01) => 9,
        (true, 0x01) | (false, 0x03) => 1,
        (false, 0x00) => 6,
        (false, 0x02) => 0,
        _ => return None,
    };
    let sid = SessionId(*data.get(at..)?.first_chunk()?);
    let wish = data.get(HELLO_LEN..).and_then(|rest| rest.first_chunk()).filter(|_| is_esam && p1 == 0x00);
    let wish = wish.map_or(String::new(), |amount| format!(", {}", Fen(u32::from_be_bytes(*amount))));
    Some(format!("purchase {sid}{wish}"))
}

/// What an answer says: a message, or what a PSAM took out of one.
pub fn answer(data: &[u8]) -> Vec<String> {
    let said = match data {
        [0xA0, ..] => {
            data.try_into().ok().and_then(Hello::parse).map(|hello| format!("S0 for meter {}", hello.meter))
        }
        [0xA1, ..] => data.first_chunk().and_then(Head::parse).map(|head| {
            format!(
                "S1 of meter {}, count {}, {} keys of version {}",
                head.meter,
                head.count,
                head.state.name(),
                head.key_version
            )
        }),
        [0xA2, ..] => Some("S2, an order under seal".to_owned()),
        [0xA3, ..] => Some("S3, an answer under seal".to_owned()),
        [0xE4, ..] => Request::parse(data)
            .ok()
            .map(|request| format!("meter {} asks for {}", request.meter, request.amount)),
        [0xE2, ..] => Receipt::parse(data).ok().map(|receipt| {
            format!(
                "receipt of meter {}: {} credited, count {}, balance {}",
                receipt.meter, receipt.amount, receipt.count, receipt.balance
            )
        }),
        [REFUSED, error] => Some(format!("refused, error {error} of the field")),
        _ => None,
    };
    said.into_iter().collect()
}
