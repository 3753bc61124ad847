//! A phone and a server that know each other, with chance and time of their own.

use gridcard_client::talk::{
    Answer, Claims, Enrolled, Named, Offer, Op, Password, Psk, PurchaseState, Request, Said, Wanted, Way,
};
use gridcard_client::{
    Board, Code, Heard, Keypair, Known, Marks, Mode, Opening, PhoneSession, Slip, Stamp, Who, marks,
};
use keys::Zeroizing;
use scheme::chance::Chance;
use scheme::money::Fen;
use serde_json::{Value, json};

/// 2026-11-28T00:00:00Z.
pub const NOW: i64 = 1_795_824_000;
pub const SLIP: [u8; 4] = [0xA1, 0xB2, 0xC3, 0xD4];
pub const NAME: [u8; 8] = *b"phone  1";

/// Bytes that count up from a seed: never the same twice in a test.
#[derive(Clone)]
pub struct Counting(pub u64);

impl Chance for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bytes = self.0.to_be_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

pub struct Scene {
    pub board: Board<&'static str>,
    pub server: [u8; 32],
    pub own: Keypair,
    pub code: Code,
    pub psk: Psk,
    pub mode: Mode,
    pub chance: Counting,
    pub last: Stamp,
    pub now: i64,
}

pub fn marks() -> Marks {
    Marks::of(&marks::Said {
        msisdn: "+8613800138000",
        imsi: Some("460001234567895"),
        imei: Some("490154203237518"),
        user: "li",
    })
}

impl Scene {
    pub fn of(mode: Mode) -> Self {
        let server = Keypair::new(&[0x11; 32]);
        Scene {
            server: *server.public(),
            board: Board::new(server, true),
            own: Keypair::new(&[0x22; 32]),
            code: Code::read("abcd-efgh-ijkl-mnop").unwrap(),
            psk: Psk(Zeroizing::new([0x33; 32])),
            mode,
            chance: Counting(1),
            last: Stamp::ZERO,
            now: NOW,
        }
    }

    pub fn fixed() -> Self {
        Scene::of(Mode::Noise)
    }

    pub fn slip(&self) -> Slip<'_> {
        Slip { mode: self.mode, server: &self.server, own: &self.own, number: SLIP, code: &self.code }
    }

    pub fn time(&mut self) -> Stamp {
        Stamp::of(self.now, 0).after(self.last)
    }

    pub fn enrol(&mut self) -> Opening {
        let (time, mut chance) = (self.time(), Counting(self.chance.0));
        let opening = Opening::enrol(&self.slip(), &marks(), time, &mut chance).unwrap();
        self.chance = chance;
        opening
    }

    pub fn open(&mut self) -> Opening {
        let (time, mut chance) = (self.time(), Counting(self.chance.0));
        let known =
            Known { mode: self.mode, server: &self.server, own: &self.own, psk: &self.psk, name: &NAME };
        let opening = Opening::session(&known, &marks(), time, &mut chance).unwrap();
        self.chance = chance;
        opening
    }

    /// What the server answers to a first message; `None`: silence.
    pub fn answer_first(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let first = match self.board.hear(frame, self.now) {
            Heard::First(first) => first,
            Heard::Answer(answer) => return Some(answer),
            Heard::Silence => return None,
            Heard::Asked(_) => panic!("a first message asks nothing"),
        };
        let known = first.digest();
        let (secret, last) = match first.who() {
            Who::Slip(SLIP, theirs) => {
                assert_eq!(theirs.is_some(), self.mode == Mode::Noise);
                (self.code.psk(&self.server), Stamp::ZERO)
            }
            Who::Key(key) if key == *self.own.public() => (self.psk.0.clone(), self.last),
            Who::Name(NAME) => (self.psk.0.clone(), self.last),
            _ => return None,
        };
        match first.admit(&secret, last, self.now) {
            Ok(admitted) => self.board.begin(admitted, NAME, "li", &mut self.chance, self.now),
            Err(_) => {
                self.board.did_not_open(known, self.now);
                None
            }
        }
    }

    pub fn session(&mut self) -> PhoneSession {
        let opening = self.open();
        let answer = self.answer_first(opening.frame()).unwrap();
        opening.answered(&answer, self.now).unwrap()
    }

    /// What the server answers to a sealed frame; `None`: silence. What is asked is answered by `say`.
    pub fn answer(&mut self, frame: &[u8], say: impl FnOnce(&Request) -> Answer) -> Option<Vec<u8>> {
        match self.board.hear(frame, self.now) {
            Heard::Asked(asked) => {
                let answer = say(&asked.request.unwrap());
                self.board.answer(asked.place, asked.number, &answer, self.now)
            }
            Heard::Answer(answer) => Some(answer),
            Heard::Silence => None,
            Heard::First(_) => panic!("a sealed frame begins nothing"),
        }
    }
}

/// An enrolment, a session and a first purchase, byte by byte.
pub fn published(scene: &mut Scene) -> Value {
    let text = |bytes: &[u8]| Value::from(hex::encode(bytes));
    let claims = Claims {
        msisdn: "+8613800138000".parse().unwrap(),
        imsi: Some("460001234567895".parse().unwrap()),
        imei: Some("490154203237518".parse().unwrap()),
        user: "li".into(),
        password: Password(Zeroizing::new("correct horse".into())),
    };
    let enrolled = Answer::Done(Said::Enrolled(Enrolled {
        customer: "000000000042".parse().unwrap(),
        psk: scene.psk.clone(),
        name: NAME,
    }));
    let drawn = |chance: &Counting, skip: usize| {
        let mut bytes = [0; 36];
        // Both draw the same way from the same place.
        let (mut chance, len) = (Counting(chance.0), skip + 32);
        if skip > 0 {
            chance.fill(&mut bytes[..skip]);
        }
        chance.fill(&mut bytes[skip..len]);
        Value::from(hex::encode(&bytes[skip..len]))
    };
    let phone_ephemeral = drawn(&scene.chance, 0);
    let opening = scene.enrol();
    let server_ephemeral = drawn(&scene.chance, 0);
    let second = scene.answer_first(opening.frame()).unwrap();
    let mut phone = opening.answered(&second, NOW).unwrap();
    let request = Request::Enrol(claims);
    let asked = phone.ask(&request, NOW).unwrap();
    let said = scene.answer(&asked, |asked| {
        assert_eq!(*asked, request);
        enrolled.clone()
    });
    let said = said.unwrap();
    assert_eq!(phone.hear(&said, NOW), Ok(enrolled.clone()));
    let enrolment = json!({
        "phone_ephemeral": phone_ephemeral, "server_ephemeral": server_ephemeral, "time": NOW,
        "first": text(opening.frame()), "second": text(&second),
        "request_plain": text(&request.bytes(1)), "request": text(&asked),
        "answer_plain": text(&enrolled.bytes(1)), "answer": text(&said),
    });

    scene.now += 60;
    let phone_ephemeral = drawn(&scene.chance, 4);
    let opening = scene.open();
    let server_ephemeral = drawn(&scene.chance, 0);
    let second = scene.answer_first(opening.frame()).unwrap();
    let mut phone = opening.answered(&second, scene.now).unwrap();
    let offer = Request::Offer(Wanted {
        purchase: *b"purchase",
        contract: Named::Meter("261100000001".parse().unwrap()),
        amount: Fen(50_00),
        way: Way::Sim,
        account: None,
    });
    let offered = Answer::Done(Said::Offer(Offer {
        purchase: *b"purchase",
        customer: "000000000042".parse().unwrap(),
        meter: "261100000001".parse().unwrap(),
        amount: Fen(50_00),
        way: Way::Sim,
        account: "*0001".into(),
        state: PurchaseState::Offered,
        name: Some("Li".into()),
        reported: None,
    }));
    let asked = phone.ask(&offer, scene.now).unwrap();
    let said = scene.answer(&asked, |asked| {
        assert_eq!(*asked, offer);
        offered.clone()
    });
    let said = said.unwrap();
    assert_eq!(phone.hear(&said, scene.now), Ok(offered.clone()));
    assert_eq!(Answer::read(Op::Offer, &offered.bytes(1)), Ok(offered.clone()));
    json!({
        "source": "made by client/tests/it/known_answers.rs of this repository; chance is the counting stream of client/tests/it/scene.rs, as the ephemerals say",
        "server_secret": text(&[0x11; 32]), "server_public": text(&scene.server),
        "phone_secret": text(&[0x22; 32]), "phone_public": text(scene.own.public()),
        "code": "ABCD-EFGH-IJKL-MNOP", "slip": text(&SLIP), "enrolment_psk": text(&scene.code.psk(&scene.server)[..]),
        "session_psk": text(&scene.psk.0[..]),
        "identifiers": { "msisdn": "+8613800138000", "imsi": "460001234567895", "imei": "490154203237518", "user": "li" },
        "marks": text(&marks().bytes()),
        "enrolment": enrolment,
        "session": {
            "phone_ephemeral": phone_ephemeral, "server_ephemeral": server_ephemeral, "time": scene.now,
            "first": text(opening.frame()), "second": text(&second),
            "request_plain": text(&offer.bytes(1)), "request": text(&asked),
            "answer_plain": text(&offered.bytes(1)), "answer": text(&said),
        },
    })
}
