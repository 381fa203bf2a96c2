(async () => {
  "use strict";
  const errors = [];
  addEventListener("error", (event) => errors.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
  document.addEventListener("securitypolicyviolation", (event) => errors.push(`policy: ${event.violatedDirective}`));
  console.error = (...words) => errors.push(words.join(" "));
  const pause = () => new Promise((done) => setTimeout(done, 50));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  while (!document.documentElement.matches(".ready, .failed")) await pause();

  const lit = (trace) => [trace.line?.color, trace.marker?.color, trace.selected?.marker?.color].includes("#f0e442");
  const marks = () => ({
    shown: !document.querySelector(".chosen").hidden,
    rows: all("tr.marked").map((row) => row.dataset.id),
    shapes: all("svg .marked").length,
    figures: all(".plot").filter((plot) => plot.data.some(lit)).length,
  });
  const wide = all("body *").filter((each) => !each.closest("svg, [hidden], .plot")).filter((each) => {
    const { right, width } = each.getBoundingClientRect();
    return width && right > innerWidth + 1;
  });
  const found = {
    name: document.documentElement.dataset.name,
    window: innerWidth,
    page: document.documentElement.scrollWidth,
    wide: wide.map((each) => `${each.tagName}.${each.className}`),
    clipped: all(".rows").filter((each) => each.scrollWidth > each.clientWidth + 1).length,
    ready: document.documentElement.matches(".ready"),
    drawn: all(".plot").map((plot) => all(".main-svg", plot).length > 0),
    ground: getComputedStyle(document.body).backgroundColor,
    sorts: [],
    marks: {},
  };

  for (const table of all("table").filter((each) => each.querySelector("thead button"))) {
    const heading = table.querySelector("thead th.number") ?? table.querySelector("thead th");
    const values = () =>
      [...table.tBodies[0].rows].map(({ cells }) => cells[heading.cellIndex].dataset.value ?? cells[heading.cellIndex].textContent);
    heading.querySelector("button").click();
    const up = { order: heading.getAttribute("aria-sort"), values: values() };
    heading.querySelector("button").click();
    found.sorts.push({ number: heading.className === "number", up, down: { order: heading.getAttribute("aria-sort"), values: values() } });
  }

  const input = document.querySelector(".filter input");
  const rows = all("tbody tr", input.parentNode.nextElementSibling);
  input.value = rows.at(-1).textContent.slice(0, 12);
  input.dispatchEvent(new Event("input"));
  found.filtered = { all: rows.length, left: rows.filter((row) => !row.hidden).length, last: !rows.at(-1).hidden };
  input.value = "";
  input.dispatchEvent(new Event("input"));

  const row = document.querySelector("tr[data-id]");
  found.id = row.dataset.id;
  row.cells[0].click();
  await pause();
  found.marks.click = marks();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  await pause();
  found.marks.escape = marks();
  row.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await pause();
  found.marks.enter = marks();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));

  const [kind, number] = found.id.split("-");
  const belongs = (trace) => trace.meta?.id === found.id || trace.meta?.kind === kind;
  const plot = all(".plot").find((each) => each.data.some(belongs));
  const data = plot.data.find(belongs);
  plot.emit("plotly_click", { points: [{ data, pointNumber: data.meta.id ? 0 : data.customdata.findIndex((each) => `${each}` === number) }] });
  await pause();
  await pause();
  found.marks.plot = marks();

  const slider = document.querySelector(".slider input");
  if (slider) {
    slider.value = (+slider.min + +slider.max) / 2;
    slider.dispatchEvent(new Event("input"));
    await pause();
    await pause();
    found.slider = slider.parentNode.querySelector("output").textContent;
    found.frames = all(".frames > [data-name]").filter((each) => !each.hidden).length;
  }
  const section = document.querySelector("details");
  section.open = false;
  document.querySelector("nav a").click();
  found.unfolded = section.open;
  parent.postMessage({ ...found, errors }, "*");
})();
