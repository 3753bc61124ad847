//! Books to learn with: they sell as all do, and nothing in them is money [docs/specs/books.md 21].
//!
//! What makes it so are rules of the books, whoever asks: such books are begun empty and stay what they are; no meter with formal keys comes
//! into them, so what is sold is taken by test meters alone; and a debit names no account that a bank has.

use crate::bank::BankAccount;
use crate::engine::params;
use crate::error::StoreError;
use crate::meters::{Esam, KeyState};
use crate::order_error::OrderError;
use crate::store::{Store, Transaction, View};
use crate::training_error::{ACCOUNTS, TrainingError};

/// Tables that are empty in books that may become such ones.
const BEGUN: [&str; 5] = ["customer", "esam", "life", "transfer", "application"];

/// Books to learn with.
pub trait Training {
    /// Whether these are.
    ///
    /// # Errors
    /// The books cannot be read.
    fn is_training(&self) -> Result<bool, StoreError>;

    /// They are from now on, for good.
    ///
    /// # Errors
    /// They have been worked with.
    fn begin_training(&mut self) -> Result<(), TrainingError>;
}

impl Training for Store {
    fn is_training(&self) -> Result<bool, StoreError> {
        self.read(|view| view.is_training())
    }

    fn begin_training(&mut self) -> Result<(), TrainingError> {
        self.batch(|act| act.begin_training())
    }
}

impl View<'_> {
    /// Whether these are books to learn with.
    pub fn is_training(&self) -> Result<bool, StoreError> {
        Ok(self.setting("training")?.is_some())
    }

    /// In such books no formal meter is.
    pub(crate) fn must_be_of_its_kind(&self, esams: &[Esam]) -> Result<(), TrainingError> {
        match esams.iter().find(|esam| esam.state == KeyState::Formal) {
            Some(Esam { meter, serial, .. }) if self.is_training()? => {
                Err(TrainingError::Formal { meter: *meter, serial: *serial })
            }
            _ => Ok(()),
        }
    }

    /// What happens in such books is told to nobody.
    pub(crate) fn must_tell_the_company(&self) -> Result<(), TrainingError> {
        if self.is_training()? { Err(TrainingError::Company) } else { Ok(()) }
    }

    /// In such books no bank's account is debited.
    pub(crate) fn must_be_no_banks(&self, account: &BankAccount) -> Result<(), OrderError> {
        if self.is_training()? && !account.as_str().starts_with(ACCOUNTS) {
            return Err(OrderError::Training(TrainingError::Account));
        }
        Ok(())
    }
}

impl Transaction<'_> {
    fn begin_training(&self) -> Result<(), TrainingError> {
        if self.is_training()? {
            return Ok(());
        }
        for table in BEGUN {
            if self.conn.any(&format!("SELECT 1 FROM {table} LIMIT 1"), params![])? {
                return Err(TrainingError::Begun);
            }
        }
        Ok(self.set("training", "1")?)
    }
}
