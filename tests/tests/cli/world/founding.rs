//! How a world comes to be: its ceremony, its cards, its meters and SIMs.

use super::tools::{esam_serial, text};
use super::{CHEN, CUSTOMERS, Customer, PROVINCIAL, PSAM, Party, REGION, WANG, World, ZHANG};
use crate::command::Call;
use std::path::{Path, PathBuf};

/// PINs of a main control card's two officers, and of the two who are to have the card that it makes.
pub const FOUR_PINS: [&str; 8] = [
    "--pin-file",
    "pin",
    "--second-pin-file",
    "pin2",
    "--card-pin-file",
    "pin",
    "--card-second-pin-file",
    "pin2",
];

impl World {
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
            .with(&FOUR_PINS)
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
}
