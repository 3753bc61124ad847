//! Pairing files are made here: the keys of a meter's MCU, exported by a source as if it were a card
//! [docs/specs/cards.md 7]. What stands in such a file: [`scheme::pairing`].

use crate::card::KeyCheck;
use crate::headers;
use crate::source::{Current, KeySource, Level, SourceError, Target};
use crate::words::role;
use keys::Role;
use scheme::fault::{Fault, Hint};
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::pairing::{PairingFile, WrappedKey};
use scheme::profile::{MCU_KEYS, Recipient, State};

/// Why no pairing file was made: the source gave no key.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", role(*code))]
pub struct PairingError {
    /// Role code of the key.
    code: u8,
    /// Why.
    source: SourceError,
}

impl Fault for PairingError {
    fn hint(&self) -> Hint {
        self.source.hint()
    }

    fn code(&self) -> &str {
        self.source.code()
    }
}

/// Makes the file for a meter. `seen` are the keys read back from its ESAM, if it was just issued: an
/// issuing card does not tell check values of device keys, the ESAM does.
///
/// # Errors
/// Those of the source, with the role they concern; a provincial source makes no pairings.
pub fn make(
    source: &mut dyn KeySource,
    number: DeviceNumber,
    region: RegionCode,
    seen: &[KeyCheck],
) -> Result<PairingFile, PairingError> {
    make_of(source, number, region, seen, false)
}

/// As [`make`]; with `test_keys` a formal source makes the pairing of an ESAM that goes back to test.
///
/// # Errors
/// Those of [`make`].
pub fn make_of(
    source: &mut dyn KeySource,
    number: DeviceNumber,
    region: RegionCode,
    seen: &[KeyCheck],
    test_keys: bool,
) -> Result<PairingFile, PairingError> {
    let about = source.about();
    let form = number.as_mcu_serial().0;
    let target = Target {
        recipient: Recipient::Mcu,
        master: Current::Transport,
        test_keys,
        version: None,
        serial: form,
        number: number.0,
        region: region.0,
    };
    let mut keys = Vec::with_capacity(MCU_KEYS.len());
    for row in MCU_KEYS {
        let code = row.role;
        let fail = |source| PairingError { code, source };
        let header = headers::add(row, about.suite);
        let field = source.export_key(&target, code, form, header).map_err(fail)?;
        let known = source.expected(&target, code).map_err(fail)?.check_value;
        // Every role of the table has a name; the own master, which has none, is not in it.
        let Some(role) = Role::from_code(code) else { continue };
        let seen = seen.iter().find(|key| key.role == role).map(|key| key.check_value);
        keys.push(WrappedKey { role, header: header.to_vec(), field, check_value: known.or(seen) });
    }
    let region = if let Level::City(own) = about.level { own } else { region };
    let state = if test_keys { State::Test } else { about.state };
    Ok(PairingFile::new(number, region, about.suite, state, keys))
}
