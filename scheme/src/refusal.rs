//! Why a meter does not credit [docs/specs/purchase.md 5].

use wire::status::Sw;

/// The first check that failed when a SIM was put into a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// TPDU, packet or order is malformed.
    Format,
    /// TAR, SPI, KIc or KID are another card's.
    KeySet,
    /// The cryptographic checksum is wrong.
    Mac,
    /// The order is for another meter.
    MeterNumber,
    /// The order is for another ESAM of this meter.
    EsamSerial,
    /// The order has no signature, and this meter takes no other.
    Unsigned,
    /// The order's signature is not that of the server this meter knows.
    Signature,
    /// The order is for another customer.
    CustomerNumber,
    /// The order is for another SIM than the one inserted.
    SimBinding,
    /// The meter knows another SIM of this customer.
    SimChanged,
    /// Recharge of a meter that was never opened.
    NotOpened,
    /// Replacement SIM for a meter that was never opened.
    ReplacementNotOpened,
    /// Opening of a meter that is open.
    AlreadyOpened,
    /// The purchase count is below the meter's.
    CountOlder,
    /// A purchase before this one is missing.
    CountSkipped,
    /// Past its validity.
    Expired,
    /// The balance would pass its ceiling.
    OverCeiling,
    /// Test keys against formal ones.
    KeyState,
    /// CHV1 stands before the files.
    Chv,
    /// The ESAM answers wrongly.
    Esam,
    /// The ESAM does not answer a reset.
    EsamReset,
    /// The SIM does not answer a reset.
    SimReset,
    /// The ESAM could not prove itself to the meter.
    InternalAuthentication,
    /// The meter could not prove itself to the ESAM.
    ExternalAuthentication,
    /// The SIM lacks a file, or it is malformed.
    SimFile,
    /// The SIM was pulled.
    SimPulled,
    /// The receipt could not be written to the SIM.
    WriteBack,
    /// No order of ours on the SIM.
    NoOrder,
    /// A file on the medium is no whole order, or cannot be read.
    StorageFile,
    /// The medium was pulled.
    StoragePulled,
    /// The receipt could not be written to the medium.
    StorageWrite,
    /// No order of ours on the medium.
    StorageEmpty,
    /// The meter holds no pairing keys, or those of another ESAM.
    Pairing,
    /// The ESAM was taken out of use.
    Retired,
    /// The ESAM is of the older make.
    OlderMake,
    /// The supply is too low to write safely.
    LowVoltage,
    /// The user card does not answer a reset.
    CardReset,
    /// The user card could not prove itself.
    CardIdentity,
    /// The user card does not believe the meter.
    CardDoubts,
    /// Nothing was ever loaded onto the user card.
    CardUnissued,
    /// The card is no user card.
    CardType,
    /// The user card's MAC is wrong.
    CardMac,
    /// The user card is for another meter.
    CardMeter,
    /// The user card is for another customer.
    CardCustomer,
    /// The meter knows another card, or a SIM, of this customer.
    CardSerial,
    /// A file of the user card is damaged.
    CardFile,
    /// A purchase card for a meter that was never opened.
    CardNotOpened,
    /// A replacement card for a meter that was never opened.
    CardReplacement,
    /// The count of the user card is not the next one.
    CardCount,
    /// The user card brings money and was written back already.
    CardUsed,
    /// The user card does not do what it should.
    CardCommand,
    /// The user card was pulled.
    CardPulled,
    /// The balance would pass its ceiling.
    CardCeiling,
    /// The production card is of another city than the ESAM.
    CardCity,
    /// The production card has no number left, or may load no more ESAMs.
    CardSpent,
    /// The key card has no keys for this ESAM.
    CardKeys,
    /// The MCU cannot open the pairing on the key card.
    CardPairing,
    /// The keys on the card are not newer than formal ones the ESAM had.
    KeysOlder,
    /// The meter has no number yet.
    NoNumber,
    /// The meter has its number.
    HasNumber,
    /// A customer has the meter.
    InUse,
}

/// Who can do something about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cure {
    /// Who stands before the meter.
    Customer,
    /// The bank that sold.
    Bank,
    /// The city that has meters, cards and keys.
    City,
    /// Whoever repairs the meter.
    Service,
    /// Nobody has to: nothing is owed.
    Nobody,
}

impl Cure {
    /// Name in JSON and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Cure::Customer => "customer",
            Cure::Bank => "bank",
            Cure::City => "city",
            Cure::Service => "service",
            Cure::Nobody => "nobody",
        }
    }
}

struct Row {
    refusal: Refusal,
    sw: Option<Sw>,
    field_error: u8,
    name: &'static str,
    cure: Cure,
    words: &'static str,
}

const fn row(
    refusal: Refusal,
    sw: u16,
    field_error: u8,
    name: &'static str,
    cure: Cure,
    words: &'static str,
) -> Row {
    let sw = if sw == 0 { None } else { Some(Sw(sw)) };
    Row { refusal, sw, field_error, name, cure, words }
}

#[rustfmt::skip]
static TABLE: &[Row] = &[
    row(Refusal::Format,                 0x6A80, 14, "format",                 Cure::Bank,     "the order is damaged; have it sent again"),
    row(Refusal::KeySet,                 0x6A88, 10, "key-set",                Cure::Bank,     "the order was made for another kind of card; have the bank check its PSAM"),
    row(Refusal::Mac,                    0x6988, 10, "mac",                    Cure::Customer, "the order is not for this meter, or it was changed on its way; use it in its own meter"),
    row(Refusal::MeterNumber,            0x9E11, 11, "meter-number",           Cure::Customer, "the order is for another meter; use it in its own meter"),
    row(Refusal::EsamSerial,             0x9E14, 11, "esam-serial",            Cure::Bank,     "the order is for another security module than the one in this meter; have the bank make it anew"),
    row(Refusal::Unsigned,               0x9E18, 10, "unsigned",               Cure::Bank,     "the meter takes signed orders alone; have the bank take the city's list of meters and make the order anew"),
    row(Refusal::Signature,              0x9E19, 10, "signature",              Cure::City,     "the order is not signed by the payment server this meter knows; have the city bring it the server's certificate"),
    row(Refusal::CustomerNumber,         0x9E12, 12, "customer-number",        Cure::Bank,     "the order is for another customer; check the registration"),
    row(Refusal::SimBinding,             0x9E13, 13, "sim-binding",            Cure::Customer, "the order belongs to another SIM; insert the SIM it was sent to, or its file as the bank gave it"),
    row(Refusal::SimChanged,             0x9E23, 13, "sim-changed",            Cure::Bank,     "the meter knows another SIM of this customer; ask for a replacement order"),
    row(Refusal::NotOpened,              0x9E15, 15, "not-opened",             Cure::Bank,     "the meter was never opened; it takes an opening order first"),
    row(Refusal::ReplacementNotOpened,   0x9E16, 16, "replacement-not-opened", Cure::Bank,     "the meter was never opened; it takes an opening order before a replacement SIM"),
    row(Refusal::AlreadyOpened,          0x9E27, 17, "already-opened",         Cure::Bank,     "the meter is open already; it takes a recharge"),
    row(Refusal::CountOlder,             0x9E17, 17, "count-older",            Cure::Nobody,   "this order is older than the last one credited; nothing is owed for it"),
    row(Refusal::CountSkipped,           0x9E37, 17, "count-skipped",          Cure::Customer, "an order before this one is missing; insert that one first"),
    row(Refusal::Expired,                0x9E09,  9, "expired",                Cure::Bank,     "the order is past its validity; have it made anew"),
    row(Refusal::OverCeiling,            0x9E21, 21, "over-ceiling",           Cure::Customer, "the balance would pass the meter's ceiling; use up some of it and insert the order again, or have the bank change or reverse the order"),
    row(Refusal::KeyState,               0,       9, "key-state",              Cure::Service,  "test card in a formal meter, or the reverse; nothing was tried"),
    row(Refusal::Chv,                    0,       5, "chv",                    Cure::Customer, "the SIM asks for its PIN (CHV1); switch it off in a phone and insert the SIM again"),
    row(Refusal::Esam,                   0,       2, "esam",                   Cure::Service,  "the meter's security module answers wrongly; the meter needs service"),
    row(Refusal::EsamReset,              0,       3, "esam-reset",             Cure::Service,  "the meter's security module does not answer; the meter needs service"),
    row(Refusal::SimReset,               0,       4, "sim-reset",              Cure::Customer, "the SIM does not answer; clean it and insert it again"),
    row(Refusal::InternalAuthentication, 0,       5, "internal-authentication", Cure::Service,  "the security module in the meter is not its own; the meter needs service"),
    row(Refusal::ExternalAuthentication, 0,       6, "external-authentication", Cure::Service,  "the security module refuses its meter; the meter needs service"),
    row(Refusal::SimFile,                0,      14, "sim-file",               Cure::Customer, "the SIM has no readable message store"),
    row(Refusal::SimPulled,              0,      20, "sim-pulled",             Cure::Customer, "the SIM was pulled too early; insert it again, no money is lost"),
    row(Refusal::WriteBack,              0,      19, "write-back",             Cure::Customer, "credited, but the receipt could not be written; insert the SIM again"),
    row(Refusal::NoOrder,                0,       7, "no-order",               Cure::Bank,     "there is no order for electricity on this SIM"),
    row(Refusal::StorageFile,            0,      14, "storage-file",           Cure::Bank,     "the file is no whole order; have the bank hand it out again, and insert it as it is"),
    row(Refusal::StoragePulled,          0,      20, "storage-pulled",         Cure::Customer, "the medium was pulled too early; insert it again, no money is lost"),
    row(Refusal::StorageWrite,           0,      19, "storage-write",          Cure::Customer, "credited, but the receipt could not be written beside the order; insert it on a medium that can be written"),
    row(Refusal::StorageEmpty,           0,       7, "storage-empty",          Cure::Bank,     "there is no order for electricity on this medium"),
    row(Refusal::Pairing,                0,       5, "pairing",                Cure::Service,  "the meter was never paired with its security module; the meter needs service"),
    row(Refusal::Retired,                0,       2, "retired",                Cure::Service,  "the meter's security module was taken out of use; the meter needs a new one"),
    row(Refusal::LowVoltage,             0,       1, "low-voltage",            Cure::Service,  "the supply is too low to credit safely; try again when the voltage is back"),
    row(Refusal::CardReset,              0,       4, "card-reset",             Cure::Customer, "the card does not answer; clean it and insert it again"),
    row(Refusal::CardIdentity,           0,       5, "card-identity",          Cure::Bank,     "the card could not prove itself; have the bank write it for this meter"),
    row(Refusal::CardDoubts,             0,       6, "card-doubts",            Cure::Bank,     "the card does not know this meter; have the bank write it for this meter"),
    row(Refusal::CardUnissued,           0,       7, "card-unissued",          Cure::Bank,     "there is no purchase on the card; have the bank write one"),
    row(Refusal::CardType,               0,       8, "card-type",              Cure::Customer, "the card is no user card; insert the card from the bank"),
    row(Refusal::CardMac,                0,      10, "card-mac",               Cure::Bank,     "what the card brings is not from the bank; have the bank write it anew"),
    row(Refusal::CardMeter,              0,      11, "card-meter",             Cure::Customer, "the card is for another meter; insert it into its own meter"),
    row(Refusal::CardCustomer,           0,      12, "card-customer",          Cure::Bank,     "the card is for another customer than this meter's; check the registration"),
    row(Refusal::CardSerial,             0,      13, "card-serial",            Cure::Bank,     "the meter knows another card or a SIM of this customer; have the bank write a replacement card"),
    row(Refusal::CardFile,               0,      14, "card-file",              Cure::Bank,     "a file of the card is damaged; have the bank write the card anew"),
    row(Refusal::CardNotOpened,          0,      15, "card-not-opened",        Cure::Bank,     "the meter was never opened; it takes an opening card first"),
    row(Refusal::CardReplacement,        0,      16, "card-replacement",       Cure::Bank,     "the meter was never opened; it takes an opening card before a replacement"),
    row(Refusal::CardCount,              0,      17, "card-count",             Cure::Bank,     "a purchase before the one on the card is missing; take the card to the bank"),
    row(Refusal::CardUsed,               0,      18, "card-used",              Cure::Bank,     "the card was written back before its money was taken; take it to the bank"),
    row(Refusal::CardCommand,            0,      19, "card-command",           Cure::Customer, "the card does not do what it should; insert it again, no money is lost"),
    row(Refusal::CardPulled,             0,      20, "card-pulled",            Cure::Customer, "the card was pulled too early; insert it again, no money is lost"),
    row(Refusal::CardCeiling,            0,      21, "card-ceiling",           Cure::Customer, "the balance would pass the meter's ceiling; use up some of it and insert the card again"),
    row(Refusal::CardCity,               0,       9, "card-city",              Cure::City,     "the card is of another city than the meter's security module; take a card of its own city"),
    row(Refusal::CardSpent,              0,      17, "card-spent",             Cure::City,     "the card is used up; have the city read it and write another one"),
    row(Refusal::CardKeys,               0,      11, "card-keys",              Cure::City,     "the card has no keys for this meter; have the city write a card for it"),
    row(Refusal::CardPairing,            0,      10, "card-pairing",           Cure::City,     "the meter cannot open what the card has for it; it needs the transport root that city and makers agreed"),
    row(Refusal::KeysOlder,              0,       9, "keys-older",             Cure::City,     "the meter had formal keys of this version or a higher one; have the city write a card with newer keys"),
    row(Refusal::NoNumber,               0,       9, "no-number",              Cure::City,     "the meter has no number yet; a number card comes before a key card"),
    row(Refusal::HasNumber,              0,       9, "has-number",             Cure::Nobody,   "the meter has its number; nothing was taken off the card"),
    row(Refusal::InUse,                  0,       9, "in-use",                 Cure::Nobody,   "a customer has the meter; what a meter begins with comes before him"),
    row(Refusal::OlderMake,              0,       9, "older-make",             Cure::Service,  "the meter's security module is of the older make and credits no more; the meter needs a new one"),
];

impl Refusal {
    fn row(self) -> &'static Row {
        // Every variant has its row; a test goes through them all.
        TABLE.iter().find(|row| row.refusal == self).unwrap_or(&TABLE[0])
    }

    /// All refusals, in the order of the table.
    pub fn all() -> impl Iterator<Item = Refusal> {
        TABLE.iter().map(|row| row.refusal)
    }

    /// The ESAM's status word; `None` for what only the meter sees.
    pub fn sw(self) -> Option<Sw> {
        self.row().sw
    }

    /// The refusal of an ESAM's status word.
    pub fn from_sw(sw: Sw) -> Option<Self> {
        TABLE.iter().find(|row| row.sw == Some(sw)).map(|row| row.refusal)
    }

    /// Card error number of the field, 1 to 21.
    pub fn field_error(self) -> u8 {
        self.row().field_error
    }

    /// What the meter shows: Err-31 to Err-36.
    pub fn display(self) -> &'static str {
        match self.field_error() {
            0..=3 => "Err-31",
            4..=10 => "Err-32",
            11..=13 => "Err-33",
            14..=18 => "Err-34",
            19..=20 => "Err-35",
            _ => "Err-36",
        }
    }

    /// Name in files and JSON.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Who can cure it.
    pub fn cure(self) -> Cure {
        self.row().cure
    }

    /// One sentence for a clerk.
    pub fn words(self) -> &'static str {
        self.row().words
    }
}
