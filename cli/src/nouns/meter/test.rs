//! `gridcard meter test`: the production test of a meter in test state.

use crate::prelude::*;
use parties::meters::{self, MeterTestReport, TestRequest};
use scheme::money::Fen;

/// Options of `meter test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Number of the meter.
    pub number: MeterNumber,
    /// The production test card.
    #[arg(long, value_name = "CARD")]
    pub card: CardRef,
    /// File with the PIN of the test card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the test card.
    #[arg(long)]
    pub spend_last_try: bool,
    /// A SIM without orders of ours. Default: a virtual one made for the test.
    #[arg(long, value_name = "CARD")]
    pub sim: Option<CardRef>,
}

/// Tests a meter, and reports.
pub fn run(call: &Call, options: &Test) -> Result<()> {
    let request = TestRequest {
        number: options.number,
        card: options.card.clone(),
        pin: options.pin_file.as_deref().into(),
        spend_last_try: options.spend_last_try,
        sim: options.sim.clone(),
    };
    let report = meters::test(call, &request)?;
    answer(call, &words(&report), &report);
    report.must_have_passed()
}

fn words(MeterTestReport { passed, report, display }: &MeterTestReport) -> String {
    let [before, after] = report.balance_fen.map(|fen| Fen(fen).to_string());
    let head = facts(&[
        ("meter", report.meter.clone()),
        ("tested", report.at.clone()),
        ("test card", format!("{}, key version {}", report.test_card, report.key_version)),
        ("purse before and after", format!("{before}, {after}")),
        ("display", format!("{} {}", display.line1, display.line2).trim().to_owned()),
        ("verdict", if *passed { "passed" } else { "FAILED" }.to_owned()),
    ]);
    let rows = report.checks.iter();
    let rows = rows.map(|check| row![check.name, if check.passed { "pass" } else { "FAIL" }, check.seen]);
    format!("{head}\n\n{}", table(&["check", "", "seen"], rows.collect()))
}
