//! The steps of a ceremony that ask its people for something, or give them something.

use super::walk::Walk;
use crate::province::shares as kept;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use crate::{secret, transport};
use ::kdc::ceremony::script::{self, From};
use ::kdc::ceremony::shares::{self, Proof};
use ::kdc::ceremony::{Ceremony, ComponentRecord, Founding, Origin, Person, Secret, Share, ShareError};
use ::kdc::keystore::{Custodian, Passphrase};
use keys::Zeroizing;
use scheme::Kind;
use scheme::pin::Pin;
use scheme::profile::State;

impl Walk<'_> {
    /// All names for the script; without it those of the key store's custodians, who are asked for by name later.
    pub(super) fn ask_people(&mut self) -> Result<Vec<(String, String)>> {
        let session = self.session;
        let mut entries = Vec::new();
        for role in script::people_of(&self.shape) {
            if !self.attended && !role.starts_with("key store custodian") {
                continue;
            }
            let name = secret::patiently(session, || {
                let name = session.secrets.ask_openly(&format!("name of the {role}"))?;
                if name.is_empty() {
                    // A person types it again; a script that has no name for somebody is a mistake of its own.
                    let kind = if session.secrets.is_person() { Kind::Refused } else { Kind::Usage };
                    return Err(Failure::new(kind, format!("the {role} has no name")).into());
                }
                must_be_another_person(&self.people, &role, &name)?;
                Ok(name)
            })?;
            self.people.push(Person { role: role.clone(), name: name.clone() });
            entries.push((role, name));
        }
        Ok(entries)
    }

    pub(super) fn component(&mut self, number: u8) -> Result<String> {
        let session = self.session;
        let From::Components(total) = self.shape.from else { return Ok(String::new()) };
        let ceremony = match &mut self.components {
            Some(ceremony) => ceremony,
            none => none.insert(Ceremony::new(self.request.suite, total)?),
        };
        let found = type_component(session, ceremony, "component", number, total)?;
        if number == total {
            let joined = ceremony.join()?;
            let founding = Founding::new(self.request.suite, Origin::Components, Some(joined.secret));
            self.begin_founding(founding.with_components(joined.components));
        }
        Ok(found)
    }

    fn begin_founding(&mut self, founding: Founding) {
        self.founding = Some(founding.rehearsal(self.shape.rehearsal));
    }

    pub(super) fn share_in(&mut self) -> Result<String> {
        let session = self.session;
        let restoring = &mut self.restoring;
        let place =
            restoring.missing().map_or_else(String::new, |missing| format!(", {missing} still needed"));
        let (number, check) = secret::patiently(session, || {
            let typed = session.secrets.ask(&format!("share, 60 hexadecimal digits{place}"))?;
            let share = restoring.add(&typed)?;
            Ok((share.number(), share.check_value()))
        })?;
        let set = *restoring.set().context("a share was taken")?;
        let wanted = if self.shape.rehearsal { State::Test } else { State::Formal };
        if set.suite != self.request.suite || set.state != wanted {
            let words = |state: State, suite: keys::Suite| format!("{} {}", state.name(), suite.name());
            return Err(ShareError::Kind {
                found: words(set.state, set.suite),
                wanted: words(wanted, self.request.suite),
            }
            .into());
        }
        self.session.say(format!("share {number} of set {}: check value {check}", set.name()));
        let last = self.shape.from == From::Shares(set.threshold);
        if !last {
            return Err(refused(format!("the shares say that {} of them are needed", set.threshold))
                .hint(format!("use --restore {}", set.threshold))
                .into());
        }
        if restoring.missing() == Some(0) {
            let secret = restoring.finish()?;
            self.begin_founding(Founding::new(self.request.suite, Origin::Shares, Some(secret)));
        }
        Ok(check.to_string())
    }

    pub(super) fn draw(&mut self) -> Result<()> {
        let mut bytes = Zeroizing::new([0; 16]);
        self.session.chance("secret of the province").fill(&mut *bytes);
        let secret = Secret::from_entropy(bytes).context("the random source gave zeros only")?;
        self.begin_founding(Founding::new(self.request.suite, Origin::Entropy, Some(secret)));
        Ok(())
    }

    fn founding(&self) -> Result<&Founding> {
        self.founding.as_ref().context("the ceremony has no secret yet")
    }

    pub(super) fn whole(&mut self) -> Result<Vec<(String, String)>> {
        let value = self.founding()?.check_value().map_or_else(String::new, |value| value.to_string());
        self.session.say(format!("check value of the whole: {value}"));
        Ok(vec![("check value of the whole".to_owned(), value)])
    }

    pub(super) fn transport(&mut self, number: u8) -> Result<String> {
        let session = self.session;
        let script::Transport::Components(total) = self.shape.transport else { return Ok(String::new()) };
        let ceremony = match &mut self.transport {
            Some(ceremony) => ceremony,
            none => none.insert(Ceremony::new(self.request.suite, total)?),
        };
        let found = type_component(session, ceremony, "transport component", number, total)?;
        if number == total {
            let joined = ceremony.join()?;
            self.set_transport(&joined.secret, joined.components)?;
        }
        Ok(found)
    }

    fn set_transport(&mut self, root: &Secret, components: Vec<ComponentRecord>) -> Result<()> {
        if self.shape.from != From::TestRoot && !self.shape.rehearsal {
            transport::must_not_be_published(&root.clone().into_key(self.request.suite))?;
        }
        self.session
            .say(format!("check value of the transport root: {}", root.check_value(self.request.suite)));
        let founding = self.founding.take().context("the ceremony has no secret yet")?;
        self.founding = Some(founding.with_transport(root, components));
        Ok(())
    }

    pub(super) fn transport_file(&mut self) -> Result<String> {
        let path = self.request.transport_file.as_deref().context("no file of a transport root")?;
        let root = transport::read(self.session, path, self.request.suite)?;
        self.set_transport(&root, Vec::new())?;
        Ok(root.check_value(self.request.suite).to_string())
    }

    pub(super) fn share_out(&mut self, number: u8) -> Result<String> {
        let Some((threshold, total)) = self.shape.shares else { return Ok(String::new()) };
        if self.made.is_empty() {
            let founding = self.founding()?;
            let secret = founding.secret().context("the ceremony has no secret")?;
            let mut source = self.session.chance("shares of the secret");
            let mut random = |bytes: &mut [u8]| source.fill(bytes);
            // The shares say whether they are a rehearsal's.
            let made =
                shares::split(secret, founding.suite(), founding.state(), threshold, total, &mut random)?;
            self.made = made;
        }
        let share = self.made.get(usize::from(number) - 1).context("no such share")?.clone();
        self.hand_out(&share)?;
        if number == total {
            self.proof = Some(Proof::new(self.made.clone()));
        }
        Ok(share.check_value().to_string())
    }

    /// To the custodian alone: a file for the owner's eyes, or the screen, wiped afterwards.
    fn hand_out(&mut self, share: &Share) -> Result<()> {
        let session = self.session;
        let words = kept::words(share);
        if let Some(folder) = &self.request.share_dir {
            let path = kept::keep(folder, share)?;
            self.session.say(format!("{words}: {}", path.display()));
            self.files.push(path);
            return Ok(());
        }
        session.secrets.ask_openly(&format!(
            "only the custodian of share {} sees the screen? Enter shows it",
            share.number()
        ))?;
        session.secrets.show(&format!("{}\n{words}", share.written().as_str()))?;
        session.secrets.ask_openly("written down? Enter wipes the screen")?;
        session.secrets.wipe()?;
        Ok(())
    }

    pub(super) fn share_proof(&mut self, number: u8) -> Result<String> {
        let session = self.session;
        let total = self.made.len();
        let proof = self.proof.as_mut().context("no share was made")?;
        let check = secret::patiently(session, || {
            let typed = session.secrets.ask(&format!("share {number} of {total} from its paper"))?;
            Ok(proof.add(number, &typed)?)
        })?;
        self.session.say(format!("share {number}: check value {check} confirmed"));
        if usize::from(number) == total {
            let secret = self.founding()?.secret().context("the ceremony has no secret")?;
            let proof = self.proof.as_ref().context("no share was made")?;
            let times = proof.finish(secret)?;
            self.session
                .say(format!("the secret was restored from the papers {times} times, each having its part"));
            let made = std::mem::take(&mut self.made);
            self.founding.as_mut().context("the ceremony has no secret")?.note_shares(&made);
            self.proof = None;
        }
        Ok(check.to_string())
    }

    /// The two officers' PINs, which differ.
    pub(super) fn card_pins(&self) -> Result<[Pin; 2]> {
        let session = self.session;
        let whose = "the main control card to be made";
        secret::patiently(session, || {
            let first = secret::new_pin(session, &self.request.pin, &format!("{whose}, first officer"))?;
            let second =
                secret::new_pin(session, &self.request.second_pin, &format!("{whose}, second officer"))?;
            secret::must_differ(&first, &second)?;
            Ok([first, second])
        })
    }

    pub(super) fn passphrase(&mut self, number: u8) -> Result<Vec<(String, String)>> {
        let session = self.session;
        let role = format!("key store custodian {number}");
        let person = self.people.iter().find(|person| person.role == role);
        let name = person.context("the custodian has no name")?.name.clone();
        let theirs = |typed: &Passphrase| self.custodians.iter().any(|other| other.passphrase.same_as(typed));
        let passphrase = secret::new_passphrase(session, &name, &theirs)?;
        self.custodians.push(Custodian { name: name.clone(), passphrase });
        Ok(vec![("custodian".to_owned(), name)])
    }
}

/// One person may not hold two roles that are two so that no one person has both.
fn must_be_another_person(people: &[Person], role: &str, name: &str) -> Result<()> {
    let same = |person: &&Person| script::same_person(&person.name, name);
    match people.iter().filter(same).find(|person| script::must_be_two(&person.role, role)) {
        None => Ok(()),
        Some(person) => {
            Err(refused(format!("{name} is the {} already and cannot be the {role}", person.role))
                .hint("name somebody else: docs/specs/ceremony.md says which roles need two people")
                .into())
        }
    }
}

/// A custodian types a component and its check value.
fn type_component(
    session: &Session,
    ceremony: &mut Ceremony,
    what: &str,
    number: u8,
    total: u8,
) -> Result<String> {
    let found = secret::patiently(session, || {
        let typed = session.secrets.ask(&format!("{what} {number} of {total}, 32 hexadecimal digits"))?;
        let check = session.secrets.ask_openly(&format!("check value of {what} {number}"))?;
        let taken = ceremony.add_component(number, &typed, &check);
        if what == "component" { Ok(taken?) } else { taken.context("the transport root") }
    })?;
    session.say(format!("{what} {number}: check value {found} confirmed"));
    Ok(found.to_string())
}
