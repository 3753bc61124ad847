//! Meters produced, and given the pairing of an ESAM whose keys change.

use super::place::{MeterPlace, folder};
use crate::cards::CardHandle;
use crate::home::{self, Home, Party};
use crate::log;
use crate::places::{card_at, hand_over};
use crate::session::Session;
use crate::stock::meter_made;
use crate::transport::Transport;
use crate::trouble::{Context, Result, refused, security};
use keys::hierarchy;
use meter::{Meter, MeterConfig, Pairing, Profile};
use scheme::CardRef;
use scheme::money::Fen;
use scheme::numbers::{MeterNumber, Serial};
use scheme::pairing::PairingFile;
use scheme::profile::{CardKind, State};
use serde::Serialize;
use std::path::PathBuf;
use wire::Channel;

/// A meter to be produced.
#[derive(Debug, Clone)]
pub struct MakeMeterRequest {
    /// Its number.
    pub number: MeterNumber,
    /// Its ESAM, which moves into it; of a card in a reader the meter gets a link.
    pub esam: CardRef,
    /// The pairing file the city made with the ESAM.
    pub pairing: PathBuf,
    /// Test or formal; the emulated flash of a formal meter holds formal pairing keys in clear.
    pub state: State,
    /// What it is for.
    pub profile: Profile,
    /// Price of a kWh or a cubic metre.
    pub price: Fen,
    /// Load of the customer's appliances, in watts or litres an hour.
    pub load_w: u32,
    /// Of the meter's MCU.
    pub transport: Transport,
}

/// A meter that was produced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MakeMeterReport {
    /// Its number.
    pub meter: MeterNumber,
    /// What it is for.
    pub profile: &'static str,
    /// Test or formal.
    pub state: &'static str,
    /// Where it stands.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Produces a meter: puts its ESAM in and loads its pairing keys.
///
/// # Errors
/// It exists already; the ESAM is none; the pairing file is another meter's, or formal and travelled in the open.
pub fn make(session: &Session, request: &MakeMeterRequest) -> Result<MakeMeterReport> {
    let meters = Home::new(session).make(Party::Meters, "producing meters")?;
    let place = MeterPlace::new(&meters, request.number);
    // A flash without its ESAM is what an interrupted run left; nothing was ever credited to it.
    if place.is_whole(session) {
        return Err(refused(format!("meter {} exists already", request.number)).into());
    }
    let text = home::read_text(&request.pairing)?;
    let meter = new_meter(session, &text, &request.transport, |file| MeterConfig {
        number: request.number,
        state: request.state,
        suite: file.suite,
        price: request.price,
        load_w: request.load_w,
    })
    .with_context(|| format!("{}", request.pairing.display()))?
    .with_profile(request.profile);
    // The card must be an ESAM before it moves.
    let mut esam = CardHandle::open(session, &request.esam, CardKind::Esam)?;
    let serial = wire::atr::serial_of(&esam.reset()?).map(Serial);
    esam.close()?;
    place.make()?;
    let put_in = place.save(&meter).and_then(|()| hand_over(session, &request.esam, &place.esam()));
    // A meter without its ESAM is none.
    put_in.inspect_err(|_| place.take_away(session))?;
    meter_made(session, &meters, request.number, serial)?;
    log::fact(session, "meter", request.number);
    log::fact(session, "profile", request.profile.name());
    log::fact(session, "state", request.state.name());
    serial.iter().for_each(|serial| log::fact(session, "serial", serial));
    Ok(MakeMeterReport {
        meter: request.number,
        profile: request.profile.name(),
        state: request.state.name(),
        folder: place.folder,
    })
}

/// Opens a pairing file with the transport key the meter's MCU has from production. Formal keys do not travel under the
/// published transport root.
fn open_pairing(session: &Session, text: &str, transport: &Transport) -> Result<(PairingFile, Pairing)> {
    let file = PairingFile::from_json(text)?;
    if file.state == State::Formal && transport.transport_file.is_none() {
        return Err(security("a formal pairing does not travel under the published transport root")
            .hint("name the transport root agreed with the meter's maker with --transport-file FILE")
            .into());
    }
    let root = transport.root(session, file.suite)?;
    let key = hierarchy::transport_key(&root, hierarchy::mcu_serial(file.number.0));
    let pairing = Pairing::open(&file, &key)?;
    Ok((file, pairing))
}

/// A new meter from the text of its pairing file.
///
/// # Errors
/// The file is none, another meter's, or formal and travelled in the open.
pub fn new_meter(
    session: &Session,
    pairing: &str,
    transport: &Transport,
    config_of: impl FnOnce(&PairingFile) -> MeterConfig,
) -> Result<Meter> {
    let (file, pairing) = open_pairing(session, pairing, transport)?;
    Ok(Meter::new(config_of(&file), pairing)?)
}

/// A pairing for a meter whose ESAM's keys change.
#[derive(Debug, Clone)]
pub struct PairRequest {
    /// Number of the meter.
    pub number: MeterNumber,
    /// Pairing file that came with the key change.
    pub pairing: PathBuf,
    /// Allow formal pairing keys, which the emulated flash then holds in clear.
    pub formal: bool,
    /// Of the meter's MCU.
    pub transport: Transport,
}

/// What a meter made of a pairing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// State of the pairing.
    pub state: &'static str,
    /// It stands beside the one the meter has; which of them is right shows when it meets its ESAM. Else it was there already.
    pub waits: bool,
}

/// Gives a meter a pairing beside the one it has.
///
/// # Errors
/// There is no such meter; the pairing is another meter's, or formal and not allowed.
pub fn pair(session: &Session, request: &PairRequest) -> Result<PairReport> {
    let place = MeterPlace::new(&folder(session)?, request.number);
    place.must_exist()?;
    // Whoever holds the ESAM holds the meter.
    let hold = session.cards.hold(&card_at(&place.esam()))?;
    let named = || request.pairing.display().to_string();
    let text = home::read_text(&request.pairing)?;
    let (_, pairing) = open_pairing(session, &text, &request.transport).with_context(named)?;
    let state = pairing.state();
    if state == State::Formal && !request.formal {
        return Err(security(
            "a formal pairing does not belong into an emulated meter: its flash holds keys in clear",
        )
        .hint("say --formal if you know what you do")
        .into());
    }
    let mut meter = place.load()?;
    meter.expect(pairing).with_context(named)?;
    place.save(&meter)?;
    drop(hold);
    Ok(PairReport { meter: request.number, state: state.name(), waits: meter.expects().is_some() })
}
