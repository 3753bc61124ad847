//! An EEPROM whose supply fails at a page write, and two that break what a journal builds on.

use gridcard_cos::{Nvm, PAGE, PowerLoss};

/// What the page under the cut holds.
#[derive(Clone, Copy, Debug)]
pub enum Torn {
    Old,
    New,
    Prefix(usize),
    Erased,
    Noise,
}

/// 60 bytes are a journal header without its checksum.
pub const TORN: [Torn; 9] = [
    Torn::Old,
    Torn::New,
    Torn::Prefix(1),
    Torn::Prefix(3),
    Torn::Prefix(33),
    Torn::Prefix(60),
    Torn::Prefix(63),
    Torn::Erased,
    Torn::Noise,
];

/// How the EEPROM breaks its promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It keeps them.
    None,
    /// The pages of the journal headers are dead: writes to them succeed and do nothing.
    HeaderLost,
    /// Journal pages linger in a cache until the next transaction begins: the header overtakes them.
    PagesLate,
}

/// Pages of the headers of the two journal areas.
const HEADERS: [usize; 2] = [1, 16];
const USER_PAGE: usize = 31;

pub struct Supply {
    bytes: Vec<u8>,
    writes_left: Option<u32>,
    torn: Torn,
    flaw: Flaw,
    late: Vec<(usize, [u8; PAGE])>,
    /// The last transaction has its header: a further journal page is of the next one.
    closed: bool,
    counted: u32,
}

impl Supply {
    pub fn new(bytes: Vec<u8>, flaw: Flaw) -> Self {
        Supply {
            bytes,
            writes_left: None,
            torn: Torn::Old,
            flaw,
            late: Vec::new(),
            closed: false,
            counted: 0,
        }
    }

    /// The write after so many fails, and leaves this.
    pub fn fail_after(&mut self, writes: Option<u32>, torn: Torn) {
        self.writes_left = writes;
        self.torn = torn;
    }

    /// Counts writes from here.
    pub fn count(&mut self) {
        self.counted = 0;
    }

    pub fn counted(&self) -> u32 {
        self.counted
    }

    fn tear(&mut self, page: usize, data: &[u8; PAGE]) {
        let home = &mut self.bytes[page * PAGE..(page + 1) * PAGE];
        match self.torn {
            Torn::Old => {}
            Torn::New => home.copy_from_slice(data),
            Torn::Prefix(n) => home[..n].copy_from_slice(&data[..n]),
            Torn::Erased => home.fill(0xFF),
            Torn::Noise => {
                home.iter_mut().enumerate().for_each(|(i, b)| *b = (i * 167 + page * 59 + 13) as u8);
            }
        }
    }

    fn store(&mut self, page: usize, data: &[u8; PAGE]) {
        self.bytes[page * PAGE..(page + 1) * PAGE].copy_from_slice(data);
    }
}

impl Nvm for Supply {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss> {
        self.counted += 1;
        let dead = self.flaw == Flaw::HeaderLost && HEADERS.contains(&page);
        match &mut self.writes_left {
            Some(0) => {
                if !dead {
                    self.tear(page, data);
                }
                return Err(PowerLoss);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        if self.flaw == Flaw::PagesLate && (1..USER_PAGE).contains(&page) && !HEADERS.contains(&page) {
            if core::mem::take(&mut self.closed) {
                for (page, data) in core::mem::take(&mut self.late) {
                    self.store(page, &data);
                }
            }
            self.late.push((page, *data));
            return Ok(());
        }
        self.closed |= HEADERS.contains(&page);
        if !dead {
            self.store(page, data);
        }
        Ok(())
    }
}
