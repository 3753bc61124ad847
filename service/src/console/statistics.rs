//! The house in figures: a sum that adds up, two bars a day, and the figures beside them.

use super::form::Form;
use super::frame::Frame;
use super::html::{Html, day as day_of, with_dashes, yuan};
use super::visit::{Answer, Visit};
use askama::Template;
use disk::table::TableWriter;
use parties::Result;
use scheme::moment::Moment;
use server::{Day, Figures, Period, Question};

/// Days that are shown unless somebody says which.
const DAYS: i64 = 14;
/// Days that a chart holds.
const MOST: usize = 31;
const DAY_S: i64 = 86_400;
/// The chart, in its own units: its right end, its base line, the height of its highest bar, where bars begin.
const RIGHT: f64 = 720.0;
const BASE: f64 = 250.0;
const HIGH: f64 = 220.0;
const LEFT: f64 = 52.0;

struct Bar {
    x: String,
    sold_y: String,
    sold_h: String,
    settled_x: String,
    settled_y: String,
    settled_h: String,
    width: String,
    label_x: String,
    /// Empty where labels would stand too close.
    label: String,
}

struct Line {
    y: String,
    text_y: String,
    label: String,
}

/// What was sold and settled under a tariff in the days that are shown.
struct TariffRow {
    tariff: String,
    sales: i64,
    sold: String,
    settled: String,
}

struct DayRow {
    day: String,
    sales: i64,
    sold: String,
    settled: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage {
    f: Frame,
    from: String,
    to: String,
    sub: Html,
    adds_up: bool,
    sold: String,
    settled: String,
    outstanding: String,
    due: String,
    refunded: String,
    transferred: String,
    suspense: String,
    loss: String,
    bars: Vec<Bar>,
    grid: Vec<Line>,
    rows: Vec<DayRow>,
    /// Where they were asked for: they are counted from the ledger, which takes a while over many days.
    tariffs: Option<Vec<TariffRow>>,
    sum: DayRow,
    customers: u32,
    orders: u32,
    is_cut: bool,
}

/// The days that are asked for, both YYYY-MM-DD.
fn asked(query: &Form, now: Moment) -> (String, String) {
    let sound = |text: &str| {
        let digits = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (text.len() == 10 && digits).then(|| text.to_owned())
    };
    let first = now.add_seconds(-(DAYS - 1) * DAY_S).unwrap_or(now);
    let (from, to) = (sound(query.get("from")), sound(query.get("to")));
    let (from, to) = (from.unwrap_or_else(|| day_of(first)), to.unwrap_or_else(|| day_of(now)));
    if from <= to { (from, to) } else { (to, from) }
}

fn plain(day: &str) -> String {
    day.replace('-', "")
}

/// The page.
///
/// # Errors
/// The books cannot be read.
pub fn statistics(visit: &mut Visit<'_>) -> Result<Answer> {
    let now = visit.now()?;
    let (from, to) = asked(&visit.query, now);
    let days = visit.books().days(&plain(&from), &plain(&to))?;
    let Figures { totals, faults, .. } = visit.books().figures()?;
    let today = plain(&day_of(now));
    let lang = visit.lang;
    let every = every_day(&days);
    let shown = &every[every.len().saturating_sub(MOST)..];
    let (bars, grid) = chart(shown);
    let rows = days.iter().rev().map(|day| row(day, day.day == today)).collect();
    let asks = visit.query.get("by") == "tariff";
    let tariffs = if asks { Some(by_tariff(visit, &from, &to)?) } else { None };
    let all = Day {
        day: String::new(),
        sales: days.iter().map(|day| day.sales).sum(),
        sold_fen: days.iter().map(|day| day.sold_fen).sum(),
        deliveries: days.iter().map(|day| day.deliveries).sum(),
        settled_fen: days.iter().map(|day| day.settled_fen).sum(),
    };
    let some = |fen: i64| if fen == 0 { String::new() } else { yuan(fen) };
    visit.page(&StatisticsPage {
        f: visit.frame("statistics")?,
        sub: lang.say("stat.sub", &[Html::text(&from), Html::text(&to)]),
        from,
        to,
        adds_up: faults.is_empty() && totals.unaccounted() == 0,
        sold: yuan(totals.sold_fen),
        settled: yuan(totals.settled_fen),
        outstanding: yuan(totals.outstanding_fen),
        due: yuan(totals.refund_due_fen),
        refunded: yuan(totals.refunded_fen),
        transferred: some(totals.transferred_fen),
        suspense: some(totals.suspense_fen),
        loss: some(totals.loss_fen),
        bars,
        grid,
        rows,
        tariffs,
        sum: row(&all, false),
        customers: totals.customers,
        orders: totals.orders,
        is_cut: every.len() > shown.len(),
    })
}

/// The same days by the tariffs that held.
fn by_tariff(visit: &Visit<'_>, from: &str, to: &str) -> Result<Vec<TariffRow>> {
    let whole = Question {
        from: plain(from),
        to: plain(to),
        period: Period::Whole,
        by_tariff: true,
        ..Question::default()
    };
    let lang = visit.lang;
    let rows = visit.books().statistics(&whole)?.into_iter().map(|line| TariffRow {
        tariff: if line.tariff.is_empty() { lang.t("stat.notariff").to_owned() } else { line.tariff },
        sales: line.sales,
        sold: yuan(line.sold_fen),
        settled: yuan(line.settled_fen),
    });
    Ok(rows.collect())
}

/// Every day from the first with business to the last: one without it stands in a chart as well.
fn every_day(days: &[Day]) -> Vec<Day> {
    let at = |day: &Day| {
        let number = |range| day.day.get::<std::ops::Range<usize>>(range)?.parse::<u16>().ok();
        let (month, day) = (u8::try_from(number(4..6)?).ok()?, u8::try_from(number(6..8)?).ok()?);
        Moment::from_parts(number(0..4)?, month, day, 0, 0, 0).ok()
    };
    let (Some(first), Some(last)) = (days.first().and_then(at), days.last().and_then(at)) else {
        return Vec::new();
    };
    let (mut out, mut now) = (Vec::new(), first);
    while now <= last {
        let name = plain(&day_of(now));
        let empty = || Day { day: name.clone(), sales: 0, sold_fen: 0, deliveries: 0, settled_fen: 0 };
        out.push(days.iter().find(|day| day.day == name).cloned().unwrap_or_else(empty));
        let Some(next) = now.add_seconds(DAY_S) else { break };
        now = next;
    }
    out
}

fn row(day: &Day, open: bool) -> DayRow {
    DayRow {
        day: with_dashes(&day.day),
        sales: day.sales,
        sold: yuan(day.sold_fen),
        settled: yuan(day.settled_fen),
        open,
    }
}

/// A step of the scale: 1, 2 or 5 times a power of ten yuan, four or five of which hold the highest bar.
fn scale(highest: i64) -> i64 {
    let mut step = 100;
    loop {
        for factor in [1, 2, 5] {
            if step * factor * 5 >= highest {
                return step * factor;
            }
        }
        step *= 10;
    }
}

fn chart(days: &[Day]) -> (Vec<Bar>, Vec<Line>) {
    let highest = days.iter().map(|day| day.sold_fen.max(day.settled_fen)).max().unwrap_or(0).max(1);
    let step = scale(highest);
    let top = (step * 5) as f64;
    let height = |fen: i64| (fen.max(0) as f64 / top * HIGH * 10.0).round() / 10.0;
    let room = (RIGHT - LEFT) / days.len().max(1) as f64;
    let width = (room * 0.38).min(34.0);
    let every = days.len().div_ceil(14).max(1);
    let one = |number: f64| format!("{number:.1}");
    let bars = days.iter().enumerate().map(|(at, day)| {
        let x = LEFT + room * at as f64 + (room - 2.0 * width - 2.0) / 2.0;
        let (sold, settled) = (height(day.sold_fen), height(day.settled_fen));
        let label = with_dashes(&day.day).get(5..).unwrap_or_default().to_owned();
        Bar {
            x: one(x),
            sold_y: one(BASE - sold),
            sold_h: one(sold),
            settled_x: one(x + width + 2.0),
            settled_y: one(BASE - settled),
            settled_h: one(settled),
            width: one(width),
            label_x: one(x + width + 1.0),
            label: if at % every == 0 { label } else { String::new() },
        }
    });
    let grid = (1..=5).map(|n| {
        let y = BASE - HIGH * f64::from(n) / 5.0;
        let label = yuan(step * i64::from(n)).trim_end_matches(".00").to_owned();
        Line { y: one(y), text_y: one(y + 4.0), label }
    });
    (bars.collect(), grid.collect())
}

/// The days as a table for other programs, in whole fen.
///
/// # Errors
/// The books cannot be read.
pub fn csv(visit: &mut Visit<'_>) -> Result<Answer> {
    let (from, to) = asked(&visit.query, visit.now()?);
    let mut out = Vec::new();
    let mut table = TableWriter::new(&mut out);
    table.row(["day", "sales", "sold_fen", "deliveries", "settled_fen"])?;
    for day in visit.books().days(&plain(&from), &plain(&to))? {
        let figures = [day.sales, day.sold_fen, i64::from(day.deliveries), day.settled_fen];
        let cells = std::iter::once(with_dashes(&day.day)).chain(figures.map(|figure| figure.to_string()));
        table.row(cells)?;
    }
    table.finish()?;
    let text = String::from_utf8_lossy(&out).into_owned();
    Ok(Answer::File { media: "text/csv; charset=utf-8", name: format!("days-{from}-{to}.csv"), text })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(sold_fen: i64, settled_fen: i64) -> Day {
        Day { day: "20261126".into(), sales: 1, sold_fen, deliveries: 1, settled_fen }
    }

    #[test]
    fn the_scale_holds_the_highest_bar_and_no_more_than_it_has_to() {
        for (highest, step) in [
            (1, 100),
            (500, 100),
            (501, 200),
            (2500, 500),
            (2501, 1000),
            (99_999, 20_000),
            (10_000_001, 5_000_000),
        ] {
            assert_eq!(scale(highest), step, "{highest}");
        }
    }

    #[test]
    fn bars_stand_on_the_base_and_in_the_chart() {
        for count in [1, 2, 14, 31] {
            let (bars, grid) = chart(&vec![day(50_000, 25_000); count]);
            assert_eq!((bars.len(), grid.len()), (count, 5));
            let number = |text: &str| text.parse::<f64>().unwrap();
            for bar in &bars {
                assert!((number(&bar.sold_y) + number(&bar.sold_h) - BASE).abs() < 0.2);
                assert!((number(&bar.sold_h) - 2.0 * number(&bar.settled_h)).abs() < 0.2);
                assert!(number(&bar.x) >= LEFT && number(&bar.settled_x) + number(&bar.width) <= RIGHT);
            }
        }
        assert!(chart(&[]).0.is_empty());
    }
}
