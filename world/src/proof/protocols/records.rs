//! Books that were cut short while a card counts more.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{City, Seed};
use keys::Suite;
use parties::trouble::Result;
use scheme::money::Fen;
use scheme::signing::Mode;

/// The books of before a sale put in the place of those of after it, and books that never heard of the PSAM: what it counts says so, and
/// nothing is sold until two people have looked.
pub fn books_of_yesterday(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "books cut short, or another's, while the PSAM counts more");
    let mut city = City::new(suite, seed)?;
    let sites = [city.site(0, Mode::Symmetric)?, city.site(1, Mode::Symmetric)?];
    for sales in 1..=2_usize {
        // The PSAM as it is after so many sales; the books of before the last of them.
        let mut yesterday = city.bank(&sites)?;
        let mut today = city.bank(&sites)?;
        for site in sites.iter().take(sales - 1) {
            yesterday.buy(site, Fen(20_00))?;
            today.buy(site, Fen(20_00))?;
        }
        for site in sites.iter().skip(sales - 1).take(1) {
            today.buy(site, Fen(20_00))?;
        }
        let honest = yesterday.reconciled()?;
        if honest.is_some() {
            row.went_through("a finding where nothing is wrong");
        }
        yesterday.psam = seed.copy(&today.psam)?;
        match yesterday.reconciled()? {
            Some(finding) => row.stopped(format!("the card's chain: {finding}")),
            None => row.went_through(format!("{sales} sales, and books of {}", sales - 1)),
        }
    }
    Ok(row)
}
