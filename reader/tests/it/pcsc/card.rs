use super::{Answers, Card, Fake, esam, reader};
use gridcard_reader::exchange;
use gridcard_reader::pcsc::{Fault, PcscCard, PcscError, open};
use wire::Command;
use wire::channel::{Channel, ChannelError};

fn card(answers: Vec<Result<Vec<u8>, Fault>>, after: Vec<Fault>) -> PcscCard {
    let answers: Answers = Answers::new(std::sync::Mutex::new(answers.into()));
    PcscCard::new("R".into(), Box::new(Card { answers, after: after.into() }))
}

/// Every failure of the service, and what a user of the channel is told.
#[test]
fn failures_are_told_apart() {
    let table = [
        (Fault::NoCard, ChannelError::Absent, false),
        (Fault::Removed, ChannelError::Removed, true),
        (Fault::Reset, ChannelError::Reset, true),
        (Fault::Unpowered, ChannelError::Unpowered, true),
        (Fault::ReaderGone, ChannelError::Unplugged, true),
        (Fault::NoService, ChannelError::ServiceStopped, true),
        (Fault::Stopped, ChannelError::ServiceStopped, true),
        (Fault::Busy, ChannelError::Busy, false),
        (Fault::Mute, ChannelError::Mute, true),
    ];
    for (fault, wanted, doubt) in table {
        let found = card(vec![Err(fault.clone())], vec![]).transmit(&[0, 0xB0, 0, 0, 1]).unwrap_err();
        assert_eq!(found, wanted);
        assert_eq!(found.leaves_doubt(), doubt, "{found:?}");
        assert!(!fault.hint().is_empty());
        // A reset fails in the same words.
        assert_eq!(card(vec![Err(fault)], vec![]).reset().unwrap_err(), wanted);
    }
}

/// A driver says no more than that the transmission failed; what became of the card says why.
#[test]
fn a_failed_transmission_is_explained_by_what_became_of_the_card() {
    let cause = |after: Vec<Fault>| {
        card(vec![Err(Fault::Transmission)], after).transmit(&[0, 0xD6, 0, 0, 1, 2]).unwrap_err()
    };
    assert_eq!(cause(vec![Fault::Removed]), ChannelError::Removed);
    assert_eq!(cause(vec![Fault::NoCard]), ChannelError::Removed);
    assert_eq!(cause(vec![Fault::Transmission, Fault::Reset]), ChannelError::Reset);
    assert_eq!(cause(vec![Fault::Stopped]), ChannelError::ServiceStopped);
    // It is there all the same: the words of the failure stay.
    let ChannelError::Reader(words) = cause(vec![]) else { panic!("another error") };
    assert!(words.contains("transmission"), "{words}");
}

#[test]
fn an_answer_without_a_status_word_is_no_answer() {
    assert_eq!(card(vec![Ok(vec![0x90])], vec![]).transmit(&[0; 4]), Err(ChannelError::Short(1)));
    // Some drivers answer nothing for a card that left.
    let left = card(vec![Ok(vec![])], vec![Fault::Removed]).transmit(&[0; 4]);
    assert_eq!(left, Err(ChannelError::Removed));
}

/// vpcd says T=1 of cards that answer 61xx and 6Cxx: they are followed whatever the protocol.
#[test]
fn waiting_answers_are_fetched_over_t1_too() {
    let answers = vec![Ok(vec![0x61, 0x02]), Ok(vec![0xAA, 0xBB, 0x90, 0x00])];
    let mut card = card(answers, vec![]);
    assert_eq!(card.protocol(), Some(1));
    let answer = exchange(&mut card, &Command::new(0, 0xA4, 0, 0).data(&[0x3F, 0])).unwrap();
    assert_eq!(answer.data, [0xAA, 0xBB]);
}

#[test]
fn the_reset_keeps_the_atr() {
    let atr = esam(b"METER-01");
    let mut card = card(vec![Ok(atr.clone())], vec![]);
    assert_eq!(card.reset(), Ok(atr.clone()));
    assert_eq!((card.atr(), card.reader()), (&atr[..], "R"));
}

#[test]
fn a_card_is_opened_by_its_serial_number_in_whatever_reader() {
    let service = Fake::with(&[vec![reader("A 00", &esam(b"METER-01")), reader("B 00", &esam(b"METER-02"))]]);
    let card = open(&service, &hex::encode(b"METER-02")).unwrap();
    assert_eq!(card.reader(), "B 00");
    assert_eq!(*service.asked.borrow(), ["B 00"]);
}

#[test]
fn what_stands_in_the_way_of_opening_is_named() {
    let readers = || vec![reader("A 00", &esam(b"METER-01"))];
    for fault in [Fault::Busy, Fault::NoCard, Fault::Mute, Fault::Forbidden, Fault::ReaderGone] {
        let service = Fake::with(&[readers()]);
        service.connect.borrow_mut().push_back(fault.clone());
        let Err(error) = open(&service, "a") else { panic!("it opened") };
        assert_eq!(error, PcscError::Connect { reader: "A 00".into(), fault });
        assert!(error.to_string().starts_with("reader \"A 00\": "), "{error}");
        assert!(!error.hint().is_empty());
    }
    let dead = Fake::default();
    assert!(matches!(open(&dead, "a"), Err(PcscError::Service(Fault::Stopped))));
}
