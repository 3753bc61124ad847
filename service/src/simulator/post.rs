//! What a message centre has in hand: servers' lines, messages for phones and for servers.

use super::slips::{Slip, Slips};
use parties::phones::{Arrived, Content, Exchange, ForPhone};
use parties::{Result, Session};
use scheme::chance::{Chance, random};
use smpp::centre::Event;
use smpp::{Account, Centre, Fate, Letter, LinkError, Number, Receipt, status};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wire::sms::tpdu::Timestamp;

/// How late an answer is that is late: later than anybody waits.
const LATE: Duration = Duration::from_secs(12);
/// Messages for servers that wait at once; beyond that a phone's wait in the network, and a server's are refused.
const WAITING: usize = 10_000;
/// The centre's name in the answer to a bind.
const NAME: &str = "gridcard";

/// What a line is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// On.
    On,
    /// It is cut.
    Cut,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages taken from servers.
    pub taken: u64,
    /// Messages and receipts that servers took.
    pub delivered: u64,
    /// Octets of messages taken and delivered, headers included.
    pub octets: u64,
}

/// A line to a server.
struct Line {
    centre: Centre,
    /// Whose it is, once bound.
    account: Option<usize>,
    cut: bool,
}

/// What is for a server.
#[derive(Clone)]
enum What {
    Letter(Letter),
    Receipt(Receipt, Number),
}

struct Post {
    account: usize,
    what: What,
    due: Duration,
    /// The line on which it is being delivered.
    on: Option<u64>,
    /// The letter of the network it came in, which stays there until a server has it.
    arrived: Option<Arc<Arrived>>,
}

/// What goes on later.
enum Later {
    Answer { line: u64, sequence: u32, id: String },
    ToPhone(Sent),
}

/// A message for a phone, or for another server.
#[derive(Clone)]
struct Sent {
    id: String,
    account: usize,
    letter: Letter,
}

/// The post room.
pub struct Room {
    session: Session,
    exchange: Option<Exchange>,
    accounts: Vec<Account>,
    slips: Slips,
    chance: Box<dyn Chance + Send>,
    lines: BTreeMap<u64, Line>,
    posts: BTreeMap<u64, Post>,
    later: Vec<(Duration, Later)>,
    /// Which message a report of the network is about: its reference and the phone's digits.
    asked: BTreeMap<(u8, String), Sent>,
    arrived: BTreeSet<PathBuf>,
    last: u64,
    /// What was counted.
    pub counts: Counts,
}

impl Room {
    /// An empty one.
    pub fn new(session: Session, exchange: Option<Exchange>, accounts: Vec<Account>, slips: Slips) -> Self {
        let chance = session.chance("faults of the message centre");
        Room {
            session,
            exchange,
            accounts,
            slips,
            chance,
            lines: BTreeMap::new(),
            posts: BTreeMap::new(),
            later: Vec::new(),
            asked: BTreeMap::new(),
            arrived: BTreeSet::new(),
            last: 0,
            counts: Counts::default(),
        }
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A line is open; gives its number here.
    pub fn open(&mut self, now: Duration) -> u64 {
        let line = self.number();
        self.lines.insert(line, Line { centre: Centre::open(now), account: None, cut: false });
        line
    }

    /// A line has ended: what was delivered on it and not taken is delivered again.
    pub fn close(&mut self, line: u64) {
        self.lines.remove(&line);
        self.posts.values_mut().filter(|post| post.on == Some(line)).for_each(|post| post.on = None);
    }

    /// Something came over a line; gives what is to be said on it.
    ///
    /// # Errors
    /// The line is of no use any more; the inner one: the network cannot be written.
    pub fn hear(
        &mut self,
        line: u64,
        bytes: &[u8],
        now: Duration,
    ) -> std::result::Result<Result<(Vec<u8>, Goes)>, LinkError> {
        let Some(known) = self.lines.get_mut(&line) else { return Err(LinkError::Ended) };
        let heard = known.centre.hear(bytes, now).and_then(|()| known.centre.tick(now));
        let mut done = Ok(());
        while let Some(event) = self.lines.get_mut(&line).and_then(|line| line.centre.next()) {
            done = done.and(self.happens(line, event, now)?);
        }
        let Some(known) = self.lines.get_mut(&line) else { return Err(LinkError::Ended) };
        let said = known.centre.take();
        let goes = if known.cut || heard.is_err() { Goes::Cut } else { Goes::On };
        Ok(done.map(|()| (said, goes)))
    }

    fn happens(
        &mut self,
        line: u64,
        event: Event,
        now: Duration,
    ) -> std::result::Result<Result<()>, LinkError> {
        match event {
            Event::Bind { sequence, name, password, number } => {
                let is = |account: &Account| {
                    let same = number.is_empty()
                        || Number::international(&number).is_some_and(|it| it.is(account.number()));
                    // The password is compared whatever the name is.
                    account.is_password(&password.0) & (account.name() == name) & same
                };
                let found = self
                    .accounts
                    .iter()
                    .map(is)
                    .enumerate()
                    .fold(None, |found, (n, is)| if is { Some(n) } else { found });
                let Some(known) = self.lines.get_mut(&line) else { return Ok(Ok(())) };
                match found {
                    Some(account) => {
                        known.account = Some(account);
                        known.centre.bound(sequence, NAME)?;
                    }
                    None => known.centre.refuse(sequence, status::BIND)?,
                }
                Ok(Ok(()))
            }
            Event::Letter { sequence, letter } => self.submitted(line, sequence, letter, now),
            Event::Taken(key) => {
                let Some(post) = self.posts.remove(&key) else { return Ok(Ok(())) };
                self.counts.delivered += 1;
                self.counts.octets += octets(&post.what);
                Ok(post.arrived.map_or(Ok(()), |arrived| self.take(&arrived)))
            }
            Event::Again(key) => {
                if let Some(post) = self.posts.get_mut(&key) {
                    (post.on, post.due) = (None, now + Duration::from_secs(1));
                }
                Ok(Ok(()))
            }
        }
    }

    /// The network may forget a letter.
    fn take(&mut self, arrived: &Arrived) -> Result<()> {
        self.arrived.remove(arrived.name());
        self.exchange.as_ref().map_or(Ok(()), |exchange| exchange.take(&self.session, arrived))
    }

    /// A message from a server.
    fn submitted(
        &mut self,
        line: u64,
        sequence: u32,
        letter: Letter,
        now: Duration,
    ) -> std::result::Result<Result<()>, LinkError> {
        let slip = self.slips.of_submitted(&mut *self.chance);
        let number = self.number();
        let Some(known) = self.lines.get_mut(&line) else { return Ok(Ok(())) };
        let Some(account) = known.account else { return Ok(Ok(())) };
        let refused = match slip {
            Some(Slip::Throttle) => Some(status::THROTTLED),
            Some(Slip::Full) => Some(status::QUEUE_FULL),
            Some(Slip::Down) => Some(status::SYSTEM),
            _ if !letter.from.digits.is_empty() && !letter.from.is(self.accounts[account].number()) => {
                Some(status::SOURCE)
            }
            _ if self.posts.len() >= WAITING => Some(status::QUEUE_FULL),
            _ if letter.to.address().is_err() => Some(status::DESTINATION),
            _ if letter.carried().is_err() => Some(status::LENGTH),
            _ => None,
        };
        if let Some(status) = refused {
            return known.centre.refuse(sequence, status).map(Ok);
        }
        if slip == Some(Slip::CutBefore) {
            known.cut = true;
            return Ok(Ok(()));
        }
        let id = format!("{number:08X}");
        let from = self.accounts[account].number().clone();
        let sent = Sent { id: id.clone(), account, letter: Letter { from, ..letter } };
        self.counts.taken += 1;
        self.counts.octets += sent.letter.data.len() as u64;
        let answer = |room: &mut Room| match (slip, room.lines.get_mut(&line)) {
            (Some(Slip::Late), _) => {
                room.later.push((now + LATE, Later::Answer { line, sequence, id: id.clone() }));
                Ok(())
            }
            (Some(Slip::Cut), Some(known)) => {
                known.cut = true;
                Ok(())
            }
            (_, Some(known)) => known.centre.accept(sequence, &id),
            (_, None) => Ok(()),
        };
        if slip != Some(Slip::ReceiptFirst) {
            answer(self)?;
        }
        let done = match slip {
            Some(Slip::Lose) => Ok(()),
            Some(Slip::Delay) => {
                let pause = self.pause();
                self.later.push((now + pause, Later::ToPhone(sent)));
                Ok(())
            }
            Some(Slip::Double) => self.send(&sent, now).and_then(|()| self.send(&sent, now)),
            Some(Slip::ReceiptFirst) => {
                self.fate(&sent, Fate::Delivered, now);
                self.flush(now)?;
                answer(self)?;
                self.send(
                    &Sent { letter: Letter { wants_receipt: false, ..sent.letter.clone() }, ..sent },
                    now,
                )
            }
            _ => self.send(&sent, now),
        };
        Ok(done)
    }

    /// One to five seconds.
    fn pause(&mut self) -> Duration {
        let [drawn] = random(&mut *self.chance);
        Duration::from_secs(1 + u64::from(drawn % 5))
    }

    /// A message goes to the server or the phone it is for.
    fn send(&mut self, sent: &Sent, now: Duration) -> Result<()> {
        let Sent { letter, .. } = sent;
        if let Some(to) = self.accounts.iter().position(|account| account.number().is(&letter.to)) {
            let letter = Letter { wants_receipt: false, ..letter.clone() };
            self.post(to, What::Letter(letter), None, now);
            self.fate(sent, Fate::Delivered, now);
            return Ok(());
        }
        let Some(exchange) = &self.exchange else {
            self.fate(sent, Fate::Undeliverable, now);
            return Ok(());
        };
        let timestamp = Timestamp::china(self.session.now()?.0)?;
        // Its form was looked at when it was taken.
        let Ok(deliver) = letter.to_deliver(timestamp) else { return Ok(()) };
        let [reference] = random(&mut *self.chance);
        let (to, from) = (letter.to.text(), letter.from.text());
        let report = letter.wants_receipt.then_some(reference);
        let message = ForPhone { to: &to, deliver: &deliver, from: &from, report };
        if !exchange.deliver(&self.session, &message)? {
            self.fate(sent, Fate::Undeliverable, now);
        } else if letter.wants_receipt {
            self.asked.insert((reference, letter.to.digits.clone()), sent.clone());
        }
        Ok(())
    }

    /// What became of a message is told to whoever sent it, if he wants to know.
    fn fate(&mut self, sent: &Sent, fate: Fate, now: Duration) {
        if !sent.letter.wants_receipt {
            return;
        }
        let at = self.session.now().map(|now| now.to_string()).unwrap_or_default();
        let done: String = at.chars().filter(char::is_ascii_digit).skip(2).take(10).collect();
        let receipt = Receipt { id: sent.id.clone(), fate, done };
        self.post(sent.account, What::Receipt(receipt, sent.letter.to.clone()), None, now);
    }

    /// Something for a server; gives how often it comes.
    fn post(&mut self, account: usize, what: What, arrived: Option<Arc<Arrived>>, now: Duration) -> u8 {
        let slip = self.slips.of_delivered(&mut *self.chance);
        let due = if slip == Some(Slip::DelayBack) { now + self.pause() } else { now };
        let copies = match slip {
            Some(Slip::LoseBack) => 0,
            Some(Slip::DoubleBack) => 2,
            _ => 1,
        };
        if slip == Some(Slip::CutBack) {
            self.lines
                .values_mut()
                .filter(|line| line.account == Some(account))
                .for_each(|line| line.cut = true);
        }
        for _ in 0..copies {
            let key = self.number();
            let post = Post { account, what: what.clone(), due, on: None, arrived: arrived.clone() };
            self.posts.insert(key, post);
        }
        copies
    }

    /// Looks what the network has and what is due. Lines are then heard with nothing, so that they say what they have to.
    ///
    /// # Errors
    /// The network cannot be read.
    pub fn look(&mut self, now: Duration) -> Result<()> {
        let (due, rest) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = rest;
        let due: Vec<(Duration, Later)> = due;
        for (_, later) in due {
            match later {
                Later::Answer { line, sequence, id } => {
                    if let Some(line) = self.lines.get_mut(&line) {
                        // A name of eight digits fits.
                        let _ = line.centre.accept(sequence, &id);
                    }
                }
                Later::ToPhone(sent) => self.send(&sent, now)?,
            }
        }
        let found = match &self.exchange {
            Some(exchange) if self.posts.len() < WAITING => exchange.arrived(&self.session)?,
            _ => Vec::new(),
        };
        for letter in
            found.into_iter().filter(|letter| !self.arrived.contains(letter.name())).collect::<Vec<_>>()
        {
            self.of_phone(letter, now)?;
        }
        // A message of a fitting form fits.
        let _ = self.flush(now);
        Ok(())
    }

    /// A letter of the network. It stays there until a server has it.
    fn of_phone(&mut self, letter: Arrived, now: Duration) -> Result<()> {
        match &letter.content {
            Content::Report(report) => {
                let digits = report.recipient.digits().unwrap_or_default();
                let key = (report.reference, digits.trim_start_matches('+').to_owned());
                let fate = if report.status < 0x20 { Fate::Delivered } else { Fate::Undeliverable };
                self.take(&letter)?;
                if let Some(sent) = self.asked.remove(&key) {
                    self.fate(&sent, fate, now);
                }
            }
            Content::Message(submit) => {
                let to = self.accounts.iter().position(|account| {
                    Number::international(&letter.to).is_some_and(|to| to.is(account.number()))
                });
                let from = Number::international(&letter.from);
                let message = from.and_then(|from| Letter::of_submit(submit, from));
                let (Some(account), Some(message)) = (to, message) else { return Ok(()) };
                let message = Letter { to: self.accounts[account].number().clone(), ..message };
                let letter = Arc::new(letter);
                self.arrived.insert(letter.name().to_owned());
                if self.post(account, What::Letter(message), Some(letter.clone()), now) == 0 {
                    self.take(&letter)?;
                }
            }
        }
        Ok(())
    }

    /// Delivers what is due on lines that have room.
    fn flush(&mut self, now: Duration) -> std::result::Result<(), LinkError> {
        for (key, post) in self.posts.iter_mut().filter(|(_, post)| post.on.is_none() && post.due <= now) {
            let fits =
                |line: &&mut Line| line.account == Some(post.account) && !line.cut && line.centre.room() > 0;
            let mut lines = self.lines.iter_mut().map(|(number, line)| (*number, line));
            let Some((number, line)) = lines.find(|(_, line)| fits(line)) else { continue };
            match &post.what {
                What::Letter(letter) => line.centre.deliver(*key, letter, now)?,
                What::Receipt(receipt, from) => {
                    let to = self.accounts[post.account].number();
                    line.centre.tell(*key, receipt, from, to, now)?;
                }
            }
            post.on = Some(number);
        }
        Ok(())
    }
}

fn octets(what: &What) -> u64 {
    match what {
        What::Letter(letter) => letter.data.len() as u64,
        What::Receipt(receipt, _) => receipt.text().len() as u64,
    }
}
