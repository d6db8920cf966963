// The normal distribution: cdf and inverse, to about 1e-14 relative.

// Chebyshev coefficients, in (x - 5)/(x + 5) on x >= 0, of (x + 5) (1 - Phi(x))/phi(x).
const MILLS = [
  2.7196852387678242555, -2.3690676056508791831, 0.85110764519129009316,
  -0.25267101020189897835, 0.061015386404907040526, -0.011475514073056178165,
  0.0014946108965619614021, -7.5285508404314180944e-5, -1.7441640986188531907e-5,
  4.1650693764604264587e-6, -1.0754917411154359728e-7, -9.4712264255509214156e-8,
  1.1672253441654395959e-8, 1.8216467239028025385e-9, -4.7026125036358784305e-10,
  -3.3960991403471658438e-11, 1.6931861387628094468e-11, 7.1162612334266919614e-13,
  -6.1926282678062521437e-13, -2.2672531819948238887e-14, 2.3690546063399658384e-14,
  1.2094286091906465012e-15, -9.3880691369470256241e-16, -7.955671520049973044e-17,
];
const ROOT_2PI = Math.sqrt(2 * Math.PI);

/** Density of the standard normal. */
function density(x) {
  return Math.exp(-x * x / 2) / ROOT_2PI;
}

/** 1 - Phi(x) for x >= 0, with all its digits. */
function upperTail(x) {
  if (x > 38.6) return 0;
  const twice = 2 * (x - 5) / (x + 5);
  let a = 0, b = 0;
  for (let k = MILLS.length - 1; k > 0; k--) {
    const c = twice * a - b + MILLS[k];
    b = a;
    a = c;
  }
  return Math.exp(-x * x / 2) / ROOT_2PI * (twice / 2 * a - b + MILLS[0]) / (x + 5);
}

/** Normal distribution function; takes +-Infinity. */
function cdf(x) {
  return x < 0 ? upperTail(-x) : 1 - upperTail(x);
}

/** Phi(x) - 1/2 for |x| <= 1, by a series of positive terms. */
function central(x) {
  let term = x, sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= x * x / k;
    sum += term;
  }
  return density(x) * sum;
}

/** Inverse of cdf; -Infinity and Infinity at 0 and 1. */
function quantile(u) {
  if (!(u > 0 && u < 1)) return u === 0 ? -Infinity : u === 1 ? Infinity : NaN;
  if (u > 0.5) return -quantile(1 - u);
  // A first guess (Abramowitz and Stegun, 26.2.23), then Halley's steps.
  const t = Math.sqrt(-2 * Math.log(u));
  let x = (2.515517 + t * (0.802853 + t * 0.010328)) /
    (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let step = 0; step < 3; step++) {
    // Near 1/2 the difference is taken from 1/2, where it is exact.
    const miss = x > -1 ? central(x) - (u - 0.5) : upperTail(-x) - u;
    if (miss === 0) break;
    const newton = miss / density(x);
    x -= newton / (1 + x * newton / 2);
  }
  return x;
}
