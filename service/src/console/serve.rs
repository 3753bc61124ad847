//! From the browser to the counter and back. A password is compared on a thread of its own; all else is done at the counter.

use super::caller::{Caller, let_in};
use super::form::{Form, FormError, cookie, encoded, must_be_ours, within};
use super::gate::{self, Outside};
use super::pages::PAGES;
use super::upload;
use super::visit::{Again, Answer, Page, Told, looking};
use super::words::Language;
use crate::counter::{Call, Counter};
use crate::denied::Denied;
use crate::peer::Peer;
use crate::remembered::Remembered;
use crate::visiting;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::{MethodFilter, get, on};
use keys::Zeroizing;
use parties::bank::logins::{self, LoginError, Try};
use parties::bank::payment::AskBank;
use parties::people::operators::{Operator, Operators};
use parties::people::{by_password, operators};
use parties::{Result, Trouble};
use server::BankCall;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// The longest form.
const FORM_MAX: usize = 64 * 1024;
/// The longest form that carries a file.
const FILE_MAX: usize = 4 * 1024 * 1024;
/// How long one may take to come.
const FORM_TIME: Duration = Duration::from_secs(10);
/// Passwords that are compared at once: each takes 64 MiB for as long as it lasts.
const AT_ONCE: usize = 2;
/// What pages may load and do: style, scripts and pictures of our own, forms to us, no frame around them.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; img-src 'self' data:; \
     frame-ancestors 'none'; base-uri 'none'";
/// How often a counter that has too much to do is gone back to with what the bank has answered, and how long it is waited between.
const BACK_TRIES: u32 = 100;
/// The time between two of them.
const BACK_TIME: Duration = Duration::from_millis(100);
/// How long a browser keeps a language.
const YEAR_S: u32 = 31_536_000;

/// What handlers of the console share.
#[derive(Clone)]
struct Door {
    calls: SyncSender<Call>,
    comparing: Arc<Semaphore>,
    /// What the page of the login shows.
    outside: Arc<Remembered<Outside>>,
}

impl Door {
    async fn outside(&self) -> Result<Outside> {
        let look = |counter: &mut Counter| {
            // Books that cannot be reached keep nobody from the page that says so.
            let training = counter.desk.books().is_training().unwrap_or_default();
            Ok(Outside { now: counter.session.now()?.to_string(), training })
        };
        self.outside.get(at_counter(self, look)).await
    }
}

/// What a request says of itself.
struct From {
    lang: Language,
    secure: bool,
    address: String,
    token: Option<Zeroizing<[u8; 32]>>,
    had_cookie: bool,
    here: String,
    query: Form,
}

impl From {
    fn read(parts: &Parts) -> Self {
        let headers = &parts.headers;
        let peer = parts.extensions.get::<Peer>();
        let secure = peer.is_some_and(|peer| peer.secured);
        let address = peer.map_or_else(|| "unknown".to_owned(), |peer| peer.address.to_string());
        let kept = cookie(headers, gate::cookie_name(secure));
        let here = parts.uri.path_and_query().map_or("/console", |path| path.as_str()).to_owned();
        From {
            lang: language(headers),
            secure,
            address,
            token: gate::token(kept),
            had_cookie: kept.is_some_and(|kept| !kept.is_empty()),
            here,
            query: Form::read(parts.uri.query().unwrap_or_default()),
        }
    }
}

fn language(headers: &HeaderMap) -> Language {
    cookie(headers, "gridcard-language").and_then(Language::from_name).unwrap_or_else(|| {
        let accepted = headers.get("accept-language").and_then(|value| value.to_str().ok());
        Language::accepted(accepted.unwrap_or_default())
    })
}

/// Adds the console to a router.
pub fn add_to(mut router: Router, calls: SyncSender<Call>) -> Router {
    let door = Door { calls, comparing: comparing(), outside: Arc::default() };
    for page in PAGES {
        let door = door.clone();
        let filter = if page.posts { MethodFilter::POST } else { MethodFilter::GET };
        let handler = move |places: RawPathParams, request: Request| async move {
            let named = places.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            visit(&door, page, named, request).await
        };
        router = router.route(page.path, on(filter, handler));
    }
    let (looks, tries, leaves) = (door.clone(), door.clone(), door);
    router
        .route("/", get(|| async { sent(Answer::See("/console".into()), &[]) }))
        .route(
            "/console/login",
            get(move |request: Request| async move { look_at_login(&looks, request).await })
                .post(move |request: Request| async move { log_in(&tries, request).await }),
        )
        .route(
            "/console/logout",
            axum::routing::post(move |request: Request| async move { log_out(&leaves, request).await }),
        )
        .route("/console/language/{language}", get(change_language))
        .route(
            "/console/style.css",
            get(|| async { asset("text/css; charset=utf-8", include_str!("../../assets/style.css")) }),
        )
        .route(
            "/console/print.js",
            get(|| async { asset("text/javascript; charset=utf-8", include_str!("../../assets/print.js")) }),
        )
}

/// One for all connections.
fn comparing() -> Arc<Semaphore> {
    static ONE: std::sync::OnceLock<Arc<Semaphore>> = std::sync::OnceLock::new();
    ONE.get_or_init(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
}

/// Does something at the counter and waits for it.
async fn at_counter<T: Send + 'static>(
    door: &Door,
    work: impl FnOnce(&mut Counter) -> Result<T> + Send + 'static,
) -> Result<T> {
    visiting::at_counter(&door.calls, work).await
}

/// Compares a password, away from the counter.
async fn compare(
    door: &Door,
    known: Operators,
    name: String,
    password: Zeroizing<String>,
) -> Result<Option<Operator>> {
    let _place = door.comparing.acquire().await;
    let found =
        tokio::task::spawn_blocking(move || by_password(&known, &name, password).map(|found| found.cloned()));
    found.await.map_err(|_| {
        Trouble::from(parties::Failure::new(scheme::Kind::Absent, "the thread that compares passwords ended"))
    })?
}

async fn form_of(headers: &HeaderMap, body: Body) -> Result<Form> {
    Ok(Form::read(&String::from_utf8_lossy(&sent_by(headers, body, FORM_MAX).await?)))
}

/// A form with the file that it carries.
async fn form_with_file(headers: &HeaderMap, body: Body) -> Result<(Form, Vec<u8>)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = upload::boundary(kind).ok_or_else(|| Trouble::new(FormError::File))?;
    let bytes = sent_by(headers, body, FILE_MAX).await?;
    upload::read(boundary, &bytes).ok_or_else(|| Trouble::new(FormError::File))
}

/// What a page of ours sends, `most` bytes of it.
async fn sent_by(headers: &HeaderMap, body: Body, most: usize) -> Result<axum::body::Bytes> {
    must_be_ours(headers).map_err(Trouble::new)?;
    match timeout(FORM_TIME, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Trouble::new(Denied::TooLarge(most))),
        Err(_) => Err(Trouble::new(Denied::Slow)),
    }
}

async fn visit(
    door: &Door,
    page: &'static Page,
    named: BTreeMap<String, String>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let from = From::read(&parts);
    let (lang, secure) = (from.lang, from.secure);
    let back = if page.posts { "/console".to_owned() } else { from.here.clone() };
    let had_cookie = from.had_cookie;
    match visited(door, page, named, from, &parts.headers, body).await {
        Ok(answer) => sent(answer, &[]),
        Err(error) if error.find::<LoginError>() == Some(&LoginError::Nobody) => {
            let out = if had_cookie { "&out=1" } else { "" };
            let login = format!("/console/login?back={}{out}", encoded(&back));
            sent(Answer::See(login), &[gate::forget(secure)])
        }
        Err(error) => trouble(lang, &error),
    }
}

async fn visited(
    door: &Door,
    page: &'static Page,
    named: BTreeMap<String, String>,
    from: From,
    headers: &HeaderMap,
    body: Body,
) -> Result<Answer> {
    let From { lang, address, token, here, query, .. } = from;
    let token = token.ok_or_else(|| Trouble::new(LoginError::Nobody))?;
    if page.takes_file {
        // Whoever may not send a file is not listened to while he sends one.
        let shown = token.clone();
        at_counter(door, move |counter| let_in(counter, page, &shown).map(drop)).await?;
    }
    let (mut form, file) = match (page.posts, page.takes_file) {
        (true, true) => form_with_file(headers, body).await?,
        (true, false) => (form_of(headers, body).await?, Vec::new()),
        _ => Default::default(),
    };
    if page.posts && !gate::carries(&token, form.get("token")) {
        return Err(Trouble::new(FormError::Foreign));
    }
    let mut again = None;
    let password = Zeroizing::new(form.take("password"));
    if page.shows_again && !password.is_empty() {
        let (asked, at) = (token.clone(), address.clone());
        let (name, known) = at_counter(door, move |counter| {
            let known = operators(counter.desk.place())?;
            let session = looking(counter);
            let who = logins::whose(&session, &mut counter.desk, &known, &asked)?;
            let one = Try { name: who.name.clone(), address: at };
            logins::may_try(&counter.desk, &one, session.now()?)?;
            Ok((who.name, known))
        })
        .await?;
        again = Some(Again { address, found: compare(door, known, name, password).await? });
    }
    let caller = Caller { page, lang, token, named, query, form, here, file };
    let coming = caller.clone();
    match at_counter(door, move |counter| coming.visits(counter, again, false)).await {
        Err(error) => match error.find::<AskBank>() {
            Some(AskBank(call)) => {
                // It goes on though the browser goes: what the bank has taken is sold.
                let (door, call) = (door.clone(), call.clone());
                let going_on = tokio::spawn(async move { after_the_bank(&door, call, caller).await });
                going_on.await.map_err(|_| Trouble::new(Denied::Busy))?
            }
            None => Err(error),
        },
        done => done,
    }
}

/// Has the bank asked, waits for it away from the counter, and goes back there.
async fn after_the_bank(door: &Door, call: BankCall, caller: Caller) -> Result<Answer> {
    let (heard, hears) = oneshot::channel();
    let back = door.calls.clone();
    at_counter(door, move |counter| counter.have_asked(call, back, heard)).await?;
    // A line that broke has told nothing: the visit finds the payment as it stands.
    let _ = hears.await;
    let mut tries = 0;
    loop {
        let coming = caller.clone();
        match at_counter(door, move |counter| coming.visits(counter, None, true)).await {
            Err(error) if tries < BACK_TRIES && matches!(error.find::<Denied>(), Some(Denied::Busy)) => {
                tries += 1;
                tokio::time::sleep(BACK_TIME).await;
            }
            done => return done,
        }
    }
}

async fn look_at_login(door: &Door, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let from = From::read(&parts);
    let lang = from.lang;
    let shown = async {
        let outside = door.outside().await?;
        let was_out = from.query.get("out") == "1";
        gate::login_page(lang, from.query.get("back"), "", outside, was_out, None)
    };
    match shown.await {
        Ok(answer) => sent(answer, &[]),
        Err(error) => trouble(lang, &error),
    }
}

async fn log_in(door: &Door, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let from = From::read(&parts);
    let (lang, secure) = (from.lang, from.secure);
    let mut form = match form_of(&parts.headers, body).await {
        Ok(form) => form,
        Err(error) => return trouble(lang, &error),
    };
    let (name, back) = (form.get("name").to_owned(), form.get("back").to_owned());
    let (password, code) = (Zeroizing::new(form.take("password")), Zeroizing::new(form.take("code")));
    match logged_in(door, from, name.clone(), password, code).await {
        Ok(token) => sent(Answer::See(within(&back).to_owned()), &[gate::keep(secure, &token).to_string()]),
        Err(error) if error.find::<LoginError>().is_some() => {
            let outside = door.outside().await;
            let told = Some(Told::of(&error));
            match outside.and_then(|outside| gate::login_page(lang, &back, &name, outside, false, told)) {
                Ok(answer) => sent(answer, &[]),
                Err(error) => trouble(lang, &error),
            }
        }
        Err(error) => trouble(lang, &error),
    }
}

async fn logged_in(
    door: &Door,
    from: From,
    name: String,
    password: Zeroizing<String>,
    code: Zeroizing<String>,
) -> Result<Zeroizing<[u8; 32]>> {
    let one = Try { name: name.clone(), address: from.address };
    let asked = one.clone();
    let known = at_counter(door, move |counter| {
        logins::may_try(&counter.desk, &asked, counter.session.now()?)?;
        operators(counter.desk.place())
    })
    .await?;
    let found = compare(door, known, name, password).await?;
    let old = from.token;
    at_counter(door, move |counter| {
        let session = looking(counter);
        let desk = &mut counter.desk;
        // Others may have tried while the password was compared.
        logins::may_try(desk, &one, session.now()?)?;
        logins::show(&session, desk, &one, found.as_ref(), &code)?;
        let operator = found.ok_or_else(|| Trouble::new(LoginError::Wrong))?;
        // What the browser had before is good no more, whoever gave it.
        if let Some(old) = old {
            logins::end(desk, &old)?;
        }
        logins::begin(&session, desk, &one, &operator)
    })
    .await
}

async fn log_out(door: &Door, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let from = From::read(&parts);
    let (lang, secure) = (from.lang, from.secure);
    let left = async {
        let form = form_of(&parts.headers, body).await?;
        let Some(token) = from.token else { return Ok(()) };
        if !gate::carries(&token, form.get("token")) {
            return Err(Trouble::new(FormError::Foreign));
        }
        at_counter(door, move |counter| {
            let known = operators(counter.desk.place())?;
            let session = looking(counter);
            let who = logins::whose(&session, &mut counter.desk, &known, &token)?;
            logins::leave(&session, &mut counter.desk, &who, &token)
        })
        .await
    };
    match left.await {
        Err(error) if error.find::<LoginError>().is_none() => trouble(lang, &error),
        _ => sent(Answer::See("/console/login".into()), &[gate::forget(secure)]),
    }
}

async fn change_language(places: RawPathParams, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let from = From::read(&parts);
    let wanted = places.iter().find_map(|(_, value)| Language::from_name(value)).unwrap_or(from.lang);
    let more = if from.secure { "; Secure" } else { "" };
    let kept = format!("gridcard-language={}; Path=/; Max-Age={YEAR_S}; SameSite=Lax{more}", wanted.name());
    sent(Answer::See(within(from.query.get("back")).to_owned()), &[kept])
}

fn trouble(lang: Language, error: &Trouble) -> Response<Body> {
    match gate::trouble_page(lang, error) {
        Ok(answer) => sent(answer, &[]),
        Err(_) => sent(Answer::Page(500, String::new()), &[]),
    }
}

fn asset(media: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What a browser gets, with what it is to keep.
fn sent(answer: Answer, cookies: &[String]) -> Response<Body> {
    let mut response = match answer {
        Answer::Page(status, text) => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() =
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, html);
            response
        }
        Answer::See(path) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SEE_OTHER;
            let path = HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/console"));
            response.headers_mut().insert(header::LOCATION, path);
            response
        }
        Answer::File { media, name, text } => {
            let mut response = Response::new(Body::from(text));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            if let Ok(as_file) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
                headers.insert(header::CONTENT_DISPOSITION, as_file);
            }
            response
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::VARY, "Accept-Language, Cookie"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}
