//! Both ends of a line.

use super::{account, number, order, s, unhex};
use gridcard_smpp::centre::Event as Heard;
use gridcard_smpp::esme::Event;
use gridcard_smpp::{Account, Centre, Esme, Fate, Letter, LinkError, MOST, Receipt, Times, status};

/// A line with a server on it.
fn bound(times: Times) -> (Esme, Centre) {
    let (mut esme, mut centre) = (Esme::open_with(&account(), times, s(0)), Centre::open_with(times, s(0)));
    centre.hear(&esme.take(), s(0)).unwrap();
    let Some(Heard::Bind { sequence, name, password, number }) = centre.next() else { panic!() };
    assert_eq!((name.as_str(), number.as_str()), ("u", "8613800250500"));
    assert!(account().is_password(&password.0));
    centre.bound(sequence, "centre").unwrap();
    esme.hear(&centre.take(), s(0)).unwrap();
    assert_eq!(esme.next(), Some(Event::Bound));
    assert_eq!(esme.room(s(0)), times.window);
    (esme, centre)
}

fn heard(centre: &mut Centre) -> (u32, Letter) {
    match centre.next() {
        Some(Heard::Letter { sequence, letter }) => (sequence, letter),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_there_and_one_back_octet_by_octet() {
    let (mut esme, mut centre) = bound(Times::default());
    esme.submit(41, &order(), s(1)).unwrap();
    for byte in esme.take() {
        centre.hear(&[byte], s(1)).unwrap();
    }
    let (sequence, letter) = heard(&mut centre);
    assert_eq!(letter, order());
    centre.accept(sequence, "4711").unwrap();
    let back = Letter { from: letter.to.clone(), to: letter.from.clone(), wants_receipt: false, ..letter };
    centre.deliver(1, &back, s(1)).unwrap();
    let receipt = Receipt { id: "4711".into(), fate: Fate::Delivered, done: "2611281201".into() };
    centre.tell(2, &receipt, &back.from, &back.to, s(1)).unwrap();
    // Three PDUs in one stretch.
    esme.hear(&centre.take(), s(1)).unwrap();
    assert_eq!(esme.next(), Some(Event::Taken { key: 41, id: "4711".into() }));
    let Some(Event::Letter { sequence, letter }) = esme.next() else { panic!() };
    assert_eq!(letter, back);
    esme.took(sequence, status::OK).unwrap();
    let Some(Event::Receipt { sequence, receipt: told, from }) = esme.next() else { panic!() };
    assert_eq!((told, from), (receipt, back.from));
    esme.took(sequence, status::SYSTEM).unwrap();
    centre.hear(&esme.take(), s(1)).unwrap();
    assert_eq!((centre.next(), centre.next()), (Some(Heard::Taken(1)), Some(Heard::Again(2))));
    assert_eq!(centre.next(), None);
}

#[test]
fn a_receipt_may_overtake_the_answer() {
    let (mut esme, mut centre) = bound(Times::default());
    esme.submit(1, &order(), s(1)).unwrap();
    centre.hear(&esme.take(), s(1)).unwrap();
    let (sequence, letter) = heard(&mut centre);
    let receipt = Receipt { id: "9".into(), fate: Fate::Delivered, done: String::new() };
    centre.tell(5, &receipt, &letter.to, &letter.from, s(1)).unwrap();
    centre.accept(sequence, "9").unwrap();
    esme.hear(&centre.take(), s(1)).unwrap();
    assert!(matches!(esme.next(), Some(Event::Receipt { .. })));
    assert_eq!(esme.next(), Some(Event::Taken { key: 1, id: "9".into() }));
}

#[test]
fn answers_count_by_number_and_not_by_order() {
    let (mut esme, mut centre) = bound(Times::default());
    for key in 0..3 {
        esme.submit(key, &order(), s(1)).unwrap();
    }
    centre.hear(&esme.take(), s(1)).unwrap();
    let sequences: Vec<u32> = (0..3).map(|_| heard(&mut centre).0).collect();
    for (sequence, id) in sequences.iter().zip(["a", "b", "c"]).rev() {
        centre.accept(*sequence, id).unwrap();
    }
    esme.hear(&centre.take(), s(1)).unwrap();
    let taken: Vec<_> = std::iter::from_fn(|| esme.next()).collect();
    let expected = [(2, "c"), (1, "b"), (0, "a")].map(|(key, id)| Event::Taken { key, id: id.into() });
    assert_eq!(taken, expected);
}

#[test]
fn throttled_twice_it_waits_twice_as_long_and_then_no_more() {
    let (mut esme, mut centre) = bound(Times::default());
    let mut now = s(1);
    for (status, pause) in [(status::THROTTLED, 1), (status::QUEUE_FULL, 2)] {
        // All of one window are put off together.
        esme.submit(1, &order(), now).unwrap();
        esme.submit(2, &order(), now).unwrap();
        centre.hear(&esme.take(), now).unwrap();
        for _ in 0..2 {
            let (sequence, _) = heard(&mut centre);
            centre.refuse(sequence, status).unwrap();
        }
        esme.hear(&centre.take(), now).unwrap();
        assert_eq!(esme.next(), Some(Event::Again { key: 1, status: Some(status) }));
        assert_eq!(esme.next(), Some(Event::Again { key: 2, status: Some(status) }));
        assert_eq!((esme.room(now), esme.resumes()), (0, now + s(pause)));
        now += s(pause);
        assert_eq!(esme.room(now), 10);
        // Whether anybody is there is answered all the while.
        esme.hear(&unhex("00000010 00000015 00000000 00000063"), now).unwrap();
        assert_eq!(esme.take(), unhex("00000010 80000015 00000000 00000063"));
    }
    esme.submit(1, &order(), now).unwrap();
    centre.hear(&esme.take(), now).unwrap();
    let (sequence, _) = heard(&mut centre);
    centre.accept(sequence, "1").unwrap();
    esme.hear(&centre.take(), now).unwrap();
    assert_eq!(esme.next(), Some(Event::Taken { key: 1, id: "1".into() }));
}

#[test]
fn statuses_and_what_follows() {
    let cases = [
        (0x08, false),
        (0x45, false),
        (0x401, false),
        (0x0B, true),
        (0x0A, true),
        (0x01, true),
        (0x43, true),
    ];
    let (mut esme, mut centre) = bound(Times::default());
    for (status, for_good) in cases {
        esme.submit(1, &order(), s(1)).unwrap();
        centre.hear(&esme.take(), s(1)).unwrap();
        let (sequence, _) = heard(&mut centre);
        centre.refuse(sequence, status).unwrap();
        esme.hear(&centre.take(), s(1)).unwrap();
        let expected = match for_good {
            true => Event::Refused { key: 1, status },
            false => Event::Again { key: 1, status: Some(status) },
        };
        assert_eq!(esme.next(), Some(expected));
        assert_eq!(esme.room(s(1)), 10, "one message alone is meant");
    }
}

#[test]
fn a_nack_of_no_status_is_no_yes() {
    let (mut esme, mut centre) = bound(Times::default());
    esme.submit(1, &order(), s(1)).unwrap();
    centre.hear(&esme.take(), s(1)).unwrap();
    let (sequence, _) = heard(&mut centre);
    let nack = [&unhex("00000010 80000000 00000000")[..], &sequence.to_be_bytes()].concat();
    esme.hear(&nack, s(1)).unwrap();
    assert_eq!(esme.next(), Some(Event::Again { key: 1, status: Some(0) }));
}

#[test]
fn a_line_that_breaks_with_a_full_window_tells_what_is_unknown() {
    let times = Times { window: 3, ..Times::default() };
    let (mut esme, mut centre) = bound(times);
    for key in 7..10 {
        esme.submit(key, &order(), s(1)).unwrap();
    }
    assert_eq!(esme.room(s(1)), 0);
    centre.hear(&esme.take(), s(1)).unwrap();
    let (sequence, _) = heard(&mut centre);
    centre.accept(sequence, "1").unwrap();
    esme.hear(&centre.take(), s(1)).unwrap();
    assert_eq!((esme.unanswered(), esme.room(s(1))), (vec![8, 9], 1));
    // No answer in time: sent again, and an answer that comes too late is passed over.
    esme.tick(s(10)).unwrap();
    assert!(matches!(esme.next(), Some(Event::Taken { .. })));
    assert_eq!(esme.next(), None);
    esme.tick(s(11)).unwrap();
    assert_eq!(esme.next(), Some(Event::Again { key: 8, status: None }));
    assert_eq!(esme.next(), Some(Event::Again { key: 9, status: None }));
    let (sequence, _) = heard(&mut centre);
    centre.accept(sequence, "late").unwrap();
    esme.hear(&centre.take(), s(12)).unwrap();
    assert_eq!(esme.next(), None);
    assert!(esme.unanswered().is_empty());
}

#[test]
fn silence_is_asked_about_and_ends_the_line() {
    let (mut esme, mut centre) = bound(Times::default());
    assert_eq!(esme.next_tick(), s(30));
    esme.tick(s(30)).unwrap();
    centre.hear(&esme.take(), s(30)).unwrap();
    esme.hear(&centre.take(), s(30)).unwrap();
    esme.tick(s(59)).unwrap();
    assert!(esme.take().is_empty());
    esme.tick(s(60)).unwrap();
    assert!(!esme.take().is_empty());
    assert_eq!(esme.tick(s(70)), Err(LinkError::Silent));
    // The centre's end asks too, and a server that never binds is not waited for.
    centre.tick(s(60)).unwrap();
    assert!(!centre.take().is_empty());
    let mut lonely = Centre::open(s(0));
    lonely.tick(s(29)).unwrap();
    assert_eq!(lonely.tick(s(30)), Err(LinkError::Silent));
}

#[test]
fn a_wrong_password_and_an_unbind() {
    let other = Account::new("u", "wrong", number("+8613800250500")).unwrap();
    let (mut esme, mut centre) = (Esme::open(&other, s(0)), Centre::open(s(0)));
    centre.hear(&esme.take(), s(0)).unwrap();
    let Some(Heard::Bind { sequence, password, .. }) = centre.next() else { panic!() };
    assert!(!account().is_password(&password.0));
    centre.refuse(sequence, status::PASSWORD).unwrap();
    assert_eq!(esme.hear(&centre.take(), s(0)), Err(LinkError::Refused { status: 0x0E }));
    assert_eq!(esme.room(s(0)), 0);

    let (mut esme, mut centre) = bound(Times::default());
    esme.unbind(s(1)).unwrap();
    assert_eq!(centre.hear(&esme.take(), s(1)), Err(LinkError::Ended));
    assert_eq!(esme.hear(&centre.take(), s(1)), Err(LinkError::Ended));
}

#[test]
fn before_the_bind_nothing_is_taken_and_twice_nobody_binds() {
    let mut centre = Centre::open(s(0));
    let (mut esme, _) = bound(Times::default());
    esme.submit(1, &order(), s(0)).unwrap();
    centre.hear(&esme.take(), s(0)).unwrap();
    assert_eq!(centre.take(), unhex("00000010 80000004 00000004 00000002"));
    assert_eq!(centre.next(), None);
    let (_, mut centre) = bound(Times::default());
    centre.hear(&Esme::open(&account(), s(0)).take(), s(0)).unwrap();
    assert_eq!(centre.take(), unhex("00000010 80000009 00000005 00000001"));
}

#[test]
fn garbage_is_answered_and_ends_the_line_and_a_bad_body_does_not() {
    for length in [0, 15, u32::try_from(MOST).unwrap() + 1, u32::MAX] {
        let (mut esme, _) = bound(Times::default());
        let bytes = [&length.to_be_bytes()[..], &[0; 12]].concat();
        assert_eq!(esme.hear(&bytes, s(1)), Err(LinkError::OutOfStep(length)));
        assert_eq!(esme.take(), unhex("00000010 80000000 00000002 00000000"));
    }
    let (_, mut centre) = bound(Times::default());
    centre.hear(&unhex("00000012 00000004 00000000 00000009 0001"), s(1)).unwrap();
    assert_eq!(centre.take(), unhex("00000010 80000000 00000002 00000009"));
    // A command of another kind.
    centre.hear(&unhex("00000010 00000103 00000000 0000000A"), s(1)).unwrap();
    assert_eq!(centre.take(), unhex("00000010 80000000 00000003 0000000A"));
    // An answer that nobody asked for.
    centre.hear(&unhex("00000010 80000103 00000000 0000000B"), s(1)).unwrap();
    assert!(centre.take().is_empty());
}
