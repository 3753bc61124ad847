//! Both patterns against public vectors; and our own flow against the bytes that are published for other implementations.

use crate::scene::{self, Scene};
use gridcard_client::noise::{self, Heard, Initiator, Keypair, Pattern};
use serde_json::{Value, json};

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn key(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

#[test]
fn both_patterns_give_the_published_bytes() {
    let file: Value = serde_json::from_str(include_str!("../kat/noise.json")).unwrap();
    assert!(!file["source"].as_str().unwrap().is_empty());
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let pattern = match vector["name"].as_str().unwrap() {
            "Noise_IKpsk1_25519_AESGCM_SHA256" => Pattern::IkPsk1,
            "Noise_IKpsk2_25519_AESGCM_SHA256" => Pattern::IkPsk2,
            other => panic!("{other}"),
        };
        let (prologue, psk) = (bytes(&vector["prologue"]), key(&vector["psk"]));
        let phone = Keypair::new(&key(&vector["phone_static"]));
        let server = Keypair::new(&key(&vector["server_static"]));
        let said: Vec<(Vec<u8>, Vec<u8>)> = vector["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (bytes(&pair[0]), bytes(&pair[1])))
            .collect();
        let (initiator, first) = Initiator::begin(
            pattern,
            &prologue,
            &phone,
            server.public(),
            &psk,
            &key(&vector["phone_ephemeral"]),
            &said[0].0,
        )
        .unwrap();
        assert_eq!(first, said[0].1);
        let heard = Heard::read(pattern, &prologue, &server, &first).unwrap();
        assert_eq!(&heard.theirs, phone.public());
        let (responder, payload) = heard.payload(&psk).unwrap();
        assert_eq!(payload, said[0].0);
        let (second, theirs) = responder.end(&key(&vector["server_ephemeral"]), &said[1].0).unwrap();
        assert_eq!(second, said[1].1);
        let (payload, ours) = initiator.end(&second).unwrap();
        assert_eq!(payload, said[1].0);
        assert_eq!(ours.hash.to_vec(), bytes(&vector["hash"]));
        assert_eq!(theirs.hash, ours.hash);
        for (place, (plain, sealed)) in said[2..].iter().enumerate() {
            let key = if place % 2 == 0 { &ours.phone } else { &ours.server };
            let counter = place as u64 / 2;
            assert_eq!(noise::seal(key, counter, &[], plain).unwrap(), *sealed);
            let key = if place % 2 == 0 { &theirs.phone } else { &theirs.server };
            assert_eq!(noise::open(key, counter, &[], sealed).unwrap(), *plain);
        }
    }
}

/// The file other implementations are written against. `INSTA_UPDATE`-like: with `GRIDCARD_WRITE_KAT` set it is written anew.
#[test]
fn our_flow_gives_the_published_bytes() {
    let made = scene::published(&mut Scene::fixed());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kat/client.json");
    if std::env::var_os("GRIDCARD_WRITE_KAT").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(kept, made);
    assert_ne!(kept["enrolment"]["first"], json!(null));
}
