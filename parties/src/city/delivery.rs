//! The delivery list: what a bank has to know of every ESAM its city issued.

use super::signing::mode_of;
use crate::home::{self, Home};
use crate::log;
use crate::places::must_be_free;
use crate::session::Session;
use crate::trouble::Result;
use crate::vouch::Origin;
use office::store::{FILE, Store};
use scheme::numbers::RegionCode;
use serde::Serialize;
use server::meters::FORMAT;
use server::{DeliveryLine, DeliveryList};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// The list to be written.
#[derive(Debug, Clone)]
pub struct DeliveryRequest {
    /// Its file, a new one.
    pub out: PathBuf,
    /// The city; `None`: the only one of the home.
    pub city: Option<RegionCode>,
}

/// A list that was written.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryReport {
    /// ESAMs on it.
    pub esams: usize,
    /// ESAMs left out: an older version issued them.
    pub left_out: usize,
    /// Its hash, which stands in both parties' logs.
    pub sha256: String,
    /// Its file.
    pub file: String,
}

/// Writes what the bank has to know of every ESAM. The list is no secret and gives nobody money: a wrong line costs a
/// refusal. Its hash stands in both parties' logs.
///
/// # Errors
/// The file is there; there is no city, or no store of its cards.
pub fn delivery(session: &Session, request: &DeliveryRequest) -> Result<DeliveryReport> {
    must_be_free(&request.out)?;
    let (region, folder) = Home::new(session).city(request.city, "writing the delivery list")?;
    let all = Store::visit(&folder.join(FILE))?.delivered()?;
    let (mut known, mut issuers) = (Vec::new(), Vec::new());
    for esam in &all {
        let Some(key_version) = esam.key_version else { continue };
        let serial = esam.serial.to_string();
        let signs = mode_of(&folder, &serial)?;
        if let Some(signs) = &signs
            && !issuers.contains(&signs.issuer)
        {
            issuers.push(signs.issuer.clone());
        }
        known.push(DeliveryLine {
            meter: esam.number.clone(),
            serial,
            key_version: key_version.max(1),
            key_state: esam.state.name().to_owned(),
            ceiling_fen: esam.ceiling.map(|fen| fen.0),
            valid_to: esam.valid_to.map(|day| day.to_string()),
            state_since: esam.state_since,
            mode: signs.as_ref().map(|signs| signs.mode.clone()),
            certificate: signs.map(|signs| signs.certificate),
        });
    }
    let list = DeliveryList {
        format: FORMAT.to_owned(),
        city: region.to_string(),
        made_at: session.now()?.to_string(),
        log: Some(Origin::value(&folder)?),
        issuers,
        esams: known,
    };
    let text = format!("{}\n", serde_json::to_string_pretty(&list)?);
    home::write(&request.out, text.as_bytes())?;
    let hash = hex::encode(Sha256::digest(&text));
    log::fact(session, "sha256", &hash);
    log::fact(session, "esams", list.esams.len());
    Ok(DeliveryReport {
        esams: list.esams.len(),
        left_out: all.len() - list.esams.len(),
        sha256: hash,
        file: request.out.display().to_string(),
    })
}
