//! The SIM as it is: who it is, its files, and its commands.

use crate::reply::{Outcome, Reply, cme, done, line, of_channel, of_sim};
use crate::sim;
use crate::state::State;
use reader::driver::sim::Sim;
use scheme::profile::Fid;
use scheme::sim::{DF_GSM, DF_TELECOM, USIM_AID, iccid_digits, imsi_digits};
use wire::at::sim::{Restricted, crsm_answer, csim_answer};
use wire::at::{Cme, Form, Parameter, Refusal, parameters};
use wire::{Channel, Command, Response, Sw};

/// Identifier of the application that runs.
const CURRENT_ADF: u16 = 0x7FFF;
/// Files that stand in DF_TELECOM; all others of their kind stand in DF_GSM, or in the application of a UICC.
const OF_TELECOM: [u16; 9] = [0x6F3A, 0x6F3B, 0x6F3C, 0x6F40, 0x6F42, 0x6F43, 0x6F44, 0x6F47, 0x6FE0];
/// Least characters of a command of +CSIM.
const LEAST: usize = 10;

pub fn imsi(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Execute => {
            let file = Sim::new(card).imsi().map_err(|error| of_sim(&error))?;
            imsi_digits(&file).map_or_else(|| cme(Cme::NOT_FOUND), line)
        }
        Form::Test => done(),
        _ => cme(Cme::UNKNOWN),
    }
}

pub fn iccid(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Execute | Form::Read => {
            let file = Sim::new(card).iccid().map_err(|error| of_sim(&error))?;
            let digits = iccid_digits(&file).map(|digits| format!("+CCID: {digits}"));
            digits.map_or_else(|| cme(Cme::NOT_FOUND), line)
        }
        Form::Test => done(),
        Form::Set(_) => cme(Cme::UNKNOWN),
    }
}

pub fn number(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Execute => {
            let number = sim::number(&mut Sim::new(card)).map_err(|error| of_sim(&error))?;
            let lines = number.iter().map(|number| format!("+CNUM: ,\"{number}\",145"));
            Ok(Reply::Done(lines.collect()))
        }
        Form::Test => done(),
        _ => cme(Cme::UNKNOWN),
    }
}

/// +CSIM: any command, as it is. A refusal of the card is an answer; an error is that nothing came back.
pub fn raw(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let text = match form {
        // Nothing but OK: there are programs that take a range for a refusal.
        Form::Test => return done(),
        Form::Set(text) => text,
        _ => return cme(Cme::PARAMETERS),
    };
    let given = parameters(text);
    let (Some(length), Some(digits)) =
        (given.first().and_then(Parameter::number), given.get(1).and_then(Parameter::text))
    else {
        return cme(Cme::PARAMETERS);
    };
    let command = hex::decode(digits).map_err(|_| Refusal::Cme(Cme::PARAMETERS))?;
    if length as usize != digits.len() || digits.len() < LEAST {
        return cme(Cme::PARAMETERS);
    }
    let answer = card.transmit(&command).map_err(|error| Refusal::Cme(of_channel(&error)))?;
    let Some(response) = Response::parse(answer.clone()) else { return cme(Cme::SIM_FAILURE) };
    state.path.note(&command, response.sw);
    state.amid = matches!(response.sw.sw1(), 0x61 | 0x9F) || matches!(command[1], 0xA2);
    // Reads change nothing but a pointer; what writes may have left a receipt.
    state.written |= !matches!(command[1], 0xA4 | 0xB0 | 0xB2 | 0xA2 | 0xC0 | 0xF2);
    line(csim_answer(&answer))
}

/// +CRSM: one file, which the phone selects.
pub fn restricted(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let text = match form {
        Form::Test => return done(),
        Form::Set(text) => text,
        _ => return cme(Cme::PARAMETERS),
    };
    let given = parameters(text);
    let wrong = Refusal::Cme(Cme::PARAMETERS);
    let byte = |at: usize| match given.get(at) {
        None | Some(Parameter::Missing) => Some(0),
        Some(parameter) => parameter.number().and_then(|number| u8::try_from(number).ok()),
    };
    let bytes = |at: usize| {
        let text = given.get(at).and_then(Parameter::text).unwrap_or_default();
        hex::decode(text).map_err(|_| wrong.clone())
    };
    let command = given.first().and_then(Parameter::number).and_then(Restricted::of);
    let command = command.ok_or(Refusal::Cme(Cme::NOT_SUPPORTED))?;
    let fid = match given.get(1) {
        None | Some(Parameter::Missing) => Fid::MF.0,
        Some(parameter) => parameter.number().and_then(|fid| u16::try_from(fid).ok()).ok_or(wrong.clone())?,
    };
    let (Some(p1), Some(p2), Some(p3)) = (byte(2), byte(3), byte(4)) else { return Err(wrong) };
    let (data, path) = (bytes(5)?, bytes(6)?);
    if !path.len().is_multiple_of(2) {
        return Err(wrong);
    }
    let path: Vec<u16> = path.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    let is_uicc = state.is_uicc(card);
    let mut files = FilesOf { card, is_uicc };
    let (data, sw) = files.run(command, fid, [p1, p2, p3], &data, &path).map_err(Refusal::Cme)?;
    state.written |= matches!(command, Restricted::UpdateBinary | Restricted::UpdateRecord);
    line(crsm_answer(&data, sw))
}

/// The files of a card, in its own class.
struct FilesOf<'c> {
    card: &'c mut dyn Channel,
    is_uicc: bool,
}

impl FilesOf<'_> {
    fn run(
        &mut self,
        command: Restricted,
        fid: u16,
        [p1, p2, p3]: [u8; 3],
        data: &[u8],
        path: &[u16],
    ) -> Result<(Vec<u8>, Sw), Cme> {
        let described = self.select(fid, path)?;
        if !described.sw.is_ok() || command == Restricted::GetResponse {
            return Ok((described.data, described.sw));
        }
        let class = if self.is_uicc { 0x00 } else { 0xA0 };
        let command = match command {
            Restricted::GetResponse => return Ok((described.data, described.sw)),
            Restricted::Status if self.is_uicc => Command::new(0x80, 0xF2, 0x00, 0x00).le(256),
            Restricted::Status => Command::new(class, 0xF2, 0x00, 0x00).le(u16::from(p3)),
            Restricted::ReadBinary => {
                // 0 asks for all there is, which only the file's size tells.
                let all = size(&described.data).map_or(256, |size| size.min(256));
                Command::new(class, 0xB0, p1, p2).le(if p3 == 0 { all } else { u16::from(p3) })
            }
            Restricted::ReadRecord => Command::new(class, 0xB2, p1, p2).le(u16::from(p3)),
            Restricted::UpdateBinary => Command::new(class, 0xD6, p1, p2).data(written(data, p3)?),
            Restricted::UpdateRecord => Command::new(class, 0xDC, p1, p2).data(written(data, p3)?),
        };
        let answer = self.send(&command)?;
        Ok((answer.data, answer.sw))
    }

    /// Selects a file by its path, or where it stands on every card; the last answer.
    fn select(&mut self, fid: u16, path: &[u16]) -> Result<Response, Cme> {
        let guessed = match fid {
            _ if fid >> 8 == 0x2F || fid == Fid::MF.0 || fid >> 8 == 0x7F => vec![],
            _ if self.is_uicc => vec![CURRENT_ADF],
            _ if OF_TELECOM.contains(&fid) => vec![DF_TELECOM.0],
            _ => vec![DF_GSM.0],
        };
        let path = if path.is_empty() { &guessed[..] } else { path };
        let mut steps: Vec<u16> = path.iter().copied().filter(|fid| *fid != Fid::MF.0).collect();
        if fid != Fid::MF.0 {
            steps.push(fid);
        }
        let mut answer = self.step(Fid::MF.0)?;
        for fid in steps {
            if !answer.sw.is_ok() {
                break;
            }
            answer = self.step(fid)?;
        }
        Ok(answer)
    }

    fn step(&mut self, fid: u16) -> Result<Response, Cme> {
        let by_name = self.is_uicc && fid == CURRENT_ADF;
        self.send(&match (self.is_uicc, by_name) {
            (true, true) => Command::new(0x00, 0xA4, 0x04, 0x04).data(&USIM_AID),
            (true, false) => Command::new(0x00, 0xA4, 0x00, 0x04).data(&fid.to_be_bytes()),
            (false, _) => Command::new(0xA0, 0xA4, 0x00, 0x00).data(&fid.to_be_bytes()),
        })
    }

    fn send(&mut self, command: &Command) -> Result<Response, Cme> {
        reader::exchange(self.card, command).map_err(|error| of_channel(&error))
    }
}

/// The data of a write, of the length that was announced.
fn written(data: &[u8], p3: u8) -> Result<&[u8], Cme> {
    if !data.is_empty() && data.len() == usize::from(p3) { Ok(data) } else { Err(Cme::PARAMETERS) }
}

/// The size of a file that was described, in either form.
fn size(description: &[u8]) -> Option<u16> {
    if description.first() != Some(&0x62) {
        return description.get(2..4)?.try_into().ok().map(u16::from_be_bytes);
    }
    let inner = wire::tlv::only(description, 0x62).ok()?;
    let size = wire::tlv::objects(&inner).ok()?.into_iter().find(|object| object.tag == 0x80)?;
    size.value.try_into().ok().map(u16::from_be_bytes)
}
