//! Each fault of the bank, and each end that it comes to.

use super::{Bank, OPENING, agree, comes_so_far, comes_to, joined, last_payment, paid, reconcile};
use crate::service::{Server, credit, key, sale};
use crate::world::{CHEN, Customer, World};
use serde_json::{Value, json};

/// A world, a bank with faults, a server that is joined to it, and a clerk's key.
fn with_faults(faults: &str) -> (World, Bank, Server, String) {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let bank = Bank::start(&world, faults);
    let server = joined(&world, &bank);
    (world, bank, server, clerk)
}

/// The same server at a later time: its clock stands still while it runs.
fn later(world: &World, bank: &Bank, server: Server) -> Server {
    assert_eq!(server.end().0, Some(0));
    joined(world, bank)
}

/// A sale whose outcome nobody knows: what the clerk hears.
#[track_caller]
fn unknown(server: &Server, clerk: &str, id: &str, customer: &Customer) -> String {
    let request = paid(customer, 50_00, "chen");
    let told = server.post(clerk, id, "/v1/orders", &request).fails(503, "payment-unknown");
    assert_eq!((&told["outcome"], &told["retry"]), (&"unknown".into(), &true.into()));
    let (words, hint) = (told["detail"].as_str().unwrap(), told["hint"].as_str().unwrap());
    assert!(words.contains("do not sell again") && hint.contains("/leave"), "{told}");
    // Nor does it sell another, by whatever way it is paid.
    for (more, body) in [("x", paid(customer, 50_00, "chen")), ("y", sale(customer, 1_00))] {
        server.post(clerk, &format!("{id}{more}"), "/v1/orders", &body).fails(503, "payment-unknown");
    }
    let payment = last_payment(server, clerk);
    assert_eq!((&payment["state"], &payment["tries"]), (&"unknown".into(), &1.into()));
    payment["payment"].as_str().unwrap().to_owned()
}

/// The answer is lost, late, or the bank was down: the same request again finds out, and one order is sold for one debit.
#[test]
fn an_unknown_outcome_is_found_out_by_the_same_request() {
    for fault in ["cut@1", "timeout@1", "late@1", "down@1"] {
        let (world, bank, server, clerk) = with_faults(fault);
        let payment = unknown(&server, &clerk, "o", &CHEN);
        let order = server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).ok();
        assert_eq!((&order["order"], &order["count"]), (&payment.into(), &1.into()), "{fault}");
        assert_eq!((bank.balance("chen"), bank.ours()), (OPENING - 50_00, 50_00), "{fault}");
        let receipt =
            json!({ "record": credit(&world, &CHEN, &server, &clerk, &order), "msisdn": CHEN.msisdn });
        assert_eq!(server.post(&clerk, "s", "/v1/receipts", &receipt).ok()["result"], "settled");
        assert_eq!(server.end().0, Some(0));
        let compared = reconcile(&world, &bank);
        assert_eq!((&compared["equal"], &compared["differences"]), (&1.into(), &json!([])), "{fault}");
        assert_eq!(agree(&world, &bank)["settled_fen"], 50_00);
    }
}

/// A customer who leaves gets back what was taken, once, however often the bank does not hear it; and buys for cash meanwhile.
#[test]
fn a_customer_who_leaves_is_given_back_what_was_taken() {
    for faults in ["cut@1", "late@1", "down@1", "cut@1,reverse-cut@1"] {
        let (world, bank, server, clerk) = with_faults(faults);
        let payment = unknown(&server, &clerk, "o", &CHEN);
        let leave = format!("/v1/payments/{payment}/leave");
        let left = server.post(&clerk, "l", &leave, &json!({})).ok();
        assert_eq!(left["state"], "leaving", "{faults}");
        assert_eq!(server.post(&clerk, "l", &leave, &json!({})).ok(), left);
        let told =
            server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).fails(422, "payment-left");
        assert_eq!(told["outcome"], "final");
        assert_eq!(server.post(&clerk, "c", "/v1/orders", &sale(&CHEN, 1_00)).ok()["count"], 1);
        let server = if faults.contains("reverse") {
            comes_so_far(&server, &clerk, &payment, |found| {
                found["state"] == "leaving" && found["tries"] == 1
            });
            later(&world, &bank, server)
        } else {
            server
        };
        let end = comes_to(&server, &clerk, &payment, "reversed");
        assert_eq!(end["suspense_fen"], 0);
        assert_eq!((bank.balance("chen"), bank.ours()), (OPENING, 0), "{faults}");
        assert_eq!(server.end().0, Some(0));
        assert_eq!(reconcile(&world, &bank)["differences"], json!([]), "{faults}");
        assert_eq!(agree(&world, &bank)["bank_cash_fen"], 1_00);
    }
}

/// The bank says that it took nothing, and takes it all the same: the day's file brings it to light, and it goes back of itself.
#[test]
fn a_late_yes_after_a_reversal_is_reversed_once() {
    let (world, bank, server, clerk) = with_faults("late-after@1");
    let payment = unknown(&server, &clerk, "o", &CHEN);
    server.post(&clerk, "l", &format!("/v1/payments/{payment}/leave"), &json!({})).ok();
    let end = comes_to(&server, &clerk, &payment, "reversed");
    assert_eq!((&end["debited"], &end["returned"]), (&Value::Null, &Value::Null));
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING - 50_00, 50_00), "the bank took it late");
    assert_eq!(server.end().0, Some(0));
    let compared = reconcile(&world, &bank);
    assert_eq!((&compared["decided"], &compared["differences"]), (&1.into(), &json!([])));
    let server = joined(&world, &bank);
    let end = comes_to(&server, &clerk, &payment, "reversed");
    assert_eq!((&end["returned"]["fen"], &end["suspense_fen"]), (&50_00.into(), &0.into()));
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING, 0));
    assert_eq!(server.end().0, Some(0));
    assert_eq!(reconcile(&world, &bank)["differences"], json!([]));
    agree(&world, &bank);
}

/// The bank takes twice, or another amount, and says nothing of it: the file shows it, and two people book it.
#[test]
fn what_a_bank_does_behind_its_answers_is_a_finding() {
    for (fault, heap, fen) in [("twice@1", "theirs-only", 50_00), ("amount@1", "other-amount", 1)] {
        let world = World::new();
        let (clerk, supervisor) = (key(&world, "clerk", &[]), key(&world, "supervisor", &[]));
        let bank = Bank::start(&world, fault);
        let server = joined(&world, &bank);
        let order = server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).ok();
        assert_eq!(bank.ours(), 50_00 + fen, "{fault}");
        let day: String = world.now().iso().chars().take(10).collect();
        let bearer = format!("Bearer {supervisor}");
        let file = bank.file(&day);
        let send = |id: &str, day: &str, file: &str| {
            let headers = [("Authorization", &*bearer), ("Idempotency-Key", id)];
            server.ask("POST", &format!("/v1/bank/files?day={day}"), &headers, file)
        };
        send("f0", "2001-01-01", &file).fails(422, "bank-file-line");
        send("f1", &day, "nothing").fails(422, "bank-file-missing");
        let compared = send("f", &day, &file).ok();
        let differences = compared["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 1, "{compared}");
        assert_eq!(
            (&differences[0]["heap"], &differences[0]["fen"], &differences[0]["reference"]),
            (&heap.into(), &fen.into(), &order["order"])
        );
        // Another id, the same file: the same heaps.
        let again = send("g", &day, &file).ok();
        assert_eq!((&again["again"], &again["differences"]), (&true.into(), &compared["differences"]));
        let finding = &differences[0]["finding"];
        let path = format!("/v1/bank/differences/{finding}/clear");
        let body = json!({ "note": "the bank agrees", "entry": "book" });
        server.post(&clerk, "k", &path, &body).fails(403, "security");
        server
            .post(&clerk, "k0", &format!("/v1/findings/{finding}/clear"), &json!({ "note": "x" }))
            .fails(403, "security");
        let second = [
            ("Authorization", &*format!("Bearer {clerk}")),
            ("Idempotency-Key", "k2"),
            ("Gridcard-Second", &*supervisor),
        ];
        let plain = server.ask("POST", &format!("/v1/findings/{finding}/clear"), &second, r#"{"note":"x"}"#);
        plain.fails(422, "finding-difference");
        let second = [second[0], ("Idempotency-Key", "k3"), second[2]];
        let cleared = server.ask("POST", &path, &second, &body.to_string()).ok();
        assert_eq!(cleared["booked_fen"], fen);
        assert_eq!(server.end().0, Some(0));
        let books = agree(&world, &bank);
        assert_eq!((&books["suspense_fen"], &books["findings"]), (&fen.into(), &0.into()), "{fault}");
        world.bank(&["server", "verify"]).run().ok();
    }
}

/// The bank says itself that it took another amount: nothing is sold for it, and it goes back.
#[test]
fn another_amount_is_not_sold_for() {
    let (world, bank, server, clerk) = with_faults("amount-told@1");
    let request = paid(&CHEN, 50_00, "chen");
    let told = server.post(&clerk, "o", "/v1/orders", &request).fails(422, "payment-left");
    assert!(told["detail"].as_str().unwrap().contains("50.01"), "{told}");
    assert_eq!(server.post(&clerk, "o", "/v1/orders", &request).json(), told);
    let payment = last_payment(&server, &clerk)["payment"].as_str().unwrap().to_owned();
    comes_to(&server, &clerk, &payment, "reversed");
    assert_eq!((bank.balance("chen"), bank.ours()), (OPENING, 0));
    assert_eq!(server.end().0, Some(0));
    let books = agree(&world, &bank);
    assert_eq!((&books["findings"], &books["orders"]), (&1.into(), &0.into()));
}

/// Server and bank are killed in the middle of what nobody knows, and come back: one order, one debit.
#[test]
fn both_are_killed_and_find_out() {
    let (world, bank, server, clerk) = with_faults("cut@1");
    let payment = unknown(&server, &clerk, "o", &CHEN);
    server.kill();
    let bank = bank.killed(&world);
    let server = joined(&world, &bank);
    let order = server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).ok();
    assert_eq!(order["order"], payment);
    server.kill();
    let bank = bank.killed(&world);
    let server = joined(&world, &bank);
    assert_eq!(server.post(&clerk, "o", "/v1/orders", &paid(&CHEN, 50_00, "chen")).ok(), order);
    assert_eq!(server.end().0, Some(0));
    assert_eq!(reconcile(&world, &bank)["differences"], json!([]));
    assert_eq!((agree(&world, &bank)["outstanding_fen"].as_i64(), bank.ours()), (Some(50_00), 50_00));
}
