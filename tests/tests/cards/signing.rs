//! Signing keys on cards: made by the card, proved, certified, and kept [docs/specs/signatures.md 5].

use crate::world::{Province, blank, copy, issue, number, open, plan_of, region, user_area};
use issue::keyset::Roots;
use issue::signing;
use issue::source::{Authority, CardSource, Current, KeySource, Proof, SoftSource, SourceError, Target};
use keys::Suite;
use keys::hierarchy;
use keys::sign::{Curve, SigningKey};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::{Day, Validity};
use scheme::numbers::{PROVINCE, RegionCode};
use scheme::order::Serial8;
use scheme::profile::{CardKind, EF_CERTIFICATES, EF_SIGNING_KEY, Recipient};
use scheme::signing::{GENERATE, ISSUER_SPAN, STORE_ROOT};
use vcard::{Slot, SupplyCut, Torn};
use wire::atr::serial_of;
use wire::{Channel, Command, Sw};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn days(from: &str, to: &str) -> Validity {
    Validity::new(day(from), day(to)).unwrap()
}

/// The published root's certificate.
pub fn root(suite: Suite) -> Certificate {
    let key = hierarchy::test_signing_root(suite);
    let subject = Subject {
        key_use: KeyUse::Root,
        region: PROVINCE,
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch: 1,
        validity: days("20260101", "20651231"),
    };
    let (one, public) = (CertificateNumber(1), key.public().unwrap());
    Certificate::issue(suite, subject, one, public, one, &key, &[1; 32]).unwrap()
}

/// A certificate that the published root gives.
pub fn by_root(suite: Suite, subject: Subject, number: u32, key: &SigningKey) -> Certificate {
    let (by, public) = (hierarchy::test_signing_root(suite), key.public().unwrap());
    let number = CertificateNumber(number);
    Certificate::issue(suite, subject, number, public, CertificateNumber(1), &by, &[2; 32]).unwrap()
}

pub fn target(kind: CardKind, number: u32, serial: [u8; 8]) -> Target {
    Target {
        recipient: Recipient::Card(kind),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial,
        number: crate::world::number(number).0,
        region: region().0,
    }
}

pub fn serial(card: &mut Slot) -> [u8; 8] {
    serial_of(&card.reset().unwrap()).unwrap()
}

/// The province certifies one of its city's issuing cards, as its `nth`.
fn certify(suite: Suite, card: &mut Slot, number: u32, nth: u32) -> Certificate {
    let kind = card.kind();
    let authority = Authority {
        key: hierarchy::test_signing_root(suite),
        root: root(suite),
        number: CertificateNumber(nth * ISSUER_SPAN),
        epoch: 1,
        challenge: [nth as u8; 8],
        extra: [3; 32],
    };
    let mut source = SoftSource::certifying(Roots::test(suite), authority);
    let target = target(kind, number, serial(card));
    signing::equip(card, &mut source, &target, day("20260101")).unwrap()
}

/// A province whose city signs.
pub fn province(suite: Suite) -> Province {
    let mut province = Province::new(suite);
    certify(suite, &mut province.psam_issuing, 2, 1);
    certify(suite, &mut province.esam_issuing, 3, 2);
    province
}

fn esam(province: &mut Province, n: u32) -> (Slot, CertificateNumber) {
    let suite = province.suite;
    let mut esam = blank(CardKind::Esam, suite, &format!("signing esam {n}"));
    let plan = plan_of(CardKind::Esam, suite, number(n), signing_too);
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    assert!(source.about().signs);
    let issued = issue(&plan, &mut esam, &mut source);
    (esam, issued.certificate.unwrap())
}

fn signing_too(request: issue::plan::Request) -> issue::plan::Request {
    issue::plan::Request { signs: true, ..request }
}

/// What a card answers in the MF after a reset.
pub fn ask(card: &mut Slot, command: &Command) -> (Vec<u8>, Sw) {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset().unwrap();
    fmcos.select_mf().unwrap();
    let answer = fmcos.ask("a command", command).unwrap();
    (answer.data, answer.sw)
}

/// The city's rights over a card: state A of its MF.
pub fn authenticate(card: &mut Slot, source: &mut dyn KeySource, target: &Target) {
    let mut fmcos = Fmcos::new(card);
    fmcos.reset().unwrap();
    fmcos.select_mf().unwrap();
    let challenge = fmcos.challenge8().unwrap();
    let cryptogram = source.authenticate_target(target, challenge).unwrap();
    fmcos.external_authenticate(0x00, &cryptogram).unwrap();
}

fn store(certificate: &Certificate) -> Command {
    Command::new(0x80, STORE_ROOT[1], 0x00, certificate.subject.key_use.code()).data(&certificate.to_bytes())
}

#[test]
fn a_chain_from_the_root_to_esam_and_psam() {
    for suite in Suite::ALL {
        let mut province = province(suite);
        let (mut card, given) = esam(&mut province, 42);
        let chain = signing::chain(&mut card, KeyUse::Esam).unwrap().unwrap();
        let [top, issuer, own] = &chain[..] else { panic!("{} certificates", chain.len()) };
        assert_eq!(top.to_bytes(), root(suite).to_bytes());
        top.verify(top).unwrap();
        issuer.verify(top).unwrap();
        own.verify(issuer).unwrap();
        assert_eq!((own.number, own.number.0), (given, 2 * ISSUER_SPAN + 1));
        assert_eq!((own.subject.device, own.subject.serial.0), (number(42).0, serial(&mut card)));
        assert_eq!(own.subject.validity, days("20260101", "20651231"));
        let (_, next) = esam(&mut province, 43);
        assert_eq!(next.0, given.0 + 1, "each has its number");

        let mut psam = blank(CardKind::Psam, suite, "signing psam");
        let plan = plan_of(CardKind::Psam, suite, number(9), signing_too);
        let mut source = open(&mut province.psam_issuing, CardKind::PsamIssuing);
        let issued = issue(&plan, &mut psam, &mut source);
        assert_eq!(issued.certificate, Some(CertificateNumber(ISSUER_SPAN + 1)));
        assert_eq!(signing::chain(&mut psam, KeyUse::Psam).unwrap().unwrap().len(), 3);
    }
}

/// A city that nobody certified makes cards as before: they have no key, and say so.
#[test]
fn without_a_certificate_cards_are_symmetric() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    assert!(!open(&mut province.esam_issuing, CardKind::EsamIssuing).about().signs);
    let (mut card, _) = province.meter(number(42), None);
    assert!(signing::chain(&mut card, KeyUse::Esam).unwrap().is_none());
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    let to = target(CardKind::Esam, 42, serial(&mut card));
    let refused = source.certify(&to, day("20260301"), &mut |_| panic!("no card is asked"));
    assert_eq!(refused.unwrap_err(), SourceError::NotCertified);
    // Later it is certified, and so is the card that was made before.
    certify(suite, &mut province.esam_issuing, 3, 1);
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    signing::equip(&mut card, &mut source, &to, day("20260301")).unwrap();
    assert_eq!(signing::chain(&mut card, KeyUse::Esam).unwrap().unwrap().len(), 3);
}

/// An operator with the issuing card and its PIN gets no key certified but one that the card itself drew for this challenge.
#[test]
fn an_own_key_pair_is_not_certified_as_an_esams() {
    let suite = Suite::Sm4;
    let mut province = province(suite);
    let (mut card, _) = esam(&mut province, 42);
    let to = target(CardKind::Esam, 42, serial(&mut card));
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    let mine = SigningKey::from_bytes(Curve::of(suite), &[7; 32]).unwrap().public().unwrap();
    let from = day("20260301");
    // Without a proof, with one that was guessed, with that of another key of the same card.
    let mut of_card: Option<Proof> = None;
    authenticate(&mut card, &mut source, &to);
    let honest = source.certify(&to, from, &mut |challenge| {
        let proof = Fmcos::new(&mut card).generate_key_pair(challenge)?;
        of_card = Some(proof);
        Ok(proof)
    });
    honest.unwrap();
    let proof = of_card.unwrap();
    for wrong in [
        Proof { public: *mine.bytes(), mac: [0; 8] },
        Proof { public: *mine.bytes(), mac: proof.mac },
        // A replay: another challenge was asked.
        proof,
    ] {
        let refused = source.certify(&to, from, &mut |_| Ok(wrong));
        assert_eq!(refused.unwrap_err(), SourceError::NotItsKey);
    }
    // The proof of one card is none of another's.
    let (mut other, _) = esam(&mut province, 43);
    let theirs = target(CardKind::Esam, 43, serial(&mut other));
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    authenticate(&mut other, &mut source, &theirs);
    let refused =
        source.certify(&to, from, &mut |challenge| Fmcos::new(&mut other).generate_key_pair(challenge));
    assert_eq!(refused.unwrap_err(), SourceError::NotItsKey);
}

/// Each issuing card certifies the kind it makes, in the state of keys it lives in, and no more.
#[test]
fn an_issuing_card_speaks_for_its_own_kind() {
    let suite = Suite::Aes128;
    let mut province = province(suite);
    let identity = [&[9; 8][..], &number(42).0, &region().0].concat();
    let ask = |card: &mut Slot, kind: CardKind, p1: u8| {
        // Only its PIN matters here.
        let _ = open(card, kind);
        let answer = card.transmit(&Command::new(0x80, 0x7A, p1, 0x00).data(&identity).to_bytes()).unwrap();
        Sw(u16::from_be_bytes(*answer.last_chunk().unwrap()))
    };
    for (p1, wanted) in
        [(0x51, Sw::OK), (0x50, Sw::WRONG_P1P2), (0x41, Sw::WRONG_P1P2), (0xF0, Sw::WRONG_DATA)]
    {
        assert_eq!(ask(&mut province.esam_issuing, CardKind::EsamIssuing, p1), wanted, "{p1:02X}");
    }
    for (p1, wanted) in [(0x41, Sw::OK), (0x40, Sw::WRONG_P1P2), (0x51, Sw::WRONG_P1P2)] {
        assert_eq!(ask(&mut province.psam_issuing, CardKind::PsamIssuing, p1), wanted, "{p1:02X}");
    }
    // Neither main control card nor test issuing card has a key of its own.
    for (card, kind) in
        [(&mut province.main, CardKind::MainControl), (&mut province.test_issuing, CardKind::TestIssuing)]
    {
        assert_ne!(ask(card, kind, 0x51), Sw::OK, "{}", kind.name());
        let generate = Command::new(0x80, GENERATE[1], 0x00, 0x00).data(&[0; 8]);
        assert_ne!(self::ask(card, &generate).1, Sw::OK);
    }
}

/// Nobody reads the key, whatever he has proved, and none of its bytes stays when the card ends.
#[test]
fn the_key_stays_in_the_card_and_ends_with_it() {
    let suite = Suite::TripleDes;
    let mut province = province(suite);
    let (mut card, _) = esam(&mut province, 42);
    let to = target(CardKind::Esam, 42, serial(&mut card));
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    for with_rights in [false, true] {
        if with_rights {
            authenticate(&mut card, &mut source, &to);
        }
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.select_fid(EF_SIGNING_KEY).unwrap();
        let read = fmcos.ask("READ BINARY", &Command::new(0x00, 0xB0, 0x00, 0x00).le(0x65)).unwrap();
        assert_eq!((read.sw, read.data.len()), (Sw::NOT_ALLOWED, 0));
        for fid in [EF_SIGNING_KEY, EF_CERTIFICATES] {
            fmcos.select_fid(fid).unwrap();
            let write =
                fmcos.ask("UPDATE BINARY", &Command::new(0x00, 0xD6, 0x00, 0x00).data(&[0; 33])).unwrap();
            assert_eq!(write.sw, Sw::NOT_ALLOWED);
        }
    }
    let public = ask(&mut card, &Command::new(0x80, 0x76, 0x00, 0x00).le(64)).0;
    let area = user_area(&card);
    let at = area.windows(64).position(|bytes| bytes == public).unwrap();
    let key = area[at - 32..at].to_vec();
    assert_eq!(
        SigningKey::from_bytes(Curve::of(suite), &key.clone().try_into().unwrap())
            .unwrap()
            .public()
            .unwrap()
            .bytes()[..],
        public[..],
        "this is where the key stands"
    );
    let passage = {
        use issue::life::{Leave, LifeChange, Passage, Planned, look};
        let seen = look(&mut card).unwrap();
        let leave = Leave { forfeit: false, spend_last_try: false };
        match Passage::plan(LifeChange::Retire, &seen, &source.about(), leave).unwrap() {
            Planned::Due(passage) => passage,
            Planned::Done => panic!("it is not retired"),
        }
    };
    let mut supervised = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    passage.run(&mut card, &mut supervised).unwrap();
    let left = user_area(&card);
    assert!(!left.windows(32).any(|bytes| bytes == key), "no byte of it is left in the files");
    assert_eq!(ask(&mut card, &Command::new(0x80, 0x76, 0x00, 0x00).le(64)).1, Sw::CONDITIONS);
}

/// Root, issuer and own certificate: what the card checks before it keeps one.
#[test]
fn a_card_keeps_no_certificate_that_is_not_its_own_chain() {
    let suite = Suite::Aes128;
    let mut province = province(suite);
    let (mut card, _) = esam(&mut province, 42);
    let (mut other, _) = esam(&mut province, 43);
    let chain = signing::chain(&mut card, KeyUse::Esam).unwrap().unwrap();
    let theirs = signing::chain(&mut other, KeyUse::Esam).unwrap().unwrap();
    let to = target(CardKind::Esam, 42, serial(&mut card));
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    // Without rights not even its own.
    assert_eq!(ask(&mut card, &store(&chain[2])).1, Sw::NOT_ALLOWED);
    authenticate(&mut card, &mut source, &to);
    let mut put = |certificate: &Certificate| {
        Fmcos::new(&mut card).ask("STORE CERTIFICATE", &store(certificate)).unwrap().sw
    };
    assert_eq!(put(&chain[2]), Sw::OK, "the same again");
    assert_eq!(put(&theirs[2]), Sw::WRONG_DATA, "another card's");
    // An issuer and an own certificate of somebody who is no city.
    let mine = SigningKey::from_bytes(Curve::of(suite), &[7; 32]).unwrap();
    let fake = Certificate::issue(
        suite,
        chain[1].subject,
        chain[1].number,
        mine.public().unwrap(),
        chain[1].issuer,
        &mine,
        &[4; 32],
    )
    .unwrap();
    assert_eq!(put(&fake), Sw::SM_WRONG);
    let (key, number, issuer) = (chain[2].key.clone(), chain[2].number, chain[2].issuer);
    let own = Certificate::issue(suite, chain[2].subject, number, key, issuer, &mine, &[4; 32]).unwrap();
    assert_eq!(put(&own), Sw::SM_WRONG);
    let elsewhere = Subject { region: RegionCode([0x33, 0x03, 0, 0]), ..chain[1].subject };
    assert_eq!(put(&by_root(suite, elsewhere, 3 * ISSUER_SPAN, &mine)), Sw::WRONG_DATA, "another city's");
    // A root without the MAC of the card one level up costs a try.
    let challenge = Command::new(0x00, 0x84, 0x00, 0x00).le(8);
    ask(&mut card, &challenge);
    let [cla, ins, p1, p2, _] = STORE_ROOT;
    let field = [&root(suite).to_bytes()[..], &[0; 4]].concat();
    let mut fmcos = Fmcos::new(&mut card);
    fmcos.challenge8().unwrap();
    let answer = fmcos.ask("STORE CERTIFICATE", &Command::new(cla, ins, p1, p2).data(&field)).unwrap();
    assert_eq!(answer.sw.tries(), Some(2));
    assert_eq!(ask(&mut card, &store(&root(suite))).1, Sw::WRONG_P1P2, "the root has a form of its own");
}

/// A server's certificate needs no right but the root's signature, and never goes back.
#[test]
fn a_servers_certificate_only_gets_newer() {
    let suite = Suite::Sm4;
    let mut province = province(suite);
    let (mut card, _) = esam(&mut province, 42);
    let server = SigningKey::from_bytes(Curve::of(suite), &[8; 32]).unwrap();
    let of = |epoch: u16, number: u32, region: RegionCode| {
        let subject = Subject {
            key_use: KeyUse::Server,
            region,
            device: [0; 6],
            serial: Serial8([0; 8]),
            epoch,
            validity: days("20260101", "20301231"),
        };
        by_root(suite, subject, number, &server)
    };
    let mut put = |certificate: &Certificate| ask(&mut card, &store(certificate)).1;
    assert_eq!(put(&of(1, 10, PROVINCE)), Sw::OK);
    assert_eq!(put(&of(1, 10, PROVINCE)), Sw::OK, "the same again");
    assert_eq!(put(&of(1, 9, PROVINCE)), Sw::VERSION_NOT_HIGHER, "an older one of the same epoch");
    assert_eq!(put(&of(3, 12, region())), Sw::OK);
    assert_eq!(put(&of(2, 13, PROVINCE)), Sw::VERSION_NOT_HIGHER, "an epoch before");
    assert_eq!(put(&of(4, 14, RegionCode([0x33, 0x03, 0, 0]))), Sw::WRONG_DATA, "another city's");
    let mut bent = of(4, 14, PROVINCE).to_bytes();
    bent[21] ^= 0x01;
    let bent = Command::new(0x80, STORE_ROOT[1], 0x00, KeyUse::Server.code()).data(&bent);
    assert_eq!(ask(&mut card, &bent).1, Sw::SM_WRONG);
    let kept = Fmcos::new(&mut card).certificate(KeyUse::Server).unwrap().unwrap();
    assert_eq!((kept.number, kept.subject.epoch), (CertificateNumber(12), 3));
}

/// A card in the making answers nothing of this: what its files hold may be somebody's, and so may their rights.
#[test]
fn a_card_in_the_making_has_no_signing_key() {
    for kind in [CardKind::Esam, CardKind::Psam, CardKind::EsamIssuing] {
        let mut card = crate::by_hand::make(&crate::by_hand::honest(kind));
        for command in [
            Command::new(0x80, GENERATE[1], 0x00, 0x00).data(&[0; 8]),
            Command::new(0x80, 0x76, 0x00, 0x00).le(64),
            store(&root(Suite::TripleDes)),
        ] {
            let sw = crate::by_hand::sw(&mut card, &command);
            assert!(matches!(sw, Sw::CONDITIONS | Sw::WRONG_P1P2), "{}: {sw}", kind.name());
        }
    }
}

/// Power lost at every page write of the way to a certificate: the card shows its old chain, or a chain that holds, or none.
#[test]
fn a_cut_leaves_no_certificate_without_its_key() {
    let suite = Suite::TripleDes;
    let mut province = province(suite);
    let (whole, _) = esam(&mut province, 42);
    let mut cuts = 0;
    for after in 0.. {
        let mut card = copy(&whole);
        let to = target(CardKind::Esam, 42, serial(&mut card));
        card.cut(SupplyCut { after, torn: Torn::Old });
        let mut source =
            CardSource::open(IssuingCard::new(&mut province.esam_issuing), &crate::world::pin()).unwrap();
        let done = signing::equip(&mut card, &mut source, &to, day("20260301"));
        let mut card = copy(&card);
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.reset().unwrap();
        fmcos.select_mf().unwrap();
        let (key, own) = (fmcos.public_key().unwrap(), fmcos.certificate(KeyUse::Esam).unwrap());
        let issuer = fmcos.certificate(KeyUse::CityIssuer).unwrap();
        if let Some(own) = own {
            assert_eq!(Some(*own.key.bytes()), key, "after {after} writes");
            own.verify(&issuer.unwrap()).unwrap();
        }
        if done.is_ok() {
            break;
        }
        cuts += 1;
        let mut source =
            CardSource::open(IssuingCard::new(&mut province.esam_issuing), &crate::world::pin()).unwrap();
        signing::equip(&mut card, &mut source, &to, day("20260301")).unwrap();
    }
    assert!(cuts > 20, "{cuts} cuts");
}
