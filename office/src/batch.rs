//! Batches: many cards of one request, each made, checked and kept, whatever interrupts them.
//!
//! A request file is read whole into the store before anything is made ([`Store::begin_batch`](crate::store::Store::begin_batch)). Then each open
//! line gets a card. There are two ways, and the store is the same for both:
//!
//! * [`run_packed`]: virtual cards, which exist in memory until the store has them. Workers make them side by side;
//!   what a group of them came to (card, number, check values, image, pairing) goes into the store in one
//!   transaction. A program that is killed loses the group under way, of which nobody has seen anything, and no
//!   card that was reported.
//! * [`run_in_slot`]: cards that exist outside, in a reader or as files, fed one by one ([`Feeder`]). Intent, own master
//!   and outcome of each go through the [journal](crate::journal) and are on the medium before the next act.
//!
//! Every chip ends as *done*, as *refused* (it was not begun: foreign, issued before, of another kind) or as
//! *scrapped* (it was begun and cannot be finished); a refused or scrapped chip's number gets another chip, unless the
//! line named that very chip: then the line has failed. A card or reader that goes away ends the run, and its
//! chip stays *begun* until it is fed again or given up.

mod error;
pub mod fate;
mod in_slot;
pub(crate) mod parts;
pub mod request;
mod run;

pub use crate::store::batches::{NewBatch, hash_of};
pub use error::{BatchError, LineFault, RequestFault};
pub use in_slot::{SlotMaker, run_in_slot};
pub use parts::{Attempt, CardIdentity, Counts, Done, Good, Job, LineEnd, LineResult, Summary};
pub use run::{Control, Ended, Feeder, Maker, Watch, run_packed};
