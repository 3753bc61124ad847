//! A small province, made by commands alone: one city, one bank, three customers with their meters and SIMs.

use crate::command::{Call, Ran};
use scheme::moment::Moment;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

pub use ::world::town::{PSAM, REGION};
pub use ::world::{PIN, SECOND_PIN};

/// Number of the main control card, the PSAM issuing card and the ESAM issuing card.
pub const PROVINCIAL: [&str; 3] =
    [::world::town::MAIN_CARD, ::world::town::ISSUING_CARDS[0].1, ::world::town::ISSUING_CARDS[1].1];

/// A customer with all that is registered.
#[derive(Debug)]
pub struct Customer {
    pub number: &'static str,
    pub meter: &'static str,
    pub msisdn: &'static str,
    pub imsi: &'static str,
    pub imei: &'static str,
    pub iccid: &'static str,
}

pub const CHEN: Customer = Customer {
    number: "330212012279",
    meter: "000020181114",
    msisdn: "+8613900000101",
    imsi: "460000207447767",
    imei: "353328111726053",
    iccid: "89860021047987991756",
};
pub const WANG: Customer = Customer {
    number: "330203079649",
    meter: "000020181144",
    msisdn: "+8613000000102",
    imsi: "460014920714162",
    imei: "864123055984053",
    iccid: "89860122290654464321",
};
/// The meter of this customer has a ceiling of 100 yuan.
pub const ZHANG: Customer = Customer {
    number: "330203062907",
    meter: "000020181168",
    msisdn: "+8613000000103",
    imsi: "460019361579685",
    imei: "864123057904307",
    iccid: "89860120489363126682",
};
pub const CUSTOMERS: [&Customer; 3] = [&CHEN, &WANG, &ZHANG];

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    Province,
    City,
    Bank,
    Meters,
    Sims,
}

impl Party {
    pub const ALL: [Party; 5] = [Party::Province, Party::City, Party::Bank, Party::Meters, Party::Sims];

    /// Name of its folder in a home.
    pub fn folder(self) -> String {
        match self {
            Party::Province => parties::Party::Province,
            Party::City => parties::Party::City(REGION.parse().unwrap()),
            Party::Bank => parties::Party::Bank,
            Party::Meters => parties::Party::Meters,
            Party::Sims => parties::Party::Sims,
        }
        .folder()
    }
}

/// What kind of world.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Each party has a home of its own, on a machine of its own as it were.
    pub apart: bool,
    /// Keys of a ceremony, not the published test root.
    pub formal: bool,
    pub suite: &'static str,
}

/// Test keys, and everybody in one place.
const PLAIN: Kind = Kind { apart: false, formal: false, suite: "3des" };

/// A plain world as its commands left it.
struct Made {
    now: Moment,
    files: u32,
    /// Folders and files by their paths below the world's folder, a folder before what is in it; the content of files.
    tree: Vec<(PathBuf, Permissions, Option<Vec<u8>>)>,
}

impl Made {
    fn of(world: &World) -> Self {
        let root = world.folder.path();
        let (mut tree, mut open) = (Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = open.pop() {
            for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let permissions = path.metadata().unwrap().permissions();
                let content = path.is_file().then(|| std::fs::read(&path).unwrap());
                if content.is_none() {
                    open.push(path.clone());
                }
                tree.push((path.strip_prefix(root).unwrap().to_owned(), permissions, content));
            }
        }
        Made { now: world.now(), files: world.files.get(), tree }
    }

    fn again(&self) -> World {
        let world = World::empty(PLAIN);
        for (path, permissions, content) in &self.tree {
            let path = world.folder.path().join(path);
            match content {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::create_dir(&path).unwrap(),
            }
            std::fs::set_permissions(&path, permissions.clone()).unwrap();
        }
        world.at(self.now);
        world.files.set(self.files);
        world
    }
}

/// What may not change when something is refused: every purse, and the bank's books.
#[derive(Debug, PartialEq)]
pub struct Money {
    purses: Vec<Purse>,
    books: Value,
}

/// A purse as its meter shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Purse {
    pub balance: u64,
    pub credited: u64,
    pub count: u64,
}

pub struct World {
    folder: TempDir,
    kind: Kind,
    now: Cell<Moment>,
    files: Cell<u32>,
    /// Its chips have transport keys of the agreed root, though its keys are test keys.
    agreed: bool,
    /// Every command is traced into this file.
    trace: Option<&'static str>,
}

impl World {
    /// With test keys, all parties in one home, ready for the first purchase. Its commands ran once; every further one is a copy of
    /// what they made.
    pub fn new() -> Self {
        static MADE: OnceLock<Made> = OnceLock::new();
        MADE.get_or_init(|| Made::of(&World::of(PLAIN))).again()
    }

    /// Of a kind, ready for the first purchase.
    pub fn of(kind: Kind) -> Self {
        World::empty(kind).complete()
    }

    /// As [`World::of`], every command traced into `life.trace`.
    pub fn traced(kind: Kind) -> Self {
        World { trace: Some("life.trace"), ..World::empty(kind) }.complete()
    }

    /// Nothing yet, as [`World::empty`]: a maker of meters who tries them with test keys, on chips of a formal province's.
    pub fn maker(suite: &'static str) -> Self {
        World { agreed: true, ..World::empty(Kind { apart: false, formal: false, suite }) }
    }

    fn complete(self) -> Self {
        let world = self;
        world.found_province();
        world.found_city();
        world.found_bank();
        world.make_meters();
        for customer in CUSTOMERS {
            world.make_sim(customer, &[]);
        }
        world
    }

    /// Nothing yet but the PIN file.
    pub fn empty(kind: Kind) -> Self {
        let world = World {
            folder: tempfile::Builder::new().prefix("gridcard-cli-").tempdir().unwrap(),
            kind,
            now: Cell::new("2026-11-22 08:00:00".parse().unwrap()),
            files: Cell::new(0),
            agreed: false,
            trace: None,
        };
        world.file("pin", PIN);
        world.file("pin2", SECOND_PIN);
        world
    }

    // Places.

    /// A place in the world's folder, which is the working directory of every command.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A place nobody used yet.
    pub fn fresh(&self, end: &str) -> PathBuf {
        self.files.set(self.files.get() + 1);
        self.path(&format!("{:03}{end}", self.files.get()))
    }

    /// Writes a file into the world's folder.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn home(&self, party: Party) -> PathBuf {
        if self.kind.apart { self.path(&format!("home of {party:?}")) } else { self.path("home") }
    }

    pub fn folder(&self, party: Party) -> PathBuf {
        self.home(party).join(party.folder())
    }

    /// Where the bank has its PSAM.
    pub fn psam(&self) -> PathBuf {
        self.folder(Party::Bank).join(format!("psams/{PSAM}.card"))
    }

    pub fn sim(&self, customer: &Customer) -> PathBuf {
        self.folder(Party::Sims).join(format!("{}.card", customer.iccid))
    }

    pub fn meter(&self, customer: &Customer) -> PathBuf {
        self.folder(Party::Meters).join(customer.meter)
    }

    pub fn esam(&self, customer: &Customer) -> PathBuf {
        self.meter(customer).join("esam.card")
    }

    // Time.

    pub fn now(&self) -> Moment {
        self.now.get()
    }

    /// The clock stands at this time.
    pub fn at(&self, time: Moment) {
        self.now.set(time);
    }

    pub fn wait(&self, seconds: i64) {
        self.now.set(self.now.get().add_seconds(seconds).unwrap());
    }

    // Commands.

    /// A command in a party's home; a minute passes.
    pub fn call(&self, party: Party, args: &[&str]) -> Call {
        self.wait(60);
        let call = if self.kind.formal { Call::earnest } else { Call::new };
        let call = call(self.folder.path(), &self.home(party), self.now(), args);
        match self.trace {
            // One trace is enough, and another may be asked for.
            Some(trace) if !args.contains(&"--trace") => call.with(&["--trace", trace]),
            _ => call,
        }
    }

    /// As [`World::call`], never with a seed: for cards that may hold formal keys.
    pub fn earnest(&self, party: Party, args: &[&str]) -> Call {
        self.wait(60);
        Call::earnest(self.folder.path(), &self.home(party), self.now(), args)
    }

    pub fn province(&self, args: &[&str]) -> Call {
        self.call(Party::Province, args)
    }

    pub fn city(&self, args: &[&str]) -> Call {
        self.call(Party::City, args)
    }

    pub fn bank(&self, args: &[&str]) -> Call {
        self.call(Party::Bank, args)
    }

    pub fn meters(&self, args: &[&str]) -> Call {
        self.call(Party::Meters, args)
    }

    pub fn phones(&self, args: &[&str]) -> Call {
        self.call(Party::Sims, args)
    }

    /// A command in a party's home at a time of its own.
    pub fn call_at(&self, party: Party, at: &str, args: &[&str]) -> Call {
        Call::new(self.folder.path(), &self.home(party), at.parse().unwrap(), args)
    }

    // How the world comes to be.

    /// The components of a formal province, as `kdc init` reads them from stdin: paper, check value, paper, check
    /// value.
    pub fn components(&self) -> String {
        [0x31, 0x5A].map(|first| self.component(first)).concat()
    }

    /// A component as its custodian has it on paper, and its check value. No seed makes one, so it is written down here.
    fn component(&self, first: u8) -> String {
        let suite = keys::Suite::from_name(self.kind.suite).unwrap();
        let bytes = std::array::from_fn(|i| first.wrapping_mul(2 * i as u8 + 1) ^ 0x5C);
        let component = kdc::ceremony::Component::from_entropy(suite, keys::Zeroizing::new(bytes)).unwrap();
        format!("{}\n{}\n", component.written().as_str(), component.check_value())
    }

    /// The transport root that a formal province agreed with its card maker, as a command takes it; nothing else does.
    pub fn transport(&self) -> &'static [&'static str] {
        if !self.kind.formal && !self.agreed {
            return &[];
        }
        if !self.path("transport").exists() {
            let path = self.file("transport", self.component(0x77));
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        &["--transport-file", "transport"]
    }

    /// The agreed transport root itself.
    pub fn transport_root(&self) -> keys::Key {
        let text = self.component(0x77).lines().next().unwrap().replace(' ', "");
        let suite = keys::Suite::from_name(self.kind.suite).unwrap();
        let bytes: [u8; 16] = hex::decode(text).unwrap().try_into().unwrap();
        keys::Key::from_16(suite, bytes)
    }

    pub fn found_province(&self) {
        let init =
            ["kdc", "init", "--suite", self.kind.suite, "--pin-file", "pin", "--second-pin-file", "pin2"];
        if self.kind.formal {
            let held = self.province(&init).with(&["--components", "2", "--formal-on-virtual"]);
            let held = held.with(self.transport());
            held.stdin(&self.components()).run().ok();
        } else {
            self.province(&init).with(&["--test-root"]).with(self.transport()).run().ok();
        }
        for (kind, number) in [("psam-issuing", PROVINCIAL[1]), ("esam-issuing", PROVINCIAL[2])] {
            self.issue_card(kind, number).run().ok();
        }
    }

    /// `kdc issue-card` for our city.
    pub fn issue_card(&self, kind: &str, number: &str) -> Call {
        self.province(&["kdc", "issue-card", kind, "--city", REGION, "--number", number])
            .with(&[
                "--pin-file",
                "pin",
                "--second-pin-file",
                "pin2",
                "--card-pin-file",
                "pin",
                "--card-second-pin-file",
                "pin2",
            ])
            .with(self.transport())
    }

    pub fn found_city(&self) {
        let out = self.folder(Party::Province).join("out");
        for (kind, number) in [("psam-issuing", PROVINCIAL[1]), ("esam-issuing", PROVINCIAL[2])] {
            let card = self.carry(&out.join(format!("{kind}-{number}.card")));
            self.city(&["city", "open", text(&card)]).run().ok();
        }
    }

    pub fn found_bank(&self) {
        self.city(&["psam", "issue", "--number", PSAM, "--pin-file", "pin", "--card-pin-file", "pin"])
            .with(self.transport())
            .run()
            .ok();
        let out = self.folder(Party::City).join("out");
        let psam = self.carry(&out.join(format!("psam-{PSAM}.card")));
        self.carry(&out.join(format!("psam-{PSAM}.server")));
        self.bank(&["server", "open", text(&psam)]).run().ok();
        let mut roster = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
        for c in CUSTOMERS {
            let line = [c.number, c.meter, c.msisdn, c.imsi, c.imei, c.iccid].join(",");
            roster.push_str(&format!("{line}\n"));
        }
        self.file("roster.csv", roster);
        self.bank(&["server", "register", "roster.csv"]).run().ok();
        self.settings();
    }

    pub fn make_meters(&self) {
        let mut list = String::from("meter,serial,ceiling\n");
        for (meter, ceiling) in [(CHEN.meter, ""), (WANG.meter, ""), (ZHANG.meter, "100.00")] {
            list.push_str(&format!("{meter},{},{ceiling}\n", esam_serial(meter)));
        }
        self.file("devices.csv", list);
        self.city(&["esam", "issue", "--csv", "devices.csv", "--pin-file", "pin"])
            .with(self.transport())
            .run()
            .ok();
        let state: &[&str] = if self.kind.formal { &["--formal"] } else { &[] };
        for customer in CUSTOMERS {
            let (esam, pairing) = self.issued(customer);
            let (esam, pairing) = (self.carry(&esam), self.carry(&pairing));
            self.meters(&[
                "meter",
                "new",
                customer.meter,
                "--esam",
                text(&esam),
                "--pairing",
                text(&pairing),
            ])
            .with(state)
            .with(self.transport())
            .run()
            .ok();
        }
        self.deliver_list();
    }

    /// The bank says its numbers.
    fn settings(&self) {
        let numbers = ["--server-number", "8657495598", "--service-centre", "8613800574500"];
        self.bank(&["server", "settings"]).with(&numbers).run().ok();
    }

    /// The bank says its numbers and learns of the ESAMs.
    pub fn bank_knows(&self) {
        self.settings();
        self.deliver_list();
    }

    /// The city tells the bank of its ESAMs.
    pub fn deliver_list(&self) {
        let list = self.fresh("-delivery.json");
        self.city(&["city", "delivery", "--out", text(&list)]).run().ok();
        self.bank(&["server", "meters", text(&list)]).run().ok();
    }

    /// Where the city lays a meter's ESAM and its pairing file.
    pub fn issued(&self, customer: &Customer) -> (PathBuf, PathBuf) {
        let out = self.folder(Party::City).join("out");
        (
            out.join(format!("esam-{}.card", customer.meter)),
            out.join(format!("pairing-{}.json", customer.meter)),
        )
    }

    pub fn make_sim(&self, customer: &Customer, options: &[&str]) {
        let made = self.phones(&["sim", "new", "--iccid", customer.iccid, "--imsi", customer.imsi]);
        let state: &[&str] = if self.kind.formal { &["--formal"] } else { &[] };
        made.with(&["--msisdn", customer.msisdn]).with(state).with(options).run().ok();
    }

    /// Carries a file from one party to another: it is in the world's folder then, and no longer with the giver.
    pub fn carry(&self, from: &Path) -> PathBuf {
        let to = self.path(from.file_name().unwrap().to_str().unwrap());
        std::fs::rename(from, &to).unwrap();
        to
    }

    // What people do.

    /// `server order`, to a record file.
    pub fn order_call(&self, customer: &Customer, yuan: &str, record: &Path) -> Call {
        self.bank(&["server", "order", "--customer", customer.number, "--amount", yuan]).with(&[
            "--pin-file",
            "pin",
            "--out",
            text(record),
        ])
    }

    /// Buys; gives the order's record file.
    pub fn order(&self, customer: &Customer, yuan: &str) -> PathBuf {
        let record = self.fresh("-order.sms");
        self.order_call(customer, yuan, &record).run().ok();
        record
    }

    /// `sim write`.
    pub fn write_call(&self, customer: &Customer, record: &Path) -> Call {
        self.phones(&["sim", "write", text(&self.sim(customer)), text(record)])
    }

    /// The phone stores a record on its SIM.
    pub fn write(&self, customer: &Customer, record: &Path) {
        self.write_call(customer, record).run().ok();
    }

    /// `meter insert`: the SIM of the one into the meter of the other.
    pub fn insert(&self, sim: &Customer, meter: &Customer) -> Call {
        self.meters(&["meter", "insert", meter.meter, text(&self.sim(sim))])
    }

    /// The phone takes a receipt off its SIM; gives its record file.
    pub fn collect(&self, customer: &Customer) -> PathBuf {
        let record = self.fresh("-receipt.sms");
        self.phones(&["sim", "collect", text(&self.sim(customer)), text(&record)]).run().ok();
        record
    }

    /// `server settle`.
    pub fn settle(&self, record: &Path) -> Ran {
        self.bank(&["server", "settle", text(record), "--pin-file", "pin"]).run()
    }

    /// Buys, writes, inserts, collects and settles; gives the order's record file.
    pub fn purchase(&self, customer: &Customer, yuan: &str) -> PathBuf {
        let order = self.order(customer, yuan);
        self.write(customer, &order);
        self.insert(customer, customer).run().ok().shows(&["credited"]);
        self.settle(&self.collect(customer)).ok().shows(&["settled"]);
        order
    }

    // What is to be seen.

    pub fn purse(&self, customer: &Customer) -> Purse {
        let shown = self.meters(&["meter", "show", customer.meter, "--json"]).run().ok().object();
        let number = |name: &str| shown[name].as_u64().unwrap();
        Purse {
            balance: number("balance_fen"),
            credited: number("total_credited_fen"),
            count: number("count"),
        }
    }

    /// `server report`, checked.
    pub fn books(&self) -> Value {
        let mut books = self.bank(&["server", "report", "--json"]).run().ok().object();
        // Where the log stood says nothing of money.
        assert!(books.as_object_mut().unwrap().remove("log").is_some());
        assert_eq!((&books["sum_fen"], &books["findings"]), (&0.into(), &0.into()));
        assert_eq!(books["faults"].as_array().unwrap().len(), 0);
        books
    }

    pub fn money(&self) -> Money {
        Money { purses: CUSTOMERS.iter().map(|customer| self.purse(customer)).collect(), books: self.books() }
    }

    /// Every file below a folder with its bytes.
    pub fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    open.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path, bytes);
                }
            }
        }
        found
    }
}

/// Serial number of the chip that a meter's ESAM is made of.
pub fn esam_serial(meter: &str) -> String {
    format!("E5A0{meter}")
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Bytes of a record file.
pub fn read_record(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    hex::decode(text.lines().next().unwrap()).unwrap()
}

/// A record file with other bytes in it, saying of its SIM what it said.
pub fn with_record(path: &Path, bytes: &[u8]) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let notes = text.split_once('\n').map_or("", |(_, notes)| notes);
    record_line(bytes) + notes
}

/// Record file of bytes.
pub fn record_line(bytes: &[u8]) -> String {
    format!("{}\n", hex::encode_upper(bytes))
}
