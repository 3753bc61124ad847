//! Acts at a desk that is kept, done by somebody who does nothing else meanwhile: whatever they have to ask a PSAM is asked, waited for,
//! and the act done again.

use super::asking::{AskPsam, InHand};
use super::desk::Desk;
use crate::session::Session;
use crate::trouble::Result;
use std::sync::mpsc::channel;

/// Does an act at a desk whose PSAMs have threads of their own ([`Desk::keep`]), until it needs to ask none of them any more. Ids are drawn
/// before, so that it stays the same act.
///
/// # Errors
/// Those of the act; the thread of a PSAM has gone.
pub fn waiting<T>(
    session: &Session,
    desk: &mut Desk,
    act: impl Fn(&Session, &mut Desk) -> Result<T>,
) -> Result<T> {
    let mut hand = InHand::default();
    loop {
        desk.take_in_hand(hand);
        let done = act(session, desk);
        hand = desk.take_in_hand(InHand::default());
        let error = match done {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(AskPsam::Ask { psam, question }) = error.find::<AskPsam>().cloned() else {
            return Err(error);
        };
        desk.plan(session, psam, &question)?;
        let (tell, told) = channel();
        if let Some(stalls) = desk.stalls() {
            // Nobody else waits for it.
            stalls.ask(psam, question, Box::new(move |heard| drop(tell.send(heard))));
        }
        // A thread that ends tells it; one that never was has nothing to tell.
        let Ok(heard) = told.recv() else { return Err(error) };
        desk.hear(session, heard, &mut hand)?;
    }
}
