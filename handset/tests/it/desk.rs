//! A bank that answers as it is told, and a person at the keys.

use client::talk::{Contract, Offer, Purchase, PurchaseState, Reported, Request, Said, Sold, Way};
use gridcard_handset::{App, Bank, Key, No, Own, Pay, Slip, Tongue, Wish, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

pub const METERS: [[u8; 6]; 2] = [[0x26, 0x11, 0, 0, 0, 1], [0x26, 0x11, 0, 0, 0, 2]];

/// What it was asked, and what it has.
pub struct TestBank {
    pub own: Option<Own>,
    pub slips: Vec<(String, String, String, String)>,
    pub offered: Vec<(String, u32, Option<String>)>,
    pub confirmed: Vec<[u8; 8]>,
    pub open: Option<[u8; 8]>,
    /// What the next thing it is asked comes to.
    pub fails: Option<No>,
    /// Another amount than asked for is offered.
    pub cheats: bool,
    pub state: PurchaseState,
    pub account: Option<String>,
    pub sold: usize,
}

impl TestBank {
    pub fn enrolled() -> Self {
        let own = Own { customer: "330200000001".into(), msisdn: "+8613800138000".into(), user: "li".into() };
        TestBank {
            own: Some(own),
            slips: vec![],
            offered: vec![],
            confirmed: vec![],
            open: None,
            fails: None,
            cheats: false,
            state: PurchaseState::Made,
            account: Some("*4417".into()),
            sold: 3,
        }
    }

    pub fn new() -> Self {
        TestBank { own: None, ..TestBank::enrolled() }
    }

    fn may(&mut self) -> Result<(), No> {
        self.fails.take().map_or(Ok(()), Err)
    }
}

fn at(day: u8) -> Moment {
    Moment::new([0x20, 0x26, 0x11, day, 0x10, 0x41, 0]).unwrap()
}

fn purchase(name: [u8; 8], state: PurchaseState, amount: u32) -> Purchase {
    let order = Some(OrderId([7; 8]));
    Purchase {
        purchase: name,
        state,
        amount: Fen(amount),
        order,
        message: None,
        credited: None,
        refusal: None,
    }
}

impl Bank for TestBank {
    fn own(&self) -> Option<Own> {
        self.own.clone()
    }

    fn server(&self) -> Option<String> {
        None
    }

    fn enrol(&mut self, slip: &Slip) -> Result<(), No> {
        let Slip { server, number, code, msisdn, .. } = slip.clone();
        self.slips.push((server, number, code.to_string(), msisdn));
        self.may()?;
        self.own = TestBank::enrolled().own;
        Ok(())
    }

    fn ask(&mut self, request: &Request) -> Result<Said, No> {
        self.may()?;
        let bill = Some("NB-77".to_owned());
        Ok(match request {
            Request::Contracts => Said::Contracts(
                METERS
                    .iter()
                    .map(|meter| Contract {
                        meter: MeterNumber::new(*meter).unwrap(),
                        msisdn: "+8613800138000".parse().unwrap(),
                        bill: bill.clone(),
                        name: Some("李明".to_owned()),
                        account: self.account.clone(),
                    })
                    .collect(),
            ),
            Request::Balance(meter) => {
                let said = Reported { balance: Fen(2992), count: 4, at: at(0x23) };
                Said::Balance(meter.unwrap(), Some(said))
            }
            Request::Records { many, before } => {
                let from = before.map_or(0, |order| usize::from(order.0[0]) + 1);
                let upto = self.sold.min(from + usize::from(*many));
                let sold = (from..upto).map(|n| Sold {
                    order: OrderId([n as u8; 8]),
                    meter: MeterNumber::new(METERS[0]).unwrap(),
                    amount: Fen(124_000),
                    state: if n == 0 { self.state } else { PurchaseState::Settled },
                    at: at(0x22),
                    credited: None,
                });
                Said::Records(sold.collect())
            }
            Request::State(name) => Said::Purchase(purchase(*name, self.state, 3000)),
            other => panic!("nobody asks for {other:?}"),
        })
    }

    fn offer(&mut self, wanted: &Pay) -> Result<Offer, No> {
        let account = wanted.account.as_ref().map(|(token, _)| token.clone());
        self.offered.push((wanted.meter.to_string(), wanted.amount.0, account));
        self.may()?;
        Ok(Offer {
            purchase: [9; 8],
            customer: CustomerNumber::new([0x33, 0x02, 0, 0, 0, 1]).unwrap(),
            meter: wanted.meter,
            amount: if self.cheats { Fen(1) } else { wanted.amount },
            way: Way::Sim,
            account: "*4417".to_owned(),
            state: PurchaseState::Offered,
            name: Some("李明".to_owned()),
            reported: None,
        })
    }

    fn confirm(&mut self, offer: &Offer) -> Result<Purchase, No> {
        self.confirmed.push(offer.purchase);
        if let Err(no) = self.may() {
            self.open = Some(offer.purchase);
            return Err(no);
        }
        self.open = None;
        Ok(purchase(offer.purchase, self.state, offer.amount.0))
    }

    fn open(&self) -> Option<[u8; 8]> {
        self.open
    }

    fn save(&mut self, name: [u8; 8]) -> Result<String, No> {
        self.may()?;
        Ok(format!("order-{:02x}.sms", name[0]))
    }
}

/// A person at a keyboard, with a terminal of a size.
pub struct Person {
    pub app: App,
    pub bank: TestBank,
    pub left: bool,
    terminal: Terminal<TestBackend>,
}

impl Person {
    pub fn at(bank: TestBank, tongue: Tongue, (width, height): (u16, u16)) -> Self {
        let app = App::new(tongue, &bank);
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut person = Person { app, bank, left: false, terminal };
        if let Some(act) = person.app.first() {
            person.app.perform(act, &mut person.bank);
        }
        person
    }

    pub fn press(&mut self, key: Key) -> &mut Self {
        match self.app.key(key) {
            Wish::Look => {}
            Wish::Leave => self.left = true,
            Wish::Ask(act) => {
                self.app.wait();
                // Where there is room for the line that says so.
                let shown = self.screen();
                assert!(
                    self.terminal.size().unwrap().height < 16 || shown.contains("..."),
                    "it says that the server is asked:\n{shown}"
                );
                self.app.perform(act, &mut self.bank);
            }
        }
        self
    }

    pub fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(Key::Char(c));
        }
        self
    }

    pub fn screen(&mut self) -> String {
        self.terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        let buffer = self.terminal.backend().buffer().clone();
        let area = buffer.area;
        let mut out = String::new();
        for y in 0..area.height {
            let mut x = 0;
            let mut line = String::new();
            while x < area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}
