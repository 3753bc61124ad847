//! Figures in words, as every act says them alike.

/// An amount, which may be owed as well.
pub fn yuan(fen: i64) -> String {
    let size = fen.unsigned_abs();
    format!("{}{}.{:02} yuan", if fen < 0 { "-" } else { "" }, size / 100, size % 100)
}

/// An amount that nobody owes, as much as it may be.
pub fn yuan_of(fen: u64) -> String {
    yuan(i64::try_from(fen).unwrap_or(i64::MAX))
}

/// What a meter's register says, as people read it: in kWh or cubic metres, as the meter counts, which nothing says that reaches a bank.
pub fn register(hundredths: u32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A price in 0.01 fen of a unit.
pub fn price(hundredths_fen: u64, unit: &str) -> String {
    format!("{}.{:04} yuan/{unit}", hundredths_fen / 10_000, hundredths_fen % 10_000)
}

/// What an insertion took off the credit for consumption before it, in fen.
pub fn paid_before(debt: u64) -> String {
    format!("{} of it paid for what was consumed before", yuan_of(debt))
}
