//! Messages: how they are told, where they go, and those that come behind a prompt.

use super::device::number;
use crate::reply::{Awaited, Outcome, Reply, Shape, cme, cms, done, line, of_sim};
use crate::settings::{Memory, READING, WRITING};
use crate::sim;
use crate::state::{Outgoing, State};
use crate::store::{Messages, record, status};
use reader::driver::sim::Sim;
use wire::Channel;
use wire::at::{Cme, Cms, Form, Parameter, Refusal, parameters};
use wire::sms::record::RecordStatus;
use wire::sms::text::user_data;
use wire::sms::tpdu::{
    Address, Direction, Submit, Tpdu, UserData, Validity, parse_service_centre, service_centre_bytes,
};

/// Most bytes of a TPDU: a SUBMIT with the longest addresses.
const LONGEST: u32 = 176;
/// Type of an international number.
const INTERNATIONAL: u32 = 145;

/// A setting of small numbers: what it may be, and what it is.
fn setting(form: &Form, name: &str, most: u32, value: &mut u8) -> Outcome {
    match form {
        Form::Read => line(format!("{name}: {value}")),
        Form::Test => line(format!("{name}: (0-{most})")),
        Form::Set(text) => match number(text) {
            Some(wanted) if wanted <= most => {
                *value = wanted as u8; // a digit
                done()
            }
            _ => cme(Cme::PARAMETERS),
        },
        Form::Execute => {
            *value = 0;
            done()
        }
    }
}

pub fn service(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line(format!("+CSMS: {},1,1,1", state.settings.service)),
        Form::Set(text) if number(text).is_some_and(|service| service <= 1) => {
            state.settings.service = u8::from(number(text) == Some(1));
            line("+CSMS: 1,1,1")
        }
        form => setting(form, "+CSMS", 1, &mut state.settings.service),
    }
}

pub fn form(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    let mut text = u8::from(state.settings.text);
    let outcome = setting(form, "+CMGF", 1, &mut text);
    state.settings.text = text == 1;
    outcome
}

pub fn verbose(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    let mut verbose = u8::from(state.settings.verbose);
    let outcome = setting(form, "+CSDH", 1, &mut verbose);
    state.settings.verbose = verbose == 1;
    outcome
}

/// Numbers that keep their values where they are left out.
fn set_numbers<const N: usize>(values: &mut [u8; N], text: &str, most: &[u8; N]) -> Outcome {
    let given = parameters(text);
    if given.len() > N {
        return cme(Cme::PARAMETERS);
    }
    let mut wanted = *values;
    for (place, parameter) in given.iter().enumerate() {
        match (parameter, parameter.number()) {
            (Parameter::Missing, _) => {}
            (_, Some(number)) if number <= u32::from(most[place]) => wanted[place] = number as u8,
            _ => return cme(Cme::PARAMETERS),
        }
    }
    *values = wanted;
    done()
}

fn told<const N: usize>(name: &str, values: &[u8; N]) -> Outcome {
    line(format!("{name}: {}", values.map(|value| value.to_string()).join(",")))
}

pub fn text_parameters(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => told("+CSMP", &state.settings.text_parameters),
        Form::Set(text) => set_numbers(&mut state.settings.text_parameters, text, &[255; 4]),
        Form::Test => done(),
        Form::Execute => cme(Cme::PARAMETERS),
    }
}

pub fn notices(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => told("+CNMI", &state.settings.notices),
        Form::Test => line("+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)"),
        Form::Set(text) => set_numbers(&mut state.settings.notices, text, &[2, 3, 3, 2, 1]),
        Form::Execute => {
            state.settings.notices = [0; 5];
            done()
        }
    }
}

/// The network was acknowledged by the phone itself already.
pub fn acknowledge(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Test => line("+CNMA: (0-2)"),
        _ if state.settings.service == 0 => cms(Cms::NO_ACKNOWLEDGEMENT),
        _ => done(),
    }
}

/// The service centre, as it stands on the SIM.
pub fn service_centre(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let mut sim = Sim::new(card);
    match form {
        Form::Read => match sim::service_centre(&mut sim).map_err(|error| of_sim(&error))? {
            Some(centre) => line(format!(
                "+CSCA: \"{}\",{}",
                coded(state, &centre.digits().unwrap_or_default()),
                centre.ton_npi()
            )),
            None => line("+CSCA: \"\",129"),
        },
        Form::Test => done(),
        Form::Set(text) => {
            let given = parameters(text);
            let centre = address(state, given.first(), given.get(1))?;
            match sim::set_service_centre(&mut sim, &centre).map_err(|error| of_sim(&error))? {
                true => done(),
                false => cms(Cms::MEMORY),
            }
        }
        Form::Execute => cms(Cms::TEXT_PARAMETER),
    }
}

/// A number that was given, with its type; an international one where none was.
fn address(state: &State, number: Option<&Parameter>, kind: Option<&Parameter>) -> Result<Address, Refusal> {
    let wrong = || Refusal::Cms(Cms::TEXT_PARAMETER);
    let number = number.and_then(Parameter::text).map(|text| plain(state, text)).ok_or_else(wrong)?;
    let digits = number.trim_start_matches('+');
    let address = Address::international(digits).map_err(|_| wrong())?;
    match kind.and_then(Parameter::number) {
        None | Some(INTERNATIONAL) => Ok(address),
        Some(kind) => {
            let kind = u8::try_from(kind).map_err(|_| wrong())?;
            Address::from_wire(kind, address.semi_octets(), address.bytes()).map_err(|_| wrong())
        }
    }
}

/// A string as it goes out in the alphabet that was chosen.
pub(super) fn coded(state: &State, text: &str) -> String {
    match state.settings.alphabet {
        "UCS2" => text.encode_utf16().map(|unit| format!("{unit:04X}")).collect(),
        _ => text.to_owned(),
    }
}

/// A string as it came in that alphabet.
fn plain(state: &State, text: &str) -> String {
    let units = || {
        let bytes = hex::decode(text).ok().filter(|bytes| bytes.len().is_multiple_of(2))?;
        let units: Vec<u16> = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match state.settings.alphabet {
        "UCS2" => units().unwrap_or_else(|| text.to_owned()),
        _ => text.to_owned(),
    }
}

pub fn memories(state: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let mut counted = |state: &mut State, named: bool| {
        let mut parts = Vec::new();
        for memory in state.settings.memories {
            let mut messages = Messages::open(memory, &mut state.own, card)?;
            let (used, places) = (messages.all()?.len(), messages.places());
            let name = if named { format!("\"{}\",", memory.name()) } else { String::new() };
            parts.push(format!("{name}{used},{places}"));
        }
        line(format!("+CPMS: {}", parts.join(",")))
    };
    match form {
        Form::Test => {
            let names = Memory::ALL.map(|memory| format!("\"{}\"", memory.name())).join(",");
            line(format!("+CPMS: ({names}),({names}),({names})"))
        }
        Form::Read => counted(state, true),
        Form::Set(text) => {
            let given = parameters(text);
            let mut wanted = state.settings.memories;
            for (place, parameter) in given.iter().enumerate() {
                let memory = match parameter.text() {
                    None => continue,
                    Some(name) => Memory::of(&name.to_ascii_uppercase()),
                };
                match (wanted.get_mut(place), memory) {
                    (Some(place), Some(memory)) => *place = memory,
                    _ => return cms(Cms::NOT_ALLOWED),
                }
            }
            state.settings.memories = wanted;
            counted(state, false)
        }
        Form::Execute => cms(Cms::TEXT_PARAMETER),
    }
}

/// The length that PDU mode announces.
fn length(parameter: Option<&Parameter>) -> Result<usize, Refusal> {
    match parameter.and_then(Parameter::number) {
        Some(length @ 1..=LONGEST) => Ok(length as usize),
        _ => cms(Cms::PDU_PARAMETER),
    }
}

pub fn send(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    let Form::Set(text) = form else { return unasked(form) };
    let given = parameters(text);
    let shape = if state.settings.text {
        address(state, given.first(), given.get(1))?;
        Shape::Text(given.first().and_then(Parameter::text).map(str::to_owned))
    } else {
        Shape::Pdu(length(given.first())?)
    };
    Ok(Reply::Prompt(Awaited::Send(shape)))
}

pub fn write(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    let given = match form {
        Form::Set(text) => parameters(text),
        Form::Execute if state.settings.text => Vec::new(),
        form => return unasked(form),
    };
    if state.settings.text {
        let number = given.first().and_then(Parameter::text).filter(|number| !number.is_empty());
        if number.is_some() {
            address(state, given.first(), given.get(1))?;
        }
        let wanted = match given.get(2).and_then(Parameter::text) {
            None | Some("STO UNSENT") => 2,
            Some("STO SENT") => 3,
            Some(_) => return cms(Cms::TEXT_PARAMETER),
        };
        let shape = Shape::Text(number.map(str::to_owned));
        return Ok(Reply::Prompt(Awaited::Store(shape, Some(wanted))));
    }
    let wanted = match given.get(1) {
        None | Some(Parameter::Missing) => None,
        Some(parameter) => match parameter.number() {
            Some(number @ 0..=3) => Some(number as u8), // a digit
            _ => return cms(Cms::PDU_PARAMETER),
        },
    };
    Ok(Reply::Prompt(Awaited::Store(Shape::Pdu(length(given.first())?), wanted)))
}

fn unasked(form: &Form) -> Outcome {
    if *form == Form::Test { done() } else { cms(Cms::PDU_PARAMETER) }
}

/// The message behind a prompt.
pub fn take(state: &mut State, card: &mut dyn Channel, awaited: Awaited, text: &str) -> Outcome {
    match awaited {
        Awaited::Send(shape) => {
            let (centre, tpdu) = message(state, shape, text)?;
            let Tpdu::Submit(submit) = tpdu else { return cms(Cms::PDU_PARAMETER) };
            let reference = leave(state, card, centre, submit)?;
            line(format!("+CMGS: {reference}"))
        }
        Awaited::Store(shape, wanted) => {
            let (centre, tpdu) = message(state, shape, text)?;
            let usual = if tpdu.direction() == Direction::ToNetwork { 2 } else { 1 };
            let status = status(wanted.unwrap_or(usual)).unwrap_or(RecordStatus::Read);
            if status.direction() != Some(tpdu.direction()) {
                return cms(Cms::NOT_ALLOWED);
            }
            let centre = centre.map_or_else(|| vec![0], |centre| service_centre_bytes(&centre));
            let record = record(status, &[centre, tpdu.to_bytes()].concat());
            let record = record.ok_or(Refusal::Cms(Cms::PDU_PARAMETER))?;
            let memory = state.settings.memories[WRITING];
            let index = Messages::open(memory, &mut state.own, card)?.add(&record)?;
            state.written |= memory == Memory::Sim;
            line(format!("+CMGW: {index}"))
        }
    }
}

/// Service centre and message of what was typed.
fn message(state: &State, shape: Shape, text: &str) -> Result<(Option<Address>, Tpdu), Refusal> {
    let wrong = Refusal::Cms(Cms::PDU_PARAMETER);
    match shape {
        Shape::Pdu(length) => {
            let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let bytes = hex::decode(digits).map_err(|_| wrong.clone())?;
            let (centre, used) = parse_service_centre(&bytes).map_err(|_| wrong.clone())?;
            let tpdu = bytes.get(used..).filter(|tpdu| tpdu.len() == length).ok_or(wrong.clone())?;
            // Whichever way it goes, its type tells.
            let (message, _) = Tpdu::parse(tpdu, Direction::FromNetwork).map_err(|_| wrong.clone())?;
            if message.to_bytes() == tpdu { Ok((centre, message)) } else { Err(wrong) }
        }
        Shape::Text(number) => {
            let number = number.map(Parameter::Quoted);
            let destination = match &number {
                Some(_) => address(state, number.as_ref(), None)?,
                None => Address::from_wire(Address::INTERNATIONAL, 0, &[]).map_err(|_| wrong)?,
            };
            let [first, validity, pid, dcs] = state.settings.text_parameters;
            let text = plain(state, text).replace('\r', "\n");
            let too_long = |_| Refusal::Cms(Cms::TEXT_PARAMETER);
            // 8-bit data are typed in hexadecimal digits.
            let (user_data, dcs) = match wire::sms::tpdu::Alphabet::of(dcs) {
                wire::sms::tpdu::Alphabet::Octets => {
                    let bytes = hex::decode(text.trim()).map_err(|_| Refusal::Cms(Cms::TEXT_PARAMETER))?;
                    (UserData::from_octets(&bytes, false).map_err(too_long)?, dcs)
                }
                _ => user_data(&text).map_err(too_long)?,
            };
            let flags = first & (Submit::STATUS_REPORT | Submit::REPLY_PATH | Submit::REJECT_DUPLICATES);
            let validity = Validity::Relative(validity);
            let submit = Submit { flags, reference: 0, destination, pid, dcs, validity, user_data };
            Ok((None, Tpdu::Submit(submit)))
        }
    }
}

/// Hands a message to the network; gives the reference that its sender is told.
pub(super) fn leave(
    state: &mut State,
    card: &mut dyn Channel,
    centre: Option<Address>,
    submit: Submit,
) -> Result<u8, Refusal> {
    let centre = match centre {
        Some(centre) => Some(centre),
        None => sim::service_centre(&mut Sim::new(card)).map_err(|error| of_sim(&error))?,
    };
    let centre = centre.ok_or(Refusal::Cms(Cms::NO_CENTRE))?;
    state.reference = state.reference.wrapping_add(1);
    let submit = Submit { reference: state.reference, ..submit };
    state.outgoing.push_back(Outgoing { submit, centre });
    Ok(state.reference)
}

/// Which memory a command reads.
pub(super) fn reading(state: &State) -> Memory {
    state.settings.memories[READING]
}
