// The line to the server: frames over HTTP, repeats, sessions [docs/specs/client.md 1, 4, 5].
"use strict";

import * as link from "./link.js";
import { Unfit, keypair, secret } from "./noise.js";
import * as store from "./store.js";
import * as talk from "./talk.js";

/** No network, or no server that answers. */
export class Offline extends Error {}
/** The server says nothing: it does not know who asks. */
export class Silence extends Error {}

const PATIENCE_MS = 30_000;
/** Waits before a frame is sent again. */
const WAITS_MS = [400, 1200, 3000];
/** Handshakes that are tried for one request: another tab may have taken the session's place. */
const SESSIONS = 3;

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Brings a frame; null: silence. */
async function bring(frame) {
  let answer;
  try {
    answer = await fetch("/v1/phone", {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: frame,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.status === 204) return null;
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw new Offline("no answer", { cause: error });
  }
}

/**
 * Sends a frame, the same again while nothing is heard, and gives what `take` makes of the answer. What `take` finds unfit is
 * somebody else's and counts as nothing. A silence to what was surely not sent before is an answer; `forgiven`: so many are not yet.
 */
async function say(frame, take, forgiven) {
  let last;
  for (const pause of [0, ...WAITS_MS]) {
    if (pause > 0) await wait(pause);
    try {
      const heard = await bring(frame);
      if (heard !== null) return await take(heard);
      if (forgiven === 0) throw new Silence("the server is silent");
      forgiven -= 1;
      last = new Silence("the server is silent");
    } catch (error) {
      if (error instanceof Unfit || error instanceof talk.TalkError) last = new Offline("somebody else answered", { cause: error });
      else if (error instanceof Offline) last = error;
      else throw error;
      if (!navigator.onLine) throw last;
      // It may have come to the server: the next silence says that it is under way.
      forgiven = WAITS_MS.length;
    }
  }
  throw last;
}

/** Asks something in a session. */
async function asked(session, op, said) {
  const count = (session.count = (session.count ?? 0) + 1);
  const frame = await session.seal(talk.request(count, op, said), Date.now());
  return say(frame, async (heard) => {
    const plain = await session.open(heard, Date.now());
    if (talk.numberOf(plain) !== count) throw new Unfit("it answers another request");
    return talk.answer(op, plain);
  }, 0);
}

/** This tab's session; keys are in memory alone. */
let current = null;

async function handshake(phone) {
  const time = await store.nextStamp(link.stamp(Date.now()));
  const keys = { own: phone.own, server: phone.server, psk: phone.psk, ephemeral: await keypair() };
  const id = crypto.getRandomValues(new Uint8Array(4));
  const opening = await link.session(id, keys, time, await link.marks(phone));
  return say(opening.frame, (second) => opening.answered(second, Date.now()), 1);
}

/** Asks as the phone that is known here, in the session there is or a new one. */
async function ask(op, said) {
  const phone = await store.get("phone");
  if (!phone) throw new Silence("no phone is enrolled here");
  for (let tries = 0; tries < SESSIONS; tries += 1) {
    if (!current || current.isOver(Date.now())) current = await handshake(phone);
    try {
      return await asked(current, op, said);
    } catch (error) {
      // The session is over: another tab began one, or the server began anew.
      current = null;
      if (!(error instanceof Silence)) throw error;
    }
  }
  throw new Silence("the server is silent");
}

/** Does work that asks, one tab at a time: whatever else this phone asks waits. */
export const together = (work) => navigator.locks.request("gridcard-phone", () => work(ask));

/** One question. Gives `{ status, said, why }`. */
export const once = (op, said) => together((ask) => ask(op, said));

/** Enrols by a slip: `server` 32 bytes, `slip` 4, `code` as `link.code` reads it; and keeps what the server gives. */
export async function enrol({ server, slip, code, msisdn, user, password }) {
  return navigator.locks.request("gridcard-phone", async () => {
    const own = await keypair();
    const keys = { own, server, psk: await link.codeSecret(code, server), ephemeral: await keypair() };
    const time = await store.nextStamp(link.stamp(Date.now()));
    const opening = await link.enrolment(slip, keys, time, await link.marks({ msisdn, user }));
    const session = await say(opening.frame, (second) => opening.answered(second, Date.now()), 1);
    const answer = await asked(session, talk.OP.enrol, { msisdn, user, password });
    if (answer.status === "done") {
      const { customer, name, psk } = answer.said;
      await store.put("phone", { server, own, psk: await secret(psk), name, customer, msisdn, user });
      psk.fill(0);
      current = null;
    }
    return answer;
  });
}

/** The session ends: the phone is forgotten. */
export function hangUp() {
  current = null;
}
