//! The bodies of the fuzz targets over their corpora, over mutations of them and over random bytes: what libFuzzer looks for with time,
//! the ordinary tests look for a little. The corpora are made here, of what our own cards, meters and banks say.
//!
//! `GRIDCARD_CORPORA=write` writes them anew; `GRIDCARD_FUZZ_SECONDS` looks so long at each target, `GRIDCARD_FUZZ_SEED` elsewhere.

#[path = "../../../fuzz/src/bodies.rs"]
mod bodies;

use crate::world::{Bank, Province, Site, copy, imsi, open, sim_card, take_receipt};
use bodies::{TARGETS, mutated, random};
use issue::life;
use keys::Suite;
use reader::driver::esam::Esam;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::Chance;
use scheme::money::Fen;
use scheme::profile::CardKind;
use scheme::record_file::{Message, SimNote};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vcard::Slot;
use wire::sms::record::{Records, SmsRecord};
use wire::{Channel, ChannelError};

/// Inputs tried at each target when nobody says how long.
const ROUNDS: usize = 400;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// Inputs by target and name.
type Corpora = BTreeMap<(&'static str, String), Vec<u8>>;

/// What a card answered, as the hostile target takes it: each answer with its length before it.
struct Recorded<'c> {
    card: &'c mut Slot,
    answers: Vec<u8>,
}

impl<'c> Recorded<'c> {
    fn of(card: &'c mut Slot) -> Self {
        Recorded { card, answers: Vec::new() }
    }

    fn keep(&mut self, answer: &[u8]) {
        self.answers.push(answer.len().min(255) as u8);
        self.answers.extend(&answer[..answer.len().min(255)]);
    }
}

impl Channel for Recorded<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.card.transmit(command)?;
        self.keep(&answer);
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        let atr = self.card.reset()?;
        self.keep(&atr);
        Ok(atr)
    }
}

fn user_data(record: &Records) -> Vec<u8> {
    SmsRecord::parse(record).unwrap().unwrap().tpdu.user_data_bytes()
}

fn corpora() -> Corpora {
    let mut province = Province::new(Suite::Sm4);
    let mut site = Site::new(&mut province, 0);
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    let order = bank.buy(&site, Fen(2000));
    site.deliver(&order.record);
    site.insert(bank.now);
    let receipt = take_receipt(&mut site.sim).unwrap();
    let opened = {
        let mut psam = Psam::open(&mut bank.psam).unwrap();
        psam.verify_pin(crate::world::pin().expose()).unwrap();
        psam.open_receipt(order.order.meter, &user_data(&receipt)).unwrap()
    };
    let mut all = Corpora::new();
    let mut put = |target: &'static str, name: &str, bytes: Vec<u8>| {
        assert!(bytes.len() <= 4096, "{target}/{name}: {} bytes", bytes.len());
        all.insert((target, name.to_owned()), bytes);
    };
    for target in ["sms", "explain"] {
        put(target, "order", order.record.to_vec());
        put(target, "receipt", receipt.to_vec());
    }
    let tpdu = |record: &Records| SmsRecord::parse(record).unwrap().unwrap().tpdu.to_bytes();
    put("sms", "deliver", tpdu(&order.record));
    put("sms", "submit", tpdu(&receipt));
    for target in ["packet", "explain"] {
        put(target, "command", user_data(&order.record));
        put(target, "response", user_data(&receipt));
    }
    let root = crate::signing::root(Suite::Sm4);
    for target in ["objects", "explain"] {
        put(target, "e1", order.order.to_bytes());
        put(target, "e2", opened.clone());
        put(target, "certificate", root.to_bytes().to_vec());
    }
    put("objects", "information", Esam::new(&mut site.esam).card_info().unwrap().to_bytes().to_vec());
    put("table", "customers", CUSTOMERS.into());
    put("table", "esams", b"meter,ceiling\r\n000000001000,9999.99\r\n\"000000001001\",\r\n".to_vec());
    put("table", "semicolons", "\u{FEFF}customer;meter\n1,5E+11;1000\n".into());
    put("table", "delivery", b"{\"what\":\"gridcard delivery list 1\",\"esams\":[]}".to_vec());
    let file = Message { record: order.record.clone(), sim: SimNote::default() }.to_text();
    for target in ["text", "explain"] {
        put(target, "record-file", file.clone().into());
        put(target, "trace", TRACE.into());
    }
    put("text", "script", SCRIPT.into());
    put("text", "time", b"2026-11-28T08:00:00".to_vec());
    for target in ["frame", "explain"] {
        for (name, digits) in FRAMES {
            put(target, name, hex::decode(digits).unwrap());
        }
    }
    for (name, digits) in PIPES {
        let bytes = hex::decode(digits).unwrap();
        put("explain", &format!("pipe-{name}"), bytes.clone());
        // What is called for is done once the meter is awake.
        put("pipe", name, [&[0xFE; 24][..], &bytes].concat());
    }
    for (name, digits) in FAR {
        put("far", name, hex::decode(digits).unwrap());
    }
    put("far", "script", plug_script());
    put("at", "session", AT.into());
    put("at", "message", b"ATE0\rAT+CMGF=0\rAT+CMGS=18\r0011000B913108108300F00004AA0148\x1A".to_vec());
    let mut hostile = |which: u8, name: &str, card: &mut Slot, act: &mut dyn FnMut(&mut Recorded<'_>)| {
        let mut recorded = Recorded::of(card);
        act(&mut recorded);
        let mut input = vec![which];
        input.extend(recorded.answers);
        input.truncate(3000);
        put("hostile", name, input);
    };
    hostile(0, "sim", &mut sim_card(&imsi(0, 0)), &mut |card| {
        let mut sim = Sim::new(card);
        sim.reset().unwrap();
        sim.sms_list().unwrap();
    });
    hostile(1, "esam", &mut copy(&site.esam), &mut |card| {
        let mut esam = Esam::new(card);
        esam.reset().unwrap();
        esam.card_info().unwrap();
        esam.parameters().unwrap();
        esam.purse().unwrap();
        esam.life().unwrap();
    });
    hostile(2, "psam", &mut copy(&bank.psam), &mut |card| {
        Psam::open(card).unwrap().verify_pin(crate::world::pin().expose()).unwrap();
    });
    hostile(4, "issuing", &mut copy(&province.esam_issuing), &mut |card| {
        open(card, CardKind::EsamIssuing);
    });
    hostile(5, "life", &mut copy(&site.esam), &mut |card| {
        life::look(card).unwrap();
    });
    hostile(7, "meter", &mut copy(&site.esam), &mut |card| {
        let mut sim = sim_card(&imsi(0, 0));
        site.meter.insert(card, &mut sim, bank.now, &mut |bytes| bytes.fill(7));
    });
    all
}

const CUSTOMERS: &str = "customer,meter,msisdn,imsi,imei,iccid\n\
000000005000,000000001000,+8613800000000,460000000000000,490154200000000,89860000000000000000\n";
const TRACE: &str = "# card one\n= 3B6900004307070707070707\n> 00A40000023F00\n< 9000\n> 00840000 08\n< 0102030405060708 9000\n! gone\n";
const SCRIPT: &str = "reset\n@n = 0102\n> 00 A4 00 00 02 3F00\n< 9000 | 61..\n? n = 0102\n";
const FRAMES: [(&str, &str); 5] = [
    ("address", "68AAAAAAAAAAAA681300DF16"),
    ("read", "FEFEFEFE68AAAAAAAAAAAA68110433333433AE16"),
    ("identity", "681290785634126803203233333A34333333FAF9F8F7F6F5F4F3DAD9D8D7D6D5D4D345C3AB8967453333FE16"),
    ("refusal", "6812907856341268C3023B33B916"),
    ("recharge", "6812907856341268031E3235343A34333333435A333335333333060504036745333335660A090807FB16"),
];
/// Frames of CJ/T 188: two known ones of the field, and what our meters hear and say.
const PIPES: [(&str, &str); 9] = [
    ("known-water", "FEFEFEFE68104433221100337801031F90008016"),
    ("known-heat", "6820324131400000000103901F012016"),
    ("read", "FEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFE68AAAAAAAAAAAAAAAA01031F90016C16"),
    ("value", "68301290785634120081161F9001563412002C000010002C3020102811262004007C16"),
    ("purchases", "6810129078563412008112058102020000030000000800504207000000EF16"),
    ("valve", "683012907856341200040417A003556516"),
    ("sealed", "683012907856341200041717A004000102030405060708090A0B0C0D0E0F10111213E216"),
    ("refusal", "683012907856341200C4030301041D16"),
    (
        "inside",
        "683012907856341200042445F60503FF00000701000000A0A1A2A3A4A5A6A7C0C1C2C3C4C5C6C71290785634120000AE16",
    ),
];
/// Login, confirmation, and a heartbeat with a frame of DL/T 645 before it.
const FAR: [(&str, &str); 3] = [
    ("login", "684A004A0068C901000000000273000001000100000011267816"),
    ("confirmed", "6832003200680B0002341200006100000100B516"),
    ("beat", "68AAAAAAAAAAAA681300DF16683200320068C900023412000271000004008816"),
];

/// All that a sub-board sends by the page's script.
fn plug_script() -> Vec<u8> {
    let script = include_str!("../../../examples/subboard.txt");
    let sent = script.lines().filter_map(|line| line.strip_prefix("> "));
    sent.flat_map(|line| hex::decode(line.replace(' ', "")).unwrap()).collect()
}

const AT: &str =
    "AT\rATI\rAT+CPIN?\rAT+CMGL=4\rAT+CSIM=14,\"A0A40000023F00\"\rAT+CRSM=176,28423,0,0,9\rATZ\r";

/// The inputs of a target: its corpus, and for images the samples of the virtual cards.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = match target {
        "image" => Path::new(env!("CARGO_MANIFEST_DIR")).join("../vcard/tests/images/v1"),
        _ => folder().join(target),
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn the_corpora_are_what_our_own_parties_say() {
    let write = std::env::var_os("GRIDCARD_CORPORA").is_some();
    for ((target, name), bytes) in corpora() {
        let file = folder().join(target).join(&name);
        if write {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &bytes).unwrap();
        }
        let kept = std::fs::read(&file).unwrap_or_default();
        assert!(
            kept == bytes,
            "fuzz/corpus/{target}/{name} is another: GRIDCARD_CORPORA=write writes it anew"
        );
    }
}

/// Every target, its corpus first, then mutations and random bytes. A body that fails says so by a panic; the input stands before it.
#[test]
fn no_target_fails_on_its_corpus_or_near_it() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seconds, seed) = (number("GRIDCARD_FUZZ_SECONDS"), number("GRIDCARD_FUZZ_SEED").unwrap_or(7));
    for (target, body) in TARGETS {
        let corpus = inputs(target);
        assert!(!corpus.is_empty(), "{target} has a corpus");
        corpus.iter().for_each(|input| body(input));
        body(&[]);
        let (mut chance, begun, mut tried) = (random(seed, target), Instant::now(), 0);
        let goes_on = |tried: usize| match seconds {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => tried < if target == "image" { ROUNDS / 10 } else { ROUNDS },
        };
        while goes_on(tried) {
            let [a, b, c, d] = scheme::chance::random::<4>(&mut chance);
            let (one, other) = (usize::from(a) % corpus.len(), usize::from(b) % corpus.len());
            let input = if c % 8 == 0 {
                let mut bytes = vec![0; usize::from(d)];
                chance.fill(&mut bytes);
                bytes
            } else {
                mutated(&mut chance, &corpus[one], &corpus[other])
            };
            let shown = hex::encode(&input);
            let ran = std::panic::catch_unwind(|| body(&input));
            assert!(ran.is_ok(), "{target} fails on {shown}");
            tried += 1;
        }
        println!("{target}: {tried} inputs in {:.1} s", begun.elapsed().as_secs_f64());
    }
}
