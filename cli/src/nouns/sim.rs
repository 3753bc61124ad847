//! `gridcard sim`: customers' SIMs, and the phones that carry orders to them and receipts back.

use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{entropy, random};
use crate::factory;
use crate::fail::{Failure, refused};
use crate::home::{Home, Party};
use crate::nouns::card::must_not_exist;
use crate::output::{answer, say, table};
use crate::records;
use crate::secret;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::driver::sim::{Chv, Sim, SimError, StoredMessage};
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Image;
use wire::profile::{CardKind, Fid, State};
use wire::sim::{DF_GSM, DF_TELECOM, EF_GRID, EF_ICCID, EF_IMSI, EF_MSISDN};
use wire::sms::record::{Ours, RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::text;

/// Verbs of SIMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a virtual SIM.
    New(New),
    /// List the messages on a SIM: ours, and the user's own as text.
    List(One),
    /// Write an order's record to the SIM, as the phone does with the message.
    Write(Carry),
    /// Take a receipt off the SIM, as the phone does when it sends it.
    Collect(Carry),
}

/// Options of `sim new`.
#[derive(Debug, Args)]
pub struct New {
    /// Card file. Default: ICCID.card in the home's folder of SIMs.
    #[arg(long, value_name = "FILE")]
    pub card: Option<CardRef>,
    /// ICCID, 18 to 20 digits.
    #[arg(long)]
    pub iccid: String,
    /// IMSI, up to 15 digits.
    #[arg(long)]
    pub imsi: String,
    /// Telephone number, international.
    #[arg(long)]
    pub msisdn: Option<String>,
    /// Records for messages, 10 to 50.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(10..=50))]
    pub sms_records: u8,
    /// File with a CHV1 of 4 to 8 digits (`-`: stdin); the SIM then asks for it. Default: CHV1 is off.
    #[arg(long, value_name = "FILE")]
    pub chv1_file: Option<PathBuf>,
    /// Say in EF_GRID that the SIM is of the formal state.
    #[arg(long)]
    pub formal: bool,
}

/// A SIM.
#[derive(Debug, Args)]
pub struct One {
    /// Card file, or a SIM in a reader: pcsc:READER.
    pub card: CardRef,
    /// File with the SIM's CHV1, when it asks for one (`-`: stdin).
    #[arg(long, value_name = "FILE")]
    pub chv1_file: Option<PathBuf>,
}

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

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new(global, &options),
        Verb::List(options) => list(global, &options),
        Verb::Write(options) => write(global, &options),
        Verb::Collect(options) => collect(global, &options),
    }
}

fn new(global: &Global, options: &New) -> Result<()> {
    let chv1 = options.chv1_file.as_deref().map(read_chv).transpose()?;
    let path = match &options.card {
        Some(card) => card.image("sim new")?,
        None => Home::new(global)?.make(Party::Sims, "making SIMs")?.join(format!("{}.card", options.iccid)),
    };
    must_not_exist(&path)?;
    let person = Person {
        iccid: &options.iccid,
        imsi: &options.imsi,
        msisdn: options.msisdn.as_deref(),
        state: if options.formal { State::Formal } else { State::Test },
    };
    let image = personalised(global, &person, options.sms_records, chv1.as_ref().map(|chv| chv.as_str()))?;
    image.save_new(&path, true)?;
    let text =
        format!("SIM {} with {} message records: {}", options.iccid, options.sms_records, path.display());
    answer(
        global,
        &text,
        json!({ "iccid": options.iccid, "imsi": options.imsi, "card": path.display().to_string() }),
    );
    Ok(())
}

/// Whose SIM it is.
pub struct Person<'a> {
    /// ICCID.
    pub iccid: &'a str,
    /// IMSI.
    pub imsi: &'a str,
    /// Telephone number.
    pub msisdn: Option<&'a str>,
    /// What EF_GRID says.
    pub state: State,
}

/// A SIM from the factory, personalised over its channel under ADM1.
pub fn personalised(global: &Global, person: &Person<'_>, messages: u8, chv1: Option<&str>) -> Result<Image> {
    let (iccid, imsi) = (wire::sim::iccid_file(person.iccid)?, wire::sim::imsi_file(person.imsi)?);
    let mask = factory::test_mask(messages, chv1)?;
    let serial = random(&mut *entropy(global, &format!("SIM {}", person.iccid)));
    let image =
        Image::manufacture_sim(serial, &mask).ok_or_else(|| refused("a SIM has 10 to 50 message records"))?;
    let name = format!("{}.card", person.iccid);
    let mut slot = vcard::Slot::with_image(
        image,
        Path::new(&name),
        entropy(global, &name),
        vcard::slot::Keep::InMemory,
    )?;
    let mut sim = Sim::new(&mut slot);
    sim.reset()?;
    if let Some(chv1) = chv1 {
        sim.verify_chv(Chv::Chv1, &factory::chv(chv1)?)?;
    }
    sim.verify_adm(&factory::ADM)?;
    sim.select(&[Fid::MF, EF_ICCID])?;
    sim.update_binary(0, &iccid)?;
    sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
    sim.update_binary(0, &imsi)?;
    sim.select(&[Fid::MF, DF_TELECOM, EF_GRID])?;
    sim.update_binary(0, &wire::sim::grid_file(person.state))?;
    if let Some(msisdn) = person.msisdn {
        let record = wire::sim::msisdn_record(msisdn, MSISDN_RECORD)?;
        sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])?;
        sim.update_record(1, &record)?;
    }
    Ok(slot.image())
}

/// Looks at a SIM that was just personalised, as a telephone would: its identities are what they should be, and without ADM1
/// nobody changes them.
pub fn inspect(channel: &mut dyn wire::Channel, iccid: &str, imsi: &str) -> Result<()> {
    let mut sim = Sim::new(channel);
    sim.reset()?;
    let expected = [
        (&[Fid::MF, EF_ICCID][..], wire::sim::iccid_file(iccid)?.to_vec(), "ICCID"),
        (&[Fid::MF, DF_GSM, EF_IMSI][..], wire::sim::imsi_file(imsi)?.to_vec(), "IMSI"),
        (&[Fid::MF, DF_TELECOM, EF_GRID][..], wire::sim::grid_file(State::Test).to_vec(), "state"),
    ];
    for (path, bytes, what) in expected {
        sim.select(path)?;
        let len = u8::try_from(bytes.len())?;
        if sim.read_binary(0, len)? != bytes {
            return Err(refused(format!("inspection: the SIM does not hold its {what}")).into());
        }
        match sim.update_binary(0, &bytes) {
            Err(error) if error.channel().is_some() => return Err(error.into()),
            Err(_) => {}
            Ok(()) => {
                return Err(refused(format!("inspection: the SIM let a stranger write its {what}")).into());
            }
        }
    }
    Ok(())
}

/// Record length of EF_MSISDN in our mask.
const MSISDN_RECORD: usize = 28;

fn read_chv(path: &Path) -> Result<keys::Zeroizing<String>> {
    if path.as_os_str() == "-" {
        return secret::ask("CHV1");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(keys::Zeroizing::new(text.trim().to_owned()))
}

/// Opens a SIM and gives it its CHV1, when the user has one.
fn open(global: &Global, options: &One) -> Result<Bay> {
    let mut bay = Bay::open(global, &options.card, CardKind::Sim)?;
    let mut sim = Sim::new(&mut bay);
    sim.reset()?;
    if let Some(path) = &options.chv1_file
        && sim.chv1_enabled()?
    {
        sim.verify_chv(Chv::Chv1, &factory::chv(&read_chv(path)?)?)?;
    }
    Ok(bay)
}

/// A CHV that stands in the way gets the hint how to give it.
fn with_hint(error: SimError) -> anyhow::Error {
    match &error {
        SimError::ChvNeeded { .. } => {
            refused(error.to_string()).hint("give the SIM's PIN with --chv1-file FILE").into()
        }
        SimError::Full { .. } => refused(error.to_string())
            .hint("delete messages in the phone, or send the receipts that wait")
            .into(),
        _ => error.into(),
    }
}

fn list(global: &Global, options: &One) -> Result<()> {
    let mut bay = open(global, options)?;
    let mut sim = Sim::new(&mut bay);
    let records = sim.sms_file().map_err(with_hint)?.records;
    let messages = sim.sms_list().map_err(with_hint)?;
    let rows: Vec<Vec<String>> = messages.iter().map(row).collect();
    let object = json!({
        "records": records, "free": usize::from(records) - messages.len(),
        "messages": rows.iter().map(|row| json!({ "record": row[0], "status": row[1], "from_or_to": row[2], "what": row[3] })).collect::<Vec<_>>(),
    });
    answer(global, &table(&["record", "status", "from or to", "what"], rows), object);
    say(format!("{} of {records} records are free", usize::from(records) - messages.len()));
    bay.close()
}

fn row(message: &StoredMessage) -> Vec<String> {
    let number = message.number.to_string();
    match SmsRecord::parse(&message.bytes) {
        Ok(Some(record)) => {
            let what = match record.ours() {
                Some(Ours::Order) => "an order for electricity".to_owned(),
                Some(Ours::Receipt) => "a receipt of a meter".to_owned(),
                None => text::text(record.tpdu.user_data(), record.tpdu.dcs()),
            };
            vec![number, status_words(record.status).to_owned(), text::address(record.tpdu.address()), what]
        }
        Ok(None) => vec![number, "free".into(), String::new(), String::new()],
        Err(error) => vec![number, "unreadable".into(), String::new(), error.to_string()],
    }
}

fn status_words(status: RecordStatus) -> &'static str {
    match status {
        RecordStatus::Free => "free",
        RecordStatus::Read => "read",
        RecordStatus::Unread => "unread",
        RecordStatus::ToBeSent => "to be sent",
        RecordStatus::Sent(_) => "sent",
        RecordStatus::Unknown(_) => "unknown",
    }
}

fn write(global: &Global, options: &Carry) -> Result<()> {
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

fn collect(global: &Global, options: &Carry) -> Result<()> {
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
