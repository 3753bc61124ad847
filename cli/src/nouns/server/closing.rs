//! `gridcard server drawer`, `close`, `statistics`: the end of a day.

use crate::call::Call;
use crate::output::answer;
use crate::screen::{facts, table};
use clap::{Args, Subcommand, ValueEnum};
use parties::Deed;
use parties::bank::{
    self, CloseReport, ClosingsReport, Desk, DrawerReport, DrawersReport, RecomputedReport, StatisticsFile,
    StatisticsLine, StatisticsReport, StatisticsRequest,
};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::money::Fen;
use std::path::PathBuf;

/// Verbs of drawers.
#[derive(Debug, Subcommand)]
pub enum Drawer {
    /// Open your drawer, with what you counted in it. Until it is closed, cash goes into it and comes from it.
    Open(Open),
    /// Close your drawer: what you counted goes to the bank's cash, what it differs by is booked.
    Close(Shut),
    /// The drawers that are open.
    List(List),
}

/// Options of `drawer open`.
#[derive(Debug, Args)]
pub struct Open {
    /// What was counted, in yuan.
    #[arg(long)]
    pub counted: Fen,
}

/// Options of `drawer close`.
#[derive(Debug, Args)]
pub struct Shut {
    /// What was counted, in yuan.
    #[arg(long)]
    pub counted: Fen,
    /// What there is to say about it.
    #[arg(long)]
    pub note: Option<String>,
}

/// Options of `drawer list`.
#[derive(Debug, Args)]
pub struct List {
    /// Those that are closed as well, the last hundred.
    #[arg(long)]
    pub all: bool,
}

impl Drawer {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Drawer::Open(_) => Deed::One("server drawer open"),
            Drawer::Close(_) => Deed::One("server drawer close"),
            Drawer::List(_) => Deed::Look,
        }
    }
}

/// Options of `server close`.
#[derive(Debug, Args)]
pub struct Close {
    /// The day, as 2026-11-22. Default: today.
    #[arg(long, value_name = "DATE")]
    pub day: Option<String>,
    /// Close nothing: recompute sums and closings from the ledger, to the fen.
    #[arg(long, conflicts_with = "day")]
    pub verify: bool,
    /// Close nothing: show the days that are closed.
    #[arg(long, conflicts_with_all = ["day", "verify"])]
    pub list: bool,
}

impl Close {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        if self.verify || self.list { Deed::Look } else { Deed::One("server close") }
    }
}

/// Options of `server statistics`.
#[derive(Debug, Args)]
pub struct Statistics {
    /// The first day, as 2026-11-01. Default: the first of this month.
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// The last day. Default: today.
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// How long the periods are.
    #[arg(long, value_enum, default_value = "day")]
    pub period: Period,
    /// A line for each office.
    #[arg(long)]
    pub by_office: bool,
    /// A line for each channel.
    #[arg(long)]
    pub by_channel: bool,
    /// A line for each tariff that held for the meters, by the power company's contracts.
    #[arg(long)]
    pub by_tariff: bool,
    /// Write them to a CSV file, whose last line has its SHA-256.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Period {
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
    /// All days together.
    Whole,
}

impl From<Period> for server::Period {
    fn from(period: Period) -> Self {
        match period {
            Period::Day => server::Period::Day,
            Period::Month => server::Period::Month,
            Period::Year => server::Period::Year,
            Period::Whole => server::Period::Whole,
        }
    }
}

/// Runs a verb of drawers.
pub fn drawer(call: &Call, verb: &Drawer) -> Result<()> {
    let mut desk = Desk::open(call)?;
    match verb {
        Drawer::Open(options) => {
            tell_opened(call, &bank::open_drawer(call, &mut desk, options.counted)?);
        }
        Drawer::Close(options) => {
            let note = options.note.as_deref();
            tell_shut(call, &bank::close_drawer(call, &mut desk, options.counted, note)?);
        }
        Drawer::List(options) => {
            tell_drawers(call, &bank::drawers(call, &desk, !options.all, None)?);
        }
    }
    Ok(())
}

/// Tells of a drawer that was opened.
pub fn tell_opened(call: &Call, report: &DrawerReport) {
    let text = format!("the drawer of {} is open with {}", report.clerk, yuan(report.opening_fen));
    answer(call, &text, report);
}

/// Tells of a drawer that was closed.
pub fn tell_shut(call: &Call, report: &DrawerReport) {
    let fen = |fen: Option<i64>| fen.map(yuan).unwrap_or_default();
    let text = facts(&[
        ("drawer of", report.clerk.clone()),
        ("the books say", yuan(report.expected_fen)),
        ("counted", fen(report.counted_fen)),
        ("difference", fen(report.difference_fen)),
    ]);
    answer(call, &text, report);
}

/// Tells of drawers.
pub fn tell_drawers(call: &Call, report: &DrawersReport) {
    let heading = ["clerk", "office", "opened", "with", "the books say", "closed", "counted", "difference"];
    answer(call, &table(&heading, report.drawers.iter().map(drawer_row).collect()), report);
}

fn drawer_row(drawer: &DrawerReport) -> Vec<String> {
    let fen = |fen: Option<i64>| fen.map(yuan).unwrap_or_default();
    vec![
        drawer.clerk.clone(),
        drawer.office.clone(),
        drawer.opened.to_string(),
        yuan(drawer.opening_fen),
        yuan(drawer.expected_fen),
        drawer.closed.map(|at| at.to_string()).unwrap_or_default(),
        fen(drawer.counted_fen),
        fen(drawer.difference_fen),
    ]
}

/// Runs `server close`.
pub fn close(call: &Call, options: &Close) -> Result<()> {
    let mut desk = Desk::open(call)?;
    if options.verify {
        return tell_recomputed(call, &bank::recompute(call, &desk)?);
    }
    if options.list {
        tell_closings(call, &bank::closings(call, &desk)?);
        return Ok(());
    }
    tell_closed(call, &bank::close_day(call, &mut desk, options.day.as_deref())?);
    Ok(())
}

/// Tells whether sums, closings and ledger agree.
pub fn tell_recomputed(call: &Call, report: &RecomputedReport) -> Result<()> {
    let agree = if report.agree { "agree" } else { "do not agree" };
    answer(call, &facts(&[("sums, closings and ledger", agree.to_owned())]), report);
    report.verdict()
}

/// Tells of days that are closed.
pub fn tell_closings(call: &Call, report: &ClosingsReport) {
    let heading =
        ["day", "closed", "by", "sold", "settled", "outstanding", "transferred", "paid back", "head"];
    answer(call, &table(&heading, report.closings.iter().map(close_row).collect()), report);
}

/// Tells of a day that was closed.
pub fn tell_closed(call: &Call, report: &CloseReport) {
    let figures = &report.figures;
    let mut lines = vec![
        ("day", format!("{}, closed {} by {}", report.day, report.closed, report.by)),
        ("transfers", figures.transfers.to_string()),
        ("sold", yuan(figures.sold_fen)),
        ("settled", yuan(figures.settled_fen)),
        ("outstanding", yuan(figures.outstanding_fen)),
        ("between two meters", yuan(figures.transferred_fen)),
        ("due to customers", yuan(figures.refund_due_fen)),
        ("paid back", yuan(figures.refunded_fen)),
        ("credited, never paid", yuan(figures.loss_fen)),
        ("other", yuan(figures.other_fen)),
    ];
    lines.extend(report.heads.split_whitespace().map(|head| ("ledger", head.to_owned())));
    lines.push(("head of the day", report.head.clone()));
    answer(call, &facts(&lines), report);
}

fn close_row(close: &CloseReport) -> Vec<String> {
    let figures = &close.figures;
    vec![
        close.day.clone(),
        close.closed.to_string(),
        close.by.clone(),
        yuan(figures.sold_fen),
        yuan(figures.settled_fen),
        yuan(figures.outstanding_fen),
        yuan(figures.transferred_fen),
        yuan(figures.refunded_fen),
        close.head.clone(),
    ]
}

/// Runs `server statistics`.
pub fn statistics(call: &Call, options: &Statistics) -> Result<()> {
    let request = StatisticsRequest {
        from: options.from.clone(),
        to: options.to.clone(),
        period: options.period.into(),
        by_office: options.by_office,
        by_channel: options.by_channel,
        by_tariff: options.by_tariff,
    };
    let desk = Desk::open(call)?;
    if let Some(path) = &options.csv {
        tell_file(call, &bank::statistics_into(call, &desk, &request, path)?);
        return Ok(());
    }
    tell_statistics(call, &bank::statistics(call, &desk, &request)?);
    Ok(())
}

/// Tells of a file of statistics.
pub fn tell_file(call: &Call, report: &StatisticsFile) {
    let text = format!("{} line(s) in {}, SHA-256 {}", report.lines, report.file.display(), report.sha256);
    answer(call, &text, report);
}

/// Tells what was done.
pub fn tell_statistics(call: &Call, report: &StatisticsReport) {
    let heading = [
        "period",
        "office",
        "channel",
        "tariff",
        "sales",
        "sold",
        "deliveries",
        "settled",
        "paid back",
        "to other meters",
    ];
    answer(call, &table(&heading, report.lines.iter().map(statistics_row).collect()), report);
}

fn statistics_row(line: &StatisticsLine) -> Vec<String> {
    vec![
        line.period.clone(),
        line.office.clone(),
        line.channel.clone(),
        line.tariff.clone(),
        line.sales.to_string(),
        yuan(line.sold_fen),
        line.deliveries.to_string(),
        yuan(line.settled_fen),
        yuan(line.refunded_fen),
        yuan(line.transferred_fen),
    ]
}
