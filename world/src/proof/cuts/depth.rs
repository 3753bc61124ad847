//! How deep cuts go, and what is bought while they are made.

use scheme::money::Fen;
use scheme::signing::Mode;

/// What is bought.
pub const AMOUNT: Fen = Fen(20_00);

/// How far the recovery is cut in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// After each cut one whole recovery.
    Single,
    /// All pairs of cuts of one kind.
    Pairs,
    /// All pairs of cuts, whatever their kinds.
    Crossed,
}

/// Which kind of order a meter takes, in a word.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Signed => "signed",
        Mode::Symmetric | Mode::Both => "symmetric",
    }
}
