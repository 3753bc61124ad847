//! Codes, times, requests and answers, each by itself.

use gridcard_client::talk::{
    Account, Answer, Claims, Contract, Enrolled, MadeFor, Named, Offer, Op, Password, Psk, Purchase,
    PurchaseState, Reported, Request, Said, Sold, Status, Wanted, Way,
};
use gridcard_client::{Code, Identifier, Mark, Stamp};
use keys::Zeroizing;
use scheme::money::Fen;
use scheme::order::OrderId;

#[test]
fn a_code_is_typed_as_somebody_likes() {
    let code = Code::new(&[0xFF, 0, 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]);
    let printed = code.printed();
    assert_eq!(printed.len(), 19);
    let server = [7; 32];
    let psk = code.psk(&server);
    for typed in
        [printed.to_string(), printed.to_lowercase(), printed.replace('-', " "), format!(" {}\n", *printed)]
    {
        assert_eq!(Code::read(&typed).unwrap().psk(&server), psk);
    }
    assert_ne!(code.psk(&[8; 32]), psk);
    for wrong in ["", "ABCD", "ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNO1", "ABCDEFGHIJKLMNO8", "ÄBCDEFGHIJKLMNO2"]
    {
        assert!(Code::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_time_is_that_of_tai64n() {
    assert_eq!(hex::encode(Stamp::of(0, 0).bytes()), "400000000000000a00000000");
    assert_eq!(hex::encode(Stamp::of(1, 999_999_999).bytes()), "400000000000000b3b9ac9ff");
    assert_eq!(Stamp::of(-10, 0).seconds(), -10);
    assert_eq!(Stamp::read([0xFF; 12]), None);
    assert!(Stamp::of(5, 1) > Stamp::of(5, 0) && Stamp::of(6, 0) > Stamp::of(5, 999_999_999));
}

#[test]
fn marks_are_the_first_four_bytes_of_a_hash_under_a_label() {
    // printf 'msisdn\0+8613800138000' | sha256sum
    assert_eq!(hex::encode(Identifier::Msisdn.mark("+8613800138000").0), "0241d250");
    assert_ne!(Identifier::Imsi.mark("490154203237518"), Identifier::Imei.mark("490154203237518"));
    assert!(!Mark::NONE.is_said());
}

fn requests() -> Vec<Request> {
    let claims = Claims {
        msisdn: "+8613800138000".parse().unwrap(),
        imsi: Some("460001234567895".parse().unwrap()),
        imei: None,
        user: "李".into(),
        password: Password(Zeroizing::new("correct horse".into())),
    };
    let wanted = Wanted {
        purchase: [1; 8],
        contract: Named::Bill("B-17".into()),
        amount: Fen(1),
        way: Way::Online,
        account: Some(Account { token: "acc-1".into(), password: Some(claims.password.clone()) }),
    };
    vec![
        Request::Enrol(claims),
        Request::Contracts,
        Request::Offer(wanted.clone()),
        Request::Offer(Wanted {
            contract: Named::Msisdn("+8613800138000".parse().unwrap()),
            account: None,
            ..wanted
        }),
        Request::Confirm { purchase: [2; 8], amount: Fen(u32::MAX) },
        Request::State([3; 8]),
        Request::Records { many: 20, before: Some(OrderId([4; 8])) },
        Request::Balance(Some("261100000001".parse().unwrap())),
        Request::Balance(None),
        Request::Fetch([5; 8]),
        Request::Pipe { purchase: [6; 8], message: vec![0xA1; 255] },
        Request::Receipt(vec![7; 352]),
        Request::Forget,
    ]
}

#[test]
fn requests_come_back_as_they_went() {
    for (number, request) in requests().into_iter().enumerate() {
        let bytes = request.bytes(number as u32);
        assert_eq!(Request::read(&bytes), Ok((number as u32, Ok(request))));
    }
}

#[test]
fn what_does_not_belong_into_a_request_is_refused() {
    let good = Request::State([3; 8]).bytes(1);
    for extra in [vec![0x8B, 1, 0], vec![0x9A, 0], good[5..].to_vec(), vec![0x8B], vec![0x9F, 1, 0]] {
        let bad = [&good[..], &extra].concat();
        assert!(Request::read(&bad).unwrap().1.is_err(), "{extra:02X?}");
    }
    for op in [0, 12, 255] {
        assert!(Request::read(&[0, 0, 0, 1, op]).unwrap().1.is_err());
    }
    assert!(Request::read(&[0, 0, 0, 1]).is_err());
    // Many, and a password that is short, alone or not to be shown.
    let text = |tag: u8, text: &[u8]| [&[tag, text.len() as u8], text].concat();
    assert!(Request::read(&[0, 0, 0, 1, 6, 0x92, 1, 21]).unwrap().1.is_err());
    let offer = requests().swap_remove(3).bytes(1);
    assert!(Request::read(&[&offer[..], &text(0x85, b"correct horse")].concat()).unwrap().1.is_err());
    let account = [&offer[..], &text(0x88, b"a")].concat();
    assert!(Request::read(&account).unwrap().1.is_ok());
    for password in [&b"short"[..], b"with\na line", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"] {
        assert!(Request::read(&[&account[..], &text(0x85, password)].concat()).unwrap().1.is_err());
    }
}

#[test]
fn answers_come_back_as_they_went() {
    let meter = "261100000001".parse().unwrap();
    let at = "2026-11-28 08:00:00".parse().unwrap();
    let reported = Some(Reported { balance: Fen(123_45), count: 7, at });
    let purchase = Purchase {
        purchase: [1; 8],
        state: PurchaseState::Waits,
        amount: Fen(50_00),
        order: Some(OrderId([2; 8])),
        message: Some(vec![0xA0; 40]),
        credited: None,
        refusal: None,
    };
    let sold = Sold {
        order: OrderId([2; 8]),
        meter,
        amount: Fen(50_00),
        state: PurchaseState::Settled,
        at,
        credited: Some(Fen(50_00)),
    };
    let contract = Contract {
        meter,
        msisdn: "+8613800138000".parse().unwrap(),
        bill: Some("B-17".into()),
        name: None,
        account: Some("*0001".into()),
    };
    let offer = Offer {
        purchase: [1; 8],
        customer: "000000000042".parse().unwrap(),
        meter,
        amount: Fen(50_00),
        way: Way::File,
        account: "*0001".into(),
        state: PurchaseState::Offered,
        name: Some("李".into()),
        reported,
    };
    let enrolled = Enrolled {
        customer: "000000000042".parse().unwrap(),
        psk: Psk(Zeroizing::new([9; 32])),
        name: [8; 8],
    };
    let made_for = MadeFor {
        iccid: Some("89860026330000000010".into()),
        binding: Some([7; 8]),
        imsi: Some("460001234567895".parse().unwrap()),
    };
    let all = [
        (Op::Enrol, Said::Enrolled(enrolled)),
        (Op::Contracts, Said::Contracts(vec![contract.clone(), contract])),
        (Op::Offer, Said::Offer(offer)),
        (Op::Confirm, Said::Purchase(purchase.clone())),
        (
            Op::Pipe,
            Said::Purchase(Purchase {
                state: PurchaseState::Refused,
                message: None,
                refusal: Some(4),
                credited: Some(Fen(0)),
                ..purchase
            }),
        ),
        (Op::Records, Said::Records(vec![sold; 20])),
        (Op::Balance, Said::Balance(meter, reported)),
        (Op::Balance, Said::Balance(meter, None)),
        (
            Op::Fetch,
            Said::Order {
                purchase: [1; 8],
                order: OrderId([2; 8]),
                record: vec![0xFF; 176],
                sim: MadeFor::default(),
            },
        ),
        (
            Op::Fetch,
            Said::Order { purchase: [1; 8], order: OrderId([2; 8]), record: vec![0xFF; 352], sim: made_for },
        ),
        (
            Op::Receipt,
            Said::Receipt { state: PurchaseState::Settled, order: OrderId([2; 8]), amount: Fen(3) },
        ),
        (Op::Forget, Said::Forgotten),
    ];
    for (op, said) in all {
        let answer = Answer::Done(said);
        let bytes = answer.bytes(17);
        assert_eq!(Answer::number(&bytes), Ok(17));
        assert_eq!(Answer::read(op, &bytes), Ok(answer));
        assert!(Answer::read(op, &[&bytes[..], &[0x9A, 0]].concat()).is_err());
    }
    let no = Answer::Not(Status::No, Some("sim-new".into()));
    assert_eq!(Answer::read(Op::Confirm, &no.bytes(1)), Ok(no));
    assert_eq!(Answer::read(Op::Confirm, &Answer::REFUSED.bytes(1)), Ok(Answer::REFUSED));
}

/// What is secret cannot be printed.
#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", requests().first().unwrap());
    assert!(!shown.contains("correct horse"), "{shown}");
    let shown = format!("{:?} {:?}", Psk(Zeroizing::new([0xAB; 32])), Code::new(&[0; 10]));
    assert!(!shown.contains("171") && !shown.contains("AAAA"), "{shown}");
}
