//! The document of what can be asked, made of the same table as the router.

use crate::answers;
use crate::fields::{self, example, pattern};
use crate::routes::{Body, Method, ROUTES, Route, Work};
use serde_json::{Map, Value, json};

/// The form of a key.
const KEY: &str = "^gk_[0-9a-f]{8}_[0-9a-fA-F]{64}$";

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method(route.method)] = operation(route);
    }
    let mut schemas: Map<String, Value> = answers::components().collect();
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gridcard payment server",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Money is whole fen. A request that changes something has an id in Idempotency-Key: the same id with the \
                same request is answered the same for ever. Where an answer says `outcome: unknown`, the same request again finds out \
                and finishes it.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
        "security": [{ "key": [] }],
    })
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
    }
}

/// The names in the places of a path.
fn places(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn operation(route: &Route) -> Value {
    let text = |name: &str| {
        let mut schema = json!({ "type": "string" });
        if let Some(pattern) = pattern(name) {
            schema["pattern"] = pattern.into();
        }
        if let Some(example) = example(name) {
            schema["examples"] = json!([example]);
        }
        schema
    };
    let place = |name| json!({ "name": name, "in": "path", "required": true, "schema": text(name) });
    let mut parameters: Vec<Value> = places(route.path).map(place).collect();
    for (name, about) in route.query {
        parameters.push(json!({ "name": name, "in": "query", "description": about, "schema": text(name) }));
    }
    if route.changes() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
        }));
        parameters.push(json!({
            "name": "Gridcard-Second", "in": "header", "schema": { "type": "string", "pattern": KEY },
            "description": "the key of the second person, of an act that wants two",
        }));
    }
    let roles: Vec<&str> = route.roles.iter().map(|role| role.name()).collect();
    let problem = json!({
        "description": "it was not done, or it is not known whether it was",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let done = match route.work {
        Work::Text(_) => json!({ "text/plain": { "schema": { "type": "string" } } }),
        _ => json!({ "application/json": { "schema": answers::schema(route.name) } }),
    };
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.about,
        "description": format!("Roles: {}.", roles.join(", ")),
        "parameters": parameters,
        "responses": {
            "200": { "description": "done", "content": done, "links": answers::links(route.name) },
            "4XX": problem,
            "503": problem,
        },
    });
    match route.body {
        Body::None => {}
        Body::List => {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": { "type": "object" } } } });
        }
        Body::Csv => {
            operation["requestBody"] =
                json!({ "required": true, "content": { "text/csv": { "schema": { "type": "string" } } } });
        }
        Body::Fields(fields) => {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": fields::schema(fields) } } });
        }
    }
    operation
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "kind", "outcome", "retry"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "what was wrong, in words" },
            "code": { "type": "string", "description": "the stable name of what was wrong" },
            "kind": { "type": "string", "enum": ["refused", "usage", "absent", "security", "interrupted"] },
            "hint": { "type": ["string", "null"], "description": "what to do about it" },
            "request_id": { "type": ["string", "null"] },
            "outcome": { "type": "string", "enum": ["final", "unknown"] },
            "retry": { "type": "boolean", "description": "the same request may be sent again" },
        },
    })
}
