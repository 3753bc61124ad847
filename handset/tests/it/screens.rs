//! What a person does, key by key.

use crate::desk::{Person, TestBank};
use client::talk::PurchaseState;
use gridcard_handset::{Key, No, Tongue, fen, yuan};
use scheme::money::Fen;

const SIZES: [(u16, u16); 4] = [(80, 24), (60, 16), (40, 10), (24, 6)];
const KEY: &str = "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13";

fn fill_in(person: &mut Person, code: &str) {
    for text in ["http://127.0.0.1:8080", "A1B2C3D4", KEY, code, "+8613800138000", "li", "over the river 7"] {
        person.write(text).press(Key::Tab);
    }
}

#[test]
fn a_slip_is_typed_in_and_the_balance_is_there() {
    for tongue in [Tongue::English, Tongue::Chinese] {
        let mut person = Person::at(TestBank::new(), tongue, (80, 24));
        let head = if tongue == Tongue::English { "Register this phone" } else { "登记此手机" };
        assert!(person.screen().contains(head), "{}", person.screen());
        fill_in(&mut person, "abcd-efgh-ijkl-mnop");
        assert!(
            !person.screen().contains("abcd") && !person.screen().contains("river"),
            "{}",
            person.screen()
        );
        person.press(Key::Enter);
        assert_eq!(person.bank.slips.len(), 1);
        assert_eq!(person.bank.slips[0].2, "abcd-efgh-ijkl-mnop");
        assert!(person.screen().contains("29.92"), "{}", person.screen());
    }
}

#[test]
fn what_has_not_its_form_is_said_at_its_row_and_nothing_is_sent() {
    let mut person = Person::at(TestBank::new(), Tongue::English, (80, 30));
    fill_in(&mut person, "ABCD");
    person.press(Key::Enter);
    assert!(person.bank.slips.is_empty());
    assert!(person.screen().contains("! 16 characters, A to Z and 2 to 7"), "{}", person.screen());
    // The row has the keys: what is typed goes there.
    person.write("-EFGH-IJKL-MNOP");
    for _ in 0..4 {
        person.press(Key::Tab);
    }
    person.press(Key::Enter);
    assert_eq!(person.bank.slips[0].2, "ABCD-EFGH-IJKL-MNOP");
}

#[test]
fn a_slip_that_the_server_does_not_take_stays_to_be_mended() {
    let mut bank = TestBank::new();
    bank.fails = Some(No::new("phone-silent", "the server says nothing"));
    let mut person = Person::at(bank, Tongue::English, (80, 30));
    fill_in(&mut person, "ABCD-EFGH-IJKL-MNOP");
    person.press(Key::Enter);
    assert!(person.screen().contains("The server says nothing: the slip"), "{}", person.screen());
    assert!(person.screen().contains("A1B2C3D4"), "what was typed stays");
    person.press(Key::Enter);
    assert!(person.screen().contains("29.92"));
    assert!(!person.left && person.press(Key::Escape).left);
}

#[test]
fn buying_by_keyboard_alone() {
    let mut person = Person::at(TestBank::enrolled(), Tongue::English, (80, 24));
    person.press(Key::Char('2')).write("30").press(Key::Tab).press(Key::Tab).press(Key::Enter);
    assert_eq!(person.bank.offered, [("261100000001".to_owned(), 3000, None)]);
    let shown = person.screen();
    assert!(
        shown.contains("30.00 yuan") && shown.contains("261100000001") && shown.contains("李明"),
        "{shown}"
    );
    // Return pressed twice buys nothing: the way back has the keys first.
    person.press(Key::Enter);
    assert!(person.bank.confirmed.is_empty());
    person.press(Key::Char('2')).write("30").press(Key::Tab).press(Key::Tab).press(Key::Enter);
    person.press(Key::Tab).press(Key::Enter);
    assert_eq!(person.bank.confirmed, [[9; 8]]);
    assert!(person.screen().contains("On its way"), "{}", person.screen());
    person.press(Key::Char('s'));
    assert!(person.screen().contains("The order is in order-09.sms"), "{}", person.screen());
    person.bank.state = PurchaseState::Settled;
    person.press(Key::Char('r'));
    assert!(
        person.screen().contains("Settled") && person.screen().contains("You can buy again"),
        "{}",
        person.screen()
    );
    person.press(Key::Escape).press(Key::Char('3'));
    assert!(person.screen().contains("1,240.00"), "{}", person.screen());
}

#[test]
fn another_account_wants_its_token_and_the_password() {
    let mut person = Person::at(TestBank::enrolled(), Tongue::English, (80, 24));
    person.press(Key::Char('2')).write("5").press(Key::Tab);
    assert!(!person.screen().contains("Your password"));
    person.press(Key::Right);
    assert!(person.screen().contains("Your password"), "{}", person.screen());
    person.press(Key::Tab).write("rich").press(Key::Tab).write("short").press(Key::Tab).press(Key::Enter);
    assert!(person.bank.offered.is_empty());
    person.write("er password").press(Key::Tab).press(Key::Enter);
    assert_eq!(person.bank.offered, [("261100000001".to_owned(), 500, Some("rich".to_owned()))]);
    assert!(!person.screen().contains("short"));
    // A contract without an account leaves no choice.
    let mut bank = TestBank::enrolled();
    bank.account = None;
    let mut person = Person::at(bank, Tongue::English, (80, 24));
    person.press(Key::Char('2'));
    assert!(person.screen().contains("Your password"), "{}", person.screen());
}

#[test]
fn an_offer_that_is_not_what_was_asked_for_is_not_shown_to_be_confirmed() {
    let mut bank = TestBank::enrolled();
    bank.cheats = true;
    let mut person = Person::at(bank, Tongue::English, (80, 24));
    person.press(Key::Char('2')).write("30").press(Key::Tab).press(Key::Tab).press(Key::Enter);
    assert!(person.screen().contains("something else than was asked"), "{}", person.screen());
    assert!(!person.screen().contains("You pay"));
}

#[test]
fn a_purchase_whose_end_is_not_known_comes_before_all_others() {
    let mut person = Person::at(TestBank::enrolled(), Tongue::English, (80, 24));
    person.press(Key::Char('2')).write("30").press(Key::Tab).press(Key::Tab).press(Key::Enter);
    person.bank.fails = Some(No::new("phone-under-way", "whether the bank has paid is not known yet"));
    person.press(Key::Tab).press(Key::Enter);
    assert!(person.screen().contains("Do not buy again"), "{}", person.screen());
    // The same is confirmed again, or looked at; nothing else can be bought.
    person.press(Key::Escape);
    assert!(person.screen().contains("The outcome of a purchase is not known"), "{}", person.screen());
    person.bank.state = PurchaseState::Asked;
    person.press(Key::Char('2'));
    assert!(person.screen().contains("Outcome unknown"), "{}", person.screen());
    assert_eq!(person.bank.offered.len(), 1);
}

#[test]
fn records_go_on_and_meters_change() {
    let mut bank = TestBank::enrolled();
    bank.sold = 45;
    let mut person = Person::at(bank, Tongue::Chinese, (60, 12));
    person.press(Key::Char('3'));
    for _ in 0..2 {
        assert!(person.screen().contains("更早"), "{}", person.screen());
        person.press(Key::Char('e'));
    }
    assert!(!person.screen().contains("更早"), "{}", person.screen());
    for _ in 0..60 {
        person.press(Key::Down);
    }
    assert!(
        person.screen().contains(&"2C".repeat(8)) || person.screen().contains(&"2c".repeat(8)),
        "{}",
        person.screen()
    );
    person.press(Key::Char('4')).press(Key::Right);
    assert!(person.screen().contains("261100000002"), "{}", person.screen());
}

/// No screen panics or loses the row that has the keys, however small the terminal; no line is wider than it.
#[test]
fn it_fits_every_terminal() {
    for tongue in [Tongue::English, Tongue::Chinese] {
        for size in SIZES {
            let mut person = Person::at(TestBank::new(), tongue, size);
            for _ in 0..9 {
                let shown = person.screen();
                assert_eq!(shown.lines().count(), usize::from(size.1));
                assert!(
                    size.1 < 7 || shown.lines().any(|line| line.trim_start().starts_with('>')),
                    "{size:?}\n{shown}"
                );
                person.press(Key::Tab);
            }
            let mut person = Person::at(TestBank::enrolled(), tongue, size);
            for keys in ["1", "2", "3", "4", "l", "l"] {
                person.write(keys);
                person.screen();
                if keys == "2" {
                    person.press(Key::Escape);
                }
            }
        }
    }
    let mut person = Person::at(TestBank::enrolled(), Tongue::English, (1, 3));
    person.screen();
}

#[test]
fn amounts() {
    for (typed, sum) in [
        ("100", Some(10_000)),
        ("100.5", Some(10_050)),
        ("1,240.00", Some(124_000)),
        ("0", None),
        ("0.00", None),
        ("1.234", None),
        ("-5", None),
        ("", None),
        ("99999999", None),
        ("1e3", None),
        ("９", None),
    ] {
        assert_eq!(fen(typed), sum.map(Fen), "{typed:?}");
    }
    assert_eq!(yuan(Fen(u32::MAX)), "42,949,672.95");
    assert_eq!(yuan(Fen(5)), "0.05");
}
