//! Data objects of SELECT, template by template: one number means different things in different templates.

use super::{selected, shown};
use scheme::profile::CardKind;

#[track_caller]
fn says(answer: &str, lines: &[&str]) {
    assert_eq!(selected(answer), lines, "{answer}");
}

/// The master file of a card of a public log: A5 is a template of its own, C6 tells which PINs are asked for.
#[test]
fn a_directory_of_a_uicc() {
    says(
        "62 27 82027821 83023F00 A507 800171 C0020001 8A0105 8B032F0602 C60C 900160 830101 830181 83010A",
        &[
            "62 file control parameters",
            "  82 file descriptor: 7821 (directory)",
            "  83 file identifier: 3F00",
            "  A5 proprietary",
            "    80 UICC characteristics: 71 (the clock may stop)",
            "    C0 special file information: 0001",
            "  8A life cycle: 05 (in use)",
            "  8B rights, by reference: 2F0602 (record 2 of 2F06)",
            "  C6 state of PINs",
            "    90 asked for, a bit each: 60",
            "    83 key reference: 01 (PIN1 of application 1, switched off)",
            "    83 key reference: 81 (PIN2 of application 1, asked for)",
            "    83 key reference: 0A (ADM1, asked for)",
        ],
    );
}

/// Inside A5 no 80 is a size, no 83 a file and no 88 a short identifier, whatever their lengths.
#[test]
fn the_proprietary_template_is_its_own() {
    says(
        "62 39 A530 80020100 81020110 820105 8304 0000ABCD 8402 1111 8502 0100 8602 0200 870101 880108 890100 C1 02 FFFF 9901 00 D301 11 83026F07 88 0138",
        &[
            "62 file control parameters",
            "  A5 proprietary",
            "    80 UICC characteristics: 0100",
            "    81 power the application takes: 0110",
            "    82 lowest clock of the application: 05",
            "    83 free memory: 0000ABCD (43981 bytes)",
            "    84 details of the file: 1111",
            "    85 size reserved: 0100 (256 bytes)",
            "    86 greatest size: 0200 (512 bytes)",
            "    87 commands of the system: 01 (TERMINAL CAPABILITY is taken)",
            "    88 environment of the card: 08",
            "    89 secured commands between platforms: 00",
            "    C1 pattern that fills the file: FFFF",
            "    99 object: 00",
            "    D3 object of the issuer's own: 11",
            "  83 file identifier: 6F07",
            "  88 short file identifier: 38 (07)",
        ],
    );
}

/// The short identifier stands in the upper five bits; an empty object says that there is none.
#[test]
fn short_identifiers() {
    for (object, said) in [
        ("880138", "38 (07)"),
        ("8801F0", "F0 (1E)"),
        ("8800", "none"),
        ("880139", "39 (07; the lower three bits should be 0)"),
        ("88023800", "3800 (it should be one byte)"),
    ] {
        let lines = selected(&format!("62{:02X}{object}", object.len() / 2));
        assert_eq!(lines[1], format!("  88 short file identifier: {said}"), "{object}");
    }
    // of a payment card in the lower five
    let fci = selected("6F05A503880105");
    assert_eq!(fci[2], "    88 short identifier of the directory file: 05 (05)");
}

#[test]
fn files_and_their_states() {
    for (descriptor, said) in [
        ("82024121", "4121 (transparent)"),
        ("82020121", "0121 (transparent, not shareable)"),
        ("8205422100B00A", "422100B00A (10 records of 176 bytes)"),
        ("8205422100B001", "422100B001 (1 record of 176 bytes)"),
        ("8205462100030A", "462100030A (cyclic, 10 records of 3 bytes)"),
        ("82024621", "4621 (cyclic records)"),
        ("82027921", "7921 (data objects)"),
        ("82027821", "7821 (directory)"),
        ("82023821", "3821 (directory, not shareable)"),
    ] {
        let lines = selected(&format!("62{:02X}{descriptor}", descriptor.len() / 2));
        assert_eq!(lines[1], format!("  82 file descriptor: {said}"), "{descriptor}");
    }
    for (state, said) in [
        ("00", "no information"),
        ("01", "being created"),
        ("03", "being initialised"),
        ("04", "deactivated"),
        ("06", "deactivated"),
        ("05", "in use"),
        ("07", "in use"),
        ("0C", "terminated"),
        ("0F", "terminated"),
        ("08", "reserved"),
    ] {
        assert_eq!(selected(&format!("62038A01{state}"))[1], format!("  8A life cycle: {state} ({said})"));
    }
    for (size, said) in
        [("800109", "09 (9 bytes)"), ("80020001", "0001 (1 byte)"), ("8003012345", "012345 (74565 bytes)")]
    {
        let lines = selected(&format!("62{:02X}{size}", size.len() / 2));
        assert_eq!(lines[1], format!("  80 size of the data: {said}"));
    }
}

/// Rules in the parameters themselves, and a reference for several security environments.
#[test]
fn rights() {
    says(
        "62 29 AB1F 800101 A406 830101 950108 800102 9700 840132 A00A 9000 A406 83010A 950108 8B 06 6F06 0103 0204",
        &[
            "62 file control parameters",
            "  AB rights",
            "    80 to: 01 (read)",
            "    A4 after a PIN or a key",
            "      83 key reference: 01 (PIN1 of application 1)",
            "      95 use: 08",
            "    80 to: 02 (update)",
            "    97 never",
            "    84 to, by instruction: 32 (INCREASE)",
            "    A0 one of",
            "      90 always",
            "      A4 after a PIN or a key",
            "        83 key reference: 0A (ADM1)",
            "        95 use: 08",
            "  8B rights, by reference: 6F0601030204 (in environment 01 record 3, in environment 02 record 4 of 6F06)",
        ],
    );
}

/// Two-byte tags, of an application's information and of a key.
#[test]
fn tags_of_two_bytes() {
    says(
        "6F 33 8408A000000333010101 A527 500B50424F4320435245444954 870101 5F2D047A68656E 9F3806 9F7A01 9F0206 BF0C04 DF1101AA",
        &[
            "6F file control information",
            "  84 name: A000000333010101",
            "  A5 proprietary",
            "    50 label: 50424F4320435245444954 (PBOC CREDIT)",
            "    87 priority: 01",
            "    5F2D languages, the first preferred: 7A68656E (zhen)",
            "    9F38 data the application asks for: 9F7A019F0206 (2 objects, 7 bytes)",
            "    BF0C data of the issuer",
            "      DF11 object of the issuer's own: AA",
        ],
    );
    says(
        "7F49 0A 8104 00C0FFEE 8202 0003 ",
        &["7F49 public key", "  81 modulus or prime: 00C0FFEE", "  82 public exponent or coefficient: 0003"],
    );
    says("9F81010201 02", &["9F8101 object: 0102"]);
    says("DF8101 01 02", &["DF8101 object of the issuer's own: 02"]);
}

/// 81 and 82 lengths, also where the short form would do; fillers before, between and behind.
#[test]
fn lengths_and_fillers() {
    let long = "AA".repeat(0x90);
    says(
        &format!("62 8193 53 8190 {long}"),
        &["62 file control parameters", &format!("  53 data of somebody's own: {long}")],
    );
    says("62 81 05 8281027821", &["62 file control parameters", "  82 file descriptor: 7821 (directory)"]);
    says(
        "62 820006 8282 0002 7821",
        &["62 file control parameters", "  82 file descriptor: 7821 (directory)"],
    );
    says(
        "FFFF 82027821 00 83023F00 FFFF",
        &["82 file descriptor: 7821 (directory)", "83 file identifier: 3F00"],
    );
    // 127 bytes are a length of one byte
    let most = "BB".repeat(0x7D);
    says(
        &format!("62 7F 53 7D {most}"),
        &["62 file control parameters", &format!("  53 data of somebody's own: {most}")],
    );
}

/// What is damaged is said where it is, and what stands before it and around it is shown.
#[test]
fn damaged_objects() {
    says(
        "62 23 82027821 8302 3F",
        &[
            "62 file control parameters (cut: 7 of 35 bytes are there)",
            "  82 file descriptor: 7821 (directory)",
            "  83 file identifier: 3F (cut: 1 of 2 bytes are there)",
        ],
    );
    says(
        "62 08 82027821 8309 3F00",
        &[
            "62 file control parameters",
            "  82 file descriptor: 7821 (directory)",
            "  83 file identifier: 3F00 (cut: 2 of 9 bytes are there)",
        ],
    );
    // an inner template that cannot be read does not take the others with it
    says(
        "62 0E A504 8009 0171 83023F00 88 01 38 00",
        &[
            "62 file control parameters",
            "  A5 proprietary",
            "    80 UICC characteristics: 0171 (cut: 2 of 9 bytes are there)",
            "  83 file identifier: 3F00",
            "  88 short file identifier: 38 (07)",
        ],
    );
    says("62 04 82807821", &["62 file control parameters", "  no data object from byte 0 on: 82807821"]);
    says(
        "62 06 83023F00 9F81",
        &[
            "62 file control parameters",
            "  83 file identifier: 3F00",
            "  no data object from byte 4 on: 9F81",
        ],
    );
    says("83023F00 85", &["83 file identifier: 3F00", "no data object from byte 4 on: 85"]);
    says(
        "62 05 8286 00 00 00",
        &["62 file control parameters", "  no data object from byte 0 on: 8286000000"],
    );
}

/// An answer that is no objects is left alone; a nest of templates is not followed for ever; no bytes make it panic.
#[test]
fn other_answers() {
    says("1F", &[]);
    says("FFFFFFFF", &[]);
    let mut nest = Vec::new();
    for _ in 0..60 {
        nest.splice(0..0, [0x73, nest.len() as u8]);
    }
    let deep = selected(&hex::encode(nest));
    assert_eq!(deep.len(), 6, "{deep:?}");
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..20_000 {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let len = next() % 40;
        let data: Vec<u8> = (0..len)
            .map(|_| match next() % 4 {
                0 => next() as u8,
                n => [0x62, 0xA5, 0xC6, 0x81, 0x9F, 0x02, 0x83, 0x00][(next() as usize + n as usize) % 8],
            })
            .collect();
        let lines = selected(&hex::encode(&data));
        assert!(lines.iter().all(|line| line.chars().all(|c| !c.is_control())), "{data:02X?}");
    }
}

/// Records of EF_DIR and EF_ARR are objects too.
#[test]
fn records_that_are_objects() {
    let lines = shown(
        Some(CardKind::Uicc),
        "> 00A4000C022F00\n< 9000\n> 00B2010426\n< 61184F10A0000000871002FF86FFFF890000000050045553494DFFFFFFFFFFFFFFFFFFFFFFFF9000\n\
         > 00A4080C022F06\n< 9000\n> 00B2020437\n< 800101A406830101950108800102 9700 FFFFFF9000",
    );
    assert_eq!(
        lines[4..7],
        [
            "      61 application",
            "        4F application identifier: A0000000871002FF86FFFF8900000000 (USIM)",
            "        50 label: 5553494D (USIM)",
        ]
    );
    assert_eq!(
        lines[lines.len() - 6..],
        [
            "      80 to: 01 (read)",
            "      A4 after a PIN or a key",
            "        83 key reference: 01 (PIN1 of application 1)",
            "        95 use: 08",
            "      80 to: 02 (update)",
            "      97 never",
        ]
    );
}
