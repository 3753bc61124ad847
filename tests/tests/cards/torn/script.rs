//! What was said to real cards while they were made and while money moved, to be said again on a medium that fails.

use crate::world::{
    Bank, Province, Site, blank, chance, imsi, number, pin, plan, sim_card, slot, take_receipt, terms,
};
use cos::{Chip, Protocol};
use issue::source::CardSource;
use keys::Suite;
use meter::Outcome;
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::money::Fen;
use scheme::order::OrderId;
use scheme::profile::CardKind;
use server::{Incoming, OrderRequest, Origin, Settlement};
use vcard::{Image, Slot};
use wire::{Channel, ChannelError};

/// What was done to a card.
#[derive(Clone)]
pub enum Step {
    Reset,
    Command { bytes: Vec<u8>, answer: Vec<u8> },
}

/// A card before it was used, and what was done to it then.
pub struct Script {
    pub name: String,
    pub image: Image,
    pub steps: Vec<Step>,
}

/// A card that writes down what is said to it.
struct Recorded {
    slot: Slot,
    script: Script,
}

impl Recorded {
    /// A card as it is, without power, with random numbers of its own that come again.
    fn new(card: &Slot, name: &str) -> Self {
        let script = Script { name: name.into(), image: card.image(), steps: Vec::new() };
        Recorded { slot: slot(card.image(), name), script }
    }
}

impl Channel for Recorded {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.slot.transmit(command)?;
        self.script.steps.push(Step::Command { bytes: command.to_vec(), answer: answer.clone() });
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.script.steps.push(Step::Reset);
        self.slot.reset()
    }
}

/// An ESAM is made under its issuing card.
pub fn issuing(suite: Suite) -> Vec<Script> {
    let mut province = Province::new(suite);
    let mut issuing = Recorded::new(&province.esam_issuing, "issuing card");
    let mut esam = Recorded::new(&blank(CardKind::Esam, suite, "torn"), "ESAM that is made");
    let mut source = CardSource::open(IssuingCard::new(&mut issuing), &pin()).unwrap();
    crate::world::issue(&plan(CardKind::Esam, suite, number(77), None), &mut esam, &mut source);
    province.psam.remove();
    vec![issuing.script, esam.script]
}

/// Two purchases of one meter: sold, delivered, credited, settled.
pub fn purchases(suite: Suite) -> Vec<Script> {
    let mut province = Province::new(suite);
    let mut site = Site::new(&mut province, 0);
    let mut bank = Bank::new(crate::world::copy(&province.psam), province.server_key.clone(), 1);
    let mut psam = Recorded::new(&bank.psam, "PSAM");
    let mut esam = Recorded::new(&site.esam, "ESAM of a meter");
    let mut sim = Recorded::new(&sim_card(&imsi(0, 0)), "SIM");
    for (n, amount) in [Fen(12_34), Fen(1_00)].into_iter().enumerate() {
        bank.now = bank.now.add_seconds(60).unwrap();
        let request = OrderRequest {
            meter: site.meter.state().config.number,
            amount,
            now: bank.now,
            id: OrderId([n as u8; 8]),
        };
        let mut driver = Psam::open(&mut psam).unwrap();
        driver.verify_pin(pin().expose()).unwrap();
        driver.prove_with(bank.server_key.clone().prover());
        let order = bank.store.purchase(&mut driver, &request, &terms()).unwrap();
        let mut driver = Sim::new(&mut sim);
        driver.reset().unwrap();
        driver.deliver(order.record.each()).unwrap();
        let mut random = chance(&format!("meter {n}"));
        let report = site.meter.insert(&mut esam, &mut sim, bank.now, &mut |bytes| {
            scheme::Chance::fill(&mut random, bytes);
        });
        assert!(matches!(report.outcome, Outcome::Credited { orders: 1, .. }), "{:?}", report.outcome);
        let receipt = take_receipt(&mut sim).unwrap();
        let mut driver = Psam::open(&mut psam).unwrap();
        driver.verify_pin(pin().expose()).unwrap();
        let origin = Origin::Meter(site.meter.state().config.number);
        let settled = bank.store.settle(&mut driver, Incoming::Record(&receipt), &origin, bank.now).unwrap();
        assert!(matches!(settled, Settlement::Settled(_)));
    }
    vec![psam.script, esam.script, sim.script]
}

/// A plain card whose file gets new bytes, the same once more, and new ones; directories come and go.
pub fn plain() -> Script {
    let chip = Chip {
        kind: CardKind::Fmcos,
        suite: Suite::Sm4,
        protocol: Protocol::Direct,
        serial: [0x70, 0x6C, 0x61, 0x69, 0x6E, 0, 0, 1],
    };
    let mut card = Recorded::new(&slot(Image::manufacture(&chip, 2048, false), "plain"), "plain card");
    for command in [
        "80E03F000D38FFFFF0F001FFFFFFFFFFFFFFFF",
        "80E0000507280020F0F0FFFF",
        "00D685000411111111",
        "00D685000422222222",
        "00D685000422222222",
        "00D685000433333333",
        "80E0DF01083801A0F0F095FFFF",
        "80E0000607280140F0F0FFFF",
        "00D6860004A1A2A3A4",
        "00D6860004A1A2A3A4",
        "800E000000",
        "80E0000707280100F0F0FFFF",
        "00D6870004B1B2B3B4",
    ] {
        let answer = card.transmit(&hex::decode(command).unwrap()).unwrap();
        assert!(answer.ends_with(&[0x90, 0x00]), "{command}: {answer:02X?}");
    }
    card.script
}
