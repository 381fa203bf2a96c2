(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, attributes = {}, text = "") => Object.assign(document.createElement(tag), attributes, { textContent: text });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 639px)");
  const HALO = "#111111", MARK = "#f0e442";
  let figures = [], templates = {}, marked = null;
  document.documentElement.classList.add("js");

  // ------------------------------------------------------------------ texts packed seven bits to a character
  const unpack = async (id) => {
    const text = document.getElementById(id).textContent;
    const bytes = new Uint8Array((text.length * 7) >> 3);
    for (let i = 0, filled = 0, held = 0, bits = 0; i < text.length; i++) {
      held = ((held << 7) | (text.charCodeAt(i) & 127)) & 0xffff;
      bits += 7;
      if (bits >= 8) bytes[filled++] = held >> (bits -= 8);
    }
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  };

  const KINDS = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  };
  const restore = (node, arrays) => {
    if (Array.isArray(node)) return node.map((each) => restore(each, arrays));
    if (node === null || typeof node !== "object") return node;
    if ("$array" in node) node = arrays[node.$array];
    if ("bdata" in node) {
      if (node.shape) return node;
      return new KINDS[node.dtype](Uint8Array.from(atob(node.bdata), (each) => each.charCodeAt(0)).buffer);
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, restore(value, arrays)]));
  };

  // ------------------------------------------------------------------ what belongs together
  const identity = (trace, place) => {
    if (trace.meta?.id) return trace.meta.id;
    const number = trace.customdata?.[place];
    return trace.meta?.kind && number !== undefined ? `${trace.meta.kind}-${number}` : null;
  };

  const mark = (id) => {
    marked = id;
    all("[data-id]").forEach((each) => each.classList.toggle("marked", each.dataset.id === id));
    chosen.hidden = id === null;
    chosen.firstChild.textContent = id === null ? "" : id.replace("-", " ");
    figures.filter((figure) => figure.linked).forEach(draw);
  };

  const chosen = make("div", { className: "chosen", hidden: true });
  chosen.setAttribute("role", "status");
  const clear = make("button", { type: "button", onclick: () => mark(null) }, "clear (Esc)");
  chosen.append(make("span"), clear);

  const linkRows = () => {
    document.body.append(chosen);
    all("tr[data-id]").forEach((row) => (row.tabIndex = 0));
    document.addEventListener("click", (event) => {
      const own = event.target.closest?.("[data-id]");
      if (own) mark(own.dataset.id === marked ? null : own.dataset.id);
    });
    document.addEventListener("keydown", (event) => {
      const own = event.target.closest?.("tr[data-id]");
      if (event.key === "Escape") mark(null);
      if (own && event.key === "Enter") mark(own.dataset.id);
    });
  };

  // ------------------------------------------------------------------ figures
  const points = (trace, wanted) => {
    const picked = { x: [], y: [], z: [] };
    const axes = ["x", "y", "z"].filter((axis) => trace[axis]);
    for (let i = 0, last = -2; i < trace[axes[0]].length; i++) {
      if (!wanted(i)) continue;
      if (last >= 0 && i !== last + 1) axes.forEach((axis) => picked[axis].push(null));
      axes.forEach((axis) => picked[axis].push(trace[axis][i]));
      last = i;
    }
    return Object.fromEntries(axes.map((axis) => [axis, picked[axis]]));
  };

  const over = (trace, wanted, line, marker) => ({
    ...points(trace, wanted),
    type: trace.type,
    mode: /lines/.test(trace.mode) ? "lines" : "markers",
    xaxis: trace.xaxis, yaxis: trace.yaxis, scene: trace.scene,
    line: { width: line.width, color: line.color, shape: trace.line?.shape }, marker,
    showlegend: false, hoverinfo: "skip",
  });

  const lit = (trace) => {
    if (trace.fill || !["scatter", "scatter3d"].includes(trace.type)) return [];
    const wanted = (place) => identity(trace, place) === marked;
    if (trace.type === "scatter3d") return [over(trace, wanted, { width: 8, color: MARK }, { size: 5, color: MARK })];
    const ring = (width, color) => ({ size: 16, symbol: "circle-open", color, line: { width, color } });
    return [
      over(trace, wanted, { width: 6, color: HALO }, ring(5, HALO)),
      over(trace, wanted, { width: 3, color: MARK }, ring(2.5, MARK)),
    ].filter((each) => each.x.length);
  };

  const framed = (trace) => {
    if (trace.type !== "heatmap" || !trace.meta?.kind) return [];
    const place = trace.customdata.findIndex((_, row) => identity(trace, row) === marked);
    if (place < 0) return [];
    const { xaxis, yaxis } = trace;
    const [left, right] = [trace.x[0], trace.x.at(-1)];
    const box = { x: [left, right, right, left, left], y: [-0.5, -0.5, 0.5, 0.5, -0.5].map((each) => place + each) };
    return [4, 2].map((width, order) => ({
      ...box, xaxis, yaxis, type: "scatter", mode: "lines", line: { width, color: order ? MARK : HALO },
      showlegend: false, hoverinfo: "skip",
    }));
  };

  const passed = (trace, { at, tail }) => {
    const times = trace.customdata;
    const within = (place) => times[place] > at - tail && times[place] <= at;
    const color = trace.marker?.color ?? trace.line?.color;
    const path = { ...over(trace, within, { width: 7, color }, { size: 4, color }), mode: "lines+markers" };
    return [path];
  };

  const boxed = (trace) => {
    if (trace.type !== "box" || !trace.meta?.kind || marked === null) return trace;
    const selectedpoints = [...trace.customdata.keys()].filter((place) => identity(trace, place) === marked);
    const selected = { marker: { size: 13, opacity: 1, color: MARK } };
    return { ...trace, selectedpoints, selected, unselected: { marker: { opacity: 0.35 } } };
  };

  const changed = (layout, changes) =>
    Object.fromEntries(Object.entries({ ...layout, ...changes }).filter(([, value]) => value !== null));

  // A picture is as tall as its width allows, and no taller than was asked for.
  const fitPicture = async (element, layout, height) => {
    const { xaxis, yaxis, _size: room } = element._fullLayout;
    if (!yaxis?.scaleanchor) return;
    const [across, up] = [xaxis, yaxis].map(({ range }) => Math.abs(range[1] - range[0]));
    const [wide, tall] = ["xaxis", "yaxis"].map((axis) => layout[axis].domain ?? [0, 1]).map(([start, end]) => end - start);
    const wanted = (((room.w * wide) / across) * up) / tall + room.t + room.b;
    element.style.height = `${Math.min(height, Math.ceil(wanted))}px`;
    await Plotly.Plots.resize(element);
  };

  // In a narrow place the eye is farther away, so that the names of the axes are seen.
  const stepBack = (scene, width) => {
    const by = Math.max(1, ROOM / width);
    const eye = Object.fromEntries(Object.entries(scene.camera.eye).map(([axis, value]) => [axis, value * by]));
    return { ...scene, camera: { ...scene.camera, eye } };
  };

  const ROOM = 580; // width that shows a whole scene
  const ABOVE = 66; // room for buttons and a legend below them
  // One drawing after the other: Plotly forgets to end one that another overtakes.
  const draw = (figure) => {
    figure.next ??= (figure.last ?? Promise.resolve()).catch(() => {}).then(() => {
      figure.next = null;
      figure.last = render(figure);
      return figure.last;
    });
    return figure.next;
  };

  const render = async (figure) => {
    const { element, data, moment } = figure;
    if (!element.clientWidth) return;
    const { layout, height } = narrow.matches ? figure.narrow : figure;
    const paths = moment ? data.map((trace) => (trace.meta?.timed ? { ...trace, opacity: 0.12 } : trace)) : data;
    const marks = marked === null ? [] : data.flatMap((trace) => (trace.meta ? [...lit(trace), ...framed(trace)] : []));
    const now = moment ? data.filter((trace) => trace.meta?.timed).flatMap((trace) => passed(trace, moment)) : [];
    // Plotly writes what it finds into the layout that it is given.
    const own = { ...structuredClone(layout), uirevision: "kept", template: templates[dark.matches ? "dark" : "light"] };
    if (narrow.matches) {
      own.margin = { ...own.template.layout.margin, ...own.margin };
      own.margin.l = Math.min(own.margin.l, 44);
      own.margin.r = Math.min(own.margin.r, 24);
      if (data.filter((trace) => trace.name && trace.showlegend !== false).length > 1) own.margin.t = Math.max(own.margin.t, ABOVE);
    }
    if (layout.scene?.camera?.eye) own.scene = stepBack(own.scene, element.clientWidth);
    const buttons = layout.scene ? ["toImage", "resetCameraDefault3d"] : ["toImage", "resetScale2d"];
    const config = {
      responsive: true, displaylogo: false, modeBarButtons: [buttons], toImageButtonOptions: { scale: 2 },
    };
    const resized = figure.tall !== height || figure.wide !== element.clientWidth;
    if (resized) element.style.height = `${height}px`;
    await Plotly.react(element, [...paths.map(boxed), ...marks, ...now], own, config);
    if (resized && figure.wide) await Plotly.Plots.resize(element);
    Object.assign(figure, { tall: height, wide: element.clientWidth });
    if (resized) await fitPicture(element, layout, height);
  };

  const listen = (figure) => {
    if (!figure.linked) return;
    figure.element.classList.add("linked");
    figure.element.on("plotly_click", (event) => {
      const { data, pointNumber } = event.points[0];
      const id = identity(data, Array.isArray(pointNumber) ? pointNumber[0] : pointNumber);
      if (id !== null) setTimeout(() => mark(id === marked ? null : id));
    });
  };

  const drawAll = () => Promise.all(figures.map(draw));

  const showFigures = async () => {
    if (!document.getElementById("report-data")) return;
    const report = JSON.parse(await unpack("report-data"));
    if (document.getElementById("plotly")) document.head.append(make("script", {}, await unpack("plotly")));
    templates = report.templates;
    all(".slider.frames").forEach((slider, number) => slideFrames(slider, report.films[number]));
    figures = report.figures.map((figure, number) => {
      const { data, layout, narrow: other } = restore(figure, report.arrays);
      const element = document.getElementById(`figure-${number}`);
      const height = parseInt(element.style.height);
      const arranged = other ? { layout: changed(layout, other.layout), height: other.height } : { layout, height };
      return { element, data, layout, height, narrow: arranged, moment: null, linked: data.some((trace) => trace.meta) };
    });
    dark.addEventListener("change", drawAll);
    addEventListener("resize", onceInAWhile(drawAll));
    await drawAll();
    figures.forEach(listen);
  };

  // ------------------------------------------------------------------ sliders
  const onceInAWhile = (action) => {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      setTimeout(() => ((waiting = false), action()), 30);
    };
  };

  const slideTimes = (slider) => {
    const [button, input, output] = slider.children;
    const { tail, unit } = slider.dataset;
    const own = () => figures.find(({ element }) => element === slider.parentNode.querySelector(".plot"));
    const digits = Math.max(0, 3 - Math.ceil(Math.log10(input.max - input.min || 1)));
    const show = (moment) => {
      output.textContent = moment ? `${(moment.at - tail).toFixed(digits)} to ${moment.at.toFixed(digits)} ${unit}` : "all times";
      if (own()) draw(Object.assign(own(), { moment }));
    };
    input.addEventListener("input", onceInAWhile(() => show({ at: +input.value, tail: +tail })));
    button.addEventListener("click", () => {
      input.value = input.max;
      show(null);
    });
  };

  const slideFrames = (slider, more) => {
    const [input, output] = slider.children;
    const film = slider.parentNode.querySelector(".frames");
    film.insertAdjacentHTML("beforeend", more.join(""));
    const frames = all("[data-name]", film);
    frames.slice(1).forEach((frame) => (frame.hidden = true));
    input.addEventListener("input", () => {
      frames.forEach((frame, number) => (frame.hidden = number !== +input.value));
      output.textContent = frames[input.value].dataset.name;
    });
  };

  const slidePairs = (input) =>
    input.addEventListener("input", () => input.parentNode.style.setProperty("--at", `${input.value}%`));

  // ------------------------------------------------------------------ tables
  const FEW = 6;
  const value = (cell) => {
    if (cell.dataset.value) return +cell.dataset.value;
    const text = cell.textContent.trim();
    const number = parseFloat(text.replace(/[\u202f<]/g, ""));
    return text.startsWith("n/a") || text === "" ? NaN : Number.isNaN(number) || /^\d.*[a-z]{2}/i.test(text) ? text : number;
  };
  const less = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : `${a}`.localeCompare(`${b}`, undefined, { numeric: true }));

  const sort = (table, heading) => {
    const column = heading.cellIndex;
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    all("th", table.tHead).forEach((each) => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: value(row.cells[column]) }));
    const known = rows.filter(({ key }) => key === key).sort((a, b) => sign * less(a.key, b.key));
    table.tBodies[0].append(...[...known, ...rows.filter(({ key }) => key !== key)].map(({ row }) => row));
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const input = make("input", { type: "search", placeholder: `filter ${rows.length} rows` });
    input.setAttribute("aria-label", "filter the rows of the table");
    const count = make("span");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      rows.forEach((row) => (row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word))));
      count.textContent = input.value ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
    });
    const bar = make("div", { className: "filter" });
    bar.append(input, count);
    table.parentNode.before(bar);
  };

  const fit = (table) => {
    table.classList.remove("cards");
    const room = table.parentNode.clientWidth + 1;
    table.classList.toggle("cards", narrow.matches || table.scrollWidth > room);
  };

  const enhance = (table) => {
    const headings = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row) => [...row.cells].forEach((cell, place) => (cell.dataset.name = headings[place].textContent)));
    if (rows.length > 1)
      headings.forEach((heading) => {
        const button = make("button", { type: "button" });
        button.append(...heading.childNodes);
        heading.append(button);
        button.addEventListener("click", () => sort(table, heading));
      });
    if (rows.length >= FEW) filterable(table);
  };

  // ------------------------------------------------------------------ the page
  const tables = all(".table table").filter((table) => table.tHead);
  const unfold = (id) => {
    const section = document.getElementById(id);
    if (section) section.open = true;
  };

  tables.forEach(enhance);
  tables.forEach(fit);
  addEventListener("resize", () => tables.forEach(fit));
  linkRows();
  all(".slider.times").forEach(slideTimes);
  all(".pair input").forEach(slidePairs);
  all("nav a").forEach((link) => link.addEventListener("click", () => unfold(link.hash.slice(1))));
  all("details").forEach((each) => each.addEventListener("toggle", drawAll));
  addEventListener("beforeprint", () => all("details").forEach((each) => (each.open = true)));
  showFigures()
    .then(() => document.documentElement.classList.add("ready"))
    .catch((error) => {
      document.documentElement.classList.add("failed");
      const why = "DecompressionStream" in window ? error.message : "this browser is older than 2023";
      all(".plot").forEach((each) => (each.textContent = `The figure could not be drawn: ${why}. Texts and tables are whole.`));
    });
})();
