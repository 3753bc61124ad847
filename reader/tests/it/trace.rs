use crate::script::Script;
use gridcard_reader::trace::{
    Bytes, FmtSink, IoSink, Reveal, SharedTrace, TraceChannel, TraceError, TraceFault, TraceLine, TraceSink,
    parse_trace,
};
use proptest::prelude::*;
use std::io;
use wire::channel::{Channel, ChannelError};

fn traced(script: &str, reveal: Reveal, act: impl FnOnce(&mut dyn Channel)) -> Vec<String> {
    let mut lines = Vec::new();
    act(&mut TraceChannel::revealing(Script::new(script), &mut lines, reveal));
    lines
}

#[test]
fn a_session_reads_as_it_ran() {
    let script = "= 3B00\n> 00A40000023F00\n< 9000\n> 0084000008\n! removed";
    let lines = traced(script, Reveal::Nothing, |card| {
        card.reset().unwrap();
        card.transmit(&[0, 0xA4, 0, 0, 2, 0x3F, 0]).unwrap();
        card.transmit(&[0, 0x84, 0, 0, 8]).unwrap_err();
    });
    let end = "! the card was removed before it answered";
    assert_eq!(lines, ["= 3B00", "> 00A40000023F00", "< 9000", "> 0084000008", end]);
}

/// Every command with a secret in its data: the same marker bytes, which no line may show.
const SECRETS: [(&str, &str); 20] = [
    ("VERIFY", "0020000003"),
    ("VERIFY CHV", "A020000103"),
    ("CHANGE CHV", "A024000103"),
    ("DISABLE CHV", "A026000103"),
    ("ENABLE CHV", "A028000103"),
    ("UNBLOCK CHV", "A02C000003"),
    ("CHANGE PIN", "805E010003"),
    ("RELOAD PIN", "805E000003"),
    ("RELOAD PIN, sealed", "845E000003"),
    ("PIN UNBLOCK and SET PIN, sealed", "8424000003"),
    ("WRITE KEY in clear", "80D4013903"),
    ("WRITE KEY, sealed", "84D4390003"),
    ("STAGE KEY, own master", "84D4020003"),
    ("STAGE KEY", "84D4033403"),
    ("a key download of the field", "84D401FF03"),
    ("a SAM's key", "84D4000003"),
    ("WRITE KEY under another class", "04D4000003"),
    ("PUT KEY", "84D8000003"),
    ("an unknown class", "F020000003"),
    ("a command of nobody's", "8056000003"),
];

#[test]
fn secrets_are_hidden_by_default_and_shown_on_demand() {
    for (name, header) in SECRETS {
        let command = format!("{header}DEFACE");
        let script = format!("> {command}\n< 9000");
        let bytes = hex::decode(&command).unwrap();
        let hidden = traced(&script, Reveal::Nothing, |card| drop(card.transmit(&bytes).unwrap()));
        assert_eq!(hidden, [format!("> {header} [3 bytes hidden]"), "< 9000".to_owned()], "{name}");
        let shown = traced(&script, Reveal::Secrets, |card| drop(card.transmit(&bytes).unwrap()));
        assert_eq!(shown[0], format!("> {command}"), "{name}");
    }
}

/// Cryptograms, MACs, orders, check values: no key is in them.
#[test]
fn what_is_no_key_is_shown() {
    for command in [
        "0082000003DEFACE",
        "8046000003DEFACE",
        "8044150203DEFACE",
        "844A000003DEFACE",
        "844C000003DEFACE",
        "8040000003DEFACE",
        "80C2000003DEFACE",
        "04D6850003DEFACE",
        "00D6850003DEFACE",
        "A0D6000003DEFACE",
    ] {
        let bytes = hex::decode(command).unwrap();
        let lines = traced(&format!("> {command}\n< 9000"), Reveal::Nothing, |card| {
            drop(card.transmit(&bytes).unwrap())
        });
        assert_eq!(lines[0], format!("> {command}"));
    }
}

/// What EXPORT KEY answers is the data field of the target's WRITE KEY, and of a command that is not known nobody can say.
#[test]
fn exported_keys_are_hidden_at_once_and_through_get_response() {
    for command in ["8044150203C0FFEE", "8056000003C0FFEE"] {
        let at_once = traced(&format!("> {command}\n< DEFACE9000"), Reveal::Nothing, |card| {
            drop(card.transmit(&hex::decode(command).unwrap()).unwrap())
        });
        assert_eq!(at_once[1], "< [3 bytes hidden] 9000", "{command}");
        let script = format!("> {command}\n< 6103\n> 00C0000003\n< DEFACE9000");
        let fetched = traced(&script, Reveal::Nothing, |card| {
            drop(card.transmit(&hex::decode(command).unwrap()).unwrap());
            drop(card.transmit(&hex::decode("00C0000003").unwrap()).unwrap());
        });
        assert_eq!(fetched[3], "< [3 bytes hidden] 9000", "{command}");
    }
}

/// A SIM's files of session keys, by identifier and, of a USIM alone, by short identifier.
#[test]
fn files_of_session_keys_are_hidden_read_and_written() {
    let last = |session: &[(&str, &str)]| {
        let script: Vec<String> = session.iter().map(|(sent, got)| format!("> {sent}\n< {got}")).collect();
        traced(&script.join("\n"), Reveal::Nothing, |card| {
            for (sent, _) in session {
                card.transmit(&hex::decode(sent).unwrap()).unwrap();
            }
        })
    };
    let kc = ("A0A40000026F20", "9F0F");
    assert_eq!(last(&[kc, ("A0B0000003", "DEFACE9000")])[3], "< [3 bytes hidden] 9000");
    assert_eq!(last(&[kc, ("A0D6000003DEFACE", "9000")])[2], "> A0D6000003 [3 bytes hidden]");
    let imsi = ("A0A40000026F07", "9F0F");
    assert_eq!(last(&[kc, imsi, ("A0B0000003", "C0FFEE9000")])[5], "< C0FFEE9000");
    let usim = ("00A4040C07A0000000871002", "9000");
    let keys = ("00B0880003", "DEFACE9000");
    assert_eq!(last(&[usim, keys])[3], "< [3 bytes hidden] 9000");
    assert_eq!(last(&[keys])[1], "< DEFACE9000", "EF 0008 of an ESAM");
}

#[test]
fn a_broken_secret_command_shows_its_header_alone() {
    // Lc 04, but three bytes follow: nobody can say which of them are the secret.
    let bytes = hex::decode("0020000004DEFACE").unwrap();
    let lines =
        traced("> 0020000004DEFACE\n< 6700", Reveal::Nothing, |card| drop(card.transmit(&bytes).unwrap()));
    assert_eq!(lines[0], "> 00200000 [4 bytes hidden]");
}

#[test]
fn a_session_key_is_hidden_through_get_response() {
    let script = "> A088000001AA\n< 9F03\n> A0C0000003\n< DEFACE9000\n> A0C0000003\n< C0FFEE9000";
    let mut lines = traced(script, Reveal::Nothing, |card| {
        card.transmit(&hex::decode("A088000001AA").unwrap()).unwrap();
        card.transmit(&hex::decode("A0C0000003").unwrap()).unwrap();
        card.transmit(&hex::decode("A0C0000003").unwrap()).unwrap();
    });
    assert_eq!(lines.split_off(3)[0], "< [3 bytes hidden] 9000");
}

/// A USIM's answer to AUTHENTICATE holds one too; that of INTERNAL AUTHENTICATE of other cards does not.
#[test]
fn a_session_key_of_a_usim_is_hidden() {
    for (command, fetched, wanted) in [
        ("0088008001AA", "DEFACE9000", "< [3 bytes hidden] 9000"),
        ("0088000201AA", "C0FFEE9000", "< C0FFEE9000"),
    ] {
        let script = format!("> {command}\n< 6103\n> 00C0000003\n< {fetched}");
        let lines = traced(&script, Reveal::Nothing, |card| {
            card.transmit(&hex::decode(command).unwrap()).unwrap();
            card.transmit(&hex::decode("00C0000003").unwrap()).unwrap();
        });
        assert_eq!(lines.last().unwrap(), wanted);
    }
}

#[test]
fn what_is_written_reads_back() {
    let text = "= 3B00\n# a word\n> 0020000006 [6 bytes hidden]\n< 63C2\n> A088000001AA\n< [12 bytes hidden] 9000\n! mute";
    let lines = parse_trace(text).unwrap();
    assert_eq!(lines[0], TraceLine::Atr(vec![0x3B, 0x00]));
    assert_eq!(lines[1], TraceLine::Comment("a word".into()));
    let verify = Bytes { before: vec![0x00, 0x20, 0x00, 0x00, 0x06], hidden: 6, after: vec![] };
    assert_eq!(verify.total(), 11);
    assert_eq!(verify.whole(), None);
    assert_eq!(lines[2], TraceLine::Command(verify));
    assert_eq!(lines[5], TraceLine::Response(Bytes { before: vec![], hidden: 12, after: vec![0x90, 0x00] }));
    assert_eq!(lines[6], TraceLine::Failure("mute".into()));
}

#[test]
fn faults_name_line_and_place() {
    let fault = |text: &str| parse_trace(text).unwrap_err();
    assert_eq!(fault("> 00\n\n$ 00"), TraceError { line: 3, fault: TraceFault::Mark('$') });
    assert_eq!(fault("> 0O"), TraceError { line: 1, fault: TraceFault::Digit { character: 'O', place: 4 } });
    assert_eq!(fault("> 00 [1 byte hidden] 9x").fault, TraceFault::Digit { character: 'x', place: 23 });
    assert_eq!(fault("> 000").fault, TraceFault::Odd);
    assert_eq!(fault(">").fault, TraceFault::Empty);
    assert_eq!(fault("= 3B [1 byte hidden]").fault, TraceFault::HiddenAtr);
    for brackets in
        ["> 00 [", "> 00 [x bytes hidden]", "> [0 bytes hidden]", "> [1 byte hidden] [1 byte hidden]"]
    {
        assert_eq!(fault(brackets).fault, TraceFault::Hidden, "{brackets}");
    }
    assert_eq!(fault("> 0O").to_string(), "line 1: 'O' at place 4 is no hex digit");
}

/// Traces of other programs have other forms of the same bytes.
#[test]
fn bytes_stand_in_any_form() {
    let plain =
        parse_trace("= 3B00\n> 00A40000023F00\n< 9000\n> 0020000102 [2 bytes hidden]\n< 63C2").unwrap();
    for text in [
        "\u{FEFF}= 3B:00\n> 00:A4:00:00:02:3F:00\n< 90:00\n> 00:20:00:01:02 [2 bytes hidden]\n< 63:c2\n",
        "= 0x3B 0x00\r\n> 0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00\r\n< 0x9000\r\n> 0x0020000102 [2 bytes hidden]\r\n< 0x63 0xC2\r\n",
    ] {
        assert_eq!(parse_trace(text), Ok(plain.clone()), "{text}");
    }
    let odd = parse_trace("> 0:A4").unwrap_err();
    assert_eq!(odd.fault, TraceFault::Odd);
}

#[test]
fn comments_break_at_line_ends() {
    let mut lines = Vec::new();
    TraceChannel::new(Script::new(""), &mut lines).comment("one\ntwo");
    assert_eq!(lines, ["# one", "# two"]);
}

#[test]
fn text_and_stream_sinks_take_lines() {
    let mut traced = TraceChannel::new(Script::new("= 3B00"), FmtSink::new(String::new()));
    traced.reset().unwrap();
    assert_eq!(traced.into_parts().1.finish().unwrap(), "= 3B00\n");
    let mut traced = TraceChannel::new(Script::new("= 3B00"), IoSink::new(Vec::new()));
    traced.reset().unwrap();
    assert_eq!(traced.into_parts().1.finish().unwrap(), b"= 3B00\n");
}

/// A disk with room for so many writes.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_does_not_stop_the_session_and_is_told_at_the_end() {
    let mut traced = TraceChannel::new(Script::new("= 3B00\n= 3B00"), IoSink::new(Full(1)));
    assert_eq!(traced.reset(), Ok(vec![0x3B, 0x00]));
    assert_eq!(traced.reset(), Ok(vec![0x3B, 0x00]));
    let error = traced.into_parts().1.finish().err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

/// Answers every command the same.
struct Fixed(Vec<u8>);

impl Channel for Fixed {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.0.clone())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Ok(self.0.clone())
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
        let _ = parse_trace(&text);
    }

    #[test]
    fn any_session_is_written_and_read_back(
        command in prop::collection::vec(any::<u8>(), 1..262),
        answer in prop::collection::vec(any::<u8>(), 2..258),
    ) {
        let mut lines = Vec::new();
        TraceChannel::new(Fixed(answer.clone()), &mut lines).transmit(&command).unwrap();
        let read = parse_trace(&lines.join("\n")).unwrap();
        prop_assert_eq!(read.len(), 2);
        for (line, bytes) in read.iter().zip([&command, &answer]) {
            let (TraceLine::Command(found) | TraceLine::Response(found)) = line else {
                return Err(TestCaseError::fail("another kind of line"));
            };
            prop_assert_eq!(found.total(), bytes.len());
            prop_assert!(bytes.starts_with(&found.before));
            prop_assert!(bytes.ends_with(&found.after));
        }
    }
}

/// Two cards that are used in turns: an exchange stays whole, and the trace says whenever it is the other card.
#[test]
fn cards_that_share_a_trace_are_told_apart() {
    let mut text = Vec::new();
    let shared = SharedTrace::new(&mut text);
    let (mut one, mut two) = (shared.of("one.card"), shared.of("two.card"));
    one.line("= 3B00");
    one.line("> 00A4000002 3F00");
    two.line("= 3B01");
    one.line("< 9000");
    one.line("> 0084000008");
    one.line("! gone");
    drop((one, two, shared));
    let wanted = "# card one.card\n= 3B00\n# card two.card\n= 3B01\n# card one.card\n> 00A4000002 3F00\n< 9000\n\
                  > 0084000008\n! gone\n";
    assert_eq!(String::from_utf8(text).unwrap(), wanted);
}

/// A channel whose trace nobody wants passes everything on and writes nothing.
#[test]
fn a_trace_that_nobody_wants_is_not_written() {
    struct Card;
    impl Channel for Card {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
            Ok(command.to_vec())
        }

        fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
            Ok(vec![0x3B, 0x00])
        }
    }
    let mut lines = Vec::new();
    for (sink, wanted) in [(Some(&mut lines), 3), (None, 0)] {
        let is_open = sink.is_some();
        let mut card = TraceChannel::new(Card, sink);
        assert_eq!(card.reset().unwrap(), [0x3B, 0x00]);
        assert_eq!(card.transmit(&[0x00, 0x84, 0x90, 0x00]).unwrap(), [0x00, 0x84, 0x90, 0x00]);
        let written = card.into_parts().1.map_or(0, |lines: &mut Vec<String>| lines.len());
        assert_eq!(written, wanted, "open: {is_open}");
    }
}
