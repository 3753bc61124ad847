//! Money from a list of orders instead of a SIM: the purse, the count and the receipt are the same, and a list that is taken
//! away is cured as a SIM is.

use crate::world::{World, counting, now, order};
use gridcard_meter::{
    BrokenOff, CarriedOrder, Course, CreditReport, MeterState, OrderOutcome, Outcome, Source, Step,
};
use scheme::money::Fen;
use scheme::refusal::Refusal;
use wire::sms::record::SmsRecord;

/// Orders in a row, each with the receipt it got.
struct List {
    orders: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    looked: bool,
    /// It takes no more receipts.
    gone: bool,
}

impl List {
    fn of(orders: &[(u32, u32)]) -> Self {
        let message = |(count, amount): &(u32, u32)| {
            let record = SmsRecord::parse(&order(*count, *amount)).unwrap().unwrap();
            (record.tpdu.to_bytes(), None)
        };
        List { orders: orders.iter().map(message).collect(), looked: false, gone: false }
    }
}

impl Source for List {
    fn looking(&self) -> Step {
        Step::SimMessages
    }

    fn open(&mut self, _: &MeterState, course: &Course) -> Result<[u8; 9], BrokenOff> {
        course.enter(Step::SimMessages);
        Ok(crate::sim::IMSI)
    }

    fn look(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff> {
        if std::mem::replace(&mut self.looked, true) {
            return Ok(Vec::new());
        }
        let orders = self.orders.iter().enumerate();
        Ok(orders
            .filter(|(_, (_, receipt))| receipt.is_none())
            .map(|(place, (message, _))| CarriedOrder::whole(place as u8, message.clone()))
            .collect())
    }

    fn is_done(&self) -> bool {
        self.looked
    }

    fn answer(&mut self, order: &CarriedOrder, receipt: &[u8], course: &Course) -> Result<(), BrokenOff> {
        let step = course.enter(Step::WriteBack);
        if self.gone {
            return Err(BrokenOff::plain(step, Refusal::WriteBack));
        }
        self.orders[usize::from(order.place())].1 = Some(receipt.to_vec());
        Ok(())
    }
}

fn take(world: &mut World, list: &mut List) -> (CreditReport, Vec<Step>) {
    list.looked = false;
    let course = Course::default();
    let report = world.meter.take_money(&mut world.esam, list, &course, now(), &mut counting);
    (report, course.into_steps())
}

#[test]
fn a_list_of_orders_is_credited_as_those_of_a_sim_are() {
    let mut by_sim = World::opened(1000);
    by_sim.sim.put(1, &order(2, 200));
    by_sim.sim.put(2, &order(3, 300));
    let of_sim = by_sim.insert();
    let mut world = World::opened(1000);
    // The later one stands first; it waits for the one before it.
    let mut list = List::of(&[(3, 300), (2, 200)]);
    let (report, _) = take(&mut world, &mut list);
    assert_eq!(report.outcome, Outcome::Credited { orders: 2, amount: Fen(500), balance: Fen(1500) });
    assert_eq!((report.outcome, report.display), (of_sim.outcome, of_sim.display));
    let places: Vec<u8> = report.orders.iter().map(|order| order.record).collect();
    assert_eq!(places, [1, 0]);
    assert_eq!((world.esam.balance, world.esam.count), (by_sim.esam.balance, by_sim.esam.count));
    assert!(list.orders.iter().all(|(_, receipt)| receipt.is_some()));
}

#[test]
fn a_list_that_takes_no_receipt_gets_it_the_next_time_and_no_money_twice() {
    let mut world = World::opened(1000);
    let mut list = List::of(&[(2, 200)]);
    list.gone = true;
    let (report, steps) = take(&mut world, &mut list);
    assert_eq!(report.outcome, Outcome::Refused { refusal: Refusal::WriteBack, step: Step::WriteBack });
    assert_eq!((report.credited, world.esam.balance), (Fen(200), 1200));
    // The purse is read although nobody takes the receipt, so that the display tells the truth.
    assert_eq!(steps.last(), Some(&Step::Balance));
    world.power_cycle();
    list.gone = false;
    let (again, _) = take(&mut world, &mut list);
    assert_eq!(again.outcome, Outcome::ReceiptRepeated { balance: Fen(1200) });
    assert_eq!(
        again.orders.iter().map(|order| order.outcome).collect::<Vec<_>>(),
        [OrderOutcome::ReceiptRepeated]
    );
    assert_eq!(world.esam.balance, 1200);
    assert_eq!(world.meter.state().pending_order, None);
}

#[test]
fn an_empty_list_is_an_insertion_without_an_order() {
    let mut world = World::opened(1000);
    let (report, _) = take(&mut world, &mut List::of(&[]));
    assert_eq!(report.outcome, Outcome::Refused { refusal: Refusal::NoOrder, step: Step::SimMessages });
    assert_eq!(world.esam.balance, 1000);
}
