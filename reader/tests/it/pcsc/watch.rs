use super::{Fake, esam, reader};
use gridcard_reader::pcsc::{Event, Fault, Presence, Watch};
use std::time::Duration;

const NOW: Duration = Duration::ZERO;

fn inserted(name: &str, serial: &[u8; 8]) -> Event {
    Event::Inserted { reader: name.into(), atr: esam(serial) }
}

fn removed(name: &str) -> Event {
    Event::Removed { reader: name.into() }
}

#[test]
fn what_comes_and_goes_is_told_in_order() {
    let service = Fake::with(&[
        vec![reader("A", &[])],
        vec![reader("A", &esam(b"METER-01"))],
        vec![reader("A", &esam(b"METER-02")), reader("B", &[])],
        vec![reader("B", &esam(b"METER-03"))],
        vec![reader("B", &[])],
        vec![],
    ]);
    let mut watch = Watch::new(&service);
    let mut told = || watch.next(NOW).unwrap();
    assert_eq!(told(), [Event::Plugged("A".into())]);
    assert_eq!(told(), [inserted("A", b"METER-01")]);
    assert_eq!(told(), [removed("A"), inserted("A", b"METER-02"), Event::Plugged("B".into())]);
    assert_eq!(told(), [Event::Unplugged("A".into()), inserted("B", b"METER-03")]);
    assert_eq!(told(), [removed("B")]);
    assert_eq!(told(), [Event::Unplugged("B".into())]);
    // Time passed, nothing happened.
    assert_eq!(told(), []);
}

/// Out and in again between two looks: only the service's count shows it.
#[test]
fn the_same_card_in_again_is_seen_by_the_count_of_events() {
    let before = reader("A", &esam(b"METER-01"));
    let mut after = before.clone();
    after.events += 2;
    let service = Fake::with(&[vec![before], vec![after.clone()], vec![after]]);
    let mut watch = Watch::new(&service);
    watch.next(NOW).unwrap();
    assert_eq!(watch.next(NOW).unwrap(), [removed("A"), inserted("A", b"METER-01")]);
    assert_eq!(watch.next(NOW).unwrap(), []);
}

#[test]
fn a_mute_card_is_a_card() {
    let mut mute = reader("A", &[]);
    mute.presence = Presence::Mute;
    let service = Fake::with(&[vec![mute]]);
    let events = Watch::new(&service).next(NOW).unwrap();
    assert_eq!(events[1], Event::Inserted { reader: "A".into(), atr: vec![] });
}

#[test]
fn a_service_that_stops_ends_the_watch() {
    let service = Fake::default();
    service.looks.borrow_mut().extend([Ok(vec![]), Err(Fault::Stopped)]);
    let mut watch = Watch::new(&service);
    watch.next(NOW).unwrap();
    assert_eq!(watch.next(NOW), Err(Fault::Stopped));
}

/// Whoever goes on watching when the service is there again hears first that all readers went with it.
#[test]
fn a_service_that_goes_takes_its_readers_along() {
    let service = Fake::with(&[vec![reader("A", &esam(b"METER-01")), reader("B", &[])]]);
    let mut watch = Watch::new(&service);
    watch.next(NOW).unwrap();
    assert_eq!(watch.lost(), [Event::Unplugged("A".into()), Event::Unplugged("B".into())]);
    assert_eq!(Watch::new(&Fake::default()).lost(), []);
}
