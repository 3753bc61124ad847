//! Customers of a table, registered at a running server: each row is a request of its own.

use super::super::setup::{Register, tell_registered};
use crate::far::{Far, is_about_all, option_is_near};
use crate::files;
use parties::bank::RegisterReport;
use parties::trouble::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use server::{Customer, Roster};
use service::client::Request;

/// What a server says of a registration.
#[derive(Deserialize)]
struct Registered {
    new: bool,
    doubtful: Vec<String>,
}

/// In what a server says of a row, the line that it stood in there: below a line of columns of its own.
const THERE: &str = "line 2";

/// What a server says of a row, with the line of the table here.
fn here(line: u64, words: &str) -> String {
    words
        .strip_prefix(THERE)
        .map_or_else(|| format!("line {line}: {words}"), |rest| format!("line {line}{rest}"))
}

fn request(new: &Customer) -> Result<Request> {
    let held = new.meters.first();
    let fields = json!({
        "customer": new.customer,
        "meter": held.map(|held| held.meter),
        "msisdn": new.sim.msisdn.to_string(),
        "imsi": new.sim.imsi.to_string(),
        "imei": new.imei.to_string(),
        "iccid": new.sim.iccid.to_string(),
        "name": new.name,
        "first_purchase_fen": held.and_then(|held| held.first_purchase).map(|fen| fen.0),
    });
    Ok(Request::to("register")?.fields(fields))
}

/// Runs `server register`. After a cut the same command goes on with the same ids, so that its report is that of the whole table.
pub fn register(far: &Far<'_>, options: &Register) -> Result<()> {
    if !options.office.is_empty() {
        return Err(option_is_near(
            "--office",
            "customers belong to the office of the key that registers them",
        ));
    }
    let text = files::whole(&options.csv)?;
    let mut roster = Roster::read(&text[..]).with_context(|| options.csv.display().to_string())?;
    let mut report = RegisterReport {
        registered: 0,
        added: 0,
        unchanged: 0,
        rejected: Vec::new(),
        doubtful: Vec::new(),
        unknown_columns: std::mem::take(&mut roster.unknown_columns),
    };
    let ticket = far.ticket(&text)?;
    let mut row = 0;
    for found in roster {
        let (line, new) = found.with_context(|| options.csv.display().to_string())?;
        let new = match new {
            Ok(new) => new,
            Err(error) => {
                report.rejected.push(error.to_string());
                continue;
            }
        };
        row += 1;
        match far.send_row::<Registered>(&request(&new)?, &ticket, row) {
            Ok(done) => {
                *(if done.new { &mut report.registered } else { &mut report.unchanged }) += 1;
                report.doubtful.extend(done.doubtful.iter().map(|words| here(line, words)));
            }
            Err(error) if is_about_all(&error) => return Err(error),
            Err(error) => report.rejected.push(here(line, &error.to_string())),
        }
    }
    ticket.forget()?;
    tell_registered(far.call, &report)
}
