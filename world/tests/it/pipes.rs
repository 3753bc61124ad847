//! Meters of gas and water in a town: every way that leads into a meter of electricity leads into theirs, and each is one purse.

use crate::Place;
use gridcard_world::Profile;
use line::{Kind as Over, Setting};
use meter::port::Way;
use parties::Deed;
use parties::meters::{Near, NearBoard};
use reader::cjt188::{Line, PipeError};
use reader::subboard::Plugged;
use scheme::money::Fen;
use std::time::Duration;
use wire::ByteLink;
use wire::cjt188::values::Metered;
use wire::cjt188::{Address, ByteOrder, Frame, Identifier, Kind, Receiver, function};
use wire::subboard::{can, kind};

const AMOUNT: Fen = Fen(20_00);

fn state(place: &Place) -> (u32, u32, bool) {
    let shown = place.meter(&place.people()[0]).unwrap();
    (shown.count, shown.total_credited_fen.0, !shown.supplied.is_cut)
}

fn arrived(place: &Place) -> std::path::PathBuf {
    place.world().post().arrived().unwrap()
}

#[test]
fn every_way_into_a_meter_leads_into_one_on_a_pipe() {
    for profile in [Profile::Gas, Profile::Water] {
        let place = Place::piped(profile);
        let person = place.people()[0].clone();
        let mut count = 0;
        let mut came = |way: &str| {
            count += 1;
            assert_eq!(state(&place), (count, AMOUNT.0 * count, true), "{way}");
            place.world().clock().later(600);
        };
        // A SIM, which opens the account, and its receipt by message.
        place.sell(&person, AMOUNT).unwrap();
        place.deliver(&person, arrived(&place)).unwrap();
        place.insert(&person, &person).unwrap().must_be_served().unwrap();
        place.collect(&person).unwrap();
        place.settle(vec![arrived(&place)]).unwrap().verdict().unwrap();
        came("sim");
        // A telephone at the eye, and the field's frames, both inside the meter's own protocol.
        place.buy_online(&person, Some(AMOUNT)).unwrap().verdict().unwrap();
        came("online");
        place.buy_by_frames(&person, Some(AMOUNT)).unwrap().verdict().unwrap();
        came("recharge");
        // Files: through the plug of a sub-board, and on a flash disk.
        place.sell(&person, AMOUNT).unwrap();
        place.bring_by_board(&person, &arrived(&place)).unwrap();
        place.settle(vec![arrived(&place)]).unwrap().verdict().unwrap();
        came("sub-board");
        place.sell(&person, AMOUNT).unwrap();
        place.insert_stick(&person, &arrived(&place)).unwrap();
        place.settle(vec![arrived(&place)]).unwrap().verdict().unwrap();
        came("storage");
        // The classic card: the slot is the same.
        let card = place.issue_user_card("330200000801".parse().unwrap()).unwrap();
        place.write_card(&person, &card, AMOUNT).unwrap();
        place.insert_card(&card, &person).unwrap().must_be_served().unwrap();
        place.read_card(&card).unwrap();
        came("card");
        for kind in Over::ALL {
            let (report, spent) = place.buy_over(&person, kind, Some(AMOUNT)).unwrap();
            report.verdict().unwrap();
            assert!(spent.ms() > spent.least_ms(), "{}", kind.name());
            came(kind.name());
        }
        let books = place.books().unwrap();
        assert_eq!((books.sold_fen, books.settled_fen), (220_00, 220_00), "eleven ways");
    }
}

/// What a reader sees over each line: nothing while it does not call, and the register when it does.
#[test]
fn a_meter_sleeps_and_wakes_over_every_line() {
    let place = Place::piped(Profile::Gas);
    let meter = place.people()[0].meter;
    let about = (Identifier::METERED, ByteOrder::LowFirst);
    let whom = (Kind::ANY, Address::of(meter.0));
    let frame = Frame::request(whom, function::READ, about, 9, &[]).to_bytes().unwrap();
    for kind in Over::ALL {
        let seen = place.world().act(Deed::Look, |session| {
            let mut eye = Near::open(session, &[meter], Way::Infrared)?;
            let seen = {
                let mut line = kind.open(&Setting::default(), &mut eye, session.chance("the line"))?;
                line.send(&[&[0xFE; 4][..], &frame].concat())?;
                let asleep = line.receive(&mut [0; 64], Duration::from_secs(2))?;
                (asleep, Line::new(&mut *line).read(whom.1, Identifier::METERED))
            };
            eye.close()?;
            Ok(seen)
        });
        let (asleep, read) = seen.unwrap();
        assert_eq!(asleep, 0, "{}", kind.name());
        let metered = Metered::of(&read.unwrap()).unwrap();
        assert_eq!((metered.current, metered.status.valve), (0, 1), "{}", kind.name());
    }
}

/// A board in the plug passes on the frames of the meter's own protocol.
#[test]
fn a_board_passes_the_frames_of_a_gas_meter() {
    let place = Place::piped(Profile::Gas);
    let meter = place.people()[0].meter;
    let about = (Identifier::METERED, ByteOrder::HighFirst);
    let frame = Frame::request((Kind::GAS, Address::of(meter.0)), function::READ, about, 3, &[]);
    let called = [&[0xFE; 24][..], &frame.to_bytes().unwrap()].concat();
    let said = place.world().act(Deed::Look, |session| {
        let mut plug = NearBoard::open(session, meter)?;
        let said = Plugged::hello(&mut plug, 1, can::FRAMES).and_then(|mut board| {
            board.ask(kind::LINK, vec![1])?;
            board.ask(kind::FRAME, called.clone())
        });
        plug.close()?;
        Ok(said)
    });
    let said = said.unwrap().unwrap();
    let found = Receiver::new().push(&said).pop().unwrap().unwrap();
    assert_eq!((found.kind, found.data.len()), (Kind::GAS, 0x16));
}

/// What is not for it, it does not hear: the protocol of electricity on its line.
#[test]
fn a_gas_meter_is_deaf_to_the_other_protocol() {
    let place = Place::piped(Profile::Gas);
    let meter = place.people()[0].meter;
    let heard = place.world().act(Deed::Look, |session| {
        let mut port = Near::open(session, &[meter], Way::Wires)?;
        let read = reader::dlt645::Line::new(&mut port).address();
        let other = Line::new(&mut port).read(Address::of([9; 6]), Identifier::METERED);
        port.close()?;
        Ok((read.is_err(), other))
    });
    let (is_deaf, other) = heard.unwrap();
    assert!(is_deaf);
    assert!(matches!(other, Err(PipeError::Silent(_))), "{other:?}");
}
