//! One wrong guess at a secret of a card, for whoever counts the instructions it takes: `tests/judge/constant_time.sh` does so for a
//! guess whose first wrong byte is the first, the second, and so on. What is measured is in [`measured`] alone.
//!
//! Usage: constant_time SECRET PLACE, where SECRET is compare-4, compare-8, compare-16, pin, chv or external, and PLACE the first wrong
//! byte, from 0; `careless` compares as nobody should, so that the counting is seen to count. Tells on stdout what the guess came to, so that a guess that was right by mistake is seen.

#![allow(clippy::print_stdout, reason = "its answer")]

use cos::{Chip, Protocol};
use gridcard_vcard::slot::Keep;
use gridcard_vcard::{Image, SeededChance, Slot, factory};
use keys::{Role, Suite, hierarchy, seal};
use scheme::cards::NewSim;
use scheme::profile::{CardKind, FACTORY_KEYS};
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use wire::{Channel, Command};

const SERIAL: [u8; 8] = [7; 8];
const PIN: [u8; 3] = [0x12, 0x34, 0x56];
const CHV: [u8; 8] = *b"24680753";

/// What is counted: a comparison, or a command with its answer.
#[inline(never)]
fn measured(act: &mut dyn FnMut() -> Vec<u8>) -> Vec<u8> {
    black_box(act())
}

/// The secret, wrong from a byte on.
fn wrong_from<const N: usize>(secret: [u8; N], place: usize) -> [u8; N] {
    core::array::from_fn(|i| if i < place { secret[i] } else { secret[i] ^ 0x01 })
}

fn slot(image: Image) -> Result<Slot, Box<dyn Error>> {
    let chance = Box::new(SeededChance::new(1, "constant time"));
    Ok(Slot::with_image(image, Path::new("a card"), chance, Keep::InMemory)?)
}

fn send(card: &mut Slot, command: &Command) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(card.transmit(&command.to_bytes())?)
}

/// A card with a PIN of three bytes, in the free mode of its MF.
fn with_pin() -> Result<Slot, Box<dyn Error>> {
    let chip = Chip { kind: CardKind::Fmcos, suite: Suite::Sm4, protocol: Protocol::Direct, serial: SERIAL };
    let mut card = slot(Image::manufacture(&chip, factory::memory_of(chip.kind), false))?;
    card.reset()?;
    let mf = [0x38, 0xFF, 0xFF, 0xF0, 0xF0, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    send(&mut card, &Command::new(0x80, 0xE0, 0x3F, 0x00).data(&mf))?;
    send(&mut card, &FACTORY_KEYS.create())?;
    let record = [&[0x3A, 0xF0, 0xEF, 0xAA, 0x33][..], &PIN].concat();
    send(&mut card, &Command::new(0x80, 0xD4, 0x01, 0x00).data(&record))?;
    Ok(card)
}

fn compare<const N: usize>(place: usize) -> Vec<u8> {
    let secret: [u8; N] = core::array::from_fn(|i| 0xA0 + i as u8);
    let guess = wrong_from(secret, place);
    measured(&mut || vec![u8::from(keys::equal(black_box(&secret), black_box(&guess)))])
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (secret, place) =
        (arguments.next().ok_or("which secret?")?, arguments.next().ok_or("which byte?")?.parse()?);
    let answer = match secret.as_str() {
        "compare-4" => compare::<4>(place),
        "compare-8" => compare::<8>(place),
        "compare-16" => compare::<16>(place),
        "careless" => {
            let secret: [u8; 8] = core::array::from_fn(|i| 0xA0 + i as u8);
            let guess = wrong_from(secret, place);
            let alike = || secret.iter().zip(&guess).all(|(a, b)| black_box(a) == black_box(b));
            measured(&mut || vec![u8::from(alike())])
        }
        "pin" => {
            let mut card = with_pin()?;
            let guess = Command::new(0x00, 0x20, 0x00, 0x00).data(&wrong_from(PIN, place)).to_bytes();
            measured(&mut || card.transmit(&guess).unwrap_or_default())
        }
        "chv" => {
            let chv1 = std::str::from_utf8(&CHV).map(Some)?;
            let sim = NewSim { kind: CardKind::Sim, serial: SERIAL, messages: 10, chv1, milenage: None };
            let mut card = slot(factory::sim(&sim)?)?;
            card.reset()?;
            let guess = Command::new(0xA0, 0x20, 0x00, 0x01).data(&wrong_from(CHV, place)).to_bytes();
            measured(&mut || card.transmit(&guess).unwrap_or_default())
        }
        "external" => {
            let root = hierarchy::test_root(Suite::Sm4, Role::Transport);
            let chance = Box::new(SeededChance::new(1, "blank"));
            let mut card = slot(factory::blank(&root, CardKind::Esam, SERIAL, false, chance)?)?;
            card.reset()?;
            let answer = send(&mut card, &Command::new(0x00, 0x84, 0x00, 0x00).le(8))?;
            let challenge = answer.get(..8).ok_or("no challenge")?;
            let right = seal::cryptogram(&hierarchy::transport_key(&root, SERIAL), challenge);
            let right: [u8; 16] = right.try_into().map_err(|_| "a block has 16 bytes")?;
            let guess = Command::new(0x00, 0x82, 0x00, 0x00).data(&wrong_from(right, place)).to_bytes();
            measured(&mut || card.transmit(&guess).unwrap_or_default())
        }
        other => return Err(format!("no secret {other}").into()),
    };
    let digits: Vec<String> = answer.iter().map(|byte| format!("{byte:02X}")).collect();
    println!("{}", digits.concat());
    Ok(())
}
