//! Frames as serial infrared carries them: a beginning, an end, and an escape for whatever looks like one of them [docs/specs/lines.md 3].

/// Stands before a frame, to wake whoever listens.
const XBOF: u8 = 0xFF;
/// Begins a frame.
const BOF: u8 = 0xC0;
/// Ends a frame.
const EOF: u8 = 0xC1;
/// Stands before a byte of a frame that looks like one of the three.
const ESCAPE: u8 = 0x7D;
/// What such a byte is changed by.
const FLIP: u8 = 0x20;
/// The longest frame that is listened to.
const LONGEST: usize = 4096;

/// CRC-16 of X.25 over address, control and data; it stands behind them, low byte first.
pub fn fcs(bytes: &[u8]) -> u16 {
    !bytes.iter().fold(0xFFFF, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 != 0 { crc >> 1 ^ 0x8408 } else { crc >> 1 })
    })
}

/// A frame on the line, so many bytes FF before it.
pub fn wrap(frame: &[u8], wake: usize) -> Vec<u8> {
    let mut out = vec![XBOF; wake];
    out.push(BOF);
    for byte in frame.iter().copied().chain(fcs(frame).to_le_bytes()) {
        match byte {
            BOF | EOF | ESCAPE => out.extend([ESCAPE, byte ^ FLIP]),
            byte => out.push(byte),
        }
    }
    out.push(EOF);
    out
}

/// Finds frames in what comes in.
#[derive(Debug, Clone, Default)]
pub struct Unwrapper {
    inside: Option<Vec<u8>>,
    escaped: bool,
}

impl Unwrapper {
    /// Takes a byte; gives the frame that it ends, when its sum is right.
    pub fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        match (byte, &mut self.inside) {
            (BOF, _) => {
                (self.inside, self.escaped) = (Some(Vec::new()), false);
            }
            (EOF, _) => {
                let mut frame = self.inside.take()?;
                let (body, sum) = frame.split_last_chunk::<2>().filter(|(body, _)| body.len() >= 2)?;
                let length = body.len();
                return (fcs(body).to_le_bytes() == *sum).then(|| {
                    frame.truncate(length);
                    frame
                });
            }
            (_, None) => {}
            (ESCAPE, Some(_)) => self.escaped = true,
            (byte, Some(inside)) => {
                inside.push(if self.escaped { byte ^ FLIP } else { byte });
                self.escaped = false;
                if inside.len() > LONGEST {
                    self.inside = None;
                }
            }
        }
        None
    }
}
