//! scratch
use crate::numbers::Imsi; use crate::receipt::Incoming; use crate::terms::Terms; use sha2::{Digest, Sha256}; use wire::bcd::BcdTime; use wire::order::SimBinding; use wire::sim::ImsiError;
/// r
pub const RECORD: usize = 176;
/// x
#[derive(Debug,Clone,PartialEq,Eq,thiserror::Error)] pub enum MessageError { /// x
#[error("form")] Form }
pub(crate) fn binding(imsi:&Imsi)->Result<SimBinding,ImsiError>{ let c=wire::sim::ef_imsi(imsi.as_str())?; let h:[u8;32]=Sha256::digest(c).into(); let [a,b,cc,d,e,f,g,i,..]=h; Ok(SimBinding([a,b,cc,d,e,f,g,i])) }
pub(crate) fn order_record(ud:&[u8],_issued:BcdTime,_t:&Terms)->Result<[u8;RECORD],MessageError>{ let mut r=[0xFF;RECORD]; let mut v=vec![3,8,0x91,0x68,0x31,8,0x50,0x47,5,0xF0,0x44,10,0x91,0x68,0x75,0x94,0x55,0x89,0,0xF6,0x62,0x11,0x22,0x80,0,0,0x23,ud.len() as u8]; v.extend(ud); r.get_mut(..v.len()).ok_or(MessageError::Form)?.copy_from_slice(&v); Ok(r) }
pub(crate) fn receipt_user_data(i:Incoming<'_>)->Result<Vec<u8>,MessageError>{ let f=MessageError::Form; let ud=match i { Incoming::UserData(u)=>u, Incoming::Record(r)=>{ if r.len()!=176||!matches!(r[0],7|5|13|21|29){return Err(f)} return receipt_user_data(Incoming::Tpdu(r.get(2+r[1] as usize..).map(|x|&x[0..]).unwrap_or_default())) } Incoming::Tpdu(t)=>{ if t.len()<12||t[0]&0x43!=0x41{return Err(f)} let n=t[11] as usize; t.get(12..12+n).ok_or(f.clone())? } }; if ud.starts_with(&[2,0x71,0]){Ok(ud.to_vec())}else{Err(f)} }
