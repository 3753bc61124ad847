//! What the line has in hand: messages that wait, messages that are not answered yet, parts of what comes.

use super::desk::{Answered, News, Told};
use scheme::order::OrderId;
use server::DueLetter;
use smpp::esme::Event;
use smpp::{Esme, Letter, LinkError, Number, status};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use wire::sms::gather::{Joiner, Whole};
use wire::sms::record::SmsRecord;
use wire::sms::tpdu::Tpdu;

/// How often a message is sent again that the centre could not take, before it rests.
const TRIES: u8 = 5;
/// How long it rests then.
const REST: Duration = Duration::from_secs(60);
/// Answers of sessions that wait at once; what is beyond is asked for again by its phone.
const WAITING: usize = 1000;
/// How long a receipt of the centre is kept whose message is not known: the answer to the message may be on its way still.
const FATE_TIME: Duration = Duration::from_secs(60);

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// A part of an order.
    Order(OrderId, u8),
    /// An answer of a session, which nobody waits for for ever.
    Session,
}

/// A message that is to be sent.
#[derive(Debug, Clone)]
struct Waits {
    of: Of,
    letter: Letter,
    tries: u8,
    /// Not before.
    due: Duration,
}

/// What came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Its last message: whom it is from, and to whom.
    pub letter: Letter,
    /// It.
    pub whole: Whole,
    /// What the centre waits to be told of it.
    pub sequence: u32,
}

/// What the line has in hand. It stays when a line breaks.
pub struct Leg {
    number: Number,
    queue: VecDeque<Waits>,
    sent: BTreeMap<u64, Waits>,
    last: u64,
    /// Messages of orders that are here, so that the books' list of them brings none twice.
    here: BTreeSet<(OrderId, u8)>,
    joiner: Joiner,
    news: News,
    fates: Vec<(Duration, Told)>,
}

impl Leg {
    /// Nothing in hand.
    pub fn new(number: Number) -> Self {
        Leg {
            number,
            queue: VecDeque::new(),
            sent: BTreeMap::new(),
            last: 0,
            here: BTreeSet::new(),
            joiner: Joiner::default(),
            news: News::default(),
            fates: Vec::new(),
        }
    }

    /// Takes over what the books want sent.
    pub fn take_due(&mut self, due: &[DueLetter], now: Duration) {
        for DueLetter { order, to, records, answered } in due {
            for (part, record) in (1..).zip(records.each()) {
                let is_known = answered.contains(&part) || self.here.contains(&(*order, part));
                if is_known {
                    continue;
                }
                let to = Number::international(to.as_str());
                let read = SmsRecord::parse(record).ok().flatten();
                let letter = match (read.map(|record| record.tpdu), to) {
                    (Some(Tpdu::Deliver(deliver)), Some(to)) => Letter::of_deliver(&deliver, to, true),
                    _ => None,
                };
                // The books have sealed records alone; another would be told by whoever looks at the order.
                let Some(letter) = letter else { continue };
                self.here.insert((*order, part));
                let letter = Letter { from: self.number.clone(), ..letter };
                self.queue.push_back(Waits { of: Of::Order(*order, part), letter, tries: 0, due: now });
            }
        }
    }

    /// An answer of a session is to be sent.
    pub fn send(&mut self, letter: Letter, now: Duration) {
        let sessions = self.queue.iter().filter(|waits| waits.of == Of::Session).count();
        if sessions < WAITING {
            self.queue.push_back(Waits { of: Of::Session, letter, tries: 0, due: now });
        }
    }

    /// Submits what waits, as much as the line has room for.
    ///
    /// # Errors
    /// The line cannot say it.
    pub fn submit(&mut self, esme: &mut Esme, now: Duration) -> Result<(), LinkError> {
        let mut later = VecDeque::new();
        while esme.room(now) > 0 {
            let Some(waits) = self.queue.pop_front() else { break };
            if waits.due > now {
                later.push_back(waits);
                continue;
            }
            self.last += 1;
            esme.submit(self.last, &waits.letter, now)?;
            self.sent.insert(self.last, waits);
        }
        later.append(&mut self.queue);
        self.queue = later;
        Ok(())
    }

    /// Something happened on the line; gives what came whole.
    ///
    /// # Errors
    /// The line cannot be answered.
    pub fn happens(
        &mut self,
        esme: &mut Esme,
        event: Event,
        now: Duration,
    ) -> Result<Option<Came>, LinkError> {
        match event {
            Event::Bound => tracing::info!("the message centre took the bind"),
            Event::Taken { key, id } => {
                if let Some(waits) = self.sent.remove(&key) {
                    self.answered(waits.of, status::OK, Some(id).filter(|id| !id.is_empty()));
                }
            }
            Event::Refused { key, status } => {
                if let Some(waits) = self.sent.remove(&key) {
                    let why = status::name(status);
                    tracing::warn!(to = waits.letter.to.text(), status, "a message is never taken: {why}");
                    self.answered(waits.of, status, None);
                }
            }
            Event::Again { key, status } => self.again(key, status, now),
            Event::Receipt { sequence, receipt, .. } => {
                let told = Told { names: receipt.names(), fate: receipt.fate.word() };
                if receipt.fate.is_final() {
                    self.fates.push((now, told));
                }
                esme.took(sequence, status::OK)?;
            }
            Event::Letter { sequence, letter } => return self.came(esme, sequence, letter, now),
        }
        Ok(None)
    }

    fn answered(&mut self, of: Of, status: u32, name: Option<String>) {
        if let Of::Order(order, part) = of {
            self.news.answered.push(Answered { order, part, status, name });
        }
    }

    fn again(&mut self, key: u64, status: Option<u32>, now: Duration) {
        let Some(mut waits) = self.sent.remove(&key) else { return };
        let is_for_all = matches!(status, Some(status::THROTTLED | status::QUEUE_FULL));
        if !is_for_all {
            waits.tries += 1;
        }
        if waits.tries > TRIES {
            if waits.of == Of::Session {
                return;
            }
            tracing::warn!(to = waits.letter.to.text(), "a message is not taken, and rests for a minute");
            (waits.tries, waits.due) = (0, now + REST);
        }
        self.queue.push_front(waits);
    }

    /// A message came. What is no 8-bit data of ours is somebody's words, and nothing here.
    fn came(
        &mut self,
        esme: &mut Esme,
        sequence: u32,
        letter: Letter,
        now: Duration,
    ) -> Result<Option<Came>, LinkError> {
        let whole = match letter.user_data() {
            Ok(user_data) if letter.has_header => self.joiner.take(&letter.from.digits, &user_data, now),
            _ => None,
        };
        match whole {
            Some(whole) => Ok(Some(Came { letter, whole, sequence })),
            None => {
                esme.took(sequence, status::OK)?;
                Ok(None)
            }
        }
    }

    /// The line broke: what was not answered on it is sent again on the next.
    pub fn broke(&mut self) {
        let sent = std::mem::take(&mut self.sent);
        for (_, waits) in sent.into_iter().rev() {
            self.queue.push_front(waits);
        }
    }

    /// What is to be brought to the counter.
    pub fn news(&mut self) -> News {
        let mut news = std::mem::take(&mut self.news);
        news.told = self.fates.iter().map(|(_, told)| told.clone()).collect();
        news
    }

    /// It was kept, save the fates of messages that are not known.
    pub fn kept(&mut self, news: &News, unknown: &[Told], now: Duration) {
        for Answered { order, part, .. } in &news.answered {
            self.here.remove(&(*order, *part));
        }
        self.fates.retain(|(since, told)| {
            let was_brought = news.told.contains(told);
            !was_brought || (unknown.contains(told) && now.saturating_sub(*since) < FATE_TIME)
        });
    }

    /// It could not be kept, and is brought again.
    pub fn not_kept(&mut self, mut news: News) {
        news.answered.append(&mut self.news.answered);
        self.news.answered = news.answered;
    }

    /// Whether there is something to bring.
    pub fn has_news(&self) -> bool {
        !self.news.answered.is_empty() || !self.fates.is_empty()
    }

    /// Whether messages wait that may be sent now.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.sent.is_empty()
    }
}
