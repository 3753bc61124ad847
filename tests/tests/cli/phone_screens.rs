//! `phone ui` where there is no terminal. What it does at one, the walk of the app tries (tests/console).

use crate::world::World;

#[test]
fn screens_want_a_terminal() {
    let world = World::new();
    let told = world.phones(&["phone", "ui", "--phone", "nobody.phone", "--json"]).run().failed(1).object();
    assert_eq!(told["code"], "phone-ui-terminal", "{told}");
    let told = world.phones(&["phone", "ui", "--phone", "nobody.phone"]).run().failed(1);
    assert!(told.stderr.contains("want a terminal") && told.stdout.is_empty(), "{}", told.stderr);
    assert!(!std::path::Path::new("nobody.phone").exists());
}
