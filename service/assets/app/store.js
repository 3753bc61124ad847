// What the phone keeps: in IndexedDB of this browser, keys as they are and unreadable, everything else as it was said.
"use strict";

import { later } from "./link.js";

const NAME = "gridcard-phone";
/** Purchases that are remembered. */
const PURCHASES = 40;

function promised(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

let opened;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("purchases", { keyPath: "id" });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function store(name, mode) {
  return (await database()).transaction(name, mode, { durability: "strict" }).objectStore(name);
}

/** Does something in one transaction, and comes back when it is kept. */
async function change(name, work) {
  const objects = await store(name, "readwrite");
  const kept = new Promise((done, failed) => {
    objects.transaction.oncomplete = () => done();
    objects.transaction.onabort = () => failed(objects.transaction.error);
  });
  const out = await work(objects);
  await kept;
  return out;
}

export const get = async (key) => promised((await store("kept", "readonly")).get(key));
export const put = (key, value) => change("kept", (objects) => promised(objects.put(value, key)));

/** The time of the next first message: kept before it is sent, so that two tabs never send the same. */
export const nextStamp = (now) =>
  change("kept", async (objects) => {
    const next = later(now, await promised(objects.get("stamp")));
    await promised(objects.put(next, "stamp"));
    return next;
  });

/** A purchase by the phone's name for it, 16 hexadecimal digits. */
export const purchase = async (id) => promised((await store("purchases", "readonly")).get(id));

/** All purchases that are remembered, newest first. */
export async function purchases() {
  const all = await promised((await store("purchases", "readonly")).getAll());
  return all.sort((a, b) => b.at - a.at);
}

/** Keeps a purchase; the oldest ones that are over make room. */
export const keepPurchase = (one) =>
  change("purchases", async (objects) => {
    await promised(objects.put(one));
    const all = (await promised(objects.getAll())).sort((a, b) => b.at - a.at);
    for (const old of all.slice(PURCHASES).filter((old) => old.phase !== "confirming")) await promised(objects.delete(old.id));
  });

/** Forgets everything but the language. */
export async function forget() {
  const language = await get("language");
  await change("kept", (objects) => promised(objects.clear()));
  await change("purchases", (objects) => promised(objects.clear()));
  if (language) await put("language", language);
}
