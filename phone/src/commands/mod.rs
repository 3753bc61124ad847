//! The commands a phone knows, one row a command [docs/specs/phone.md 3].

mod device;
mod messages;
mod network;
mod pin;
mod sim;
mod stored;

use crate::reply::{Awaited, Outcome, as_cms, cme};
use crate::state::State;
use wire::Channel;
use wire::at::{AtCommand, Cme, Form};

/// What does a command.
type Run = fn(&mut State, &mut dyn Channel, &Form) -> Outcome;

/// Who answers a command, which decides what is done around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The phone itself.
    Own,
    /// The SIM, for the phone: where somebody's +CSIM was is selected again afterwards.
    Sim,
    /// The messages' part: the same, and errors are +CMS ERROR.
    Messages,
    /// The SIM, for whoever asks by +CSIM: where he is now is his.
    Raw,
}

struct Row {
    name: &'static str,
    part: Part,
    run: Run,
}

const fn row(name: &'static str, part: Part, run: Run) -> Row {
    Row { name, part, run }
}

use Part::{Messages, Own, Raw, Sim};

#[rustfmt::skip]
static COMMANDS: &[Row] = &[
    row("E",      Own,      device::echo),
    row("I",      Own,      device::about),
    row("Z",      Own,      device::forget),
    row("&F",     Own,      device::forget),
    row("V",      Own,      device::form_of_answers),
    row("Q",      Own,      device::form_of_answers),
    row("X",      Own,      device::nothing_to_do),
    row("H",      Own,      device::nothing_to_do),
    row("&C",     Own,      device::nothing_to_do),
    row("&D",     Own,      device::nothing_to_do),
    row("D",      Own,      device::dial),
    row("S0",     Own,      device::register),
    row("S3",     Own,      device::register),
    row("S4",     Own,      device::register),
    row("S5",     Own,      device::register),
    row("+CGMI",  Own,      device::maker),
    row("+GMI",   Own,      device::maker),
    row("+CGMM",  Own,      device::model),
    row("+GMM",   Own,      device::model),
    row("+CGMR",  Own,      device::revision),
    row("+GMR",   Own,      device::revision),
    row("+CGSN",  Own,      device::imei),
    row("+GSN",   Own,      device::imei),
    row("+GCAP",  Own,      device::capabilities),
    row("+CLAC",  Own,      list),
    row("+CMEE",  Own,      device::errors),
    row("+CFUN",  Own,      device::functions),
    row("+CSCS",  Own,      device::alphabet),
    row("+CBC",   Own,      device::battery),
    row("+CLIP",  Own,      device::nothing_to_do),
    row("+CRC",   Own,      device::nothing_to_do),
    row("+CPBS",  Own,      device::book),
    row("+CSQ",   Own,      network::signal),
    row("+CREG",  Own,      network::registration),
    row("+CGREG", Own,      network::packet_registration),
    row("+CGATT", Own,      network::attached),
    row("+COPS",  Own,      network::operator),
    row("+CPIN",  Sim,      pin::pin),
    row("+CPINR", Sim,      pin::tries),
    row("+CLCK",  Sim,      pin::lock),
    row("+CPWD",  Sim,      pin::change),
    row("+CIMI",  Sim,      sim::imsi),
    row("+CCID",  Sim,      sim::iccid),
    row("+ICCID", Sim,      sim::iccid),
    row("+QCCID", Sim,      sim::iccid),
    row("+CNUM",  Sim,      sim::number),
    row("+CRSM",  Sim,      sim::restricted),
    row("+CSIM",  Raw,      sim::raw),
    row("+CSMS",  Own,      messages::service),
    row("+CMGF",  Own,      messages::form),
    row("+CSDH",  Own,      messages::verbose),
    row("+CSMP",  Own,      messages::text_parameters),
    row("+CNMI",  Own,      messages::notices),
    row("+CNMA",  Own,      messages::acknowledge),
    row("+CSCA",  Messages, messages::service_centre),
    row("+CPMS",  Messages, messages::memories),
    row("+CMGL",  Messages, stored::list),
    row("+CMGR",  Messages, stored::read),
    row("+CMGD",  Messages, stored::delete),
    row("+CMGW",  Messages, messages::write),
    row("+CMGS",  Messages, messages::send),
    row("+CMSS",  Messages, stored::send),
];

/// The names of all commands, in the table's order.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|row| row.name)
}

/// Does a command; whether the SIM was used for the phone's own purposes.
pub fn run(state: &mut State, card: &mut dyn Channel, command: &AtCommand) -> (Outcome, bool) {
    let Some(row) = COMMANDS.iter().find(|row| row.name == command.name) else {
        // Not 4, "not supported": there are programs that give up a phone that says it of what they only try.
        return (cme(Cme::UNKNOWN), false);
    };
    let outcome = (row.run)(state, card, &command.form);
    match row.part {
        Own | Raw => (outcome, false),
        Sim => (outcome, true),
        Messages => (outcome.map_err(as_cms), true),
    }
}

/// Takes the message behind a prompt.
pub fn message(state: &mut State, card: &mut dyn Channel, awaited: Awaited, text: &str) -> Outcome {
    messages::take(state, card, awaited, text).map_err(as_cms)
}

/// +CLAC: all of them.
fn list(_: &mut State, _: &mut dyn Channel, form: &Form) -> Outcome {
    match form {
        Form::Execute => Ok(crate::reply::Reply::Done(names().map(str::to_owned).collect())),
        Form::Test => crate::reply::done(),
        _ => cme(Cme::UNKNOWN),
    }
}
