//! What became of a message, as a centre tells the server: in a text of a loose form, or in parameters beside it [docs/specs/smpp.md 3].

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// On its way.
    Enroute,
    /// The phone took it. Whether a meter did, nobody says by that.
    Delivered,
    /// It was waited for too long.
    Expired,
    /// Somebody took it out.
    Deleted,
    /// It cannot be delivered.
    Undeliverable,
    /// Somebody read it for the receiver.
    Accepted,
    /// Nobody knows.
    Unknown,
    /// It was turned away.
    Rejected,
}

impl Fate {
    const ALL: [(u8, &'static str, Fate); 8] = [
        (1, "ENROUTE", Fate::Enroute),
        (2, "DELIVRD", Fate::Delivered),
        (3, "EXPIRED", Fate::Expired),
        (4, "DELETED", Fate::Deleted),
        (5, "UNDELIV", Fate::Undeliverable),
        (6, "ACCEPTD", Fate::Accepted),
        (7, "UNKNOWN", Fate::Unknown),
        (8, "REJECTD", Fate::Rejected),
    ];

    /// Its number in the parameter.
    #[must_use]
    pub fn number(self) -> u8 {
        Self::ALL.iter().find(|(.., fate)| *fate == self).map_or(7, |(number, ..)| *number)
    }

    /// Its word in the text.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(.., fate)| *fate == self).map_or("UNKNOWN", |(_, word, _)| *word)
    }

    /// Of a number; one that nobody knows is unknown.
    #[must_use]
    pub fn of_number(number: u8) -> Self {
        Self::ALL.iter().find(|(known, ..)| *known == number).map_or(Fate::Unknown, |(.., fate)| *fate)
    }

    fn of_word(word: &str) -> Self {
        let known = |known: &str| word.eq_ignore_ascii_case(known);
        Self::ALL.iter().find(|(_, name, _)| known(name)).map_or(Fate::Unknown, |(.., fate)| *fate)
    }

    /// Whether nothing more comes of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Fate::Enroute)
    }
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the centre calls the message.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
    /// When, as the centre writes it: `YYMMDDhhmm`, some with seconds, in whatever zone. Empty where it does not say.
    pub done: String,
}

impl Receipt {
    /// The text of a receipt. The time when the message was sent is told as the same: nobody here needs it.
    #[must_use]
    pub fn text(&self) -> String {
        let Receipt { id, fate, done } = self;
        let came = if *fate == Fate::Delivered { "001" } else { "000" };
        let word = fate.word();
        format!("id:{id} sub:001 dlvrd:{came} submit date:{done} done date:{done} stat:{word} err:000 text:")
    }

    /// Reads a text; `None`: it names no message. What parameters say goes before it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let at = text.to_ascii_lowercase().find(name)?;
            let rest = text.get(at + name.len()..)?;
            Some(rest.split(char::is_whitespace).next().unwrap_or_default().to_owned())
        };
        let id = field("id:").filter(|id| !id.is_empty())?;
        let fate = field("stat:").map_or(Fate::Unknown, |word| Fate::of_word(&word));
        Some(Receipt { id, fate, done: field("done date:").unwrap_or_default() })
    }

    /// Under which names the message may have been taken: there are centres that say the number once in decimal digits and once in
    /// hexadecimal ones.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.id.clone()];
        if let Ok(number) = self.id.parse::<u64>() {
            names.push(format!("{number:x}"));
            names.push(format!("{number:X}"));
        }
        if let Ok(number) = u64::from_str_radix(&self.id, 16) {
            names.push(number.to_string());
        }
        names
    }
}
