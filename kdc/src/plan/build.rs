//! The steps of each kind, from the tables of `wire::profile`.

use super::{CARD_INFO_SFI, CEILING_MAX, Content, Master, PlanError, Request, Step, in_the_making};
use crate::ids::PROVINCE;
use wire::money::Fen;
use wire::profile::{
    CardInfo, CardKind, DF_PURCHASE, EF_CARD_INFO, EF_PARAMETERS, EF_TERMINAL, ESAM_FILES, ESAM_KEYS,
    FileRow, ISSUING_FILES, ISSUING_KEYS, KeyRow, PSAM_FILES, PSAM_KEYS, PSAM_PURCHASE_FILES,
};

/// What differs from kind to kind. `application` is what stands in a directory of its own, with the keys.
struct Profile {
    files: &'static [FileRow],
    keys: &'static [KeyRow],
    application: Option<(wire::profile::Fid, &'static [FileRow])>,
    pin: bool,
    contents: Vec<(u8, Vec<u8>, Content)>,
}

pub(super) fn card_info(request: &Request) -> CardInfo {
    CardInfo {
        region: request.region.0,
        kind: request.kind,
        number: request.number.0,
        valid_from: request.validity.from().bytes(),
        valid_to: request.validity.to().bytes(),
        state: request.state,
        suite: request.suite.code(),
    }
}

fn profile(request: &Request) -> Result<Profile, PlanError> {
    let (files, keys, application, pin): (_, _, _, bool) = match request.kind {
        CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing => {
            (ISSUING_FILES, ISSUING_KEYS, None, true)
        }
        CardKind::Psam => (PSAM_FILES, PSAM_KEYS, Some((DF_PURCHASE, PSAM_PURCHASE_FILES)), true),
        CardKind::Esam => (ESAM_FILES, ESAM_KEYS, None, false),
        kind @ (CardKind::Sim | CardKind::Uicc | CardKind::TestCard | CardKind::Fmcos) => {
            return Err(PlanError::Kind { kind });
        }
    };
    Ok(Profile { files, keys, application, pin, contents: contents(request)? })
}

fn contents(request: &Request) -> Result<Vec<(u8, Vec<u8>, Content)>, PlanError> {
    match (request.kind, request.ceiling) {
        (CardKind::Esam, ceiling) => {
            Ok(vec![(short(EF_PARAMETERS), parameters(request, ceiling)?, Content::Parameters)])
        }
        (kind, Some(_)) => Err(PlanError::CeilingOf { kind }),
        (CardKind::Psam, None) => {
            Ok(vec![(short(EF_TERMINAL), request.number.0.to_vec(), Content::Terminal)])
        }
        (_, None) => Ok(Vec::new()),
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
    Ok(bytes)
}

/// Short id of a file whose identifier is below 0020.
const fn short(fid: wire::profile::Fid) -> u8 {
    fid.0 as u8
}

pub(super) fn steps(request: &Request) -> Result<Vec<Step>, PlanError> {
    let provincial = request.kind == CardKind::MainControl;
    if provincial != (request.region == PROVINCE) {
        return Err(PlanError::Region { kind: request.kind, region: request.region });
    }
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
        Step::Update { sfi: CARD_INFO_SFI, bytes: bytes.clone(), what: Content::CardInformation },
        Step::Reset,
        Step::SelectMf,
        Step::Check { sfi: CARD_INFO_SFI, bytes, what: Content::CardInformation },
    ]);
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
            steps.push(Step::Update { sfi: CARD_INFO_SFI, bytes, what: Content::InTheMaking });
        }
    }
    steps.extend(profile.keys.iter().filter(|row| row.role == 0).map(Step::WriteKey));
    steps
}

/// Under the own master: contents of the MF, the application, keys, PIN.
fn fill(profile: &Profile, steps: &mut Vec<Step>) {
    for (sfi, bytes, what) in &profile.contents {
        steps.push(Step::Update { sfi: *sfi, bytes: bytes.clone(), what: *what });
    }
    if let Some((directory, files)) = profile.application {
        steps.push(Step::Select(directory));
        steps.extend(files.iter().map(Step::Create));
    }
    steps.extend(profile.keys.iter().filter(|row| row.role != 0).map(Step::WriteKey));
    if profile.pin {
        steps.push(Step::WritePin);
    }
}

/// After a reset: everything that can be seen from outside, and the PIN.
fn examine(profile: &Profile, begun: Vec<u8>, steps: &mut Vec<Step>) {
    steps.extend([Step::Reset, Step::SelectMf]);
    steps.push(Step::Check { sfi: CARD_INFO_SFI, bytes: begun, what: Content::InTheMaking });
    for (sfi, bytes, what) in &profile.contents {
        steps.push(Step::Check { sfi: *sfi, bytes: bytes.clone(), what: *what });
    }
    if let Some((directory, _)) = profile.application {
        steps.push(Step::Select(directory));
    }
    steps.extend(profile.keys.iter().filter(|row| row.role != 0).map(Step::CheckKey));
    if profile.pin {
        steps.push(Step::VerifyPin);
    }
}
