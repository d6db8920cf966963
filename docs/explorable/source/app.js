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
    { p: 0.6, n: 32, delta: 0.5, e: 1, d: 4096, s: 0.75, show: "shifted" }],
  ["Attacker can flip x\u2080", "\u03b5 \u2265 1",
    { p: 0.7, n: 2, delta: 0.5, e: 4.5, d: 16, s: 0.7, show: "attacked" }],
];
const OPENING = { ...DEFAULTS, show: "attacked", others: false };
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
  return { ...tidy(numbers), show, others: given.get("others") === "1" };
}

function fragment() {
  const parts = Object.keys(DEFAULTS).map((key) => `${key}=${state[key]}`);
  parts.push(`show=${state.show}`);
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
  const same = before && ["p", "n", "kappa", "e", "reaches"].every((key) =>
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
  refined.step();
  if (refined.done || refined.lines.length % 3 === 0) {
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
  for (const radio of document.getElementsByName("show")) {
    radio.checked = radio.value === state.show;
    radio.disabled = radio.value === "shifted" && state.n === 1;
  }
  for (const button of byId("presets").children) {
    const preset = PRESETS[button.dataset.index][2];
    const here = Object.keys(DEFAULTS).every((key) => preset[key] === state[key]);
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
    mean: NORM, moved: word, title: "Along the word",
    rules: RULES.filter(({ key }) => key !== "both")
      .map((rule) => ({ rule, at: p < 1 ? levels[rule.key] : -Infinity })),
  }, widths["word-chart"]));
  const a = Math.sqrt((1 + kappa) / 2), odds = logOdds(p);
  const agree = { clean: NORM * a, shifted: NORM * a, attacked: (NORM - e) * a }[shown];
  const both = n === 2 && kappa < 1 ? (a > 0 ? -odds / (4 * a) : -Infinity) : NaN;
  write("agree-chart", curveChart(model, {
    mean: NORM * a, moved: agree, title: "Along the places where word and shift agree",
    note: n > 2 ? "shift-Bayes: no single threshold" : "",
    rules: [{ rule: RULES[1], at: both }, { rule: RULES[3], at: -Infinity }],
  }, widths["agree-chart"]));
  drawLegend();
  drawRules();
  drawAsked();
  planeNote();
}

function drawLegend() {
  const { setting: { n, e, reaches, p }, exact } = model, items = [];
  items.push([swatch("area", "excluded"), "no classifier"]);
  items.push([swatch("area", "sky"), n > 3 ? "achieved, at least" : "achieved"]);
  items.push([swatch("line", "ink", "", 1.4), "laws of every classifier"]);
  if (exact) items.push([swatch("line", "vermilion", "", 2.4), "exact frontier"]);
  else if (refined && n === 2) {
    const gap = refined.gap.toFixed(refined.gap < 0.0095 ? 3 : 2);
    items.push([swatch("line", "vermilion", "", 2.4), `frontier of all classifiers, to ${gap}`]);
  }
  if (!exact) items.push([swatch("line", "blue", "6.5 3", 1.8), "best linear rules found"]);
  if (e >= FULL && p < 1) items.push([swatch("line", "ink", "6 3", 1.6), "Theorem 2"]);
  if (e >= FULL && n > 1 && p < 1) items.push([swatch("line", "grey", "8 2 2 2", 1.2), "Theorem 3"]);
  items.push([swatch("line", "grey", "1.5 2.5", 1.4), "gradual law, plain"]);
  items.push([swatch("line", "ink", "3 3", 1), "where you look"]);
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
    return `<tr><th scope="row">${swatch(kind, color)}${html}</th>` +
      `${cell(rule.natural, color)}${shifted}${cell(rule.spatial, color)}${last}</tr>`;
  }).join(""));
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
  rows.push(["gradual law, plain", show(asked.loose)]);
  rows.push(["gradual law, sharp", asked.upper === null ? `<i>S</i> > <i>S</i>*` : show(asked.upper)]);
  rows.push(["lower law", show(asked.lower)]);
  rows.push([`nobody exceeds <i>A</i>*`, show(robust)]);
  const all = tightenedAt(s, asked.together, refined);
  const bound = model.exact ? "exact frontier" : refined ? "best known upper bound" : "upper bound";
  rows.push([bound, asked.together === null ? "impossible" : `\u2264 ${percent(all)}`, true]);
  const got = knownBeside(knownBorder(model, refined), s);
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
    change({ others: false, ...PRESETS[button.dataset.index][2] });
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
  byId("theme").addEventListener("change", (event) => {
    setTheme(event.target.value);
    // A page opened from a file may not be allowed to remember.
    try { localStorage.setItem("spadv-theme", event.target.value); } catch { /* then not */ }
  });
  try {
    byId("theme").value = localStorage.getItem("spadv-theme") || "";
  } catch { /* as the system */ }
  setTheme(byId("theme").value);
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
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((fold) => { fold.open = true; });
  });
  measure();
  state = readFragment(location.hash);
  update();
}

start();
