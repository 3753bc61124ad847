//! A ceremony walked step by step: prompts, and what they come to in memory. Nothing is on the disk yet but the shares
//! that a folder was named for.

use super::options::Options;
use crate::args::Global;
use crate::clock::{entropy, must_be_unseeded, now};
use crate::fail::{Failure, Kind, refused};
use crate::output::{put, say};
use crate::{home, secret, transport};
use ::kdc::ceremony::script::{self, Act, Filler, From, Shape, Step, wrapped};
use ::kdc::ceremony::shares::{self, Proof, Restoring};
use ::kdc::ceremony::{Ceremony, ComponentRecord, Founding, Note, Origin, Person, Secret, Share, ShareError};
use ::kdc::keystore::{Custodian, Passphrase};
use ::scheme::pin::Pin;
use keys::Zeroizing;
use parties::trouble::{Context, Result};
use scheme::profile::State;
use std::path::PathBuf;

/// What the steps up to the writing gave.
pub struct Gathered {
    /// The roots to be.
    pub founding: Founding,
    /// Custodians of the key store.
    pub custodians: Vec<Custodian>,
    /// PINs of the main control card's two officers.
    pub pins: Option<[Pin; 2]>,
}

/// A ceremony under way.
pub struct Walk<'g> {
    global: &'g Global,
    options: &'g Options,
    shape: Shape,
    steps: Vec<Step>,
    /// With the steps that people do, and everything noted.
    attended: bool,
    notes: Vec<Note>,
    people: Vec<Person>,
    components: Option<Ceremony>,
    restoring: Restoring,
    transport: Option<Ceremony>,
    founding: Option<Founding>,
    made: Vec<Share>,
    proof: Option<Proof>,
    files: Vec<PathBuf>,
    custodians: Vec<Custodian>,
    pins: Option<[Pin; 2]>,
}

impl<'g> Walk<'g> {
    /// A walk; `attended` with every step of the script, otherwise with those a program can do.
    pub fn new(global: &'g Global, options: &'g Options, attended: bool) -> Result<Self> {
        let shape = options.shape()?;
        if shape.from != From::TestRoot && !shape.rehearsal {
            must_be_unseeded(global, "the ceremony")?;
        }
        Ok(Walk {
            global,
            options,
            shape,
            steps: script::script(&shape),
            attended,
            notes: Vec::new(),
            people: Vec::new(),
            components: None,
            restoring: Restoring::new(),
            transport: None,
            founding: None,
            made: Vec::new(),
            proof: None,
            files: Vec::new(),
            custodians: Vec::new(),
            pins: None,
        })
    }

    /// The shape walked.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Walks to the writing. What fails leaves nothing behind: shares that were written go again.
    pub fn gather(&mut self) -> Result<Gathered> {
        let gathered = self.until(Act::Write).and_then(|()| self.gathered());
        if gathered.is_err() {
            self.abandon();
        }
        gathered
    }

    /// Removes the shares of a ceremony that failed: they restore nothing that exists.
    pub fn abandon(&self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file); // the error that matters is the first
        }
    }

    fn gathered(&mut self) -> Result<Gathered> {
        let founding = self.founding.take().context("the ceremony has no roots")?;
        let custodians = std::mem::take(&mut self.custodians);
        Ok(Gathered { founding, custodians, pins: self.pins.take() })
    }

    /// Notes the writing, and what the program found out there.
    pub fn wrote(&mut self, entries: Vec<(String, String)>) -> Result<()> {
        let Some((number, step)) = self.numbered(Act::Write) else { return Ok(()) };
        self.begin(number, &step);
        self.finish(number, &step, entries)
    }

    /// The steps after the writing: everything is there.
    pub fn conclude(&mut self, head: String) -> Result<()> {
        for act in [Act::CheckValues, Act::Sign] {
            let Some((number, step)) = self.numbered(act) else { continue };
            self.begin(number, &step);
            let entries = match act {
                Act::Sign => vec![("audit log, head".to_owned(), head.clone())],
                _ => Vec::new(),
            };
            self.finish(number, &step, entries)?;
        }
        Ok(())
    }

    /// Who took part, and what was noted.
    pub fn record(&self) -> (Vec<Person>, Vec<Note>) {
        if self.attended { (self.people.clone(), self.notes.clone()) } else { Default::default() }
    }

    fn numbered(&self, act: Act) -> Option<(usize, Step)> {
        let place = self.steps.iter().position(|step| step.act == act)?;
        Some((place + 1, self.steps[place].clone()))
    }

    fn until(&mut self, end: Act) -> Result<()> {
        if self.shape.from == From::TestRoot {
            // Without a secret no step makes the roots.
            self.founding = Some(Founding::test(self.options.suite));
        }
        let steps: Vec<Step> = self.steps.iter().take_while(|step| step.act != end).cloned().collect();
        for (place, step) in steps.iter().enumerate() {
            if !self.attended && !step.is_the_programs() {
                continue;
            }
            self.begin(place + 1, step);
            let entries = self.act(step)?;
            self.finish(place + 1, step, entries)?;
        }
        Ok(())
    }

    fn begin(&self, number: usize, step: &Step) {
        if self.attended {
            let text = wrapped(step.text).trim_end().replace('\n', "\n   ");
            say(format!("\n{number}. {} ({})\n   {text}", step.title, step.role));
        }
    }

    /// Asks for what people fill in, and notes the step.
    fn finish(&mut self, number: usize, step: &Step, mut entries: Vec<(String, String)>) -> Result<()> {
        if !self.attended {
            return Ok(());
        }
        let prompts = step.blanks.iter().filter(|blank| blank.filler == Filler::Prompt);
        let asked: Vec<String> = prompts.map(|blank| blank.label.clone()).collect();
        for label in &asked {
            if step.act != Act::People {
                let answer = secret::ask_openly(label)?;
                entries.push((label.clone(), answer));
            }
        }
        if asked.is_empty() && !step.is_the_programs() {
            secret::ask_openly("done? Enter goes on")?;
        }
        self.notes.push(Note { step: number, at: now(self.global)?.to_string(), entries });
        Ok(())
    }

    /// Does a step; gives what the program fills in.
    fn act(&mut self, step: &Step) -> Result<Vec<(String, String)>> {
        let value = |value: String| vec![("check value".to_owned(), value)];
        match step.act {
            Act::People => return self.ask_people(),
            Act::Clock => say(format!("the program's clock: {}", now(self.global)?)),
            Act::Component(number) => return Ok(value(self.component(number)?)),
            Act::ShareIn(_) => return Ok(value(self.share_in()?)),
            Act::Draw => self.draw()?,
            Act::Whole => return self.whole(),
            Act::Transport(number) => return Ok(value(self.transport(number)?)),
            Act::TransportFile => return Ok(value(self.transport_file()?)),
            Act::ShareOut(number) => return Ok(value(self.share_out(number)?)),
            Act::ShareProof(number) => return Ok(value(self.share_proof(number)?)),
            Act::Passphrase(number) => return self.passphrase(number),
            Act::CardPin => self.pins = Some(self.card_pins()?),
            Act::Room | Act::Drafts | Act::Write | Act::CheckValues | Act::Sign => {}
        }
        Ok(Vec::new())
    }

    /// All names for the script; without it those of the key store's custodians, who are asked for by name later.
    fn ask_people(&mut self) -> Result<Vec<(String, String)>> {
        let mut entries = Vec::new();
        for role in script::people_of(&self.shape) {
            if !self.attended && !role.starts_with("key store custodian") {
                continue;
            }
            let name = secret::patiently(|| {
                let name = secret::ask_openly(&format!("name of the {role}"))?;
                if name.is_empty() {
                    return Err(Failure::new(Kind::Usage, format!("the {role} has no name")).into());
                }
                must_be_another_person(&self.people, &role, &name)?;
                Ok(name)
            })?;
            self.people.push(Person { role: role.clone(), name: name.clone() });
            entries.push((role, name));
        }
        Ok(entries)
    }

    fn component(&mut self, number: u8) -> Result<String> {
        let From::Components(total) = self.shape.from else { return Ok(String::new()) };
        let ceremony = match &mut self.components {
            Some(ceremony) => ceremony,
            none => none.insert(Ceremony::new(self.options.suite, total)?),
        };
        let found = type_component(ceremony, "component", number, total)?;
        if number == total {
            let joined = ceremony.join()?;
            let founding = Founding::new(self.options.suite, Origin::Components, Some(joined.secret));
            self.begin_founding(founding.with_components(joined.components));
        }
        Ok(found)
    }

    fn begin_founding(&mut self, founding: Founding) {
        self.founding = Some(founding.rehearsal(self.shape.rehearsal));
    }

    fn share_in(&mut self) -> Result<String> {
        let restoring = &mut self.restoring;
        let place =
            restoring.missing().map_or_else(String::new, |missing| format!(", {missing} still needed"));
        let (number, check) = secret::patiently(|| {
            let typed = secret::ask(&format!("share, 60 hexadecimal digits{place}"))?;
            let share = restoring.add(&typed)?;
            Ok((share.number(), share.check_value()))
        })?;
        let set = *restoring.set().context("a share was taken")?;
        let wanted = if self.shape.rehearsal { State::Test } else { State::Formal };
        if set.suite != self.options.suite || set.state != wanted {
            let words = |state: State, suite: keys::Suite| format!("{} {}", state.name(), suite.name());
            return Err(ShareError::Kind {
                found: words(set.state, set.suite),
                wanted: words(wanted, self.options.suite),
            }
            .into());
        }
        say(format!("share {number} of set {}: check value {check}", set.name()));
        let last = self.shape.from == From::Shares(set.threshold);
        if !last {
            return Err(refused(format!("the shares say that {} of them are needed", set.threshold))
                .hint(format!("use --restore {}", set.threshold))
                .into());
        }
        if restoring.missing() == Some(0) {
            let secret = restoring.finish()?;
            self.begin_founding(Founding::new(self.options.suite, Origin::Shares, Some(secret)));
        }
        Ok(check.to_string())
    }

    fn draw(&mut self) -> Result<()> {
        let mut bytes = Zeroizing::new([0; 16]);
        entropy(self.global, "secret of the province").fill(&mut *bytes);
        let secret = Secret::from_entropy(bytes).context("the random source gave zeros only")?;
        self.begin_founding(Founding::new(self.options.suite, Origin::Entropy, Some(secret)));
        Ok(())
    }

    fn founding(&self) -> Result<&Founding> {
        self.founding.as_ref().context("the ceremony has no secret yet")
    }

    fn whole(&mut self) -> Result<Vec<(String, String)>> {
        let value = self.founding()?.check_value().map_or_else(String::new, |value| value.to_string());
        say(format!("check value of the whole: {value}"));
        Ok(vec![("check value of the whole".to_owned(), value)])
    }

    fn transport(&mut self, number: u8) -> Result<String> {
        let script::Transport::Components(total) = self.shape.transport else { return Ok(String::new()) };
        let ceremony = match &mut self.transport {
            Some(ceremony) => ceremony,
            none => none.insert(Ceremony::new(self.options.suite, total)?),
        };
        let found = type_component(ceremony, "transport component", number, total)?;
        if number == total {
            let joined = ceremony.join()?;
            self.set_transport(&joined.secret, joined.components)?;
        }
        Ok(found)
    }

    fn set_transport(&mut self, root: &Secret, components: Vec<ComponentRecord>) -> Result<()> {
        if self.shape.from != From::TestRoot && !self.shape.rehearsal {
            transport::must_not_be_published(&root.clone().into_key(self.options.suite))?;
        }
        say(format!("check value of the transport root: {}", root.check_value(self.options.suite)));
        let founding = self.founding.take().context("the ceremony has no secret yet")?;
        self.founding = Some(founding.with_transport(root, components));
        Ok(())
    }

    fn transport_file(&mut self) -> Result<String> {
        let path = self.options.transport_file.as_deref().context("no file of a transport root")?;
        let root = transport::read(path, self.options.suite)?;
        self.set_transport(&root, Vec::new())?;
        Ok(root.check_value(self.options.suite).to_string())
    }

    fn share_out(&mut self, number: u8) -> Result<String> {
        let Some((threshold, total)) = self.shape.shares else { return Ok(String::new()) };
        if self.made.is_empty() {
            let founding = self.founding()?;
            let secret = founding.secret().context("the ceremony has no secret")?;
            let mut source = entropy(self.global, "shares of the secret");
            let mut random = |bytes: &mut [u8]| source.fill(bytes);
            // The shares say whether they are a rehearsal's.
            let made =
                shares::split(secret, founding.suite(), founding.state(), threshold, total, &mut random)?;
            self.made = made;
        }
        let share = self.made.get(usize::from(number) - 1).context("no such share")?.clone();
        self.hand_out(&share)?;
        if number == total {
            self.proof = Some(Proof::new(self.made.clone()));
        }
        Ok(share.check_value().to_string())
    }

    /// To the custodian alone: a file for the owner's eyes, or the screen, wiped afterwards.
    fn hand_out(&mut self, share: &Share) -> Result<()> {
        let words = format!(
            "share {} of {}, {} needed, set {}, check value {}",
            share.number(),
            share.set().total,
            share.set().threshold,
            share.set().name(),
            share.check_value()
        );
        let paper = share.paper();
        if let Some(folder) = &self.options.share_dir {
            disk::create_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let path = folder.join(format!("share-{}-{}.txt", share.set().name(), share.number()));
            let text = Zeroizing::new(format!("{}\n{words}\n", paper.as_str()));
            home::write(&path, text.as_bytes())?;
            say(format!("{words}: {}", path.display()));
            self.files.push(path);
            return Ok(());
        }
        secret::ask_openly(&format!(
            "only the custodian of share {} sees the screen? Enter shows it",
            share.number()
        ))?;
        put(self.global, &format!("{}\n{words}", paper.as_str()));
        secret::ask_openly("written down? Enter wipes the screen")?;
        put(self.global, WIPE);
        Ok(())
    }

    fn share_proof(&mut self, number: u8) -> Result<String> {
        let total = self.made.len();
        let proof = self.proof.as_mut().context("no share was made")?;
        let check = secret::patiently(|| {
            let typed = secret::ask(&format!("share {number} of {total} from its paper"))?;
            Ok(proof.add(number, &typed)?)
        })?;
        say(format!("share {number}: check value {check} confirmed"));
        if usize::from(number) == total {
            let secret = self.founding()?.secret().context("the ceremony has no secret")?;
            let proof = self.proof.as_ref().context("no share was made")?;
            let times = proof.finish(secret)?;
            say(format!("the secret was restored from the papers {times} times, each having its part"));
            let made = std::mem::take(&mut self.made);
            self.founding.as_mut().context("the ceremony has no secret")?.note_shares(&made);
            self.proof = None;
        }
        Ok(check.to_string())
    }

    /// The two officers' PINs, which differ.
    fn card_pins(&self) -> Result<[Pin; 2]> {
        let whose = "the main control card to be made";
        secret::patiently(|| {
            let first =
                secret::new_pin(self.options.pin_file.as_deref(), &format!("{whose}, first officer"))?;
            let second = secret::new_pin(
                self.options.second_pin_file.as_deref(),
                &format!("{whose}, second officer"),
            )?;
            secret::must_differ(&first, &second)?;
            Ok([first, second])
        })
    }

    fn passphrase(&mut self, number: u8) -> Result<Vec<(String, String)>> {
        let role = format!("key store custodian {number}");
        let person = self.people.iter().find(|person| person.role == role);
        let name = person.context("the custodian has no name")?.name.clone();
        let theirs = |typed: &Passphrase| self.custodians.iter().any(|other| other.passphrase.same_as(typed));
        let passphrase = secret::new_passphrase(&name, &theirs)?;
        self.custodians.push(Custodian { name: name.clone(), passphrase });
        Ok(vec![("custodian".to_owned(), name)])
    }
}

/// One person may not hold two roles that are two so that no one person has both.
fn must_be_another_person(people: &[Person], role: &str, name: &str) -> Result<()> {
    let same = |person: &&Person| script::same_person(&person.name, name);
    match people.iter().filter(same).find(|person| script::must_be_two(&person.role, role)) {
        None => Ok(()),
        Some(person) => {
            Err(refused(format!("{name} is the {} already and cannot be the {role}", person.role))
                .hint("name somebody else: docs/specs/ceremony.md says which roles need two people")
                .into())
        }
    }
}

/// Wipes a terminal: the screen, and what was scrolled off it.
const WIPE: &str = "\x1b[2J\x1b[3J\x1b[H";

/// A custodian types a component and its check value.
fn type_component(ceremony: &mut Ceremony, what: &str, number: u8, total: u8) -> Result<String> {
    let found = secret::patiently(|| {
        let typed = secret::ask(&format!("{what} {number} of {total}, 32 hexadecimal digits"))?;
        let check = secret::ask_openly(&format!("check value of {what} {number}"))?;
        let taken = ceremony.add_component(number, &typed, &check);
        if what == "component" { Ok(taken?) } else { taken.context("the transport root") }
    })?;
    say(format!("{what} {number}: check value {found} confirmed"));
    Ok(found.to_string())
}
