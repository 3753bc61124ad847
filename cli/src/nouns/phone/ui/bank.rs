//! The server as the screens ask it, and the phone's file.

use super::super::own::Own;
use crate::call::Call;
use client::Code;
use client::Mode;
use client::talk::{Account, Named, Offer, Password, Purchase, PurchaseState, Request, Said, Way};
use handset::{Bank, No, Pay, Slip};
use parties::customer::{self, Conversation, EnrolRequest, PayRequest, PhoneFile, ended, named_before};
use parties::{Result, Trouble};
use std::path::PathBuf;

/// What the server answers where it does not know a purchase.
const NO_OFFER: &str = "phone-no-offer";

/// A phone and its server.
pub struct AtServer<'c> {
    call: &'c Call,
    options: &'c Own,
    file: Option<PhoneFile>,
    /// What was offered last, and as what it was asked for: a confirmation is a session of its own, and says both again.
    wanted: Option<PayRequest>,
    /// The purchase that the file has was confirmed, or may have been.
    confirmed: bool,
}

fn no(error: &Trouble) -> No {
    No::new(error.code(), error.to_string())
}

impl<'c> AtServer<'c> {
    /// Of the phone's file, if there is one yet.
    ///
    /// # Errors
    /// The file is none.
    pub fn new(call: &'c Call, options: &'c Own) -> Result<Self> {
        let file = if options.phone.exists() { Some(PhoneFile::read(&options.phone)?) } else { None };
        Ok(AtServer { call, options, file, wanted: None, confirmed: true })
    }

    /// Does something in a session.
    fn talk<T>(
        &mut self,
        work: impl FnOnce(&mut Conversation<'_>, Option<PayRequest>) -> Result<T>,
    ) -> Result<T> {
        let file = self
            .file
            .as_mut()
            .ok_or_else(|| crate::fail::refused("no phone is enrolled here").code("phone-not-enrolled"))?;
        let url = self.options.server.clone().unwrap_or_else(|| file.server_url.clone());
        let mut frames = service::client::frames(&url, self.options.ca.as_deref())?;
        let mut talk = Conversation::begin(self.call, &mut *frames, file)?;
        work(&mut talk, self.wanted.clone())
    }

    fn asked(&mut self, request: &Request) -> Result<Said> {
        let said = self.talk(|talk, _| talk.ask(request));
        match (request, &said) {
            (Request::State(_), Ok(Said::Purchase(purchase))) => self.stands(purchase.state)?,
            // It was offered, and never confirmed.
            (Request::State(_), Err(error)) if error.code() == NO_OFFER => self.confirmed = false,
            _ => {}
        }
        said
    }

    /// Keeps where the purchase stands.
    fn stands(&mut self, state: PurchaseState) -> Result<()> {
        match &mut self.file {
            Some(file) => ended(file, state),
            None => Ok(()),
        }
    }

    fn offered(&mut self, pay: &Pay) -> Result<Offer> {
        let account = pay
            .account
            .clone()
            .map(|(token, password)| Account { token, password: Some(Password(password)) });
        let contract = Named::Meter(pay.meter);
        let wanted = PayRequest { contract, amount: pay.amount, way: Way::Sim, account };
        let call = self.call;
        let purchase = match &mut self.file {
            Some(file) => named_before(call, file, &wanted)?,
            None => [0; 8],
        };
        self.wanted = Some(wanted);
        let offer = self.talk(|talk, wanted| match wanted {
            Some(wanted) => talk.offer(purchase, &wanted),
            None => Err(changed()),
        })?;
        self.confirmed = offer.state != PurchaseState::Offered;
        Ok(offer)
    }

    fn bought(&mut self, offer: &Offer) -> Result<Purchase> {
        self.confirmed = true;
        let said = self.talk(|talk, wanted| {
            let wanted = wanted.ok_or_else(changed)?;
            let anew = talk.offer(offer.purchase, &wanted)?;
            // What the person saw is what is bought, or nothing is.
            let same = (anew.meter, anew.amount, anew.customer, &anew.account)
                == (offer.meter, offer.amount, offer.customer, &offer.account);
            if same { talk.confirm(&anew) } else { Err(changed()) }
        });
        match &said {
            Ok(purchase) => self.stands(purchase.state)?,
            Err(error) if error.kind() == scheme::Kind::Refused => self.stands(PurchaseState::Ended)?,
            Err(_) => {}
        }
        said
    }

    fn enrolled(&mut self, slip: &Slip) -> Result<()> {
        let request = EnrolRequest {
            mode: Mode::Noise,
            server_url: slip.server.clone(),
            server_key: slip.key.clone(),
            slip: slip.number.clone(),
            code: Code::read(&slip.code)?,
            msisdn: slip.msisdn.parse()?,
            imsi: None,
            imei: None,
            user: slip.user.clone(),
            password: Password(slip.password.clone()),
        };
        let mut frames = service::client::frames(&slip.server, self.options.ca.as_deref())?;
        self.file = Some(customer::enrol(self.call, &mut *frames, &self.options.phone, &request)?);
        Ok(())
    }

    fn saved(&mut self, purchase: [u8; 8]) -> Result<String> {
        let message = self.talk(|talk, _| talk.fetch(purchase))?;
        let out = PathBuf::from(format!("order-{}.sms", hex::encode(purchase)));
        self.call.carrier.send(&out, &message)?;
        Ok(out.display().to_string())
    }
}

fn changed() -> Trouble {
    Trouble::new(customer::CustomerError::Foreign("another offer than was shown".to_owned()))
}

impl Bank for AtServer<'_> {
    fn own(&self) -> Option<handset::Own> {
        self.file.as_ref().map(|file| handset::Own {
            customer: file.customer.to_string(),
            msisdn: file.msisdn.clone(),
            user: file.user.clone(),
        })
    }

    fn server(&self) -> Option<String> {
        self.options.server.clone()
    }

    fn enrol(&mut self, slip: &Slip) -> Result<(), No> {
        self.enrolled(slip).map_err(|error| no(&error))
    }

    fn ask(&mut self, request: &Request) -> Result<Said, No> {
        self.asked(request).map_err(|error| no(&error))
    }

    fn offer(&mut self, wanted: &Pay) -> Result<Offer, No> {
        self.offered(wanted).map_err(|error| no(&error))
    }

    fn confirm(&mut self, offer: &Offer) -> Result<Purchase, No> {
        self.bought(offer).map_err(|error| no(&error))
    }

    fn open(&self) -> Option<[u8; 8]> {
        let open = self.file.as_ref()?.open.as_ref().filter(|_| self.confirmed)?;
        let mut name = [0; 8];
        hex::decode_to_slice(&open.purchase, &mut name).ok()?;
        Some(name)
    }

    fn save(&mut self, purchase: [u8; 8]) -> Result<String, No> {
        self.saved(purchase).map_err(|error| no(&error))
    }
}
