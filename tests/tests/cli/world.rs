//! A small province, made by commands alone: one city, one bank, three customers with their meters and SIMs.

mod founding;
pub use founding::FOUR_PINS;
mod people;
mod snapshot;
mod tools;

use crate::command::Call;
use scheme::moment::Moment;
use snapshot::Snapshot;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

pub use people::Purse;
pub use tools::{esam_serial, read_record, record_line, text, with_record};

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
        static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
        SNAPSHOT.get_or_init(|| Snapshot::of(&World::of(PLAIN))).again()
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
}
