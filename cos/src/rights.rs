//! Access rights of FMCOS: one byte, two security registers [docs/specs/fmcos.md, rights].

/// An access right as it stands in a file or key header.
///
/// `XY`, X not 0: the directory's register must lie in Y..=X (so X < Y is never). `0Y`: the MF's register must
/// be at least Y. `F0` is always, `EF` never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right(pub u8);

impl Right {
    /// Whether the registers satisfy the right.
    pub const fn allows(self, mf_register: u8, dir_register: u8) -> bool {
        let (x, y) = (self.0 >> 4, self.0 & 0x0F);
        // QUIRK(fmcos-gm): GM 5.2 reads FY as "MF register at least Y"; UM, which we follow, says 0Y.
        if x == 0 { mf_register >= y } else { y <= dir_register && dir_register <= x }
    }
}

impl core::fmt::Display for Right {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (x, y) = (self.0 >> 4, self.0 & 0x0F);
        match (x, y) {
            (0xF, 0) => write!(f, "always"),
            (0, y) => write!(f, "MF state {y:X} or more"),
            (x, y) if x < y => write!(f, "never"),
            (0xF, y) => write!(f, "state {y:X} or more"),
            (x, y) if x == y => write!(f, "state {y:X}"),
            (x, y) => write!(f, "state {y:X} to {x:X}"),
        }
    }
}
