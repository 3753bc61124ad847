//! Lines of meters: they log in, say that they are there, and carry what is said between a meter and whoever speaks with it.

use crate::bucket::Buckets;
use crate::counter::{Call, Counter};
use crate::figures::Figures;
use crate::lines::{Line, Lines};
use crate::room::{Place, Room};
use crate::tries::counted;
use parties::Session;
use scheme::numbers::MeterNumber;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use wire::dlt645::{Address, Control, Frame, Receiver, function};
use wire::netmeter::{Heard, Hearing, LinkAct, LinkFrame, terminal};

/// Lines at once. One over which no ESAM's receipt came gives way, of the address that has most of them ([`Room`]).
const LINES: usize = 8192;
/// Lines that have not logged in yet, likewise: whoever says nothing keeps nobody out.
const STRANGERS: usize = 256;
/// Words about strangers in the server's log, a minute of one address.
const WORDS: u32 = 20;
/// How long a meter may take to log in, and to say its number.
const LOGIN_TIME: Duration = Duration::from_secs(15);
/// How long a line may say nothing: three heartbeats of a minute.
const SILENCE: Duration = Duration::from_secs(180);
/// A pause within a frame ends it. Networks between make it longer than on a meter's own wires.
const PAUSE: Duration = Duration::from_secs(2);
/// So often somebody looks how long a line has been silent.
const LOOK: Duration = Duration::from_secs(30);
/// How long a meter has to answer whether it is there.
const PROBE: Duration = Duration::from_secs(5);
/// How long bytes may take to go.
const SEND_TIME: Duration = Duration::from_secs(10);
/// Bytes without a frame among them: that is no meter.
const NOISE: usize = 1024;
/// Numbers that are looked up at once; the counter's queue is everybody's.
const LOOKS: usize = 4;
/// How long one waits before the counter is asked again.
const REST: Duration = Duration::from_millis(50);

/// Meters on their lines, and the way to the counter. Clones are of the same.
#[derive(Clone)]
pub struct NetMeters {
    /// Their lines.
    pub lines: Lines,
    /// Chance.
    pub session: Session,
    /// The counter.
    pub calls: SyncSender<Call>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Acts at meters that go on at once: each keeps a thread.
    pub acts: Arc<Semaphore>,
    looks: Arc<Semaphore>,
    words: Arc<Mutex<Buckets<IpAddr>>>,
    begun: Instant,
}

/// Acts at meters at once.
const ACTS: usize = 32;

impl NetMeters {
    /// None yet.
    pub fn new(session: &Session, calls: SyncSender<Call>, figures: Arc<Figures>) -> Self {
        let (acts, looks) = (Arc::new(Semaphore::new(ACTS)), Arc::new(Semaphore::new(LOOKS)));
        let (words, begun) = (Arc::new(Mutex::new(Buckets::new(WORDS))), Instant::now());
        NetMeters {
            lines: Lines::default(),
            session: session.clone(),
            calls,
            figures,
            acts,
            looks,
            words,
            begun,
        }
    }

    /// Whether something about an address is worth a line in the server's log: whoever comes again and again does not fill it.
    fn says(&self, from: SocketAddr) -> bool {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.take(&counted(from.ip()), self.begun.elapsed())
    }

    /// Whether the books know a meter. While the counter has too much to do, it is asked again.
    async fn is_known(&self, meter: MeterNumber) -> bool {
        let Ok(_place) = self.looks.acquire().await else { return false };
        loop {
            let (tell, told) = oneshot::channel();
            let look = Box::new(move |counter: &mut Counter| {
                let found = counter.with_books(|counter| Ok(counter.desk.books().of_meter(meter)?.is_some()));
                let _ = tell.send(found.unwrap_or(false));
            });
            match self.calls.try_send(Call::Look(look)) {
                Ok(()) => return told.await.unwrap_or(false),
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }
}

/// Accepts meters, until the listener is dropped.
pub async fn listen(listener: TcpListener, meters: NetMeters) {
    let (room, strangers) = (Room::new(LINES), Room::new(STRANGERS));
    loop {
        // A line that went before it was accepted is nobody's; one that there is no descriptor for waits.
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let place = strangers.enter(from.ip(), Arc::new(|| false)).await;
        let (meters, room) = (meters.clone(), room.clone());
        tokio::spawn(async move {
            let ends = Ends::of(stream, from);
            // Boxed: what a login needs is not kept as long as the line.
            let entered = Box::pin(async {
                tokio::select! {
                    entered = timeout(LOGIN_TIME, login(&meters, &room, ends)) => entered.ok().flatten(),
                    () = place.is_wanted() => None,
                }
            })
            .await;
            drop(place);
            let Some((ends, here, requests)) = entered else {
                tracing::debug!(%from, "no meter logged in");
                return;
            };
            let Here { line, place, .. } = &here;
            tokio::select! {
                () = Box::pin(kept(ends, line, requests)) => {}
                () = place.is_wanted() => {}
            }
            if meters.says(from) {
                tracing::info!(meter = %line.meter, %from, "the line of a meter ended");
            }
        });
    }
}

/// The two ends of a line, and what was found on it.
struct Ends {
    from: SocketAddr,
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    hearing: Hearing,
}

impl Ends {
    fn of(stream: TcpStream, from: SocketAddr) -> Self {
        // A frame is short, and waits for its answer.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        Ends { from, read, write, hearing: Hearing::default() }
    }

    /// What comes next, at least one byte of it; `None`: the line is over, or carries noise alone. Nothing is lost when somebody stops waiting.
    async fn hear(&mut self) -> Option<Vec<Heard>> {
        let mut buffer = [0; 256];
        let length = match timeout(self.patience(), self.read.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return None,
            Ok(Ok(length)) => length,
            Err(_) => 0,
        };
        let found = match buffer.get(..length) {
            Some(bytes) if !bytes.is_empty() => self.hearing.push(bytes),
            _ => self.hearing.silence(),
        };
        (self.hearing.noise() <= NOISE).then_some(found)
    }

    /// How long it is waited for now.
    const fn patience(&self) -> Duration {
        if self.hearing.is_waiting() { PAUSE } else { LOOK }
    }

    async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        timeout(SEND_TIME, self.write.write_all(bytes)).await.ok()?.ok()
    }
}

/// A line that was let in. When it is dropped, also because the server ends, nobody waits for it any more.
struct Here {
    line: Arc<Line>,
    lines: Lines,
    place: Place,
}

impl Drop for Here {
    fn drop(&mut self) {
        self.lines.leave(&self.line);
        self.line.hears(None);
    }
}

/// A line that was let in: its ends, itself, and what is to be sent on it.
type Entered = (Ends, Here, mpsc::Receiver<Vec<u8>>);

/// Takes a login. The number in it is a claim: the meter is asked for its number on the line itself, and the books have to know it.
async fn login(meters: &NetMeters, room: &Room, mut ends: Ends) -> Option<Entered> {
    let said = loop {
        let logins = ends.hear().await?.into_iter().find_map(|heard| match heard {
            Heard::Link(frame) if frame.act == LinkAct::Login => Some(frame),
            _ => None,
        });
        if let Some(frame) = logins {
            break frame;
        }
    };
    let meter = number(&mut ends).await?;
    let is_the_same = said.terminal == terminal(meter) && said.number.is_none_or(|number| number == meter.0);
    let meter = MeterNumber::new(meter.0).ok().filter(|_| is_the_same)?;
    if !meters.is_known(meter).await {
        if meters.says(ends.from) {
            tracing::info!(%meter, from = %ends.from, "a meter that the books do not know");
        }
        return None;
    }
    let (requests, received) = mpsc::channel(2);
    let line = Arc::new(Line::new(meter, ends.from, requests));
    for other in meters.lines.of(meter) {
        if !is_there(&other).await {
            other.end();
            meters.lines.leave(&other);
        }
    }
    let worthy = line.clone();
    let place =
        room.enter(ends.from.ip(), Arc::new(move || worthy.is_proved() || worthy.is_spoken_with())).await;
    if !meters.lines.enter(line.clone()) {
        if meters.says(ends.from) {
            tracing::warn!(%meter, from = %ends.from, "turned away: its number is on another line, which answers");
        }
        return None;
    }
    let here = Here { line, lines: meters.lines.clone(), place };
    ends.send(&said.confirmed().to_bytes()).await?;
    if meters.says(ends.from) {
        tracing::info!(%meter, from = %ends.from, "a meter is on its line");
    }
    Some((ends, here, received))
}

/// The number that a meter says on its own port.
async fn number(ends: &mut Ends) -> Option<Address> {
    let ask = Frame::request(Address::WILDCARD, function::READ_ADDRESS, Vec::new());
    ends.send(&ask.to_bytes().ok()?).await?;
    loop {
        for heard in ends.hear().await? {
            let Heard::Meter(bytes) = heard else { continue };
            let frame = Receiver::new().push(&bytes).into_iter().find_map(Result::ok);
            if let Some(frame) =
                frame.filter(|frame| frame.control == Control::answer(function::READ_ADDRESS, false))
            {
                let mut address: [u8; 6] = frame.data.try_into().ok()?;
                address.reverse();
                return Some(Address(address));
            }
        }
    }
}

/// Whether somebody is still at the other end of a line. One that is spoken with is there.
async fn is_there(line: &Line) -> bool {
    let Ok(_turn) = line.turn.try_acquire() else { return true };
    let ask = Frame::request(Address(line.meter.0), function::READ_ADDRESS, Vec::new());
    let Ok(bytes) = ask.to_bytes() else { return false };
    let spoke = line.spoke.notified();
    let mut spoke = std::pin::pin!(spoke);
    spoke.as_mut().enable();
    // What was to be sent before may still be on its way.
    let answered = timeout(PROBE, async {
        line.requests.send(bytes).await.is_ok() && {
            spoke.await;
            true
        }
    });
    answered.await.unwrap_or(false)
}

/// Carries what is said, until the line ends.
async fn kept(mut ends: Ends, line: &Line, mut requests: mpsc::Receiver<Vec<u8>>) {
    let mut silent = Duration::ZERO;
    loop {
        let waited = ends.patience();
        let heard = tokio::select! {
            () = line.ends.notified() => return,
            request = requests.recv() => {
                let Some(request) = request else { return };
                if ends.send(&request).await.is_none() {
                    return;
                }
                continue;
            }
            heard = ends.hear() => heard,
        };
        let Some(heard) = heard else { return };
        silent = if heard.is_empty() { silent + waited } else { Duration::ZERO };
        if silent >= SILENCE {
            return;
        }
        for heard in heard {
            match heard {
                Heard::Meter(frame) => line.said(frame),
                Heard::Link(frame) => {
                    line.heard();
                    if frame.terminal != terminal(Address(line.meter.0)) || ends.answer(frame).await.is_none()
                    {
                        return;
                    }
                }
            }
        }
    }
}

impl Ends {
    /// Says that a frame of the link was heard; `None`: the line is over.
    async fn answer(&mut self, frame: LinkFrame) -> Option<()> {
        match frame.act {
            LinkAct::Beat | LinkAct::Login => self.send(&frame.confirmed().to_bytes()).await,
            LinkAct::Logout => {
                self.send(&frame.confirmed().to_bytes()).await?;
                None
            }
            // A meter confirms nothing.
            LinkAct::Confirm => None,
        }
    }
}
