//! The file tree of an image, read by a walk of our own: what is owned, and the serials of the purses.

use gridcard_cos::PAGE;

const USER: usize = 31 * PAGE;
const HEADER: usize = 11;

/// The user area with everything nobody owns set to zero: there any content will do.
pub fn live(image: &[u8]) -> Vec<u8> {
    let mut out = vec![0; image.len() - USER];
    visit(image, &mut |at, part| out[at..at + part.len()].copy_from_slice(part));
    out
}

/// Online and offline serials of all purses, in the order of the tree.
pub fn serials(image: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    visit(image, &mut |_, part| {
        if part.len() == HEADER + 22 && part[0] & 0x3F == 0x2F {
            found.extend(
                part[HEADER + 4..HEADER + 8].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])),
            );
        }
    });
    found
}

/// Addresses of the headers of all files, in the image.
pub fn headers(image: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    visit(image, &mut |at, part| {
        // an end mark is one byte
        if part.len() >= HEADER {
            found.push(USER + at);
        }
    });
    found
}

/// Shows every owned stretch: headers with names, files, end marks.
fn visit(image: &[u8], show: &mut impl FnMut(usize, &[u8])) {
    let user = &image[USER..];
    // without an MF nobody owns anything
    if user[0] & 0x3F == 0x38 && user[1..3] == [0x3F, 0x00] {
        directory(user, 0, show);
    }
}

fn directory(user: &[u8], at: usize, show: &mut impl FnMut(usize, &[u8])) {
    let body = at + HEADER + usize::from(user[at + 9]);
    let end = (body + size(user, at)).min(user.len());
    show(at, &user[at..body]);
    let mut at = body;
    while at + HEADER <= end {
        let kind = user[at] & 0x3F;
        let dir = kind == 0x38;
        let next = at + HEADER + if dir { usize::from(user[at + 9]) } else { 0 } + size(user, at);
        if !matches!(kind, 0x21 | 0x28 | 0x2A | 0x2C | 0x2E | 0x2F | 0x38 | 0x3F) || next > end {
            show(at, &user[at..=at]);
            return;
        }
        if dir {
            directory(user, at, show);
        } else {
            show(at, &user[at..next]);
        }
        at = next;
    }
}

fn size(user: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([user[at + 3], user[at + 4]]))
}
