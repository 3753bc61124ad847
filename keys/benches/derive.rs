//! The keys of an ESAM from its city's keys, beside the bare block cipher calls they need.
//!
//! `cargo bench -p gridcard-keys`. Absolute times of a shared machine mean little; ratios within one run do.

use cipher::{Block, BlockCipherEncrypt, KeyInit};
use des::TdesEde2;
use divan::{Bencher, black_box};
use gridcard_keys::{Key, Role, Suite, hierarchy};

fn main() {
    divan::main();
}

/// A device's keys: one for each role but transport.
const KEYS: usize = 8;

/// City keys of the published test root; no two equal.
fn city(suite: Suite) -> [Key; KEYS] {
    let roles: [Role; KEYS] = core::array::from_fn(|i| Role::ALL[i]);
    roles.map(|role| {
        hierarchy::test_root(suite, role).diversify(&hierarchy::city_factor([0x33, 0x02, 0x00, 0x00]))
    })
}

fn factor(n: u64) -> [u8; 8] {
    n.to_be_bytes()
}

fn derived(bencher: Bencher<'_, '_>, suite: Suite) {
    let city = city(suite);
    let mut n = 0;
    bencher.bench_local(|| {
        n += 1;
        let factor = factor(black_box(n));
        let keys: [Key; KEYS] = core::array::from_fn(|i| city[i].diversify(&factor));
        black_box(&keys);
    });
}

/// The same cipher calls and nothing else: key schedule and blocks.
fn bare<C: KeyInit + BlockCipherEncrypt>(bencher: Bencher<'_, '_>, suite: Suite, blocks: usize) {
    let city = city(suite).map(|key| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(key.expose());
        bytes
    });
    let mut n = 0;
    bencher.bench_local(|| {
        n += 1;
        let factor = factor(black_box(n));
        for key in &city {
            let Ok(cipher) = C::new_from_slice(key) else { return };
            for _ in 0..blocks {
                let mut block = Block::<C>::default();
                block[..8].copy_from_slice(&factor);
                cipher.encrypt_block(&mut block);
                black_box(&block);
            }
        }
    });
}

#[divan::bench]
fn keys_3des(bencher: Bencher<'_, '_>) {
    derived(bencher, Suite::TripleDes);
}

#[divan::bench]
fn bare_3des(bencher: Bencher<'_, '_>) {
    bare::<TdesEde2>(bencher, Suite::TripleDes, 2);
}

#[divan::bench]
fn keys_aes128(bencher: Bencher<'_, '_>) {
    derived(bencher, Suite::Aes128);
}

/// AN10922 enciphers a zero block for the subkey, then two blocks.
#[divan::bench]
fn bare_aes128(bencher: Bencher<'_, '_>) {
    bare::<aes::Aes128>(bencher, Suite::Aes128, 3);
}

#[divan::bench]
fn keys_sm4(bencher: Bencher<'_, '_>) {
    derived(bencher, Suite::Sm4);
}

#[divan::bench]
fn bare_sm4(bencher: Bencher<'_, '_>) {
    bare::<sm4::Sm4>(bencher, Suite::Sm4, 1);
}
