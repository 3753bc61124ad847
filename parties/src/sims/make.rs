//! Virtual SIMs: made, given to somebody, looked at.

use crate::home::{Home, Party};
use crate::log;
use crate::places::{card_at, image, must_have_none};
use crate::secret::{self, SecretFrom};
use crate::session::Session;
use crate::trouble::{Result, refused};
use keys::Zeroizing;
use reader::driver::sim::{Chv, Sim};
use scheme::CardRef;
use scheme::cards::{NewSim, OpenCard};
use scheme::chance::random;
use scheme::numbers::Serial;
use scheme::profile::{CardKind, Fid, State};
use scheme::sim::{
    DF_GSM, DF_TELECOM, EF_GRID, EF_ICCID, EF_IMSI, EF_MSISDN, TEST_ADM, TEST_MILENAGE, chv, grid_file,
    milenage, msisdn_record,
};
use scheme::subscription::{Iccid, Imsi, PhoneNumber};
use serde::Serialize;
use std::path::PathBuf;
use wire::Channel;

/// Record length of EF_MSISDN in our mask.
const MSISDN_RECORD: usize = 28;

/// Whose SIM it is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// ICCID.
    pub iccid: Iccid,
    /// IMSI.
    pub imsi: Imsi,
    /// Telephone number.
    pub msisdn: Option<PhoneNumber>,
    /// Test or formal, for EF_GRID.
    pub state: State,
    /// A classic SIM, or a UICC.
    pub kind: CardKind,
}

/// A SIM to be made.
#[derive(Debug, Clone)]
pub struct MakeSimRequest {
    /// Its place. Default: ICCID.card in the home's folder of SIMs.
    pub card: Option<CardRef>,
    /// ICCID.
    pub iccid: Iccid,
    /// IMSI.
    pub imsi: Imsi,
    /// Telephone number.
    pub msisdn: Option<PhoneNumber>,
    /// Records for messages, 10 to 50.
    pub messages: u8,
    /// A classic SIM, or a UICC.
    pub kind: CardKind,
    /// The CHV1 it asks for; `None`: CHV1 is off.
    pub chv1: Option<SecretFrom>,
    /// K and OPc of Milenage, which its operator has too; `None`: it answers its network by our own algorithm alone.
    pub milenage: Option<MilenageFrom>,
    /// What EF_GRID says.
    pub state: State,
}

/// Where K and OPc come from.
#[derive(Debug, Clone)]
pub enum MilenageFrom {
    /// The published test set.
    Published,
    /// Two times 32 hexadecimal digits.
    Secret(SecretFrom),
}

/// What a SIM's maker gives it and nobody reads.
#[derive(Clone, Copy, Default)]
pub struct SimSecrets<'a> {
    /// The CHV1 it asks for; `None`: CHV1 is off.
    pub chv1: Option<&'a str>,
    /// K and OPc of Milenage.
    pub milenage: Option<&'a [[u8; 16]; 2]>,
}

/// A SIM that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MakeSimReport {
    /// ICCID.
    pub iccid: String,
    /// IMSI.
    pub imsi: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its place.
    pub card: PathBuf,
    /// What speaks against its ICCID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// Makes a virtual SIM in its place, whole or not at all.
///
/// # Errors
/// Something stands there.
pub fn make(session: &Session, request: &MakeSimRequest) -> Result<MakeSimReport> {
    let whose = "CHV1 of the new SIM";
    let chv1 = request.chv1.as_ref().map(|from| secret::new_text(session, from, whose)).transpose()?;
    let milenage = match &request.milenage {
        None => None,
        Some(MilenageFrom::Published) => Some(Zeroizing::new(TEST_MILENAGE)),
        Some(MilenageFrom::Secret(from)) => Some(milenage(&secret::text(session, from, "K and OPc")?)?),
    };
    let place = match &request.card {
        Some(card) => image(session, card, "sim new")?,
        None => {
            let folder = Home::new(session).make(Party::Sims, "making SIMs")?;
            folder.join(format!("{}.card", request.iccid))
        }
    };
    must_have_none(session, &place)?;
    let identity = Identity {
        iccid: request.iccid.clone(),
        imsi: request.imsi.clone(),
        msisdn: request.msisdn.clone(),
        state: request.state,
        kind: request.kind,
    };
    let secrets = SimSecrets { chv1: chv1.as_ref().map(|chv1| chv1.as_str()), milenage: milenage.as_deref() };
    let (_, sim) = personalised(session, &identity, request.messages, secrets)?;
    session.cards.unpack(&sim.image()?, &card_at(&place))?;
    log::fact(session, "iccid", &request.iccid);
    log::fact(session, "imsi", &request.imsi);
    Ok(MakeSimReport {
        iccid: request.iccid.to_string(),
        imsi: request.imsi.to_string(),
        kind: request.kind.name(),
        card: place,
        doubt: request.iccid.doubt().map(|doubt| doubt.to_string()),
    })
}

/// A SIM as its owner gets it, in no place yet: the mask, then ICCID, IMSI, state and number over ADM1. Gives the serial of its
/// chip, which not every SIM shows.
///
/// # Errors
/// A code that is none.
pub fn personalised(
    session: &Session,
    identity: &Identity,
    messages: u8,
    secrets: SimSecrets<'_>,
) -> Result<(Serial, Box<dyn OpenCard>)> {
    let (iccid, imsi) = (identity.iccid.file(), identity.imsi.file());
    let serial = random(&mut *session.chance(&format!("SIM {}", identity.iccid)));
    let SimSecrets { chv1, milenage } = secrets;
    let blank = NewSim { kind: identity.kind, serial, messages, chv1, milenage };
    let mut card = session.cards.new_sim(&blank, &format!("{}.card", identity.iccid))?;
    let mut sim = Sim::new(&mut card);
    sim.reset()?;
    if let Some(chv1) = chv1 {
        sim.verify_chv(Chv::Chv1, &chv(chv1)?)?;
    }
    sim.verify_adm(&TEST_ADM)?;
    sim.select(&[Fid::MF, EF_ICCID])?;
    sim.update_binary(0, &iccid)?;
    sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
    sim.update_binary(0, &imsi)?;
    sim.select(&[Fid::MF, DF_TELECOM, EF_GRID])?;
    sim.update_binary(0, &grid_file(identity.state))?;
    if let Some(msisdn) = &identity.msisdn {
        let record = msisdn_record::<MSISDN_RECORD>(msisdn);
        sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])?;
        sim.update_record(1, &record)?;
    }
    if identity.kind == CardKind::Uicc && sim.enter_usim()? {
        sim.update_usim_imsi(&imsi)?;
    }
    Ok((Serial(serial), card))
}

/// Looks at a SIM that was just personalised, as a telephone would: its identities are what they should be, and without ADM1
/// nobody changes them.
///
/// # Errors
/// A file that holds something else, or that anybody may write.
pub fn inspect(channel: &mut dyn Channel, identity: &Identity) -> Result<()> {
    let mut sim = Sim::new(channel);
    sim.reset()?;
    let expected = [
        (&[Fid::MF, EF_ICCID][..], identity.iccid.file().to_vec(), "ICCID"),
        (&[Fid::MF, DF_GSM, EF_IMSI][..], identity.imsi.file().to_vec(), "IMSI"),
        (&[Fid::MF, DF_TELECOM, EF_GRID][..], grid_file(identity.state).to_vec(), "state"),
    ];
    for (path, bytes, what) in expected {
        sim.select(path)?;
        let len = u8::try_from(bytes.len())?;
        if sim.read_binary(0, len)? != bytes {
            return Err(refused(format!("inspection: the SIM does not hold its {what}")).into());
        }
        match sim.update_binary(0, &bytes) {
            Err(error) if error.channel().is_some() => return Err(error.into()),
            Err(_) => {}
            Ok(()) => {
                return Err(refused(format!("inspection: the SIM let a stranger write its {what}")).into());
            }
        }
    }
    Ok(())
}
