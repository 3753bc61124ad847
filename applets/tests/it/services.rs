//! Service tables against files, in every SIM that can be made: a service that is announced has its files, a file that
//! belongs to a service is there with that service alone, and what the standards call mandatory is there.
//!
//! The tables are ours, from TS 31.102 (4.2.8 and the clauses of the files) and TS 51.011 (10.3.7 and the same).

use super::{answer, made};
use cos::{Card, RamNvm};
use gridcard_applets::sim::{LEAST_MESSAGES, MOST_MESSAGES, Profile};

/// Which services a file goes with.
#[derive(Debug, Clone, Copy)]
enum With {
    /// It is always there.
    Always,
    /// Any of these.
    Any(&'static [u8]),
    /// All of these together.
    All(&'static [u8]),
}
use With::{All, Always, Any};

impl With {
    fn wanted(self, on: &[u8]) -> bool {
        match self {
            Always => true,
            Any(services) => services.iter().any(|service| on.contains(service)),
            All(services) => services.iter().all(|service| on.contains(service)),
        }
    }
}

/// Files of a USIM, by their path from the application [TS 31.102 4.2, 4.4]. EF_IMSI is mandatory as long as service 130 is off.
#[rustfmt::skip]
const USIM: &[(&str, With)] = &[
    ("6F05", Always), ("6F06", Always), ("6F07", Always), ("6F08", Always), ("6F09", Always), ("6F31", Always),
    ("6F38", Always), ("6F5B", Always), ("6F5C", Always), ("6F73", Always), ("6F78", Always), ("6F7B", Always),
    ("6F7E", Always), ("6FAD", Always), ("6FB7", Always), ("6FC4", Always),
    ("6F37", Any(&[13])), ("6F39", Any(&[13])), ("6F41", Any(&[13])),
    ("6F3B", Any(&[2, 89])), ("6F3C", Any(&[10])), ("6F3E", Any(&[17])), ("6F3F", Any(&[18])),
    ("6F40", Any(&[21])), ("6F42", Any(&[12])), ("6F43", Any(&[10])), ("6F45", Any(&[15])), ("6F46", Any(&[19])),
    ("6F47", Any(&[11])), ("6F48", Any(&[29])), ("6F49", Any(&[4, 89])), ("6F4B", Any(&[3])), ("6F4C", Any(&[5])),
    ("6F4D", Any(&[6])), ("6F4E", Any(&[44])), ("6F4F", Any(&[14])), ("6F50", Any(&[16])), ("6F55", Any(&[7])),
    ("6F56", Any(&[2, 6, 34, 35])), ("6F57", Any(&[35])), ("6F58", Any(&[6])), ("6F2C", Any(&[36])),
    ("6F32", Any(&[37])), ("6F60", Any(&[20])), ("6F61", Any(&[42])), ("6F62", Any(&[43])),
    ("6F80", Any(&[9])), ("6F81", Any(&[8])), ("6F82", Any(&[9])), ("6F83", Any(&[8])),
    ("6FB1", Any(&[57])), ("6FB2", Any(&[57])), ("6FB3", Any(&[58])), ("6FB4", Any(&[58])), ("6FB5", Any(&[24])),
    ("6FB6", Any(&[25])), ("6FC5", Any(&[45])), ("6FC6", Any(&[46])), ("6FC7", Any(&[47])), ("6FC9", Any(&[47])),
    ("6FCA", Any(&[48])), ("6FCB", Any(&[49])), ("6FCD", Any(&[51])), ("6FCE", Any(&[52])), ("6FCF", Any(&[53])),
    ("6FD0", Any(&[52])), ("6FD1", Any(&[52])), ("6FD2", All(&[52, 55])), ("6FD3", Any(&[56])), ("6FD4", Any(&[64])),
    ("6FD5", Any(&[65])), ("6FD6", Any(&[68])), ("6FD7", Any(&[69])), ("6FD8", Any(&[69])), ("6FD9", Any(&[71])),
    ("6FDA", Any(&[68])), ("6FDB", All(&[71, 73])), ("6FDC", Any(&[74])), ("6FDD", All(&[68, 76])),
    ("6FDE", Any(&[78])), ("6FDF", Any(&[79])), ("6FE2", Any(&[80])), ("6FE3", Any(&[85])), ("6FE4", Any(&[85])),
    ("6FE8", Any(&[96])), ("6FEC", Any(&[97])),
    ("5F3B/4F20", Any(&[27])), ("5F3B/4F52", Any(&[27])), ("5F3B/4F63", Any(&[39])), ("5F3B/4F64", Any(&[40])),
    ("5F70/4F30", Any(&[23])), ("5F70/4F31", Any(&[23])),
    ("5F3A/4F30", Any(&[1])),
    ("5F40/4F41", Any(&[59])), ("5F50/4F81", Any(&[86])), ("5FC0/4F01", Any(&[122])),
];

/// Files of a classic SIM, by directory and file [TS 51.011 10.1 to 10.5]. Phase and BCCH are mandatory there.
#[rustfmt::skip]
const SIM: &[(&str, With)] = &[
    ("7F20/6F05", Always), ("7F20/6F07", Always), ("7F20/6F20", Always), ("7F20/6F31", Always), ("7F20/6F38", Always),
    ("7F20/6F74", Always), ("7F20/6F78", Always), ("7F20/6F7B", Always), ("7F20/6F7E", Always), ("7F20/6FAD", Always),
    ("7F20/6FAE", Always),
    ("7F20/6F30", Any(&[7])), ("7F20/6F37", Any(&[5])), ("7F20/6F39", Any(&[5])), ("7F20/6F41", Any(&[5])),
    ("7F20/6F3E", Any(&[15])), ("7F20/6F3F", Any(&[16])), ("7F20/6F45", Any(&[14])), ("7F20/6F46", Any(&[17])),
    ("7F20/6F48", Any(&[25])), ("7F20/6F50", Any(&[30])), ("7F20/6FB1", Any(&[21])), ("7F20/6FB2", Any(&[21])),
    ("7F20/6FB3", Any(&[22])), ("7F20/6FB4", Any(&[22])), ("7F20/6FB5", Any(&[23])), ("7F20/6FB6", Any(&[24])),
    ("7F20/6F2C", Any(&[33])), ("7F20/6F32", Any(&[37])), ("7F20/6F51", Any(&[39])), ("7F20/6F52", Any(&[38])),
    ("7F20/6F53", Any(&[38])), ("7F20/6F54", Any(&[35])), ("7F20/6F60", Any(&[43])), ("7F20/6F61", Any(&[44])),
    ("7F20/6F62", Any(&[45])), ("7F20/6F63", Any(&[46])), ("7F20/6F64", Any(&[47])), ("7F20/6FC5", Any(&[51])),
    ("7F20/6FC6", Any(&[52])), ("7F20/6FC7", Any(&[53])), ("7F20/6FCA", Any(&[54])), ("7F20/6FCB", Any(&[55])),
    ("7F10/6F3A", Any(&[2])), ("7F10/6F3B", Any(&[3])), ("7F10/6F3C", Any(&[4])), ("7F10/6F3D", Any(&[6])),
    ("7F10/6F40", Any(&[9])), ("7F10/6F42", Any(&[12])), ("7F10/6F43", Any(&[4])), ("7F10/6F44", Any(&[13])),
    ("7F10/6F47", Any(&[34])), ("7F10/6F49", Any(&[18])), ("7F10/6F4A", Any(&[10])), ("7F10/6F4B", Any(&[11])),
    ("7F10/6F4C", Any(&[19])), ("7F10/6F4D", Any(&[31])), ("7F10/6F4E", Any(&[32])), ("7F10/6F58", Any(&[31])),
];

/// Services that are on: `bits` a service, one byte after another from bit 1 on.
fn services(table: &[u8], bits: usize) -> Vec<u8> {
    let a_byte = 8 / bits;
    let on = |service: &usize| {
        let mask = (1u8 << bits) - 1;
        table[service / a_byte] >> (bits * (service % a_byte)) & mask == mask
    };
    (0..table.len() * a_byte).filter(on).map(|service| service as u8 + 1).collect()
}

/// A table with one service changed.
fn without(on: &[u8], service: u8) -> Vec<u8> {
    on.iter().copied().filter(|one| *one != service).collect()
}

/// Every disagreement of a service table with the files there are.
fn faults(files: &[(&str, With)], on: &[u8], there: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, with) in files {
        match (with.wanted(on), there(path)) {
            (true, false) => faults.push(format!("{path} is missing, {with:?}")),
            (false, true) => faults.push(format!("{path} is there, {with:?} is off")),
            _ => {}
        }
    }
    faults
}

fn select(card: &mut Card<RamNvm>, head: &str, fids: &str) -> String {
    answer(card, &format!("{head}{:02X}{fids}", fids.len() / 2))
}

/// Whether a path of the USIM leads to a file.
fn usim_has(card: &mut Card<RamNvm>, path: &str) -> bool {
    let path = format!("7FFF{}", path.replace('/', ""));
    match &*select(card, "00A4080C", &path) {
        "9000" => true,
        "6A82" => false,
        other => panic!("{path}: {other}"),
    }
}

/// Whether a path of the classic SIM leads to a file.
fn sim_has(card: &mut Card<RamNvm>, path: &str) -> bool {
    assert_eq!(select(card, "A0A40000", "3F00"), "9F17");
    let (dir, file) = path.split_once('/').unwrap();
    assert_eq!(select(card, "A0A40000", dir), "9F17", "{path}");
    match &*select(card, "A0A40000", file) {
        "9F0F" => true,
        "9404" => false,
        other => panic!("{path}: {other}"),
    }
}

fn content(card: &mut Card<RamNvm>, command: &str) -> Vec<u8> {
    let found = answer(card, command);
    let data = found.strip_suffix("9000").unwrap_or_else(|| panic!("{command}: {found}"));
    hex::decode(data).unwrap()
}

const PIN1: &str = "002000010831323334FFFFFFFF";

#[test]
fn every_usim_has_the_files_of_its_services() {
    for messages in [LEAST_MESSAGES, 30, MOST_MESSAGES] {
        let mut card = made(Profile::Uicc, messages);
        assert_eq!(answer(&mut card, "00A4040C07A0000000871002"), "9000");
        assert_eq!(answer(&mut card, PIN1), "9000");
        let on = services(&content(&mut card, "00B0840006"), 1);
        assert_eq!(on, [10, 12, 17, 18, 19, 20, 21, 27, 33, 34, 38, 42, 43]);
        let card = std::cell::RefCell::new(card);
        let there = |path: &str| usim_has(&mut card.borrow_mut(), path);
        assert_eq!(faults(USIM, &on, there), Vec::<String>::new(), "{messages} messages");
        // 33 is always set; of the kept tables 26 and 98 are reserved, 50 is no service of a card; 46 wants 45, 28 wants 10
        assert!(on.contains(&33) && !on.iter().any(|service| [26, 46, 50, 98].contains(service)));
        // the check is not blind: each service that brings files is missed when it is taken away, and 13 when it is added
        for service in on.iter().filter(|service| ![33, 38].contains(*service)) {
            let less = without(&on, *service);
            assert!(!faults(USIM, &less, there).is_empty(), "nobody misses service {service}");
        }
        assert_eq!(faults(USIM, &[&on[..], &[13]].concat(), there).len(), 3);
    }
}

/// EF_EST has a bit for FDN, BDN and ACL; none of them is announced, so none is enabled [TS 31.102 4.2.47].
#[test]
fn nothing_is_enabled_that_is_no_service() {
    let mut card = made(Profile::Uicc, 10);
    assert_eq!(answer(&mut card, "00A4040C07A0000000871002"), "9000");
    assert_eq!(answer(&mut card, PIN1), "9000");
    let on = services(&content(&mut card, "00B0840006"), 1);
    let enabled = content(&mut card, "00B0850001");
    for (bit, service) in [(0x01, 2), (0x02, 6), (0x04, 35)] {
        assert!(enabled[0] & bit == 0 || on.contains(&service), "service {service}");
    }
    assert_eq!(enabled[0] & !0x07, 0, "bits without a meaning are 0");
}

#[test]
fn every_sim_has_the_files_of_its_services() {
    for profile in [Profile::Sim, Profile::Uicc] {
        for messages in [LEAST_MESSAGES, 30, MOST_MESSAGES] {
            let mut card = made(profile, messages);
            assert_eq!(answer(&mut card, "A02000010831323334FFFFFFFF"), "9000");
            assert!(sim_has(&mut card, "7F20/6F38"));
            let on = services(&content(&mut card, "A0B000000C"), 2);
            assert_eq!(on, [1, 2, 4, 5, 7, 9, 12, 15, 16, 17, 43, 44, 45]);
            let card = std::cell::RefCell::new(card);
            let there = |path: &str| sim_has(&mut card.borrow_mut(), path);
            assert_eq!(faults(SIM, &on, there), Vec::<String>::new(), "{profile:?}, {messages} messages");
            for service in without(&on, 1) {
                assert!(!faults(SIM, &without(&on, service), there).is_empty(), "nobody misses {service}");
            }
            assert_eq!(faults(SIM, &[&on[..], &[38]].concat(), there).len(), 2);
        }
    }
}

/// The MF of a UICC: EF_ICCID, EF_DIR, EF_PL and EF_ARR are mandatory [TS 102 221 13].
#[test]
fn the_mf_has_what_it_must_have() {
    let mut card = made(Profile::Uicc, 10);
    for fid in ["2FE2", "2F00", "2F05", "2F06"] {
        assert_eq!(select(&mut card, "00A4080C", fid), "9000", "{fid}");
    }
}

/// A record of EF_DIR is `61 L { 4F AID, 50 label }`, FF behind it, and the AID selects [TS 102 221 13.1].
#[test]
fn ef_dir_lists_what_can_be_selected() {
    let mut card = made(Profile::Uicc, 10);
    assert_eq!(select(&mut card, "00A4080C", "2F00"), "9000");
    let record = content(&mut card, "00B2010426");
    let [0x61, len, ref rest @ ..] = record[..] else { panic!("no application template: {record:02X?}") };
    assert!((0x03..=0x7F).contains(&len));
    let (template, behind) = rest.split_at(usize::from(len));
    assert!(behind.iter().all(|byte| *byte == 0xFF), "{behind:02X?}");
    let [0x4F, len, ref rest @ ..] = template[..] else { panic!("no AID first: {template:02X?}") };
    assert!((0x01..=0x10).contains(&len));
    let (aid, label) = rest.split_at(usize::from(len));
    assert_eq!(label, b"\x50\x04USIM");
    for least in [5, 7, aid.len()] {
        let part = hex::encode_upper(&aid[..least]);
        assert_eq!(select(&mut card, "00A4040C", &part), "9000", "{part}");
        let fcp = select(&mut card, "00A40404", &part);
        assert!(fcp.starts_with("61"), "{part}: {fcp}");
    }
    assert_eq!(select(&mut card, "00A4040C", &format!("{}00", hex::encode_upper(aid))), "6700");
}

/// Each file's rule stands where its parameters say: in the EF_ARR of its directory or of one above it.
#[test]
fn rules_are_found_from_where_the_file_stands() {
    let mut card = made(Profile::Uicc, 10);
    for path in
        ["2FE2", "7F206F07", "7F106F3C", "7FF06F07", "7FF06F3C", "7FF06FC4", "7FF06F06", "7FF05F3B4F20"]
    {
        // the application must run for 7FFF, not for its own identifier
        let announced = select(&mut card, "00A40804", path);
        let fcp = content(&mut card, &format!("00C00000{}", announced.strip_prefix("61").unwrap()));
        let at = fcp
            .windows(2)
            .position(|two| two == [0x8B, 0x03])
            .unwrap_or_else(|| panic!("{path}: {fcp:02X?}"));
        let (file, number) = (hex::encode_upper(&fcp[at + 2..at + 4]), fcp[at + 4]);
        let wanted = if path.starts_with("7FF0") { "6F06" } else { "2F06" };
        assert_eq!(file, wanted, "{path}");
        let home = if wanted == "6F06" { "7FF06F06" } else { "2F06" };
        assert_eq!(select(&mut card, "00A4080C", home), "9000");
        let rule = content(&mut card, &format!("00B2{number:02X}0437"));
        assert_eq!(rule[..3], [0x80, 0x01, 0x01], "{path}: record {number}");
    }
}
