//! One story, told row by row: once by a clerk in the bank's folder, once by a clerk who asks the bank's server.

use crate::service::functions::spare;
use crate::url::{NOON, Office, Side, near};
use crate::world::{CHEN, Customer, Party, World, text};

/// A row: a command, what it wants beside that in the bank's folder, and how it ends.
pub struct Row {
    pub args: &'static [&'static str],
    pub near: &'static [&'static str],
    pub code: i32,
    /// What it says is secret and drawn: its names are compared alone.
    pub drawn: bool,
}

/// A row that is done.
pub const fn ok(args: &'static [&'static str]) -> Row {
    Row { args, near: &[], code: 0, drawn: false }
}

/// A row that wants a PIN in the bank's folder.
pub const fn pin(args: &'static [&'static str]) -> Row {
    Row { args, near: &["--pin-file", "pin"], code: 0, drawn: false }
}

impl Row {
    /// That fails.
    pub const fn fails(self) -> Self {
        Row { code: 1, ..self }
    }

    /// That makes no sense.
    pub const fn usage(self) -> Self {
        Row { code: 2, ..self }
    }

    /// That shows what is drawn.
    pub const fn drawn(self) -> Self {
        Row { drawn: true, ..self }
    }
}

/// What happens between rows, on both sides.
pub enum Step {
    Row(Row),
    /// The phone stores this record, this meter takes it, and the receipt comes back in that file.
    Credit(&'static str, &'static Customer, &'static str),
    /// The city issues a user card of this number.
    Issue(&'static str, &'static str),
    /// This meter takes a user card.
    Insert(&'static str, &'static Customer),
    /// The city ends the ESAM of Chen's meter, and writes a list.
    EndOld(&'static str),
}

/// Both sides, at noon.
pub struct Both {
    here: World,
    there: Office,
    near: Side,
    far: Side,
    json: bool,
}

impl Both {
    pub fn new(json: bool) -> Self {
        let worlds = [(); 2].map(|()| {
            let world = World::new();
            spare(&world);
            world.city(&["city", "delivery", "--out", "list.json"]).run().ok();
            world
        });
        let [here, there] = worlds;
        let there = Office::open(there);
        for world in [&here, &there.world] {
            world.at(NOON.parse().unwrap());
        }
        let key = |key: &str| format!("key:{}", &key[3..11]);
        let folder = |world: &World| text(&world.path("")).trim_end_matches('/').to_owned();
        let user = format!("user:{}", whoami());
        let near = Side {
            names: vec![
                (text(&here.folder(Party::Bank).join("out")).to_owned(), "/out"),
                (folder(&here), ""),
                ("nobody: test state, no operators".to_owned(), "SECOND"),
                (user, "FIRST"),
            ],
        };
        let far = Side {
            names: vec![
                (text(&there.world.path("clerk/out")).to_owned(), "/out"),
                (folder(&there.world), ""),
                (key(&there.supervisor.1), "FIRST"),
                (key(&there.other.1), "SECOND"),
            ],
        };
        Both { here, there, near, far, json }
    }

    /// Lays a file on both desks.
    pub fn file(&self, name: &str, text: &str) {
        for world in [&self.here, &self.there.world] {
            world.file(name, text);
        }
    }

    /// Tells a row on both sides; gives what differs.
    fn row(&self, row: &Row) -> Option<String> {
        let json: &[&str] = if self.json { &["--json"] } else { &[] };
        let here = near(&self.here, row.args).with(row.near).with(json).run();
        let there = self.there.ask(row.args).with(json).run();
        let (near, far) = (self.near.said(&here, self.json), self.far.said(&there, self.json));
        let same = if row.drawn { near.names() == far.names() } else { near == far };
        let is_so = same && near.code == row.code && self.there.waiting().is_empty();
        (!is_so).then(|| format!("{:?} wants {}\nhere  {near:?}\nthere {far:?}\n", row.args, row.code))
    }

    /// Tells a story.
    pub fn tell(self, story: &[Step]) {
        let mut different = Vec::new();
        for step in story {
            match step {
                Step::Row(row) => different.extend(self.row(row)),
                Step::Credit(order, meter, receipt) => self.on_both(|world| {
                    world.write(&CHEN, &world.path(order));
                    world.insert(&CHEN, meter).run().ok().shows(&["credited"]);
                    std::fs::rename(world.collect(&CHEN), world.path(receipt)).unwrap();
                }),
                Step::Issue(number, card) => self.on_both(|world| {
                    let issue =
                        ["user-card", "issue", "--number", number, "--card", card, "--pin-file", "pin"];
                    world.city(&issue).run().ok();
                }),
                Step::Insert(card, meter) => self.on_both(|world| {
                    world.meters(&["meter", "insert", meter.meter, card]).run().ok();
                }),
                Step::EndOld(list) => self.on_both(|world| {
                    let esam = world.esam(&CHEN);
                    let officers = ["--pin-file", "pin", "--second-pin-file", "pin2"];
                    let retire = ["esam", "retire", text(&esam), "--forfeit"];
                    world.city(&retire).with(&officers).run().ok();
                    world.city(&["city", "delivery", "--out", list]).run().ok();
                }),
            }
        }
        assert!(
            different.is_empty(),
            "{} of {} differ\n{}",
            different.len(),
            story.len(),
            different.join("\n")
        );
    }

    /// Elsewhere than at the bank, at the same times.
    fn on_both(&self, work: impl Fn(&World)) {
        for world in [&self.here, &self.there.world] {
            world.at(NOON.parse().unwrap());
            work(world);
        }
    }
}

/// The user of this machine, as the bank's log has him.
fn whoami() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
