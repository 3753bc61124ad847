//! Whoever wants to be a customer's phone: he guesses the code of a slip, has heard an enrolment, sets a clock wrong, has another phone's key.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{Bank, Came, City, Entry, Handset, Seed, Site, Slipped};
use client::talk::{Answer, Said};
use client::{Board, Code, Heard, Keypair, Opening};
use keys::Suite;
use parties::trouble::{Context, Result, refused};
use scheme::signing::Mode;

/// Characters of a code, and how many each may be.
const CODE: [usize; 2] = [16, 32];
/// First messages of strangers.
const STRANGERS: u32 = 200;
/// Seconds that a first message is ahead: further than it may be.
const FAR: [i64; 4] = [25 * 3600, 30 * 86_400, 365 * 86_400, 10 * 365 * 86_400];

/// All of them.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    Ok(vec![codes(suite, seed)?, far_times(suite, seed)?, wrong_keys(suite, seed)?])
}

/// A bank with its entry for phones, and a customer.
struct Scene {
    bank: Bank,
    entry: Entry,
    site: Site,
    seed: Seed,
}

impl Scene {
    fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let sites = [city.site(0, Mode::Symmetric)?];
        let bank = city.bank(&sites)?;
        let [site] = sites;
        Ok(Scene { bank, entry: Entry::new(seed), site, seed })
    }

    fn hear(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(match self.entry.hear(&mut self.bank, frame)? {
            Came::Answer(answer) => Some(answer),
            Came::Silence => None,
            Came::Asked(wants) => {
                self.entry.give_up(&wants);
                None
            }
        })
    }

    /// A customer's phone, made known; and every frame that passed.
    fn enrolled(&mut self) -> Result<(Handset, [Vec<u8>; 2])> {
        let paper = self.bank.print_slip(&self.site, &self.entry)?;
        let mut handset = Handset::new(self.seed, self.site.n, 0, 0);
        let opening = handset.enrol(&paper, &self.bank, &self.entry, Slipped::default())?;
        let second = self.hear(opening.frame())?.context("an enrolment is answered")?;
        let heard = [opening.frame().to_vec(), second.clone()];
        handset.opened(&opening, &second, &self.bank);
        let frame = handset.ask(&handset.claims()?, &self.bank).context("a session")?;
        let answer = self.hear(&frame)?.context("an answer")?;
        match handset.hear(&answer, &self.bank) {
            Some(Answer::Done(Said::Enrolled(enrolled))) => handset.enrolled(&enrolled),
            other => return Err(refused(format!("an enrolment: {other:?}")).into()),
        }
        Ok((handset, heard))
    }

    fn begun(&mut self, handset: &mut Handset, slipped: Slipped) -> Result<Option<Opening>> {
        self.bank.now = self.bank.now.add_seconds(60).context("a time")?;
        handset.begin(&self.bank, &self.entry, slipped)
    }

    /// Whether the phone that is known has a session when it wants one.
    fn is_let_in(&mut self, handset: &mut Handset) -> Result<bool> {
        let opening = self.begun(handset, Slipped::default())?.context("a phone that is known")?;
        let Some(answer) = self.hear(opening.frame())? else { return Ok(false) };
        Ok(handset.opened(&opening, &answer, &self.bank))
    }

    fn lets_in(&mut self, handset: &mut Handset, row: &mut Row, after: &str) -> Result<()> {
        match self.is_let_in(handset)? {
            true => row.stopped("the phone itself is let in afterwards"),
            false => row.went_through(format!("locked out after {after}")),
        }
        Ok(())
    }
}

/// The code of a slip, guessed against what was heard and against the server.
fn codes(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "the authorisation code of a slip guessed offline, or at the server");
    let mut scene = Scene::new(suite, seed)?;
    // 80 bits: each character is one of 32, and each other one is another key.
    let server = scene.entry.public();
    let code = Code::new(&seed.bytes("a code"));
    let printed = code.printed();
    let characters = printed.chars().filter(char::is_ascii_alphanumeric).count();
    if characters != CODE[0] {
        row.went_through(format!("a code of {characters} characters"));
    }
    let right = code.psk(&server);
    for place in 0..CODE[0] {
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".chars() {
            let mut text: Vec<char> = printed.chars().filter(char::is_ascii_alphanumeric).collect();
            if text[place] == other {
                continue;
            }
            text[place] = other;
            let guess = Code::read(&text.iter().collect::<String>())?;
            if *guess.psk(&server) == *right {
                row.went_through(format!("another character {place} is the same code"));
            } else {
                row.stopped("80 bits, each of them in the key");
            }
        }
    }
    // Whoever heard an enrolment, and even knows the right code: without the server's key its first message does not open.
    let paper = scene.bank.print_slip(&scene.site, &scene.entry)?;
    let mut handset = Handset::new(seed, 0, 0, 0);
    let opening = handset.enrol(&paper, &scene.bank, &scene.entry, Slipped::default())?;
    for n in 0..32_u8 {
        let mut fake = Board::<()>::new(Keypair::new(&[n.wrapping_add(1); 32]), true);
        match fake.hear(opening.frame(), scene.bank.now.seconds()) {
            Heard::Silence => row.stopped("what was heard opens with the server's key alone"),
            _ => row.went_through("a first message is read without the server's key"),
        }
    }
    // Whoever asks the server hears nothing, wrong or right, and has five tries of one slip.
    for _ in 0..8 {
        let wrong =
            handset.enrol(&paper, &scene.bank, &scene.entry, Slipped { code: true, ..Slipped::default() })?;
        match scene.hear(wrong.frame())? {
            None => row.stopped("silence: nothing to try a code against"),
            Some(_) => row.went_through("a wrong code is answered"),
        }
        // The same bytes again cost nothing.
        if scene.hear(wrong.frame())?.is_some() {
            row.went_through("a wrong code is answered when it comes again");
        }
    }
    match scene.hear(opening.frame())? {
        None => row.stopped("five tries of a slip"),
        Some(_) => row.went_through("after eight wrong codes the right one is taken"),
    }
    // Another slip of the same customer is as good as ever.
    let (_, heard) = scene.enrolled()?;
    row.stopped("the office prints another");
    // What was heard once is worth nothing again.
    scene.entry.restart();
    for frame in heard {
        match scene.hear(&frame)? {
            None => row.stopped("a slip is used once"),
            Some(_) => row.went_through("an enrolment that was heard is answered again"),
        }
    }
    Ok(row)
}

/// First messages of far times, repeats, strangers': the phone that is known gets in afterwards.
fn far_times(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a phone locked out by a far time, by repeats, or by strangers");
    let mut scene = Scene::new(suite, seed)?;
    let (mut handset, _) = scene.enrolled()?;
    let mut sent = Vec::new();
    for ahead_s in FAR {
        let slipped = Slipped { ahead_s, ..Slipped::default() };
        let opening = scene.begun(&mut handset, slipped)?.context("a phone that is known")?;
        match scene.hear(opening.frame())? {
            None => row.stopped("more than a day ahead: silence"),
            Some(_) => row.went_through(format!("{ahead_s} s ahead is answered")),
        }
        sent.push(opening.frame().to_vec());
        scene.lets_in(&mut handset, &mut row, "a far time")?;
    }
    // Repeats, now and when the server has begun anew.
    for anew in [false, true] {
        if anew {
            scene.entry.restart();
        }
        for frame in &sent {
            match scene.hear(frame)? {
                None => row.stopped("repeats: silence"),
                Some(_) => row.went_through("a far first message is answered when it comes again"),
            }
        }
        scene.lets_in(&mut handset, &mut row, "repeats")?;
    }
    for n in 0..STRANGERS {
        let mut stranger = Handset::new(seed, 0, 0, 1000 + n);
        stranger.pretend(seed.bytes(&format!("stranger {n}")));
        let opening = scene.begun(&mut stranger, Slipped::default())?.context("a phone")?;
        match scene.hear(opening.frame())? {
            None => row.stopped("strangers: silence, and no count of theirs"),
            Some(_) => row.went_through("a stranger is answered"),
        }
    }
    scene.lets_in(&mut handset, &mut row, "strangers")?;
    Ok(row)
}

/// A phone's static key with another psk, its psk with another key: there is no session, and nothing is counted.
fn wrong_keys(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a session begun with a wrong psk, or another phone's key");
    let mut scene = Scene::new(suite, seed)?;
    let (mut handset, _) = scene.enrolled()?;
    let before = scene.bank.phone_tries(&scene.site)?;
    for bit in 0..256_u16 {
        let opening = scene
            .begun(&mut handset, Slipped { psk: Some(bit), ..Slipped::default() })?
            .context("a phone")?;
        // What begins a session says nothing of the psk; the answer opens with it alone, and so does all that follows.
        match scene.hear(opening.frame())? {
            None => row.stopped("silence"),
            Some(answer) if handset.opened(&opening, &answer, &scene.bank) => {
                row.went_through(format!("bit {bit} of the psk"));
            }
            Some(_) => row.stopped("the second message opens with the psk alone"),
        }
    }
    // The right psk with a key that nobody knows.
    let mut other = Handset::new(seed, 0, 0, 77);
    other.pretend(handset.psk().context("a phone that is known")?);
    let opening = scene.begun(&mut other, Slipped::default())?.context("a phone")?;
    match scene.hear(opening.frame())? {
        None => row.stopped("who it is, its static key says"),
        Some(_) => row.went_through("a psk is enough"),
    }
    if scene.bank.phone_tries(&scene.site)? == before && scene.is_let_in(&mut handset)? {
        row.stopped("no try of the phone's is spent");
    } else {
        row.went_through("tries were spent, or the phone is locked out");
    }
    Ok(row)
}
