//! Plans run against a card of paper: whole, cut off at every command, and refused.

mod tries;

use crate::paper_card::{PaperCard, Pull};
use crate::requests::{NUMBER, REGION, SERIAL, plan, request};
use gridcard_office::journal::{IntentEnd, Journal, Subject};
use gridcard_office::recorded::{self, Recorded, RecordedError, WorkOrder};
use gridcard_office::store::Store;
use issue::card::{Condition, IssueError, Issued, Personalisation, StepFault};
use issue::keyset::Roots;
use issue::plan::Hidden;
use issue::plan::{Master, Plan, Request};
use issue::source::{KeySource, SoftSource};
use keys::{Key, Role, Suite};
use scheme::Fault;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardInfo, CardKind, Recipient, State};
use wire::Sw;
use wire::channel::{Channel, ChannelError};

const AT: &str = "2026-01-05 09:00:00";

fn serial() -> Serial {
    SERIAL.parse().unwrap()
}

fn blank(suite: Suite) -> PaperCard {
    PaperCard::blank(Roots::test(suite).transport(serial()), serial().0)
}

fn source(kind: CardKind, suite: Suite) -> SoftSource {
    let roots = Roots::test(suite);
    match kind {
        CardKind::Psam
        | CardKind::TestCard
        | CardKind::Esam
        | CardKind::UserCard
        | CardKind::ProductionCard => SoftSource::city(roots.city(REGION.parse().unwrap())),
        _ => SoftSource::province(roots),
    }
}

fn own_master(kind: CardKind, suite: Suite) -> Key {
    let number: DeviceNumber = NUMBER.parse().unwrap();
    let roots = Roots::test(suite);
    match kind {
        CardKind::Psam
        | CardKind::TestCard
        | CardKind::Esam
        | CardKind::UserCard
        | CardKind::ProductionCard => {
            roots.city(REGION.parse().unwrap()).device(Recipient::Card(kind), Role::Master, number)
        }
        _ => roots.own_master(kind, number),
    }
}

/// The PINs of a kind: none, the operator's, or the second officer's too.
fn secrets(kind: CardKind) -> (Option<Pin>, Option<Pin>) {
    let pins = scheme::profile::pins(kind).len();
    let pin = |digits, wanted| (pins >= wanted).then(|| Pin::from_digits(digits).unwrap());
    (pin("123456", 1), pin("654321", 2))
}

fn pins((operator, officer): &(Option<Pin>, Option<Pin>)) -> Pins<'_> {
    Pins { operator: operator.as_ref(), officer: officer.as_ref(), spend_last_try: false }
}

fn run(plan: &Plan, card: &mut PaperCard, if_open: Master) -> Result<Issued, IssueError> {
    let mut source = source(plan.kind(), plan.suite());
    let secrets = secrets(plan.kind());
    Personalisation::probe(plan, card, None)?.run(&mut source, pins(&secrets), if_open, &mut ())
}

fn run_recorded(
    plan: &Plan,
    card: &mut PaperCard,
    journal: &mut Journal,
    if_open: Option<Master>,
) -> Result<Recorded, RecordedError> {
    let secrets = secrets(plan.kind());
    let order = WorkOrder {
        plan,
        wanted: Some(serial()),
        pins: pins(&secrets),
        if_open,
        spend_last_try: false,
        at: AT,
    };
    recorded::issue(&order, card, &mut source(plan.kind(), plan.suite()), journal, &mut ())
}

/// Everything the finished card must hold.
fn assert_finished(plan: &Plan, card: &PaperCard) {
    let (kind, suite) = (plan.kind(), plan.suite());
    assert_eq!(card.master, own_master(kind, suite));
    let info = card.files[&(0x3F00, 0x0015)].as_deref().unwrap();
    assert_eq!(info, plan.card_info().to_bytes());
    let directory = if kind.has_application() { 0xDF01 } else { 0x3F00 };
    let mut source = source(kind, suite);
    let target = plan.target(serial(), Master::Own);
    for row in Recipient::Card(kind).keys().iter().filter(|row| !matches!(row.role, 0 | 0x0A)) {
        let (header, key) = &card.keys[&(directory, row.kind & 0x3F, row.id)];
        assert_eq!(*header, row.header(1));
        let expected = source.expected(&target, row.role).unwrap();
        assert_eq!(Some(key.kcv()), expected.check_value.map(|value| value.0));
    }
    let keys = Recipient::Card(kind).keys().iter().filter(|row| !matches!(row.role, 0 | 0x0A));
    assert_eq!(card.keys.len(), keys.count());
    let pins: Vec<&[u8]> = card.pins.values().map(Vec::as_slice).collect();
    let wanted: [&[u8]; 2] = [&[0x12, 0x34, 0x56], &[0x65, 0x43, 0x21]];
    assert_eq!(pins, wanted[..scheme::profile::pins(kind).len()]);
    assert_eq!(card.tries, 3);
}

#[test]
fn a_blank_becomes_every_kind_in_every_suite() {
    for suite in Suite::ALL {
        for kind in CardKind::ISSUED {
            let plan = plan(kind, suite);
            let mut card = blank(suite);
            let issued = run(&plan, &mut card, Master::Own).unwrap();
            assert_finished(&plan, &card);
            assert_eq!((issued.kind, issued.number, issued.serial), (kind, plan.number(), serial()));
            assert_eq!(issued.apdus, card.sent.len() as u64);
            assert!(!issued.resumed);
            assert_eq!(issued.keys.len(), card.keys.len());
            assert!(issued.keys.iter().all(|key| key.confirmed));
        }
    }
}

/// The dry run is what is sent: the same commands in the same order, and each hidden part of the length it
/// announced.
#[test]
fn the_dry_run_is_the_run() {
    for kind in CardKind::ISSUED {
        let plan = plan(kind, Suite::Sm4);
        let mut card = blank(Suite::Sm4);
        run(&plan, &mut card, Master::Transport).unwrap();
        let planned: Vec<_> = plan.dry_run().steps.into_iter().flat_map(|step| step.apdus).collect();
        // Looking at a blank: SELECT MF, READ BINARY of a file that is not there, TRIES LEFT.
        let sent = &card.sent[3..];
        assert_eq!(planned.len(), sent.len());
        for (planned, sent) in planned.iter().zip(sent) {
            let command = wire::CommandRef::parse(sent).unwrap();
            assert_eq!(planned.header, command.header(), "{planned}");
            let (shown, rest) = command.data.split_at(planned.shown.len());
            assert_eq!(shown, planned.shown, "{planned}");
            match planned.hidden {
                None => assert!(rest.is_empty(), "{planned}"),
                Some((Hidden::Pin, None)) => {
                    assert!(matches!(rest, [0x12, 0x34, 0x56] | [0x65, 0x43, 0x21]), "{planned}");
                }
                Some((_, len)) => assert_eq!(Some(rest.len()), len, "{planned}"),
            }
            assert_eq!(planned.le, command.le, "{planned}");
        }
    }
}

#[test]
fn no_key_is_in_what_was_sent() {
    for suite in Suite::ALL {
        for kind in CardKind::ISSUED {
            let mut card = blank(suite);
            let transport = card.master.clone();
            run(&plan(kind, suite), &mut card, Master::Transport).unwrap();
            let wire = card.sent.concat();
            let keys = card.keys.values().map(|(_, key)| key).chain([&transport, &card.master]);
            for key in keys {
                let shows = wire.windows(8).any(|part| key.expose().chunks(8).any(|half| half == part));
                assert!(!shows, "{} {}", kind.name(), suite.name());
            }
        }
    }
}

/// What the journal holds when the second run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// All that the first run noted.
    All,
    /// The intent alone: the program died before it noted the own master.
    Intent,
    /// Nothing: another office, or a store restored from before.
    Nothing,
}

/// The card is pulled at every command, once before and once after it was done, whatever the journal kept of it; running
/// the same order again finishes it, with all its tries. A chip that states what it holds spends none; one of another make
/// spends one, where the answer to the writing of the own master was lost or never noted, and gets it back.
#[test]
fn a_run_cut_off_anywhere_is_finished_by_another() {
    for kind in CardKind::ISSUED {
        let plan = plan(kind, Suite::TripleDes);
        let commands = {
            let mut card = blank(Suite::TripleDes);
            run(&plan, &mut card, Master::Transport).unwrap();
            card.sent.len()
        };
        for (states, kept) in [(true, Kept::Nothing), (false, Kept::All), (false, Kept::Intent)] {
            let mut spent = 0;
            for (cut, pull) in (0..commands).flat_map(|cut| [(cut, Pull::Before), (cut, Pull::After)]) {
                let mut card = blank(Suite::TripleDes);
                card.states = states;
                card.pull = Some((cut, pull));
                let mut journal = Journal::of(Store::in_memory().unwrap());
                let error = run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
                let what = format!("{} cut at {cut} {pull:?}, {kept:?}: {error}", kind.name());
                assert!(error.to_string().ends_with("the card was removed before it answered"), "{what}");
                card.pull = None;
                let begun = journal.awaits(&subject(&plan)).unwrap();
                if kept != Kept::All {
                    journal = Journal::of(Store::in_memory().unwrap());
                }
                if kept == Kept::Intent && begun {
                    journal.intend(AT, &subject(&plan)).unwrap();
                }
                card.refused = 0;
                match run_recorded(&plan, &mut card, &mut journal, None) {
                    Ok(Recorded::Issued(issued) | Recorded::Found(issued)) => {
                        assert_eq!((issued.serial, issued.number), (serial(), plan.number()), "{what}");
                        assert_eq!(issued.keys.len(), card.keys.len(), "{what}");
                    }
                    // The card is finished, and no journal waits for it.
                    Err(error) if kept == Kept::Nothing => {
                        let already = matches!(error, RecordedError::Issue(IssueError::AlreadyIssued { .. }));
                        assert!(already && cut + 3 >= commands, "{what}: {error}");
                    }
                    Err(error) => panic!("{what}: {error}"),
                }
                assert!(card.refused <= u32::from(!states), "{what}: {} refusals", card.refused);
                spent += card.refused;
                assert_finished(&plan, &card);
            }
            // A chip that cannot tell: the commands between the writing of the own master and the next key or file.
            match (states, kept) {
                (true, _) => assert_eq!(spent, 0, "{}", kind.name()),
                (false, Kept::All) => assert_eq!(spent, 1, "{}", kind.name()),
                (false, _) => assert!((1..12).contains(&spent), "{}: {spent}", kind.name()),
            }
        }
    }
}

fn subject(plan: &Plan) -> Subject {
    Subject {
        serial: serial(),
        kind: plan.kind(),
        number: plan.number(),
        region: plan.region(),
        suite: plan.suite(),
        state: plan.state(),
    }
}

#[test]
fn a_lost_card_is_given_up_and_frees_its_number() {
    let plan = plan(CardKind::Esam, Suite::TripleDes);
    let mut journal = Journal::of(Store::in_memory().unwrap());
    let mut card = blank(Suite::TripleDes);
    card.pull = Some((20, Pull::Before));
    let error = run_recorded(&plan, &mut card, &mut journal, None).unwrap_err();
    let RecordedError::Issue(error) = error else { panic!("{error}") };
    assert!(error.is_interruption());
    let entry = journal.store().happenings().unwrap().remove(0);
    assert_eq!((entry.what.as_str(), entry.serial), ("intent", Some(serial())));
    let subject = subject(&plan);
    assert!(journal.awaits(&subject).unwrap(), "an interruption leaves the intent open");
    let why = ChannelError::Removed.to_string();
    journal.conclude(AT, &subject, IntentEnd::Failed { why, tries_left: None }).unwrap();
    let other = Subject { serial: Serial([9; 8]), ..subject };
    journal.check(&other).unwrap();
}
