//! Customers' own phones at the payment server: each command in its own process, over every line there is.

mod strangers;

use super::{Bank, agree};
use crate::command::{Call, Ran};
use crate::meter_port::Port;
use crate::service::{Server, key};
use crate::world::{CHEN, Customer, Party, WANG, World, text};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;

const PASSWORD: &str = "correct horse";

/// A payment server with a line for phones, joined to a bank.
struct Lines {
    server: Server,
    tcp: String,
    clerk: String,
}

impl Lines {
    fn open(world: &World, bank: &Bank, more: &[&str]) -> Self {
        let clerk = key(world, "clerk", &[]);
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let lines = ["--bank", &bank.url(), "--bank-patience", "5", "--phone-listen", &port];
        let server = Server::start(world, &[&lines[..], more].concat());
        Lines { server, tcp: format!("tcp:{port}"), clerk }
    }

    /// A slip from the office.
    fn slip(&self, world: &World, customer: &Customer) -> Value {
        world.wait(1);
        let id = format!("slip-{}", world.now().seconds());
        self.server.post(&self.clerk, &id, "/v1/codes", &json!({ "customer": customer.number })).ok()
    }

    fn http(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn ws(&self) -> String {
        format!("ws://{}", self.server.address)
    }
}

/// A customer's phone.
struct Phone<'w> {
    world: &'w World,
    file: PathBuf,
}

impl<'w> Phone<'w> {
    fn of(world: &'w World, name: &str) -> Self {
        Phone { world, file: world.path(name) }
    }

    fn call(&self, args: &[&str]) -> Call {
        self.world.wait(60);
        let (at, home) = (self.world.now().iso(), self.world.path("nobody"));
        let always = ["--json", "--home", text(&home), "--phone", text(&self.file), "--at", &at];
        Call::plain(&self.world.path(""), args).with(&always)
    }

    fn enrol_call(&self, customer: &Customer, server: &str, slip: &Value, more: &[&str]) -> Call {
        let field = |name: &str| slip[name].as_str().unwrap().to_owned();
        self.world.file("code", field("authorisation_code"));
        self.world.file("password", PASSWORD);
        let (key, number) = (field("server_key"), field("slip"));
        let slip = ["phone", "enrol", "--server", server, "--server-key", &key, "--slip", &number];
        let who = ["--msisdn", customer.msisdn, "--imsi", customer.imsi, "--imei", customer.imei];
        let user = ["--user", "chen", "--code-file", "code", "--password-file", "password"];
        self.call(&slip).with(&who).with(&user).with(more)
    }

    fn enrol(&self, customer: &Customer, lines: &Lines, server: &str) {
        let slip = lines.slip(self.world, customer);
        self.enrol_call(customer, server, &slip, &[]).run().ok();
    }

    fn pay(&self, yuan: &str, more: &[&str]) -> Ran {
        self.call(&["phone", "pay", "--amount", yuan, "--yes"]).with(more).run()
    }

    /// Changes something in the phone's file.
    fn say(&self, name: &str, value: Option<&str>) -> String {
        let before = std::fs::read_to_string(&self.file).unwrap();
        let mut kept: Value = serde_json::from_str(&before).unwrap();
        match value {
            Some(value) => kept[name] = value.into(),
            None => drop(kept.as_object_mut().unwrap().remove(name)),
        }
        std::fs::write(&self.file, kept.to_string()).unwrap();
        before
    }
}

/// The customer's bank account stands in his contract.
fn applied(world: &World, customer: &Customer, account: &str) {
    let who = ["--customer", customer.number, "--meter", customer.meter, "--msisdn", customer.msisdn];
    let sim = ["--imsi", customer.imsi, "--imei", customer.imei, "--iccid", customer.iccid];
    let apply = world.bank(&["server", "apply", "--bank", account, "--bill", &format!("B-{account}")]);
    apply.with(&who).with(&sim).run().ok();
}

/// A bank with its own bank host and its server, and a customer whose account there stands in his contract. `faults`: what the host does
/// wrong; `more`: options of the server.
fn opened(faults: &str, more: &[&str]) -> (World, Bank, Lines) {
    let world = World::new();
    let bank = Bank::start(&world, faults);
    applied(&world, &CHEN, "chen");
    let lines = Lines::open(&world, &bank, more);
    (world, bank, lines)
}

/// Reasons in the bank's log, of what phones were refused.
fn reasons(world: &World) -> Vec<String> {
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused = lines
        .filter(|line| line["facts"]["command"] == "phone ask" || line["facts"]["command"] == "phone enrol");
    refused
        .map(|line| line["why"].as_str().unwrap_or_default().to_owned())
        .filter(|why| !why.is_empty())
        .collect()
}

#[test]
fn a_phone_enrols_buys_and_brings_the_receipt_over_every_line() {
    let (world, bank, lines) = opened("", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.tcp);
    let kept = std::fs::metadata(&phone.file).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&kept.permissions()) & 0o777, 0o600);
    let told = phone.call(&["phone", "contracts"]).run().ok().object();
    assert_eq!(told["contracts"][0]["meter"], CHEN.meter);
    assert_eq!(
        (&told["contracts"][0]["account"], &told["contracts"][0]["bill"]),
        (&json!("*chen"), &json!("B-chen"))
    );
    let none = phone.call(&["phone", "balance", "--server", &lines.ws()]).run().ok().object();
    assert_eq!(none["balance_fen"], Value::Null);
    let order = world.path("order.sms");
    let bought = phone.pay("50", &["--out", text(&order), "--bill", "B-chen"]).ok().object();
    assert_eq!((&bought["state"], &bought["amount_fen"]), (&json!("made"), &json!(50_00)));
    assert_eq!(bank.balance("chen"), 950_00);
    world.write(&CHEN, &order);
    world.insert(&CHEN, &CHEN).run().ok().shows(&["credited"]);
    let receipt = world.collect(&CHEN);
    let over_http = ["phone", "receipt", text(&receipt), "--server", &lines.http()];
    let settled = phone.call(&over_http).run().ok().object();
    assert_eq!((&settled["state"], &settled["credited_fen"]), (&json!("settled"), &json!(50_00)));
    assert_eq!(settled["order"], bought["order"]);
    let balance = phone.call(&["phone", "balance", "--server", &lines.ws()]).run().ok().object();
    assert_eq!((&balance["balance_fen"], &balance["count"]), (&json!(50_00), &json!(1)));
    let records = phone.call(&["phone", "records"]).run().ok().object();
    assert_eq!(records["records"][0]["credited_fen"], 50_00);
    let purchase = bought["purchase"].as_str().unwrap();
    let stands = phone.call(&["phone", "purchase", purchase]).run().ok().object();
    assert_eq!((&stands["state"], &stands["credited_fen"]), (&json!("settled"), &json!(50_00)));
    // Each once more, with the same words: another purchase.
    phone.pay("50", &["--out", "more.sms", "--server", &lines.http()]).ok();
    assert_eq!(bank.balance("chen"), 900_00);
    phone.call(&["phone", "forget"]).run().ok();
    assert!(!phone.file.exists());
    lines.server.end();
    agree(&world, &bank);
    world.bank(&["server", "verify"]).run().ok();
    world.call(Party::Bank, &["server", "audit", "verify"]).run().ok();
}

#[test]
fn a_phone_buys_into_a_meter_that_is_online() {
    let (world, bank, lines) = opened("", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.tcp);
    let port =
        Port::open(world.meters(&["meter", "port", CHEN.meter, "--listen", "127.0.0.1:0", "--infrared"]));
    let told = phone.pay("30", &["--meter-link", &port.line]).ok().object();
    assert_eq!((&told["state"], &told["credited_fen"]), (&json!("settled"), &json!(30_00)));
    let messages: Vec<&Value> =
        told["passed"].as_array().unwrap().iter().map(|one| &one["message"]).collect();
    assert_eq!(messages, ["S0", "S1", "S2", "S3"]);
    assert_eq!(bank.balance("chen"), 970_00);
    // Another SIM in the telephone than the contract's: the meter says what the phone says, and the server compares.
    let before = phone.say("imsi", Some(WANG.imsi));
    phone.pay("10", &["--meter-link", &port.line]).failed(4);
    std::fs::write(&phone.file, before).unwrap();
    assert_eq!(bank.balance("chen"), 970_00);
    assert_eq!(port.end("-TERM").0, Some(0));
    lines.server.end();
    agree(&world, &bank);
}

/// The phone is held to the meter over each line: one that a hand cuts is said again, and one purse is credited once for each purchase.
#[test]
fn a_phone_is_held_to_its_meter_over_each_line() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    applied(&world, &CHEN, "chen");
    // More in a minute than a customer asks in a week.
    let config = world.file("server.toml", "rate = 6000\n");
    let lines = Lines::open(&world, &bank, &["--config", text(&config)]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.tcp);
    let home = world.path("home");
    let pay = |line: &str, more: &[&str]| {
        world.wait(60);
        let (at, args) =
            (world.now().iso(), ["phone", "pay", "--amount", "10", "--yes", "--meter-link", CHEN.meter]);
        let held =
            ["--json", "--home", text(&home), "--phone", text(&phone.file), "--at", &at, "--line", line];
        Call::plain(&world.path(""), &args).with(&held).with(more).run()
    };
    let (mut broken, mut whole) = (0, 0);
    for line in ["infrared", "irda", "bluetooth", "ble", "nfc"] {
        let told = pay(line, &[]).ok().object();
        assert_eq!((&told["state"], &told["credited_fen"]), (&json!("settled"), &json!(10_00)));
        let time = &told["line_time"];
        assert!(time["line"] == line && time["least_ms"].as_u64() < time["ms"].as_u64(), "{time}");
        // In what opens the line nothing is bought; in the messages what was bought is outstanding, and comes with the next.
        let on_air = time["on_air"].as_u64().unwrap();
        // A purchase that was begun and broke off keeps a place at the PSAM for its time, and this server's clock stands.
        for part in if line == "irda" { &[1, 9][..] } else { &[9] } {
            let cut = (on_air * part / 10).to_string();
            if pay(line, &["--cut", &cut]).code == 0 {
                whole += 1
            } else {
                broken += 1
            }
            let credited = world.purse(&CHEN).credited;
            let again = pay(line, &[]).ok().object();
            assert_eq!(again["state"], "settled", "{line} cut after {cut}: {again}");
            assert!(world.purse(&CHEN).credited >= credited);
        }
        let paid = world.purse(&CHEN).credited;
        assert_eq!(
            bank.balance("chen"),
            1000_00 - i64::try_from(paid).unwrap(),
            "{line}: what was debited is what was credited"
        );
    }
    assert!(broken >= 5, "{broken} cut, {whole} not");
    phone.pay("10", &["--line", "irda"]).failed(2);
    lines.server.end();
    agree(&world, &bank);
}

/// One identifier after the other is another's: one word outside, its own reason in the log.
#[test]
fn each_difference_is_refused_with_one_word_and_has_its_reason_in_the_log() {
    let (world, bank, lines) = opened("", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.http());
    let refused = |ran: Ran| {
        let told = ran.failed(4).object();
        assert_eq!(
            (&told["code"], &told["error"]),
            (&json!("phone-refused"), &json!("the server refuses it")),
            "{told}"
        );
    };
    let changes = [
        ("msisdn", Some(WANG.msisdn), "the telephone number is not the registered one"),
        (
            "imsi",
            Some(WANG.imsi),
            "the IMSI is not the registered one, or is not said as it was at enrolment",
        ),
        ("imsi", None, "the IMSI is not the registered one, or is not said as it was at enrolment"),
        ("imei", Some(WANG.imei), "the IMEI is not that of the enrolment"),
        ("imei", None, "the IMEI is not that of the enrolment"),
        ("user", Some("wang"), "the user name is not that of the enrolment"),
    ];
    let mut wanted = Vec::new();
    for (name, value, why) in changes {
        let before = phone.say(name, value);
        refused(phone.call(&["phone", "records"]).run());
        refused(phone.pay("10", &["--meter", CHEN.meter]));
        // The time it sent last goes on, as a phone's does.
        let last: Value = serde_json::from_str(&std::fs::read_to_string(&phone.file).unwrap()).unwrap();
        std::fs::write(&phone.file, before).unwrap();
        phone.say("last", last["last"].as_str());
        wanted.extend([why, why]);
    }
    // Somebody else's meter, bill, number.
    let contract = "the contract that is named is none of this customer's";
    for named in [["--meter", WANG.meter], ["--bill", "B-wang"], ["--msisdn", WANG.msisdn]] {
        refused(phone.pay("10", &named));
        wanted.push(contract);
    }
    // Another account wants the password: five tries, which only this phone has.
    let password = "the password is wrong, missing, or has no tries left";
    world.file("wrong", "another horse");
    for _ in 0..5 {
        refused(phone.pay("10", &["--account", "zhang", "--password-file", "wrong"]));
    }
    wanted.extend([password; 5]);
    refused(phone.pay("10", &["--account", "zhang", "--password-file", "password"]));
    wanted.push(password);
    assert_eq!((bank.balance("zhang"), bank.balance("chen")), (1000_00, 1000_00));
    // From the account of the contract it buys as before.
    phone.pay("10", &["--out", "order.sms"]).ok();
    assert_eq!(bank.balance("chen"), 990_00);
    lines.server.end();
    assert_eq!(reasons(&world), wanted);
    world.call(Party::Bank, &["server", "audit", "verify"]).run().ok();
}

#[test]
fn another_account_is_debited_with_the_password() {
    let world = World::new();
    let bank = Bank::start(&world, "");
    let lines = Lines::open(&world, &bank, &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.ws());
    // The contract names no account.
    let none = phone.pay("10", &[]).failed(1).object();
    assert_eq!(none["code"], "phone-account", "{none}");
    phone.pay("10", &["--account", "zhang", "--password-file", "password", "--out", "order.sms"]).ok();
    assert_eq!(bank.balance("zhang"), 990_00);
    lines.server.end();
    agree(&world, &bank);
}

#[test]
fn another_sim_ends_the_phones_and_freezes_purchases_for_a_day() {
    let (world, bank, lines) = opened("", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.http());
    phone.call(&["phone", "contracts"]).run().ok();
    lines.server.end();
    let sim = Customer { imsi: "460000207447799", iccid: "89860021047987991764", ..CHEN };
    let swap =
        ["server", "replace-sim", "--customer", CHEN.number, "--msisdn", sim.msisdn, "--imsi", sim.imsi];
    world.bank(&swap).with(&["--iccid", sim.iccid]).run().ok();
    let shown =
        world.bank(&["server", "phone", "list", "--customer", CHEN.number, "--json"]).run().ok().object();
    assert_eq!((&shown["phones"][0]["why"], &shown["phones"][0]["sessions"]), (&json!("sim"), &json!(1)));
    let lines = Lines::open(&world, &bank, &[]);
    let told = phone.call(&["phone", "contracts", "--server", &lines.http()]).run().failed(3).object();
    assert_eq!(told["code"], "phone-silent");
    let anew = Phone::of(&world, "anew.phone");
    anew.enrol(&sim, &lines, &lines.http());
    let told = anew.pay("10", &[]).failed(1).object();
    assert_eq!(told["code"], "sim-new", "{told}");
    assert_eq!(bank.balance("chen"), 1000_00);
    lines.server.end();
}

#[test]
fn the_office_freezes_thaws_and_forgets_a_phone() {
    let (world, _bank, lines) = opened("", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.http());
    let list = format!("/v1/customers/{}/phones", CHEN.number);
    let name = lines.server.get(&lines.clerk, &list).ok()["phones"][0]["phone"].as_str().unwrap().to_owned();
    let change = |id: &str, what: &str| {
        lines.server.post(
            &lines.clerk,
            id,
            &format!("/v1/phones/{name}/{what}"),
            &json!({ "reason": "lost" }),
        )
    };
    assert!(change("p1", "freeze").ok()["frozen"].is_string());
    let told = phone.call(&["phone", "records"]).run().failed(4).object();
    assert_eq!(told["code"], "phone-refused");
    assert_eq!(change("p2", "freeze").ok()["changed"], false);
    assert_eq!(change("p3", "thaw").ok()["frozen"], Value::Null);
    phone.call(&["phone", "records"]).run().ok();
    assert_eq!(change("p4", "forget").ok()["why"], "forgotten");
    let told = phone.call(&["phone", "records"]).run().failed(3).object();
    assert_eq!(told["code"], "phone-silent");
    let nobody = lines.server.post(
        &lines.clerk,
        "p5",
        "/v1/phones/0011223344556677/freeze",
        &json!({ "reason": "x" }),
    );
    nobody.fails(404, "phone-unknown");
    lines.server.end();
    assert_eq!(reasons(&world), ["the phone is frozen"]);
}

/// The bank says nothing, the server goes away in the middle: the same words buy once.
#[test]
fn a_purchase_whose_answer_was_lost_is_bought_once() {
    let (world, bank, lines) = opened("timeout@1", &[]);
    let phone = Phone::of(&world, "chen.phone");
    phone.enrol(&CHEN, &lines, &lines.http());
    let told = phone.pay("40", &["--out", "order.sms"]).failed(3).object();
    assert_eq!(told["code"], "phone-under-way", "{told}");
    let stands = phone.call(&["phone", "purchase"]).run().ok().object();
    assert_eq!(stands["state"], "asked", "{stands}");
    lines.server.end();
    let lines = Lines::open(&world, &bank, &[]);
    let bought = phone.pay("40", &["--out", "order.sms", "--server", &lines.tcp]).ok().object();
    assert_eq!((&bought["purchase"], &bought["state"]), (&stands["purchase"], &json!("made")));
    assert_eq!(bank.balance("chen"), 960_00);
    lines.server.end();
    agree(&world, &bank);
}

#[test]
fn the_papers_variant_has_an_enrolment_of_its_own() {
    let (world, bank, lines) = opened("", &["--paper-phones"]);
    let phone = Phone::of(&world, "chen.phone");
    let slip = lines.slip(&world, &CHEN);
    phone.enrol_call(&CHEN, &lines.tcp, &slip, &["--mode", "paper"]).run().ok();
    phone.pay("20", &["--out", "order.sms"]).ok();
    assert_eq!(bank.balance("chen"), 980_00);
    // The keys of the one are nothing to the other.
    phone.say("mode", Some("noise"));
    let told = phone.call(&["phone", "records", "--server", &lines.http()]).run().failed(3).object();
    assert_eq!(told["code"], "phone-silent");
    lines.server.end();
    agree(&world, &bank);
}
