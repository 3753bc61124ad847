//! The issuing card's own keys.

use cos::keyfile::kind;
use cos::{Context, Halt};
use keys::{Key, Role};

/// This card's key of a role.
pub fn role_key(context: &Context<'_>, role: Role) -> Result<Key, Halt> {
    context.usable_key(kind::APPLET, role.code())
}

/// Version of this card's keys, once its rights are satisfied.
pub fn own_version(context: &Context<'_>) -> Result<u8, Halt> {
    let record = context.key_record(kind::APPLET, Role::Master.code())?;
    context.require(record.use_right())?;
    Ok(record.byte4())
}
