//! The person at the terminal: what he is told and asked.

use keys::Zeroizing;
use parties::{Context, Failure, Notes, Result, Secrets};
use scheme::{Kind, shown};
use std::io::{BufRead, IsTerminal, Write};

/// The terminal, or what stands in its place: stdin for answers, stderr for talk.
pub struct Terminal {
    /// Whether what is written to stdout is for a program.
    pub json: bool,
}

/// Wipes a terminal: the screen, and what was scrolled off it.
const WIPE: &str = "\x1b[2J\x1b[3J\x1b[H";

impl Notes for Terminal {
    fn say(&self, words: &str) {
        crate::screen::say(words);
    }
}

impl Secrets for Terminal {
    /// Asks for a line without showing it; reads a line of stdin when that is no terminal.
    fn ask(&self, prompt: &str) -> Result<Zeroizing<String>> {
        if std::io::stdin().is_terminal() {
            return rpassword::prompt_password(format!("{}: ", shown::line(prompt)))
                .map(Zeroizing::new)
                .context("no answer at the prompt");
        }
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().read_line(&mut line).context("cannot read stdin")?;
        if read == 0 {
            return Err(
                Failure::new(Kind::Usage, format!("stdin ended where this was asked: {prompt}")).into()
            );
        }
        Ok(Zeroizing::new(line.trim().to_owned()))
    }

    fn ask_openly(&self, prompt: &str) -> Result<String> {
        if std::io::stdin().is_terminal() {
            let _ = write!(std::io::stderr(), "{}: ", shown::line(prompt)); // a prompt that is not seen is still a prompt
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("cannot read stdin")?;
        Ok(line.trim().to_owned())
    }

    fn is_person(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    fn can_show(&self) -> bool {
        std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !self.json
    }

    fn show(&self, secret: &str) -> Result<()> {
        writeln!(std::io::stdout(), "{}", shown::lines(secret)).context("the screen cannot be written")
    }

    fn wipe(&self) -> Result<()> {
        let mut screen = std::io::stdout();
        write!(screen, "{WIPE}").and_then(|()| screen.flush()).context("the screen cannot be written")
    }
}
