//! What a meter measures, and by what it cuts the supply: the profiles of one meter [docs/specs/profiles.md 1].

use serde::{Deserialize, Serialize};

/// What a meter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Energy, a relay, mains.
    #[default]
    Electricity,
    /// Volume of gas, a valve, a battery.
    Gas,
    /// Volume of water, a valve, a battery.
    Water,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 3] = [Profile::Electricity, Profile::Gas, Profile::Water];

    /// The name in commands and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Electricity => "electricity",
            Profile::Gas => "gas",
            Profile::Water => "water",
        }
    }

    /// The unit that the price is for; the register counts hundredths of it.
    pub const fn unit(self) -> &'static str {
        match self {
            Profile::Electricity => "kWh",
            Profile::Gas | Profile::Water => "m3",
        }
    }

    /// The unit of the load.
    pub const fn load_unit(self) -> &'static str {
        match self {
            Profile::Electricity => "W",
            Profile::Gas | Profile::Water => "l/h",
        }
    }

    /// What the customer has not when it is cut.
    pub const fn supply(self) -> &'static str {
        match self {
            Profile::Electricity => "current",
            Profile::Gas => "gas",
            Profile::Water => "water",
        }
    }

    /// Whether it cuts by a valve, and lives on a battery.
    pub const fn has_valve(self) -> bool {
        !matches!(self, Profile::Electricity)
    }

    /// Days without a purchase or a station after which the valve closes; 0: it never does for that.
    ///
    /// Ours: gas that nobody asks after for a quarter of a year flows in a house that may be empty; water is nobody's danger.
    pub const fn silence_days(self) -> u16 {
        match self {
            Profile::Gas => 90,
            Profile::Electricity | Profile::Water => 0,
        }
    }

    /// Hours of flow without a pause after which the valve closes. Ours: a stove is not on for a day, and a garden is not watered for two.
    pub const fn longest_flow_hours(self) -> u16 {
        match self {
            Profile::Gas => 24,
            Profile::Electricity | Profile::Water => 48,
        }
    }

    /// The most that it is made for, in litres an hour: what flows beyond comes of a pipe that broke. Ours: a domestic meter's.
    pub const fn most_load(self) -> u32 {
        match self {
            Profile::Gas => 6_000,
            Profile::Water => 3_125,
            Profile::Electricity => u32::MAX,
        }
    }
}
