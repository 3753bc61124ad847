// A foreign message centre before our server: npm smpp takes the bind and the order, throttles it once, tells what became of it, and
// brings a meter's receipt.
//
// Usage: node smpp_centre.js WORK NUMBER RECEIPT
// RECEIPT: user data of the receipt in hexadecimal digits, a file that may come later. Says its port in WORK/port, and what it saw in
// WORK/seen, a JSON object a line.
const fs = require('fs');
const path = require('path');
const smpp = require('smpp');

const [work, number, receipt] = process.argv.slice(2);
const see = (what) => fs.appendFileSync(path.join(work, 'seen'), JSON.stringify(what) + '\n');
let submitted = 0;

// It gives the header without its length, as a list of elements.
const octets = (message) => {
  if (Buffer.isBuffer(message)) return message;
  const elements = message.udh ? Buffer.concat(message.udh) : Buffer.alloc(0);
  const header = message.udh ? Buffer.concat([Buffer.from([elements.length]), elements]) : elements;
  return Buffer.concat([header, message.message]);
};

const server = smpp.createServer((session) => {
  session.on('error', (error) => see({ error: error.message }));
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.system_id === 'bank' && pdu.password === 'secret';
    see({ bind: pdu.system_id, right, version: pdu.interface_version, range: pdu.address_range });
    session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RBINDFAIL, system_id: 'foreign' }));
    if (!right) return;
    const timer = setInterval(() => {
      if (!fs.existsSync(receipt)) return;
      clearInterval(timer);
      const data = Buffer.from(fs.readFileSync(receipt, 'utf8').trim(), 'hex');
      const length = data[0] + 1;
      const brings = () => session.deliver_sm({
        source_addr_ton: 1, source_addr_npi: 1, source_addr: number,
        dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: pdu.address_range, data_coding: 0xF6,
        short_message: { udh: data.subarray(0, length), message: data.subarray(length) },
      }, (answer) => see({ delivered: answer.command_status, id: answer.message_id }));
      // twice, as centres do that heard no answer
      brings();
      brings();
    }, 100);
    session.on('close', () => clearInterval(timer));
  });
  session.on('submit_sm', (pdu) => {
    submitted += 1;
    if (submitted === 1) {
      see({ throttled: pdu.sequence_number });
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    // a number told in hexadecimal digits when it is taken and in decimal ones afterwards
    const id = 0xABC0 + submitted;
    see({
      submitted: octets(pdu.short_message).toString('hex'), to: pdu.destination_addr, esm: pdu.esm_class, dcs: pdu.data_coding,
      pid: pdu.protocol_id, receipt: pdu.registered_delivery,
    });
    session.send(pdu.response({ message_id: id.toString(16) }));
    session.deliver_sm({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: Buffer.from(`id:${id} sub:001 dlvrd:001 submit date:2611281200 done date:2611281201 stat:DELIVRD err:000 text:`),
    }, (answer) => see({ told: answer.command_status }));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(path.join(work, 'port'), String(server.address().port)));
