use super::{esam, reader};
use gridcard_reader::pcsc::{FindError, ReaderState, find};

fn readers() -> Vec<ReaderState> {
    vec![
        reader("Virtual PCD 00 00", &esam(b"METER-01")),
        reader("Virtual PCD 00 01", &[]),
        reader("ACS ACR38U 01 00", &wire::atr::sim()),
        reader("ACS ACR38U", &[]),
    ]
}

fn found(name: &str) -> Result<String, FindError> {
    find(&readers(), name).map(|reader| reader.name.clone())
}

#[test]
fn a_whole_name_comes_first() {
    assert_eq!(found("ACS ACR38U").unwrap(), "ACS ACR38U");
    assert_eq!(found(" Virtual PCD 00 01 ").unwrap(), "Virtual PCD 00 01");
}

#[test]
fn a_serial_number_or_an_atr_finds_the_card() {
    assert_eq!(found(&hex::encode(b"METER-01")).unwrap(), "Virtual PCD 00 00");
    assert_eq!(found(&hex::encode(esam(b"METER-01"))).unwrap(), "Virtual PCD 00 00");
    assert_eq!(found("3B 0A 80 58 47 52 49 44 43 41 52 44").unwrap(), "ACS ACR38U 01 00");
}

#[test]
fn a_card_that_is_in_no_reader_is_said_to_be_elsewhere() {
    let name = hex::encode(b"METER-09");
    assert_eq!(found(&name), Err(FindError::CardElsewhere { name }));
}

#[test]
fn a_part_of_a_name_must_fit_one_reader_whatever_its_case() {
    assert_eq!(found("pcd 00 01").unwrap(), "Virtual PCD 00 01");
    let Err(FindError::Several { readers, .. }) = found("virtual") else { panic!("one fits") };
    assert_eq!(readers.len(), 2);
    let Err(FindError::Unknown { readers, .. }) = found("Omnikey") else { panic!("one fits") };
    assert_eq!(readers.len(), 4);
}

#[test]
fn hexadecimal_digits_may_be_part_of_a_name() {
    let readers = [reader("reader 00112233AABBCCDD", &[])];
    assert_eq!(find(&readers, "00112233aabbccdd").unwrap().name, readers[0].name);
}

#[test]
fn nothing_means_the_only_card() {
    let mut two = readers();
    let Err(FindError::Several { readers, .. }) = find(&two, "") else { panic!("there are two") };
    assert_eq!(readers.len(), 2);
    two.remove(0);
    assert_eq!(find(&two, "").unwrap().name, "ACS ACR38U 01 00");
    two.remove(1);
    assert!(matches!(find(&two, ""), Err(FindError::NoCard { .. })));
    assert_eq!(find(&[], "x"), Err(FindError::NoReader));
}

#[test]
fn two_cards_of_one_atr_are_several() {
    let twins = [reader("A", &wire::atr::sim()), reader("B", &wire::atr::sim())];
    let error = find(&twins, &hex::encode(wire::atr::sim())).unwrap_err();
    assert!(error.to_string().contains("\"A\" or \"B\""), "{error}");
    assert!(!error.hint().is_empty());
}
