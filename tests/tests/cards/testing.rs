//! Production test cards, the test bench, and meters between two key sets [docs/specs/cards.md 11].

use crate::bench::{self, Attempt};
use crate::office::{Office, shown};
use crate::world::{Province, blank, chance, copy, issue, number, open, pin, plan, region, sim_card};
use issue::life::{Leave, LifeChange};
use issue::pairing;
use issue::source::KeySource;
use keys::{Role, Suite, hierarchy};
use meter::bench::{AMOUNT, Bench, BenchError};
use meter::{FormalKeys, Meter, MeterConfig, Outcome};
use reader::driver::psam::Psam;
use scheme::Chance;
use scheme::money::Fen;
use scheme::order::OrderKind;
use scheme::pairing::PairingFile;
use scheme::profile::{CardKind, Recipient, State};
use scheme::refusal::Refusal;
use vcard::Slot;
use wire::Sw;

const NO_LEAVE: Leave = Leave { forfeit: false, spend_last_try: false };

/// A test card from the province's test issuing card.
pub fn test_card(province: &mut Province) -> Slot {
    let mut card = blank(CardKind::TestCard, province.suite, "test card");
    let plan = plan(CardKind::TestCard, province.suite, number(9), None);
    issue(&plan, &mut card, &mut open(&mut province.test_issuing, CardKind::TestIssuing));
    card
}

/// A meter in test state for an ESAM, paired by an office.
fn meter_of(source: &mut dyn KeySource) -> Meter {
    let file = pairing::make(source, number(42), region(), &[]).unwrap();
    crate::world::paired(&file.to_json().unwrap())
}

/// The pairing in a file of any state.
fn pairing(file: &PairingFile) -> meter::Pairing {
    let root = hierarchy::test_root(file.suite, Role::Transport);
    meter::Pairing::open(file, &hierarchy::transport_key(&root, hierarchy::mcu_serial(file.number.0)))
        .unwrap()
}

fn run(meter: &mut Meter, esam: &mut Slot, card: &mut Slot) -> Result<meter::bench::TestReport, BenchError> {
    let mut sim = sim_card("460000000000001");
    let mut psam = Psam::open_test_card(card).unwrap();
    psam.verify_pin(pin().expose()).unwrap();
    let mut random = chance("bench");
    let mut random = |bytes: &mut [u8]| random.fill(bytes);
    let now = "20261122090000".parse().unwrap();
    Bench { meter, esam, sim: &mut sim, card: &mut psam, now, random: &mut random }.run()
}

#[test]
fn a_test_meter_passes_and_is_as_it_was() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let mut office = Office::new(suite);
        let mut card = test_card(&mut province);
        let mut esam = office.esam(number(42));
        let mut meter = meter_of(&mut office.source(None));
        for round in 1..=3 {
            let report = run(&mut meter, &mut esam, &mut card).unwrap();
            let failed: Vec<_> = report.checks.iter().filter(|check| !check.passed).collect();
            assert!(failed.is_empty(), "{} round {round}: {failed:?}", suite.name());
            assert_eq!((report.checks.len(), report.balance_fen), (13, [0, 0]));
            let purse = shown(&mut esam).0.purse;
            assert_eq!((purse.balance, purse.count), (Fen(0), round));
            assert_eq!(purse.total_credited.0, AMOUNT.0 * round);
        }
    }
}

/// A broken meter fails: here one whose ESAM has another meter's cipher keys.
#[test]
fn a_test_finds_what_is_wrong() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let mut office = Office::new(suite);
    let mut card = test_card(&mut province);
    let mut esam = office.esam(number(42));
    let mut meter = meter_of(&mut office.source(None));
    meter.set_load(0);
    let before = esam.image();
    // The purse is full to its ceiling but one fen.
    let mut full = crate::world::slot(before, "full");
    let balance = 99_999_999_u32;
    let image = full.image();
    let mut image = image;
    let header = [0x2A, 0x00, 0x01];
    // In the journal too, if its last transaction was there: its checksum then says that nothing waits.
    let places: Vec<usize> =
        (0..image.eeprom.len()).filter(|at| image.eeprom[*at..].starts_with(&header)).collect();
    for at in places {
        let at = at + cos::files::HEADER + 1;
        image.eeprom[at..at + 4].copy_from_slice(&balance.to_be_bytes());
    }
    full = crate::world::slot(image, "full");
    let report = run(&mut meter, &mut full, &mut card).unwrap();
    assert!(!report.passed());
    let credit = report.checks.iter().find(|check| check.name == "credits its own order").unwrap();
    assert!(!credit.passed && credit.seen.contains("over-ceiling"), "{credit:?}");
    assert!(run(&mut meter, &mut esam, &mut card).unwrap().passed(), "the meter itself is in order");
}

/// The last place, which is the file's own: the journal before it may hold a copy.
fn find(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).rposition(|window| window == needle).unwrap()
}

#[test]
fn nothing_formal_is_tested_and_nothing_is_sent_to_it() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let mut office = Office::new(suite);
    let mut card = test_card(&mut province);
    let mut esam = office.esam(number(42));
    let mut meter = meter_of(&mut office.source(None));
    office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
    let before = esam.image().eeprom;
    let error = run(&mut meter, &mut esam, &mut card).unwrap_err();
    assert!(matches!(error, BenchError::State { what: "ESAM", state: State::Formal }), "{error}");
    assert!(esam.image().eeprom == before);
    // Forced all the same: the test card's own order, straight into the formal ESAM.
    let order = Attempt::new(suite, number(42), OrderKind::Open, 1);
    let mut psam = Psam::open_test_card(&mut card).unwrap();
    psam.verify_pin(pin().expose()).unwrap();
    let user_data = psam.seal_order(&order.order.to_bytes()).unwrap();
    let file = pairing::make(&mut office.source(Some(1)), number(42), region(), &[]).unwrap();
    let config = MeterConfig { state: State::Formal, ..meter.state().config };
    let mut formal = Meter::new(config, pairing(&file)).unwrap();
    let mut sim = sim_card(&crate::world::imsi(0, 0));
    deliver(&mut sim, &user_data);
    let now = "20261122090000".parse().unwrap();
    // The SIM says to be in test state: refused before anything.
    let report = formal.insert(&mut esam, &mut sim, now, &mut |bytes| bytes.fill(7));
    assert!(
        matches!(report.outcome, Outcome::Refused { refusal: Refusal::KeyState, .. }),
        "{:?}",
        report.outcome
    );
    // And a SIM that lies about it: the ESAM has other keys.
    let mut lies = formal_sim();
    deliver(&mut lies, &user_data);
    let report = formal.insert(&mut esam, &mut lies, now, &mut |bytes| bytes.fill(7));
    assert!(matches!(report.outcome, Outcome::Refused { refusal: Refusal::Mac, .. }), "{:?}", report.outcome);
    assert_eq!((report.credited, shown(&mut esam).0.purse.balance), (Fen(0), Fen(0)));
}

/// A SIM that says to be in formal state.
fn formal_sim() -> Slot {
    let mut card = sim_card(&crate::world::imsi(0, 0));
    let mut sim = reader::driver::sim::Sim::new(&mut card);
    sim.reset().unwrap();
    sim.verify_adm(b"00000000").unwrap();
    sim.select(&[scheme::profile::Fid::MF, scheme::sim::DF_TELECOM, scheme::sim::EF_GRID]).unwrap();
    sim.update_binary(0, &scheme::sim::grid_file(State::Formal)).unwrap();
    card
}

fn deliver(sim: &mut Slot, user_data: &[u8]) {
    use wire::sms::record::{RecordStatus, SmsRecord};
    use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};
    let sent = Timestamp::china([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]).unwrap();
    let deliver = Deliver::secured(Address::international("8657495598").unwrap(), sent, user_data).unwrap();
    let record =
        SmsRecord { status: RecordStatus::Unread, service_centre: None, tpdu: Tpdu::Deliver(deliver) };
    let mut sim = reader::driver::sim::Sim::new(sim);
    sim.reset().unwrap();
    sim.deliver(&[record.to_bytes().unwrap()]).unwrap();
}

/// Formal keys in a test card, brought there by whoever holds its master, seal nothing.
#[test]
fn a_test_card_with_formal_keys_seals_nothing() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let mut card = test_card(&mut province);
    let master = issue::keyset::Roots::test(suite).city(region()).device(
        Recipient::Card(CardKind::TestCard),
        Role::Master,
        number(9),
    );
    let formal = crate::office::formal_roots(suite).city(region());
    let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut card);
    fmcos.reset().unwrap();
    let challenge = fmcos.challenge8().unwrap();
    fmcos.external_authenticate(0, &keys::seal::cryptogram(&master, &challenge)).unwrap();
    fmcos.select_fid(scheme::profile::DF_PURCHASE).unwrap();
    let row = scheme::profile::Recipient::Card(CardKind::TestCard).key(4).unwrap();
    let header = issue::headers::change(row, suite);
    let challenge = fmcos.challenge8().unwrap();
    let field = keys::seal::wrap(&master, &challenge, &header, row.header(1), formal.get(Role::Kic));
    let refused = fmcos.write_key_wrapped(header, &field).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::CONDITIONS), "a finished card takes no key");
    // And where it came in by another way, past the card's program.
    let mut image = card.image();
    let published = issue::keyset::Roots::test(suite).city(region());
    let at = find(&image.eeprom, published.get(Role::Kic).expose());
    image.eeprom[at..at + 16].copy_from_slice(formal.get(Role::Kic).expose());
    let mut card = crate::world::slot(image, "past its program");
    wire::Channel::reset(&mut card).unwrap();
    let mut psam = Psam::open_test_card(&mut card).unwrap();
    psam.verify_pin(pin().expose()).unwrap();
    let order = Attempt::new(suite, number(42), OrderKind::Open, 1).order;
    assert_eq!(psam.seal_order(&order.to_bytes()).unwrap_err().sw(), Some(Sw::CONDITIONS));
}

/// A key change and the pairing of it may come in either order, and either may break off: the meter finds its ESAM.
#[test]
fn a_meter_between_two_pairings_finds_its_esam() {
    let suite = Suite::Sm4;
    let now = "20261122090000".parse().unwrap();
    let mut office = Office::new(suite);
    let mut test = office.esam(number(42));
    office.pass(&mut test, LifeChange::Formal, Some(1), NO_LEAVE);
    let amount = bench::credit_formal(&mut test, &office.roots, number(42));
    let mut new = copy(&test);
    office.pass(&mut new, LifeChange::ChangeKeys, Some(2), NO_LEAVE);
    let file = |office: &mut Office, v| {
        pairing::make(&mut office.source(Some(v)), number(42), region(), &[]).unwrap()
    };
    let (first, second) = (file(&mut office, 1), file(&mut office, 2));
    let config = MeterConfig {
        number: scheme::numbers::MeterNumber(number(42).0),
        state: State::Formal,
        suite,
        price: Fen(100),
        load_w: 1000,
    };
    let inserted = |meter: &mut Meter, esam: &mut Slot| {
        let mut sim = formal_sim();
        let outcome = meter.insert(esam, &mut sim, now, &mut |bytes| bytes.fill(9)).outcome;
        // No order on the SIM is where a right insertion ends; before that, both sides have to fit.
        matches!(outcome, Outcome::Refused { refusal: Refusal::NoOrder, .. })
    };
    let proves = |meter: &mut Meter, esam: &mut Slot| {
        let report = meter.consume(esam, meter::Consumption::Energy(100), now);
        report.failure.is_none()
    };
    for (esam, adopted) in [(&test, false), (&new, true)] {
        let mut meter = Meter::new(config, pairing(&first)).unwrap();
        let mut esam = copy(esam);
        // A balance, so that consumption has something to take.
        meter.expect(pairing(&second)).unwrap();
        assert_eq!(meter.expects(), Some(State::Formal));
        let flash = meter.to_flash(FormalKeys::Allow).unwrap();
        let mut meter = Meter::from_flash(&flash).unwrap();
        assert!(inserted(&mut meter, &mut esam));
        assert_eq!(meter.expects().is_none(), adopted);
        assert_eq!(meter.state().balance, amount);
        meter.expect(pairing(&second)).unwrap();
        assert!(proves(&mut meter, &mut esam), "a debit under the keys the ESAM has");
        // The other order: the ESAM changes after the meter was told.
        let mut esam = copy(&esam);
        if !adopted {
            office.pass(&mut esam, LifeChange::ChangeKeys, Some(2), NO_LEAVE);
        }
        assert!(inserted(&mut meter, &mut esam));
        assert_eq!(meter.expects(), None, "the new pairing is the meter's now");
        assert!(proves(&mut meter, &mut esam));
    }
    // Without the new pairing the meter says so, and spends no money.
    let mut meter = Meter::new(config, pairing(&first)).unwrap();
    let mut sim = formal_sim();
    deliver(&mut sim, &[0x02, 0x70, 0x00]);
    assert!(!matches!(
        meter.insert(&mut copy(&new), &mut sim, now, &mut |bytes| bytes.fill(9)).outcome,
        Outcome::Credited { .. }
    ));
}

/// From test to formal and back the meter's own state goes with its keys, and an ESAM that was retired is named.
#[test]
fn a_meters_state_goes_with_its_keys() {
    let suite = Suite::TripleDes;
    let now = "20261122090000".parse().unwrap();
    let mut office = Office::new(suite);
    let mut esam = office.esam(number(42));
    let mut meter = meter_of(&mut office.source(None));
    let formal = pairing::make(&mut office.source(Some(1)), number(42), region(), &[]).unwrap();
    let back = pairing::make_of(&mut office.source(Some(1)), number(42), region(), &[], true).unwrap();
    assert_eq!((formal.state, back.state), (State::Formal, State::Test));
    meter.expect(pairing(&formal)).unwrap();
    let refusal = |meter: &mut Meter, esam: &mut Slot, sim: &mut Slot| match meter
        .insert(esam, sim, now, &mut |bytes| bytes.fill(9))
        .outcome
    {
        Outcome::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&mut meter, &mut esam, &mut sim_card("460000000000001")), Refusal::NoOrder);
    assert_eq!(meter.state().config.state, State::Test);
    office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
    assert_eq!(refusal(&mut meter, &mut esam, &mut formal_sim()), Refusal::NoOrder);
    assert_eq!((meter.state().config.state, meter.expects()), (State::Formal, None));
    assert!(meter.to_flash(FormalKeys::Refuse).is_err());
    meter.expect(pairing(&back)).unwrap();
    office.pass(&mut esam, LifeChange::Test, Some(1), NO_LEAVE);
    assert_eq!(refusal(&mut meter, &mut esam, &mut sim_card("460000000000001")), Refusal::NoOrder);
    assert_eq!(meter.state().config.state, State::Test);
    office.pass(&mut esam, LifeChange::Retire, None, NO_LEAVE);
    assert_eq!(refusal(&mut meter, &mut esam, &mut sim_card("460000000000001")), Refusal::Retired);
}
