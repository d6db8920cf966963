// The worst case of linear rules: being right after all shifts at once. Given the label their
// scores are normal, the one after no shift with another mean, every two with correlation rho.

/** Nodes and weights of Gauss and Legendre on [-1, 1]. */
function legendre(count) {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos(Math.PI * (i + 0.75) / (count + 0.5)), slope = 1;
    for (let step = 0; step < 9; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= count; k++) {
        [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      }
      slope = count * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    return [x, 2 / ((1 - x * x) * slope * slope)];
  });
}
const EIGHT = legendre(8), SIXTEEN = legendre(16);

/** P(X <= a, Y <= b) for standard normal X, Y of correlation rho (Plackett's integral). */
function bothBelow(a, b, rho) {
  if (rho >= 1) return cdf(Math.min(a, b));
  if (rho <= -1) return Math.max(cdf(a) + cdf(b) - 1, 0);
  const end = Math.asin(rho), panels = Math.abs(rho) < 0.8 ? [0, 1] : [0, 0.6, 0.85, 0.95, 1];
  let sum = 0;
  for (let i = 1; i < panels.length; i++) {
    const half = end * (panels[i] - panels[i - 1]) / 2, middle = end * (panels[i] + panels[i - 1]) / 2;
    for (const [x, weight] of SIXTEEN) {
      const sin = Math.sin(middle + half * x);
      sum += half * weight * Math.exp(-(a * a + b * b - 2 * a * b * sin) / (2 * (1 - sin * sin)));
    }
  }
  return Math.min(Math.max(cdf(a) * cdf(b) + sum / (2 * Math.PI), 0), cdf(Math.min(a, b)));
}

/**
 * P(all scores > -h): one with mean `natural`, n - 1 with mean `shifted`. Exact for n = 2 and
 * for rho >= 0; else the union bound, which is at most that.
 */
function allRight(n, natural, shifted, rho, h) {
  if (!Number.isFinite(h)) return h > 0 ? 1 : 0;
  const one = natural + h, other = shifted + h;
  if (n === 2) return bothBelow(one, other, rho);
  if (rho > 1 - 1e-9) return cdf(Math.min(one, other));
  if (rho < 0) return Math.max(1 - cdf(-one) - (n - 1) * cdf(-other), 0);
  if (rho === 0) return cdf(one) * cdf(other) ** (n - 1);
  // Score = mean + sqrt(rho) z + sqrt(1 - rho) own noise: an integral over y = z sqrt(rho/(1 - rho)),
  // in panels where the product moves; beyond them it is 0, or 1.
  const unit = Math.sqrt(1 - rho), spread = Math.sqrt(rho) / unit, a = one / unit, b = other / unit;
  const reach = 6 + Math.log(n), low = Math.max(-Math.min(a, b) - reach, -8 * spread);
  const high = Math.min(-Math.min(a, b) + reach, 8 * spread);
  if (!(low < high)) return cdf(Math.min(a, b) / spread);
  const count = Math.ceil((high - low) / Math.min(2, 2 * spread)), half = (high - low) / count / 2;
  let sum = cdf(-high / spread);
  for (let k = 0; k < count; k++) {
    for (const [x, weight] of EIGHT) {
      const y = low + half * (2 * k + 1 + x);
      const right = cdf(a + y) * cdf(b + y) ** (n - 1);
      sum += half * weight * density(y / spread) / spread * right;
    }
  }
  return sum;
}

/** Probability of being right after all shifts, of sign(<w, x> + b x0), h = b/||w||. */
function worstCase({ p, n }, natural, shifted, rho, h) {
  return p * allRight(n, natural, shifted, rho, h) + (1 - p) * allRight(n, natural, shifted, rho, -h);
}
