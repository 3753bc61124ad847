//! Whoever makes a card puts something into it before it is finished; whoever has its master fills it afterwards; whoever hears its line
//! looks for keys.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{City, Formal, Seed, issue, number, plan, region};
use issue::keyset::Roots;
use issue::source::SoftSource;
use keys::{Role, Suite, seal};
use parties::trouble::Result;
use reader::driver::esam::Esam;
use reader::driver::fmcos::Fmcos;
use reader::trace::{TraceChannel, TraceSink};
use scheme::money::Fen;
use scheme::profile::{CardInfo, CardKind, EF_CARD_INFO, EF_PARAMETERS};
use scheme::signing::Mode;
use std::cell::RefCell;
use std::rc::Rc;
use vcard::Slot;
use wire::apdu::CommandRef;
use wire::{Channel, ChannelError, Command, Sw};

/// All of them.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    Ok(vec![before_closing(suite, seed)?, with_its_master(suite, seed)?, heard(suite, seed)?])
}

/// When somebody meddles with a card that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before the command after so many.
    Command(usize),
    /// Before the write that finishes the card.
    Closing,
}

/// A card in the making, and a command that is none of its maker's.
struct Meddled<'c> {
    card: &'c mut Slot,
    extra: &'c Command,
    when: When,
    passed: usize,
    /// What the card said to it.
    said: Option<Sw>,
}

impl Channel for Meddled<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let closes = CommandRef::parse(command)
            .is_ok_and(|parsed| parsed.ins == 0xD6 && CardInfo::parse(parsed.data).is_ok());
        let now = match self.when {
            When::Command(n) => n == self.passed,
            When::Closing => closes,
        };
        if now && self.said.is_none() {
            let answer = self.card.transmit(&self.extra.to_bytes())?;
            self.said = answer.last_chunk::<2>().map(|word| Sw(u16::from_be_bytes(*word)));
            if closes {
                // A file that was made would be current.
                self.card.transmit(&Command::new(0, 0xA4, 0, 0).data(&EF_CARD_INFO.bytes()).to_bytes())?;
            }
        }
        self.passed += 1;
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

/// What is put into a card.
fn extras() -> Vec<(&'static str, Command)> {
    let key = |id: u8, head: [u8; 5], value: &[u8]| {
        Command::new(0x80, 0xD4, 0x01, id).data(&[&head[..], value].concat())
    };
    let file = |id: u16, data: &[u8]| {
        let [high, low] = id.to_be_bytes();
        Command::new(0x80, 0xE0, high, low).data(data)
    };
    vec![
        ("a PIN", key(0x05, [0x3A, 0xF0, 0xEF, 0xAA, 0x33], b"\x12\x34\x56")),
        ("a key of an applet", key(0x0B, [0xF5, 0xF0, 0xFA, 0x01, 0x00], &[7; 16])),
        ("a second master", key(0x01, [0x39, 0xF0, 0xFF, 0xAA, 0x33], &[7; 16])),
        ("a key to reload PINs", key(0x00, [0x37, 0xF0, 0xFA, 0xFF, 0x33], &[7; 16])),
        ("a file with free rights", file(0x5010, &[0x28, 0x00, 0x10, 0xF0, 0xF0, 0xFF, 0xFF])),
        ("a purse with free rights", file(0x001E, &[0x2A, 0x03, 0x04, 0xF0, 0xF0, 0xFF, 0xFF])),
        ("money in the purse", Command::new(0x00, 0xDC, 0x01, 0x0C).data(&[0x05, 0x4C, 0x56, 0x38])),
    ]
}

fn make(kind: CardKind, suite: Suite, meddled: &mut Meddled<'_>) -> Result<()> {
    let roots = Roots::test(suite);
    let plan = plan(kind, suite, number(42)?)?;
    match kind {
        CardKind::Esam | CardKind::Psam => {
            issue(&plan, meddled, &mut SoftSource::city(roots.city(region()?)))?;
        }
        _ => drop(issue(&plan, meddled, &mut SoftSource::province(roots))?),
    }
    Ok(())
}

fn before_closing(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a key, a file or money put into a card before it is finished");
    for kind in [CardKind::Esam, CardKind::Psam, CardKind::EsamIssuing] {
        for (what, extra) in &extras() {
            // A new file is current afterwards, which a maker would notice; so that is put in at the end alone.
            let is_key = extra.header()[1] == 0xD4;
            let mut moments = vec![When::Closing];
            moments.extend((0..if is_key { usize::MAX } else { 0 }).map(When::Command).take(MOMENTS));
            for when in moments {
                let mut card = seed.blank(kind, suite, "meddled with")?;
                let mut meddled = Meddled { card: &mut card, extra, when, passed: 0, said: None };
                let made = make(kind, suite, &mut meddled);
                let Some(said) = meddled.said else { break };
                match (said.is_ok(), made) {
                    (false, _) => row.stopped(format!("the card refuses: {said}")),
                    (true, Err(_)) => row.stopped("closing is a check"),
                    (true, Ok(())) if kind == CardKind::Esam && has_nothing(&mut card)? => {
                        row.stopped("closing sets purse and count to zero");
                    }
                    (true, Ok(())) => row.went_through(format!("{}: {what}, {when:?}", kind.name())),
                }
            }
        }
    }
    Ok(row)
}

/// More commands than the making of a card has.
const MOMENTS: usize = 200;

fn has_nothing(card: &mut Slot) -> Result<bool> {
    let mut esam = Esam::new(card);
    esam.reset()?;
    let purse = esam.purse()?;
    // Neither a key nor a file more than the profile's: the card has its own say about both.
    let (pin, file) =
        (Command::new(0x00, 0x20, 0x00, 0x05), Command::new(0x00, 0xA4, 0, 0).data(&[0x50, 0x10]));
    let key = Command::new(0x80, 0x48, 0x35, 0x0B).le(6);
    let fmcos = esam.fmcos();
    let mut answers = false;
    for command in [pin.data(b"\x12\x34\x56"), file, key] {
        answers |= fmcos.ask("what was put in", &command)?.sw.is_ok();
    }
    Ok(purse.balance == Fen(0) && purse.count == 0 && !answers)
}

/// A finished card, and its own master proved: it is neither wiped nor filled, and nobody writes its account.
fn with_its_master(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a finished card wiped or refilled by whoever holds its master");
    let mut city = City::new(suite, seed)?;
    let whole = city.site(0, Mode::Symmetric)?.esam;
    let own = Roots::test(suite).city(region()?).meter(Role::Master, number(1000)?);
    let update = |offset: u8, len: usize| Command::new(0x00, 0xD6, 0x00, offset).data(&vec![1; len]);
    let mut commands: Vec<(&str, Option<[u8; 2]>, Command)> =
        extras().into_iter().map(|(what, command)| (what, None, command)).collect();
    commands.push(("ERASE DF", None, Command::new(0x80, 0x0E, 0x00, 0x00)));
    // Opened, meter, customer, SIM binding; the ceiling alone is its master's to write.
    for (offset, len) in [(0, 1), (1, 6), (7, 6), (13, 8), (0, 32)] {
        commands.push(("the account", Some(EF_PARAMETERS.bytes()), update(offset, len)));
    }
    for (what, file, command) in &commands {
        let mut card = seed.copy(&whole)?;
        card.reset()?;
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.select_mf()?;
        let challenge = fmcos.challenge8()?;
        fmcos.external_authenticate(0, &seal::cryptogram(&own, &challenge))?;
        if let Some(file) = file {
            fmcos.send("SELECT", &Command::new(0x00, 0xA4, 0x00, 0x00).data(file))?;
        }
        let before = card.image().eeprom;
        let sw = Fmcos::new(&mut card).ask("a command to a finished card", command)?.sw;
        if !sw.is_ok() && card.image().eeprom == before {
            row.stopped(sw.to_string());
        } else {
            row.went_through(format!("{what}: {sw}"));
        }
    }
    Ok(row)
}

/// What passed on a line, both ways, and what a trace has of it.
struct Tapped<'c> {
    card: &'c mut dyn Channel,
    heard: Vec<Vec<u8>>,
}

impl Channel for Tapped<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.heard.push(command.to_vec());
        let answer = self.card.transmit(command)?;
        self.heard.push(answer.clone());
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

#[derive(Clone, Default)]
struct Lines(Rc<RefCell<String>>);

impl TraceSink for Lines {
    fn line(&mut self, line: &str) {
        self.0.borrow_mut().push_str(line);
    }
}

/// The passage of an ESAM from test to formal keys, heard on its line: no key of the province is in it, in clear or under a published key, and
/// a trace has nothing of what carries one.
fn heard(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a formal key looked for on the line, in a trace, under published keys");
    let (mut heard, lines) = (Vec::new(), Lines::default());
    let trace = lines.clone();
    let formal = Formal::heard(suite, seed, &mut |esam, pass| {
        let mut tapped = Tapped { card: esam, heard: Vec::new() };
        let done = pass(&mut TraceChannel::new(&mut tapped, trace.clone()));
        heard = tapped.heard;
        done
    })?;
    let city = formal.roots.city(region()?);
    let secrets = Role::ALL.into_iter().flat_map(|role| {
        [formal.roots.get(role), city.get(role), &city.meter(role, formal.number())]
            .map(|key| key.expose().to_vec())
    });
    for key in secrets.collect::<Vec<_>>() {
        for half in key.chunks(8) {
            match heard.iter().any(|bytes| bytes.windows(8).any(|eight| eight == half)) {
                true => row.went_through("half a key passed in clear"),
                false => row.stopped("keys leave a card sealed, or not at all"),
            }
        }
    }
    // Everybody knows the test master; what carries a key is not under it.
    let published = Roots::test(suite).city(region()?).meter(Role::Master, formal.number());
    let shown = lines.0.borrow();
    let mut challenge = [0; 8];
    for pair in heard.chunks(2) {
        let [command, answer] = pair else { continue };
        if let ([_, 0x84, ..], Some(fresh)) = (&command[..], answer.first_chunk()) {
            challenge = *fresh;
        }
        let [cla, ins @ 0xD4, p1, p2, lc, field @ ..] = &command[..] else { continue };
        let header = [*cla, *ins, *p1, *p2, *lc];
        let bound = field.split_last_chunk::<4>().is_some_and(|(cipher_text, mac)| {
            keys::equal(&seal::bound_mac(&published, &challenge, &header, cipher_text), mac)
        });
        let opens = bound || seal::unwrap(&published, &challenge, &header, field).is_ok();
        if opens {
            row.went_through(format!("{header:02X?} opens under the published master"));
        } else {
            row.stopped("sealed under the key the chip was born with");
        }
        let digits: String = field.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
        if shown.contains(&digits) {
            row.went_through(format!("{header:02X?} stands in the trace"));
        } else {
            row.stopped("a trace hides what carries a key");
        }
    }
    Ok(row)
}
