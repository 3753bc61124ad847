//! `gridcard sim write` and `sim collect`: the phone's part of a purchase.

use super::{One, open, with_hint};
use crate::args::Global;
use crate::fail::{Failure, refused};
use crate::nouns::card::must_not_exist;
use crate::output::{answer, say};
use crate::records::{self, Filed, SimNote};
use clap::Args;
use parties::trouble::{Context, Result};
use reader::driver::sim::Sim;
use scheme::order::SimBinding;
use scheme::sim::iccid_digits;
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

/// Options of `sim write`.
#[derive(Debug, Args)]
pub struct Write {
    /// SIM and record file.
    #[command(flatten)]
    pub carry: Carry,
    /// Write the order to a SIM it was not made for. A meter refuses it there, unless it knows better.
    #[arg(long)]
    pub other_sim: bool,
}

/// Writes an order.
pub fn write(global: &Global, options: &Write) -> Result<()> {
    let Write { carry: options, other_sim } = options;
    let Filed { record, sim: made_for } = records::read(&options.record)?;
    let parsed =
        SmsRecord::parse(&record).with_context(|| format!("{} is no message", options.record.display()))?;
    if parsed.is_none_or(|record| record.ours() != Some(Ours::Order)) {
        return Err(refused(format!("{} holds no order for electricity", options.record.display())).into());
    }
    let mut bay = open(global, &options.sim)?;
    let mut sim = Sim::new(&mut bay);
    if !other_sim {
        must_be_its_sim(&mut sim, &made_for, options)?;
    }
    let number = sim.deliver(&record).map_err(with_hint)?;
    bay.close()?;
    let text = format!("the order is in record {number} of {}", options.sim.card);
    answer(global, &text, json!({ "record": number }));
    Ok(())
}

/// An order goes to the SIM it is bound to. The binding is a hash of the IMSI, so no key is needed to compare it.
fn must_be_its_sim(sim: &mut Sim<'_>, made_for: &SimNote, options: &Carry) -> Result<()> {
    let file = options.record.display();
    let Some(binding) = made_for.binding else {
        let words = format!("{file} does not say which SIM its order is for");
        return Err(refused(words)
            .hint("`gridcard server resume --customer NUMBER` writes it anew; --other-sim writes it as it is")
            .into());
    };
    let imsi = sim.imsi().map_err(with_hint)?;
    if SimBinding::of(&imsi) == binding {
        return Ok(());
    }
    let its = made_for.iccid.as_deref().map(|iccid| format!(" ({iccid})")).unwrap_or_default();
    let words =
        format!("the order in {file} is for another SIM{its}; nothing is written to {}", options.sim.card);
    Err(refused(words).hint("write it to its own SIM; --other-sim writes it to this one all the same").into())
}

/// Takes a receipt.
pub fn collect(global: &Global, options: &Carry) -> Result<()> {
    must_not_exist(&options.record)?;
    let mut bay = open(global, &options.sim)?;
    let mut sim = Sim::new(&mut bay);
    // The server finds the meter by it, and opens the receipt once instead of once a meter.
    let iccid = sim.iccid().ok().and_then(|file| iccid_digits(&file).ok());
    let from = SimNote { iccid, binding: None };
    let found = take_receipt(&mut sim, |record| records::write(&options.record, record, &from))?;
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
