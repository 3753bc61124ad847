//! A small generator whose whole state is a seed, and commands that are almost right.

use gridcard_cos::table::{Case, Class, CommandRow};

#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // splitmix64: neighbouring seeds give unlike streams, and none is zero
        let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Random((x ^ (x >> 31)) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of these; now and then anything.
    pub fn mostly(&mut self, of: &[u8]) -> u8 {
        if self.one_in(8) { self.byte() } else { self.pick(of) }
    }

    /// A command of a row: class, instruction and length mostly as it wants them, parameters and data that mean something
    /// on a card with files 01 to 18 and keys of the usual ids.
    pub fn command(&mut self, row: &CommandRow) -> Vec<u8> {
        let class = match row.class {
            Class::Only(class) => class,
            Class::Securable(class) => class | if self.one_in(2) { 0x04 } else { 0 },
        };
        let mut bytes = vec![self.mostly(&[class; 4]), self.mostly(&[row.ins; 4])];
        bytes.extend([self.first(row), self.second(row)]);
        let (data, answers) = self.body(row);
        if !data.is_empty() {
            bytes.push(data.len() as u8);
            bytes.extend(data);
        }
        if answers && !self.one_in(4) {
            bytes.push(self.mostly(&[0, 0, 4, 8, 16]));
        }
        if self.one_in(32) {
            bytes.truncate(self.below(bytes.len() + 1));
        }
        if self.one_in(32) {
            bytes.push(self.byte());
        }
        bytes
    }

    fn first(&mut self, row: &CommandRow) -> u8 {
        match row.ins {
            0xB0 | 0xD6 | 0xD0 => 0x80 | self.mostly(&[0, 5, 6, 7, 0x0E, 0x0F, 0x16, 0x18]),
            0xE0 => self.mostly(&[0, 0, 0x3F, 0x2F]),
            0xD4 => self.mostly(&[0, 1, 1, 0x36, 0x39, 0x3A, 0x3F]),
            _ => self.mostly(&[0, 0, 1, 2, 3, 4, 5, 0xAA]),
        }
    }

    fn second(&mut self, row: &CommandRow) -> u8 {
        match row.ins {
            0xB2 | 0xDC | 0xD2 | 0xE2 => {
                self.pick(&[1, 8, 9, 0x0A, 0x0B, 0x0C, 0x0D, 0x18]) << 3 | self.mostly(&[0, 2, 3, 4, 4])
            }
            0x20 => self.mostly(&[0, 0, 0x11, 0x1F]),
            _ => self.mostly(&[0, 0, 1, 2, 4, 7, 0x20]),
        }
    }

    /// A data field, and whether the row answers.
    fn body(&mut self, row: &CommandRow) -> (Vec<u8>, bool) {
        let (least, most) = match row.case {
            Case::One | Case::Two => (0, 0),
            Case::Three(a, b) | Case::Four(a, b) | Case::TwoOrFour(a, b) => (usize::from(a), usize::from(b)),
        };
        let len = match self.below(12) {
            0 => self.below(256),
            1 => least.saturating_sub(1),
            2 => (most + 1).min(255),
            3 => most,
            _ if most > least + 30 => least + self.below(30),
            _ => least + self.below(most - least + 1),
        };
        let mut data = self.bytes(len);
        self.sensible(row, &mut data);
        (data, row.case.answers())
    }

    /// Data that gets further than noise would.
    fn sensible(&mut self, row: &CommandRow, data: &mut Vec<u8>) {
        if self.one_in(6) {
            return;
        }
        match row.ins {
            0xE0 => {
                let kind = self.mostly(&[0x28, 0xA8, 0xE8, 0x2A, 0x2C, 0x2E, 0x2F, 0x38, 0x3F]);
                let size =
                    if kind & 0x3F == 0x2F { [0x02, 0x08] } else { [self.pick(&[0, 0, 0, 1]), self.byte()] };
                let rights = [self.mostly(&[0xF0, 0xF1, 0xEF]), self.mostly(&[0xF0, 0xF5])];
                *data = [&[kind][..], &size, &rights, &[0xFF, self.mostly(&[0xFF, 0x18, 0x7F])]].concat();
                if kind == 0x38 {
                    data.extend([0xFF; 1]);
                    let name = self.below(18);
                    data.extend(self.bytes(name));
                }
            }
            0xD4 => {
                let kind = self.mostly(&[0x30, 0x34, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3E, 0x3F]);
                *data = vec![kind, 0xF0, self.mostly(&[0xF0, 0xEF]), self.byte(), self.mostly(&[0x33, 0xFF])];
                let len = self.pick(&[3, 8, 16, 16]);
                data.extend(self.bytes(len));
            }
            0xA4 => {
                *data = self
                    .pick(&[&[][..], &[0x3F, 0x00], &[0x2F, 0x01], &[0x00, 0x05], &[0x00, 0x0B], b"APP01"])
                    .to_vec()
            }
            0x20 => *data = self.pick(&[[0x12, 0x34, 0x56], [0x12, 0x34, 0x01], [0x12, 0x34, 0x1F]]).to_vec(),
            0x50 => *data = [&[1, 0, 0, 0, self.byte()][..], &[0x11; 6]].concat(),
            _ => {}
        }
    }
}
