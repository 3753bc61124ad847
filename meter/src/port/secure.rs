//! The port's security: identity, money, keys, parameters and control, as a station without a wire to the ESAM sends them through
//! whoever holds the line [docs/specs/dlt645.md 6].
//!
//! What proves a command is its MAC, which the ESAM checks; here is who may ask, how often, and what the meter does of it. One
//! session of the ESAM serves one authentication: its random lives in it, so the caller keeps the card as long as
//! [`Guard::holds`] says.

use super::word::Serr;
use crate::events::EventKind;
use crate::mcu::Meter;
use reader::CardError;
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use reader::parameter::{self, Write, plain_write};
use reader::security::{fields, identifier, turned};
use scheme::field::{FACTORY_FACTOR, factor, joined};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::profile::{ESAM_KEYS, State};
use wire::dlt645::{Address, Control, Frame, Identifier, function};
use wire::{Channel, Sw};

/// Which eye of the meter a frame came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Wires.
    Wires,
    /// Infrared light: anybody in front of the meter.
    Infrared,
}

/// Wrong MACs of one day before the port is shut until midnight.
pub const MOST_WRONG: u16 = 200;
/// Seconds between a request of an infrared reader and its proof.
const INFRARED_ANSWER: i64 = 59;
/// Seconds an infrared reader stays proved.
const INFRARED_VALID: i64 = 30 * 60;
/// Bytes before the fields of a request: identifier, operator.
const HEAD: usize = 8;
/// Key blocks of 36 bytes.
const BLOCK: usize = 36;

/// A file of information, plainly and in cipher text; no station of ours writes them.
const INFORMATION: Identifier = Identifier(0x0700_04FF);
const INFORMATION_ENCIPHERED: Identifier = Identifier(0x0700_05FF);

/// What the meter remembers of a port between two frames. It dies with the meter's power.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    identity: Option<Identity>,
    /// Until when a proof of an infrared reader may come.
    asked: Option<i64>,
    /// Until when one is proved.
    infrared: Option<i64>,
    /// Keys that came, by their number.
    keys: [Option<[u8; 32]>; ESAM_KEYS.len()],
}

#[derive(Debug, Clone, Copy)]
struct Identity {
    /// First 4 bytes of the station's random: what goes to it is bound to them.
    random: [u8; 4],
    until: i64,
}

impl Guard {
    /// Whether the ESAM's session has to stay open: somebody is authenticated, or about to be.
    pub fn holds(&mut self, now: Moment) -> bool {
        let now = now.seconds();
        if self.identity.is_some_and(|identity| identity.until < now) {
            self.end();
        }
        self.asked = self.asked.filter(|until| now <= *until);
        self.infrared = self.infrared.filter(|until| now <= *until);
        self.identity.is_some() || self.asked.is_some()
    }

    /// Whether everything may be read: on wires, and by an infrared reader that has proved itself.
    pub fn may_read(&mut self, way: Way, now: Moment) -> bool {
        self.holds(now);
        way == Way::Wires || self.infrared.is_some()
    }

    fn end(&mut self) {
        self.identity = None;
        self.keys = Default::default();
    }
}

/// Whether the meter answers a function here, and not as a fact.
pub const fn serves(function: u8) -> bool {
    matches!(
        function,
        function::SECURITY
            | function::CONTROL
            | function::WRITE
            | function::CLEAR_DEMAND
            | function::CLEAR_METER
            | function::CLEAR_EVENTS
    )
}

/// What a meter says to a frame of security, control or writing; `None`: it is not for it. The flash is the caller's to keep afterwards;
/// before money moves the meter has it kept itself.
pub fn serve(
    meter: &mut Meter,
    esam: &mut dyn Channel,
    guard: &mut Guard,
    way: Way,
    frame: &Frame,
    now: Moment,
) -> Option<Frame> {
    let own = Address(meter.state.config.number.0);
    if frame.control.is_answer() || !frame.address.reaches(own) || frame.address == Address::BROADCAST {
        return None;
    }
    guard.holds(now);
    let function = frame.control.function();
    let named = frame.address == own;
    let mut port = Port { meter, esam: Esam::new(esam), guard, way, now, named };
    let done = match function {
        function::SECURITY => port.security(&frame.data),
        function::CONTROL => port.control(&frame.data),
        function::CLEAR_DEMAND | function::CLEAR_METER | function::CLEAR_EVENTS => {
            port.clear(function, &frame.data).map(|()| Vec::new())
        }
        function::WRITE => port.write(&frame.data).map(|()| Vec::new()),
        _ => return None,
    };
    let (control, data) = match done {
        Ok(data) => (Control::answer(function, false), data),
        Err(why) if function == function::SECURITY => (Control::refusal(function), why.word().to_vec()),
        Err(why) if function == function::CONTROL && wants_words(&frame.data) => {
            (Control::refusal(function), why.cause().to_vec())
        }
        Err(why) => (Control::refusal(function), vec![why.ordinary()]),
    };
    Some(Frame { address: own, control, data })
}

/// Whether a control command asks for the state behind "done", and for the cause of a refusal: P2 is 01.
fn wants_words(data: &[u8]) -> bool {
    data.get(3) == Some(&0x01)
}

struct Port<'p, 'c> {
    meter: &'p mut Meter,
    esam: Esam<'c>,
    guard: &'p mut Guard,
    way: Way,
    now: Moment,
    /// The frame names this meter, and does not ask whoever hears it.
    named: bool,
}

type Said = Result<Vec<u8>, Serr>;

/// Fields of a request, or what is said to one of another length.
fn split<const N: usize>(data: &[u8], lengths: [usize; N]) -> Result<[Vec<u8>; N], Serr> {
    fields(data.get(HEAD..).unwrap_or_default(), lengths).ok_or(Serr::Other)
}

fn four(field: &[u8]) -> Result<[u8; 4], Serr> {
    field.try_into().map_err(|_| Serr::Other)
}

fn eight(field: &[u8]) -> Result<[u8; 8], Serr> {
    field.try_into().map_err(|_| Serr::Other)
}

impl Port<'_, '_> {
    fn security(&mut self, data: &[u8]) -> Said {
        let (about, _) = Identifier::split(data).ok_or(Serr::Other)?;
        if data.len() < HEAD {
            return Err(Serr::Other);
        }
        let of_infrared = matches!(about, identifier::INFRARED | identifier::INFRARED_REQUEST);
        if of_infrared && self.way != Way::Infrared {
            return Err(Serr::Other);
        }
        if !of_infrared {
            self.infrared_proved()?;
        }
        if !of_infrared && about != identifier::IDENTITY {
            self.identified()?;
        }
        // Whoever asks any meter that hears it may look, and change nothing.
        let looks = [identifier::IDENTITY, identifier::END, identifier::READ_BACK, identifier::STATUS];
        if !self.named && !of_infrared && !looks.contains(&about) {
            return Err(Serr::Other);
        }
        let said = match about {
            identifier::IDENTITY => self.identify(data),
            identifier::VALIDITY => self.validity(data),
            identifier::END => self.end(data),
            identifier::INFRARED_REQUEST => self.infrared_request(data),
            identifier::INFRARED => self.infrared(data),
            identifier::OPEN => self.recharge(data, true),
            identifier::RECHARGE => self.recharge(data, false),
            identifier::SET_PURSE => self.set_purse(data),
            identifier::KEYS => self.keys(data),
            identifier::READ_BACK => self.read_back(data),
            identifier::STATUS => self.status(data),
            INFORMATION => self.information(data, &[0x18, 0x1A, 0x1B, 0x1C]),
            INFORMATION_ENCIPHERED => self.information(data, &[0x15, 0x0B]),
            // UNSPECIFIED: no program comparison: this meter has no program to compare.
            _ => Err(Serr::Other),
        }?;
        Ok([&about.bytes()[..], &said].concat())
    }

    /// A reader in front of the meter proves itself before it may do more than ask for that.
    fn infrared_proved(&self) -> Result<(), Serr> {
        let proved = self.way == Way::Wires || self.guard.infrared.is_some();
        if proved { Ok(()) } else { Err(Serr::Identity) }
    }

    fn identified(&self) -> Result<Identity, Serr> {
        self.guard.identity.ok_or(Serr::Identity)
    }

    /// Shut until midnight after too many wrong MACs.
    fn open(&self) -> Result<(), Serr> {
        if self.meter.state.wrong_macs.of(self.now) < MOST_WRONG { Ok(()) } else { Err(Serr::Suspended) }
    }

    fn factor(&self) -> [u8; 8] {
        factor(self.meter.state.config.number)
    }

    /// What the ESAM says to a command with a MAC; a wrong one is counted. A card that does not answer ends the session.
    fn mac(&mut self, done: Result<Vec<u8>, CardError>) -> Said {
        done.map_err(|error| match error.sw() {
            Some(Sw::SM_WRONG) => {
                self.meter.state.wrong_macs.count(self.now);
                Serr::Verification
            }
            Some(Sw::NOT_ALLOWED | Sw::CONDITIONS) => Serr::Verification,
            Some(_) => Serr::Other,
            None => self.lost(),
        })
    }

    fn lost(&mut self) -> Serr {
        self.guard.end();
        Serr::Other
    }

    fn card<T>(&mut self, done: Result<T, CardError>) -> Result<T, Serr> {
        done.map_err(|error| if error.sw().is_some() { Serr::Other } else { self.lost() })
    }

    fn identify(&mut self, data: &[u8]) -> Said {
        let [cipher, random, named] = split(data, [8, 8, 8])?;
        let (random, named) = (eight(&random)?, eight(&named)?);
        let factory = self.meter.state.config.state == State::Test && named == FACTORY_FACTOR;
        if named != self.factor() && !factory {
            return Err(Serr::Other);
        }
        // A new one ends the one before, whatever comes of it.
        self.guard.end();
        let begun = self.begin(&named, &random);
        let (found, number) = self.card(begun)?;
        if !keys::equal(&found, &cipher) {
            return Err(Serr::Identity);
        }
        let minutes = FieldEsam::new(&mut self.esam).read(0x02, 0x2B, 2);
        let minutes = self.card(minutes)?;
        let minutes = decimal(&minutes).filter(|minutes| *minutes > 0).unwrap_or(5);
        let drawn = FieldEsam::new(&mut self.esam).random4();
        let drawn = self.card(drawn)?;
        let random = [random[0], random[1], random[2], random[3]];
        self.guard.identity = Some(Identity { random, until: self.now.seconds() + 60 * minutes });
        Ok([turned(&drawn), turned(&number)].concat())
    }

    /// The ESAM anew, with the meter's rights, and what it makes of a random.
    fn begin(&mut self, named: &[u8; 8], random: &[u8; 8]) -> Result<([u8; 8], [u8; 8]), CardError> {
        self.esam.reset()?;
        self.meter.meet(&mut self.esam, self.now)?;
        self.meter.prove_mcu(&mut self.esam)?;
        // What came in before a loss of power is seen now.
        self.meter.state.balance = self.esam.balance()?;
        self.meter.switch_relay(self.now);
        let mut field = FieldEsam::new(&mut self.esam);
        let number = field.number()?;
        Ok((field.identity(named, random)?, number))
    }

    fn validity(&mut self, data: &[u8]) -> Said {
        let [minutes, mac] = split(data, [2, 4])?;
        self.open()?;
        let valid = decimal(&minutes).filter(|minutes| *minutes > 0).ok_or(Serr::Other)?;
        let written = self.write_with_mac([0x04, 0xD6, 0x82, 0x2B], &minutes, &mac);
        self.mac(written)?;
        if let Some(identity) = &mut self.guard.identity {
            identity.until = self.now.seconds() + 60 * valid;
        }
        Ok(Vec::new())
    }

    fn write_with_mac(&mut self, header: [u8; 4], data: &[u8], mac: &[u8]) -> Result<Vec<u8>, CardError> {
        FieldEsam::new(&mut self.esam).send("a command with a MAC", header, &[data, mac].concat())
    }

    fn end(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        self.settle();
        let read = self.account();
        let (customer, money, count, keys) = self.card(read)?;
        self.guard.end();
        Ok([turned(&customer), turned(&money), turned(&count), turned(&keys)].concat())
    }

    /// Customer, money, count and key state word.
    #[allow(clippy::type_complexity, reason = "four fields of one answer")]
    fn account(&mut self) -> Result<(Vec<u8>, [u8; 4], [u8; 4], Vec<u8>), CardError> {
        let purse = self.esam.purse()?;
        let mut field = FieldEsam::new(&mut self.esam);
        let (customer, keys) = (field.read(0x02, 0x24, 6)?, field.read(0x05, 0, 4)?);
        Ok((customer, purse.balance.0.to_be_bytes(), purse.count.to_be_bytes(), keys))
    }

    /// What is due is taken before somebody looks. A debit that fails stays due.
    fn settle(&mut self) {
        if self.meter.owes() {
            let due = self.meter.state.due.fen;
            if self.meter.settle(&mut self.esam).is_err() {
                self.meter.state.events.push(self.now, EventKind::DebitFailed { due });
            }
        }
    }

    /// Money comes in only when no debit is half known, in the flash either: whether one was done is told by the purse, and the purse is
    /// about to change.
    fn knows_its_debits(&mut self) -> Result<(), Serr> {
        if self.meter.state.pending_debit.is_some() {
            return Err(self.lost());
        }
        self.meter.keep().map_err(|_| Serr::Other)
    }

    fn status(&mut self, data: &[u8]) -> Said {
        let [] = split(data, [])?;
        let identity = self.identified()?;
        self.settle();
        let read = self.stated_account(identity.random);
        self.card(read)
    }

    fn stated_account(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        let own = self.factor();
        let mut field = FieldEsam::new(&mut self.esam);
        let (money, count) = (field.state_purse(1, random, &own)?, field.state_purse(3, random, &own)?);
        let (customer, keys) = (field.read(0x02, 0x24, 6)?, field.read(0x05, 0, 4)?);
        let fields = [&money.data[..], &money.mac, &count.data, &count.mac, &customer, &keys];
        Ok(fields.map(turned).concat())
    }

    fn read_back(&mut self, data: &[u8]) -> Said {
        let [length, start, file, directory] = split(data, [2, 2, 2, 2])?;
        let identity = self.identified()?;
        if directory != parameter::DIRECTORY || file[0] != 0 {
            return Err(Serr::Other);
        }
        let echoed = data.get(HEAD..HEAD + 8).unwrap_or_default();
        let own = self.factor();
        self.settle();
        let mut field = FieldEsam::new(&mut self.esam);
        let stated = match (file[1], start[..] == [0, 0] || start[0] == 0, length[0]) {
            (1, ..) => field
                .state_purse(1, identity.random, &own)
                .and_then(|money| Ok([money, field.state_purse(3, identity.random, &own)?].to_vec())),
            (file @ 2..=0x1E, true, 0) => {
                field.state(file, start[1], length[1], identity.random, &own).map(|found| vec![found])
            }
            _ => return Err(Serr::Other),
        };
        let stated = self.card(stated)?;
        let said = stated.iter().flat_map(|found| [turned(&found.data), turned(&found.mac)]).flatten();
        Ok([echoed, &said.collect::<Vec<u8>>()].concat())
    }

    fn infrared_request(&mut self, data: &[u8]) -> Said {
        let [random] = split(data, [8])?;
        let random = eight(&random)?;
        // It ends an authentication: the ESAM begins anew.
        self.guard.end();
        let own = self.factor();
        let begun = self.begin(&own, &random);
        let (cipher, number) = self.card(begun)?;
        let drawn = FieldEsam::new(&mut self.esam).random8();
        let drawn = self.card(drawn)?;
        self.guard.asked = Some(self.now.seconds() + INFRARED_ANSWER);
        let meter = self.meter.state.config.number.0;
        Ok([turned(&meter), turned(&number), turned(&cipher), turned(&drawn)].concat())
    }

    fn infrared(&mut self, data: &[u8]) -> Said {
        let [proof] = split(data, [8])?;
        if self.guard.asked.take().is_none() {
            return Err(Serr::Other);
        }
        self.guard.end();
        let proved = FieldEsam::new(&mut self.esam).infrared(&eight(&proof)?);
        if !self.card(proved)? {
            // UNSPECIFIED: two firmwares of three say so, one says that the identity is wrong.
            return Err(Serr::Verification);
        }
        self.guard.infrared = Some(self.now.seconds() + INFRARED_VALID);
        Ok(Vec::new())
    }

    /// Opening and recharge: customer with its MAC, then count, then money with its MAC.
    ///
    /// UNSPECIFIED: of three firmwares one has the money first; a meter that was never opened says bit 5 as two of them do.
    fn recharge(&mut self, data: &[u8], opens: bool) -> Said {
        let [amount, count, money_mac, customer, customer_mac] = split(data, [4, 4, 4, 6, 4])?;
        let wanted = u32::from_be_bytes(four(&count)?);
        self.settle();
        let read = self.esam.parameters();
        let account = self.card(read)?;
        let read = self.esam.purse();
        let purse = self.card(read)?;
        if !opens && !account.opened {
            return Err(Serr::Count);
        }
        if account.opened && account.customer.0 != customer[..] {
            return Err(Serr::Customer);
        }
        self.open()?;
        let repeated = purse.count == wanted;
        let written = self.write_with_mac([0x04, 0xD6, 0x82, 0x24], &customer, &customer_mac);
        // The same frame once more: that MAC was taken before, and what it came for was done.
        let again = repeated && matches!(&written, Err(error) if error.sw() == Some(Sw::CONDITIONS));
        if !again {
            self.mac(written)?;
        }
        if repeated {
            return if opens && wanted == 0 { Ok(Vec::new()) } else { Err(Serr::Repeated) };
        }
        if purse.count.checked_add(1) != Some(wanted) {
            return Err(Serr::Count);
        }
        self.knows_its_debits()?;
        let told = self.esam.write_run_info(self.meter.state.register.hundredths, self.now, &[0; 9]);
        self.card(told)?;
        let money = [amount, count].concat();
        let credited = self.write_with_mac([0x84, 0x32, 0x01, 0x0C], &money, &money_mac);
        if let Err(error) = &credited
            && error.sw() == Some(Sw(0x9E21))
        {
            return Err(Serr::Hoard);
        }
        let credited = self.mac(credited);
        // A command whose answer was lost may have been done: the count tells.
        let after = self.esam.purse().map_err(|_| Serr::Other);
        if let Err(why) = credited
            && after.as_ref().map_or(true, |after| after.count != wanted)
        {
            return Err(why);
        }
        let after = after?;
        let more = Fen(after.balance.0.saturating_sub(purse.balance.0));
        self.meter.state.balance = after.balance;
        let credited = EventKind::Credited { amount: more, balance: after.balance };
        self.meter.state.events.push(self.now, credited);
        self.settle();
        self.meter.switch_relay(self.now);
        Ok(Vec::new())
    }

    /// A file of information: number, offset, bytes or cipher text, MAC. A file that this ESAM has not is another cause.
    fn information(&mut self, data: &[u8], files: &[u8]) -> Said {
        let (&[file, low, high], sent) =
            data.get(HEAD..).and_then(<[u8]>::split_first_chunk).ok_or(Serr::Other)?;
        let (value, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
        if !files.contains(&file) || high != 0 || value.is_empty() {
            return Err(Serr::Other);
        }
        self.open()?;
        let written = self.write_with_mac([0x04, 0xD6, 0x80 | file, low], &turned(value), &turned(mac));
        self.mac(written).map(|_| Vec::new())
    }

    fn set_purse(&mut self, data: &[u8]) -> Said {
        let [amount, money_mac, count, count_mac] = split(data, [4, 4, 4, 4])?;
        if self.meter.state.config.state != State::Test || count != [0; 4] {
            return Err(Serr::Other);
        }
        self.open()?;
        self.knows_its_debits()?;
        let money = self.write_with_mac([0x04, 0xDC, 0x01, 0x0C], &amount, &money_mac);
        self.mac(money)?;
        let counted = self.write_with_mac([0x04, 0xDC, 0x03, 0x0C], &count, &count_mac);
        self.mac(counted)?;
        self.meter.state.balance = Fen(u32::from_be_bytes(four(&amount)?));
        self.meter.state.due = Default::default();
        self.meter.switch_relay(self.now);
        Ok(Vec::new())
    }

    /// Keys: each frame is checked as it comes, and they are written when all are there.
    fn keys(&mut self, data: &[u8]) -> Said {
        let sent = data.get(HEAD..).unwrap_or_default();
        let (sent, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
        let (blocks, rest) = sent.as_chunks::<BLOCK>();
        if blocks.is_empty() || blocks.len() > 4 || !rest.is_empty() {
            return Err(Serr::Other);
        }
        // The new keys have another pairing. Without it this meter could not speak to its ESAM any more.
        if self.meter.expects().is_none() {
            return Err(Serr::Other);
        }
        self.open()?;
        let blocks: Vec<[u8; BLOCK]> = blocks
            .iter()
            .map(|block| {
                let mut block = *block;
                block.reverse();
                block
            })
            .collect();
        let state = self.meter.state.config.state.code();
        let fits = |[sum, _, number, status, ..]: &[u8; BLOCK]| {
            usize::from(*sum) == ESAM_KEYS.len() && number < sum && *status == state
        };
        if !blocks.iter().all(fits) {
            return Err(Serr::Other);
        }
        let covered = [&self.factor()[..], &joined(&blocks)].concat();
        let checked = self.write_with_mac([0x04, 0xD6, 0x96, 0x00], &covered, &turned(mac));
        self.mac(checked)?;
        for block in &blocks {
            let key = core::array::from_fn(|i| block[4 + i]);
            self.guard.keys[usize::from(block[2])] = Some(key);
        }
        let Some(all) = self.guard.keys.iter().copied().collect::<Option<Vec<_>>>() else {
            return Ok(Vec::new());
        };
        for (number, key) in all.iter().enumerate() {
            let header = [0x84, 0xD4, 0x01, if number == 0 { 0x00 } else { 0xFF }];
            let written = self.write_with_mac(header, key, &[]);
            self.mac(written)?;
        }
        // The session was of the old keys.
        self.guard.end();
        Ok(Vec::new())
    }

    /// Remote control: PA, three bytes of level, operator, and 20 bytes turned round as a whole.
    fn control(&mut self, data: &[u8]) -> Said {
        let (&[level, _, _, _, _, _, _, _], sent) = data.split_first_chunk::<HEAD>().ok_or(Serr::Other)?;
        if level != parameter::ENCIPHERED || sent.len() != 20 {
            return Err(Serr::Verification);
        }
        self.may_write()?;
        let written = self.write_with_mac([0x04, 0xD6, 0x88, 0x00], &turned(sent), &[]);
        self.mac(written)?;
        let read = FieldEsam::new(&mut self.esam).read(0x08, 0, 8);
        let [act, delay, time @ ..] = eight(&self.card(read)?)?;
        if is_past(time, self.now) {
            return Err(Serr::Over);
        }
        if !self.meter.state.control.obey(act, delay, self.now) {
            return Err(Serr::Other);
        }
        self.meter.switch_relay(self.now);
        let state = &self.meter.state;
        Ok(if wants_words(data) { state.control.word(state.relay_open).to_vec() } else { Vec::new() })
    }

    /// 19, 1A, 1B under level 98: what is cleared stands in cipher text with its time.
    ///
    /// UNSPECIFIED: the first byte is taken for the function, so that no command of one is one of another.
    fn clear(&mut self, function: u8, data: &[u8]) -> Result<(), Serr> {
        let (&[level, ..], sent) = data.split_first_chunk::<HEAD>().ok_or(Serr::Other)?;
        if level != parameter::ENCIPHERED || sent.len() != 20 {
            return Err(Serr::Verification);
        }
        self.may_write()?;
        // Its register is what a formal meter is asked for by whoever settles; in test it may begin again.
        let whole = function == function::CLEAR_METER;
        if whole && self.meter.state.config.state != State::Test {
            return Err(Serr::Verification);
        }
        let file = if whole { 0x14 } else { 0x17 };
        let written = self.write_with_mac([0x04, 0xD6, 0x80 | file, 0x00], &turned(sent), &[]);
        self.mac(written)?;
        // Of events 4 bytes more: which ones.
        let events = function == function::CLEAR_EVENTS;
        let read = FieldEsam::new(&mut self.esam).read(file, 0, if events { 12 } else { 8 });
        let plain = self.card(read)?;
        let time = plain.last_chunk::<6>().ok_or(Serr::Other)?;
        if plain[0] != function {
            return Err(Serr::Verification);
        }
        if is_past(*time, self.now) {
            return Err(Serr::Over);
        }
        // One log holds all events, so they go together; there is no demand to clear.
        if events && plain[2..6] != [0xFF; 4] {
            return Err(Serr::NoData);
        }
        let state = &mut self.meter.state;
        if whole {
            state.register = Default::default();
        }
        if whole || events {
            state.events.clear();
        }
        let what = if whole {
            "meter"
        } else if events {
            "events"
        } else {
            "demand"
        };
        state.events.push(self.now, EventKind::Cleared { what: what.into() });
        Ok(())
    }

    fn may_write(&mut self) -> Result<(), Serr> {
        let named = if self.named { Ok(()) } else { Err(Serr::Other) };
        named
            .and_then(|()| self.infrared_proved())
            .and_then(|()| self.identified().map(drop))
            .and_then(|()| self.open())
    }

    /// 14: class 1 with a MAC, class 2 in cipher text.
    fn write(&mut self, data: &[u8]) -> Result<(), Serr> {
        let (about, rest) = Identifier::split(data).ok_or(Serr::Other)?;
        let (head, sent) = rest.split_at_checked(HEAD).ok_or(Serr::Other)?;
        self.may_write()?;
        match head[0] {
            parameter::PLAIN => {
                let (value, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
                let Write { file, offset, data } = plain_write(about, value).ok_or(Serr::NoData)?;
                let written = self.write_with_mac([0x04, 0xD6, 0x80 | file, offset], &data, &turned(mac));
                self.mac(written).map(drop)
            }
            parameter::ENCIPHERED => self.write_enciphered(about, sent),
            _ => Err(Serr::Verification),
        }
    }

    fn write_enciphered(&mut self, about: Identifier, sent: &[u8]) -> Result<(), Serr> {
        let file = parameter::file_of(about);
        let written = self.write_with_mac([0x04, 0xD6, 0x80 | file, 0x00], &turned(sent), &[]);
        self.mac(written)?;
        let read = FieldEsam::new(&mut self.esam).read(file, 0, 5);
        let found = self.card(read)?;
        // Length, then the identifier as it is written: what was enciphered is what the frame said it was.
        if found[1..] == about.0.to_be_bytes() { Ok(()) } else { Err(Serr::Verification) }
    }
}

/// Digits of packed BCD as a number.
fn decimal(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0_i64, |sum, byte| {
        let (tens, ones) = (byte >> 4, byte & 0x0F);
        (tens <= 9 && ones <= 9).then(|| sum * 100 + i64::from(10 * tens + ones))
    })
}

/// Whether a time `YY MM DD hh mm ss` is over; all 99 is never, and what is no time is over.
fn is_past(time: [u8; 6], now: Moment) -> bool {
    let [year, month, day, hour, minute, second] = time;
    let until = Moment::new([0x20, year, month, day, hour, minute, second]);
    time != [0x99; 6] && until.map_or(true, |until| until < now)
}
