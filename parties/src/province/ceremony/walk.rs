//! A ceremony walked step by step: prompts, and what they come to in memory. Nothing is on the disk yet but the shares
//! that a folder was named for.

use super::request::CeremonyRequest;
use crate::issuing::CheckValues;
use crate::province::founding::FoundRequest;
use crate::province::shares;
use crate::session::Session;
use crate::trouble::{Context, Result};
use ::kdc::ceremony::script::{self, Filler, From, Shape, Step, StepKind, wrapped};
use ::kdc::ceremony::shares::{Proof, Restoring};
use ::kdc::ceremony::{Ceremony, Founding, Note, Person, Share};
use ::kdc::keystore::Custodian;
use scheme::pin::Pin;
use std::path::PathBuf;

/// A ceremony under way.
pub struct Walk<'g> {
    pub(super) session: &'g Session,
    pub(super) request: &'g CeremonyRequest,
    pub(super) shape: Shape,
    steps: Vec<Step>,
    /// With the steps that people do, and everything noted.
    pub(super) attended: bool,
    notes: Vec<Note>,
    pub(super) people: Vec<Person>,
    pub(super) components: Option<Ceremony>,
    pub(super) restoring: Restoring,
    pub(super) transport: Option<Ceremony>,
    pub(super) founding: Option<Founding>,
    pub(super) made: Vec<Share>,
    pub(super) proof: Option<Proof>,
    pub(super) files: Vec<PathBuf>,
    pub(super) custodians: Vec<Custodian>,
    pub(super) pins: Option<[Pin; 2]>,
}

impl<'g> Walk<'g> {
    /// A walk; `attended` with every step of the script, otherwise with those a program can do.
    pub fn new(session: &'g Session, request: &'g CeremonyRequest, attended: bool) -> Result<Self> {
        let shape = request.shape(session)?;
        if shape.from != From::TestRoot && !shape.rehearsal {
            session.must_be_unseeded("the ceremony")?;
        }
        Ok(Walk {
            session,
            request,
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
    pub fn gather(&mut self) -> Result<FoundRequest> {
        let gathered = self.until(StepKind::Write).and_then(|()| self.gathered());
        if gathered.is_err() {
            self.abandon();
        }
        gathered
    }

    /// Removes the shares of a ceremony that failed: they restore nothing that exists.
    pub fn abandon(&self) {
        shares::remove(&self.files);
    }

    fn gathered(&mut self) -> Result<FoundRequest> {
        let founding = self.founding.take().context("the ceremony has no roots")?;
        let custodians = std::mem::take(&mut self.custodians);
        Ok(FoundRequest {
            founding,
            custodians: self.shape.custodians.map(|(threshold, _)| (custodians, threshold)),
            pins: self.pins.take(),
            number: self.request.number,
            blank: self.request.blank(self.session)?,
        })
    }

    /// Notes the writing, and what the program found out there.
    pub fn wrote(&mut self, entries: Vec<(String, String)>) -> Result<()> {
        let Some((number, step)) = self.numbered(StepKind::Write) else { return Ok(()) };
        self.begin(number, &step);
        self.tell(&entries);
        self.finish(number, &step, entries)
    }

    /// The steps after the writing: everything is there. What is read aloud or signed is on the screen when its step begins.
    pub fn conclude(&mut self, checks: &CheckValues, head: &str) -> Result<()> {
        for act in [StepKind::CheckValues, StepKind::Sign] {
            let Some((number, step)) = self.numbered(act) else { continue };
            self.begin(number, &step);
            let mut entries = Vec::new();
            if act == StepKind::Sign {
                entries.push(("audit log, head".to_owned(), head.to_owned()));
            } else if self.attended {
                self.session.say(checks.table());
            }
            self.tell(&entries);
            self.finish(number, &step, entries)?;
        }
        Ok(())
    }

    /// Says what the program fills in.
    fn tell(&self, entries: &[(String, String)]) {
        if self.attended {
            entries.iter().for_each(|(label, value)| self.session.say(format!("{label}: {value}")));
        }
    }

    /// Who took part, and what was noted.
    pub fn record(&self) -> (Vec<Person>, Vec<Note>) {
        if self.attended { (self.people.clone(), self.notes.clone()) } else { Default::default() }
    }

    fn numbered(&self, act: StepKind) -> Option<(usize, Step)> {
        let place = self.steps.iter().position(|step| step.act == act)?;
        Some((place + 1, self.steps[place].clone()))
    }

    fn until(&mut self, end: StepKind) -> Result<()> {
        if self.shape.from == From::TestRoot {
            // Without a secret no step makes the roots.
            self.founding = Some(Founding::test(self.request.suite));
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
            self.session.say(format!("\n{number}. {} ({})\n   {text}", step.title, step.role));
        }
    }

    /// Asks for what people fill in, and notes the step.
    fn finish(&mut self, number: usize, step: &Step, mut entries: Vec<(String, String)>) -> Result<()> {
        let session = self.session;
        if !self.attended {
            return Ok(());
        }
        let prompts = step.blanks.iter().filter(|blank| blank.filler == Filler::Prompt);
        let asked: Vec<String> = prompts.map(|blank| blank.label.clone()).collect();
        for label in &asked {
            if step.act != StepKind::People {
                let answer = session.secrets.ask_openly(label)?;
                entries.push((label.clone(), answer));
            }
        }
        if asked.is_empty() && !step.is_the_programs() {
            session.secrets.ask_openly("done? Enter goes on")?;
        }
        self.notes.push(Note { step: number, at: self.session.now()?.to_string(), entries });
        Ok(())
    }

    /// Does a step; gives what the program fills in.
    fn act(&mut self, step: &Step) -> Result<Vec<(String, String)>> {
        let value = |value: String| vec![("check value".to_owned(), value)];
        match step.act {
            StepKind::People => return self.ask_people(),
            StepKind::Clock => self.session.say(format!("the program's clock: {}", self.session.now()?)),
            StepKind::Component(number) => return Ok(value(self.component(number)?)),
            StepKind::ShareIn(_) => return Ok(value(self.share_in()?)),
            StepKind::Draw => self.draw()?,
            StepKind::Whole => return self.whole(),
            StepKind::Transport(number) => return Ok(value(self.transport(number)?)),
            StepKind::TransportFile => return Ok(value(self.transport_file()?)),
            StepKind::ShareOut(number) => return Ok(value(self.share_out(number)?)),
            StepKind::ShareProof(number) => return Ok(value(self.share_proof(number)?)),
            StepKind::Passphrase(number) => return self.passphrase(number),
            StepKind::CardPin => self.pins = Some(self.card_pins()?),
            StepKind::Room | StepKind::Drafts | StepKind::Write | StepKind::CheckValues | StepKind::Sign => {}
        }
        Ok(Vec::new())
    }
}
