// Keeps the app's files, so that it opens without a network. VERSION stands before this text: another one, other files.
"use strict";

/* global VERSION, FILES */
const CACHE = `gridcard-app-${VERSION}`;

addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" }))))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("gridcard-app-") && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const place = new URL(event.request.url);
  if (event.request.method !== "GET" || place.origin !== location.origin || !FILES.includes(place.pathname)) return;
  event.respondWith(caches.open(CACHE).then(async (cache) => (await cache.match(place.pathname)) ?? fetch(event.request)));
});
