//! The SIM of our mask under the host's driver: codes, records, personalisation [docs/specs/sim.md].

use crate::world::{imsi, serial, sim_card, slot};
use applets::sim::Mask;
use reader::driver::sim::{Chv, Selected, Sim, SimError};
use scheme::profile::{Fid, State};
use scheme::sim::{DF_GSM, DF_TELECOM, EF_GRID, EF_ICCID, EF_IMSI, iccid_digits, imsi_digits};
use scheme::subscription::{Iccid, Imsi};
use vcard::{Image, Slot};
use wire::Sw;

const ADM: [u8; 8] = *b"ADM1ADM1";

fn mask(messages: u8, chv1_on: bool) -> Mask {
    Mask {
        profile: applets::sim::Profile::Sim,
        messages,
        chv1: (*b"1234\xFF\xFF\xFF\xFF", chv1_on),
        chv2: *b"5678\xFF\xFF\xFF\xFF",
        puk: [*b"11111111", *b"22222222"],
        adm: ADM,
        ki: [0x2B; 16],
        milenage: None,
    }
}

fn card(messages: u8, chv1_on: bool) -> Slot {
    slot(Image::manufacture_sim(serial("sim").0, &mask(messages, chv1_on)).unwrap(), "sim")
}

#[test]
fn ten_to_fifty_records() {
    for messages in [0, 9, 51, 255] {
        assert!(Image::manufacture_sim([0; 8], &mask(messages, false)).is_none(), "{messages} records");
    }
    for messages in 10..=50 {
        let mut card = card(messages, false);
        let mut sim = Sim::new(&mut card);
        sim.reset().unwrap();
        let file = sim.sms_file().unwrap();
        assert_eq!((file.records, file.record_len), (messages, 176));
        let last = sim.read_record(messages, 176).unwrap();
        assert_eq!(last, wire::sms::record::free_record(), "record {messages} is there and free");
        let beyond = sim.read_record(messages + 1, 176).unwrap_err();
        assert!(beyond.to_string().contains("9402"), "{beyond}");
        assert_eq!(sim.find_free().unwrap(), 1);
    }
}

#[test]
fn personalised_by_adm_and_by_nobody_else() {
    let mut card = card(10, true);
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    sim.verify_chv(Chv::Chv1, b"1234").unwrap();
    let iccid = "89860000000000000001".parse::<Iccid>().unwrap().file();
    let files: [(&[Fid], &[u8]); 3] = [
        (&[Fid::MF, EF_ICCID], &iccid),
        (&[Fid::MF, DF_GSM, EF_IMSI], &imsi(3, 1).parse::<Imsi>().unwrap().file()),
        (&[Fid::MF, DF_TELECOM, EF_GRID], &scheme::sim::grid_file(State::Formal)),
    ];
    for (path, content) in files {
        sim.select(path).unwrap();
        assert!(matches!(sim.update_binary(0, content), Err(SimError::ChvNeeded { .. })), "{path:?}");
    }
    assert!(matches!(sim.verify_adm(b"11111111"), Err(SimError::ChvNeeded { .. })));
    sim.verify_adm(&ADM).unwrap();
    for (path, content) in files {
        sim.select(path).unwrap();
        sim.update_binary(0, content).unwrap();
    }
    // ADM writes what only ADM writes; it does not read for the holder, and it dies at reset.
    sim.reset().unwrap();
    assert!(matches!(sim.imsi(), Err(SimError::ChvNeeded { .. })));
    sim.select(&[Fid::MF, EF_ICCID]).unwrap();
    assert!(matches!(sim.update_binary(0, &iccid), Err(SimError::ChvNeeded { .. })));
    assert_eq!(iccid_digits(&sim.iccid().unwrap()).unwrap(), "89860000000000000001");
    assert_eq!(sim.grid_state().unwrap(), Some(State::Formal));
    sim.verify_chv(Chv::Chv1, b"1234").unwrap();
    assert_eq!(imsi_digits(&sim.imsi().unwrap()).unwrap(), imsi(3, 1));
}

#[test]
fn the_life_of_a_code() {
    let mut card = card(10, true);
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    assert!(sim.chv1_enabled().unwrap());
    for left in [2, 1] {
        let wrong = sim.verify_chv(Chv::Chv1, b"0000").unwrap_err();
        assert!(matches!(wrong, SimError::ChvWrong { tries, .. } if tries == left), "{wrong}");
    }
    sim.verify_chv(Chv::Chv1, b"1234").unwrap();
    assert_eq!(sim.status().unwrap().chv1.tries, 3, "the right code gives the tries back");
    sim.imsi().unwrap();
    // Blocked in the session in which it was verified: what it opened closes.
    for _ in 0..2 {
        sim.verify_chv(Chv::Chv1, b"0000").unwrap_err();
    }
    assert!(matches!(sim.verify_chv(Chv::Chv1, b"0000"), Err(SimError::ChvBlocked { .. })));
    assert!(matches!(sim.verify_chv(Chv::Chv1, b"1234"), Err(SimError::ChvBlocked { .. })));
    assert!(matches!(sim.imsi(), Err(SimError::ChvNeeded { .. })), "a blocked CHV opens nothing");
    sim.reset().unwrap();
    assert!(
        matches!(sim.verify_chv(Chv::Chv1, b"1234"), Err(SimError::ChvBlocked { .. })),
        "a reset is no cure"
    );

    let wrong = sim.unblock_chv(Chv::Chv1, b"99999999", b"4321").unwrap_err();
    assert!(matches!(wrong, SimError::ChvWrong { tries: 9, .. }), "{wrong}");
    sim.unblock_chv(Chv::Chv1, b"11111111", b"4321").unwrap();
    sim.imsi().unwrap();
    sim.reset().unwrap();
    sim.verify_chv(Chv::Chv1, b"1234").unwrap_err();
    sim.verify_chv(Chv::Chv1, b"4321").unwrap();
    sim.change_chv(Chv::Chv1, b"4321", b"87654321").unwrap();
    sim.change_chv(Chv::Chv1, b"4321", b"0000").unwrap_err();
    sim.reset().unwrap();
    sim.verify_chv(Chv::Chv1, b"87654321").unwrap();

    // Switched off it is never asked for, and says so.
    sim.disable_chv1(b"87654321").unwrap();
    sim.reset().unwrap();
    assert!(!sim.chv1_enabled().unwrap());
    sim.imsi().unwrap();
    let contradictions = [
        sim.verify_chv(Chv::Chv1, b"87654321"),
        sim.disable_chv1(b"87654321"),
        sim.change_chv(Chv::Chv1, b"87654321", b"1111"),
    ];
    for refused in contradictions {
        let SimError::Card(error) = refused.unwrap_err() else { panic!("no status word") };
        assert_eq!(error.sw(), Some(Sw(0x9808)));
    }
    sim.enable_chv1(b"87654321").unwrap();
    sim.reset().unwrap();
    assert!(matches!(sim.imsi(), Err(SimError::ChvNeeded { .. })));
    // Ten wrong unblock codes, and the SIM is for the bin.
    for _ in 0..9 {
        sim.unblock_chv(Chv::Chv1, b"99999999", b"0000").unwrap_err();
    }
    for puk in [b"99999999", b"11111111"] {
        assert!(matches!(sim.unblock_chv(Chv::Chv1, puk, b"0000"), Err(SimError::ChvBlocked { .. })));
    }
    // CHV2 has a life of its own.
    sim.verify_chv(Chv::Chv2, b"5678").unwrap();
    sim.unblock_chv(Chv::Chv2, b"22222222", b"8765").unwrap();
    sim.verify_chv(Chv::Chv2, b"8765").unwrap();
}

#[test]
fn a_meter_never_tries_a_code() {
    let mut plain = sim_card(&imsi(0, 0));
    let mut sim = Sim::new(&mut plain);
    sim.reset().unwrap();
    sim.enable_chv1(b"0000").unwrap();
    let mut province = crate::world::Province::new(keys::Suite::TripleDes);
    let mut site = crate::world::Site::new(&mut province, 0);
    site.sim = crate::world::copy(&plain);
    let before = site.sim.image();
    for _ in 0..5 {
        let outcome = site.insert("20261122090000".parse().unwrap()).outcome;
        let chv = scheme::refusal::Refusal::Chv;
        assert!(matches!(outcome, meter::Outcome::Refused { refusal, .. } if refusal == chv), "{outcome:?}");
    }
    assert!(site.sim.image() == before, "no try was spent, nothing was written");
    let Selected::Dir(answer) = Sim::new(&mut site.sim).select(&[Fid::MF]).unwrap() else { panic!() };
    assert_eq!(answer.chv1.tries, 3);
}
