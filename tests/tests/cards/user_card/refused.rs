//! What a meter does not take, by its number in the field's table, and what it says then.

use super::{Office, insert, refusal, written};
use crate::world::{Site, blank, chance, copy};
use keys::Suite;
use meter::Outcome;
use meter::card::LOWEST_SUPPLY;
use reader::driver::fmcos::Fmcos;
use reader::driver::user_card::UserCard;
use scheme::Chance;
use scheme::money::Fen;
use scheme::profile::{CardKind, DF_PURCHASE};
use scheme::refusal::Refusal;
use wire::{Channel, ChannelError, Command, Sw};

/// A card that answers some command otherwise.
struct Bent<'c, C> {
    card: &'c mut C,
    bend: fn(command: &[u8], answer: &mut Vec<u8>),
}

impl<C: Channel> Channel for Bent<'_, C> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let mut answer = self.card.transmit(command)?;
        (self.bend)(command, &mut answer);
        Ok(answer)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

/// A card without a chip.
struct Dead;

impl Channel for Dead {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Mute)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Mute)
    }
}

/// What is refused, with its number and what the display shows; nothing has changed at the ESAM, and the count of illegal insertions is
/// the field's.
fn assert_refused(office: &mut Office, card: &mut dyn Channel, wanted: Refusal, error: u8, display: &str) {
    let before = (office.purse(), office.site.meter.state().illegal_insertions);
    let report = office.insert(card);
    assert_eq!(refusal(&report), Some(wanted), "{report:?}");
    assert_eq!((wanted.field_error(), report.display.line1.as_str()), (error, display));
    assert_eq!(report.credited, Fen(0));
    let illegal = before.1 + u32::from((4..=10).contains(&error));
    assert_eq!(
        (office.purse(), office.site.meter.state().illegal_insertions),
        (before.0, illegal),
        "{wanted:?}"
    );
}

#[test]
fn a_low_supply_touches_no_card() {
    let mut office = Office::new(Suite::Sm4);
    let mut card = office.card(70);
    office.load(&mut card, Fen(50_00));
    let mut random = chance("supply");
    let mut put = |office: &mut Office, supply| {
        let Office { site, bank, .. } = office;
        site.meter.insert_card(&mut site.esam, &mut card, supply, bank.now, &mut |bytes| random.fill(bytes))
    };
    let report = put(&mut office, LOWEST_SUPPLY);
    assert_eq!(refusal(&report), Some(Refusal::LowVoltage));
    assert_eq!((report.display.line1.as_str(), report.sim.apdus, report.esam.apdus), ("Err-31", 0, 0));
    assert!(matches!(put(&mut office, LOWEST_SUPPLY + 1).outcome, Outcome::Credited { .. }));
}

/// An ESAM that answers a reset and nothing more.
struct Mute<'c>(&'c mut dyn Channel);

impl Channel for Mute<'_> {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Mute)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.0.reset()
    }
}

/// 2, 3: the meter's own chip; the card is not blamed for it, and brings its money when the chip is there again.
#[test]
fn an_esam_that_does_not_answer_has_its_numbers() {
    let mut office = Office::new(Suite::Sm4);
    let mut card = office.card(70);
    office.load(&mut card, Fen(50_00));
    let mut random = chance("no esam");
    let Office { site, bank, .. } = &mut office;
    let mut put = |esam: &mut dyn Channel| {
        site.meter.insert_card(esam, &mut card, 100, bank.now, &mut |bytes| random.fill(bytes))
    };
    let (dead, mute) = (put(&mut Dead), put(&mut Mute(&mut site.esam)));
    for (report, wanted, error) in [(dead, Refusal::EsamReset, 3), (mute, Refusal::Esam, 2)] {
        assert_eq!((refusal(&report), wanted.field_error()), (Some(wanted), error), "{report:?}");
        assert_eq!((report.display.line1.as_str(), report.credited), ("Err-31", Fen(0)));
    }
    assert_eq!(site.meter.state().illegal_insertions, 0);
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { .. }));
}

#[test]
fn each_check_has_its_number_of_the_field() {
    let mut office = Office::new(Suite::Sm4);
    let mut empty = office.card(71);
    let mut card = office.card(70);
    // 15, 16: a meter that was never opened.
    office.load(&mut card, Fen(50_00));
    let unopened = office.site.copy();
    assert_refused(&mut office, &mut Dead, Refusal::CardReset, 4, "Err-32");
    assert_refused(&mut office, &mut empty, Refusal::CardUnissued, 7, "Err-32");
    let mut blank_card = blank(CardKind::UserCard, Suite::Sm4, "a blank in a meter");
    assert_refused(&mut office, &mut blank_card, Refusal::CardUnissued, 7, "Err-32");
    let mut psam = copy(&office.bank.psam);
    assert_refused(&mut office, &mut psam, Refusal::CardType, 8, "Err-32");
    let mut sim = copy(&office.site.sim);
    assert_refused(&mut office, &mut sim, Refusal::CardType, 8, "Err-32");
    // 14: the file is cut, bent, or of another kind; 8: a card of production.
    let cut: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0xB0, 0x81, 0x00, 0x2D]) {
            answer[10] ^= 1;
        }
    };
    assert_refused(&mut office, &mut Bent { card: &mut card, bend: cut }, Refusal::CardFile, 14, "Err-34");
    let empty_frame: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0xB0, 0x81, 0x00, 0x04]) {
            answer[0] = 0;
        }
    };
    let mut bent = Bent { card: &mut card, bend: empty_frame };
    assert_refused(&mut office, &mut bent, Refusal::CardFile, 14, "Err-34");
    let preset: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0xB0, 0x81, 0x00, 0x04]) {
            answer[1] = 6;
        }
    };
    assert_refused(&mut office, &mut Bent { card: &mut card, bend: preset }, Refusal::CardType, 8, "Err-32");
    // 19: it does not do as it should.
    let refuses: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0xB0, 0x82]) {
            *answer = vec![0x6F, 0x00];
        }
    };
    let mut bent = Bent { card: &mut card, bend: refuses };
    assert_refused(&mut office, &mut bent, Refusal::CardCommand, 19, "Err-35");
    // 5, 6: who cannot prove himself.
    let liar: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0x88]) && answer.len() > 2
            || command.starts_with(&[0x00, 0xC0]) && answer.len() == 10
        {
            answer[0] ^= 1;
        }
    };
    assert_refused(
        &mut office,
        &mut Bent { card: &mut card, bend: liar },
        Refusal::CardIdentity,
        5,
        "Err-32",
    );
    let doubts: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0x82]) {
            *answer = vec![0x63, 0x00];
        }
    };
    assert_refused(
        &mut office,
        &mut Bent { card: &mut card, bend: doubts },
        Refusal::CardDoubts,
        6,
        "Err-32",
    );
    // 10: more money than its MAC is for.
    let richer: fn(&[u8], &mut Vec<u8>) = |command, answer| {
        if command.starts_with(&[0x00, 0xC0]) && answer.len() == 14 {
            answer[0] ^= 1;
        }
    };
    assert_refused(&mut office, &mut Bent { card: &mut card, bend: richer }, Refusal::CardMac, 10, "Err-32");
    // After all that the card is as good as before.
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { amount: Fen(50_00), .. }));
    office.settle(&mut card);
    // 15, 16: a purchase, a replacement, at a meter that was never opened.
    office.load(&mut card, Fen(10_00));
    let opened = std::mem::replace(&mut office.site, unopened.copy());
    assert_refused(&mut office, &mut card, Refusal::CardNotOpened, 15, "Err-34");
    office.site = opened;
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { .. }));
    office.settle(&mut card);
    let mut other = office.card(72);
    office.load(&mut other, Fen(10_00));
    let opened = std::mem::replace(&mut office.site, unopened);
    assert_refused(&mut office, &mut other, Refusal::CardReplacement, 16, "Err-34");
    office.site = opened;
    // 13: a purchase card that the meter does not know.
    assert!(matches!(office.insert(&mut other).outcome, Outcome::Credited { .. }));
    assert_refused(&mut office, &mut card, Refusal::CardSerial, 13, "Err-33");
}

#[test]
fn a_card_of_another_meter_brings_nothing() {
    let mut office = Office::of(Suite::Aes128, 2);
    let mut card = office.card(70);
    office.load(&mut card, Fen(50_00));
    let mut other = Site::new(&mut office.province, 1);
    let report = insert(&mut other, &mut card, &office.bank);
    assert_eq!(refusal(&report), Some(Refusal::CardMeter));
    assert_eq!(report.display.line1, "Err-33");
    assert_eq!((other.purse().balance, written(&mut card)), (Fen(0), None));
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { .. }));
}

#[test]
fn what_a_psam_sealed_for_one_card_and_challenge_is_nothing_to_another() {
    let mut office = Office::new(Suite::TripleDes);
    let (mut card, mut other) = (office.card(70), office.card(71));
    let (_, made) = office.seal(&mut card, Fen(50_00));
    let sw = |result: Result<(), reader::CardError>| result.unwrap_err().sw();
    // Without a challenge, for another challenge, for another card, and with one bit of it changed.
    let mut open = UserCard::new(&mut card);
    open.open().unwrap();
    assert_eq!(sw(open.load(&made)), Some(Sw::CONDITIONS));
    open.challenge8().unwrap();
    assert_eq!(sw(open.load(&made)), Some(Sw::SM_WRONG));
    let mut open = UserCard::new(&mut other);
    open.open().unwrap();
    open.challenge8().unwrap();
    assert_eq!(sw(open.load(&made)), Some(Sw::SM_WRONG));
    for at in 0..made.len() {
        let (_, mut made) = office.seal(&mut card, Fen(50_00));
        made[at] ^= 0x10;
        assert_eq!(sw(UserCard::new(&mut card).load(&made)), Some(Sw::SM_WRONG), "byte {at}");
    }
    assert_eq!(refusal(&office.insert(&mut card)), Some(Refusal::CardUnissued));
    let (_, made) = office.seal(&mut card, Fen(50_00));
    UserCard::new(&mut card).load(&made).unwrap();
    // Taken once: the challenge is spent.
    assert_eq!(sw(UserCard::new(&mut card).load(&made)), Some(Sw::CONDITIONS));
}

#[test]
fn nobody_writes_a_card_or_has_it_make_a_mac_but_its_bank_and_its_meter() {
    let mut office = Office::new(Suite::Sm4);
    let mut card = office.card(70);
    office.load(&mut card, Fen(50_00));
    let mut fmcos = Fmcos::new(&mut card);
    fmcos.reset().unwrap();
    fmcos.select_fid(DF_PURCHASE).unwrap();
    let ask = |fmcos: &mut Fmcos<'_>, command: &Command| fmcos.ask("try", command).unwrap().sw;
    for file in 0x81..=0x86 {
        let sw = ask(&mut fmcos, &Command::new(0x00, 0xD6, file, 0x00).data(&[0x68]));
        assert_eq!(sw, Sw::NOT_ALLOWED, "file {file:02X}");
    }
    let increase = [&[1, 2, 3, 4][..], &scheme::field::INCREASE].concat();
    assert_eq!(ask(&mut fmcos, &Command::new(0x04, 0xB0, 0x82, 0x00).data(&increase)), Sw::NOT_ALLOWED);
    let back = Command::new(0x04, 0xD6, 0x85, 0x00).data(&[0; 53]);
    assert_eq!(ask(&mut fmcos, &back), Sw::NOT_ALLOWED);
    assert_eq!(ask(&mut fmcos, &Command::new(0x80, 0x0E, 0x00, 0x00)), Sw::CONDITIONS);
    assert_eq!(ask(&mut fmcos, &Command::new(0x80, 0x48, 0xF5, 0x0C).le(6)), Sw::OK);
    // The proof a card gives of itself is none of a meter.
    let challenge = fmcos.challenge8().unwrap();
    let own = fmcos.send("prove", &Command::new(0x00, 0x88, 0x00, 0x01).data(&challenge)).unwrap();
    fmcos.challenge8().unwrap();
    assert_eq!(ask(&mut fmcos, &Command::new(0x00, 0x82, 0x00, 0x02).data(&own)), Sw::NOT_VERIFIED);
}
