//! `gridcard psam limit` and `statement-request`: other limits for a PSAM, with the card at hand or by files that cross between
//! city and bank [docs/specs/renewal.md].

use super::{LimitOptions, set_limits, value_words};
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::{entropy, now, random};
use crate::fail::refused;
use crate::home::{self, Home};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::out;
use crate::output::answer;
use crate::statement::{self, Stated};
use crate::vouch::{self, Origin};
use crate::{in_force, issue, people, secret};
use ::issue::source::{CardSource, Current, KeySource, Target};
use ::office::journal::Event;
use ::office::store::{FILE, ItemKind, Store};
use ::scheme::numbers::DeviceNumber;
use ::scheme::pin::Pins;
use ::server::renewal::{self, Answer, Paper, Renewal, Request, Stand};
use clap::Args;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::numbers::RegionCode;
use scheme::profile::{CardInfo, CardKind, Recipient};
use scheme::psam::{Limits, PsamChain, Statement};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Options of `psam limit`.
#[derive(Debug, Args)]
pub struct Limit {
    /// The PSAM: a card file, or a card in a reader.
    #[arg(required_unless_present = "statement", conflicts_with = "statement")]
    pub card: Option<CardRef>,
    /// The PSAM is at its bank: the file `gridcard server psam-statement` wrote. The limit goes into a file.
    #[arg(long, value_name = "FILE", conflicts_with = "order_list")]
    pub statement: Option<PathBuf>,
    /// Compare the PSAM at hand with the bank's list of its orders too: a file of `gridcard server psam-statement`.
    #[arg(long, value_name = "FILE")]
    pub order_list: Option<PathBuf>,
    /// File for the sealed limit. Default: psam-NUMBER.limit.json in the city's out.
    #[arg(long, value_name = "FILE", requires = "statement")]
    pub out: Option<PathBuf>,
    /// Its limits.
    #[command(flatten)]
    pub limits: LimitOptions,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `psam statement-request`.
#[derive(Debug, Args)]
pub struct Ask {
    /// Number of the PSAM.
    pub number: DeviceNumber,
    /// File for the request. Default: psam-NUMBER.request.json in the city's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
}

/// Draws a challenge for a statement and writes the request.
pub fn ask(global: &Global, options: &Ask) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "asking for a statement")?;
    let number = options.number;
    serial_of(&folder, number)?;
    // An issuing card that gives no limits any more need not be told what its PSAMs sealed.
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    issuing.close()?;
    let request = Request {
        format: Request::FORMAT.to_owned(),
        city: region.to_string(),
        psam: number.to_string(),
        challenge: random(&mut *entropy(global, &format!("statement {number} {}", now(global)?))),
        since: statement::last(&folder, number)?.unwrap_or(Stand::EMPTY),
        log: Origin::value(&folder)?,
    };
    let file = match &options.out {
        Some(file) => file.clone(),
        None => out(&folder)?.join(format!("psam-{number}.request.json")),
    };
    statement::asked(global, &folder, number, request.challenge)?;
    home::write(&file, request.to_json()?.as_bytes())?;
    let text = format!(
        "{} asks for a statement of PSAM {number} from order {} on; the bank answers with `gridcard server psam-statement`",
        file.display(),
        request.since.orders + 1
    );
    let object = json!({
        "number": number.to_string(), "file": file.display().to_string(), "since_orders": request.since.orders,
        "challenge": hex::encode_upper(request.challenge),
    });
    answer(global, &text, object);
    Ok(())
}

/// Gives a PSAM other limits.
pub fn limit(global: &Global, options: &Limit) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "raising the limit of PSAMs")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
    let mut issuing =
        Bay::open(global, &issuing_card(&folder, CardKind::PsamIssuing), CardKind::PsamIssuing)?;
    in_force::must_make(global, &folder, &mut issuing)?;
    let pins = Pins { spend_last_try: options.spend_last_try, ..(&pin).into() };
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), pins)?;
    let (act, how) = match (&options.statement, &options.card) {
        (Some(file), _) => (format!("another limit by {}", file.display()), How::File(file)),
        (None, Some(card)) => (format!("another limit of {card}"), How::Card(card)),
        (None, None) => return Err(refused("a card or --statement is wanted").into()),
    };
    if !people::both(global, &folder, &act, source.about().state)? {
        return Ok(());
    }
    let place = Place { global, folder: &folder, region };
    match how {
        How::Card(card) => place.at_hand(options, card, &mut source)?,
        How::File(file) => place.by_file(options, file, &mut source)?,
    }
    issuing.close()
}

enum How<'a> {
    Card(&'a CardRef),
    File(&'a Path),
}

/// The city at work.
struct Place<'a> {
    global: &'a Global,
    folder: &'a Path,
    region: RegionCode,
}

impl Place<'_> {
    /// The PSAM is here.
    fn at_hand(&self, options: &Limit, card: &CardRef, source: &mut dyn KeySource) -> Result<()> {
        let mut bay = Bay::open(self.global, card, CardKind::Psam)?;
        let (info, chain) = {
            let mut psam = Psam::open(&mut bay)?;
            (psam.info(), psam.chain()?)
        };
        let number = self.own(&info)?;
        if let Some(chain) = chain {
            statement::must_go_on(self.folder, &Stated::of_psam(number, &chain))?;
            if let Some(file) = &options.order_list {
                let list =
                    Answer::parse(&home::read_text(file)?).with_context(|| file.display().to_string())?;
                self.compare(number, &list, &chain)?;
            }
        }
        let limits = options.limits.limits();
        let statement = set_limits(self.global, &mut bay, source, limits)?;
        let chain = statement.map(|statement| statement.chain).unwrap_or_default();
        self.note(number, limits, &chain)?;
        let counter = Psam::open(&mut bay)?.counter()?;
        bay.close()?;
        let text = facts(&[
            ("PSAM", number.to_string()),
            ("orders", issue::counter_words(&counter)),
            ("value", value_words(&chain, &limits)),
            ("chain", hex::encode_upper(chain.head)),
        ]);
        let object = json!({
            "number": number.to_string(), "sealed": counter.made, "limit": counter.limit, "left": counter.left(),
            "value_fen": chain.value, "value_limit_fen": limits.value, "chain": hex::encode_upper(chain.head),
        });
        answer(self.global, &text, object);
        Ok(())
    }

    /// The PSAM is at its bank, which sent its statement and its orders; the limit goes into a file.
    fn by_file(&self, options: &Limit, file: &Path, source: &mut dyn KeySource) -> Result<()> {
        let said = Answer::parse(&home::read_text(file)?).with_context(|| file.display().to_string())?;
        let number: DeviceNumber = said.psam.parse().with_context(|| file.display().to_string())?;
        let serial = serial_of(self.folder, number)?;
        let chain = PsamChain {
            count: said.stand.orders,
            value: said.stand.value_fen,
            before: said.chain_before,
            head: said.stand.chain,
        };
        statement::must_be_asked_for(self.folder, number, said.challenge)?;
        statement::must_go_on(self.folder, &Stated::of_psam(number, &chain))?;
        self.compare(number, &said, &chain)?;
        let limits = options.limits.limits();
        let target = Target {
            recipient: Recipient::Card(CardKind::Psam),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial: serial.0,
            number: number.0,
            region: self.region.0,
        };
        let statement = Statement { challenge: said.challenge, chain, mac: said.mac };
        let mac = source.seal_limit(&target, said.limit_challenge, limits, Some(&statement))?;
        vouch::received(self.global, &said.log);
        let renewal = Renewal {
            format: Renewal::FORMAT.to_owned(),
            city: self.region.to_string(),
            psam: number.to_string(),
            orders: limits.count,
            value_fen: limits.value,
            challenge: said.limit_challenge,
            mac,
            log: Origin::value(self.folder)?,
        };
        let file = match &options.out {
            Some(file) => file.clone(),
            None => out(self.folder)?.join(format!("psam-{number}.limit.json")),
        };
        // The file before the log: what the log calls given, the clerk has; a request is spent by the log's line.
        home::write(&file, renewal.to_json()?.as_bytes())?;
        self.note(number, limits, &chain)?;
        let text = facts(&[
            ("PSAM", number.to_string()),
            ("orders", format!("{} made, {} allowed", chain.count, limits.count)),
            ("value", value_words(&chain, &limits)),
            ("chain", hex::encode_upper(chain.head)),
            ("sealed limit", file.display().to_string()),
        ]);
        let object = json!({
            "number": number.to_string(), "sealed": chain.count, "limit": limits.count, "value_fen": chain.value,
            "value_limit_fen": limits.value, "chain": hex::encode_upper(chain.head), "orders": said.order_list.len(),
            "file": file.display().to_string(),
        });
        answer(self.global, &text, object);
        Ok(())
    }

    /// Its number, when it is of this city.
    fn own(&self, info: &CardInfo) -> Result<DeviceNumber> {
        let (number, region) = (DeviceNumber(info.number), self.region);
        if info.region == region.0 {
            return Ok(number);
        }
        let words = format!("PSAM {number} is of city {}, not of {region}", RegionCode(info.region));
        Err(refused(words).hint("use the PSAM issuing card of that city").into())
    }

    /// The bank's orders since the city looked last must make the chain.
    fn compare(&self, number: DeviceNumber, list: &Answer, chain: &PsamChain) -> Result<()> {
        if list.psam != number.to_string() {
            return Err(refused(format!("the list is of PSAM {}, not of {number}", list.psam)).into());
        }
        let since = statement::last(self.folder, number)?.unwrap_or(Stand::EMPTY);
        if list.since != since {
            let words = format!(
                "the order list begins after order {}, and the city saw order {} last",
                list.since.orders, since.orders
            );
            return Err(refused(words).hint("ask anew: `gridcard psam statement-request`").into());
        }
        let now = Stand { orders: chain.count, value_fen: chain.value, chain: chain.head };
        renewal::compare(&since, &list.order_list, &now)
            .with_context(|| format!("no other limit for PSAM {number}"))
    }

    fn note(&self, number: DeviceNumber, limits: Limits, chain: &PsamChain) -> Result<()> {
        let event = Event::Limit { kind: CardKind::Psam, number, limit: Some(limits.count) };
        issue::journal(self.global, self.folder)?.note(&now(self.global)?.to_string(), event)?;
        statement::keep(self.global, self.folder, &Stated::of_psam(number, chain))
    }
}

/// The chip that was issued under a PSAM's number: what the bank says of it decides nothing.
fn serial_of(folder: &Path, number: DeviceNumber) -> Result<::scheme::numbers::Serial> {
    let path = folder.join(FILE);
    let item = match path.exists() {
        true => Store::visit(&path)?.numbered(ItemKind::Card(CardKind::Psam), &number.to_string())?,
        false => None,
    };
    item.and_then(|item| item.serial).ok_or_else(|| {
        refused(format!("no PSAM {number} was issued here"))
            .hint("`gridcard stock list` shows what was; look at the number again")
            .into()
    })
}
