//! A customer buys at a meter that is online, with his telephone between it and the bank's server.

use crate::place::World;
use crate::town::Town;
use line::{Setting, Spent};
use meter::port::Way;
use parties::bank::online::{self, BeginRequest, MessageReport, ResultReport};
use parties::bank::pins::PinChoice;
use parties::bank::recharge::{self, RechargeReport, RechargeRequest};
use parties::bank::{self, Desk};
use parties::frames;
use parties::meters::Near;
use parties::pipe::{self, OnlineServer, PipeReport, RechargeServer, Telephone, Wanted};
use parties::trouble::{Failure, Result};
use parties::{Deed, Session};
use reader::cjt188::Carried;
use reader::counted::{Counted, LineUse};
use reader::security::BankAsked;
use scheme::Kind;
use scheme::chance::random;
use scheme::money::Fen;
use scheme::order::{OrderId, Serial8};
use server::Registration;
use wire::{ByteLink, typed};

/// The bank's server, as telephones reach it: its desk is kept, and the PSAM's session with it, until it is closed.
pub struct Counter<'w> {
    world: &'w World,
    desk: Desk,
}

impl Counter<'_> {
    fn act<T>(&mut self, name: &'static str, act: impl Fn(&Session, &mut Desk) -> Result<T>) -> Result<T> {
        let desk = &mut self.desk;
        self.world.act(Deed::One(name), |session| {
            desk.enter(session)?;
            bank::waiting(session, desk, act)
        })
    }

    fn drawn(&self, what: &str) -> Result<OrderId> {
        self.world.act(Deed::Look, |session| Ok(OrderId(random(&mut *session.chance(what)))))
    }

    /// Ends the PSAM's session.
    ///
    /// # Errors
    /// The card cannot be written.
    pub fn close(self) -> Result<()> {
        self.desk.close()
    }
}

impl OnlineServer for Counter<'_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        let id = self.drawn("an online purchase")?;
        let request = BeginRequest {
            customer: wanted.customer,
            meter: wanted.meter,
            amount: wanted.amount,
            pay: wanted.account.clone(),
            pin: PinChoice::default(),
            id: Some(id),
        };
        self.act("online begin", |session, desk| online::begin(session, desk, &request))
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        let (sid, message) = (purchase.into(), bytes(message)?);
        self.act("online request", |session, desk| {
            online::request(session, desk, sid, &message, &PinChoice::default())
        })
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        let (sid, message) = (purchase.into(), bytes(message)?);
        self.act("online result", |session, desk| online::result(session, desk, sid, &message))
    }
}

impl RechargeServer for Counter<'_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        let request = RechargeRequest {
            customer: wanted.customer,
            meter: wanted.meter,
            amount: wanted.amount,
            pay: wanted.account.clone(),
            esam: Serial8(said.esam),
            random: said.random,
            count: said.count,
            pin: PinChoice::default(),
            id: Some(self.drawn("a recharge")?),
        };
        self.act("recharge", |session, desk| recharge::recharge(session, desk, &request))
    }
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    typed::bytes(text).map_err(|error| Failure::new(Kind::Refused, error.to_string()).into())
}

impl Town {
    /// The bank's server opens.
    ///
    /// # Errors
    /// Its books or its PSAM cannot be had.
    pub fn counter(&self) -> Result<Counter<'_>> {
        let desk =
            self.world().act(Deed::Look, |session| Desk::keep(session, None, &PinChoice::default()))?;
        Ok(Counter { world: self.world(), desk })
    }

    /// A customer's telephone, with his SIM in it.
    pub fn telephone(&self, person: &Registration) -> Telephone {
        Telephone {
            msisdn: person.sim.msisdn.clone(),
            imsi: person.sim.imsi.clone(),
            imei: person.imei.clone(),
        }
    }

    /// What a customer wants for his meter; `None`: what is outstanding.
    pub fn wanted(&self, person: &Registration, amount: Option<Fen>) -> Wanted {
        Wanted { customer: person.customer, meter: Some(person.meter), amount, account: None }
    }

    /// Does something at a customer's meter in the words of DL/T 645: over its own line, or inside the protocol of a meter on a pipe.
    fn speak<R>(
        &self,
        person: &Registration,
        link: &mut dyn ByteLink,
        act: impl FnOnce(&mut dyn ByteLink) -> R,
    ) -> R {
        if self.profile(person).has_valve() { act(&mut Carried::new(link)) } else { act(link) }
    }

    /// Carries a purchase between a server and the infrared eye of a customer's meter.
    ///
    /// # Errors
    /// Those of [`pipe::pass`].
    pub fn pass(
        &self,
        person: &Registration,
        server: &mut dyn OnlineServer,
        amount: Option<Fen>,
    ) -> Result<PipeReport> {
        self.world().act(Deed::Look, |session| {
            let mut eye = Near::open(session, &[person.meter], Way::Infrared)?;
            let (wanted, telephone) = (self.wanted(person, amount), self.telephone(person));
            let passed = self.speak(person, &mut eye, |link| pipe::pass(link, server, &wanted, &telephone));
            eye.close()?;
            passed
        })
    }

    /// A customer buys online over a line with its physics, at whose far end his meter is; and what the line took.
    ///
    /// # Errors
    /// Those of [`pipe::pass`]; a line that cannot be opened.
    pub fn buy_over(
        &self,
        person: &Registration,
        kind: line::Kind,
        amount: Option<Fen>,
    ) -> Result<(PipeReport, Spent)> {
        let mut counter = self.counter()?;
        let passed = self.world().act(Deed::Look, |session| {
            let mut eye = Near::open(session, &[person.meter], Way::Infrared)?;
            let passed =
                kind.open(&Setting::default(), &mut eye, session.chance("the line")).map_err(Into::into);
            let passed = passed.and_then(|mut line| {
                let (wanted, telephone) = (self.wanted(person, amount), self.telephone(person));
                let report = self
                    .speak(person, &mut *line, |link| pipe::pass(link, &mut counter, &wanted, &telephone))?;
                Ok((report, line.spent()))
            });
            eye.close()?;
            passed
        });
        counter.close()?;
        passed
    }

    /// Carries a recharge by the field's frames between a server and the port of a customer's meter.
    ///
    /// # Errors
    /// Those of [`frames::pass`].
    pub fn recharge(
        &self,
        person: &Registration,
        server: &mut dyn RechargeServer,
        amount: Option<Fen>,
    ) -> Result<PipeReport> {
        self.world().act(Deed::Look, |session| {
            let mut port = Near::open(session, &[person.meter], Way::Wires)?;
            let wanted = self.wanted(person, amount);
            let passed = self.speak(person, &mut port, |link| frames::pass(link, server, &wanted));
            port.close()?;
            passed
        })
    }

    /// A customer buys by the field's frames.
    ///
    /// # Errors
    /// Those of [`frames::pass`].
    pub fn buy_by_frames(&self, person: &Registration, amount: Option<Fen>) -> Result<PipeReport> {
        let mut counter = self.counter()?;
        let passed = self.recharge(person, &mut counter, amount);
        counter.close()?;
        passed
    }

    /// A customer buys online at a meter of whatever protocol, and what passed on its line.
    ///
    /// # Errors
    /// Those of [`pipe::pass`].
    pub fn buy_counted(&self, person: &Registration, amount: Option<Fen>) -> Result<(PipeReport, LineUse)> {
        let mut counter = self.counter()?;
        let passed = self.world().act(Deed::Look, |session| {
            let mut eye = Near::open(session, &[person.meter], Way::Infrared)?;
            let mut counted = Counted::new(&mut eye);
            let (wanted, telephone) = (self.wanted(person, amount), self.telephone(person));
            let passed =
                self.speak(person, &mut counted, |link| pipe::pass(link, &mut counter, &wanted, &telephone));
            let used = counted.used();
            eye.close()?;
            Ok((passed?, used))
        });
        counter.close()?;
        passed
    }

    /// A customer buys online.
    ///
    /// # Errors
    /// Those of [`pipe::pass`].
    pub fn buy_online(&self, person: &Registration, amount: Option<Fen>) -> Result<PipeReport> {
        let mut counter = self.counter()?;
        let passed = self.pass(person, &mut counter, amount);
        counter.close()?;
        passed
    }
}
