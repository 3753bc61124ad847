//! When something goes wrong with a party of ours that is there to be tried against: a list of kinds and moments, as a user writes it.

use scheme::chance::{Chance, random};

/// When one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the nth since the start.
    At(u32),
    /// At so many of a hundred.
    Percent(u8),
}

impl When {
    /// Whether it comes at the one of this number, from 1.
    pub fn comes(self, number: u32, chance: &mut dyn Chance) -> bool {
        match self {
            When::At(n) => n == number,
            When::Percent(percent) => {
                let [high, low] = random::<2>(chance);
                u16::from_be_bytes([high, low]) % 100 < u16::from(percent)
            }
        }
    }
}

/// Reads a list, `KIND@N` or `KIND=P%` with commas between.
///
/// # Errors
/// The part that is none.
pub fn planned<F: Copy>(text: &str, all: &[(&'static str, F)]) -> Result<Vec<(F, When)>, String> {
    let mut list = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let wrong = || part.to_owned();
        let at = part.find(['@', '=']).ok_or_else(wrong)?;
        let (name, when) = part.split_at(at);
        let (_, fault) = all.iter().find(|(known, _)| *known == name).ok_or_else(wrong)?;
        let when = match when.strip_prefix('@') {
            Some(n) => When::At(n.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?),
            None => {
                let percent = when.strip_prefix('=').and_then(|when| when.strip_suffix('%'));
                let percent = percent.and_then(|percent| percent.parse().ok());
                When::Percent(percent.filter(|percent| *percent <= 100).ok_or_else(wrong)?)
            }
        };
        list.push((*fault, when));
    }
    Ok(list)
}
