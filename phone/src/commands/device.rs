//! Commands of the phone itself: who it is, and how it speaks.

use crate::reply::{Outcome, cme, done, line};
use crate::settings::Settings;
use crate::state::State;
use wire::Channel;
use wire::at::{Cme, Form, Refusal, parameters};

/// What +CSCS offers. HEX is not on offer: there are programs that set it where it is, and leave it set for the next.
const ALPHABETS: [&str; 3] = ["GSM", "IRA", "UCS2"];

/// A command that only ever says one thing.
fn fixed(form: &Form, text: impl Into<String>) -> Outcome {
    match form {
        Form::Execute => line(text),
        Form::Test => done(),
        _ => cme(Cme::UNKNOWN),
    }
}

/// The number behind a basic command, 0 when there is none.
fn digit(form: &Form) -> Option<u32> {
    match form {
        Form::Execute => Some(0),
        Form::Set(text) => text.parse().ok(),
        _ => None,
    }
}

/// The one number that a command is set to.
pub(super) fn number(text: &str) -> Option<u32> {
    match &parameters(text)[..] {
        [only] => only.number(),
        _ => None,
    }
}

pub fn echo(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match digit(form) {
        Some(echo @ (0 | 1)) => {
            state.settings.echo = echo == 1;
            done()
        }
        _ => Err(Refusal::Plain),
    }
}

pub fn about(state: &mut State, _: &mut dyn Channel, _: &Form) -> Outcome {
    line(format!("{} {}", state.identity.maker, state.identity.model))
}

/// Z and &F: what was told is forgotten. The SIM is not reset: whoever gave its PIN would have to give it again.
pub fn forget(state: &mut State, _: &mut dyn Channel, _: &Form) -> Outcome {
    state.settings = Settings::default();
    done()
}

/// V and Q: answers in words, and not without; nobody asks for the other forms.
pub fn form_of_answers(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Set(text) if text == "0" || text == "1" => done(),
        Form::Execute => done(),
        _ => Err(Refusal::Plain),
    }
}

pub fn nothing_to_do(_: &mut State, _: &mut dyn Channel, _: &Form) -> Outcome {
    done()
}

/// There are no calls.
pub fn dial(_: &mut State, _: &mut dyn Channel, _: &Form) -> Outcome {
    Err(Refusal::Words("NO CARRIER".into()))
}

/// S registers stand as they are.
pub fn register(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line("013"),
        _ => done(),
    }
}

pub fn maker(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, state.identity.maker.clone())
}

pub fn model(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, state.identity.model.clone())
}

pub fn revision(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, state.identity.revision.clone())
}

pub fn imei(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, state.identity.imei.clone())
}

pub fn capabilities(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, "+GCAP: +CGSM")
}

pub fn errors(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line(format!("+CMEE: {}", state.settings.errors)),
        Form::Test => line("+CMEE: (0-2)"),
        Form::Set(text) => match number(text) {
            Some(mode @ 0..=2) => {
                state.settings.errors = mode as u8; // at most 2
                done()
            }
            _ => cme(Cme::PARAMETERS),
        },
        Form::Execute => {
            state.settings.errors = 0;
            done()
        }
    }
}

/// Full, or without radio; nothing depends on it.
pub fn functions(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line(format!("+CFUN: {}", state.settings.functions)),
        Form::Test => line("+CFUN: (1,4),(0)"),
        Form::Set(text) => match parameters(text).first().and_then(|first| first.number()) {
            Some(mode @ (1 | 4)) => {
                state.settings.functions = mode as u8; // 1 or 4
                done()
            }
            _ => cme(Cme::NOT_ALLOWED),
        },
        Form::Execute => cme(Cme::PARAMETERS),
    }
}

pub fn alphabet(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Read => line(format!("+CSCS: \"{}\"", state.settings.alphabet)),
        Form::Test => line(format!("+CSCS: (\"{}\")", ALPHABETS.join("\",\""))),
        Form::Set(text) => {
            let wanted = parameters(text).first().and_then(|first| first.text().map(str::to_ascii_uppercase));
            match ALPHABETS.iter().find(|name| wanted.as_deref() == Some(**name)) {
                Some(name) => {
                    state.settings.alphabet = name;
                    done()
                }
                None => cme(Cme::PARAMETERS),
            }
        }
        Form::Execute => cme(Cme::PARAMETERS),
    }
}

/// On the mains, full.
pub fn battery(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    fixed(form, "+CBC: 0,100")
}

/// The telephone books by name; nothing stands in them.
pub fn book(state: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Test => line("+CPBS: (\"SM\")"),
        Form::Read => line(format!("+CPBS: \"{}\",0,0", state.settings.book)),
        Form::Set(text) if text.trim_matches('"') == "SM" => done(),
        _ => cme(Cme::PARAMETERS),
    }
}
