//! What a page wants of whoever opens it.

use crate::rights;
use parties::people::operators::Role;

/// Whoever works at a desk.
const OFFICE: &[Role] = &[Role::Clerk, Role::Supervisor];
/// Whoever looks at the whole house, at what no route of the API shows.
pub const HOUSE: Right = Right::People(&[Role::Supervisor, Role::Auditor]);
/// Whoever is logged in.
pub const ALL: Right = Right::People(&[Role::Clerk, Role::Supervisor, Role::Auditor]);
/// Whoever decides what another asked for; he needs the right to the act as well.
pub const HEAD: Right = Right::People(&[Role::Supervisor]);

/// What a page wants of whoever opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// The right to a route of the API: the page shows what it shows, or does what it does.
    To(&'static str),
    /// Somebody of the office, who asks for an act of two people. Whether the act is done is for one to decide who has the right to it.
    ToAsk,
    /// One of these roles, where the API has no such route.
    People(&'static [Role]),
}

impl Right {
    /// Whether a role has it.
    pub fn is_of(self, role: Role) -> bool {
        match self {
            Right::To(name) => {
                rights::route(name).is_some_and(|route| rights::may(route, rights::of_person(role)))
            }
            Right::ToAsk => OFFICE.contains(&role),
            Right::People(roles) => roles.contains(&role),
        }
    }

    /// The roles that have it, for whoever has it not.
    pub fn roles(self) -> Vec<&'static str> {
        let all = [Role::Clerk, Role::Supervisor, Role::Auditor];
        all.into_iter().filter(|role| self.is_of(*role)).map(|role| role.name()).collect()
    }
}
