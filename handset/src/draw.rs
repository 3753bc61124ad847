//! The screens in cells. Each is lines from top to bottom; where they do not fit, the line that has the keys stays in sight.

use crate::app::{App, Screen, Told};
use crate::form::{Form, Kind, Row};
use crate::text::{padded, tail, width, wrapped};
use crate::words::{Tongue, yuan};
use client::talk::{Offer, Purchase, PurchaseState, Reported, Sold};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use scheme::moment::Moment;

const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
const HERE: Style = Style::new().add_modifier(Modifier::REVERSED);
const SOFT: Style = Style::new().add_modifier(Modifier::DIM);
/// The widest that text becomes: longer lines are hard to read.
const WIDEST: u16 = 76;

/// Draws an app on a frame of any size.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)])
            .areas(frame.area());
    let title = format!(" {} ", app.tongue.t(title(&app.screen)));
    let fill = usize::from(head.width).saturating_sub(width(&title));
    frame.render_widget(Paragraph::new(format!("{title}{}", " ".repeat(fill))).style(HERE), head);
    let body = Rect { x: body.x + 1, width: body.width.saturating_sub(2).min(WIDEST), ..body };
    let page = Page::of(app, usize::from(body.width));
    let last = page.lines.len().saturating_sub(usize::from(body.height));
    let top = (page.here + 2).saturating_sub(usize::from(body.height)).min(last);
    let top = u16::try_from(top).unwrap_or_default();
    frame.render_widget(Paragraph::new(page.lines).scroll((top, 0)), body);
    frame.render_widget(Paragraph::new(format!(" {}", app.tongue.t(keys(app)))).style(SOFT), foot);
}

const fn title(screen: &Screen) -> &'static str {
    match screen {
        Screen::Slip(_) => "title.slip",
        Screen::Start => "title.start",
        Screen::Pay(_) => "title.pay",
        Screen::Confirm { .. } => "title.confirm",
        Screen::Bought(_) => "title.bought",
        Screen::Records { .. } => "title.records",
        Screen::Meter => "title.meter",
    }
}

const fn keys(app: &App) -> &'static str {
    match &app.screen {
        Screen::Slip(_) => "keys.slip",
        Screen::Pay(_) => "keys.pay",
        Screen::Confirm { .. } => "keys.confirm",
        Screen::Bought(purchase) if matches!(purchase.state, PurchaseState::Made) => "keys.made",
        Screen::Bought(_) => "keys.bought",
        Screen::Records { .. } if app.seen.more => "keys.earlier",
        Screen::Records { .. } => "keys.records",
        Screen::Meter if app.seen.contracts.len() > 1 => "keys.meters",
        Screen::Start | Screen::Meter => "keys.start",
    }
}

/// Lines, and the one that has to be in sight.
struct Page {
    tongue: Tongue,
    cells: usize,
    lines: Vec<Line<'static>>,
    here: usize,
}

impl Page {
    fn of(app: &App, cells: usize) -> Self {
        let mut page = Page { tongue: app.tongue, cells, lines: Vec::new(), here: 0 };
        page.told(app);
        match &app.screen {
            Screen::Slip(form) => {
                page.words("slip.p");
                page.gap();
                page.form(form);
            }
            Screen::Pay(form) => page.form(form),
            Screen::Start => page.start(app),
            Screen::Confirm { offer, yes } => page.confirm(offer, *yes),
            Screen::Bought(purchase) => page.bought(purchase),
            Screen::Records { top } => page.records(&app.seen.records, *top),
            Screen::Meter => page.meter(app),
        }
        page
    }

    fn gap(&mut self) {
        self.lines.push(Line::default());
    }

    fn text(&mut self, text: &str, style: Style) {
        for line in wrapped(text, self.cells) {
            self.lines.push(Line::styled(line, style));
        }
    }

    fn words(&mut self, key: &'static str) {
        self.text(self.tongue.t(key), Style::new());
    }

    fn told(&mut self, app: &App) {
        match &app.told {
            _ if app.busy => self.text(&format!("... {}", self.tongue.t("busy")), STRONG),
            None => return,
            Some(Told::Saved(path)) => self.text(&format!("* {}", self.tongue.say("saved", path)), STRONG),
            Some(Told::No(no)) => {
                self.text(&format!("! {}", self.tongue.t("no")), STRONG);
                match self.tongue.find(&format!("no.{}", no.code)) {
                    Some(words) => self.text(words, Style::new()),
                    None => {
                        self.text(&format!("{} ({})", scheme::shown::line(&no.words), no.code), Style::new())
                    }
                }
            }
        }
        self.gap();
    }

    fn facts(&mut self, rows: &[(&'static str, String)]) {
        let names: Vec<&str> = rows.iter().map(|(key, _)| self.tongue.t(key)).collect();
        let wide = names.iter().map(|name| width(name)).max().unwrap_or(0).min(self.cells / 2) + 2;
        for (name, (_, value)) in names.iter().zip(rows) {
            let value = scheme::shown::line(value);
            // A name that is too long for its column has lines of its own.
            let mut first = width(name) < wide;
            if !first {
                self.text(name, SOFT);
            }
            for part in wrapped(&value, self.cells.saturating_sub(wide)) {
                let head = if first { padded(name, wide) } else { " ".repeat(wide) };
                self.lines.push(Line::from(vec![Span::styled(head, SOFT), Span::raw(part)]));
                first = false;
            }
        }
    }

    fn form(&mut self, form: &Form) {
        for (place, row) in form.rows.iter().enumerate().filter(|(_, row)| !row.hidden) {
            let has_keys = place == form.at;
            self.row(row, has_keys);
        }
    }

    fn row(&mut self, row: &Row, has_keys: bool) {
        let label = self.tongue.t(row.name);
        let mark = if has_keys { "> " } else { "  " };
        if row.kind == Kind::Button {
            self.gap();
            self.here = if has_keys { self.lines.len() } else { self.here };
            let style = if has_keys { HERE } else { STRONG };
            self.lines.push(Line::from(vec![Span::raw(mark), Span::styled(format!("[ {label} ]"), style)]));
            return;
        }
        let value = match &row.kind {
            Kind::Choice(of) => {
                let name = of.get(row.chosen).map_or("", String::as_str);
                let name = if name.is_empty() { self.tongue.t("pay.other") } else { name };
                if of.len() > 1 { format!("< {name} >") } else { name.to_owned() }
            }
            Kind::Secret(_) => "*".repeat(row.text.chars().count()),
            Kind::Text(_) | Kind::Button => scheme::shown::line(&row.text).into_owned(),
        };
        let room = self.cells.saturating_sub(3);
        let style = if has_keys { STRONG } else { Style::new() };
        self.lines.push(Line::styled(format!("{mark}{label}"), style));
        let typed = padded(&tail(&value, room.saturating_sub(1)), room);
        self.here = if has_keys { self.lines.len() } else { self.here };
        let style = if has_keys { HERE } else { Style::new().add_modifier(Modifier::UNDERLINED) };
        self.lines.push(Line::from(vec![Span::raw("  "), Span::styled(typed, style)]));
        if let Some(wrong) = row.wrong {
            self.text(&format!("  ! {}", self.tongue.t(wrong)), STRONG);
        }
    }

    fn reported(&mut self, reported: Option<Reported>) {
        match reported {
            Some(said) => {
                self.text(&self.tongue.money(said.balance), STRONG);
                self.text(&self.tongue.say("balance.at", &when(said.at)), SOFT);
            }
            None => self.words("balance.none"),
        }
    }

    fn start(&mut self, app: &App) {
        if app.open.is_some() {
            self.text(&format!("! {}", self.tongue.t("open")), STRONG);
            self.gap();
        }
        self.text(self.tongue.t("balance"), SOFT);
        self.reported(app.seen.reported);
        self.gap();
        if let Some(last) =
            app.contract().and_then(|one| app.seen.records.iter().find(|sold| sold.meter == one.meter))
        {
            self.text(self.tongue.t("last"), SOFT);
            self.text(
                &format!("{}  {}  {}", when(last.at), self.tongue.money(last.amount), self.state(last.state)),
                Style::new(),
            );
            self.gap();
        }
        for key in ["menu.pay", "menu.records", "menu.meter", "menu.tongue"] {
            self.words(key);
        }
    }

    fn state(&self, state: PurchaseState) -> &'static str {
        self.tongue.t(match state {
            PurchaseState::Offered => "state.offered",
            PurchaseState::Asked => "state.asked",
            PurchaseState::Made => "state.made",
            PurchaseState::Waits => "state.waits",
            PurchaseState::Settled => "state.settled",
            PurchaseState::Ended => "state.ended",
            PurchaseState::Refused => "state.refused",
        })
    }

    fn confirm(&mut self, offer: &Offer, yes: bool) {
        self.text(self.tongue.t("confirm.pay"), SOFT);
        self.text(&self.tongue.money(offer.amount), STRONG);
        self.gap();
        let mut rows = vec![
            ("col.account", offer.account.clone()),
            ("col.meter", offer.meter.to_string()),
            ("col.customer", offer.customer.to_string()),
        ];
        if let Some(name) = &offer.name {
            rows.push(("col.name", name.clone()));
        }
        if let Some(said) = offer.reported {
            rows.push((
                "balance",
                format!("{}{}{}", self.tongue.money(said.balance), self.tongue.t("comma"), when(said.at)),
            ));
        }
        self.facts(&rows);
        self.gap();
        self.here = self.lines.len();
        let go = self.tongue.say("confirm.go", &self.tongue.money(offer.amount));
        let buttons =
            [("confirm.not", !yes, self.tongue.t("confirm.not").to_owned()), ("confirm.go", yes, go)];
        for (_, has_keys, label) in buttons {
            let style = if has_keys { HERE } else { Style::new() };
            let mark = if has_keys { "> " } else { "  " };
            self.lines.push(Line::from(vec![Span::raw(mark), Span::styled(format!("[ {label} ]"), style)]));
        }
        self.gap();
        self.words("confirm.once");
    }

    fn bought(&mut self, purchase: &Purchase) {
        self.text(&format!("{}  {}", self.tongue.money(purchase.amount), self.state(purchase.state)), STRONG);
        self.gap();
        self.words(match purchase.state {
            PurchaseState::Offered | PurchaseState::Ended => "then.ended",
            PurchaseState::Asked => "then.asked",
            PurchaseState::Made => "then.made",
            PurchaseState::Waits => "then.waits",
            PurchaseState::Settled => "then.settled",
            PurchaseState::Refused => "then.refused",
        });
        self.gap();
        let mut rows =
            vec![("col.purchase", purchase.purchase.iter().map(|byte| format!("{byte:02x}")).collect())];
        if let Some(order) = purchase.order {
            rows.push(("col.order", order.to_string()));
        }
        if let Some(credited) = purchase.credited {
            rows.push(("col.credited", self.tongue.money(credited)));
        }
        self.facts(&rows);
    }

    fn records(&mut self, records: &[Sold], top: usize) {
        if records.is_empty() {
            self.words("records.none");
        }
        for (place, sold) in records.iter().enumerate() {
            let mark = if place == top { ">" } else { " " };
            let sum = format!("{mark} {}  {:>9}", when(sold.at), yuan(sold.amount));
            let state = self.state(sold.state);
            let style = if place == top { STRONG } else { Style::new() };
            if width(&sum) + width(state) + 2 <= self.cells {
                self.lines.push(Line::styled(format!("{sum}  {state}"), style));
            } else {
                self.lines.push(Line::styled(sum, style));
                self.text(&format!("    {state}"), style);
            }
            if place == top {
                self.text(&format!("    {} {}", self.tongue.t("col.meter"), sold.meter), SOFT);
                self.text(&format!("    {} {}", self.tongue.t("col.order"), sold.order), SOFT);
                self.here = self.lines.len();
            }
        }
    }

    fn meter(&mut self, app: &App) {
        let Some(contract) = app.contract() else {
            self.words("meter.none");
            return;
        };
        let mut rows = vec![("col.meter", contract.meter.to_string())];
        for (key, value) in
            [("col.name", &contract.name), ("col.bill", &contract.bill), ("col.account", &contract.account)]
        {
            rows.extend(value.clone().map(|value| (key, value)));
        }
        if let Some(own) = &app.own {
            rows.extend([
                ("col.customer", own.customer.clone()),
                ("col.phone", own.msisdn.clone()),
                ("col.user", own.user.clone()),
            ]);
        }
        self.facts(&rows);
        self.gap();
        self.text(self.tongue.t("balance"), SOFT);
        self.reported(app.seen.reported);
        if let Some(said) = app.seen.reported {
            self.text(&self.tongue.say("meter.count", &said.count.to_string()), SOFT);
        }
    }
}

fn when(moment: Moment) -> String {
    let text = moment.to_string();
    // Minutes are enough for people.
    text.rsplit_once(':').map_or(text.clone(), |(minutes, _)| minutes.to_owned())
}
