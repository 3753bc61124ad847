//! What a phone tells of its network: it is at home, with a good signal.

use super::device::number;
use crate::reply::{Outcome, cme, done, line};
use crate::state::State;
use wire::Channel;
use wire::at::{Cme, Form, parameters};

pub fn signal(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        // The error rate is not known.
        Form::Execute => line("+CSQ: 20,99"),
        Form::Test => line("+CSQ: (0-31,99),(0-7,99)"),
        _ => cme(Cme::UNKNOWN),
    }
}

fn registered(told: &mut u8, name: &str, form: &Form) -> Outcome {
    match form {
        Form::Read if *told == 2 => line(format!("{name}: 2,1,\"0001\",\"00000001\"")),
        Form::Read => line(format!("{name}: {told},1")),
        Form::Test => line(format!("{name}: (0-2)")),
        Form::Set(text) => match number(text) {
            Some(mode @ 0..=2) => {
                *told = mode as u8; // at most 2
                done()
            }
            _ => cme(Cme::PARAMETERS),
        },
        Form::Execute => cme(Cme::UNKNOWN),
    }
}

pub fn registration(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    registered(&mut state.settings.registration[0], "+CREG", form)
}

pub fn packet_registration(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    registered(&mut state.settings.registration[1], "+CGREG", form)
}

pub fn attached(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line("+CGATT: 1"),
        Form::Test => line("+CGATT: (0,1)"),
        Form::Set(text) if number(text).is_some_and(|attach| attach <= 1) => done(),
        _ => cme(Cme::PARAMETERS),
    }
}

pub fn operator(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    let name = |format: u8| match format {
        2 => &state.identity.network_number,
        _ => &state.identity.network,
    };
    match form {
        Form::Read => {
            let format = state.settings.operator;
            line(format!("+COPS: 0,{format},\"{}\"", name(format)))
        }
        Form::Test => line(format!("+COPS: (2,\"{0}\",\"{0}\",\"{1}\"),,(0,3),(0-2)", name(0), name(2))),
        Form::Set(text) => {
            let parameters = parameters(text);
            let at = |place: usize| parameters.get(place).and_then(|parameter| parameter.number());
            match (at(0), at(1)) {
                (Some(3), Some(format @ 0..=2)) => {
                    state.settings.operator = format as u8; // at most 2
                    done()
                }
                (Some(0), _) => done(),
                _ => cme(Cme::NOT_ALLOWED),
            }
        }
        Form::Execute => cme(Cme::UNKNOWN),
    }
}
