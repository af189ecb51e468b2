// Joins the parts of the page: the view of the Gantt, its tools, the tooltip and the job lookup.
const tip = {
  node: document.getElementById('tip'),
  // lines: a heading, then [label, value].
  show(event, lines) {
    const heading = document.createElement('b');
    heading.textContent = lines[0];
    const table = document.createElement('table');
    for (const [label, value] of lines.slice(1)) {
      const row = table.insertRow();
      row.insertCell().textContent = label;
      row.insertCell().textContent = value;
    }
    this.node.replaceChildren(heading, table);
    this.node.hidden = false;
    const { offsetWidth: w, offsetHeight: h } = this.node;
    const x = event.clientX + 16 + w > innerWidth ? event.clientX - w - 12 : event.clientX + 16;
    const y = event.clientY + 14 + h > innerHeight ? event.clientY - h - 10 : event.clientY + 14;
    this.node.style.left = `${Math.max(4, x)}px`;
    this.node.style.top = `${Math.max(4, y)}px`;
  },
  hide() { this.node.hidden = true; },
};

const seconds = (ticks) => meta.begin + ticks * meta.tick;

function nodesText(data, job) {
  const piece = data.jobs.pieceFrom[job + 1] - 1;
  if (piece < data.jobs.pieceFrom[job]) return '';
  const texts = [];
  const { runs, pieces } = data;
  for (let run = pieces.runFrom[piece]; run < pieces.runFrom[piece + 1]; ++run) {
    const [first, last] = [nodeName(runs.first[run]), nodeName(runs.last[run])];
    texts.push(first === last ? first : `${first} to ${last}`);
    if (texts.length < 4 || run + 1 === pieces.runFrom[piece + 1]) continue;
    return `${texts.join(', ')}, ...`;
  }
  return texts.join(', ');
}

function describe(data, job) {
  const { jobs } = data;
  const started = !Number.isNaN(jobs.start[job]);
  const lines = [`Job ${jobs.names[job]}`,
    ['user', userName(jobs.user[job])],
    ['submitted', clock(seconds(jobs.submit[job]))],
    ['start', started ? clock(seconds(jobs.start[job])) : 'never'],
    ['wait', started ? lasting((jobs.start[job] - jobs.submit[job]) * meta.tick) : 'none'],
    ['ran', started ? lasting((jobs.end[job] - jobs.start[job]) * meta.tick) : 'none'],
    ['end', jobs.state[job] < unfinished ? clock(seconds(jobs.end[job])) : 'not yet'],
    ['tasks', String(jobs.tasks[job])],
    ['nodes', nodesText(data, job)],
    ['state', stateName(jobs.state[job])]];
  if (jobs.attempts[job] > 1) lines.push(['attempts', String(jobs.attempts[job])]);
  if (jobs.waitReason[job]) lines.push(['last waited', reasonName(jobs.waitReason[job])]);
  if (jobs.startReason[job]) lines.push(['started', reasonName(jobs.startReason[job])]);
  return lines;
}

class Gantt {
  constructor(holder, data, charts) {
    this.holder = holder;
    this.data = data;
    this.charts = charts;
    this.canvas = document.createElement('canvas');
    holder.append(this.canvas);
    this.painter = new Painter();
    this.gutter = 92;
    this.foot = 22;
    this.selected = -1;
    this.setUnit(meta.gpus > 0 ? 'gpu' : 'cpu');
    this.setColour(meta.users.length > 2 ? 'user' : 'job');
    this.listen();
  }
  setUnit(unit) {
    this.unit = unit;
    this.rects = layOut(this.data, unit);
    this.showAll();
  }
  setColour(mode) {
    const { colours, legend } = coloursOf(this.data.jobs, mode);
    this.colours = colours;
    document.getElementById('colour').value = mode;
    document.getElementById('legend').replaceChildren(...legend.map(([colour, name]) => {
      const entry = document.createElement('span');
      const dot = document.createElement('i');
      dot.style.background = colour;
      entry.append(dot, name);
      return entry;
    }));
    this.later();
  }
  showAll() {
    const span = Math.max(1, (meta.end - meta.begin) / meta.tick);
    this.view = { t0: -span * 0.004, t1: span * 1.004, y0: 0, y1: this.rects.rows || 1 };
    this.later();
  }
  later() {
    if (this.waiting) return;
    this.waiting = true;
    const once = () => {
      if (!this.waiting) return;
      this.waiting = false;
      this.draw();
    };
    requestAnimationFrame(once);
    setTimeout(once, 100);  // a page that is not on a screen gets no frames
  }
  draw() {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.max(300, this.holder.clientWidth);
    const height = this.holder.clientHeight;
    Object.assign(this, { width: width - this.gutter, height: height - this.foot });
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const style = getComputedStyle(document.documentElement);
    const ink = { text: style.getPropertyValue('--soft'), line: style.getPropertyValue('--line'),
      accent: style.getPropertyValue('--accent'), empty: style.getPropertyValue('--empty').trim() };
    this.painter.resize(Math.floor(this.width * ratio), Math.floor(this.height * ratio));
    const seen = this.painter.paint(this.rects, this.colours, this.view, rgb(ink.empty));
    const ctx = this.canvas.getContext('2d');
    ctx.putImageData(this.painter.image, Math.round(this.gutter * ratio), 0);
    ctx.scale(ratio, ratio);
    ctx.font = '11.5px system-ui, sans-serif';
    this.drawAxes(ctx, ink);
    this.outline(ctx, ink);
    if (seen < 3000) this.drawLabels(ctx);
    this.shadeCharts();
    Object.assign(document.body.dataset, { ganttDrawn: 'true', ganttBars: String(this.rects.n),
      ganttSeen: String(seen) });
  }
  x(tick) {
    const { t0, t1 } = this.view;
    return this.gutter + (tick - t0) / (t1 - t0) * this.width;
  }
  y(row) { return (row - this.view.y0) / (this.view.y1 - this.view.y0) * this.height; }
  drawAxes(ctx, ink) {
    const { t0, t1, y0, y1 } = this.view;
    ctx.fillStyle = ink.text;
    ctx.strokeStyle = ink.line;
    const { step, ticks } = timeTicks(seconds(t0), seconds(t1), Math.max(3, this.width / 120));
    ctx.textAlign = 'center';
    for (const at of ticks) {
      const x = this.x((at - meta.begin) / meta.tick);
      ctx.fillRect(x, this.height, 1, 4);
      if (x > this.gutter + 20 && x < this.gutter + this.width - 20) {
        ctx.fillText(clock(at, step), x, this.height + 16);
      }
    }
    ctx.textAlign = 'right';
    const { offsets } = this.rects;
    if (offsets.length === 2) return this.drawUnits(ctx);
    let low = 0;
    while (low + 1 < offsets.length - 1 && offsets[low + 1] <= y0) ++low;
    let drawn = -Infinity;
    for (let node = low; node < offsets.length - 1 && offsets[node] < y1; ++node) {
      const top = this.y(offsets[node]);
      const bottom = this.y(offsets[node + 1]);
      const middle = (Math.max(0, top) + Math.min(this.height, bottom)) / 2;
      if (bottom - top > 5 && top > 0) {
        ctx.globalAlpha = 0.55;
        ctx.strokeRect(this.gutter, top, this.width, 0);
        ctx.globalAlpha = 1;
      }
      if (middle - drawn < 15 || bottom === top) continue;
      ctx.fillText(nodeName(node).slice(0, 14), this.gutter - 8, Math.max(10, middle + 4));
      drawn = middle;
    }
  }
  // One node: its cores (or GPUs) are the rows.
  drawUnits(ctx) {
    const { y0, y1 } = this.view;
    const name = this.unit === 'gpu' ? 'GPU' : 'core';
    const step = niceTicks((y1 - y0) / 1000, 8)[1] * 1000 || 1000;
    for (let at = Math.ceil(y0 / step) * step; at <= y1; at += step) {
      const y = this.y(at);
      ctx.fillRect(this.gutter - 4, y, 4, 1);
      const text = `${name} ${Number((at / 1000).toPrecision(6))}`;
      ctx.fillText(text, this.gutter - 8, Math.min(this.height - 2, Math.max(10, y + 4)));
    }
  }
  eachSeen(use) {
    const { rects, view } = this;
    for (let i = 0; i < rects.n && rects.x0[i] <= view.t1; ++i) {
      if (rects.x1[i] < view.t0 || rects.y1[i] <= view.y0 || rects.y0[i] >= view.y1) continue;
      const left = Math.max(this.gutter, this.x(rects.x0[i]));
      const right = Math.min(this.gutter + this.width, this.x(rects.x1[i]));
      const top = Math.max(0, this.y(rects.y0[i]));
      const bottom = Math.min(this.height, this.y(rects.y1[i]));
      use(rects.job[i], left, top, right - left, bottom - top);
    }
  }
  drawLabels(ctx) {
    ctx.textAlign = 'left';
    this.eachSeen((job, x, y, w, h) => {
      if (w < 3 || h < 3) return;
      ctx.strokeStyle = 'rgb(0 0 0 / 30%)';
      ctx.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
      const name = this.data.jobs.names[job];
      if (h < 13 || w < 7 * name.length + 8) return;
      ctx.fillStyle = '#fff';
      ctx.fillText(name, x + 4, y + h / 2 + 4);
    });
  }
  // Fades everything but the selected job.
  outline(ctx, ink) {
    if (this.selected < 0) return;
    ctx.globalAlpha = 0.65;
    ctx.fillStyle = ink.empty;
    ctx.fillRect(this.gutter, 0, this.width, this.height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink.accent;
    this.eachSeen((job, x, y, w, h) => {
      if (job === this.selected) ctx.fillRect(x, y, Math.max(w, 2), Math.max(h, 2));
    });
  }
  shadeCharts() {
    const span = (meta.end - meta.begin) / meta.tick;
    const from = Math.max(0, this.view.t0 / span);
    const to = Math.min(1, this.view.t1 / span);
    for (const chart of this.charts.list) {
      const all = from <= 0 && to >= 1;
      chart.window.setAttribute('x', chart.x(Math.min(1, from)));
      chart.window.setAttribute('width', all ? 0 : Math.max(1, chart.x(to) - chart.x(from)) || 1);
    }
  }
  jobAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const { view, rects } = this;
    const slack = (view.t1 - view.t0) / this.width;  // a pixel
    const tick = view.t0 + (event.clientX - box.left - this.gutter) * slack;
    const row = view.y0 + (event.clientY - box.top) / this.height * (view.y1 - view.y0);
    let best = -1;
    for (let i = 0; i < rects.n && rects.x0[i] <= tick + slack; ++i) {
      if (rects.x1[i] + slack < tick || row < rects.y0[i] || row >= rects.y1[i]) continue;
      best = rects.job[i];
      if (rects.x0[i] <= tick && tick < rects.x1[i]) break;
    }
    return best;
  }
  zoom(factor, x, y, rows) {
    const { view } = this;
    const around = (low, high, share) => {
      const at = low + (high - low) * share;
      return [at - (at - low) * factor, at + (high - at) * factor];
    };
    if (rows) [view.y0, view.y1] = around(view.y0, view.y1, y);
    else [view.t0, view.t1] = around(view.t0, view.t1, x);
    this.clamp();
  }
  clamp() {
    const { view } = this;
    const span = Math.max(1, (meta.end - meta.begin) / meta.tick);
    const limit = (low, high, least, from, to) => {
      const size = Math.min(Math.max(high - low, least), to - from);
      const begin = Math.min(Math.max(low, from), to - size);
      return [begin, begin + size];
    };
    [view.t0, view.t1] = limit(view.t0, view.t1, Math.min(span, 10), -span * 0.02, span * 1.02);
    [view.y0, view.y1] = limit(view.y0, view.y1, Math.min(1000, this.rects.rows), 0,
      this.rects.rows || 1);
    this.later();
  }
  move(dx, dy) {
    const { view } = this;
    const t = dx / this.width * (view.t1 - view.t0);
    const y = dy / this.height * (view.y1 - view.y0);
    Object.assign(view, { t0: view.t0 - t, t1: view.t1 - t, y0: view.y0 - y, y1: view.y1 - y });
    this.clamp();
  }
  // Shows one job with a margin around it.
  focus(job) {
    this.selected = job;
    const { jobs } = this.data;
    const start = Number.isNaN(jobs.start[job]) ? jobs.submit[job] : jobs.start[job];
    const size = Math.max(jobs.end[job] - start, 60 / meta.tick);
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.rects.n; ++i) {
      if (this.rects.job[i] !== job) continue;
      low = Math.min(low, this.rects.y0[i]);
      high = Math.max(high, this.rects.y1[i]);
    }
    Object.assign(this.view, { t0: start - 2 * size, t1: start + 3 * size });
    if (low < high) {
      const tall = Math.max(high - low, 4000);
      Object.assign(this.view, { y0: low - tall, y1: high + tall });
    }
    this.clamp();
  }
  listen() {
    const { holder } = this;
    holder.addEventListener('wheel', (event) => {
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect();
      const delta = event.deltaY || event.deltaX;
      this.zoom(Math.exp(Math.sign(delta) * Math.min(0.5, Math.abs(delta) * 0.002)),
        (event.clientX - box.left - this.gutter) / this.width,
        (event.clientY - box.top) / this.height, event.shiftKey);
    }, { passive: false });
    let last = null;
    let moved = false;
    holder.addEventListener('pointerdown', (event) => {
      last = event;
      moved = false;
      holder.setPointerCapture(event.pointerId);
    });
    holder.addEventListener('pointermove', (event) => {
      if (last) {
        const [dx, dy] = [event.clientX - last.clientX, event.clientY - last.clientY];
        moved ||= Math.abs(dx) + Math.abs(dy) > 3;
        if (!moved) return;
        holder.classList.add('moving');
        this.move(dx, dy);
        last = event;
        tip.hide();
        return;
      }
      const job = this.jobAt(event);
      if (job < 0) tip.hide(); else tip.show(event, describe(this.data, job));
    });
    holder.addEventListener('pointerup', (event) => {
      if (last && !moved) {
        this.selected = this.jobAt(event);
        this.later();
      }
      last = null;
      holder.classList.remove('moving');
    });
    holder.addEventListener('pointerleave', () => tip.hide());
    holder.addEventListener('dblclick', () => this.showAll());
    holder.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 60],
        ArrowDown: [0, -60] };
      if (step[event.key]) this.move(...step[event.key]);
      else if (event.key === '+' || event.key === '=') this.zoom(0.7, 0.5, 0.5, event.shiftKey);
      else if (event.key === '-' || event.key === '_') this.zoom(1.4, 0.5, 0.5, event.shiftKey);
      else if (event.key === '0') this.showAll();
      else return;
      event.preventDefault();
    });
  }
}

// The best matches first: the same id, ids that begin so, users, ids that hold it.
function findJobs(jobs, wanted, most) {
  const ranks = [[], [], [], []];
  const text = wanted.toLowerCase();
  const users = meta.users.map((name) => name.toLowerCase().includes(text));
  for (let i = 0; i < jobs.n; ++i) {
    const name = jobs.names[i].toLowerCase();
    if (name === text) ranks[0].push(i);
    else if (name.startsWith(text)) ranks[1].push(i);
    else if (users[jobs.user[i]]) ranks[2].push(i);
    else if (name.includes(text)) ranks[3].push(i);
  }
  const all = ranks.flat();
  return { count: all.length, shown: all.slice(0, most) };
}

function listenToSearch(data, gantt) {
  const table = document.getElementById('found');
  const note = document.getElementById('found-note');
  const input = document.getElementById('search');
  input.addEventListener('input', () => {
    const wanted = input.value.trim();
    const { count, shown } = wanted ? findJobs(data.jobs, wanted, 25) : { count: 0, shown: [] };
    table.hidden = shown.length === 0;
    note.textContent = wanted === '' ? '' : count === 0 ? 'No job on this page matches.'
      : `${count} of ${data.jobs.n} jobs match${count > shown.length
        ? `; the first ${shown.length} are shown` : ''}. Click one to see it in the schedule.`;
    const { jobs } = data;
    table.tBodies[0].replaceChildren(...shown.map((job) => {
      const row = document.createElement('tr');
      const started = !Number.isNaN(jobs.start[job]);
      const cells = [jobs.names[job], userName(jobs.user[job]), stateName(jobs.state[job]),
        clock(seconds(jobs.submit[job])),
        started ? lasting((jobs.start[job] - jobs.submit[job]) * meta.tick) : '',
        started ? clock(seconds(jobs.start[job])) : '',
        jobs.state[job] < unfinished ? clock(seconds(jobs.end[job])) : '',
        jobs.tasks[job], nodesText(data, job), jobs.attempts[job],
        reasonName(jobs.waitReason[job]), reasonName(jobs.startReason[job])];
      for (const cell of cells) row.insertCell().textContent = cell;
      row.addEventListener('click', () => {
        gantt.focus(job);
        document.getElementById('gantt-panel').scrollIntoView({ behavior: 'smooth' });
      });
      return row;
    }));
  });
}

function drawDistributions() {
  drawCdf(document.getElementById('wait-cdf'), { title: 'Share of jobs that waited at most',
    points: meta.waits, colour: 's2', text: lasting,
    decade: [1, 10, 60, 600, 3600, 21600, 86400, 864000, 8640000, 86400000] });
  drawCdf(document.getElementById('slowdown-cdf'), {
    title: 'Share of jobs with a bounded slowdown of at most', points: meta.slowdowns,
    colour: 's4', text: short, decade: [1, 2, 5, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7] });
}

function startPage() {
  if (meta.stride > 1) {
    const notice = document.getElementById('sampled');
    notice.hidden = false;
    const ordinal = { 2: '2nd', 3: '3rd' }[meta.stride] ?? `${meta.stride}th`;
    notice.textContent = `The schedule and the job lookup hold every ${ordinal} job, `
      + `${meta.kept.toLocaleString('en')} of ${meta.jobs.toLocaleString('en')}, so that this page `
      + 'stays usable. The summary, the charts over time and the distributions are of all jobs; '
      + 'jobs.csv holds every one.';
  }
  const data = decodeJobs();
  const levels = decodeTimeline();
  const holder = document.getElementById('charts');
  const charts = { list: meta.end > meta.begin ? drawTimeline(holder, levels) : [] };
  drawDistributions();
  const gantt = new Gantt(document.getElementById('gantt'), data, charts);
  document.getElementById('unit-label').hidden = !(meta.gpus > 0);
  document.getElementById('unit').value = gantt.unit;
  const on = (id, event, deed) => document.getElementById(id).addEventListener(event, deed);
  on('unit', 'change', (event) => gantt.setUnit(event.target.value));
  on('colour', 'change', (event) => gantt.setColour(event.target.value));
  on('zoom-in', 'click', () => gantt.zoom(0.6, 0.5, 0.5, false));
  on('zoom-out', 'click', () => gantt.zoom(1.7, 0.5, 0.5, false));
  on('zoom-all', 'click', () => gantt.showAll());
  listenToSearch(data, gantt);
  addEventListener('resize', () => {
    if (meta.end > meta.begin) charts.list = drawTimeline(holder, levels);
    drawDistributions();
    gantt.later();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => gantt.later());
  gantt.draw();
  Object.assign(document.body.dataset, { jobs: String(data.jobs.n),
    pieces: String(data.pieces.job.length) });
}

startPage();
