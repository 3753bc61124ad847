//! The signing root of a formal province: from its ceremony, or given to it later; kept in the key store, and nowhere else.

use super::*;

fn certify(world: &World, card: &str) -> Call {
    call(world, "home", &["kdc", "signing", "certify", card, "--json"])
}

/// An issuing card of the province in `home`, where it stands.
fn issuing(world: &World, number: &str) -> String {
    let blank = format!("blank-{number}.card");
    world
        .province(&["card", "new", "--kind", "psam-issuing", "--formal-on-virtual", &blank])
        .with(world.transport())
        .run()
        .ok();
    let args = issue_card(number, &blank);
    call(world, "home", &args).with(&["--from-keystore"]).stdin(&opening(1, 2)).run().ok();
    blank
}

#[test]
fn a_ceremony_makes_a_signing_root_and_two_certify_with_it() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let shown = call(&world, "home", &["kdc", "signing", "show", "--json"]).run().ok().object();
    assert_eq!((&shown["published"], &shown["root"]["number"]), (&false.into(), &"00000001".into()));
    call(&world, "home", &["kdc", "signing", "init"]).run().fails(1, &["has its signing root"]);
    let card = issuing(&world, "000000000002");
    call(&world, "home", &["kdc", "signing", "certify", &card]).run().fails(2, &["no custodian was named"]);
    let given = certify(&world, &card).stdin(&opening(0, 2)).run().ok().object();
    // Nobody opened the key store, so no number was taken.
    assert_eq!((&given["number"], &given["use"]), (&"00400000".into(), &"city issuer".into()));
    assert_eq!(given["device"], "000000000002");
    let log = call(&world, "home", &["kdc", "audit", "show", "--json"]).run().ok().object();
    let entries = log["entries"].as_array().unwrap();
    let act = |act: &str| entries.iter().rfind(|entry| entry["act"] == act).unwrap();
    assert_eq!(act("open-key-store")["facts"]["custodians"], "li ming, zhao wei");
    assert_eq!(act("certify")["facts"]["fingerprint"], given["fingerprint"]);
    assert_eq!(act("signing-root")["facts"]["fingerprint"], shown["root"]["fingerprint"]);
    call(&world, "home", &["kdc", "audit", "verify"]).run().ok();
    let shown = call(&world, "home", &["kdc", "signing", "show", "--json"]).run().ok().object();
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 1);
}

/// A province that was founded by an earlier program: it has a register of nothing, and a key store without a signing root.
#[test]
fn a_province_that_stands_gets_one_by_two_custodians() {
    let world = empty();
    found(&world, "home", &["--entropy"]).ok();
    let before = call(&world, "home", &["kdc", "signing", "export", "--json"]).run().ok().object();
    let file = world.path("home").join("province/signing.json");
    fs::remove_file(&file).unwrap();
    call(&world, "home", &["kdc", "signing", "show"])
        .run()
        .fails(1, &["this province has no signing root", "gridcard kdc signing init"]);
    call(&world, "home", &["kdc", "signing", "init"])
        .stdin(&opening(0, 1))
        .run()
        .ok()
        .shows(&["the province's"]);
    // The key store kept the key, so it is the same one, with another certificate.
    let after = call(&world, "home", &["kdc", "signing", "export", "--json"]).run().ok().object();
    assert_eq!(before["pem"], after["pem"]);
    let card = issuing(&world, "000000000002");
    certify(&world, &card).stdin(&opening(1, 2)).run().ok();
}

/// A formal province whose roots are in its main control card alone has nowhere to keep one.
#[test]
fn a_province_without_a_key_store_has_no_signing_root() {
    let world = empty();
    let init = ["kdc", "init", "--entropy", "--formal-on-virtual"];
    call(&world, "home", &init).with(&PINS).with(world.transport()).run().ok();
    call(&world, "home", &["kdc", "signing", "show"]).run().fails(1, &["has no signing root"]);
    call(&world, "home", &["kdc", "signing", "init"]).run().fails(1, &["this province has no key store"]);
}
