//! Which kinds of card there are, and on which keys a card lives.

/// Kind of a card, as in its card information and its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CardKind {
    /// Main control card of a province: holds the roots.
    MainControl = 1,
    /// Issuing card of a city that makes PSAMs.
    PsamIssuing = 2,
    /// Issuing card of a city that makes ESAMs.
    EsamIssuing = 3,
    /// PSAM of a bank office.
    Psam = 4,
    /// Embedded security module of a meter.
    Esam = 5,
    /// Customer's SIM, classic.
    Sim = 6,
    /// Production test card.
    TestCard = 7,
    /// A plain FMCOS card with no applet of ours: whatever is made of it arrives by APDU.
    Fmcos = 8,
    /// Customer's SIM on a UICC: a USIM application, and the classic SIM beside it.
    Uicc = 9,
    /// Issuing card of a city that makes production test cards; always of the test hierarchy.
    TestIssuing = 0x0A,
    /// A customer's classic purchase card.
    UserCard = 0x0B,
    /// A card that works on meters in test state while they are made: it numbers them, presets them, or brings their formal keys.
    ProductionCard = 0x0C,
}

impl CardKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [CardKind; 12] = [
        CardKind::MainControl,
        CardKind::PsamIssuing,
        CardKind::EsamIssuing,
        CardKind::Psam,
        CardKind::Esam,
        CardKind::Sim,
        CardKind::TestCard,
        CardKind::Fmcos,
        CardKind::Uicc,
        CardKind::TestIssuing,
        CardKind::UserCard,
        CardKind::ProductionCard,
    ];

    /// The kinds that are made by writing files and keys into a blank, the makers before what they make.
    pub const ISSUED: [CardKind; 9] = [
        CardKind::MainControl,
        CardKind::PsamIssuing,
        CardKind::EsamIssuing,
        CardKind::TestIssuing,
        CardKind::Psam,
        CardKind::TestCard,
        CardKind::Esam,
        CardKind::UserCard,
        CardKind::ProductionCard,
    ];

    /// The kind byte.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a kind byte.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            CardKind::MainControl => "main-control",
            CardKind::PsamIssuing => "psam-issuing",
            CardKind::EsamIssuing => "esam-issuing",
            CardKind::Psam => "psam",
            CardKind::Esam => "esam",
            CardKind::Sim => "sim",
            CardKind::TestCard => "test-card",
            CardKind::Fmcos => "fmcos",
            CardKind::TestIssuing => "test-issuing",
            CardKind::Uicc => "uicc",
            CardKind::UserCard => "user-card",
            CardKind::ProductionCard => "production-card",
        }
    }

    /// What people call the card, with which its number is said: `PSAM 330200000001`.
    pub const fn title(self) -> &'static str {
        match self {
            CardKind::MainControl => "main control card",
            CardKind::PsamIssuing => "PSAM issuing card",
            CardKind::EsamIssuing => "ESAM issuing card",
            CardKind::TestIssuing => "test issuing card",
            CardKind::Psam => "PSAM",
            CardKind::Esam => "ESAM",
            CardKind::TestCard => "test card",
            CardKind::Fmcos => "FMCOS card",
            CardKind::UserCard => "user card",
            CardKind::ProductionCard => "production card",
            CardKind::Sim | CardKind::Uicc => "SIM",
        }
    }

    /// True for both SIM kinds: the file tree comes with the mask, and class A0 is answered.
    pub const fn is_sim(self) -> bool {
        matches!(self, CardKind::Sim | CardKind::Uicc)
    }

    /// Whether a card of this kind does what a command wants of `wanted`: its own kind, and a UICC is a SIM too.
    pub fn serves_as(self, wanted: CardKind) -> bool {
        self == wanted || (wanted == CardKind::Sim && self.is_sim())
    }

    /// Whether the card gives keys to other cards for a city: kinds 02, 03 and 0A.
    pub const fn is_city_issuing(self) -> bool {
        matches!(self, CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing)
    }

    /// Whether the card has its keys and what it does in an application below the MF, and its own master alone in the MF.
    pub const fn has_application(self) -> bool {
        matches!(self, CardKind::Psam | CardKind::TestCard | CardKind::UserCard | CardKind::ProductionCard)
    }

    /// Whether the card is of the field's kind, T=0 with an ESAM's ATR: what is in a meter, or is put into one.
    pub const fn is_met_by_meters(self) -> bool {
        matches!(self, CardKind::Esam | CardKind::UserCard | CardKind::ProductionCard)
    }

    /// Whether the card lives on the published test hierarchy, whatever the state of its maker.
    pub const fn is_always_test(self) -> bool {
        matches!(self, CardKind::TestIssuing | CardKind::TestCard)
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether a card lives on test keys or on formal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Published keys; never money.
    Test = 0,
    /// Keys of a ceremony.
    Formal = 1,
    /// Taken out of use for good: its keys are destroyed. No hierarchy is in this state, only cards are.
    Retired = 2,
}

impl State {
    /// The state of a state byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(State::Test),
            1 => Some(State::Formal),
            2 => Some(State::Retired),
            _ => None,
        }
    }

    /// The state byte.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// "test", "formal" or "retired".
    pub const fn name(self) -> &'static str {
        match self {
            State::Test => "test",
            State::Formal => "formal",
            State::Retired => "retired",
        }
    }
}
