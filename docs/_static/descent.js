// The page "Watch a descent". It draws what docs/descents.py has written to window.DESCENTS, and
// computes nothing of its own: contours are traced in a grid of values of the objective.
"use strict";

(() => {
  const data = window.DESCENTS;
  const root = document.getElementById("descent");
  if (!root || !data) return;

  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = 13; // contours, each at 0.45 of the one outside it
  const FLOOR = 1e-10; // of the first gap: what is lower is rounding
  const state = { problem: "line", method: "gd", rate: "1.9/L", step: 0, timer: null, kept: null };

  // Elements

  function element(space, name, attributes, children) {
    const made = space ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  const svg = (name, attributes = {}, ...children) => element(true, name, attributes, children);
  const html = (name, attributes = {}, ...children) => element(false, name, attributes, children);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);

  // Numbers

  function number(value, digits = 4) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : String(+value.toPrecision(digits));
    return text.replace("-", "−").replace("e-", "e−");
  }
  const powerOfTen = (k) =>
    "10" + String(k).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  function ticks(low, high, count = 5) {
    const raw = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    const width = [1, 2, 5, 10].map((m) => m * power).find((w) => w >= raw);
    const first = Math.ceil(low / width - 1e-9);
    const last = Math.floor(high / width + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => +((first + i) * width).toPrecision(6));
  }
  const scale = (low, high, from, to) => (v) => from + ((v - low) / (high - low)) * (to - from);
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const padded = ([low, high]) => [low - 0.08 * (high - low), high + 0.08 * (high - low)];

  // What is shown

  const problem = () => data.problems[state.problem];
  const method = () => data.methods[state.method];
  const run = () => problem().runs[state.method][Math.max(method().rates.indexOf(state.rate), 0)];
  const steps = () => run().gap.length - 1;
  const nameOfRun = () => method().label + (method().rates.length ? `, rate ${state.rate}` : "");
  const rateAt = (step) => run().rates.filter(([k]) => k <= Math.max(step, 1)).at(-1)?.[1];

  // Charts

  function frame(name, height, xs, ys, labels, yTicks = ticks(...ys).map((v) => [v, number(v)])) {
    const chart = part(name);
    const width = Math.max(chart.clientWidth, 200);
    const left = 52, right = width - 14, top = 10, bottom = height - 40;
    const x = scale(...xs, left, right);
    const y = scale(...ys, bottom, top);
    const grid = svg("g", { class: "descent-axes" });
    const box = { x: left, y: top, width: right - left, height: bottom - top };
    for (const v of ticks(...xs, Math.min(6, width / 70))) {
      grid.append(svg("line", { x1: x(v), x2: x(v), y1: top, y2: bottom }));
      grid.append(svg("text", { x: x(v), y: bottom + 15, "text-anchor": "middle" }, number(v)));
    }
    for (const [v, text] of yTicks) {
      grid.append(svg("line", { x1: left, x2: right, y1: y(v), y2: y(v) }));
      grid.append(svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, text));
    }
    const middle = (top + bottom) / 2;
    const turn = `rotate(-90 13 ${middle})`;
    grid.append(
      svg("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, labels[0]),
      svg("text", { x: 13, y: middle, "text-anchor": "middle", transform: turn }, labels[1]),
      svg("rect", { ...box, class: "descent-box" }),
    );
    const clip = svg("clipPath", { id: `descent-clip-${name}` }, svg("rect", box));
    const plot = svg("g", { "clip-path": `url(#descent-clip-${name})` });
    const picture = svg("svg", { width, height, role: "img" }, clip, grid, plot);
    chart.replaceChildren(picture);
    return { x, y, plot, picture, left, right, top, bottom };
  }
  const line = (points, name) =>
    svg("polyline", { class: name, points: points.map((p) => p.map((v) => v.toFixed(1)).join()).join(" ") });
  const dot = ([cx, cy], r, name) => svg("circle", { cx, cy, r, class: name });

  // The contour of one level: where it crosses the sides of each cell, by linear interpolation.
  function contour(grid, level, x, y) {
    let path = "";
    for (let i = 0; i + 1 < grid.length; i++) {
      for (let j = 0; j + 1 < grid[i].length; j++) {
        const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]];
        const crossings = [];
        corners.forEach(([a, b], k) => {
          const [c, d] = corners[(k + 1) % 4];
          const from = grid[a][b], to = grid[c][d];
          if (from < level === to < level) return;
          const share = (level - from) / (to - from);
          crossings.push(`${x(b + share * (d - b)).toFixed(1)} ${y(a + share * (c - a)).toFixed(1)}`);
        });
        for (let k = 0; k + 1 < crossings.length; k += 2) path += `M${crossings[k]}L${crossings[k + 1]}`;
      }
    }
    return path;
  }

  function drawMap() {
    const { window: view, axes, grid, optimum, start } = problem();
    const chart = frame("map", Math.min(430, Math.max(300, part("map").clientWidth)), ...view, axes);
    const last = grid.length - 1;
    const highest = Math.max(...grid.flat());
    for (let k = 0; k < LEVELS; k++) {
      const columns = scale(0, last, chart.left, chart.right);
      const rows = scale(0, last, chart.bottom, chart.top);
      const path = contour(grid, highest * 0.6 * 0.45 ** k, columns, rows);
      const opacity = 0.25 + (0.65 * k) / LEVELS;
      chart.plot.append(svg("path", { d: path, class: "descent-contour", "stroke-opacity": opacity }));
    }
    const at = ({ w1, w2 }) => w1.map((w, k) => [chart.x(w), chart.y(w2[k])]);
    const points = at(run());
    if (state.kept?.problem === state.problem) chart.plot.append(line(at(state.kept.run), "descent-kept"));
    chart.plot.append(line(points, "descent-ahead"));
    const walked = points.slice(0, state.step + 1);
    chart.plot.append(line(walked, "descent-path"), ...walked.map((p) => dot(p, 2, "descent-iterate")));
    chart.plot.append(dot([chart.x(start[0]), chart.y(start[1])], 5, "descent-start"));
    const [ox, oy] = [chart.x(optimum[0]), chart.y(optimum[1])];
    const cross = `M${ox - 6} ${oy}H${ox + 6}M${ox} ${oy - 6}V${oy + 6}`;
    chart.plot.append(svg("path", { d: cross, class: "descent-optimum" }));
    drawPoint(chart, points[state.step]);
    const where = `(${number(run().w1[state.step])}, ${number(run().w2[state.step])})`;
    const text = `Contours of the objective; ${nameOfRun()}, step ${state.step} at ${where}`;
    chart.picture.setAttribute("aria-label", text);
  }

  // Where it is; outside of the picture, the place at its edge that is nearest.
  function drawPoint(chart, [x, y]) {
    const inside = [
      Math.min(Math.max(x, chart.left + 5), chart.right - 5),
      Math.min(Math.max(y, chart.top + 5), chart.bottom - 5),
    ];
    const isOutside = Math.hypot(x - inside[0], y - inside[1]) > 6;
    chart.picture.append(dot(inside, 6, isOutside ? "descent-now descent-outside" : "descent-now"));
    if (!isOutside) return;
    const anchor = inside[0] > (chart.left + chart.right) / 2 ? "end" : "start";
    const [dx, dy] = [anchor === "end" ? -10 : 10, inside[1] < chart.top + 20 ? 16 : -8];
    const place = { x: inside[0] + dx, y: inside[1] + dy, "text-anchor": anchor };
    chart.picture.append(svg("text", { ...place, class: "descent-alert" }, "outside of the picture"));
  }

  function drawLoss() {
    const gap = run().gap;
    const kept = state.kept?.problem === state.problem ? state.kept.run.gap : [];
    const lowest = FLOOR * gap[0];
    const height = (v) => Math.log10(Math.max(v, lowest));
    const [low, high] = range([...gap, ...kept].map(height));
    const ys = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
    const every = Math.ceil((ys[1] - ys[0]) / 6);
    const marks = [];
    for (let k = ys[0]; k <= ys[1]; k += every) marks.push([k, powerOfTen(k)]);
    const length = Math.max(gap.length, kept.length, 3) - 1;
    const chart = frame("loss", 215, [0, length], ys, ["iteration", "F − min F"], marks);
    const at = (values) => values.map((v, k) => [chart.x(k), chart.y(height(v))]);
    for (const [k] of run().rates.slice(1)) {
      chart.plot.append(line([[chart.x(k), chart.top], [chart.x(k), chart.bottom]], "descent-cut"));
    }
    const points = at(gap);
    chart.plot.append(line(at(kept), "descent-kept"), line(points, "descent-ahead"));
    chart.plot.append(line(points.slice(0, state.step + 1), "descent-path"));
    chart.picture.append(dot(points[state.step], 5, "descent-now"));
    chart.picture.setAttribute("aria-label", `How far F is above its minimum, by iteration, on a logarithmic scale`);
    const seek = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const x = event.clientX - part("loss").getBoundingClientRect().left;
      pause();
      show(Math.round(((x - chart.left) / (chart.right - chart.left)) * length));
    };
    part("loss").onpointerdown = part("loss").onpointermove = seek;
  }

  function drawData() {
    const { X, y, view } = problem();
    const [w1, w2] = [run().w1[state.step], run().w2[state.step]];
    const views = { line: drawLine, boundary: drawBoundary, prediction: drawPrediction };
    const picture = views[view](X, y, w1, w2);
    picture.setAttribute("aria-label", "The data, and what the model says of them at this step");
  }

  function drawLine(X, y, slope, intercept) {
    const xs = padded([0, Math.max(...X.flat())]);
    const chart = frame("data", 215, xs, padded(range(y)), ["x", "y, and the line"]);
    chart.plot.append(...y.map((v, i) => dot([chart.x(X[i][0]), chart.y(v)], 2.5, "descent-row")));
    const ends = xs.map((x) => [chart.x(x), chart.y(slope * x + intercept)]);
    chart.plot.append(line(ends, "descent-model"));
    return chart.picture;
  }

  function drawBoundary(X, y, w1, w2) {
    const xs = padded(range(X.map((row) => row[0])));
    const ys = padded(range(X.map((row) => row[1])));
    const chart = frame("data", 215, xs, ys, ["x₁: versicolor ○, virginica ▲", "x₂, boundary"]);
    const far = 20 / (Math.hypot(w1, w2) || 1); // a half plane, drawn far beyond the picture
    const corner = (a, b) => [chart.x(far * (a * w1 - b * w2)), chart.y(far * (a * w2 + b * w1))];
    const half = [corner(0, 1), corner(0, -1), corner(1, -1), corner(1, 1)];
    chart.plot.append(svg("polygon", { points: half.map((p) => p.join()).join(" "), class: "descent-side" }));
    chart.plot.append(line(half.slice(0, 2), "descent-model"));
    y.forEach((kind, i) => {
      const [cx, cy] = [chart.x(X[i][0]), chart.y(X[i][1])];
      const triangle = `M${cx} ${cy - 4}l4 7h-8z`;
      const mark = kind ? svg("path", { d: triangle, class: "descent-row" }) : dot([cx, cy], 3, "descent-row-0");
      chart.plot.append(mark);
    });
    return chart.picture;
  }

  function drawPrediction(X, y, w1, w2) {
    const side = padded(range(y));
    const chart = frame("data", 215, side, side, ["predicted w₁ x₁ + w₂ x₂", "y"]);
    chart.plot.append(line(side.map((v) => [chart.x(v), chart.y(v)]), "descent-model"));
    const at = (row, i) => [chart.x(w1 * row[0] + w2 * row[1]), chart.y(y[i])];
    chart.plot.append(...X.map((row, i) => dot(at(row, i), 2.5, "descent-row")));
    return chart.picture;
  }

  // Numbers and words

  function write() {
    const { w1, w2, gap, rates, passes, message, converged, wasCut, solver } = run();
    const [first, second] = problem().axes.map((axis) => axis.split(",")[0]);
    const facts = [
      [first, number(w1[state.step])],
      [second, number(w2[state.step])],
      ["F", number(problem().lowest + gap[state.step], 6)],
      ["F − min F", number(gap[state.step])],
      ["rate", rates.length ? number(rateAt(state.step)) : "found by the method"],
    ];
    part("facts").replaceChildren(
      ...facts.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
    );
    part("about").textContent = problem().about;
    part("formula").textContent = `${problem().formula}; L = ${number(problem().L)}`;
    part("note").textContent = method().note.replace("{solver}", solver);
    const verdict = wasCut ? "The rate was too large." : converged ? "Converged." : "Not converged.";
    const cost = `${steps()} iterations, ${number(passes)} passes over the rows.`;
    part("verdict").className = wasCut ? "descent-alert" : "";
    part("verdict").textContent = verdict;
    part("message").textContent = ` ${cost} The library says: “${message}”.`;
    part("count").textContent = `step ${state.step} of ${steps()}`;
    part("keptName").textContent = state.kept ? `Dashed: ${state.kept.name}` : "";
    const slider = part("slider");
    slider.max = steps();
    slider.value = state.step;
    slider.setAttribute("aria-valuetext", `step ${state.step}, F is ${number(problem().lowest + gap[state.step])}`);
    part("play").textContent = state.timer ? "❚❚ Pause" : "▶ Play";
  }

  function show(step = state.step) {
    state.step = Math.min(Math.max(step, 0), steps());
    drawMap();
    drawLoss();
    drawData();
    write();
  }

  // Controls

  function pause() {
    clearInterval(state.timer);
    state.timer = null;
  }
  function play() {
    if (state.timer) {
      pause();
      return show();
    }
    const pace = Math.min(Math.max(6000 / steps(), 60), 700);
    state.timer = setInterval(() => {
      if (state.step + 1 >= steps()) pause();
      show(state.step + 1);
    }, pace);
    show(state.step === steps() ? 0 : state.step);
  }
  function choose(change) {
    pause();
    Object.assign(state, change);
    const rates = method().rates;
    if (!rates.includes(state.rate)) state.rate = rates[Math.min(3, rates.length - 1)];
    const pills = rates.map((rate) => pill("rate", rate, rate));
    part("rates").replaceChildren(html("legend", {}, "Rate"), ...(pills.length ? pills : ["none: found by the method"]));
    if (state.kept?.problem !== state.problem) state.kept = null;
    show(steps());
    if (change.rate) part("rates").querySelector(":checked")?.focus();
  }
  function pill(name, value, text) {
    const input = html("input", { type: "radio", name: `descent-${name}`, value });
    input.checked = state[name] === value;
    input.addEventListener("change", () => choose({ [name]: value }));
    return html("label", { class: "descent-pill" }, input, html("span", {}, text));
  }

  function build() {
    const problems = Object.entries(data.problems).map(([name, { label }]) => pill("problem", name, label));
    const methods = Object.entries(data.methods).map(([name, { label }]) => html("option", { value: name }, label));
    const select = html("select", { "data-part": "method", id: "descent-method" }, ...methods);
    select.addEventListener("change", () => choose({ method: select.value }));
    const slider = html("input", { type: "range", min: 0, "data-part": "slider", "aria-label": "Step of the descent" });
    slider.addEventListener("input", () => {
      pause();
      show(Number(slider.value));
    });
    const button = (name, text, act) => {
      const made = html("button", { type: "button", "data-part": name }, text);
      made.addEventListener("click", act);
      return made;
    };
    const keep = () => {
      state.kept = { problem: state.problem, name: nameOfRun(), run: run() };
      show();
    };
    const slot = (tag, name, attributes = {}) => html(tag, { "data-part": name, ...attributes });
    root.replaceChildren(
      html(
        "div",
        { class: "descent-controls" },
        html("fieldset", {}, html("legend", {}, "Problem"), ...problems),
        html("div", {}, html("label", { for: "descent-method" }, "Method "), select),
        slot("fieldset", "rates"),
      ),
      html("div", { class: "descent-player" }, button("play", "▶ Play", play), slider, slot("span", "count")),
      html("div", { class: "descent-charts" }, slot("div", "map"), slot("div", "loss"), slot("div", "data")),
      slot("dl", "facts"),
      html("p", {}, slot("span", "about"), " ", slot("span", "formula", { class: "descent-formula" })),
      slot("p", "note"),
      html("p", { role: "status" }, slot("strong", "verdict"), slot("span", "message")),
      html("p", {}, button("keep", "Keep this path to compare", keep), " ", slot("span", "keptName")),
    );
    choose({});
    new ResizeObserver(() => show()).observe(root);
  }
  build();
})();
