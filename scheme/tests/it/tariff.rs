//! Tables of prices: what is written is read, and what nobody could bill by is refused.

use gridcard_scheme::moment::Moment;
use gridcard_scheme::tariff::{
    PeriodDay, Price, RATES_LEN, STEPS_LEN, Steps, TariffError, rate, rates_of, switch_bytes, switch_time,
};
use proptest::prelude::*;

fn moment(text: &str) -> i64 {
    text.parse::<Moment>().unwrap().seconds()
}

fn steps(amounts: &[u32], prices: &[u64], days: &[(u8, u8, u8)]) -> Steps {
    Steps {
        amounts: amounts.to_vec(),
        prices: prices.iter().copied().map(Price).collect(),
        days: days
            .iter()
            .map(|(month, day, hour)| PeriodDay { month: *month, day: *day, hour: *hour })
            .collect(),
    }
}

#[test]
fn a_table_stands_in_the_file_digit_by_digit() {
    let table = steps(&[200_00, 400_00], &[5380, 5880, 8380], &[(1, 1, 0)]).to_file().unwrap();
    let mut wanted = hex::decode("0002000000040000").unwrap();
    wanted.extend([0; 16]);
    for price in ["00005380", "00005880", "00008380", "00008380", "00008380", "00008380", "00008380"] {
        wanted.extend(hex::decode(price).unwrap());
    }
    wanted.extend([0x01, 0x01, 0x00]);
    wanted.extend([0; 9]);
    assert_eq!(table[..], wanted[..]);
    assert_eq!(rates_of(Price(5380))[..8], hex::decode("0000538000005380").unwrap()[..]);
}

#[test]
fn what_nobody_wrote_is_no_table() {
    assert_eq!(Steps::from_file(&[0; STEPS_LEN]), Ok(Steps::default()));
    assert_eq!(rate(&[0; RATES_LEN]), Ok(Price(0)));
    assert_eq!((switch_time(&[0; 5]), switch_time(&[0x99; 5])), (Ok(None), Ok(None)));
}

#[test]
fn what_nobody_could_bill_by_is_refused() {
    let good = steps(&[200_00, 400_00], &[1, 2, 3], &[(7, 1, 8)]).to_file().unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut table = good;
        table[at..at + bytes.len()].copy_from_slice(bytes);
        Steps::from_file(&table)
    };
    assert_eq!(with(0, &[0x0A]), Err(TariffError::Digits(0)));
    assert_eq!(with(4, &[0x00, 0x01, 0x99, 0x99]), Err(TariffError::Falls(2)), "below the first");
    assert_eq!(with(12, &[0x00, 0x09, 0x00, 0x00]), Err(TariffError::Falls(4)), "behind a gap");
    assert_eq!(with(52, &[0x13, 0x01, 0x00]), Err(TariffError::Day(1)));
    assert_eq!(with(55, &[0x02, 0x29, 0x00]), Err(TariffError::Day(2)), "no day of every year");
    assert_eq!(with(58, &[0x02, 0x01, 0x24]), Err(TariffError::Day(3)));
    assert_eq!(Steps::from_file(&good[1..]), Err(TariffError::Length { wanted: 64, found: 63 }));
    assert_eq!(switch_time(&[0x26, 0x13, 0x01, 0, 0]), Err(TariffError::Time));
    let too_many = steps(&[1, 2, 3, 4, 5, 6, 7], &[0; 8], &[]);
    assert_eq!(too_many.to_file(), Err(TariffError::TooMany));
    assert_eq!(steps(&[1], &[1], &[]).to_file(), Err(TariffError::TooMany));
    let mut rates = rates_of(Price(1));
    rates[127] = 0xFF;
    assert_eq!(rate(&rates), Err(TariffError::Digits(127)));
}

#[test]
fn a_switch_time_is_a_minute() {
    let time = "2027-01-01T00:00:00".parse::<Moment>().unwrap();
    assert_eq!(switch_bytes(Some(time)), [0x27, 0x01, 0x01, 0x00, 0x00]);
    assert_eq!(switch_time(&switch_bytes(Some(time))), Ok(Some(time.seconds())));
    assert_eq!(switch_bytes(None), [0; 5]);
}

#[test]
fn periods_begin_on_their_days_or_with_the_month() {
    let monthly = steps(&[1], &[1, 2], &[]);
    assert_eq!(monthly.period_at(moment("2026-11-28T10:00:00")), moment("2026-11-01T00:00:00"));
    assert_eq!(monthly.period_after(moment("2026-12-01T00:00:00")), Some(moment("2027-01-01T00:00:00")));
    let twice = steps(&[1], &[1, 2], &[(7, 1, 8), (1, 1, 0)]);
    assert_eq!(twice.period_at(moment("2026-07-01T07:59:59")), moment("2026-01-01T00:00:00"));
    assert_eq!(twice.period_at(moment("2026-07-01T08:00:00")), moment("2026-07-01T08:00:00"));
    assert_eq!(twice.period_after(moment("2026-07-01T08:00:00")), Some(moment("2027-01-01T00:00:00")));
    // The calendar ends, and nothing comes after it.
    assert_eq!(monthly.period_after(moment("9999-12-31T00:00:00")), None);
}

#[test]
fn a_step_ends_where_its_amount_says() {
    let table = steps(&[2, 5], &[10, 20, 30], &[]);
    assert_eq!(table.at(0, 36_000), (Price(10), Some(72_000)));
    assert_eq!(table.at(71_999, 36_000), (Price(10), Some(1)));
    assert_eq!(table.at(72_000, 36_000), (Price(20), Some(108_000)));
    assert_eq!(table.at(u128::from(u64::MAX), 36_000), (Price(30), None));
}

proptest! {
    #[test]
    fn any_table_is_read_as_it_was_written(
        mut amounts in prop::collection::vec(1_u32..100_000_000, 0..=6),
        prices in prop::collection::vec(1_u64..100_000_000, 7),
        days in prop::collection::btree_set((1_u8..=12, 1_u8..=28, 0_u8..24), 0..=4),
    ) {
        amounts.sort_unstable();
        let days: Vec<_> = days.into_iter().collect();
        let wanted = steps(&amounts, &prices[..=amounts.len()], &days);
        prop_assert_eq!(Steps::from_file(&wanted.to_file().unwrap()), Ok(wanted));
    }

    /// Bytes of anybody: a table or an error, never a panic, and a table that can be billed by.
    #[test]
    fn any_bytes_are_a_table_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..140)) {
        let _ = rate(&bytes);
        let _ = switch_time(&bytes);
        if let Ok(steps) = Steps::from_file(&bytes) {
            prop_assert!(steps.is_none() || steps.prices.len() == steps.amounts.len() + 1);
            prop_assert!(steps.amounts.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
}
