//! Other limits for a PSAM, with the card at hand or by files that cross between city and bank [docs/specs/renewal.md].

use super::access::{Access, issuing_card_in_use, must_be_of};
use super::psam::set_limits;
use crate::cards::CardHandle;
use crate::home::{self, Home};
use crate::session::{Session, out};
use crate::statement::{self, Stated};
use crate::trouble::{Context, Result, refused};
use crate::vouch::{self, Origin};
use crate::{in_force, issuing, people};
use issue::source::{Current, KeySource, Target};
use office::journal::Event;
use office::store::{FILE, ItemKind, Store};
use reader::driver::issuing::Counter;
use reader::driver::psam::Psam;
use scheme::CardRef;
use scheme::chance::random;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, Recipient};
use scheme::psam::{Limits, PsamChain, Statement};
use serde::Serialize;
use server::renewal::{self, Answer, ExchangeFile, Renewal, Stand};
use std::path::{Path, PathBuf};

/// A statement to be asked for.
#[derive(Debug, Clone)]
pub struct StatementRequest {
    /// The PSAM.
    pub number: DeviceNumber,
    /// File for the request; `None`: in what the city hands out.
    pub out: Option<PathBuf>,
    /// The city; `None`: the only one of the home.
    pub city: Option<RegionCode>,
}

/// A statement that was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct StatementReport {
    /// The PSAM.
    pub number: DeviceNumber,
    /// The request's file.
    pub file: String,
    /// Orders the city saw last.
    pub since_orders: u32,
    /// The challenge drawn.
    pub challenge: String,
}

/// Draws a challenge for a statement and writes the request.
///
/// # Errors
/// No such PSAM was issued here; the city's issuing card makes nothing any more.
pub fn ask(session: &Session, request: &StatementRequest) -> Result<StatementReport> {
    let (region, folder) = Home::new(session).city(request.city, "asking for a statement")?;
    let number = request.number;
    serial_of(&folder, number)?;
    // An issuing card that gives no limits any more need not be told what its PSAMs sealed.
    let mut issuing = CardHandle::open(
        session,
        &issuing_card_in_use(session, &folder, CardKind::PsamIssuing)?,
        CardKind::PsamIssuing,
    )?;
    in_force::must_make(session, &folder, &mut issuing)?;
    issuing.close()?;
    let asked = renewal::Request {
        format: renewal::Request::FORMAT.to_owned(),
        city: region.to_string(),
        psam: number.to_string(),
        challenge: random(&mut *session.chance(&format!("statement {number} {}", session.now()?))),
        since: statement::last(&folder, number)?.unwrap_or(Stand::EMPTY),
        log: Origin::value(&folder)?,
    };
    let file = match &request.out {
        Some(file) => file.clone(),
        None => out(&folder)?.join(format!("psam-{number}.request.json")),
    };
    statement::asked(session, &folder, number, asked.challenge)?;
    home::write(&file, asked.to_json()?.as_bytes())?;
    Ok(StatementReport {
        number,
        file: file.display().to_string(),
        since_orders: asked.since.orders,
        challenge: hex::encode_upper(asked.challenge),
    })
}

/// Which PSAM gets other limits, and how.
#[derive(Debug, Clone)]
pub enum Whose {
    /// It is here.
    AtHand {
        /// The PSAM.
        card: CardRef,
        /// The bank's list of its orders, to be compared.
        order_list: Option<PathBuf>,
    },
    /// It is at its bank, which sent its statement and its orders; the limit goes into a file.
    ByFile {
        /// The statement.
        statement: PathBuf,
        /// File for the sealed limit; `None`: in what the city hands out.
        out: Option<PathBuf>,
    },
}

/// Other limits for a PSAM.
#[derive(Debug, Clone)]
pub struct LimitRequest {
    /// Whose.
    pub whose: Whose,
    /// The limits.
    pub limits: Limits,
    /// The issuing card, and the city.
    pub access: Access,
}

/// A PSAM with its limits.
#[derive(Debug, Clone, Serialize)]
pub struct LimitReport {
    /// Its number.
    pub number: DeviceNumber,
    /// Orders it sealed.
    pub sealed: u32,
    /// Orders it may seal in all.
    pub limit: Option<u32>,
    /// Orders it can still seal, of one at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Option<u32>>,
    /// Value it sealed.
    pub value_fen: u64,
    /// Value it may seal in all.
    pub value_limit_fen: u64,
    /// Head of its chain.
    pub chain: String,
    /// Orders of the bank's list, of one at its bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<usize>,
    /// File with the sealed limit, of one at its bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl LimitReport {
    /// Its counter.
    pub const fn counter(&self) -> Counter {
        Counter { limit: self.limit, made: self.sealed }
    }
}

/// Gives a PSAM other limits. `None`: a request for the second person was written in its place.
///
/// # Errors
/// The PSAM is of another city, or not as it was seen last; its bank's list does not make its chain; a card does not open.
pub fn limit(session: &Session, request: &LimitRequest) -> Result<Option<LimitReport>> {
    let (region, folder) = Home::new(session).city(request.access.city, "raising the limit of PSAMs")?;
    let act = match &request.whose {
        Whose::ByFile { statement, .. } => format!("another limit by {}", statement.display()),
        Whose::AtHand { card, .. } => format!("another limit of {card}"),
    };
    request.access.with_issuing_card(session, &folder, (CardKind::PsamIssuing, false), |source| {
        if !people::both(session, &folder, &act, source.about().state)? {
            return Ok(None);
        }
        let place = Place { session, folder: &folder, region, limits: request.limits };
        let report = match &request.whose {
            Whose::AtHand { card, order_list } => place.at_hand(card, order_list.as_deref(), source)?,
            Whose::ByFile { statement, out } => place.by_file(statement, out.as_deref(), source)?,
        };
        Ok(Some(report))
    })
}

/// The city at work.
struct Place<'a> {
    session: &'a Session,
    folder: &'a Path,
    region: RegionCode,
    limits: Limits,
}

fn read(file: &Path) -> Result<Answer> {
    Answer::parse(&home::read_text(file)?).with_context(|| file.display().to_string())
}

impl Place<'_> {
    /// The PSAM is here.
    fn at_hand(
        &self,
        card: &CardRef,
        order_list: Option<&Path>,
        source: &mut dyn KeySource,
    ) -> Result<LimitReport> {
        let mut handle = CardHandle::open(self.session, card, CardKind::Psam)?;
        let (info, chain) = {
            let mut psam = Psam::open(&mut handle)?;
            (psam.info(), psam.chain()?)
        };
        let number = DeviceNumber(info.number);
        must_be_of(self.region, &info, &format!("PSAM {number}"))?;
        if let Some(chain) = chain {
            statement::must_go_on(self.folder, &Stated::of_psam(number, &chain))?;
            if let Some(file) = order_list {
                self.compare(number, &read(file)?, &chain)?;
            }
        }
        let statement = set_limits(self.session, &mut handle, source, self.limits)?;
        let chain = statement.map(|statement| statement.chain).unwrap_or_default();
        self.note(number, &chain)?;
        let counter = Psam::open(&mut handle)?.counter()?;
        handle.close()?;
        Ok(LimitReport {
            number,
            sealed: counter.made,
            limit: counter.limit,
            left: Some(counter.left()),
            value_fen: chain.value,
            value_limit_fen: self.limits.value,
            chain: hex::encode_upper(chain.head),
            orders: None,
            file: None,
        })
    }

    /// The PSAM is at its bank, which sent its statement and its orders; the limit goes into a file.
    fn by_file(
        &self,
        statement: &Path,
        to: Option<&Path>,
        source: &mut dyn KeySource,
    ) -> Result<LimitReport> {
        let said = read(statement)?;
        let number: DeviceNumber = said.psam.parse().with_context(|| statement.display().to_string())?;
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
        let target = Target {
            recipient: Recipient::Card(CardKind::Psam),
            master: Current::Own,
            test_keys: false,
            version: None,
            serial: serial.0,
            number: number.0,
            region: self.region.0,
        };
        let stated = Statement { challenge: said.challenge, chain, mac: said.mac };
        let mac = source.seal_limit(&target, said.limit_challenge, self.limits, Some(&stated))?;
        vouch::received(self.session, &said.log);
        let sealed = Renewal {
            format: Renewal::FORMAT.to_owned(),
            city: self.region.to_string(),
            psam: number.to_string(),
            orders: self.limits.count,
            value_fen: self.limits.value,
            challenge: said.limit_challenge,
            mac,
            log: Origin::value(self.folder)?,
        };
        let file = match to {
            Some(file) => file.to_path_buf(),
            None => out(self.folder)?.join(format!("psam-{number}.limit.json")),
        };
        // The file before the log: what the log calls given, the clerk has; a request is spent by the log's line.
        home::write(&file, sealed.to_json()?.as_bytes())?;
        self.note(number, &chain)?;
        Ok(LimitReport {
            number,
            sealed: chain.count,
            limit: Some(self.limits.count),
            left: None,
            value_fen: chain.value,
            value_limit_fen: self.limits.value,
            chain: hex::encode_upper(chain.head),
            orders: Some(said.order_list.len()),
            file: Some(file.display().to_string()),
        })
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

    fn note(&self, number: DeviceNumber, chain: &PsamChain) -> Result<()> {
        let event = Event::Limit { kind: CardKind::Psam, number, limit: Some(self.limits.count) };
        issuing::journal(self.session, self.folder)?.note(&self.session.now()?.to_string(), event)?;
        statement::keep(self.session, self.folder, &Stated::of_psam(number, chain))
    }
}

/// The chip that was issued under a PSAM's number: what the bank says of it decides nothing.
fn serial_of(folder: &Path, number: DeviceNumber) -> Result<Serial> {
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
