//! What both sides are asked for: every verb that a running server can be asked for, in a life that needs it.

use crate::url::rows::{Both, Step, ok, pin};
use crate::world::{CHEN, Customer, WANG, ZHANG};

/// The meter that Chen gets.
const SPARE: Customer = Customer { meter: "000020181199", ..CHEN };
const NEW_SIM: [&str; 3] = ["+8613900000109", "460000207447768", "89860021047987991764"];

macro_rules! rows {
    ($($row:expr),* $(,)?) => { vec![$(Step::Row($row)),*] };
}

/// What has to be there, and what goes wrong with lists.
fn begin() -> Vec<Step> {
    rows![
        ok(&["server", "settings"]),
        ok(&["server", "settings", "--validity-days", "31", "--clock-tolerance", "600"]),
        ok(&["server", "settings", "--validity-days", "0"]).usage(),
        ok(&["server", "meters", "list.json"]),
        ok(&["server", "meters", "list.json"]),
        ok(&["server", "meters", "roster.csv"]).fails(),
        ok(&["server", "meters", "nothing.json"]).fails(),
        ok(&["server", "register", "roster.csv"]),
        ok(&["server", "register", "mixed.csv"]).fails(),
        ok(&["server", "register", "list.json"]).fails(),
        ok(&["server", "customer", "--customer", CHEN.number]),
        ok(&["server", "customer", "--meter", WANG.meter]),
        ok(&["server", "customer", "--msisdn", ZHANG.msisdn]),
        ok(&["server", "customer", "--bill", "77"]).fails(),
        ok(&["server", "customer", "--customer", "330200000099"]).fails(),
        ok(&["server", "office", "--customer", WANG.number, "--office", "Haishu"]),
        ok(&["server", "office", "--customer", WANG.number, "--office", ""]),
        ok(&["server", "drawer", "open", "--counted", "100"]),
        ok(&["server", "drawer", "open", "--counted", "1"]).fails(),
        ok(&["server", "drawer", "list"]),
    ]
}

/// A purchase with all that may be done to it.
fn sell() -> Vec<Step> {
    let mut steps = rows![
        pin(&["server", "order", "--customer", CHEN.number, "--amount", "50", "--out", "o-1.sms"]),
        pin(&["server", "order", "--customer", CHEN.number, "--amount", "50", "--out", "o-2.sms"]).fails(),
        pin(&["server", "order", "--customer", "330200000099", "--amount", "50"]).fails(),
        pin(&["server", "order", "--customer", WANG.number]).fails(),
        ok(&["server", "void", "--customer", CHEN.number]).fails(),
        pin(&["server", "reissue", "--customer", CHEN.number]).fails(),
        pin(&["server", "reissue", "--customer", CHEN.number, "--reason", "chip-replaced"]).fails(),
        pin(&["server", "resume", "--customer", CHEN.number]),
        pin(&["server", "resume", "--customer", WANG.number]),
        pin(&["server", "correct", "--customer", CHEN.number, "--amount", "40", "--out", "o-3.sms"]),
        pin(&["server", "correct", "--customer", CHEN.number, "--amount", "0", "--out", "o-4.sms"]).fails(),
        ok(&["server", "orders"]),
        ok(&["server", "orders", "--csv", "orders.csv"]),
        ok(&["server", "refund", "--customer", CHEN.number]).fails(),
    ];
    steps.push(Step::Credit("o-3.sms", &CHEN, "r-1.sms"));
    steps.extend(rows![
        pin(&["server", "settle", "r-1.sms"]),
        pin(&["server", "settle", "r-1.sms", "--meter", CHEN.meter]),
        pin(&["server", "settle", "o-1.sms", "r-1.sms", "nothing.sms", "--from", CHEN.msisdn]).fails(),
        ok(&["server", "refund", "--customer", CHEN.number]),
        pin(&["server", "order", "--customer", WANG.number, "--amount", "8.20", "--out", "w-1.sms"]),
        pin(&["server", "reverse", "--customer", WANG.number, "--out", "w-2.sms"]),
        ok(&["server", "statement", "--customer", CHEN.number]),
        ok(&["server", "statement", "--customer", WANG.number]),
        ok(&["server", "statement", "--customer", "330200000099"]).fails(),
        ok(&["server", "ageing"]),
        ok(&["server", "ageing", "--office", "Haishu"]),
        ok(&["server", "verify"]),
        ok(&["server", "report"]),
        ok(&["server", "findings"]),
        ok(&["server", "findings", "--all"]),
        ok(&["server", "clear", "1", "--note", "there is none"]).fails(),
        ok(&["bank", "payments"]),
        ok(&["bank", "payments", "--all"]),
        ok(&["bank", "show", "0011223344556677"]).fails(),
        ok(&["bank", "leave", "0011223344556677"]).fails(),
        ok(&["bank", "reconcile", "day.csv", "--day", "2026-11-22"]),
        ok(&["bank", "reconcile", "roster.csv", "--day", "2026-11-22"]).fails(),
        ok(&["server", "findings"]),
        ok(&["server", "clear", "1", "--note", "the bank's own"]).fails(),
        ok(&["bank", "clear", "1", "--no-entry", "--note", "the bank's own"]),
        ok(&["bank", "clear", "1", "--book", "--note", "the bank's own"]).fails(),
        ok(&["server", "findings", "--all"]),
    ]);
    steps
}

/// Contracts and codes, another SIM, another meter, the company, the end of the day.
fn go_on() -> Vec<Step> {
    let mut steps = rows![
        ok(&[
            "server",
            "apply",
            "--customer",
            ZHANG.number,
            "--meter",
            ZHANG.meter,
            "--msisdn",
            ZHANG.msisdn,
            "--imsi",
            ZHANG.imsi,
            "--imei",
            ZHANG.imei,
            "--iccid",
            ZHANG.iccid,
            "--paper",
            "identity card",
            "--paper-number",
            "330203196001010011",
            "--address",
            "1 Zhongshan Road",
            "--bill",
            "2026-0001",
        ]),
        ok(&[
            "server",
            "apply",
            "--customer",
            ZHANG.number,
            "--meter",
            ZHANG.meter,
            "--msisdn",
            ZHANG.msisdn,
            "--imsi",
            ZHANG.imsi,
            "--imei",
            ZHANG.imei,
            "--iccid",
            ZHANG.iccid,
            "--first-purchase",
            "0",
        ])
        .fails(),
        ok(&["server", "customer", "--bill", "2026-0001"]),
        ok(&["server", "code", "new", "--customer", ZHANG.number]).drawn(),
        ok(&["server", "code", "new", "--customer", "330200000099"]).fails(),
        ok(&["server", "code", "use", "--slip", "00112233", "--code-file", "code"]).fails(),
        ok(&["server", "limits", "show"]),
        ok(&["server", "limits", "set", "--of", "order", "--amount", "100"]),
        ok(&["server", "limits", "set", "--of", "office-day", "--office", "Haishu", "--amount", "5000"]),
        ok(&["server", "limits", "set", "--of", "customer-day", "--none"]).fails(),
        ok(&["server", "limits", "show"]),
        pin(&["server", "order", "--customer", ZHANG.number, "--amount", "100.01", "--out", "z.sms"]).fails(),
        ok(&[
            "server",
            "replace-sim",
            "--customer",
            ZHANG.number,
            "--msisdn",
            NEW_SIM[0],
            "--imsi",
            NEW_SIM[1],
            "--iccid",
            CHEN.iccid,
        ])
        .fails(),
        pin(&[
            "server",
            "replace-sim",
            "--customer",
            ZHANG.number,
            "--msisdn",
            NEW_SIM[0],
            "--imsi",
            NEW_SIM[1],
            "--iccid",
            NEW_SIM[2],
            "--receipt",
            "r-1.sms",
        ])
        .fails(),
        ok(&[
            "server",
            "replace-sim",
            "--customer",
            WANG.number,
            "--msisdn",
            NEW_SIM[0],
            "--imsi",
            NEW_SIM[1],
            "--iccid",
            NEW_SIM[2],
        ]),
        pin(&["server", "reissue", "--customer", WANG.number, "--out", "w-3.sms"]),
    ];
    steps.push(Step::EndOld("list-2.json"));
    steps.extend(rows![
        ok(&["server", "meters", "list-2.json"]),
        pin(&[
            "server",
            "change-meter",
            "--customer",
            CHEN.number,
            "--meter",
            SPARE.meter,
            "--balance",
            "99",
            "--count",
            "1",
            "--note",
            "dark",
            "--out",
            "c-0.sms",
        ])
        .fails(),
        pin(&[
            "server",
            "change-meter",
            "--customer",
            CHEN.number,
            "--meter",
            SPARE.meter,
            "--balance",
            "40",
            "--count",
            "1",
            "--note",
            "dark",
            "--out",
            "c-1.sms",
        ]),
        pin(&["server", "change-meter", "--finish", "7", "--balance", "1", "--note", "no such change"])
            .fails(),
    ]);
    steps.push(Step::Credit("c-1.sms", &SPARE, "r-2.sms"));
    steps.extend(rows![
        pin(&["server", "settle", "r-2.sms"]),
        ok(&["server", "hand-over", "--meter", SPARE.meter, "--to", WANG.number, "--note", "moves out"]),
        ok(&["server", "hand-over", "--meter", SPARE.meter, "--to", WANG.number, "--note", "moves out"])
            .fails(),
        ok(&["server", "hand-overs"]),
        ok(&["server", "hand-overs", "--customer", CHEN.number]),
        ok(&["server", "customer", "--customer", WANG.number]),
        ok(&["server", "customer", "--customer", CHEN.number]),
        pin(&["server", "order", "--customer", WANG.number, "--amount", "5", "--out", "h-0.sms"]).fails(),
        pin(&[
            "server",
            "order",
            "--customer",
            WANG.number,
            "--meter",
            SPARE.meter,
            "--amount",
            "5",
            "--out",
            "h-1.sms"
        ]),
        ok(&["server", "void", "--customer", WANG.number, "--meter", SPARE.meter]).fails(),
        pin(&["server", "resume", "--customer", WANG.number, "--meter", SPARE.meter]),
        ok(&["company", "import", "contracts", "contracts.csv", "--source", "power"]),
        ok(&["company", "import", "contracts", "contracts.csv", "--source", "power"]),
        ok(&["company", "import", "tariffs", "tariffs.csv", "--source", "power"]).fails(),
        ok(&["company", "import", "blocks", "blocks.csv", "--source", "power"]).fails(),
        ok(&["company", "import", "blocks", "roster.csv", "--source", "power"]).fails(),
        ok(&["company", "export", "--after", "2", "--out", "events.csv"]),
        pin(&["server", "order", "--customer", ZHANG.number, "--amount", "5", "--out", "z.sms"]).fails(),
        ok(&["server", "drawer", "close", "--counted", "99", "--note", "one short"]),
        ok(&["server", "drawer", "close", "--counted", "99"]).fails(),
        ok(&["server", "drawer", "list", "--all"]),
        ok(&["server", "statistics"]),
        ok(&[
            "server",
            "statistics",
            "--period",
            "month",
            "--by-office",
            "--from",
            "2026-11-01",
            "--to",
            "2026-11-30"
        ]),
        ok(&["server", "statistics", "--csv", "statistics.csv"]),
        ok(&["server", "statistics", "--from", "2026-12-01", "--to", "2026-11-01"]).fails(),
        ok(&["server", "close"]),
        ok(&["server", "close"]).fails(),
        ok(&["server", "close", "--list"]),
        ok(&["server", "close", "--verify"]),
        ok(&["server", "report"]),
    ]);
    steps
}

/// What a clerk has on his desk, on both sides.
const FILES: [(&str, &str); 6] = [
    (
        "mixed.csv",
        "customer,meter,msisdn,imsi,imei,iccid,shoe size\n\
         330299999999,000029999999,+8613900009999,460000000009999,353328111726053,89860021047987999990,42\n\
         33029999999,000029999998,+8613900009998,460000000009998,353328111726053,89860021047987999982,42\n\
         330299999997,000020181114,+8613900009997,460000000009997,353328111726053,89860021047987999974,42\n",
    ),
    ("day.csv", "day,entry,reference,kind,amount_fen\n2026-11-22,E-1,00112233445566FF,debit,500\n"),
    ("code", "0000-0000-0000-0000\n"),
    (
        "contracts.csv",
        "id,contract,meter,begins,customer\nc-1,HS-1,000020181168,2026-12-01 00:00:00,330203062907\n",
    ),
    (
        "tariffs.csv",
        "id,tariff,price_e4,begins\nt-1,residential,5383,2026-12-01 00:00:00\nt-2,night,cheap,2026-12-01 00:00:00\n",
    ),
    (
        "blocks.csv",
        "id,blocked,customer,meter,reason\nb-1,true,330203062907,,arrears\nb-2,true,330203062907,000020181168,both\n\
         b-3,perhaps,330203062907,,\nb-4,true,330200000099,,nobody\n",
    ),
];

fn tell(json: bool) {
    let both = Both::new(json);
    for (name, text) in FILES {
        both.file(name, text);
    }
    both.tell(&[begin(), sell(), go_on()].into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn a_server_says_the_same_words() {
    tell(false);
}

#[test]
fn a_server_says_the_same_objects() {
    tell(true);
}
