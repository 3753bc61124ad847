//! File control parameters: what SELECT and STATUS of class 00 tell [docs/specs/sim.md, FCP].

use super::rules;
use crate::context::Context;
use crate::files::{FileKind, Node};
use crate::sim::{self, codes, walk};
use alloc::vec::Vec;
use scheme::profile::Fid;

/// Short data object: tag, length, value; every value here is shorter than 128 bytes.
fn object(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    out.push(value.len() as u8);
    out.extend_from_slice(value);
}

/// FCP of an EF: `62 { 82, 83, 8A, 8B, 80, 88 }`.
pub fn of_file(context: &Context<'_>, file: &Node) -> Vec<u8> {
    let mut body = Vec::with_capacity(40);
    let [l1, l0] = (file.record_len() as u16).to_be_bytes(); // a record has at most 255 bytes
    let count = file.record_count().min(0xFF) as u8;
    match file.kind() {
        FileKind::Fixed => object(&mut body, 0x82, &[0x42, 0x21, l1, l0, count]),
        FileKind::Cyclic => object(&mut body, 0x82, &[0x46, 0x21, l1, l0, count]),
        _ => object(&mut body, 0x82, &[0x41, 0x21]),
    }
    object(&mut body, 0x83, &file.fid().bytes());
    object(&mut body, 0x8A, &[if sim::is_invalidated(file) { 0x04 } else { 0x05 }]);
    let rule = rules::of_file(file);
    security(rules::reference(context, &rule), &rule, &mut body);
    object(&mut body, 0x80, &(sim::content_size(file) as u16).to_be_bytes()); // a body is at most FFFF
    match sim::sfi(file) {
        Some(sfi) => object(&mut body, 0x88, &[sfi << 3]),
        // Without the object the lower bits of the identifier would count as one.
        None => object(&mut body, 0x88, &[]),
    }
    template(&body)
}

/// FCP of MF, DF or ADF: `62 { 82, 83, [84,] A5, 8A, 8B, C6 }`.
pub fn of_dir(context: &Context<'_>, dir: &Node) -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    object(&mut body, 0x82, &[0x78, 0x21]);
    object(&mut body, 0x83, &dir.fid().bytes());
    let aid = dir.name(&context.memory);
    if !aid.is_empty() {
        object(&mut body, 0x84, &aid[..aid.len().min(16)]);
    }
    // UICC characteristics: the clock may stop, at no preferred level.
    let mut own = Vec::from([0x80, 1, 0x71]);
    if dir.fid() == Fid::MF {
        object(&mut own, 0x83, &(walk::free_memory(context, dir) as u32).to_be_bytes()); // at most FFFF
    }
    object(&mut body, 0xA5, &own);
    object(&mut body, 0x8A, &[0x05]);
    let rule = rules::of_dir();
    security(rules::reference_of_dir(context, &rule), &rule, &mut body);
    object(&mut body, 0xC6, &pin_status(context));
    template(&body)
}

fn template(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    object(&mut out, 0x62, body);
    out
}

/// 8B: file and record of EF_ARR; AB: the rule itself, where no record holds it.
fn security(reference: Option<(Fid, u8)>, rule: &[u8], body: &mut Vec<u8>) {
    match reference {
        Some((file, record)) => {
            let [hi, lo] = file.bytes();
            object(body, 0x8B, &[hi, lo, record]);
        }
        None => object(body, 0xAB, rule),
    }
}

/// PIN status: one bit a reference, from bit 8 on, set when it is asked for; then the references PIN1, PIN2, ADM1.
fn pin_status(context: &Context<'_>) -> [u8; 12] {
    let enabled = if codes::enabled(context) { 0xE0 } else { 0x60 };
    [0x90, 1, enabled, 0x83, 1, 0x01, 0x83, 1, 0x81, 0x83, 1, 0x0A]
}
