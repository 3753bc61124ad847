use super::{esam, reader};
use gridcard_reader::pcsc::doctor::{Configured, Environment, Report, Socket, UsbReader, Verdict, examine};
use gridcard_reader::pcsc::{Fault, Presence, ReaderState};
use std::path::PathBuf;

/// A machine on which everything is as it should be, but for what a test changes.
struct Machine {
    built: bool,
    socket: Socket,
    installed: bool,
    drivers: Vec<String>,
    configured: Vec<Configured>,
    usb: Vec<UsbReader>,
    readers: Result<Vec<ReaderState>, Fault>,
    card: Result<(), Fault>,
}

fn good() -> Machine {
    Machine {
        built: true,
        socket: Socket::Open,
        installed: true,
        drivers: vec!["ifd-ccid".into()],
        configured: vec![],
        usb: vec![],
        readers: Ok(vec![reader("A 00 00", &esam(b"METER-01"))]),
        card: Ok(()),
    }
}

impl Environment for Machine {
    fn built(&self) -> bool {
        self.built
    }
    fn socket_path(&self) -> PathBuf {
        "/run/pcscd/pcscd.comm".into()
    }
    fn socket(&self) -> Socket {
        self.socket.clone()
    }
    fn daemon_installed(&self) -> bool {
        self.installed
    }
    fn driver_folder(&self) -> PathBuf {
        "/usr/lib/pcsc/drivers".into()
    }
    fn drivers(&self) -> Vec<String> {
        self.drivers.clone()
    }
    fn configured(&self) -> Vec<Configured> {
        self.configured.clone()
    }
    fn usb(&self) -> Vec<UsbReader> {
        self.usb.clone()
    }
    fn readers(&self) -> Result<Vec<ReaderState>, Fault> {
        self.readers.clone()
    }
    fn try_card(&self, _: &str) -> Result<(), Fault> {
        self.card.clone()
    }
}

/// The finding of a check that is not as it should be, with its words and hint in one text.
#[track_caller]
fn wrong(report: &Report, check: &str, verdict: Verdict) -> String {
    let found = report.findings.iter().find(|finding| finding.check == check && finding.verdict == verdict);
    let found = found.unwrap_or_else(|| panic!("{check} is not {verdict:?} in {report:#?}"));
    let hint = found.hint.as_deref().expect("what is wrong has a hint");
    format!("{} -> {hint}", found.words)
}

#[test]
fn a_machine_in_order_has_nothing_missing() {
    let report = examine(&good());
    assert!(report.usable);
    let checks: Vec<_> =
        report.findings.iter().map(|finding| (finding.check, finding.verdict.name())).collect();
    assert_eq!(
        checks,
        [("library", "OK"), ("daemon", "OK"), ("permission", "OK"), ("driver", "OK"), ("card", "OK")]
    );
    let words = &report.findings[4].words;
    assert!(words.contains("T=0") && words.contains(&hex::encode_upper(b"METER-01")), "{words}");
}

/// One thing wrong at a time: the check that must find it, and words that must be said.
#[test]
fn each_thing_that_is_missing_is_found() {
    type Case = (fn(&mut Machine), &'static str, &'static str);
    let cases: [Case; 13] = [
        (|m| m.built = false, "library", "libpcsclite-dev"),
        (
            |m| {
                m.socket = Socket::Absent;
                m.installed = false;
            },
            "daemon",
            "apt-get install pcscd",
        ),
        (|m| m.socket = Socket::Absent, "daemon", "systemctl start"),
        (|m| m.socket = Socket::Stale, "daemon", "left behind"),
        (|m| m.socket = Socket::Broken("odd".into()), "daemon", "odd"),
        (|m| m.socket = Socket::Forbidden, "permission", "polkit"),
        (|m| m.readers = Err(Fault::Forbidden), "permission", "polkit"),
        (|m| m.drivers.clear(), "driver", "libccid"),
        (|m| m.readers = Ok(vec![]), "reader", "plug a reader in"),
        (|m| m.readers = Err(Fault::Stopped), "reader", "restart"),
        (|m| m.readers = Ok(vec![reader("A", &[])]), "card", "put one in"),
        (|m| m.card = Err(Fault::Mute), "card", "contacts"),
        (|m| m.card = Err(Fault::Busy), "card", "other program"),
    ];
    for (change, check, said) in cases {
        let mut machine = good();
        change(&mut machine);
        let report = examine(&machine);
        let words = wrong(&report, check, Verdict::Missing);
        assert!(words.contains(said), "{check}: {words}");
        assert!(check == "driver" || !report.usable, "{check}");
    }
}

#[test]
fn a_mute_card_is_turned_round() {
    let mut machine = good();
    let mut mute = reader("A", &[]);
    mute.presence = Presence::Mute;
    machine.readers = Ok(vec![mute]);
    let report = examine(&machine);
    assert!(wrong(&report, "card", Verdict::Missing).contains("turn it round"));
    assert!(!report.usable);
}

#[test]
fn a_card_that_another_program_holds_is_left_alone() {
    let mut machine = good();
    let mut held = reader("A", &esam(b"METER-01"));
    held.exclusive = true;
    machine.readers = Ok(vec![held]);
    machine.card = Err(Fault::Other("nobody asks it".into()));
    let report = examine(&machine);
    assert!(wrong(&report, "card", Verdict::Warn).contains("holds the card"));
    assert!(!report.usable);
}

#[test]
fn an_atr_that_breaks_the_standard_is_a_warning() {
    let mut machine = good();
    machine.readers = Ok(vec![reader("A", &[0x3B, 0x9F, 0x01])]);
    let report = examine(&machine);
    assert!(wrong(&report, "card", Verdict::Warn).contains("3B9F01"));
    assert!(report.usable, "it answers");
}

#[test]
fn one_good_card_among_others_is_enough() {
    let mut machine = good();
    machine.readers = Ok(vec![reader("A", &[]), reader("B", &esam(b"METER-01"))]);
    assert!(examine(&machine).usable);
}

#[test]
fn readers_on_the_usb_without_a_driver_are_named() {
    let mut machine = good();
    let usb = |driven| UsbReader { name: "Feitian R502".into(), vendor: 0x096E, product: 0x060D, driven };
    machine.usb = vec![usb(Some(false))];
    machine.readers = Ok(vec![]);
    let report = examine(&machine);
    assert!(wrong(&report, "USB", Verdict::Warn).contains("Feitian R502 (096E:060D)"));
    assert!(wrong(&report, "reader", Verdict::Missing).contains("restart pcscd"));
    machine.usb = vec![usb(Some(true)), usb(None)];
    let good = |report: &Report| {
        report.findings.iter().filter(|f| f.check == "USB" && f.verdict == Verdict::Ok).count()
    };
    assert_eq!(good(&examine(&machine)), 2);
}

#[test]
fn configured_readers_are_looked_at() {
    let configured = |installed, listening| Configured {
        name: "Virtual PCD".into(),
        library: "/x/libifdvpcd.so".into(),
        installed,
        port: Some(35963),
        listening,
    };
    let mut machine = good();
    machine.configured = vec![configured(false, None)];
    assert!(wrong(&examine(&machine), "driver", Verdict::Warn).contains("libifdvpcd.so"));
    machine.configured = vec![configured(true, Some(false))];
    assert!(wrong(&examine(&machine), "port", Verdict::Warn).contains("35963"));
    machine.configured = vec![configured(true, Some(true))];
    machine.drivers.clear();
    let report = examine(&machine);
    assert!(
        report.usable && report.findings.iter().all(|finding| finding.verdict == Verdict::Ok),
        "{report:#?}"
    );
}
