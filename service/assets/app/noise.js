// The handshake: Noise revision 34, IKpsk1 and IKpsk2, 25519, AESGCM, SHA256, the side that begins [docs/specs/client.md 2].
// A second implementation beside the crate `client`, over WebCrypto alone; both have to agree byte by byte.
"use strict";

import { join, number, utf8 } from "./bytes.js";

const crypt = globalThis.crypto.subtle;
const NONE = new Uint8Array(0);
const TAG = 16;

/** The two patterns, by what they are for. */
export const ENROL = { name: "Noise_IKpsk1_25519_AESGCM_SHA256", role: 1, first: 0x11, second: 0x12 };
export const SESSION = { name: "Noise_IKpsk2_25519_AESGCM_SHA256", role: 2, first: 0x21, second: 0x22 };

/** What came is not the other side's, or was changed. */
export class Unfit extends Error {}

export async function sha256(...parts) {
  return new Uint8Array(await crypt.digest("SHA-256", join(...parts)));
}

/** A secret as HKDF takes it: it can be used and kept, and never read again. */
export const secret = (bytes) => crypt.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);

/** HKDF-SHA-256 [RFC 5869]; with an empty `info` and a chaining key as salt it is the HKDF of Noise [Noise 4.3]. */
export async function hkdf(salt, key, info, length) {
  const from = key instanceof Uint8Array ? await secret(key) : key;
  return new Uint8Array(await crypt.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, from, length * 8));
}

/** A key pair whose secret half cannot be read. */
export async function keypair() {
  const pair = await crypt.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  return { secret: pair.privateKey, public: new Uint8Array(await crypt.exportKey("raw", pair.publicKey)) };
}

/** The shared secret with somebody's public key. One that is all zeros is refused: his key is of small order. */
async function agree(own, theirs) {
  let shared;
  try {
    const other = await crypt.importKey("raw", theirs, { name: "X25519" }, true, []);
    shared = new Uint8Array(await crypt.deriveBits({ name: "X25519", public: other }, own.secret, 256));
  } catch (error) {
    throw new Unfit("the other side's key is none", { cause: error });
  }
  if (shared.every((byte) => byte === 0)) throw new Unfit("the other side's key is none");
  return shared;
}

/** Four zero bytes, then the counter, big-endian [Noise 12]. */
const nonce = (counter) => join(new Uint8Array(4), number(counter, 8));

const cipher = (bytes, use) => crypt.importKey("raw", bytes, "AES-GCM", false, [use]);
const under = (counter, bound) => ({ name: "AES-GCM", iv: nonce(counter), additionalData: bound, tagLength: TAG * 8 });

/** A key for one direction of a session. */
export const sealing = (bytes) => cipher(bytes, "encrypt");
export const opening = (bytes) => cipher(bytes, "decrypt");

/** Enciphers under a counter: the cipher text and its tag. */
export async function seal(key, counter, bound, plain) {
  return new Uint8Array(await crypt.encrypt(under(counter, bound), key, plain));
}

/** Deciphers what `seal` made; throws where the tag is wrong. */
export async function open(key, counter, bound, sealed) {
  if (sealed.length < TAG) throw new Unfit("it is too short");
  try {
    return new Uint8Array(await crypt.decrypt(under(counter, bound), key, sealed));
  } catch (error) {
    throw new Unfit("it was changed, or is somebody else's", { cause: error });
  }
}

/** The symmetric state [Noise 5.2]. A copy is another handshake's. */
class State {
  static async begin(pattern, server) {
    const state = new State();
    // Both names have 32 bytes, so they are the hash themselves.
    state.hash = utf8(pattern.name);
    state.chain = state.hash;
    await state.mixHash(join(utf8("gridcard phone 1"), Uint8Array.of(pattern.role)));
    await state.mixHash(server);
    return state;
  }

  copy() {
    return Object.assign(new State(), this);
  }

  async mixHash(bytes) {
    this.hash = await sha256(this.hash, bytes);
  }

  use(key) {
    this.key = key;
    this.counter = 0;
  }

  async mixKey(bytes) {
    const out = await hkdf(this.chain, bytes, NONE, 64);
    this.chain = out.slice(0, 32);
    this.use(out.slice(32));
  }

  async mixPsk(psk) {
    const out = await hkdf(this.chain, psk, NONE, 96);
    this.chain = out.slice(0, 32);
    await this.mixHash(out.slice(32, 64));
    this.use(out.slice(64));
  }

  async seal(plain) {
    const sealed = await seal(await sealing(this.key), this.counter, this.hash, plain);
    this.counter += 1;
    await this.mixHash(sealed);
    return sealed;
  }

  async open(sealed) {
    const plain = await open(await opening(this.key), this.counter, this.hash, sealed);
    this.counter += 1;
    await this.mixHash(sealed);
    return plain;
  }

  /** An ephemeral key in a handshake with a psk is mixed into the key as well [Noise 9.2]. */
  async ephemeral(bytes) {
    await this.mixHash(bytes);
    await this.mixKey(bytes);
  }
}

/**
 * Begins a handshake. `own`: the phone's pair; `server`: 32 bytes; `psk`: a secret of `secret`; `ephemeral`: a pair of
 * `keypair`, never used twice; `payload`: 28 bytes. Gives the body of the first message, and what takes the body of the second and gives
 * the keys of both directions, 32 bytes each. What is not the server's second message ends nothing.
 */
export async function begin(pattern, own, server, psk, ephemeral, payload) {
  const state = await State.begin(pattern, server);
  await state.ephemeral(ephemeral.public);
  await state.mixKey(await agree(ephemeral, server));
  const named = await state.seal(own.public);
  await state.mixKey(await agree(own, server));
  if (pattern === ENROL) await state.mixPsk(psk);
  const body = join(ephemeral.public, named, await state.seal(payload));

  async function end(second) {
    if (second.length !== 32 + TAG) throw new Unfit("it is no second message");
    const after = state.copy();
    const theirs = second.slice(0, 32);
    await after.ephemeral(theirs);
    await after.mixKey(await agree(ephemeral, theirs));
    await after.mixKey(await agree(own, theirs));
    if (pattern === SESSION) await after.mixPsk(psk);
    await after.open(second.slice(32));
    const keys = await hkdf(after.chain, NONE, NONE, 64);
    return { phone: keys.slice(0, 32), server: keys.slice(32) };
  }
  return { body, end };
}
