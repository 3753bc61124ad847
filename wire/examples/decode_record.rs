//! Decodes records of EF_SMS and prints what stands in each as a JSON object, so that other decoders can be compared
//! with ours.
//!
//! Usage: decode_record FILE..., each a line of 352 hexadecimal digits as `gridcard` writes them; what follows that line is not
//! the record's.

use gridcard_wire::sms::record::SmsRecord;
use gridcard_wire::sms::tpdu::{Tpdu, UserData};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file)?;
        let bytes = hex::decode(text.lines().next().unwrap_or("").trim())?;
        let record = SmsRecord::parse(&bytes)?.ok_or("a free record")?;
        writeln!(std::io::stdout(), "{}", object(&record))?;
    }
    Ok(())
}

fn object(record: &SmsRecord) -> Value {
    let tpdu = record.tpdu.to_bytes();
    let data = record.tpdu.user_data();
    let time = record.tpdu.timestamp().map(|time| hex::encode_upper(time.0));
    let kind = match &record.tpdu {
        Tpdu::Deliver(_) => "deliver",
        Tpdu::Submit(_) => "submit",
        Tpdu::Report(_) => "report",
    };
    json!({
        "status": record.status.byte(),
        "tpdu": hex::encode_upper(&tpdu),
        "type": kind,
        "number": record.tpdu.address().digits(),
        "dcs": record.tpdu.dcs(),
        "scts": time,
        "udl": record.tpdu.user_data_bytes().len(),
        "udh": elements(data),
        "data": hex::encode_upper(data.body()),
    })
}

fn elements(data: &UserData) -> Vec<Value> {
    data.elements().iter().map(|one| json!({ "id": one.id, "data": hex::encode_upper(&one.data) })).collect()
}
