//! Carriers that lose, double, delay and reorder.

use crate::scene::{Counting, NOW, Scene};
use gridcard_client::talk::{Answer, Op, Request, Said};
use gridcard_client::{Heard, Mode, Window, link};
use proptest::prelude::*;
use scheme::chance::{Chance, random};

#[test]
fn a_repeat_of_a_request_gets_the_same_bytes_and_is_done_once() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    let asked = phone.ask(&Request::Contracts, NOW).unwrap();
    let mut done = 0;
    let said = Answer::Done(Said::Contracts(Vec::new()));
    let mut answers = Vec::new();
    for _ in 0..5 {
        let answer = scene.answer(&asked, |_| {
            done += 1;
            said.clone()
        });
        answers.push(answer.unwrap());
    }
    assert_eq!(done, 1);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(phone.again(), Some(&asked[..]));
    assert_eq!(phone.hear(&answers[0], NOW), Ok(said));
    assert_eq!(phone.again(), None);
}

#[test]
fn while_a_request_is_under_way_its_repeat_is_met_with_silence() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    let frame = phone.ask(&Request::Contracts, NOW).unwrap();
    let Heard::Asked(asked) = scene.board.hear(&frame, NOW) else { panic!() };
    assert!(matches!(scene.board.hear(&frame, NOW), Heard::Silence));
    let answer = scene.board.answer(asked.place, asked.number, &Answer::REFUSED, NOW).unwrap();
    assert!(matches!(scene.board.hear(&frame, NOW), Heard::Answer(again) if again == answer));
    // It has its answer: there is no second one.
    assert_eq!(scene.board.answer(asked.place, asked.number, &Answer::REFUSED, NOW), None);
}

#[test]
fn answers_are_kept_for_eight_requests_and_ten_minutes() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    let refuse = |_: &Request| Answer::REFUSED;
    let frames: Vec<Vec<u8>> = (0..9).map(|_| phone.ask(&Request::Contracts, NOW).unwrap()).collect();
    for frame in &frames {
        assert!(scene.answer(frame, refuse).is_some());
    }
    assert_eq!(scene.answer(&frames[0], refuse), None);
    assert!(scene.answer(&frames[1], refuse).is_some());
    scene.now += 601;
    assert_eq!(scene.answer(&frames[8], refuse), None);
}

#[test]
fn a_session_ends_after_a_day_and_after_a_thousand_frames() {
    let mut scene = Scene::of(Mode::Noise);
    let mut phone = scene.session();
    assert!(phone.ask(&Request::Contracts, NOW + link::LIFE_S - 1).is_ok());
    assert!(phone.ask(&Request::Contracts, NOW + link::LIFE_S).is_err());
    let mut phone = scene_again(&mut scene);
    for _ in 0..link::FRAMES {
        let asked = phone.ask(&Request::Contracts, NOW).unwrap();
        assert!(scene.answer(&asked, |_| Answer::REFUSED).is_some());
    }
    assert!(phone.is_over(NOW));
    assert!(phone.ask(&Request::Contracts, NOW).is_err());
    scene.now += link::LIFE_S + 60;
    assert!(matches!(scene.board.hear(&[0], scene.now), Heard::Silence));
    assert_eq!(scene.board.sessions(), 0);
}

fn scene_again(scene: &mut Scene) -> gridcard_client::PhoneSession {
    scene.now += 1;
    scene.session()
}

/// Twenty requests over a carrier that does its worst: each is done once, and every answer is the right one.
#[test]
fn twenty_requests_over_a_carrier_that_does_its_worst() {
    for seed in 0..50 {
        let mut scene = Scene::of(Mode::Noise);
        let mut dice = Counting(seed);
        let mut phone = scene.session();
        let (mut to_server, mut to_phone): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
        let (mut done, mut heard, mut turns) = (0_u32, 0_u32, 0);
        while heard < 20 {
            turns += 1;
            assert!(turns < 5000, "seed {seed} comes to no end");
            let frame = match phone.again() {
                Some(frame) => frame.to_vec(),
                None => phone.ask(&Request::Receipt(vec![heard as u8; 176]), NOW).unwrap(),
            };
            // two copies at most, each lost one time in two; what is kept goes in any order
            for _ in 0..2 {
                if roll(&mut dice, 2) == 0 {
                    to_server.push(frame.clone());
                }
            }
            if !to_server.is_empty() && roll(&mut dice, 3) > 0 {
                let which = roll(&mut dice, to_server.len());
                let frame = to_server.swap_remove(which);
                let answer = scene.answer(&frame, |request| {
                    assert_eq!(*request, Request::Receipt(vec![done as u8; 176]));
                    done += 1;
                    Answer::Not(gridcard_client::talk::Status::No, Some(format!("n{done}")))
                });
                to_phone.extend(answer);
            }
            if !to_phone.is_empty() && roll(&mut dice, 2) == 0 {
                let which = roll(&mut dice, to_phone.len());
                let frame = to_phone[which].clone();
                if let Ok(answer) = phone.hear(&frame, NOW) {
                    heard += 1;
                    let right = Answer::Not(gridcard_client::talk::Status::No, Some(format!("n{heard}")));
                    assert_eq!(answer, right);
                }
            }
        }
        assert_eq!(done, 20);
    }
}

fn roll(dice: &mut dyn Chance, sides: usize) -> usize {
    (u64::from_be_bytes(random(dice)) >> 33) as usize % sides
}

proptest! {
    /// The window against a set that forgets nothing.
    #[test]
    fn the_window_takes_each_counter_once(counters in prop::collection::vec(0_u64..200, 1..400)) {
        let (mut window, mut taken) = (Window::default(), std::collections::BTreeSet::new());
        for counter in counters {
            let greatest = taken.last().copied();
            let old = greatest.is_some_and(|greatest: u64| counter + 64 <= greatest);
            let may = !old && !taken.contains(&counter);
            prop_assert_eq!(window.may(counter), may);
            if may {
                window.take(counter);
                taken.insert(counter);
            }
        }
    }

    /// Bytes of anybody: nothing panics, nothing is answered.
    #[test]
    fn noise_on_the_line_is_met_with_silence(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0_usize..10) {
        const KINDS: [u8; 10] = [0x11, 0x12, 0x21, 0x22, 0x31, 0x32, 0x41, 0x42, 0x51, 0x52];
        let mut scene = Scene::of(Mode::Noise);
        let mut phone = scene.session();
        let framed = [&[KINDS[kind]], &bytes[..]].concat();
        for bytes in [&bytes[..], &framed[..]] {
            let heard = scene.board.hear(bytes, NOW);
            prop_assert!(!matches!(heard, Heard::Answer(_) | Heard::Asked(_)));
            prop_assert!(phone.hear(bytes, NOW).is_err());
        }
        let _ = Request::read(&bytes);
        for op in Op::ALL {
            let _ = Answer::read(op, &bytes);
        }
    }
}
