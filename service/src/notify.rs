//! Words to the service manager that started the server [sd_notify(3)]: a datagram to the socket that `NOTIFY_SOCKET` names. Where
//! there is none, nobody is told.

#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What the manager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It serves.
    Ready,
    /// It ends.
    Stopping,
}

/// Tells it. That it cannot be told hinders nobody.
pub fn tell(word: Word) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let text: &[u8] = match word {
        Word::Ready => b"READY=1\n",
        Word::Stopping => b"STOPPING=1\n",
    };
    let socket = std::path::PathBuf::from(socket);
    let name = socket.to_string_lossy();
    let address = match name.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&socket),
    };
    let told = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(text, &address));
    if let Err(error) = told {
        tracing::warn!("the service manager cannot be told: {error}");
    }
}
