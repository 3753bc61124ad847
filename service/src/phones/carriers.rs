//! HTTP, WebSocket and TCP [docs/specs/client.md 1]. No key, no cookie: who it is, the frames say.

use super::entry::{Carrier, Phones};
use crate::peer::Peer;
use crate::room::{Room, Stay};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::{Extension, Router};
use client::FRAME_MAX;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a phone may say nothing on a line of its own.
const IDLE_TIME: Duration = Duration::from_secs(600);
/// How long a frame may take to come once it began, and an answer to go.
const FRAME_TIME: Duration = Duration::from_secs(30);
/// Connections of phones at once. One over which nobody who is known has spoken gives way, of the address that has most of them ([`Room`]).
const CONNECTIONS: usize = 1024;

/// How long one waits for a descriptor.
const REST: Duration = Duration::from_millis(50);

/// The paths of phones.
pub fn add_to(router: Router, phones: &Phones) -> Router {
    let (by_http, by_socket) = (phones.clone(), phones.clone());
    let room = Room::new(CONNECTIONS);
    router
        .route(
            "/v1/phone",
            post(move |request: Request| async move { answered(&by_http, request.into_body()).await }),
        )
        .route(
            "/phone",
            get(move |Extension(peer): Extension<Peer>, upgrade: WebSocketUpgrade| async move {
                let (by_socket, room) = (by_socket.clone(), room.clone());
                let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
                upgrade.on_upgrade(move |socket| async move {
                    let known = Stay::default();
                    // Where there is no room, and nobody who gives way, the line ends.
                    if let Ok(place) = timeout(FRAME_TIME, room.enter(peer.address, known.word())).await {
                        place.keeps(converse(by_socket, socket, known)).await;
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
async fn converse(phones: Phones, mut socket: WebSocket, known: Stay) {
    while let Ok(Some(Ok(message))) = timeout(IDLE_TIME, socket.recv()).await {
        let Message::Binary(frame) = message else { continue };
        let Some(said) = phones.hear(&Carrier::WebSocket, &frame).await else { continue };
        known.may_set(said.to.is_some());
        let sent = timeout(FRAME_TIME, socket.send(Message::Binary(said.bytes.into()))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// Accepts phones on a listener of their own, until it is dropped.
pub async fn listen(listener: TcpListener, phones: Phones) {
    let room = Room::new(CONNECTIONS);
    loop {
        // A connection that went before it was accepted is nobody's; one that there is no descriptor for waits.
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let known = Stay::default();
        let place = room.enter(from.ip(), known.word()).await;
        let phones = phones.clone();
        tokio::spawn(place.keeps(async move { drop(line(&phones, stream, &known).await) }));
    }
}

/// A line: `length2 || frame`, both ways.
async fn line(phones: &Phones, mut stream: TcpStream, known: &Stay) -> std::io::Result<()> {
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
        known.may_set(said.to.is_some());
        // No answer is longer than a frame can be.
        let Ok(length) = u16::try_from(said.bytes.len()) else { continue };
        let bytes = [&length.to_be_bytes()[..], &said.bytes].concat();
        timeout(FRAME_TIME, stream.write_all(&bytes)).await??;
    }
}
