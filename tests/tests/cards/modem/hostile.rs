//! A modem written from the standard's words alone, with the habits that modems of the field have. It reads its commands by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vcard::Slot;
use wire::{ByteLink, Channel, LinkError};

/// What this modem does otherwise than the plainest one.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    /// Answers in small letters.
    pub small: bool,
    /// A blank behind the comma.
    pub blank: bool,
    /// +CSIM answers in digits alone.
    pub no_prefix: bool,
    /// No quotes.
    pub no_quotes: bool,
    /// Says another length than there is.
    pub wrong_length: bool,
    /// Test forms are refused.
    pub no_test_forms: bool,
    /// Fetches what waits by itself.
    pub follows: bool,
    /// Fetches it, uses it, and leaves 9000 to whoever fetches.
    pub eats: bool,
    /// Talks of other things in the midst of answers.
    pub talks: bool,
    /// Sends a message, as digits in a line of its own, in the midst of answers.
    pub message: bool,
    /// OK in the same line.
    pub glued: bool,
    /// More line ends than needed.
    pub storm: bool,
    /// Takes half a second for everything.
    pub slow: bool,
    /// The SIM is busy, twice for each command.
    pub busy: bool,
    /// Always echoes.
    pub echoes: bool,
    /// Longest line it takes.
    pub limit: Option<usize>,
    /// Has no +CSIM, and what it says instead.
    pub no_csim: Option<&'static str>,
    /// Has no +CRSM.
    pub no_crsm: bool,
    /// Its +CRSM takes no path.
    pub no_path: bool,
    /// Selects files of its own between two commands of ours.
    pub meddles: bool,
    /// Byte by byte.
    pub drips: bool,
    /// Errors without numbers, whatever it is asked for.
    pub plain_errors: bool,
    /// Instructions that +CSIM does not let through.
    pub filters: &'static [u8],
    /// Nothing at the SIM before the PIN; +CPINR tells the tries.
    pub locked: Option<Locked>,
    /// No SIM in it.
    pub no_sim: bool,
    /// Gone after so many commands.
    pub pulled_after: Option<usize>,
    /// No answer to the command after so many; it comes with the next.
    pub late_after: Option<usize>,
    /// Talks for ever.
    pub babbles: bool,
}

/// A lock before the SIM.
#[derive(Debug, Clone)]
pub struct Locked {
    pub pin: &'static str,
    pub tries: u8,
    /// Whether +CPINR is known.
    pub tells: bool,
}

/// What went over the line, for whoever looks afterwards.
#[derive(Default)]
pub struct Seen {
    pub lines: Vec<String>,
}

/// The modem, as the far end of a line.
pub struct Hostile {
    sim: Arc<Mutex<Slot>>,
    habits: Habits,
    seen: Arc<Mutex<Seen>>,
    line: Vec<u8>,
    out: VecDeque<Vec<u8>>,
    held: Vec<u8>,
    echo: bool,
    busy_left: u8,
    waited: Duration,
    open: bool,
    /// The last command of others was SELECT.
    selected: bool,
}

const SLOW: Duration = Duration::from_millis(500);

impl Hostile {
    pub fn new(sim: Arc<Mutex<Slot>>, habits: Habits) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let modem = Hostile {
            sim,
            open: habits.locked.is_none(),
            habits,
            seen: seen.clone(),
            line: Vec::new(),
            out: VecDeque::new(),
            held: Vec::new(),
            echo: true,
            busy_left: 2,
            waited: Duration::ZERO,
            selected: false,
        };
        (modem, seen)
    }

    fn card(&self, command: &[u8]) -> Vec<u8> {
        self.sim.lock().unwrap().transmit(command).unwrap()
    }

    /// A command, and what waits after it where the modem fetches.
    fn fetched(&self, command: &[u8]) -> Vec<u8> {
        let mut answer = self.card(command);
        while let [.., sw1 @ (0x61 | 0x9F), sw2] = answer[..] {
            let class = if sw1 == 0x9F { 0xA0 } else { 0x00 };
            let more = self.card(&[class, 0xC0, 0x00, 0x00, sw2]);
            answer.truncate(answer.len() - 2);
            answer.extend(more);
        }
        answer
    }

    fn say(&mut self, text: &str) {
        let mut bytes = text.as_bytes().to_vec();
        if self.habits.storm {
            bytes = text.replace("\r\n", "\r\n\r\n\r\r\n").into_bytes();
        }
        if self.habits.drips {
            self.out.extend(bytes.iter().map(|byte| vec![*byte]));
        } else {
            self.out.push_back(bytes);
        }
    }

    fn end(&mut self, info: Option<String>, error: Option<&str>) {
        if self.habits.talks {
            self.say("\r\n^RSSI:19\r\n\r\n+CMTI: \"SM\",3\r\n\r\n+CSIM: SMS Ready\r\n\r\nRING\r\n");
        }
        if self.habits.message {
            self.say("\r\n+CMT: ,24\r\n07916831082005059000\r\n");
        }
        if let Some(info) = &info {
            let glued = if self.habits.glued && info.ends_with('"') { "OK\r\n" } else { "\r\n\r\nOK\r\n" };
            self.say(&format!("\r\n{info}{glued}"));
            return;
        }
        match error {
            Some(_) if self.habits.plain_errors => self.say("\r\nERROR\r\n"),
            Some(error) => self.say(&format!("\r\n{error}\r\n")),
            None => self.say("\r\nOK\r\n"),
        }
    }

    fn command(&mut self, line: &str) {
        let count = {
            let mut seen = self.seen.lock().unwrap();
            seen.lines.push(line.to_owned());
            seen.lines.len()
        };
        if self.echo || self.habits.echoes {
            self.say(&format!("{line}\r"));
        }
        if self.habits.babbles && count > 3 {
            self.say(&"\r\n^TALK: on and on\r\n".repeat(10_000));
            return;
        }
        if self.habits.limit.is_some_and(|limit| line.len() > limit) {
            return self.end(None, Some("ERROR"));
        }
        let upper = line.to_ascii_uppercase();
        let Some(text) = upper.strip_prefix("AT") else { return };
        if self.habits.late_after == Some(count) {
            // What it has to say comes when somebody speaks again.
            let before = self.out.len();
            self.answer(text);
            self.held = self.out.drain(before..).flatten().collect();
            return;
        }
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.out.push_back(held);
        }
        self.answer(text);
    }

    fn answer(&mut self, text: &str) {
        let is_sim = text.starts_with("+CSIM=") || text.starts_with("+CRSM=");
        if is_sim && self.habits.busy && self.busy_left > 0 {
            self.busy_left -= 1;
            return self.end(None, Some("+CME ERROR: 14"));
        }
        self.busy_left = 2;
        match text {
            "" => self.end(None, None),
            "E0" => {
                self.echo = false;
                self.end(None, None);
            }
            "+CMEE=1" => self.end(None, None),
            "+CGMI" => self.end(Some("Tests".into()), None),
            "+CGMM" => self.end(Some("T1".into()), None),
            "+CPIN?" if self.habits.no_sim => self.end(None, Some("+CME ERROR: 10")),
            "+CPIN?" => {
                let state = if self.open { "READY" } else { "SIM PIN" };
                self.end(Some(format!("+CPIN: {state}")), None);
            }
            "+CPINR" => match &self.habits.locked {
                Some(locked) if locked.tells => {
                    let tries = locked.tries;
                    self.end(Some(format!("+CPINR: SIM PIN,{tries},3\r\n+CPINR: SIM PUK,10,10")), None);
                }
                _ => self.end(None, Some("+CME ERROR: 4")),
            },
            _ if text.starts_with("+CPIN=") => self.pin(&text[6..]),
            _ if text.ends_with("=?") && self.habits.no_test_forms => self.end(None, Some("ERROR")),
            _ if is_sim && self.habits.no_sim => self.end(None, Some("+CME ERROR: 10")),
            _ if is_sim && !self.open => self.end(None, Some("+CME ERROR: 11")),
            _ if text.starts_with("+CSIM=") => self.csim(&text[6..]),
            _ if text.starts_with("+CRSM=") => self.crsm(&text[6..]),
            _ => self.end(None, Some("+CME ERROR: 100")),
        }
    }

    fn pin(&mut self, given: &str) {
        let Some(locked) = &mut self.habits.locked else { return self.end(None, Some("+CME ERROR: 3")) };
        if given.trim_matches('"') == locked.pin {
            locked.tries = 3;
            self.open = true;
            self.end(None, None);
        } else {
            locked.tries = locked.tries.saturating_sub(1);
            self.end(None, Some("+CME ERROR: 16"));
        }
    }

    fn csim(&mut self, text: &str) {
        if let Some(error) = self.habits.no_csim {
            return self.end(None, Some(error));
        }
        let (length, digits) = text.split_once(',').unwrap_or_default();
        let digits = digits.trim_matches('"');
        let bytes = hex::decode(digits).ok().filter(|bytes| bytes.len() >= 5);
        let Some(command) = bytes.filter(|_| length.parse() == Ok(digits.len())) else {
            return self.end(None, Some("+CME ERROR: 50"));
        };
        if self.habits.filters.contains(&command[1]) {
            return self.end(None, Some("+CME ERROR: 3"));
        }
        let selected = std::mem::replace(&mut self.selected, matches!(command[1], 0xA4));
        if self.habits.meddles && !selected && !matches!(command[1], 0xA4 | 0xC0) {
            // Its own work, whenever nobody has just selected something: the loci file, as every phone writes it now and then.
            for step in ["A0A40000023F00", "A0A40000027F20", "A0A40000026F7E"] {
                self.card(&hex::decode(step).unwrap());
            }
        }
        let answer = if self.habits.follows { self.fetched(&command) } else { self.card(&command) };
        let answer = if self.habits.eats && command[1] == 0xC0 { vec![0x90, 0x00] } else { answer };
        let digits = hex::encode_upper(&answer);
        let length = if self.habits.wrong_length { 7 } else { digits.len() };
        let info = self.dressed("+CSIM", &[length.to_string()], &digits);
        self.end(Some(info), None);
    }

    fn dressed(&self, name: &str, fields: &[String], digits: &str) -> String {
        let quote = if self.habits.no_quotes { "" } else { "\"" };
        let comma = if self.habits.blank { " , " } else { "," };
        let mut text = match (self.habits.no_prefix, name) {
            (true, "+CSIM") => digits.to_owned(),
            _ if digits.is_empty() => format!("{name}: {}", fields.join(comma)),
            _ => format!("{name}: {}{comma}{quote}{digits}{quote}", fields.join(comma)),
        };
        if self.habits.small {
            text = text.to_ascii_lowercase();
        }
        text
    }

    /// The files of a classic SIM, by path: what +CRSM is about.
    fn crsm(&mut self, text: &str) {
        if self.habits.no_crsm {
            return self.end(None, Some("+CME ERROR: 4"));
        }
        let fields: Vec<&str> = text.split(',').map(|field| field.trim_matches('"')).collect();
        if self.habits.no_path && fields.len() > 6 {
            return self.end(None, Some("+CME ERROR: 50"));
        }
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u16>().ok()).unwrap_or(0);
        let (command, fid, p1, p2, p3) = (number(0), number(1), number(2), number(3), number(4) as u8);
        let data = hex::decode(fields.get(5).unwrap_or(&"")).unwrap();
        let path = match fields.get(6) {
            Some(path) => hex::decode(path).unwrap(),
            None if fid >> 8 == 0x2F || fid == 0x3F00 => vec![],
            None if matches!(fid, 0x6F3A..=0x6F47 | 0x6FE0) && fid != 0x6F3E => vec![0x7F, 0x10],
            None => vec![0x7F, 0x20],
        };
        let mut steps = vec![vec![0x3F, 0x00]];
        steps.extend(path.chunks(2).map(<[u8]>::to_vec).filter(|step| step != &[0x3F, 0x00]));
        if fid != 0x3F00 && steps.last().unwrap()[..] != fid.to_be_bytes() {
            steps.push(fid.to_be_bytes().to_vec());
        }
        let mut answer = vec![];
        for step in steps {
            answer = self.fetched(&[&[0xA0, 0xA4, 0x00, 0x00, 0x02], &step[..]].concat());
        }
        let header = |ins: u8| vec![0xA0, ins, p1 as u8, p2 as u8, p3];
        if answer.ends_with(&[0x90, 0x00]) {
            answer = match command {
                176 => self.card(&header(0xB0)),
                178 => self.card(&header(0xB2)),
                192 => answer,
                214 => self.card(&[header(0xD6), data].concat()),
                220 => self.card(&[header(0xDC), data].concat()),
                242 => self.card(&header(0xF2)),
                _ => return self.end(None, Some("+CME ERROR: 4")),
            };
        }
        let sw = answer.split_off(answer.len() - 2);
        let fields = [sw[0].to_string(), sw[1].to_string()];
        let info = self.dressed("+CRSM", &fields, &hex::encode_upper(&answer));
        self.end(Some(info), None);
    }
}

impl ByteLink for Hostile {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        for byte in bytes {
            match byte {
                b'\r' => {
                    let line = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
                    if !line.is_empty() {
                        self.command(&line);
                    }
                }
                0x1B | b'\n' => {}
                byte => self.line.push(*byte),
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        if self.habits.pulled_after.is_some_and(|count| self.seen.lock().unwrap().lines.len() > count) {
            return Err(LinkError::Closed);
        }
        if self.habits.slow && !self.out.is_empty() && self.waited < SLOW {
            self.waited += wait;
            return Ok(0);
        }
        let Some(mut chunk) = self.out.pop_front() else {
            self.waited = Duration::ZERO;
            return Ok(0);
        };
        let length = chunk.len().min(buffer.len());
        buffer[..length].copy_from_slice(&chunk[..length]);
        if chunk.len() > length {
            self.out.push_front(chunk.split_off(length));
        }
        Ok(length)
    }
}
