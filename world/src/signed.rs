//! A town that takes up signing: issuing cards certified, keys in ESAM and PSAM, the bank's own key, and a meter that takes signed orders.

use crate::town::{PSAM, Town};
use parties::bank::{self, Desk};
use parties::city::delivery::DeliveryRequest;
use parties::city::signing::ModeRequest;
use parties::city::{self, Access};
use parties::places::card_at;
use parties::province::signing::{self, ServerRequest};
use parties::trouble::{Context, Result};
use parties::{Deed, Party};
use scheme::profile::CardKind;
use scheme::signing::Mode;
use server::Registration;

/// Years of the server's certificate.
const YEARS: u16 = 10;

impl Town {
    /// From now on a customer's meter takes signed orders too, and its receipts to them are signed.
    ///
    /// # Errors
    /// Those of the acts.
    pub fn sign(&self, person: &Registration) -> Result<()> {
        let (world, home) = (self.world(), self.world().home());
        let city = self.folder(Party::City(self.region()));
        for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing] {
            let card = card_at(&city.join(format!("{}.card", kind.name())));
            world.act(Deed::One("kdc signing certify"), |session| signing::certify(session, &card))?;
        }
        let access = || Access { city: Some(self.region()), ..Access::default() };
        let esam = card_at(&self.folder(Party::Meters).join(person.meter.to_string()).join("esam.card"));
        let psam = card_at(&self.folder(Party::Bank).join("psams").join(format!("{PSAM}.card")));
        for (card, kinds) in [
            (&esam, (CardKind::Esam, CardKind::EsamIssuing)),
            (&psam, (CardKind::Psam, CardKind::PsamIssuing)),
        ] {
            world.act(Deed::One("esam certify"), |session| {
                city::signing::certify(session, card, &access(), kinds)
            })?;
        }
        let [root, key, certificate] =
            ["root.certificate", "server.key", "server.certificate"].map(|name| home.join(name));
        world.act(Deed::One("kdc signing export"), |session| signing::export(session, Some(&root)))?;
        world
            .act(Deed::Two("server signing init"), |session| {
                bank::signing::init(session, &mut Desk::open(session)?, &root, &key)
            })?
            .context("one person makes a test bank's key")?;
        let request = ServerRequest { key, city: None, years: YEARS, out: certificate.clone() };
        world.act(Deed::One("kdc signing certify-server"), |session| {
            signing::certify_server(session, &request)
        })?;
        world.act(Deed::One("server signing take"), |session| {
            bank::signing::take(session, &Desk::open(session)?, &certificate)
        })?;
        let request =
            ModeRequest { card: esam, mode: Mode::Both, server: Some(certificate), access: access() };
        world.act(Deed::One("esam mode"), |session| city::signing::set_mode(session, &request))?;
        let delivery = DeliveryRequest { out: home.join("delivery-signed.json"), city: Some(self.region()) };
        world.act(Deed::One("city delivery"), |session| city::delivery::delivery(session, &delivery))?;
        world.act(Deed::One("server meters"), |session| {
            bank::meters(session, &mut Desk::open(session)?, &delivery.out)
        })?;
        Ok(())
    }
}
