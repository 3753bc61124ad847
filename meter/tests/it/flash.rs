use crate::world::{World, device_key, order};
use gridcard_meter::flash::{FlashError, FormalKeys};
use gridcard_meter::{Meter, Outcome};
use keys::{Role, Suite};

#[test]
fn a_meter_lives_on_from_its_flash() {
    let mut world = World::opened(1000);
    let text = world.meter.to_flash(FormalKeys::Refuse).unwrap();
    let key = hex::encode_upper(device_key(Suite::Aes128, Role::IntAuth).expose());
    assert!(text.contains(&key) && text.contains("in clear"), "an emulator's flash says what it is");
    world.meter = Meter::from_flash(&text).unwrap();
    assert_eq!(world.meter.state().balance.0, 1000);
    world.sim.put(1, &order(2, 50));
    assert!(matches!(world.insert().outcome, Outcome::Credited { .. }));
}

#[test]
fn what_a_meter_remembers_holds_no_key() {
    let world = World::opened(1000);
    let text = serde_json::to_string(world.meter.state()).unwrap().to_uppercase();
    for role in [Role::IntAuth, Role::ExtAuth] {
        assert!(!text.contains(&hex::encode_upper(device_key(Suite::Aes128, role).expose())));
    }
}

#[test]
fn formal_keys_are_written_only_when_asked_for() {
    let text = World::new().meter.to_flash(FormalKeys::Refuse).unwrap().replacen("\"test\"", "\"formal\"", 1);
    let formal = Meter::from_flash(&text).unwrap();
    let error = formal.to_flash(FormalKeys::Refuse).unwrap_err();
    assert!(matches!(error, FlashError::Formal(_)));
    assert!(error.to_string().contains("123456789012"), "{error}");
    assert!(formal.to_flash(FormalKeys::Allow).is_ok());
}

#[test]
fn broken_flash_is_named_without_its_content() {
    let text = World::new().meter.to_flash(FormalKeys::Refuse).unwrap();
    let fault = |text: &str| Meter::from_flash(text).err().unwrap();
    assert!(matches!(fault(&text[..text.len() / 2]), FlashError::Broken { .. }));
    assert!(matches!(fault(&text.replacen("flash 1", "flash 2", 1)), FlashError::Format));
    let key = hex::encode_upper(device_key(Suite::Aes128, Role::ExtAuth).expose());
    let error = fault(&text.replace(&key, &key[2..]));
    assert!(matches!(error, FlashError::Key("ext-auth")));
    assert!(!error.to_string().contains(&key[2..]));
    assert!(matches!(fault(&text.replace(&key, "X")), FlashError::Key("ext-auth")));
    let unquoted = text.replace(&format!("\"{key}\""), "12");
    assert!(matches!(fault(&unquoted), FlashError::Broken { .. }));
}
