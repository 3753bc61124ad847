//! A telephone that carries a recharge by the field's frames: from the payment server to a meter's port, and the receipt back
//! [docs/specs/online.md 11]. As in the other flow it has no key to any of it.

use crate::pipe::{
    NOT_TOLD, PATIENCE, Passed, PipeReport, RechargeServer, UNKNOWN, Wanted, no_message, received,
};
use crate::trouble::{Context, Result};
use reader::counted::Counted;
use reader::dlt645::{AskError, Line};
use reader::security::SecureLine;
use scheme::numbers::MeterNumber;
use scheme::recharge::Recharge;
use wire::ByteLink;
use wire::dlt645::Address;

/// Carries a recharge between a server and the meter at the other end of a line.
///
/// # Errors
/// What the server says, what the meter refuses, and a line that breaks. Whatever was not finished goes on with the same words: an
/// order is credited once and paid once.
pub fn pass(link: &mut dyn ByteLink, server: &mut dyn RechargeServer, wanted: &Wanted) -> Result<PipeReport> {
    let mut passed = Vec::new();
    let mut counted = Counted::new(link);
    let result = {
        let mut line = Line::new(&mut counted).patient(PATIENCE);
        let address = match wanted.meter {
            Some(meter) => Address(meter.0),
            None => line.address().context("the meter's number")?,
        };
        let wanted = Wanted { meter: Some(MeterNumber::new(address.0)?), ..wanted.clone() };
        let mut line = SecureLine::new(&mut line, address, [0; 4]);
        let said = line.bank().context("the meter is asked for its random")?;
        let bytes = [&said.random[..], &said.esam, &said.count.to_be_bytes()].concat();
        let made = match server.recharge(&wanted, &said) {
            Ok(made) => made,
            Err(error) => {
                // The meter need not wait for what does not come; when it does not hear this, its time runs out.
                let _ = line.receipt();
                return Err(error.context("the server makes the recharge"));
            }
        };
        passed.push(Passed::up("random", &bytes, &hex::encode_upper(&bytes)));
        let recharge = Recharge::parse(&received(&made.message)?).ok_or_else(no_message)?;
        match line.recharge(false, &recharge) {
            Ok(()) => {}
            // It has the order already: its receipt tells.
            Err(error) if is_done(&error) => {}
            Err(error @ AskError::Refused(_)) => {
                let _ = line.receipt();
                return Err(error).context("the meter refuses the recharge; its order is outstanding");
            }
            Err(error) => return Err(error).context(UNKNOWN),
        }
        passed.push(Passed::down("recharge", &made.message, &recharge.to_bytes()));
        let receipt = line.receipt().context(UNKNOWN)?;
        let text = hex::encode_upper(&receipt);
        let result = server.result(made.purchase.purchase, &text).context(NOT_TOLD)?;
        passed.push(Passed::up("receipt", &receipt, &text));
        result
    };
    Ok(PipeReport::of(result, passed, counted.used()))
}

/// The meter says that this count was taken before: its receipt tells by which order.
fn is_done(error: &AskError) -> bool {
    matches!(error, AskError::Refused(word) if word[..] == [1 << 1, 0])
}
