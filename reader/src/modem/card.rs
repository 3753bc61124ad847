//! The SIM in a modem as a card.

use super::access::{crsm_of, csim_of};
use super::error::ModemError;
use super::files::Files;
use super::line::Modem;
use super::path::{Need, Path, says_elsewhere};
use scheme::sim::EF_SMS;
use wire::at::sim::{Restricted, crsm};
use wire::at::{Cme, Refusal};
use wire::sms::record::RECORD_LEN;
use wire::{Channel, ChannelError, Response, Sw};

/// What stands for an ATR: a modem keeps the SIM's own to itself. Direct convention, nothing else.
pub(super) const STAND_IN: [u8; 2] = [0x3B, 0x00];

const SELECT_MF: [u8; 7] = [0xA0, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00];
const SELECT_MF_UICC: [u8; 7] = [0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00];
/// STATUS of 22 bytes, the harmless question whether commands get through.
const STATUS: [u8; 5] = [0xA0, 0xF2, 0x00, 0x00, 0x16];
const GET_RESPONSE: u8 = 0xC0;
const READ_RECORD: u8 = 0xB2;
const SEEK: u8 = 0xA2;

/// How a modem lets others at its SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayIn {
    /// +CSIM: every command.
    Commands,
    /// +CRSM: files alone.
    Files,
    /// Nothing before the SIM's PIN, which is given by +CPIN.
    Locked,
}

impl WayIn {
    /// Its name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            WayIn::Commands => "+CSIM",
            WayIn::Files => "+CRSM",
            WayIn::Locked => "after the PIN",
        }
    }
}

/// The SIM in a modem, as a card.
///
/// It follows no `61xx`, `6Cxx` or `9Fxx`, though a modem may do so by itself; [`crate::exchange()`] takes both. A modem uses its
/// SIM as well: before a write the place is selected anew, and a read that seems to have gone elsewhere is done once more. There is
/// no reset: what was verified stays so.
pub struct ModemCard {
    modem: Modem,
    way: WayIn,
    path: Path,
    files: Files,
    /// SEEK among the messages, when it was the last command; and the message found last.
    sought: Option<Vec<u8>>,
    found: u8,
    /// After an answer that did not come, the next one may be it.
    dead: Option<ChannelError>,
}

impl ModemCard {
    /// The SIM in a modem that was woken.
    ///
    /// # Errors
    /// [`ModemError::NoSim`], [`ModemError::NoAccess`], and those of the line.
    pub fn new(mut modem: Modem) -> Result<Self, ModemError> {
        let way = way_in(&mut modem)?;
        Ok(ModemCard {
            modem,
            way,
            path: Path::default(),
            files: Files::default(),
            sought: None,
            found: 0,
            dead: None,
        })
    }

    /// How the modem lets us in.
    pub const fn way(&self) -> WayIn {
        self.way
    }

    /// Where the modem is.
    pub fn name(&self) -> &str {
        self.modem.name()
    }

    fn answer(&mut self, command: &[u8]) -> Result<Vec<u8>, ModemError> {
        if self.way == WayIn::Commands {
            return self.placed(command);
        }
        let (answer, is_open) = self.files.transmit(&mut self.modem, command, self.way == WayIn::Locked)?;
        if is_open {
            self.way = way_in(&mut self.modem)?;
        }
        Ok(answer)
    }

    /// A command over +CSIM, where the session thinks it is.
    fn placed(&mut self, command: &[u8]) -> Result<Vec<u8>, ModemError> {
        let need = self.path.need(command);
        if need == Need::Certainty
            && let Some(refused) = self.select_again()?
        {
            return Ok(refused.bytes().to_vec());
        }
        let mut answer = csim_of(&mut self.modem, command)?;
        if need == Need::Place && says_elsewhere(sw_of(&answer)) && self.select_again()?.is_none() {
            answer = csim_of(&mut self.modem, command)?;
        }
        let (ins, sought) = (command.get(1), self.sought.take());
        let among_messages = self.path.file() == Some(EF_SMS.0);
        if ins == Some(&SEEK) && among_messages {
            if says_elsewhere(sw_of(&answer)) {
                answer = self.seek(command)?;
            }
            self.sought = Some(command.to_vec());
        }
        self.path.note(command, sw_of(&answer));
        // QUIRK(eaten): modems that fetch what waits, use it, and leave 9000 alone to whoever fetches after them.
        if ins == Some(&GET_RESPONSE) && answer == Sw::OK.bytes() {
            answer = match &sought {
                Some(command) => self.seek(command)?,
                None => self.described()?,
            };
        }
        if (self.sought.is_some() || sought.is_some())
            && let [number, _, _] = answer[..]
        {
            self.found = number;
        }
        Ok(answer)
    }

    /// SEEK of type 2 among the messages, by reading them one by one: where the modem moves the selection, the place of the record found
    /// last is lost as well.
    fn seek(&mut self, command: &[u8]) -> Result<Vec<u8>, ModemError> {
        let (Some(mode), Some(pattern)) = (command.get(3), command.get(5..)) else {
            return Ok(Sw::WRONG_LENGTH.bytes().to_vec());
        };
        let first = match mode {
            0x10 => 1,
            0x12 => self.found.saturating_add(1),
            _ => return Ok(Sw::UNKNOWN.bytes().to_vec()),
        };
        for number in first..=u8::MAX {
            let record = self.placed(&[0xA0, READ_RECORD, number, 0x04, RECORD_LEN as u8])?;
            if !sw_of(&record).is_ok() {
                break;
            }
            if record.starts_with(pattern) {
                return Ok([&[number], &Sw::OK.bytes()[..]].concat());
            }
        }
        Ok(Sw(0x9404).bytes().to_vec())
    }

    /// Selects anew where the session is; the word of a refusal.
    fn select_again(&mut self) -> Result<Option<Sw>, ModemError> {
        for step in self.path.commands() {
            let sw = sw_of(&csim_of(&mut self.modem, &step)?);
            if !(sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x9F)) {
                return Ok(Some(sw));
            }
        }
        Ok(None)
    }

    /// What SELECT of the present file answers, by +CRSM; 9000 alone where that tells nothing either.
    fn described(&mut self) -> Result<Vec<u8>, ModemError> {
        let nothing = Ok(Sw::OK.bytes().to_vec());
        let Some(file) = self.path.file() else { return nothing };
        match crsm_of(&mut self.modem, &crsm(Restricted::GetResponse, file, [0, 0, 15], &[], &[])) {
            Ok((data, sw)) if !data.is_empty() => Ok([data, sw.bytes().to_vec()].concat()),
            Ok(_) | Err(ModemError::Refused { .. }) => nothing,
            Err(error) => Err(error),
        }
    }
}

impl Channel for ModemCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        self.answer(command).map_err(|error| {
            let told = error.channel();
            if told.leaves_doubt() {
                self.dead = Some(told.clone());
            }
            told
        })
    }

    /// A modem resets no SIM for others: the master file is selected, and something stands for the ATR.
    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.path = Path::default();
        for select in [SELECT_MF, SELECT_MF_UICC] {
            let sw = sw_of(&self.transmit(&select)?);
            if sw.is_ok() || matches!(sw.sw1(), 0x61 | 0x9F) {
                break;
            }
        }
        Ok(STAND_IN.to_vec())
    }
}

/// Tries by which way the SIM can be had. Whether +CSIM is there its test form does not tell: modems refuse that and take the command,
/// or the other way round.
fn way_in(modem: &mut Modem) -> Result<WayIn, ModemError> {
    let mut locked = false;
    for command in [&STATUS[..], &SELECT_MF_UICC] {
        match csim_of(modem, command) {
            Ok(_) => return Ok(WayIn::Commands),
            Err(error) => locked |= must_be_refused(modem, error)?,
        }
    }
    let iccid = crsm(Restricted::ReadBinary, scheme::sim::EF_ICCID.0, [0, 0, 10], &[], &[]);
    match crsm_of(modem, &iccid) {
        // It speaks of the file of every SIM, so it speaks of files; while it asks for the PIN it may speak of no other.
        Ok(_) if !locked => Ok(WayIn::Files),
        Ok(_) => Ok(WayIn::Locked),
        Err(error) => {
            locked |= must_be_refused(modem, error)?;
            if locked {
                Ok(WayIn::Locked)
            } else {
                Err(ModemError::NoAccess { modem: modem.name().to_owned() })
            }
        }
    }
}

/// Passes on what ends everything; of a refusal tells whether it is for the PIN.
fn must_be_refused(modem: &Modem, error: ModemError) -> Result<bool, ModemError> {
    match &error {
        ModemError::Refused { refusal: Refusal::Cme(Cme::NO_SIM), .. } => {
            Err(ModemError::NoSim { modem: modem.name().to_owned() })
        }
        ModemError::Refused { refusal, .. } => Ok(*refusal == Refusal::Cme(Cme::PIN)),
        ModemError::Malformed { .. } => Ok(false),
        _ => Err(error),
    }
}

/// The status word of an answer.
fn sw_of(answer: &[u8]) -> Sw {
    Response::parse(answer.to_vec()).map_or(Sw::UNKNOWN, |response| response.sw)
}
