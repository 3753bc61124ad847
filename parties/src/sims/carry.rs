//! The phone's part of a purchase: the order to the SIM, the receipt from it.

use super::access::{SimAccess, with_hint};
use crate::carrier::must_be_free;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use reader::driver::sim::{Sim, SmsFile, StoredMessage, second_of};
use scheme::CardRef;
use scheme::order::SimBinding;
use scheme::record_file::{Message, SimNote};
use scheme::sim::iccid_digits;
use serde::Serialize;
use std::path::{Path, PathBuf};
use wire::sms::content::Content;
use wire::sms::parts;
use wire::sms::record::{RECORD_LEN, RecordStatus, Records};

/// Sent, no status report asked for [TS 51.011 10.5.3].
const SENT: RecordStatus = RecordStatus::Sent(0x05);

/// A SIM and a message.
#[derive(Debug, Clone)]
pub struct CarryRequest {
    /// The SIM.
    pub sim: SimAccess,
    /// The name its carrier knows it by: of a record file the path.
    pub record: PathBuf,
}

/// An order that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WriteReport {
    /// The record it stands in, from 1.
    pub record: u8,
    /// The record of its second part, of a signed order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<u8>,
}

/// Writes an order's record to the SIM it was made for; to another one with `other_sim`.
///
/// # Errors
/// The message is no order, or one for another SIM; the SIM is full.
pub fn write(session: &Session, request: &CarryRequest, other_sim: bool) -> Result<WriteReport> {
    let Message { record, sim: made_for } = session.carrier.fetch(&request.record)?;
    let file = request.record.display();
    match Content::of(&record[..RECORD_LEN]) {
        Content::Order(_) => {}
        Content::Damaged(error) => {
            return Err::<WriteReport, _>(error).with_context(|| format!("{file} is no message"));
        }
        _ => return Err(refused(format!("{file} holds no order for electricity")).into()),
    }
    let mut handle = request.sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    if !other_sim {
        must_be_its_sim(&mut sim, &made_for, &request.record, &request.sim.card)?;
    }
    let places = sim.deliver(record.each()).map_err(with_hint)?;
    handle.close()?;
    Ok(WriteReport { record: places[0], second: places.get(1).copied() })
}

/// An order goes to the SIM it is bound to. The binding is a hash of the IMSI, so no key is needed to compare it.
fn must_be_its_sim(sim: &mut Sim<'_>, made_for: &SimNote, file: &Path, card: &CardRef) -> Result<()> {
    let file = file.display();
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
    let words = format!("the order in {file} is for another SIM{its}; nothing is written to {card}");
    Err(refused(words).hint("write it to its own SIM; --other-sim writes it to this one all the same").into())
}

/// A receipt that was taken off a SIM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CollectReport {
    /// The record it stood in, from 1.
    pub record: u8,
    /// The file it is in now.
    pub file: PathBuf,
    /// How many more wait.
    pub more: usize,
}

/// Takes a receipt off the SIM and gives it to the carrier.
///
/// # Errors
/// There is a message of that name already; no receipt waits.
pub fn collect(session: &Session, request: &CarryRequest) -> Result<CollectReport> {
    must_be_free(&*session.carrier, &request.record)?;
    let mut handle = request.sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    // The server finds the meter by it, and opens the receipt once instead of once a meter.
    let iccid = sim.iccid().ok().and_then(|file| iccid_digits(&file));
    let sim_note = SimNote { iccid, ..SimNote::default() };
    let send = |record: &Records| {
        session.carrier.send(&request.record, &Message { record: record.clone(), sim: sim_note })
    };
    let found = take_receipt(&mut sim, send)?;
    handle.close()?;
    let (record, more) = found.ok_or_else(|| {
        refused("no receipt waits on this SIM").hint("put it into its meter first: `gridcard meter insert`")
    })?;
    Ok(CollectReport { record, file: request.record.clone(), more })
}

/// Takes the first receipt that is to be sent: hands it out, then marks it sent, in this order, so that a broken
/// run sends it twice rather than never. Gives its record and how many more wait.
///
/// # Errors
/// The SIM refuses; the receipt could not be handed out.
pub fn take_receipt(
    sim: &mut Sim<'_>,
    hand_out: impl FnOnce(&Records) -> Result<()>,
) -> Result<Option<(u8, usize)>> {
    let file = sim.sms_file().map_err(with_hint)?;
    let hits = sim.sms_seek(file, &[RecordStatus::ToBeSent.byte()])?;
    let mut receipts = receipts_among(sim, file, &hits)?;
    if receipts.is_empty() {
        let odd = sim.sms_odd(file)?;
        receipts = receipts_among(sim, file, &odd)?;
    }
    let Some((numbers, records)) = receipts.first() else { return Ok(None) };
    hand_out(records)?;
    for (number, record) in numbers.iter().zip(records.each()) {
        let mut record = *record;
        record[0] = SENT.over(record[0]);
        sim.update_record(*number, &record)?;
    }
    Ok(Some((numbers[0], receipts.len() - 1)))
}

/// The receipts to be sent in these records, each with its places. One of which a part is missing waits: the meter that made it writes it
/// once more.
fn receipts_among(sim: &mut Sim<'_>, file: SmsFile, numbers: &[u8]) -> Result<Vec<(Vec<u8>, Records)>> {
    let mut all = Vec::new();
    for number in numbers {
        let bytes = sim.read_record(*number, file.record_len)?;
        all.push(StoredMessage { number: *number, bytes });
    }
    let mut receipts = Vec::new();
    for message in &all {
        let Content::Receipt(receipt) = Content::of(&message.bytes) else { continue };
        let mut whole = vec![message];
        if parts::first(&receipt.record.tpdu).is_some() {
            let second = all
                .iter()
                .find(|other| second_of(&all, other).is_some_and(|first| first.number == message.number));
            let Some(second) = second else { continue };
            whole.push(second);
        }
        let bytes: Vec<u8> = whole.iter().flat_map(|message| message.bytes.clone()).collect();
        let places = whole.iter().map(|message| message.number).collect();
        receipts.extend(Records::parse(&bytes).map(|records| (places, records)));
    }
    Ok(receipts)
}
