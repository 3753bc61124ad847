//! One story: a meter that is credited by each way there is, within one day, and a neighbour's gas meter by some of them. One purse a meter,
//! one receipt a purchase, one set of books.

use crate::far::BAY;
use crate::figures::Report;
use crate::timeline::Timeline;
use crate::town::Town;
use line::Kind;
use meter::Profile;
use parties::bank::ReceiptFacts;
use parties::pipe::{FAST, PipeReport, SLOW};
use parties::trouble::{Context, Result, refused};
use parties::words::yuan_of;
use reader::counted::ms;
use scheme::money::Fen;
use serde::Serialize;
use server::Registration;

/// What is bought each time.
const AMOUNT: Fen = Fen(30_00);

/// Number of the customer's purchase card.
const USER_CARD: &str = "330200000801";

/// Who stands between meter and bank, where somebody does.
const PHONE: &str = "telephone";

/// A way that money went, and what its line took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Its name.
    pub way: &'static str,
    /// What the meter is for.
    pub meter: Profile,
    /// What was bought.
    #[serde(serialize_with = "scheme::names::fen::serialize")]
    pub amount_fen: Fen,
    /// The meter's line at the speed that it has: of the cards' slots, or of the infrared eye.
    pub bits_per_s: u32,
    /// What it took, by its bytes.
    pub line_ms: u64,
    /// The same at 9600 bit/s.
    pub line_ms_9600: u64,
    /// What the messages alone take at the line's speed, without frames and without waiting; none where no message is carried.
    pub least_ms: Option<u64>,
    /// The receipt settled the order.
    pub settled: bool,
}

/// The story, when it was lived.
#[derive(Debug, Clone)]
pub struct Ways {
    /// Way by way.
    pub ways: Vec<Way>,
    /// Money counted at both ends.
    pub report: Report,
    /// Who did what, when, and what follows from it.
    pub timeline: String,
}

/// What is done on a way; gives its line.
type Walk = fn(&mut Day<'_>) -> Result<Way>;

/// Every way there is, in the order in which they are walked. The first opens the account.
const WALKS: &[Walk] = &[
    |day| day.by_sim("sim"),
    |day| day.online(),
    |day| day.by_frames(),
    |day| day.by_netmeter(),
    |day| day.by_board(),
    |day| day.by_storage(),
    |day| day.by_card(),
    |day| day.by_signed_sim(),
    |day| day.signed_online(),
    |day| day.over(Kind::Infrared),
    |day| day.over(Kind::Irda),
    |day| day.over(Kind::Bluetooth),
    |day| day.over(Kind::Ble),
    |day| day.over(Kind::Nfc),
];

/// The ways that a gas meter is bought for by here. The first opens the account of its own customer.
const GAS_WALKS: &[Walk] = &[|day| day.by_sim("sim"), |day| day.by_pipe(), |day| day.by_storage()];

/// Bits a second on the line of a meter on a pipe.
const PIPE: u32 = 2400;

/// The day under way.
struct Day<'t> {
    town: &'t Town,
    person: &'t Registration,
    timeline: Timeline,
}

/// Lives it, in a town where nothing is made yet.
///
/// # Errors
/// An act that did not go as the story wants.
pub fn live(town: &Town) -> Result<Ways> {
    town.settle_down()?;
    let person = town.people().first().context("a town has customers")?;
    let mut day = Day { town, person, timeline: Timeline::default() };
    let mut ways: Vec<Way> = WALKS.iter().map(|walk| walk(&mut day)).collect::<Result<_>>()?;
    let neighbour = town.people().get(1).filter(|neighbour| town.profile(neighbour) == Profile::Gas);
    if let Some(neighbour) = neighbour {
        day.person = neighbour;
        ways.extend(GAS_WALKS.iter().map(|walk| walk(&mut day)).collect::<Result<Vec<_>>>()?);
    }
    let report = day.report(&ways, [Some(person), neighbour])?;
    Ok(Ways { ways, report, timeline: day.timeline.text() })
}

impl Day<'_> {
    fn later(&self, seconds: i64) {
        self.town.world().clock().later(seconds);
    }

    fn say(&mut self, who: &'static str, card: &str, what: String, conclusion: String) {
        self.timeline.add(self.town.world().clock().time(), who, card, what, conclusion);
    }

    /// What the meter is for.
    fn meter(&self) -> Profile {
        self.town.profile(self.person)
    }

    /// A way that ends at the slots of the meter's cards.
    fn on_slots(&self, way: &'static str, ms: u64, settled: bool) -> Way {
        Way {
            way,
            meter: self.meter(),
            amount_fen: AMOUNT,
            bits_per_s: meter::BAUD,
            line_ms: ms,
            line_ms_9600: ms,
            least_ms: None,
            settled,
        }
    }

    /// The bank sells, and the order goes to whoever asks for it.
    fn sell(&mut self, as_what: &str) -> Result<()> {
        let order = self.town.sell(self.person, AMOUNT)?;
        let what =
            format!("sells {} to customer {} (purchase {})", AMOUNT, self.person.customer, order.count);
        self.say("bank", "PSAM", what, as_what.to_owned());
        self.later(60);
        Ok(())
    }

    /// The bank settles the receipt that was sent to it.
    fn settle(&mut self) -> Result<bool> {
        let settled = self.town.settle(vec![arrived(self.town)?])?;
        let line = settled.receipts.first().context("one receipt was sent")?;
        let is_settled = matches!(line.facts, Some(ReceiptFacts::Settled { .. }));
        self.say("bank", "PSAM", format!("opens the receipt: {}", line.detail), String::new());
        self.later(3600);
        Ok(is_settled)
    }

    /// An order on the SIM, and the receipt back on it.
    fn by_sim(&mut self, way: &'static str) -> Result<Way> {
        let (town, person) = (self.town, self.person);
        self.sell("the order is a short message for the SIM")?;
        town.deliver(person, arrived(town)?)?;
        self.later(600);
        let report = town.insert(person, person)?.insertion;
        let time = report.wire_time().both;
        let what = format!("SIM into meter {}: {}", person.meter, report.display.line1);
        let ms = time.us_9600.div_ceil(1000);
        self.say("meter", "ESAM + SIM", what, format!("{ms} ms on the lines of the two cards"));
        self.later(600);
        town.collect(person)?;
        self.later(60);
        let is_settled = self.settle()?;
        Ok(self.on_slots(way, ms, is_settled))
    }

    /// The classic card that the SIM replaces: it takes the SIM's place at the meter, and gives it back at the next purchase.
    fn by_card(&mut self) -> Result<Way> {
        let (town, person) = (self.town, self.person);
        let card = town.issue_user_card(USER_CARD.parse()?)?;
        self.say("city", "PSAM issuing card", "makes a user card".into(), "empty, and nobody's yet".into());
        self.later(60);
        let order = town.write_card(person, &card, AMOUNT)?;
        let what = format!(
            "loads {} for customer {} onto a card (purchase {})",
            AMOUNT, person.customer, order.done.count
        );
        self.say("bank", "PSAM + user card", what, format!("the meter is to know it: {}", order.done.kind));
        self.later(600);
        let report = town.insert_card(&card, person)?.insertion;
        let ms = report.wire_time().both.us_9600.div_ceil(1000);
        let what = format!("card into meter {}: {}", person.meter, report.display.line1);
        self.say("meter", "ESAM + user card", what, format!("{ms} ms on the lines of the two cards"));
        self.later(600);
        let read = town.read_card(&card)?;
        let line = read.receipt.context("the meter left a receipt on the card")?;
        let settled = matches!(line.facts, Some(ReceiptFacts::Settled { .. }));
        self.say("bank", "PSAM", format!("reads the card: {}", line.detail), String::new());
        self.later(3600);
        Ok(self.on_slots("card", ms, settled))
    }

    /// A SIM once more, with a signed order, which is two messages, and a receipt that anybody can check.
    fn by_signed_sim(&mut self) -> Result<Way> {
        self.town.sign(self.person)?;
        let what = format!("meter {} takes signed orders too", self.person.meter);
        self.say(
            "city",
            "ESAM issuing card",
            what,
            "keys in ESAM and PSAM are certified, and the server's".into(),
        );
        self.by_sim("signed-sim")
    }

    /// The paper's flow once more, with request, order and receipt signed by who made them.
    fn signed_online(&mut self) -> Result<Way> {
        let report = self.town.buy_online(self.person, Some(AMOUNT))?;
        self.carried(("signed-online", PHONE), SLOW, &report, None)
    }

    /// The paper's flow: four messages through a telephone without a key.
    fn online(&mut self) -> Result<Way> {
        let report = self.town.buy_online(self.person, Some(AMOUNT))?;
        self.carried(("online", PHONE), SLOW, &report, None)
    }

    /// The same flow at a meter on a pipe, which sleeps and is called: the messages go inside the frames of CJ/T 188.
    fn by_pipe(&mut self) -> Result<Way> {
        let (report, used) = self.town.buy_counted(self.person, Some(AMOUNT))?;
        let line = format!(
            "{} bytes inside frames of CJ/T 188, {} ms at {PIPE} bit/s: the meter slept, and was called",
            used.sent + used.received,
            used.ms(PIPE)
        );
        let carried = self.carried(("online", PHONE), PIPE, &report, Some(line))?;
        let least = ms(report.bytes(), PIPE);
        Ok(Way { line_ms: used.ms(PIPE), line_ms_9600: used.ms(FAST), least_ms: Some(least), ..carried })
    }

    /// The field's own frames: the MACs of a recharge, made by the bank's PSAM for the random of the meter's ESAM.
    fn by_frames(&mut self) -> Result<Way> {
        let report = self.town.buy_by_frames(self.person, Some(AMOUNT))?;
        self.carried(("recharge", PHONE), FAST, &report, None)
    }

    /// The same frames on the line of a meter that called the server: no telephone is between, and nobody stands at the meter.
    fn by_netmeter(&mut self) -> Result<Way> {
        let report = self.town.buy_by_netmeter(self.person, Some(AMOUNT))?;
        self.carried(("netmeter", "server"), BAY, &report, None)
    }

    /// An order's file through the plug of a sub-board, and the receipt's file back.
    fn by_board(&mut self) -> Result<Way> {
        let (town, person) = (self.town, self.person);
        self.sell("the order is a file for whoever brings it")?;
        let run = town.bring_by_board(person, &arrived(town)?)?;
        let what = format!("brings the file to meter {}, {} bytes at its plug", person.meter, run.bytes);
        self.say("sub-board", "", what, format!("{} ms; it has no key", run.ms));
        self.later(600);
        let is_settled = self.settle()?;
        Ok(Way {
            way: "sub-board",
            meter: self.meter(),
            amount_fen: AMOUNT,
            bits_per_s: BAY,
            line_ms: run.ms,
            line_ms_9600: run.ms,
            least_ms: None,
            settled: is_settled,
        })
    }

    /// The paper's flow over a line with its physics, in the time of that line.
    fn over(&mut self, kind: Kind) -> Result<Way> {
        let (report, spent) = self.town.buy_over(self.person, kind, Some(AMOUNT))?;
        let what = format!("is held to meter {}: {}", self.person.meter, kind.name());
        self.say("telephone", "", what, String::new());
        let least = spent.least_ms_of(report.bytes());
        let took = format!("{} ms with all that the line needs, {least} ms at the least", spent.ms());
        let carried = self.carried((kind.name(), PHONE), spent.bits_per_s, &report, Some(took))?;
        Ok(Way { line_ms: spent.ms(), least_ms: Some(least), ..carried })
    }

    /// The order's file on a flash disk in the place of the SIM, and the receipt's file beside it.
    fn by_storage(&mut self) -> Result<Way> {
        let (town, person) = (self.town, self.person);
        self.sell("the order is a file; copies of it are worth it once")?;
        let (report, _) = town.insert_stick(person, &arrived(town)?)?;
        let ms = report.insertion.wire_time().both.us_9600.div_ceil(1000);
        let what = format!("flash disk into meter {}: {}", person.meter, report.display[0]);
        self.say("meter", "ESAM", what, format!("{ms} ms on the line of the ESAM"));
        self.later(600);
        let settled = self.settle()?;
        Ok(self.on_slots("storage", ms, settled))
    }

    /// What somebody without a key carried, at the speed of the meter's port it stood at; `took`: what else its line took, in words.
    fn carried(
        &mut self,
        (way, who): (&'static str, &'static str),
        bits_per_s: u32,
        report: &PipeReport,
        took: Option<String>,
    ) -> Result<Way> {
        report.verdict()?;
        for passed in &report.passed {
            let [came, went] = &passed.sha256;
            if came != went {
                return Err(refused(format!("the {who} changed {}", passed.message)).into());
            }
        }
        let PipeReport { receipt, line, .. } = report;
        let (messages, bytes) = (report.passed.len(), report.bytes());
        let what = format!(
            "carries {messages} messages, {bytes} bytes, between meter {} and the bank",
            self.person.meter
        );
        self.say(who, "", what, "as they came: no key is on the way".into());
        let by_bytes = || {
            format!("{} ms on the meter's line at {SLOW} bit/s, {} ms at {FAST}", line.ms_1200, line.ms_9600)
        };
        let took = took.unwrap_or_else(by_bytes);
        self.say("bank", "PSAM", format!("opens the receipt: {}", receipt.detail), took);
        self.later(3600);
        Ok(Way {
            way,
            meter: self.meter(),
            amount_fen: AMOUNT,
            bits_per_s,
            line_ms: if bits_per_s == SLOW { line.ms_1200 } else { line.ms_9600 },
            line_ms_9600: line.ms_9600,
            least_ms: Some(if bits_per_s == SLOW { line.least_ms_1200 } else { line.least_ms_9600 }),
            settled: matches!(receipt.facts, Some(ReceiptFacts::Settled { .. })),
        })
    }

    /// Money counted at both ends, purse by purse.
    fn report(&mut self, ways: &[Way], people: [Option<&Registration>; 2]) -> Result<Report> {
        let books = self.town.books()?;
        let fen = |fen: i64| u64::try_from(fen).unwrap_or(0);
        let (sold, settled) = (fen(books.sold_fen), fen(books.settled_fen));
        let (mut into_purses, mut credited, mut meters) = (0, 0, 0);
        for person in people.into_iter().flatten() {
            let (purse, profile) = (self.town.meter(person)?, self.town.profile(person));
            let into_purse = u64::from(purse.total_credited_fen.0);
            let by = ways.iter().filter(|way| way.meter == profile).count();
            let what = format!(
                "one purse, of {}: {} in {} purchases by {by} ways",
                profile.name(),
                yuan_of(into_purse),
                purse.count
            );
            let all = format!("the bank has sold {} and settled {}", yuan_of(sold), yuan_of(settled));
            self.say("meter", "ESAM", what, all);
            into_purses += into_purse;
            credited += purse.count as usize;
            meters += 1;
        }
        Ok(Report {
            meters,
            orders: books.orders as usize,
            credited,
            settled: books.settled as usize,
            refused: 0,
            sold_fen: sold,
            credited_fen: into_purses,
            settled_fen: settled,
            lost_fen: sold.saturating_sub(into_purses),
            created_fen: into_purses.saturating_sub(sold),
        })
    }
}

/// The next message that arrives.
fn arrived(town: &Town) -> Result<std::path::PathBuf> {
    town.world().post().arrived().context("a message is under way")
}
