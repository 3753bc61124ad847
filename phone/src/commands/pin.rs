//! The SIM's PIN. The phone tries none by itself: each try is one that somebody typed.

use crate::reply::{Outcome, Reply, cme, done, line, of_sim};
use crate::sim::{Lock, lock as lock_of};
use crate::state::State;
use reader::driver::sim::{Chv, CodeState, Sim};
use wire::Channel;
use wire::at::{Cme, Form, Parameter, Refusal, parameters};

/// A code as it was typed: 4 to 8 digits.
fn code(parameter: Option<&Parameter>) -> Result<&[u8], Refusal> {
    let text = parameter.and_then(Parameter::text).unwrap_or_default();
    let is_code = (4..=8).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    if is_code { Ok(text.as_bytes()) } else { cme(Cme::PASSWORD) }
}

pub fn pin(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let mut sim = Sim::new(card);
    match form {
        Form::Read => {
            let lock = lock_of(&mut sim).map_err(|error| of_sim(&error))?;
            line(format!("+CPIN: {}", lock.name()))
        }
        Form::Test => done(),
        Form::Set(text) => {
            let given = parameters(text);
            match (lock_of(&mut sim).map_err(|error| of_sim(&error))?, &given[..]) {
                (Lock::Open, _) => cme(Cme::NOT_ALLOWED),
                (Lock::Pin, [pin]) => after(sim.verify_chv(Chv::Chv1, code(Some(pin))?)),
                (Lock::Pin, _) => cme(Cme::PARAMETERS),
                (Lock::Puk, [puk, new]) => {
                    after(sim.unblock_chv(Chv::Chv1, code(Some(puk))?, code(Some(new))?))
                }
                (Lock::Puk, _) => cme(Cme::PUK),
            }
        }
        Form::Execute => cme(Cme::PARAMETERS),
    }
}

fn after(done_or_not: Result<(), reader::driver::sim::SimError>) -> Outcome {
    done_or_not.map(|()| Reply::Done(Vec::new())).map_err(|error| of_sim(&error))
}

/// +CPINR: tries left, and tries there are.
pub fn tries(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let wanted = match form {
        Form::Execute => None,
        Form::Set(text) => Some(text.trim_matches('"').trim_end_matches('*').to_owned()),
        Form::Test => return done(),
        Form::Read => return cme(Cme::UNKNOWN),
    };
    let mut sim = Sim::new(card);
    sim.enter(scheme::profile::Fid::MF).map_err(|error| of_sim(&error))?;
    let state = sim.status().map_err(|error| of_sim(&error))?;
    let rows: [(&str, CodeState, u8); 4] = [
        ("SIM PIN", state.chv1, 3),
        ("SIM PUK", state.unblock1, 10),
        ("SIM PIN2", state.chv2, 3),
        ("SIM PUK2", state.unblock2, 10),
    ];
    let named = |name: &str| wanted.as_deref().is_none_or(|wanted| name.starts_with(wanted));
    let rows = rows.iter().filter(|(name, code, _)| code.initialised && named(name));
    Ok(Reply::Done(rows.map(|(name, code, most)| format!("+CPINR: {name},{},{most}", code.tries)).collect()))
}

/// +CLCK="SC": whether the PIN is asked for; with a mode and the PIN, switches that.
pub fn lock(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let text = match form {
        Form::Test => return line("+CLCK: (\"SC\")"),
        Form::Set(text) => text,
        _ => return cme(Cme::PARAMETERS),
    };
    let given = parameters(text);
    if given.first().and_then(Parameter::text) != Some("SC") {
        return cme(Cme::NOT_SUPPORTED);
    }
    let mut sim = Sim::new(card);
    sim.enter(scheme::profile::Fid::MF).map_err(|error| of_sim(&error))?;
    match given.get(1).and_then(Parameter::number) {
        Some(2) => {
            let asked = sim.chv1_enabled().map_err(|error| of_sim(&error))?;
            line(format!("+CLCK: {}", u8::from(asked)))
        }
        Some(0) => after(sim.disable_chv1(code(given.get(2))?)),
        Some(1) => after(sim.enable_chv1(code(given.get(2))?)),
        _ => cme(Cme::PARAMETERS),
    }
}

/// +CPWD="SC","old","new", and "P2" for the second PIN.
pub fn change(_: &mut State, card: &mut dyn Channel, form: &Form) -> Outcome {
    let text = match form {
        Form::Test => return line("+CPWD: (\"SC\",8),(\"P2\",8)"),
        Form::Set(text) => text,
        _ => return cme(Cme::PARAMETERS),
    };
    let given = parameters(text);
    let which = match given.first().and_then(Parameter::text) {
        Some("SC") => Chv::Chv1,
        Some("P2") => Chv::Chv2,
        _ => return cme(Cme::NOT_SUPPORTED),
    };
    after(Sim::new(card).change_chv(which, code(given.get(1))?, code(given.get(2))?))
}
