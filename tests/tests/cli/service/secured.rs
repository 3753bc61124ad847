//! TLS: certificates that openssl makes, asked by openssl and curl.

use crate::service::{Server, key};
use crate::world::{CHEN, Party, World, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A self-signed certificate and its key.
pub fn certificate(world: &World, name: &str, subject: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (world.path(&format!("{name}.pem")), world.path(&format!("{name}.key")));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", text(&key), "-out"])
        .arg(&certificate)
        .output()
        .expect("openssl is there");
    assert!(made.status.success(), "{made:?}");
    (certificate, key)
}

pub fn start(world: &World, certificate: &Path, key: &Path, more: &[&str]) -> Server {
    let run = ["server", "run", "--listen", "127.0.0.1:0", "--pin-file", "pin"];
    let tls = ["--tls-certificate", text(certificate), "--tls-key", text(key)];
    Server::of(world.earnest(Party::Bank, &run).with(&tls).with(more))
}

fn curl(server: &Server, trust: &Path, path: &str, more: &[&str]) -> Output {
    Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--max-time", "60", "-w", "\n%{http_code}", "--cacert", text(trust)])
        .args(more)
        .arg(format!("https://{}{path}", server.address))
        .output()
        .expect("curl is there")
}

/// Status and object.
fn told(output: &Output) -> (String, Value) {
    let words = String::from_utf8(output.stdout.clone()).unwrap();
    let (body, status) = words.rsplit_once('\n').unwrap_or_else(|| panic!("{output:?}"));
    (status.to_owned(), serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {output:?}")))
}

/// What openssl says of the certificate that is offered.
fn offered(server: &Server) -> String {
    let output = Command::new("sh")
        .args(["-c", "openssl s_client -connect \"$0\" </dev/null 2>&1", &server.address])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn keys_go_over_tls_and_the_certificate_is_read_anew() {
    let world = World::new();
    let clerk = key(&world, "clerk", &[]);
    let (one, one_key) = certificate(&world, "one", "/CN=one");
    let (two, two_key) = certificate(&world, "two", "/CN=two");
    let (used, used_key) = (world.path("used.pem"), world.path("used.key"));
    let put = |certificate: &Path, key: &Path| {
        std::fs::copy(certificate, &used).unwrap();
        std::fs::copy(key, &used_key).unwrap();
    };
    put(&one, &one_key);
    let server = start(&world, &used, &used_key, &["--log", "info"]);
    let bearer = format!("Authorization: Bearer {clerk}");
    assert_eq!(told(&curl(&server, &one, "/v1/terms", &["-H", &bearer])).0, "200");
    // Whoever speaks plainly, or an old TLS, gets nothing; whoever trusts another certificate says so.
    assert!(server.try_plain().is_none_or(|head| !head.starts_with("HTTP/1.1 2")));
    let old = Command::new("sh")
        .args(["-c", "openssl s_client -tls1_1 -connect \"$0\" </dev/null 2>&1", &server.address])
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&old.stdout).contains("Cipher is ECDHE"), "{old:?}");
    assert_eq!(curl(&server, &two, "/live", &[]).status.code(), Some(60), "another certificate is believed");
    // Files that do not belong together leave the certificate as it was; two that do take its place.
    std::fs::copy(&two, &used).unwrap();
    server.hang_up();
    assert!(
        offered(&server).contains("CN = one") || offered(&server).contains("CN=one"),
        "{}",
        offered(&server)
    );
    put(&two, &two_key);
    server.hang_up();
    let mut asked = 0;
    while curl(&server, &two, "/live", &[]).status.code() != Some(0) {
        asked += 1;
        assert!(asked < 200, "the certificate is not read anew");
    }
    assert_eq!(told(&curl(&server, &two, "/v1/terms", &["-H", &bearer])).0, "200");
    let (code, words) = server.end();
    assert_eq!(code, Some(0));
    assert!(words.contains("stays as it was") && words.contains("read anew"), "{words}");
    assert!(words.contains("route=\"terms\"") && !words.contains(&clerk[12..]), "{words}");
}

/// A host shows a certificate in the place of a key: that one, whoever else has one of the same name.
#[test]
fn a_host_is_known_by_its_certificate() {
    let world = World::new();
    let (server_pem, server_key) = certificate(&world, "server", "/CN=bank");
    let (host, host_key) = certificate(&world, "host", "/CN=power");
    let (liar, liar_key) = certificate(&world, "liar", "/CN=power");
    let add = ["server", "key", "add", "--role", "auditor", "--certificate", text(&host), "--json"];
    let made = world.earnest(Party::Bank, &add).run().ok().object();
    assert_eq!((&made["key"], made["certificate"].as_str().map(str::len)), (&Value::Null, Some(64)));
    world.earnest(Party::Bank, &add).run().failed(1).shows(&["certificate-taken"]);
    let no_pem = ["server", "key", "add", "--role", "auditor", "--certificate", text(&host_key)];
    world.earnest(Party::Bank, &no_pem).run().fails(1, &["no certificate"]);
    let clerk = key(&world, "clerk", &[]);
    let server = start(&world, &server_pem, &server_key, &[]);
    let shows = |certificate: &Path, key: &Path, more: &[&str]| {
        let path = format!("/v1/customers/{}", CHEN.number);
        let shown = ["--cert", text(certificate), "--key", text(key)];
        told(&curl(&server, &server_pem, &path, &[&shown[..], more].concat()))
    };
    assert_eq!(shows(&host, &host_key, &[]).1["customer"], CHEN.number);
    let (status, object) = shows(&liar, &liar_key, &[]);
    assert_eq!((&*status, &object["code"]), ("401", &"key-unknown".into()));
    // With a key beside it the key counts: one that is none is not mended by a certificate.
    let other = if clerk.ends_with('0') { '1' } else { '0' };
    let wrong = format!("Authorization: Bearer {}{other}", &clerk[..75]);
    let right = format!("Authorization: Bearer {clerk}");
    assert_eq!(shows(&host, &host_key, &["-H", &wrong]).0, "401");
    assert_eq!(shows(&liar, &liar_key, &["-H", &right]).0, "200");
    server.end();
    let id = made["id"].as_str().unwrap();
    world.earnest(Party::Bank, &["server", "key", "end", id]).run().ok();
    let server = start(&world, &server_pem, &server_key, &[]);
    let shown = ["--cert", text(&host), "--key", text(&host_key)];
    let (status, object) = told(&curl(&server, &server_pem, "/v1/terms", &shown));
    assert_eq!((&*status, &object["code"]), ("401", &"key-ended".into()));
    server.end();
    let log = std::fs::read_to_string(world.folder(Party::Bank).join("audit.jsonl")).unwrap();
    assert!(
        log.lines().any(|line| line.contains("server look") && line.contains(&format!("key:{id}"))),
        "{log}"
    );
}

#[test]
fn a_network_is_served_over_tls_alone() {
    let world = World::new();
    let (pem, key) = certificate(&world, "server", "/CN=bank");
    let run = |more: &[&str]| {
        let args = ["server", "run", "--listen", "0.0.0.0:0"];
        world.earnest(Party::Bank, &args).with(more)
    };
    run(&[]).run().fails(4, &["no address of this machine alone", "--tls-certificate"]);
    run(&["--tls-certificate", text(&pem)]).run().fails(2, &["--tls-key"]);
    let (other, _) = certificate(&world, "other", "/CN=bank");
    for files in [
        [text(&pem), "nowhere.key"],
        ["nowhere.pem", text(&key)],
        [text(&key), text(&pem)],
        [text(&other), text(&key)],
    ] {
        let tls = ["--tls-certificate", files[0], "--tls-key", files[1], "--json"];
        let ran = run(&tls).run().failed(1);
        assert_eq!(ran.object()["code"], "tls-file", "{files:?}: {}", ran.stdout);
    }
    let server = Server::of(run(&["--tls-certificate", text(&pem), "--tls-key", text(&key)]));
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    let live = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--cacert", text(&pem), &format!("https://127.0.0.1:{port}/live")])
        .output()
        .unwrap();
    assert!(live.status.success(), "{live:?}");
    assert_eq!(server.end().0, Some(0));
}
