//! What a reader of an image needs at every file.

use cos::Chip;
use cos::files::Node;
use cos::journal::Memory;

/// The memory, and whose it is.
pub struct View<'m, 'a> {
    pub memory: &'m Memory<'a>,
    pub chip: Chip,
}

impl View<'_, '_> {
    /// Whether the card is a SIM, whose headers mean other things.
    pub fn is_sim(&self) -> bool {
        self.chip.kind.is_sim()
    }
    /// The first bytes of a file's body.
    pub fn body(&self, node: &Node, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.memory.append_to(node.body(), len, &mut out);
        out
    }
}
