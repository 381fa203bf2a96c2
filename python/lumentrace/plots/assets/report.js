(() => {
  "use strict";
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const restore = (node) => {
    if (Array.isArray(node)) return node.map(restore);
    if (node === null || typeof node !== "object") return node;
    if ("$array" in node) return report.arrays[node.$array];
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, restore(value)]));
  };

  const draw = (figure, number) => {
    const { data, layout } = restore(figure);
    layout.template = report.templates[dark.matches ? "dark" : "light"];
    const buttons = layout.scene ? ["toImage", "resetCameraDefault3d"] : ["toImage", "resetScale2d"];
    const config = {
      responsive: true,
      displaylogo: false,
      modeBarButtons: [buttons],
      toImageButtonOptions: { scale: 2 },
    };
    Plotly.react(`figure-${number}`, data, layout, config);
  };

  const drawAll = () => report.figures.forEach(draw);
  drawAll();
  dark.addEventListener("change", drawAll);
})();
