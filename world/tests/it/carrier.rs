//! The network of a world: messages take their time, keep their order, and stand where the world keeps what it has.

use crate::BEGIN;
use gridcard_world::{Post, WorldClock};
use parties::carrier::Carrier;
use scheme::record_file::{Message, SimNote};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn message(byte: u8) -> Message {
    Message {
        record: [byte; 176].into(),
        sim: SimNote { iccid: Some("89860021047987991756".into()), ..SimNote::default() },
    }
}

fn clock() -> WorldClock {
    WorldClock::at(BEGIN.parse().unwrap())
}

/// A network in memory and one in files, with names for their messages.
fn both(clock: &WorldClock, folder: &TempDir) -> [(Post, [PathBuf; 2]); 2] {
    let names = ["a.sms", "b.sms"];
    [
        (Post::new(clock.clone()), names.map(PathBuf::from)),
        (Post::in_files(clock.clone()), names.map(|name| folder.path().join(name))),
    ]
}

#[test]
fn a_message_arrives_when_its_time_has_come_and_not_before() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    for (post, [first, second]) in both(&clock, &folder) {
        post.takes(30);
        post.send(&second, &message(2)).unwrap();
        clock.later(10);
        post.send(&first, &message(1)).unwrap();
        assert_eq!(post.arrived(), None);
        let error = post.fetch(&second).unwrap_err().to_string();
        let until = clock.time().add_seconds(20).unwrap();
        assert_eq!(error, format!("{} is under way until {until}", second.display()));
        clock.later(20);
        assert_eq!((post.arrived(), post.arrived()), (Some(second.clone()), None));
        assert_eq!(post.fetch(&second).unwrap(), message(2));
        clock.later(10);
        assert_eq!((post.arrived(), post.arrived()), (Some(first.clone()), None));
        // Whoever lost what he fetched fetches it again.
        for _ in 0..2 {
            assert_eq!(post.fetch(&first).unwrap(), message(1));
        }
    }
}

#[test]
fn the_last_message_of_a_name_counts() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    for (post, [name, other]) in both(&clock, &folder) {
        assert!(!post.is_taken(&name));
        post.send(&name, &message(1)).unwrap();
        post.send(&name, &message(2)).unwrap();
        assert_eq!((post.is_taken(&name), post.is_taken(&other)), (true, false));
        assert_eq!(post.fetch(&name).unwrap(), message(2));
        post.fetch(&other).unwrap_err();
    }
}

#[test]
fn only_a_network_in_files_leaves_any() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let name = folder.path().join("a.sms");
    Post::new(clock.clone()).send(&name, &message(1)).unwrap();
    assert!(!name.exists());
    Post::in_files(clock).send(&name, &message(0xA5)).unwrap();
    let text = std::fs::read_to_string(Path::new(&name)).unwrap();
    assert_eq!(text, format!("{}\niccid 89860021047987991756\n", "A5".repeat(176)));
}
