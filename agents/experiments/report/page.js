"use strict";
const figures = JSON.parse(document.getElementById("chart-data").textContent);
const said = document.getElementById("said");
const plain = (text) => String(text).replace(/<br>/g, ", ").replace(/<[^>]*>/g, "")
  .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#x27;/g, "'").replace(/&amp;/g, "&");

for (const [id, figure] of Object.entries(figures)) {
  const chart = document.getElementById(id);
  Plotly.newPlot(chart, figure.data, figure.layout, { displayModeBar: false, responsive: true, showTips: false });
  // points that have words, in the order of the arrow keys
  const points = figure.data.flatMap((trace, curve) =>
    (trace.customdata || []).map((words, point) => ({ curve, point, words })));
  let at = -1;
  const show = () => {
    const one = points[at];
    Plotly.Fx.hover(chart, [{ curveNumber: one.curve, pointNumber: one.point }]);
    said.textContent = plain(one.words);
  };
  chart.addEventListener("keydown", (event) => {
    const last = points.length - 1;
    if (last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowRight" || event.key === "ArrowDown") at = Math.min(at + 1, last);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") at = Math.max(at - 1, 0);
    else if (event.key === "Home") at = 0;
    else if (event.key === "End") at = last;
    else if (event.key === "Escape") { Plotly.Fx.unhover(chart); said.textContent = ""; return; }
    else return;
    event.preventDefault();
    show();
  });
  chart.addEventListener("blur", () => Plotly.Fx.unhover(chart));
}
// a printed page has another width
const fit = () => { for (const id of Object.keys(figures)) Plotly.Plots.resize(document.getElementById(id)); };
window.matchMedia("print").addEventListener("change", fit);
window.addEventListener("beforeprint", fit);
window.addEventListener("afterprint", fit);
