//! Where a meter's money comes from: the SIM in its slot, files on a medium, and whoever else carries sealed orders.

use crate::fault::BrokenOff;
use crate::mcu::MeterState;
use crate::step::Step;
use reader::driver::esam::Wish;
use scheme::online::HELLO_LEN;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// An order, sealed for the ESAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOrder {
    /// Where it stands in its source, which knows it by that again: on a SIM the numbers of its records, on a medium that of its file.
    pub places: Vec<u8>,
    /// The messages as they came, SMS-DELIVER: one, or the two parts of a signed order.
    pub messages: Vec<Vec<u8>>,
}

impl CarriedOrder {
    /// An order in one message.
    pub fn whole(place: u8, message: Vec<u8>) -> Self {
        CarriedOrder { places: vec![place], messages: vec![message] }
    }

    /// The first of its places, by which it is called.
    pub fn place(&self) -> u8 {
        self.places.first().copied().unwrap_or_default()
    }
}

/// Who stands before the meter with a phone.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// S0.
    pub hello: &'a [u8; HELLO_LEN],
    /// What he asks for.
    pub wish: &'a Wish,
    /// EF_IMSI of the SIM in his phone, as the phone says it.
    pub imsi: &'a [u8; 9],
}

/// The way a meter goes while it takes money: the steps it entered, and the one it is at.
#[derive(Debug, Default)]
pub struct Course {
    steps: RefCell<Vec<Step>>,
    mark: Rc<Cell<usize>>,
}

impl Course {
    /// Enters a step.
    pub fn enter(&self, step: Step) -> Step {
        self.steps.borrow_mut().push(step);
        self.look_at(step);
        step
    }

    /// Goes back to a step that is not worth a line of its own yet: what is counted now is counted there.
    pub fn look_at(&self, step: Step) {
        self.mark.set(Step::ALL.iter().position(|other| *other == step).unwrap_or_default());
    }

    /// What counters of the cards' lines mark their exchanges with: the place of the step in [`Step::ALL`].
    pub(crate) fn mark(&self) -> Rc<Cell<usize>> {
        Rc::clone(&self.mark)
    }

    /// The steps that were entered, in order.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps.into_inner()
    }
}

/// Carries sealed orders to a meter, and their receipts away. It may be torn off at any moment: then it says so, and the next
/// time everything is found as the ESAM has it.
pub trait Source {
    /// The step at which it looks for orders.
    fn looking(&self) -> Step;

    /// Is there, and shows whose it is; gives the EF_IMSI that the run information keeps.
    ///
    /// # Errors
    /// It is not there, or of another state than the meter.
    fn open(&mut self, meter: &MeterState, course: &Course) -> Result<[u8; 9], BrokenOff>;

    /// Looks for orders where it did not look before; nothing more is found when this is empty.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    fn look(&mut self) -> Result<Vec<CarriedOrder>, BrokenOff>;

    /// Whether it has looked everywhere.
    fn is_done(&self) -> bool;

    /// Takes the receipt of an order, the ESAM's answer to it.
    ///
    /// # Errors
    /// It is gone, or cannot take it.
    fn answer(&mut self, order: &CarriedOrder, receipt: &[u8], course: &Course) -> Result<(), BrokenOff>;

    /// Sets the place of a message free that was no order, and that the ESAM took; where nothing is said, it stays.
    ///
    /// # Errors
    /// It is gone, or cannot be written.
    fn clear(&mut self, order: &CarriedOrder, course: &Course) -> Result<(), BrokenOff> {
        let _ = (order, course);
        Ok(())
    }

    /// EF_IMSI of the SIM that an order is for, where that differs from order to order: what [`Source::open`] gave is then that of one of them.
    fn bearer(&self, order: &CarriedOrder) -> Option<[u8; 9]> {
        let _ = order;
        None
    }

    /// What the customer is told to do with what he takes away.
    fn farewell(&self) -> &'static str {
        crate::messages::TAKE_SIM_BACK
    }

    /// What the meter shall remember of an order that it took, so that orders like it are found sooner.
    fn trail(&self, order: &CarriedOrder) -> Option<Vec<u8>> {
        let _ = order;
        None
    }
}
