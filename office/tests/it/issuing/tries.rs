//! Tries that are spent or saved, and cards that are left alone: foreign, swapped, issued, half made.

use super::*;

/// Two tries left, and neither card nor journal knows: one is tried, the last is kept.
#[test]
fn the_second_attempt_never_is_the_last() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    let at = own_master_command(&plan);
    card.pull = Some((at, Pull::After));
    let mut journal = Journal::of(Store::in_memory().unwrap());
    run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
    card.pull = None;
    card.tries = 2;
    let error = run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
    assert_eq!(card.tries, 1);
    assert!(error.to_string().ends_with("the card did not accept the transport key; 1 try left"), "{error}");
    assert_eq!(
        error.hint().as_deref(),
        Some(
            "the run before may have written the own master key already; try that one with --try-master own"
        )
    );
    let error = run_recorded(&plan, &mut card, &mut journal, Some(Master::Own)).unwrap_err();
    assert!(matches!(error, RecordedError::LastTry { tries: 1, .. }), "{error}");
    assert_eq!(card.tries, 1);
}

/// Which command of the plan's run writes the own master.
fn own_master_command(plan: &Plan) -> usize {
    let mut card = blank(plan.suite());
    run(plan, &mut card, Master::Transport).unwrap();
    card.sent.iter().position(|command| command.starts_with(&[0x84, 0xD4, 0x39, 0x00])).unwrap()
}

/// Without a journal, and with the wrong word of the operator in the open case, one try is spent and no more.
#[test]
fn the_open_case_spends_one_try() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    let at = own_master_command(&plan);
    card.pull = Some((at, Pull::After));
    run(&plan, &mut card, Master::Transport).unwrap_err();
    card.pull = None;
    let condition = Personalisation::probe(&plan, &mut card, None).unwrap().condition();
    assert_eq!(condition, Condition::Open);
    assert_eq!(card.tries, 3, "looking costs nothing");
    let before = card.sent.len();
    let error = run(&plan, &mut card, Master::Transport).unwrap_err();
    assert_eq!(error.tries_left(), Some(2));
    let tried = card.sent[before..].iter().filter(|command| command.starts_with(&[0x00, 0x82])).count();
    assert_eq!(tried, 1);
    assert!(run(&plan, &mut card, Master::Own).unwrap().resumed);
    assert_finished(&plan, &card);
}

#[test]
fn a_card_begun_with_another_number_costs_no_try() {
    let mut card = blank(Suite::TripleDes);
    card.pull = Some((12, Pull::After));
    run(&plan(CardKind::Esam, Suite::TripleDes), &mut card, Master::Transport).unwrap_err();
    card.pull = None;
    let number = "000000000077".parse().unwrap();
    let other = Plan::new(&Request { number, ..request(CardKind::Esam, Suite::TripleDes) }).unwrap();
    let error = run(&other, &mut card, Master::Transport).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the card 0102030405060708 was begun as esam 000000000042 for region 33020000 (test keys) and not finished"
    );
    assert_eq!(card.tries, 3);
}

/// A reader that answers one kind of command in the card's place.
struct Instead<'c> {
    card: &'c mut PaperCard,
    /// How the command begins.
    begins: [u8; 2],
    sw: Sw,
}

impl Channel for Instead<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if command.starts_with(&self.begins) {
            Ok(self.sw.0.to_be_bytes().to_vec())
        } else {
            self.card.transmit(command)
        }
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.card.reset()
    }
}

const CREATE_FILE: [u8; 2] = [0x80, 0xE0];
const WRITE_PIN: [u8; 2] = [0x80, 0xD4];

/// "It exists" means a run before where there was one. On a blank it means a card that is none, and any other refusal is one
/// whoever began the card.
#[test]
fn what_exists_on_a_blank_was_not_made_by_a_run_before() {
    let plan = plan(CardKind::EsamIssuing, Suite::TripleDes);
    let blank_card = || blank(Suite::TripleDes);
    let begun_card = || {
        let mut card = blank_card();
        card.pull = Some((own_master_command(&plan), Pull::After));
        run(&plan, &mut card, Master::Transport).unwrap_err();
        card.pull = None;
        card
    };
    let refused = |mut card: PaperCard, begins, sw, if_open: Master| {
        let mut reader = Instead { card: &mut card, begins, sw };
        let secrets = secrets(plan.kind());
        let session = Personalisation::probe(&plan, &mut reader, None).unwrap();
        session.run(&mut source(plan.kind(), plan.suite()), pins(&secrets), if_open, &mut ())
    };
    for begins in [CREATE_FILE, WRITE_PIN] {
        for (card, sw, if_open) in [
            (blank_card(), Sw::WRONG_P1P2, Master::Transport),
            (blank_card(), Sw(0x6A84), Master::Transport),
            (begun_card(), Sw(0x6A84), Master::Own),
        ] {
            let error = refused(card, begins, sw, if_open).unwrap_err();
            let IssueError::Step { fault: StepFault::Card(fault), .. } = error else { panic!("{error}") };
            assert_eq!(fault.sw(), Some(sw), "{begins:02X?}");
        }
    }
    let issued = refused(begun_card(), CREATE_FILE, Sw::WRONG_P1P2, Master::Own).unwrap();
    assert!(issued.resumed);
}

/// A wrong key and a dead one are said apart: the refusal that spends the last try, and the answer of a card that had none left.
#[test]
fn the_last_try_and_none_left_are_said_apart() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    card.master = Key::from_16(Suite::TripleDes, [0x5A; 16]);
    card.tries = 1;
    let fault = |card: &mut PaperCard| match run(&plan, card, Master::Transport).unwrap_err() {
        IssueError::Step { fault, .. } => fault,
        error => panic!("{error}"),
    };
    let spent = fault(&mut card);
    let StepFault::Authentication { master: Master::Transport, tries: 0, open: false } = spent else {
        panic!("{spent}")
    };
    let dead = fault(&mut card);
    assert!(matches!(dead, StepFault::Blocked { master: Master::Transport }), "{dead}");
}

/// Nobody noted that the card took its own master: the transport key is tried, then the own one, and no try is lost.
#[test]
fn the_other_master_follows_while_two_tries_are_left() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    card.pull = Some((own_master_command(&plan), Pull::After));
    let mut journal = Journal::of(Store::in_memory().unwrap());
    run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
    card.pull = None;
    let recorded = run_recorded(&plan, &mut card, &mut journal, None).unwrap();
    assert!(matches!(recorded, Recorded::Issued(Issued { resumed: true, .. })));
    assert_eq!(card.refused, 1);
    assert_finished(&plan, &card);
}

/// A reader in which another card stands from the second reset on: behind the back of whoever looked at the first.
struct Swapped<'c> {
    card: &'c mut PaperCard,
    resets: usize,
}

impl Channel for Swapped<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        assert!(self.resets < 2, "the other card is asked {command:02X?}");
        self.card.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.resets += 1;
        let mut atr = self.card.reset()?;
        if self.resets > 1 {
            let last = atr.len() - 1;
            atr[last] ^= 0x01;
        }
        Ok(atr)
    }
}

#[test]
fn a_card_that_took_the_place_of_the_one_looked_at_is_left_alone() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    let mut reader = Swapped { card: &mut card, resets: 0 };
    let session = Personalisation::probe(&plan, &mut reader, None).unwrap();
    let error = session
        .run(&mut source(CardKind::Esam, Suite::TripleDes), Pins::default(), Master::Transport, &mut ())
        .unwrap_err();
    let IssueError::Step { fault: StepFault::Swapped { began, found }, .. } = error else {
        panic!("{error}");
    };
    assert!(began == serial() && found != began);
}

#[test]
fn an_issued_card_is_never_touched_again() {
    let plan = plan(CardKind::Psam, Suite::Aes128);
    let mut card = blank(Suite::Aes128);
    run(&plan, &mut card, Master::Transport).unwrap();
    let before = card.sent.len();
    let error = run(&plan, &mut card, Master::Transport).unwrap_err();
    assert!(matches!(error, IssueError::AlreadyIssued { kind: CardKind::Psam, .. }), "{error}");
    assert_eq!(card.sent[before..], [vec![0x00, 0xA4, 0, 0, 2, 0x3F, 0], vec![0, 0xB0, 0x95, 0, 0x1E]]);
}

#[test]
fn a_foreign_card_is_left_alone() {
    let mut card = blank(Suite::TripleDes);
    let mut info = [0x11; CardInfo::LEN];
    info[9] = 7;
    card.files.insert((0x3F00, 0x0015), Some(info.to_vec()));
    let error = run(&plan(CardKind::Esam, Suite::TripleDes), &mut card, Master::Transport).unwrap_err();
    assert!(matches!(error, IssueError::Foreign(_)), "{error}");
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let wanted: Serial = "FFFFFFFFFFFFFFFF".parse().unwrap();
    let error = Personalisation::probe(&plan, &mut card, Some(wanted)).err().unwrap();
    assert!(matches!(error, IssueError::OtherCard { .. }), "{error}");
}

#[test]
fn a_blank_of_another_province_costs_one_try_and_the_last_one_is_guarded() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    card.master = Key::from_16(Suite::TripleDes, [0x5A; 16]);
    let mut journal = Journal::of(Store::in_memory().unwrap());
    for tries in [2, 1] {
        let error = run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "step 2 of {}, authenticate with the transport key: the card did not accept the transport key; {} left",
                plan.steps().len(),
                if tries == 1 { "1 try" } else { "2 tries" }
            )
        );
    }
    let guarded = run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
    assert!(matches!(guarded, RecordedError::LastTry { tries: 1, .. }), "{guarded}");
    assert_eq!(card.tries, 1);
    assert!(card.files.is_empty());
    let happenings = journal.store().happenings().unwrap();
    let failures = happenings.iter().filter(|entry| entry.what == "failed").count();
    assert_eq!(failures, 2);
}

#[test]
fn plan_source_and_pin_must_belong_together_before_a_card_is_touched() {
    let esam = plan(CardKind::Esam, Suite::TripleDes);
    let formal = Plan::new(&Request { state: State::Formal, ..request(CardKind::Esam, Suite::TripleDes) });
    let formal = formal.unwrap();
    let elsewhere = "33030000".parse().unwrap();
    let elsewhere = Plan::new(&Request { region: elsewhere, ..request(CardKind::Esam, Suite::TripleDes) });
    let elsewhere = elsewhere.unwrap();
    let city = |suite| source(CardKind::Esam, suite);
    let pin = Pin::from_digits("1234").unwrap();
    let check = |plan: &Plan, mut source: SoftSource, pin: Option<&Pin>| {
        let mut card = blank(Suite::TripleDes);
        let session = Personalisation::probe(plan, &mut card, None).unwrap();
        let error = session.run(&mut source, pin, Master::Transport, &mut ()).unwrap_err();
        assert_eq!(card.sent.len(), 3, "only looked at");
        error
    };
    let province = source(CardKind::MainControl, Suite::TripleDes);
    assert!(matches!(check(&esam, province, None), IssueError::SourceMakesNo { .. }));
    assert!(matches!(check(&esam, city(Suite::Sm4), None), IssueError::SuiteDiffers { .. }));
    assert!(matches!(check(&formal, city(Suite::TripleDes), None), IssueError::StateDiffers { .. }));
    assert!(matches!(check(&elsewhere, city(Suite::TripleDes), None), IssueError::RegionDiffers { .. }));
    assert!(matches!(check(&esam, city(Suite::TripleDes), Some(&pin)), IssueError::Pin { needed: 0 }));
    let psam = plan(CardKind::Psam, Suite::TripleDes);
    assert!(matches!(check(&psam, city(Suite::TripleDes), None), IssueError::Pin { needed: 1 }));
}

#[test]
fn another_pin_on_a_half_made_card_is_found_out() {
    let plan = plan(CardKind::EsamIssuing, Suite::TripleDes);
    let mut card = blank(Suite::TripleDes);
    let pin_command = [0x80, 0xD4, 0x01, 0x00];
    let at = {
        let mut card = blank(Suite::TripleDes);
        run(&plan, &mut card, Master::Transport).unwrap();
        card.sent.iter().position(|command| command.starts_with(&pin_command)).unwrap()
    };
    card.pull = Some((at, Pull::After));
    run(&plan, &mut card, Master::Transport).unwrap_err();
    card.pull = None;
    card.pins.insert(0, vec![0x99, 0x99]);
    let error = run(&plan, &mut card, Master::Own).unwrap_err();
    assert!(matches!(error, IssueError::Step { fault: StepFault::Pin { tries: 2 }, .. }), "{error}");
    let info = card.files[&(0x3F00, 0x0015)].as_deref().unwrap();
    assert!(CardInfo::parse(info).is_err(), "the card is not declared finished");
}
