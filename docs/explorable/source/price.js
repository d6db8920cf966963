// S*(p, n), the best accuracy under a random shift: closed for n <= 2, else interpolated
// between values of PRICE (source/price.json), which price_table.py computes.

/** Polynomial through values at Chebyshev points of the second kind on [0, high]. */
function chebyshev(values, high, x) {
  const last = values.length - 1;
  let top = 0, bottom = 0;
  for (let k = 0; k <= last; k++) {
    const away = x - high / 2 * (1 + Math.cos(Math.PI * k / last));
    if (away === 0) return values[k];
    const weight = (k % 2 ? -1 : 1) * (k === 0 || k === last ? 0.5 : 1) / away;
    top += weight * values[k];
    bottom += weight;
  }
  return top / bottom;
}

/** S*(p, n) for shifts of which every two have correlation kappa. */
function shiftOptimum({ p, n, kappa }) {
  if (n === 1 || kappa === 1 || p === 1) return bayesAccuracy(p);
  if (n === 2) return twoShiftAccuracy(kappa, p);
  const low = -1 / (n - 1), odds = logOdds(p);
  const place = Math.sqrt(Math.max((kappa - low) / (1 - low), 0));
  const rows = PRICE.values[n].map((row) => chebyshev(row, PRICE.largest_odds, odds));
  const value = PRICE.unit * chebyshev(rows, 1, place);
  return Math.min(Math.max(value, p), bayesAccuracy(p));
}
