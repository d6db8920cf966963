// What the page does when its reader moves something.

const byId = (id) => document.getElementById(id);
const written = {};

/** Writes only what has changed: parsing is what takes a browser long. */
function write(id, html) {
  if (written[id] === html) return;
  written[id] = html;
  byId(id).innerHTML = html;
}

// Name, what it shows, and the setting.
const PRESETS = [
  ["Proposition 1", "a shift fools the Bayes classifier",
    { p: 0.5, n: 2, delta: 0.375, e: 0, d: 1024, s: 0.85, show: "shifted" }],
  ["You cannot have it all", "Theorem 2",
    { p: 0.7, n: 2, delta: 0.5, e: 4, d: 1024, s: 0.9, show: "attacked" }],
  ["A gradual trade-off", "budgets below 4",
    { p: 0.7, n: 2, delta: 0.5, e: 2.5, d: 1024, s: 0.9, show: "attacked", others: true }],
  ["The limiting regime is empty", "p = 1/2, Theorem 2",
    { p: 0.5, n: 2, delta: 0.5, e: 4, d: 1024, s: 0.5, show: "attacked" }],
  ["One shift: no trade-off", "n = 1, p = 1/2",
    { p: 0.5, n: 1, delta: 0.5, e: 1, d: 1024, s: 0.95, show: "attacked" }],
  ["Many shifts", "the price of serving all",
    { p: 0.6, n: 32, delta: 0.5, e: 1, d: 4096, s: 0.6, show: "shifted" }],
  ["Attacker can flip x\u2080", "\u03b5 \u2265 1",
    { p: 0.7, n: 2, delta: 0.5, e: 4.5, d: 16, s: 0.7, show: "attacked" }],
  ["The worst of three shifts", "an adversary chooses the shift",
    { p: 0.7, n: 3, delta: 0.5, e: 1, d: 1024, s: 0.85, show: "shifted", worst: true }],
];
const OPENING = { ...DEFAULTS, a: null, worst: false, show: "attacked", others: false };
// So long the first look may spend on refining, in milliseconds.
const EAGER = 9;

let state = { ...OPENING };
let model = null;
let refined = null;
let family = null;
let waiting = 0;
let saying = 0;
let saving = 0;
const widths = {};

function readFragment(text) {
  const given = new URLSearchParams(text.slice(1));
  const numbers = Object.fromEntries(Object.keys(DEFAULTS).map((key) =>
    [key, given.get(key) ? Number(given.get(key)) : NaN]));
  const wanted = given.get("show");
  const show = ["clean", "shifted", "attacked"].includes(wanted) ? wanted : OPENING.show;
  const more = { a: given.get("a") ? Number(given.get("a")) : null, worst: given.get("worst") === "1" };
  return { ...tidy({ ...numbers, ...more }), show, others: given.get("others") === "1" };
}

function fragment() {
  const parts = Object.keys(DEFAULTS).map((key) => `${key}=${state[key]}`);
  parts.push(`show=${state.show}`);
  if (state.a !== null) parts.push(`a=${state.a}`);
  if (state.worst) parts.push("worst=1");
  if (state.others) parts.push("others=1");
  return `#${parts.join("&")}`;
}

/** Take over a new state, and show it. */
function change(part) {
  state = { ...state, ...part, ...tidy({ ...state, ...part }) };
  update();
}

function update() {
  const begun = performance.now();
  const before = model;
  model = study(state);
  clearTimeout(waiting);
  const same = before && ["p", "n", "kappa", "e", "reaches", "worst"].every((key) =>
    before.setting[key] === model.setting[key]);
  if (!same) {
    refined = model.exact ? exactFrontier(model.hull)
      : needsRefinement() ? refinement(model.setting, model.hull, model.cap) : null;
  }
  if (!state.others) family = null;
  else if (!family || !same) family = otherBudgets(model.setting, model.cap);
  while (refined && !refined.done && performance.now() - begun < EAGER) refined.step();
  showControls();
  draw();
  describe();
  saveSoon();
  if (refined && !refined.done) waiting = setTimeout(refine, 30);
}

function needsRefinement() {
  const { p, n, kappa, reaches } = model.setting;
  return !reaches && n > 1 && kappa < 1 && p < 1;
}

/** One more direction, then a pause in which the page can answer. */
function refine() {
  const known = refined.lines.length;
  refined.step();
  if (refined.done || (refined.lines.length > known && known % 3 === 2)) {
    draw();
    describe();
  }
  if (!refined.done) waiting = setTimeout(refine, 0);
}

function showControls() {
  const { setting } = model;
  const short = (x) => x.toFixed(3).replace(/0$/, "");
  const more = (text) => `<span class="more">(${text})</span>`;
  const eps = setting.eps.toFixed(setting.eps < 0.1 ? 3 : 2);
  const alone = state.n === 1;
  // Place of the slider, what stands beside it, and what a screen reader says.
  const values = {
    p: [state.p, short(state.p)],
    n: [SHIFT_COUNTS.indexOf(state.n), String(state.n),
      alone ? "1 shift, the identity" : `${state.n} shifts`],
    delta: [state.delta,
      alone ? "\u2013" : `${short(state.delta)} ${more(`\u03ba ${signed(setting.kappa)}`)}`,
      alone ? "of no matter with one shift"
        : `delta ${state.delta}, kappa ${setting.kappa.toFixed(2)}`],
    e: [state.e, state.e.toFixed(2)],
    d: [LENGTHS.indexOf(state.d), `${setting.d} ${more(`\u03b5 ${eps}`)}`,
      `${setting.d}, epsilon ${eps}`],
    s: [state.s, percent(state.s)],
  };
  byId("delta").max = Math.floor(largestDelta(state.n) / 0.005 + 1e-9) * 0.005;
  byId("delta").disabled = alone;
  byId("delta").closest(".slider").classList.toggle("off", alone);
  for (const [id, [value, text, spokenText]] of Object.entries(values)) {
    const input = byId(id);
    if (Number(input.value) !== value) input.value = value;
    input.setAttribute("aria-valuetext", spokenText || text);
    write(`${id}-out`, text);
  }
  byId("compact").textContent =
    `p ${state.p}, n ${state.n}, \u03b4 ${state.delta}, e ${state.e}`;
  byId("others").checked = state.others;
  byId("worst").checked = state.worst;
  byId("worst").disabled = alone;
  for (const radio of document.getElementsByName("show")) {
    radio.checked = radio.value === state.show;
    radio.disabled = radio.value === "shifted" && state.n === 1;
  }
  for (const button of byId("presets").children) {
    const preset = PRESETS[button.dataset.index][2];
    const here = Object.keys(DEFAULTS).every((key) => preset[key] === state[key]) &&
      Boolean(preset.worst) === state.worst;
    button.setAttribute("aria-pressed", String(here));
  }
}

function signed(x) {
  return (x < 0 ? "\u2212" : "") + Math.abs(x).toFixed(2);
}

function draw() {
  const { setting } = model, { n, kappa, e, p } = setting;
  write("law-chart", lawChart(model, refined, family, widths["law-chart"]));
  write("plane-chart", planeChart(model, refined, widths["plane-chart"]));
  const shown = n === 1 && state.show === "shifted" ? "clean" : state.show;
  const levels = wordThresholds(model);
  const word = { clean: NORM, shifted: NORM * kappa, attacked: NORM - e }[shown];
  write("word-chart", curveChart(model, {
    mean: NORM, moved: word, title: "Along the template",
    rules: RULES.filter(({ key }) => key !== "both")
      .map((rule) => ({ rule, at: p < 1 ? levels[rule.key] : -Infinity })),
  }, widths["word-chart"]));
  const a = Math.sqrt((1 + kappa) / 2), odds = logOdds(p);
  const agree = { clean: NORM * a, shifted: NORM * a, attacked: (NORM - e) * a }[shown];
  const both = n === 2 && kappa < 1 ? (a > 0 ? -odds / (4 * a) : -Infinity) : NaN;
  write("agree-chart", curveChart(model, {
    mean: NORM * a, moved: agree, title: "Along the places where template and shift agree",
    note: n > 2 ? "shift-Bayes: no single threshold" : "",
    rules: [{ rule: RULES[1], at: both }, { rule: RULES[3], at: -Infinity }],
  }, widths["agree-chart"]));
  drawLegend();
  drawRules();
  drawAsked();
  planeNote();
  placeHandle();
}

/** The ring, and what it costs to be there. */
function placeHandle() {
  const mine = readersPoint(model, refined), { setting, best, robust } = model;
  const frame = lawFrame(model, widths["law-chart"]), handle = byId("handle");
  handle.style.left = `${frame.x(Math.max(mine.s, frame.xs[0]))}px`;
  handle.style.top = `${frame.y(mine.a)}px`;
  handle.setAttribute("aria-valuenow", String(Math.round(1000 * mine.s) / 10));
  handle.setAttribute("aria-valuetext", `S ${percent(mine.s)}, A ${percent(mine.a)}`);
  const atLeast = setting.n > 3 ? "at least " : "";
  const computing = refined && !refined.done ? " (computing, so about)" : "";
  let text = `<b>Your point${computing}:</b> <i>S</i> ${percent(mine.s)}, <i>A</i> ${percent(mine.a)}. `;
  if (mine.lostS < 5e-4 && mine.lostA < 5e-4) text += "Nothing is lost of either. ";
  else {
    text += `It gives up ${points(difference(best, mine.s))} of <i>S</i>* = ${percent(best)} and
      ${points(difference(robust, mine.a))} of <i>A</i>* = ${percent(robust)}. `;
  }
  if (state.s > mine.s + 1e-9) {
    text += state.s > model.cap + 1e-9 ? `No classifier has <i>S</i> ${percent(state.s)}. `
      : `No rule is known that has <i>S</i> ${percent(state.s)} and any <i>A</i> for certain. `;
  } else if (!mine.follows && Math.max(mine.moreA, mine.moreS) > 5e-4) {
    text += `A known rule with at least this <i>S</i> has ${atLeast}${points(mine.moreA)} more of <i>A</i>;
      one with at least this <i>A</i>, ${points(mine.moreS)} more of <i>S</i>. `;
  } else if (mine.upper !== null) {
    const gap = Math.max(Math.min(mine.upper, robust) - mine.most, 0);
    text += gap < 0.003 ? "More of one costs some of the other: this is the frontier. "
      : `No classifier with at least this <i>S</i> has more than ${points(gap)} more of <i>A</i>. `;
  }
  write("mine", text.replace(/[ \n]+/g, " "));
}

function drawLegend() {
  const { setting: { n, e, reaches, p }, exact } = model, items = [];
  items.push([swatch("area", "excluded"), "no classifier"]);
  items.push([swatch("area", "sky"), n > 3 ? "achieved, at least" : "achieved"]);
  items.push([swatch("line", "ink", "", 1.4), "laws of every classifier"]);
  if (exact) items.push([swatch("line", "vermilion", "", 2.4), "exact frontier"]);
  else if (refined && n === 2 && model.setting.worst) {
    items.push([swatch("line", "vermilion", "", 2.4),
      `between a known rule and an upper bound: ${refined.gap.toFixed(3)}`]);
  } else if (refined && n === 2) {
    const gap = refined.gap.toFixed(refined.gap < 0.0095 ? 3 : 2);
    items.push([swatch("line", "vermilion", "", 2.4), `frontier of all classifiers, to ${gap}`]);
  }
  if (!exact) items.push([swatch("line", "blue", "6.5 3", 1.8), "best linear rules found"]);
  if (e >= FULL && p < 1) items.push([swatch("line", "ink", "6 3", 1.6), "Theorem 2"]);
  if (e >= FULL && n > 1 && p < 1) items.push([swatch("line", "grey", "8 2 2 2", 1.2), "Theorem 3"]);
  items.push([swatch("line", "grey", "1.5 2.5", 1.4), "without clean-accuracy constraint"]);
  items.push([swatch("line", "loss", "", 2.6), "what your point gives up"]);
  if (reaches) items.push(["", "laws not sharp here: \u03b5 \u2265 1"]);
  write("law-legend", items.map(([icon, text]) => `<li>${icon}<span>${text}</span></li>`).join(""));
}

function drawRules() {
  const { named, setting } = model;
  const bar = (value, color) => `<span class="bar" aria-hidden="true"><span
    style="width:${(100 * value).toFixed(1)}%;background:var(--${color})"></span></span>`;
  const cell = (value, color) => `<td>${percent(value)}${bar(value, color)}</td>`;
  write("rules-body", RULES.map(({ key, html, mark: kind, color }) => {
    const rule = named[key];
    const last = rule.adversarial === null ? `<td>\u2264 ${percent(rule.most)}</td>`
      : cell(rule.adversarial, color);
    const shifted = setting.n > 1 ? cell(rule.shifted, color) : "<td>\u2013</td>";
    // The worst case of negatively correlated scores is only bounded from below.
    const floor = setting.worst && setting.n > 2 && setting.kappa < 0 && key !== "both" &&
      rule.natural !== rule.shifted;
    const spatial = floor ? `<td>\u2265 ${percent(rule.spatial)}</td>` : cell(rule.spatial, color);
    return `<tr><th scope="row">${swatch(kind, color)}${html}</th>` +
      `${cell(rule.natural, color)}${shifted}${spatial}${last}</tr>`;
  }).join(""));
  byId("s-means").textContent = setting.worst ? "worst shift" : "random shift";
  const note = setting.n > 2 && setting.kappa < 1 && setting.p < 1
    ? "With three or more shifts shift-Bayes is not linear: its S was computed beforehand, " +
      "its A is only bounded by the laws."
    : "All exact.";
  byId("rules-note").textContent = note;
}

function drawAsked() {
  const { asked, setting, robust, best, state: { s } } = model;
  const show = (value) => (value === null ? "\u2013" : percent(value));
  const rows = [];
  if (setting.e >= FULL) {
    rows.push(["Theorem 2", show(asked.theorem2)]);
    if (setting.n > 1) rows.push(["Theorem 3", show(asked.theorem3)]);
  } else {
    rows.push(["Theorems 2, 3", "need <i>e</i> \u2265 4"]);
  }
  rows.push(["gradual law, without clean-accuracy constraint", show(asked.loose)]);
  rows.push(["gradual law, with it", asked.upper === null ? `<i>S</i> > <i>S</i>*` : show(asked.upper)]);
  rows.push([`largest of all, <i>A</i>*`, show(robust)]);
  const all = tightenedAt(s, asked.together, refined);
  const bound = model.exact ? "exact frontier" : refined ? "best known upper bound" : "upper bound";
  rows.push([bound, asked.together === null ? "impossible" : `\u2264 ${percent(all)}`, true]);
  const got = knownAtLeast(knownBorder(model, refined), s);
  write("asked-s", percent(s));
  rows.push(["a rule is known with", got === null ? "none" : `\u2265 ${percent(got)}`, true]);
  write("asked-body", rows.map(([name, value, total]) =>
    `<tr${total ? ' class="total"' : ""}><th scope="row">${name}</th><td>${value}</td></tr>`).join(""));
}

function planeNote() {
  const { setting: { n, kappa, e } } = model, [D, back] = residuals(e, kappa);
  let text = "Circles: one deviation around each mean. ";
  if (n === 1) text += "Without shifts all happens along one line.";
  else {
    text += "Dashed: after a shift. ";
    if (e > 0) text += "Hatched: where the attack can take the mean of <i>Y</i> = +1";
    if (e > 0 && e < FULL) {
      text += `; that ends ${D.toFixed(2)} short of the shifted mean of the other label,
        ${back.toFixed(2)} short of its own.`;
    }
    if (e >= FULL) {
      text += `. It holds both shifted means: attacked inputs can look like shifted ones of either
        label.`;
    }
  }
  if (refined && refined.rule && n === 2 && e > 0) {
    text += " Thin curve: the best rule found for <i>S</i> + <i>A</i>.";
  }
  write("plane-note", text);
}

function describe() {
  const { headline: head, paragraphs } = verdict(model, refined);
  byId("headline").textContent = head;
  const html = paragraphs.map((text) => `<p>${text.replace(/[ \n]+/g, " ")}</p>`).join("");
  write("words", html);
  // Said only once the reader has stopped moving.
  clearTimeout(saying);
  saying = setTimeout(() => {
    const text = spoken(model, refined);
    if (byId("live").textContent !== text) byId("live").textContent = text;
  }, 700);
}

function saveSoon() {
  byId("link").href = fragment();
  clearTimeout(saving);
  saving = setTimeout(() => {
    // Some browsers refuse this to files, or when it is done too often.
    try { history.replaceState(null, "", fragment()); } catch { /* the link has it */ }
  }, 250);
}

function measure() {
  let changed = false;
  for (const id of ["law-chart", "plane-chart", "word-chart", "agree-chart"]) {
    const width = Math.max(Math.floor(byId(id).clientWidth), 200);
    if (widths[id] !== width) changed = true;
    widths[id] = width;
  }
  // For an audience the picture and the reader's point fit a screen without scrolling.
  let tallest = Infinity;
  if (LOOK.letters > 1 && innerWidth > 768) {
    const top = byId("stage").getBoundingClientRect().top + scrollY;
    tallest = Math.max(innerHeight - top - byId("mine").offsetHeight - 12, 300);
  }
  if (LOOK.tallest !== tallest) changed = true;
  LOOK.tallest = tallest;
  return changed;
}

/** Let e grow from 0 to 4.5; by whole steps for who prefers less motion. */
function play() {
  const button = byId("play");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const size = calm ? 1 : 0.05, pause = calm ? 1500 : 70;
  if (button.getAttribute("aria-pressed") === "true") {
    button.setAttribute("aria-pressed", "false");
    return;
  }
  button.setAttribute("aria-pressed", "true");
  change({ e: 0 });
  const next = () => {
    if (button.getAttribute("aria-pressed") !== "true") return;
    if (state.e + size > 4.5) {
      button.setAttribute("aria-pressed", "false");
      return;
    }
    change({ e: state.e + size });
    setTimeout(next, pause);
  };
  setTimeout(next, pause);
}

/** A page opened from a file may not be allowed to remember. */
function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* then not */ }
}

/** Letters for an audience. */
function setLarge(large) {
  document.documentElement.toggleAttribute("data-large", large);
  LOOK.letters = !large ? 1 : innerWidth <= 768 ? 1.17 : 1.58;
  measure();
  if (model) draw();
}

/** Let the reader's point be dragged, clicked to a place, and moved by keys. */
function listenToHandle() {
  const stage = byId("stage"), handle = byId("handle"), chart = byId("law-chart");
  const goTo = (event) => {
    const { left, top } = chart.getBoundingClientRect();
    const frame = lawFrame(model, widths["law-chart"]);
    const s = Math.min(Math.max(frame.s(event.clientX - left), 0.4), model.best);
    const a = Math.min(Math.max(frame.a(event.clientY - top), 0), 1);
    const most = knownAtLeast(knownBorder(model, refined), s);
    change({ s, a: most !== null && a >= most - 0.0075 ? null : a });
  };
  let dragged = false;
  const begin = (event) => {
    dragged = true;
    handle.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
    goTo(event);
  };
  handle.addEventListener("pointerdown", begin);
  handle.addEventListener("pointermove", (event) => { if (dragged) goTo(event); });
  for (const name of ["pointerup", "pointercancel"]) {
    handle.addEventListener(name, () => { dragged = false; });
  }
  // With a mouse the chart itself answers; a finger there scrolls the page.
  chart.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse") begin(event); });
  chart.addEventListener("click", goTo);
  stage.addEventListener("keydown", (event) => {
    const mine = readersPoint(model, refined), size = event.shiftKey ? 0.05 : 0.005;
    const ends = knownBorder(model, refined);
    const moves = {
      ArrowLeft: () => ({ s: Math.max(mine.s - size, 0.4) }),
      ArrowRight: () => ({ s: Math.min(mine.s + size, model.best) }),
      ArrowUp: () => ({ a: mine.a + size >= mine.most ? null : mine.a + size }),
      ArrowDown: () => ({ a: Math.max(mine.a - size, 0) }),
      Home: () => ({ a: null, s: ends.reduce((top, x) => (x[1] >= top[1] ? x : top))[0] }),
      End: () => ({ a: null, s: model.best }),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    change(moves[event.key]());
  });
}

/** The picture of the trade-off by itself: setting, chart, legend; as a file. */
function save(kind) {
  const file = new Blob([picture()], { type: "image/svg+xml" });
  const name = `spatial-adversarial-p${state.p}-n${state.n}-e${state.e}`;
  if (kind === "svg") {
    download(file, `${name}.svg`);
    return;
  }
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas"), zoom = 2;
    [canvas.width, canvas.height] = [zoom * image.width, zoom * image.height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(blob, `${name}.png`));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture())}`;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The chart as SVG text that needs no style sheet. */
function picture() {
  const style = getComputedStyle(document.documentElement), big = LOOK.letters;
  const width = widths["law-chart"], { height, x, y, xs } = lawFrame(model, width);
  const mine = readersPoint(model, refined), { setting } = model, size = 12 * big, row = 17 * big;
  const chart = byId("law-chart").innerHTML;
  const ring = element("circle", { cx: x(Math.max(mine.s, xs[0])), cy: y(mine.a), r: 7 * big,
    fill: "var(--paper)", stroke: "var(--loss)", "stroke-width": 4 });
  const legend = [...byId("law-legend").children].map((item, i) =>
    `<g transform="translate(${i % 2 ? width / 2 : 10} ${height + 62 * big + row * Math.floor(i / 2)})">` +
    `<g transform="translate(0 ${-size})">${item.querySelector("svg")?.outerHTML ?? ""}</g>` +
    label(item.textContent, 32, 0, { cls: "soft" }) + "</g>").join("");
  const rows = Math.ceil(byId("law-legend").children.length / 2);
  const total = Math.ceil(height + 62 * big + row * rows);
  const told = `p = ${setting.p}, n = ${setting.n}, \u03ba = ${setting.kappa.toFixed(2)}, e = ${setting.e}` +
    (setting.worst ? ", worst shift" : "");
  const css = `text{fill:var(--ink);font:${size}px sans-serif}text.soft{fill:var(--soft)}` +
    "text.halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px}" +
    "text.on-grey{stroke:var(--excluded)}text.loss{fill:var(--loss);font-weight:bold}" +
    "text.title{font-weight:bold}";
  const holder = document.createElement("div");
  holder.innerHTML = `<svg viewBox="0 0 ${width} ${total}" width="${width}" height="${total}">` +
    `<style>${css}</style>${box(0, 0, width, total, { fill: "var(--paper)" })}` +
    label(byId("headline").textContent, 10, 18 * big, { cls: "title" }) +
    label(told, 10, 35 * big, { cls: "soft" }) +
    `<g transform="translate(0 ${44 * big})">${chart}${ring}</g>${legend}</svg>`;
  // The serializer writes the name space, which a file needs.
  return new XMLSerializer().serializeToString(holder.firstChild)
    .replace(/var\(--([a-z-]+)\)/g, (_, name) => style.getPropertyValue(`--${name}`).trim());
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function start() {
  write("presets", PRESETS.map(([name, why], i) =>
    `<button type="button" data-index="${i}" title="${why}">${name}</button>`).join(""));
  byId("presets").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    byId("play").setAttribute("aria-pressed", "false");
    change({ others: false, worst: false, a: null, ...PRESETS[button.dataset.index][2] });
  });
  byId("sliders").addEventListener("input", (event) => {
    const { id, value } = event.target;
    const number = Number(value);
    if (id === "e") byId("play").setAttribute("aria-pressed", "false");
    change({ [id]: id === "n" ? SHIFT_COUNTS[number] : id === "d" ? LENGTHS[number] : number });
  });
  byId("sliders").addEventListener("submit", (event) => event.preventDefault());
  byId("others").addEventListener("change", (event) => change({ others: event.target.checked }));
  for (const radio of document.getElementsByName("show")) {
    radio.addEventListener("change", () => change({ show: radio.value }));
  }
  byId("play").addEventListener("click", play);
  byId("worst").addEventListener("change", (event) => change({ worst: event.target.checked }));
  byId("large").addEventListener("change", (event) => {
    setLarge(event.target.checked);
    remember("spadv-large", event.target.checked ? "1" : "");
  });
  byId("save-svg").addEventListener("click", () => save("svg"));
  byId("save-png").addEventListener("click", () => save("png"));
  listenToHandle();
  byId("theme").addEventListener("change", (event) => {
    setTheme(event.target.value);
    remember("spadv-theme", event.target.value);
  });
  try {
    byId("theme").value = localStorage.getItem("spadv-theme") || "";
    byId("large").checked = localStorage.getItem("spadv-large") === "1";
  } catch { /* as the system */ }
  if (new URLSearchParams(location.hash.slice(1)).get("large") === "1") byId("large").checked = true;
  setTheme(byId("theme").value);
  setLarge(byId("large").checked);
  byId("price-error").textContent = `\u00b1${(200 * PRICE.standard_error).toFixed(3)} points`;
  addEventListener("hashchange", (event) => {
    // The address may have been written over since: the event knows what was asked for.
    const { hash } = new URL(event.newURL);
    // Links within the page have fragments, too.
    if (!hash.includes("=")) return;
    state = readFragment(hash);
    update();
  });
  new ResizeObserver(() => {
    if (measure() && model) draw();
  }).observe(byId("results").parentElement);
  addEventListener("resize", () => {
    if (measure() && model) draw();
  });
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((fold) => { fold.open = true; });
  });
  measure();
  state = readFragment(location.hash);
  update();
}

start();
