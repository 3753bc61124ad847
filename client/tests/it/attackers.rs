//! Whoever stands between phone and server, and whoever knows everything but the secrets [docs/specs/client.md 7].

use crate::scene::{Counting, NOW, Scene, marks};
use gridcard_client::talk::{Answer, Psk, Request, Said};
use gridcard_client::{Board, Code, Heard, HeardError, Keypair, Known, Mode, Opening, Slip, Stamp, Unfit};
use keys::Zeroizing;

const MODES: [Mode; 2] = [Mode::Noise, Mode::Paper];

fn nothing(_: &Request) -> Answer {
    Answer::Done(Said::Forgotten)
}

#[test]
fn every_byte_that_is_changed_in_a_handshake_is_met_with_silence() {
    for mode in MODES {
        for enrols in [true, false] {
            let mut scene = Scene::of(mode);
            let opening = if enrols { scene.enrol() } else { scene.open() };
            let good = opening.frame().to_vec();
            for place in 0..good.len() {
                let mut bad = good.clone();
                bad[place] ^= 1;
                // The id of a session is the phone's own choice: it names nothing.
                let only_an_id = !enrols && mode == Mode::Noise && (1..5).contains(&place);
                if !only_an_id {
                    assert_eq!(scene.answer_first(&bad), None, "{mode:?}, byte {place}");
                }
            }
            for len in 0..good.len() {
                assert_eq!(scene.answer_first(&good[..len]), None, "{mode:?}, {len} bytes");
            }
            let answer = scene.answer_first(&good).unwrap();
            for place in 0..answer.len() {
                let mut bad = answer.clone();
                bad[place] ^= 0x80;
                assert!(opening.answered(&bad, NOW).is_err(), "{mode:?}, byte {place}");
            }
            assert!(opening.answered(&answer, NOW).is_ok());
        }
    }
}

#[test]
fn every_byte_that_is_changed_in_a_session_is_met_with_silence() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        let mut phone = scene.session();
        let good = phone.ask(&Request::Contracts, NOW).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x40;
            assert_eq!(scene.answer(&bad, nothing), None, "byte {place}");
        }
        for len in 0..good.len() {
            assert_eq!(scene.answer(&good[..len], nothing), None, "{len} bytes");
        }
        let done = Answer::Done(Said::Contracts(Vec::new()));
        let answer = scene.answer(&good, |_| done.clone()).unwrap();
        for place in 0..answer.len() {
            let mut bad = answer.clone();
            bad[place] ^= 2;
            assert!(phone.hear(&bad, NOW).is_err(), "byte {place}");
        }
        assert_eq!(phone.hear(&answer, NOW), Ok(done));
        assert!(phone.hear(&answer, NOW).is_err(), "an answer counts once");
    }
}

#[test]
fn a_message_of_one_session_is_nothing_in_another_and_reflected_it_is_nothing() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        let mut first = scene.session();
        let of_first = first.ask(&Request::Contracts, NOW).unwrap();
        scene.now += 1;
        let mut second = scene.session();
        let of_second = second.ask(&Request::Contracts, NOW).unwrap();
        // the body of one under the id of the other
        let mixed = [&of_second[..5], &of_first[5..]].concat();
        assert_eq!(scene.answer(&mixed, nothing), None);
        // what the phone said, as if the server had said it
        let mut reflected = of_second.clone();
        reflected[0] = 0x32;
        assert!(second.hear(&reflected, NOW).is_err());
        assert_eq!(scene.answer(&reflected, nothing), None);
        let answer = scene.answer(&of_second, |_| Answer::Done(Said::Contracts(Vec::new()))).unwrap();
        let mixed = [&of_first[..5], &answer[5..]].concat();
        assert!(first.hear(&mixed, NOW).is_err());
        let mut reflected = answer.clone();
        reflected[0] = 0x31;
        assert_eq!(scene.answer(&reflected, nothing), None);
        assert!(second.hear(&answer, NOW).is_ok());
        // With the second session in use the first has ended.
        assert_eq!(scene.answer(&of_first, nothing), None);
        assert_eq!(scene.board.sessions(), 1);
    }
}

#[test]
fn a_first_message_is_answered_the_same_for_ten_minutes_and_never_again_once_it_was_used() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        let opening = scene.open();
        let answer = scene.answer_first(opening.frame()).unwrap();
        assert_eq!(scene.answer_first(opening.frame()), Some(answer.clone()));
        scene.now += 599;
        assert_eq!(scene.answer_first(opening.frame()), Some(answer.clone()));
        assert_eq!(scene.board.sessions(), 1);
        // The server notes the time when the first sealed frame opens.
        let mut phone = opening.answered(&answer, NOW).unwrap();
        let asked = phone.ask(&Request::Contracts, NOW).unwrap();
        assert!(scene.answer(&asked, nothing).is_some());
        scene.last = scene.time();
        scene.now += 60;
        assert_eq!(scene.answer_first(opening.frame()), None);
    }
}

#[test]
fn times_that_are_old_or_far_ahead_are_met_with_silence_and_lock_nobody_out() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        scene.last = Stamp::of(NOW, 5);
        let admitted = |scene: &mut Scene, time: Stamp| {
            let known = Known {
                mode: scene.mode,
                server: &scene.server,
                own: &scene.own,
                psk: &scene.psk,
                name: &crate::scene::NAME,
            };
            let opening = Opening::session(&known, &marks(), time, &mut scene.chance).unwrap();
            let Heard::First(first) = scene.board.hear(opening.frame(), scene.now) else { panic!() };
            first.admit(&scene.psk.0, scene.last, scene.now).map(|_| ())
        };
        assert_eq!(admitted(&mut scene, Stamp::of(NOW - 1, 0)), Err(Unfit::Old));
        assert_eq!(admitted(&mut scene, Stamp::of(NOW, 5)), Err(Unfit::Old));
        assert_eq!(admitted(&mut scene, Stamp::of(NOW, 6)), Ok(()));
        assert_eq!(admitted(&mut scene, Stamp::of(NOW + 86_400, 0)), Ok(()));
        assert_eq!(admitted(&mut scene, Stamp::of(NOW + 86_401, 0)), Err(Unfit::Ahead));
        // A phone whose clock was wrong once goes on from the last time it sent.
        assert_eq!(Stamp::of(0, 0).after(Stamp::of(NOW, 5)), Stamp::of(NOW, 6));
        assert_eq!(Stamp::of(0, 0).after(Stamp::of(NOW, 999_999_999)), Stamp::of(NOW + 1, 0));
    }
}

#[test]
fn another_code_another_server_and_another_slip_do_not_open() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        let wrong = Code::read("ABCDEFGHIJKLMNO2").unwrap();
        let slip = Slip { code: &wrong, ..scene.slip() };
        let opening = Opening::enrol(&slip, &marks(), Stamp::of(NOW, 0), &mut scene.chance.clone()).unwrap();
        assert_eq!(scene.answer_first(opening.frame()), None);
        // Known to be wrong: it counts once.
        assert!(matches!(scene.board.hear(opening.frame(), NOW), Heard::Silence));

        let fake = Keypair::new(&[0x55; 32]);
        let opening = scene.enrol();
        let mut board: Board<()> = Board::new(fake, true);
        if mode == Mode::Noise {
            assert!(matches!(board.hear(opening.frame(), NOW), Heard::Silence));
        }
    }
}

/// Who has the server's address and its public key, and every identifier of the customer, but neither code nor keys.
#[test]
fn identifiers_without_secrets_are_worth_nothing() {
    let mut scene = Scene::of(Mode::Noise);
    let stranger = Keypair::new(&[0x66; 32]);
    let psk = Psk(Zeroizing::new([0; 32]));
    let (server, own) = (scene.server, scene.own.clone());
    let known =
        Known { mode: Mode::Noise, server: &server, own: &stranger, psk: &psk, name: &crate::scene::NAME };
    let opening = Opening::session(&known, &marks(), Stamp::of(NOW, 0), &mut scene.chance.clone()).unwrap();
    assert_eq!(scene.answer_first(opening.frame()), None);
    // With the phone's own key and without the psk: the second message does not open, and no frame can be sealed.
    let known = Known { own: &own, ..known };
    let opening = Opening::session(&known, &marks(), Stamp::of(NOW, 0), &mut scene.chance.clone()).unwrap();
    let answer = scene.answer_first(opening.frame()).unwrap();
    assert!(opening.answered(&answer, NOW).is_err());
}

#[test]
fn keys_of_small_order_are_refused() {
    // points of order 1, 2, 4, 8 on the curve and its twist, and one that is not reduced
    let small = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for point in small {
        let point: [u8; 32] = hex::decode(point).unwrap().try_into().unwrap();
        let mut scene = Scene::of(Mode::Noise);
        let opening = scene.open();
        let mut bad = opening.frame().to_vec();
        bad[5..37].copy_from_slice(&point);
        assert!(matches!(scene.board.hear(&bad, NOW), Heard::Silence));
        let mut answer = scene.answer_first(opening.frame()).unwrap();
        answer[5..37].copy_from_slice(&point);
        assert!(opening.answered(&answer, NOW).is_err());
        let slip = Slip { server: &point, ..scene.slip() };
        assert!(Opening::enrol(&slip, &marks(), Stamp::of(NOW, 0), &mut scene.chance.clone()).is_err());
    }
}

#[test]
fn a_thousand_handshakes_that_nobody_uses_leave_one() {
    for mode in MODES {
        let mut scene = Scene::of(mode);
        for _ in 0..1000 {
            scene.now += 1;
            let opening = scene.open();
            assert!(scene.answer_first(opening.frame()).is_some());
            assert_eq!(scene.board.sessions(), 1);
        }
    }
}

#[test]
fn a_server_that_began_anew_knows_no_session_and_the_phone_begins_another() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    let asked = phone.ask(&Request::Contracts, NOW).unwrap();
    scene.board = Scene::of(Mode::Noise).board;
    assert_eq!(scene.answer(&asked, nothing), None);
    scene.now += 1;
    let mut phone = scene.session();
    let asked = phone.ask(&Request::Contracts, NOW).unwrap();
    assert!(scene.answer(&asked, |_| Answer::Done(Said::Contracts(Vec::new()))).is_some());
}

#[test]
fn what_nobody_asked_for_is_no_answer() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    let asked = phone.ask(&Request::Forget, NOW).unwrap();
    let answer = scene.answer(&asked, nothing).unwrap();
    let asked = phone.ask(&Request::Contracts, NOW).unwrap();
    // The answer to the request before, which the phone gave up.
    assert_eq!(phone.hear(&answer, NOW), Err(HeardError::Other));
    let said = Answer::Done(Said::Contracts(Vec::new()));
    let answer = scene.answer(&asked, |_| said.clone()).unwrap();
    assert_eq!(phone.hear(&answer, NOW), Ok(said));
}

#[test]
fn a_server_that_takes_no_paper_is_silent_to_it() {
    let mut scene = Scene::of(Mode::Paper);
    scene.board = Board::new(Keypair::new(&[0x11; 32]), false);
    let (enrols, opens) = (scene.enrol(), scene.open());
    assert_eq!(scene.answer_first(enrols.frame()), None);
    assert_eq!(scene.answer_first(opens.frame()), None);
}

/// Whoever has a phone that is known, and begins sessions without an end, fills no memory and takes nobody else's place.
#[test]
fn sessions_begun_without_an_end_are_silence() {
    let server = Keypair::new(&[0x11; 32]);
    let (public, own) = (*server.public(), Keypair::new(&[0x22; 32]));
    let mut board: Board<u64> = Board::new(server, true);
    let (mut chance, psk) = (Counting(1), Psk(Zeroizing::new([0x33; 32])));
    let mut begin = |name: [u8; 8], n: u64, now: i64| {
        let known = Known { mode: Mode::Paper, server: &public, own: &own, psk: &psk, name: &name };
        let time = Stamp::of(now, n as u32);
        let opening = Opening::session(&known, &marks(), time, &mut chance).unwrap();
        let Heard::First(first) = board.hear(opening.frame(), now) else { panic!() };
        let admitted = first.admit(&psk.0, Stamp::ZERO, now).unwrap();
        board.begin(admitted, name, n, &mut chance, now).is_some()
    };
    let begun = (0..2000).filter(|n| begin(*b"phone  1", *n, NOW)).count();
    assert_eq!(begun, 1024);
    assert!(begin(*b"phone  2", 1, NOW));
    assert!(!begin(*b"phone  1", 2001, NOW + 500));
    assert!(begin(*b"phone  1", 2002, NOW + 700), "what is kept for repeats goes after ten minutes");
}
