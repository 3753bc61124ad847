//! HTTP, WebSocket and TCP [docs/specs/client.md 1]. No key, no cookie: who it is, the frames say.

use super::entry::{Carrier, Phones};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use client::FRAME_MAX;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a phone may say nothing on a line of its own.
const IDLE_TIME: Duration = Duration::from_secs(600);
/// How long a frame may take to come once it began, and an answer to go.
const FRAME_TIME: Duration = Duration::from_secs(30);
/// Connections of phones at once; more wait to be accepted.
const CONNECTIONS: usize = 1024;

/// The paths of phones.
pub fn add_to(router: Router, phones: &Phones) -> Router {
    let (by_http, by_socket) = (phones.clone(), phones.clone());
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    router
        .route(
            "/v1/phone",
            post(move |request: Request| async move { answered(&by_http, request.into_body()).await }),
        )
        .route(
            "/phone",
            get(move |upgrade: WebSocketUpgrade| async move {
                let (by_socket, room) = (by_socket.clone(), room.clone());
                let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
                upgrade.on_upgrade(move |socket| async move {
                    // Where there is no room the line ends at once.
                    if let Ok(place) = room.try_acquire_owned() {
                        converse(by_socket, socket).await;
                        drop(place);
                    }
                })
            }),
        )
}

async fn answered(phones: &Phones, body: Body) -> Response<Body> {
    let frame = match timeout(BODY_TIME, to_bytes(body, FRAME_MAX)).await {
        Ok(Ok(frame)) => frame,
        // Too long or too slow is as silent as all else.
        _ => return response(None),
    };
    response(phones.hear(&Carrier::Http, &frame).await.map(|said| said.bytes))
}

fn response(bytes: Option<Vec<u8>>) -> Response<Body> {
    let is_silent = bytes.is_none();
    let mut response = Response::new(Body::from(bytes.unwrap_or_default()));
    *response.status_mut() = if is_silent { StatusCode::NO_CONTENT } else { StatusCode::OK };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_silent {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    response
}

/// A WebSocket: a binary message a frame.
async fn converse(phones: Phones, mut socket: WebSocket) {
    while let Ok(Some(Ok(message))) = timeout(IDLE_TIME, socket.recv()).await {
        let Message::Binary(frame) = message else { continue };
        let Some(said) = phones.hear(&Carrier::WebSocket, &frame).await else { continue };
        let sent = timeout(FRAME_TIME, socket.send(Message::Binary(said.bytes.into()))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// Accepts phones on a listener of their own, until it is dropped.
pub async fn listen(listener: TcpListener, phones: Phones) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        // A connection that went before it was accepted is nobody's.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let phones = phones.clone();
        tokio::spawn(async move {
            let _ = line(&phones, stream).await;
            drop(place);
        });
    }
}

/// A line: `length2 || frame`, both ways.
async fn line(phones: &Phones, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let mut length = [0; 2];
        timeout(IDLE_TIME, stream.read_exact(&mut length)).await??;
        let length = usize::from(u16::from_be_bytes(length));
        // What is no frame has no end that could be found: the line is cut.
        if length > FRAME_MAX {
            return Ok(());
        }
        let mut frame = vec![0; length];
        timeout(FRAME_TIME, stream.read_exact(&mut frame)).await??;
        let Some(said) = phones.hear(&Carrier::Tcp, &frame).await else { continue };
        // No answer is longer than a frame can be.
        let Ok(length) = u16::try_from(said.bytes.len()) else { continue };
        let bytes = [&length.to_be_bytes()[..], &said.bytes].concat();
        timeout(FRAME_TIME, stream.write_all(&bytes)).await??;
    }
}
