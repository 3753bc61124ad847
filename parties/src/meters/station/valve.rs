//! A station at a meter on a pipe: its valve, by the standard's own command under the seal of an authentication.

use super::{DoneReport, StationRequest, address_of, authenticate, sealed_until};
use crate::meters::pipe_read::valve as words;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use reader::cjt188::{Carried, Line};
use reader::dlt645::Line as Line645;
use reader::security::SecureLine;
use scheme::moment::Moment;
use wire::ByteLink;
use wire::cjt188::{Address, valve};

/// The state of a valve that did not come to its end.
const DOES_NOT_MOVE: u8 = 3;

/// Opens or closes the valve of a meter on a pipe. It opens when the purse has it so and nothing else holds it; `until`: after that time, by
/// its own clock, the meter does not obey any more.
///
/// # Errors
/// As [`super::identify`]; the valve does not move.
pub fn move_valve(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    opens: bool,
    until: Option<Moment>,
) -> Result<DoneReport> {
    let act = if opens { valve::OPEN } else { valve::CLOSE };
    // The authentication stays open: what is sealed is bound to its random.
    let sealed = {
        let mut carried = Carried::new(&mut *link);
        let mut line = Line645::new(&mut carried);
        let meter = authenticate(session, &mut line, request)?;
        meter.station.control(meter.random, &sealed_until([act, 0], until))
    };
    let moved = Line::new(&mut *link).valve(Address::of(request.meter.0), &sealed);
    // What was done stands; an authentication that nobody ends runs out by itself.
    let mut carried = Carried::new(&mut *link);
    let mut line = Line645::new(&mut carried);
    let _ = SecureLine::new(&mut line, address_of(request), request.operator).end();
    let status = moved.map_err(|error| Trouble::from(error).context("the valve"))?;
    if status.valve == DOES_NOT_MOVE {
        return Err(refused("the meter took the command, and its valve does not move")
            .code("valve-stuck")
            .hint("the meter goes on trying, once an hour and at each command; send somebody, and close the tap before it")
            .into());
    }
    Ok(DoneReport { meter: request.meter, done: format!("the valve is {}", words(status)) })
}
