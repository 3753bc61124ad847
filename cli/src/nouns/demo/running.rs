//! This command in processes of its own, in one folder: what is asked and answered, what goes on running, and how it ends.

use crate::prelude::*;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that goes on.
struct Going {
    name: String,
    child: Child,
}

/// Processes of the command.
pub struct Running {
    program: PathBuf,
    home: PathBuf,
    folder: PathBuf,
    going: Vec<Going>,
}

impl Running {
    /// None yet; their files are in a folder of the home, whose place is absolute.
    ///
    /// # Errors
    /// The program does not find itself; the folder cannot be made.
    pub fn new(home: &Path) -> Result<Self> {
        let folder = home.join("demo");
        disk::create_folder(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let program = std::env::current_exe().context("where this program is")?;
        Ok(Running { program, home: home.to_owned(), folder, going: Vec::new() })
    }

    /// Where their files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of theirs, for its owner alone.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn file(&self, name: &str, text: &str) -> Result<()> {
        parties::home::write(&self.folder.join(name), text.as_bytes())
    }

    /// Reads one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &str) -> Result<String> {
        parties::home::read_text(&self.folder.join(name))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            // What whoever runs the demo has set for himself.
            if name.to_string_lossy().starts_with("GRIDCARD_") {
                command.env_remove(name);
            }
        }
        command.arg("--home").arg(&self.home).args(args).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, and gives its answer.
    ///
    /// # Errors
    /// What it says.
    pub fn done(&self, args: &[&str]) -> Result<Value> {
        let out = self.command(args).arg("--json").output().context("this program once more")?;
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        if out.status.success() {
            return Ok(answer);
        }
        let words = answer["error"]
            .as_str()
            .map_or_else(|| String::from_utf8_lossy(&out.stderr).trim().to_owned(), str::to_owned);
        Err(refused(format!("gridcard {}: {words}", args.join(" "))).into())
    }

    /// Begins one that goes on, and gives the object it says first.
    ///
    /// # Errors
    /// It ends before it has said one.
    pub fn begin(&mut self, name: &str, args: &[&str]) -> Result<Value> {
        let args = [args, &["--json"]].concat();
        let line = self.line(name, &args)?;
        let said: Value = serde_json::from_str(&line).with_context(|| format!("{name} says {line}"))?;
        match said["error"].as_str() {
            Some(words) => Err(refused(format!("{name} does not begin: {words}")).into()),
            None => Ok(said),
        }
    }

    /// Begins one that goes on, and gives the line it says first. What else it says is in `NAME.log`.
    ///
    /// # Errors
    /// It ends before it has said one.
    pub fn line(&mut self, name: &str, args: &[&str]) -> Result<String> {
        let log = self.folder.join(format!("{name}.log"));
        let file = disk::open_to_append(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let mut command = self.command(args);
        let mut child =
            command.stdout(Stdio::piped()).stderr(file).spawn().context("this program once more")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            stdout.read_line(&mut line).with_context(|| format!("what {name} says"))?;
            // It may go on talking to nobody, and must not stop because of that.
            std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        }
        self.going.push(Going { name: name.to_owned(), child });
        if line.trim().is_empty() {
            let said = self.read(&format!("{name}.log")).unwrap_or_default();
            return Err(refused(format!("{name} does not begin: {}", said.trim())).into());
        }
        Ok(line.trim().to_owned())
    }

    /// Ends one.
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn end(&mut self, name: &str) -> Result<()> {
        for going in self.going.extract_if(.., |going| going.name == name) {
            end(going)?;
        }
        Ok(())
    }

    /// Ends all of them, the last begun first.
    ///
    /// # Errors
    /// One cannot be ended.
    pub fn end_all(&mut self) -> Result<()> {
        while let Some(going) = self.going.pop() {
            end(going)?;
        }
        Ok(())
    }
}

/// Asks it to end, and waits for it. What it was about to write it writes.
fn end(mut going: Going) -> Result<()> {
    // One that has ended by itself hears nothing.
    let _ = kill_process(Pid::from_child(&going.child), Signal::TERM);
    going.child.wait().with_context(|| format!("{} does not end", going.name))?;
    Ok(())
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where the story broke off nobody may go on.
        for mut going in self.going.drain(..) {
            let _ = going.child.kill();
            let _ = going.child.wait();
        }
    }
}
