//! Phones: a SIM, an IMEI and a line for AT commands each, and the network between them.

mod claim;
mod exchange;
mod inbox;
mod list;
mod make;
mod network;
mod place;
mod run;
mod send;

pub use exchange::{Arrived, Content, Exchange, ForPhone};
pub use inbox::{Inbox, PORT};
pub use list::{ListReport, ListedLetter, ListedPhone, list, running};
pub use make::{MakePhoneReport, MakePhoneRequest, make};
pub use network::{Conditions, conditions, set_conditions};
pub use place::{PhoneName, device_name, folder};
pub use run::{Line, RunReport, RunRequest, run};
pub use send::{SendReport, SendRequest, SentLetter, What, send};
