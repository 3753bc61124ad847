//! What each target does with its input. One source for libFuzzer and for the ordinary tests, which walk the corpora and their mutations
//! (`tests/tests/cards/fuzzed.rs`). A body fails by a panic; what it is given is refused or read, never more.

use scheme::Chance;
use scheme::profile::CardKind;
use std::path::Path;
use std::time::Duration;
use vcard::slot::Keep;
use vcard::{Image, SeededChance, Slot};
use wire::{Channel, ChannelError};

/// A target and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by the names of their corpora.
pub const TARGETS: [Target; 12] = [
    ("sms", sms),
    ("packet", packet),
    ("objects", objects),
    ("image", image),
    ("table", table),
    ("text", text),
    ("frame", frame),
    ("pipe", pipe),
    ("far", far),
    ("at", at),
    ("hostile", hostile),
    ("explain", explain),
];

/// Records, TPDUs and their parts: what is read is written as it was read, where nothing in it was odd.
pub fn sms(input: &[u8]) {
    use wire::sms::content::Content;
    use wire::sms::outside::Outside;
    use wire::sms::record::SmsRecord;
    use wire::sms::tpdu::{Direction, Tpdu};

    if let Ok(Some((record, notes))) = SmsRecord::read(input) {
        let written = record.to_bytes();
        if let (true, Ok(written)) = (notes.is_empty(), written) {
            assert_eq!(SmsRecord::read(&written).ok().flatten().map(|(again, _)| again), Some(record));
        }
    }
    let _ = (Content::of(input).ours(), Content::of(input).may_be_taken());
    for direction in [Direction::FromNetwork, Direction::ToNetwork] {
        if let Ok((tpdu, used, notes)) = Tpdu::read(input, direction) {
            assert!(used <= input.len());
            let _ = (Outside::of(&tpdu), wire::sms::parts::first(&tpdu), wire::sms::parts::second(&tpdu));
            if notes.is_empty() {
                assert_eq!(Tpdu::read(&tpdu.to_bytes(), direction).ok().map(|(again, ..)| again), Some(tpdu));
            }
        }
    }
}

/// Secured packets, opened by keys that are known here.
pub fn packet(input: &[u8]) {
    use applets::packets::PacketKeys;
    use keys::{Key, Suite};
    use wire::packet::{CommandPacket, ResponsePacket, Security};

    for suite in Suite::ALL {
        let keys = PacketKeys { kic: Key::from_16(suite, [1; 16]), kid: Key::from_16(suite, [2; 16]) };
        if let Ok(packet) = CommandPacket::parse(input) {
            let _ = packet.open(&keys);
        }
        for (cc, ciphered) in [(false, false), (true, false), (false, true), (true, true)] {
            if let Ok(packet) = ResponsePacket::parse(input, Security { cc, ciphered }) {
                let _ = packet.open(&keys);
            }
        }
    }
}

/// Data objects: orders, receipts, signatures, certificates, messages of the online purchase, card information. What is read strictly is
/// written as it was.
pub fn objects(input: &[u8]) {
    use scheme::certificate::Certificate;
    use scheme::online::{Head, Hello, Request};
    use scheme::order::{self, Order};
    use scheme::profile::CardInfo;
    use scheme::receipt::{self, Receipt};
    use scheme::signed::Signed;

    let _ = wire::tlv::objects(input);
    if let Ok(order) = Order::parse(input) {
        assert_eq!(order.to_bytes(), input);
    }
    if let Ok(receipt) = Receipt::parse(input) {
        assert_eq!(Receipt::parse(&receipt.to_bytes()), Ok(receipt));
    }
    for tag in [order::TAG, receipt::TAG] {
        let _ = Signed::parse(input, tag);
    }
    if let Ok(certificate) = Certificate::parse(input) {
        assert_eq!(certificate.to_bytes(), input);
    }
    let _ = (Request::parse(input), CardInfo::parse(input));
    let _ = <&[u8; 40]>::try_from(input).ok().and_then(Hello::parse);
    let _ = input.first_chunk::<47>().and_then(Head::parse);
    let _ = (wire::CommandRef::parse(input).is_ok(), wire::atr::Atr::read(input).is_ok());
}

/// An image of a card: refused, or a card that answers.
pub fn image(input: &[u8]) {
    let Ok(image) = Image::from_bytes(input, Path::new("fuzzed")) else { return };
    let _ = lens::anatomy::Anatomy::of(&image, Path::new("fuzzed"));
    let chance = Box::new(SeededChance::new(1, "fuzzed"));
    let Ok(mut slot) = Slot::with_image(image, Path::new("fuzzed"), chance, Keep::InMemory) else { return };
    let _ = slot.reset();
    for command in
        [&[0x00, 0xA4, 0x00, 0x00][..], &[0x00, 0xB0, 0x95, 0x00, 0x00], &[0xA0, 0xA4, 0, 0, 2, 0x3F, 0]]
    {
        if let Ok(answer) = slot.transmit(command) {
            assert!((2..=258).contains(&answer.len()), "an answer of {} bytes", answer.len());
        }
    }
}

/// Tables that people send: customers, batches, delivery lists, a bank's day.
pub fn table(input: &[u8]) {
    if let Ok(mut table) = disk::table::Table::new(input) {
        while let Ok(Some(_)) = table.row() {}
    }
    if let Ok(roster) = server::Roster::read(input)
        && let Ok(mut store) = server::Store::in_memory()
    {
        let _ = store.batch(|act| act.register(roster));
    }
    for kind in [CardKind::Esam, CardKind::Psam] {
        let _ = office::batch::request::read(kind, input, |_, _| Ok(()));
    }
    let _ = server::read_list(input);
}

/// Texts: traces, scripts, record files, pairing files, numbers and times.
pub fn text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = lens::apdu::DecodedTrace::of(text, None, false);
    let _ = reader::script::Script::parse(text);
    if let Ok(message) = scheme::record_file::Message::from_text(text) {
        let again = scheme::record_file::Message::from_text(&message.to_text());
        assert_eq!(again.map(|again| again.record), Ok(message.record));
    }
    let _ = scheme::pairing::PairingFile::from_json(text);
    let _ = (text.parse::<scheme::Moment>(), text.parse::<scheme::numbers::MeterNumber>());
    let _ = (text.parse::<scheme::CardRef>(), wire::typed::bytes(text));
    let shown = scheme::shown::lines(text);
    assert!(!shown.contains('\u{1B}'), "an escape reaches the terminal");
}

/// What is heard on a line of meters, and what a meter says to it.
pub fn frame(input: &[u8]) {
    use meter::port::{Facts, Guard, Way, answer, serve};
    use wire::dlt645::Receiver;

    let mut meter = meter_of_nobody();
    let (now, mut guard) = (scheme::Moment([0x20, 0x26, 0x11, 0x28, 0x10, 0, 0]), Guard::default());
    let mut receiver = Receiver::new();
    let mut frames = receiver.push(input);
    frames.extend(receiver.silence());
    for frame in frames.into_iter().flatten() {
        if let Ok(bytes) = frame.to_bytes() {
            let again = Receiver::new().push(&bytes);
            assert_eq!(again, [Ok(frame.clone())]);
        }
        for open in [false, true] {
            let facts = Facts { state: meter.state(), now, customer: None, ceiling: None, open };
            let _ = answer(&facts, &frame).map(|answer| answer.to_bytes());
        }
        for way in [Way::Wires, Way::Infrared] {
            let mut esam = Answers::new(input);
            let _ = serve(&mut meter, &mut esam, &mut guard, way, &frame, now, &mut |bytes| bytes.fill(7));
        }
    }
}

/// What is heard on a line of gas and water meters, asleep or awake, and what they say to it: the valve moves for no frame that nobody proved.
pub fn pipe(input: &[u8]) {
    use meter::cjt188::{Asked, Facts, Sleep, answer, asked, carry, valve};
    use meter::port::{Guard, Way, serve};
    use meter::{Profile, Sensed};
    use wire::cjt188::values::{Metered, Prices, Purchases};
    use wire::cjt188::{Identifier, Receiver};

    let now = scheme::Moment([0x20, 0x26, 0x11, 0x28, 0x10, 0, 0]);
    let (mut whole, mut parts) = (Receiver::new(), Receiver::new());
    let mut found = whole.push(input);
    let in_parts: Vec<_> = input.chunks(3).flat_map(|part| parts.push(part)).collect();
    assert_eq!(found, in_parts);
    found.extend(whole.silence());
    let mut sleep = Sleep::default();
    let heard = input.iter().filter(|byte| sleep.hears(**byte, now)).count();
    assert!(heard < input.len().max(1));
    for profile in [Profile::Gas, Profile::Water] {
        let (mut meter, mut guard) = (meter_of_nobody().with_profile(profile), Guard::default());
        meter.sense(Sensed::default(), now);
        for frame in found.iter().flatten() {
            if let Ok(bytes) = frame.to_bytes() {
                assert_eq!(Receiver::new().push(&bytes), [Ok(frame.clone())]);
            }
            if let Some((_, _, [_, value @ ..])) = Identifier::split(&frame.data) {
                if let Some(metered) = Metered::of(value) {
                    // Bits of the state that nobody has a meaning for are not written again.
                    assert_eq!(metered.to_bytes()[..17], value[..17]);
                }
                if let Some(purchases) = Purchases::of(value) {
                    assert_eq!(purchases.to_bytes()[..13], value[..13]);
                }
                assert!(Prices::of(value).is_none_or(|prices| prices.to_bytes().as_deref() == Some(value)));
            }
            let stood = meter.state().relay_open;
            let mut esam = Answers::new(input);
            match asked(meter.state(), frame) {
                None => {}
                Some(Asked::Look) => {
                    let facts = Facts { state: meter.state(), now, purse: None, key_version: Some(1) };
                    let _ = answer(&facts, frame).to_bytes();
                }
                Some(Asked::Carried(inside)) => {
                    for way in [Way::Wires, Way::Infrared] {
                        let mut random = |bytes: &mut [u8]| bytes.fill(7);
                        let said = serve(&mut meter, &mut esam, &mut guard, way, &inside, now, &mut random);
                        let said = said.and_then(|said| carry(meter.state(), frame, &said));
                        let _ = said.map(|said| said.to_bytes());
                    }
                }
                Some(Asked::Valve) => {
                    let way = (&mut guard, Way::Wires);
                    let _ = valve(&mut meter, &mut Answers::new(&[]), way, frame, now).to_bytes();
                    assert_eq!(meter.state().relay_open, stood, "nobody proved anything");
                }
            }
        }
    }
}

/// Bytes on the line of a meter that called, and at the plug of a sub-board: however they are cut, the same is found.
pub fn far(input: &[u8]) {
    use meter::board::{Board, Busy, Inside, OrderAnswer};
    use wire::netmeter::{Heard, Hearing};
    use wire::subboard::BoardReceiver;

    struct Nothing;
    impl Inside for Nothing {
        fn order(&mut self, file: &[u8]) -> OrderAnswer {
            if file.len().is_multiple_of(2) {
                OrderAnswer::Receipt(file.to_vec())
            } else {
                OrderAnswer::Refused(7)
            }
        }
        fn frame(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, Busy> {
            if frame.len().is_multiple_of(2) { Ok(Some(frame.to_vec())) } else { Err(Busy) }
        }
        fn line_is_down(&mut self) {}
        fn standing(&mut self) -> u8 {
            0
        }
    }

    let (mut whole, mut parts) = (Hearing::default(), Hearing::default());
    let found = whole.push(input);
    let in_parts: Vec<Heard> = input.chunks(3).flat_map(|part| parts.push(part)).collect();
    assert_eq!(found, in_parts);
    for heard in found.into_iter().chain(whole.silence()) {
        if let Heard::Link(frame) = heard {
            let again = Hearing::default().push(&frame.to_bytes());
            assert_eq!(again, [Heard::Link(frame)]);
        }
    }
    let (mut receiver, mut board) = (BoardReceiver::default(), Board::default());
    let mut frames = receiver.push(input);
    frames.extend(receiver.silence());
    for frame in frames {
        assert_eq!(
            frame.to_bytes().map(|bytes| BoardReceiver::default().push(&bytes)),
            Some(vec![frame.clone()])
        );
        for said in board.hear(&frame, [0x26, 0x11, 0, 0, 0, 1], &mut Nothing) {
            // No answer here is longer than its question, but for the result.
            let _ = said.to_bytes();
        }
    }
}

/// Bytes on the AT line of a phone with a SIM in it.
pub fn at(input: &[u8]) {
    let mut sim = sim();
    let mut phone = phone::Phone::new(phone::Identity::new("490154203237518"));
    for (n, part) in input.chunks(64).enumerate() {
        let now = Duration::from_millis(50 * n as u64);
        let _ = phone.hear(&mut sim, part, now);
        let _ = phone.say(now);
    }
    let mut lines = wire::at::Lines::default();
    let _ = lines.push(input);
}

/// A card that answers whatever it likes: the input, answer after answer, each with its length before it.
pub struct Answers<'i> {
    rest: &'i [u8],
    left: usize,
}

impl<'i> Answers<'i> {
    /// A card that has so many answers and then none.
    pub fn new(input: &'i [u8]) -> Self {
        Answers { rest: input, left: 2000 }
    }

    fn next(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.left = self.left.checked_sub(1).ok_or(ChannelError::Removed)?;
        let Some((length, rest)) = self.rest.split_first() else { return Err(ChannelError::Removed) };
        let (answer, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        self.rest = rest;
        Ok(answer.to_vec())
    }
}

impl Channel for Answers<'_> {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.next()
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.next()
    }
}

/// A meter on published keys whose ESAM nobody has.
fn meter_of_nobody() -> meter::Meter {
    use issue::source::SoftSource;
    use keys::{Role, Suite, hierarchy};
    use meter::{FormalKeys, Meter, MeterConfig, Pairing};
    use std::sync::OnceLock;

    static FLASH: OnceLock<String> = OnceLock::new();
    let flash = FLASH.get_or_init(|| {
        let number = scheme::numbers::DeviceNumber([0, 0, 0, 0, 0x10, 0]);
        let region = scheme::numbers::RegionCode([0x33, 0x02, 0, 0]);
        let city = issue::Roots::test(Suite::Sm4).city(region);
        let file = issue::pairing::make(&mut SoftSource::city(city), number, region, &[]).expect("a pairing");
        let root = hierarchy::test_root(Suite::Sm4, Role::Transport);
        let transport = hierarchy::transport_key(&root, hierarchy::mcu_serial(number.0));
        let pairing = Pairing::open(&file, &transport).expect("it opens");
        let (price, load_w) = (scheme::money::Fen(55), 1000);
        let config = MeterConfig {
            number: pairing.number(),
            state: pairing.state(),
            suite: Suite::Sm4,
            price,
            load_w,
        };
        let meter = Meter::new(config, pairing).expect("a meter");
        meter.to_flash(FormalKeys::Refuse).expect("a flash").to_string()
    });
    Meter::from_flash(flash).expect("its own flash")
}

/// A SIM without a PIN.
fn sim() -> Slot {
    use scheme::cards::NewSim;

    let new = NewSim { kind: CardKind::Sim, serial: [9; 8], messages: 10, chv1: None, milenage: None };
    let image = vcard::factory::sim(&new).expect("a SIM");
    let chance = Box::new(SeededChance::new(1, "a SIM"));
    Slot::with_image(image, Path::new("a SIM"), chance, Keep::InMemory).expect("a slot")
}

/// Every driver of the host's side before a card that lies: it gives up or believes, and always ends.
pub fn hostile(input: &[u8]) {
    use issue::source::CardSource;
    use reader::driver::esam::Esam;
    use reader::driver::fmcos::Fmcos;
    use reader::driver::issuing::IssuingCard;
    use reader::driver::psam::Psam;
    use reader::driver::sim::Sim;
    use scheme::pin::Pin;

    let Some((which, input)) = input.split_first() else { return };
    let mut card = Answers::new(input);
    let pin = Pin::from_digits("123456").ok();
    match which % 8 {
        0 => {
            let mut sim = Sim::new(&mut card);
            let _ = sim.reset().and_then(|_| sim.sms_list());
            let _ = (sim.imsi(), sim.iccid(), sim.grid_state(), sim.enter_usim(), sim.find_free());
        }
        1 => {
            let mut esam = Esam::new(&mut card);
            let _ = (esam.reset(), esam.card_info(), esam.parameters(), esam.purse(), esam.life());
            let _ = esam.envelope(&[[0x5A; 40]]);
        }
        2 => {
            if let (Ok(mut psam), Some(pin)) = (Psam::open(&mut card), pin) {
                let _ = (psam.verify_pin(pin.expose()), psam.sealed_count(), psam.seal_order(&[0xE1, 0x00]));
                let _ = psam.open_receipt(scheme::numbers::MeterNumber([0, 0, 0, 0, 0x10, 0]), &[0x5A; 113]);
            }
        }
        3 => {
            let mut fmcos = Fmcos::new(&mut card);
            let _ = (fmcos.reset(), fmcos.select_mf(), fmcos.card_info(), fmcos.challenge8());
            let _ = (fmcos.key_information(0x35, 4), fmcos.tries_left(0x39, 0), fmcos.public_key());
            use scheme::certificate::KeyUse;
            for key_use in [KeyUse::Root, KeyUse::CityIssuer, KeyUse::Server, KeyUse::Esam, KeyUse::Psam] {
                let _ = fmcos.certificate(key_use);
            }
        }
        4 => {
            if let Some(pin) = pin {
                let _ = CardSource::open(IssuingCard::new(&mut card), &pin).map(drop);
            }
        }
        5 => {
            let _ = issue::life::look(&mut card).map(drop);
            let _ = issue::signing::chain(&mut card, scheme::certificate::KeyUse::Esam).map(drop);
        }
        6 => {
            let mut meter = meter_of_nobody();
            let (mut esam, mut sim) = (Answers::new(input), sim());
            let now = scheme::Moment([0x20, 0x26, 0x11, 0x28, 0x10, 0, 0]);
            let _ = meter.insert(&mut esam, &mut sim, now, &mut |bytes| bytes.fill(7));
        }
        _ => {
            let mut meter = meter_of_nobody();
            let mut esam = Answers::new(input);
            let now = scheme::Moment([0x20, 0x26, 0x11, 0x28, 0x10, 0, 0]);
            let _ = meter.insert(&mut esam, &mut card, now, &mut |bytes| bytes.fill(7));
        }
    }
}

/// Whatever bytes somebody has explained.
pub fn explain(input: &[u8]) {
    use keys::Suite;
    use lens::explain::{Hand, Opener, bytes, heard_frames, listing};

    let now = scheme::Moment([0x20, 0x26, 0x11, 0x28, 0x10, 0, 0]);
    let opener =
        Opener::of_test(Suite::Sm4, [0x33, 0x02, 0, 0], scheme::numbers::MeterNumber([0, 0, 0, 0, 0x10, 0]));
    for openers in [&[][..], std::slice::from_ref(&opener)] {
        for part in bytes(input, &Hand { openers, now, imsi: Some([8; 9]) }) {
            let _ = part.object();
        }
    }
    let _ = heard_frames(input);
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = (listing(text), lens::explain::trace(text, None));
    }
}

/// Random bytes of a seed, for whoever mutates.
pub fn random(seed: u64, label: &str) -> SeededChance {
    SeededChance::new(seed, label)
}

/// An input changed a little: bits flipped, bytes set, parts cut, doubled or joined with another's.
pub fn mutated(chance: &mut dyn Chance, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut draw = |below: usize| {
        let mut bytes = [0; 4];
        chance.fill(&mut bytes);
        u32::from_be_bytes(bytes) as usize % below.max(1)
    };
    let mut out = one.to_vec();
    for _ in 0..=draw(4) {
        let at = draw(out.len());
        match draw(7) {
            0 | 1 => {
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << draw(8);
                }
            }
            2 => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = [0x00, 0xFF, 0x7F, 0x80, 0x68, 0x16, 0x0D, 0x2C][draw(8)];
                }
            }
            3 => out.truncate(at),
            4 => {
                let end = (at + 1 + draw(16)).min(out.len());
                let part = out.get(at..end).unwrap_or_default().to_vec();
                out.splice(at..at, part);
            }
            5 => {
                let from = draw(other.len());
                out.truncate(at);
                out.extend(other.get(from..).unwrap_or_default());
            }
            _ => drop(out.splice(at..(at + draw(8)).min(out.len()), [])),
        }
        out.truncate(4096);
    }
    out
}
