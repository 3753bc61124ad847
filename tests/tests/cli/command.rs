//! The command as a user runs it: a process with arguments, stdin, an exit code and two streams.

use assert_cmd::Command;
use scheme::moment::Moment;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

/// Seed of every command of these tests, so that a failure repeats.
pub const SEED: &str = "7";

/// Longer than any command takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a command under a limit on the size of files: a write beyond it fails as on a full disk, and what is there
/// stays. The signal that goes with it is ignored, which the command inherits.
const LIMITED: &str = r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#;

/// Runs a command where a folder is on a read-only medium; mounts are its own and end with it.
const FROZEN: &str = r#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#;

/// Who runs a command.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Runner {
    /// Whoever runs the tests.
    We,
    /// We, where this folder is on a read-only medium.
    Frozen(PathBuf),
    /// Somebody without rights; the program is this copy of it.
    Nobody(PathBuf),
}

/// The number of a user and a group without rights.
pub const NOBODY: u32 = 65534;

/// The program. Cargo names it to tests of its own package only; those of this one stand in `deps` beside it.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = format!("gridcard{}", std::env::consts::EXE_SUFFIX);
    let path = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build -p gridcard-cli` first", path.display());
    path
}

/// A command to be run.
pub struct Call {
    folder: PathBuf,
    args: Vec<OsString>,
    stdin: String,
    limit: Option<u32>,
    unmasked: bool,
    runner: Runner,
    env: Vec<(String, String)>,
}

impl Call {
    /// A command line in a folder; nothing is added to it.
    pub fn plain(folder: &Path, args: &[&str]) -> Self {
        let args = args.iter().map(OsString::from).collect();
        Call {
            folder: folder.to_owned(),
            args,
            stdin: String::new(),
            limit: None,
            unmasked: false,
            runner: Runner::We,
            env: Vec::new(),
        }
    }

    /// A command line with home, time and seed.
    pub fn new(folder: &Path, home: &Path, at: Moment, args: &[&str]) -> Self {
        Call::earnest(folder, home, at, args).with(&["--seed", SEED])
    }

    /// A command line with home and time; where keys are formal no seed is taken.
    pub fn earnest(folder: &Path, home: &Path, at: Moment, args: &[&str]) -> Self {
        Call::plain(folder, args).with(&["--home", home.to_str().unwrap(), "--at", &at.to_string()])
    }

    /// With further arguments.
    pub fn with(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(OsString::from));
        self
    }

    /// With something on stdin.
    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// With a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a disk that takes no file longer than so many KiB.
    pub fn on_small_disk(mut self, kib: u32) -> Self {
        self.limit = Some(kib);
        self
    }

    /// With a umask that lets everybody read and write whatever is made without care.
    pub fn unmasked(mut self) -> Self {
        self.unmasked = true;
        self
    }

    /// Where a folder is on a read-only medium. It needs a mount namespace of its own.
    pub fn frozen(mut self, folder: &Path) -> Self {
        self.runner = Runner::Frozen(folder.to_owned());
        self
    }

    /// By a user without rights, who runs this copy of the program: what root does heeds no modes.
    pub fn by_nobody(mut self, program: &Path) -> Self {
        self.runner = Runner::Nobody(program.to_owned());
        self
    }

    /// Starts it and leaves it to the test: what it is given, what it says, and how much memory it has meanwhile.
    pub fn start(self) -> Child {
        let mut command = std::process::Command::new("bash");
        match self.limit {
            None => command = std::process::Command::new(binary()),
            Some(kib) => {
                command.args(["-c", LIMITED, &kib.to_string()]).arg(binary());
            }
        }
        command
            .args(&self.args)
            .envs(self.env)
            .current_dir(&self.folder)
            .env("TMPDIR", std::path::absolute(&self.folder).unwrap())
            .env_remove("GRIDCARD_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it. A panic or a signal is never an answer.
    pub fn run(self) -> Ran {
        let line = self.args.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let mut command = match self.limit {
            None if self.runner != Runner::We => match &self.runner {
                Runner::Frozen(folder) => {
                    let mut unshare = Command::new("unshare");
                    unshare.args(["--mount", "bash", "-c", FROZEN]).arg(folder).arg(binary());
                    unshare
                }
                Runner::Nobody(program) => {
                    let mut setpriv = Command::new("setpriv");
                    let who = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
                    setpriv.args(who).arg("--clear-groups").arg(program);
                    setpriv
                }
                Runner::We => unreachable!("we run it as we are"),
            },
            None if self.unmasked => {
                let mut bash = Command::new("bash");
                bash.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(binary());
                bash
            }
            None => Command::new(binary()),
            Some(kib) => {
                let mut bash = Command::new("bash");
                bash.args(["-c", LIMITED, &kib.to_string()]).arg(binary());
                bash
            }
        };
        // What a command leaves in the folder for temporary files is seen by its test.
        let temporary = std::path::absolute(&self.folder).unwrap();
        command
            .args(&self.args)
            .current_dir(&self.folder)
            .env("TMPDIR", temporary)
            .envs(self.env)
            .env_remove("GRIDCARD_HOME");
        let output = command.write_stdin(self.stdin).timeout(PATIENCE).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command speaks UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let code = output.status.code();
        let code = code.unwrap_or_else(|| panic!("gridcard {line}: killed, {}\n{stderr}", output.status));
        assert!(!stderr.contains("panicked"), "gridcard {line}\n{stderr}");
        Ran { line, code, stdout, stderr }
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    line: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn story(&self) -> String {
        format!(
            "gridcard {}\nexit code {}\n--- stdout\n{}--- stderr\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }

    /// It succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.story());
        self
    }

    /// It failed with this exit code, and told why on stderr in these words.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.story());
        assert!(self.stderr.contains("error: "), "no error is named\n{}", self.story());
        for word in words {
            assert!(self.stderr.contains(word), "stderr does not say {word:?}\n{}", self.story());
        }
        self
    }

    /// It failed with this exit code.
    #[track_caller]
    pub fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.story());
        self
    }

    /// These words stand on stdout.
    #[track_caller]
    pub fn shows(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "stdout does not say {word:?}\n{}", self.story());
        }
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn object(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.story()));
        assert_eq!(value["schema"], 1, "{}", self.story());
        value
    }
}
