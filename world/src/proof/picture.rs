//! A picture of a world that was lived: one page, no script, nothing from elsewhere.

use super::years::YearsReport;
use core::fmt::Write as _;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 30.0;

/// The page: by which way was bought, money over time, faults over time, the kinds of faults, and what was violated.
pub fn picture(report: &YearsReport) -> String {
    let money = ["sold", "credited by meters", "settled", "consumed"];
    let lines: Vec<(&str, Vec<i64>)> = money
        .iter()
        .enumerate()
        .map(|(n, name)| (*name, report.course.iter().map(|at| at[n]).collect()))
        .collect();
    let faults = [("faults, all kinds", report.course.iter().map(|at| at[4]).collect::<Vec<i64>>())];
    let mut kinds = String::new();
    for (kind, n) in &report.faults {
        let _ = write!(kinds, "<tr><td>{kind}</td><td class=n>{n}</td></tr>");
    }
    let mut ways = String::new();
    for (way, n) in &report.ways {
        let _ = write!(ways, "<tr><td>{way}</td><td class=n>{n}</td></tr>");
    }
    let mut violations = String::new();
    for violation in &report.violations {
        let escaped = violation.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(violations, "<li>{escaped}</li>");
    }
    let verdict = match report.violations.len() {
        0 => "No violation: nothing was lost, nothing doubled.".to_owned(),
        n => format!("{n} violation(s)"),
    };
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>gridcard prove world</title>\n<style>{STYLE}</style>\n\
         <h1>{} meters, {} days, seed {:X}</h1>\n<p class=verdict>{verdict}</p>\n\
         <p>{} events, {} faults, {} orders; sold {}, credited {}, settled {}, back to customers {}, consumed {} yuan.</p>\n\
         <h2>Purchases</h2>\n<table>{ways}</table>\n<h2>Money, in yuan</h2>\n{}\n<h2>Faults</h2>\n{}\n<table>{kinds}</table>\n<ul>{violations}</ul>\n\
         <p class=again>gridcard prove world --seed {} --days N --meters {}</p>\n</html>\n",
        report.meters,
        report.days,
        report.seed,
        report.events,
        report.faults_in_all(),
        report.orders,
        yuan(report.sold_fen),
        yuan(report.credited_fen),
        yuan(report.settled_fen),
        yuan(report.refunded_fen),
        yuan(report.consumed_fen),
        chart(&lines, report.days, 100.0),
        chart(&faults, report.days, 1.0),
        report.seed,
        report.meters,
    )
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:960px;margin:2em auto;color:#222}\
    .verdict{font-size:1.3em;font-weight:bold}.n{text-align:right;padding-left:2em}.again{font-family:monospace}\
    svg{width:100%;height:auto}text{font-size:12px}.l0{stroke:#0b5fa5}.l1{stroke:#2e7d32;stroke-dasharray:8 3}\
    .l2{stroke:#b26a00;stroke-dasharray:3 3}.l3{stroke:#8e24aa}polyline{fill:none;stroke-width:2}";

/// Lines over the days; what they count is divided by `unit` for the axis.
fn chart(lines: &[(&str, Vec<i64>)], days: u32, unit: f64) -> String {
    let points = lines.iter().map(|(_, line)| line.len()).max().unwrap_or_default().max(2);
    let most = lines.iter().flat_map(|(_, line)| line).copied().max().unwrap_or_default().max(1) as f64;
    let x = |n: usize| LEFT + (WIDTH - LEFT) * n as f64 / (points - 1) as f64;
    let y = |value: f64| (HEIGHT - BOTTOM) * (1.0 - value / most) + 5.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img>");
    for quarter in 0..=4 {
        let value = most * f64::from(quarter) / 4.0;
        let _ = write!(
            svg,
            "<line x1={LEFT} x2={WIDTH} y1={0:.1} y2={0:.1} stroke=\"#ddd\"/><text x={1} y={2:.1} text-anchor=end>{3:.0}</text>",
            y(value),
            LEFT - 6.0,
            y(value) + 4.0,
            value / unit
        );
    }
    for (n, (name, line)) in lines.iter().enumerate() {
        let points: Vec<String> = line
            .iter()
            .enumerate()
            .map(|(at, value)| format!("{:.1},{:.1}", x(at), y(*value as f64)))
            .collect();
        let at = LEFT + 10.0 + 200.0 * n as f64;
        let _ = write!(
            svg,
            "<polyline class=l{n} points=\"{}\"/><line class=l{n} x1={at} x2={} y1=12 y2=12 stroke-width=2 /><text x={} y=16>{name}</text>",
            points.join(" "),
            at + 24.0,
            at + 30.0
        );
    }
    let _ = write!(
        svg,
        "<text x={LEFT} y={HEIGHT}>day 0</text><text x={WIDTH} y={HEIGHT} text-anchor=end>day {days}</text></svg>"
    );
    svg
}
