//! The steps of each kind, from the tables of `scheme::profile`.

use super::error::PlanError;
use super::parts::{CEILING_MAX, Content, Master, Request, Step, in_the_making};
use scheme::money::Fen;
use scheme::numbers::PROVINCE;
use scheme::profile::{
    CardInfo, CardKind, DF_PURCHASE, EF_CARD_INFO, EF_LIMIT, EF_PARAMETERS, EF_TERMINAL, ESAM_FILES, Fid,
    FileRow, ISSUING_FILES, KeyRow, MAIN_CONTROL_FILES, Make, NO_LIMIT, PREVIOUS_MASTER,
    PRODUCTION_CARD_APPLICATION_FILES, PRODUCTION_CARD_FILES, PSAM_FILES, PSAM_ISSUING_FILES,
    PSAM_PURCHASE_FILES, PinRow, Recipient, State, TEST_CARD_FILES, TEST_ISSUING_FILES,
    USER_CARD_APPLICATION_FILES, USER_CARD_FILES, WAITS_FOR_NUMBER, pins,
};
use scheme::psam::Limits;
use scheme::signing::own_use;

/// What differs from kind to kind. `application` is what stands in a directory of its own, with the keys.
struct Profile {
    files: &'static [FileRow],
    keys: Vec<&'static KeyRow>,
    application: Option<Application>,
    pins: &'static [PinRow],
    contents: Vec<Filling>,
}

struct Application {
    directory: Fid,
    files: &'static [FileRow],
    contents: Vec<Filling>,
}

/// File, content, what it is.
type Filling = (Fid, Vec<u8>, Content);

pub(super) fn card_info(request: &Request) -> CardInfo {
    CardInfo {
        make: Make::Current,
        region: request.region.0,
        kind: request.kind,
        number: request.number.0,
        valid_from: request.validity.from().bytes(),
        valid_to: request.validity.to().bytes(),
        state: request.state,
        suite: request.suite.code(),
    }
}

/// The earlier version whose ESAMs an issuing card of a version above 01 reaches.
pub(super) fn previous(request: &Request) -> Option<u8> {
    let before = request.version.saturating_sub(1);
    (request.kind == CardKind::EsamIssuing && before > 0).then(|| request.previous.unwrap_or(before))
}

fn profile(request: &Request) -> Result<Profile, PlanError> {
    use CardKind::{
        Esam, EsamIssuing, Fmcos, MainControl, ProductionCard, Psam, PsamIssuing, Sim, TestCard, TestIssuing,
        Uicc, UserCard,
    };
    let kind = request.kind;
    let (files, application) = match kind {
        MainControl => (MAIN_CONTROL_FILES, None),
        PsamIssuing => (PSAM_ISSUING_FILES, None),
        EsamIssuing => (ISSUING_FILES, None),
        TestIssuing => (TEST_ISSUING_FILES, None),
        Psam | TestCard => {
            // A finished PSAM has no limit and no server yet, so it seals nothing: SET LIMIT and PAIR SERVER come after.
            let contents = Vec::new();
            let files = if kind == Psam { PSAM_FILES } else { TEST_CARD_FILES };
            (files, Some(Application { directory: DF_PURCHASE, files: PSAM_PURCHASE_FILES, contents }))
        }
        Esam => (ESAM_FILES, None),
        UserCard => {
            let (files, contents) = (USER_CARD_APPLICATION_FILES, Vec::new());
            (USER_CARD_FILES, Some(Application { directory: DF_PURCHASE, files, contents }))
        }
        ProductionCard => {
            let (files, contents) = (PRODUCTION_CARD_APPLICATION_FILES, Vec::new());
            (PRODUCTION_CARD_FILES, Some(Application { directory: DF_PURCHASE, files, contents }))
        }
        Sim | Uicc | Fmcos => return Err(PlanError::Kind { kind }),
    };
    let keys = Recipient::Card(kind).keys().iter();
    let keys = keys.filter(|row| row.role != PREVIOUS_MASTER || previous(request).is_some()).collect();
    Ok(Profile { files, keys, application, pins: pins(kind), contents: contents(request)? })
}

fn contents(request: &Request) -> Result<Vec<Filling>, PlanError> {
    use CardKind::{Esam, Psam, TestCard};
    match (request.kind, request.ceiling) {
        (Esam, ceiling) => Ok(vec![(EF_PARAMETERS, parameters(request, ceiling)?, Content::Parameters)]),
        (kind, Some(_)) => Err(PlanError::CeilingOf { kind }),
        (Psam | TestCard, None) => Ok(vec![(EF_TERMINAL, request.number.0.to_vec(), Content::Terminal)]),
        (kind, None) if kind.is_city_issuing() => Ok(vec![limit(request)]),
        (_, None) => Ok(Vec::new()),
    }
}

/// How many cards the card may make, and a PSAM issuing card what value it may grant.
fn limit(request: &Request) -> Filling {
    let count = request.limit.unwrap_or(NO_LIMIT);
    let value = match request.kind {
        CardKind::PsamIssuing => request.value.unwrap_or(Limits::GRANTS),
        _ => 0,
    };
    (EF_LIMIT, Limits { count, value }.to_bytes().to_vec(), Content::Limit)
}

/// What a request asks for that its kind has not, or that is no number.
fn check(request: &Request) -> Result<(), PlanError> {
    let kind = request.kind;
    if (kind == CardKind::MainControl) != (request.region == PROVINCE) {
        return Err(PlanError::Region { kind, region: request.region });
    }
    if request.unnumbered && (kind != CardKind::Esam || request.state != State::Test) {
        return Err(PlanError::Unnumbered { kind });
    }
    if kind.is_always_test() && request.state != State::Test {
        return Err(PlanError::AlwaysTest { kind });
    }
    let counts = kind.is_city_issuing();
    if (request.limit.is_some() && !counts) || (request.value.is_some() && kind != CardKind::PsamIssuing) {
        return Err(PlanError::LimitOf { kind });
    }
    let version = request.version;
    if version == 0 || (kind == CardKind::MainControl && version != 1) {
        return Err(PlanError::Version { kind, version });
    }
    match request.previous {
        Some(earlier) if kind != CardKind::EsamIssuing || earlier == 0 || earlier >= version => {
            Err(PlanError::Previous { kind, version, earlier })
        }
        _ => Ok(()),
    }
}

/// EF 0002: not opened, meter number, no customer, no SIM, ceiling, RFU [docs/specs/cards.md 4].
fn parameters(request: &Request, ceiling: Option<Fen>) -> Result<Vec<u8>, PlanError> {
    let stored = match ceiling {
        None => 0,
        // 0 on the card stands for the highest ceiling, so it cannot be asked for as an amount.
        Some(ceiling) if ceiling > Fen(0) && ceiling <= CEILING_MAX => ceiling.0,
        Some(ceiling) => return Err(PlanError::Ceiling { ceiling }),
    };
    let mut bytes = vec![0; 32];
    bytes[1..7].copy_from_slice(&request.number.0);
    bytes[21..25].copy_from_slice(&stored.to_be_bytes());
    bytes[WAITS_FOR_NUMBER] = request.unnumbered.into();
    Ok(bytes)
}

pub(super) fn steps(request: &Request) -> Result<Vec<Step>, PlanError> {
    check(request)?;
    let profile = profile(request)?;
    let info = card_info(request);
    let begun = in_the_making(&info).to_vec();
    let mut steps = begin(&profile, &begun);
    fill(&profile, &mut steps);
    examine(&profile, begun, &mut steps);
    let bytes = info.to_bytes().to_vec();
    steps.extend([
        Step::SelectMf,
        Step::Authenticate(Master::Own),
        Step::Update { fid: EF_CARD_INFO, bytes: bytes.clone(), what: Content::CardInformation },
        Step::Reset,
        Step::SelectMf,
        Step::Check { fid: EF_CARD_INFO, bytes, what: Content::CardInformation },
    ]);
    let signs = request.signs && !request.kind.is_city_issuing();
    if let Some(key_use) = own_use(request.kind).filter(|_| signs) {
        // A card answers these when it is finished: before, its files may hold what somebody put there.
        steps.extend([
            Step::Authenticate(Master::Own),
            Step::StoreRoot,
            Step::Certify(key_use),
            Step::Reset,
            Step::SelectMf,
            Step::CheckCertificate(key_use),
        ]);
    }
    Ok(steps)
}

/// Under the transport key: the files of the MF, what card it is going to be, its own master.
fn begin(profile: &Profile, begun: &[u8]) -> Vec<Step> {
    let mut steps = vec![Step::SelectMf, Step::Authenticate(Master::Transport)];
    for file in profile.files {
        steps.push(Step::Create(file));
        // Card information comes first in every table: the card says at once what it is to become.
        if file.fid == EF_CARD_INFO {
            let bytes = begun.to_vec();
            steps.push(Step::Update { fid: EF_CARD_INFO, bytes, what: Content::InTheMaking });
        }
    }
    steps.extend(profile.keys.iter().filter(|row| row.role == 0).map(|row| Step::WriteKey(row)));
    steps
}

/// Under the own master: contents of the MF, the application, keys, PIN.
fn fill(profile: &Profile, steps: &mut Vec<Step>) {
    let write = |steps: &mut Vec<Step>, contents: &[Filling]| {
        steps.extend(contents.iter().cloned().map(|(fid, bytes, what)| Step::Update { fid, bytes, what }));
    };
    write(steps, &profile.contents);
    if let Some(application) = &profile.application {
        steps.push(Step::Select(application.directory));
        steps.extend(application.files.iter().map(Step::Create));
        write(steps, &application.contents);
    }
    steps.extend(profile.keys.iter().filter(|row| row.role != 0).map(|row| Step::WriteKey(row)));
    steps.extend(profile.pins.iter().map(Step::WritePin));
}

/// After a reset: everything that can be seen from outside, and the PIN.
fn examine(profile: &Profile, begun: Vec<u8>, steps: &mut Vec<Step>) {
    steps.extend([Step::Reset, Step::SelectMf]);
    steps.push(Step::Check { fid: EF_CARD_INFO, bytes: begun, what: Content::InTheMaking });
    let check = |steps: &mut Vec<Step>, contents: &[Filling]| {
        steps.extend(contents.iter().cloned().map(|(fid, bytes, what)| Step::Check { fid, bytes, what }));
    };
    check(steps, &profile.contents);
    if let Some(application) = &profile.application {
        steps.push(Step::Select(application.directory));
        check(steps, &application.contents);
    }
    steps.extend(profile.keys.iter().filter(|row| row.role != 0).map(|row| Step::CheckKey(row)));
    steps.extend(profile.pins.iter().map(Step::VerifyPin));
}
