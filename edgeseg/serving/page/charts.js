// Two small charts in SVG: a curve and a row of bars. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 34, RIGHT = 8, TOP = 10, BOTTOM = 20;

function part(chart, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  chart.append(node);
}

// An empty chart of the size that it has on the page, and where its numbers go.
function begin(chart, most) {
  const width = chart.clientWidth, height = chart.clientHeight;
  chart.replaceChildren();
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const y = value => height - BOTTOM - value / most * (height - TOP - BOTTOM);
  for (const value of [0, most]) {
    part(chart, "line", {class: "axis", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value)});
    part(chart, "text", {x: LEFT - 5, y: y(value) + 4, "text-anchor": "end"}, value);
  }
  return {width, height, y};
}

// The least of 1, 2, 5, 10, 20, 50, ... that is not below a value.
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map(each => each * power).find(each => each >= value) ?? 1;
}

export function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function drawCurve(chart, points) {
  const values = points.map(([, value]) => value);
  const {width, height, y} = begin(chart, ceiling(Math.max(1, ...values)));
  if (!points.length) return;
  const first = points[0][0], last = points.at(-1)[0], span = Math.max(last - first, 1e-9);
  const x = seconds => LEFT + (seconds - first) / span * (width - LEFT - RIGHT);
  const path = points.map(([seconds, value]) => `${x(seconds).toFixed(1)},${y(value).toFixed(1)}`);
  part(chart, "polyline", {class: "curve", points: path.join(" ")});
  const end = points.length > 1 ? x(last) : LEFT;
  part(chart, "circle", {cx: end, cy: y(values.at(-1)), r: 3.5});
  part(chart, "text", {x: LEFT, y: height - 4}, duration(first));
  part(chart, "text", {x: width - RIGHT, y: height - 4, "text-anchor": "end"}, duration(last));
  chart.setAttribute("aria-label", `Cells over time: now ${Math.round(values.at(-1))}, least ` +
    `${Math.round(Math.min(...values))}, most ${Math.round(Math.max(...values))}, from ` +
    `${duration(first)} to ${duration(last)}`);
}

export function short(value) {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
}

export function drawBars(chart, bars, unit) {
  const {width, height, y} = begin(chart, ceiling(Math.max(1, ...bars.map(bar => bar.cells))));
  if (!bars.length) {
    chart.setAttribute("aria-label", "Areas: no cells in this frame");
    return;
  }
  const step = (width - LEFT - RIGHT) / bars.length;
  const every = Math.ceil(44 / step);
  bars.forEach((bar, index) => {
    const left = LEFT + index * step;
    part(chart, "rect", {x: left + 1, y: y(bar.cells), width: Math.max(step - 2, 1), height: y(0) - y(bar.cells)});
    if (index % every === 0) {
      part(chart, "text", {x: left, y: height - 4, "text-anchor": "middle"}, short(bar.from));
    }
  });
  const tallest = bars.reduce((one, other) => other.cells > one.cells ? other : one);
  chart.setAttribute("aria-label", `Areas from ${short(bars[0].from)} to ${short(bars.at(-1).to)} ${unit}; ` +
    `most cells, ${tallest.cells}, from ${short(tallest.from)} to ${short(tallest.to)}`);
}
