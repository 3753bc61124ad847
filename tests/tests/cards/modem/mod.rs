//! SIMs in modems: the host's client before a modem of the tests' own, which shares no code with it, and before our phone.

mod client;
mod hostile;
mod phone;
mod usim;
