//! Modems, as `gridcard reader` tells of them.

use crate::prelude::*;
use ::reader::modem::{self, Facts, ModemError};
use parties::phones;
use serde_json::Value;

/// A modem that may be there.
pub struct Found {
    /// How commands name the SIM in it.
    name: String,
    /// What the system, or the home, calls it.
    product: String,
    /// What it says; `None`: it was not asked.
    said: Option<Result<Facts, ModemError>>,
}

/// The serial ports of the USB, and the phones of this home that run. `ask`: each is asked what it is.
///
/// # Errors
/// The home is another party's.
pub fn found(call: &Call, ask: bool) -> Result<Vec<Found>> {
    let ports = modem::ports().into_iter().map(|port| (port.device.display().to_string(), port.product));
    let phones = phones::running(call)?;
    let phones = phones.into_iter().map(|(name, line)| (line.display().to_string(), format!("phone {name}")));
    let all = ports.chain(phones).map(|(device, product)| {
        let said = ask.then(|| modem::wake(&device, call.patience).and_then(modem::facts));
        Found { name: format!("at:{device}"), product, said }
    });
    Ok(all.collect())
}

impl Found {
    /// State of the SIM, or why nothing is known of it.
    fn sim(&self) -> String {
        match &self.said {
            None => "not asked".into(),
            Some(Ok(facts)) => facts.sim.clone(),
            Some(Err(error)) => error.to_string(),
        }
    }

    /// How commands get to the SIM.
    fn way(&self) -> Option<&'static str> {
        match &self.said {
            Some(Ok(Facts { way: Ok(way), .. })) => Some(way),
            _ => None,
        }
    }

    /// A row of a table.
    pub fn row(&self) -> Vec<String> {
        row![self.name, self.product, self.sim(), self.way().unwrap_or("-")]
    }

    /// For programs.
    pub fn object(&self) -> Value {
        json!({ "modem": self.name, "product": self.product, "sim": self.sim(), "way": self.way() })
    }
}

/// Looks at one modem, from its line to its SIM.
///
/// # Errors
/// What is missing first: no SIM can be used.
pub fn doctor(call: &Call, device: &str) -> Result<()> {
    let asked = modem::wake(device, call.patience).and_then(modem::facts);
    let mut checks: Vec<(&str, &str, String)> = Vec::new();
    let error = match asked {
        Err(error) => {
            checks.push(("missing", "line", error.to_string()));
            Some(error)
        }
        Ok(facts) => {
            let name = format!("{} {}", facts.maker, facts.model);
            checks.push(("good", "line", format!("{} answers AT", name.trim())));
            let open = facts.sim == "READY";
            checks.push((
                if open { "good" } else { "missing" },
                "PIN",
                format!("the modem says {}", facts.sim),
            ));
            match facts.way {
                Ok(way) => {
                    checks.push(("good", "SIM", format!("commands get to it: {way}")));
                    None
                }
                Err(error) => {
                    checks.push(("missing", "SIM", error.to_string()));
                    Some(error)
                }
            }
        }
    };
    let lines: Vec<String> =
        checks.iter().map(|(verdict, check, words)| format!("{verdict:8} {check:11} {words}")).collect();
    let findings: Vec<Value> = checks
        .iter()
        .map(|(verdict, check, words)| json!({ "verdict": verdict, "check": check, "words": words }))
        .collect();
    answer(call, &lines.join("\n"), json!({ "usable": error.is_none(), "findings": findings }));
    match error {
        None => {
            say("the SIM could be used");
            Ok(())
        }
        Some(error) => Err(Trouble::from(error)),
    }
}
