// Tracers and their trails in three dimensions, on a plain canvas: a few thousand lines take a few ms.
import { broken, colours, number, prepared, ticks } from "./canvas.js";

const START = { turn: -0.6, tilt: 0.45, zoom: 1 };
const FADES = 6; // steps in which a trail grows fainter
const TIME = (point) => point[0];
const ROOM = { across: 44, above: 26, below: 44 }; // pixels
const KEYS = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.08], ArrowDown: [0, -0.08] };

// The upper of two places.
const top = (one, other) => (one[1] < other[1] ? one : other);

export class Scene {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.view = { ...START };
    this.box = null;
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.turn(event.movementX / 150, event.movementY / 200);
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 600));
    });
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => {
      if (KEYS[event.key]) this.turn(...KEYS[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoom(1.15);
      else if (event.key === "-") this.zoom(1 / 1.15);
      else if (event.key === "0") this.reset();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  turn(across, up) {
    this.view.turn += across;
    this.view.tilt = Math.min(1.55, Math.max(-1.55, this.view.tilt + up));
    this.changed();
  }

  zoom(factor) {
    this.view.zoom = Math.min(8, Math.max(0.3, this.view.zoom * factor));
    this.changed();
  }

  reset() {
    this.view = { ...START };
    this.changed();
  }

  // The box holds all points; it grows at once, and shrinks where it is far too large.
  fit(tracks) {
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    for (const { points } of tracks)
      for (const point of points)
        for (let axis = 0; axis < 3; axis++) {
          low[axis] = Math.min(low[axis], point[axis + 1]);
          high[axis] = Math.max(high[axis], point[axis + 1]);
        }
    if (!(high[0] >= low[0])) return;
    const side = Math.max(...high.map((each, axis) => each - low[axis]), 4);
    const fits = this.box && low.every((each, axis) => each >= this.box.low[axis] && high[axis] <= this.box.high[axis]);
    if (fits && this.box.side < 2.5 * side) return;
    const space = 0.08 * side;
    const shown = high.map((each, axis) => Math.max(each - low[axis], 0.3 * side) / 2 + space);
    const middle = high.map((each, axis) => (each + low[axis]) / 2);
    this.box = { low: middle.map((each, axis) => each - shown[axis]), high: middle.map((each, axis) => each + shown[axis]), side: side + 2 * space };
  }

  // From mm to pixels, so that the box fills the canvas but for room for numbers.
  projection(width, height) {
    const { zoom } = this.view;
    const { low, high } = this.box;
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => this.turned(...[0, 1, 2].map((axis) => (bits & (1 << axis) ? high : low)[axis])));
    const [left, right, top, bottom] = [0, 1].flatMap((axis) => [Math.min, Math.max].map((end) => end(...corners.map((each) => each[axis]))));
    const scale = zoom * Math.min((width - 2 * ROOM.across) / (right - left), (height - ROOM.above - ROOM.below) / (bottom - top));
    const middle = [width / 2, (height + ROOM.above - ROOM.below) / 2];
    return (x, y, z) => {
      const [across, down, near] = this.turned(x, y, z);
      return [middle[0] + scale * (across - (left + right) / 2), middle[1] + scale * (down - (top + bottom) / 2), scale * near];
    };
  }

  // Right of the middle and below it, as seen from this side, and how much larger things are there.
  turned(x, y, z) {
    const { turn, tilt } = this.view;
    const { low, high } = this.box;
    const [a, b, c] = [x, y, z].map((each, axis) => each - (low[axis] + high[axis]) / 2);
    const [right, away] = [Math.cos(turn) * a + Math.sin(turn) * b, Math.cos(turn) * b - Math.sin(turn) * a];
    const [up, depth] = [Math.cos(tilt) * c + Math.sin(tilt) * away, Math.cos(tilt) * away - Math.sin(tilt) * c];
    const near = 1 / (1 + (0.35 * depth) / Math.hypot(...low.map((each, axis) => high[axis] - each)));
    return [near * right, -near * up, near];
  }

  draw(tracks, { first, last, colour, now }) {
    const { pen, width, height } = prepared(this.canvas);
    this.fit(tracks);
    if (!this.box) return;
    const place = this.projection(width, height);
    this.frame(pen, place);
    for (const { label, points } of tracks) this.trail(pen, place, points, first, last, colour(label));
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    for (const [label, x, y, z, sigma] of now) {
      const [a, b, near] = place(x, y, z);
      pen.fillStyle = pen.strokeStyle = colour(label);
      pen.globalAlpha = 0.25;
      pen.beginPath();
      pen.arc(a, b, Math.max(9, 2 * sigma * near), 0, 2 * Math.PI);
      pen.fill();
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.arc(a, b, 5, 0, 2 * Math.PI);
      pen.fill();
      pen.fillStyle = colours().text;
      pen.fillText(String(label), a + 9, b - 6);
    }
  }

  trail(pen, place, points, first, last, colour) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.8;
    for (let step = 0; step < FADES; step++) {
      const [begin, end] = [0, 1].map((each) => first + ((step + each) / FADES) * (last - first));
      pen.globalAlpha = 0.15 + (0.8 * (step + 1)) / FADES;
      pen.beginPath();
      for (let at = 1; at < points.length; at++) {
        const [one, other] = [points[at - 1], points[at]];
        if (other[0] < begin || other[0] > end || one[0] < first || broken(points, at, TIME)) continue;
        pen.moveTo(...place(one[1], one[2], one[3]).slice(0, 2));
        pen.lineTo(...place(other[1], other[2], other[3]).slice(0, 2));
      }
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  // The twelve edges, and numbers along three of them.
  frame(pen, place) {
    const { low, high } = this.box;
    const colour = colours();
    const corner = (bits) => [0, 1, 2].map((axis) => (bits & (1 << axis) ? high[axis] : low[axis]));
    pen.strokeStyle = colour.line;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let bits = 0; bits < 8; bits++)
      for (let axis = 0; axis < 3; axis++)
        if (!(bits & (1 << axis))) {
          pen.moveTo(...place(...corner(bits)).slice(0, 2));
          pen.lineTo(...place(...corner(bits | (1 << axis))).slice(0, 2));
        }
    pen.stroke();
    const lowest = this.view.tilt >= 0 ? 0 : 4;
    for (let axis = 0; axis < 3; axis++) this.numbers(pen, place, axis, this.edge(place, axis, lowest), colour);
  }

  // Of the four edges along an axis, the outermost: at the bottom for x and y, at the left for z.
  edge(place, axis, lowest) {
    const { low, high } = this.box;
    const others = [0, 1, 2].filter((each) => each !== axis);
    let best = null;
    for (let bits = 0; bits < 4; bits++) {
      const ends = [low[axis], high[axis]].map((value) => {
        const point = [0, 0, 0];
        point[axis] = value;
        others.forEach((each, number) => (point[each] = bits & (1 << number) ? high[each] : low[each]));
        return point;
      });
      if (axis < 2 && (ends[0][2] === low[2]) !== (lowest === 0)) continue;
      const [one, other] = ends.map((each) => place(...each));
      const far = axis < 2 ? one[1] + other[1] : -(one[0] + other[0]);
      if (!best || far > best.far) best = { ends, far };
    }
    return best.ends;
  }

  numbers(pen, place, axis, [from, to], colour) {
    pen.fillStyle = colour.muted;
    pen.textAlign = axis === 2 ? "right" : "center";
    pen.textBaseline = axis === 2 ? "middle" : "top";
    const at = (value) => {
      const point = [...from];
      point[axis] = value;
      const [x, y] = place(...point);
      return axis === 2 ? [x - 6, y] : [x, y + 6];
    };
    const [one, other] = [place(...from), place(...to)];
    const long = Math.hypot(one[0] - other[0], one[1] - other[1]);
    const { values, digits } = ticks(from[axis], to[axis], Math.max(1, Math.floor(long / 50)));
    for (const value of values) {
      const share = (value - from[axis]) / (to[axis] - from[axis]);
      if (share > 0.06 && share < 0.94) pen.fillText(number(value, digits), ...at(value));
    }
    pen.fillStyle = colour.text;
    const [x, y] = axis === 2 ? top(one, other) : at((from[axis] + to[axis]) / 2);
    pen.textAlign = "center";
    pen.fillText(`${"xyz"[axis]} (mm)`, x, axis === 2 ? y - 12 : y + 18);
  }
}
