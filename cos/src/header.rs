//! The header of a file as the data field of CREATE FILE asks for it [FMCOS UM 7.13; SM 1.1]. CREATE FILE makes it, and
//! [`crate::closing`] holds the files of a card against the rows of its profile by it.

use crate::files::{FileKind, HEADER};
use crate::halt::Halt;
use scheme::profile::Fid;
use wire::Sw;

/// Longest directory name. UNSPECIFIED: the manual says 2 to 16 in one place, 5 to 16 in another; 4 pass on a
/// card, so any length up to 16 does here.
const MAX_NAME: usize = 16;

/// Longest record [FMCOS UM 4.1.3].
const MAX_RECORD: u8 = 248;

/// The header of [`crate::files`] from the data field of CREATE FILE, and a directory's name.
pub fn header_of(kind: FileKind, fid: Fid, data: &[u8]) -> Result<([u8; HEADER], &[u8]), Halt> {
    let [hi, lo] = fid.bytes();
    match (kind, data) {
        (FileKind::Dir, &[t, s1, s0, create, erase, app, _, _, ref name @ ..]) => {
            if name.len() > MAX_NAME {
                return Err(Sw::WRONG_LENGTH.into());
            }
            // `name` has at most 16 bytes.
            Ok(([t, hi, lo, s1, s0, create, erase, app, 0, name.len() as u8, 0], name))
        }
        (FileKind::Keys, &[t, s1, s0, short, add, _, _]) => {
            Ok(([t, hi, lo, s1, s0, short, add, 0xFF, 0, 0, 0], &[]))
        }
        (FileKind::Binary | FileKind::Variable, &[t, s1, s0, read, write, _, access]) => {
            Ok(([t, hi, lo, s1, s0, read, write, access, 0, 0, 0], &[]))
        }
        // The size in the command is a constant; the body takes 22 bytes [FMCOS UM 4.2].
        (FileKind::Wallet, &[t, 0x02, 0x08, use_right, _, _, log]) => {
            if !matches!(fid, Fid(1 | 2)) {
                return Err(Sw::WRONG_DATA.into());
            }
            Ok(([t, hi, lo, 0, 22, use_right, 0xEF, 0xFF, log, 0, 0], &[]))
        }
        (FileKind::Wallet, data) if data.len() == 7 => Err(Sw::WRONG_DATA.into()),
        (FileKind::Fixed | FileKind::Cyclic, &[t, count, length, read, write, _, access]) => {
            if count < 2 || length == 0 || length > MAX_RECORD {
                return Err(Sw::WRONG_DATA.into());
            }
            let size = u16::from(count) * (u16::from(length) + 1);
            let [s1, s0] = size.to_be_bytes();
            Ok(([t, hi, lo, s1, s0, read, write, access, length, 0, 0], &[]))
        }
        _ => Err(Sw::WRONG_LENGTH.into()),
    }
}
