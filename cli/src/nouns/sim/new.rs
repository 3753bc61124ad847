//! `gridcard sim new`.

use crate::prelude::*;
use clap::ValueEnum;
use parties::secret::SecretFrom;
use parties::sims::{self, MakeSimRequest, MilenageFrom};

/// Options of `sim new`.
#[derive(Debug, Args)]
pub struct New {
    /// Card file. Default: ICCID.card in the home's folder of SIMs.
    #[arg(long, value_name = "FILE")]
    pub card: Option<CardRef>,
    /// ICCID: 19 or 20 characters, 0 to 9 and A to F.
    #[arg(long)]
    pub iccid: String,
    /// IMSI, 15 digits.
    #[arg(long)]
    pub imsi: String,
    /// Telephone number, as +8613900000001; +86 is put before a Chinese mobile number.
    #[arg(long, value_name = "NUMBER")]
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
    /// File with K and OPc of Milenage, two times 32 hexadecimal digits (`-`: stdin): the SIM answers its network by them.
    #[arg(long, value_name = "FILE")]
    pub milenage_file: Option<PathBuf>,
    /// The same with the published keys of the standard's first test set. TEST KEYS.
    #[arg(long, conflicts_with = "milenage_file")]
    pub milenage_test: bool,
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

/// Makes the SIM.
pub fn run(call: &Call, options: &New) -> Result<()> {
    let (kind, what) = match options.profile {
        ProfileName::Sim => (CardKind::Sim, "SIM"),
        ProfileName::Uicc => (CardKind::Uicc, "UICC"),
    };
    let request = MakeSimRequest {
        card: options.card.clone(),
        iccid: options.iccid.parse().context("--iccid")?,
        imsi: options.imsi.parse().context("--imsi")?,
        msisdn: options.msisdn.as_deref().map(str::parse).transpose().context("--msisdn")?,
        messages: options.sms_records,
        kind,
        chv1: match &options.chv1_file {
            Some(file) => Some(Some(file.as_path()).into()),
            None => options.chv1.then_some(SecretFrom::Asked),
        },
        milenage: match &options.milenage_file {
            Some(file) => Some(MilenageFrom::Secret(Some(file.as_path()).into())),
            None => options.milenage_test.then_some(MilenageFrom::Published),
        },
        state: if options.formal { State::Formal } else { State::Test },
    };
    let report = sims::make(call, &request)?;
    let (records, place) = (options.sms_records, report.card.display());
    let text = format!("{what} {} with {records} message records: {place}", report.iccid);
    answer(call, &text, &report);
    if let Some(doubt) = &report.doubt {
        say(format!("ICCID {} {doubt}", report.iccid));
    }
    Ok(())
}
