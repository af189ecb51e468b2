// Decodes the data of the page and puts times and numbers into words.
const meta = JSON.parse(document.getElementById('meta').textContent);

function bytesOf(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

class Column {
  constructor(type) {
    this.values = new type(1024);
    this.size = 0;
  }
  push(value) {
    if (this.size === this.values.length) {
      const more = new this.values.constructor(2 * this.size);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.size++] = value;
  }
  done() { return this.values.subarray(0, this.size); }
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  varint() {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
  }
  zigzag() {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  name() {
    const code = this.varint();
    if (code % 2 === 1) return String((code - 1) / 2);
    const from = this.at;
    this.at += code / 2;
    return new TextDecoder().decode(this.bytes.subarray(from, this.at));
  }
}

// Columns of jobs, of pieces (stretches of time on the same nodes) and of runs of nodes. Times are
// in ticks of meta.tick seconds from meta.begin.
function decodeJobs() {
  const reader = new Reader(bytesOf('jobs'));
  const n = meta.kept;
  const jobs = {
    n, names: new Array(n), submit: new Float64Array(n), start: new Float64Array(n),
    end: new Float64Array(n), user: new Uint32Array(n), state: new Uint8Array(n),
    tasks: new Uint32Array(n), cpu: new Float64Array(n), gpu: new Float64Array(n),
    waitReason: new Uint8Array(n), startReason: new Uint8Array(n), attempts: new Uint32Array(n),
    preemptions: new Uint32Array(n), pieceFrom: new Uint32Array(n + 1),
  };
  const pieces = { job: new Column(Uint32Array), start: new Column(Float64Array),
    end: new Column(Float64Array), runFrom: new Column(Uint32Array) };
  const runs = { first: new Column(Uint32Array), last: new Column(Uint32Array),
    tasks: new Column(Uint32Array) };
  let submit = 0;
  for (let i = 0; i < n; ++i) {
    jobs.names[i] = reader.name();
    submit += reader.zigzag();
    jobs.submit[i] = submit;
    jobs.state[i] = reader.varint();
    for (const key of ['user', 'tasks', 'cpu', 'gpu', 'waitReason', 'startReason', 'attempts',
      'preemptions']) jobs[key][i] = reader.varint();
    decodePieces(reader, i, jobs, pieces, runs);
  }
  jobs.pieceFrom[n] = pieces.job.size;
  pieces.runFrom.push(runs.first.size);
  const done = (columns) => Object.fromEntries(
    Object.entries(columns).map(([key, column]) => [key, column.done()]));
  return { jobs, pieces: done(pieces), runs: done(runs) };
}

function decodePieces(reader, job, jobs, pieces, runs) {
  jobs.pieceFrom[job] = pieces.job.size;
  jobs.start[job] = NaN;
  let last = jobs.submit[job];
  for (let count = reader.varint(); count > 0; --count) {
    const start = last + reader.zigzag();
    if (Number.isNaN(jobs.start[job])) jobs.start[job] = start;
    last = start + reader.zigzag();
    pieces.job.push(job);
    pieces.start.push(start);
    pieces.end.push(last);
    pieces.runFrom.push(runs.first.size);
    let behind = 0;
    for (let gap = reader.varint(); gap !== 0; gap = reader.varint()) {
      const first = behind + gap - 1;
      behind = first + reader.varint() + 1;
      runs.first.push(first);
      runs.last.push(behind - 1);
      runs.tasks.push(reader.varint());
    }
  }
  jobs.end[job] = last + reader.zigzag();
}

function decodeTimeline() {
  const all = new Float32Array(bytesOf('timeline').buffer);
  const names = ['cores', 'gpus', 'pending', 'running', 'down', 'watts', 'fragmented'];
  return Object.fromEntries(names.map(
    (name, i) => [name, all.subarray(i * meta.buckets, (i + 1) * meta.buckets)]));
}

const unfinished = meta.states.length - 1;
function stateName(code) {
  if (code === unfinished) return 'pending at the end of the run';
  return code > unfinished ? 'running at the end of the run' : meta.states[code];
}
const reasonName = (code) => (code === 0 ? '' : meta.reasons[code].replaceAll('-', ' '));
const userName = (index) => meta.users[index] ?? String(index);
const nodeName = (index) => meta.nodes[index] ?? `node ${index}`;

// Seconds in words, two units at most: "3 h 20 min".
function lasting(s) {
  if (!Number.isFinite(s)) return 'none';
  if (s < 0) return `-${lasting(-s)}`;
  if (s === 0) return '0 s';
  if (s < 1e-3) return `${(s * 1e6).toPrecision(3)} us`;
  if (s < 1) return `${(s * 1e3).toPrecision(3)} ms`;
  if (s < 120) return `${Number(s.toFixed(1))} s`;
  const two = (big, bigName, small, smallName) => {
    const rest = Math.floor(s % big / small);
    return `${Math.floor(s / big)} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
  };
  if (s < 7200) return two(60, 'min', 1, 's');
  if (s < 172800) return two(3600, 'h', 60, 'min');
  return two(86400, 'd', 3600, 'h');
}

// An instant in seconds of the trace as "3 d 04:05:06"; `step` leaves out what is finer than it.
function clock(s, step = 1) {
  const sign = s < 0 ? '-' : '';
  let rest = Math.abs(s);
  const days = Math.floor(rest / 86400);
  rest -= days * 86400;
  const two = (value) => String(Math.floor(value)).padStart(2, '0');
  const day = days > 0 || step >= 86400 ? `${days} d` : '';
  if (step >= 86400) return sign + day;
  let text = `${two(rest / 3600)}:${two(rest % 3600 / 60)}`;
  if (step < 60) text += `:${two(rest % 60)}`;
  if (step < 1) text += (rest % 1).toFixed(3).slice(1);
  return sign + (day ? `${day} ` : '') + text;
}

const timeSteps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60,
  120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000, 1728000,
  4320000, 8640000, 31536000, 86400000, 315360000];
function timeTicks(from, to, count) {
  const step = timeSteps.find((s) => (to - from) / s <= count) ?? timeSteps.at(-1);
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return { step, ticks };
}

function niceTicks(most, count) {
  const raw = Math.max(most, 1e-9) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((s) => s >= raw);
  const ticks = [];
  for (let i = 0; i * step <= most * 1.0001; ++i) ticks.push(i * step);
  return ticks;
}

function short(value) {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}
