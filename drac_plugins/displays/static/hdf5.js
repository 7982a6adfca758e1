// Looks into an HDF5 file through the routes below /h5grove: its NeXus default signal as a plot, and its tree.
"use strict";

(() => {
  const root = document.querySelector("[data-hdf5]");
  if (!root) return;
  const view = root.querySelector("[data-view]"), tree = root.querySelector("[data-tree]");
  const MOST_POINTS = 2000, MOST_PIXELS = 512, DEEPEST = 8, MOST_TEXT = 2000;

  async function ask(kind, path, more = {}) {
    const query = new URLSearchParams({ datafileId: root.dataset.hdf5, path, ...more });
    const reply = await fetch("/h5grove/" + kind + "/?" + query);
    if (!reply.ok) throw new Error(await reply.text() || reply.statusText);
    return reply.json();
  }

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    if (text != null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  const join = (path, name) => (path === "/" ? "" : path) + "/" + name;
  const first = (value) => Array.isArray(value) ? value[0] : value;

  // The signal that NeXus names as default: attributes `default` from the top, then `signal`.
  async function defaultSignal(path, depth = 0) {
    if (depth > DEEPEST) return null;
    const attributes = await ask("attr", path);
    if (attributes.signal) return { group: path, signal: first(attributes.signal), axes: [].concat(attributes.axes ?? []) };
    if (attributes.default) return defaultSignal(attributes.default.startsWith("/") ? attributes.default : join(path, attributes.default), depth + 1);
    const { children = [] } = await ask("meta", path);
    for (const child of children.filter((one) => one.kind === "group").slice(0, 20)) {
      const found = await defaultSignal(join(path, child.name), depth + 1).catch(() => null);
      if (found) return found;
    }
    return null;
  }

  const step = (length, most) => Math.max(1, Math.ceil(length / most));

  function colours(share) {  // dark blue over green to yellow: grows in lightness, for every colour vision
    const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
    const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
    return stops[low].map((value, i) => value + (stops[low + 1][i] - value) * (place - low));
  }

  function image(rows, label) {
    const height = rows.length, width = rows[0]?.length ?? 0;
    if (!width) return make("p", "Nothing is in it.");
    const finite = rows.flat().filter((value) => Number.isFinite(value));
    const low = finite.reduce((a, b) => Math.min(a, b), Infinity), high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    const canvas = make("canvas", null, { width, height, role: "img", "aria-label": `${label}: ${width} by ${height} values from ${low} to ${high}` });
    const context = canvas.getContext("2d"), pixels = context.createImageData(width, height);
    rows.forEach((row, y) => row.forEach((value, x) => {
      const at = 4 * (y * width + x);
      const [red, green, blue] = Number.isFinite(value) ? colours(high > low ? (value - low) / (high - low) : 0.5) : [128, 128, 128];
      pixels.data.set([red, green, blue, 255], at);
    }));
    context.putImageData(pixels, 0, 0);
    const figure = make("figure");
    figure.append(canvas, make("figcaption", `Dark is ${low.toPrecision(4)}, bright is ${high.toPrecision(4)}`));
    return figure;
  }

  async function curve(path, length, group, axes) {
    const every = step(length, MOST_POINTS), selection = "::" + every;
    const ys = await ask("data", path, { selection });
    let xs = ys.map((_, i) => i * every), label = "Index";
    const name = axes.find((one) => one && one !== ".");
    if (group && name) {
      const axis = await ask("data", join(group, name), { selection }).catch(() => null);
      if (Array.isArray(axis) && axis.length === ys.length && axis.every((value, i) => Number.isFinite(value) && (i === 0 || value >= axis[i - 1]))) [xs, label] = [axis, name];
    }
    const colour = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    const holder = make("div", null, { class: "drawing" });
    view.append(holder);
    const axis = (text) => ({ label: text, stroke: colour("--ink"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } });
    const plot = new uPlot({ width: holder.clientWidth || 600, height: 320, scales: { x: { time: false } }, axes: [axis(label), axis(path.split("/").pop())], series: [{ label }, { label: path.split("/").pop(), stroke: colour("--series0"), width: 1.5 }] }, [xs, ys], holder);
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", `${path} against ${label}, ${ys.length} values`);
  }

  async function frame(path, shape, leading, holder) {
    const [height, width] = shape.slice(-2);
    const selection = [...leading, "::" + step(height, MOST_PIXELS), "::" + step(width, MOST_PIXELS)].join(",");
    holder.replaceChildren(image(await ask("data", path, { selection }), path));
  }

  async function show(path, group = null, axes = []) {
    root.querySelector("#shown").textContent = group ? "Default plot: " + path : path;
    view.closest("section").hidden = false;
    view.replaceChildren();
    const about = await ask("meta", path);
    const shape = about.shape ?? [], numeric = [0, 1].includes(about.type?.class) || /^[<>|]?[fiu]/.test(String(about.dtype));
    view.append(make("p", shape.length ? shape.join(" × ") + " values" : "One value", { class: "reason" }));
    if (numeric && shape.length === 1 && shape[0] > 1) return curve(path, shape[0], group, axes);
    if (numeric && shape.length >= 2) {
      const holder = make("div"), leading = shape.slice(0, -2).map((length) => length >> 1);
      leading.forEach((start, dimension) => {
        const label = make("label", `Frame in dimension ${dimension}`);
        const slider = make("input", null, { type: "range", min: 0, max: shape[dimension] - 1, value: start });
        slider.addEventListener("change", () => { leading[dimension] = Number(slider.value); frame(path, shape, leading, holder).catch(fail); });
        label.append(slider);
        view.append(label);
      });
      view.append(holder);
      return frame(path, shape, leading, holder);
    }
    const selection = shape.length ? { selection: shape.map((length) => ":" + Math.min(length, 100)).join(",") } : {};
    view.append(make("pre", JSON.stringify(await ask("data", path, selection), null, 1).slice(0, MOST_TEXT)));
  }

  function fail(error) {
    view.closest("section").hidden = false;
    view.replaceChildren(make("p", error.message, { role: "alert" }));
  }

  async function list(path) {
    const { children = [] } = await ask("meta", path);
    const found = make("ul", null, { class: "tree" });
    for (const child of children) {
      const item = make("li"), own = join(path, child.name);
      if (child.kind === "group") {
        const details = make("details");
        details.append(make("summary", child.name));
        details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) list(own).then((below) => details.append(below)).catch(fail); });
        item.append(details);
      } else if (child.kind === "dataset") {
        const button = make("button", child.name, { type: "button", class: "plain" });
        button.addEventListener("click", () => { show(own).then(() => view.scrollIntoView({ block: "nearest" })).catch(fail); });
        item.append(button, make("span", " " + (child.shape?.length ? child.shape.join(" × ") : "one value"), { class: "unit" }));
      } else {
        item.append(make("span", child.name), make("span", " a link that is not followed", { class: "unit" }));
      }
      found.append(item);
    }
    return found;
  }

  list("/").then((found) => { tree.append(found); tree.closest("section").hidden = false; }).catch(fail);
  defaultSignal("/").then((found) => found && show(join(found.group, found.signal), found.group, found.axes)).catch(fail);
})();
