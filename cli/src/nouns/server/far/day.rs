//! The end of a day, asked of a running server.

use super::super::closing::{
    Close, Drawer, Period, Statistics, tell_closed, tell_closings, tell_drawers, tell_file, tell_opened,
    tell_recomputed, tell_shut, tell_statistics,
};
use crate::far::Far;
use parties::bank;
use parties::trouble::Result;
use serde_json::json;
use service::client::Request;

/// Runs a verb of drawers.
pub fn drawer(far: &Far<'_>, verb: &Drawer) -> Result<()> {
    match verb {
        Drawer::Open(options) => {
            let fields = json!({ "counted_fen": options.counted.0 });
            tell_opened(far.call, &far.change(&Request::to("open-drawer")?.fields(fields))?);
        }
        Drawer::Close(options) => {
            let fields = json!({ "counted_fen": options.counted.0, "note": options.note });
            tell_shut(far.call, &far.change(&Request::to("close-drawer")?.fields(fields))?);
        }
        Drawer::List(options) => {
            let all = options.all.then_some(true);
            tell_drawers(far.call, &far.look(&Request::to("drawers")?.query("all", all))?);
        }
    }
    Ok(())
}

/// Runs `server close`.
pub fn close(far: &Far<'_>, options: &Close) -> Result<()> {
    if options.verify {
        return tell_recomputed(far.call, &far.look(&Request::to("recompute")?)?);
    }
    if options.list {
        tell_closings(far.call, &far.look(&Request::to("closings")?)?);
        return Ok(());
    }
    tell_closed(far.call, &far.change(&Request::to("close-day")?.fields(json!({ "day": options.day })))?);
    Ok(())
}

/// Runs `server statistics`.
pub fn statistics(far: &Far<'_>, options: &Statistics) -> Result<()> {
    let period = match options.period {
        Period::Day => "day",
        Period::Month => "month",
        Period::Year => "year",
        Period::Whole => "whole",
    };
    let asked = |route: &str| -> Result<Request> {
        Ok(Request::to(route)?
            .query("from", options.from.as_ref())
            .query("to", options.to.as_ref())
            .query("period", Some(period))
            .query("by_office", options.by_office.then_some(true))
            .query("by_channel", options.by_channel.then_some(true))
            .query("by_tariff", options.by_tariff.then_some(true)))
    };
    match &options.csv {
        Some(path) => {
            let text = far.text(&asked("statistics-csv")?)?;
            tell_file(far.call, &bank::write_statistics(&text, path)?);
        }
        None => tell_statistics(far.call, &far.look(&asked("statistics")?)?),
    }
    Ok(())
}
