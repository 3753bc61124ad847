//! The end of a day: drawers, the closing, statistics.

use super::desk::Desk;
use crate::home;
use crate::session::Session;
use crate::trouble::{Result, refused, security};
use crate::{log, people};
use disk::table::TableWriter;
use scheme::fault::Told;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::names;
use serde::{Deserialize, Serialize};
use server::{Books, ClosingError, DayClose, DayFigures, Line, Period, Question, Shift};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A clerk's drawer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DrawerReport {
    /// Its number.
    pub shift: i64,
    /// Whose.
    pub clerk: String,
    /// In which office.
    pub office: String,
    /// When it was opened.
    #[serde(with = "names::text")]
    pub opened: Moment,
    /// What was counted then.
    pub opening_fen: i64,
    /// What the books say is in it, or was when it was closed.
    pub expected_fen: i64,
    /// When it was closed.
    #[serde(with = "super::text::maybe")]
    pub closed: Option<Moment>,
    /// What was counted then.
    pub counted_fen: Option<i64>,
    /// What was counted less what the books say; below zero: it lacks. It is booked.
    pub difference_fen: Option<i64>,
    /// What there was to say.
    pub note: Option<String>,
}

impl DrawerReport {
    fn of(shift: Shift) -> Self {
        let difference_fen = shift.difference_fen();
        let (closed, counted_fen, note) = match shift.closed {
            Some(counted) => (Some(counted.at), Some(counted.fen), counted.note),
            None => (None, None, None),
        };
        DrawerReport {
            shift: shift.id,
            clerk: shift.clerk,
            office: shift.office,
            opened: shift.opened,
            opening_fen: shift.opening_fen,
            expected_fen: shift.expected_fen,
            closed,
            counted_fen,
            difference_fen,
            note,
        }
    }
}

/// Drawers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DrawersReport {
    /// Each, the newest first.
    pub drawers: Vec<DrawerReport>,
}

/// Opens the drawer of whoever acts, with what he counted in it.
///
/// # Errors
/// He has one open.
pub fn open_drawer(session: &Session, desk: &mut Desk, counted: Fen) -> Result<DrawerReport> {
    desk.folder(session)?;
    let (clerk, at) = (desk.clerk(session)?, session.now()?);
    let office = desk.office().to_owned();
    let shift = desk.books_mut().open_drawer(&clerk, &office, counted, at)?;
    log::fact(session, "shift", shift.id);
    log::fact(session, "counted_fen", counted.0);
    Ok(DrawerReport::of(shift))
}

/// Closes the drawer of whoever acts: what he counted goes to the bank's cash, what it differs by is booked.
///
/// # Errors
/// He has none open.
pub fn close_drawer(
    session: &Session,
    desk: &mut Desk,
    counted: Fen,
    note: Option<&str>,
) -> Result<DrawerReport> {
    desk.folder(session)?;
    let (clerk, at) = (desk.clerk(session)?, session.now()?);
    let shift = desk.books_mut().close_drawer(&clerk, counted, note, at)?;
    log::fact(session, "shift", shift.id);
    log::fact(session, "counted_fen", counted.0);
    log::fact(session, "difference_fen", shift.difference_fen().unwrap_or_default());
    Ok(DrawerReport::of(shift))
}

/// Drawers: those that are open, or the last hundred.
///
/// # Errors
/// The books cannot be read.
pub fn drawers(session: &Session, desk: &Desk, open: bool, office: Option<&str>) -> Result<DrawersReport> {
    desk.folder(session)?;
    let shifts = desk.books().shifts(open, 100)?.into_iter();
    let theirs = shifts.filter(|shift| office.is_none_or(|office| shift.office == office));
    Ok(DrawersReport { drawers: theirs.map(DrawerReport::of).collect() })
}

/// A day that is closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CloseReport {
    /// The day, YYYY-MM-DD.
    pub day: String,
    /// When it was closed.
    #[serde(with = "names::text")]
    pub closed: Moment,
    /// By whom.
    pub by: String,
    /// Where each server's chain through the ledger stood: `SERVER:NUMBER:HASH`, a blank between two.
    pub heads: String,
    /// SHA-256 over them, a line each.
    pub head: String,
    /// What was booked up to its end.
    #[serde(flatten)]
    pub figures: FiguresLine,
}

/// What was booked up to the end of a day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FiguresLine {
    /// Transfers.
    pub transfers: i64,
    /// Money that came in.
    pub sold_fen: i64,
    /// What meters confirmed, and still have or used.
    pub settled_fen: i64,
    /// Sold and not confirmed.
    pub outstanding_fen: i64,
    /// On its way between two meters.
    pub transferred_fen: i64,
    /// Due to customers.
    pub refund_due_fen: i64,
    /// Paid back.
    pub refunded_fen: i64,
    /// Confirmed and never paid for.
    pub loss_fen: i64,
    /// Suspense, fees, what is taken for the company.
    pub other_fen: i64,
}

impl FiguresLine {
    fn of(figures: &DayFigures) -> Self {
        FiguresLine {
            transfers: figures.transfers,
            sold_fen: figures.sold,
            settled_fen: figures.settled,
            outstanding_fen: figures.outstanding,
            transferred_fen: figures.transferred,
            refund_due_fen: figures.refund_due,
            refunded_fen: figures.refunded,
            loss_fen: figures.loss,
            other_fen: figures.other,
        }
    }
}

impl CloseReport {
    fn of(close: &DayClose) -> Self {
        CloseReport {
            day: iso_day(&close.day),
            closed: close.at,
            by: close.by.clone(),
            heads: close.heads.lines().collect::<Vec<_>>().join(" "),
            head: hex::encode(close.digest),
            figures: FiguresLine::of(&close.figures),
        }
    }
}

/// Closed days.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClosingsReport {
    /// Each, the newest first.
    pub closings: Vec<CloseReport>,
}

/// Sums and closings, compared with the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecomputedReport {
    /// Nothing differs.
    pub agree: bool,
    /// What differs, in words.
    pub wrong: Vec<String>,
}

impl RecomputedReport {
    /// Whether nothing differs.
    ///
    /// # Errors
    /// A security stop where something does.
    pub fn verdict(&self) -> Result<()> {
        if self.agree {
            return Ok(());
        }
        let words = format!("sums and closings do not agree with the ledger: {}", self.wrong.join("; "));
        Err(security(words)
            .hint("somebody changed rows by hand; `gridcard server verify` looks at the ledger itself")
            .code("sums-wrong")
            .into())
    }
}

/// Closes a day and the open ones before it. Its figures are frozen; what is booked later counts for the next day. `day`:
/// YYYY-MM-DD; default: today.
///
/// # Errors
/// It is closed, has not come, or somebody's drawer is open.
pub fn close_day(session: &Session, desk: &mut Desk, day: Option<&str>) -> Result<CloseReport> {
    let folder = desk.folder(session)?;
    let at = session.now()?;
    let day = match day {
        Some(day) => plain_day(day)?,
        None => plain_day(&today(at))?,
    };
    let by = people::one(session, &folder)?.to_string();
    let closed = desk.books_mut().close_day(&day, &by, at)?;
    let report = CloseReport::of(&closed);
    log::fact(session, "day", &report.day);
    log::fact(session, "head", &report.head);
    Ok(report)
}

/// The last closed days, at most a hundred.
///
/// # Errors
/// The books cannot be read.
pub fn closings(session: &Session, desk: &Desk) -> Result<ClosingsReport> {
    desk.folder(session)?;
    Ok(ClosingsReport { closings: desk.books().closings(100)?.iter().map(CloseReport::of).collect() })
}

/// Recomputes sums and closings from the ledger.
///
/// # Errors
/// The books cannot be read. What differs is told in the report ([`RecomputedReport::verdict`]).
pub fn recompute(session: &Session, desk: &Desk) -> Result<RecomputedReport> {
    desk.folder(session)?;
    let wrong = differences(desk.books())?;
    Ok(RecomputedReport { agree: wrong.is_empty(), wrong })
}

/// Where sums and closings differ from the ledger.
pub(super) fn told(books: &dyn Books) -> Result<Vec<Told>> {
    Ok(differences(books)?.into_iter().map(|words| Told::new("sums-wrong", words)).collect())
}

/// The same in words.
fn differences(books: &dyn Books) -> Result<Vec<String>> {
    let mut wrong = books.check_closings()?;
    wrong.extend(books.check_statistics()?);
    Ok(wrong)
}

/// Statistics that are asked for.
#[derive(Debug, Clone, Default)]
pub struct StatisticsRequest {
    /// The first day, YYYY-MM-DD; default: the first of this month.
    pub from: Option<String>,
    /// The last day; default: today.
    pub to: Option<String>,
    /// How long the periods are.
    pub period: Period,
    /// A line for each office.
    pub by_office: bool,
    /// A line for each channel.
    pub by_channel: bool,
    /// A line for each tariff.
    pub by_tariff: bool,
}

/// Statistics.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatisticsReport {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// By period, office, channel and tariff.
    pub lines: Vec<StatisticsLine>,
}

/// A line of statistics; what it is not parted by is empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatisticsLine {
    /// YYYY-MM-DD, YYYY-MM or YYYY.
    pub period: String,
    /// The office.
    pub office: String,
    /// The channel.
    pub channel: String,
    /// The tariff that held for the meter.
    pub tariff: String,
    /// Purchases sold, less those cancelled.
    pub sales: i64,
    /// What was paid for them and for corrections.
    pub sold_fen: i64,
    /// Purchases that meters confirmed.
    pub deliveries: i64,
    /// What they confirmed.
    pub settled_fen: i64,
    /// What was paid back.
    pub refunded_fen: i64,
    /// What was carried to another meter.
    pub transferred_fen: i64,
}

impl StatisticsLine {
    fn of(line: Line) -> Self {
        StatisticsLine {
            period: iso_day(&line.period),
            office: line.office,
            channel: line.channel,
            tariff: line.tariff,
            sales: line.sales,
            sold_fen: line.sold_fen,
            deliveries: line.deliveries,
            settled_fen: line.settled_fen,
            refunded_fen: line.refunded_fen,
            transferred_fen: line.transferred_fen,
        }
    }
}

/// The columns of statistics as CSV.
const COLUMNS: [&str; 10] = [
    "period",
    "office",
    "channel",
    "tariff",
    "sales",
    "sold_fen",
    "deliveries",
    "settled_fen",
    "refunded_fen",
    "transferred_fen",
];

/// A file of statistics that was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatisticsFile {
    /// How many lines it has, without the first and the last.
    pub lines: usize,
    /// SHA-256 over all lines but the last, which says it.
    pub sha256: String,
    /// Where it is.
    pub file: PathBuf,
}

/// What was done in which period, office, channel and tariff.
///
/// # Errors
/// A day that is none; the books cannot be read.
pub fn statistics(session: &Session, desk: &Desk, request: &StatisticsRequest) -> Result<StatisticsReport> {
    desk.folder(session)?;
    let today = today(session.now()?);
    let from = request.from.clone().unwrap_or_else(|| format!("{}-01", &today[..7]));
    let to = request.to.clone().unwrap_or(today);
    let question = Question {
        from: plain_day(&from)?,
        to: plain_day(&to)?,
        period: request.period,
        by_office: request.by_office,
        by_channel: request.by_channel,
        by_tariff: request.by_tariff,
    };
    if question.from > question.to {
        return Err(refused(format!("{from} is after {to}")).code("days-swapped").into());
    }
    let lines = desk.books().statistics(&question)?;
    Ok(StatisticsReport { from, to, lines: lines.into_iter().map(StatisticsLine::of).collect() })
}

/// The same as CSV; its last line is `sha256` and the SHA-256 over all lines before it.
///
/// # Errors
/// As [`statistics`].
pub fn statistics_csv(
    session: &Session,
    desk: &Desk,
    request: &StatisticsRequest,
) -> Result<(String, StatisticsReport)> {
    let report = statistics(session, desk, request)?;
    let mut bytes = Vec::new();
    let mut table = TableWriter::new(&mut bytes);
    table.row(COLUMNS)?;
    for line in &report.lines {
        table.row([
            line.period.clone(),
            line.office.clone(),
            line.channel.clone(),
            line.tariff.clone(),
            line.sales.to_string(),
            line.sold_fen.to_string(),
            line.deliveries.to_string(),
            line.settled_fen.to_string(),
            line.refunded_fen.to_string(),
            line.transferred_fen.to_string(),
        ])?;
    }
    table.finish()?;
    let sum = hex::encode(Sha256::digest(&bytes));
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    text.push_str(&format!("sha256,{sum}\n"));
    Ok((text, report))
}

/// Writes statistics into a CSV file.
///
/// # Errors
/// As [`statistics`]; the file cannot be written.
pub fn statistics_into(
    session: &Session,
    desk: &Desk,
    request: &StatisticsRequest,
    path: &Path,
) -> Result<StatisticsFile> {
    write_statistics(&statistics_csv(session, desk, request)?.0, path)
}

/// Writes the text of [`statistics_csv`] into a file.
///
/// # Errors
/// The file cannot be written.
pub fn write_statistics(text: &str, path: &Path) -> Result<StatisticsFile> {
    home::write(path, text.as_bytes())?;
    let sha256 = text.trim_end().rsplit(',').next().unwrap_or_default().to_owned();
    // The first line names the columns, the last has the sum.
    Ok(StatisticsFile { lines: text.lines().count().saturating_sub(2), sha256, file: path.to_owned() })
}

/// The day of a moment, YYYY-MM-DD.
fn today(at: Moment) -> String {
    at.to_string().chars().take(10).collect()
}

/// A day as the books have it, of YYYY-MM-DD.
fn plain_day(day: &str) -> Result<String> {
    let none = || ClosingError::NoDay(day.to_owned());
    let moment: Moment = format!("{day} 00:00:00").parse().map_err(|_| none())?;
    if today(moment) != day {
        return Err(none().into());
    }
    Ok(day.replace('-', ""))
}

/// YYYY-MM-DD of 8 digits, YYYY-MM of 6.
fn iso_day(digits: &str) -> String {
    match digits.len() {
        8 => format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]),
        6 => format!("{}-{}", &digits[..4], &digits[4..]),
        _ => digits.to_owned(),
    }
}
