//! What we write ourselves, read as others read it.

use super::*;

/// Ours, and what is nearly ours: message type, coding, header elements and TAR decide, and nothing else does.
#[test]
fn what_is_ours() {
    let packet = "0018 15 1639 15 15 475243 0000000001 00 0102030405060708";
    let answer = "0013 12 475243 0000000001 00 00 0102030405060708 AA";
    let with = |status: &str, dcs: &str, header: &str, body: &str| {
        let body = unhex(body);
        let header = unhex(header);
        let udl = header.len() + body.len();
        let data = format!("{udl:02X}{}{}", hex::encode(&header), hex::encode(&body));
        let is_received = matches!(status, "01" | "03" | "23");
        let bytes = if is_received {
            format!("{status}00 44 {FROM} 00{dcs} {AT} {data}")
        } else {
            format!("{status}00 41 FF {FROM} 00{dcs} {data}")
        };
        Content::of(&record(&bytes))
    };
    for (dcs, header) in [
        ("F6", "027000"),
        ("04", "027000"),
        ("16", "027000"),
        ("FE", "027000"),
        // beside it: a message of one part, ports, something unknown, the same again, a response in front
        ("F6", "07 0003A70101 7000"),
        ("F6", "08 0504158A158A 7000"),
        ("F6", "05 7000 7F0100"),
        ("F6", "04 7000 7000"),
        ("F6", "04 7100 7000"),
        ("F6", "05 7000 710100"),
        // a place in a longer text that makes no sense counts for nothing
        ("F6", "07 0003A70001 7000"),
    ] {
        for status in ["01", "03", "23"] {
            let found = with(status, dcs, header, packet);
            assert!(matches!(found, Content::Order(_)), "{status} {dcs} {header}: {found:?}");
        }
    }
    for (dcs, header, body) in [
        // no header element, one with data, the other one last, elements that do not fit
        ("F6", "0100", packet),
        ("F6", "03700100", packet),
        ("F6", "04 7000 7100", packet),
        ("F6", "03 7000 00", packet),
        // the second of two, a part of three, text, compressed, 16-bit characters
        ("F6", "07 0003A70202 7000", packet),
        ("F6", "07 0003A70301 7000", packet),
        ("00", "027000", packet),
        ("24", "027000", packet),
        ("08", "027000", packet),
        // another TAR; a packet that ends before it; a response
        ("F6", "027000", "0018 15 1639 15 15 475244 0000000001 00"),
        ("F6", "027000", "0018 15 1639 15 15 4752"),
        ("F6", "027100", answer),
    ] {
        let found = with("03", dcs, header, body);
        assert!(matches!(found, Content::Other(_)), "{dcs} {header}: {found:?}");
    }
    for status in ["07", "27", "E7"] {
        assert!(matches!(with(status, "F6", "027100", answer), Content::Receipt(_)), "{status}");
    }
    for status in ["05", "0D", "15", "1D", "25", "FD"] {
        let found = with(status, "F6", "027100", answer);
        assert!(matches!(found, Content::SentReceipt(_)) && found.may_be_taken(), "{status}");
    }
    assert!(matches!(with("07", "F6", "07 0003A70101 7100", answer), Content::Receipt(_)));
    // An order that is to be sent is no order, and a receipt that was received no receipt.
    assert!(matches!(with("07", "F6", "027000", packet), Content::Other(_)));
    let received = format!("0300 41 FF {FROM} 00F6 18 027100 {answer}");
    assert!(matches!(Content::of(&record(&received)), Content::Other(_)));
    let sent = format!("0700 44 {FROM} 00F6 {AT} 1B 027000 {packet}");
    assert!(matches!(Content::of(&record(&sent)), Content::Other(_)));
}
