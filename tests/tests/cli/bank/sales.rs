//! Sales that a bank pays for, and those that it does not.

use super::{Bank, OPENING, agree, joined, last_payment, paid, reconcile};
use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Party, WANG, World};
use serde_json::{Value, json};

#[test]
fn a_debit_pays_for_an_order_once() {
    let world = World::new();
    let (clerk, auditor) = (key(&world, "clerk", &[]), key(&world, "auditor", &[]));
    let bank = Bank::start(&world, "");
    let server = joined(&world, &bank);
    let answer = server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen"));
    let order = answer.ok();
    assert_eq!((&order["amount_fen"], &order["count"]), (&50_00.into(), &1.into()));
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING - 50_00, 50_00));
    // The same request is the same answer, to the byte, and no second debit.
    assert_eq!(server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).body, answer.body);
    let otherwise = paid(&CHEN, 50_00, "wang");
    server.post(&clerk, "o", "/v1/orders", &otherwise).fails(409, "request-id-reused");
    server.post(&clerk, "p", "/v1/orders", &paid(&CHEN, 50_00, "chen")).fails(422, "outstanding");
    assert_eq!((bank.balance("chen"), bank.balance("wang")), (OPENING - 50_00, OPENING));

    let id = order["order"].as_str().unwrap();
    let payment = server.get(&auditor, &format!("/v1/payments/{id}")).ok();
    assert_eq!((&payment["state"], &payment["debited"]["fen"]), (&"spent".into(), &50_00.into()));
    let steps: Vec<&Value> = payment["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
    assert_eq!(steps, ["asked", "paid", "spent"]);
    // After the seal nothing is taken back.
    let leave = format!("/v1/payments/{id}/leave");
    server.post(&clerk, "l", &leave, &json!({})).fails(422, "may-be-credited");
    server.post(&auditor, "l", &leave, &json!({})).fails(403, "role-refused");
    server.get(&clerk, "/v1/payments/0000000000000000").fails(404, "unknown-payment");
    assert_eq!(server.get(&clerk, "/v1/payments").ok()["payments"], json!([]));

    let receipt = json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "msisdn": CHEN.msisdn });
    assert_eq!(server.post(&clerk, "s", "/v1/receipts", &receipt).ok()["result"], "settled");
    // Cash goes on beside it.
    server.post(&clerk, "c", "/v1/orders", &sale(&WANG, 20_00)).ok();
    assert_eq!(server.end().0, Some(0));
    let compared = reconcile(&world, &bank);
    assert_eq!((&compared["equal"], &compared["differences"]), (&1.into(), &json!([])));
    let books = agree(&world, &bank);
    assert_eq!(
        (&books["sold_fen"], &books["bank_cash_fen"], &books["bank_clearing_fen"], &books["settled_fen"]),
        (&70_00.into(), &20_00.into(), &50_00.into(), &50_00.into())
    );
    world.bank(&["server", "verify"]).run().ok();
    world.bank(&["server", "audit", "verify"]).run().ok();
    // The token of an account is nothing for a log.
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert!(log.contains(&format!("{id} spent")) || log.contains(&format!("{id} paid")), "{log}");
    assert!(!log.contains("\"chen\""), "{log}");
}

#[test]
fn what_a_bank_refuses_is_not_sold() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let bank = Bank::start(&world, "");
    let server = joined(&world, &bank);
    for (id, fen, account, reason) in
        [("a", 1000_01, "chen", "insufficient-funds"), ("b", 1_00, "nobody", "no-such-account")]
    {
        let request = paid(&CHEN, fen, account);
        let refused = server.post(&clerk, id, "/v1/orders", &request).fails(422, "payment-refused");
        assert_eq!((&refused["outcome"], &refused["retry"]), (&"final".into(), &false.into()));
        assert!(refused["detail"].as_str().unwrap().contains(reason), "{refused}");
        // For ever.
        assert_eq!(server.post(&clerk, id, "/v1/orders", &request).json(), refused);
        let payment = last_payment(&server, &clerk);
        let order = server.get(&clerk, &format!("/v1/orders/{}", payment["payment"].as_str().unwrap())).ok();
        assert_eq!(order["state"], "void");
    }
    for pay in
        [json!({}), json!({ "bank_account": "a b" }), json!({ "card": "x" }), json!("chen"), json!([1])]
    {
        let body = json!({ "customer": CHEN.number, "amount_fen": 100, "pay": pay });
        server.post(&clerk, "m", "/v1/orders", &body).fails(400, "request-malformed");
    }
    // What is refused for another reason is refused before a bank is asked.
    server.post(&clerk, "z", "/v1/orders", &paid(&CHEN, 0, "chen")).fails(422, "amount-nothing");
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING, 0));
    assert_eq!(server.post(&clerk, "c", "/v1/orders", &sale(&CHEN, 1_00)).ok()["count"], 1);
    assert_eq!(server.end().0, Some(0));
    agree(&world, &bank);
    let alone = Server::start(&world, &[]);
    let away = alone.post(&clerk, "n", "/v1/orders", &paid(&WANG, 1_00, "wang")).fails(503, "no-bank");
    assert_eq!((&away["outcome"], &away["retry"]), (&"final".into(), &true.into()));
}

/// Two offices sell to one meter at once, through the bank: one debit stands, and one order.
#[test]
fn two_requests_at_once_make_one_debit() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let bank = Bank::start(&world, "");
    let server = joined(&world, &bank);
    let sell = |id: String| server.post(&clerk, &id, "/v1/orders", &paid(&CHEN, 3_00, "chen"));
    let sold = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..6).map(|n| scope.spawn(move || sell(format!("r{}", n % 3)))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
    });
    let done: Vec<Value> =
        sold.iter().filter(|answer| answer.status == 200).map(|answer| answer.json()).collect();
    assert!(!done.is_empty() && done.iter().all(|order| order["order"] == done[0]["order"]), "{sold:?}");
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING - 3_00, 3_00));
    assert_eq!(server.end().0, Some(0));
    assert_eq!(agree(&world, &bank)["orders"], 1);
}
