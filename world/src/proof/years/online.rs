//! Purchases through a telephone into a meter that is online: the paper's messages, or the field's frames. Lines are cut between any two
//! frames, messages are lost or doubled on either side, and whoever takes part may stop in the middle.

use super::under::{DAY_S, Event, Under, Way, draw};
use crate::bare::{Bank, Brought, Ended, Eye, Holder, LineFault};
use line::{Cut, FOREVER, Other, Setting};
use meter::port;
use parties::bank::ReceiptLine;
use parties::bank::bring::PurchaseReport;
use parties::bank::online::{MessageReport, ResultReport};
use parties::bank::recharge::RechargeReport;
use parties::pipe::{OnlineServer, RechargeServer, Telephone, Wanted};
use parties::trouble::{Failure, Result, Trouble, refused};
use parties::{frames, pipe};
use reader::cjt188::Carried;
use reader::security::BankAsked;
use scheme::Kind;
use scheme::Moment;
use scheme::chance::random;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::online::SessionId;
use scheme::order::OrderId;
use server::{Registry as _, SealedOrder, Settlement};
use vcard::{SupplyCut, Torn};
use wire::ByteLink;

/// Times that somebody tries before he waits for a message, or asks at the counter.
const TRIES: u32 = 3;
/// The code of an order that teaches a meter a SIM, which a recharge by frames cannot.
const TEACHES: &str = "recharge-kind";
/// Frames of a purchase on the meter's line, about.
const FRAMES: u32 = 10;

/// Of so many telephones that are held to a meter one is held badly, or is not alone.
const IN_WEATHER: u8 = 6;

/// What goes wrong between a telephone and the server, at which of its messages.
#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    /// It does not come to the server.
    asks: Option<u32>,
    /// The server's answer does not come back.
    answers: Option<u32>,
    /// It comes twice.
    twice: Option<u32>,
    /// The server begins anew before it comes.
    anew: Option<u32>,
}

/// The bank's server, as a telephone reaches it.
struct Far<'b> {
    bank: &'b mut Bank,
    of: Holder,
    customer: CustomerNumber,
    plan: Plan,
    step: u32,
    made: Option<SealedOrder>,
    settled: Option<Settlement>,
}

impl Far<'_> {
    fn reached<T>(&mut self, mut act: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let step = Some(self.step);
        self.step += 1;
        if self.plan.anew == step {
            self.bank.forget_session();
        }
        let gone = || Err(Failure::new(Kind::Absent, "the network is gone").into());
        if self.plan.asks == step {
            return gone();
        }
        let answer = act(self)?;
        if self.plan.twice == step {
            act(self)?;
        }
        if self.plan.answers == step { gone() } else { Ok(answer) }
    }

    fn report(&self, sid: SessionId, amount: Fen, order: OrderId, begun: Moment) -> PurchaseReport {
        PurchaseReport {
            purchase: OrderId(sid.0),
            customer: self.customer,
            meter: self.of.meter,
            amount_fen: amount,
            order,
            state: "".into(),
            begun,
            refusal: None,
        }
    }

    fn brought(&mut self, brought: Brought) -> (PurchaseReport, String) {
        let order = &brought.order.order;
        let report = self.report(brought.sid, order.amount, order.id, self.bank.now);
        self.made = Some(brought.order);
        (report, text(&brought.message))
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    Ok(wire::typed::bytes(text).map_err(|error| refused(error.to_string()))?)
}

impl OnlineServer for Far<'_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        let amount = wanted.amount;
        self.reached(|far| {
            let (known, hello) = far.bank.online_begin(far.of, amount)?;
            let purchase = far.report(known.sid, known.amount, known.order, known.begun);
            Ok(MessageReport { purchase, message: text(&hello) })
        })
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        let message = bytes(message)?;
        self.reached(|far| {
            let brought = far.bank.online_request(purchase.into(), &message)?;
            let (purchase, message) = far.brought(brought);
            Ok(MessageReport { purchase, message })
        })
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        let message = bytes(message)?;
        self.reached(|far| {
            let report = far.report(purchase.into(), Fen(0), purchase, far.bank.now);
            let result = match far.bank.online_result(purchase.into(), &message)? {
                Ended::Settled(settled) => {
                    // Of a message that comes twice the first says what happened.
                    far.settled.get_or_insert(settled);
                    "settled"
                }
                Ended::Refused(_) => "refused",
            };
            let receipt = ReceiptLine {
                file: String::new(),
                result: result.into(),
                order: None,
                detail: String::new(),
                code: None,
                hint: None,
                facts: None,
            };
            Ok(ResultReport { purchase: report, receipt })
        })
    }
}

impl RechargeServer for Far<'_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        let (amount, said) = (wanted.amount, *said);
        self.reached(|far| {
            let brought = far.bank.recharge(far.of, amount, &said)?;
            let (purchase, message) = far.brought(brought);
            Ok(RechargeReport { purchase, message })
        })
    }
}

impl Under<'_> {
    fn line_fault(&mut self) -> LineFault {
        let at = |under: &mut Self, name, once_in| {
            under.fault(name, once_in).then(|| draw(&mut under.chance, FRAMES))
        };
        LineFault {
            cut_after: at(self, "telephone's line to a meter cut", 10),
            twice_after: at(self, "frame to a meter doubled", 20),
        }
    }

    /// The line that somebody holds his telephone to a meter by, where he stands at it, and who else does; and whether that is as it
    /// should be.
    fn line(&mut self, n: usize) -> (line::Kind, Setting, bool) {
        let mut chance = self.households[n].site.chance(&format!("line {n} {}", self.now));
        let [kind, often, what, how, more]: [u8; 5] = random(&mut *chance);
        let kind = line::Kind::ALL[usize::from(kind) % line::Kind::ALL.len()];
        let mut setting = Setting::default();
        if self.quiet || often % IN_WEATHER != 0 {
            return (kind, setting, false);
        }
        let (how, more) = (u64::from(how), u64::from(more));
        let fault = match (what % 5, kind.beam_deg()) {
            (0, _) => {
                setting.place.noise = 40 + (how % 61) as u8;
                "line to a meter in noise"
            }
            // From the end of the range to past it.
            (1, _) => {
                setting.place.distance_cm = Some(kind.range_cm() + kind.range_cm() * (how % 60) as u32 / 100);
                "line to a meter too far"
            }
            (2, Some(beam)) => {
                setting.place.angle_deg = beam + (how % (u64::from(beam) + 1)) as u16;
                "line to a meter askew"
            }
            (3, _) => {
                setting.other = Some(Other::at(25_000 * how));
                "another phone at a meter"
            }
            _ => {
                let lasts_us = if more % 2 == 0 { FOREVER } else { 20_000 * more };
                setting.cut = Some(Cut { after: 8 * how, lasts_us });
                "hand in a line to a meter"
            }
        };
        *self.report.faults.entry(fault).or_default() += 1;
        (kind, setting, true)
    }

    fn far_fault(&mut self) -> Plan {
        let at = |under: &mut Self, name, once_in, from: u32| {
            under.fault(name, once_in).then(|| from + draw(&mut under.chance, 3 - from))
        };
        Plan {
            asks: at(self, "telephone's message to the bank lost", 20, 0),
            answers: at(self, "bank's answer to a telephone lost", 15, 0),
            // What begins is asked under an id of its own each time.
            twice: at(self, "telephone's message to the bank doubled", 15, 1),
            anew: at(self, "bank's session with a PSAM ended in an online purchase", 30, 0),
        }
    }

    /// A purchase through a telephone. `amount`: none where what is outstanding is brought.
    pub(super) fn online(&mut self, n: usize, amount: Option<Fen>) -> Result<()> {
        let by_frames = self.households[n].way == Way::Frames;
        if amount.is_some() {
            self.households[n].tries = 0;
        }
        let (line, plan) = (self.line_fault(), self.far_fault());
        let (kind, setting, is_bad) = self.line(n);
        let cut = self.fault("supply of an ESAM cut in an online purchase", 25);
        let after = draw(&mut self.chance, 30);
        self.bank.next_psam();
        let server_cut = self.server_fault();
        let now = self.now.add_seconds(self.households[n].drift).unwrap_or(self.now);
        let site = &mut self.households[n].site;
        let before = site.purse()?;
        let of = site.holder();
        let customer = self.bank.store.of_meter(of.meter)?;
        let (customer, telephone) = match customer {
            Some(known) => (
                known.customer,
                Telephone { msisdn: known.sim.msisdn, imsi: known.sim.imsi, imei: known.imei },
            ),
            None => return Err(refused("a meter has a customer").into()),
        };
        if cut {
            site.esam.cut(SupplyCut { after, torn: Torn::Old });
        }
        let wanted = Wanted { customer, meter: Some(of.meter), amount, account: None };
        let bank = &mut self.bank;
        let mut far = Far { bank, of, customer, plan, step: 0, made: None, settled: None };
        let way = if by_frames { port::Way::Wires } else { port::Way::Infrared };
        let chance = site.chance(&format!("air {n} {now}"));
        let is_pipe = site.meter.state().pipe.is_some();
        let mut eye = Eye::new(site, way, now, line);
        let passed = if by_frames {
            let mut pass = |line: &mut dyn ByteLink| frames::pass(line, &mut far, &wanted);
            if is_pipe { pass(&mut Carried::new(&mut eye)) } else { pass(&mut eye) }
        } else {
            let opened = kind.open(&setting, &mut eye, chance).map_err(Trouble::from);
            opened.and_then(|mut line| {
                let mut pass = |line: &mut dyn ByteLink| pipe::pass(line, &mut far, &wanted, &telephone);
                if is_pipe { pass(&mut Carried::new(&mut *line)) } else { pass(&mut *line) }
            })
        };
        drop(eye);
        let (made, settled) = (far.made.take(), far.settled.take());
        if cut {
            self.households[n].site.power_off()?;
        }
        if server_cut {
            self.server_back()?;
        }
        self.brought(n, made)?;
        self.gained(n, &before)?;
        if let Some(settled) = settled {
            self.is_settled(n, &settled);
        }
        self.caught_up(n)?;
        let whole = line == LineFault::default()
            && !is_bad
            && [plan.asks, plan.answers, plan.twice, plan.anew] == [None; 4]
            && !cut
            && !server_cut;
        match passed {
            // By the field's frames a meter learns no SIM: such an order is sold at the counter, and comes as a message.
            Err(error) if whole && error.code() == TEACHES => match amount {
                Some(amount) => self.buy_at_counter(n, amount)?,
                None => {
                    if let Some(records) = self.bank.outstanding(&self.households[n].site)? {
                        self.send(n, records);
                    }
                }
            },
            Err(error) if whole => self.violation(n, format!("an online purchase fails of itself: {error}")),
            _ => {}
        }
        let household = &mut self.households[n];
        if household.waiting.is_none() {
            return Ok(());
        }
        household.tries += 1;
        if household.tries < TRIES || self.quiet {
            self.later(600, DAY_S as u32, Event::Online(n));
        }
        Ok(())
    }

    pub(super) fn try_online(&mut self, n: usize) -> Result<()> {
        if self.households[n].waiting.is_none() { Ok(()) } else { self.online(n, None) }
    }

    /// The order that was made, or that a server which broke off had begun.
    fn brought(&mut self, n: usize, made: Option<SealedOrder>) -> Result<()> {
        let made = match made {
            Some(made) => made,
            None if self.households[n].waiting.is_some() => return Ok(()),
            None if self.bank.outstanding_order(&self.households[n].site)? => {
                self.bank.resume(&self.households[n].site)?
            }
            None => return Ok(()),
        };
        if self.households[n].waiting != Some(made.order.count) {
            let amount = made.order.amount;
            self.cash += i64::from(amount.0);
            self.is_sold(n, &made, amount);
        }
        Ok(())
    }

    /// A receipt may have been settled in a commit that nobody heard of: then nothing is outstanding.
    fn caught_up(&mut self, n: usize) -> Result<()> {
        let household = &self.households[n];
        let Some(count) = household.waiting else { return Ok(()) };
        if self.bank.outstanding_order(&household.site)? {
            return Ok(());
        }
        match household.gained {
            (credited, fen) if credited == count => self.settled_for(n, count, Fen(fen)),
            _ => {
                self.violation(n, format!("purchase {count} is not outstanding, and no meter credited it"));
                Ok(())
            }
        }
    }
}
