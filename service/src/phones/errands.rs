//! What a phone has done at the counter as everybody has: the same acts, under the phone's own name [`crate::routes`].

use crate::acts;
use crate::asked::Asked;
use crate::fields::{Field, FieldKind, must};
use crate::job::Wanted;
use crate::routes::{Body, Method, Route, Work};
use crate::{online_acts, payments};
use parties::Deed;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::SessionId;
use scheme::subscription::Msisdn;
use serde_json::{Map, Value, json};
use server::BankAccount;
use sha2::{Digest, Sha256};

const fn errand(name: &'static str, about: &'static str, body: Body, work: Work) -> Route {
    // Nobody asks for it by a path, and no role has it: a phone's session is what lets it in.
    Route { name, method: Method::Post, path: "", query: &[], about, roles: &[], body, work }
}

const BUY: &[Field] = &[
    must("customer", FieldKind::Text, "whose phone it is"),
    must("meter", FieldKind::Text, "for which of his meters"),
    must("amount_fen", FieldKind::Fen, "how much"),
    must("pay", FieldKind::Of(payments::PAY), "from which account"),
];

static SELL: Route = errand(
    "phone-sell",
    "A phone buys.",
    Body::Fields(BUY),
    Work::Cards(Deed::One("server order"), acts::sell),
);
static BEGIN: Route = errand(
    "phone-begin",
    "A phone buys for a meter that is online.",
    Body::Fields(BUY),
    Work::Cards(Deed::One("online begin"), online_acts::begin),
);
static REQUEST: Route = errand(
    "phone-request",
    "A phone brings what the meter asks for.",
    Body::None,
    Work::Cards(Deed::One("online request"), online_acts::request),
);
static RESULT: Route = errand(
    "phone-result",
    "A phone brings what the meter said at the end.",
    Body::None,
    Work::Cards(Deed::One("online result"), online_acts::result),
);
static SETTLE: Route = errand(
    "phone-settle",
    "A phone brings a receipt.",
    Body::None,
    Work::Cards(Deed::One("server settle"), acts::settle),
);

fn wanted(route: &'static Route, asked: Asked, id: String) -> Wanted {
    let body = asked.hash(route.name);
    Wanted { route, asked, id: Some(id), body, order: None }
}

/// What is bought.
pub struct Buy {
    /// By whom.
    pub customer: CustomerNumber,
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// From which account.
    pub account: BankAccount,
    /// The meter is online.
    pub online: bool,
}

/// A purchase, under the name the phone drew for it.
pub fn buy(purchase: [u8; 8], buy: &Buy) -> Wanted {
    let fields = json!({
        "customer": buy.customer.to_string(),
        "meter": buy.meter.to_string(),
        "amount_fen": buy.amount.0,
        "pay": { "bank_account": buy.account.as_str() },
    });
    let Value::Object(fields) = fields else { return wanted(&SELL, Asked::default(), String::new()) };
    let asked = Asked { fields, ..Asked::default() };
    wanted(if buy.online { &BEGIN } else { &SELL }, asked, hex::encode(purchase))
}

/// Which message of the meter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromMeter {
    /// S1.
    Request,
    /// S3.
    Result,
}

impl FromMeter {
    /// By its first byte [docs/specs/online.md 1].
    pub fn of(message: &[u8]) -> Option<Self> {
        match message.first()? {
            0xA1 => Some(FromMeter::Request),
            0xA3 => Some(FromMeter::Result),
            _ => None,
        }
    }
}

/// The first half of a hash, as the end of an id: what differs is another request.
fn mark(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..16])
}

/// A message of the meter.
pub fn pipe(sid: SessionId, which: FromMeter, message: &[u8]) -> Wanted {
    let mut fields = Map::new();
    fields.insert("message".to_owned(), hex::encode_upper(message).into());
    let named = [("purchase".to_owned(), sid.to_string())].into();
    let asked = Asked { named, fields, ..Asked::default() };
    let route = match which {
        FromMeter::Request => &REQUEST,
        FromMeter::Result => &RESULT,
    };
    wanted(route, asked, format!("{sid}.{}", mark(message)))
}

/// A receipt.
pub fn settle(record: &[u8], msisdn: &Msisdn) -> Wanted {
    let mut fields = Map::new();
    fields.insert("record".to_owned(), hex::encode_upper(record).into());
    fields.insert("msisdn".to_owned(), msisdn.to_string().into());
    wanted(&SETTLE, Asked { fields, ..Asked::default() }, format!("receipt.{}", mark(record)))
}
