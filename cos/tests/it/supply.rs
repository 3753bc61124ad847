//! The supply fails at every page write of every command of a session; the card is then as before the command
//! or as after it.

use super::{BARE, CHIP, Random, bare, entropy};
use gridcard_cos::{Card, Chip, Nvm, PAGE, PowerLoss, RamNvm};

/// What the page under the cut holds.
#[derive(Clone, Copy, Debug)]
enum Torn {
    Old,
    New,
    Prefix(usize),
    Erased,
    Noise,
}

const TORN: [Torn; 6] = [Torn::Old, Torn::New, Torn::Prefix(1), Torn::Prefix(33), Torn::Erased, Torn::Noise];

struct Weak {
    bytes: Vec<u8>,
    writes_left: Option<u32>,
    torn: Torn,
}

impl Nvm for Weak {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss> {
        let home = &mut self.bytes[page * PAGE..(page + 1) * PAGE];
        match &mut self.writes_left {
            Some(0) => {
                match self.torn {
                    Torn::Old => {}
                    Torn::New => home.copy_from_slice(data),
                    Torn::Prefix(n) => home[..n].copy_from_slice(&data[..n]),
                    Torn::Erased => home.fill(0xFF),
                    Torn::Noise => {
                        home.iter_mut().enumerate().for_each(|(i, b)| *b = (i * 167 + page * 59 + 13) as u8)
                    }
                }
                return Err(PowerLoss);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        home.copy_from_slice(data);
        Ok(())
    }
}

fn card(bytes: Vec<u8>, writes_left: Option<u32>, torn: Torn) -> Card<Weak> {
    Card::new(Weak { bytes, writes_left, torn }, entropy(&Random::default()), bare).unwrap()
}

/// Commands that change memory in every way, each a transaction.
const SCRIPT: &[&str] = &[
    "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
    "80E00000073F008001F0FFFF",
    "80D401001539F0F0AA33FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    "80D40100083AF0EF1133123456",
    "80E0000507280100F0F0FFFF",
    "80E00001072A0413F0F0FFFF",
    "80E00018072E0310F0F0FFFF",
    "00D6850004CAFEBABE",
    "00D68570501111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
    "00DC020C13AABBCCDDEEFF00112233445566778899AABBCC",
    "00E200C410000102030405060708090A0B0C0D0E0F",
    "00E200C410F00102030405060708090A0B0C0D0E0F",
    "0020000003123456",
    "0020000003654321",
    "0020000003123456",
    "80D439001539F0F0AA33EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE",
    "800E000000",
];

/// What a reader can see of the card, so that "as before" and "as after" mean something: the user area.
fn seen(image: &[u8]) -> Vec<u8> {
    image[16 * PAGE..].to_vec()
}

#[test]
fn a_cut_at_any_page_write_leaves_before_or_after() {
    let mut nvm = RamNvm::erased(Chip::eeprom_size(2048));
    CHIP.manufacture(&mut nvm).unwrap();
    let mut image = nvm.bytes().to_vec();
    let (mut cuts, mut commands) = (0, 0);
    for command in SCRIPT {
        let command = hex::decode(command).unwrap();
        commands += 1;
        let mut whole = card(image.clone(), None, Torn::Old);
        whole.power_on().unwrap();
        let answer = whole.transmit(&command);
        let after = whole.nvm().bytes().to_vec();
        // A wrong PIN is answered 63Cx and has spent its try; a right one has spent and restored it.
        for torn in TORN {
            for writes in 0.. {
                let mut torn_card = card(image.clone(), Some(writes), torn);
                torn_card.power_on().unwrap();
                if !torn_card.transmit(&command).is_empty() {
                    break; // the command needed fewer writes
                }
                cuts += 1;
                let left = torn_card.nvm().bytes().to_vec();
                let healed = recovered(left);
                let states = allowed(&image, &after, &command);
                assert!(
                    states.iter().any(|state| same(state, &seen(&healed))),
                    "{}: cut at write {writes}, page {torn:?}: neither before nor after (answer {})",
                    hex::encode_upper(&command),
                    hex::encode_upper(&answer),
                );
            }
        }
        image = after;
    }
    assert_eq!(BARE.name, "bare FMCOS card");
    println!("{cuts} cuts in {commands} commands, 0 violations");
    assert!(cuts > 500, "only {cuts} cuts: the script does not write");
}

/// Power returns, and fails again at every write of the recovery; in the end the recovery is the same.
fn recovered(left: Vec<u8>) -> Vec<u8> {
    let mut once = card(left.clone(), None, Torn::Old);
    once.power_on().unwrap();
    let healed = once.nvm().bytes().to_vec();
    for writes in 0..20 {
        let mut again = card(left.clone(), Some(writes), Torn::Noise);
        if again.power_on().is_some() {
            break;
        }
        let mut third = card(again.nvm().bytes().to_vec(), None, Torn::Old);
        third.power_on().unwrap();
        assert_eq!(
            seen(third.nvm().bytes()),
            seen(&healed),
            "a second cut during recovery changed the outcome"
        );
    }
    healed
}

/// Before, after, and between: the try a PIN check spends is durable before the comparison.
fn allowed(before: &[u8], after: &[u8], command: &[u8]) -> Vec<Vec<u8>> {
    let mut states = vec![seen(before), seen(after)];
    if command[1] == 0x20 {
        let mut wrong = card(before.to_vec(), None, Torn::Old);
        wrong.power_on().unwrap();
        wrong.transmit(&hex::decode("0020000003999999").unwrap());
        states.push(seen(wrong.nvm().bytes()));
    }
    states
}

/// Space nobody owns may hold anything; it is compared up to the end of the file list.
fn same(state: &[u8], healed: &[u8]) -> bool {
    let used = used(state);
    state[..used] == healed[..used]
}

/// Bytes in use: header, files and end mark of the MF; none without an MF.
fn used(state: &[u8]) -> usize {
    if state[0] != 0x38 {
        return 1;
    }
    let mut at = 11;
    while state[at] != 0 {
        at += 11 + usize::from(u16::from_be_bytes([state[at + 3], state[at + 4]]));
    }
    at + 1
}
