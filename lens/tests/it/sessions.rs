//! Sessions: what a word means after a command, which file is meant, what stays hidden.

use super::shown;
use scheme::profile::CardKind;

fn words(kind: Option<CardKind>, trace: &str) -> Vec<String> {
    shown(kind, trace).iter().filter(|line| line.starts_with('<')).map(|line| line[43..].to_owned()).collect()
}

#[test]
fn the_end_of_a_file_is_no_search() {
    let trace = "> 00A40004026F38\n< 6282\n> 00B0000010\n< AABB6282\n> 00B2010410\n< 6282\n> 00A2010402FFFF\n< 6282\n\
                 > 00A40004026F38\n< 6283";
    let said = words(Some(CardKind::Uicc), trace);
    assert!(said[0].starts_with("done; the file selected is deactivated"), "{said:?}");
    assert!(said[1].starts_with("end of file reached"), "{said:?}");
    assert!(said[2].starts_with("end of file reached"), "{said:?}");
    assert!(said[3].starts_with("nothing in the file matches"), "{said:?}");
    assert!(said[4].starts_with("done; the file selected is deactivated"), "{said:?}");
    // a card nobody knows is read by ISO 7816-4
    let said = words(None, "> 00B0000010\n< AABB6282");
    assert!(said[0].starts_with("end of file reached"), "{said:?}");
}

/// Tries of a PIN, and tries of the card: 63Cx says both.
#[test]
fn tries_are_whose() {
    let said = words(Some(CardKind::Uicc), "> 0020000108 [8 bytes hidden]\n< 63C2\n> 00D6000001AA\n< 63C2");
    assert!(said[0].contains("tries left") && said[1].starts_with("done"), "{said:?}");
    let said = words(
        Some(CardKind::Uicc),
        "> 0020000100\n< 63C3\n> 002C0081\n< 63CA\n> 0020000108 [8 bytes hidden]\n< 63C0",
    );
    assert_eq!(said[..2], ["tries left: 3; none was spent", "tries left: 10; none was spent"]);
    assert!(said[2].contains("no tries are left"), "{said:?}");
}

/// A command has the name it has on the card's own kind, whatever its parameters.
#[test]
fn commands_have_their_own_names() {
    let lines = shown(Some(CardKind::Uicc), "> 00880081\n< 6A86\n> 00880080\n< 6982");
    assert!(lines[0].ends_with(" AUTHENTICATE") && !lines[0].contains("INTERNAL"), "{lines:?}");
    assert!(lines[2].ends_with(" AUTHENTICATE"), "{lines:?}");
    let lines = shown(Some(CardKind::Psam), "> 0088000000\n< 6A86");
    assert!(lines[0].contains("INTERNAL AUTHENTICATE"), "{lines:?}");
}

/// A card that shows its USIM is a UICC: files have names, 7FFF is the application, whichever way they are reached.
#[test]
fn paths_name_files() {
    let lines = shown(
        None,
        "> 00A4040C07A0000000871002\n< 9000\n> 00A4080C047FFF6F38\n< 9000\n> 00B0000006\n< 0012069E01069000\n\
         > 00A4080C047F206F07\n< 9000\n> 00B0000009\n< 0829640010000000109000\n> 00A4090C045F3B4F20\n< 9000\n> 00B0000009\n< 6982",
    );
    let commands: Vec<&String> = lines.iter().filter(|line| line.starts_with('>')).collect();
    for (n, said) in
        ["ADF_USIM", "6F38 EF_UST", "6F38 EF_UST", "6F07 EF_IMSI", "6F07 EF_IMSI", "4F20 EF_Kc", "4F20 EF_Kc"]
            .into_iter()
            .enumerate()
    {
        assert!(commands[n].contains(said), "{n}: {}", commands[n]);
    }
    assert!(lines.iter().any(|line| line.contains("IMSI 246000100000001")), "{lines:#?}");
}

/// Files of session keys are hidden by whatever way they are read and written.
#[test]
fn session_keys_stay_hidden() {
    let usim = "> 00A4040C07A0000000871002\n< 9000\n";
    let key = "07DEFACEDEFACEDEFACE";
    for way in [
        format!("> 00A4000C026F08\n< 9000\n> 00B000000A\n< {key}9000"),
        format!("> 00A4080C047FFF6F08\n< 9000\n> 00B000000A\n< {key}9000"),
        format!("> 00B088000A\n< {key}9000"),
        format!("> 00A4080C067FFF5F3B4F20\n< 9000\n> 00B000000A\n< {key}9000"),
        format!("> 00A4080C067FFF5F3B4F52\n< 9000\n> 00D600000A{key}\n< 9000"),
        format!("> A0A40000027F20\n< 9F17\n> A0A40000026F20\n< 9F0F\n> A0B000000A\n< {key}9000"),
        format!("> 008800801110{}\n< 610A\n> 00C000000A\n< {key}9000", "11".repeat(16)),
    ] {
        let lines = shown(Some(CardKind::Uicc), &format!("{usim}{way}"));
        assert!(lines.iter().all(|line| !line.contains("DEFACE")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("10 bytes hidden")), "{lines:#?}");
    }
}

/// Commands and files of signing keys, whoever's card it is.
#[test]
fn signing_keys_have_words() {
    let (challenge, identity) = ("11".repeat(8), "22".repeat(18));
    let trace = format!(
        "> 00A40000025010\n< 9000\n> 8074000008{challenge}\n< 6A82\n> 8076000040\n< 6A88\n> 80760103A8\n< 6A88\n\
         > 807A510012{identity}\n< {challenge}9000\n> 807C51001A{challenge}{identity}\n< 6A88"
    );
    let lines = shown(Some(CardKind::Esam), &trace);
    let said: Vec<&str> = lines.iter().filter(|line| line.starts_with('>')).map(|line| &line[43..]).collect();
    assert!(lines[0].contains("5010 signing key"), "{lines:?}");
    for (n, words) in [
        (1, "GENERATE KEY PAIR"),
        (2, "READ CERTIFICATE, the public key"),
        (3, "READ CERTIFICATE, of the ESAM"),
        (4, "CERTIFY"),
        (5, "SEAL ROOT"),
    ] {
        assert!(said[n].contains(words) || lines.iter().any(|line| line.contains(words)), "{n}: {said:?}");
    }
    assert!(!lines.iter().any(|line| line.contains("hidden")), "nothing of it is secret: {lines:?}");
}

/// What meters of the field send to their ESAM has names: commands, files, money; a key that is downloaded stays hidden.
#[test]
fn the_fields_dialect_is_told() {
    let lines = shown(
        Some(CardKind::Esam),
        "> 00B0990108\n< 07070707070707079000\n> 80FA0003080000330200000001\n< 9000\n> 80FA000008A5A5A5A5A5A5A5A5\n< 6108\n\
         > 04D682240A330200001234D773A98C\n< 9000\n> 8432010C0C00001388000000028086F27A\n< 9E37\n> 8430020C0800000060AABBCCDD\n< 6108\n\
         > 803000040400000001\n< 9000\n> 04D6880014 [20 bytes hidden]\n< 6988\n> 00D6850004000000FF\n< 9000\n\
         > 04DC010C080000138800000000\n< 6985\n> 84D4010020 [32 bytes hidden]\n< 6988\n> 0082000808A1A2A3A4A5A6A7A8\n< 6300",
    );
    let commands: Vec<&String> = lines.iter().filter(|line| line.starts_with('>')).collect();
    for (n, said) in [
        "0019 number of the ESAM",
        "DERIVE IDENTITY",
        "ENCIPHER",
        "0002 field parameters",
        "INCREASE, 50.00 yuan, count 2",
        "REFUND, 0.96 yuan",
        "DEBIT, 0.01 yuan",
        "0008 control command",
        "0005 key state word",
        "SET PURSE",
        "DOWNLOAD KEY, the first key of a set",
        "INFRARED AUTHENTICATE",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(commands[n].contains(said), "{n}: {}", commands[n]);
    }
}

/// The messages of an online purchase are told as far as they are in clear; an issuing card's command of that instruction is another.
#[test]
fn an_online_purchase_is_told() {
    let sid = "5152535455565758";
    let hello = format!("A00102330200000001{sid}{}20261128081530", "A5".repeat(16));
    let head =
        format!("A10102330200000001{sid}{}E0010203040506070000000601 01", "5A".repeat(16)).replace(' ', "");
    let wish = format!("00002710{}{}", "35".repeat(8), "86".repeat(10));
    let lines = shown(
        Some(CardKind::Esam),
        &format!(
            "> 804E00003E{hello}{wish}\n< {head}{}9000\n> 804E010019A2{sid}{}\n< A3{sid}{}9000",
            "11".repeat(88),
            "22".repeat(16),
            "33".repeat(24)
        ),
    );
    for words in [
        "ONLINE REQUEST, purchase 5152535455565758, 100.00 yuan",
        "S1 of meter 330200000001, count 6",
        "ONLINE ORDER, purchase 5152535455565758",
        "S3, an answer under seal",
    ] {
        assert!(lines.iter().any(|line| line.contains(words)), "{words}: {lines:#?}");
    }
    let lines = shown(
        Some(CardKind::Psam),
        &format!(
            "> 804E000015330200000001{sid}20261128081530\n< {hello}9000\n> 804E02000A{sid}E100\n< A2{sid}{}9000\n> 804E030019A3{sid}{}\n< EF119000",
            "22".repeat(16),
            "33".repeat(16)
        ),
    );
    for words in [
        "BEGIN PURCHASE, purchase 5152535455565758",
        "S0 for meter 330200000001",
        "SEAL FOR PURCHASE, purchase 5152535455565758",
        "OPEN ANSWER, purchase 5152535455565758",
        "refused, error 17 of the field",
    ] {
        assert!(lines.iter().any(|line| line.contains(words)), "{words}: {lines:#?}");
    }
    let lines = shown(Some(CardKind::PsamIssuing), "> 804E0004050000330201\n< 6982");
    assert!(lines[0].contains("CHECK VALUE") || lines[0].contains("BEGIN"), "{lines:?}");
    assert!(!lines[0].contains("purchase "), "{lines:?}");
}
