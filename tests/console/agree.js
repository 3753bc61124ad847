// Whether the app's handshake, frames and requests agree byte by byte with the crate `client`: known answers of the one, made anew and
// read by the other. `modules`: noise, link, talk, bytes; `kat`: client/tests/kat/client.json. Gives the names of what was compared;
// throws at the first difference. Runs in a browser and in node.
export async function agree({ noise, link, talk, bytes }, kat) {
  const { fromHex, toHex, join } = bytes;
  const compared = [];
  const same = (name, made, known) => {
    const text = made instanceof Uint8Array ? toHex(made) : JSON.stringify(made);
    const other = known instanceof Uint8Array ? toHex(known) : typeof known === "string" ? known : JSON.stringify(known);
    if (text !== other) throw new Error(`${name}: ${text} is not ${other}`);
    compared.push(name);
  };
  const fails = async (name, act) => {
    let done = false;
    try {
      await act();
      done = true;
    } catch (error) {
      if (!(error instanceof noise.Unfit) && !(error instanceof talk.TalkError)) throw error;
    }
    if (done) throw new Error(`${name} was taken`);
    compared.push(name);
  };
  // A known secret key, as PKCS #8 has it.
  const pair = async (secret, known) => {
    const pkcs8 = join(fromHex("302e020100300506032b656e04220420"), fromHex(secret));
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "X25519" }, true, ["deriveBits"]);
    const jwk = await crypto.subtle.exportKey("jwk", key);
    const found = Uint8Array.from(atob(jwk.x.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    if (known) same("a public key", found, known);
    return { secret: key, public: found };
  };
  const server = fromHex(kat.server_public);
  const own = await pair(kat.phone_secret, kat.phone_public);
  const marks = await link.marks(kat.identifiers);
  same("the marks", marks, kat.marks);
  const text = link.code(kat.code.toLowerCase().replace(/-/g, " "));
  const salt = await noise.sha256(server);
  same("the code's psk", await noise.hkdf(salt, bytes.utf8(text), bytes.utf8("gridcard enrol 1"), 32), kat.enrolment_psk);

  const run = async (name, known, begin, id, psk, op, said, read) => {
    const ephemeral = await pair(known.phone_ephemeral);
    const now = known.time * 1000;
    const opening = await begin(id, { own, server, psk, ephemeral }, link.stamp(now), marks);
    same(`${name}: first message`, opening.frame, known.first);
    const second = fromHex(known.second);
    for (let at = 0; at < second.length; at += 1) {
      const changed = second.slice();
      changed[at] ^= 1;
      await fails(`${name}: second message, byte ${at} changed`, () => opening.answered(changed, now));
    }
    await fails(`${name}: the first message sent back`, () => opening.answered(opening.frame, now));
    const session = await opening.answered(second, now);
    const plain = talk.request(1, op, said);
    same(`${name}: request`, plain, known.request_plain);
    same(`${name}: sealed request`, await session.seal(plain, now), known.request);
    const answer = fromHex(known.answer);
    for (const at of [0, 1, 5, 12, 13, answer.length - 1]) {
      const changed = answer.slice();
      changed[at] ^= 1;
      await fails(`${name}: answer, byte ${at} changed`, () => session.open(changed, now));
    }
    const opened = await session.open(answer, now);
    same(`${name}: answer`, opened, known.answer_plain);
    await fails(`${name}: an answer taken twice`, () => session.open(answer, now));
    read(talk.answer(op, opened));
    await fails(`${name}: half an answer`, () => talk.answer(op, opened.slice(0, -1)));
  };
  const { msisdn, imsi, imei, user } = kat.identifiers;
  const slip = fromHex(kat.slip);
  const psk = await link.codeSecret(text, server);
  const claims = { msisdn, imsi, imei, user, password: "correct horse" };
  await run("enrolment", kat.enrolment, link.enrolment, slip, psk, talk.OP.enrol, claims, ({ status, said }) => {
    same("enrolled", status, '"done"');
    same("the psk of sessions", said.psk, kat.session_psk);
  });
  const known = kat.session;
  const id = fromHex(known.first.slice(2, 10));
  const wanted = { purchase: bytes.utf8("purchase"), meter: "261100000001", amount: 5000, way: talk.WAY.sim };
  await run("session", known, link.session, id, await noise.secret(fromHex(kat.session_psk)), talk.OP.offer, wanted, ({ said }) => {
    same("the offer", [said.meter, said.amount, said.state, said.account, said.customerName], ["261100000001", 5000, "offered", "*0001", "Li"]);
  });
  return compared;
}
