//! Customers' phones in the books.

use super::{Bank, Engine};
use crate::house::{customer, sim, time};
use client::{Mark, Mode, Stamp};
use gridcard_server::{Books, Cleared, Hashed, Named, NewPhone, NewSlip, PASSWORD_TRIES, PHONES, PhoneEnd};
use keys::Zeroizing;
use scheme::fault::Fault;
use scheme::moment::Moment;

fn slip(n: u8, whose: u32, at: Moment) -> NewSlip {
    NewSlip {
        number: [n; 4],
        customer: customer(whose),
        msisdn: sim(whose, 0).msisdn.to_string(),
        psk: [n; 32],
        at,
        by: "Li".into(),
        reason: "phone".into(),
    }
}

fn phone(n: u8, at: Moment) -> NewPhone {
    NewPhone {
        name: [n; 8],
        principal: format!("{:08x}", 0x1000 + u32::from(n)),
        slip: [n; 4],
        mode: if n < 100 { Mode::Noise } else { Mode::Paper },
        public: (n < 100).then_some([n; 32]),
        psk: Zeroizing::new([n; 32]),
        imsi: true,
        imei: n.is_multiple_of(2).then_some(Mark([n; 4])),
        user: Mark([9; 4]),
        password: Hashed { salt: [n; 16], hash: Zeroizing::new([n; 32]) },
        time: Stamp::of(100, 0),
        at,
    }
}

fn enrolled(bank: &mut Bank, n: u8, whose: u32) {
    bank.books.give_code(&slip(n, whose, bank.now)).unwrap();
    assert_eq!(bank.books.enrol_phone(&phone(n, bank.now)).unwrap(), customer(whose));
}

fn code(books: &mut dyn Books, n: u8, at: Moment) -> String {
    books.enrol_phone(&phone(n, at)).map_or_else(|error| error.code().to_owned(), |_| "taken".to_owned())
}

pub(super) fn a_slip_makes_one_phone_known(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    let (now, books) = (bank.now, &mut bank.books);
    assert!(books.open_slip([1; 4], now).unwrap().is_none());
    assert_eq!(code(&mut **books, 1, now), "code-ended");
    books.give_code(&slip(1, 0, now)).unwrap();
    let open = books.open_slip([1; 4], now).unwrap().unwrap();
    assert_eq!((open.customer, *open.psk, open.tries), (customer(0), [1; 32], 5));
    assert!(books.open_slip([1; 4], now.add_seconds(72 * 3600 + 1).unwrap()).unwrap().is_none());
    assert_eq!(code(&mut **books, 1, now), "taken");
    // Once.
    assert_eq!(code(&mut **books, 1, now), "code-ended");
    assert!(books.open_slip([1; 4], now).unwrap().is_none());
    let known = books.phone_of_key(&[1; 32]).unwrap().unwrap();
    assert_eq!((known.name, known.customer, known.mode), ([1; 8], customer(0), Mode::Noise));
    assert_eq!((known.imsi, known.imei, known.user), (true, None, Mark([9; 4])));
    assert_eq!((known.last, known.sessions, known.tries), (Stamp::of(100, 0), 0, PASSWORD_TRIES));
    assert_eq!(*known.psk.unwrap(), [1; 32]);
    assert_eq!(books.office_of(&Named::Phone([1; 8])).unwrap(), Some(String::new()));
    assert!(books.principal(&known.principal).unwrap().is_none(), "it has no key");
    // Five tries of a code.
    books.give_code(&slip(2, 0, now)).unwrap();
    for left in (0..5).rev() {
        assert_eq!(books.wrong_code([2; 4], now).unwrap(), Some(left));
    }
    assert_eq!(books.wrong_code([2; 4], now).unwrap(), None);
    assert_eq!(code(&mut **books, 2, now), "code-ended");
    // A key is one phone's: a phone that never heard that it is known draws another.
    books.give_code(&slip(49, 0, now)).unwrap();
    let same_key = NewPhone { public: Some([1; 32]), ..phone(49, now) };
    assert_eq!(books.enrol_phone(&same_key).unwrap_err().code(), "phone-key");
    assert!(books.open_slip([49; 4], now).unwrap().is_some(), "the slip is still good");
    // As many as a customer may have.
    for n in 3..2 + u8::try_from(PHONES).unwrap() {
        enrolled(&mut bank, n, 0);
    }
    bank.books.give_code(&slip(50, 0, now)).unwrap();
    assert_eq!(code(&mut *bank.books, 50, now), "phone-many");
    assert!(bank.books.open_slip([50; 4], now).unwrap().is_some(), "what is refused leaves nothing");
    assert_eq!(bank.books.phones_of(customer(0)).unwrap().len(), PHONES as usize);
}

pub(super) fn the_times_of_a_phone_rise(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    enrolled(&mut bank, 1, 0);
    let (now, books) = (bank.now, &mut bank.books);
    let mut see = |seconds, nanos| books.see_phone([1; 8], Stamp::of(seconds, nanos), now).unwrap();
    assert!(!see(100, 0), "that of the enrolment");
    assert!(see(100, 1));
    assert!(!see(100, 1));
    assert!(!see(99, 0));
    assert!(see(200, 0));
    assert!(!books.see_phone([2; 8], Stamp::of(300, 0), now).unwrap(), "nobody has this name");
    let known = books.phone([1; 8]).unwrap().unwrap();
    assert_eq!((known.last, known.sessions, known.seen), (Stamp::of(200, 0), 2, Some(now)));
}

pub(super) fn a_password_has_its_tries_and_a_right_one_gives_them_back(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    enrolled(&mut bank, 1, 0);
    let books = &mut bank.books;
    assert_eq!(books.count_password([1; 8], false).unwrap(), 4);
    assert_eq!(books.count_password([1; 8], false).unwrap(), 3);
    assert_eq!(books.count_password([1; 8], true).unwrap(), PASSWORD_TRIES);
    for left in (0..5).rev() {
        assert_eq!(books.count_password([1; 8], false).unwrap(), left);
    }
    assert_eq!(books.count_password([1; 8], false).unwrap(), 0);
    assert_eq!(books.phone([1; 8]).unwrap().unwrap().tries, 0);
}

pub(super) fn a_phone_ends_and_its_keys_go(engine: &impl Engine) {
    let mut bank = Bank::over(engine.open());
    for (n, whose) in [(1, 0), (2, 0), (3, 0), (4, 1), (100, 2)] {
        enrolled(&mut bank, n, whose);
    }
    let (now, books) = (bank.now, &mut bank.books);
    assert!(books.freeze_phone([1; 8], Some(now)).unwrap());
    assert!(!books.freeze_phone([1; 8], Some(now)).unwrap());
    assert_eq!(books.phone([1; 8]).unwrap().unwrap().frozen, Some(now));
    assert!(books.freeze_phone([1; 8], None).unwrap());
    assert!(!books.freeze_phone([1; 8], None).unwrap());
    assert!(books.end_phone([1; 8], PhoneEnd::Forgotten, now).unwrap());
    assert!(!books.end_phone([1; 8], PhoneEnd::Left, now).unwrap(), "it ends once");
    let gone = |books: &dyn Books, n: u8, why: &str| {
        let known = books.phone([n; 8]).unwrap().unwrap();
        assert_eq!(known.ended, Some((now, why.to_owned())));
        assert!(known.psk.is_none() && known.password.is_none() && known.imei.is_none());
        assert_eq!(known.user, Mark::NONE);
        assert!(books.phone_of_key(&[n; 32]).unwrap().is_none());
    };
    gone(&**books, 1, "forgotten");
    assert!(!books.see_phone([1; 8], Stamp::of(900, 0), now).unwrap());
    assert!(!books.freeze_phone([1; 8], Some(now)).unwrap());
    // Another SIM ends all of a customer's, and nobody else's.
    books.replace_sim(customer(0), &sim(0, 1), now).unwrap();
    gone(&**books, 2, "sim");
    gone(&**books, 3, "sim");
    assert!(books.phone([4; 8]).unwrap().unwrap().ended.is_none());
    // So does the taking out of what is known of him.
    let note = "he asked".to_owned();
    let cleared = Cleared { by: "Li".into(), second: Some("Wu".into()), note, at: now };
    books.erase(customer(2), &cleared).unwrap();
    gone(&**books, 100, "erased");
    // A key that was given up may enrol again, with another slip.
    books.give_code(&slip(5, 0, time("20261122090000"))).unwrap();
    let again = NewPhone { public: Some([2; 32]), ..phone(5, now) };
    assert_eq!(books.enrol_phone(&again).unwrap(), customer(0));
    assert_eq!(books.phone_of_key(&[2; 32]).unwrap().unwrap().name, [5; 8]);
}
