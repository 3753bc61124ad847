//! The slip of a purchase, and the record of its order for the SIM.

use super::form::encoded;
use super::frame::Frame;
use super::html::{Html, day, digits, when, yuan};
use super::visit::{Answer, Visit};
use super::words::Language;
use askama::Template;
use parties::Result;
use parties::bank::logins::noted;
use parties::bank::look;
use scheme::order::OrderId;
use server::{OrderError, PlacedOrder};

/// Seconds after its making in which the slip that answers a sale is no copy.
const FRESH_S: i64 = 600;

#[derive(Template)]
#[template(path = "slip.html")]
struct SlipPage {
    f: Frame,
    done: Html,
    copy: Option<Html>,
    has_record: bool,
    order: String,
    customer: String,
    amount: String,
    paid: Html,
    in_words: String,
    at: String,
    name: String,
    number: Html,
    meter: Html,
    count: u32,
    sim_end: String,
    is_card: bool,
    order_digits: Html,
    until: String,
}

fn placed(visit: &Visit<'_>) -> Result<PlacedOrder> {
    let id: OrderId = visit.place("order")?;
    visit.books().order(id)?.ok_or_else(|| OrderError::UnknownOrder(id).into())
}

/// Notes in the bank's log that he looked at an order.
fn note(visit: &mut Visit<'_>, act: &'static str, order: OrderId) -> Result<()> {
    noted(&visit.session, &mut visit.counter.desk, &visit.who, act, |session, _| {
        parties::log::fact(session, "order", order);
        Ok(())
    })
}

/// The address of the slip that answers a request.
pub fn of_request(order: &str, request: &str) -> String {
    format!("/console/orders/{}?request={}", encoded(order), encoded(request))
}

/// Whether this is the very answer of a request of his, for an order that was made just now.
fn is_the_answer(visit: &Visit<'_>, placed: &PlacedOrder) -> Result<bool> {
    let made = visit.now()?.seconds() - placed.order.issued.seconds();
    if !(0..FRESH_S).contains(&made) || !visit.can("sell") {
        return Ok(false);
    }
    let answered = visit.answered(visit.query.get("request"))?;
    Ok(answered.is_some_and(|said| said["order"] == *placed.order.id.to_string()))
}

/// The slip. The answer of his own sale is the first; every other is a copy, and stands in the log.
///
/// # Errors
/// There is no such order; the books cannot be read.
pub fn slip(visit: &mut Visit<'_>) -> Result<Answer> {
    let placed = placed(visit)?;
    let now = visit.now()?;
    let order = &placed.order;
    let first = is_the_answer(visit, &placed)?;
    if !first {
        note(visit, "console slip", order.id)?;
    }
    let lang = visit.lang;
    let known = visit.books().customer(placed.customer)?;
    let name = known.map_or_else(|| placed.customer.to_string(), |known| visit.name_of(&known));
    let amount = i64::from(order.amount.0);
    let paid = match visit.books().payment(order.id)?.and_then(|payment| payment.debited) {
        Some(debited) => lang.say("slip.debited", &[Html::text(debited.entry), Html::text(debited.day)]),
        None if visit.books().change_of(order.id)?.is_some() => Html::text(lang.t("chg.slip.paid")),
        None => Html::text(lang.t("slip.paid")),
    };
    let from = placed.sim.iccid.len().saturating_sub(4);
    visit.page(&SlipPage {
        f: visit.frame("sell")?,
        done: lang.say("slip.done", &[lang.money(amount), Html::text(&name)]),
        copy: (!first).then(|| lang.say("slip.copy", &[Html::text(when(now, true))])),
        has_record: placed.record.is_some() && placed.sim.card().is_none() && visit.can("record"),
        order: order.id.to_string(),
        customer: placed.customer.to_string(),
        amount: yuan(amount),
        paid,
        in_words: in_words(lang, order.amount.0),
        at: order.issued.to_string(),
        name,
        number: digits(&placed.customer.to_string(), false),
        meter: digits(&order.meter.to_string(), false),
        count: order.count,
        sim_end: placed.sim.iccid.get(from..).unwrap_or_default().to_owned(),
        is_card: placed.sim.card().is_some(),
        order_digits: digits(&order.id.to_string(), true),
        until: day(order.valid_until),
    })
}

/// The record, as the file that is written to the SIM.
///
/// # Errors
/// There is no such order, or it is not sealed.
pub fn record(visit: &mut Visit<'_>) -> Result<Answer> {
    let placed = placed(visit)?;
    // A record is as good as the money it stands for: whoever fetches it is in the log.
    note(visit, "console record", placed.order.id)?;
    let message = look::record(&visit.session, visit.desk(), placed.order.id)?;
    let name = format!("{}-{}.sms", placed.customer, placed.order.count);
    Ok(Answer::File { media: "text/plain; charset=utf-8", name, text: message.to_text() })
}

/// An amount in words, as it stands on a slip so that nobody adds a digit.
pub fn in_words(lang: Language, fen: u32) -> String {
    match lang {
        Language::English => english(fen),
        Language::Chinese => chinese(fen),
    }
}

fn english(fen: u32) -> String {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    fn small(n: u32) -> String {
        let (hundreds, rest) = (n / 100, n % 100);
        let mut words = Vec::new();
        if hundreds > 0 {
            words.push(format!("{} hundred", ONES[hundreds as usize]));
        }
        match rest {
            0 => {}
            1..20 => words.push(ONES[rest as usize].to_owned()),
            _ if rest % 10 == 0 => words.push(TENS[(rest / 10) as usize].to_owned()),
            _ => words.push(format!("{}-{}", TENS[(rest / 10) as usize], ONES[(rest % 10) as usize])),
        }
        words.join(" ")
    }
    let (yuan, rest) = (fen / 100, fen % 100);
    let mut words = Vec::new();
    for (size, name) in [(1_000_000, " million"), (1000, " thousand"), (1, "")] {
        let part = yuan / size % 1000;
        if part > 0 {
            words.push(format!("{}{name}", small(part)));
        }
    }
    if words.is_empty() {
        words.push("zero".to_owned());
    }
    words.push("yuan".to_owned());
    if rest > 0 {
        words.push(format!("{} fen", small(rest)));
    }
    words.join(" ")
}

/// As banks of China write sums: characters that cannot be changed into others by a stroke.
fn chinese(fen: u32) -> String {
    const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
    const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
    let (yuan, jiao, rest) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut out = String::from("人民币");
    let (mut pending, mut begun) = (false, false);
    for (group, unit) in [(yuan / 10_000, "万"), (yuan % 10_000, "")] {
        let mut any = false;
        for place in (0..4).rev() {
            let digit = group / 10_u32.pow(place) % 10;
            if digit == 0 {
                pending |= begun;
                continue;
            }
            if std::mem::take(&mut pending) {
                out.push('零');
            }
            out.push(DIGITS[digit as usize]);
            out.push_str(PLACES[place as usize]);
            (any, begun) = (true, true);
        }
        if any {
            out.push_str(unit);
        }
    }
    if begun {
        out.push('元');
    }
    match (jiao, rest) {
        (0, 0) => {
            if !begun {
                out.push_str("零元");
            }
            out.push('整');
        }
        (0, rest) => {
            if begun {
                out.push('零');
            }
            out.push(DIGITS[rest as usize]);
            out.push('分');
        }
        (jiao, rest) => {
            if begun && yuan % 10 == 0 {
                out.push('零');
            }
            out.push(DIGITS[jiao as usize]);
            out.push('角');
            if rest > 0 {
                out.push(DIGITS[rest as usize]);
                out.push('分');
            } else {
                out.push('整');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stand_in_words() {
        for (fen, en, zh) in [
            (0, "zero yuan", "人民币零元整"),
            (5, "zero yuan five fen", "人民币伍分"),
            (50, "zero yuan fifty fen", "人民币伍角整"),
            (10_000, "one hundred yuan", "人民币壹佰元整"),
            (10_005, "one hundred yuan five fen", "人民币壹佰元零伍分"),
            (12_345, "one hundred twenty-three yuan forty-five fen", "人民币壹佰贰拾叁元肆角伍分"),
            (100_100, "one thousand one yuan", "人民币壹仟零壹元整"),
            (10_000_050, "one hundred thousand yuan fifty fen", "人民币壹拾万元零伍角整"),
            (1_000_100, "ten thousand one yuan", "人民币壹万零壹元整"),
            (
                99_999_999,
                "nine hundred ninety-nine thousand nine hundred ninety-nine yuan ninety-nine fen",
                "人民币玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
            ),
            (11_000_000, "one hundred ten thousand yuan", "人民币壹拾壹万元整"),
            (10_100_000, "one hundred one thousand yuan", "人民币壹拾万零壹仟元整"),
        ] {
            assert_eq!(english(fen), en);
            assert_eq!(chinese(fen), zh, "{fen}");
        }
    }
}
