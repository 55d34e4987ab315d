/* The film viewer: 16-bit pictures on a canvas, windowed through a lookup table, with heat maps above them.

   Runs inside gradio's `js_on_load`, which gives `element`, `props` and `watch`. It is handed `props.value` (see
   `rrg/app/viewer.py: pictures`), `props.titles`, `props.heat` (`heat`) and `props.truth` (`truth`; both empty for none), and asks nobody for
   anything. The template around it is static; every text goes in as text, never as HTML. */

function mountViewer(element, props, watch) {
  "use strict";
  const WHITE = 65535, KEY_PAN = 40, KEY_ZOOM = 1.25, MAX_ZOOM = 32, HATCH = 5;
  const find = (name) => element.querySelector(`[data-part="${name}"]`);
  const stage = find("stage"), canvas = find("canvas"), names = find("names"), panel = find("heat");
  const choice = find("map"), opacity = find("opacity"), legend = find("legend");
  const TRUTH = { model: "The truth", films: {} }, EDGES = ["#4fe3ff", "#b6ff6b", "#ffd1f3", "#ffffff"];
  const context = canvas.getContext("2d", { alpha: false });
  const fresh = () => ({ width: 1, level: 0.5, invert: false, zoom: 1, x: 0, y: 0 });
  let films = [], index = 0, heat = null, facts = [], outlined = false, tool = "window", dirty = true, asked = 0, speaking = 0;

  // -- what is given

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const blank = (width, height) => Object.assign(document.createElement("canvas"), { width, height });

  function openFilms() {
    const before = films, same = (given) => before.find((film) => film.given.data === given.data);
    films = (props.value || []).map((given) => ({ // a film that was open already keeps its window
      given, pixels: new Uint16Array(bytes(given.data).buffer), picture: blank(given.width, given.height),
      image: new ImageData(given.width, given.height), at: same(given) ? same(given).at : fresh(),
    }));
    if (!films.length || !same(films[0].given) || index >= films.length) index = 0;
    dirty = true;
    find("empty").hidden = films.length > 0;
    find("tools").hidden = !films.length;
    find("view").hidden = films.length < 2;
    openTruth();
    openHeat();
    name();
  }

  function openTruth() { // what is known of a simulated study
    const known = props.truth || {};
    find("simulated").hidden = !known.label || !films.length;
    find("simulated").textContent = known.label || "";
    facts = (known.facts || []).map((fact, i) => ({ name: fact.name, shown: true, colour: EDGES[i % EDGES.length], films: fact.films.map(outline) }));
    find("truth").hidden = !known.facts || !films.length;
    find("outlines").disabled = !facts.length;
    find("untold").hidden = facts.length > 0;
    legend.replaceChildren(...facts.map((fact, i) => {
      const item = document.createElement("li"), button = Object.assign(document.createElement("button"), { type: "button" });
      const number = Object.assign(document.createElement("b"), { textContent: String(i + 1) });
      number.style.borderColor = fact.colour;
      button.append(number, ` ${fact.name}`);
      button.addEventListener("click", () => { fact.shown = !fact.shown; tellTruth(); });
      item.append(button);
      return item;
    }));
    tellTruth();
  }

  function tellTruth() {
    find("outlines").setAttribute("aria-pressed", String(outlined));
    legend.hidden = !outlined;
    [...legend.querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", String(facts[i].shown)));
    draw();
  }

  function outline({ width, height, runs }) { // -> paths in pixels of the film: the area, its edges, and where its number stands
    const inside = new Uint8Array(width * height), area = new Path2D(), edge = new Path2D();
    let at = 0, first = null;
    runs.forEach((length, i) => { if (i % 2) { inside.fill(1, at, at + length); first = first === null && length ? at : first; } at += length; });
    const on = (x, y) => x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x] === 1;
    for (let y = 0; y <= height; y++) for (let x = 0; x <= width; x++) {
      if (on(x, y) && !on(x - 1, y)) { let end = x; while (on(end, y)) end++; area.rect(x, y, end - x, 1); }
      if (on(x, y) !== on(x - 1, y)) { edge.moveTo(x, y); edge.lineTo(x, y + 1); }
      if (on(x, y) !== on(x, y - 1)) { edge.moveTo(x, y); edge.lineTo(x + 1, y); }
    }
    return { width, height, area, edge, first: first === null ? null : [first % width, Math.floor(first / width)] };
  }

  function name() {
    const film = films[index];
    if (!film) return stage.setAttribute("aria-label", "Film viewer, no film is open");
    const title = (props.titles || [])[index] || film.given.title, [w, h] = film.given.size;
    stage.setAttribute("aria-label", `Radiograph. ${title}`);
    find("view").textContent = `Film ${index + 1} of ${films.length}: switch (v)`;
    const shrunk = w !== film.given.width ? `, shown at ${film.given.width} × ${film.given.height}` : "";
    find("shown").textContent = `${title} · ${w} × ${h} px, ${film.given.bits} bits${shrunk}`;
  }

  function openHeat() {
    heat = props.heat && props.heat.maps ? props.heat : null;
    panel.hidden = !heat;
    if (heat) {
      const kept = choice.value;
      const options = [["none", "No heat map"], ...heat.maps.map((map, i) => [String(i), map.model])];
      if (heat.maps.length > 1) options.push(["all", "Both, side by side"]);
      if (heat.maps.length > 1 && facts.length) options.push(["truth", "Both, the truth and the film"]);
      if ((heat.facts || []).length) facts.forEach((fact, i) => { fact.shown = heat.facts.includes(i); });
      choice.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
      choice.value = options.some(([value]) => value === kept) ? kept : options[options.length - 1][0];
      find("sentence").textContent = heat.sentence;
      find("end").textContent = heat.scale > 0 ? Number(heat.scale.toPrecision(2)).toString() : "none at all";
      find("unit").textContent = heat.unit;
      heat.maps.forEach((map) => Object.values(map.films).forEach((grid) => Object.assign(grid, layers(grid))));
      drawBar();
    }
    tellTruth();
  }

  // -- heat maps

  function colour(t) { // dark violet over red to pale yellow; the less evidence, the less there is to see
    const stops = [[87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
    const at = Math.min(t, 0.9999) * (stops.length - 1), i = Math.floor(at), f = at - i;
    return [...stops[i].map((c, k) => c + (stops[i + 1][k] - c) * f), 255 * Math.min(1, t / 0.35)];
  }

  function layers({ width, height, values }) { // 0 is outside the field of view, 1 to 255 the scale
    const grid = bytes(values), evidence = blank(width, height), outside = blank(width * HATCH, height * HATCH);
    const seen = new ImageData(width, height), hatched = new ImageData(outside.width, outside.height);
    grid.forEach((value, i) => { if (value) seen.data.set(colour((value - 1) / 254), 4 * i); });
    for (let y = 0; y < outside.height; y++) for (let x = 0; x < outside.width; x++) {
      const out = grid[Math.floor(y / HATCH) * width + Math.floor(x / HATCH)] === 0;
      if (out && (x + y) % 20 < 2) hatched.data.set([160, 190, 220, 200], 4 * (y * outside.width + x));
    }
    evidence.getContext("2d").putImageData(seen, 0, 0);
    outside.getContext("2d").putImageData(hatched, 0, 0);
    return { evidence, outside };
  }

  function drawBar() {
    const bar = find("bar"), ink = bar.getContext("2d");
    ink.fillStyle = "#777";
    ink.fillRect(0, 0, bar.width, bar.height);
    for (let x = 0; x < bar.width; x++) {
      const [r, g, b, a] = colour(x / (bar.width - 1));
      ink.fillStyle = `rgba(${r},${g},${b},${a / 255})`;
      ink.fillRect(x, 0, 1, bar.height);
    }
  }

  function panes() { // null is the film alone
    if (!heat || choice.value === "none") return [null];
    if (choice.value === "truth") return [...heat.maps, TRUTH, null];
    return choice.value === "all" ? heat.maps : [heat.maps[Number(choice.value)]];
  }

  function grid() { // up to two panes stand side by side, four in two rows
    const count = panes().length, columns = Math.min(2, count);
    return { columns, width: stage.clientWidth / columns, height: stage.clientHeight / Math.ceil(count / columns) };
  }

  // -- drawing

  function applyWindow(film) { // full precision: every one of the 65536 values has its grey
    const { width, level, invert } = film.at, table = new Uint32Array(WHITE + 1), low = level - width / 2;
    for (let v = 0; v <= WHITE; v++) {
      const t = Math.min(1, Math.max(0, (v / WHITE - low) / width)), grey = Math.round(255 * (invert ? 1 - t : t));
      table[v] = 0xff000000 | (grey * 0x010101);
    }
    const out = new Uint32Array(film.image.data.buffer), { pixels } = film;
    for (let i = 0; i < out.length; i++) out[i] = table[pixels[i]];
    film.picture.getContext("2d").putImageData(film.image, 0, 0);
  }

  const fit = (film) => Math.min(grid().width / film.given.width, grid().height / film.given.height);

  function draw() {
    if (!asked) asked = requestAnimationFrame(() => { asked = 0; paint(); });
  }

  function paint() { // size and picture change in one frame, so nothing flickers
    const ratio = window.devicePixelRatio || 1, film = films[index], shown = panes();
    const width = Math.round(stage.clientWidth * ratio), height = Math.round(stage.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#05080b";
    context.fillRect(0, 0, width, height);
    const called = (map) => (map ? map.model : shown.length > 1 ? "The film" : "");
    names.replaceChildren(...(film ? shown : []).map((map) => Object.assign(document.createElement("span"), { textContent: called(map) })));
    names.dataset.columns = grid().columns;
    if (!film) return;
    if (dirty) applyWindow(film);
    dirty = false;
    const { columns, width: wide, height: tall } = grid();
    shown.forEach((map, i) => paintPane(film, map, (i % columns) * wide * ratio, Math.floor(i / columns) * tall * ratio, wide * ratio, tall * ratio, ratio));
    context.fillStyle = "#7d8a97"; // between the panes
    if (columns > 1) context.fillRect(wide * ratio - ratio, 0, 2 * ratio, height);
    if (shown.length > 2) context.fillRect(0, tall * ratio - ratio, width, 2 * ratio);
    const { at } = film, percent = (x) => `${Math.round(100 * x)} %`;
    find("window").textContent = `window ${percent(at.width)} · level ${percent(at.level)} · zoom ${at.zoom.toFixed(1)}×${at.invert ? " · inverted" : ""}`;
    find("invert").setAttribute("aria-pressed", String(at.invert));
  }

  function paintPane(film, map, left, top, width, height, ratio) {
    const { given, at } = film, scale = fit(film) * at.zoom * ratio;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.setTransform(scale, 0, 0, scale, left + width / 2 + at.x * scale, top + height / 2 + at.y * scale);
    context.imageSmoothingQuality = "high";
    context.imageSmoothingEnabled = scale < 3;
    const place = [-given.width / 2, -given.height / 2, given.width, given.height];
    context.drawImage(film.picture, ...place);
    const grid = map && map.films[index];
    if (grid) {
      context.globalAlpha = Number(opacity.value) / 100;
      context.imageSmoothingEnabled = true;
      context.drawImage(grid.evidence, ...place);
      context.drawImage(grid.outside, ...place);
    }
    if (map === TRUTH || (outlined && (map || panes().length === 1))) facts.forEach((fact, i) => { if (fact.shown) paintTruth(fact, i, given, scale, ratio, map === TRUTH); });
    context.restore();
  }

  function paintTruth(fact, i, given, scale, ratio, filled) {
    const { width, height, area, edge, first } = fact.films[index], pixel = (given.width / width) * scale;
    if (!first) return; // this view does not show it
    context.save();
    context.translate(-given.width / 2, -given.height / 2);
    context.scale(given.width / width, given.height / height);
    context.globalAlpha = filled ? 0.4 : 0;
    context.fillStyle = fact.colour;
    context.fill(area);
    context.globalAlpha = 1;
    context.lineCap = "square";
    [["#000", 3.2], [fact.colour, 1.6]].forEach(([ink, thick]) => { context.strokeStyle = ink; context.lineWidth = (thick * ratio) / pixel; context.stroke(edge); });
    context.font = `700 ${(14 * ratio) / pixel}px system-ui, sans-serif`;
    context.textBaseline = "bottom";
    context.lineWidth = (4 * ratio) / pixel;
    context.lineJoin = "round";
    context.strokeStyle = "#000";
    const y = Math.max(first[1], (18 * ratio) / pixel) - (3 * ratio) / pixel;
    context.strokeText(String(i + 1), first[0], y);
    context.fillText(String(i + 1), first[0], y);
    context.restore();
  }

  // -- what the reader does

  function change(act) {
    const film = films[index];
    if (!film) return;
    const { at, given } = film, { width, level, invert } = at, within = (x, low, high) => Math.min(high, Math.max(low, x));
    act(at, film);
    at.width = within(at.width, 0.01, 2);
    at.level = within(at.level, 0, 1);
    at.x = within(at.x, -given.width / 2, given.width / 2);
    at.y = within(at.y, -given.height / 2, given.height / 2);
    dirty = dirty || at.width !== width || at.level !== level || at.invert !== invert;
    draw();
    clearTimeout(speaking);
    speaking = setTimeout(() => { find("spoken").textContent = `${find("shown").textContent}: ${find("window").textContent}`; }, 500);
  }

  function zoomBy(factor, x = 0, y = 0) { // (x, y): css pixels from the middle of the pane, which stay in place
    change((at, film) => {
      const before = fit(film) * at.zoom;
      at.zoom = Math.min(MAX_ZOOM, Math.max(0.5, at.zoom * factor));
      const after = fit(film) * at.zoom;
      at.x += x / after - x / before;
      at.y += y / after - y / before;
    });
  }

  const panBy = (x, y) => change((at, film) => { const s = fit(film) * at.zoom; at.x += x / s; at.y += y / s; });
  const windowBy = (x, y) => change((at) => { at.width *= Math.exp(x / 200); at.level += (y / 400) * Math.max(at.width, 0.1); });

  function switchView() {
    if (films.length < 2) return;
    index = (index + 1) % films.length;
    dirty = true;
    name();
    change(() => {});
  }

  function showTruth() {
    if (!facts.length) return;
    outlined = !outlined;
    tellTruth();
    find("spoken").textContent = outlined ? `Outlined: ${facts.filter((fact) => fact.shown).map((fact) => fact.name).join("; ")}` : "No outlines";
  }

  function use(chosen) { // said at once, not with the next frame
    tool = chosen;
    ["windowing", "panning"].forEach((part) => find(part).setAttribute("aria-pressed", String(part.startsWith(tool.slice(0, 3)))));
    draw();
  }

  const DO = {
    windowing: () => use("window"), panning: () => use("pan"), closer: () => zoomBy(KEY_ZOOM), farther: () => zoomBy(1 / KEY_ZOOM),
    invert: () => change((at) => { at.invert = !at.invert; }), reset: () => change((at) => Object.assign(at, fresh())), view: switchView,
    outlines: showTruth,
  };
  const KEYS = {
    ArrowLeft: () => panBy(-KEY_PAN, 0), ArrowRight: () => panBy(KEY_PAN, 0), ArrowUp: () => panBy(0, -KEY_PAN), ArrowDown: () => panBy(0, KEY_PAN),
    "+": DO.closer, "=": DO.closer, "-": DO.farther, i: DO.invert, r: DO.reset, v: switchView, t: showTruth,
    "[": () => windowBy(-30, 0), "]": () => windowBy(30, 0), ",": () => windowBy(0, -20), ".": () => windowBy(0, 20),
  };
  Object.entries(DO).forEach(([part, act]) => find(part).addEventListener("click", act));
  stage.addEventListener("keydown", (event) => {
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  const fingers = new Map();
  const fromMiddle = (x, y) => {
    const box = stage.getBoundingClientRect(), { width, height } = grid();
    return [((x - box.left) % width) - width / 2, ((y - box.top) % height) - height / 2];
  };
  const pinch = () => { const [a, b] = [...fingers.values()]; return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, gap: Math.hypot(a.x - b.x, a.y - b.y) || 1 }; };
  stage.addEventListener("pointerdown", (event) => {
    if (!films.length) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, pans: event.button > 0 || event.shiftKey });
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger || fingers.size > 2) return;
    const before = fingers.size === 2 ? pinch() : null, x = event.clientX - finger.x, y = event.clientY - finger.y;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    if (before) {
      const after = pinch();
      panBy(after.x - before.x, after.y - before.y);
      zoomBy(after.gap / before.gap, ...fromMiddle(after.x, after.y));
    } else (tool === "pan" || finger.pans ? panBy : windowBy)(x, y);
  });
  ["pointerup", "pointercancel"].forEach((kind) => stage.addEventListener(kind, (event) => fingers.delete(event.pointerId)));
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => {
    if (!films.length) return;
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), ...fromMiddle(event.clientX, event.clientY));
  }, { passive: false });
  choice.addEventListener("change", draw);
  opacity.addEventListener("input", draw);

  new ResizeObserver(draw).observe(stage);
  watch("value", openFilms);
  watch("titles", name);
  watch("heat", openHeat);
  watch("truth", openTruth);
  openFilms();
}
