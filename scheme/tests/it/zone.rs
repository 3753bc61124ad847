//! The zone of times that are shown.

use gridcard_scheme::zone::{in_json, spoken};

#[test]
fn a_time_gets_its_zone_once() {
    let said =
        spoken("begun 2026-11-22 08:00:00, ended 2026-11-22 09:00:00 UTC+8; sent 2026-11-22 08:00:00+02:00");
    let wanted =
        "begun 2026-11-22 08:00:00 UTC+8, ended 2026-11-22 09:00:00 UTC+8; sent 2026-11-22 08:00:00+02:00";
    assert_eq!(said, wanted);
    for none in ["2026-11-22", "2026-13-22 08:00:00", "12026-11-22 08:00:00", "时间 2026", ""] {
        assert_eq!(spoken(none), none);
    }
}

#[test]
fn json_has_iso_8601() {
    let value = serde_json::json!({
        "at": "2026-11-22 08:00:00", "sent": ["2026-11-22 08:00:00-03:30"], "day": "2026-11-22",
        "why": "since 2026-11-22 08:00:00", "n": 1
    });
    let wanted = serde_json::json!({
        "at": "2026-11-22T08:00:00+08:00", "sent": ["2026-11-22T08:00:00-03:30"], "day": "2026-11-22",
        "why": "since 2026-11-22 08:00:00 UTC+8", "n": 1
    });
    assert_eq!(in_json(value), wanted);
}
