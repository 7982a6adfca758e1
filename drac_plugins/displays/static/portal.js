// What makes the pages better with a script; each of them does its job without.
"use strict";

(() => {
  const SHAPES = 4;

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // A shape per series, as in the drawing without a script.
  function mark(context, shape, x, y, r) {
    context.beginPath();
    if (shape === 0) context.arc(x, y, r, 0, 2 * Math.PI);
    else if (shape === 1) context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
    else if (shape === 2) { context.moveTo(x, y - 1.2 * r); context.lineTo(x + 1.1 * r, y + 0.9 * r); context.lineTo(x - 1.1 * r, y + 0.9 * r); }
    else { context.moveTo(x, y - 1.25 * r); context.lineTo(x + 1.25 * r, y); context.lineTo(x, y + 1.25 * r); context.lineTo(x - 1.25 * r, y); }
    context.closePath();
    context.fill();
  }

  function marks(shape) {
    return (plot, series, first, last) => {
      const { ctx, data } = plot;
      ctx.save();
      ctx.fillStyle = colour("--series" + shape);
      for (let i = first; i <= last; i++) {
        if (data[series][i] == null) continue;
        const x = plot.valToPos(data[0][i], "x", true), y = plot.valToPos(data[series][i], plot.series[series].scale, true);
        mark(ctx, shape, x, y, 4 * devicePixelRatio);
      }
      ctx.restore();
      return null;
    };
  }

  function axis(label, more) {
    return { label, stroke: colour("--ink"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, labelFont: "13px system-ui", font: "12px system-ui", ...more };
  }

  function histogram(given) {
    const middles = given.bins.map(([start, end]) => (start + end) / 2);
    const [start, end] = given.bins[0];
    return {
      data: [middles, given.bins.map(([, , count]) => count)],
      options: {
        axes: [axis(given.x), axis(given.y, { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], size: 56 })],
        scales: { x: { time: false, range: () => [given.bins[0][0] - (end === start ? 1 : 0), given.bins.at(-1)[1] + (end === start ? 1 : 0)] }, y: { range: (_, __, most) => [0, most * 1.05] } },
        series: [
          { label: given.x, value: (_, value, __, i) => i == null ? "–" : given.bins[i][0].toPrecision(5) + " to " + given.bins[i][1].toPrecision(5) },
          { label: given.y, fill: colour("--series0"), stroke: colour("--series0"), points: { show: false }, paths: uPlot.paths.bars({ size: [0.98, Infinity] }) },
        ],
      },
    };
  }

  function points(given) {
    const columns = given.series.map((_, place) => given.ys.map((y, i) => given.of[i] === place ? y : null));
    const words = given.words && { values: (_, splits) => splits.map((value) => given.words[value] ?? ""), incrs: [1, 2, 5, 10, 20, 50, 100] };
    const room = (low, high) => { const more = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5; return [low - more, high + more]; };
    const scale = (log, time) => log ? { time, distr: 3 } : { time, range: (_, low, high) => low == null ? [0, 1] : room(low, high) };
    return {
      data: [given.xs, ...columns],
      options: {
        axes: [axis(given.x, words || {}), axis(given.y, { size: 64 })],
        scales: { x: scale(given.log === "x" || given.log === "both", given.time), y: scale(given.log === "y" || given.log === "both", false) },
        series: [
          { label: given.x, ...(given.words && { value: (_, value) => given.words[value] ?? "–" }) },
          ...given.series.map((name, place) => ({
            label: name || given.y,
            stroke: colour("--series" + place % SHAPES),
            width: given.kind === "line" ? 1.5 : 0,
            spanGaps: true,
            ...(given.kind === "line" ? {} : { paths: () => null }),
            points: { show: marks(place % SHAPES), size: 8 },
          })),
          ...(given.names.some(Boolean) ? [{ label: "Dataset", show: true, scale: "y", paths: () => null, points: { show: false }, value: (_, __, ___, i) => i == null ? "–" : given.names[i] }] : []),
        ],
      },
    };
  }

  function draw(place) {
    const svg = place.querySelector("svg");
    if (!svg || place.dataset.drawn || !window.uPlot || !place.clientWidth) return;
    place.dataset.drawn = "yes";
    const given = JSON.parse(place.dataset.plot);
    const { data, options } = given.kind === "histogram" ? histogram(given) : points(given);
    if (options.series.length > data.length) data.push(data[1].map((_, i) => data.slice(1).find((column) => column[i] != null)?.[i] ?? null));
    const label = svg.getAttribute("aria-label");
    const plot = new uPlot({ width: place.clientWidth, height: Math.max(220, Math.round(place.clientWidth * 0.45)), cursor: { focus: { prox: 30 } }, ...options }, data);
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", label);
    svg.replaceWith(plot.root);
    place.plot = plot;
    if (place.dataset.open && given.ids) {
      let pressed = null;
      plot.over.addEventListener("mousedown", (event) => { pressed = [event.clientX, event.clientY]; });
      plot.over.addEventListener("click", (event) => {
        if (!pressed || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 3) return;  // zoomed, not clicked
        const at = plot.cursor.idx;
        if (at == null) return;
        const x = plot.valToPos(given.xs[at], "x"), y = plot.valToPos(given.ys[at], "y");
        if (Math.hypot(plot.cursor.left - x, plot.cursor.top - y) < 14) location.assign(place.dataset.open + given.ids[at]);
      });
    }
    new ResizeObserver(() => { if (place.clientWidth) plot.setSize({ width: place.clientWidth, height: Math.max(220, Math.round(place.clientWidth * 0.45)) }); }).observe(place);
  }

  // Rows of tables that hold all the words typed; groups without any are hidden.
  function filter(form) {
    const field = form.querySelector("input[type=search]"), place = document.querySelector(form.dataset.filter);
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of place.querySelectorAll("details")) {
      let shown = 0;
      for (const row of group.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      group.hidden = !shown;
      if (words.length) group.open = true;
    }
  }

  function count() {
    const bar = document.querySelector("form#compare");
    if (!bar) return;
    const ticked = document.querySelectorAll('input[form="compare"]:checked').length;
    bar.hidden = !ticked;
    bar.classList.toggle("ready", ticked > 0);
    bar.querySelector("span").textContent = ticked === 1 ? "1 ticked: tick another to compare them" : ticked + " ticked";
    bar.querySelector("button").disabled = ticked < 2;
  }

  function prepare(root) {
    root.querySelectorAll("[data-plot]").forEach(draw);
    root.querySelectorAll("form[data-filter]").forEach((form) => {
      if (form.dataset.ready) return;
      form.dataset.ready = "yes";
      form.addEventListener("input", () => filter(form));
    });
    count();
  }

  document.addEventListener("change", (event) => { if (event.target.matches('input[form="compare"]')) count(); });
  document.addEventListener("toggle", (event) => { if (event.target.matches("details[open]")) event.target.querySelectorAll("[data-plot]").forEach(draw); }, true);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => prepare(document));
  if (document.readyState !== "loading") prepare(document);
})();
