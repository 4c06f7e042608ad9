'use strict';
// The Node side: reads scenarios, one JSON text a line, runs each on node:net, and answers with its trace on one line.
// It does what `interpreter.py` does, in the same order and under the same names; the comments are over there.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');
const { Beacon } = require('./beacon.js');
const { KINDS, camel, plain, property, real } = require('./values.js');

const MODULES = { net, BlockList: net.BlockList, SocketAddress: net.SocketAddress, BoundSocket: net.BoundSocket };

class Run {
  constructor({ scenario, world, rules }, beacon) {
    Object.assign(this, { scenario, world, rules, beacon, names: rules.names });
    this.entries = [];
    this.segment = 0;
    this.activity = 0;
    this.over = false;
    this.context = [];
    this.objects = new Map(Object.entries(MODULES));
    this.kinds = new Map();
    this.unseen = new Set(); // objects whose state isn't recorded
    this.waiting = new Map(); // what `on` said about objects that aren't there yet
    this.counts = new Map();
    this.accepted = new Map();
    this.held = [];
    this.callbacks = new Map();
    this.ports = {};
    this.failure = null;
  }

  async run() {
    try {
      for (const step of this.scenario.steps) {
        if (step.op === 'settle') await this.settle(step.until);
        else this.perform(step);
        if (this.failure) break;
      }
      this.over = true;
      await this.tidyUp();
    } catch (error) {
      this.failure = error.stack;
    }
    return { entries: this.entries, ports: this.ports, failure: this.failure };
  }

  async settle(until) {
    const deadline = performance.now() + this.rules.patience * 1000;
    let quiet = 0;
    while (quiet < this.rules.quiet || !this.happened(until)) {
      const before = this.pulse();
      await this.beacon.ping();
      quiet = this.pulse() === before ? quiet + 1 : 0;
      if (quiet >= this.rules.quiet && !this.happened(until)) {
        if (performance.now() > deadline) {
          this.failure = `waited in vain for ${until.filter((one) => !this.happened([one])).join(', ')}`;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    this.segment += 1;
  }

  pulse() {
    let moved = this.activity;
    for (const object of this.objects.values()) {
      if (object instanceof net.Socket) moved += object.bytesRead - object.writableLength;
    }
    return moved;
  }

  happened(until) {
    return until.every(([what, count]) => (this.counts.get(what) ?? 0) >= count);
  }

  async tidyUp() {
    const closed = [];
    for (const [name, object] of this.objects) {
      if (object instanceof net.Socket) {
        object.on('error', () => {});
        if (!object.destroyed) closed.push(new Promise((resolve) => object.once('close', resolve)));
        object.destroy();
      } else if (object instanceof net.Server) {
        object.on('error', () => {});
        object.close();
      } else if (this.kinds.get(name) === 'bound_socket') {
        try { object.close(); } catch { /* it was given to somebody */ }
      }
    }
    await Promise.all(closed);
    for (let quiet = 0; quiet < this.rules.quiet; quiet += 1) await this.beacon.ping();
  }

  // -- objects

  object(name) {
    if (!this.objects.has(name)) throw new Error(`no object is named ${name}`);
    return this.objects.get(name);
  }

  nameOf(value) {
    for (const [name, object] of this.objects) if (object === value) return name;
    return null;
  }

  adopt(name, kind, object, watch, watchAccepted) {
    this.objects.set(name, object);
    this.kinds.set(name, kind);
    for (const event of this.rules.events[watch] ?? watch ?? this.rules.events[kind] ?? []) {
      object.on(camel(event, this.names), (...args) => this.happen(name, event, args, watchAccepted));
    }
    for (const step of this.waiting.get(name) ?? []) this.register(name, step);
  }

  happen(name, event, args, watchAccepted) {
    if (event === 'connection') this.welcome(name, args[0], watchAccepted);
    this.record(name, 'event', event, args);
    this.count(`${name}.${event}`, event === 'data' ? args[0].length : 1);
    if (event === 'connect') this.knowPort(name, this.object(name).localPort);
  }

  welcome(server, socket, watch) {
    const number = (this.accepted.get(server) ?? 0) + 1;
    this.accepted.set(server, number);
    this.adopt(`${server}${number}`, 'socket', socket, watch);
  }

  knowPort(name, port) {
    if (port && !this.over) this.ports[port] ??= name;
  }

  // -- recording

  record(lane, what, name, args = []) {
    if (this.over) return {};
    this.activity += 1;
    const entry = { lane, what, name, by: this.context.at(-1) ?? null, segment: this.segment };
    entry.args = args.map((argument) => plain(argument, this));
    entry.state = this.stateOf(lane);
    const last = this.entries.findLast((other) => other.lane === lane);
    if (name === 'data' && merge(last, entry)) return last;
    this.entries.push(entry);
    return entry;
  }

  count(what, many) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + many);
  }

  stateOf(lane) {
    const kind = this.kinds.get(lane);
    const names = this.unseen.has(lane) ? [] : this.rules.states[kind] ?? [];
    const object = this.objects.get(lane);
    if (kind === 'server' && object.listening) this.knowPort(lane, portOf(object));
    return Object.fromEntries(names.map((name) => [name, plain(this.look(object, name), this)]));
  }

  look(object, name) {
    if (name === 'is_paused') return object.isPaused();
    if (name === 'errored') return object.errored?.code ?? object.errored?.message;
    return property(object, name, this.names);
  }

  // -- steps

  perform(step) {
    STEPS[step.op](this, step);
  }

  inside(context, steps) {
    this.context.push(context);
    try {
      for (const step of steps) this.perform(step);
    } finally {
      this.context.pop();
    }
  }

  callback(owner, label, steps) {
    const calledBack = (...args) => {
      this.record(owner, 'callback', label, args);
      this.count(`${owner}.${label}`, 1);
      this.inside(`${owner}.${label}`, steps);
    };
    this.callbacks.set(label, calledBack);
    return calledBack;
  }

  same(label) {
    return this.callbacks.get(label);
  }

  /** Makes an entry before the call, so that what is told inside the call comes behind it, and the result after it. */
  attempt(lane, what, name, call) {
    const entry = this.record(lane, what, name);
    let result = null;
    try {
      result = call();
      entry.result = plain(result, this);
    } catch (error) {
      entry.thrown = plain(error, this);
    }
    entry.state = this.stateOf(lane);
    return result;
  }

  register(name, step) {
    let left = step.times;
    const listener = () => {
      if (left === 0) return;
      left -= 1;
      this.inside(`${name}.${step.event}`, step.do);
    };
    const object = this.object(name);
    object[step.first ? 'prependListener' : 'on'](camel(step.event, this.names), listener);
  }
}

const STEPS = {
  new(run, { name, kind, args, look, watch, watch_accepted: watchAccepted }) {
    if (!look) run.unseen.add(name);
    run.attempt(name, 'new', kind, () => {
      const object = KINDS[kind](...args.map((argument) => real(argument, run, name)));
      run.adopt(name, kind === 'connect' ? 'socket' : kind, object, watch, watchAccepted);
    });
  },
  call(run, { on, method, args }) {
    run.attempt(on, 'call', method, () => {
      const object = run.object(on);
      return object[camel(method, run.names)](...args.map((argument) => real(argument, run, on)));
    });
  },
  get(run, { on, names }) {
    for (const name of names) run.attempt(on, 'get', name, () => property(run.object(on), name, run.names));
  },
  assign(run, { on, name, value }) {
    run.object(on)[camel(name, run.names)] = real(value, run, on);
  },
  on(run, step) {
    if (run.objects.has(step.on)) run.register(step.on, step);
    else run.waiting.set(step.on, [...(run.waiting.get(step.on) ?? []), step]);
  },
  release(run) {
    for (const answer of run.held.splice(0)) answer();
  },
  soon(run, step) {
    setImmediate(() => run.inside('soon', step.do));
  },
  leave_file(run, { name }) {
    fs.writeFileSync(path.join(run.world.directory, name), '');
  },
  look_at(run, { name }) {
    run.attempt('folder', 'call', name, () => describe(path.join(run.world.directory, name)));
  },
  throw(run, step) {
    throw new Error(step.message);
  },
};

/** Data has no boundaries in a stream: what came in two pieces is one entry, if nothing else was told in between. */
function merge(last, entry) {
  if (!last || last.name !== 'data' || last.what !== 'event' || last.segment !== entry.segment) return false;
  const [before] = last.args;
  const [after] = entry.args;
  if (typeof before !== typeof after) return false;
  last.args = [typeof before === 'string' ? before + after : { bytes: before.bytes + after.bytes }];
  last.state = entry.state;
  return true;
}

function describe(name) {
  const found = fs.lstatSync(name, { throwIfNoEntry: false });
  if (!found) return 'nothing';
  return `${found.isSocket() ? 'socket' : 'file'} ${(found.mode & 0o777).toString(8)}`;
}

function portOf(server) {
  try {
    return server.address()?.port;
  } catch {
    return undefined; // its handle was closed under it
  }
}

async function main() {
  const beacon = await Beacon.create();
  let current = null;
  process.on('uncaughtException', (error) => current?.record('process', 'uncaught', '', [error]));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    current = new Run(JSON.parse(line), beacon);
    process.stdout.write(`${JSON.stringify(await current.run())}\n`);
  }
  process.exit();
}

main();
