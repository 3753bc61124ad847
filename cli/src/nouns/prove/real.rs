//! `prove card` and `prove port`: what may be tried with a customer's own card and meter. What will be done is said first.

use crate::files::whole;
use crate::prelude::*;
use crate::way::{Ahead, Timed};
use ::parties::cards::CardHandle;
use ::parties::{meters, records};
use lens::explain::heard_frames;
use reader::cards::InReader;
use wire::dlt645::Address;
use world::bare::Seed;
use world::proof::{self, CardTrial, OrderTrial, PortTrial, Progress, Row};

/// Options of `prove card`.
#[derive(Debug, Clone, Args)]
pub struct CardOptions {
    /// Card file, a card in a reader (pcsc:READER, pcsc:SERIAL), or a SIM in a modem (at:DEVICE). Of an ESAM with --meter.
    pub card: CardRef,
    /// Kind of a card in a reader that does not tell.
    #[arg(long, value_parser = kind)]
    pub kind: Option<CardKind>,
    /// The meter of the home whose ESAM this is: a bent order is then put before it. Wants --order.
    #[arg(long, value_name = "METER", requires = "order")]
    pub meter: Option<MeterNumber>,
    /// An order's record file, made for that meter: it is put there bent, and never as it is.
    #[arg(long, value_name = "FILE", requires = "meter")]
    pub order: Option<PathBuf>,
    /// Flip every bit of the order, in the place of one of each byte.
    #[arg(long, requires = "order")]
    pub every_bit: bool,
    /// Wrong guesses that may be made at each PIN and key; each SPENDS A TRY. The last one is left alone.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=15))]
    pub spend_tries: u8,
    /// Send commands that would WIPE OR FILL A CARD THAT DOES NOT REFUSE THEM.
    #[arg(long)]
    pub at_the_cards_risk: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `prove port`.
#[derive(Debug, Clone, Args)]
pub struct PortOptions {
    #[command(flatten)]
    pub ahead: Ahead,
    /// Address of the meter, 12 digits. Default: that of the one meter on the line.
    #[arg(long)]
    pub address: Option<MeterNumber>,
    /// Wrong MACs that may be sent: A METER COUNTS THEM, and shuts its port for the day after too many.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=150))]
    pub spend_tries: u32,
    /// A capture of a line; the requests in it are SENT AGAIN.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Flip every bit of a frame, in the place of one of each byte: minutes, for each silence is waited out.
    #[arg(long)]
    pub every_bit: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Says what will be done; on stdout where nothing else will be.
fn announce(dry_run: bool, what: &str, plan: &[String]) {
    if !dry_run {
        say(format!("what will be tried with {what}:"));
        plan.iter().for_each(|line| say(format!("  {line}")));
    }
}

/// Tries a card. `None`: it was only said what would be.
pub fn card(call: &Call, options: &CardOptions, seed: Seed, tell: Progress<'_>) -> Result<Option<Vec<Row>>> {
    let card = call.cards.resolve(&options.card)?;
    let (mut handle, kind) = match card.path() {
        Some(_) => CardHandle::open_any(call, &card).map(|(handle, kind)| (handle, Some(kind)))?,
        // What it is, it is asked for nothing that its kind does not have.
        None => (CardHandle::of(call, Box::new(InReader::unasked(&card, call.patience)?))?, options.kind),
    };
    let trial =
        CardTrial { kind, spend_tries: options.spend_tries, at_the_cards_risk: options.at_the_cards_risk };
    let order = match (options.meter, &options.order) {
        (Some(meter), Some(order)) => Some(of_order(call, meter, order, options.every_bit)?),
        _ => None,
    };
    let mut plan = trial.plan();
    plan.extend(order.iter().flat_map(OrderTrial::plan));
    announce(options.dry_run, &options.card.to_string(), &plan);
    if options.dry_run {
        answer(call, &plan.join("\n"), json!({ "plan": plan }));
        return Ok(None);
    }
    let mut rows = proof::card(&mut handle, &trial, tell)?;
    if let Some(order) = order {
        rows.extend(proof::orders(&mut handle, &order, seed, tell)?);
    }
    handle.close()?;
    Ok(Some(rows))
}

fn of_order(call: &Call, meter: MeterNumber, file: &Path, every_bit: bool) -> Result<OrderTrial> {
    let message = records::read(file)?;
    let imsi = message.sim.imsi.ok_or_else(|| {
        refused(format!("{} does not say which SIM it is for", file.display()))
            .hint("`gridcard server resume` writes it with the SIM's IMSI")
    })?;
    let place = meters::MeterPlace::new(&meters::folder(call)?, meter);
    Ok(OrderTrial { meter: place.load()?, order: message.record, imsi, now: call.now()?, every_bit })
}

/// Tries a meter at its line. `None`: it was only said what would be.
pub fn port(call: &Call, options: &PortOptions, tell: Progress<'_>) -> Result<Option<Timed<Vec<Row>>>> {
    let recorded = match &options.replay {
        Some(file) => {
            let frames = heard_frames(&whole(file)?);
            if frames.is_empty() {
                return Err(refused(format!("no frame of DL/T 645 is in {}", file.display())).into());
            }
            frames
        }
        None => Vec::new(),
    };
    let address = options.address.map(|number| Address(number.0));
    let trial =
        PortTrial { address, spend_tries: options.spend_tries, recorded, every_bit: options.every_bit };
    let plan = trial.plan();
    announce(options.dry_run, &format!("the meter at {}", options.ahead.place), &plan);
    if options.dry_run {
        answer(call, &plan.join("\n"), json!({ "plan": plan }));
        return Ok(None);
    }
    Ok(Some(options.ahead.reach(call, |link| proof::port(link, &trial, tell))?))
}
