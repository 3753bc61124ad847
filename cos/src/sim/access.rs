//! Access condition nibbles [TS 51.011 9.3].

/// Always.
pub const ALW: u8 = 0x0;
/// CHV1.
pub const CHV1: u8 = 0x1;
/// CHV2.
pub const CHV2: u8 = 0x2;
/// The issuer's key (ADM1, VERIFY CHV with P2 = 0A).
pub const ADM: u8 = 0xA;
/// Never.
pub const NEV: u8 = 0xF;
