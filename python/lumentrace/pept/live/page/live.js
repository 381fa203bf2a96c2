// Puts together what is heard, remembered and drawn.
import { colours, number } from "./canvas.js";
import { chart } from "./charts.js";
import { Scene } from "./scene.js";
import { connect } from "./socket.js";
import { Store } from "./store.js";

const element = (id) => document.getElementById(id);
const store = new Store();
const view = { paused: false, at: 0, palette: [], status: ["waiting", "connecting …"], due: false };
const colour = (label) => view.palette[label % view.palette.length];
const AXES = ["x", "y", "z"];

const CHARTS = [
  ...AXES.map((name, axis) => ({ name, unit: "mm, band: 2 σ", value: (point) => point[axis + 1], sigma: (point) => point[axis + 4] })),
  { name: "Speed", unit: "m/s", value: (point) => point[7], floor: 0 },
  { name: "Rate", unit: "lines/ms", figure: "rate", floor: 0 },
  { name: "Explained", unit: "% of the lines", figure: "explained", scale: 100, floor: 0 },
];

const FIGURES = [
  ["Tracers", "", (frame) => String(frame.count)],
  ["Rate", "lines/ms", (frame) => number(frame.rate, frame.rate < 100 ? 1 : 0)],
  ["Explained", "%", (frame) => number(frame.explained === null ? null : 100 * frame.explained, 0)],
  ["Lag", "ms", (frame) => number(frame.lag, 0)],
  ["Lines", "", (frame) => frame.lines.toLocaleString("en")],
  ["Dropped", "lines", (frame) => frame.dropped.toLocaleString("en"), (frame) => frame.dropped > 0],
];

const COLUMNS = [
  ["tracer", "", (row) => String(row[0])],
  ["x", "mm", (row) => number(row[1], 1)],
  ["y", "mm", (row) => number(row[2], 1)],
  ["z", "mm", (row) => number(row[3], 1)],
  ["± σ", "mm", (row) => number(row[4], 2)],
  ["speed", "m/s", (row) => number(row[5], 3)],
  ["rate", "lines/ms", (row) => number(row[6], 1), "wide"],
  ["blur", "mm", (row) => number(row[7], 2), "wide"],
];

const made = (name, text = "", className = "") => {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
};

const build = () => {
  for (const [name, unit] of FIGURES) {
    const box = made("div");
    const value = made("dd", "–");
    box.append(made("dt", unit && unit !== "%" ? `${name} (${unit})` : name), value);
    element("figures").append(box);
  }
  for (const [name, unit, , kind] of COLUMNS) {
    const head = made("th", name, kind);
    head.scope = "col";
    head.append(made("small", unit || "\u00a0"));
    element("columns").append(head);
  }
  for (const each of CHARTS) {
    const [figure, caption] = [made("figure"), made("figcaption", `${each.name} `)];
    each.canvas = made("canvas");
    each.canvas.setAttribute("role", "img");
    each.canvas.setAttribute("aria-label", `${each.name} over time, ${each.unit}`);
    caption.append(made("span", each.unit));
    figure.append(caption, each.canvas);
    element("charts").append(figure);
  }
};

const showFigures = (frame) => {
  FIGURES.forEach(([, unit, tell, alarm], place) => {
    const box = element("figures").children[place];
    box.lastChild.textContent = tell(frame) + (unit === "%" && frame.explained !== null ? " %" : "");
    box.classList.toggle("alarm", Boolean(alarm && alarm(frame)));
  });
};

const showTracers = (rows) => {
  element("none").hidden = rows.length > 0;
  element("tracers").replaceChildren(
    ...rows.map((row) => {
      const line = made("tr");
      COLUMNS.forEach(([, , tell, kind], place) => {
        const cell = made("td", tell(row), kind);
        if (!place) {
          const swatch = made("span", "", "swatch");
          swatch.style.background = colour(row[0]);
          cell.prepend(swatch);
        }
        line.append(cell);
      });
      return line;
    }),
  );
};

const WORDS = { raised: "alarm", cleared: "over", notice: "notice" };
let heardOf = "";
const showSaid = (until) => {
  const said = store.said.filter((each) => each.time === null || each.time <= until).slice(-100);
  const key = `${said.length} ${said.at(-1)?.time} ${said.at(-1)?.text}`;
  if (key === heardOf) return;
  heardOf = key;
  element("quiet").hidden = said.length > 0;
  element("said").replaceChildren(
    ...said.reverse().map((each) => {
      const kind = WORDS[each.state] ? each.state : "notice";
      const line = made("li", "", kind);
      line.append(made("time", each.time === null ? "" : `${number(each.time / 1000, 1)} s`), made("b", WORDS[kind]), made("span", each.text));
      return line;
    }),
  );
};

const showStatus = (until) => {
  const [state, text] = view.status;
  const paused = view.paused && state === "live";
  const missed = store.skipped ? `, ${store.skipped} frames missed: this viewer is slow` : "";
  const words = paused ? "paused; the run goes on" : text + missed;
  if (element("status").textContent !== words) element("status").textContent = words;
  element("status").dataset.state = paused ? "paused" : state;
  element("pause").textContent = view.paused ? "Go on" : "Pause";
  const [at, behind] = [element("at"), (store.end - until) / 1000];
  [at.min, at.max] = [store.begin, Math.max(store.end, store.begin + 1)];
  at.value = until;
  element("time").value = `${number(until / 1000, 1)} s${view.paused ? ` (−${number(behind, 1)} s)` : ""}`;
};

const draw = () => {
  view.due = false;
  const until = view.paused ? Math.max(store.begin, Math.min(view.at, store.end)) : store.end;
  showStatus(until);
  showSaid(view.paused ? until : Infinity);
  const frame = store.at(until);
  if (!frame) return;
  showFigures(frame);
  showTracers(frame.tracers);
  const first = until - 1000 * Number(element("span").value);
  const tracks = store.between(first, until);
  scene.draw(tracks, { first, last: until, colour, now: frame.tracers });
  const frames = store.framesBetween(first, until);
  const accent = colours().accent;
  for (const { canvas, figure, scale = 1, value, sigma, floor } of CHARTS) {
    const figures = [{ points: frames, time: (each) => each.time, value: (each) => (each[figure] === null ? NaN : scale * each[figure]), colour: accent }];
    const series = figure ? figures : tracks.map(({ label, points }) => ({ points, time: (each) => each[0], value, sigma, colour: colour(label) }));
    chart(canvas, series, { first, last: until, floor });
  }
};

const redraw = () => {
  if (view.due) return;
  view.due = true;
  requestAnimationFrame(draw);
};

const pause = (paused) => {
  if (paused && !view.paused) view.at = store.end;
  view.paused = paused;
  redraw();
};

const move = (ms) => {
  pause(true);
  view.at = Math.max(store.begin, Math.min(store.end, view.at + ms));
  redraw();
};

const KEYS = { ArrowLeft: () => move(-1000), ArrowRight: () => move(1000), Home: () => move(-Infinity), End: () => pause(false) };

const listen = () => {
  element("pause").addEventListener("click", () => pause(!view.paused));
  element("at").addEventListener("input", (event) => {
    view.paused = true;
    view.at = Number(event.target.value);
    redraw();
  });
  element("span").addEventListener("change", redraw);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, select, .rows, ol")) return;
    const act = event.key === " " ? () => pause(!view.paused) : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
};

const HEARD = {
  hello: (message) => {
    store.clear();
    view.palette = message.palette;
    element("title").textContent = message.title;
    document.title = `${message.title} – lumentrace live`;
    view.status = ["live", "connected"];
  },
  history: (message) => message.frames.forEach((frame) => store.add(frame)),
  frame: (message) => store.add(message),
  skipped: (message) => (store.skipped += message.count),
};

const scene = new Scene(element("scene"), redraw);
build();
listen();
connect(
  (message) => {
    HEARD[message.kind]?.(message);
    redraw();
  },
  (why, wait) => {
    view.status = ["lost", `${why}; trying again in ${wait} s`];
    redraw();
  },
);
