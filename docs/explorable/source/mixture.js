// Mixture bounds for three and more shifts (Theorem L9 of docs/theory/laws.md): an attack that moves
// the mean to nu, whatever x, turns the weighted sum of accuracies into the accuracy of one
// classifier on a mixture of normal laws, which the Bayes rule of the mixture maximises.
//
// Here nu = mu - e (alpha c + beta (mean of the shifted templates)) with alpha + beta <= 1, which moves
// no number by more than eps, whatever the template. Then n numbers a draw of noise say all, and of
// these only two, a sum and a mean are needed, for the noise and for its mirror image.

const BATCHES = 30;
// Upper ends of so many standard errors hold for all lines of a setting together with probability
// 0.999 (Student's t with 29 degrees of freedom, nine lines).
const ERRORS = 4.3;

/** Independent normal numbers, the same every time. */
function normalNumbers(seed) {
  let state = seed >>> 0, spare = null;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const angle = 2 * Math.PI * uniform(), radius = Math.sqrt(-2 * Math.log(uniform()));
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * Draws of the noise of the scores <r_j c, x>/sqrt(d): of the identity's score, of another one, the
 * mean of all but the identity's; exponentials of twice the first two, and sums over all shifts of
 * such exponentials, and of their inverses.
 */
function scoreNoise({ n, kappa }, count, normal) {
  const own = Math.sqrt(1 - kappa), common = Math.sqrt(Math.max(1 + (n - 1) * kappa, 0));
  const xi = new Float64Array(n), noise = new Float64Array(7 * count);
  for (let i = 0; i < count; i++) {
    let mean = 0;
    for (let j = 0; j < n; j++) {
      xi[j] = normal();
      mean += xi[j] / n;
    }
    let up = 0, down = 0;
    for (let j = 0; j < n; j++) {
      xi[j] = own * (xi[j] - mean) + common * mean;
      const grown = Math.exp(2 * xi[j]);
      up += grown;
      down += 1 / grown;
    }
    const others = (common * mean * n - xi[0]) / (n - 1);
    noise.set([xi[0], xi[1], others, Math.exp(2 * xi[0]), Math.exp(2 * xi[1]), up, down], 7 * i);
  }
  return noise;
}

/**
 * Value of the mixture with weights w for nu, (1 - w) share for the template and (1 - w)(1 - share) for
 * its other shifts, averaged over draws and their mirror images.
 */
function mixtureValue({ p, n, kappa, e }, [w, share], [alpha, beta], noise) {
  const odds = logOdds(p), first = (1 - w) * share, rest = (1 - w) * (1 - share) / (n - 1);
  // Scores of nu, and its squared length.
  const to0 = alpha + beta * kappa, to1 = alpha * kappa + beta * (1 + (n - 2) * kappa) / (n - 1);
  const nu0 = 2 - e * to0, nu1 = 2 * kappa - e * to1;
  const length = 4 - 4 * e * to0 + e * e * (alpha * to0 + beta * to1);
  const logW = w > 0 ? Math.log(w) - length / 2 : -Infinity;
  const scale = Math.exp(-2);
  // Scores around a mean, of the identity, of the other one, of the rest; and exponentials.
  const grow = (m0, m1, m) =>
    ({ m0, m1, m, e0: Math.exp(2 * m0), e1: Math.exp(2 * m1), rest: Math.exp(2 * m) });
  const centres = [
    [w, grow(nu0, nu1, nu1)],
    [first, grow(2, 2 * kappa, 2 * kappa)],
    [(1 - w) * (1 - share), grow(2 * kappa, 2, 2 * kappa)],
  ];
  let total = 0;
  for (let i = 0; i < noise.length; i += 7) {
    const x0 = noise[i], x1 = noise[i + 1], xm = noise[i + 2];
    const E0 = noise[i + 3], E1 = noise[i + 4], up = noise[i + 5], down = noise[i + 6];
    for (const sign of [1, -1]) {
      const G0 = sign > 0 ? E0 : 1 / E0, G1 = sign > 0 ? E1 : 1 / E1;
      const others = (sign > 0 ? up : down) - G0 - G1, inverse = (sign > 0 ? down : up) - 1 / G0 - 1 / G1;
      for (const [weight, c] of centres) {
        if (weight === 0) continue;
        const g0 = c.e0 * G0, g1 = c.e1 * G1;
        const mean = ((n - 2) * c.m + c.m1) / (n - 1) + sign * xm;
        const score = 2 * (c.m0 + sign * x0) - e * (alpha * (c.m0 + sign * x0) + beta * mean);
        const robust = Math.exp(logW + score), turned = Math.exp(logW - score);
        const plus = robust + scale * (first * g0 + rest * (g1 + c.rest * others));
        const minus = turned + scale * (first / g0 + rest * (1 / g1 + inverse / c.rest));
        const q = plus / (plus + minus), evidence = Math.log(plus / minus);
        // What the Bayes rule earns, x0 = +1 and -1, averaged over both labels of the point.
        total += weight * (evidence + odds >= 0 ? p * q : (1 - p) * (1 - q));
        total += weight * (evidence - odds >= 0 ? (1 - p) * q : p * (1 - q));
      }
    }
  }
  return total / (2 * noise.length / 7);
}

/**
 * Yields lines [w, upper limit of (1 - w) S + w A], one after another, and null wherever a page may
 * want to breathe. Where the attack goes is searched on some draws and paid for on others.
 */
function* mixtureLines(setting, directions) {
  const { n, e, worst } = setting, normal = normalNumbers(7), batches = [];
  const size = Math.ceil(Math.min(12000, 3e5 / n) / BATCHES), search = scoreNoise(setting, 300, normal);
  for (let k = 0; k < BATCHES; k++) {
    batches.push(scoreNoise(setting, size, normal));
    yield null;
  }
  // S^ is at most any weighted mean of the S_j: less weight for that of the template itself.
  const shares = worst ? [1 / n, 0.5 / n, 0] : [1 / n];
  let move = [e > 2 ? 2 / e : 1, 0];
  for (const w of directions) {
    let best = [Infinity, move, shares[0]];
    const attempt = (alpha, beta, share) => {
      if (alpha < 0 || beta < 0 || alpha + beta > 1) return;
      const value = mixtureValue(setting, [w, share], [alpha, beta], search);
      if (value < best[0]) best = [value, [alpha, beta], share];
    };
    for (const share of shares) attempt(...move, share);
    for (let step = 0.32; step > 0.05; step /= 2) {
      const [, [alpha, beta], share] = best;
      for (const [u, v] of [[1, 0], [-1, 0], [0, 1], [0, -1], [1, -1], [-1, 1]]) {
        attempt(alpha + u * step, beta + v * step, share);
      }
    }
    move = best[1];
    yield null;
    const values = [];
    for (const batch of batches) {
      values.push(mixtureValue(setting, [w, best[2]], move, batch));
      if (values.length % 3 === 0) yield null;
    }
    const mean = values.reduce((sum, x) => sum + x, 0) / BATCHES;
    const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (BATCHES * (BATCHES - 1));
    yield [w, mean + ERRORS * Math.sqrt(spread)];
  }
}
