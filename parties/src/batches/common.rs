//! What all cards of a batch have in common.

use super::issuer::Issuer;
use super::request::BatchRequest;
use crate::issuing::{IssueRequest, plan_of};
use crate::session::Session;
use crate::trouble::Result;
use issue::plan::Plan;
use scheme::moment::Validity;
use scheme::money::Fen;
use scheme::numbers::RegionCode;

/// A batch on its way.
pub(super) struct Common<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a BatchRequest,
    pub(super) region: RegionCode,
    pub(super) validity: Validity,
    /// The issuing card, for cards that need one.
    pub(super) issuer: Option<Issuer>,
}

impl Common<'_> {
    /// The plan of a card.
    pub(super) fn plan(&self, issuer: &Issuer, number: &str, ceiling_fen: Option<u32>) -> Result<Plan> {
        let request = IssueRequest {
            ceiling: ceiling_fen.map(Fen),
            allowed: self.request.allowed,
            ..IssueRequest::new(self.request.kind, number.parse()?, self.region)
        };
        plan_of(&request, &issuer.about, self.validity)
    }
}
