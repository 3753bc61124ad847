//! `gridcard sim new`.

use crate::args::Global;
use crate::card_ref::CardRef;
use crate::clock::{entropy, random};
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::nouns::card::must_not_exist;
use crate::output::answer;
use crate::{audit, factory, secret};
use applets::sim::Profile;
use clap::{Args, ValueEnum};
use parties::trouble::Result;
use reader::driver::sim::{Chv, Sim};
use scheme::profile::{Fid, State};
use scheme::sim::{DF_GSM, DF_TELECOM, EF_GRID, EF_ICCID, EF_IMSI, EF_MSISDN};
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Image;

/// Options of `sim new`.
#[derive(Debug, Args)]
pub struct New {
    /// Card file. Default: ICCID.card in the home's folder of SIMs.
    #[arg(long, value_name = "FILE")]
    pub card: Option<CardRef>,
    /// ICCID, 18 to 20 digits.
    #[arg(long)]
    pub iccid: String,
    /// IMSI, up to 15 digits.
    #[arg(long)]
    pub imsi: String,
    /// Telephone number, international.
    #[arg(long)]
    pub msisdn: Option<String>,
    /// Records for messages, 10 to 50.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(10..=50))]
    pub sms_records: u8,
    /// What to make.
    #[arg(long, value_enum, default_value_t = ProfileName::Sim)]
    pub profile: ProfileName,
    /// Ask for a CHV1 of 4 to 8 digits at the prompt; the SIM then asks for it. Default: CHV1 is off.
    #[arg(long, conflicts_with = "chv1_file")]
    pub chv1: bool,
    /// The same from a file (`-`: stdin).
    #[arg(long, value_name = "FILE")]
    pub chv1_file: Option<PathBuf>,
    /// Say in EF_GRID that the SIM is of the formal state.
    #[arg(long)]
    pub formal: bool,
}

/// Profiles by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// A classic SIM: class A0 alone.
    Sim,
    /// A UICC with a USIM application; class A0 is answered too, from the same files.
    Uicc,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Sim => Profile::Sim,
            ProfileName::Uicc => Profile::Uicc,
        }
    }
}

/// Makes the SIM.
pub fn run(global: &Global, options: &New) -> Result<()> {
    let chv1 = match &options.chv1_file {
        Some(path) => Some(secret::text(Some(path), "CHV1 of the new SIM")?),
        None => options.chv1.then(|| secret::new_text(None, "CHV1 of the new SIM")).transpose()?,
    };
    let path = match &options.card {
        Some(card) => card.image("sim new")?,
        None => Home::new(global)?.make(Party::Sims, "making SIMs")?.join(format!("{}.card", options.iccid)),
    };
    must_not_exist(&path)?;
    let person = Person {
        iccid: &options.iccid,
        imsi: &options.imsi,
        msisdn: options.msisdn.as_deref(),
        state: if options.formal { State::Formal } else { State::Test },
        profile: options.profile.into(),
    };
    let image = personalised(global, &person, options.sms_records, chv1.as_ref().map(|chv| chv.as_str()))?;
    image.save_new(&path, true).map_err(parties::Trouble::new)?;
    audit::fact(global, "iccid", &options.iccid);
    audit::fact(global, "imsi", &options.imsi);
    let what = match options.profile {
        ProfileName::Sim => "SIM",
        ProfileName::Uicc => "UICC",
    };
    let (records, place) = (options.sms_records, path.display());
    let text = format!("{what} {} with {records} message records: {place}", options.iccid);
    let object = json!({
        "iccid": options.iccid, "imsi": options.imsi, "kind": image.kind.name(),
        "card": path.display().to_string(),
    });
    answer(global, &text, object);
    Ok(())
}

/// Whose SIM it is.
pub struct Person<'a> {
    /// ICCID.
    pub iccid: &'a str,
    /// IMSI.
    pub imsi: &'a str,
    /// Telephone number.
    pub msisdn: Option<&'a str>,
    /// What EF_GRID says.
    pub state: State,
    /// What to make.
    pub profile: Profile,
}

/// A SIM from the factory, personalised over its channel under ADM1.
pub fn personalised(global: &Global, person: &Person<'_>, messages: u8, chv1: Option<&str>) -> Result<Image> {
    let (iccid, imsi) = (scheme::sim::iccid_file(person.iccid)?, scheme::sim::imsi_file(person.imsi)?);
    let mask = factory::test_mask(person.profile, messages, chv1)?;
    let serial = random(&mut *entropy(global, &format!("SIM {}", person.iccid)));
    let image =
        Image::manufacture_sim(serial, &mask).ok_or_else(|| refused("a SIM has 10 to 50 message records"))?;
    let name = format!("{}.card", person.iccid);
    let mut slot =
        vcard::Slot::with_image(image, Path::new(&name), entropy(global, &name), vcard::slot::Keep::InMemory)
            .map_err(parties::Trouble::new)?;
    let mut sim = Sim::new(&mut slot);
    sim.reset()?;
    if let Some(chv1) = chv1 {
        sim.verify_chv(Chv::Chv1, &factory::chv(chv1)?)?;
    }
    sim.verify_adm(&factory::ADM)?;
    sim.select(&[Fid::MF, EF_ICCID])?;
    sim.update_binary(0, &iccid)?;
    sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
    sim.update_binary(0, &imsi)?;
    sim.select(&[Fid::MF, DF_TELECOM, EF_GRID])?;
    sim.update_binary(0, &scheme::sim::grid_file(person.state))?;
    if let Some(msisdn) = person.msisdn {
        let record = scheme::sim::msisdn_record(msisdn, MSISDN_RECORD)?;
        sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])?;
        sim.update_record(1, &record)?;
    }
    if person.profile == Profile::Uicc && sim.enter_usim()? {
        sim.update_usim_imsi(&imsi)?;
    }
    Ok(slot.image())
}

/// Record length of EF_MSISDN in our mask.
const MSISDN_RECORD: usize = 28;

/// Looks at a SIM that was just personalised, as a telephone would: its identities are what they should be, and without ADM1
/// nobody changes them.
pub fn inspect(channel: &mut dyn wire::Channel, iccid: &str, imsi: &str) -> Result<()> {
    let mut sim = Sim::new(channel);
    sim.reset()?;
    let expected = [
        (&[Fid::MF, EF_ICCID][..], scheme::sim::iccid_file(iccid)?.to_vec(), "ICCID"),
        (&[Fid::MF, DF_GSM, EF_IMSI][..], scheme::sim::imsi_file(imsi)?.to_vec(), "IMSI"),
        (&[Fid::MF, DF_TELECOM, EF_GRID][..], scheme::sim::grid_file(State::Test).to_vec(), "state"),
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
