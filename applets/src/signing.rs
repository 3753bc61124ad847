//! A card's signing key and its certificates: GENERATE KEY PAIR, READ CERTIFICATE, STORE CERTIFICATE
//! [docs/specs/signatures.md 5].
//!
//! All of it is answered by finished cards alone: before, an operator in free mode could have put a root of his own into the
//! files, or read a key out of them.

use crate::info::current_info;
use alloc::vec::Vec;
use cos::files::Node;
use cos::table::{Case, Class, CommandRow, Params, row};
use cos::{Context, Halt, fmcos};
use keys::hierarchy::Use;
use keys::mac;
use keys::sign::{Curve, EXTRA_LEN, PUBLIC_LEN, SigningKey};
use scheme::certificate::{Certificate, KeyUse};
use scheme::numbers::PROVINCE;
use scheme::profile::{self, CardInfo, CardKind, EF_CERTIFICATES, EF_SIGNING_KEY, Fid, State};
use scheme::signing::{GENERATE, KeyFile, STORE_ROOT, mark, own_use, slot};
use wire::{CommandRef, Sw};

const SPEC: &str = "docs/specs/signatures.md 5";
const CERTIFICATE: u8 = Certificate::LEN as u8;

/// GENERATE KEY PAIR `80 74 00 00 08 challenge8`.
pub const GENERATE_KEY_PAIR: CommandRow = row(
    "GENERATE KEY PAIR",
    Class::Only(GENERATE[0]),
    GENERATE[1],
    Params::Exactly(0x00, 0x00),
    Case::Four(8, 8),
    SPEC,
    generate,
)
.right(profile::MASTER);

/// READ CERTIFICATE `80 76 00 00` (the public key) and `80 76 01 use`.
pub const READ_CERTIFICATE: CommandRow =
    row("READ CERTIFICATE", Class::Only(0x80), 0x76, Params::P1UpTo(0x01), Case::Two, SPEC, read);

/// STORE CERTIFICATE `84 78 00 00 AC certificate168 MAC4`: the root.
pub const STORE_ROOT_CERTIFICATE: CommandRow = row(
    "STORE CERTIFICATE",
    Class::Only(STORE_ROOT[0]),
    STORE_ROOT[1],
    Params::Exactly(0x00, 0x00),
    Case::Three(STORE_ROOT[4], STORE_ROOT[4]),
    SPEC,
    store_root,
);

/// STORE CERTIFICATE `80 78 00 use A8 certificate168`.
pub const STORE_CERTIFICATE: CommandRow = row(
    "STORE CERTIFICATE",
    Class::Only(0x80),
    STORE_ROOT[1],
    Params::P1(0x00),
    Case::Three(CERTIFICATE, CERTIFICATE),
    SPEC,
    store,
);

/// The two files of a card that has a signing key. They stand in the MF, whatever directory is current.
pub struct Signing {
    key: Node,
    certificates: Node,
}

impl Signing {
    /// 6985 on a card that is not finished, of the older make or retired; 6A82 on one that has no such files.
    pub fn of(context: &Context<'_>) -> Result<Self, Halt> {
        if current_info(context)?.state == State::Retired {
            return Err(Sw::CONDITIONS.into());
        }
        Self::files(context)
    }

    fn files(context: &Context<'_>) -> Result<Self, Halt> {
        let mf = context.mf()?;
        let file = |fid: Fid| {
            let found = mf.child(&context.memory, |node| node.fid() == fid && !node.is_dir());
            found.ok_or(Halt::from(Sw::FILE_NOT_FOUND))
        };
        Ok(Signing { key: file(EF_SIGNING_KEY)?, certificates: file(EF_CERTIFICATES)? })
    }

    fn marks(&self, context: &Context<'_>) -> u8 {
        if self.key.is_written() { context.memory.byte(self.key.body()) } else { 0 }
    }

    fn set_marks(&mut self, context: &mut Context<'_>, marks: u8) -> Result<(), Halt> {
        self.key.mark_written(&mut context.memory)?;
        context.memory.write(self.key.body(), &[marks])
    }

    /// The certificate of a use; 6A88 when there is none.
    pub fn certificate(&self, context: &Context<'_>, key_use: KeyUse) -> Result<Certificate, Halt> {
        let bytes = self.bytes(context, key_use)?;
        Certificate::parse(&bytes).map_err(|_| Sw::FILE_INVALID.into())
    }

    fn bytes(&self, context: &Context<'_>, key_use: KeyUse) -> Result<Vec<u8>, Halt> {
        if self.marks(context) & mark(key_use) == 0 {
            return Err(Sw::KEY_NOT_FOUND.into());
        }
        let mut bytes = Vec::with_capacity(Certificate::LEN);
        context.memory.append_to(self.certificates.body() + slot(key_use), Certificate::LEN, &mut bytes);
        Ok(bytes)
    }

    fn put(&mut self, context: &mut Context<'_>, key_use: KeyUse, bytes: &[u8]) -> Result<(), Halt> {
        self.certificates.mark_written(&mut context.memory)?;
        context.memory.write(self.certificates.body() + slot(key_use), bytes)?;
        let marks = self.marks(context);
        self.set_marks(context, marks | mark(key_use))
    }

    /// The public key; 6A88 when there is none.
    pub fn public(&self, context: &Context<'_>) -> Result<[u8; PUBLIC_LEN], Halt> {
        if self.marks(context) & KeyFile::PAIR == 0 {
            return Err(Sw::KEY_NOT_FOUND.into());
        }
        Ok(context.memory.array(self.key.body() + KeyFile::PUBLIC))
    }

    /// The signing key, once it is certified, with its certificate; 6A88 when there is none.
    pub fn signer(&self, context: &Context<'_>) -> Result<(SigningKey, Certificate), Halt> {
        let own = own_use(context.chip.kind).ok_or(Sw::KEY_NOT_FOUND)?;
        let certificate = self.certificate(context, own)?;
        let bytes = keys::Zeroizing::new(context.memory.array::<32>(self.key.body() + KeyFile::KEY));
        let key = SigningKey::from_bytes(Curve::of(context.chip.suite), &bytes);
        Ok((key.map_err(|_| Sw::FILE_INVALID)?, certificate))
    }

    /// Counts one certificate more that this card gives, and tells which it is.
    pub fn count(&mut self, context: &mut Context<'_>) -> Result<u32, Halt> {
        let at = self.key.body() + KeyFile::MADE;
        let made = u32::from_be_bytes(context.memory.array(at)).checked_add(1).ok_or(Sw::COUNTER_END)?;
        context.memory.write(at, &made.to_be_bytes())?;
        Ok(made)
    }
}

/// Random bytes for one signature.
pub fn extra(context: &mut Context<'_>) -> [u8; EXTRA_LEN] {
    let mut bytes = [0; EXTRA_LEN];
    context.entropy.fill(&mut bytes);
    bytes
}

/// Forgets key and certificates: the key's bytes are overwritten. A card without the files has nothing to forget.
pub fn forget(context: &mut Context<'_>) -> Result<(), Halt> {
    let Ok(signing) = Signing::files(context) else { return Ok(()) };
    if signing.key.is_written() {
        context.memory.write(signing.key.body(), &[0; KeyFile::PUBLIC])?;
    }
    Ok(())
}

/// A card that must sign takes neither another key nor another root: it could answer nothing from then on.
fn must_not_be_bound(context: &Context<'_>) -> Result<(), Halt> {
    if context.chip.kind != CardKind::Esam {
        return Ok(());
    }
    let [mode]: [u8; 1] = context.read_ef(profile::EF_PARAMETERS, profile::MODE)?;
    if mode == 0 { Ok(()) } else { Err(Sw::CONDITIONS.into()) }
}

/// GENERATE KEY PAIR: draws a key, and answers the public one with a MAC by which the card one level up knows that it is this card's. The
/// certificate of the key before is void. 6985 on an ESAM whose mode is not symmetric.
fn generate(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let mut signing = Signing::of(context)?;
    must_not_be_bound(context)?;
    let own = own_use(context.chip.kind).ok_or(Sw::CONDITIONS)?;
    let challenge = command.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    let proof_key = fmcos::own_use_key(context, Use::Mac)?;
    let key = SigningKey::generate(Curve::of(context.chip.suite), &mut |bytes| context.entropy.fill(bytes));
    let public = key.public().map_err(|_| Sw::UNKNOWN)?;
    let at = signing.key.body();
    if !signing.key.is_written() {
        context.memory.write(at + KeyFile::MADE, &[0; 4])?;
    }
    let marks = signing.marks(context) & !mark(own) | KeyFile::PAIR;
    signing.set_marks(context, marks)?;
    context.memory.write(at + KeyFile::KEY, key.expose())?;
    context.memory.write(at + KeyFile::PUBLIC, public.bytes())?;
    context.answer.extend_from_slice(public.bytes());
    context.answer.extend_from_slice(&mac::bound(&proof_key, challenge, &GENERATE, public.bytes()));
    Ok(Sw::OK)
}

/// READ CERTIFICATE: free. 6A88 when there is none of that use, 6A86 for a use that is none.
fn read(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let signing = Signing::of(context)?;
    let bytes = match (command.p1, command.p2) {
        (0x00, 0x00) => signing.public(context)?.to_vec(),
        (0x01, code) => signing.bytes(context, use_of(context, code)?)?,
        _ => return Err(Sw::WRONG_P1P2.into()),
    };
    context.answer.extend_from_slice(&bytes);
    Ok(Sw::OK)
}

/// The use of a code that this card may hold a certificate of.
fn use_of(context: &Context<'_>, code: u8) -> Result<KeyUse, Halt> {
    let key_use = KeyUse::from_code(code).ok_or(Sw::WRONG_P1P2)?;
    let own = own_use(context.chip.kind);
    let known = match key_use {
        KeyUse::Root | KeyUse::CityIssuer => true,
        KeyUse::Server => own != Some(KeyUse::CityIssuer),
        KeyUse::Esam | KeyUse::Psam => own == Some(key_use),
    };
    if known { Ok(key_use) } else { Err(Sw::WRONG_P1P2.into()) }
}

/// What came as a certificate; 6A80 when it is none of this use and of the chip's suite.
fn parsed(context: &Context<'_>, bytes: &[u8], key_use: KeyUse) -> Result<Certificate, Halt> {
    let certificate = Certificate::parse(bytes).map_err(|_| Sw::WRONG_DATA)?;
    let fits = certificate.suite == context.chip.suite && certificate.subject.key_use == key_use;
    if fits { Ok(certificate) } else { Err(Sw::WRONG_DATA.into()) }
}

/// STORE CERTIFICATE of the root: what the card believes from then on. The MAC is the right, made by the card one level up. Another
/// root than the one before takes all certificates with it.
fn store_root(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    Signing::of(context)?;
    let body = fmcos::bound_checked(context, command, fmcos::Under::Own)?;
    let mut signing = Signing::of(context)?;
    let root = parsed(context, body, KeyUse::Root)?;
    root.verify(&root).map_err(|_| Sw::SM_WRONG)?;
    let same = signing.certificate(context, KeyUse::Root).is_ok_and(|before| before.key == root.key);
    if !same {
        must_not_be_bound(context)?;
        let marks = signing.marks(context) & KeyFile::PAIR;
        if !signing.key.is_written() {
            let at = signing.key.body();
            context.memory.write(at, &[0; KeyFile::LEN])?;
        }
        signing.set_marks(context, marks)?;
    }
    signing.put(context, KeyUse::Root, body)?;
    Ok(Sw::OK)
}

/// STORE CERTIFICATE, of all uses but the root: checked by the card, from the root it has on. 6A88 without what it is checked by, 6A80
/// when it is of another card, city or suite, 6988 when the signature is wrong. A server's needs no right: the root's signature is
/// it, and an older one is refused (9E41).
fn store(context: &mut Context<'_>, command: &CommandRef<'_>) -> Result<Sw, Halt> {
    let key_use = use_of(context, command.p2)?;
    keep(context, key_use, command.data)
}

/// A server's certificate, whoever brought it: as STORE CERTIFICATE takes it.
pub fn store_server(context: &mut Context<'_>, bytes: &[u8]) -> Result<Sw, Halt> {
    keep(context, KeyUse::Server, bytes)
}

fn keep(context: &mut Context<'_>, key_use: KeyUse, bytes: &[u8]) -> Result<Sw, Halt> {
    let mut signing = Signing::of(context)?;
    let certificate = parsed(context, bytes, key_use)?;
    let info = current_info(context)?;
    let own = own_use(context.chip.kind) == Some(key_use);
    match key_use {
        KeyUse::Root => return Err(Sw::WRONG_P1P2.into()),
        KeyUse::Server => must_be_newer(context, &signing, &certificate, &info)?,
        KeyUse::CityIssuer | KeyUse::Esam | KeyUse::Psam => {
            context.require(cos::rights::Right(profile::MASTER))?;
            if certificate.subject.region.0 != info.region
                || (own && !is_of(context, &signing, &certificate, &info))
            {
                return Err(Sw::WRONG_DATA.into());
            }
        }
    }
    let issuer = signing.certificate(context, key_use.issuer())?;
    certificate.verify(&issuer).map_err(|_| Sw::SM_WRONG)?;
    if key_use == KeyUse::CityIssuer && !own {
        issued_by(context, &mut signing, &certificate)?;
    }
    signing.put(context, key_use, bytes)?;
    if key_use == KeyUse::Server && context.chip.kind == CardKind::Esam {
        let epoch = u32::from(certificate.subject.epoch).to_be_bytes();
        context.write_ef(profile::EF_PARAMETERS, profile::EPOCH, &epoch)?;
    }
    Ok(Sw::OK)
}

/// Another issuer than that of this card's certificate makes it void.
fn issued_by(context: &mut Context<'_>, signing: &mut Signing, issuer: &Certificate) -> Result<(), Halt> {
    let Some(own) = own_use(context.chip.kind) else { return Ok(()) };
    if signing.certificate(context, own).is_ok_and(|certificate| certificate.issuer != issuer.number) {
        must_not_be_bound(context)?;
        let marks = signing.marks(context) & !mark(own);
        signing.set_marks(context, marks)?;
    }
    Ok(())
}

/// Whether a certificate names this card and the key it has.
fn is_of(context: &Context<'_>, signing: &Signing, certificate: &Certificate, info: &CardInfo) -> bool {
    let subject = &certificate.subject;
    let key = signing.public(context).is_ok_and(|public| public == *certificate.key.bytes());
    key && subject.device == info.number && subject.serial.0 == context.chip.serial
}

/// A server's certificate must be of the province or of this city, and no older than the one before: by its epoch, and within an
/// epoch by its number.
fn must_be_newer(
    context: &Context<'_>,
    signing: &Signing,
    certificate: &Certificate,
    info: &CardInfo,
) -> Result<(), Halt> {
    let subject = &certificate.subject;
    if subject.region != PROVINCE && subject.region.0 != info.region {
        return Err(Sw::WRONG_DATA.into());
    }
    let age = |certificate: &Certificate| (certificate.subject.epoch, certificate.number);
    let before = signing.certificate(context, KeyUse::Server).ok();
    let is_older = before.is_some_and(|before| age(certificate) < age(&before));
    // Kept beside the certificate, for it outlives another root.
    let kept = match context.chip.kind {
        CardKind::Esam => u32::from_be_bytes(context.read_ef(profile::EF_PARAMETERS, profile::EPOCH)?),
        _ => 0,
    };
    if is_older || u32::from(subject.epoch) < kept {
        return Err(Sw::VERSION_NOT_HIGHER.into());
    }
    Ok(())
}
