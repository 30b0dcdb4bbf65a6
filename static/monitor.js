// Draws the panels of /monitor and keeps them and their tables up to date. The tables say everything that the plots show, so
// the plots are hidden from screen readers; without this script the tables stay. While one points at a plot, the first
// column of every table shows that moment.

const root = document.getElementById("monitor");
const plots = new Map(); // panel's key → its plot
const dark = matchMedia("(prefers-color-scheme: dark)");
const DASHES = { dashed: [7, 4], dotted: [2, 3] };
const CIRCUIT = ["closed", "half-open", "open"];
const HEIGHT = 170;
let shown = null; // the newest answer
let asking = false;

refresh();
setInterval(refresh, Number(root.dataset.refresh) * 1000);
document.addEventListener("visibilitychange", refresh);
dark.addEventListener("change", redraw);

async function refresh() {
  if (document.visibilityState !== "visible" || asking) return;
  asking = true;
  try {
    const response = await fetch(root.dataset.source, { headers: { Accept: "application/json" } });
    if (response.redirected) return location.reload(); // sent to the login: the session has ended
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    shown = await response.json();
    stale(false);
  } catch {
    return stale(true);
  } finally {
    asking = false;
  }
  tell(document.getElementById("monitor-notice"), shown.notice);
  for (const panel of shown.panels) update(panel);
}

function redraw() {
  for (const plot of plots.values()) plot.destroy();
  plots.clear();
  for (const panel of shown?.panels ?? []) update(panel);
}

function stale(is) {
  document.getElementById("stale").hidden = !is;
}

function tell(note, text) {
  note.hidden = !text;
  note.lastElementChild.textContent = text;
}

function update(panel) {
  const section = root.querySelector(`[data-panel="${panel.key}"]`);
  section.querySelector("[data-unit]").textContent = panel.unit;
  if (panel.gauge) turn(section.querySelector("[data-dial]"), panel.gauge);
  const nothing = section.querySelector("[data-empty]");
  nothing.hidden = !panel.empty;
  nothing.textContent = panel.empty;
  write(section, panel);
  const place = section.querySelector("[data-plot]");
  place.hidden = Boolean(panel.empty);
  if (!panel.empty) draw(place, section, panel);
}

function turn(dial, gauge) {
  dial.className = `dial ${gauge.level}`;
  dial.querySelector(".fill").setAttribute("stroke-dasharray", `${gauge.share} 200`);
  dial.querySelector("[data-dial-text]").textContent = gauge.text;
  dial.querySelector("[data-dial-words]").textContent = gauge.words;
}

function write(section, panel) {
  const body = section.querySelector("tbody");
  const names = [...body.rows].map((row) => row.cells[0].textContent);
  if (names.join("\n") !== panel.lines.map((line) => line.name).join("\n")) {
    body.replaceChildren(...panel.lines.map(row));
  }
  panel.lines.forEach((line, index) => {
    body.rows[index].firstElementChild.firstElementChild.className = `swatch ${line.tone}`;
    line.cells.forEach((cell, column) => (body.rows[index].cells[column + 1].textContent = cell));
  });
}

function row(line) {
  const one = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.append(document.createElement("i"), line.name);
  one.append(head, ...line.cells.map(() => document.createElement("td")));
  return one;
}

function draw(place, section, panel) {
  const data = [shown.at, ...panel.lines.map((line) => line.values)];
  const kind = [panel.unit, ...panel.lines.map((line) => `${line.name} ${line.tone}`)].join("\n");
  let plot = plots.get(panel.key);
  if (plot && plot.kind === kind) return plot.setData(data); // the scale asks for the range anew
  plot?.destroy();
  plot = new uPlot(options(place, section, panel), data, place);
  plot.kind = kind;
  plots.set(panel.key, plot);
}

function options(place, section, panel) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name);
  const axis = {
    stroke: colour("--text-2"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "monitor" }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
    scales: { x: { range: () => [shown.from, shown.to] }, y: { range: (_, least, most) => reach(panel, most) } },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, moments) => moments.map(shortTime) },
      { ...axis, size: panel.kind === "circuit" ? 70 : 62, space: 34, ...heights(panel) },
    ],
    series: [{}, ...panel.lines.map((_, index) => series(section, panel, index))],
    hooks: { setCursor: [(plot) => point(plot, section, panel.key)] },
  };
}

function series(section, panel, index) {
  const swatch = getComputedStyle(section.querySelectorAll(".swatch")[index]);
  const stepped = panel.kind === "circuit" || panel.kind === "count";
  return {
    stroke: swatch.color,
    width: 2,
    dash: DASHES[swatch.borderTopStyle],
    paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
    points: { size: 5, fill: swatch.color },
  };
}

function reach(panel, most) {
  if (panel.kind === "circuit") return [-0.1, 2.1];
  if (panel.kind === "count") return [0, Math.max(4, (most ?? 0) * 1.15)];
  return [0, most > 0 ? most * 1.15 : 1];
}

function heights(panel) {
  if (panel.kind === "circuit") {
    return { splits: () => [0, 1, 2], values: (_, values) => values.map((value) => CIRCUIT[value]) };
  }
  const values = (_, all) => all.map((value) => say(panel.kind, value));
  if (panel.kind === "seconds") return { incrs: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200], values };
  return panel.kind === "count" ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000], values } : { values };
}

// The tables' first column follows the pointer.
function point(plot, section, key) {
  const panel = shown.panels.find((one) => one.key === key);
  const place = plot.cursor.idx;
  const head = section.querySelector("thead th:nth-child(2)");
  const at = plot.cursor.left >= 0 && place !== null && place !== undefined;
  head.classList.toggle("at", at);
  head.textContent = at ? longTime(shown.at[place]) : panel.columns[0];
  panel.lines.forEach((line, index) => {
    const cell = section.querySelector("tbody").rows[index]?.cells[1];
    if (cell) cell.textContent = at ? say(panel.kind, line.values[place]) : line.cells[0];
  });
}

function say(kind, value) {
  if (value === null || value === undefined) return "–";
  if (kind === "circuit") return CIRCUIT[value] ?? "";
  if (kind === "seconds") return span(value);
  return value.toLocaleString("en", value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

function span(value) {
  const whole = Math.round(value);
  const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const from = parts.findIndex(([amount]) => amount);
  if (from < 0) return "0\u00a0s";
  return parts.slice(from, from + 2).filter(([amount]) => amount).map((part) => part.join("\u00a0")).join(" ");
}

function shortTime(moment) {
  const long = shown.to - shown.from > 2 * 86400;
  const form = long ? { weekday: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(moment * 1000).toLocaleString(undefined, form);
}

function longTime(moment) {
  const weekday = shown.to - shown.from > 43200 ? "short" : undefined;
  const form = { weekday, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(moment * 1000).toLocaleString(undefined, form);
}

new ResizeObserver(() => {
  for (const plot of plots.values()) {
    const width = plot.root.parentElement.clientWidth;
    if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  }
}).observe(root);
