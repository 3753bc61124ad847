//! Where an order stands.

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Written down; the security module has not answered yet.
    Prepared,
    /// Sealed, its record may be on a SIM.
    Sealed,
    /// A later order of the same purchase took its place; its own receipt may still come.
    Superseded,
    /// Its receipt came.
    Settled,
    /// It will never be settled: another order of its purchase was, or it was never sealed.
    Void,
}

impl OrderState {
    /// All states.
    pub const ALL: [OrderState; 5] = [
        OrderState::Prepared,
        OrderState::Sealed,
        OrderState::Superseded,
        OrderState::Settled,
        OrderState::Void,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Prepared => "prepared",
            OrderState::Sealed => "sealed",
            OrderState::Superseded => "superseded",
            OrderState::Settled => "settled",
            OrderState::Void => "void",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
