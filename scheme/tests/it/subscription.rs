//! Numbers of a subscription as people, lists and cards write them.

use crate::unhex;
use gridcard_scheme::Fault;
use gridcard_scheme::damage::Damage;
use gridcard_scheme::numbers::{CustomerNumber, MeterNumber, NumberError, Serial};
use gridcard_scheme::sim;
use gridcard_scheme::subscription::{Doubt, Iccid, Imei, Imsi, Msisdn, NumberFault, PhoneNumber};
use proptest::prelude::*;
use wire::bcd;

/// As typed; as kept; EF_ICCID; whether something speaks against it.
const ICCIDS: &[(&str, &str, &str, bool)] = &[
    // China Mobile: without a check digit, and with one.
    ("89860042190733578148", "89860042190733578148", "98680024917033751884", true),
    ("89860026330000000010", "89860026330000000010", "98680062330000000001", false),
    ("89860219112050048153", "89860219112050048153", "98682091110205401835", true),
    ("89860490191870654321", "89860490191870654321", "98684009918107563412", true),
    ("8986081020187065432", "8986081020187065432", "986880010281075634F2", true),
    // The letter stands for the maker or for the year; there is no check digit over letters.
    ("898604B7192271001234", "898604B7192271001234", "9868407B912217002143", false),
    ("898602B3111640012345", "898602B3111640012345", "9868203B116104103254", false),
    ("898604A2121870654321", "898604A2121870654321", "9868402A218107563412", false),
    ("898600C1234567890123", "898600C1234567890123", "9868001C325476981032", false),
    ("898604D0102390712345", "898604D0102390712345", "9868400D013209173254", false),
    ("898607E5192071234567", "898607E5192071234567", "9868705E910217325476", false),
    ("898608F1192071234567", "898608F1192071234567", "9868801F910217325476", false),
    ("8986004AC51234567890", "8986004AC51234567890", "986800A45C2143658709", false),
    ("898600A1020304056071", "898600A1020304056071", "9868001A203040500617", false),
    // China Unicom.
    ("8986011680000012345", "8986011680000012345", "986810610800002143F5", true),
    ("89860118802801234567", "89860118802801234567", "98681081088210325476", false),
    ("89860620170012345678", "89860620170012345678", "98686002710021436587", true),
    ("8986011994500A123456", "8986011994500A123456", "986810914905A0214365", false),
    ("89860922700012345678", "89860922700012345678", "98689022070021436587", true),
    // China Telecom, of which many have 19.
    ("8986031970210012345", "8986031970210012345", "986830910712002143F5", true),
    ("89860318740210012345", "89860318740210012345", "98683081472001103254", true),
    ("8986111721330012345", "8986111721330012345", "986811711233002143F5", true),
    ("89861118211006543210", "89861118211006543210", "98681181120160452301", false),
    ("8986122000210012345", "8986122000210012345", "986821020012002143F5", false),
    // China Broadnet, Hong Kong, and a card of the test specification.
    ("89861524000012345678", "89861524000012345678", "98685142000021436587", true),
    ("89852000012345678901", "89852000012345678901", "98580200103254769810", false),
    ("8988211000000430010", "8988211000000430010", "988812010000400310F0", false),
    // Typed in small letters, with the filler that a reader showed, and as the file has it.
    ("898604b7192271001234", "898604B7192271001234", "9868407B912217002143", false),
    ("8986031970210012345F", "8986031970210012345", "986830910712002143F5", true),
    ("8986031970210012345f", "8986031970210012345", "986830910712002143F5", true),
    ("9868407B912217002143", "898604B7192271001234", "9868407B912217002143", false),
    ("986830910712002143F5", "8986031970210012345", "986830910712002143F5", true),
    ("98680024917033751884", "89860042190733578148", "98680024917033751884", true),
    ("9868705e910217325476", "898607E5192071234567", "9868705E910217325476", false),
];

#[test]
fn iccids_of_real_cards_are_read_kept_and_written() {
    for (typed, kept, file, doubtful) in ICCIDS {
        let iccid: Iccid = typed.parse().unwrap_or_else(|fault| panic!("{typed} {fault}"));
        assert_eq!(iccid.as_str(), *kept, "{typed}");
        assert_eq!(iccid.file()[..], unhex(file), "{typed}");
        assert_eq!(sim::iccid_digits(&unhex(file)).as_deref(), Some(*kept), "{typed}");
        assert_eq!(iccid.doubt().is_some(), *doubtful, "{typed}: {:?}", iccid.doubt());
    }
}

#[test]
fn what_speaks_against_an_iccid_is_said_and_forbids_nothing() {
    let doubt = |text: &str| text.parse::<Iccid>().unwrap().doubt();
    assert_eq!(doubt("89860042190733578148"), Some(Doubt::CheckDigit { found: '8', wanted: '0' }));
    assert_eq!(doubt("89860042190733500000"), Some(Doubt::Rounded));
    assert_eq!(doubt("8986004219073350000"), Some(Doubt::Rounded));
    assert_eq!(doubt("12345678901234567890"), Some(Doubt::NoTelephone));
    assert_eq!(doubt("898604B7192271001234"), None);
}

#[test]
fn what_is_no_iccid_is_refused() {
    let wanted = "19 or 20";
    for (text, fault) in [
        ("", NumberFault::Empty),
        ("898600421907335781", NumberFault::Length { found: 18, wanted }),
        ("898600421907335781FF", NumberFault::Length { found: 18, wanted }),
        ("898600421907335781481", NumberFault::Length { found: 21, wanted }),
        ("FFFFFFFFFFFFFFFFFFFF", NumberFault::Length { found: 0, wanted }),
        ("8986004219073357814G", NumberFault::NotHexadecimal { place: 20, found: 'G' }),
        ("8986 0042190733578148", NumberFault::NotHexadecimal { place: 5, found: ' ' }),
        ("89882110000004300\u{661}0", NumberFault::NotHexadecimal { place: 18, found: '\u{661}' }),
        ("8.98600421907336E+19", NumberFault::Damaged(Damage::PowersOfTen)),
    ] {
        assert_eq!(text.parse::<Iccid>(), Err(fault), "{text}");
    }
}

/// A card shows what it has, a number of ours or not.
#[test]
fn an_iccid_file_is_shown_whatever_it_holds() {
    for (file, shown) in [
        ("98680062330000000001", Some("89860026330000000010")),
        ("98681140000000FFFFFF", Some("89861104000000")),
        ("FFFFFFFFFFFFFFFFFFFF", None),
        ("", None),
        ("00000000000000000000", Some("00000000000000000000")),
        ("986800F3FFFFFFFFFFFF", Some("8986003")),
    ] {
        assert_eq!(sim::iccid_digits(&unhex(file)).as_deref(), shown, "{file}");
    }
}

#[test]
fn a_telephone_number_says_its_country_or_is_a_chinese_mobile_number() {
    for (typed, kept) in [
        ("+8613900000001", "+8613900000001"),
        ("008613900000001", "+8613900000001"),
        ("8613900000001", "+8613900000001"),
        ("13900000001", "+8613900000001"),
        ("19912345678", "+8619912345678"),
        ("1064912345678", "+861064912345678"),
        ("861440012345678", "+861440012345678"),
        ("8657495598", "+8657495598"),
        ("+8657495598", "+8657495598"),
        ("8613800574500", "+8613800574500"),
        ("+861095598", "+861095598"),
        ("+861012345678", "+861012345678"),
        ("+4917279119183", "+4917279119183"),
        ("004917279119183", "+4917279119183"),
        ("+13900000001", "+13900000001"),
    ] {
        let number: PhoneNumber = typed.parse().unwrap_or_else(|fault| panic!("{typed} {fault}"));
        assert_eq!((number.as_str(), number.digits()), (kept, &kept[1..]), "{typed}");
        // What is kept reads as itself.
        assert_eq!(kept.parse(), Ok(number.clone()));
        assert_eq!(sim::msisdn_digits(&sim::msisdn_record::<28>(&number)).as_deref(), Some(kept), "{typed}");
    }
    let mobile = "11 or 13 after +86";
    for (typed, fault) in [
        ("", NumberFault::Empty),
        ("95598", NumberFault::NoCountry),
        ("057495598", NumberFault::NoCountry),
        ("013900000001", NumberFault::NoCountry),
        ("12345678901", NumberFault::NoCountry),
        ("1390000000", NumberFault::NoCountry),
        ("139000000011", NumberFault::NoCountry),
        ("4917279119183", NumberFault::NoCountry),
        ("86123456", NumberFault::NoCountry),
        ("+0139000000", NumberFault::NoCountry),
        ("+86013900000001", NumberFault::NoCountry),
        ("000139000000", NumberFault::NoCountry),
        ("+861390000000", NumberFault::Length { found: 10, wanted: mobile }),
        ("86139000000011", NumberFault::Length { found: 12, wanted: mobile }),
        ("+", NumberFault::Length { found: 0, wanted: "5 to 15" }),
        ("+4917279119183000", NumberFault::Length { found: 16, wanted: "5 to 15" }),
        ("+86139 0000001", NumberFault::NotADigit { place: 7, found: ' ' }),
        ("139-0000-0001", NumberFault::NotADigit { place: 4, found: '-' }),
        ("8.6139E+12", NumberFault::Damaged(Damage::PowersOfTen)),
        ("\u{FF0B}8613900000001", NumberFault::NotADigit { place: 1, found: '\u{FF0B}' }),
    ] {
        assert_eq!(typed.parse::<PhoneNumber>(), Err(fault), "{typed}");
    }
    assert!(NumberFault::NoCountry.hint().unwrap().contains("write + and the country's code"));
}

/// A customer's SIM has a Chinese mobile number, read by the same rule.
#[test]
fn a_customers_number_is_a_chinese_mobile_number() {
    for typed in ["+8613900000001", "008613900000001", "8613900000001", "13900000001"] {
        assert_eq!(typed.parse::<Msisdn>().unwrap().as_str(), "+8613900000001", "{typed}");
    }
    for typed in ["+4479460000", "+8623800138000", "+8657495598", "95598", "057495598"] {
        assert_eq!(typed.parse::<Msisdn>(), Err(NumberFault::Country), "{typed}");
    }
    let number: Msisdn = "13900000001".parse().unwrap();
    assert_eq!(PhoneNumber::from(&number).as_str(), number.as_str());
}

#[test]
fn imsis_and_their_files() {
    for (imsi, file) in [
        ("228062800000208", "082982608200002080"),
        ("262011106487504", "082926101160845740"),
        ("460001234567890", "084906002143658709"),
    ] {
        assert_eq!(imsi.parse::<Imsi>().unwrap().file()[..], unhex(file), "{imsi}");
        assert_eq!(sim::imsi_digits(&unhex(file)).as_deref(), Some(imsi));
    }
    // Fewer digits, a parity that does not fit, fillers before the counted end: the number is read all the same.
    for (file, imsi) in [
        ("084106002143658F09", "4600012345678"),
        ("0841060021436587F9", "460001234567"),
        ("04410600F1FFFFFFFF", "460001"),
        ("084906002143658FFF", "4600012345678"),
        ("084806002143658709", "460001234567890"),
    ] {
        let read = sim::imsi_digits(&unhex(file)).unwrap_or_default();
        assert!(read.starts_with("46000"), "{file}: {read} for {imsi}");
    }
    for file in [
        "",
        "FF",
        "08",
        "00FFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFFFF",
        "09490600214365870900",
        "0849A6002143658709",
    ] {
        assert_eq!(sim::imsi_digits(&unhex(file)), None, "{file}");
    }
    for (text, fault) in [
        ("46000123456789", NumberFault::Length { found: 14, wanted: "15" }),
        ("46000123456789x", NumberFault::NotADigit { place: 15, found: 'x' }),
        ("4.60001E+14", NumberFault::Damaged(Damage::PowersOfTen)),
    ] {
        assert_eq!(text.parse::<Imsi>(), Err(fault), "{text}");
    }
    // 001010123456789 that lost its zeros.
    assert!("1010123456789".parse::<Imsi>().unwrap_err().hint().unwrap().contains("zeros in front"));
    assert_eq!("490154203237517".parse::<Imei>(), Err(NumberFault::CheckDigit { found: '7', wanted: '8' }));
}

#[test]
fn what_a_spreadsheet_did_is_named_for_every_number() {
    for (text, damage) in [
        ("2.6E+11", Damage::PowersOfTen),
        ("2,6E+11", Damage::PowersOfTen),
        ("2.6e11", Damage::PowersOfTen),
        ("3E+11", Damage::PowersOfTen),
        ("261100000001.0", Damage::Fraction),
        ("261100000001,00", Damage::Fraction),
        ("261,100,000,001", Damage::Thousands),
        ("261.100.000.001", Damage::Thousands),
        ("#N/A", Damage::ErrorValue),
        ("########", Damage::ErrorValue),
        ("=A2", Damage::Formula),
    ] {
        let meter = NumberError::Damaged { what: "a meter number", damage };
        assert_eq!(text.parse::<MeterNumber>(), Err(meter), "{text}");
        let customer = NumberError::Damaged { what: "a customer number", damage };
        assert_eq!(text.parse::<CustomerNumber>(), Err(customer), "{text}");
        assert_eq!(text.parse::<Imsi>(), Err(NumberFault::Damaged(damage)), "{text}");
        assert_eq!(text.parse::<PhoneNumber>(), Err(NumberFault::Damaged(damage)), "{text}");
    }
    // A letter of a hexadecimal number is none of it.
    assert!("01020304050607E8".parse::<Serial>().is_ok());
    assert!("1234E56789012345".parse::<Serial>().is_ok());
    assert!("898604E7192271001234".parse::<Iccid>().is_ok());
    let wide = "\u{FF12}61100000001";
    let hint = Some("it is a full-width character: type it in half width".into());
    assert_eq!(
        (wide.parse::<MeterNumber>().unwrap_err().hint(), wide.parse::<Imsi>().unwrap_err().hint()),
        (hint.clone(), hint)
    );
    let short = "20181114".parse::<MeterNumber>().unwrap_err();
    assert_eq!(short, NumberError::Length { what: "a meter number", wanted: 12, found: 8 });
    assert!(short.hint().unwrap().contains("drops the zeros in front"));
    assert_eq!("0000201811141".parse::<MeterNumber>().unwrap_err().hint(), None);
}

proptest! {
    /// A failing case prints its input and its seed.
    #[test]
    fn numbers_go_into_their_files_and_back(iccid in "(89|[0-79][0-79])[0-9A-F]{16,17}[0-9A-E]", imsi in "[0-9]{15}", mobile in "1[3-9][0-9]{9}") {
        let kept: Iccid = iccid.parse().unwrap();
        prop_assert_eq!(sim::iccid_digits(&kept.file()), Some(kept.to_string()));
        prop_assert_eq!(kept.as_str().parse::<Iccid>(), Ok(kept.clone()));
        let kept: Imsi = imsi.parse().unwrap();
        prop_assert_eq!(sim::imsi_digits(&kept.file()), Some(imsi));
        for typed in [mobile.clone(), format!("86{mobile}"), format!("+86{mobile}"), format!("0086{mobile}")] {
            let kept: PhoneNumber = typed.parse().unwrap();
            prop_assert_eq!(kept.digits(), format!("86{mobile}"));
            prop_assert_eq!(sim::msisdn_digits(&sim::msisdn_record::<14>(&kept)), Some(kept.to_string()));
        }
    }

    /// Whatever is taken reads as itself, and nothing panics.
    #[test]
    fn what_is_taken_is_kept(text in "[+0-9A-Fa-f ]{0,22}|.{0,12}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(kept) = text.parse::<PhoneNumber>() {
            prop_assert_eq!(kept.as_str().parse(), Ok(kept.clone()));
        }
        if let Ok(kept) = text.parse::<Iccid>() {
            let _ = kept.doubt();
            prop_assert_eq!(sim::iccid_digits(&kept.file()), Some(kept.to_string()));
        }
        let _ = (text.parse::<Msisdn>(), text.parse::<Imsi>(), text.parse::<Imei>(), Damage::of(&text));
        let _ = (bcd::unswapped_hex(&bytes), sim::imsi_digits(&bytes), sim::iccid_digits(&bytes), sim::msisdn_digits(&bytes));
    }
}
