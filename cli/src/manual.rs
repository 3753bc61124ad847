//! What help pages and man pages say beside the options: examples, the environment, files. Texts: `manual.txt`.

use clap::Command;
use clap::builder::StyledStr;
use clap_mangen::Man;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The texts: examples of each command, files of each noun.
const TEXTS: &str = include_str!("manual.txt");

/// Variables that every command heeds.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("GRIDCARD_HOME", "the home, as --home"),
    ("GRIDCARD_OPERATOR", "the operator who acts, as --operator"),
    ("XDG_DATA_HOME", "without a home the folder gridcard in it (default ~/.local/share)"),
];

/// Columns of a page; an example that is longer goes on in the next line.
const COLUMNS: usize = 78;

/// Before the further lines of an example.
const INDENT: &str = "      ";

/// Examples on the page of a command with commands below it.
const OF_A_GROUP: usize = 4;

/// The lines below a heading of the texts.
fn section(heading: &str) -> impl Iterator<Item = &'static str> {
    let lines = TEXTS.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.is_empty())
}

/// The examples of a command, by its words behind `gridcard`; of one with commands below it the first of some of them.
pub fn examples(words: &str) -> Vec<&'static str> {
    let own: Vec<&str> = section(&format!("= {words}")).collect();
    if !own.is_empty() {
        return own;
    }
    let below = TEXTS.lines().filter_map(|line| line.strip_prefix("= "));
    let below = below.filter(|name| {
        name.strip_prefix(words).is_some_and(|rest| words.is_empty() || rest.starts_with(' '))
    });
    // Of the whole command those that a newcomer wants.
    if words.is_empty() {
        return ["demo", "server order", "sim write", "meter insert", "server settle"]
            .iter()
            .filter_map(|name| section(&format!("= {name}")).next())
            .collect();
    }
    below.filter_map(|name| section(&format!("= {name}")).next()).take(OF_A_GROUP).collect()
}

/// The files of a noun, and what is in them; of one that has none of its own those of every party.
fn files(noun: &str) -> Vec<(&'static str, &'static str)> {
    let of = |noun: &str| section(&format!("@ {noun}")).filter_map(|line| line.split_once(" | ")).collect();
    let own: Vec<_> = of(noun);
    if own.is_empty() { section("@").filter_map(|line| line.split_once(" | ")).collect() } else { own }
}

/// An example in lines that fit a page: it is broken before an option, so that its value stays with it.
fn folded(example: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in example.split(" --") {
        match lines.last_mut() {
            None => lines.push(part.to_owned()),
            Some(line) if line.len() + part.len() + " -- \\".len() + INDENT.len() <= COLUMNS => {
                line.push_str(" --");
                line.push_str(part);
            }
            Some(_) => lines.push(format!("--{part}")),
        }
    }
    lines.join(&format!(" \\\n{INDENT}"))
}

/// Names and what they are, under each other.
fn list(rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, words) in rows {
        let _ = write!(text, "\n  {name:width$} ");
        let mut column = width + 3;
        for word in words.split(' ') {
            if column + 1 + word.len() > COLUMNS {
                let _ = write!(text, "\n   {:width$}", "");
                column = width + 3;
            }
            let _ = write!(text, " {word}");
            column += 1 + word.len();
        }
    }
    text
}

/// The end of a help page.
fn end(words: &str, before: Option<&StyledStr>) -> String {
    let examples: String = examples(words).iter().map(|example| format!("\n  {}", folded(example))).collect();
    let noun = words.split(' ').next().unwrap_or_default();
    let mut text = before.map(|text| format!("{text}\n\n")).unwrap_or_default();
    let _ = write!(text, "Examples:{examples}");
    let _ = write!(text, "\n\nEnvironment:{}", list(&ENVIRONMENT));
    let _ = write!(text, "\n\nFiles:{}", list(&files(noun)));
    text
}

/// The command line with the pages complete that `args` may ask for: those of commands whose names stand in it, and its own. The others
/// would be most of the work.
pub fn complete(command: Command, args: &[OsString]) -> Command {
    fn page(command: Command, words: &str, args: &[OsString]) -> Command {
        let text = end(words, command.get_after_help());
        command.after_help(text).mut_subcommands(|below| {
            if !args.iter().any(|arg| arg == below.get_name()) {
                return below;
            }
            let name = format!("{words} {}", below.get_name());
            page(below, name.trim_start(), args)
        })
    }
    page(command, "", args)
}

/// Every page of the manual of a command line: the name of its file, and its text.
pub fn pages(command: Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    fn add(command: &Command, words: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let name = format!("{words} {}", below.get_name());
            add(below, name.trim_start(), pages)?;
        }
        let man = Man::new(command.clone());
        pages.push((man.get_filename(), page(&man, command, words)?));
        Ok(())
    }
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut all = Vec::new();
    add(&command, "", &mut all)?;
    Ok(all)
}

fn page(man: &Man, command: &Command, words: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_help() {
        write!(page, ".SH \"EXIT STATUS\"\n{}\n", escaped(&text.to_string()))?;
    }
    write!(page, ".SH EXAMPLES\n.nf\n")?;
    for example in examples(words) {
        writeln!(page, "{}", escaped(&folded(example)))?;
    }
    write!(page, ".fi\n.SH ENVIRONMENT\n{}", terms(&ENVIRONMENT))?;
    let noun = words.split(' ').next().unwrap_or_default();
    write!(page, ".SH FILES\n{}", terms(&files(noun)))?;
    if words.is_empty() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// Names and what they are, as a man page has them.
fn terms(rows: &[(&str, &str)]) -> String {
    rows.iter().map(|(name, words)| format!(".TP\n{}\n{}\n", escaped(name), escaped(words))).collect()
}

/// Text as roff takes it: no character of it is a request or an escape.
fn escaped(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}
