// The page: reads its program, checks it, and shows what an input makes of it.

const MOST_BARS = 20;

function makeBars(net, data) {
  const sizes = new Array(net.classes).fill(0);
  net.group.forEach((c) => { ++sizes[c]; });
  const longest = Math.max(...data.classes.map((name) => name.length)), digits = String(Math.max(...sizes)).length;
  const most = Math.max(1, ...sizes), body = element("votes").tBodies[0];
  return (counts, best) => {
    let shown = counts.map((_, c) => c);
    if (shown.length > MOST_BARS) shown = shown.sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_BARS);
    body.replaceChildren(...shown.map((c) => {
      const row = document.createElement("tr"), name = document.createElement("th"), bar = document.createElement("td");
      const length = document.createElement("span"), number = document.createElement("td"), text = document.createElement("span");
      name.scope = "row";
      name.style.width = longest > 14 ? "40%" : `${longest + 3}ch`;
      number.style.width = `${2 * digits + 6}ch`;
      name.title = text.textContent = data.classes[c];
      text.className = "name";
      name.append(text);
      length.className = "bar";
      length.style.width = `${100 * counts[c] / most}%`;
      bar.append(length);
      number.className = "n";
      number.textContent = `${counts[c]} of ${sizes[c]}`;
      row.className = c === best ? "best" : "";
      row.append(name, bar, number);
      return row;
    }));
    const hidden = counts.length - shown.length;
    element("more-classes").textContent = hidden ? `The ${MOST_BARS} classes with most votes of ${counts.length}.` : "";
    const next = counts.filter((_, c) => c !== best), second = Math.max(...next);
    element("class").textContent = element("class").title = data.classes[best];
    element("strip").textContent = `Class: ${data.classes[best]}`;
    element("margin").textContent = second === counts[best] ? `As many votes as another class; the first of them in order is the answer.`
      : `${counts[best] - second} more vote${counts[best] - second === 1 ? "" : "s"} than the next class.`;
  };
}

function checkProgram(data, bytes) {
  const found = sha256(bytes), good = found === data.sha256, place = element("checked");
  place.textContent = good ? "✓ checked" : "✗ changed";
  place.className = good ? "good" : "bad";
  if (!good) throw new Error(`the program's SHA-256 is ${found.slice(0, 16)}, not ${data.sha256.slice(0, 16)}: this file was changed; export it again`);
}

function start() {
  const data = JSON.parse(element("data").textContent), bytes = bytesOf(data.program);
  checkProgram(data, bytes);
  const net = readNet(bytes), map = makeMap(net, data), bars = makeBars(net, data);
  const middle = (low, f) => low + Math.floor((net.high[f] - low) / 2);
  const codes = data.shape ? net.low.slice() : net.low.map(middle);
  const examples = readSamples(net, bytesOf(data.samples)).map((given, i) => ({ codes: given, label: data.labels[i] }));
  let paintInput = () => {}, example = -1, waiting = null;

  const show = (typed) => {
    waiting = null;
    const values = evaluate(net, encode(net, [codes])), counts = votes(net, values, 0);
    paintInput(typed);
    bars(counts, winner(counts));
    map.show(values);
    if (data.shape) element("pad").setAttribute("aria-label", `An image of ${data.shape[1]} by ${data.shape[2]} pixels, taken for ${data.classes[winner(counts)]}`);
  };
  const changed = (typed, own = false) => {
    if (!own) { example = -1; element("example").textContent = examples.length ? `${examples.length} examples` : ""; }
    if (waiting === null) waiting = requestAnimationFrame(() => show(typed));
  };
  const take = (index) => {
    example = (index + examples.length) % examples.length;
    const { codes: given, label } = examples[example];
    given.forEach((code, f) => { codes[f] = code; });
    const right = winner(scores(net, [codes])[0]) === label;
    element("example").textContent = `example ${example + 1} of ${examples.length}` + (label < 0 ? "" : `, labelled ${data.classes[label]}: ${right ? "right" : "wrong"}`);
    changed(undefined, true);
  };
  paintInput = data.shape ? makePad(net, data.shape, codes, changed) : makeSliders(net, data, codes, changed);
  element("random").addEventListener("click", () => {
    net.low.forEach((low, f) => { codes[f] = low + Math.floor(Math.random() * (net.high[f] - low + 1)); });
    changed();
  });
  element("example-part").hidden = !examples.length;
  element("previous").addEventListener("click", () => take(example < 0 ? -1 : example - 1));
  element("next").addEventListener("click", () => take(example + 1));
  new ResizeObserver(() => map.draw()).observe(document.querySelector("main"));
  const redraw = () => { paintInput(); map.draw(); };
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", redraw);
  window.lgn = {
    net, data, scores: (samples) => scores(net, samples), classify: (samples) => classify(net, samples),
    quantize: (feature, value) => quantize(net, feature, value, unitOf(data.offset, feature), unitOf(data.scale, feature)),
    codes: () => codes.slice(),
  };
  if (examples.length) take(0); else show();
}

try {
  start();
} catch (problem) {
  element("problem").hidden = false;
  element("problem").textContent = `This page cannot run: ${problem.message}.`;
  console.error(problem);
}
