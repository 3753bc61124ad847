//! One town: a province, a city, a bank, and customers with meters and SIMs. Each step is an act of one party; whoever tells a
//! story, or tests a program against one, takes the steps in the order he likes.

use crate::people::People;
use crate::place::{PIN, SECOND_PIN, World};
use kdc::ceremony::Founding;
use keys::Suite;
use meter::{Consumption, Profile};
use parties::bank::pins::PinChoice;
use parties::bank::{
    self, AddRequest, BooksReport, CardReading, CardSaleRequest, Desk, Destination, OrderReport,
    RegisterReport, SellRequest, SettingsRequest, SettleReport, SettleRequest,
};
use parties::city::delivery::DeliveryRequest;
use parties::city::esam::{EsamReport, EsamRequest, IssuedEsams, Meters};
use parties::city::issue::{MakeReport, MakeRequest};
use parties::city::{self, Access};
use parties::home::{self, MARKER};
use parties::issuing::Allowed;
use parties::meters::{self, ConsumeReport, InsertConditions, InsertReport, MakeMeterRequest, ShowReport};
use parties::places::card_at;
use parties::province::founding::{self, FoundReport, FoundRequest};
use parties::province::issue_card::{self, CardReport, CardRequest, IssuedCard};
use parties::province::{Holder, Officers};
use parties::secret::SecretFrom;
use parties::sims::{self, CarryRequest, MakeSimRequest};
use parties::transport::Transport;
use parties::trouble::{Context, Result, refused};
use parties::{Deed, Party};
use scheme::CardRef;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, MeterNumber, RegionCode};
use scheme::pin::Pin;
use scheme::profile::{CardKind, SERVER_NUMBER, SERVICE_CENTRE, State};
use scheme::psam::Limits;
use server::Registration;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Cards an issuing card of a town may make.
const MADE: u32 = 1_000_000;
/// Number of the province's main control card.
pub const MAIN_CARD: &str = "000000000010";
/// Ningbo, the city of every town.
pub const REGION: &str = "33020000";
/// Number of the bank's PSAM.
pub const PSAM: &str = "330200000001";
/// Price of a kWh.
const PRICE: Fen = Fen(55);
/// Price of a cubic metre.
const PRICE_OF_M3: Fen = Fen(3_00);
/// Load of a customer's appliances, in watts or litres an hour.
const LOAD_W: u32 = 1000;
/// Message records of a SIM.
pub const MESSAGES: u8 = 20;

/// A town, and the world around it.
pub struct Town {
    world: World,
    people: People,
    suite: Suite,
    region: RegionCode,
    training: bool,
    /// Meters on a pipe; the others are of electricity.
    piped: Vec<(MeterNumber, Profile)>,
}

impl Town {
    /// A town of these people, in a world that holds none yet. Nothing is made before a step makes it.
    ///
    /// # Errors
    /// A party has its folder in the world's home already, or the home cannot be made.
    pub fn new(world: World, people: People, suite: Suite) -> Result<Self> {
        let home = world.home();
        if is_inhabited(home) {
            return Err(refused(format!("{} holds a life already", home.display()))
                .hint("name another folder with --home DIR, or remove this one")
                .into());
        }
        disk::create_folder(home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Town { world, people, suite, region: REGION.parse()?, training: false, piped: Vec::new() })
    }

    /// The same town, whose bank has books to learn with.
    #[must_use]
    pub fn to_learn_with(self) -> Self {
        Town { training: true, ..self }
    }

    /// The same town, in which a customer has a meter of another profile.
    #[must_use]
    pub fn with_profile(mut self, meter: MeterNumber, profile: Profile) -> Self {
        self.piped.retain(|(piped, _)| *piped != meter);
        self.piped.push((meter, profile));
        self
    }

    /// What a customer's meter is for.
    pub fn profile(&self, person: &Registration) -> Profile {
        let found = self.piped.iter().find(|(meter, _)| *meter == person.meter);
        found.map_or(Profile::Electricity, |(_, profile)| *profile)
    }

    /// All that is there before anybody buys: keys, cards, meters, SIMs, and a bank that knows its customers.
    ///
    /// # Errors
    /// Those of the steps.
    pub fn settle_down(&self) -> Result<()> {
        self.found()?;
        self.issue_psam()?;
        self.issue_esams()?;
        for person in self.people() {
            self.make_meter(person)?;
            self.make_sim(person)?;
        }
        self.open_bank().map(drop)
    }

    /// The world around it.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Its end: its home is removed, with every card in it.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove(self) -> std::io::Result<()> {
        self.world.remove()
    }

    /// Its customers.
    pub fn people(&self) -> &[Registration] {
        &self.people.registrations
    }

    /// Cipher suite of its keys.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Its city.
    pub const fn region(&self) -> RegionCode {
        self.region
    }

    /// The folder of a party.
    pub fn folder(&self, party: Party) -> PathBuf {
        self.world.home().join(party.folder())
    }

    /// A customer's SIM.
    pub fn sim(&self, person: &Registration) -> CardRef {
        let iccid = person.sim.iccid.as_str();
        card_at(&self.folder(Party::Sims).join(format!("{iccid}.card")))
    }

    /// A file that crosses between two parties.
    fn between(&self, name: &str) -> PathBuf {
        self.world.home().join(name)
    }

    fn access(&self) -> Access {
        Access { city: Some(self.region), ..Access::default() }
    }

    /// The province makes its keys: roots of the published test root, on a main control card.
    ///
    /// # Errors
    /// Those of [`founding::found`].
    pub fn make_keys(&self) -> Result<FoundReport> {
        let request = FoundRequest {
            founding: Founding::test(self.suite),
            custodians: None,
            pins: Some([Pin::from_digits(PIN)?, Pin::from_digits(SECOND_PIN)?]),
            number: MAIN_CARD.parse()?,
            blank: None,
        };
        self.world.act(Deed::One("kdc init"), |session| founding::found(session, &request))
    }

    /// The province makes an issuing card, and the city takes it into use.
    ///
    /// # Errors
    /// Those of [`issue_card::issue_card`] and of [`city::open::open`].
    pub fn make_issuing_card(&self, kind: CardKind, number: DeviceNumber) -> Result<IssuedCard> {
        let request = CardRequest {
            kind,
            city: self.region,
            number,
            count: MADE,
            value: None,
            key_version: 1,
            previous: None,
            card: None,
            holder: Holder::MainCard(Officers::default()),
            pin: SecretFrom::Asked,
            supervisor_pin: SecretFrom::Asked,
            dry_run: false,
            allowed: Allowed::default(),
            transport: Transport::default(),
        };
        let made = self
            .world
            .act(Deed::One("kdc issue-card"), |session| issue_card::issue_card(session, &request))?;
        let CardReport::Issued(issued) = made else {
            return Err(refused("the province planned a card and made none").into());
        };
        let cards = [issued.card.parse()?];
        self.world.act(Deed::One("city open"), |session| city::open::open(session, &cards))?;
        Ok(issued)
    }

    /// The province makes its keys and the two issuing cards a city needs.
    ///
    /// # Errors
    /// Those of the steps.
    pub fn found(&self) -> Result<()> {
        self.make_keys()?;
        for (kind, number) in ISSUING_CARDS {
            self.make_issuing_card(kind, number.parse()?)?;
        }
        Ok(())
    }

    /// The city makes a PSAM.
    ///
    /// # Errors
    /// Those of the act.
    pub fn issue_psam(&self) -> Result<MakeReport> {
        let request = MakeRequest {
            number: PSAM.parse()?,
            access: self.access(),
            card: None,
            pin: SecretFrom::Asked,
            limits: Some(Limits { count: u32::MAX, value: Limits::GRANTS }),
            allowed: Allowed::default(),
            transport: Transport::default(),
        };
        self.world.act(Deed::One("psam issue"), |session| city::PSAMS.issue(session, &request))
    }

    /// The city makes an ESAM for every customer's meter.
    ///
    /// # Errors
    /// Those of the act; a meter that got none.
    pub fn issue_esams(&self) -> Result<IssuedEsams> {
        let list = self.between("devices.csv");
        let mut csv = String::from("meter\n");
        for person in self.people() {
            csv.push_str(&format!("{}\n", person.meter));
        }
        home::write(&list, csv.as_bytes())?;
        let request = EsamRequest {
            meters: Meters::List(list),
            card: None,
            access: self.access(),
            out: None,
            formal_images: false,
            unnumbered: false,
            dry_run: false,
            allowed: Allowed::default(),
            transport: Transport::default(),
        };
        let made = self.world.act(Deed::One("esam issue"), |session| city::esam::issue(session, &request))?;
        match made {
            EsamReport::Issued(issued) if issued.rejected.is_empty() => Ok(issued),
            EsamReport::Issued(IssuedEsams { rejected, .. }) | EsamReport::Planned { rejected, .. } => {
                Err(refused(format!("not every meter got an ESAM: {}", rejected.join("; "))).into())
            }
        }
    }

    /// The factory makes a customer's meter of its ESAM.
    ///
    /// # Errors
    /// Those of [`meters::make`].
    pub fn make_meter(&self, person: &Registration) -> Result<()> {
        let out = self.folder(Party::City(self.region)).join("out");
        let device = DeviceNumber::from(person.meter);
        let profile = self.profile(person);
        let request = MakeMeterRequest {
            number: person.meter,
            esam: card_at(&out.join(city::esam::card_name(device))),
            pairing: out.join(city::esam::pairing_name(device)),
            state: State::Test,
            profile,
            price: if profile.has_valve() { PRICE_OF_M3 } else { PRICE },
            load_w: LOAD_W,
            transport: Transport::default(),
        };
        self.world.act(Deed::One("meter new"), |session| meters::make(session, &request)).map(drop)
    }

    /// The operator of the network makes a customer's SIM.
    ///
    /// # Errors
    /// Those of [`sims::make`].
    pub fn make_sim(&self, person: &Registration) -> Result<()> {
        let request = MakeSimRequest {
            card: None,
            iccid: person.sim.iccid.clone(),
            imsi: person.sim.imsi.clone(),
            msisdn: Some((&person.sim.msisdn).into()),
            messages: MESSAGES,
            kind: CardKind::Sim,
            chv1: None,
            state: State::Test,
            milenage: None,
        };
        self.world.act(Deed::One("sim new"), |session| sims::make(session, &request)).map(drop)
    }

    /// The bank takes its PSAM into use, and learns its own numbers, the meters and the customers.
    ///
    /// # Errors
    /// Those of the acts; a customer the bank does not take.
    pub fn open_bank(&self) -> Result<RegisterReport> {
        let psam = self.folder(Party::City(self.region)).join("out").join(format!("psam-{PSAM}.card"));
        let add = AddRequest { psam: card_at(&psam), server_key: None };
        let settings = SettingsRequest {
            server_number: Some(SERVER_NUMBER.to_owned()),
            service_centre: Some(SERVICE_CENTRE.to_owned()),
            validity_days: None,
            clock_tolerance_s: None,
            office: None,
            training: self.training,
        };
        let delivery = DeliveryRequest { out: self.between("delivery.json"), city: Some(self.region) };
        let customers = self.between("customers.csv");
        home::write(&customers, self.people.csv.as_bytes())?;
        let world = &self.world;
        world.act(Deed::One("server open"), |session| bank::psams::open(session, &add))?;
        world.act(Deed::One("city delivery"), |session| city::delivery::delivery(session, &delivery))?;
        world.act(Deed::One("server settings"), |session| {
            bank::settings(session, &mut Desk::open(session)?, &settings)
        })?;
        world.act(Deed::One("server meters"), |session| {
            bank::meters(session, &mut Desk::open(session)?, &delivery.out)
        })?;
        world.act(Deed::One("server register"), |session| {
            let report = bank::register(session, &mut Desk::open(session)?, &customers, "")?;
            report.verdict()?;
            Ok(report)
        })
    }

    /// The bank sells; the order's record is in the file that the report names.
    ///
    /// # Errors
    /// Those of [`bank::sell`].
    pub fn sell(&self, person: &Registration, amount: Fen) -> Result<OrderReport> {
        let to = Destination {
            customer: person.customer,
            meter: None,
            out: None,
            pin: PinChoice::default(),
            id: None,
        };
        let request = SellRequest { amount: Some(amount), pay: None, to };
        self.world.act(Deed::One("server order"), |session| {
            bank::sell(session, &mut Desk::open(session)?, &request)
        })
    }

    /// A message arrives: the phone stores it on the customer's SIM.
    ///
    /// # Errors
    /// Those of [`sims::write`].
    pub fn deliver(&self, person: &Registration, record: impl Into<PathBuf>) -> Result<()> {
        let request = CarryRequest { sim: self.sim(person).into(), record: record.into() };
        self.world.act(Deed::Look, |session| sims::write(session, &request, false)).map(drop)
    }

    /// A customer puts his SIM into a meter, his own or another.
    ///
    /// # Errors
    /// The meter or a card is not there; what a meter refuses is told in its report.
    pub fn insert(&self, person: &Registration, meter: &Registration) -> Result<InsertReport> {
        let sim = self.sim(person);
        self.world.act(Deed::Look, |session| {
            meters::insert(session, meter.meter, &sim, &InsertConditions::default())
        })
    }

    /// The city makes an empty purchase card; gives where it is.
    ///
    /// # Errors
    /// Those of the act.
    pub fn issue_user_card(&self, number: DeviceNumber) -> Result<CardRef> {
        let request = MakeRequest {
            number,
            access: self.access(),
            card: None,
            pin: SecretFrom::Asked,
            limits: None,
            allowed: Allowed::default(),
            transport: Transport::default(),
        };
        let made = self
            .world
            .act(Deed::One("user-card issue"), |session| city::USER_CARDS.issue(session, &request))?;
        Ok(card_at(Path::new(&made.card)))
    }

    /// The bank reads what a meter wrote back to a card, and settles.
    ///
    /// # Errors
    /// Those of [`bank::read_card`].
    pub fn read_card(&self, card: &CardRef) -> Result<CardReading> {
        self.world.act(Deed::One("server card read"), |session| {
            bank::read_card(session, &mut Desk::open(session)?, card, &PinChoice::default())
        })
    }

    /// The bank sells onto a card.
    ///
    /// # Errors
    /// Those of [`bank::write_card`].
    pub fn write_card(&self, person: &Registration, card: &CardRef, amount: Fen) -> Result<bank::CardReport> {
        let request = CardSaleRequest {
            card: card.clone(),
            customer: person.customer,
            meter: Some(person.meter),
            amount: Some(amount),
            pin: PinChoice::default(),
        };
        self.world.act(Deed::One("server card write"), |session| {
            bank::write_card(session, &mut Desk::open(session)?, &request)
        })
    }

    /// A customer puts a purchase card into a meter.
    ///
    /// # Errors
    /// The meter or a card is not there; what a meter refuses is told in its report.
    pub fn insert_card(&self, card: &CardRef, meter: &Registration) -> Result<InsertReport> {
        self.world.act(Deed::Look, |session| {
            meters::insert(session, meter.meter, card, &InsertConditions::default())
        })
    }

    /// The phone takes the receipt off the SIM, into a file to be sent.
    ///
    /// # Errors
    /// Those of [`sims::collect`].
    pub fn collect(&self, person: &Registration) -> Result<PathBuf> {
        let at = self.world.clock().time().to_string().replace([' ', ':'], "-");
        let folder = parties::session::out(&self.folder(Party::Sims))?;
        let record = folder.join(format!("{}-{at}.sms", person.customer));
        let request = CarryRequest { sim: self.sim(person).into(), record };
        self.world.act(Deed::Look, |session| sims::collect(session, &request))?;
        Ok(request.record)
    }

    /// The bank settles receipts; what was not taken is told in the report.
    ///
    /// # Errors
    /// Those of [`bank::settle`].
    pub fn settle(&self, receipts: Vec<PathBuf>) -> Result<SettleReport> {
        let request = SettleRequest { receipts, origin: None, pin: PinChoice::default() };
        self.world.act(Deed::One("server settle"), |session| {
            bank::settle(session, &mut Desk::open(session)?, &request)
        })
    }

    /// A customer consumes.
    ///
    /// # Errors
    /// Those of [`meters::consume`].
    pub fn consume(&self, person: &Registration, consumption: Consumption) -> Result<ConsumeReport> {
        self.world.act(Deed::Look, |session| meters::consume(session, person.meter, consumption))
    }

    /// A customer's meter, and the purse in it.
    ///
    /// # Errors
    /// Those of [`meters::show`].
    pub fn meter(&self, person: &Registration) -> Result<ShowReport> {
        self.world.act(Deed::Look, |session| meters::show(session, person.meter))
    }

    /// The bank's books; they are in order when this returns.
    ///
    /// # Errors
    /// Those of [`bank::report`], and what cannot be.
    pub fn books(&self) -> Result<BooksReport> {
        self.world.act(Deed::Look, |session| {
            let books = bank::report(session, &Desk::open(session)?, bank::Look::WholeFile)?;
            books.verdict()?;
            Ok(books)
        })
    }
}

/// Whether a party has its folder here, or the folder is a party's own: test keys and made-up customers do not go among those of an
/// office, whichever party it is.
fn is_inhabited(home: &Path) -> bool {
    let is_party = |name: &OsStr| name.to_str().is_some_and(|name| Party::of_folder(name).is_some());
    home.join(MARKER).exists()
        || std::fs::read_dir(home).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| is_party(&entry.file_name())))
        })
}

/// The issuing cards a city needs, and their numbers.
pub const ISSUING_CARDS: [(CardKind, &str); 2] =
    [(CardKind::PsamIssuing, "000000000002"), (CardKind::EsamIssuing, "000000000003")];
