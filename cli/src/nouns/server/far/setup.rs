//! What has to be there before anything is sold, asked of a running server.

use super::super::office::{self, Office};
use super::super::setup::{Meters, ReplaceSim, Settings, tell_meters, tell_replaced, tell_settings};
use crate::far::{Far, no_pin, option_is_near};
use crate::files;
use parties::carrier::{Carrier, Files};
use parties::trouble::Result;
use serde_json::json;
use service::client::Request;

/// Runs `server settings`.
pub fn settings(far: &Far<'_>, options: &Settings) -> Result<()> {
    if options.office.is_some() {
        return Err(option_is_near("--office", "it says where a bank's folder stands"));
    }
    if options.training {
        return Err(option_is_near("--training", "it makes the books of a new home ones to learn with"));
    }
    let report = if options.shows() {
        far.look(&Request::to("terms")?)?
    } else {
        let fields = json!({
            "server_number": options.server_number,
            "service_centre": options.service_centre,
            "validity_days": options.validity_days,
            "clock_tolerance_s": options.clock_tolerance,
        });
        far.change(&Request::to("set-terms")?.fields(fields))?
    };
    tell_settings(far.call, &report);
    Ok(())
}

/// Runs `server meters`.
pub fn meters(far: &Far<'_>, options: &Meters) -> Result<()> {
    let request = Request::to("meters")?.text(files::whole(&options.list)?);
    tell_meters(far.call, &far.take_in(&request, &options.list)?);
    Ok(())
}

/// Runs `server replace-sim`.
pub fn replace_sim(far: &Far<'_>, options: &ReplaceSim) -> Result<()> {
    no_pin(&options.pin)?;
    let sim = options.sim()?;
    let receipt = options.receipt.as_deref().map(|file| Files.fetch(file)).transpose()?;
    let fields = json!({
        "customer": options.customer,
        "msisdn": sim.msisdn.to_string(),
        "imsi": sim.imsi.to_string(),
        "iccid": sim.iccid.to_string(),
        "old_sim_record": receipt.map(|message| hex::encode_upper(message.record)),
    });
    tell_replaced(far.call, &far.change(&Request::to("replace-sim")?.fields(fields))?);
    Ok(())
}

/// Runs `server office`.
pub fn office(far: &Far<'_>, options: &Office) -> Result<()> {
    let request = Request::to("give-to-office")?.place("customer", options.customer);
    office::tell(far.call, &far.change(&request.fields(json!({ "office": options.office })))?);
    Ok(())
}
