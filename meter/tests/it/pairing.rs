use crate::world::{
    NUMBER, World, config, counting, device_key, now, order, pairing, pairing_file, transport_key,
};
use gridcard_meter::{Meter, MeterError, Outcome, Pairing, PairingError};
use keys::{Key, Role, Suite};
use scheme::numbers::{CheckValue, MeterNumber};
use scheme::pairing::{PairingFile, PairingFileError};
use scheme::profile::State;
use serde_json::Value;
use wire::channel::{Channel, ChannelError};

#[test]
fn a_pairing_file_opens_in_every_suite() {
    for suite in Suite::ALL {
        let file = pairing_file(suite);
        let json = serde_json::to_string(&file).unwrap();
        let opened = Pairing::open(&PairingFile::from_json(&json).unwrap(), &transport_key(suite)).unwrap();
        assert_eq!(
            (opened.number(), opened.suite(), opened.state()),
            (MeterNumber(NUMBER), suite, State::Test)
        );
        for role in [Role::IntAuth, Role::ExtAuth] {
            let key = hex::encode_upper(device_key(suite, role).expose());
            assert!(!json.contains(&key), "the file holds no key in clear");
        }
    }
}

/// A channel that writes down what the meter sends to its ESAM.
struct Spy<'c> {
    esam: &'c mut crate::esam::FakeEsam,
    seen: Vec<String>,
}

impl Channel for Spy<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.esam.transmit(command)?;
        self.seen.push(format!("{} {}", hex::encode_upper(command), hex::encode_upper(&answer)));
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.esam.reset()
    }
}

#[test]
fn files_and_proofs_are_those_computed_elsewhere() {
    let known: Value = serde_json::from_str(include_str!("../kat/pairing.json")).unwrap();
    assert!(known["source"].as_str().is_some_and(|source| !source.is_empty()));
    for case in known["pairings"].as_array().unwrap() {
        let file = PairingFile::from_json(&case["file"].to_string()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let transport = Key::new(file.suite, &hex::decode(text(&case["transport_key"])).unwrap()).unwrap();
        let mut world = World::of(file.suite);
        world.meter = Meter::new(config(file.suite), Pairing::open(&file, &transport).unwrap()).unwrap();
        world.sim.put(1, &order(1, 100));
        let mut spy = Spy { esam: &mut world.esam, seen: Vec::new() };
        let report = world.meter.insert(&mut spy, &mut world.sim, now(), &mut counting);
        assert!(matches!(report.outcome, Outcome::Credited { .. }), "{:?}", report.outcome);
        let (internal, external) = (&case["internal"], &case["external"]);
        let block = file.suite.block();
        let sent = format!("00880002{block:02X}{} 61{block:02X}", text(&internal["sent"]));
        let answered = format!("00C00000{block:02X} {}9000", text(&internal["answered"]));
        let at = spy.seen.iter().position(|line| *line == sent).expect("INTERNAL AUTHENTICATE as computed");
        assert_eq!(spy.seen[at + 1], answered);
        let proof = format!("00820003{block:02X}{} 9000", text(&external["cryptogram"]));
        assert!(spy.seen.contains(&proof), "EXTERNAL AUTHENTICATE as computed");
    }
}

#[test]
fn the_file_of_the_issuing_side_is_understood() {
    // As the key distribution centre writes it: a check value nobody knew is null.
    let file = pairing_file(Suite::TripleDes);
    let key = |n: usize| {
        let wrapped = &file.keys[n];
        serde_json::json!({
            "role": wrapped.role.name(),
            "header": hex::encode_upper(&wrapped.header),
            "field": hex::encode_upper(&wrapped.field),
            "check_value": null,
        })
    };
    let json = serde_json::json!({
        "pairing": "gridcard pairing 2",
        "number": "123456789012",
        "region": "33020000",
        "suite": "3des",
        "state": "test",
        "keys": [key(0), key(1)],
    });
    let file = PairingFile::from_json(&json.to_string()).unwrap();
    assert!(Pairing::open(&file, &transport_key(Suite::TripleDes)).is_ok());
}

fn fault(change: impl FnOnce(&mut PairingFile)) -> PairingError {
    let mut file = pairing_file(Suite::Sm4);
    change(&mut file);
    Pairing::open(&file, &transport_key(Suite::Sm4)).err().expect("a fault")
}

#[test]
fn every_fault_of_a_file_has_its_name() {
    assert!(matches!(fault(|file| file.suite = Suite::Aes128), PairingError::Suite { .. }));
    assert!(matches!(fault(|file| drop(file.keys.pop())), PairingError::Missing(Role::ExtAuth)));
    assert!(matches!(fault(|file| file.keys.push(file.keys[0].clone())), PairingError::Twice(Role::IntAuth)));
    assert!(matches!(fault(|file| file.keys[0].role = Role::Kic), PairingError::Foreign(Role::Kic)));
    assert!(matches!(fault(|file| file.keys.swap_roles()), PairingError::Header(Role::IntAuth)));
    assert!(matches!(fault(|file| file.keys[1].header[3] = 2), PairingError::Header(Role::ExtAuth)));
    assert!(matches!(fault(|file| file.keys[1].header.truncate(4)), PairingError::Header(Role::ExtAuth)));
    assert!(matches!(fault(|file| file.keys[0].field.truncate(4)), PairingError::Header(Role::IntAuth)));
    let wrong = Some(CheckValue([0; 3]));
    assert!(matches!(
        fault(|file| file.keys[1].check_value = wrong),
        PairingError::CheckValue(Role::ExtAuth)
    ));
    // Another meter's file, or a flipped bit anywhere in a field.
    assert!(matches!(fault(|file| file.number.0[5] ^= 1), PairingError::Seal { role: Role::IntAuth, .. }));
    for at in 0..pairing_file(Suite::Sm4).keys[0].field.len() {
        assert!(matches!(
            fault(|file| file.keys[0].field[at] ^= 1),
            PairingError::Seal { role: Role::IntAuth, .. }
        ));
    }
}

/// Exchanges the roles and leaves the fields.
trait SwapRoles {
    fn swap_roles(&mut self);
}

impl SwapRoles for Vec<scheme::pairing::WrappedKey> {
    fn swap_roles(&mut self) {
        (self[0].role, self[1].role) = (self[1].role, self[0].role);
    }
}

#[test]
fn another_transport_key_opens_nothing() {
    let key = Key::new(Suite::Sm4, &[0x42; 16]).unwrap();
    let error = Pairing::open(&pairing_file(Suite::Sm4), &key).err().unwrap();
    assert_eq!(error.to_string(), "the int-auth key does not open: the MAC of the sealed field is wrong");
}

#[test]
fn other_files_are_refused_by_name() {
    let mut file = pairing_file(Suite::Sm4);
    file.pairing = "gridcard pairing 9".to_owned();
    let error = PairingFile::from_json(&serde_json::to_string(&file).unwrap()).unwrap_err();
    assert!(error.to_string().contains("\"gridcard pairing 9\""), "{error}");
    assert!(matches!(PairingFile::from_json("{}"), Err(PairingFileError::Json(_))));
    let json = serde_json::to_string(&pairing_file(Suite::Sm4)).unwrap();
    let cases = [
        ("123456789012", "12345678901X", "'X' at place 12"),
        ("sm4", "sm1", "sm1"),
        ("int-auth", "love", "love"),
    ];
    for (good, bad, named) in cases {
        let error = PairingFile::from_json(&json.replacen(good, bad, 1)).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_meter_takes_its_own_pairing_alone() {
    let suite = Suite::Aes128;
    let with = |change: fn(&mut gridcard_meter::MeterConfig)| {
        let mut config = config(suite);
        change(&mut config);
        Meter::new(config, pairing(suite)).err()
    };
    assert!(with(|_| ()).is_none());
    assert!(matches!(with(|config| config.number.0[0] = 0x99), Some(MeterError::Number { .. })));
    assert!(matches!(with(|config| config.suite = Suite::Sm4), Some(MeterError::Suite { .. })));
    assert!(matches!(with(|config| config.state = State::Formal), Some(MeterError::State { .. })));
}
