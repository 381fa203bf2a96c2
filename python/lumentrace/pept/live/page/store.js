// What the page remembers: frames, and the points of each tracer, in bounded memory.
const FRAMES = 8000;
const POINTS = 12000;
const SAID = 200;
const BACK = 1000; // ms by which a clock may go back before it counts as set anew

export class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.last = 0;
    this.frames = [];
    this.tracks = new Map(); // label: points [t, x, y, z, sigma_x, sigma_y, sigma_z, speed]
    this.said = [];
    this.skipped = 0;
  }

  get latest() {
    return this.frames.at(-1);
  }

  get begin() {
    return this.frames.length ? this.frames[0].time : 0;
  }

  get end() {
    return this.frames.length ? this.latest.time : 0;
  }

  add(frame) {
    if (frame.i <= this.last) return;
    this.last = frame.i;
    for (const each of frame.said) this.said.push(each);
    this.said.splice(0, this.said.length - SAID);
    if (frame.time === null) return;
    if (this.frames.length && frame.time < this.end - BACK) {
      this.frames = [];
      this.tracks.clear();
    }
    this.frames.push(frame);
    for (const [label, ...point] of frame.points) {
      if (!this.tracks.has(label)) this.tracks.set(label, []);
      this.tracks.get(label).push(point);
    }
    frame.points = undefined;
    if (this.frames.length > FRAMES) this.frames = thinned(this.frames);
    for (const [label, points] of this.tracks) if (points.length > POINTS) this.tracks.set(label, thinned(points));
    if (frame.i % 100 === 0) this.forget();
  }

  // Tracers that ended before the first frame that is remembered.
  forget() {
    for (const [label, points] of this.tracks) if (points.at(-1)[0] < this.begin) this.tracks.delete(label);
  }

  // The frame at a time: the last one that is not after it.
  at(time) {
    return this.frames[Math.max(0, after(this.frames, time, (each) => each.time) - 1)];
  }

  framesBetween(first, last) {
    const key = (each) => each.time;
    return this.frames.slice(Math.max(0, after(this.frames, first, key) - 1), after(this.frames, last, key));
  }

  // Points of each tracer between two times, with one before the first.
  between(first, last) {
    const key = (each) => each[0];
    const found = [];
    for (const [label, points] of this.tracks) {
      const part = points.slice(Math.max(0, after(points, first, key) - 1), after(points, last, key));
      if (part.length && part.at(-1)[0] >= first) found.push({ label, points: part });
    }
    return found;
  }
}

// Without every second one of the older half.
const thinned = (items) => {
  const half = items.length >> 1;
  return items.filter((_, number) => number >= half || number % 2 === 0);
};

// How many of the items, in ascending order of their key, are at a time or before.
const after = (items, time, key) => {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
};
