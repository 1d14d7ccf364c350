// The input: an image that is drawn, or sliders of features. Both call changed(codes).

const element = (id) => document.getElementById(id);

function makePad(net, shape, codes, changed) {
  const [channels, rows, columns] = shape, size = rows * columns, canvas = element("pad");
  const picture = document.createElement("canvas");
  let erasing = false, last = null, cursor = null;
  element("pad-part").hidden = false;
  canvas.height = canvas.width = 0;
  picture.width = columns;
  picture.height = rows;

  const share = (pixel, channel) => {
    const f = channel * size + pixel;
    return (codes[f] - net.low[f]) / (net.high[f] - net.low[f]);
  };
  const put = (pixel, amount) => {
    for (let f = pixel; f < net.features; f += size) {
      const wanted = Math.round(net.low[f] + amount * (net.high[f] - net.low[f]));
      codes[f] = erasing ? Math.min(codes[f], net.low[f] + net.high[f] - wanted) : Math.max(codes[f], wanted);
    }
  };
  // Cover the pixels near a stroke from a to b; at its edge by a part.
  const stroke = (a, b) => {
    const radius = (erasing ? 1.4 : 0.8) * Math.max(0.7, rows / 24), length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
    for (let pixel = 0; pixel < size; ++pixel) {
      const x = pixel % columns + 0.5, y = Math.floor(pixel / columns) + 0.5;
      const t = length ? Math.max(0, Math.min(1, ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / length)) : 0;
      const covered = radius + 0.5 - Math.hypot(x - a.x - t * (b.x - a.x), y - a.y - t * (b.y - a.y));
      if (covered > 0) put(pixel, Math.min(1, covered));
    }
    changed();
  };
  const paint = () => {
    const style = getComputedStyle(document.documentElement), context = picture.getContext("2d");
    const ends = ["--paper", "--ink"].map((name) => style.getPropertyValue(name).trim());
    const [paper, ink] = ends.map((hex) => {
      const long = hex.length === 4 ? hex.replace(/[^#]/g, "$&$&") : hex;
      return [1, 3, 5].map((i) => parseInt(long.slice(i, i + 2), 16));
    });
    const image = context.createImageData(columns, rows);
    for (let pixel = 0; pixel < size; ++pixel) {
      for (let c = 0; c < 3; ++c) {
        const amount = share(pixel, channels === 3 ? c : 0);
        image.data[4 * pixel + c] = channels === 3 ? 255 * amount : paper[c] + amount * (ink[c] - paper[c]);
      }
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    const scale = Math.max(1, Math.floor(616 / Math.max(columns, rows))), on = canvas.getContext("2d");
    canvas.width = columns * scale;
    canvas.height = rows * scale;
    on.imageSmoothingEnabled = false;
    on.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (cursor === null) return;
    on.strokeStyle = style.getPropertyValue("--changed");
    on.lineWidth = Math.max(2, scale / 5);
    on.strokeRect(cursor % columns * scale, Math.floor(cursor / columns) * scale, scale, scale);
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left - 1) / (box.width - 2) * columns, y: (event.clientY - box.top - 1) / (box.height - 2) * rows };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    last = at(event);
    stroke(last, last);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const next = at(one);
      stroke(last, next);
      last = next;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const step = steps[event.key], key = event.key;
    if (step === undefined && ![" ", "Enter", "Backspace", "Delete"].includes(key)) return;
    event.preventDefault();
    if (cursor === null) cursor = Math.floor(rows / 2) * columns + Math.floor(columns / 2);
    else if (step) {
      const column = cursor % columns + (Math.abs(step) === 1 ? step : 0), next = cursor + step;
      if (column >= 0 && column < columns && next >= 0 && next < size) cursor = next;
    }
    if (step) return paint();
    for (let f = cursor; f < net.features; f += size) codes[f] = key === " " || key === "Enter" ? net.high[f] : net.low[f];
    changed();
  });
  canvas.addEventListener("blur", () => { cursor = null; paint(); });
  element("clear").addEventListener("click", () => { net.low.forEach((low, f) => { codes[f] = low; }); changed(); });
  element("erase").addEventListener("click", () => {
    erasing = !erasing;
    element("erase").setAttribute("aria-pressed", erasing);
  });
  // Move the image by whole pixels until its centre of mass is in the middle.
  element("centre").addEventListener("click", () => {
    let mass = 0, right = 0, down = 0;
    for (let pixel = 0; pixel < size; ++pixel) {
      let amount = 0;
      for (let c = 0; c < channels; ++c) amount += share(pixel, c);
      mass += amount;
      right += amount * (pixel % columns + 0.5);
      down += amount * (Math.floor(pixel / columns) + 0.5);
    }
    if (!mass) return;
    const dx = Math.round(columns / 2 - right / mass), dy = Math.round(rows / 2 - down / mass), old = codes.slice();
    for (let f = 0; f < net.features; ++f) {
      const x = f % columns - dx, y = Math.floor(f % size / columns) - dy;
      codes[f] = x >= 0 && x < columns && y >= 0 && y < rows ? old[f - dx - dy * columns] : net.low[f];
    }
    changed();
  });
  return paint;
}

const MOST_SLIDERS = 40, MOST_TICKS = 60;

function makeSliders(net, data, codes, changed) {
  const read = net.low.map(() => new Set());
  net.feature.forEach((f, bit) => read[f].add(net.threshold[bit]));
  const order = read.map((_, f) => f).filter((f) => read[f].size || net.features <= MOST_SLIDERS);
  const offset = (f) => unitOf(data.offset, f), scale = (f) => unitOf(data.scale, f);
  // Write a code's raw value with as few digits as mean that code.
  const raw = (f, code) => {
    const value = offset(f) + scale(f) * code;
    for (let digits = 3; digits < 17; ++digits) {
      const shown = +value.toPrecision(digits);
      if (quantize(net, f, shown, offset(f), scale(f)) === code) return String(shown);
    }
    return String(value);
  };
  const shown = [];
  element("slider-part").hidden = false;

  const make = (f) => {
    const row = document.createElement("div"), label = document.createElement("label"), track = document.createElement("div");
    const range = document.createElement("input"), number = document.createElement("input");
    row.className = "slider";
    track.className = "track";
    label.textContent = data.features[f];
    label.htmlFor = `value-${f}`;
    number.id = `value-${f}`;
    Object.assign(number, { type: "number", step: "any" });
    Object.assign(range, { type: "range", min: net.low[f], max: net.high[f], step: 1 });
    range.setAttribute("aria-label", data.features[f]);
    range.addEventListener("input", () => { codes[f] = +range.value; changed(); });
    number.addEventListener("input", () => {
      if (!Number.isFinite(number.valueAsNumber)) return;
      codes[f] = quantize(net, f, number.valueAsNumber, offset(f), scale(f));
      changed(number);
    });
    number.addEventListener("change", () => changed());
    const all = [...read[f]], ticks = all.length > MOST_TICKS ? [] : all.map((threshold) => {
      const tick = document.createElement("span"), part = (threshold + 0.5 - net.low[f]) / (net.high[f] - net.low[f]);
      tick.className = "tick";
      tick.style.left = `calc(8px + ${part} * (100% - 16px))`;
      return { tick, threshold };
    });
    track.append(range, ...ticks.map(({ tick }) => tick));
    row.append(label, number, track);
    shown.push({ f, range, number, ticks });
    return row;
  };
  const list = () => {
    const words = element("filter").value.toLowerCase();
    const found = order.filter((f) => data.features[f].toLowerCase().includes(words));
    const some = words ? found : found.slice().sort((a, b) => read[b].size - read[a].size || a - b);
    shown.length = 0;
    element("sliders").replaceChildren(...some.slice(0, MOST_SLIDERS).sort((a, b) => a - b).map(make));
    const rest = found.length - Math.min(found.length, MOST_SLIDERS);
    const unread = net.features - read.filter((of) => of.size).length;
    element("slider-help").textContent = "A mark is a threshold of the encoder."
      + (rest ? ` ${rest} more features match; name some to see them.` : "")
      + (unread ? ` ${unread} of ${net.features} features are not read.` : "");
    paint();
  };
  const paint = (typed) => {
    for (const { f, range, number, ticks } of shown) {
      range.value = codes[f];
      range.setAttribute("aria-valuetext", raw(f, codes[f]));
      if (number !== typed) number.value = raw(f, codes[f]);
      for (const { tick, threshold } of ticks) tick.classList.toggle("passed", codes[f] > threshold);
    }
  };
  element("filter-part").hidden = order.length <= MOST_SLIDERS;
  element("filter").addEventListener("input", list);
  list();
  return paint;
}
