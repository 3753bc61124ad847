//! Who may do what: one rule for keys, for people who log in, and for the pages that they open. [`ROUTES`] says of each act which
//! roles may ask for it; all else follows from it.

use crate::denied::Denied;
use crate::routes::{ROUTES, Route};
use parties::people::operators;
use server::Role;

/// A person's role as routes have it.
pub const fn of_person(role: operators::Role) -> Role {
    match role {
        operators::Role::Clerk => Role::Clerk,
        operators::Role::Supervisor => Role::Supervisor,
        operators::Role::Auditor => Role::Auditor,
    }
}

/// A route by its name.
pub fn route(name: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|known| known.name == name)
}

/// Whether a role may ask for a route.
pub fn may(route: &Route, role: Role) -> bool {
    route.roles.contains(&role)
}

/// Refuses a role that may not ask for a route.
///
/// # Errors
/// That, with the roles that may.
pub fn must(route: &Route, role: Role) -> Result<(), Denied> {
    if may(route, role) {
        return Ok(());
    }
    let allowed: Vec<&str> = route.roles.iter().map(|role| role.name()).collect();
    Err(Denied::Role { role: role.name(), allowed: allowed.join(", ") })
}
