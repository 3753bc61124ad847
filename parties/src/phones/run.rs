//! A phone that runs: its line, its SIM, and its network.

use super::network::Network;
use super::place::{PhoneName, Place, folder};
use crate::cards::CardHandle;
use crate::session::Session;
use crate::sims;
use crate::trouble::{Result, refused};
use phone::{Cause, Identity, Phone};
use reader::driver::sim::Sim;
use scheme::profile::CardKind;
use scheme::sim::iccid_digits;
use scheme::subscription::PhoneNumber;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use wire::ByteLink;
use wire::sms::record::{RECORD_LEN, SmsRecord};
use wire::sms::tpdu::{Address, Tpdu};

/// So long is waited for bytes before the phone looks around.
const LOOK: Duration = Duration::from_millis(20);
/// Between two looks into the network.
const POLL: Duration = Duration::from_millis(200);
/// So long somebody may keep the phone from its SIM.
const STARVED: Duration = Duration::from_secs(2);
/// How long a phone whose SIM was full waits before it is offered the same again, if nothing was deleted.
const OFFER: Duration = Duration::from_secs(10);

/// A phone to be run.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Which.
    pub name: PhoneName,
    /// Keep orders and receipts that wait, whoever deletes them by +CMGD.
    pub guard: bool,
}

/// The line of a phone.
pub struct Line<'a> {
    /// The line.
    pub link: &'a mut dyn ByteLink,
    /// What it is called, of a line that others can open: it gets a name in the phone's folder.
    pub device: Option<&'a Path>,
    /// Told once the phone answers.
    pub answering: &'a dyn Fn(),
}

/// What passed while a phone ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RunReport {
    /// Bytes that came over its line.
    pub heard: u64,
    /// Messages that the network brought.
    pub received: u64,
    /// Messages that its user sent.
    pub sent: u64,
    /// Receipts that left by themselves.
    pub receipts: u64,
}

/// Lets a phone answer at a line until it is over. `elapsed`: time since some beginning, which never goes back.
///
/// # Errors
/// No such phone, or it runs already; the SIM is not there; the line failed.
pub fn run(
    session: &Session,
    request: &RunRequest,
    line: Line<'_>,
    elapsed: &dyn Fn() -> Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<RunReport> {
    let Line { link, device, answering } = line;
    let phones = folder(session)?;
    let place = Place::of(&phones, &request.name);
    let file = place.load()?;
    let _runs = disk::Lock::take(&place.file(), Duration::ZERO, "phone run", |_| true)
        .map_err(|_| refused(format!("phone {} runs already", request.name)).code("phone-runs"))?;
    let mut card = CardHandle::open(session, &file.card()?, CardKind::Sim)?;
    let iccid = Sim::new(&mut card).iccid().ok().and_then(|file| iccid_digits(&file));
    let phone = Phone::new(Identity::new(file.imei.as_str())).guarded(request.guard);
    let network = Network::new(&phones);
    let mut course =
        Course { session, network, number: file.number, iccid, phone, report: RunReport::default() };
    if let Some(device) = device {
        disk::line::name_device(&place.line(), device)?;
    }
    answering();
    let done = course.go_on(&mut card, link, elapsed, is_over);
    if device.is_some() {
        // The line is gone with this program, whether its name goes or not.
        let _ = std::fs::remove_file(place.line());
    }
    card.close()?;
    done.map(|()| course.report)
}

struct Course<'s> {
    session: &'s Session,
    network: Network,
    number: PhoneNumber,
    iccid: Option<String>,
    phone: Phone,
    report: RunReport,
}

impl Course<'_> {
    fn go_on(
        &mut self,
        card: &mut CardHandle,
        link: &mut dyn ByteLink,
        elapsed: &dyn Fn() -> Duration,
        is_over: &dyn Fn() -> bool,
    ) -> Result<()> {
        let (mut buffer, mut polled, mut full) = ([0; 512], None::<Duration>, None::<Duration>);
        let mut used = Some(elapsed());
        while !is_over() {
            let length = link.receive(&mut buffer, LOOK)?;
            let said = self.phone.hear(card, &buffer[..length], elapsed());
            link.send(&said)?;
            self.report.heard += length as u64;
            while let Some(outgoing) = self.phone.outgoing() {
                match self.submit(&outgoing.submit, &outgoing.centre) {
                    Ok(()) => self.report.sent += 1,
                    // Its sender was told that it left, as a phone tells.
                    Err(error) => self.session.say(format!("a message is lost: {error}")),
                }
            }
            let now = elapsed();
            if length == 0 {
                link.send(&self.phone.say(now))?;
            }
            // Whoever polls the phone without a pause would keep the network from it for ever.
            let starves = used.is_some_and(|then| now.saturating_sub(then) >= STARVED);
            let may_use = self.phone.is_quiet(now) || (starves && self.phone.may_interrupt(now));
            if !may_use {
                continue;
            }
            used = Some(now);
            if self.phone.was_written() {
                self.receipts(card)?;
                full = None;
            }
            let is_due = polled.is_none_or(|then| now.saturating_sub(then) >= POLL);
            let may_offer = full.is_none_or(|then| now.saturating_sub(then) >= OFFER);
            if is_due && may_offer {
                polled = Some(now);
                full = self.fetch(card)?.then_some(now);
            }
        }
        Ok(())
    }

    /// Takes what the network has for this phone; whether it is full.
    fn fetch(&mut self, card: &mut CardHandle) -> Result<bool> {
        self.network.hand_out(self.session)?;
        for named in self.network.due(&self.number, self.session.now()?)? {
            let letter = &named.1;
            match self.phone.receive(card, letter.service_centre().as_ref(), &letter.tpdu) {
                Ok(_) => {
                    self.network.arrived(self.session, &named, true)?;
                    self.report.received += 1;
                }
                // The network keeps it until there is room.
                Err(Cause::Full) => return Ok(true),
                Err(Cause::Failed) => self.network.arrived(self.session, &named, false)?,
            }
        }
        Ok(false)
    }

    /// Sends the receipts that a meter left on the SIM.
    fn receipts(&mut self, card: &mut CardHandle) -> Result<()> {
        loop {
            let mut sim = Sim::new(&mut *card);
            let taken = sims::take_receipt(&mut sim, |records| {
                records.each().iter().try_for_each(|record| self.send(record))
            });
            self.phone.restore(card);
            match taken {
                Ok(Some(_)) => self.report.receipts += 1,
                Ok(None) => return Ok(()),
                // Before its PIN a SIM tells nobody what it has; a phone goes on without.
                Err(error) => {
                    self.session.say(format!("the SIM gives no receipt: {error}"));
                    return Ok(());
                }
            }
        }
    }

    /// One message of a receipt.
    fn send(&self, record: &[u8; RECORD_LEN]) -> Result<()> {
        let Some(SmsRecord { service_centre, tpdu: Tpdu::Submit(submit), .. }) = SmsRecord::parse(record)?
        else {
            return Err(refused("this record holds no message to be sent").into());
        };
        let centre = service_centre.map_or_else(|| Address::international("0"), Ok)?;
        self.submit(&submit, &centre)
    }

    fn submit(&self, submit: &wire::sms::tpdu::Submit, centre: &Address) -> Result<()> {
        self.network.submit(self.session, &self.number, self.iccid.as_deref(), submit, centre)
    }
}
