//! The layout of the EEPROM before there were two journal areas: one area in pages 1 to 15, the user area from page 16 on. A card
//! of that layout is not run; it is laid out anew first, which nothing in the user area notices, since its addresses count from
//! its own begin.

use crate::chip::{BootError, Chip};
use crate::journal::{Area, FIRST_AREA, USER_PAGE};
use crate::nvm::PAGE;
use alloc::vec;
use alloc::vec::Vec;

/// Its version.
pub const LAYOUT: u8 = 1;
/// First page of its user area.
const USER: usize = 16;

/// The same card in the layout of now, its last transaction finished.
///
/// # Errors
/// It is no card of layout 1.
pub fn laid_out_anew(image: &[u8]) -> Result<Vec<u8>, BootError> {
    let chip = Chip::read_laid_out(image, LAYOUT, USER)?;
    let mut user = image[USER * PAGE..].to_vec();
    for (page, data) in Area::read(image, FIRST_AREA).map_or_else(Vec::new, |area| area.pages(image)) {
        let home = page.checked_sub(USER).and_then(|page| user.get_mut(page * PAGE..(page + 1) * PAGE));
        if let Some(home) = home {
            home.copy_from_slice(&data);
        }
    }
    let mut anew = vec![0; USER_PAGE * PAGE];
    anew[..PAGE].copy_from_slice(&chip.superblock());
    anew.append(&mut user);
    Ok(anew)
}
