//! Room for so many connections at once, shared fairly: whoever takes much of it keeps nobody out.
//!
//! While there is room everybody gets a place. When there is none, of those who have not shown what they are worth the one goes that came first
//! from the address with most of them. A limit for each address would let in nobody behind an operator's one address.

use crate::tries::counted;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Whether somebody keeps his place, whoever wants it.
pub type Stays = Arc<dyn Fn() -> bool + Send + Sync>;

struct Guest {
    address: IpAddr,
    stays: Stays,
    goes: Arc<Notify>,
    is_going: bool,
}

struct Inside {
    /// In the order in which they came.
    guests: BTreeMap<u64, Guest>,
    next: u64,
}

/// The room. Clones are of the same.
#[derive(Clone)]
pub struct Room(Arc<(usize, Mutex<Inside>, Notify)>);

/// A place in it, until it is dropped.
pub struct Place {
    room: Room,
    serial: u64,
    goes: Arc<Notify>,
}

/// A word that somebody stays by, once it is said.
#[derive(Clone, Default)]
pub struct Stay(Arc<AtomicBool>);

impl Stay {
    /// He stays from now on, or does not.
    pub fn set(&self, stays: bool) {
        self.0.store(stays, Ordering::Relaxed);
    }

    /// He stays from now on, if this is so.
    pub fn may_set(&self, stays: bool) {
        self.0.fetch_or(stays, Ordering::Relaxed);
    }

    /// For the room.
    pub fn word(&self) -> Stays {
        let word = self.0.clone();
        Arc::new(move || word.load(Ordering::Relaxed))
    }
}

impl Room {
    /// For so many.
    pub fn new(most: usize) -> Self {
        Room(Arc::new((most, Mutex::new(Inside { guests: BTreeMap::new(), next: 0 }), Notify::new())))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for somebody; where there is none, once another went. Who is there and stays is waited for.
    pub async fn enter(&self, address: IpAddr, stays: Stays) -> Place {
        let address = counted(address);
        loop {
            let freed = self.0.2.notified();
            if let Some((serial, goes)) = self.inside().let_in(self.0.0, address, &stays) {
                return Place { room: self.clone(), serial, goes };
            }
            freed.await;
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.inside().guests.len()
    }
}

impl Inside {
    fn let_in(&mut self, most: usize, address: IpAddr, stays: &Stays) -> Option<(u64, Arc<Notify>)> {
        if self.guests.len() >= most {
            // One that goes is waited for before another has to.
            if !self.guests.values().any(|guest| guest.is_going)
                && let Some(guest) = self.gives_way().and_then(|serial| self.guests.get_mut(&serial))
            {
                guest.is_going = true;
                guest.goes.notify_one();
            }
            return None;
        }
        let (serial, goes) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        let guest = Guest { address, stays: stays.clone(), goes: goes.clone(), is_going: false };
        self.guests.insert(serial, guest);
        Some((serial, goes))
    }

    fn gives_way(&self) -> Option<u64> {
        let leaves: Vec<_> = self.guests.iter().filter(|(_, guest)| !(guest.stays)()).collect();
        let mut many: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for (_, guest) in &leaves {
            *many.entry(guest.address).or_default() += 1;
        }
        let most = many.values().max()?;
        leaves
            .into_iter()
            .find(|(_, guest)| many.get(&guest.address) == Some(most))
            .map(|(serial, _)| *serial)
    }
}

impl Place {
    /// Comes back when somebody else is to have it.
    pub async fn is_wanted(&self) {
        self.goes.notified().await;
    }

    /// Works until that is done, or the place is wanted.
    pub async fn keeps(self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.is_wanted() => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.inside().guests.remove(&self.serial);
        self.room.0.2.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Room, Stay};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_millis(50);

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
    }

    /// Keeps a place until it is wanted, and says so.
    fn kept(place: Place) -> tokio::task::JoinHandle<()> {
        tokio::spawn(place.keeps(std::future::pending()))
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_of_whoever_has_most_goes_and_who_stays_does_not() {
        let room = Room::new(4);
        let worthy = Stay::default();
        worthy.set(true);
        let first = kept(room.enter(address(1), worthy.word()).await);
        let crowd: Vec<_> = [
            kept(room.enter(address(1), Stay::default().word()).await),
            kept(room.enter(address(2), Stay::default().word()).await),
            kept(room.enter(address(1), Stay::default().word()).await),
        ]
        .into();
        let other = kept(room.enter(address(3), Stay::default().word()).await);
        tokio::task::yield_now().await;
        let gone: Vec<bool> = crowd.iter().map(tokio::task::JoinHandle::is_finished).collect();
        assert_eq!(gone, [true, false, false], "the crowd's first one");
        assert!(!first.is_finished() && !other.is_finished() && room.len() == 4);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn where_all_stay_a_newcomer_waits_for_one_who_leaves() {
        let (room, worthy) = (Room::new(1), Stay::default());
        worthy.set(true);
        let place = room.enter(address(1), worthy.word()).await;
        let late = room.enter(address(2), Stay::default().word());
        assert!(timeout(SOON, late).await.is_err());
        drop(place);
        let late = room.enter(address(2), Stay::default().word());
        assert!(timeout(SOON, late).await.is_ok());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_comes_in_crowds_keeps_nobody_out() {
        let room = Room::new(8);
        let honest = kept(room.enter(address(1), Stay::default().word()).await);
        for _ in 0..100 {
            kept(room.enter(address(9), Stay::default().word()).await);
        }
        assert!(!honest.is_finished() && room.len() == 8);
    }
}
