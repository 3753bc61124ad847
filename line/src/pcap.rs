//! Captures as Wireshark opens them.

/// Frames of IrLAP behind a head of 16 bytes.
const LINUX_IRDA: u32 = 144;
/// The head's kind of hardware and protocol.
const HARDWARE: u16 = 783;
const IRLAP: u16 = 0x0017;
/// The head's direction.
const INCOMING: u16 = 0;
const OUTGOING: u16 = 4;
const MICROSECONDS: u32 = 0xA1B2_C3D4;
const LONGEST: u32 = 65_535;

/// A capture of IrDA, as one of its ends sees it.
#[derive(Debug, Clone)]
pub struct IrdaCapture(Vec<u8>);

impl Default for IrdaCapture {
    fn default() -> Self {
        let mut out = Vec::new();
        out.extend(MICROSECONDS.to_le_bytes());
        // Version 2.4.
        out.extend(2_u16.to_le_bytes());
        out.extend(4_u16.to_le_bytes());
        out.extend([0; 8]);
        out.extend(LONGEST.to_le_bytes());
        out.extend(LINUX_IRDA.to_le_bytes());
        IrdaCapture(out)
    }
}

impl IrdaCapture {
    /// A frame of IrLAP without its sum, at a time in microseconds.
    pub fn add(&mut self, at: u64, is_outgoing: bool, frame: &[u8]) {
        let length = (16 + frame.len()) as u32;
        for number in [(at / 1_000_000) as u32, (at % 1_000_000) as u32, length, length] {
            self.0.extend(number.to_le_bytes());
        }
        self.0.extend(if is_outgoing { OUTGOING } else { INCOMING }.to_be_bytes());
        self.0.extend(HARDWARE.to_be_bytes());
        self.0.extend([0; 10]);
        self.0.extend(IRLAP.to_be_bytes());
        self.0.extend(frame);
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}
