//! Tables as clerks send them, and as spreadsheets may open them.

use gridcard_disk::table::{RowFault, Table, TableError, TableWriter, to_text};
use proptest::prelude::*;
use std::io::Read;

type Rows = Vec<(u64, Result<Vec<String>, RowFault>)>;

fn read(bytes: &[u8]) -> Result<(Vec<String>, Rows), TableError> {
    let mut table = Table::new(bytes)?;
    let mut rows = Vec::new();
    while let Some(row) = table.row()? {
        rows.push(row);
    }
    Ok((table.header().to_vec(), rows))
}

/// A table all of whose rows are good: its cells with their lines, the header first.
fn cells(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
    let (header, rows) = read(bytes).unwrap();
    let mut all = vec![(0, header)];
    all.extend(rows.into_iter().map(|(line, row)| (line, row.unwrap())));
    all
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

const PLAIN: &str = "meter,name,place\n000000000012,Chen 陈 😀,\"a, b\"\n000000000002,Wang,\n";

#[test]
fn every_form_of_text_is_the_same_table() {
    let expected = cells(PLAIN.as_bytes());
    assert_eq!(expected[1], (2, vec!["000000000012".into(), "Chen 陈 😀".into(), "a, b".into()]));
    let marked = format!("\u{FEFF}{PLAIN}");
    let semicolons = PLAIN.replace("\"a, b\"", "'a, b'").replace(',', ";").replace("'a; b'", "a, b");
    let tabs = PLAIN.replace("\"a, b\"", "@").replace(',', "\t").replace('@', "a, b");
    for (what, bytes) in [
        ("UTF-8 with a mark", marked.clone().into_bytes()),
        ("UTF-16, little end first, with a mark", utf16(&marked, u16::to_le_bytes)),
        ("UTF-16, big end first, with a mark", utf16(&marked, u16::to_be_bytes)),
        ("UTF-16, little end first", utf16(PLAIN, u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(PLAIN, u16::to_be_bytes)),
        ("semicolons", semicolons.clone().into_bytes()),
        ("tabs", tabs.clone().into_bytes()),
        ("tabs in UTF-16, as \"Unicode text\" is saved", utf16(&format!("\u{FEFF}{tabs}"), u16::to_le_bytes)),
        ("CR LF", PLAIN.replace('\n', "\r\n").into_bytes()),
        ("CR", PLAIN.replace('\n', "\r").into_bytes()),
        ("no end of the last line", PLAIN.trim_end().as_bytes().to_vec()),
        (
            "empty columns and lines",
            PLAIN.replace('\n', ",,\n").into_bytes().into_iter().chain(*b",,,,\n\n \n").collect(),
        ),
        ("blanks around cells", PLAIN.replace("000000000012", " \u{A0}000000000012\u{200B} ").into_bytes()),
        ("zeros kept by a formula", PLAIN.replace("000000000012", "=\"000000000012\"").into_bytes()),
        (
            "the same in quotation marks",
            PLAIN.replace("000000000012", "\"=\"\"000000000012\"\"\"").into_bytes(),
        ),
        ("zeros kept by an apostrophe", PLAIN.replace("000000000012", "'000000000012").into_bytes()),
    ] {
        assert_eq!(cells(&bytes), expected, "{what}");
    }
    let shifted: Vec<_> =
        expected.iter().map(|(line, row)| (if *line == 0 { 0 } else { line + 1 }, row.clone())).collect();
    for first in ["sep=;\n", "SEP=;\r\n", "\u{FEFF}sep=;;;\n"] {
        assert_eq!(cells(format!("{first}{semicolons}").as_bytes()), shifted, "{first}");
    }
    assert_eq!(cells(b"sep=|\na|b\n1|2,3;4\n")[1], (3, vec!["1".into(), "2,3;4".into()]));
}

#[test]
fn a_file_that_is_no_table_says_what_it_is() {
    let fails = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    for book in [&b"PK\x03\x04\x14\x00"[..], b"\xD0\xCF\x11\xE0\xA1\xB1"] {
        assert_eq!(
            fails(book),
            "it is a workbook of a spreadsheet, not a table; save it there as “CSV UTF-8”"
        );
    }
    for empty in [&b""[..], b"\n\n", b"\xEF\xBB\xBF", b"\xFF\xFE", b"sep=;\n", b",,\n"] {
        assert!(matches!(read(empty), Err(TableError::Empty)), "{empty:?}");
    }
    // 陈 in GBK.
    let header = fails(b"meter,\xB3\xC2\n");
    assert!(
        header.starts_with("line 1, which should name the columns, is not UTF-8 text at its byte 7"),
        "{header}"
    );
    assert!(header.contains("GBK"), "{header}");
}

#[test]
fn a_bad_row_is_named_and_the_others_go_on() {
    let long = format!("{},x", "9".repeat(70_000));
    let text = [
        b"a,b\n1,2\n" as &[u8],
        b"1,2,3\n",
        b"1\n",
        b"\xB3\xC2,2\n",
        b"1,\x002\n",
        long.as_bytes(),
        b"\n\"two\nlines\",2\n",
        b"last,\"open\n5,6\n",
    ]
    .concat();
    let (_, rows) = read(&text).unwrap();
    let good = |cells: [&str; 2]| Ok(cells.map(str::to_owned).to_vec());
    let expected: Rows = vec![
        (2, good(["1", "2"])),
        (3, Err(RowFault::Fields { expected: 2, found: 3 })),
        (4, Err(RowFault::Fields { expected: 2, found: 1 })),
        (5, Err(RowFault::NotText { byte: 1 })),
        (6, Err(RowFault::Nul)),
        (7, Err(RowFault::TooLong)),
        (8, good(["two\nlines", "2"])),
        (10, Err(RowFault::Unclosed)),
    ];
    assert_eq!(rows, expected);
    // A mark inside a cell opens nothing.
    assert_eq!(cells(b"a,b\n5\" pipe,x\n7,8\n").len(), 3);
}

#[test]
fn halves_of_pairs_are_no_characters() {
    let mut bytes = utf16("\u{FEFF}a\n", u16::to_le_bytes);
    bytes.extend([0x3D, 0xD8, 0x41, 0x00, 0x00, 0xDE, 0x3D, 0xD8, 0x00, 0xDE, 0x3D, 0xD8, 0x42]);
    assert_eq!(cells(&bytes)[1].1, ["\u{FFFD}A\u{FFFD}😀\u{FFFD}"]);
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_marked_as_text() {
    for (cell, written) in [
        ("=1+1", "'=1+1"),
        ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
        ("+8613900000001", "'+8613900000001"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "\"'\r=1\""),
        ("\n=1", "\"'\n=1\""),
        ("\u{FF1D}1+1", "'\u{FF1D}1+1"),
        ("'=1", "''=1"),
        ("'0012", "''0012"),
        ("'s Gravenhage", "'s Gravenhage"),
        ("a=1", "a=1"),
        ("0012", "0012"),
        ("", ""),
    ] {
        assert_eq!(
            to_text(&["x", "y"], &[vec!["a".into(), cell.into()]]),
            format!("x,y\na,{written}"),
            "{cell:?}"
        );
    }
}

proptest! {
    /// A failing case prints its input and its seed. Blanks around a cell are not kept, nor are ends of line but LF.
    #[test]
    fn what_is_written_is_read_again(rows in prop::collection::vec(prop::collection::vec("[-=+@'\",;a0陈. \n]{0,8}|.{0,8}", 3), 0..6)) {
        let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}');
        let plain = |text: &String| text.replace(['\r', '\0'], "").trim_matches(blank).to_owned();
        let kept: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(plain).collect()).collect();
        // An apostrophe and a blank before a sign: the writer sees no formula, nor does a spreadsheet.
        let mut out = TableWriter::new(Vec::new());
        out.row(["a", "b", "c"]).unwrap();
        kept.iter().for_each(|row| out.row(row).unwrap());
        let bytes = out.finish().unwrap();
        let wrapped = |row: &Vec<String>| row.iter().any(|cell| cell.starts_with("=\"") && cell.ends_with('"'));
        let expected: Vec<_> = kept.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        prop_assume!(!expected.iter().any(wrapped));
        let found: Vec<_> = read(&bytes).unwrap().1.into_iter().map(|(_, row)| row.unwrap()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_panic_and_pieces_change_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1usize..7) {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                let len = self.1.min(buf.len());
                self.0.read(&mut buf[..len])
            }
        }
        for head in [&b""[..], b"a,b\n", b"\xFF\xFE", b"\xFE\xFF\0a\0;\0b\0\n"] {
            let bytes = [head, &bytes].concat();
            let whole = read(&bytes).map_err(|error| error.to_string());
            let mut slow = Table::new(Slow(&bytes, piece));
            let pieces = slow.as_mut().map_err(|error| error.to_string()).map(|table| {
                let rows: Rows = std::iter::from_fn(|| table.row().unwrap()).collect();
                (table.header().to_vec(), rows)
            });
            prop_assert_eq!(whole, pieces);
        }
    }
}
