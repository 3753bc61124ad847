//! Lines from outside: a phone's reader at one end, a meter that counts at the other.

#![cfg(test)]

mod hostile;
mod infrared;
mod irda;
mod meter;
mod nfc;
mod others;
mod radio;
