// Bounds for two shifts over all classifiers: the planar problem of theory/frontier, level
// by level (docs/theory/frontiers.md, sections 3 to 5), on a coarser lattice.

const MESH = 0.05;
const TAIL = 5;       // masses beyond so many deviations are granted to the classifier

/** Lattice of points v and levels tau; the attack reaches `reach` points to either side. */
function makeLattice(setting, mesh = MESH) {
  const a = Math.sqrt((1 + setting.kappa) / 2), b = Math.sqrt((1 - setting.kappa) / 2);
  const attack = setting.e * b, half = 2 * b + TAIL, top = 2 * a + TAIL;
  const levels = 2 * Math.ceil(top / mesh) + 1;
  let reach = Math.ceil(attack / mesh - 1e-9), cover = reach;
  let step = reach ? attack / reach : mesh;
  if (reach && step < mesh / 4) {
    // A tiny attack on v: neglect it above, exaggerate it below.
    reach = 0;
    cover = 1;
    step = mesh;
  }
  const count = 2 * Math.ceil(half / step) + 1, levelStep = top / ((levels - 1) / 2);
  const v = Float64Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * step);
  const tau = Float64Array.from({ length: levels }, (_, k) => (k - (levels - 1) / 2) * levelStep);
  const curvature =
    step * step / 8 * (0.96789 + step * 1.51171) * (1 + levelStep * 0.39895) +
    levelStep * levelStep / 8 * (0.96789 + levelStep * 1.51171) * (1 + step * 0.39895);
  return { a, b, v, tau, step, levelStep, reach, cover, slack: curvature + 4 * upperTail(TAIL) };
}

/** Densities that every direction needs, and room to work in; made once for a setting. */
function planarProblem(setting, mesh = MESH) {
  const lattice = makeLattice(setting, mesh), { a, b, v, tau } = lattice;
  const shift = setting.e * a, at = (x, centre) => x.map((z) => density(z - centre));
  return {
    setting, lattice,
    near: at(v, 2 * b), far: at(v, -2 * b),
    plus: at(tau, 2 * a), minus: at(tau, -2 * a),
    plusRobust: at(tau, 2 * a - shift), minusRobust: at(tau, shift - 2 * a),
    starts: [new Int32Array((v.length + 1) * tau.length),
      new Int32Array((v.length + 1) * tau.length)],
  };
}

/**
 * Upper bound on u S_0 + v S_1 + w A over all classifiers, weights [u, v, w] of sum 1, and
 * the threshold t(v) of the rule "+1 where u >= t(v)" found for x0 = +1.
 *
 * At each level a line is cut into runs, alternately inside and outside the set of v that
 * answers +1; running maxima give the best cut (theory/frontier/levels.py).
 */
function bracket(problem, [identity, shifted, weight]) {
  const { setting: { p }, lattice, near, far, starts } = problem;
  const { v, tau, reach, step, levelStep } = lattice;
  const points = v.length, levels = tau.length, cell = step * levelStep;
  // State 0 answers -1, state 1 answers +1. A gain is a function of v times one of tau.
  const cumulative = (f) => {
    const sums = new Float64Array(points + 1);
    for (let i = 0; i < points; i++) sums[i + 1] = sums[i] + f(i);
    return sums;
  };
  const total = [
    cumulative((i) => (1 - p) * cell * (identity * far[i] + shifted * near[i])),
    cumulative((i) => p * cell * (identity * near[i] + shifted * far[i])),
  ];
  const robust = [
    cumulative((i) => (1 - p) * cell * weight * far[i]),
    cumulative((i) => p * cell * weight * near[i]),
  ];
  let value = 0;
  const last = new Uint8Array(levels);
  for (let k = 0; k < levels; k++) {
    const g = [problem.minus[k], problem.plus[k]];
    const r = [problem.minusRobust[k], problem.plusRobust[k]];
    const first = k * (points + 1);
    const g0 = g[0], g1 = g[1], r0 = r[0], r1 = r[1];
    const [t0, t1] = total, [b0, b1] = robust, [s0, s1] = starts;
    // Best value of starting a run: without, and with, its robust masses; and where.
    let bare0 = 0, bare1 = 0, full0 = 0, full1 = 0;
    let bareAt0 = 0, bareAt1 = 0, fullAt0 = 0, fullAt1 = 0, end0 = 0, end1 = 0;
    for (let t = 1; t <= points; t++) {
      const back = t === points ? points : Math.max(t - reach, 0);
      const ahead = Math.min(t + reach, points);
      const with0 = full0 + r0 * b0[back], with1 = full1 + r1 * b1[back];
      s0[first + t] = with0 >= bare0 ? fullAt0 : bareAt0;
      s1[first + t] = with1 >= bare1 ? fullAt1 : bareAt1;
      end0 = Math.max(with0, bare0) + g0 * t0[t];
      end1 = Math.max(with1, bare1) + g1 * t1[t];
      let gain = end1 - g0 * t0[t];
      if (gain > bare0) { bare0 = gain; bareAt0 = t; }
      gain -= r0 * b0[ahead];
      if (gain > full0) { full0 = gain; fullAt0 = t; }
      gain = end0 - g1 * t1[t];
      if (gain > bare1) { bare1 = gain; bareAt1 = t; }
      gain -= r1 * b1[ahead];
      if (gain > full1) { full1 = gain; fullAt1 = t; }
    }
    value += Math.max(end0, end1);
    last[k] = end1 >= end0 ? 1 : 0;
  }
  return { upper: value + lattice.slack, threshold: thresholds(problem, last) };
}

/** t(v_i): half a step below the lowest level whose set holds v_i. */
function thresholds(problem, last) {
  const { lattice: { v, tau, levelStep }, starts } = problem;
  const points = v.length, t = new Float64Array(points).fill(Infinity);
  for (let k = tau.length - 1; k >= 0; k--) {
    const first = k * (points + 1), level = k === 0 ? -Infinity : tau[k] - levelStep / 2;
    for (let end = points, state = last[k]; end > 0; state = 1 - state) {
      const begin = starts[state][first + end];
      if (state === 1) for (let i = begin; i < end; i++) t[i] = level;
      end = begin;
    }
  }
  return t;
}

/** Exact [S_0, S_1, A, S^] of the rule u >= t(v), t constant on the cells around the points. */
function evaluateThreshold(problem, t) {
  const { setting: { p, e }, lattice: { a, b, v, cover } } = problem;
  const points = v.length, shift = e * a;
  const masses = (centre) => {
    const edges = Array.from({ length: points + 1 }, (_, i) =>
      i === 0 ? 0 : i === points ? 1 : cdf((v[i - 1] + v[i]) / 2 - centre));
    return edges.slice(1).map((x, i) => x - edges[i]);
  };
  const near = masses(2 * b), far = masses(-2 * b);
  let identity = 0, shifted = 0, adversarial = 0, worst = 0;
  for (let i = 0; i < points; i++) {
    let high = t[i], low = t[i];
    for (let j = Math.max(i - cover, 0); j <= Math.min(i + cover, points - 1); j++) {
      if (t[j] > high) high = t[j];
      if (t[j] < low) low = t[j];
    }
    const plus = p * cdf(2 * a - t[i]), minus = (1 - p) * cdf(2 * a + t[i]);
    // The shift turns the sign of v: right after both is right at v and at -v.
    const mirror = t[points - 1 - i];
    worst += near[i] * p * cdf(2 * a - Math.max(t[i], mirror)) +
      far[i] * (1 - p) * cdf(2 * a + Math.min(t[i], mirror));
    identity += near[i] * plus + far[i] * minus;
    shifted += far[i] * plus + near[i] * minus;
    adversarial += near[i] * p * cdf(2 * a - shift - high) +
      far[i] * (1 - p) * cdf(2 * a - shift + low);
  }
  return [identity, shifted, adversarial, worst];
}

/**
 * Least of a convex function on [0, high], and where, after a few values.
 */
function leastOf(f, high) {
  let [low, x, top] = [0, high / 2, high], best = f(x);
  for (let step = 0; step < 4; step++) {
    const left = x - low > top - x, y = left ? (low + x) / 2 : (x + top) / 2, value = f(y);
    if (value.upper < best.upper) {
      if (left) top = x;
      else low = x;
      [x, best] = [y, value];
    } else if (left) low = y;
    else top = y;
  }
  return best;
}

/**
 * Closes in on the frontier, one direction a call of step(); a few milliseconds each.
 * Two shifts: lines no classifier exceeds, and rules found. More shifts: lines from pairs, and
 * from mixtures. In the worst case S is at most any weighted mean of the S_j, and the best weights
 * are sought.
 */
function refinement(setting, hull, cap) {
  const { n, worst } = setting;
  const problem = planarProblem(setting);
  const lines = [[0, cap], [1, robustAccuracy(setting.p, setting.e, false)]];
  const points = hull.slice(), tried = new Set();
  const waiting = n > 2 ? [0.12, 0.88, 0.28, 0.72, 0.42, 0.58, 0.5] : [0.75, 0.25, 0.5];
  const mixed = n > 2 ? mixtureLines(setting, [0.97, 0.88, 0.78, 0.7, 0.62, 0.52, 0.42, 0.32, 0.2, 0.08])
    : null;
  const state = { lines, points, done: false, rule: null, gap: NaN };
  state.step = () => {
    let w = waiting.pop();
    if (w === undefined && mixed) {
      const { value, done } = mixed.next();
      if (value) lines.push(value);
      if (!done) return;
    }
    if (w === undefined) {
      const [gap, direction] = widestGap(envelope(lines), concaveHull(points));
      state.gap = gap;
      if (n > 2 || gap < 2.5e-3 || tried.size >= 12 || tried.has(direction) ||
          !(direction > 0 && direction < 1)) {
        state.done = true;
        return;
      }
      w = direction;
    }
    tried.add(w);
    const at = (share) => bracket(problem, [(1 - w) * share, (1 - w) * (1 - share), w]);
    const { upper, threshold } = worst ? leastOf(at, 1 / n) : at(1 / n);
    lines.push([w, upper]);
    if (n === 2) {
      let rule = threshold;
      for (const t of worst ? [threshold, evened(threshold)] : [threshold]) {
        const [identity, shifted, adversarial, always] = evaluateThreshold(problem, t);
        points.push([worst ? always : (identity + shifted) / 2, adversarial]);
        rule = t;
      }
      if (w === 0.5) state.rule = { v: problem.lattice.v, t: rule };
    }
    state.gap = widestGap(envelope(lines), concaveHull(points))[0];
  };
  return state;
}

/** A threshold that the shift does not change: the mean of t(v) and t(-v). */
function evened(threshold) {
  const last = threshold.length - 1;
  return threshold.map((t, i) => {
    const other = threshold[last - i];
    return t === other ? t : Number.isFinite(t + other) ? (t + other) / 2 : Math.max(t, other);
  });
}
