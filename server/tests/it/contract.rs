//! What every engine under the books has to promise, asked through [`Books`] alone.
//!
//! An engine stands here with how its books are opened; the same promises are asked of each.

mod cards;
mod changes;
mod foresight;
mod hands;
mod letters;
mod office;
mod offices;
mod online;
mod payments;
mod people;
mod persons;
mod phones;
mod receipts;
mod registry;
mod requests;
mod sales;
mod servers;
mod suspense;
mod training;

use crate::house::{binding, csv, customer, esam, meter, serial, sim, terms, time};
use crate::toy::{ToyMeter, ToyPsam, order_record};
use gridcard_server::{
    Books, ClearError, Cleared, Finding, Incoming, Options, OrderError, OrderRequest, OrderSealer, Origin,
    PlacedOrder, Reconciled, Roster, SealedOrder, SettleError, Settled, Settlement, Store, Synchronous,
};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{Order, OrderId};
use scheme::signing::Mode;
use std::ops::ControlFlow;

/// Books that can be opened, each time the same ones where they outlive their opening.
pub(crate) trait Engine {
    fn open(&self) -> Box<dyn Books>;
}

/// SQLite that lives and dies with its opening.
struct InMemory;

impl Engine for InMemory {
    fn open(&self) -> Box<dyn Books> {
        Box::new(Store::in_memory().unwrap())
    }
}

/// SQLite in a file.
struct InFile(tempfile::TempDir);

impl InFile {
    fn new() -> Self {
        InFile(tempfile::tempdir().unwrap())
    }
}

impl Engine for InFile {
    fn open(&self) -> Box<dyn Books> {
        let options = Options { synchronous: Synchronous::Off, ..Options::default() };
        Box::new(Store::open(&self.0.path().join("server.db"), options).unwrap())
    }
}

/// One test for each promise.
macro_rules! promised {
    ($make:expr; $(#[$when:meta])? => $($about:ident: $($promise:ident)+;)+) => {
        promised! { @each $make; [$(#[$when])?]; $($(($about $promise))+)+ }
    };
    (@each $make:expr; $when:tt; $(($about:ident $promise:ident))+) => {
        $(promised! { @one $make; $when; $about $promise })+
    };
    (@one $make:expr; [$(#[$when:meta])?]; $about:ident $promise:ident) => {
        #[test]
        $(#[$when])?
        fn $promise() {
            super::$about::$promise(&$make);
        }
    };
}

/// What every engine promises.
macro_rules! every_engine {
    ($make:expr $(, #[$when:meta])?) => {
        promised! {
            $make; $(#[$when])? =>
            registry: nothing_is_there_at_first terms_are_kept registering_again_changes_nothing
                a_sim_has_one_owner the_clock_goes_forward the_end_of_the_log_only_grows;
            sales: a_sale_is_paid_for_and_kept what_is_refused_leaves_nothing
                a_lost_answer_is_found_in_the_chain a_certain_refusal_can_be_given_up
                a_chain_that_differs_stops_its_module other_keys_ask_for_another_order;
            receipts: a_receipt_settles_once what_was_not_credited_is_due_once
                a_forged_receipt_changes_nothing a_minted_order_stops_its_meter;
            foresight: what_was_looked_up_is_what_there_is;
            payments: nothing_is_sealed_before_the_debit_is_final a_refused_debit_sells_nothing
                a_silent_bank_is_asked_again_and_again a_customer_who_leaves_gets_his_money_back
                a_late_yes_is_taken_back_once another_amount_is_never_sold_for
                a_bank_that_contradicts_itself_is_told_of a_paid_order_that_nobody_could_seal_is_given_back
                a_day_lies_on_four_heaps a_difference_is_booked_once a_file_decides_what_nobody_knew;
            suspense: what_is_on_its_way_is_not_ended what_the_bank_kept_is_paid_back what_came_twice_goes_where_two_people_say
                what_the_bank_gave_back_too_much_is_a_difference;
            online: an_online_purchase_is_an_order_like_any_other what_is_outstanding_goes_online
                what_a_meter_asks_for_online_is_judged
                an_order_is_sealed_so_often_online_and_no_more
                a_recharge_settles_by_what_was_made;
            letters: an_order_is_sent_until_a_centre_answers an_order_that_is_over_is_not_sent what_became_of_a_message_is_kept;
            cards: a_card_is_a_bearer_like_a_sim an_outstanding_order_goes_from_bearer_to_bearer;
            changes: what_was_carried_is_no_cash a_sale_is_not_what_was_missing a_read_meter_gives_its_purse_to_the_next an_empty_meter_gives_nothing
                an_outstanding_order_goes_with_it an_estimate_was_low an_estimate_was_right an_estimate_was_high
                an_estimate_was_low_and_is_outstanding an_estimate_was_high_and_is_outstanding a_burnt_meter_is_estimated
                a_change_is_interrupted a_meter_changes_hands;
            hands: one_customer_has_three_meters a_further_meter_is_registered one_of_several_meters_is_changed
                a_meter_is_handed_over what_is_on_its_way_is_ended_first a_given_up_order_stays_his_who_gave_it_up
                a_meter_goes_through_three_hands a_late_receipt_finds_its_customer an_estimate_is_corrected_first
                a_customer_without_a_meter_gets_one;
            office: what_waits_is_listed_by_age a_drawer_is_counted a_closed_day_is_frozen limits_hold
                contracts_and_codes;
            people: a_code_is_taken_once a_session_is_kept_until_it_ends failed_logins_are_counted_and_forgotten
                a_person_asks_and_has_no_key what_was_asked_for_is_decided_once people_find_what_they_look_for
                a_purchase_is_seen_with_what_became_of_it;
            persons: a_new_sim_stops_sales_by_telephone_for_a_day a_tariff_is_the_one_that_held a_person_is_taken_out;
            phones: a_slip_makes_one_phone_known the_times_of_a_phone_rise a_password_has_its_tries_and_a_right_one_gives_them_back
                a_phone_ends_and_its_keys_go;
            requests: a_principal_ends_once a_request_is_answered_once acts_are_kept_together_or_not steps_stand_or_fall_alone;
            offices: a_customer_belongs_to_who_registered_it what_a_customer_has_is_his_offices
                a_certificate_is_one_principals a_message_is_taken_once nothing_is_sold_to_the_blocked
                events_have_numbers_without_a_hole;
            training: books_to_learn_with_hold_no_money books_that_were_worked_with_stay_what_they_are;
        }
    };
}

/// What an engine promises whose books outlive a server, and that two servers can have open.
macro_rules! shared_engine {
    ($make:expr $(, #[$when:meta])?) => {
        promised! {
            $make; $(#[$when])? =>
            servers: what_was_kept_outlives_the_server two_servers_sell_one_order
                two_servers_settle_one_receipt;
        }
    };
}

mod sqlite_in_memory {
    every_engine!(super::InMemory);
}

mod sqlite_in_a_file {
    every_engine!(super::InFile::new());
    shared_engine!(super::InFile::new());
}

/// In PostgreSQL: `tests/postgres.sh cargo test -p gridcard-server --features postgres --test it -- --include-ignored postgres`.
#[cfg(feature = "postgres")]
mod postgres {
    every_engine!(crate::schemas::InPostgres::new(), #[ignore = "wants a PostgreSQL: tests/postgres.sh"]);
    shared_engine!(crate::schemas::InPostgres::new(), #[ignore = "wants a PostgreSQL: tests/postgres.sh"]);
}

/// All orders of some books.
fn orders(books: &dyn Books) -> Vec<PlacedOrder> {
    let mut all = Vec::new();
    books
        .each_order(&mut |placed| {
            all.push(placed.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    // By pages they are the same.
    let mut paged: Vec<PlacedOrder> = Vec::new();
    loop {
        let last = paged.last().map(|placed| placed.order.id);
        let page = books.orders_after(last, 2).unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    all
}

/// A bank over some books: three customers, a module, their meters.
struct Bank {
    books: Box<dyn Books>,
    psam: ToyPsam,
    meters: Vec<ToyMeter>,
    now: Moment,
    drawn: u64,
}

impl Bank {
    fn over(mut books: Box<dyn Books>) -> Self {
        let now = time("20261122080000");
        let file = csv(3);
        let roster = Roster::read(file.as_bytes()).unwrap();
        assert_eq!(books.register(roster).unwrap().registered, 3);
        let esams: Vec<_> = (0..3).map(|n| esam(n, serial(n), 1)).collect();
        assert_eq!(books.take_meters(&esams, now).unwrap().new, 3);
        books.set_terms(&terms()).unwrap();
        let meters = (0..3).map(|n| ToyMeter::new(meter(n), serial(n))).collect();
        Bank { books, psam: ToyPsam::default(), meters, now, drawn: 0 }
    }

    fn draw(&mut self) -> OrderId {
        self.drawn += 1;
        OrderId(self.drawn.to_be_bytes())
    }

    fn request(&mut self, n: u32, fen: u32) -> OrderRequest {
        OrderRequest { meter: meter(n), amount: Fen(fen), now: self.now, id: self.draw() }
    }

    fn buy(&mut self, n: u32, fen: u32) -> Result<SealedOrder, OrderError> {
        let request = self.request(n, fen);
        self.books.purchase(&mut self.psam, &request, &terms())
    }

    fn correct(&mut self, n: u32, fen: u32) -> Result<SealedOrder, OrderError> {
        let request = self.request(n, fen);
        self.books.correct(&mut self.psam, &request, &terms())
    }

    fn reconcile(&mut self) -> Reconciled {
        self.books.reconcile(&self.psam.number(), &self.psam.chain, self.now).unwrap()
    }

    fn insert(&mut self, n: u32, record: &[u8]) -> [u8; 176] {
        self.meters[n as usize].insert(record, binding(&sim(n, 0)), self.now).unwrap()
    }

    fn settle(&mut self, n: u32, receipt: &[u8]) -> Result<Settlement, SettleError> {
        let origin = Origin::Meter(meter(n));
        self.books.settle(&mut self.psam, Incoming::Record(receipt), &origin, self.now)
    }

    fn settled(&mut self, n: u32, receipt: &[u8]) -> Settled {
        match self.settle(n, receipt) {
            Ok(Settlement::Settled(settled)) => settled,
            other => panic!("not settled: {other:?}"),
        }
    }

    fn held(&mut self, n: u32, receipt: &[u8]) -> Finding {
        match self.settle(n, receipt) {
            Ok(Settlement::Held(finding)) => finding,
            other => panic!("not held: {other:?}"),
        }
    }

    fn clear(&mut self, id: i64, second: Option<&str>) -> Result<(), ClearError> {
        let second = second.map(Into::into);
        let cleared = Cleared { at: self.now, by: "Li".into(), second, note: "looked at".into() };
        self.books.clear_finding(id, &cleared)
    }

    /// The record of an order that somebody has the module seal past the server.
    fn mint(&mut self, order: &Order) -> [u8; 176] {
        order_record(&self.psam.seal(&order.to_bytes(), Mode::Symmetric).unwrap())
    }

    /// Sold, confirmed and outstanding, in fen.
    fn sums(&self) -> (i64, i64, i64) {
        let totals = self.books.figures().unwrap().totals;
        (totals.sold_fen, totals.settled_fen, totals.outstanding_fen)
    }

    fn orders(&self) -> Vec<PlacedOrder> {
        orders(&*self.books)
    }

    /// Everything the books say.
    fn everything(&self) -> String {
        let statements: Vec<_> = (0..3).map(|n| self.books.statement(customer(n)).unwrap()).collect();
        format!(
            "{:?} {:?} {:?} {statements:?}",
            self.books.figures().unwrap(),
            self.books.findings(true).unwrap(),
            self.orders()
        )
    }

    /// The books are in order, whatever happened.
    fn end(&mut self) {
        let figures = self.books.figures().unwrap();
        assert_eq!((figures.balance.sum(), &figures.faults[..]), (0, &[][..]));
        let totals = figures.totals;
        let claims = totals.settled_fen
            + totals.outstanding_fen
            + totals.transferred_fen
            + totals.refund_due_fen
            + totals.refunded_fen
            + totals.suspense_fen
            + totals.fee_fen;
        assert_eq!(totals.sold_fen + totals.loss_fen, claims, "every fen is somewhere");
        assert_eq!(totals.unaccounted(), 0);
        assert_eq!(self.books.check_chains(self.now).unwrap(), Vec::<String>::new());
        assert_eq!(self.books.check_closings().unwrap(), Vec::<String>::new());
        assert_eq!(self.books.check_statistics().unwrap(), None);
        self.books.check().unwrap();
    }
}
