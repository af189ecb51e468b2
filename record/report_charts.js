// Charts as SVG: levels over time and cumulative distributions.
function svgNode(name, attributes, parent) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

function svgText(text, attributes, parent) {
  svgNode('text', attributes, parent).textContent = text;
}

const margin = { left: 58, right: 12, top: 24, bottom: 24 };

// Axes, grid and title; returns the svg and its scales.
function frame(holder, options) {
  const width = Math.max(260, holder.clientWidth || 900);
  const { height, title, yTop, yText, xTicks } = options;
  const svg = svgNode('svg', { height, role: 'img', 'aria-label': title }, null);
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = (share) => margin.left + share * (right - margin.left);
  const y = (value) => bottom - value / yTop * (bottom - margin.top);
  svgText(title, { x: margin.left, y: 13, class: 'name' }, svg);
  for (const tick of options.yTicks) {
    svgNode('line', { x1: margin.left, x2: right, y1: y(tick), y2: y(tick), class: 'grid' }, svg);
    svgText(yText(tick), { x: margin.left - 7, y: y(tick) + 4, 'text-anchor': 'end' }, svg);
  }
  for (const { share, text } of xTicks) {
    svgNode('line', { x1: x(share), x2: x(share), y1: bottom, y2: bottom + 4, class: 'grid' }, svg);
    const anchor = share > 0.96 ? 'end' : share < 0.02 ? 'start' : 'middle';
    svgText(text, { x: x(share), y: bottom + 17, 'text-anchor': anchor }, svg);
  }
  holder.append(svg);
  return { svg, x, y, right, bottom, width };
}

// Follows the pointer with a line and says what `words(share)` says.
function hover(chart, words) {
  const { svg, right, bottom } = chart;
  const line = svgNode('line', { y1: margin.top, y2: bottom, class: 'cross', visibility: 'hidden' },
    svg);
  svg.addEventListener('pointermove', (event) => {
    const at = event.clientX - svg.getBoundingClientRect().left;
    const share = (at - margin.left) / (right - margin.left);
    if (share < 0 || share > 1) {
      line.setAttribute('visibility', 'hidden');
      tip.hide();
      return;
    }
    line.setAttribute('x1', at);
    line.setAttribute('x2', at);
    line.setAttribute('visibility', 'visible');
    tip.show(event, words(share));
  });
  svg.addEventListener('pointerleave', () => {
    line.setAttribute('visibility', 'hidden');
    tip.hide();
  });
}

function legendOf(chart, series) {
  if (series.length < 2) return;
  let at = chart.right;
  for (const { name, colour } of [...series].reverse()) {
    at -= 7 * name.length + 22;
    svgNode('rect', { x: at, y: 5, width: 10, height: 10, rx: 2, fill: `var(--${colour})` },
      chart.svg);
    svgText(name, { x: at + 15, y: 14 }, chart.svg);
  }
}

// A staircase: a bucket's mean holds for all of the bucket.
function stairs(chart, values, area) {
  const span = meta.end - meta.begin;
  let path = '';
  for (let i = 0; i < values.length; ++i) {
    const from = chart.x(Math.min(1, i * meta.width / span));
    const to = chart.x(Math.min(1, (i + 1) * meta.width / span));
    const level = chart.y(values[i]).toFixed(1);
    path += `${i === 0 ? 'M' : 'L'}${from.toFixed(1)},${level}H${to.toFixed(1)}`;
  }
  if (area) path += `V${chart.bottom}H${chart.x(0)}Z`;
  return path;
}

function levelChart(holder, { title, series, top, text, height = 150 }) {
  let most = top;
  if (most === undefined) {
    most = 0;
    for (const { values } of series) for (const value of values) most = Math.max(most, value);
  }
  const yTicks = niceTicks(most || 1, 4);
  const span = meta.end - meta.begin;
  const { step, ticks } = timeTicks(meta.begin, meta.end, Math.max(3, holder.clientWidth / 110));
  const chart = frame(holder, { height, title, yTicks, yTop: Math.max(most, yTicks.at(-1)) || 1,
    yText: text,
    xTicks: ticks.map((at) => ({ share: (at - meta.begin) / span, text: clock(at, step) })) });
  chart.svg.dataset.points = series[0].values.length;
  series.forEach(({ values, colour }, i) => {
    if (i === 0) {
      svgNode('path', { d: stairs(chart, values, true), fill: `var(--${colour})`, opacity: 0.22 },
        chart.svg);
    }
    svgNode('path', { d: stairs(chart, values, false), fill: 'none', stroke: `var(--${colour})`,
      'stroke-width': 1.4, 'stroke-linejoin': 'round' }, chart.svg);
  });
  legendOf(chart, series);
  chart.window = svgNode('rect', { y: margin.top, height: chart.bottom - margin.top, width: 0,
    class: 'window' }, chart.svg);
  hover(chart, (share) => {
    const bucket = Math.min(meta.buckets - 1, Math.floor(share * span / meta.width));
    const from = meta.begin + bucket * meta.width;
    return [clock(from), ...series.map(({ name, values }) => [name, text(values[bucket])])];
  });
  return chart;
}

function drawTimeline(holder, levels) {
  holder.replaceChildren();
  const percent = (value) => `${Number(value.toFixed(1))} %`;
  const share = (values, all) => values.map((value) => 100 * value / all);
  const charts = [];
  const used = [];
  if (meta.gpus > 0) {
    used.push({ name: 'GPUs', values: share(levels.gpus, meta.gpus), colour: 's1' });
  }
  if (meta.cores > 0) {
    used.push({ name: 'cores', values: share(levels.cores, meta.cores),
      colour: meta.gpus > 0 ? 's2' : 's1' });
  }
  if (used.length > 0) {
    const title = `Utilisation of ${used.map(({ name }) => name).join(' and ')}`;
    charts.push(levelChart(holder, { title, series: used, top: 100, text: percent }));
  }
  if (meta.shared && meta.gpus > 0) {
    charts.push(levelChart(holder, { title: 'GPUs free and of no use to the usual job', height: 120,
      series: [{ name: 'fragmented', values: share(levels.fragmented, meta.gpus), colour: 's4' }],
      text: percent }));
  }
  charts.push(levelChart(holder, { title: 'Jobs waiting',
    series: [{ name: 'waiting', values: levels.pending, colour: 's2' }], text: short }));
  charts.push(levelChart(holder, { title: 'Jobs running', height: 120,
    series: [{ name: 'running', values: levels.running, colour: 's3' }], text: short }));
  if (levels.down.some((value) => value > 0)) {
    charts.push(levelChart(holder, { title: 'Nodes down', height: 110,
      series: [{ name: 'down', values: levels.down, colour: 's4' }], text: short }));
  }
  if (meta.powered) {
    charts.push(levelChart(holder, { title: 'Power', height: 120,
      series: [{ name: 'power', values: levels.watts, colour: 's4' }],
      text: (watts) => `${short(watts / 1000)} kW` }));
  }
  return charts;
}

// points: [upper edge, jobs up to it]; the first holds everything up to its edge.
function drawCdf(holder, { title, points, colour, text, decade }) {
  holder.replaceChildren();
  if (points.length === 0 || points.at(-1)[1] === 0) return;
  const low = points[0][0];
  const high = Math.max(points.at(-1)[0], low * 10);
  const all = points.at(-1)[1];
  const place = (value) => Math.log(value / low) / Math.log(high / low);
  const xTicks = decade.filter((at) => at >= low && at <= high)
    .map((at) => ({ share: place(at), text: text(at) }));
  const chart = frame(holder, { height: 230, title, yTicks: [0, 25, 50, 75, 100], yTop: 100,
    yText: (value) => `${value} %`, xTicks });
  let path = `M${chart.x(0)},${chart.y(100 * points[0][1] / all)}`;
  for (const [edge, count] of points.slice(1)) {
    path += `L${chart.x(place(edge)).toFixed(1)},${chart.y(100 * count / all).toFixed(1)}`;
  }
  path += `H${chart.right}`;
  svgNode('path', { d: path, fill: 'none', stroke: `var(--${colour})`, 'stroke-width': 2 },
    chart.svg);
  hover(chart, (share) => {
    const value = low * (high / low) ** share;
    let count = points[0][1];
    for (const [edge, upTo] of points) if (edge <= value) count = upTo;
    return [`up to ${text(value)}`, ['jobs', `${(100 * count / all).toFixed(1)} %`]];
  });
}
