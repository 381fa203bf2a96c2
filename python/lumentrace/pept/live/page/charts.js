// Lines over time with bands of two sigma.
import { broken, colours, number, prepared, ticks } from "./canvas.js";

const MARGIN = { left: 46, right: 8, top: 8, bottom: 22 };

const bounds = (series) => {
  let [low, high] = [Infinity, -Infinity];
  for (const { points, value, sigma } of series)
    for (const point of points) {
      const [middle, half] = [value(point), sigma ? 2 * sigma(point) : 0];
      if (!Number.isFinite(middle)) continue;
      low = Math.min(low, middle - half);
      high = Math.max(high, middle + half);
    }
  return [low, high];
};

const padded = ([low, high], floor) => {
  if (!(high >= low)) return [0, 1];
  const space = Math.max(0.06 * (high - low), 0.02 * Math.abs(high), 1e-3);
  return [floor !== undefined ? Math.min(floor, low) : low - space, high + (floor !== undefined ? 0.08 * high : space)];
};

const axes = (pen, { width, height, first, last, low, high, x, y, colour }) => {
  pen.strokeStyle = colour.line;
  pen.fillStyle = colour.muted;
  pen.lineWidth = 1;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  const across = ticks(low, high, 4);
  for (const value of across.values) {
    pen.beginPath();
    pen.moveTo(MARGIN.left, y(value));
    pen.lineTo(width - MARGIN.right, y(value));
    pen.stroke();
    pen.fillText(number(value, across.digits), MARGIN.left - 6, y(value));
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const along = ticks(first / 1000, last / 1000, Math.max(2, Math.floor(width / 90)));
  for (const value of along.values) {
    const text = `${number(value, along.digits)} s`;
    const place = x(1000 * value);
    if (place > MARGIN.left && place + pen.measureText(text).width / 2 < width) pen.fillText(text, place, height - MARGIN.bottom + 6);
  }
};

// Stretches without a gap.
const stretches = (points, time, value) => {
  const known = points.filter((point) => Number.isFinite(value(point)));
  const found = [];
  known.forEach((point, at) => {
    if (!at || broken(known, at, time)) found.push([]);
    found.at(-1).push(point);
  });
  return found;
};

const trace = (pen, places) => places.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));

// Series are { points, time, value, sigma, colour }; sigma may be missing.
export const chart = (canvas, series, { first, last, floor }) => {
  const { pen, width, height } = prepared(canvas);
  const [low, high] = padded(bounds(series), floor);
  const x = (time) => MARGIN.left + ((time - first) / (last - first)) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom - ((value - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
  axes(pen, { width, height, first, last, low, high, x, y, colour: colours() });
  pen.save();
  pen.beginPath();
  pen.rect(MARGIN.left, 0, width - MARGIN.left - MARGIN.right, height - MARGIN.bottom);
  pen.clip();
  for (const { points, time, value, sigma, colour } of series)
    for (const part of stretches(points, time, value)) {
      if (sigma) {
        const edge = (sign) => part.map((each) => [x(time(each)), y(value(each) + sign * 2 * sigma(each))]);
        pen.beginPath();
        trace(pen, [...edge(1), ...edge(-1).reverse()]);
        pen.globalAlpha = 0.25;
        pen.fillStyle = colour;
        pen.fill();
        pen.globalAlpha = 1;
      }
      pen.beginPath();
      trace(pen, part.map((each) => [x(time(each)), y(value(each))]));
      pen.strokeStyle = colour;
      pen.lineWidth = 1.6;
      pen.stroke();
    }
  pen.restore();
};
