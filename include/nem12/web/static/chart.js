"use strict";

const NEM = "Australia/Brisbane";

// light-dark() is resolved in a real colour property only.
function resolved(probe) {
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  return resolved(probe);
}

function flagColour(flag) {
  const probe = document.createElement("span");
  probe.className = `quality q-${flag.letter}`;
  return resolved(probe);
}

function nem(seconds, minutes = 0) {
  const text = new Date((seconds + minutes * 60 + 36000) * 1000).toISOString();
  return [text.slice(0, 10), text.slice(11, 16)];
}

function described(item, seconds, figure) {
  const [day, start] = nem(seconds);
  const end = nem(seconds, item.interval_minutes)[1];
  const from = item.file === null ? "" : ` · ${item.file} line ${item.line}`;
  return `${day} ${start} – ${end} · ${item.consumption} ${item.uom} · ` +
    `${quality(item, figure)}${from}`;
}

function quality(item, figure) {
  const flag = JSON.parse(figure.dataset.flags).find((each) => is(item, each));
  const method = JSON.parse(figure.dataset.methods)[item.quality_method.slice(1)];
  return `${flag.word} (${item.quality_method}${method ? `, ${method}` : ""})`;
}

function is(item, flag) {
  return item.quality_method[0] === flag.letter;
}

function draw(figure, items) {
  const plot = figure.querySelector(".plot");
  const said = figure.querySelector("output");
  const starts = items.map((item) => Date.parse(item.timestamp) / 1000);
  const flags = JSON.parse(figure.dataset.flags);
  const present = flags.filter((flag) => items.some((item) => is(item, flag)));
  const bars = uPlot.paths.bars({ size: [1, Infinity], align: 1, gap: items.length < 400 ? 1 : 0 });
  const axis = () => ({
    stroke: colour("--quiet"), font: "12px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false },
  });
  const options = () => ({
    width: Math.max(280, plot.clientWidth),
    height: 270,
    padding: [12, 24, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), NEM),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      // To the end of the last interval.
      x: { range: (_, first, last) => [first, last + items.at(-1).interval_minutes * 60] },
      y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.05 : 1] },
    },
    axes: [
      { ...axis(), values: [
        // Distance of the ticks, label, and what is added where year, month or day change.
        [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
        [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
        [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
      ] },
      { ...axis(), size: 54, label: items[0].uom, labelSize: 16, labelFont: "12px system-ui, sans-serif" },
    ],
    series: [{}, ...present.map((flag) => ({
      label: flag.word, fill: flagColour(flag), width: 0, paths: bars, points: { show: false },
    }))],
    hooks: { setCursor: [(u) => {
      const at = u.cursor.idx;
      if (at !== null && at !== undefined && items[at]) said.textContent = described(items[at], starts[at], figure);
    }] },
  });
  const data = [starts, ...present.map((flag) =>
    items.map((item) => (is(item, flag) ? Number(item.consumption) : null)))];
  let chart = new uPlot(options(), data, plot);
  const again = () => { chart.destroy(); chart = new uPlot(options(), data, plot); };

  let width = plot.clientWidth;
  new ResizeObserver(() => {
    if (plot.clientWidth === width) return;
    width = plot.clientWidth;
    chart.setSize({ width: Math.max(280, width), height: 270 });
  }).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  let at = -1;
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    at = Math.min(items.length - 1, Math.max(0, at + step));
    chart.setCursor({ left: chart.valToPos(starts[at], "x"), top: 10 });
    said.textContent = described(items[at], starts[at], figure);
  });
  plot.addEventListener("click", () => {
    const index = chart.cursor.idx;
    if (index === null || index === undefined) return;
    const target = figure.dataset.day + nem(starts[index])[0];
    if (new URL(target, location.href).pathname !== location.pathname) location.assign(target);
  });
  figure.dataset.drawn = String(items.length);
}

for (const figure of document.querySelectorAll("figure.chart")) {
  fetch(figure.dataset.readings)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
    .then(({ items }) => {
      if (items.length) draw(figure, items);
      else figure.querySelector("output").textContent = "No readings in this span.";
    })
    .catch((error) => {
      figure.querySelector("output").textContent = `The curve cannot be drawn: ${error.message}`;
    });
}
