//! Cards that answer otherwise than they should while a host leads them on: taken for another in the midst of it, or whole cards
//! whose answers were bent on the line. Whoever acts believes what a card shows, and says what it did not show.

use crate::office::Office;
use crate::world::{Province, copy, number, open, region, user_area};
use issue::life::{self, Leave, LifeChange, LifeError, Passage, Planned};
use issue::source::{KeySource, SoftSource};
use keys::{Role, Suite};
use reader::driver::fmcos::Fmcos;
use scheme::profile::{BIRTH_KEY, CardKind, ESAM_KEYS, State};
use vcard::Slot;
use wire::channel::{Channel, ChannelError};

/// KEY INFORMATION of the packet's MAC key, as the key's row in the profile has it.
const SHOWS_KID: [u8; 4] = [0x80, 0x48, 0xF5, 0x05];
/// KEY INFORMATION of any key.
const KEY_INFORMATION: [u8; 2] = [0x80, 0x48];
/// TRIES LEFT of the own master.
const TRIES_LEFT: [u8; 4] = [0x80, 0x3C, 0x39, 0x00];
const NO_LEAVE: Leave = Leave { forfeit: false, spend_last_try: false };

/// What becomes of an answer: after so many resets, to this command.
type Bend<'b> = &'b mut dyn FnMut(usize, &[u8], Vec<u8>) -> Vec<u8>;

/// A card whose answers pass through other hands; an ATR is the answer to an empty command.
struct Bent<'c, F> {
    card: &'c mut Slot,
    resets: usize,
    bend: F,
}

fn bent<F: FnMut(usize, &[u8], Vec<u8>) -> Vec<u8>>(card: &mut Slot, bend: F) -> Bent<'_, F> {
    Bent { card, resets: 0, bend }
}

impl<F: FnMut(usize, &[u8], Vec<u8>) -> Vec<u8>> Channel for Bent<'_, F> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.card.transmit(command)?;
        Ok((self.bend)(self.resets, command, answer))
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.resets += 1;
        let atr = self.card.reset()?;
        Ok((self.bend)(self.resets, &[], atr))
    }
}

/// From the `from`-th reset on the ATR ends in another serial than this one.
fn another_from(from: usize, serial: [u8; 8]) -> impl FnMut(usize, &[u8], Vec<u8>) -> Vec<u8> {
    move |resets, command, mut answer| {
        if command.is_empty() && resets >= from {
            let at = answer.windows(8).position(|window| window == serial).unwrap();
            answer[at] ^= 0x01;
            // the checksum, where one follows
            answer[at + 8..].iter_mut().for_each(|byte| *byte ^= 0x01);
        }
        answer
    }
}

/// A formal ESAM and what leads it to the next key set.
fn key_change(office: &mut Office) -> (Slot, Passage) {
    let mut esam = office.esam(number(42));
    office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
    let seen = life::look(&mut esam).unwrap();
    match Passage::plan(LifeChange::ChangeKeys, &seen, &office.source(Some(2)).about(), NO_LEAVE).unwrap() {
        Planned::Due(passage) => (esam, passage),
        Planned::Done => panic!("it has these keys"),
    }
}

/// Before a key reaches it: nothing is written. Afterwards: the run does not say that all went well.
#[test]
fn another_esam_in_the_place_of_the_one_looked_at_is_named() {
    let mut office = Office::new(Suite::TripleDes);
    let (esam, passage) = key_change(&mut office);
    for (reset, written) in [(1, false), (2, true)] {
        let mut card = copy(&esam);
        let before = user_area(&card);
        let mut reader = bent(&mut card, another_from(reset, passage.seen().serial.0));
        let error = passage.run(&mut reader, &mut office.source(Some(2))).unwrap_err();
        let LifeError::Swapped { began, found } = error else { panic!("{error}") };
        assert_eq!((began, found.0[0]), (passage.seen().serial, began.0[0] ^ 1), "reset {reset}");
        assert_eq!(user_area(&card) != before, written, "reset {reset}");
    }
    let mut card = copy(&esam);
    let before = user_area(&card);
    let mut reader =
        bent(&mut card, |_, command, answer| if command.is_empty() { vec![0x3B, 0x00] } else { answer });
    let error = passage.run(&mut reader, &mut office.source(Some(2))).unwrap_err();
    assert!(matches!(error, LifeError::NoSerial), "{error}");
    assert!(user_area(&card) == before);
}

/// The answer to a key change is every key but the master, seen and confirmed; a card that shows another check value, version or
/// algorithm of one of them has not got the new keys.
#[test]
fn a_key_change_is_believed_when_every_key_shows_it() {
    let mut office = Office::new(Suite::TripleDes);
    let (esam, passage) = key_change(&mut office);
    // The software store knows the check values; an issuing card confirms none.
    let earlier = office.roots.city(region());
    let mut store = SoftSource::city(office.roots.city_of_version(region(), 2).with_previous(&earlier));
    let keys = passage.run(&mut copy(&esam), &mut office.source(Some(2))).unwrap();
    assert!(keys.len() == ESAM_KEYS.len() - 1 && keys.iter().all(|key| !key.confirmed));
    let keys = passage.run(&mut copy(&esam), &mut store).unwrap();
    let roles: Vec<Role> = ESAM_KEYS.iter().filter_map(|row| Role::from_code(row.role)).collect();
    assert_eq!(keys.iter().map(|key| key.role).collect::<Vec<_>>(), roles);
    let values: Vec<_> = keys.iter().map(|key| key.check_value).collect();
    assert_eq!(values, office.check_values(State::Formal, 2, number(42)));
    assert!(keys.iter().all(|key| key.confirmed));
    for byte in 0..6 {
        let mut card = copy(&esam);
        let mut reader = bent(&mut card, |resets, command, mut answer| {
            // after the activation, and of one key alone
            if resets == 2 && command.starts_with(&SHOWS_KID) {
                answer[byte] ^= 0x01;
            }
            answer
        });
        let error = passage.run(&mut reader, &mut store).unwrap_err();
        assert!(matches!(error, LifeError::NotSeen { what: "new keys" }), "byte {byte}: {error}");
    }
}

/// Without the transport key it was born with no formal master reaches an ESAM in test state.
#[test]
fn an_esam_that_lacks_its_birth_key_is_not_led_into_formal_state() {
    let mut office = Office::new(Suite::TripleDes);
    let mut esam = office.esam(number(42));
    assert!(life::look(&mut esam).unwrap().birth_key);
    let asks = [0x80, 0x48, BIRTH_KEY.kind, BIRTH_KEY.id];
    let mut without = bent(
        &mut esam,
        |_, command, answer| {
            if command.starts_with(&asks) { vec![0x6A, 0x88] } else { answer }
        },
    );
    let seen = life::look(&mut without).unwrap();
    assert!(!seen.birth_key);
    let error =
        Passage::plan(LifeChange::Formal, &seen, &office.source(Some(1)).about(), NO_LEAVE).unwrap_err();
    assert!(matches!(error, LifeError::NoBirthKey), "{error}");
}

/// A card counts as retired when it shows the state, no own master and no other key; and it is the card that was begun with.
#[test]
fn a_card_is_retired_when_all_its_keys_are_gone() {
    let mut province = Province::new(Suite::TripleDes);
    let whole = copy(&province.psam);
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let mut retire = |bend: Bend<'_>| {
        let mut card = copy(&whole);
        let result = life::retire(&mut bent(&mut card, bend), &mut city);
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.reset().unwrap();
        fmcos.select_mf().unwrap();
        assert_eq!(fmcos.card_info().unwrap().state, State::Retired, "the card did as it was told");
        result
    };
    assert!(!retire(&mut |_, _, answer| answer).unwrap().before);
    let mut shows = |asked: &'static [u8], shown: &'static [u8]| {
        let error = retire(&mut |resets, command, answer| {
            if resets == 2 && command.starts_with(asked) { shown.to_vec() } else { answer }
        })
        .unwrap_err();
        assert!(matches!(error, LifeError::NotSeen { what: "end of the keys" }), "{asked:02X?}: {error}");
    };
    shows(&TRIES_LEFT, &[0x33, 0x90, 0x00]);
    shows(&KEY_INFORMATION, &[0x34, 0x01, 0x00, 0xA1, 0xB2, 0xC3, 0x90, 0x00]);
    // neither a key nor its absence
    shows(&KEY_INFORMATION, &[0x69, 0x85]);
    let error = retire(&mut another_from(2, whole.serial())).unwrap_err();
    assert!(matches!(error, LifeError::Swapped { .. }), "{error}");
}
