//! Where meters stand.

use crate::home::{self, Home, Party};
use crate::places;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use keys::Zeroizing;
use meter::{Display, FormalKeys, Meter};
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use std::path::{Path, PathBuf};

/// The folder of the meters, whose act this is.
///
/// # Errors
/// There is none, or the home is another party's.
pub fn folder(session: &Session) -> Result<PathBuf> {
    Home::new(session).party(Party::Meters, "using a meter")
}

/// A meter on disk: `meters/NUMBER/` with its flash and its ESAM.
#[derive(Debug, Clone)]
pub struct MeterPlace {
    pub(super) folder: PathBuf,
}

impl MeterPlace {
    /// The folder of a meter under the folder of all meters.
    pub fn new(meters: &Path, number: MeterNumber) -> Self {
        MeterPlace { folder: meters.join(number.to_string()) }
    }

    /// The ESAM's card file.
    pub fn esam(&self) -> PathBuf {
        self.folder.join("esam.card")
    }

    /// The MCU's flash.
    pub fn flash(&self) -> PathBuf {
        self.folder.join("flash.json")
    }

    /// Whether both are there: the ESAM may stand in a reader.
    pub(super) fn is_whole(&self, session: &Session) -> bool {
        self.flash().exists() && places::taken(session, &self.esam())
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<()> {
        disk::create_folder(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))
    }

    /// Takes away what there is of a meter that never got its ESAM: nothing was ever credited to it.
    pub(super) fn take_away(&self, session: &Session) {
        if !places::taken(session, &self.esam()) {
            // The error that matters is the one that stopped the making.
            let _ = std::fs::remove_file(self.flash());
            let _ = std::fs::remove_dir(&self.folder);
        }
    }

    pub(super) fn must_exist(&self) -> Result<()> {
        if self.flash().exists() {
            return Ok(());
        }
        Err(refused(format!("there is no meter in {}", self.folder.display()))
            .hint("`gridcard meter list` shows the meters; `gridcard meter new` makes one")
            .into())
    }

    /// Loads the meter.
    ///
    /// # Errors
    /// There is none here, or its flash is damaged.
    pub fn load(&self) -> Result<Meter> {
        self.must_exist()?;
        let path = self.flash();
        let text = Zeroizing::new(home::read_text(&path)?);
        Meter::from_flash(&text).with_context(|| format!("{}", path.display()))
    }

    /// Saves the meter; on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, meter: &Meter) -> Result<()> {
        // Formal keys were allowed by name when the meter was made, or it would not be here.
        home::write(&self.flash(), meter.to_flash(FormalKeys::Allow)?.as_bytes())
    }

    /// As [`MeterPlace::save`], without waiting for the disk: for what is repeated as a whole when it breaks.
    ///
    /// # Errors
    /// As [`MeterPlace::save`].
    pub fn save_soon(&self, meter: &Meter) -> Result<()> {
        home::write_soon(&self.flash(), meter.to_flash(FormalKeys::Allow)?.as_bytes())
    }

    /// Loads the meter for an act; its flash is written whenever the meter says so.
    pub(super) fn load_to_act(&self, session: &Session) -> Result<Meter> {
        let mut meter = self.load()?;
        if meter.state().config.state == State::Formal {
            session.must_be_unseeded("the challenges of a meter that counts money")?;
        }
        let place = self.clone();
        meter.keep_with(Box::new(move |meter| place.save(meter).map_err(|error| error.to_string())));
        Ok(meter)
    }
}

/// A display as reports have it: two lines and a hint.
pub(super) fn shown(display: &Display) -> [String; 3] {
    [display.line1.clone(), display.line2.clone(), display.hint.clone()]
}
