//! What has to agree before a phone may do something: the table of the code is that of the page, and each of it holds by itself.

use crate::house::{customer, sim};
use client::{Identifier, Mark, Marks, Mode, Stamp};
use gridcard_server::{Act, Customer, NEEDS, Need, Phone, must_agree};
use scheme::Fault;

/// The words of the page, and whether the table says the same.
fn says(need: Need, words: &str) -> bool {
    match need {
        Need::Nothing => words == "-",
        Need::Registered => words == "registered",
        Need::RegisteredIfSaid => words == "registered, if said",
        Need::AsEnrolled => words == "as enrolled",
        Need::Set => words == "set" || words == "set, if said",
        Need::Right => words == "right",
        Need::OfTheSlip => words == "slip's",
    }
}

#[test]
fn the_table_is_that_of_the_page() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/specs/client.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.split("| act | MSISDN | IMSI | IMEI | user name | password | code |\n").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), NEEDS.len());
    for (row, needs) in rows.iter().zip(&NEEDS) {
        assert_eq!(needs.act.needs(), needs, "each act has the row of its name");
        let all = [needs.msisdn, needs.imsi, needs.imei, needs.user, needs.password, needs.code];
        for (need, words) in all.into_iter().zip(&row[1..]) {
            assert!(says(need, words), "{:?}: {need:?}, and the page says {words:?}", needs.act);
        }
    }
}

fn known() -> Customer {
    Customer {
        customer: customer(0),
        sim: sim(0, 0),
        imei: "490154203237518".parse().unwrap(),
        name: None,
        meters: Vec::new(),
    }
}

fn marks(of: &Customer) -> Marks {
    Marks::of(&client::marks::Said {
        msisdn: of.sim.msisdn.as_str(),
        imsi: Some(of.sim.imsi.as_str()),
        imei: Some(of.imei.as_str()),
        user: "li",
    })
}

fn enrolled(said: &Marks) -> Phone {
    let maybe = |mark: Mark| mark.is_said().then_some(mark);
    Phone {
        name: [1; 8],
        customer: customer(0),
        principal: "00000001".into(),
        mode: Mode::Noise,
        psk: None,
        imsi: said.get(Identifier::Imsi).is_said(),
        imei: maybe(said.get(Identifier::Imei)),
        user: said.get(Identifier::User),
        password: None,
        tries: 5,
        last: Stamp::ZERO,
        made: crate::house::time("20261122080000"),
        seen: None,
        sessions: 0,
        frozen: None,
        ended: None,
    }
}

/// One identifier changed, or left out, at a time.
#[test]
fn each_identifier_is_compared_by_itself() {
    let customer = known();
    let all = marks(&customer);
    let phone = enrolled(&all);
    let code = |act, said: &Marks, phone: Option<&Phone>| {
        must_agree(act, said, &customer, phone).map_err(|error| error.code().to_owned())
    };
    for act in [Act::Look, Act::Buy, Act::BuyFromAnother] {
        assert_eq!(code(act, &all, Some(&phone)), Ok(()));
        for (place, name) in
            ["phone-msisdn", "phone-imsi", "phone-imei", "phone-user"].into_iter().enumerate()
        {
            for mark in [Mark([1, 2, 3, 4]), Mark::NONE] {
                let mut bad = all;
                bad.0[place] = mark;
                assert_eq!(code(act, &bad, Some(&phone)), Err(name.to_owned()), "{act:?} {place}");
                assert_eq!(code(Act::Forget, &bad, Some(&phone)), Ok(()));
            }
        }
        // A phone that said neither then says neither now.
        let mut few = all;
        (few.0[1], few.0[2]) = (Mark::NONE, Mark::NONE);
        let quiet = enrolled(&few);
        assert_eq!(code(act, &few, Some(&quiet)), Ok(()));
        assert_eq!(code(act, &all, Some(&quiet)), Err("phone-imsi".to_owned()));
        let frozen = Phone { frozen: Some(quiet.made), ..enrolled(&all) };
        assert_eq!(code(act, &all, Some(&frozen)), Err("phone-frozen".to_owned()));
        assert_eq!(code(Act::Forget, &all, Some(&frozen)), Ok(()));
    }
    // An enrolment: the number, and the IMSI where it is said; the rest is set.
    let enrol = |place: usize, mark: Mark| {
        let mut said = all;
        said.0[place] = mark;
        code(Act::Enrol, &said, None)
    };
    let (other, none) = (Mark([1, 2, 3, 4]), Mark::NONE);
    assert_eq!(enrol(0, none), Err("phone-msisdn".to_owned()));
    assert_eq!(enrol(0, other), Err("phone-msisdn".to_owned()));
    assert_eq!((enrol(1, other), enrol(1, none)), (Err("phone-imsi".to_owned()), Ok(())));
    assert_eq!((enrol(2, other), enrol(2, none), enrol(3, other)), (Ok(()), Ok(()), Ok(())));
    // Another SIM at the office: what the phone says is not what is registered any more.
    let swapped = Customer { sim: sim(0, 1), ..known() };
    let told = must_agree(Act::Look, &all, &swapped, Some(&phone));
    assert!(told.is_err());
}
