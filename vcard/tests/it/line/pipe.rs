//! A byte pipe: in memory, over a socket, over a pseudo terminal.

use super::tree::sim;
use super::{Fake, bytes};
use gridcard_vcard::line::{LineCard, Part, Passed, Settings, Way, Wire};
use wire::atr::Convention;

fn wire(settings: Settings) -> Wire<Fake> {
    Wire::new(LineCard::new(Fake::new("3B021122"), settings))
}

fn said(passed: &[Passed]) -> Vec<u8> {
    passed.iter().filter(|passed| passed.way == Way::FromCard).map(|passed| passed.byte).collect()
}

fn talk(wire: &mut Wire<Fake>, sent: &[u8]) -> Vec<u8> {
    sent.iter().flat_map(|byte| said(&wire.byte(*byte))).collect()
}

#[test]
fn bytes_are_characters() {
    let mut wire = wire(Settings::default());
    assert_eq!(wire.byte(0x80)[0].part, Part::Unheard, "no power yet");
    assert_eq!(said(&wire.reset()), [0x3B, 0x02, 0x11, 0x22]);
    assert_eq!(talk(&mut wire, &[0x80, 0x40, 0, 0, 2]), [0x40, 0, 1, 0x90, 0]);
    assert_eq!(said(&wire.refuse()), [0x00], "the last one again");
    wire.power_off();
    assert!(talk(&mut wire, &[0x80, 0x40, 0, 0, 2]).is_empty());
}

#[test]
fn parts_and_times_are_told() {
    let mut wire = wire(Settings::default());
    let atr = wire.reset();
    assert!(atr.iter().all(|passed| passed.part == Part::Atr));
    let sent = [0x80, 0x20, 0, 0, 1, 7];
    let passed: Vec<Passed> = sent.iter().flat_map(|byte| wire.byte(*byte)).collect();
    let parts: Vec<Part> = passed.iter().map(|passed| passed.part).collect();
    let data = Part::Data([0x80, 0x20, 0, 0, 1]);
    let header = Part::Header;
    assert_eq!(
        parts,
        [header, header, header, header, header, Part::Procedure, data, Part::Status, Part::Status]
    );
    let start = passed[0].at.0;
    assert_eq!(start, atr[3].at.0 + 12);
    let edges: Vec<u64> = passed.iter().map(|passed| passed.at.0 - start).collect();
    assert_eq!(edges, [0, 12, 24, 36, 48, 64, 80, 96, 108]);
    assert_eq!(wire.nanos(9600), 1_000_000_000, "a second at the first speed");
}

#[test]
fn an_inverse_card_is_read_as_a_plain_uart_reads_it() {
    let mut wire = wire(Settings { convention: Some(Convention::Inverse), ..Settings::default() });
    let turned = |bytes: &[u8]| bytes.iter().map(|byte| !byte.reverse_bits()).collect::<Vec<u8>>();
    assert_eq!(said(&wire.reset()), turned(&[0x3F, 0x02, 0x11, 0x22]));
    assert_eq!(turned(&[0x3F]), [0x03]);
    assert_eq!(talk(&mut wire, &turned(&[0x80, 0x40, 0, 0, 1])), turned(&[0x40, 0, 0x90, 0]));
}

#[cfg(unix)]
mod outside {
    use super::{LineCard, Settings, Wire, bytes, sim};
    use gridcard_vcard::line::pty::Pty;
    use gridcard_vcard::line::serve::{ERROR_SIGNAL, Line, WARM_RESET};
    use rustix::net::{SendFlags, send};
    use rustix::termios::{OptionalActions, speed, tcgetattr, tcsetattr};
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    const ATR: &str = "3B0A 8058 4752494443415244";

    fn receive(stream: &mut impl Read, count: usize) -> Vec<u8> {
        let mut got = vec![0; count];
        stream.read_exact(&mut got).unwrap();
        got
    }

    /// SELECT of the MF, and its answer's first bytes by GET RESPONSE.
    fn select_mf(stream: &mut (impl Read + Write)) {
        stream.write_all(&bytes("A0A4000002")).unwrap();
        assert_eq!(receive(stream, 1), [0xA4]);
        stream.write_all(&bytes("3F00")).unwrap();
        assert_eq!(receive(stream, 2)[0], 0x9F);
        stream.write_all(&bytes("A0C0000006")).unwrap();
        let answer = receive(stream, 1 + 6 + 2);
        assert_eq!((answer[0], &answer[5..]), (0xC0, &bytes("3F00 9000")[..]));
    }

    fn tcp(connections: u32) -> (std::net::SocketAddr, JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let mut wire = Wire::new(LineCard::new(sim(), Settings::default()));
            let mut characters = 0;
            let mut line = Line { wire: &mut wire, realtime: false, watch: &mut |_| characters += 1 };
            line.serve_tcp(&listener, Some(connections)).unwrap();
            characters
        });
        (address, server)
    }

    #[test]
    fn a_socket_is_power_and_its_urgent_byte_a_reset() {
        let (address, server) = tcp(2);
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            assert_eq!(receive(&mut stream, 12), bytes(ATR));
            select_mf(&mut stream);
            // The last character again.
            send(&stream, &[ERROR_SIGNAL], SendFlags::OOB).unwrap();
            assert_eq!(receive(&mut stream, 1), [0x00]);
            // In the midst of a command.
            stream.write_all(&bytes("A0A400")).unwrap();
            send(&stream, &[WARM_RESET], SendFlags::OOB).unwrap();
            assert_eq!(receive(&mut stream, 12), bytes(ATR));
            select_mf(&mut stream);
        }
        let characters = server.join().unwrap();
        // ATR twice, twice SELECT (5 1 2 2) and GET RESPONSE (5 1 6 2), one repeated, three of a cut-off header.
        assert_eq!(characters, 2 * (2 * 12 + 2 * (10 + 14) + 1 + 3));
    }

    #[test]
    fn a_pseudo_terminal_is_power_and_its_speed_0_a_reset() {
        let pty = Pty::open().unwrap();
        let device = pty.device().to_owned();
        let server = thread::spawn(move || {
            let mut wire = Wire::new(LineCard::new(sim(), Settings::default()));
            let mut line = Line { wire: &mut wire, realtime: false, watch: &mut |_| () };
            pty.serve(&mut line, Some(2)).unwrap();
        });
        for _ in 0..2 {
            let mut port = std::fs::File::options().read(true).write(true).open(&device).unwrap();
            let mut modes = tcgetattr(&port).unwrap();
            modes.make_raw();
            tcsetattr(&port, OptionalActions::Now, &modes).unwrap();
            assert_eq!(receive(&mut port, 12), bytes(ATR));
            select_mf(&mut port);
            port.write_all(&bytes("A0A400")).unwrap();
            for speed in [0, speed::B9600] {
                modes.set_speed(speed).unwrap();
                tcsetattr(&port, OptionalActions::Now, &modes).unwrap();
                thread::sleep(Duration::from_millis(60));
            }
            assert_eq!(receive(&mut port, 12), bytes(ATR));
            select_mf(&mut port);
            drop(port);
            thread::sleep(Duration::from_millis(60));
        }
        server.join().unwrap();
    }
}
