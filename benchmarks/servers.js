// The servers of servers.py on node:net, for Node and for Bun: servers.js ROLE[:PORT] [PATH]. Prints where it listens.
"use strict";
const net = require("node:net");

const HEAD = Buffer.alloc(64, "h");
const BODY = Buffer.alloc(960, "b");
const BLOCK = Buffer.alloc(65536, "x");

const roles = {
  echo(socket) {
    socket.on("data", (chunk) => socket.write(chunk));
  },
  respond(socket) {
    socket.on("data", () => {
      socket.write(HEAD);
      socket.write(BODY);
    });
  },
  sink(socket) {
    socket.on("data", () => {});
  },
  source(socket) {
    function goOn() {
      while (socket.write(BLOCK));
    }
    socket.on("drain", goOn);
    goOn();
  },
  forward(socket) {
    const target = net.connect({ port: Number(to), host: "127.0.0.1", noDelay: true });
    target.on("error", () => {});
    socket.pipe(target);
    target.pipe(socket);
    socket.on("close", () => target.destroy());
    target.on("close", () => socket.destroy());
  },
};

const [job, path] = process.argv.slice(2);
const [role, to] = job.split(":");
const server = net.createServer({ noDelay: path === undefined }, (socket) => {
  socket.on("error", () => {});
  roles[role](socket);
});
const where = path === undefined ? { port: 0, host: "127.0.0.1" } : { path };
server.listen({ ...where, backlog: 511 }, () => console.log(path ?? server.address().port));
