'use strict';
// What stands in a scenario and in a trace, and what it is in Node. `interpreter.py` has the same two directions.

const net = require('node:net');
const path = require('node:path');

const MILLISECONDS = 1000;
const TIMES = new Set(['timeout']); // properties that are milliseconds here and seconds there

/** Python's name as Node's: a few are told, the rest follows from the underscores. */
function camel(name, told) {
  return told[name] ?? name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** From a scenario to JavaScript. `run` is the run of the scenario, `owner` the object whose lane callbacks belong to. */
function real(data, run, owner) {
  if (Array.isArray(data)) return data.map((item) => real(item, run, owner));
  if (data === null || typeof data !== 'object') return data;
  const [[key, value] = []] = Object.entries(data);
  if (key?.startsWith('$')) return TAGS[key](value, run, owner, data);
  return Object.fromEntries(
    Object.entries(data).map(([name, item]) => [camel(name, run.names), real(item, run, owner)]));
}

const TAGS = {
  $undefined: () => undefined,
  $number: (text) => Number(text),
  $bytes: (text) => Buffer.from(text, 'latin1'),
  $fill: (length) => Buffer.alloc(length, 'x'),
  $text: ([text, times]) => text.repeat(times),
  $error: (message) => new Error(message),
  $seconds: (seconds) => seconds * MILLISECONDS,
  $keywords: (options, run, owner) => real(options, run, owner),
  $object: (name, run) => run.object(name),
  $signal: (name, run) => run.object(name).signal,
  $path: ([name, length], run) => path.join(run.world.directory, name).padEnd(length, 'x'),
  $abstract: (name, run) => '\0' + path.join(run.world.directory, name),
  $port: (name, run) => run.world.ports[name] ?? run.object(name).address()?.port ?? lastPortOf(name, run),
  $callback: (label, run, owner, data) => run.callback(owner, label, data.do ?? []),
  $same: (label, run) => run.same(label),
  $lookup: (answers, run, owner) => lookup(answers, run, owner),
  $on_read: (plan, run, owner) => onRead(plan, run, owner),
};

function lastPortOf(name, run) {
  return Number(Object.keys(run.ports).find((port) => run.ports[port] === name));
}

/** A lookup function that says what it was asked, and answers at once, soon, when it is released, or by throwing. */
function lookup({ when, error = null, address = null, family = null, all = null }, run, owner) {
  return (host, options, callback) => {
    run.record(owner, 'lookup', host, [{ family: options.family ?? 0, hints: options.hints, all: options.all ?? false }]);
    const found = (pair) => ({ address: real(pair[0], run, owner), family: pair[1] });
    const answer = () => {
      if (error !== null) return callback(real(error, run, owner));
      if (!options.all) return callback(null, real(address, run, owner), family);
      const entries = all ?? [[address, family]];
      return callback(null, Array.isArray(entries) ? entries.map(found) : entries);
    };
    if (when === 'now') answer();
    else if (when === 'soon') setImmediate(answer);
    else if (when === 'held') run.held.push(answer);
    else throw new Error('the lookup throws');
  };
}

/** Node's onread: a buffer of so many bytes, given as it is or made by a function, and what the callback returns. */
function onRead({ size, returns = [] }, run, owner) {
  const answers = [...returns];
  const sizes = [size].flat();
  let last = null;
  const make = () => {
    const next = sizes.length > 1 ? sizes.shift() : sizes[0];
    const made = typeof next === 'number' ? Buffer.alloc(next) : next;
    if (typeof next === 'number') last = made;
    return made;
  };
  const makeAndTell = () => {
    run.record(owner, 'callback', 'make_buffer', []);
    return make();
  };
  return {
    buffer: Array.isArray(size) ? makeAndTell : make(),
    callback: (count, buffer) => {
      const bytes = buffer.subarray ? Buffer.from(buffer.subarray(0, count)) : buffer;
      run.record(owner, 'callback', 'on_read', [count, bytes, buffer === last]);
      return answers.length ? answers.shift() : true;
    },
  };
}

/** From JavaScript to a trace. Whatever can't be compared gets a name that it has on both sides. */
function plain(value, run) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : { number: String(value) };
  if (typeof value === 'function') return { object: 'function' };
  if (typeof value !== 'object') return value;
  if (run.nameOf(value)) return { object: run.nameOf(value) };
  if (Buffer.isBuffer(value)) return { bytes: value.toString('latin1') };
  if (Array.isArray(value)) return value.map((item) => plain(item, run));
  if (value instanceof Error) return { error: plainError(value, run) };
  if (value instanceof net.SocketAddress) value = value.toJSON();
  const entries = Object.entries(value).map(([name, item]) => [snake(name), plain(item, run)]);
  return entries.length ? Object.fromEntries(entries) : null;
}

const ERROR_FIELDS = ['code', 'errno', 'syscall', 'address', 'port', 'localAddress', 'localPort', 'hostname'];

function plainError(error, run) {
  const fields = ERROR_FIELDS.filter((name) => error[name] !== undefined && error[name] !== null)
    .filter((name) => !(name === 'port' && error.port < 0)) // a path has none
    .map((name) => [snake(name), plain(error[name], run)]);
  const out = { ...Object.fromEntries(fields), family: family(error), message: error.message };
  if (error.host !== undefined) out.hostname = error.host; // two words for one thing
  if (error instanceof AggregateError) out.errors = error.errors.map((one) => plainError(one, run));
  if (error.cause !== undefined) out.cause = error.cause?.message ?? plain(error.cause, run);
  return out;
}

/** What Python makes of an error's class. */
function family(error) {
  if (error instanceof AggregateError) return 'group';
  if (error.name === 'AbortError') return 'abort';
  if (error instanceof RangeError || error instanceof SyntaxError || error.code === 'ERR_INVALID_ADDRESS') return 'value';
  return error instanceof TypeError ? 'type' : 'error';
}

function property(object, name, told) {
  const value = object[camel(name, told)];
  return TIMES.has(name) && typeof value === 'number' ? value / MILLISECONDS : value;
}

const KINDS = {
  socket: (...args) => new net.Socket(...args),
  connect: (...args) => net.connect(...args),
  server: (...args) => net.createServer(...args),
  block_list: () => new net.BlockList(),
  socket_address: (...args) => new net.SocketAddress(...args),
  bound_socket: (...args) => new net.BoundSocket(...args),
  controller: () => new AbortController(),
};

module.exports = { KINDS, camel, plain, property, real, snake };
