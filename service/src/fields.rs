//! What stands in a body: checked before anything is done, and told at `/openapi.json`.

use crate::denied::Denied;
use serde_json::{Map, Value, json};

/// One field of a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub of: FieldKind,
    /// It may not be missing.
    pub required: bool,
    /// What it means.
    pub about: &'static str,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, with a form that the act checks.
    Text,
    /// A whole number from 0.
    Number,
    /// Fen.
    Fen,
    /// An object with these fields.
    Of(&'static [Field]),
    /// Yes or no.
    Flag,
}

/// The form of what goes by a name, in a path, a query or a body alike; `None`: any text.
pub fn pattern(name: &str) -> Option<&'static str> {
    Some(match name {
        "customer" | "meter" | "loaded_meter" | "card" => "^[0-9]{12}$",
        "imsi" | "imei" => "^[0-9]{15}$",
        "order" | "purchase" | "phone" | "chip" | "challenge" => "^[0-9A-Fa-f]{16}$",
        "city" => "^[0-9]{8}$",
        "card_state" => "^(test|formal)$",
        "rest" => "^([0-9A-Fa-f]{16}|finding:[0-9]{1,9})$",
        "finding" | "after" => "^[0-9]{1,9}$",
        "limit" => "^([1-9][0-9]{0,2}|1000)$",
        "all" => "^(true|false)$",
        _ => return None,
    })
}

/// Something that goes by a name, as in the guide (docs/guide/server.md).
pub fn example(name: &str) -> Option<Value> {
    let text = match name {
        "amount_fen" => return Some(5000.into()),
        "price_e4" => return Some(5383.into()),
        "customer" => "330200000001",
        "meter" => "261100000001",
        "card" => "330200000801",
        "chip" => "0102030405060708",
        "city" => "33020000",
        "card_state" => "test",
        "key_version" => return Some(1.into()),
        "challenge" => "1112131415161718",
        "msisdn" => "+8613900000001",
        "imsi" => "460000000000001",
        "imei" => "860123040000019",
        "iccid" => "89860026330000000010",
        "finding" => "1",
        "contract" => "HS-2026-17",
        "tariff" => "residential",
        "source" => "ningbo-power",
        "begins" => "2026-12-01T00:00:00+08:00",
        "office" => "Haishu",
        "note" => "the clock of the meter was put right",
        "server_number" => "8657495598",
        "service_centre" => "8613800574500",
        _ => return None,
    };
    Some(text.into())
}

/// A required field.
pub const fn must(name: &'static str, of: FieldKind, about: &'static str) -> Field {
    Field { name, of, required: true, about }
}

/// A field that may be missing.
pub const fn may(name: &'static str, of: FieldKind, about: &'static str) -> Field {
    Field { name, of, required: false, about }
}

impl Field {
    /// Its JSON schema.
    pub fn schema(&self) -> Value {
        let mut schema = self.form();
        if !self.required {
            schema["type"] = json!([schema["type"], "null"]);
        }
        if let Some(example) = example(self.name) {
            schema["examples"] = json!([example]);
        }
        schema
    }

    fn form(&self) -> Value {
        match self.of {
            FieldKind::Of(fields) => schema(fields),
            FieldKind::Text => match pattern(self.name) {
                Some(pattern) => json!({ "type": "string", "pattern": pattern, "description": self.about }),
                None => json!({ "type": "string", "maxLength": 4096, "description": self.about }),
            },
            FieldKind::Flag => json!({ "type": "boolean", "description": self.about }),
            FieldKind::Number | FieldKind::Fen => {
                json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX, "description": self.about })
            }
        }
    }

    /// Whether a value is one of this field, as far as its form goes.
    fn takes(&self, value: &Value) -> bool {
        match self.of {
            FieldKind::Of(_) => value.is_object(),
            FieldKind::Text => value.as_str().is_some_and(|text| text.chars().count() <= 4096),
            FieldKind::Flag => value.is_boolean(),
            FieldKind::Number | FieldKind::Fen => {
                value.as_u64().is_some_and(|number| u32::try_from(number).is_ok())
            }
        }
    }
}

/// The JSON schema of an object with these fields.
pub fn schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Reads an object with these fields and no others. A field that is `null` is missing.
///
/// # Errors
/// It is no JSON object, a field is missing, of another kind, or not known.
pub fn read(fields: &[Field], body: &[u8]) -> Result<Map<String, Value>, Denied> {
    let wrong = |words: String| Denied::Malformed(words);
    let object: Map<String, Value> = match serde_json::from_slice(if body.is_empty() { b"{}" } else { body })
    {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(wrong("the body is no JSON object".into())),
        Err(error) => return Err(wrong(format!("the body is no JSON: {error}"))),
    };
    check(fields, object)
}

/// Checks the fields of an object, and those of the objects in it.
fn check(fields: &[Field], object: Map<String, Value>) -> Result<Map<String, Value>, Denied> {
    let wrong = |words: String| Denied::Malformed(words);
    for name in object.keys() {
        if fields.iter().all(|field| field.name != name) {
            let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
            return Err(wrong(format!(
                "the field {name:?} is not known here; these are: {}",
                known.join(", ")
            )));
        }
    }
    let mut object: Map<String, Value> = object.into_iter().filter(|(_, value)| !value.is_null()).collect();
    for field in fields {
        match object.get(field.name) {
            None if field.required => return Err(wrong(format!("the field {:?} is missing", field.name))),
            Some(value) if !field.takes(value) => {
                let of = match field.of {
                    FieldKind::Text => "text",
                    FieldKind::Flag => "true or false",
                    FieldKind::Number => "a whole number from 0 to 4294967295",
                    FieldKind::Of(_) => "an object",
                    FieldKind::Fen => "a whole number of fen from 0 to 4294967295",
                };
                return Err(wrong(format!("the field {:?} is not {of}", field.name)));
            }
            _ => {}
        }
        if let (FieldKind::Of(within), Some(Value::Object(found))) = (field.of, object.get_mut(field.name)) {
            *found = check(within, std::mem::take(found))?;
        }
    }
    Ok(object)
}
