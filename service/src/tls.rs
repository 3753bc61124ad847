//! TLS: the server's certificate from files, read anew when asked; a client's certificate by its hash alone.

use crate::denied::Denied;
use parties::{Result, Trouble};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::TlsAcceptor;

/// Files of the server's certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Its certificate, and those between it and a root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// TLS as it is offered now.
pub struct Tls {
    files: TlsFiles,
    now: Mutex<TlsAcceptor>,
}

impl Tls {
    /// With what stands in the files.
    ///
    /// # Errors
    /// They cannot be read, or do not belong together.
    pub fn read(files: &TlsFiles) -> Result<Self> {
        let now = Mutex::new(acceptor(files)?);
        Ok(Tls { files: files.clone(), now })
    }

    /// With what stands in the files by now; connections that are there stay as they are.
    ///
    /// # Errors
    /// As [`Tls::read`]; then it stays as it was.
    pub fn reload(&self) -> Result<()> {
        let new = acceptor(&self.files)?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn wrong(file: &Path, words: impl ToString) -> Trouble {
    Trouble::new(Denied::Tls { file: file.to_owned(), words: words.to_string() })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| wrong(file, error))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(file)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| wrong(file, error))?;
    if found.is_empty() { Err(wrong(file, "there is no certificate in it")) } else { Ok(found) }
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let chain = certificates(&files.certificate)?;
    let text = keys::Zeroizing::new(read(&files.key)?);
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| wrong(&files.key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = Arc::new(AnyCertificate(provider.signature_verification_algorithms));
    let config = versions(provider)
        .map_err(|error| wrong(&files.certificate, error))?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key);
    let mut config = config.map_err(|error| wrong(&files.key, error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each connection proves anew who it is.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Versioned = rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>;

fn versions(provider: Arc<CryptoProvider>) -> std::result::Result<Versioned, rustls::Error> {
    ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// SHA-256 of the certificate of a PEM file, as the books keep it of a principal.
///
/// # Errors
/// The file cannot be read, or has not exactly one certificate.
pub fn fingerprint(file: &Path) -> Result<[u8; 32]> {
    match certificates(file)?.as_slice() {
        [one] => Ok(hash(one)),
        more => Err(wrong(file, format!("there are {} certificates in it, and one is wanted", more.len()))),
    }
}

/// SHA-256 of a certificate.
pub fn hash(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// Asks for a certificate and takes any, when its holder proves that he has its private key: the books say whose it is. No issuer is
/// believed, so none can make a certificate that is taken for another's; its dates are the principal's, in the books.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

type Checked<T> = std::result::Result<T, rustls::Error>;
type Signed = rustls::client::danger::HandshakeSignatureValid;

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Checked<ClientCertVerified> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Checked<Signed> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Checked<Signed> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
