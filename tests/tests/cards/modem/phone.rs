//! Our phone: what it answers, byte by byte, and what it does with its SIM.

use super::client::message;
use crate::world::{imsi, serial, sim_card, slot};
use phone::{Cause, Delivered, Identity, Phone};
use reader::driver::sim::Sim;
use reader::modem::{Modem, ModemCard};
use scheme::cards::NewSim;
use scheme::profile::{CardKind, Fid};
use scheme::sim::{DF_TELECOM, EF_SMSS};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vcard::{Slot, factory};
use wire::packet::TAR;
use wire::sms::record::{RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};
use wire::{ByteLink, Channel, LinkError};

const IMEI: &str = "490154203237518";

/// A phone on a table: its clock is ours.
struct Table {
    phone: Phone,
    sim: Slot,
    now: Duration,
}

impl Table {
    fn new() -> Self {
        Table::with(sim_card(&imsi(7, 0)))
    }

    fn with(sim: Slot) -> Self {
        Table { phone: Phone::new(Identity::new(IMEI)), sim, now: Duration::ZERO }
    }

    fn hear(&mut self, text: &str) -> String {
        self.now += Duration::from_millis(1);
        String::from_utf8(self.phone.hear(&mut self.sim, text.as_bytes(), self.now)).unwrap()
    }

    /// A command without echo.
    fn ask(&mut self, command: &str) -> String {
        self.hear("ATE0\r");
        self.hear(&format!("AT{command}\r"))
    }

    fn lines(&mut self, command: &str) -> Vec<String> {
        self.ask(command).split("\r\n").filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    fn say_after(&mut self, ms: u64) -> String {
        self.now += Duration::from_millis(ms);
        String::from_utf8(self.phone.say(self.now)).unwrap()
    }

    fn receive(&mut self, tpdu: &[u8]) -> Result<Delivered, Cause> {
        let centre = Address::international("8613800250500").unwrap();
        self.phone.receive(&mut self.sim, Some(&centre), tpdu)
    }
}

/// What the network delivers of a record.
fn tpdu(record: &[u8; 176]) -> Vec<u8> {
    SmsRecord::parse(record).unwrap().unwrap().tpdu.to_bytes()
}

/// An order as the bank sends it: a command packet of ours, whatever it holds.
fn order(n: u8) -> [u8; 176] {
    let mut packet = vec![0x02, 0x70, 0x00, 0x00, 0x20, 0x15, 0x16, 0x39, 0x15, 0x15];
    packet.extend(TAR);
    packet.extend([0, 0, 0, 0, n, 0]);
    packet.extend([n; 20]);
    let originator = Address::international("8613912345678").unwrap();
    let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, n]).unwrap();
    let tpdu = Tpdu::Deliver(Deliver::secured(originator, timestamp, &packet).unwrap());
    let service_centre = Some(Address::international("8613800250500").unwrap());
    SmsRecord { status: RecordStatus::Unread, service_centre, tpdu }.to_bytes().unwrap()
}

fn text(words: &str, dcs: Option<u8>) -> Vec<u8> {
    let (user_data, coding) = wire::sms::text::user_data(words).unwrap();
    let originator = Address::international("8613912345678").unwrap();
    let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]).unwrap();
    Deliver { flags: 4, originator, pid: 0, dcs: dcs.unwrap_or(coding), timestamp, user_data }.to_bytes()
}

/// The page names every command, and no other.
#[test]
fn the_page_has_every_command() {
    let page = include_str!("../../../../docs/specs/phone.md");
    let part = page.split("## ").find(|part| part.starts_with("3. ")).unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let listed: std::collections::BTreeSet<&str> =
        rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let known: std::collections::BTreeSet<&str> = phone::names().collect();
    assert_eq!(listed, known);
}

/// What programs of the field compare byte by byte.
#[test]
fn answers_have_the_form_that_programs_know() {
    let mut table = Table::new();
    assert_eq!(table.hear("\x1BAT\r"), "AT\r\r\nOK\r\n");
    assert_eq!(table.hear("\x1B\r"), "\r");
    assert_eq!(table.hear("ATE0\r\n"), "ATE0\r\r\nOK\r\n");
    assert_eq!(table.hear("AT+CSIM=?\r"), "\r\nOK\r\n");
    assert_eq!(table.hear("AT+CSIM=14,\"A0A40000023F00\"\r"), "\r\n+CSIM: 4,\"9F17\"\r\n\r\nOK\r\n");
    assert_eq!(table.hear("AT+CMEE=1;+CREG=2\r"), "\r\nOK\r\n");
    assert_eq!(table.hear("AT+CMEE?;+CSQ\r"), "\r\n+CMEE: 1\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
    assert_eq!(table.hear("AT+NOTHING\r"), "\r\n+CME ERROR: 100\r\n");
    assert_eq!(table.hear("AT+CMEE=0;+NOTHING\r"), "\r\nERROR\r\n");
    assert_eq!(table.hear("A/"), "\r\nERROR\r\n");
    assert_eq!(table.hear("AT+CMGS=2\r"), "\r\n> ");
    assert_eq!(table.hear("\x1B"), "\r\nOK\r\n");
    assert_eq!(table.hear("ATE1\r"), "\r\nOK\r\n");
    assert_eq!(table.hear("0123456789\r"), "0123456789\r", "nobody is spoken to");
    assert_eq!(table.hear("AT+CGSN\r"), format!("AT+CGSN\r\r\n{IMEI}\r\n\r\nOK\r\n"));
}

/// The dialogue of a tool that resets by ATZ, takes an echo or none, sends T=0 TPDUs and fetches by itself, and reads answers of one form
/// alone: capital letters, no blank behind the comma, an empty line before OK.
#[test]
fn a_tool_that_knows_one_form_alone() {
    let sessions: [(CardKind, &[(&str, &str)]); 2] = [
        (
            CardKind::Sim,
            &[
                ("00A40004023F00", "6E00"),
                ("A0A40000023F00", "9F17"),
                ("A0C0000017", "000000003F00"),
                ("00A4000402000C", "6E00"),
                ("A0A40000027F4D", "9404"),
                ("A0A40000022FE2", "9F0F"),
                ("A0C000000F", "0000000A2FE2"),
                ("A0B000000A", "FFFFFFFFFFFFFFFFFFFF9000"),
            ],
        ),
        (
            CardKind::Uicc,
            &[
                ("00A40004023F00", "61"),
                ("00A4000402000C", "6A82"),
                ("00A4040409A0000005591010FFFF", "6A82"),
                ("00A4040407A0000000871002", "61"),
                ("00A40004026F07", "61"),
                ("00B0000009", "FFFFFFFFFFFFFFFFFF9000"),
                ("A0A40000023F00", "9F17"),
            ],
        ),
    ];
    for (kind, session) in sessions {
        let blank = NewSim { kind, serial: serial("tool").0, messages: 10, chv1: None, milenage: None };
        for echo in [true, false] {
            let mut table = Table::with(slot(factory::sim(&blank).unwrap(), "tool"));
            if !echo {
                table.hear("ATE0\r");
            }
            for command in ["AT\r", "ATZ\r", "AT+CSIM=?\r"] {
                assert!(table.hear(command).ends_with("\r\nOK\r\n"), "{command}");
            }
            for (tpdu, wanted) in session {
                // ATZ set the echo on again, as it was at the beginning.
                let line = format!("AT+CSIM={},\"{tpdu}\"\r", tpdu.len());
                let said = table.hear(&line);
                let said = said.strip_prefix(&line).unwrap_or_else(|| panic!("{kind:?} {tpdu}: {said:?}"));
                let digits = said
                    .strip_prefix("\r\n+CSIM: ")
                    .and_then(|said| said.split_once(",\"")?.1.strip_suffix("\"\r\n\r\nOK\r\n"))
                    .unwrap_or_else(|| panic!("{kind:?} {tpdu}: {said:?}"));
                assert!(digits.starts_with(wanted), "{kind:?} {tpdu}: {digits}");
                assert_eq!(digits, digits.to_uppercase());
            }
        }
    }
}

/// +CSIM counts characters, passes everything on, and refuses what is no command.
#[test]
fn commands_to_the_sim() {
    let mut table = Table::new();
    table.ask("+CMEE=1");
    assert_eq!(table.lines("+CSIM=14,\"a0a40000027f20\""), ["+CSIM: 4,\"9F17\"", "OK"]);
    assert_eq!(table.lines("+CSIM=10,\"A0C0000017\"").len(), 2);
    for wrong in
        ["+CSIM=12,\"A0A40000023F00\"", "+CSIM=8,\"A0A40000\"", "+CSIM=14", "+CSIM=14,\"A0A40000023FXX\""]
    {
        assert_eq!(table.lines(wrong), ["+CME ERROR: 50"], "{wrong}");
    }
    // A refusal of the card is an answer.
    assert_eq!(table.lines("+CSIM=14,\"A0A40000026FFF\""), ["+CSIM: 4,\"9404\"", "OK"]);
    assert_eq!(table.lines("+CRSM=192,28476,0,0,15").len(), 2);
    assert_eq!(table.lines("+CRSM=176,12258,0,0,10").len(), 2);
    assert_eq!(
        table.lines("+CRSM=176,28539,0,0,0")[0].len(),
        "+CRSM: 144,0,\"\"".len() + 24,
        "P3 0: all of it"
    );
    assert_eq!(table.lines("+CRSM=176,28671,0,0,1"), ["+CRSM: 148,4", "OK"]);
    assert_eq!(table.lines("+CRSM=178,28476,1,4,176")[0].len(), "+CRSM: 144,0,\"\"".len() + 352);
    assert_eq!(table.lines("+CRSM=7,28476"), ["+CME ERROR: 4"]);
}

/// The phone works on its SIM between two commands of somebody's session, and the session notices nothing.
#[test]
fn somebodys_session_stays_where_it_is() {
    let mut table = Table::new();
    for select in ["3F00", "7F20", "6F07"] {
        assert!(table.ask(&format!("+CSIM=14,\"A0A4000002{select}\"")).contains("9F"));
    }
    assert!(table.ask("+CIMI").contains("460"));
    assert!(table.ask("+CMGL=4").contains("OK"));
    assert!(table.ask("+CRSM=176,12258,0,0,10").contains("144,0"));
    table.receive(&tpdu(&message(1))).unwrap();
    assert!(table.ask("+CSIM=10,\"A0B0000009\"").contains("+CSIM: 22,\"0849"), "EF_IMSI still");
}

/// Class 2 goes to the SIM by itself; other people's messages go where their phone wants them, and none spoils another.
#[test]
fn messages_of_the_network() {
    let mut table = Table::new();
    table.ask("+CNMI=2,1,0,2,0");
    assert_eq!(table.receive(&tpdu(&order(1))), Ok(Delivered::Stored("SM", 1)));
    assert_eq!(table.receive(&tpdu(&order(1))), Ok(Delivered::Stored("SM", 1)), "a copy on its way");
    assert_eq!(table.receive(&text("hello", None)), Ok(Delivered::Stored("SM", 2)));
    table.ask("+CPMS=\"SM\",\"SM\",\"ME\"");
    assert_eq!(table.receive(&text("to the phone", None)), Ok(Delivered::Stored("ME", 1)));
    assert_eq!(table.receive(&tpdu(&order(2))), Ok(Delivered::Stored("SM", 3)), "an order goes to the SIM");
    table.ask("+CNMI=2,2,0,1,0");
    assert_eq!(table.receive(&text("at once", None)), Ok(Delivered::Shown));
    assert_eq!(
        table.receive(&tpdu(&order(3))),
        Ok(Delivered::Stored("SM", 4)),
        "class 2 is stored all the same"
    );
    assert_eq!(table.receive(b"\x01"), Err(Cause::Failed));
    let mut sim = Sim::new(&mut table.sim);
    let stored = sim.sms_list().unwrap();
    assert_eq!(stored.len(), 4);
    assert_eq!(&stored[0].bytes[..], order(1));
}

/// A signed order is two messages, which come in whatever order, and twice: both stand on the SIM once, and neither is deleted in passing.
#[test]
fn an_order_of_two_messages() {
    let mut packet = vec![0x02, 0x70, 0x00, 0x00, 0xA0, 0x15, 0x16, 0x39, 0x15, 0x15];
    packet.extend(TAR);
    packet.extend([0; 6]);
    packet.extend([0xAB; 150]);
    let parts = wire::sms::parts::split(&packet, 0x5A).unwrap();
    let tpdus: Vec<Vec<u8>> = parts
        .iter()
        .map(|part| {
            let originator = Address::international("8613912345678").unwrap();
            let timestamp = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x01]).unwrap();
            Deliver::secured(originator, timestamp, part).unwrap().to_bytes()
        })
        .collect();
    let mut table = Table::new();
    for (at, place) in [(1, 1), (0, 2), (1, 1), (0, 2)] {
        assert_eq!(table.receive(&tpdus[at]), Ok(Delivered::Stored("SM", place)));
    }
    assert_eq!(table.receive(&text("hello", None)), Ok(Delivered::Stored("SM", 3)));
    table.ask("+CMGL=4");
    for (place, said) in [(1, "+CMS ERROR: 302"), (2, "+CMS ERROR: 302"), (3, "OK")] {
        assert_eq!(table.lines(&format!("+CMGD={place}")), [said], "{place}");
    }
}

/// What the phone says by itself comes one at a time, never within an answer, never in the midst of a line.
#[test]
fn notices_wait_their_turn() {
    let mut table = Table::new();
    table.ask("+CNMI=2,1,0,2,0");
    table.receive(&text("one", None)).unwrap();
    table.receive(&text("two", None)).unwrap();
    assert_eq!(table.say_after(100), "", "somebody has just been answered");
    assert_eq!(table.say_after(400), "\r\n+CMTI: \"SM\",1\r\n");
    assert_eq!(table.say_after(300), "");
    table.hear("AT+CS");
    assert_eq!(table.say_after(5000), "", "a line is begun");
    table.hear("Q\r");
    assert_eq!(table.say_after(400), "\r\n+CMTI: \"SM\",2\r\n");
    assert_eq!(table.say_after(5000), "");
}

/// Lists, reads, marks, deletes; money is not deleted in passing.
#[test]
fn messages_are_listed_and_deleted() {
    let mut table = Table::new();
    table.receive(&text("hello", None)).unwrap();
    table.receive(&tpdu(&order(1))).unwrap();
    let list = table.lines("+CMGL=4");
    assert_eq!(list[0], format!("+CMGL: 1,0,,{}", text("hello", None).len()));
    assert_eq!(list[1], format!("08{}{}", "91683108200505F0", hex::encode_upper(text("hello", None))));
    assert!(list[2].starts_with("+CMGL: 2,0,,"));
    assert_eq!(list.len(), 5);
    assert!(table.lines("+CMGL=0").len() == 1 && table.lines("+CMGL=1").len() == 5, "reading marks as read");
    assert_eq!(table.lines("+CMGR=3"), ["OK"], "nothing there");
    assert_eq!(table.lines("+CMGR=11"), ["+CMS ERROR: 321"]);
    assert_eq!(table.lines("+CMGD=2"), ["+CMS ERROR: 302"], "an order that no meter has taken");
    assert_eq!(table.lines("+CMGD=1,4"), ["+CMS ERROR: 302"], "all but the order");
    assert_eq!(table.lines("+CPMS?")[0], "+CPMS: \"SM\",1,10,\"SM\",1,10,\"SM\",1,10");
    table.phone = Phone::new(Identity::new(IMEI)).guarded(false);
    assert_eq!(table.lines("+CMGD=2"), ["OK"]);
    assert_eq!(table.lines("+CMGD=2"), ["OK"], "an empty place");
    table.ask("+CMGF=1");
    table.receive(&text("OK then", None)).unwrap();
    let list = table.lines("+CMGL=\"ALL\"");
    assert_eq!(
        list,
        ["+CMGL: 1,\"REC UNREAD\",\"+8613912345678\",,\"26/11/22,08:00:00+32\"", "OK then", "OK"]
    );
}

/// Messages are written, sent from where they stand, and typed; lengths that are not those of the message are refused.
#[test]
fn messages_are_written_and_sent() {
    let mut table = Table::new();
    let submit = "001100039121F30000FF05C8329BFD06";
    assert_eq!(table.ask("+CMGW=15"), "\r\n> ");
    assert_eq!(table.hear(&format!("{submit}\x1A")), "\r\n+CMGW: 1\r\n\r\nOK\r\n");
    assert!(table.ask("+CMGW=14").ends_with("> "));
    assert_eq!(table.hear(&format!("{submit}\x1A")), "\r\n+CMS ERROR: 304\r\n");
    assert_eq!(table.ask("+CMSS=1"), "\r\n+CMSS: 1\r\n\r\nOK\r\n");
    let outgoing = table.phone.outgoing().unwrap();
    assert_eq!(outgoing.submit.reference, 1);
    assert_eq!(outgoing.centre.digits().unwrap(), "+8613800250500");
    assert_eq!(table.lines("+CMGL=3").len(), 3, "it is kept as sent");
    assert!(table.ask("+CMGS=15").ends_with("> "));
    // The line feed of a program's line end is no part of the message; digits may come in pieces.
    let (first, rest) = submit.split_at(9);
    assert_eq!(table.hear(&format!("\n{first}")), "");
    assert_eq!(table.hear(rest), "");
    assert_eq!(table.hear("\x1A"), "\r\n+CMGS: 2\r\n\r\nOK\r\n");
    table.ask("+CMGF=1");
    assert!(table.ask("+CMGS=\"+8613912345678\"").ends_with("> "));
    assert_eq!(table.hear("Grüße\x1A"), "\r\n+CMGS: 3\r\n\r\nOK\r\n");
    assert!(table.phone.outgoing().is_some() && table.phone.outgoing().is_some());
    assert!(table.phone.outgoing().is_none());
    // A message that came stays one that came.
    table.ask("+CMGF=0");
    let deliver = format!("00{}", hex::encode_upper(text("x", None)));
    assert!(table.ask(&format!("+CMGW={},1", deliver.len() / 2 - 1)).ends_with("> "));
    assert_eq!(table.hear(&format!("{deliver}\x1A")), "\r\n+CMGW: 2\r\n\r\nOK\r\n");
    assert!(table.ask(&format!("+CMGW={},2", deliver.len() / 2 - 1)).ends_with("> "));
    assert_eq!(table.hear(&format!("{deliver}\x1A")), "\r\n+CMS ERROR: 302\r\n");
}

/// A full SIM turns a message away, says so on itself, and takes it when there is room.
#[test]
fn a_full_sim_turns_away() {
    let flag = |table: &mut Table| {
        let mut sim = Sim::new(&mut table.sim);
        sim.select(&[Fid::MF, DF_TELECOM, EF_SMSS]).unwrap();
        sim.read_binary(1, 1).unwrap()[0] & 1
    };
    let mut table = Table::new();
    for n in 0..10 {
        assert!(table.receive(&text(&n.to_string(), None)).is_ok());
    }
    assert_eq!(flag(&mut table), 1);
    assert_eq!(table.receive(&text("more", None)), Err(Cause::Full));
    assert_eq!(table.receive(&tpdu(&order(1))), Err(Cause::Full));
    assert_eq!(flag(&mut table), 0, "the next phone knows");
    assert!(table.ask("+CMGW=15").ends_with("> "));
    assert_eq!(table.hear("001100039121F30000FF05C8329BFD06\x1A"), "\r\n+CMS ERROR: 322\r\n");
    assert_eq!(table.lines("+CMGD=5"), ["OK"]);
    assert_eq!(table.receive(&tpdu(&order(1))), Ok(Delivered::Stored("SM", 5)));
    assert_eq!(flag(&mut table), 1);
}

fn guarded_sim(kind: CardKind) -> Slot {
    let blank = NewSim { kind, serial: serial("phone").0, messages: 10, chv1: Some("1234"), milenage: None };
    slot(factory::sim(&blank).unwrap(), "phone")
}

#[test]
fn a_pin_is_asked_for_and_never_tried() {
    for kind in [CardKind::Sim, CardKind::Uicc] {
        let mut table = Table::with(guarded_sim(kind));
        table.ask("+CMEE=1");
        assert_eq!(table.lines("+CPIN?"), ["+CPIN: SIM PIN", "OK"]);
        assert_eq!(table.lines("+CIMI"), ["+CME ERROR: 11"]);
        assert_eq!(table.lines("+CMGL=4"), ["+CMS ERROR: 311"]);
        assert_eq!(table.lines("+CPINR")[0], "+CPINR: SIM PIN,3,3");
        assert_eq!(table.lines("+CLCK=\"SC\",2"), ["+CLCK: 1", "OK"]);
        assert_eq!(table.lines("+CPIN=\"9999\""), ["+CME ERROR: 16"]);
        assert_eq!(table.lines("+CPINR")[0], "+CPINR: SIM PIN,2,3");
        assert_eq!(table.lines("+CPIN=\"1234\""), ["OK"]);
        assert_eq!(table.lines("+CPIN?"), ["+CPIN: READY", "OK"]);
        assert_eq!(table.lines("+CPIN=\"1234\""), ["+CME ERROR: 3"]);
        assert_eq!(table.lines("+CPWD=\"SC\",\"1234\",\"4321\""), ["OK"]);
        assert_eq!(table.lines("+CLCK=\"SC\",0,\"4321\""), ["OK"]);
        assert_eq!(table.lines("+CLCK=\"SC\",2"), ["+CLCK: 0", "OK"]);
    }
    let mut table = Table::with(guarded_sim(CardKind::Sim));
    table.ask("+CMEE=1");
    for _ in 0..3 {
        table.ask("+CPIN=\"9999\"");
    }
    assert_eq!(table.lines("+CPIN?"), ["+CPIN: SIM PUK", "OK"]);
    assert_eq!(table.lines("+CPIN=\"1234\""), ["+CME ERROR: 12"]);
    assert_eq!(table.lines("+CPIN=\"00000000\",\"1234\""), ["OK"]);
    assert_eq!(table.lines("+CPIN?"), ["+CPIN: READY", "OK"]);
    // The empty question for the tries, as a network manager asks it of a UICC.
    let mut table = Table::with(guarded_sim(CardKind::Uicc));
    assert_eq!(table.lines("+CSIM=10,\"0020000100\""), ["+CSIM: 4,\"63C3\"", "OK"]);
    assert_eq!(table.lines("+CSIM=10,\"002C000100\""), ["+CSIM: 4,\"63CA\"", "OK"]);
}

/// A message for the card itself is handed over where the SIM has the service, and stored where it has not.
#[test]
fn data_download() {
    let deliver = |pid: u8| {
        let mut bytes = tpdu(&message(1));
        let at = 2 + usize::from(bytes[1]).div_ceil(2) + 1;
        bytes[at] = pid;
        bytes
    };
    let mut table = Table::new();
    assert_eq!(table.receive(&deliver(0x7F)), Ok(Delivered::Stored("SM", 1)), "the service is off");
    let mut sim = Sim::new(&mut table.sim);
    sim.verify_adm(&scheme::sim::TEST_ADM).unwrap();
    sim.select(&[Fid::MF, scheme::sim::DF_GSM, Fid(0x6F38)]).unwrap();
    let mut services = sim.read_binary(0, 12).unwrap();
    services[6] |= 0b0000_1100;
    sim.update_binary(0, &services).unwrap();
    // Our card has no program that takes it, and says so.
    assert_eq!(table.receive(&deliver(0x7F)), Err(Cause::Failed));
    assert_eq!(table.receive(&deliver(0x00)), Ok(Delivered::Stored("SM", 2)));
}

/// Bytes that no program sends: the phone goes on, and its SIM is as it was.
#[test]
fn no_bytes_hurt_the_phone() {
    let mut table = Table::new();
    let before = table.sim.image().eeprom;
    let mut seed = 20261128u64;
    let mut drawn = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as u32
    };
    let words = [
        "AT", "+CMGR", "+CSIM", "+CRSM", "+CPMS", "+CNMI", "=", "?", ",", "\"", ";", "99", "1", "\r", "\n",
        "\x1B", "E0", "+CMGL", "7F", "é",
    ];
    for _ in 0..3000 {
        let text: String = (0..drawn() % 9).map(|_| words[drawn() as usize % words.len()]).collect();
        table.now += Duration::from_millis(1);
        let _ = table.phone.hear(&mut table.sim, text.as_bytes(), table.now);
    }
    table.hear("\x1B\r");
    assert!(table.ask("").ends_with("OK\r\n"));
    assert_eq!(table.sim.image().eeprom, before);
}

/// The phone as the far end of a line in memory.
struct Line {
    table: Arc<Mutex<Table>>,
    out: Vec<u8>,
}

impl ByteLink for Line {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let mut table = self.table.lock().unwrap();
        let Table { phone, sim, now } = &mut *table;
        self.out.extend(phone.hear(sim, bytes, *now));
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, LinkError> {
        let length = self.out.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.out[..length]);
        self.out.drain(..length);
        Ok(length)
    }
}

/// Both of our ends: a card through our client and our phone is the card itself.
#[test]
fn our_client_before_our_phone() {
    for kind in [CardKind::Sim, CardKind::Uicc] {
        let blank = NewSim { kind, serial: serial("both").0, messages: 10, chv1: None, milenage: None };
        let table = Arc::new(Mutex::new(Table::with(slot(factory::sim(&blank).unwrap(), "both"))));
        let line = Line { table: table.clone(), out: Vec::new() };
        let mut card = ModemCard::new(Modem::wake(Box::new(line), "ours").unwrap()).unwrap();
        assert_eq!(reader::cards::ask(&mut card).unwrap().kind(), kind);
        let mut sim = Sim::new(&mut card);
        assert_eq!(sim.deliver(&[order(1)]).unwrap(), [1]);
        assert_eq!(sim.sms_list().unwrap()[0].bytes, order(1));
        // The longest command and the longest answer.
        assert_eq!(card.transmit(&[0xA0, 0xB2, 0x01, 0x04, 0xB0]).unwrap().len(), 178);
        let mut table = table.lock().unwrap();
        assert_eq!(Sim::new(&mut table.sim).sms_list().unwrap().len(), 1);
    }
}
