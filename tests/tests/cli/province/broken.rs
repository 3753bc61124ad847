//! What a kill, a full disk or a dry run leaves behind.

use super::*;

/// Killed at a prompt while everything is being written: no province is there, and the ceremony is held again.
#[test]
fn a_ceremony_that_was_killed_is_held_again() {
    let world = empty();
    let args = RUN.to_vec();
    let mut talk = Talk::begin(&world, "home", "shares", &args);
    talk.say(&before_shares(&world));
    let papers = talk.papers(3);
    talk.say(&lines(&papers.iter().map(String::as_str).collect::<Vec<_>>()));
    talk.say(&after_shares());
    let making = world.path("home/.province.making/roots.keystore");
    let begun = Instant::now();
    while !making.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    talk.child.kill().unwrap();
    talk.child.wait().unwrap();
    assert!(!world.path("home/province").exists());
    world.province(&["kdc", "status"]).run().fails(1, &["there is no province in"]);
    let again = found(&world, "home", &["--entropy"]).ok();
    assert!(again.stderr.contains("an earlier ceremony was killed before its end"), "{}", again.stderr);
    assert!(!world.path("home/.province.making").exists());
    call(&world, "home", &["kdc", "keystore", "check"]).stdin(&opening(0, 1)).run().ok();
}

#[test]
fn a_ceremony_on_a_full_disk_leaves_nothing() {
    let world = empty();
    let init = ["kdc", "init", "--entropy", "--custodians", "3", "--threshold", "2"];
    let stdin = lines(&new_custodians());
    let held = call(&world, "home", &init).with(world.transport());
    held.stdin(&stdin).on_small_disk(0).run().fails(1, &["cannot"]);
    let left: Vec<_> = World::bytes(&world.path("home")).into_keys().collect();
    assert!(left.is_empty(), "{left:?}");
    found(&world, "home", &["--entropy"]).ok();
}

#[test]
fn a_dry_run_asks_nothing_and_writes_nothing() {
    let world = empty();
    let ran = call(&world, "home", &["kdc", "init", "--components", "2", "--formal-on-virtual", "--dry-run"])
        .with(world.transport())
        .run()
        .ok();
    ran.shows(&[
        "Component 2 (component custodian 2)",
        "write key 39/00, own master",
        "84D439001C [28 bytes",
    ]);
    assert!(!world.path("home").exists());
}
