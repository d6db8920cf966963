// One setting of the page, and everything that the page shows of it but the refinement.

const SHIFT_COUNTS = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64];
const LENGTHS = [8, 16, 32, 64, 128, 256, 512, 1024, 4096];
const DEFAULTS = { p: 0.7, n: 2, delta: 0.5, e: 2, d: 1024, s: 0.9 };
// Beside these: a, the reader's A (null: as large as is known), and worst, whether an
// adversary chooses the shift.
// Standard errors of S* that are granted to the classifiers where S* is not exact.
const SAFETY = 5;

/** Largest relative distance that n templates can have from each other, all the same. */
function largestDelta(n) {
  return n > 1 ? n / (2 * (n - 1)) : 1;
}

/** The nearest state that the sliders can show. */
function tidy(state) {
  const near = (list, x) =>
    list.reduce((best, y) => (Math.abs(y - x) < Math.abs(best - x) ? y : best));
  const step = (x, low, high, size) =>
    Math.min(Math.max(Math.round(x / size) * size, low), Math.floor(high / size + 1e-9) * size);
  const known = Object.fromEntries(Object.entries(DEFAULTS).map(([key, standard]) =>
    [key, Number.isFinite(state[key]) ? state[key] : standard]));
  const n = near(SHIFT_COUNTS, known.n);
  const round = (x) => Number(x.toFixed(3));
  return {
    p: round(step(known.p, 0.5, 1, 0.005)),
    n,
    delta: round(step(known.delta, 0, largestDelta(n), 0.005)),
    e: round(step(known.e, 0, 6, 0.05)),
    d: near(LENGTHS, known.d),
    s: round(step(known.s, 0.4, 1, 0.005)),
    a: Number.isFinite(state.a) && state.a !== null ? round(step(state.a, 0, 1, 0.005)) : null,
    worst: state.worst === true,
  };
}

/** What the formulas need: kappa, eps, and whether the attack reaches x0. */
function settingOf({ p, n, delta, e, d, worst = false }) {
  // The length must be a multiple of n, the number of shifts.
  const length = n * Math.max(1, Math.round(d / n));
  const eps = e / Math.sqrt(length);
  const kappa = n === 1 ? 1 : 1 - 2 * delta;
  // One shift, or one that changes nothing, leaves an adversary no choice.
  return { p, n, kappa, e, d: length, eps, reaches: eps >= 1, worst: worst && kappa < 1 };
}

/** Largest A in [0, high] for which `possible(A)` holds; it holds up to some A. */
function largest(high, possible) {
  if (possible(high)) return high;
  let low = 0;
  for (let step = 0; step < 45; step++) {
    const middle = (low + high) / 2;
    if (possible(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** The largest A that each law allows with S at least s; null where it says nothing. */
function askedLaws(setting, s, cap) {
  const { p, n, e } = setting, full = e >= FULL, possible = s <= cap;
  const robust = robustAccuracy(p, e, setting.reaches);
  const most = (high, law) => largest(high, (a) => law(a) >= s - 1e-13);
  return {
    theorem2: full ? clip01(theorem2Adversarial(s, p)) : null,
    // Its upper half: the lower one bounds S from below.
    theorem3: full ? clip01(1 - (n * s - n + 1) * (1 - p) / p) : null,
    loose: most(1, (a) => spatialRange(setting, a, 1, false)[1]),
    upper: possible ? most(1, (a) => upperOnly(setting, a)) : null,
    robust,
    together: possible ? most(robust, (a) => spatialRange(setting, a, cap)[1]) : null,
  };
}

/** The upper law U averaged over shifts (in the worst case: of the shift that allows least). */
function upperOnly(setting, a) {
  const { p, n, kappa, e, worst } = setting;
  const same = gradualSpatial(a, p, residuals(e, 1)[0], true);
  const moved = n > 1 ? gradualSpatial(a, p, residuals(e, kappa)[0], true) : same;
  return worst ? moved : averaged(same, moved, n);
}

/** Points of a law S(A) on [0, top], closer together at both ends. */
function lawCurve(top, count, at) {
  return Array.from({ length: count + 1 }, (_, i) => {
    const a = top * (1 - Math.cos(Math.PI * i / count)) / 2;
    return [at(a), a];
  });
}

/** Everything but the refinement. */
function study(state) {
  const setting = settingOf(state), { p, n, e, kappa, reaches } = setting;
  const best = shiftOptimum(setting);
  const exactPrice = n < 3 || kappa === 1 || p === 1;
  const cap = exactPrice ? best
    : Math.min(best + SAFETY * PRICE.standard_error, pairCap(setting));
  const robust = robustAccuracy(p, e, reaches);
  const laws = [];
  for (const [, a] of lawCurve(robust, 90, () => 0)) {
    const [low, high] = spatialRange(setting, a, cap);
    if (low > high + 1e-12) break;
    laws.push({ a, low, high });
  }
  const asked = askedLaws(setting, state.s, cap);
  const hull = linearHull(setting);
  return {
    state, setting, best, cap, exactPrice, robust, laws, asked, hull,
    natural: bayesAccuracy(p),
    // No shift changes the answers of shift-Bayes, whoever chooses it.
    named: namedRules(setting, best, outerBound({ ...setting, worst: false },
      Math.min(best, cap), cap)),
    loose: lawCurve(robust, 60, (a) => spatialRange(setting, a, 1, false)[1]),
    // Half-spaces are best of all: Theorems F3, F6 and W4 of docs/theory.
    exact: !reaches && (n === 1 || kappa === 1 || (n === 2 && e >= FULL)),
    lossInner: givenUp(hull, best, robust),
    lossOuter: forcedLoss(setting, best, robust, cap),
  };
}

/**
 * The frontier where half-spaces are best, in the form of a finished refinement. The hull
 * misses the curve by less than 1e-5, which is granted.
 */
function exactFrontier(hull) {
  const lines = supportLines(hull).map(([w, h]) => [w, h + 1e-5]);
  return { lines, points: hull, done: true, rule: null, gap: 1e-5 };
}

/** Least t for which the laws allow at least S* - t and A* - t. */
function forcedLoss(setting, best, robust, cap) {
  const allowed = (t) => {
    const [low, high] = spatialRange(setting, robust - t, cap);
    return Math.max(low, best - t) <= high + 1e-12;
  };
  if (allowed(0)) return 0;
  let low = 0, high = robust;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (allowed(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/**
 * Largest A known to be achieved given S, as a polyline from the answer against x0 to the
 * most spatially robust rule: known rules, and coins between them.
 */
function knownBorder(m, refined) {
  const { p, reaches } = m.setting;
  const named = Object.values(m.named).filter((rule) => rule.adversarial !== null)
    .map((rule) => [rule.spatial, rule.adversarial]);
  const points = [[1 - p, reaches ? 0 : 1 - p], ...(refined ? refined.points : m.hull), ...named]
    .sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  const border = [];
  for (const point of points) {
    while (border.length && (border[border.length - 1][0] === point[0] ||
      (border.length > 1 && turn(border[border.length - 2], border[border.length - 1], point) >= 0))) {
      border.pop();
    }
    border.push(point);
  }
  return border;
}

/** Largest A of a known rule (or two and a coin) with S = s; null where none is known. */
function knownBeside(border, s) {
  for (let i = 1; i < border.length; i++) {
    const [before, b] = border[i - 1], [here, a] = border[i];
    if (s >= before && s <= here + 1e-9) return b + (a - b) * (s - before) / (here - before);
  }
  return null;
}

/** Largest A of a known rule (or two and a coin) with S at least s; null where none is known. */
function knownAtLeast(border, s) {
  const beyond = border.filter(([x]) => x >= s - 1e-9).map(([, a]) => a);
  return beyond.length ? Math.max(...beyond, knownBeside(border, s) ?? 0) : null;
}

/** Largest S of a known rule (or two and a coin) with A at least a; null where none is known. */
function knownSpatial(border, a) {
  const turned = border.slice().reverse().map(([x, y]) => [y, x]);
  return knownAtLeast(turned.filter(([y], i) => i === 0 || y > turned[i - 1][0]), a);
}

/**
 * The reader's point: S and A, what it lacks of S* and A*, and what known rules have more of
 * (`moreA` at this S or a larger one, `moreS` at this A or a larger one). Unless the reader asks
 * for less, A is as large as is known with S at least what is wanted, and then S is as large as can
 * be had beside it; above S* nobody stands.
 */
function readersPoint(m, refined) {
  const border = knownBorder(m, refined);
  let s = Math.min(m.state.s, border[border.length - 1][0]);
  const most = knownAtLeast(border, s);
  const a = m.state.a === null ? most : Math.min(m.state.a, most);
  const follows = a === most;
  if (follows) s = Math.max(s, knownSpatial(border, a) ?? s);
  return {
    s, a, most, follows,
    lostS: Math.max(m.best - s, 0), lostA: Math.max(m.robust - a, 0),
    moreA: most - a, moreS: Math.max((knownSpatial(border, a) ?? s) - s, 0),
    upper: m.asked.together === null ? null : tightenedAt(m.state.s, m.asked.together, refined),
  };
}

/** The law's largest S beside A = a, or less where a line of the refinement is stricter. */
function tightened(high, a, refined) {
  if (!refined) return high;
  let least = high;
  for (const [w, h] of refined.lines) if (w < 1) least = Math.min(least, (h - w * a) / (1 - w));
  return least;
}

/** The law's largest A with S at least s, or less where a line is stricter. */
function tightenedAt(s, a, refined) {
  if (!refined || a === null) return a;
  let least = a;
  for (const [w, h] of refined.lines) if (w > 0) least = Math.min(least, (h - (1 - w) * s) / w);
  return Math.max(least, 0);
}

/** Upper law at other budgets, for the family of curves: [e, points of (S, A)]. */
function otherBudgets(setting, cap) {
  return [0, 1, 2, 3, 4].map((e) => {
    const other = { ...setting, e, reaches: e / Math.sqrt(setting.d) >= 1 };
    const top = robustAccuracy(setting.p, e, other.reaches);
    const points = lawCurve(top, 36, (a) => spatialRange(other, a, cap)[1]);
    return [e, points.filter(([s], i) => s >= spatialRange(other, points[i][1], cap)[0] - 1e-12)];
  });
}
