//! The bank's entry for customers' phones: frames in, frames out, what is asked told to whoever lives the world.
//!
//! A password is not stretched here: who guesses passwords is tried elsewhere, and a year of stretching would be a year.

use super::bank::Bank;
use super::seed::Seed;
use super::site::{Site, customer, msisdn};
use client::board::Place;
use client::talk::{Answer, Claims, Enrolled, Psk, Request, Said, Status};
use client::{Board, Code, First, Heard, Identifier, Keypair, Marks, Mode, Stamp, Unfit, Who, marks};
use keys::Zeroizing;
use parties::trouble::{Context, Result};
use server::{Act, Contracts as _, Hashed, NewPhone, NewSlip, PhoneEnd, Phones as _, must_agree};
use vcard::SeededChance;

/// Seconds between China's clock, which moments have, and UTC.
const CHINA_S: i64 = 8 * 3600;

/// Whose a session is at the bank.
#[derive(Clone)]
enum Whose {
    /// Somebody who enrols by a slip, with what his first message says.
    Enrols { slip: [u8; 4], public: Option<[u8; 32]>, time: Stamp, marks: Marks },
    /// A phone that is known.
    Phone { name: [u8; 8], time: Stamp, marks: Marks },
}

/// What comes of a frame at the bank.
pub enum Came {
    /// Nothing.
    Silence,
    /// This goes back.
    Answer(Vec<u8>),
    /// A phone that may asks for this: [`Entry::answer`] answers.
    Asked(Wants),
}

/// What a phone asks for.
pub struct Wants {
    place: Place,
    number: u32,
    /// Under whose id the books keep its requests.
    pub principal: String,
    /// What.
    pub request: Request,
}

/// The bank's entry for phones; it lives in memory alone.
pub struct Entry {
    board: Board<Whose>,
    own: Keypair,
    chance: SeededChance,
    seed: Seed,
}

impl Entry {
    /// One without sessions.
    pub fn new(seed: Seed) -> Self {
        let own = Keypair::new(&seed.bytes("static key of the bank"));
        let board = Board::new(Keypair::new(&own.secret()), false);
        Entry { board, own, chance: seed.chance("entry of phones"), seed }
    }

    /// The server begins anew: all sessions are gone.
    pub fn restart(&mut self) {
        self.board = Board::new(Keypair::new(&self.own.secret()), false);
    }

    /// Its key, which everybody may know.
    pub fn public(&self) -> [u8; 32] {
        *self.own.public()
    }

    /// Takes a frame, whatever brought it.
    ///
    /// # Errors
    /// The books.
    pub fn hear(&mut self, bank: &mut Bank, frame: &[u8]) -> Result<Came> {
        let now = unix(bank);
        let asked = match self.board.hear(frame, now) {
            Heard::Silence => return Ok(Came::Silence),
            Heard::Answer(bytes) => return Ok(Came::Answer(bytes)),
            Heard::First(first) => return self.first(bank, first, now),
            Heard::Asked(asked) => asked,
        };
        let (place, number) = (asked.place, asked.number);
        let answer = match (asked.whose, asked.request) {
            (_, Err(_)) => Answer::Not(Status::NotUnderstood, None),
            (Whose::Enrols { slip, public, time, marks }, Ok(Request::Enrol(claims))) => {
                self.enrol(bank, (slip, public, time, marks), &claims)?
            }
            (Whose::Phone { name, time, marks }, Ok(request)) if !matches!(request, Request::Enrol(_)) => {
                bank.store.see_phone(name, time, bank.now)?;
                let known =
                    bank.store.phone(name)?.filter(|phone| phone.ended.is_none() && phone.last == time);
                let Some(phone) = known else {
                    // A later session of the same phone is in use.
                    self.board.end(place);
                    return Ok(Came::Silence);
                };
                let of = server::Registry::customer(&bank.store, phone.customer)?.context("a customer")?;
                match must_agree(Act::Buy, &marks, &of, Some(&phone)) {
                    Ok(()) => {
                        let principal = phone.principal;
                        return Ok(Came::Asked(Wants { place, number, principal, request }));
                    }
                    Err(_) => Answer::Not(Status::Refused, None),
                }
            }
            _ => Answer::Not(Status::NotUnderstood, None),
        };
        Ok(self.board.answer(place, number, &answer, now).map_or(Came::Silence, Came::Answer))
    }

    /// Seals the answer to what was asked.
    pub fn answer(&mut self, bank: &Bank, wants: &Wants, answer: &Answer) -> Option<Vec<u8>> {
        self.board.answer(wants.place, wants.number, answer, unix(bank))
    }

    /// Nothing is answered: the same may be asked again.
    pub fn give_up(&mut self, wants: &Wants) {
        self.board.give_up(wants.place, wants.number);
    }

    fn first(&mut self, bank: &mut Bank, first: First, now: i64) -> Result<Came> {
        let (who, known_by) = (first.who(), first.digest());
        let looked = match who {
            Who::Slip(number, _) => {
                bank.store.open_slip(number, bank.now)?.map(|slip| (slip.psk, Stamp::ZERO, None))
            }
            Who::Key(public) => bank.store.phone_of_key(&public)?.and_then(|phone| {
                let (last, name) = (phone.last, phone.name);
                phone.psk.map(|psk| (psk, last, Some(name)))
            }),
            Who::Name(_) => None,
        };
        let Some((secret, last, name)) = looked else { return Ok(Came::Silence) };
        let admitted = match first.admit(&secret, last, now) {
            Ok(admitted) => admitted,
            Err(unfit) => {
                let fresh = self.board.did_not_open(known_by, now);
                if let (Who::Slip(slip, _), true, Unfit::Secret) = (who, fresh, unfit) {
                    bank.store.wrong_code(slip, bank.now)?;
                }
                return Ok(Came::Silence);
            }
        };
        let (time, marks) = (admitted.time, admitted.marks);
        let (of, whose) = match (name, who) {
            (Some(name), _) => (name, Whose::Phone { name, time, marks }),
            (None, Who::Slip(slip, public)) => {
                let mut of = *b"slip\0\0\0\0";
                of[4..].copy_from_slice(&slip);
                (of, Whose::Enrols { slip, public, time, marks })
            }
            (None, _) => return Ok(Came::Silence),
        };
        let begun = self.board.begin(admitted, of, whose, &mut self.chance, now);
        Ok(begun.map_or(Came::Silence, Came::Answer))
    }

    fn enrol(
        &mut self,
        bank: &mut Bank,
        (slip, public, time, marks): ([u8; 4], Option<[u8; 32]>, Stamp, Marks),
        claims: &Claims,
    ) -> Result<Answer> {
        let refusal = Answer::Not(Status::Refused, None);
        let Some(open) = bank.store.open_slip(slip, bank.now)? else { return Ok(refusal) };
        let of = server::Registry::customer(&bank.store, open.customer)?.context("a customer")?;
        let full = Marks::of(&marks::Said {
            msisdn: claims.msisdn.as_str(),
            imsi: claims.imsi.as_ref().map(|imsi| imsi.as_str()),
            imei: claims.imei.as_ref().map(|imei| imei.as_str()),
            user: &claims.user,
        });
        if full != marks || must_agree(Act::Enrol, &marks, &of, None).is_err() {
            return Ok(refusal);
        }
        bank.drawn += 1;
        let label = format!("phone {}", bank.drawn);
        let (name, psk) =
            (self.seed.bytes(&label), Zeroizing::new(self.seed.bytes(&format!("psk of {label}"))));
        let new = NewPhone {
            name,
            principal: format!(
                "{:08x}",
                u32::from_be_bytes(self.seed.bytes(&format!("principal of {label}")))
            ),
            slip,
            mode: Mode::Noise,
            public,
            psk: psk.clone(),
            imsi: true,
            imei: Some(marks.get(Identifier::Imei)),
            user: marks.get(Identifier::User),
            password: Hashed { salt: [1; 16], hash: Zeroizing::new([1; 32]) },
            time,
            at: bank.now,
        };
        let customer = bank.store.enrol_phone(&new)?;
        Ok(Answer::Done(Said::Enrolled(Enrolled { customer, psk: Psk(psk), name })))
    }
}

/// Seconds since 1970-01-01T00:00:00Z, by the bank's clock.
pub(super) fn unix(bank: &Bank) -> i64 {
    bank.now.seconds() - CHINA_S
}

/// A slip, as a customer has it in his hand.
pub struct Paper {
    pub(super) number: [u8; 4],
    pub(super) code: Code,
}

impl Bank {
    /// Tries that the passwords of a customer's phones have left.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn phone_tries(&self, site: &Site) -> Result<Vec<u32>> {
        Ok(self.store.phones_of(customer(site.n)?)?.iter().map(|phone| phone.tries).collect())
    }

    /// Prints a slip for a customer, and forgets the phones that he had.
    ///
    /// # Errors
    /// The books cannot be written.
    pub fn print_slip(&mut self, site: &Site, entry: &Entry) -> Result<Paper> {
        let customer = customer(site.n)?;
        for phone in self.store.phones_of(customer)? {
            self.store.end_phone(phone.name, PhoneEnd::Forgotten, self.now)?;
        }
        self.drawn += 1;
        let label = format!("slip {}", self.drawn);
        let number = self.seed.bytes(&label);
        let code = Code::new(&self.seed.bytes(&format!("code of {label}")));
        self.store.give_code(&NewSlip {
            number,
            customer,
            msisdn: msisdn(site.n),
            psk: *code.psk(&entry.public()),
            at: self.now,
            by: "clerk".to_owned(),
            reason: "a phone".to_owned(),
        })?;
        Ok(Paper { number, code })
    }
}
