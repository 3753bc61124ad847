//! A SIM that is opened, and named.

use crate::cards::CardHandle;
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use reader::driver::guard::Code;
use reader::driver::sim::{Chv, Sim, SimError};
use scheme::CardRef;
use scheme::profile::CardKind;
use scheme::sim::{chv, iccid_digits};

/// A SIM, and its CHV1 for when it asks for one.
#[derive(Debug, Clone)]
pub struct SimAccess {
    /// The SIM.
    pub card: CardRef,
    /// Its CHV1.
    pub chv1: Option<SecretFrom>,
    /// Try the CHV1 although it has 1 try left: a wrong one blocks it.
    pub spend_last_try: bool,
}

impl From<CardRef> for SimAccess {
    /// A SIM that asks for no CHV1.
    fn from(card: CardRef) -> Self {
        SimAccess { card, chv1: None, spend_last_try: false }
    }
}

impl SimAccess {
    /// Opens the SIM and gives it its CHV1, when it asks for one and there is one.
    pub(crate) fn open(&self, session: &Session) -> Result<CardHandle> {
        let mut handle = CardHandle::open(session, &self.card, CardKind::Sim)?;
        let mut sim = Sim::new(&mut handle);
        sim.reset()?;
        if let Some(from) = &self.chv1
            && sim.chv1_enabled()?
        {
            let iccid = iccid(&mut sim)?;
            let iccid = called(iccid.as_deref());
            let chv1 = chv(&secret::text(session, from, "CHV1")?)?;
            let last = self.spend_last_try.into();
            sim.guarded(iccid, Code::Chv(Chv::Chv1), last, |sim| sim.verify_chv(Chv::Chv1, &chv1))?;
        }
        Ok(handle)
    }
}

/// The SIM's ICCID, by which it is named; `None` when it has none.
pub(super) fn iccid(sim: &mut Sim<'_>) -> Result<Option<String>> {
    Ok(iccid_digits(&sim.iccid()?))
}

/// What a SIM is called.
pub fn called(iccid: Option<&str>) -> &str {
    iccid.unwrap_or("without an ICCID")
}

/// A CHV that stands in the way gets the hint how to give it.
pub(super) fn with_hint(error: SimError) -> Trouble {
    match &error {
        SimError::ChvNeeded { .. } => {
            refused(error.to_string()).hint("give the SIM's PIN with --chv1-file FILE").into()
        }
        SimError::Full { .. } => refused(error.to_string())
            .hint("delete messages in the phone, or send the receipts that wait")
            .into(),
        _ => error.into(),
    }
}
