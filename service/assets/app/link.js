// What a phone says first, and the sealed frames after it [docs/specs/client.md 1 to 4].
"use strict";

import { big, fromHex, join, number, same, utf8 } from "./bytes.js";
import { ENROL, SESSION, Unfit, begin, hkdf, open, opening, seal, sealing, secret, sha256 } from "./noise.js";

const NONE = new Uint8Array(0);
const HEAD = 5;
const FROM_PHONE = 0x31;
const FROM_SERVER = 0x32;
/** How far below the greatest counter one is still taken. */
const WINDOW = 64;
/** Frames that each side may seal, and seconds a session is good for. */
const FRAMES = 1000;
const LIFE_S = 24 * 3600;
/** Where TAI64N begins to count, as if there were no leap seconds. */
const EPOCH = 0x400000000000000an;

/** Reads a code as it is typed: capitals or not, with blanks and dashes; null where it is none. */
export function code(typed) {
  const text = typed.replace(/[\s-]/g, "").toUpperCase();
  return /^[A-Z2-7]{16}$/.test(text) ? text : null;
}

/** What a code becomes for a server of this static key: a secret. */
export async function codeSecret(text, server) {
  return secret(await hkdf(await sha256(server), utf8(text), utf8("gridcard enrol 1"), 32));
}

/** The number of a slip, 8 hexadecimal digits; null where it is none. */
export const slipNumber = (typed) => (/^[0-9a-f]{8}$/i.test(typed.trim()) ? fromHex(typed.trim()) : null);

/** The server's static key, 64 hexadecimal digits with blanks where somebody likes them; null where it is none. */
export function serverKey(typed) {
  const digits = typed.replace(/\s/g, "");
  return /^[0-9a-f]{64}$/i.test(digits) ? fromHex(digits) : null;
}

/** What the picture on a slip says: `gridcard:phone?key=KEY&slip=NUMBER`; null where it says something else. */
export function slipText(text) {
  const found = /^gridcard:phone\?(.*)$/.exec(text.trim());
  if (!found) return null;
  const said = new URLSearchParams(found[1]);
  const [key, slip] = [serverKey(said.get("key") ?? ""), slipNumber(said.get("slip") ?? "")];
  return key && slip ? { key, slip } : null;
}

/** 12 bytes of a time: milliseconds since 1970, and nanoseconds beyond them. */
export function stamp(milliseconds, nanos = 0) {
  const whole = Math.floor(milliseconds / 1000);
  const rest = Math.floor(milliseconds - whole * 1000) * 1_000_000 + nanos;
  return join(number(EPOCH + BigInt(whole), 8), number(rest, 4));
}

/** What is sent: the clock, or the next nanosecond after what was sent last, whichever is later. */
export function later(now, last) {
  if (!last || big(now) > big(last)) return now;
  const [seconds, nanos] = [big(last.slice(0, 8)), big(last.slice(8))];
  return nanos + 1n < 1_000_000_000n ? join(last.slice(0, 8), number(nanos + 1n, 4)) : join(number(seconds + 1n, 8), new Uint8Array(4));
}

/** Four bytes of the hash of an identifier; zeros where nothing is said. */
async function mark(label, value) {
  return value ? (await sha256(utf8(label), Uint8Array.of(0), utf8(value))).slice(0, 4) : new Uint8Array(4);
}

/** What a phone says of itself in a first message: 16 bytes. A page knows no IMSI and no IMEI. */
export async function marks(said) {
  const all = [["msisdn", said.msisdn], ["imsi", said.imsi], ["imei", said.imei], ["user", said.user]];
  return join(...(await Promise.all(all.map(([label, value]) => mark(label, value)))));
}

/** A session: its keys and counters, in memory alone. */
export class Link {
  static async of(id, keys, now) {
    const link = new Link();
    link.id = id;
    link.sends = await sealing(keys.phone);
    link.hears = await opening(keys.server);
    keys.phone.fill(0);
    keys.server.fill(0);
    link.sent = 0;
    link.greatest = -1;
    link.taken = new Set();
    link.ends = now + LIFE_S * 1000;
    return link;
  }

  /** Whether another handshake is due. `now`: milliseconds. */
  isOver(now) {
    return now >= this.ends || this.sent >= FRAMES;
  }

  /** Seals a plain text under the next counter, which is used for nothing else even if this fails. */
  async seal(plain, now) {
    if (this.isOver(now)) throw new Unfit("the session is over");
    const counter = this.sent;
    this.sent += 1;
    return join(Uint8Array.of(FROM_PHONE), this.id, number(counter, 8), await seal(this.sends, counter, NONE, plain));
  }

  /** Opens a frame of the server's, each once. */
  async open(frame, now) {
    if (frame.length < HEAD + 8 || frame[0] !== FROM_SERVER || !same(frame.slice(1, HEAD), this.id)) throw new Unfit("it is no frame of this session");
    const counter = big(frame.slice(HEAD, HEAD + 8));
    if (now >= this.ends || counter >= BigInt(FRAMES)) throw new Unfit("the session is over");
    const place = Number(counter);
    if (place <= this.greatest - WINDOW || this.taken.has(place)) throw new Unfit("the frame was taken before, or is too old");
    const plain = await open(this.hears, place, NONE, frame.slice(HEAD + 8));
    this.taken.add(place);
    this.greatest = Math.max(this.greatest, place);
    return plain;
  }
}

/**
 * Begins an enrolment or a session: the first frame, and what takes the second and gives the session. `id`: the slip's number, or 4 random
 * bytes; `time`: 12 bytes; `said`: 16 bytes of `marks`.
 */
async function handshake(pattern, id, keys, time, said) {
  const { body, end } = await begin(pattern, keys.own, keys.server, keys.psk, keys.ephemeral, join(time, said));
  const frame = join(Uint8Array.of(pattern.first), id, body);
  async function answered(second, now) {
    if (second[0] !== pattern.second || !same(second.slice(1, HEAD), id)) throw new Unfit("it answers another message");
    return Link.of(id, await end(second.slice(HEAD)), now);
  }
  return { frame, answered };
}

export const enrolment = (slip, keys, time, said) => handshake(ENROL, slip, keys, time, said);
export const session = (id, keys, time, said) => handshake(SESSION, id, keys, time, said);
