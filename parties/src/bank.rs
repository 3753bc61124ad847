//! The bank: its books and its PSAMs, and what is done with them.
//!
//! Each act takes a request and gives a report. A report that can say no has a `verdict`: what was looked at is told all the
//! same, and the act has failed.

mod ageing;
pub mod asking;
pub(crate) mod books;
pub mod bring;
mod card;
mod card_error;
mod card_sale;
mod change;
mod closing;
pub mod company;
mod contracts;
mod copies;
mod desk;
mod findings;
mod hand_over;
pub mod keys;
mod limits;
pub mod logins;
pub mod look;
mod office;
pub mod offices;
pub mod online;
mod orders;
mod paying;
pub mod payment;
pub mod persons;
mod phone_key;
pub mod phones;
pub mod pins;
pub mod pool;
pub mod psams;
pub mod recharge;
mod reconcile;
mod register;
mod remote;
mod renewal;
mod report;
mod resume;
mod seat;
mod selling;
mod server_signing;
mod serving;
mod settle;
pub mod signing;
mod sims;
mod stall;
pub mod stalls;
mod support;
mod suspense;
mod text;
mod waiting;

pub use ageing::{AgeLine, AgeingReport, WaitingLine, ageing};
pub use books::{database, store};
pub use card::{
    CardReading, CardReport, CardSaleRequest, CardSeen, load_card, read_card, see_card, write_card,
};
pub use card_sale::{
    CardDone, CardKeys, CardOrderRequest, CardReceipt, CardSale, ShownCard, sell_on_card, settle_card,
};
pub use change::{
    ChangeLine, ChangeMeterRequest, ChangeReport, ChangesReport, CorrectedLine, FinishChangeRequest,
    change_meter, changes, finish_change,
};
pub use closing::{
    CloseReport, ClosingsReport, DrawerReport, DrawersReport, FiguresLine, RecomputedReport, StatisticsFile,
    StatisticsLine, StatisticsReport, StatisticsRequest, close_day, close_drawer, closings, drawers,
    open_drawer, recompute, statistics, statistics_csv, statistics_into, write_statistics,
};
pub use contracts::{
    ApplyReport, ApplyRequest, CodeReport, CodeUsed, ContractReport, HoldingLine, Person, SlipLine, apply,
    contract, give_code, use_code,
};
pub use copies::{CopyReport, back_up, move_books, restore};
pub use desk::Desk;
pub use findings::{
    ClearReport, ClearRequest, ClearedBy, FindingLine, FindingsReport, SealedLine, VerifyReport, clear,
    findings, verify,
};
pub use hand_over::{HandOverReport, HandOversReport, hand_over, hand_overs};
pub use limits::{LimitLine, LimitsReport, limits, set_limit};
pub use orders::{
    CorrectRequest, Destination, OrderReport, ReissueReason, ReissueRequest, SellRequest, VoidReport,
    correct, reissue, reverse, sell, void,
};
pub use paying::{AskedReport, ask as ask_bank, sell as sell_by_bank};
pub use psams::{AddReport, AddRequest, ListReport, ListedPsam, RemoveReport, RemoveRequest};
pub use reconcile::{
    ClearDifferenceReport, DifferenceLine, ReconcileReport, clear_difference, reconcile, reconcile_file,
};
pub use register::{
    MetersReport, RegisterReport, SettingsReport, SettingsRequest, meters, register, register_from, revoked,
    settings, settings_now, take_list,
};
pub use renewal::{PsamLimitReport, PsamStatementReport, PsamStatementRequest, psam_limit, psam_statement};
pub use report::{
    BookedLine, BooksReport, Look, OrderLine, OrdersFile, StatementReport, TakeOrder, orders, orders_into,
    report, statement, write_orders,
};
pub use resume::{ResumeReport, ResumeRequest, reprint, resume};
pub use serving::{ServingPsam, ServingReport, serving};
pub use settle::{ReceiptFacts, ReceiptLine, RefundReport, SettleReport, SettleRequest, refund, settle};
pub use sims::{ReplaceSimReport, ReplaceSimRequest, replace_sim};
pub use support::{SupportReport, SupportRequest, support};
pub use suspense::{EndSuspenseReport, EndSuspenseRequest, RestLine, SuspenseReport, end_suspense, suspense};
pub use waiting::waiting;

use crate::home::{Home, Party};
use crate::session::Session;
use crate::trouble::{Failure, Result, refused};
use scheme::numbers::{CustomerNumber, MeterNumber};
use server::{Books, Customer, Registration};
use std::path::PathBuf;

/// The bank's folder, whose act this is.
///
/// # Errors
/// There is none, or the home is another party's.
pub fn folder(session: &Session) -> Result<PathBuf> {
    Home::new(session).party(Party::Bank, "the payment server's work")
}

/// Nobody is registered so.
fn unknown(words: String) -> Failure {
    refused(words).hint("`gridcard server register FILE.csv` registers customers").code("unknown-customer")
}

/// A customer, who must be known.
fn known(books: &dyn Books, customer: CustomerNumber) -> Result<Customer> {
    let found = books.customer(customer)?;
    found.ok_or_else(|| unknown(format!("customer {customer} is not registered")).into())
}

/// A customer with the meter that is meant: the one that was named, else the only one he has.
fn registration(
    books: &dyn Books,
    customer: CustomerNumber,
    meter: Option<MeterNumber>,
) -> Result<Registration> {
    Ok(known(books, customer)?.with_meter(meter)?)
}
