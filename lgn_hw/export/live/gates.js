// The map of gates: a cell for every net, level by level, lit where it is 1.

const MOST_BLOCKS = 24, MOST_CELLS = 60000, MOST_WIRED = 120;
const GATES = ["0", "a NOR b", "a AND NOT b", "NOT b", "b AND NOT a", "NOT a", "a XOR b", "a NAND b",
  "a AND b", "a XNOR b", "a", "a OR NOT b", "b", "b OR NOT a", "a OR b", "1"];

function makeMap(net, data) {
  const canvas = element("gates"), levels = [];
  for (let n = 2; n < net.level.length; ++n) (levels[net.level[n]] ??= []).push(n);
  const depth = levels.length - 1, per = Math.max(1, Math.ceil(depth / (MOST_BLOCKS - 1)));
  const blocks = levels[0]?.length ? [{ name: "encoder bits", nets: levels[0] }] : [];
  for (let from = 1; from <= depth; from += per) {
    const to = Math.min(depth, from + per - 1), nets = levels.slice(from, to + 1).flat();
    blocks.push({ name: to > from ? `levels ${from}–${to}` : `level ${from}`, nets });
  }
  const total = net.level.length - 2, share = Math.max(1, Math.ceil(total / MOST_CELLS));
  let values = new Int32Array(net.level.length), before = null, cell = 4, gap = 1;
  const place = new Map();

  const layOut = (width) => {
    const widest = Math.max(...blocks.map((block) => block.nets.length)), area = width * 420 * Math.max(1, Math.min(2.5, 700 / width));
    const wired = total <= MOST_WIRED && widest * 8 <= width;
    cell = Math.max(2, Math.min(wired ? Math.min(22, Math.floor(width / widest)) : 14, Math.floor(Math.sqrt(area / Math.max(1, total / share)))));
    gap = cell > 4 ? 1 : 0;
    const across = Math.max(1, Math.floor(width / cell));
    let y = 0;
    place.clear();
    for (const block of blocks) {
      const cells = Math.ceil(block.nets.length / share), columns = Math.min(across, cells);
      Object.assign(block, { top: y + 20, across, left: wired ? Math.floor((width - columns * cell) / 2) : 0 });
      if (wired) block.nets.forEach((n, i) => place.set(n, [block.left + (i % across + 0.5) * cell, block.top + (Math.floor(i / across) + 0.5) * cell]));
      y = block.top + Math.ceil(cells / across) * cell + (wired ? 34 : 8);
    }
    return y;
  };
  const wires = (on, style) => {
    for (const light of [0, 1]) {
      on.beginPath();
      for (const [n, [x, y]] of place) {
        if (n < net.first) continue;
        for (const pin of net.pins[n - net.first]) {
          const from = place.get(pin);
          if (!from || (values[pin] & 1) !== light) continue;
          on.moveTo(from[0], from[1] + cell / 2);
          on.lineTo(x, y - cell / 2);
        }
      }
      on.strokeStyle = style(light ? "--one" : "--line");
      on.stroke();
    }
  };
  const draw = () => {
    const width = canvas.parentElement.clientWidth, ratio = window.devicePixelRatio || 1, height = layOut(width);
    const root = getComputedStyle(document.documentElement), style = (name) => root.getPropertyValue(name).trim();
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.aspectRatio = `${width} / ${height}`;
    const on = canvas.getContext("2d");
    on.scale(ratio, ratio);
    on.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    if (place.size) wires(on, style);
    for (const block of blocks) {
      const lit = block.nets.reduce((sum, n) => sum + (values[n] & 1), 0);
      const label = `${block.name}: ${lit.toLocaleString("en")} of ${block.nets.length.toLocaleString("en")} are 1`;
      on.fillStyle = style("--paper");
      on.fillRect(0, block.top - 18, on.measureText(label).width + 6, 15);
      on.fillStyle = style("--muted");
      on.fillText(label, 0, block.top - 6);
      for (let i = 0; i < block.nets.length; i += share) {
        const nets = share === 1 ? [block.nets[i]] : block.nets.slice(i, i + share), c = i / share;
        const x = block.left + c % block.across * cell, y = block.top + Math.floor(c / block.across) * cell;
        const ones = nets.filter((n) => values[n] & 1).length;
        on.fillStyle = style(2 * ones >= nets.length && ones ? "--one" : "--zero");
        on.fillRect(x, y, cell - gap, cell - gap);
        if (!before || !nets.some((n) => (before[n] ^ values[n]) & 1)) continue;
        if (cell > 5) {
          on.strokeStyle = style("--changed");
          on.lineWidth = 2;
          on.strokeRect(x + 1, y + 1, cell - gap - 2, cell - gap - 2);
          on.lineWidth = 1;
        } else {
          on.fillStyle = style("--changed");
          on.fillRect(x, y, cell - gap, Math.max(1, (cell - gap) / 2));
        }
      }
    }
  };
  const tell = (n) => {
    const value = values[n] & 1;
    if (n < net.first) {
      const bit = n - 2;
      return `Encoder bit ${bit}: ${data.features[net.feature[bit]]} > ${net.threshold[bit]} (its code), is ${value}.`;
    }
    const pins = net.pins[n - net.first], table = net.tables[n - net.first], names = "abcdef";
    const reads = [...pins].map((pin, i) => `${names[i]} = ${pin < 2 ? "constant" : pin < net.first ? `bit ${pin - 2}` : `gate ${pin - net.first}`} (${values[pin] & 1})`);
    const what = pins.length === 2 ? GATES[table[0]] : pins.length === 1 ? ["0", "NOT a", "a", "1"][table[0]]
      : `table ${table.map((byte) => byte.toString(16).padStart(2, "0")).reverse().join("")}`;
    return `Gate ${n - net.first} on level ${net.level[n]}: ${what}, with ${reads.join(", ")}, is ${value}.`;
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect(), scale = canvas.clientWidth / box.width || 1;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    for (const block of blocks) {
      const row = Math.floor((y - block.top) / cell), column = Math.floor((x - block.left) / cell);
      const index = (row * block.across + column) * share;
      if (row >= 0 && column >= 0 && column < block.across && index < block.nets.length) return block.nets[index];
    }
    return null;
  };
  for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, (event) => {
    const n = under(event);
    if (n !== null) element("gate").textContent = tell(n);
  });
  return {
    draw,
    show(next) {
      before = values === next ? before : values.some((v) => v) ? values : null;
      values = next;
      let ones = 0, turned = 0;
      for (let n = net.first; n < next.length; ++n) {
        ones += next[n] & 1;
        if (before) turned += (before[n] ^ next[n]) & 1;
      }
      const text = `${ones.toLocaleString("en")} of ${net.nodes.toLocaleString("en")} gates are 1` + (before ? `, ${turned.toLocaleString("en")} have just turned.` : ".");
      element("fired").textContent = text + (share > 1 ? ` A cell stands for ${share} of them, and is lit where half or more are 1.` : "");
      canvas.setAttribute("aria-label", `Map of all gates by level: ${text}`);
      draw();
    },
  };
}
