//! Frames of security, byte for byte: the layout of docs/specs/dlt645.md 6, ciphers and MACs being placeholders.

use gridcard_reader::security::{fields, identifier, request, turned};
use wire::dlt645::{Address, Control, Frame, Identifier, Receiver, function};

const METER: Address = Address([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
const OPERATOR: [u8; 4] = [0, 0, 0, 1];
const RANDOM: [u8; 8] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7];
const CIPHER: [u8; 8] = [0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7];
const ASKED: [u8; 8] = [0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7];
const NUMBER: [u8; 8] = [0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7];
const FACTOR: [u8; 8] = [0, 0, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
const MAC: [[u8; 4]; 2] = [[0xD0, 0xD1, 0xD2, 0xD3], [0xD4, 0xD5, 0xD6, 0xD7]];
const CUSTOMER: [u8; 6] = [0x33, 0x02, 0x00, 0x00, 0x12, 0x34];

fn sent(about: Identifier, fields: &[&[u8]]) -> String {
    hex::encode_upper(request(METER, about, OPERATOR, fields).to_bytes().unwrap())
}

#[test]
fn requests_stand_on_the_line_as_the_field_has_them() {
    let key: [u8; 32] = core::array::from_fn(|i| i as u8);
    let block = [&[0x14, 0, 1, 1][..], &key].concat();
    let pay = |amount: u32, count: u32| -> Vec<Vec<u8>> {
        [&amount.to_be_bytes()[..], &count.to_be_bytes(), &MAC[0], &CUSTOMER, &MAC[1]]
            .map(<[u8]>::to_vec)
            .to_vec()
    };
    let paid = |about, amount, count| {
        let fields = pay(amount, count);
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        sent(about, &fields)
    };
    for (found, wanted) in [
        (
            sent(identifier::IDENTITY, &[&CIPHER, &RANDOM, &FACTOR]),
            "681290785634126803203233333A34333333FAF9F8F7F6F5F4F3DAD9D8D7D6D5D4D345C3AB8967453333FE16",
        ),
        (
            sent(identifier::VALIDITY, &[&[0x00, 0x30], &MAC[0]]),
            "6812907856341268030E3234333A34333333633306050403DF16",
        ),
        (
            paid(identifier::OPEN, 5_000, 1),
            "681290785634126803\
             1E3234343A34333333BB46333334333333060504036745333335660A0908075D16",
        ),
        (
            paid(identifier::RECHARGE, 10_000, 2),
            "6812907856341268031E3235343A34333333435A333335333333060504036745333335660A090807FB16",
        ),
        (sent(identifier::STATUS, &[]), "681290785634126803083235B43A34333333B316"),
        (
            sent(identifier::INFRARED_REQUEST, &[&RANDOM]),
            "681290785634126803103236B33A34333333DAD9D8D7D6D5D4D36F16",
        ),
        (sent(identifier::INFRARED, &[&CIPHER]), "681290785634126803103236333A34333333FAF9F8F7F6F5F4F3EF16"),
        (sent(identifier::END, &[]), "681290785634126803083235333A343333333216"),
        (
            sent(identifier::KEYS, &[&block, &MAC[0]]),
            "681290785634126803303234363A343333335251504F4E4D4C4B4A494847464544434241403F3E3D3C3B3A3938373635\
             34333434334706050403A016",
        ),
        (
            sent(identifier::READ_BACK, &[&[0, 8], &[0, 0], &[0, 1], &[0xDF, 1]]),
            "681290785634126803103234B33A343333333B333333343334123A16",
        ),
    ] {
        assert_eq!(found, wanted);
    }
}

/// What a meter answers, read back field by field.
#[test]
fn answers_are_read_field_by_field() {
    let read = |bytes: &str| -> Frame {
        let found = Receiver::new().push(&hex::decode(bytes).unwrap());
        found.into_iter().next().unwrap().unwrap()
    };
    let data = |frame: &Frame| Identifier::split(&frame.data).unwrap().1.to_vec();
    let identity = read("681290785634126883103233333AE6E5E4E31A191817161514133116");
    assert_eq!(identity.control, Control::answer(function::SECURITY, false));
    assert_eq!(fields(&data(&identity), [4, 8]), Some([ASKED[..4].to_vec(), NUMBER.to_vec()]));
    let status = read(
        "681290785634126883\
         1E3235B43ACB6D333306050403353333330A090807674533333566333333339516",
    );
    let [money, first, count, second, customer, keys] = fields(&data(&status), [4, 4, 4, 4, 6, 4]).unwrap();
    assert_eq!((money, count), (15_000_u32.to_be_bytes().to_vec(), 2_u32.to_be_bytes().to_vec()));
    assert_eq!(
        (&first[..], &second[..], &customer[..], &keys[..]),
        (&MAC[0][..], &MAC[1][..], &CUSTOMER[..], &[0; 4][..])
    );
    let infrared =
        read("681290785634126883223236B33A45C3AB8967451A19181716151413FAF9F8F7F6F5F4F3EAE9E8E7E6E5E4E30416");
    let wanted = [METER.0.to_vec(), NUMBER.to_vec(), CIPHER.to_vec(), ASKED.to_vec()];
    assert_eq!(fields(&data(&infrared), [6, 8, 8, 8]), Some(wanted));
    let end = read("681290785634126883163235333A674533333566CB6D33333533333333333333D816");
    assert_eq!(fields(&data(&end), [6, 4, 4, 4]).unwrap()[0], CUSTOMER);
    for (bytes, word) in [
        ("6812907856341268C3023B33B916", 1_u16 << 3),
        ("6812907856341268C3023533B316", 1 << 1),
        ("6812907856341268C3023733B516", 1 << 2),
        ("6812907856341268C3023334B216", 1 << 8),
    ] {
        let refused = read(bytes);
        assert!(refused.control.is_refusal());
        assert_eq!(u16::from_le_bytes(refused.data.try_into().unwrap()), word);
    }
    assert_eq!(fields(&[1, 2, 3], [2]), None, "a byte more");
    assert_eq!(fields(&[1], [2]), None, "a byte less");
    assert_eq!(turned(&[1, 2, 3]), [3, 2, 1]);
}
