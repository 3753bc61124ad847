//! Drawing a component of a ceremony for its custodian.

use crate::home::{self, Party};
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result};
use ::kdc::ceremony::Component;
use disk::Durability;
use keys::{Suite, Zeroizing};
use serde::{Serialize, Serializer};
use std::fmt;
use std::path::PathBuf;

/// What to draw.
#[derive(Debug, Clone)]
pub struct ComponentRequest {
    /// Suite of the ceremony.
    pub suite: Suite,
    /// The new file it goes into, for its owner's eyes alone; `None`: it is told.
    pub out: Option<PathBuf>,
}

/// A component in hexadecimal digits, for its custodian alone.
#[derive(Clone)]
pub struct ComponentText(pub Zeroizing<String>);

impl fmt::Debug for ComponentText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComponentText(hidden)")
    }
}

impl Serialize for ComponentText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A component that was drawn.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentReport {
    /// The file it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The component itself, when no file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentText>,
    /// Its check value.
    pub check_value: String,
}

/// Draws a component for a custodian.
///
/// # Errors
/// A seed: a component makes formal keys, whatever ceremony it is typed in. The file is there, or cannot be written.
pub fn draw(session: &Session, request: &ComponentRequest) -> Result<ComponentReport> {
    session.must_be_unseeded("the component")?;
    home::acts_if_known(session, &[Party::Province])?;
    let mut bytes = Zeroizing::new([0; 16]);
    session.chance("component").fill(&mut *bytes);
    let component =
        Component::from_entropy(request.suite, bytes).context("the random source gave zeros only")?;
    let check_value = component.check_value().to_string();
    log::fact(session, "check_value", &check_value);
    let Some(path) = &request.out else {
        let component = Some(ComponentText(component.written()));
        return Ok(ComponentReport { file: None, component, check_value });
    };
    let text = Zeroizing::new(format!("{}\n{check_value}\n", component.written().as_str()));
    disk::create(path, text.as_bytes(), Durability::Synced)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ComponentReport { file: Some(path.display().to_string()), component: None, check_value })
}
