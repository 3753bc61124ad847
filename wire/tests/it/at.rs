//! AT commands: what a modem hears, what a computer hears, and the texts that reach a SIM.

use gridcard_wire::Sw;
use gridcard_wire::at::sim::{Restricted, crsm, crsm_answer, csim, csim_answer, read_crsm, read_csim};
use gridcard_wire::at::{
    Answered, AtCommand, BadLine, Cme, Cms, Ear, Final, Form, Heard, Lines, Parameter, Refusal, commands,
    is_unsolicited, parameters,
};
use proptest::prelude::*;

fn command(name: &str, form: Form) -> AtCommand {
    AtCommand { name: name.into(), form }
}

fn set(name: &str, text: &str) -> AtCommand {
    command(name, Form::Set(text.into()))
}

#[test]
fn lines_are_taken_apart() {
    for (line, wanted) in [
        ("AT", vec![]),
        ("at", vec![]),
        ("AT;", vec![]),
        ("ATE0V1&C1Z", vec![set("E", "0"), set("V", "1"), set("&C", "1"), command("Z", Form::Execute)]),
        ("AT+CMEE=1;+CREG=2", vec![set("+CMEE", "1"), set("+CREG", "2")]),
        ("ATE0+CGMI;", vec![set("E", "0"), command("+CGMI", Form::Execute)]),
        (" A T + c p m s = ? ", vec![command("+CPMS", Form::Test)]),
        ("AT+CPIN?", vec![command("+CPIN", Form::Read)]),
        ("noise AT+CSQ", vec![command("+CSQ", Form::Execute)]),
        ("AT+CMGL=\"REC UNREAD\"", vec![set("+CMGL", "\"REC UNREAD\"")]),
        ("AT+X=\"a;b\";+Y", vec![set("+X", "\"a;b\""), command("+Y", Form::Execute)]),
        ("ATS3=13S0?", vec![set("S3", "13"), command("S0", Form::Read)]),
        ("ATD123;", vec![set("D", "123;")]),
        ("AT$TSSPCSW=?", vec![command("$TSSPCSW", Form::Test)]),
        ("AT*CNTI=2", vec![set("*CNTI", "2")]),
    ] {
        assert_eq!(commands(line), Ok(Some(wanted)), "{line}");
    }
    for line in ["", "hello", "0891683108200505F0"] {
        assert_eq!(commands(line), Ok(None), "{line}");
    }
    for line in ["AT+", "AT+=1", "AT+X!", "AT1", "AT&", "ATS", "AT?"] {
        assert_eq!(commands(line), Err(BadLine), "{line}");
    }
}

#[test]
fn parameters_keep_their_places() {
    let found = parameters("2,,\"S,M\",0123");
    let wanted = [
        Parameter::Bare("2".into()),
        Parameter::Missing,
        Parameter::Quoted("S,M".into()),
        Parameter::Bare("0123".into()),
    ];
    assert_eq!(found, wanted);
    assert_eq!(found[0].number(), Some(2));
    assert_eq!(found[2].number(), None);
    assert_eq!(found[3].text(), Some("0123"));
    assert_eq!(parameters("-1")[0].number(), None);
}

/// What programs send between commands: escapes, line feeds, a message in pieces.
#[test]
fn an_ear_takes_bytes_as_they_come() {
    let mut ear = Ear::default();
    assert_eq!(
        ear.hear(b"\x1B\x1B\rAT\r\nATE0\r"),
        [Heard::Line(String::new()), Heard::Line("AT".into()), Heard::Line("ATE0".into())]
    );
    assert_eq!(ear.push(b'A'), (true, None));
    assert_eq!(ear.push(b'/'), (true, Some(Heard::Again)));
    assert_eq!(ear.push(b'\n'), (false, None));
    ear.hear(b"AT+CMGW=2\r");
    ear.prompt();
    // The line feed behind the command belongs to it, one within a message to that.
    assert_eq!(ear.hear(b"\n00"), []);
    assert!(ear.is_amid());
    assert_eq!(ear.hear(b"\n1\x1A"), [Heard::Message("00\n1".into())]);
    ear.prompt();
    assert_eq!(ear.hear(b"00\x1BAT\r"), [Heard::GivenUp, Heard::Line("AT".into())]);
    let long = [b'A'; 5000];
    assert_eq!(ear.hear(&long), []);
    assert_eq!(ear.hear(b"\rAT\r"), [Heard::TooLong, Heard::Line("AT".into())]);
    assert_eq!(ear.hear(b"ATX\x08E0\r"), [Heard::Line("ATE0".into())]);
}

#[test]
fn answers_are_lines_and_ends() {
    let mut lines = Lines::default();
    let said = lines.push(b"AT\r\r\nOK\r\n\r\n\r\n+CSIM: 4,\"90");
    assert_eq!(said, [Answered::Line("AT".into()), Answered::Line("OK".into())]);
    let said = lines.push(b"00\"\r\n\r\n> ");
    assert_eq!(said, [Answered::Line("+CSIM: 4,\"9000\"".into()), Answered::Prompt]);
    assert_eq!(Final::of("OK"), Some(Final::Ok));
    assert_eq!(Final::of("OK then"), None);
    for (line, refusal) in [
        ("ERROR", Refusal::Plain),
        ("+CME ERROR: 14", Refusal::Cme(Cme::SIM_BUSY)),
        ("+CME ERROR: sim busy", Refusal::Cme(Cme::SIM_BUSY)),
        ("+CMS ERROR:302", Refusal::Cms(Cms::NOT_ALLOWED)),
        ("+CME ERROR: out of paper", Refusal::Words("out of paper".into())),
        ("COMMAND NOT SUPPORT", Refusal::Words("COMMAND NOT SUPPORT".into())),
    ] {
        assert_eq!(Final::of(line), Some(Final::Refused(refusal)), "{line}");
    }
    assert_eq!(Final::glued("+CSIM: 4,\"9000\"OK"), Some(("+CSIM: 4,\"9000\"", Final::Ok)));
    assert_eq!(Final::glued("it is OK"), None);
    assert_eq!(Refusal::Cme(Cme::PIN).line(0), "ERROR");
    assert_eq!(Refusal::Cme(Cme::PIN).line(1), "+CME ERROR: 11");
    assert_eq!(Refusal::Cme(Cme::PIN).line(2), "+CME ERROR: SIM PIN required");
    assert_eq!(Refusal::Cms(Cms::FULL).line(0), "+CMS ERROR: 322");
    assert!(is_unsolicited("^RSSI:19") && is_unsolicited("RING") && !is_unsolicited("460001234567890"));
}

#[test]
fn commands_to_a_sim_in_every_dress() {
    assert_eq!(csim(&[0xA0, 0xF2, 0x00, 0x00, 0x16]), "+CSIM=10,\"A0F2000016\"");
    // A command without P3 gets one.
    assert_eq!(csim(&[0xA0, 0x04, 0x00, 0x00]), "+CSIM=10,\"A004000000\"");
    assert_eq!(csim_answer(&[0x90, 0x00]), "+CSIM: 4,\"9000\"");
    for line in ["+CSIM: 4,\"9f17\"", "+csim:4,9F17", "9f17", "\"9F17\"", "+CSIM: 99 , \"9F17\""] {
        assert_eq!(read_csim(line), Some(vec![0x9F, 0x17]), "{line}");
    }
    for line in ["+CSIM: SMS Ready", "+CSIM: 2,\"90\"", "+CMTI: \"SM\",1", "OK"] {
        assert_eq!(read_csim(line), None, "{line}");
    }
    assert_eq!(crsm(Restricted::ReadBinary, 0x2FE2, [0, 0, 10], &[], &[]), "+CRSM=176,12258,0,0,10");
    assert_eq!(
        crsm(Restricted::UpdateRecord, 0x6F3C, [1, 4, 1], &[0xAB], &[0x3F00, 0x7F10]),
        "+CRSM=220,28476,1,4,1,\"AB\",\"3F007F10\""
    );
    assert_eq!(crsm_answer(&[], Sw(0x9404)), "+CRSM: 148,4");
    assert_eq!(read_crsm("+CRSM: 144,0,\"98FF\""), Some((vec![0x98, 0xFF], Sw::OK)));
    assert_eq!(read_crsm("+crsm:148,8,\"\""), Some((vec![], Sw(0x9408))));
    assert_eq!(read_crsm("+CRSM: 300,0"), None);
    for number in [176, 178, 192, 214, 220, 242] {
        assert_eq!(Restricted::of(number).map(|command| command as u32), Some(number));
    }
}

proptest! {
    #[test]
    fn no_bytes_hurt(bytes in proptest::collection::vec(any::<u8>(), 0..300), prompted: bool) {
        let mut ear = Ear::default();
        if prompted {
            ear.prompt();
        }
        for heard in ear.hear(&bytes) {
            if let Heard::Line(line) = heard {
                let _ = commands(&line);
            }
        }
        for said in Lines::default().push(&bytes) {
            if let Answered::Line(line) = said {
                let _ = (Final::of(&line), Final::glued(&line), read_csim(&line), read_crsm(&line));
            }
        }
    }

    /// Any text: what is no command is refused, never more.
    #[test]
    fn no_line_hurts(line in "(AT)?[ -~é]{0,40}") {
        if let Ok(Some(found)) = commands(&line) {
            for command in found {
                if let Form::Set(text) = command.form {
                    prop_assert!(!parameters(&text).is_empty());
                }
            }
        }
    }

    #[test]
    fn commands_to_a_sim_come_back(answer in proptest::collection::vec(any::<u8>(), 2..260), sw: u16) {
        prop_assert_eq!(read_csim(&csim_answer(&answer)), Some(answer.clone()));
        prop_assert_eq!(read_crsm(&crsm_answer(&answer, Sw(sw))), Some((answer, Sw(sw))));
    }

    /// Text in the default alphabet, packed, is read as it was written.
    #[test]
    fn text_of_messages_comes_back(text in "[a-zA-Z0-9 @$èÅ?!]{0,160}") {
        let (data, dcs) = gridcard_wire::sms::text::user_data(&text).unwrap();
        prop_assert_eq!(dcs, 0);
        prop_assert_eq!(gridcard_wire::sms::text::text(&data, dcs), text);
    }
}
