//! The line itself: opened, opened again when it breaks, and what comes and goes on it.

use super::desk;
use super::leg::{Came, Leg};
use super::receipt;
use super::session::{Frames, PORT};
use crate::counter::Call;
use crate::figures::Figures;
use crate::phones::Phones;
use crate::reply::Reply;
use crate::whither::Whither;
use smpp::{Account, Backoff, Esme, Letter, LinkError, status};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::sms::tpdu::IE_RESPONSE_PACKET;

/// Where a message centre is, and who the server is to it. The password is shown nowhere.
#[derive(Debug, Clone)]
pub struct MessagesLine {
    /// `HOST:PORT`.
    pub centre: String,
    /// The account there.
    pub account: Account,
}

/// How long the centre may take to accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How often the books are asked what is to be sent.
const LOOK: Duration = Duration::from_secs(1);
/// After a look the books are left alone for so many times as long as it took.
const REST: u32 = 20;

/// Why a line ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Link(#[from] LinkError),
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    #[error("the message centre closed the line")]
    Closed,
    #[error("the message centre does not accept the connection in time")]
    Late,
}

/// What came of something that came.
enum Done {
    /// The line it came on, its number there, and the status for the centre.
    Took(u64, u32, u32),
    /// A message is to be sent.
    Say(Letter),
}

/// Whom the line joins.
pub struct Sides {
    /// The counter.
    pub calls: SyncSender<Call>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Sessions with phones.
    pub phones: Phones,
    /// Where answers go.
    pub whither: Whither,
}

/// Speaks with a message centre for as long as the server lives.
pub async fn speak(sides: Sides, line: MessagesLine) {
    let Sides { calls, figures, phones, whither } = sides;
    let frames = Frames::new(phones, whither);
    let principal = loop {
        match desk::principal(&calls).await {
            Ok(principal) => break principal,
            Err(error) => {
                tracing::warn!("the message line waits for the books: {error}");
                tokio::time::sleep(LOOK).await;
            }
        }
    };
    let mut leg = Leg::new(line.account.number().clone());
    let (begun, mut pause) = (Instant::now(), Backoff::default());
    let (tell, mut told) = unbounded_channel();
    let mut lines = 0;
    loop {
        lines += 1;
        let talk = Talk {
            calls: &calls,
            figures: &figures,
            frames: &frames,
            principal: &principal,
            begun,
            line: lines,
            tell: &tell,
        };
        let ended = match connect(&line.centre).await {
            Ok(stream) => {
                talk.go_on(
                    stream,
                    Esme::open(&line.account, begun.elapsed()),
                    &mut leg,
                    &mut told,
                    &mut pause,
                )
                .await
            }
            Err(ended) => ended,
        };
        leg.broke();
        let wait = pause.pause();
        match ended {
            Ended::Link(LinkError::Refused { .. }) => {
                tracing::error!(centre = line.centre, "{ended}; again in {} s", wait.as_secs());
            }
            _ => tracing::warn!(centre = line.centre, "{ended}; again in {} s", wait.as_secs()),
        }
        tokio::time::sleep(wait).await;
    }
}

async fn connect(centre: &str) -> Result<TcpStream, Ended> {
    let stream =
        tokio::time::timeout(CONNECT_TIME, TcpStream::connect(centre)).await.map_err(|_| Ended::Late)??;
    // Messages are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One line, from its bind to its end.
struct Talk<'a> {
    calls: &'a SyncSender<Call>,
    figures: &'a Figures,
    frames: &'a Frames,
    principal: &'a str,
    begun: Instant,
    /// Which line it is: what was done for one before is answered on none.
    line: u64,
    tell: &'a UnboundedSender<Done>,
}

impl Talk<'_> {
    async fn go_on(
        &self,
        mut stream: TcpStream,
        mut esme: Esme,
        leg: &mut Leg,
        told: &mut UnboundedReceiver<Done>,
        pause: &mut Backoff,
    ) -> Ended {
        let (mut buffer, mut looks, mut rests) = ([0; 4096], tokio::time::interval(LOOK), Duration::ZERO);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if let Err(ended) = self.step(&mut esme, leg, pause).await {
                // What it still has to say, a refusal of garbage say, is said.
                let _ = stream.write_all(&esme.take()).await;
                return ended;
            }
            if let Err(error) = stream.write_all(&esme.take()).await {
                return error.into();
            }
            let now = self.begun.elapsed();
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return Ended::Closed,
                    Ok(length) => {
                        let heard = buffer.get(..length).unwrap_or_default();
                        if let Err(error) = esme.hear(heard, self.begun.elapsed()) {
                            // What it heard before counts.
                            let _ = self.step(&mut esme, leg, pause).await;
                            let _ = stream.write_all(&esme.take()).await;
                            return error.into();
                        }
                    }
                    Err(error) => return error.into(),
                },
                Some(done) = told.recv() => match done {
                    Done::Took(line, sequence, status) if line == self.line => {
                        if let Err(error) = esme.took(sequence, status) {
                            return error.into();
                        }
                    }
                    // Of a line before: the centre tells it again on this one.
                    Done::Took(..) => {}
                    Done::Say(letter) => leg.send(letter, self.begun.elapsed()),
                },
                _ = looks.tick(), if self.begun.elapsed() >= rests => {
                    let begun = self.begun.elapsed();
                    self.look(leg, esme.is_bound()).await;
                    // Books with very many outstanding orders are not asked all the time.
                    let took = self.begun.elapsed().saturating_sub(begun);
                    rests = self.begun.elapsed() + took * REST;
                }
                () = tokio::time::sleep(esme.next_tick().saturating_sub(now).min(LOOK)) => {}
            }
        }
    }

    /// Does what follows from what was heard, and says what waits.
    async fn step(&self, esme: &mut Esme, leg: &mut Leg, pause: &mut Backoff) -> Result<(), Ended> {
        let now = self.begun.elapsed();
        esme.tick(now)?;
        let mut has_answers = false;
        while let Some(event) = esme.next() {
            pause.worked();
            if let Some(came) = leg.happens(esme, event, now)? {
                self.hear(came);
            }
            has_answers = leg.has_news();
        }
        leg.submit(esme, now)?;
        // What was answered is kept at once when there is nothing else to do; else with the next look.
        if has_answers && leg.is_idle() {
            self.look(leg, true).await;
        }
        Ok(())
    }

    /// Brings to the counter what was answered, and takes over what is to be sent.
    async fn look(&self, leg: &mut Leg, is_bound: bool) {
        if !is_bound && !leg.has_news() {
            return;
        }
        let news = leg.news();
        let now = self.begun.elapsed();
        match desk::visit(self.calls, news.clone()).await {
            Ok(heard) => {
                leg.kept(&news, &heard.unknown, now);
                leg.take_due(&heard.due, now);
            }
            // Books that are away now are there later; what is answered stays in hand.
            Err(error) => {
                tracing::debug!("the message line asks again: {error}");
                leg.not_kept(news);
            }
        }
    }

    /// Something came whole: a receipt is settled, a frame goes to its session.
    fn hear(&self, came: Came) {
        let (tell, line) = (self.tell.clone(), self.line);
        let Came { letter, whole, sequence } = came;
        if let Some(ports) = whole.ports.filter(|ports| ports.to == PORT) {
            // A frame that is lost is sent again by its phone: the centre need not keep it.
            let _ = tell.send(Done::Took(line, sequence, status::OK));
            let frames = self.frames.clone();
            tokio::spawn(async move {
                for letter in frames.hear(&letter, ports, &whole.data).await {
                    let _ = tell.send(Done::Say(letter));
                }
            });
            return;
        }
        let asked = match whole.packet {
            Some(IE_RESPONSE_PACKET) => receipt::request(self.principal, &letter, &whole.data),
            _ => None,
        };
        let Some((job, answer)) = asked else {
            tracing::debug!(from = letter.from.text(), "a message that is nothing here");
            let _ = tell.send(Done::Took(line, sequence, status::OK));
            return;
        };
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.calls.try_send(Call::Ask(Box::new(job), self.calls.clone()));
        if sent.is_err() {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            let _ = tell.send(Done::Took(line, sequence, status::QUEUE_FULL));
            return;
        }
        tokio::spawn(async move {
            let status = match answer.await {
                Ok(reply) => {
                    note(&letter.from.text(), &reply);
                    // What may be done later is told again by the centre; all else is as it stays.
                    if reply.status == 503 || reply.status == 429 { status::QUEUE_FULL } else { status::OK }
                }
                Err(_) => status::QUEUE_FULL,
            };
            // The line may have ended meanwhile: the centre tells it again, and it is answered the same.
            let _ = tell.send(Done::Took(line, sequence, status));
        });
    }
}

fn note(from: &str, reply: &Reply) {
    match reply.status {
        200..=299 => tracing::info!(from, "a receipt came by message"),
        status => {
            tracing::warn!(from, status, "a receipt that came by message was not taken: {}", reply.body)
        }
    }
}
