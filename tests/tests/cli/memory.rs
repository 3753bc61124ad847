//! A process that has keys in its memory leaves no core dump and is traced by nobody else of its user.

use crate::command::binary;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A user who is not root: of a process of root's everything is root's anyway.
const NOBODY: u32 = 65534;

fn start(folder: &Path, program: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if fs::metadata(folder).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn().unwrap()
}

/// The user a process acts as, and the one whom its memory belongs to: `/proc/PID/mem` may be opened by that one alone.
fn users(process: &Child) -> (u32, u32) {
    let proc = Path::new("/proc").join(process.id().to_string());
    let status = fs::read_to_string(proc.join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    let acts = line.split_whitespace().next().unwrap().parse().unwrap();
    (acts, fs::metadata(proc.join("mem")).unwrap().uid())
}

fn limit(process: &Child) -> String {
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap().to_owned();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn memory_with_keys_is_not_dumped_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("gridcard");
    fs::copy(binary(), &program).unwrap();
    fs::write(folder.path().join("pin"), "123456").unwrap();
    fs::write(folder.path().join("pin2"), "654321").unwrap();
    // It waits for its first component, as it would in a ceremony.
    let ceremony = ["kdc", "init", "--components", "2", "--rehearsal", "--home", "home", "--pin-file", "pin"];
    let mut held = start(folder.path(), &program, &[&ceremony[..], &["--second-pin-file", "pin2"]].concat());
    let mut other = start(folder.path(), Path::new("/bin/cat"), &[]);
    // Its answer to the first component says that it has long begun.
    let typed = "00000000000000000000000000000000\n000000\n";
    let mut stdin = held.stdin.take().unwrap();
    let begun = std::time::Instant::now();
    let done = loop {
        if limit(&held) == "0 0 bytes" && users(&held).1 == 0 {
            break true;
        }
        if begun.elapsed().as_secs() > 30 {
            break false;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    let (limits, owners, control) = (limit(&held), users(&held), users(&other));
    std::io::Write::write_all(&mut stdin, typed.as_bytes()).unwrap();
    drop(stdin);
    let ended = held.wait().unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(done, "core limit {limits}, users {owners:?}");
    assert_ne!(owners.0, 0, "it must not run as root for this");
    assert_eq!(control, (owners.0, owners.0), "a process that says nothing is its user's to read");
    assert_eq!(ended.code(), Some(1), "the component was wrong, and it said so in order");
}
