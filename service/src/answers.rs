//! What answers look like: for each route of the table the shape of its answer, told at `/openapi.json`.

use serde_json::{Map, Value, json};

/// A shape: the names of an object's fields, each with what it is. `text`, `int`, `flag`, the name of a shape; `?` behind it: or
/// null; `[]` behind it: a list of it.
struct Shape {
    name: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

/// The shapes that have a name of their own.
#[rustfmt::skip]
static SHAPES: &[Shape] = &[
    Shape {
        name: "Order",
        fields: &[
            ("order", "text"), ("customer", "text"), ("meter", "text"), ("serial", "text"), ("key_version", "int"),
            ("count", "int"), ("amount_fen", "int"), ("made_as", "text"), ("kind", "text"), ("state", "text"),
            ("settled", "flag"), ("issued", "text"), ("valid_until", "text"), ("expired", "flag"), ("replaces", "text?"),
            ("card", "text?"),
        ],
    },
    Shape {
        name: "Customer",
        fields: &[
            ("customer", "text"), ("meter", "text?"), ("msisdn", "text"), ("imsi", "text"), ("iccid", "text"),
            ("imei", "text"), ("name", "text?"), ("first_purchase_fen", "int?"), ("outstanding", "Order?"),
            ("holds", "Held[]"),
        ],
    },
    Shape { name: "Held", fields: &[("meter", "text"), ("first_purchase_fen", "int?"), ("outstanding", "Order?")] },
    Shape {
        name: "Sold",
        fields: &[
            ("order", "text"), ("customer", "text"), ("meter", "text"), ("serial", "text"), ("amount_fen", "int"),
            ("count", "int"), ("kind", "text"), ("valid_until", "text"), ("iccid", "text"), ("record", "text"),
            ("warning", "text?"),
        ],
    },
    Shape {
        name: "Booked",
        fields: &[
            ("at", "text"), ("kind", "text"), ("meter", "text"), ("count", "int"), ("order", "text?"),
            ("amount_fen", "int"), ("not_confirmed_fen", "int"), ("due_fen", "int"),
        ],
    },
    Shape {
        name: "Finding",
        fields: &[
            ("finding", "int"), ("code", "text"), ("kind", "text"), ("meter", "text?"), ("psam", "text?"),
            ("order", "text?"), ("found", "text"), ("stops_sales", "flag"), ("what", "text"), ("receipt", "text?"),
        ],
    },
    Shape {
        name: "Rest",
        fields: &[
            ("rest", "text"), ("fen", "int"), ("since", "text"), ("why", "text"), ("advice", "text"), ("at_rest", "flag"),
            ("customer", "text?"),
        ],
    },
    Shape {
        name: "Online",
        fields: &[
            ("purchase", "text"), ("customer", "text"), ("meter", "text"), ("amount_fen", "int"), ("order", "text"),
            ("state", "text"), ("begun", "text"), ("refusal", "int?"),
        ],
    },
    Shape {
        name: "Settled",
        fields: &[("result", "text"), ("order", "text?"), ("detail", "text"), ("code", "text?"), ("hint", "text?")],
    },
    Shape {
        name: "HandOver",
        fields: &[
            ("hand_over", "int"), ("meter", "text"), ("former_customer", "text"), ("customer", "text"),
            ("balance_fen", "int?"), ("at", "text"), ("by", "text"), ("second", "text?"), ("note", "text"),
        ],
    },
    Shape {
        name: "NetMeter",
        fields: &[
            ("meter", "text"), ("from", "text"), ("since_s", "int"), ("silent_s", "int"), ("frames", "int"), ("proved", "flag"),
        ],
    },
    Shape {
        name: "Item",
        fields: &[("identifier", "text"), ("name", "text"), ("value", "text?"), ("refused", "text?")],
    },
    Shape { name: "Told", fields: &[("code", "text"), ("what", "text")] },
    Shape { name: "Chain", fields: &[("server", "text"), ("transfers", "int"), ("head", "text")] },
    Shape { name: "Sealed", fields: &[("psam", "text"), ("sealed", "int?"), ("sealed_fen", "int?")] },
    Shape { name: "Price", fields: &[("tariff", "text"), ("price_e4", "int"), ("begins", "text")] },
    Shape {
        name: "Event",
        fields: &[
            ("number", "int"), ("kind", "text"), ("at", "text"), ("office", "text"), ("customer", "text?"),
            ("meter", "text?"), ("serial", "text?"), ("order", "text?"), ("count", "int?"), ("amount_fen", "int?"),
            ("balance_fen", "int?"), ("register", "int?"), ("at_meter", "text?"), ("former_meter", "text?"),
            ("former_customer", "text?"),
        ],
    },
];

type Fields = &'static [(&'static str, &'static str)];

const TERMS: Fields = &[
    ("server_number", "text"),
    ("service_centre", "text"),
    ("validity_days", "int"),
    ("clock_tolerance_s", "int"),
    ("training", "flag"),
];
const MESSAGE: Fields = &[("source", "text"), ("id", "text"), ("kind", "text"), ("new", "flag")];

/// What a route answers: a shape of a name, or fields of its own.
enum Told {
    Named(&'static str),
    Own(Fields),
}

fn told(route: &str) -> Option<Told> {
    Some(match route {
        "customer" | "find-customer" => Told::Named("Customer"),
        "order" => Told::Named("Order"),
        "sell" | "correct" | "reverse" => Told::Named("Sold"),
        "reissue" => Told::Named("Sold?"),
        "register" => Told::Own(&[("new", "flag"), ("doubtful", "text[]"), ("registration", "Customer")]),
        "statement" => Told::Own(&[("customer", "text"), ("lines", "Booked[]")]),
        "meters" => {
            Told::Own(&[("new", "int"), ("changed", "int"), ("unchanged", "int"), ("sha256", "text")])
        }
        "orders" | "all-orders" => Told::Own(&[("orders", "Order[]")]),
        "void" => Told::Own(&[("order", "text"), ("amount_fen", "int"), ("count", "int")]),
        "settle" => Told::Named("Settled"),
        "online" => Told::Named("Online"),
        "begin-online" | "online-request" | "recharge" => {
            Told::Own(&[("purchase", "Online"), ("message", "text")])
        }
        "settle-card" => Told::Own(&[("receipt", "Settled?")]),
        "sell-on-card" => Told::Own(&[
            ("what", "text"),
            ("order", "text"),
            ("customer", "text"),
            ("meter", "text"),
            ("amount_fen", "int"),
            ("count", "int"),
            ("kind", "text"),
            ("warning", "text?"),
            ("receipt", "Settled?"),
            ("load", "text"),
        ]),
        "online-result" => Told::Own(&[("purchase", "Online"), ("receipt", "Settled")]),
        "netmeters" => Told::Own(&[("lines", "NetMeter[]")]),
        "netmeter-values" => Told::Own(&[("address", "text"), ("items", "Item[]"), ("proved", "flag")]),
        "netmeter-buy" => Told::Own(&[("purchase", "Online"), ("receipt", "Settled?")]),
        "suspense" => Told::Own(&[("rests", "Rest[]"), ("suspense_fen", "int")]),
        "refund" => Told::Own(&[("customer", "text"), ("refunded_fen", "int")]),
        "findings" => Told::Own(&[("findings", "Finding[]")]),
        "clear" => Told::Own(&[("finding", "int"), ("kind", "text"), ("by", "text"), ("second", "text?")]),
        "report" => Told::Own(&[
            ("customers", "int"),
            ("orders", "int"),
            ("settled", "int"),
            ("sold_fen", "int"),
            ("settled_fen", "int"),
            ("outstanding_fen", "int"),
            ("sum_fen", "int"),
            ("findings", "int"),
            ("faults", "Told[]"),
        ]),
        "verify" => Told::Own(&[
            ("psams", "Sealed[]"),
            ("agree", "flag"),
            ("ledger", "Chain[]"),
            ("wrong", "Told[]"),
            ("findings", "int"),
        ]),
        "terms" | "set-terms" => Told::Own(TERMS),
        "contract-said" | "tariff-said" | "block-said" => Told::Own(MESSAGE),
        "contract" => Told::Own(&[
            ("contract", "text"),
            ("meter", "text"),
            ("customer", "text?"),
            ("tariff", "text?"),
            ("begins", "text"),
            ("ends", "text?"),
        ]),
        "tariffs" => Told::Own(&[("tariffs", "Price[]")]),
        "events" => Told::Own(&[("events", "Event[]"), ("last", "int")]),
        "hand-over" => Told::Named("HandOver"),
        "hand-overs" => Told::Own(&[("hand_overs", "HandOver[]")]),
        "give-to-office" => Told::Own(&[("customer", "text"), ("office", "text")]),
        _ => return None,
    })
}

/// The schema of a word of a shape.
fn of(word: &str) -> Value {
    if let Some(item) = word.strip_suffix("[]") {
        return json!({ "type": "array", "items": of(item) });
    }
    let (word, maybe) = word.strip_suffix('?').map_or((word, false), |word| (word, true));
    let plain = match word {
        "text" => "string",
        "int" => "integer",
        "flag" => "boolean",
        shape => {
            let named = json!({ "$ref": format!("#/components/schemas/{shape}") });
            return if maybe { json!({ "anyOf": [named, { "type": "null" }] }) } else { named };
        }
    };
    if maybe { json!({ "type": [plain, "null"] }) } else { json!({ "type": plain }) }
}

fn object(fields: Fields) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, word)| ((*name).to_owned(), of(word))).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The schema of what a route answers.
pub fn schema(route: &str) -> Value {
    match told(route) {
        Some(Told::Named(shape)) => of(shape),
        Some(Told::Own(fields)) => object(fields),
        None => json!({ "type": "object" }),
    }
}

/// The shapes that have a name, as components of the document.
pub fn components() -> impl Iterator<Item = (String, Value)> {
    SHAPES.iter().map(|shape| (shape.name.to_owned(), object(shape.fields)))
}

/// What of an answer goes on where: a name in the answer is a name of another route.
pub fn links(route: &str) -> Value {
    let link = |to: &str, place: &str, from: &str| json!({ "operationId": to, "parameters": { place: format!("$response.body#/{from}") } });
    match route {
        "register" => json!({
            "customer": link("customer", "customer", "registration/customer"),
            "statement": link("statement", "customer", "registration/customer"),
            "orders": link("orders", "customer", "registration/customer"),
        }),
        "sell" | "correct" | "reverse" => json!({
            "order": link("order", "order", "order"),
            "record": link("record", "order", "order"),
            "statement": link("statement", "customer", "customer"),
        }),
        "begin-online" => json!({
            "online": link("online", "purchase", "purchase/purchase"),
            "online-request": link("online-request", "purchase", "purchase/purchase"),
        }),
        "online-request" | "recharge" => {
            json!({ "online-result": link("online-result", "purchase", "purchase/purchase") })
        }
        "sell-on-card" => json!({
            "order": link("order", "order", "order"),
            "statement": link("statement", "customer", "customer"),
        }),
        "findings" => json!({ "clear": link("clear", "finding", "findings/0/finding") }),
        "find-customer" => json!({ "customer": link("customer", "customer", "customer") }),
        _ => json!({}),
    }
}
