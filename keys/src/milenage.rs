//! Milenage: the functions by which a USIM and its network know each other [docs/specs/sim.md, authentication].

use crate::{Key, KeyError, Suite};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a block, of a challenge, of the keys.
const BLOCK: usize = 16;

/// What a challenge gives.
pub struct Answer {
    /// RES: proves that the subscriber's key is here (f2).
    pub res: [u8; 8],
    /// CK: enciphers (f3).
    pub ck: Zeroizing<[u8; 16]>,
    /// IK: protects (f4).
    pub ik: Zeroizing<[u8; 16]>,
    /// AK: hides the sequence number (f5).
    pub ak: [u8; 6],
}

impl Answer {
    /// What a network of the second generation is answered: SRES and Kc (conversions c2 and c3).
    pub fn gsm(&self) -> ([u8; 4], Zeroizing<[u8; 8]>) {
        let mut sres = [0; 4];
        for (at, byte) in self.res.iter().enumerate() {
            sres[at % 4] ^= byte;
        }
        let mut kc = Zeroizing::new([0; 8]);
        for (at, byte) in self.ck.iter().chain(self.ik.iter()).enumerate() {
            kc[at % 8] ^= byte;
        }
        (sres, kc)
    }
}

/// A subscriber's key and the operator's value, ready for challenges.
pub struct Milenage {
    k: Key,
    opc: Zeroizing<[u8; BLOCK]>,
}

impl Milenage {
    /// Of a subscriber's key K and OPc, 16 bytes each.
    ///
    /// # Errors
    /// A key of another length.
    pub fn new(k: &[u8], opc: &[u8; BLOCK]) -> Result<Self, KeyError> {
        Ok(Milenage { k: Key::new(Suite::Aes128, k)?, opc: Zeroizing::new(*opc) })
    }

    /// OPc of a subscriber's key and the operator's OP.
    ///
    /// # Errors
    /// A key of another length.
    pub fn opc(k: &[u8], op: &[u8; BLOCK]) -> Result<[u8; BLOCK], KeyError> {
        let mut block = *op;
        Key::new(Suite::Aes128, k)?.cipher().encrypt_block(&mut block);
        Ok(xor(block, op))
    }

    fn encrypt(&self, mut block: [u8; BLOCK]) -> [u8; BLOCK] {
        self.k.cipher().encrypt_block(&mut block);
        block
    }

    fn temp(&self, rand: &[u8; BLOCK]) -> [u8; BLOCK] {
        self.encrypt(xor(*rand, &self.opc))
    }

    /// One output block: `rotation` in bytes to the left, `constant` in the last byte.
    fn out(&self, temp: &[u8; BLOCK], rotation: usize, constant: u8) -> [u8; BLOCK] {
        let mut block = xor(*temp, &self.opc);
        block.rotate_left(rotation);
        block[BLOCK - 1] ^= constant;
        xor(self.encrypt(block), &self.opc)
    }

    /// f1 and f1*: MAC-A, by which the network proves itself, and MAC-S, by which a sequence number is given back.
    pub fn macs(&self, rand: &[u8; BLOCK], sqn: &[u8; 6], amf: &[u8; 2]) -> ([u8; 8], [u8; 8]) {
        let mut input = [0; BLOCK];
        for half in input.chunks_exact_mut(8) {
            half[..6].copy_from_slice(sqn);
            half[6..].copy_from_slice(amf);
        }
        let mut block = xor(input, &self.opc);
        block.rotate_left(8);
        let out = xor(self.encrypt(xor(block, &self.temp(rand))), &self.opc);
        halves(&out)
    }

    /// f2 to f5.
    pub fn answer(&self, rand: &[u8; BLOCK]) -> Answer {
        let temp = self.temp(rand);
        let mut out2 = self.out(&temp, 0, 1);
        let (low, res) = halves(&out2);
        out2.zeroize();
        let [a, b, c, d, e, f, ..] = low;
        Answer {
            res,
            ck: Zeroizing::new(self.out(&temp, 4, 2)),
            ik: Zeroizing::new(self.out(&temp, 8, 4)),
            ak: [a, b, c, d, e, f],
        }
    }

    /// f5*: hides the sequence number that is given back.
    pub fn resynchronisation_ak(&self, rand: &[u8; BLOCK]) -> [u8; 6] {
        let [a, b, c, d, e, f, ..] = self.out(&self.temp(rand), 12, 8);
        [a, b, c, d, e, f]
    }
}

fn xor<const N: usize>(mut a: [u8; N], b: &[u8; N]) -> [u8; N] {
    for (a, b) in a.iter_mut().zip(b) {
        *a ^= b;
    }
    a
}

fn halves(block: &[u8; BLOCK]) -> ([u8; 8], [u8; 8]) {
    let (mut low, mut high) = ([0; 8], [0; 8]);
    low.copy_from_slice(&block[..8]);
    high.copy_from_slice(&block[8..]);
    (low, high)
}
