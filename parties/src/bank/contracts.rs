//! Contracts: what a customer applies for, the agreement he signs, and the authorisation code of his telephone.

use super::desk::Desk;
use super::phone_key::PhoneKey;
use super::register::register_from;
use super::text::short;
use super::{known, look};
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use client::Code;
use disk::table::TableWriter;
use scheme::chance::random;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use serde::{Deserialize, Serialize};
use server::roster::NO_METER;
use server::{Application, Contract, NewSlip};
use sha2::{Digest, Sha256};

/// Version of the form that is filled in.
pub const FORM: u32 = 2;

/// What stands in an application.
#[derive(Debug, Clone, Default)]
pub struct ApplyRequest {
    /// Columns of a registration with their values: customer, meter (`-`: none yet), msisdn, imsi, imei, iccid, name.
    pub registration: Vec<(&'static str, String)>,
    /// What is paid at registration.
    pub first_purchase: Option<Fen>,
    /// Who he is.
    pub person: Person,
    /// The number on the power company's bills.
    pub bill: Option<String>,
    /// A token of his bank's for his account.
    pub bank: Option<String>,
    /// SHA-256 of the signed paper, 64 hexadecimal digits.
    pub scan: Option<String>,
}

/// Who a customer is, beside his name: kept enciphered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What paper he showed: its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper_number: Option<String>,
    /// His address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An application that was written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyReport {
    /// Its number.
    pub application: i64,
    /// The customer was not registered before.
    pub new: bool,
    /// Whose.
    pub customer: CustomerNumber,
    /// The meter it is about; none: he has none yet.
    pub meter: Option<MeterNumber>,
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Version of the form.
    pub form: u32,
    /// The agreement, to be printed and signed; empty where it was shown before.
    #[serde(deserialize_with = "super::text::once")]
    pub agreement: String,
    /// SHA-256 of the agreement.
    pub agreement_sha256: String,
    /// Good values against which something speaks, in words.
    pub doubtful: Vec<String>,
}

/// Registers a customer by his application: what he is, his contract, and the agreement to be printed. The same registration again
/// changes nothing of it, and writes another application down.
///
/// # Errors
/// What a registration is refused for; somebody has the bill number; text that is too long.
pub fn apply(session: &Session, desk: &mut Desk, request: &ApplyRequest) -> Result<ApplyReport> {
    let folder = desk.folder(session)?;
    let (at, clerk) = (session.now()?, desk.clerk(session)?);
    let scan = request.scan.as_deref().map(sha256).transpose()?;
    let bill = request.bill.as_deref().map(|bill| short("bill", bill, 32)).transpose()?;
    let bank = request.bank.as_deref().map(|bank| short("bank", bank, 64)).transpose()?;
    let mut table = Vec::new();
    let mut writer = TableWriter::new(&mut table);
    let paid = request.first_purchase.map(|fen| ("first_purchase", fen.to_string()));
    let fields: Vec<&(&str, String)> = request.registration.iter().chain(paid.iter()).collect();
    writer.row(fields.iter().map(|(name, _)| *name))?;
    writer.row(fields.iter().map(|(_, value)| value.as_str()))?;
    writer.finish()?;
    let office = desk.office().to_owned();
    let registered = register_from(session, desk, &table[..], &office)?;
    registered.must_be_taken()?;
    let said = |column: &str| {
        let found = request.registration.iter().find(|(name, _)| *name == column);
        found.map(|(_, value)| value.trim()).unwrap_or_default()
    };
    let customer: CustomerNumber = said("customer").parse().context("customer")?;
    let meter = match said("meter") {
        NO_METER => None,
        meter => Some(meter.parse::<MeterNumber>().context("meter")?),
    };
    let found = known(desk.books(), customer)?;
    let office = desk.office().to_owned();
    let agreement = agreement((&found, meter), request, &office, &clerk, at);
    let digest: [u8; 32] = Sha256::digest(&agreement).into();
    let person = if request.person == Person::default() {
        None
    } else {
        let plain = ::keys::Zeroizing::new(serde_json::to_vec(&request.person)?);
        Some(PhoneKey::of(session, &folder)?.seal(session, customer, &plain)?)
    };
    let application = desk.books_mut().apply(&Application {
        customer,
        at,
        office,
        clerk,
        form: FORM,
        scan,
        agreement: digest,
        contract: Contract { bill, bank },
        person,
    })?;
    log::fact(session, "customer", customer);
    log::fact(session, "application", application);
    log::fact(session, "agreement", hex::encode(digest));
    Ok(ApplyReport {
        application,
        new: registered.registered == 1,
        customer,
        meter,
        at,
        form: FORM,
        agreement,
        agreement_sha256: hex::encode(digest),
        doubtful: registered.doubtful,
    })
}

/// The agreement in plain text. Numbers of papers and the address stand in it, for it is signed; it is kept nowhere but as a hash.
fn agreement(
    (found, meter): (&server::Customer, Option<MeterNumber>),
    request: &ApplyRequest,
    office: &str,
    clerk: &str,
    at: Moment,
) -> String {
    let dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let person = &request.person;
    let lines = [
        ("customer", found.customer.to_string()),
        ("name", dash(&found.name)),
        ("paper", format!("{} {}", dash(&person.paper), dash(&person.paper_number))),
        ("address", dash(&person.address)),
        ("meter", dash(&meter.map(|meter| meter.to_string()))),
        ("telephone", found.sim.msisdn.to_string()),
        ("SIM", found.sim.iccid.to_string()),
        ("bill number", dash(&request.bill)),
        (
            "debits",
            if request.bank.is_some() { "from the account at the bank".to_owned() } else { "-".to_owned() },
        ),
        ("office", if office.is_empty() { "-".to_owned() } else { office.to_owned() }),
        ("clerk", clerk.to_owned()),
        ("date", at.to_string()),
    ];
    let mut text = format!("AGREEMENT ON PREPAYMENT (form {FORM})\n\n");
    for (name, value) in lines {
        text.push_str(&format!("{name:<12}  {}\n", scheme::shown::line(&value)));
    }
    text.push_str(
        "\nThe customer pays before he uses. What he pays for goes to his meter by a message on his SIM;\n\
         the meter's receipt on the same SIM confirms it. What was paid and not credited is paid back when\n\
         the receipt says so. A lost SIM is told to the office at once.\n\n\
         customer ______________________        office ______________________\n",
    );
    text
}

/// A slip with an authorisation code, which is shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeReport {
    /// Number of the slip, 8 hexadecimal digits.
    pub slip: String,
    /// Whose.
    pub customer: CustomerNumber,
    /// The telephone number it is bound to.
    pub msisdn: String,
    /// The code: four groups of four characters. It is kept nowhere; empty where it was shown before.
    #[serde(deserialize_with = "super::text::once")]
    pub authorisation_code: String,
    /// The last moment it is good.
    #[serde(with = "names::text")]
    pub expires: Moment,
    /// Tries it has.
    pub tries: u32,
    /// The server's static key, 64 hexadecimal digits: the telephone compares it.
    pub server_key: String,
}

/// Gives a customer an authorisation code for his telephone; the one he had ends. This also unlocks whoever tried a code too often.
///
/// # Errors
/// Nobody has this number; no reason was said.
pub fn give_code(
    session: &Session,
    desk: &mut Desk,
    customer: CustomerNumber,
    reason: &str,
) -> Result<CodeReport> {
    let folder = desk.folder(session)?;
    let found = known(desk.books(), customer)?;
    let reason = short("reason", reason, 256)?;
    let (at, by) = (session.now()?, desk.clerk(session)?);
    let key = PhoneKey::of(session, &folder)?;
    let mut chance = session.chance(&format!("code {customer} {at}"));
    let (number, bits) = (random::<4>(&mut *chance), ::keys::Zeroizing::new(random::<10>(&mut *chance)));
    let code = Code::new(&bits);
    let psk = code.psk(&key.public);
    let msisdn = found.sim.msisdn.to_string();
    let slip = NewSlip { number, customer, msisdn: msisdn.clone(), psk: *psk, at, by, reason };
    desk.books_mut().give_code(&slip)?;
    let slip = hex::encode_upper(number);
    log::fact(session, "customer", customer);
    log::fact(session, "slip", &slip);
    Ok(CodeReport {
        slip,
        customer,
        msisdn,
        authorisation_code: code.printed().to_string(),
        expires: at.add_seconds(server::contract::CODE_S).unwrap_or(at),
        tries: server::contract::TRIES,
        server_key: hex::encode(key.public),
    })
}

/// A code that was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeUsed {
    /// The slip.
    pub slip: String,
    /// Whose.
    pub customer: CustomerNumber,
}

/// Uses an authorisation code up. A wrong one spends a try; that is kept.
///
/// # Errors
/// It is wrong, was used, replaced, tried too often, or its time is over.
pub fn use_code(session: &Session, desk: &mut Desk, slip: &str, code: &str) -> Result<CodeUsed> {
    let folder = desk.folder(session)?;
    let mut number = [0; 4];
    hex::decode_to_slice(slip, &mut number)
        .map_err(|_| refused("the number of a slip has 8 hexadecimal digits").code("slip-form"))?;
    let psk = PhoneKey::of(session, &folder)?.psk(code)?;
    let at = session.now()?;
    let slip = hex::encode_upper(number);
    log::fact(session, "slip", &slip);
    let customer = desk.books_mut().use_code(number, &psk, at)??;
    log::fact(session, "customer", customer);
    Ok(CodeUsed { slip, customer })
}

/// What is known of a customer beside his registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContractReport {
    /// His registration.
    #[serde(flatten)]
    pub registration: look::CustomerReport,
    /// The number on the power company's bills.
    pub bill: Option<String>,
    /// The bank has a token for his account.
    pub debits: bool,
    /// Who he is.
    pub person: Option<Person>,
    /// The meters he has and had.
    pub meters: Vec<HoldingLine>,
    /// His newest authorisation code.
    pub authorisation: Option<SlipLine>,
}

/// A meter he has or had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HoldingLine {
    /// The meter.
    pub meter: MeterNumber,
    /// From when, where it is known.
    #[serde(with = "super::text::maybe")]
    pub since: Option<Moment>,
    /// To when.
    #[serde(with = "super::text::maybe")]
    pub until: Option<Moment>,
}

/// Where an authorisation code stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlipLine {
    /// Its slip.
    pub slip: String,
    /// When it was made.
    #[serde(with = "names::text")]
    pub made: Moment,
    /// The last moment it is good.
    #[serde(with = "names::text")]
    pub expires: Moment,
    /// Tries left.
    pub tries: u32,
    /// How it ended: `used`, `replaced`, `tries`, `expired`, `erased`.
    pub ended: Option<String>,
}

/// All that is known of a customer, who he is among it.
///
/// # Errors
/// Nobody is known by this; what is kept was changed.
pub fn contract(session: &Session, desk: &Desk, whose: &look::Whose) -> Result<ContractReport> {
    let folder = desk.folder(session)?;
    let registration = look::customer(session, desk, whose, None)?;
    let (customer, books) = (registration.customer, desk.books());
    let Contract { bill, bank } = books.contract_of(customer)?;
    let person = match books.person_of(customer)? {
        Some(sealed) => {
            let plain = PhoneKey::of(session, &folder)?.open(customer, &sealed)?;
            Some(serde_json::from_slice(&plain)?)
        }
        None => None,
    };
    let holding =
        |held: server::Holding| HoldingLine { meter: held.meter, since: held.since, until: held.until };
    let slip = |slip: server::Slip| SlipLine {
        slip: hex::encode_upper(slip.number),
        made: slip.made,
        expires: slip.expires,
        tries: slip.tries,
        ended: slip.ended.map(|(_, why)| why),
    };
    Ok(ContractReport {
        registration,
        bill,
        debits: bank.is_some(),
        person,
        meters: books.holdings(customer)?.into_iter().map(holding).collect(),
        authorisation: books.slip_of(customer)?.map(slip),
    })
}

fn sha256(text: &str) -> Result<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| refused("a SHA-256 has 64 hexadecimal digits").code("hash-form"))?;
    Ok(hash)
}
