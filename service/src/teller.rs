//! Who asks the customers' bank: a few threads, so that the counter waits for no bank.

use parties::Result;
use parties::trouble::Context;
use scheme::order::OrderId;
use server::{Bank, BankAnswer, BankCall};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Banks that are asked at once.
const LINES: usize = 8;

/// Something the bank is to be asked.
pub struct Task {
    /// What.
    pub call: BankCall,
    /// What is done with its answer.
    pub then: Box<dyn FnOnce(BankAnswer) + Send>,
}

/// The threads that ask.
pub struct Teller {
    queue: Sender<Task>,
    /// Payments that the bank is being asked about, and how often at once.
    under_way: BTreeMap<OrderId, u32>,
}

impl Teller {
    /// Opens the lines to a bank. They close when the teller goes and what they had was answered.
    ///
    /// # Errors
    /// A thread cannot begin.
    pub fn open(bank: &Arc<dyn Bank>) -> Result<Self> {
        let (queue, tasks) = channel();
        let tasks = Arc::new(Mutex::new(tasks));
        for line in 0..LINES {
            let (bank, tasks) = (bank.clone(), tasks.clone());
            let thread = std::thread::Builder::new().name(format!("bank line {line}"));
            thread.spawn(move || work(&*bank, &tasks)).context("cannot begin a thread that asks the bank")?;
        }
        Ok(Teller { queue, under_way: BTreeMap::new() })
    }

    /// Has the bank asked.
    pub fn ask(&mut self, task: Task) {
        let payment = task.call.reference();
        // The lines close after the counter; were they gone, the payment would be asked about when its time comes.
        if self.queue.send(task).is_ok() {
            *self.under_way.entry(payment).or_default() += 1;
        }
    }

    /// Whether the bank is being asked about a payment.
    pub fn asks(&self, payment: OrderId) -> bool {
        self.under_way.contains_key(&payment)
    }

    /// The bank was asked about a payment.
    pub fn asked(&mut self, payment: OrderId) {
        if let Some(times) = self.under_way.get_mut(&payment) {
            *times -= 1;
            if *times == 0 {
                self.under_way.remove(&payment);
            }
        }
    }
}

fn work(bank: &dyn Bank, tasks: &Mutex<Receiver<Task>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Task { call, then }) = next else { return };
        then(call.ask(bank));
    }
}
