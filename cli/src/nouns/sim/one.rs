//! Which SIM a verb works with.

use crate::prelude::*;
use parties::sims::SimAccess;

/// A SIM.
#[derive(Debug, Args)]
pub struct One {
    /// Card file, a SIM in a reader (pcsc:READER), or in a modem (at:DEVICE).
    pub card: CardRef,
    /// File with the SIM's CHV1, when it asks for one (`-`: stdin).
    #[arg(long, value_name = "FILE")]
    pub chv1_file: Option<PathBuf>,
    /// Try the CHV1 although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

impl One {
    /// As acts take it.
    pub fn get(&self) -> SimAccess {
        SimAccess {
            card: self.card.clone(),
            chv1: self.chv1_file.as_deref().map(|file| Some(file).into()),
            spend_last_try: self.spend_last_try,
        }
    }
}
