//! What a session that sleeps takes: measured in a process of its own, which does nothing else.

use crate::scene::{Counting, NOW, marks};
use gridcard_client::talk::Psk;
use gridcard_client::{Board, Heard, Keypair, Known, Mode, Opening, Stamp};
use keys::Zeroizing;
use std::process::Command;

const SLEEPERS: u64 = 100_000;
const CHILD: &str = "GRIDCARD_SLEEPERS";

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_thousand_sleeping_sessions_take_less_than_a_hundred_mebibytes() {
    if std::env::var_os(CHILD).is_some() {
        return sleep();
    }
    let name = "memory::a_hundred_thousand_sleeping_sessions_take_less_than_a_hundred_mebibytes";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let done = child.args([name, "--exact", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    let taken = said.split("KIB=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let taken: u64 = taken.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    println!("{SLEEPERS} sessions take {taken} KiB");
    assert!(taken > 10 * 1024, "{taken} KiB: nothing was measured");
    assert!(taken < 100 * 1024, "{taken} KiB");
}

/// Sessions of the paper's variant are made faster, and are kept the same.
fn sleep() {
    let server = Keypair::new(&[0x11; 32]);
    let (public, own) = (*server.public(), Keypair::new(&[0x22; 32]));
    let mut board: Board<u64> = Board::new(server, true);
    let (mut chance, psk) = (Counting(1), Psk(Zeroizing::new([0x33; 32])));
    let before = resident();
    for n in 0..SLEEPERS {
        let name = n.to_be_bytes();
        let known = Known { mode: Mode::Paper, server: &public, own: &own, psk: &psk, name: &name };
        let opening = Opening::session(&known, &marks(), Stamp::of(NOW, 0), &mut chance).unwrap();
        let Heard::First(first) = board.hear(opening.frame(), NOW) else { panic!() };
        let admitted = first.admit(&psk.0, Stamp::ZERO, NOW).unwrap();
        board.begin(admitted, name, n, &mut chance, NOW).unwrap();
    }
    // What is kept for repeats goes after ten minutes.
    assert!(matches!(board.hear(&[0], NOW + 601), Heard::Silence));
    assert_eq!(board.sessions() as u64, SLEEPERS);
    println!("KIB={} ", resident() - before);
}
