//! A limit sealed for a PSAM that is elsewhere: for the challenge it keeps, once, and for no other card [docs/specs/renewal.md].

use crate::bench::Attempt;
use crate::world::{Province, copy, number, open, psam_target, sealer, user_area};
use issue::life::{self, LifeError, SealedLimit};
use issue::source::KeySource;
use keys::Suite;
use reader::driver::psam::Psam;
use scheme::order::OrderKind;
use scheme::profile::{CardKind, EF_LIMIT_CHALLENGE};
use scheme::psam::Limits;
use vcard::{Slot, SupplyCut, Torn};
use wire::Sw;

const FIRST: Limits = Limits { count: 10, value: 1000_00 };
const MORE: Limits = Limits { count: 20, value: 2000_00 };

/// What the city makes of a statement of PSAM 4: it holds the issuing card alone.
fn sealed(province: &mut Province, limits: Limits) -> SealedLimit {
    let serial = wire::atr::serial_of(&wire::Channel::reset(&mut province.psam).unwrap()).unwrap();
    let mut psam = Psam::open(&mut province.psam).unwrap();
    let statement = psam.statement([7; 8]).unwrap();
    let challenge = psam.limit_challenge().unwrap().expect("a statement waits for a limit");
    let target = psam_target(serial);
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    let mac = city.seal_limit(&target, challenge, limits, Some(&statement)).unwrap();
    SealedLimit { number: number(4), challenge, limits, mac }
}

fn limits(card: &mut Slot) -> (Limits, Option<[u8; 8]>) {
    wire::Channel::reset(card).unwrap();
    let mut psam = Psam::open(card).unwrap();
    (psam.limits().unwrap().unwrap(), psam.limit_challenge().unwrap())
}

fn at_hand(province: &mut Province, limits: Limits) {
    let mut city = open(&mut province.psam_issuing, CardKind::PsamIssuing);
    life::raise(&mut province.psam, &mut city, limits, [1; 8]).unwrap();
}

#[test]
fn a_sealed_limit_is_good_once_and_for_one_challenge() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        at_hand(&mut province, FIRST);
        assert_eq!(limits(&mut province.psam), (FIRST, None), "a limit given spends the challenge");
        let more = sealed(&mut province, MORE);
        // A newer statement makes useless what was sealed against the one before and held back.
        let held_back = more;
        let more = sealed(&mut province, MORE);
        assert_ne!(more.challenge, held_back.challenge);
        let old = life::take_limit(&mut province.psam, &held_back).unwrap_err();
        assert!(matches!(old, LifeError::LimitNotExpected { .. }), "{old}");
        // It stays good across resets, and while orders are sealed.
        wire::Channel::reset(&mut province.psam).unwrap();
        let key = province.server_key.clone();
        let order = Attempt::new(suite, number(42), OrderKind::Recharge, 0x0102_0304).order;
        sealer(&mut province.psam, &key).seal_order(&order.to_bytes()).unwrap();
        life::take_limit(&mut province.psam, &more).unwrap();
        assert_eq!(limits(&mut province.psam), (MORE, None));
        // Lowered at the city: the file of before does not raise it again, nor does its MAC in anybody's program.
        at_hand(&mut province, FIRST);
        let spent = life::take_limit(&mut province.psam, &more).unwrap_err();
        assert!(matches!(spent, LifeError::LimitNotExpected { .. }), "{spent}");
        let mut psam = Psam::open(&mut province.psam).unwrap();
        let raw = psam.fmcos().set_limit(more.limits, more.mac).unwrap_err();
        assert_eq!(raw.sw(), Some(Sw::CONDITIONS), "it waits for none");
        psam.statement([8; 8]).unwrap();
        let raw = psam.fmcos().set_limit(more.limits, more.mac).unwrap_err();
        assert_eq!(raw.tries_left(), Some(2), "another challenge, and a try is spent");
        assert_eq!(limits(&mut province.psam).0, FIRST);
    }
}

/// A limit given at hand, lower ones too, makes useless what was sealed before it and never came.
#[test]
fn a_limit_at_hand_ends_one_that_is_on_its_way() {
    let mut province = Province::new(Suite::Sm4);
    let more = sealed(&mut province, MORE);
    at_hand(&mut province, FIRST);
    let ended = life::take_limit(&mut province.psam, &more).unwrap_err();
    assert!(matches!(ended, LifeError::LimitNotExpected { .. }), "{ended}");
    let other = SealedLimit { number: number(5), ..more };
    let ended = life::take_limit(&mut province.psam, &other).unwrap_err();
    assert!(matches!(ended, LifeError::AnotherPsam { .. }), "{ended}");
}

/// The challenge given just before counts, and when that one is wrong the kept one does not help.
#[test]
fn a_challenge_of_the_session_comes_before_the_kept_one() {
    let mut province = Province::new(Suite::Aes128);
    at_hand(&mut province, FIRST);
    let more = sealed(&mut province, MORE);
    let mut psam = Psam::open(&mut province.psam).unwrap();
    psam.fmcos().challenge8().unwrap();
    let raw = psam.fmcos().set_limit(more.limits, more.mac).unwrap_err();
    assert_eq!(raw.tries_left(), Some(2));
    let other = Limits { count: MORE.count + 1, ..MORE };
    let raw = psam.fmcos().set_limit(other, more.mac).unwrap_err();
    assert_eq!(raw.tries_left(), Some(1), "another number under the same MAC");
    // Nobody writes the kept challenge.
    let raw = psam.fmcos().update_binary(EF_LIMIT_CHALLENGE, 0, &[1; 8]).unwrap_err();
    assert_eq!(raw.sw(), Some(Sw::NOT_ALLOWED));
    let last = life::take_limit(&mut province.psam, &more).unwrap_err();
    assert!(matches!(last, LifeError::LastTry { .. }), "{last}");
    psam = Psam::open(&mut province.psam).unwrap();
    psam.fmcos().set_limit(more.limits, more.mac).unwrap();
    assert_eq!(limits(&mut province.psam), (MORE, None), "a right one gives the tries back");
}

/// Whenever the supply goes away, the limit is as before and the challenge waits, or it is set and the challenge spent.
#[test]
fn a_limit_cut_anywhere_is_set_or_not() {
    let mut province = Province::new(Suite::TripleDes);
    at_hand(&mut province, FIRST);
    let more = sealed(&mut province, MORE);
    let before = limits(&mut province.psam);
    let (mut kept, mut set) = (0, 0);
    for at in 0..1000 {
        let mut card = copy(&province.psam);
        wire::Channel::reset(&mut card).unwrap();
        card.cut(SupplyCut { after: at, torn: Torn::Prefix(3) });
        let done = life::take_limit(&mut card, &more);
        if done.is_ok() {
            assert!(kept > 0 && set > 0, "{kept} cuts before, {set} after");
            assert_ne!(user_area(&card), user_area(&province.psam));
            return;
        }
        match limits(&mut card) {
            (MORE, None) => set += 1,
            found => {
                assert_eq!(found, before, "cut at {at}");
                kept += 1;
            }
        }
    }
    panic!("no run without a cut took the limit");
}
