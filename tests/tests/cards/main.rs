//! Real cards in memory: what the issuing cards, the PSAM, the ESAM and the SIM answer, and what survives when one
//! of them goes away in the middle. The host's drivers and the cards' programs meet here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::inconsistent_digit_grouping, reason = "money in fen: yuan, then two digits")]

mod activation;
mod bench;
mod bent;
mod bent_messages;
mod birth;
mod books;
mod by_hand;
mod closing;
mod counters;
mod explained;
mod export;
mod factors;
mod field;
mod fuzzed;
mod guards;
mod inspect;
mod interrupted;
mod issuing;
mod liars;
mod life;
mod line;
mod lives;
mod making;
mod modem;
mod office;
mod online;
mod production;
mod psam;
mod receipts;
mod refusals;
mod renewal;
mod secrets;
mod signed;
mod signing;
mod sim;
mod storage;
mod testing;
mod torn;
mod upkeep;
mod user_card;
mod world;
