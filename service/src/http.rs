//! From HTTP to the counter and back. No handler holds anything of the books: when one is dropped, nothing changes but who listens.

use crate::app;
use crate::asked::{Asked, is_id};
use crate::console;
use crate::counter::Call;
use crate::denied::Denied;
use crate::fields;
use crate::figures::Figures;
use crate::job::{Job, Wanted};
use crate::key::{SentKey, Shown};
use crate::netmeters::NetMeters;
use crate::openapi;
use crate::peer::Peer;
use crate::phones::{self, Phones};
use crate::remembered::Remembered;
use crate::reply::Reply;
use crate::routes::{Body, Method, ROUTES, Route, Work};
use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::{MethodFilter, get, on};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// The longest body of fields.
const BODY_MAX: usize = 64 * 1024;
/// The longest list: ten thousand chips of a delivery, a day of a bank.
const LIST_MAX: usize = 4 * 1024 * 1024;
/// How long a body may take to come, and a list.
const BODY_TIME: Duration = Duration::from_secs(10);
const LIST_TIME: Duration = Duration::from_secs(60);
/// Lists that may be in memory at once: whoever sends one is not known before the counter has looked at his key.
const LISTS: usize = 2;

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    /// The way to the counter.
    pub calls: SyncSender<Call>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Room for lists.
    pub lists: Arc<Semaphore>,
    /// Sessions with customers' phones.
    pub phones: Phones,
    /// Meters on lines of their own.
    pub netmeters: NetMeters,
}

impl Shared {
    /// What handlers share, over the way to the counter.
    pub fn new(calls: SyncSender<Call>, figures: Arc<Figures>, phones: Phones, netmeters: NetMeters) -> Self {
        Shared { calls, figures, lists: Arc::new(Semaphore::new(LISTS)), phones, netmeters }
    }
}

/// The router of all that can be asked.
pub fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let shared = shared.clone();
        let filter = match route.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
        };
        let handler = move |places: RawPathParams, request: Request| async move {
            let named = places.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let id = word(request.headers(), "idempotency-key").filter(|id| is_id(id)).map(str::to_owned);
            let begun = Instant::now();
            let number = shared.figures.numbered();
            let reply = ask(&shared, route, named, request, id.as_deref()).await;
            shared.figures.answered(route.name, reply.status);
            let (status, ms) = (reply.status, begun.elapsed().as_millis());
            tracing::info!(
                request = number,
                route = route.name,
                id = id.as_deref().unwrap_or("-"),
                status,
                ms,
                "answered"
            );
            response(reply)
        };
        router = router.route(route.path, on(filter, handler));
    }
    let (of_ready, of_metrics, phones, calls) = (shared.clone(), shared.clone(), shared.phones, shared.calls);
    let open = Arc::new(Open::default());
    let open_too = open.clone();
    phones::add_to(app::add_to(console::add_to(router, calls)), &phones)
        .route("/live", get(|| async { response(Reply::json(&json!({ "live": true }))) }))
        .route("/ready", get(move || async move { ready(&of_ready, &open).await }))
        .route(
            "/metrics",
            get(move || async move {
                let text = of_metrics.figures.text()
                    + &of_lines(&of_metrics)
                    + &of_books(&of_metrics, &open_too).await;
                response(Reply::text("text/plain; version=0.0.4", text))
            }),
        )
        .route("/openapi.json", get(|| async { response(Reply::json(&openapi::document())) }))
        .fallback(|| async { response(Reply::denied(&Denied::NoRoute, None)) })
        .method_not_allowed_fallback(|| async { response(Reply::denied(&Denied::NoMethod, None)) })
}

/// What needs no key.
#[derive(Default)]
struct Open {
    ready: Remembered<bool>,
    books: Remembered<String>,
}

/// Asks the counter what needs no key.
async fn at_counter<T>(shared: &Shared, call: fn(oneshot::Sender<T>) -> Call) -> Result<T, ()> {
    let (tell, told) = oneshot::channel();
    shared.calls.try_send(call(tell)).map_err(|_| ())?;
    told.await.map_err(|_| ())
}

/// How many sessions there are with customers' phones, and how many lines of meters.
fn of_lines(shared: &Shared) -> String {
    let gauge = |name: &str, about: &str, value: usize| {
        format!("# HELP {name} {about}\n# TYPE {name} gauge\n{name} {value}\n")
    };
    gauge("gridcard_phone_sessions", "Sessions with customers' phones.", shared.phones.sessions())
        + &gauge("gridcard_netmeter_lines", "Lines of meters that called.", shared.netmeters.lines.len())
}

/// Figures of the books; none where they cannot be had now.
async fn of_books(shared: &Shared, open: &Open) -> String {
    open.books.get(at_counter(shared, Call::Figures)).await.unwrap_or_default()
}

async fn ready(shared: &Shared, open: &Open) -> Response<HttpBody> {
    let is_ready = open.ready.get(at_counter(shared, Call::Ready)).await.unwrap_or(false);
    let mut reply = Reply::json(&json!({ "ready": is_ready }));
    if !is_ready {
        reply.status = 503;
    }
    response(reply)
}

async fn ask(
    shared: &Shared,
    route: &'static Route,
    named: BTreeMap<String, String>,
    request: Request,
    id: Option<&str>,
) -> Reply {
    // Until the answer is there, for so long the list is kept.
    let _room = match route.body {
        Body::List | Body::Csv => match shared.lists.try_acquire() {
            Ok(room) => Some(room),
            Err(_) => return Reply::denied(&Denied::Busy, id),
        },
        Body::None | Body::Fields(_) => None,
    };
    let job = match read(route, named, request, id).await {
        Ok(job) => job,
        Err(denied) => return Reply::denied(&denied, id),
    };
    if let Work::Line(act) = route.work {
        return shared.netmeters.act(act, job).await;
    }
    let (tell, told) = oneshot::channel();
    let mut job = Job { reply: tell, ..job };
    job.what.asked.lines = shared.netmeters.lines.clone();
    shared.figures.waiting.fetch_add(1, Ordering::Relaxed);
    match shared.calls.try_send(Call::Ask(Box::new(job), shared.calls.clone())) {
        Ok(()) => {}
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
            shared.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            return Reply::denied(&Denied::Busy, id);
        }
    }
    // The counter went away in the middle: whether it was done is found by the same request.
    told.await.unwrap_or_else(|_| Reply::denied(&Denied::Busy, id))
}

/// A header that is one word of text.
fn word<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Reads a request and checks its form.
async fn read(
    route: &'static Route,
    mut named: BTreeMap<String, String>,
    request: Request,
    id: Option<&str>,
) -> Result<Job, Denied> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let peer = *parts.extensions.get::<Peer>().ok_or(Denied::Key)?;
    let shown = match headers.get("authorization") {
        Some(sent) => sent.to_str().ok().and_then(SentKey::bearer).map(Shown::Key),
        None => peer.certificate.map(Shown::Certificate),
    };
    let shown = shown.ok_or(Denied::Key)?;
    let second = match headers.get("gridcard-second") {
        None => None,
        Some(sent) => Some(sent.to_str().ok().and_then(SentKey::read).ok_or(Denied::SecondKey)?),
    };
    if route.changes() && id.is_none() {
        return Err(Denied::NoId);
    }
    query(route, parts.uri.query().unwrap_or_default(), &mut named)?;
    let (most, time) = match route.body {
        Body::List | Body::Csv => (LIST_MAX, LIST_TIME),
        Body::None | Body::Fields(_) => (BODY_MAX, BODY_TIME),
    };
    let length = word(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(Denied::TooLarge(most));
    }
    let bytes = match timeout(time, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Denied::TooLarge(most)),
        Err(_) => return Err(Denied::Slow),
    };
    let (fields, text) = match route.body {
        Body::None => (Map::new(), Vec::new()),
        Body::Fields(fields) => (fields::read(fields, &bytes)?, Vec::new()),
        Body::List | Body::Csv => (Map::new(), bytes.to_vec()),
    };
    let asked = Asked { named, fields, text, ..Asked::default() };
    let body = asked.hash(route.name);
    // Nobody waits yet; whoever hands it over puts himself here.
    let (reply, _) = oneshot::channel();
    let what = Wanted { route, asked, id: id.map(str::to_owned), body, order: None };
    Ok(Job { what, shown, peer, second, reply })
}

/// Reads a query: names that the route knows, each once. A plus sign is one, as in a telephone number [RFC 3986 3.4].
fn query(route: &Route, text: &str, named: &mut BTreeMap<String, String>) -> Result<(), Denied> {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let unknown = || Denied::Malformed(format!("the query names {name:?}, which is not known here"));
        let (known, _) = route.query.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
        let value = plain(value).ok_or_else(|| {
            Denied::Malformed(format!("{name} in the query is not encoded as it has to be"))
        })?;
        if named.insert((*known).to_owned(), value).is_some() {
            return Err(Denied::Malformed(format!("the query names {name} twice")));
        }
    }
    Ok(())
}

/// Text without its percent signs; `None` where they are not followed by two hexadecimal digits, or hide no text.
fn plain(value: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::new(), value.bytes());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        let mut decoded = [0];
        hex::decode_to_slice(digits, &mut decoded).ok()?;
        out.push(decoded[0]);
    }
    String::from_utf8(out).ok()
}

/// The answer to a head that could be read in two ways; nothing more is read from its connection.
pub fn refused(denied: &Denied) -> Response<HttpBody> {
    let mut response = response(Reply::denied(denied, None));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(reply: Reply) -> Response<HttpBody> {
    let Reply { status, media, body, retry_after } = reply;
    let mut response = Response::new(HttpBody::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
