//! What a thief does to a SIM, to a message on its way, to a receipt: nothing of it is accepted, nothing is changed by it.

use super::board::{Progress, Row};
use crate::bare::{Bank, City, Seed, Site};
use keys::Suite;
use meter::{OrderOutcome, Outcome};
use parties::trouble::{Context, Result, refused};
use scheme::money::Fen;
use scheme::order::{Order, OrderId};
use scheme::receipt::Receipt;
use scheme::signing::Mode;
use server::Settlement;
use wire::sms::record::{RECORD_LEN, Records};
use wire::{Channel, Command, Sw};

const AMOUNT: Fen = Fen(20_00);

/// A city with two customers, each with an order on its way.
struct Scene {
    bank: Bank,
    sites: [Site; 2],
    orders: [Records; 2],
    /// The first order as it was made.
    order: Order,
    mode: Mode,
}

impl Scene {
    fn new(suite: Suite, mode: Mode, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let sites = [city.site(0, mode)?, city.site(1, mode)?];
        let mut bank = city.bank(&sites)?;
        let (first, second) = (bank.buy(&sites[0], AMOUNT)?, bank.buy(&sites[1], AMOUNT)?);
        bank.now = bank.now.add_seconds(60).context("a time")?;
        Ok(Scene { bank, sites, orders: [first.record, second.record], order: first.order, mode })
    }

    fn name(&self, attack: &str) -> String {
        let kind = if self.mode == Mode::Signed { "signed" } else { "symmetric" };
        format!("{attack}, {kind}")
    }

    /// Bytes as an order on the first customer's SIM, and the SIM into his meter: what became of it.
    fn attempt(&mut self, record: &[u8], row: &mut Row, how: impl FnOnce() -> String) -> Result<()> {
        let mut site = self.sites[0].copy()?;
        let Some(records) = Records::parse(record) else {
            return Err(refused("an attempt is one record or two").into());
        };
        site.write_raw(&records)?;
        let outcome = site.insert(self.bank.now);
        let purse = site.purse()?;
        match (&outcome.outcome, purse.count) {
            (Outcome::Credited { .. }, 1)
                if purse.balance == AMOUNT && self.is_what_was_sold(&mut site)? =>
            {
                row.stopped("says nothing: the order as made");
            }
            (Outcome::Refused { refusal, .. }, 0) if purse.balance == Fen(0) => row.stopped(refusal.name()),
            (outcome, count) => row.went_through(format!("{}: {outcome:?}, count {count}", how())),
        }
        Ok(())
    }

    /// Whether the receipt on a SIM is for the order that was sold to its owner.
    fn is_what_was_sold(&mut self, site: &mut Site) -> Result<bool> {
        let Some(records) = site.take_receipt()? else { return Ok(false) };
        Ok(self.bank.open(site, &records).is_ok_and(|said| said.digest == self.order.digest()))
    }
}

fn bits(record: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let used = |part: &[u8]| part.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
    let parts = record.chunks(RECORD_LEN).enumerate();
    parts.flat_map(move |(n, part)| (0..8 * used(part)).map(move |bit| 8 * RECORD_LEN * n + bit))
}

/// Where the packet of the first part begins in its record: behind the element of a command packet.
fn packet_at(record: &[u8]) -> Result<usize> {
    let found = record.windows(2).position(|two| two == [0x70, 0x00]);
    Ok(found.context("an order has the element of a packet")? + 2)
}

/// Everything that is tried with orders, receipts and cards.
///
/// # Errors
/// The parties cannot be set up.
pub fn tamper(suite: Suite, seed: Seed, progress: Progress<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mode in [Mode::Symmetric, Mode::Signed] {
        let mut scene = Scene::new(suite, mode, seed)?;
        progress(&scene.name("orders"));
        rows.push(every_bit(&mut scene)?);
        rows.push(fields_of_another(&mut scene)?);
        rows.push(lengths(&mut scene)?);
        rows.push(headers(&mut scene)?);
        rows.push(elsewhere(&scene)?);
        rows.push(downgrade(suite, &scene, seed)?);
        progress(&scene.name("receipts"));
        rows.extend(replays_and_receipts(&mut scene)?);
    }
    progress("cards");
    rows.extend(cards(suite, seed)?);
    Ok(rows)
}

fn every_bit(scene: &mut Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("each bit of the record flipped"));
    let record = scene.orders[0].clone();
    for bit in bits(&record).collect::<Vec<_>>() {
        let mut bent = record.to_vec();
        bent[bit / 8] ^= 1 << (bit % 8);
        scene.attempt(&bent, &mut row, || format!("bit {bit}"))?;
    }
    Ok(row)
}

/// Each block and each field of another valid order in the place of this one's.
fn fields_of_another(scene: &mut Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("fields of another valid order"));
    let [one, other] = scene.orders.clone();
    let at = packet_at(&one)?;
    let used = bits(&one[..RECORD_LEN]).last().map_or(0, |bit| bit / 8 + 1);
    // CPL, CHL, SPI, KIc, KID, TAR; then each 8 bytes of what is enciphered, CNTR and CC among them.
    let mut fields: Vec<(usize, usize)> = [(0, 2), (2, 1), (3, 2), (5, 1), (6, 1), (7, 3)].to_vec();
    fields.extend((10..used.saturating_sub(at)).step_by(8).map(|from| (from, 8)));
    for (from, len) in fields {
        let range = at + from..(at + from + len).min(used);
        if one[range.clone()] == other[range.clone()] {
            continue;
        }
        let mut bent = one.to_vec();
        bent[range.clone()].copy_from_slice(&other[range.clone()]);
        scene.attempt(&bent, &mut row, || format!("bytes {range:?}"))?;
    }
    if one.len() > RECORD_LEN {
        let bent = [&one[..RECORD_LEN], &other[RECORD_LEN..]].concat();
        scene.attempt(&bent, &mut row, || "second part".to_owned())?;
        let bent = [&other[..RECORD_LEN], &one[RECORD_LEN..]].concat();
        scene.attempt(&bent, &mut row, || "first part".to_owned())?;
    }
    Ok(row)
}

/// Shorter and longer than it was made, with the lengths as they were and with lengths that fit.
fn lengths(scene: &mut Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("cut short or made longer"));
    let record = scene.orders[0].clone();
    let at = packet_at(&record)?;
    let used = bits(&record[..RECORD_LEN]).last().map_or(0, |bit| bit / 8 + 1);
    // UDL stands before the header: 02 70 00, or the 8 bytes of a first part. CPL stands behind it.
    let udl = at - if record.len() > RECORD_LEN { 9 } else { 4 };
    for fits in [false, true] {
        for less in 1..(used - at) {
            let mut bent = record.to_vec();
            bent[used - less..RECORD_LEN].fill(0xFF);
            if fits {
                bent[udl] = bent[udl].saturating_sub(less as u8);
                bent[at + 1] = bent[at + 1].saturating_sub(less as u8);
            }
            scene.attempt(&bent, &mut row, || format!("{less} bytes less, lengths fit: {fits}"))?;
        }
        for more in 1..=(RECORD_LEN - used).min(16) {
            let mut bent = record.to_vec();
            bent[used..used + more].fill(0x00);
            if fits {
                bent[udl] += more as u8;
                bent[at + 1] = bent[at + 1].wrapping_add(more as u8);
            }
            scene.attempt(&bent, &mut row, || format!("{more} bytes more, lengths fit: {fits}"))?;
        }
    }
    Ok(row)
}

/// Every other value of SPI, KIc, KID and TAR: other suites, other key sets, less protection.
fn headers(scene: &mut Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("SPI, KIc, KID or TAR of another value"));
    let record = scene.orders[0].clone();
    let at = packet_at(&record)?;
    for byte in 3..10 {
        for value in 0..=255 {
            if record[at + byte] == value {
                continue;
            }
            let mut bent = record.to_vec();
            bent[at + byte] = value;
            scene.attempt(&bent, &mut row, || format!("byte {byte} of the packet is {value:02X}"))?;
        }
    }
    Ok(row)
}

/// The record on another customer's SIM, in another customer's meter, and both.
fn elsewhere(scene: &Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("copied to another SIM or meter"));
    let [own, other] = &scene.sites;
    for (sim, meter, what) in
        [(other, own, "another SIM"), (own, other, "another meter"), (other, other, "both")]
    {
        let mut site = meter.copy()?;
        site.sim = sim.copy()?.sim;
        site.write_raw(&scene.orders[0])?;
        let before = site.purse()?;
        let outcome = site.insert(scene.bank.now);
        match outcome.outcome {
            Outcome::Refused { refusal, .. } if site.purse()? == before => row.stopped(refusal.name()),
            outcome => row.went_through(format!("{what}: {outcome:?}")),
        }
    }
    Ok(row)
}

/// An order without a signature for a meter that takes signed ones alone, from a bank that has all its keys; and a signed one for a meter that
/// signs nothing.
fn downgrade(suite: Suite, scene: &Scene, seed: Seed) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("of the other kind than the meter takes"));
    let (has, says) = match scene.mode {
        Mode::Signed => (Mode::Signed, Mode::Symmetric),
        Mode::Symmetric | Mode::Both => (Mode::Both, Mode::Symmetric),
    };
    let mut city = City::new(suite, seed)?;
    let mut sites = [city.site(2, has)?];
    let mut bank = city.bank(&sites)?;
    let (mode, certified) = (sites[0].mode, sites[0].certified.take());
    sites[0].mode = says;
    bank.tell(&sites)?;
    let order = bank.buy(&sites[0], AMOUNT)?;
    (sites[0].mode, sites[0].certified) = (mode, certified);
    let mut site = sites[0].copy()?;
    site.deliver(&order.record)?;
    let report = site.insert(bank.now);
    let purse = site.purse()?;
    match (report.orders.first().map(|order| order.outcome), has) {
        (Some(OrderOutcome::Refused(refusal)), Mode::Signed) if purse.count == 0 => {
            row.stopped(refusal.name())
        }
        // A chip that takes both takes it, and its receipt is not signed: nobody is told otherwise.
        (Some(OrderOutcome::Credited(_)), Mode::Both) if purse.count == 1 => {
            row.stopped("taken as what it is: its receipt is not signed");
        }
        (outcome, _) => row.went_through(format!("{outcome:?}")),
    }
    Ok(row)
}

/// The honest order credited; then old orders once more, and everything that can be done to its receipt.
fn replays_and_receipts(scene: &mut Scene) -> Result<Vec<Row>> {
    let mut replay = Row::new("tamper", scene.name("inserted again, and after a newer one"));
    let mut site = scene.sites[0].copy()?;
    site.deliver(&scene.orders[0])?;
    let now = scene.bank.now;
    site.insert(now);
    let receipt = site.take_receipt()?.context("a receipt")?;
    let before = site.purse()?;
    // The same record once more: the receipt again, and no money.
    site.write_raw(&scene.orders[0])?;
    let outcome = site.insert(now).outcome;
    match outcome {
        Outcome::ReceiptRepeated { .. } if site.purse()? == before => {
            replay.stopped("count rule: the stored receipt")
        }
        outcome => replay.went_through(format!("again: {outcome:?}")),
    }
    let mut rows = receipts(scene, &site, &receipt)?;
    let settled = scene.bank.settle(&site, &receipt)?;
    let mut twice = Row::new("tamper", scene.name("its receipt settled again"));
    match (settled, scene.bank.settle(&site, &receipt)?) {
        (Settlement::Settled(_), Settlement::AlreadySettled(_)) => twice.stopped("books: the same receipt"),
        (first, again) => twice.went_through(format!("{first:?}, then {again:?}")),
    }
    rows.push(twice);
    let newer = scene.bank.buy(&site, AMOUNT)?;
    site.deliver(&newer.record)?;
    site.insert(now);
    let before = site.purse()?;
    site.write_raw(&scene.orders[0])?;
    let outcome = site.insert(now);
    let refused = outcome.orders.iter().find_map(|order| match order.outcome {
        OrderOutcome::Refused(refusal) => Some(refusal),
        _ => None,
    });
    match refused {
        Some(refusal) if site.purse()? == before => replay.stopped(refusal.name()),
        _ => replay.went_through(format!("after a newer one: {:?}", outcome.orders)),
    }
    rows.insert(0, replay);
    rows.push(refund(scene)?);
    Ok(rows)
}

/// Each bit of the receipt flipped, and receipts that are none, before the bank.
fn receipts(scene: &mut Scene, site: &Site, receipt: &Records) -> Result<Vec<Row>> {
    let honest = scene.bank.open(site, receipt)?;
    let mut flipped = Row::new("tamper", scene.name("each bit of its receipt flipped"));
    for bit in bits(receipt) {
        let mut bent = receipt.to_vec();
        bent[bit / 8] ^= 1 << (bit % 8);
        look(scene, site, &bent, &honest, &mut flipped, || format!("bit {bit}"))?;
    }
    let mut forged = Row::new("tamper", scene.name("a receipt that no meter made"));
    let order = scene.orders[0].clone();
    look(scene, site, &order, &honest, &mut forged, || "the order itself".to_owned())?;
    let mut sent = order.to_vec();
    sent.chunks_mut(RECORD_LEN).for_each(|record| record[0] = 0x07);
    look(scene, site, &sent, &honest, &mut forged, || "the order, to be sent".to_owned())?;
    let [_, other] = &scene.sites;
    let stranger = other.copy()?;
    match scene.bank.open(&stranger, receipt) {
        Err(error) => forged.stopped(error.code().to_owned()),
        Ok(said) => forged.went_through(format!("as of another meter: {said:?}")),
    }
    Ok(vec![flipped, forged])
}

fn look(
    scene: &mut Scene,
    site: &Site,
    bytes: &[u8],
    honest: &Receipt,
    row: &mut Row,
    how: impl FnOnce() -> String,
) -> Result<()> {
    let Some(records) = Records::parse(bytes) else {
        return Err(refused("a receipt is one record or two").into());
    };
    match scene.bank.open(site, &records) {
        Ok(said) if said == *honest => row.stopped("says nothing: the receipt as made"),
        Ok(said) => row.went_through(format!("{}: {said:?}", how())),
        Err(error) => row.stopped(error.code().to_owned()),
    }
    Ok(())
}

/// Money back while no receipt says that the meter took less.
fn refund(scene: &mut Scene) -> Result<Row> {
    let mut row = Row::new("tamper", scene.name("paid back without a receipt"));
    let other = scene.sites[1].copy()?;
    // The second customer has paid, and no receipt of his came.
    let paid = scene.bank.refund(&other)?;
    if paid == 0 {
        row.stopped("books: nothing is due before a genuine receipt")
    } else {
        row.went_through(format!("{paid} fen"))
    }
    match scene.bank.void(&other) {
        Err(error) => row.stopped(error.code().to_owned()),
        Ok(()) => row.went_through("a sealed order was given up"),
    }
    Ok(row)
}

/// What an owner of cards does with them: orders past the server, finished cards made anew.
fn cards(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    let mut city = City::new(suite, seed)?;
    let sites = [city.site(0, Mode::Symmetric)?];
    let mut bank = city.bank(&sites)?;
    let mut past = Row::new("tamper", "an order sealed past the server");
    let mut order = bank.buy(&sites[0], AMOUNT)?.order;
    let honest = order.to_bytes();
    let proof = bank.proof(&honest)?;
    order.amount = Fen(AMOUNT.0 * 10);
    let mut unknown = order.clone();
    unknown.id = OrderId([0xAA; 8]);
    for (bytes, proof, what) in [
        (order.to_bytes(), Some(proof), "the honest id with another amount, under the honest proof"),
        (unknown.to_bytes(), Some(proof), "an unknown id, under another order's proof"),
        (unknown.to_bytes(), Some([0; 8]), "under no proof of anybody's"),
        (unknown.to_bytes(), None, "without a proof"),
    ] {
        let sealed = bank.seal_raw(&bytes, proof)?;
        if sealed == Sw::NOT_ALLOWED {
            past.stopped("6982: the server's proof")
        } else {
            past.went_through(format!("{what}: {sealed}"))
        }
    }
    let mut wiped = Row::new("tamper", "a finished card wiped, filled or re-keyed");
    let mut esam = sites[0].copy()?.esam;
    let mut psam = seed.copy(&bank.psam)?;
    for (card, name) in [(&mut esam, "ESAM"), (&mut psam, "PSAM")] {
        let commands = [
            ("ERASE DF", Command::new(0x80, 0x0E, 0x00, 0x00)),
            (
                "CREATE FILE",
                Command::new(0x80, 0xE0, 0x00, 0x77).data(&[0x28, 0x00, 0x10, 0xF0, 0xF0, 0xFF, 0xFF]),
            ),
            (
                "WRITE KEY",
                Command::new(0x80, 0xD4, 0x01, 0x00).data(
                    &[0x39, 0xF0, 0xFF, 0xAA, 0x33].iter().chain(&[7; 16]).copied().collect::<Vec<u8>>(),
                ),
            ),
        ];
        for (what, command) in commands {
            let before = card.image();
            let sw = ask(card, &command)?;
            if !sw.is_ok() && card.image().eeprom == before.eeprom {
                wiped.stopped(format!("{what}: {sw}"));
            } else {
                wiped.went_through(format!("{name}, {what}: {sw}"));
            }
        }
    }
    Ok(vec![past, wiped])
}

fn ask(card: &mut vcard::Slot, command: &Command) -> Result<Sw> {
    card.reset()?;
    let mut fmcos = reader::driver::fmcos::Fmcos::new(card);
    fmcos.select_mf()?;
    Ok(fmcos.ask("a forbidden command", command)?.sw)
}
