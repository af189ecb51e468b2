// The Gantt view: lays jobs out on the cores (or GPUs) of their nodes and draws them on a canvas.
//
// A bar narrower than a pixel adds as much of its colour as it covers, so that a hundred thousand
// jobs on one screen show how full the cluster was, and zooming in resolves them.

// Free intervals of one node, ascending, as [from, to, from, to, ...].
class Node {
  constructor(size) { this.free = [0, size]; }
  // Calls use(from, to) for the places given: one interval if any is long enough, else several.
  take(amount, use) {
    const free = this.free;
    for (let i = 0; i < free.length; i += 2) {
      if (free[i + 1] - free[i] < amount) continue;
      use(free[i], free[i] + amount);
      free[i] += amount;
      if (free[i] === free[i + 1]) free.splice(i, 2);
      return;
    }
    while (amount > 0 && free.length > 0) {
      const part = Math.min(amount, free[1] - free[0]);
      use(free[0], free[0] + part);
      free[0] += part;
      amount -= part;
      if (free[0] === free[1]) free.splice(0, 2);
    }
  }
  give(from, to) {
    const free = this.free;
    let low = 0;
    let high = free.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (free[2 * middle] < from) low = middle + 1; else high = middle;
    }
    const i = 2 * low;
    const joinsLeft = i > 0 && free[i - 1] === from;
    const joinsRight = i < free.length && free[i] === to;
    if (joinsLeft && joinsRight) free.splice(i - 1, 2);
    else if (joinsLeft) free[i - 1] = to;
    else if (joinsRight) free[i] = from;
    else free.splice(i, 0, from, to);
  }
}

// Pieces by their end, earliest first.
class EndHeap {
  constructor(ends) {
    this.ends = ends;
    this.heap = [];
  }
  top() { return this.heap.length > 0 ? this.ends[this.heap[0]] : Infinity; }
  push(piece) {
    const { heap, ends } = this;
    let i = heap.length;
    heap.push(piece);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (ends[heap[parent]] <= ends[piece]) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = piece;
  }
  pop() {
    const { heap, ends } = this;
    const result = heap[0];
    const piece = heap.pop();
    if (heap.length === 0) return result;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && ends[heap[child + 1]] < ends[heap[child]]) ++child;
      if (ends[heap[child]] >= ends[piece]) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = piece;
    return result;
  }
}

// Where each node begins on the row axis, in milli-cores or milli-GPUs.
function rowOffsets(unit) {
  const count = meta.shapes.reduce((sum, shape) => sum + shape[0], 0);
  const offsets = new Float64Array(count + 1);
  let node = 0;
  for (const [nodes, cpu, gpus] of meta.shapes) {
    for (let i = 0; i < nodes; ++i, ++node) {
      offsets[node + 1] = offsets[node] + (unit === 'gpu' ? gpus * 1000 : cpu);
    }
  }
  return offsets;
}

// Rectangles in order of their start: x0, x1 in ticks, y0, y1 on the row axis, and the job of each.
function layOut({ jobs, pieces, runs }, unit) {
  const offsets = rowOffsets(unit);
  const need = unit === 'gpu' ? jobs.gpu : jobs.cpu;
  const order = new Uint32Array(pieces.job.length).map((_, i) => i);
  order.sort((a, b) => pieces.start[a] - pieces.start[b] || a - b);
  const rects = { x0: new Column(Float64Array), x1: new Column(Float64Array),
    y0: new Column(Float64Array), y1: new Column(Float64Array), job: new Column(Uint32Array) };
  const nodes = new Array(offsets.length - 1);
  const held = new Map();
  const open = new EndHeap(pieces.end);
  const place = (piece) => {
    const job = pieces.job[piece];
    const mine = [];
    let lastY = NaN;
    for (let run = pieces.runFrom[piece]; run < pieces.runFrom[piece + 1]; ++run) {
      const amount = need[job] * runs.tasks[run];
      if (amount === 0) continue;
      for (let node = runs.first[run]; node <= runs.last[run]; ++node) {
        nodes[node] ??= new Node(offsets[node + 1] - offsets[node]);
        nodes[node].take(amount, (from, to) => {
          mine.push(node, from, to);
          const y0 = offsets[node] + from;
          const y1 = offsets[node] + to;
          if (y0 === lastY) {
            rects.y1.values[rects.y1.size - 1] = y1;
          } else {
            rects.x0.push(pieces.start[piece]);
            rects.x1.push(pieces.end[piece]);
            rects.y0.push(y0);
            rects.y1.push(y1);
            rects.job.push(job);
          }
          lastY = y1;
        });
      }
    }
    held.set(piece, mine);
    open.push(piece);
  };
  for (const piece of order) {
    while (open.top() <= pieces.start[piece]) {
      const over = open.pop();
      const mine = held.get(over);
      held.delete(over);
      for (let i = 0; i < mine.length; i += 3) nodes[mine[i]].give(mine[i + 1], mine[i + 2]);
    }
    place(piece);
  }
  const done = Object.fromEntries(
    Object.entries(rects).map(([key, column]) => [key, column.done()]));
  return { ...done, n: done.job.length, offsets, rows: offsets.at(-1) };
}

const palette = ['#4c78c8', '#e08a3c', '#4fa36b', '#c75d63', '#8a6fc0', '#9a7157', '#d283b4',
  '#7c8796', '#b5a33a', '#3fa7b5', '#6d8f3d', '#b06a2c'];
const stateColours = ['#4fa36b', '#c75d63', '#e08a3c', '#7c8796', '#5a6270', '#8a3f86', '#4c78c8'];

function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, value >> 8 & 255, value & 255];
}

// One colour a job as red | green << 8 | blue << 16, and a legend.
function coloursOf(jobs, mode) {
  const colours = new Uint32Array(jobs.n);
  const pack = ([r, g, b]) => r | g << 8 | b << 16;
  const all = palette.map((hex) => pack(rgb(hex)));
  const states = stateColours.map((hex) => pack(rgb(hex)));
  const legend = [];
  for (let i = 0; i < jobs.n; ++i) {
    if (mode === 'user') colours[i] = all[jobs.user[i] % all.length];
    else if (mode === 'job') colours[i] = all[i % all.length];
    else if (mode === 'state') colours[i] = states[Math.min(jobs.state[i], unfinished)];
    else colours[i] = pack(waitColour((jobs.start[i] - jobs.submit[i]) * meta.tick));
  }
  if (mode === 'state') {
    meta.states.forEach((name, i) => legend.push([stateColours[i], name]));
  } else if (mode === 'wait') {
    for (const s of [0, 60, 3600, 86400, 864000]) {
      legend.push([`rgb(${waitColour(s)})`, s === 0 ? 'no wait' : lasting(s)]);
    }
  } else if (mode === 'user' && meta.users.length <= palette.length) {
    meta.users.forEach((name, i) => legend.push([palette[i], name === '-' ? 'unknown' : name]));
  }
  return { colours, legend };
}

// From blue (none) over yellow to red (ten days), by the logarithm.
function waitColour(s) {
  const share = Math.min(1, Math.log10(1 + Math.max(0, s || 0)) / 6);
  const stops = [[76, 120, 200], [96, 178, 152], [236, 196, 76], [222, 110, 60], [160, 32, 60]];
  const at = Math.min(share * 4, 3.9999);
  const i = Math.floor(at);
  return stops[i].map((value, k) => Math.round(value + (stops[i + 1][k] - value) * (at - i)));
}

// Paints rectangles into an ImageData, each pixel by how much of it they cover.
class Painter {
  resize(width, height) {
    if (this.width === width && this.height === height) return;
    this.width = width;
    this.height = height;
    // Of each pixel: how much is covered, and the sums of the colours that cover it.
    this.cover = new Float32Array(4 * width * height);
    this.image = new ImageData(width, height);
  }
  // view: {t0, t1, y0, y1}; returns how many rectangles are in view.
  paint(rects, colours, view, back) {
    this.cover.fill(0);
    const sx = this.width / (view.t1 - view.t0);
    const sy = this.height / (view.y1 - view.y0);
    let seen = 0;
    for (let i = 0; i < rects.n && rects.x0[i] <= view.t1; ++i) {
      if (rects.x1[i] < view.t0 || rects.y1[i] <= view.y0 || rects.y0[i] >= view.y1) continue;
      ++seen;
      const left = (rects.x0[i] - view.t0) * sx;
      // What took no time still leaves a trace.
      const right = Math.max(left + 0.3, (rects.x1[i] - view.t0) * sx);
      this.fill(Math.max(0, left), Math.min(this.width, right),
        Math.max(0, (rects.y0[i] - view.y0) * sy),
        Math.min(this.height, (rects.y1[i] - view.y0) * sy), colours[rects.job[i]]);
    }
    this.blend(back);
    return seen;
  }
  fill(left, right, top, bottom, colour) {
    const { cover, width } = this;
    const r = colour & 255;
    const g = colour >> 8 & 255;
    const b = colour >> 16;
    for (let y = Math.floor(top); y < bottom; ++y) {
      const tall = Math.min(y + 1, bottom) - Math.max(y, top);
      for (let x = Math.floor(left); x < right; ++x) {
        const part = tall * (Math.min(x + 1, right) - Math.max(x, left));
        const at = 4 * (y * width + x);
        cover[at] += part;
        cover[at + 1] += part * r;
        cover[at + 2] += part * g;
        cover[at + 3] += part * b;
      }
    }
  }
  blend(back) {
    const { cover } = this;
    const out = new Uint32Array(this.image.data.buffer);
    const [backR, backG, backB] = back;
    for (let i = 0, at = 0; i < out.length; ++i, at += 4) {
      const covered = cover[at];
      const scale = covered > 1 ? 1 / covered : 1;
      const left = covered > 1 ? 0 : 1 - covered;
      const r = backR * left + cover[at + 1] * scale;
      const g = backG * left + cover[at + 2] * scale;
      const b = backB * left + cover[at + 3] * scale;
      out[i] = 255 << 24 | b << 16 | g << 8 | r;
    }
  }
}
