// Bytes as the frames have them: joined, compared, in hexadecimal.
"use strict";

const text = new TextEncoder();

/** UTF-8 without an end mark. */
export const utf8 = (string) => text.encode(string);

/** UTF-8 read; throws where it is none. */
export const fromUtf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

/** Parts, one behind the other. */
export function join(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A number of so many bytes, big-endian; up to 2^53. */
export function number(value, length) {
  const out = new Uint8Array(length);
  let left = BigInt(value);
  for (let at = length - 1; at >= 0; at -= 1) {
    out[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  return out;
}

/** The number that bytes are, big-endian, as a BigInt. */
export const big = (bytes) => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

export const toHex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes of hexadecimal digits; null where they are none. */
export function fromHex(digits) {
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Whether two are the same. For what is public: it takes as long as they agree. */
export const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
