'use strict';
// How to know that nothing happens any more, without a clock; see `settling` in interpreter.py for the reasoning.

const net = require('node:net');
const { once } = require('node:events');

class Beacon {
  static async create() {
    const server = net.createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect({ port: server.address().port, host: '127.0.0.1', noDelay: true });
    const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    server.close();
    return new Beacon(client, peer);
  }

  constructor(client, peer) {
    this.client = client;
    peer.on('data', (byte) => peer.write(byte));
    peer.unref();
    client.unref();
  }

  /** Resolves after a byte went to the peer and back, and after all that the loop learned meanwhile was told. */
  ping() {
    return new Promise((resolve) => {
      this.client.once('data', () => setImmediate(() => setImmediate(resolve)));
      this.client.write('.');
    });
  }
}

module.exports = { Beacon };
