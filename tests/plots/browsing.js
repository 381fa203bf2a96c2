// What the tests ask an open report; they click themselves.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const until = async (condition) => {
    for (let waited = 0; !condition() && waited < 100; waited++) await pause(20);
  };
  const lit = (trace) => [trace.line?.color, trace.marker?.color, trace.selected?.marker?.color].includes("#f0e442");
  const sizes = () => JSON.stringify(all(".plot").map((plot) => [plot.clientWidth, plot.clientHeight, plot._fullLayout?.width, plot._fullLayout?.height]));

  // The points of a flat figure, in its pixels, and what they belong to.
  const drawn = (plot) =>
    plot._fullData
      .filter(({ type, xaxis, hoverinfo, meta }) => type === "scatter" && xaxis && meta && hoverinfo !== "skip")
      .flatMap(({ x, y, xaxis, yaxis, meta, customdata }) => {
        const [across, up] = [xaxis, yaxis].map((name) => plot._fullLayout[`${name[0]}axis${name.slice(1)}`]);
        return [...x.keys()]
          .filter((place) => Number.isFinite(x[place]) && Number.isFinite(y[place]))
          .map((place) => ({
            own: meta.id ?? `${meta.kind}-${customdata[place]}`,
            x: across._offset + across.d2p(x[place]),
            y: up._offset + up.d2p(y[place]),
          }));
      });

  window.report = {
    // All figures are as wide as their place, and nothing has moved for a while.
    settled: async () => {
      const end = Date.now() + 100_000;
      const look = () => {
        if (Date.now() > end) throw new Error(`not settled: "${document.documentElement.className}", figures ${sizes()}`);
      };
      for (; !document.documentElement.matches(".ready, .failed"); await pause(50)) look();
      for (let before = "", still = 0; still < 3; await pause(40)) {
        look();
        const now = sizes();
        still = now === before && all(".plot").every((plot) => plot._fullLayout.width === plot.clientWidth) ? still + 1 : 0;
        before = now;
      }
    },
    state: () => ({
      ready: document.documentElement.matches(".ready"),
      drawn: all(".plot").map((plot) => all(".main-svg", plot).length > 0),
      ground: getComputedStyle(document.body).backgroundColor,
      clipped: all(".rows").filter((each) => each.scrollWidth > each.clientWidth + 1).length,
      units: all("td.whole, .unit, .whole").filter((each) => each.checkVisibility() && each.getClientRects().length > 1).map((each) => each.textContent),
    }),
    // What is marked, once something is or nothing is any more.
    marks: async (some) => {
      const chosen = document.querySelector(".chosen");
      await until(() => chosen.hidden !== some);
      return {
        shown: !chosen.hidden,
        rows: all("tr.marked").map((row) => row.dataset.id),
        shapes: all("svg .marked").length,
        figures: all(".plot").filter((plot) => plot.data.some(lit)).length,
      };
    },
    tables: () => all("table").filter((each) => each.querySelector("thead button")),
    heading: (table) => table.querySelector("thead th.number") ?? table.querySelector("thead th"),
    order: (table) => {
      const { cellIndex } = report.heading(table);
      const cells = [...table.tBodies[0].rows].map(({ cells }) => cells[cellIndex]);
      return {
        number: report.heading(table).className === "number",
        order: report.heading(table).getAttribute("aria-sort"),
        values: cells.map((cell) => cell.dataset.value ?? cell.textContent),
      };
    },
    filterable: () => document.querySelector(".filter + .rows table"),
    left: () => [...report.filterable().tBodies[0].rows].map((row) => !row.hidden),
    row: () => document.querySelector("tr[data-id]"),
    // Where in the window a flat figure shows what the row of this id is about, as far as can be from all else.
    place: (id) => {
      const plot = all(".plot").find((each) => drawn(each).some(({ own }) => own === id));
      plot.scrollIntoView({ block: "center" });
      const points = drawn(plot);
      const others = points.filter(({ own }) => own !== id);
      const alone = ({ x, y }) => Math.min(...others.map((each) => Math.hypot(each.x - x, each.y - y)));
      const own = points.filter((each) => each.own === id).filter((_, place, { length }) => place % Math.ceil(length / 50) === 0);
      const best = own.reduce((one, other) => (alone(other) > alone(one) ? other : one));
      const { left, top } = plot.getBoundingClientRect();
      return [left + best.x, top + best.y];
    },
    pair: () => {
      const pair = document.querySelector(".pair");
      return { at: pair.style.getPropertyValue("--at"), clip: getComputedStyle(pair.querySelector(".cover")).clipPath };
    },
    // What stands beside the slider, once it is this or is not any more.
    told: async (text, wanted) => {
      const output = document.querySelector(".slider output");
      await until(() => text === undefined || (output.textContent === text) === wanted);
      return output.textContent;
    },
    // How many drawings of a figure overlap while the window changes faster than Plotly draws.
    overlapping: async () => {
      const { react } = Plotly;
      const running = new Map();
      let most = 0;
      Plotly.react = async (element, ...rest) => {
        running.set(element, (running.get(element) ?? 0) + 1);
        most = Math.max(most, running.get(element));
        await pause(100);
        await react(element, ...rest);
        running.set(element, running.get(element) - 1);
      };
      for (let times = 0; times < 3; times++, await pause(50)) dispatchEvent(new Event("resize"));
      await report.settled();
      Plotly.react = react;
      return most;
    },
    frames: () => all(".frames > [data-name]").filter((each) => !each.hidden).length,
  };
})();
