//! What `trace show` and `apdu` say of other people's cards, and the forms in which bytes are given to them.

use crate::command::Call;
use crate::world::CHEN;
use std::path::Path;

/// An operator's USIM, as a public log has it, a payment card, a meter's module; answers that are damaged.
const FOREIGN: &str =
    "\u{FEFF}# an operator's card: its answer to reset, its master file, a path into the application
= 3B:9F:96:80:1F:C7:80:31:A0:73:BE:21:13:67:43:20:07:18:00:00:01:A5
> 0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00
< 6129
> 00C0000029
< 62278202782183023F00A507800171C00200018A01058B032F0602C60C90016083010183018183010A 9000
> 00A4040C07A0000000871002
< 9000
> 00A40804047FFF6F38
< 621C8202412183026F38A503C001408A01058B036F060480020011880120 9000
> 00B0000020
< 9EEF1D9C 6282
> 0020000100
< 63C3
> 00D6000001AA
< 63C1
> 80320000030000 01
< 9850
> 0070000001
< 6881
> 008800812210000102030405060708090A0B0C0D0E0F10000102030405060708090A0B0C0D0E0F
< 9862
# a payment card
> 00A404000E315041592E5359532E4444463031
< 6F33840E315041592E5359532E4444463031A5218801015F2D027A689F110101BF0C0CDF0A04544553549F4D020B0A9F38039F7A01 9000
# damaged on the way: a wrong TCK, an answer that is cut, parameters that are cut
= 3B9F96801FC78031A073BE21136743200718000001A4
= 3B9F96801FC78031A073
> 00A40004026F07
< 62178202412183026F078A01058B036F06 9000
> 00B0000009
< 6C09
";

fn shown(folder: &Path, trace: &str) -> String {
    std::fs::write(folder.join("foreign.trace"), trace).unwrap();
    Call::plain(folder, &["trace", "show", "foreign.trace", "--kind", "uicc"]).run().ok().stdout
}

#[test]
fn foreign_cards_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("trace-foreign", shown(folder.path(), FOREIGN));
}

/// The same bytes in every form, as arguments and on stdin.
#[test]
fn bytes_are_given_in_any_form() {
    let folder = tempfile::tempdir().unwrap();
    let call = |args: &[&str]| Call::plain(folder.path(), args).with(&["--home", "home", "--seed", "7"]);
    let sim =
        ["sim", "new", "--profile", "uicc", "--iccid", CHEN.iccid, "--imsi", CHEN.imsi, "--card", "one.sim"];
    call(&sim).run().ok();
    let plain = call(&["apdu", "one.sim", "00A40004022FE2", "00B000000A"]).run().ok().stdout;
    for form in [
        ["00 A4 00 04 02 2F E2", "00b000000a"],
        ["00:A4:00:04:02:2F:E2", "00:B0:00:00:0A"],
        ["0x00A40004022FE2", "0x00 0xB0 0x00 0x00 0x0A"],
        ["0x00,0xA4,0x00,0x04,0x02,0x2F,0xE2", "0x00, 0xB0, 0x00, 0x00, 0x0A,"],
        ["\u{FEFF}00A40004022FE2", "00B000000A\r"],
    ] {
        assert_eq!(call(&["apdu", "one.sim", form[0], form[1]]).run().ok().stdout, plain, "{form:?}");
        let lines = format!("{}\r\n# a comment\r\n> {}\r\n", form[0], form[1]);
        assert_eq!(call(&["apdu", "one.sim", "-"]).stdin(&lines).run().ok().stdout, plain, "{form:?}");
    }
    std::fs::write(folder.path().join("one.apdu"), "\u{FEFF}> 0x00A40004 0x02 2F:E2\r\n< 62 .. 9000\r\n")
        .unwrap();
    call(&["apdu", "one.sim", "--script", "one.apdu"]).run().ok();
    for wrong in ["0xA", "0x0 0xA4 0x00 0x00", "00:A:4:00:00", "00A4-0004", "x00A40004"] {
        call(&["apdu", "one.sim", wrong]).run().fails(2, &["a command is hexadecimal digits"]);
    }
}
