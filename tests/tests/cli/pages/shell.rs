//! A shell that runs a page's commands one after the other, in a folder of its own; what asks a person is run at a terminal, where
//! each question gets its answer when it stands on the screen.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longer than any command of a page takes on a busy machine; one that waits for what never comes ends here.
const ALL_PATIENCE: Duration = Duration::from_secs(600);

/// What a person answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The end of the question.
    pub question: String,
    /// What is typed: text, or `@FILE:LINE` of a file in the folder. The file `shares` has the shares a screen showed.
    pub typed: String,
}

/// How a command ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    /// What it printed, on both streams.
    pub printed: String,
}

pub struct Shell {
    folder: PathBuf,
    /// What makes `gridcard` the program.
    begin: String,
    bash: Child,
    stdin: ChildStdin,
    said: mpsc::Receiver<String>,
    count: usize,
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

impl Shell {
    /// A shell in a folder in which `gridcard` is the program.
    pub fn new(folder: &Path, program: &Path) -> Self {
        let mut bash = Command::new("bash")
            .current_dir(folder)
            .env_remove("GRIDCARD_HOME")
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = bash.stdin.take().unwrap();
        let said = lines_of(bash.stdout.take().unwrap());
        // Everything that a command sets is known to those after it, at a terminal too.
        let begin = format!("gridcard() {{ '{}' \"$@\"; }}; set -a", program.display());
        let mut shell = Shell { folder: folder.to_owned(), begin, bash, stdin, said, count: 0 };
        let begin = shell.begin.clone();
        assert_eq!(shell.run(&begin).code, 0);
        shell
    }

    fn place(&mut self, name: &str) -> PathBuf {
        self.count += 1;
        self.folder.join(format!(".walk-{}-{name}", self.count))
    }

    /// Runs a command with nobody at the terminal.
    pub fn run(&mut self, command: &str) -> Done {
        let out = self.place("out");
        let quoted = out.display();
        write!(self.stdin, "{{\n{command}\n}} >'{quoted}' 2>&1 </dev/null\necho \"::done $?\"\n").unwrap();
        self.stdin.flush().unwrap();
        let line = self.said.recv_timeout(ALL_PATIENCE).unwrap_or_else(|error| {
            let printed = std::fs::read(&out).unwrap_or_default();
            panic!("{command}\ndoes not end ({error}); it printed:\n{}", String::from_utf8_lossy(&printed))
        });
        let code = line.trim().strip_prefix("::done ").unwrap_or_else(|| panic!("the shell ended: {line:?}"));
        let code = code.parse().unwrap();
        Done { code, printed: String::from_utf8_lossy(&std::fs::read(&out).unwrap()).into_owned() }
    }

    /// Runs a command at a terminal and answers its questions in their order. Each must be asked.
    pub fn run_at_a_terminal(&mut self, command: &str, answers: &[Answer]) -> Done {
        let (env, text) = (self.place("env"), self.place("command"));
        let kept =
            self.run(&format!("export -p >'{0}'; echo \"cd '$PWD'; umask $(umask)\" >>'{0}'", env.display()));
        assert_eq!(kept.code, 0, "{}", kept.printed);
        std::fs::write(&text, format!("source '{}'\n{}\n{command}\n", env.display(), self.begin)).unwrap();
        let mut script = Command::new("script")
            .args(["-qefc", &format!("bash '{}'", text.display()), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = script.stdin.take().unwrap();
        let screen = screen_of(script.stdout.take().unwrap());
        let (mut shown, mut seen) = (String::new(), 0);
        for answer in answers {
            let found = loop {
                if let Some(at) = shown[seen..].find(&answer.question) {
                    break seen + at + answer.question.len();
                }
                let more = screen.recv_timeout(PATIENCE);
                let more = more.unwrap_or_else(|error| {
                    let _ = script.kill();
                    panic!("{command}\nnever asked {:?} ({error}); the screen:\n{shown}", answer.question)
                });
                shown.push_str(&more);
            };
            self.keep_shares(&shown);
            let typed = self.typed(&answer.typed);
            seen = found;
            writeln!(stdin, "{typed}").unwrap();
            stdin.flush().unwrap();
        }
        loop {
            match screen.recv_timeout(PATIENCE) {
                Ok(more) => shown.push_str(&more),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => {
                    let _ = script.kill();
                    panic!("{command}\nasks what nobody answers ({error}); the screen:\n{shown}")
                }
            }
        }
        drop(stdin);
        let code = script.wait().unwrap().code().unwrap();
        Done { code, printed: shown.replace('\r', "") }
    }

    /// Writes down what a custodian would: 60 digits on a line of their own.
    fn keep_shares(&self, shown: &str) {
        let is_share = |line: &&str| {
            let digits = line.chars().filter(char::is_ascii_hexdigit).count();
            digits == 60 && line.chars().all(|c| c.is_ascii_hexdigit() || c.is_whitespace())
        };
        let shares: String =
            shown.split(['\r', '\n']).filter(is_share).map(|line| format!("{line}\n")).collect();
        if !shares.is_empty() {
            std::fs::write(self.folder.join("shares"), shares).unwrap();
        }
    }

    fn typed(&self, typed: &str) -> String {
        let Some((name, line)) = typed.strip_prefix('@').and_then(|typed| typed.rsplit_once(':')) else {
            return typed.to_owned();
        };
        let text = std::fs::read_to_string(self.folder.join(name)).unwrap();
        text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap().to_owned()
    }
}

/// Lines as they come.
fn lines_of(out: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What a terminal shows, as it comes.
fn screen_of(mut out: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut kept = Vec::new();
        while let Ok(length @ 1..) = out.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..length]);
            // A character may be cut at the end of a read.
            let whole = match std::str::from_utf8(&kept) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            let text = String::from_utf8_lossy(&kept.drain(..whole).collect::<Vec<u8>>()).into_owned();
            if sender.send(text).is_err() {
                return;
            }
        }
    });
    receiver
}
