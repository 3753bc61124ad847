//! Asked over TLS: the server's own certificate, one of an issuer, and others.

use crate::service::key;
use crate::service::secured::{certificate, start};
use crate::url::clerk;
use crate::world::{World, text};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A certificate that an issuer gave to whoever is at an address, and its key.
fn issued(
    world: &World,
    (issuer, issuers_key): &(PathBuf, PathBuf),
    name: &str,
    address: &str,
) -> (PathBuf, PathBuf) {
    let (pem, key, asked) =
        (world.path(&format!("{name}.pem")), world.path(&format!("{name}.key")), world.path("asked"));
    let ext = world.file("ext", format!("subjectAltName=IP:{address}\nbasicConstraints=CA:FALSE\n"));
    let run = |args: &[&str]| {
        let made = Command::new("openssl").args(args).output().unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    run(&[
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=bank",
        "-keyout",
        text(&key),
        "-out",
        text(&asked),
    ]);
    run(&[
        "x509",
        "-req",
        "-in",
        text(&asked),
        "-CA",
        text(issuer),
        "-CAkey",
        text(issuers_key),
        "-days",
        "2",
        "-extfile",
        text(&ext),
        "-out",
        text(&pem),
    ]);
    (pem, key)
}

#[test]
fn a_server_is_believed_by_its_certificate_or_its_issuers() {
    let world = World::new();
    let file = world.file("key", key(&world, "supervisor", &[]));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let ask = |address: &str, ca: &Path| {
        let url = format!("https://{address}");
        clerk(&world, &["server", "report"])
            .with(&["--url", &url, "--key-file", "key", "--ca", text(ca)])
            .run()
    };
    let own = certificate(&world, "own", "/CN=bank");
    let issuer = certificate(&world, "issuer", "/CN=issuer");
    let (leaf, elsewhere) =
        (issued(&world, &issuer, "leaf", "127.0.0.1"), issued(&world, &issuer, "elsewhere", "192.0.2.1"));
    {
        // A certificate of its own, by itself; not by another one that says the same of itself.
        let server = start(&world, &own.0, &own.1, &[]);
        ask(&server.address, &own.0).ok().shows(&["customers"]);
        let like = certificate(&world, "like", "/CN=bank");
        ask(&server.address, &like.0).fails(4, &["has not the certificate that is believed"]);
        ask(&server.address, &own.1).fails(1, &["no certificate"]);
        let order = ["server", "order", "--customer", "330212012279", "--amount", "5", "--key-file", "key"];
        let url = format!("https://{}", server.address);
        clerk(&world, &order).with(&["--url", &url, "--ca", text(&like.0)]).run().failed(4);
        assert_eq!(std::fs::read_dir(world.path("clerk/unanswered")).unwrap().count(), 0, "nothing was sent");
        // Plainly nobody gets an answer there.
        let url = format!("http://{}", server.address);
        clerk(&world, &["server", "report"]).with(&["--url", &url, "--key-file", "key"]).run().failed(3);
        server.end();
    }
    {
        // One of an issuer, at the address that it names.
        let server = start(&world, &leaf.0, &leaf.1, &[]);
        ask(&server.address, &issuer.0).ok();
        ask(&server.address, &leaf.0).ok();
        ask(&server.address, &own.0).fails(4, &["has not the certificate"]);
        server.end();
    }
    let server = start(&world, &elsewhere.0, &elsewhere.1, &[]);
    ask(&server.address, &issuer.0).fails(4, &["has not the certificate"]);
    server.end();
}
