//! The guide, walked: every page's own commands, in their order, in a scratch place; what a page shows of their output is compared
//! with what they print. So no page can say what the program does not do.
//!
//! A block of `sh` is run command by command. `# exit code 4` at a command's end announces that it fails so. A block of `text` behind
//! it is what its commands print, `...` where it differs from run to run; `text of COMMAND` is what another one prints. What a
//! command asks a person is answered from `NAME.answers` beside this file. A block that cannot be run here says why in its info
//! string: `sh not run: REASON`, or `sh pcscd` for what `tests/judge/pcsc.sh` runs with a reader service.
//! Commands within sentences, and in blocks that are not run, must be commands of the program with the options they name.

mod page;
mod shell;

use crate::command::{Call, binary};
use page::{Block, blocks, commands, exit_code, first_missing, inline};
use shell::{Answer, Done, Shell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The answers to a page's questions: a command that is begun so, and what is answered, in order.
fn answers_of(name: &str) -> Vec<(String, Vec<Answer>)> {
    let path = root().join(format!("tests/tests/cli/pages/{name}.answers"));
    let mut answers: Vec<(String, Vec<Answer>)> = Vec::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            answers.push((command.to_owned(), Vec::new()));
        } else if !line.is_empty() && !line.starts_with('#') {
            let (question, typed) =
                line.split_once(" => ").or(line.strip_suffix(" =>").map(|line| (line, ""))).unwrap();
            let answer = Answer { question: question.to_owned(), typed: typed.to_owned() };
            answers.last_mut().expect("answers belong to a command").1.push(answer);
        }
    }
    answers
}

/// A walk of a page.
struct Walk {
    page: String,
    shell: Shell,
    folder: tempfile::TempDir,
    answers: Vec<(String, Vec<Answer>)>,
    /// What the commands of the last block printed.
    printed: String,
    /// Blocks that were not run, with their reasons.
    left_out: Vec<String>,
    ran: usize,
}

impl Walk {
    fn command(&mut self, block: &Block, command: &str) {
        let wanted = exit_code(command);
        let folder = self.folder.path().display().to_string();
        // In this order: the program may itself stand somewhere below /tmp.
        let real = command
            .replace("/tmp/", &format!("{folder}/"))
            .replace("target/release/gridcard", &binary().display().to_string());
        let place = self.answers.iter().position(|(begin, _)| command.starts_with(begin));
        let Done { code, printed } = match place {
            Some(place) => {
                let (_, answers) = self.answers.remove(place);
                self.shell.run_at_a_terminal(&real, &answers)
            }
            None => self.shell.run(&real),
        };
        let name = &self.page;
        assert_eq!(code, wanted, "{name}, block of line {}:\n{command}\n{printed}", block.line);
        assert!(!printed.contains("panicked"), "{name}: {command}\n{printed}");
        // A page that sends its output into a file may show it from there.
        self.printed.push_str(&printed.replace(&format!("{folder}/"), "/tmp/"));
        self.printed.push('\n');
        self.ran += 1;
    }

    fn block(&mut self, block: &Block) {
        match (block.language.as_str(), block.info.as_str()) {
            ("sh", "") => {
                self.printed.clear();
                commands(&block.text).iter().for_each(|command| self.command(block, command));
            }
            ("sh", info) => {
                let reason = info.strip_prefix("not run: ").or(info.strip_prefix("pcscd"));
                assert!(reason.is_some(), "{}, line {}: why is it not run?", self.page, block.line);
                commands(&block.text).iter().for_each(|command| must_be_a_command(&self.page, command));
                self.left_out.push(info.to_owned());
            }
            ("text", info) => {
                if let Some(command) = info.strip_prefix("of ") {
                    self.printed.clear();
                    self.command(block, command);
                }
                if let Some(line) = first_missing(&block.text, &self.printed) {
                    panic!(
                        "{}, line {}: nothing prints\n{line}\nbut\n{}",
                        self.page, block.line, self.printed
                    );
                }
            }
            _ => {}
        }
    }
}

/// Walks a page; gives how many commands ran, and the reasons of the blocks that did not.
fn walk(name: &str) -> (usize, Vec<String>) {
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    let folder = tempfile::Builder::new().prefix("gridcard-page-").tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    let shell = Shell::new(folder.path(), &binary());
    let stem = Path::new(name).file_stem().unwrap().to_string_lossy().into_owned();
    let answers = answers_of(&stem);
    let mut walk = Walk {
        page: name.to_owned(),
        shell,
        folder,
        answers,
        printed: String::new(),
        left_out: Vec::new(),
        ran: 0,
    };
    blocks(&text).iter().for_each(|block| walk.block(block));
    assert!(walk.answers.is_empty(), "{name}: nobody asks what these answer: {:?}", walk.answers);
    inline(&text).iter().for_each(|code| must_be_a_command(name, code));
    (walk.ran, walk.left_out)
}

/// Code that begins as a command of ours must be one: noun, verb, and every option it names.
fn must_be_a_command(page: &str, code: &str) {
    for line in code.replace("\\\n", " ").lines() {
        let line = line.split(" #").next().unwrap_or_default();
        for part in line.split(['|', ';', '&']) {
            let mut words = part.split_whitespace().skip_while(|word| word.contains('=') || *word == "sudo");
            if words.next() == Some("gridcard") {
                named(page, part, &words.map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }
}

fn named(page: &str, code: &str, words: &[String]) {
    let is_word =
        |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let mut noun: Vec<&str> = Vec::new();
    let mut help = help(&noun).unwrap();
    for word in words.iter().take_while(is_word) {
        let mut deeper = noun.clone();
        deeper.push(word);
        // A word behind the verb is an argument.
        let Some(more) = self::help(&deeper) else { break };
        (noun, help) = (deeper, more);
    }
    let verbs = help.contains("\nCommands:\n") && words.iter().any(|word| is_word(&word));
    assert!(
        !noun.is_empty() || words.is_empty() || words[0].starts_with('-'),
        "{page}: `{code}` is no command"
    );
    assert!(
        !verbs || noun.len() == words.iter().take_while(is_word).count(),
        "{page}: `{code}` is no command"
    );
    for option in words.iter().filter(|word| word.starts_with("--")) {
        let option = option.split('=').next().unwrap().trim_end_matches([',', ')', '.']);
        assert!(help.contains(option), "{page}: `{code}` names {option}, which that command has not");
    }
}

/// The help of a noun and verb; `None` when there is no such.
fn help(noun: &[&str]) -> Option<String> {
    let args: Vec<&str> = noun.iter().copied().chain(["--help"]).collect();
    let ran = Call::plain(&root(), &args).run();
    // Behind a whole command, `--help` shows the same again.
    let usage = format!("Usage: gridcard {}", noun.join(" "));
    (ran.code == 0 && ran.stdout.contains(usage.trim_end())).then_some(ran.stdout)
}

/// The pages, and how many of their blocks cannot be run by this test.
const PAGES: [(&str, usize); 11] = [
    ("README.md", 1),
    ("docs/guide/ceremony.md", 0),
    ("docs/guide/ci.md", 1),
    ("docs/guide/console.md", 0),
    ("docs/guide/formal.md", 0),
    ("docs/guide/meter.md", 0),
    ("docs/guide/office.md", 0),
    ("docs/guide/phone.md", 2),
    ("docs/guide/readers.md", 4),
    ("docs/guide/runbooks.md", 0),
    ("docs/guide/server.md", 3),
];

#[track_caller]
fn walked(name: &str) {
    let (_, blocks) = PAGES.iter().find(|(page, _)| *page == name).unwrap();
    let (ran, left_out) = walk(name);
    assert_eq!(left_out.len(), *blocks, "{name}: not run: {left_out:#?}");
    println!("{name}: {ran} commands ran; not run: {left_out:#?}");
}

#[test]
fn the_readme() {
    walked("README.md");
}

#[test]
fn the_page_of_a_ceremony() {
    walked("docs/guide/ceremony.md");
}

#[test]
fn the_page_about_ci_systems() {
    walked("docs/guide/ci.md");
}

#[test]
fn the_page_of_a_formal_province() {
    walked("docs/guide/formal.md");
}

#[test]
fn the_page_of_an_office() {
    walked("docs/guide/office.md");
}

#[test]
fn the_page_of_an_evening_with_a_meter() {
    walked("docs/guide/meter.md");
}

#[test]
fn the_page_of_a_sim_in_a_phone() {
    walked("docs/guide/phone.md");
}

#[test]
fn the_page_about_readers() {
    walked("docs/guide/readers.md");
}

#[test]
fn the_page_of_the_server() {
    walked("docs/guide/server.md");
}

#[test]
fn the_page_of_the_console() {
    walked("docs/guide/console.md");
}

#[test]
fn the_page_of_runbooks() {
    walked("docs/guide/runbooks.md");
}

#[test]
fn no_page_is_left_out() {
    let mut pages: BTreeMap<String, ()> = PAGES.iter().map(|(name, _)| ((*name).to_owned(), ())).collect();
    for entry in std::fs::read_dir(root().join("docs/guide")).unwrap() {
        let name = format!("docs/guide/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(!name.ends_with(".md") || pages.remove(&name).is_some(), "{name} is walked by no test");
    }
    assert_eq!(pages.into_keys().collect::<Vec<_>>(), ["README.md"], "these pages are not there");
}
