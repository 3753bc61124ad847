//! What ends an act: an error of some crate below, with its kind and its hint, and what was being done.
//!
//! A [`Trouble`] is made of an error that implements [`Fault`], and of nothing else but what the list at the end of this file
//! names: an error that is in neither does not compile, so none can lose its kind or its hint on the way to the user.

use scheme::fault::{Hint, Told};
use scheme::{Fault, Kind};
use std::error::Error;
use std::fmt;

/// What an act gives.
pub type Result<T, E = Trouble> = std::result::Result<T, E>;

/// Why an act ended.
pub struct Trouble {
    /// What was being done, innermost first.
    doing: Vec<String>,
    cause: Box<dyn Fault + Send + Sync>,
}

impl Trouble {
    /// Of an error that says of what kind it is.
    pub fn new(cause: impl Fault + Send + Sync + 'static) -> Self {
        Trouble { doing: Vec::new(), cause: Box::new(cause) }
    }

    /// With what was being done.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.doing.push(doing.to_string());
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.cause.kind()
    }

    /// What to do about it.
    pub fn hint(&self) -> Hint {
        self.cause.hint()
    }

    /// Its stable name.
    pub fn code(&self) -> &str {
        self.cause.code()
    }

    /// As something that was found, and ends nothing.
    pub fn told(&self) -> Told {
        Told::new(self.code(), self.to_string())
    }

    /// The error itself and what it was caused by.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        fn next<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
            (*error).source()
        }
        let first: &(dyn Error + 'static) = &*self.cause;
        std::iter::successors(Some(first), next)
    }

    /// The first error of a type in its chain of causes. An error that is wrapped by `#[error(transparent)]` is none of them: its
    /// wrapper stands in its place.
    pub fn find<E: Error + 'static>(&self) -> Option<&E> {
        self.chain().find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for Trouble {
    /// The chain of causes in one line, what was being done in front; a cause that its error already quotes is not said twice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = String::new();
        let doing = self.doing.iter().rev().cloned();
        for text in doing.chain(self.chain().map(ToString::to_string)) {
            if words.is_empty() {
                words = text;
            } else if !words.contains(&text) {
                words.push_str(": ");
                words.push_str(&text);
            }
        }
        f.write_str(&words)
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.kind())
    }
}

/// Says of a failure what was being done.
pub trait Context<T> {
    /// What was being done.
    fn context(self, doing: impl fmt::Display) -> Result<T>;

    /// What was being done, told when it failed.
    fn with_context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: Into<Trouble>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(doing))
    }

    fn with_context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| error.into().context(doing()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, missing: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| refused(missing.to_string()).into())
    }

    fn with_context<D: fmt::Display>(self, missing: impl FnOnce() -> D) -> Result<T> {
        self.ok_or_else(|| refused(missing().to_string()).into())
    }
}

/// A failure of an act itself, in its own words.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    words: String,
    hint: Option<String>,
    code: Option<&'static str>,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: Kind, words: impl Into<String>) -> Self {
        Failure { kind, words: words.into(), hint: None, code: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a stable name for programs.
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Failure {}

impl Fault for Failure {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> Hint {
        self.hint.clone().map(Into::into)
    }

    fn code(&self) -> &str {
        self.code.unwrap_or(self.kind.name())
    }
}

/// The card or the data said no.
pub fn refused(words: impl Into<String>) -> Failure {
    Failure::new(Kind::Refused, words)
}

/// A security stop.
pub fn security(words: impl Into<String>) -> Failure {
    Failure::new(Kind::Security, words)
}

/// An error of the standard library or of a library of others: the data said no, in its words.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Outside {
    #[source]
    error: Box<dyn Error + Send + Sync>,
    code: &'static str,
}

impl Fault for Outside {
    fn code(&self) -> &str {
        self.code
    }
}

/// Errors of ours, each of which says of what kind it is.
macro_rules! ours {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Trouble::new(error)
            }
        }
    )+};
}

/// Errors of others.
macro_rules! outside {
    ($($error:ty => $code:literal),+ $(,)?) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Trouble::new(Outside { error: Box::new(error), code: $code })
            }
        }
    )+};
}

impl From<Box<dyn Fault + Send + Sync>> for Trouble {
    fn from(cause: Box<dyn Fault + Send + Sync>) -> Self {
        Trouble { doing: Vec::new(), cause }
    }
}

ours! {
    Failure, scheme::cards::CardsError, scheme::cards::NoCardRef, scheme::certificate::CertificateError, scheme::signed::SignedError, keys::sign::SignError, scheme::clock::ClockError, scheme::moment::ValidityError, scheme::money::MoneyError,
    scheme::numbers::NumberError, scheme::pairing::PairingFileError, scheme::pin::PinTextError, scheme::sim::NoChv, scheme::sim::NoMilenage, scheme::subscription::NumberFault, scheme::tariff::TariffError, wire::ChannelError,
    wire::LinkError, wire::dlt645::FrameError, reader::dlt645::AskError, reader::cjt188::PipeError, reader::link::NoPlace, reader::subboard::BoardError, reader::CardError, reader::driver::guard::PinError,
    reader::driver::sim::SimError, reader::modem::ModemError, reader::pcsc::FindError, reader::pcsc::PcscError, reader::script::PlayError, reader::script::ScriptError, issue::card::IssueError,
    issue::inspect::InspectError, issue::life::LifeError, issue::pairing::PairingError, issue::plan::PlanError, issue::production::KeySetError, issue::production::WriteError, issue::signing::SigningError, issue::source::SourceError, kdc::ceremony::CeremonyError,
    kdc::ceremony::ShareError, kdc::keystore::KeyStoreError, crate::people::operators::OperatorError, kdc::revocation::RevocationError, office::audit::AuditError,
    office::batch::BatchError, office::devices::DeviceListError, office::journal::JournalError, office::passage::PassageError, office::recorded::RecordedError,
    office::stock::StockError, office::store::StoreError, meter::MeterError, meter::PairingError, meter::bench::BenchError, meter::flash::FlashError,
    server::BankFileError, server::bank::NoAccount, server::bank_host::HostError, server::ClearError, server::DeliveryError, server::Fault, server::MessageError,
    server::OrderError, server::OnlineError, server::PhoneError, client::CodeError, server::SealError, server::ClosingError, server::ContractError, server::CompanyError, server::RequestError, server::ServerKeyError, server::SettleError, server::SuspenseError, server::EraseError,
    server::StoreError, server::TrainingError, server::register::RegisterError, server::register::ReplaceError, server::renewal::RenewalError, server::roster::LineError,
    server::roster::RosterError, server::WhichMeter, reader::trace::TraceError, wire::sms::record::RecordError,
    wire::sms::tpdu::TpduError,
}

outside! {
    std::io::Error => "io", std::str::Utf8Error => "not-utf8", std::string::FromUtf8Error => "not-utf8",
    std::num::ParseIntError => "not-a-number", std::num::TryFromIntError => "number-too-large", std::fmt::Error => "format",
    serde_json::Error => "json", disk::table::TableError => "table",
}

#[cfg(feature = "hsm")]
ours! { kdc::token::TokenError }
