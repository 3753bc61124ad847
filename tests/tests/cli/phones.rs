//! Phones in processes of their own, and our commands on the SIMs in them.

use crate::meter_port::Port;
use crate::world::{CHEN, Customer, Party, WANG, World};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A phone with a customer's SIM, which answers when this returns.
fn running(world: &World, name: &str, customer: &Customer) -> Port {
    let sim = world.sim(customer);
    let new = ["phone", "new", name, "--sim", sim.to_str().unwrap(), "--number", customer.msisdn];
    world.phones(&new).run().ok();
    // Its clock stands ahead of everything: whatever is sent meanwhile is due, from one phone to the other too.
    let ahead = "2027-01-01T00:00:00";
    Port::open(world.call_at(Party::Sims, ahead, &["phone", "run", name]))
}

#[track_caller]
fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A purchase whose order comes by the network and whose receipt leaves by it, with the SIM in a modem all the while; what other people sent stays.
#[test]
fn a_purchase_through_a_phone() {
    let world = World::new();
    let phone = running(&world, "chen", &CHEN);
    let at = format!("at:{}", phone.line);
    world.phones(&["phone", "send", "chen", "--text", "see you", "--from", "+8613912345678"]).run().ok();
    let order = world.order(&CHEN, "50");
    world.phones(&["phone", "send", "chen", order.to_str().unwrap()]).run().ok();
    let listed = || world.phones(&["sim", "list", &at, "--json"]).run().ok().object()["messages"].clone();
    until("both messages are on the SIM", || listed().as_array().unwrap().len() == 2);
    let credited = world.meters(&["meter", "insert", CHEN.meter, &at]).run().ok();
    assert!(credited.stdout.contains("credited 50.00 yuan"), "{}", credited.stdout);
    let out = world.home(Party::Sims).join("phones/out");
    // A file that is still being written has a name of its own.
    let is_whole = |path: &std::path::Path| path.extension().is_some_and(|end| end == "sms");
    let receipt = || {
        std::fs::read_dir(&out).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find(|path| is_whole(path))
    };
    until("the receipt leaves", || receipt().is_some());
    let settled = world.settle(&receipt().unwrap()).ok();
    assert!(settled.stdout.contains("50.00 yuan credited"), "{}", settled.stdout);
    let text = listed();
    let text = text.as_array().unwrap().iter().find(|message| message["kind"] == "text").unwrap();
    assert_eq!((&text["what"], &text["status"]), (&"see you".into(), &"unread".into()), "nobody touched it");
    assert_eq!(phone.end("-TERM").0, Some(0));
}

/// A word from one phone to another, over a network that doubles everything; reports come back to whoever asks.
#[test]
fn two_phones_and_a_network() {
    let world = World::new();
    let one = running(&world, "chen", &CHEN);
    let other = running(&world, "wang", &WANG);
    world.phones(&["phone", "network", "--network-seed", "3", "--double", "100"]).run().ok();
    let submit = {
        use wire::sms::tpdu::{Address, Submit, Validity};
        let (user_data, dcs) = wire::sms::text::user_data("hello").unwrap();
        let destination = Address::international(WANG.msisdn).unwrap();
        Submit {
            flags: Submit::STATUS_REPORT,
            reference: 0,
            destination,
            pid: 0,
            dcs,
            validity: Validity::None,
            user_data,
        }
    };
    let bytes = submit.to_bytes();
    let mut modem = reader::modem::wake(&one.line, PATIENCE).unwrap();
    modem.ask("+CNMI=2,1,0,2,0", reader::modem::Wanted::Nothing).unwrap();
    let text = format!("00{}", hex::encode_upper(&bytes));
    drop(modem);
    say(Path::new(&one.line), &format!("AT+CMGS={}\r", bytes.len()), "> ");
    say(Path::new(&one.line), &format!("{text}\x1A"), "+CMGS: 1");
    let count = |line: &str| {
        let listed = world.phones(&["sim", "list", &format!("at:{line}"), "--json"]).run().ok().object();
        listed["messages"].as_array().unwrap().len()
    };
    until("the message comes twice", || count(&other.line) == 2);
    until("both reports come back", || count(&one.line) >= 2);
}

/// Types into a line until it says something.
fn say(line: &Path, text: &str, wanted: &str) {
    use std::io::{Read, Write};
    let mut port = File::options().read(true).write(true).open(line).unwrap();
    port.write_all(text.as_bytes()).unwrap();
    let (mut heard, mut buffer) = (String::new(), [0; 512]);
    while !heard.contains(wanted) {
        let length = port.read(&mut buffer).unwrap();
        heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

/// Two programs on one device, a device that goes, names that are none: each is told as what it is.
#[test]
fn what_is_wrong_with_a_modem_is_told() {
    let world = World::new();
    let phone = running(&world, "chen", &CHEN);
    let at = format!("at:{}", phone.line);
    let list = |at: &str| world.phones(&["sim", "list", at, "--wait", "0", "--json"]).run();
    assert_eq!(list(&at).code, 0);
    {
        let port = File::options().read(true).write(true).open(&phone.line).unwrap();
        port.try_lock().unwrap();
        let ran = list(&at);
        assert_eq!((ran.code, &ran.object()["code"]), (3, &"modem-taken".into()));
        let words = ran.object()["error"].as_str().unwrap().to_owned();
        assert!(words.contains(&format!("process {}", std::process::id())), "{words}");
    }
    assert_eq!(list(&at).code, 0);
    let again = world.phones(&["phone", "run", "chen", "--json"]).run();
    assert_eq!((again.code, &again.object()["code"]), (1, &"phone-runs".into()));
    let listed = world.phones(&["reader", "list", "--ask", "--json"]).run().object();
    let modems = listed["modems"].as_array().unwrap();
    assert!(modems.iter().any(|modem| modem["modem"] == at.as_str() && modem["way"] == "+CSIM"), "{listed}");
    let line = phone.line.clone();
    assert_eq!(phone.end("-TERM").0, Some(0));
    let gone = list(&at);
    assert_eq!((gone.code, &gone.object()["code"]), (3, &"modem-absent".into()), "{line}");
    for (name, exit, code) in [
        ("at:", 2, "modem-name"),
        ("at:nothing", 2, "modem-name"),
        ("at:/dev/null", 3, "modem-absent"),
        ("at:127.0.0.1:1", 3, "modem-absent"),
    ] {
        let ran = list(name);
        assert_eq!((ran.code, &ran.object()["code"]), (exit, &code.into()), "{name}");
    }
    let doctor = world.phones(&["reader", "doctor", "at:127.0.0.1:1", "--json"]).run();
    assert_eq!(doctor.code, 3);
}
