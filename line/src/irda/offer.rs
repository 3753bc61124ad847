//! What two ends can, and what they agree on: parameters of SNRM and UA [docs/specs/lines.md 3].

/// Speeds by their bit.
const SPEEDS: [u32; 6] = [2400, 9600, 19_200, 38_400, 57_600, 115_200];
/// Longest turns in ms, by their bit.
const TURNS: [u64; 4] = [500, 250, 100, 50];
/// Bytes of data in a frame, by their bit.
const SIZES: [usize; 6] = [64, 128, 256, 512, 1024, 2048];
/// Bytes FF before a frame at 115200 bit/s, by their bit.
const WAKES: [usize; 8] = [48, 24, 12, 5, 3, 2, 1, 0];
/// Shortest pauses before an answer in us, by their bit.
const PAUSES: [u64; 8] = [10_000, 5000, 1000, 500, 100, 50, 10, 0];
/// Seconds without an answer after which a connection is over, by their bit.
const THRESHOLDS: [u64; 8] = [3, 8, 12, 16, 20, 25, 30, 40];

/// What one end can: for speeds, sizes and thresholds a bit for each that it has, for the others the bit of its one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Speeds.
    pub speeds: u8,
    /// Its longest turn.
    pub turn: u8,
    /// How much data it takes in a frame.
    pub sizes: u8,
    /// How many frames it takes in a turn, 1 to 7.
    pub window: u8,
    /// Bytes FF that it wants before a frame.
    pub wakes: u8,
    /// The pause that it wants before an answer.
    pub pause: u8,
    /// Thresholds.
    pub thresholds: u8,
}

impl Offer {
    /// What phone and meter here can: 9600 to 115200 bit/s, turns of 500 ms, 64 to 256 bytes, seven frames, 12 bytes FF, 10 ms, 3 or 8 s.
    ///
    /// UNSPECIFIED: what the published phone and meter offered one another is not known.
    pub const USUAL: Offer =
        Offer { speeds: 0b11_1110, turn: 0, sizes: 0b111, window: 7, wakes: 2, pause: 0, thresholds: 0b11 };

    /// As it stands in SNRM and UA.
    pub fn to_bytes(self) -> Vec<u8> {
        let window = ((1_u16 << self.window.min(7)) - 1) as u8;
        let values = [
            (0x01, self.speeds),
            (0x82, 1 << (self.turn & 3)),
            (0x83, self.sizes),
            (0x84, window),
            (0x85, 1 << (self.wakes & 7)),
            (0x86, 1 << (self.pause & 7)),
            (0x08, self.thresholds),
        ];
        values.iter().flat_map(|(name, value)| [*name, 1, *value]).collect()
    }

    /// Reads it; what is not named is the least, what is not known is passed over. `None`: cut off.
    pub fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut offer =
            Offer { speeds: 0b10, turn: 0, sizes: 1, window: 1, wakes: 0, pause: 0, thresholds: 1 };
        while let Some(([name, length], rest)) = bytes.split_first_chunk::<2>() {
            let value = rest.get(..usize::from(*length))?;
            bytes = rest.get(usize::from(*length)..)?;
            // Of a value of two bytes the second has speeds that are not serial.
            let Some(value) = value.first().copied() else { continue };
            let bit = value.trailing_zeros().min(7) as u8;
            match name {
                0x01 => offer.speeds = value,
                0x82 => offer.turn = bit,
                0x83 => offer.sizes = value,
                0x84 => offer.window = (8 - value.leading_zeros() as u8).clamp(1, 7),
                0x85 => offer.wakes = bit,
                0x86 => offer.pause = bit,
                0x08 => offer.thresholds = value,
                _ => {}
            }
        }
        bytes.is_empty().then_some(offer)
    }

    /// What holds for one who sends to whoever offers this, of what both can.
    pub fn agree(self, own: Offer) -> Terms {
        let speed = highest(self.speeds & own.speeds, &SPEEDS).unwrap_or(9600);
        let turn_ms = pick(own.turn, &TURNS);
        let size = highest(self.sizes & own.sizes, &SIZES).unwrap_or(64);
        let wake = (pick(self.wakes, &WAKES) * speed as usize).div_ceil(115_200);
        // So much the line carries in a turn: 400 bytes in 500 ms at 9600.
        let room = u64::from(speed) * turn_ms / 12_000;
        let fit = (room / (size + wake + 6) as u64).clamp(1, 7) as u8;
        Terms {
            bits_per_s: speed,
            turn_us: 1000 * turn_ms,
            size,
            window: self.window.min(own.window).min(fit),
            wake,
            pause_us: pick(self.pause, &PAUSES),
            threshold_us: 1_000_000 * highest(self.thresholds & own.thresholds, &THRESHOLDS).unwrap_or(3),
        }
    }
}

fn highest<T: Copy>(bits: u8, of: &[T]) -> Option<T> {
    (0..of.len()).rev().find(|bit| bits & (1 << bit) != 0).and_then(|bit| of.get(bit).copied())
}

fn pick<T: Copy + Default>(bit: u8, of: &[T]) -> T {
    of.get(usize::from(bit)).or(of.last()).copied().unwrap_or_default()
}

/// What was agreed on, for one who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Bits a second.
    pub bits_per_s: u32,
    /// The longest turn.
    pub turn_us: u64,
    /// Most data in a frame, in bytes.
    pub size: usize,
    /// Most frames in a turn.
    pub window: u8,
    /// Bytes FF before a frame.
    pub wake: usize,
    /// The least pause before an answer.
    pub pause_us: u64,
    /// So long nobody answers, and the connection is over.
    pub threshold_us: u64,
}
