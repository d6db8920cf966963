// The laws of spadv.theory.laws for one setting, as functions of numbers.
// Names and formulas as there; proofs: docs/theory/laws.md.

const FULL = 4;       // budget at which an attack can exchange the two class means
const NORM = 2;       // length of a class mean
const WIDE = 40;      // from this h on Phi(t + h), Phi(t - h) are never both inside (0, 1)

/** L = log(p/(1-p)); Infinity at p = 1. */
function logOdds(p) {
  return p >= 1 ? Infinity : Math.log(p) - Math.log1p(-p);
}

/** p Phi(t + h) + (1-p) Phi(t - h): every closed form is an instance. */
function mixture(t, h, p) {
  return p * cdf(t + h) + (1 - p) * cdf(t - h);
}

/** L/x, read as 0 where x0 says nothing. */
function ratio(odds, x) {
  return odds > 0 ? odds / x : 0;
}

function bayesAccuracy(p) {
  return mixture(NORM, logOdds(p) / 4, p);
}

/** Highest adversarial accuracy A*; `reaches`: eps >= 1, x0 can be overwritten. */
function robustAccuracy(p, e, reaches) {
  const a = Math.max(NORM - e, 0);
  return reaches ? cdf(a) : mixture(a, ratio(logOdds(p), 2 * a), p);
}

/** S*(p, 2), the best accuracy for two shifts of correlation kappa. */
function twoShiftAccuracy(kappa, p) {
  const s = Math.sqrt(8 * (1 + kappa));
  return mixture(s / 2, ratio(logOdds(p), s), p);
}

/** Root of an increasing function in [low, high]; f(t) gives [value, slope]. */
function increasingRoot(f, low, high, start) {
  let t = Math.min(Math.max(start, low), high);
  for (let step = 0; step < 200; step++) {
    const [value, slope] = f(t);
    if (value <= 0) low = t;
    if (value >= 0) high = t;
    let next = t - value / slope;
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    const moved = Math.abs(next - t);
    t = next;
    if (moved <= 1e-14 * (1 + Math.abs(t))) break;
  }
  return t;
}

/** t with mixture(t, h, p) = value, solved in the scale of the inverse cdf. */
function mixtureInverse(value, h, p) {
  const direct = quantile(value);
  if (!Number.isFinite(direct) || !(h > 0)) return direct;
  // From the side on which the tail is small, so that values near 1 keep their digits.
  const upper = value > 0.5;
  const tail = upper ? 1 - value : value, weight = upper ? 1 - p : p;
  const target = quantile(tail);
  const f = (t) => {
    const above = t + h, below = t - h;
    const score = quantile(weight * cdf(above) + (1 - weight) * cdf(below));
    const slope = weight * Math.exp(-above * above / 2) +
      (1 - weight) * Math.exp(-below * below / 2);
    return [score - target, slope * Math.exp(score * score / 2)];
  };
  // For a wide spread the function has two steps; start on the right one.
  let start = target;
  if (h > 1.5) {
    start = tail < weight ? quantile(tail / weight) - h
      : quantile((tail - weight) / (1 - weight)) + h;
  }
  if (!Number.isFinite(start)) start = target;
  const t = increasingRoot(f, target - h, target + h, start);
  return upper ? -t : t;
}

/** v in [low, high] with p Phi(c + v) + (1-p) Phi(c - v) = value. */
function curvePosition(value, p, c, low, high, rising) {
  const sign = rising ? 1 : -1;
  const f = (v) => {
    const short = p * cdf(-c - v) + (1 - p) * cdf(v - c);
    return [sign * ((1 - value) - short), sign * (p * density(c + v) - (1 - p) * density(c - v))];
  };
  return increasingRoot(f, low, high, (low + high) / 2);
}

/** [t, U0]: t with G(t) = s, and U0 = G(D - t). */
function loose(s, p, D, h) {
  if (!(h > WIDE)) {
    const t = mixtureInverse(s, h, p);
    return [t, mixture(D - t, h, p)];
  }
  // G has two steps: of the two accuracies one is 0 or 1.
  if (s <= p) {
    const z = quantile(s / p);
    return [z - h, p + (1 - p) * cdf(D - z)];
  }
  const z = quantile((s - p) / (1 - p));
  return [z + h, p * cdf(D - z)];
}

function clip01(x) {
  return Math.min(Math.max(x, 0), 1);
}

/** Upper law: the largest A beside S_j = s, at residual distance D; tight: U, else U0. */
function gradualAdversarial(s, p, D, tight) {
  const odds = logOdds(p), h = ratio(odds, D);
  let [t, value] = loose(s, p, D, h);
  if (tight) {
    if (s > bayesAccuracy(p) + 1e-14) return NaN;
    if (t > NORM && p < 1 && p > 0.5) {
      const low = odds / 4, high = Math.min(Math.max(h, low), low + NORM + WIDE);
      value = mixture(D - NORM, curvePosition(s, p, NORM, low, high, false), p);
    }
  }
  return clip01(value);
}

/** Upper law read the other way: the largest S_j beside A = a. */
function gradualSpatial(a, p, D, tight) {
  if (!tight) return gradualAdversarial(a, p, D, false);
  const odds = logOdds(p), h = ratio(odds, D);
  let [t, value] = loose(a, p, D, h);
  if (D - t > NORM && p < 1 && p > 0.5) {
    if (a <= mixture(D - NORM, odds / 4, p)) {
      value = 1;
    } else {
      const low = odds / 4, high = Math.min(Math.max(h, low), low + NORM + WIDE);
      value = mixture(NORM, curvePosition(a, p, D - NORM, low, high, true), p);
    }
  }
  return clip01(Math.min(value, bayesAccuracy(p)));
}

/** Lower law: S_j is at least Phi(Q(A) - D'). */
function lowerSpatial(a, distance) {
  return cdf(quantile(a) - distance);
}

/** Theorem 2: S <= (1 - A) p/(1-p); its part (b) is the same line read the other way. */
function theorem2Spatial(a, p) {
  return p < 1 ? Math.min((1 - a) * p / (1 - p), 1) : 1;
}

function theorem2Adversarial(s, p) {
  return 1 - (1 - p) * s / p;
}

/** Theorem 3: [least, largest] S beside A. */
function theorem3Spatial(a, p, n) {
  const rest = 1 - 1 / n;
  return [rest * a, p < 1 ? Math.min(rest + (1 - a) * p / (1 - p) / n, 1) : 1];
}

function theorem3Adversarial(s, p, n) {
  const fromLow = n > 1 ? s / (1 - 1 / n) : Infinity;
  return clip01(Math.min(fromLow, 1 - (n * s - n + 1) * (1 - p) / p));
}

/** What is left of the ways from mu to -r_j mu and to r_j mu, for kappa = <c, r_j c>/d. */
function residuals(e, kappa) {
  const left = Math.max(FULL - e, 0);
  return [left * Math.sqrt((1 + kappa) / 2), left * Math.sqrt((1 - kappa) / 2)];
}

/** Bound on S from pairs of shifts: exact for n <= 2. */
function pairCap(setting) {
  return setting.n === 1 ? bayesAccuracy(setting.p) : twoShiftAccuracy(setting.kappa, setting.p);
}

/**
 * Laws averaged over the n shifts: [least, largest] S beside A = a. One shift is the
 * identity, the other n - 1 have correlation kappa with the template. In the worst case S is
 * at most every S_j, and the lower laws say nothing (docs/theory/worst-case.md).
 */
function spatialRange(setting, a, cap = pairCap(setting), tight = true) {
  const { p, n, kappa, e, worst } = setting;
  const share = 1 / n, [same] = residuals(e, 1), [D, back] = residuals(e, kappa);
  let low = share * a, high = share * gradualSpatial(a, p, same, tight);
  if (n > 1) {
    low += (1 - share) * lowerSpatial(a, back);
    const moved = gradualSpatial(a, p, D, tight);
    high = worst ? Math.min(high + (1 - share) * moved, moved) : high + (1 - share) * moved;
  }
  if (worst) low = 0;
  high = Math.min(high, cap);
  if (e >= FULL && tight) {
    high = Math.min(high, theorem2Spatial(a, p), theorem3Spatial(a, p, n)[1]);
  }
  return [low, high];
}

/** Largest A that the laws allow given S = s; NaN above the cap on S. */
function outerBound(setting, s, cap = pairCap(setting)) {
  if (s > cap + 1e-15) return NaN;
  let low = 0, high = robustAccuracy(setting.p, setting.e, setting.reaches);
  for (let step = 0; step < 45; step++) {
    const middle = (low + high) / 2, [least, most] = spatialRange(setting, middle, cap);
    // One rounding must not make an attained S impossible.
    if (least <= s + 1e-13 && s <= most + 1e-13) low = middle;
    else high = middle;
  }
  return high;
}
