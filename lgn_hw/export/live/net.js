"use strict";
// The net itself: no page is needed here, so that it runs in any engine of JavaScript.
// The bytes are explained in lgn_hw/export/live_program.py. A number holds 32 samples, one a bit.

function readNet(bytes) {
  let place = 0;
  const byte = () => {
    if (place >= bytes.length) throw new Error("the program is cut short");
    return bytes[place++];
  };
  const number = () => {
    for (let found = 0, unit = 1; ; unit *= 128) {
      const next = byte();
      found += (next & 127) * unit;
      if (next < 128) return found;
    }
  };
  const signed = () => {  // halved as it is read: its zigzag code may have more than 53 bits
    const first = byte(), half = (first >> 1 & 63) + (first < 128 ? 0 : 64 * number());
    return first & 1 ? -half - 1 : half;
  };

  const features = number(), low = [], high = [];
  while (low.length < features) {
    const count = number(), least = signed(), most = least + number();
    for (let i = 0; i < count; ++i) { low.push(least); high.push(most); }
  }
  const bits = number(), feature = new Int32Array(bits), threshold = new Float64Array(bits);
  for (let i = 0, of = 0; i < bits; ++i) {
    of += signed();
    feature[i] = of;
    threshold[i] = number() + low[of];
  }
  const nodes = number(), first = 2 + bits;  // the nets 0 and 1 are the constants
  const pins = [], tables = [], level = new Int32Array(first + nodes);
  for (let net = first; net < first + nodes; ++net) {
    const kind = byte(), arity = kind < 4 ? 1 : kind < 20 ? 2 : kind - 17;
    if (arity > 6) throw new Error("the program is damaged");
    const table = [];
    if (arity > 2) for (let i = 0; i < (1 << arity) / 8; ++i) table.push(byte());
    else table.push(arity === 2 ? kind - 4 : kind);
    const reads = new Int32Array(arity);
    for (let i = 0; i < arity; ++i) {
      reads[i] = net - number();
      level[net] = Math.max(level[net], level[reads[i]] + 1);
    }
    pins.push(reads);
    tables.push(table);
  }
  const classes = number(), outputs = number();
  const output = new Int32Array(outputs), group = new Int32Array(outputs);
  for (let i = 0, net = 0; i < outputs; ++i) {
    net += signed();
    output[i] = net;
    group[i] = number();
  }
  if (place !== bytes.length) throw new Error("the program is longer than it says");
  return { features, low, high, feature, threshold, bits, nodes, first, pins, tables, level,
           classes, output, group };
}

// Return the encoder's bits of up to 32 samples, each an array of integer codes.
function encode(net, samples) {
  const words = new Int32Array(net.bits);
  samples.forEach((codes, s) => {
    if (codes.length !== net.features) throw new Error(`a sample must have ${net.features} codes, not ${codes.length}`);
    for (let i = 0; i < net.bits; ++i) if (codes[net.feature[i]] > net.threshold[i]) words[i] |= 1 << s;
  });
  return words;
}

// Return the value of every net: constants, the encoder's bits, then the gates.
function evaluate(net, words) {
  const values = new Int32Array(net.first + net.nodes), half = new Int32Array(64);
  values[1] = -1;
  values.set(words, 2);
  for (let n = 0; n < net.nodes; ++n) {
    const pins = net.pins[n], table = net.tables[n];
    let entries = 1 << pins.length;
    for (let i = 0; i < entries; ++i) half[i] = -(table[i >> 3] >> (i & 7) & 1);
    for (let pin = 0; pin < pins.length; ++pin) {
      const x = values[pins[pin]];
      entries >>= 1;
      for (let i = 0; i < entries; ++i) half[i] = (half[2 * i] & ~x) | (half[2 * i + 1] & x);
    }
    values[net.first + n] = half[0];
  }
  return values;
}

// Return the votes for each class of sample s, of the nets' values.
function votes(net, values, s) {
  const counts = new Array(net.classes).fill(0);
  for (let i = 0; i < net.output.length; ++i) counts[net.group[i]] += values[net.output[i]] >> s & 1;
  return counts;
}

// Return the class with most votes, of equal ones the first.
function winner(counts) {
  return counts.reduce((best, count, c) => (count > counts[best] ? c : best), 0);
}

// Return the votes of any number of samples: integer codes[samples][features].
function scores(net, samples) {
  const found = [];
  for (let i = 0; i < samples.length; i += 32) {
    const block = samples.slice(i, i + 32), values = evaluate(net, encode(net, block));
    block.forEach((_, s) => found.push(votes(net, values, s)));
  }
  return found;
}

function classify(net, samples) {
  return scores(net, samples).map(winner);
}

// Return the code of a raw value: the nearest, of two the even one, and no further than the range.
function quantize(net, feature, value, offset, scale) {
  const exact = (value - offset) / scale, down = Math.floor(exact), rest = exact - down;
  const code = rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
  return Math.min(Math.max(code, net.low[feature]), net.high[feature]);
}

// Return the samples that stand in bytes, one after the other: each code less the least, in LEB128.
function readSamples(net, bytes) {
  const samples = [];
  let place = 0;
  while (place < bytes.length) {
    samples.push(net.low.map((low) => {
      let found = 0, unit = 1;
      for (; bytes[place] >= 128; unit *= 128) found += (bytes[place++] & 127) * unit;
      return low + found + bytes[place++] * unit;
    }));
  }
  return samples;
}

// Return a feature's offset or scale: one stands for all where all are the same.
function unitOf(values, feature) {
  return values[values.length === 1 ? 0 : feature];
}

function bytesOf(base64) {
  const text = atob(base64);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

// SHA-256 (FIPS 180-4) in hexadecimal: a page opened as a file may not use crypto.subtle.
function sha256(bytes) {
  const primes = [];
  for (let n = 2; primes.length < 64; ++n) if (primes.every((p) => n % p)) primes.push(n);
  const part = (root) => (root - Math.floor(root)) * 4294967296 | 0;
  const k = primes.map((p) => part(Math.cbrt(p)));
  const h = primes.slice(0, 8).map((p) => part(Math.sqrt(p)));
  const padded = new Uint8Array((bytes.length + 72 >> 6) * 64);
  padded.set(bytes);
  padded[bytes.length] = 128;
  const view = new DataView(padded.buffer), w = new Int32Array(64);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 536870912));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const turn = (x, n) => (x >>> n) | (x << 32 - n);
  for (let start = 0; start < padded.length; start += 64) {
    for (let i = 0; i < 16; ++i) w[i] = view.getInt32(start + 4 * i);
    for (let i = 16; i < 64; ++i) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >>> 3) + (turn(b, 17) ^ turn(b, 19) ^ b >>> 10);
    }
    const s = h.slice();
    for (let i = 0; i < 64; ++i) {
      const [a, b, c, , e, f, g] = s;
      const one = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i];
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c);
      s.pop();
      s.unshift(one + two | 0);
      s[4] = s[4] + one | 0;
    }
    s.forEach((value, i) => { h[i] = h[i] + value | 0; });
  }
  return h.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
}
