//! What a phone was told, and forgets when it is reset.

/// A memory of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// EF_SMS.
    Sim,
    /// The phone's own.
    Phone,
}

impl Memory {
    /// All there are.
    pub const ALL: [Memory; 2] = [Memory::Sim, Memory::Phone];

    /// Its name on the line.
    pub const fn name(self) -> &'static str {
        match self {
            Memory::Sim => "SM",
            Memory::Phone => "ME",
        }
    }

    /// The memory of a name.
    pub fn of(name: &str) -> Option<Self> {
        Memory::ALL.into_iter().find(|memory| memory.name() == name)
    }
}

/// Places in [`Settings::memories`].
pub const READING: usize = 0;
/// Where messages are written.
pub const WRITING: usize = 1;
/// Where messages of the network go.
pub const RECEIVING: usize = 2;

/// What a phone was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// E: what comes is repeated.
    pub echo: bool,
    /// +CMEE: 0 ERROR, 1 numbers, 2 words.
    pub errors: u8,
    /// +CMGF: messages as text.
    pub text: bool,
    /// +CSDH: text mode tells more of each message.
    pub verbose: bool,
    /// +CSCS: the alphabet of strings.
    pub alphabet: &'static str,
    /// +CPMS: read and delete, write and send, receive.
    pub memories: [Memory; 3],
    /// +CNMI: mode, messages, broadcasts, reports, buffer.
    pub notices: [u8; 5],
    /// +CSMS: 1 speaks of acknowledgements.
    pub service: u8,
    /// +CSMP: first octet, validity, protocol, coding of text that is sent.
    pub text_parameters: [u8; 4],
    /// +CREG and +CGREG: how much is told of the network.
    pub registration: [u8; 2],
    /// +COPS: 0 the long name, 1 the short one, 2 the number.
    pub operator: u8,
    /// +CPBS: the telephone book.
    pub book: &'static str,
    /// +CFUN.
    pub functions: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            echo: true,
            errors: 0,
            text: false,
            verbose: false,
            alphabet: "GSM",
            memories: [Memory::Sim; 3],
            notices: [0; 5],
            service: 0,
            text_parameters: [17, 167, 0, 0],
            registration: [0; 2],
            operator: 0,
            book: "SM",
            functions: 1,
        }
    }
}
