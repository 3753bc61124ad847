//! `gridcard sim write` and `sim collect`: the phone's part of a purchase.

use super::{One, open, with_hint};
use crate::args::Global;
use crate::fail::{Failure, refused};
use crate::nouns::card::must_not_exist;
use crate::output::{answer, say};
use crate::records;
use anyhow::{Context, Result};
use clap::Args;
use reader::driver::sim::Sim;
use serde_json::json;
use std::path::PathBuf;
use wire::sms::record::{Ours, RECORD_LEN, RecordStatus, SmsRecord};

/// A SIM and a record file.
#[derive(Debug, Args)]
pub struct Carry {
    /// The SIM.
    #[command(flatten)]
    pub sim: One,
    /// The record file.
    #[arg(value_name = "RECORD.sms")]
    pub record: PathBuf,
}

/// Writes an order.
pub fn write(global: &Global, options: &Carry) -> Result<()> {
    let record = records::read(&options.record)?;
    let parsed =
        SmsRecord::parse(&record).with_context(|| format!("{} is no message", options.record.display()))?;
    if parsed.is_none_or(|record| record.ours() != Some(Ours::Order)) {
        return Err(refused(format!("{} holds no order for electricity", options.record.display())).into());
    }
    let mut bay = open(global, &options.sim)?;
    let number = Sim::new(&mut bay).deliver(&record).map_err(with_hint)?;
    bay.close()?;
    let text = format!("the order is in record {number} of {}", options.sim.card);
    answer(global, &text, json!({ "record": number }));
    Ok(())
}

/// Takes a receipt.
pub fn collect(global: &Global, options: &Carry) -> Result<()> {
    must_not_exist(&options.record)?;
    let mut bay = open(global, &options.sim)?;
    let found = take_receipt(&mut Sim::new(&mut bay), |record| records::write(&options.record, record))?;
    bay.close()?;
    let (number, waiting) = found.ok_or_else(no_receipt)?;
    let text = format!("the receipt of record {number} is in {}", options.record.display());
    answer(
        global,
        &text,
        json!({ "record": number, "file": options.record.display().to_string(), "more": waiting }),
    );
    if waiting > 0 {
        say(format!("{waiting} more receipt(s) wait on the SIM: collect again"));
    }
    Ok(())
}

fn no_receipt() -> Failure {
    refused("no receipt waits on this SIM").hint("put it into its meter first: `gridcard meter insert`")
}

/// Takes the first receipt that is to be sent: hands it out, then marks it sent, in this order, so that a broken
/// run sends it twice rather than never. Gives its record and how many more wait.
pub fn take_receipt(
    sim: &mut Sim<'_>,
    hand_out: impl FnOnce(&[u8; RECORD_LEN]) -> Result<()>,
) -> Result<Option<(u8, usize)>> {
    let file = sim.sms_file().map_err(with_hint)?;
    let hits = sim.sms_seek(file, &[RecordStatus::ToBeSent.byte()])?;
    let mut receipts = Vec::new();
    for number in hits {
        let bytes = sim.read_record(number, file.record_len)?;
        let ours = SmsRecord::parse(&bytes).ok().flatten().and_then(|record| record.ours());
        if let (Some(Ours::Receipt), Ok(record)) = (ours, <[u8; RECORD_LEN]>::try_from(bytes)) {
            receipts.push((number, record));
        }
    }
    let Some((number, mut record)) = receipts.first().copied() else { return Ok(None) };
    hand_out(&record)?;
    record[0] = SENT;
    sim.update_record(number, &record)?;
    Ok(Some((number, receipts.len() - 1)))
}

/// Sent, no status report asked for [TS 51.011 10.5.3].
const SENT: u8 = 0x05;
