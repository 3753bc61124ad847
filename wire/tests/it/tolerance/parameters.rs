//! The parameters of a phone, as phones leave them.

use super::*;

#[test]
fn parameters_of_a_phone() {
    let nothing = "FF".repeat(12);
    let centre = "0891945197109099F9FFFFFF";
    let parse = |hex: &str| Parameters::parse(&unhex(hex)).unwrap();
    let found = parse(&format!("E1 {nothing} {centre} 00 00 A9"));
    assert_eq!(found.service_centre.as_ref().map(text::address).as_deref(), Some("+4915790109999"));
    assert_eq!(
        (found.destination, found.pid, found.dcs, found.validity),
        (None, Some(0x00), Some(0x00), Some(0xA9))
    );
    // A name in front; only the service centre is announced.
    let found = parse(&format!("4E616D65 FD {nothing} {centre} FF FF FF"));
    assert!(found.service_centre.is_some());
    assert_eq!((found.pid, found.dcs, found.validity), (None, None, None));
    // Announced, and no number there: a length of FF, 0, or more than the field has.
    for wrong in ["FF", "00", "0C"] {
        let found = parse(&format!("FC {wrong}91{} {wrong}91{} 000000", "FF".repeat(10), "FF".repeat(10)));
        assert_eq!(found.service_centre, None, "{wrong}");
    }
    let found = parse(&format!("FE 0B916831080205F5FFFFFFFF {nothing} FF FF FF"));
    assert_eq!(found.destination.as_ref().map(text::address).as_deref(), Some("+86138020505"));
    assert_eq!(Parameters::parse(&[0xFF; 27]), None);
    assert_eq!(parse(&"FF".repeat(40)), Parameters::default());
    for (file, wanted) in [
        ("05FF", Some((5, false))),
        ("05FE", Some((5, true))),
        ("0501", Some((5, false))),
        ("0000", Some((0, true))),
        ("05FFAABB", Some((5, false))),
        ("05", None),
    ] {
        let found = SendingState::parse(&unhex(file)).map(|state| (state.reference, state.was_full));
        assert_eq!(found, wanted, "{file}");
    }
}
