// What all drawings share: sharp canvases, colours of the scheme, round numbers on axes.
export const prepared = (canvas) => {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  pen.lineJoin = "round";
  return { pen, width, height };
};

export const colours = () => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return { text: colour("text"), muted: colour("muted"), line: colour("line"), card: colour("card"), accent: colour("accent") };
};

// Round numbers between two others, about so many.
export const ticks = (low, high, count) => {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let number = Math.ceil(low / step - 1e-9); number * step <= high + 1e-9 * step; number++) found.push(number * step);
  return { values: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
};

const GAP = 2500; // ms
const LONG = 6;

// Whether there is a gap before an item: it is long, or much longer than the steps beside it.
export const broken = (items, at, time) => {
  const step = (other) => (other > 0 && other < items.length ? time(items[other]) - time(items[other - 1]) : 0);
  return step(at) > GAP || step(at) > LONG * Math.max(step(at - 1), step(at + 1), 10);
};

export const number = (value, digits) => (value === null || value === undefined || Number.isNaN(value) ? "n/a" : value.toFixed(digits));
