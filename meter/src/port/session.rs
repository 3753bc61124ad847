//! A frame at work in one session of the ESAM: who may go on, what the ESAM says to a MAC, and what is taken before money is looked at.

use super::guard::{Guard, Identity, Way};
use super::word::Serr;
use crate::control::WrongMacs;
use crate::events::EventKind;
use crate::mcu::Meter;
use reader::CardError;
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use reader::security::fields;
use scheme::field::{Span, factor};
use scheme::moment::Moment;
use wire::Sw;

/// Wrong MACs of one day before the port is shut until midnight: to stations, and to recharges of the bank, each by its own.
pub const MOST_WRONG: u16 = 200;
/// Bytes before the fields of a request: identifier, operator.
pub const HEAD: usize = 8;

/// A meter, its ESAM, and the frame's way in.
pub struct Port<'p, 'c> {
    pub meter: &'p mut Meter,
    pub esam: Esam<'c>,
    pub guard: &'p mut Guard,
    pub way: Way,
    pub now: Moment,
    /// The frame names this meter, and does not ask whoever hears it.
    pub named: bool,
}

/// The data of an answer, or the word of a refusal.
pub type Said = Result<Vec<u8>, Serr>;

/// Fields of a request, or what is said to one of another length.
pub fn split<const N: usize>(data: &[u8], lengths: [usize; N]) -> Result<[Vec<u8>; N], Serr> {
    fields(data.get(HEAD..).unwrap_or_default(), lengths).ok_or(Serr::Other)
}

pub fn four(field: &[u8]) -> Result<[u8; 4], Serr> {
    field.try_into().map_err(|_| Serr::Other)
}

pub fn eight(field: &[u8]) -> Result<[u8; 8], Serr> {
    field.try_into().map_err(|_| Serr::Other)
}

fn fewer(wrong: &WrongMacs, now: Moment) -> Result<(), Serr> {
    if wrong.of(now) < MOST_WRONG { Ok(()) } else { Err(Serr::Suspended) }
}

impl Port<'_, '_> {
    /// A reader in front of the meter proves itself before it may do more than ask for that.
    pub fn infrared_proved(&self) -> Result<(), Serr> {
        if self.guard.is_proved(self.way) { Ok(()) } else { Err(Serr::Identity) }
    }

    pub fn identified(&self) -> Result<Identity, Serr> {
        self.guard.identity.ok_or(Serr::Identity)
    }

    /// Shut until midnight after too many wrong MACs. What anybody may bring is counted apart, so that nobody who stands before the meter
    /// shuts its stations out.
    pub fn open(&self) -> Result<(), Serr> {
        if self.guard.bank.is_some() {
            self.open_to_bank()
        } else {
            fewer(&self.meter.state.wrong_macs, self.now)
        }
    }

    /// The same, for recharges of the bank.
    pub fn open_to_bank(&self) -> Result<(), Serr> {
        fewer(&self.meter.state.wrong_of_bank, self.now)
    }

    fn count_wrong(&mut self) {
        let state = &mut self.meter.state;
        let wrong = if self.guard.bank.is_some() { &mut state.wrong_of_bank } else { &mut state.wrong_macs };
        wrong.count(self.now);
    }

    pub fn may_write(&mut self) -> Result<(), Serr> {
        let named = if self.named { Ok(()) } else { Err(Serr::Other) };
        named
            .and_then(|()| self.infrared_proved())
            .and_then(|()| self.identified().map(drop))
            .and_then(|()| self.open())
    }

    pub fn factor(&self) -> [u8; 8] {
        factor(self.meter.state.config.number)
    }

    /// What the ESAM says to a command with a MAC; a wrong one is counted. A card that does not answer ends the session.
    pub fn mac(&mut self, done: Result<Vec<u8>, CardError>) -> Said {
        // Whoever made this MAC is the company's.
        if done.is_ok() {
            self.meter.hear(self.now);
        }
        done.map_err(|error| match error.sw() {
            Some(Sw::SM_WRONG) => {
                self.count_wrong();
                Serr::Verification
            }
            Some(Sw::NOT_ALLOWED | Sw::CONDITIONS) => Serr::Verification,
            Some(_) => Serr::Other,
            None => self.lost(),
        })
    }

    pub fn lost(&mut self) -> Serr {
        self.guard.end();
        Serr::Other
    }

    pub fn card<T>(&mut self, done: Result<T, CardError>) -> Result<T, Serr> {
        done.map_err(|error| if error.sw().is_some() { Serr::Other } else { self.lost() })
    }

    pub fn write_with_mac(&mut self, header: [u8; 5], data: &[u8], mac: &[u8]) -> Result<Vec<u8>, CardError> {
        let [header @ .., _] = header;
        FieldEsam::new(&mut self.esam).send("a command with a MAC", header, &[data, mac].concat())
    }

    /// Writes to a file what comes with its MAC behind it.
    pub fn write_sealed(&mut self, file: u8, offset: u8, sent: &[u8]) -> Result<Vec<u8>, CardError> {
        self.write_with_mac(Span { file, offset, len: 0 }.write(), sent, &[])
    }

    /// What is due is taken before somebody looks. A debit that fails stays due.
    pub fn settle(&mut self) {
        if self.meter.owes() {
            let due = self.meter.state.due.fen;
            if self.meter.settle(&mut self.esam).is_err() {
                self.meter.state.events.push(self.now, EventKind::DebitFailed { due });
            }
        }
    }

    /// Money comes in only when no debit is half known, in the flash either: whether one was done is told by the purse, and the purse is
    /// about to change.
    pub fn knows_its_debits(&mut self) -> Result<(), Serr> {
        if self.meter.state.pending_debit.is_some() {
            return Err(self.lost());
        }
        self.meter.keep().map_err(|_| Serr::Other)
    }
}
