// Exact accuracies of the named rules and of families of linear rules, and hulls of points.

/** A share of all shifts: natural + (n-1) times another one, averaged. */
function averaged(natural, shifted, n) {
  return (natural + (n - 1) * shifted) / n;
}

/**
 * Attacked accuracy of sign(<w, x> + b x0): the attack takes the margin down to `margin`,
 * in deviations, h = b/||w||; from eps = 1 on it also chooses the branch.
 */
function attacked(setting, margin, h) {
  if (!setting.reaches) return mixture(margin, h, setting.p);
  return h === Infinity ? 0 : cdf(margin - Math.abs(h));
}

/**
 * Natural, shifted (r_j X, j != identity), spatial and adversarial accuracy of one rule, whose
 * scores after two shifts have correlation rho.
 */
function accuracies(setting, natural, shifted, margin, h, rho) {
  const value = (t) => mixture(t, h, setting.p);
  const one = value(natural), other = setting.n > 1 ? value(shifted) : one;
  return {
    natural: one,
    shifted: other,
    spatial: setting.worst ? worstCase(setting, natural, shifted, rho, h)
      : averaged(one, other, setting.n),
    adversarial: attacked(setting, margin, h),
  };
}

/** sign(x0): right with probability p, unless the attack overwrites x0. */
function stumpAccuracies(setting) {
  const { p } = setting;
  return { natural: p, shifted: p, spatial: p, adversarial: setting.reaches ? 0 : p };
}

/**
 * The four named rules. `best` is S*; for three and more shifts the shift-Bayes rule is not
 * linear and its adversarial accuracy is known to be at most `most` only.
 */
function namedRules(setting, best, most) {
  const { p, n, kappa, e, reaches } = setting, odds = logOdds(p);
  const left = Math.max(NORM - e, 0), a = Math.sqrt((1 + kappa) / 2);
  const bayes = accuracies(setting, NORM, NORM * kappa, NORM - e, odds / 4, kappa);
  let robust;
  if (left > 0) {
    const h = reaches ? 0 : odds / (2 * left);
    robust = accuracies(setting, NORM, NORM * kappa, NORM - e, h, kappa);
  } else {
    // Nothing is left of the means: x0 alone, or a constant answer.
    robust = reaches ? { natural: 0.5, shifted: 0.5, spatial: 0.5, adversarial: 0.5 }
      : stumpAccuracies(setting);
  }
  let both;
  if (n === 1 || kappa === 1) {
    both = bayes;
  } else if (n > 2) {
    both = { natural: best, shifted: best, spatial: best, adversarial: null, most };
  } else if (a === 0) {
    both = stumpAccuracies(setting);
  } else {
    both = accuracies(setting, NORM * a, NORM * a, (NORM - e) * a, odds / (4 * a), 1);
  }
  return { bayes, both, robust, stump: stumpAccuracies(setting) };
}

/**
 * Families of linear rules, as functions of one or two numbers: means after each kind of
 * shift with its share of the shifts, and the margin that the attack leaves, all for ||w|| = 1.
 */
function linearFamilies({ n, kappa, e, worst }) {
  if (n === 1 || kappa === 1) {
    return [{ xs: [0], ys: [0], make: () => ({ means: [[NORM, 1]], margin: NORM - e }) }];
  }
  // Of the first family the worst case of three and more shifts has no short formula.
  const families = worst && n > 2 ? [] : [twoWords(n, kappa, e)];
  if (n === 3) families.push(threeWords(kappa, e, worst));
  if (n > 3) families.push(blends(n, kappa, e));
  return families;
}

function steps(low, high, count) {
  return Array.from({ length: count + 1 }, (_, i) => low + (high - low) * i / count);
}

/** Weights on the coordinates where c and r_1 c agree, cos x, and where they differ, sin x. */
function twoWords(n, kappa, e) {
  const a = Math.sqrt((1 + kappa) / 2), b = Math.sqrt((1 - kappa) / 2);
  const make = (x) => {
    const same = a * Math.cos(x), other = b * Math.sin(x);
    const means = [[2 * (same + other), 1 / n], [2 * (same - other), 1 / n]];
    if (n > 2) means.push([2 * kappa * Math.cos(x) / a, (n - 2) / n]);
    return { means, margin: 2 * (same + other) - e * (same + other), rho: Math.cos(2 * x) };
  };
  return { xs: steps(0, Math.PI / 2, 18), ys: [0], make };
}

/**
 * Three shifts: four groups of coordinates by the signs of (c, r_1 c, r_2 c), of which the
 * two where one shift differs get equal weights. Shares of the groups follow from kappa.
 */
function threeWords(kappa, e, worst) {
  const all = Math.sqrt((1 + 3 * kappa) / 4), one = Math.sqrt((1 - kappa) / 4);
  const make = (x, y) => {
    const z0 = Math.cos(x) * all, z1 = Math.sin(x) * Math.cos(y) * one / Math.SQRT2;
    const z3 = Math.sin(x) * Math.sin(y) * one, natural = 2 * (z0 + 2 * z1 + z3);
    return {
      means: [[natural, 1 / 3], [2 * (z0 - z3), 2 / 3]],
      margin: natural - e * (z0 + 2 * z1 + Math.abs(z3)),
      // A shift permutes the three groups, two of them with a sign.
      rho: Math.cos(x) ** 2 + Math.sin(x) ** 2 * (Math.cos(y) ** 2 / 2 -
        Math.SQRT2 * Math.cos(y) * Math.sin(y)),
    };
  };
  const [fine, finer] = worst ? [4, 8] : [6, 12];
  return { xs: steps(0, Math.PI / 2, fine), ys: steps(-Math.PI / 2, Math.PI / 2, finer), make };
}

/**
 * Four and more shifts: x parts of the template and 1 - x of the sum of all its shifts. How much
 * the attack takes then depends on more than kappa; it is at most
 * ||w||_1 <= ||c||_1 + sqrt(d) ||sum||_2, and at most sqrt(d) ||w||_2.
 */
function blends(n, kappa, e) {
  const gain = 1 + (n - 1) * kappa, sum = Math.sqrt(Math.max(n * gain, 0));
  const make = (x) => {
    const all = sum > 1e-6 ? (1 - x) / sum : 0;
    const natural = x + all * gain, shifted = x * kappa + all * gain;
    const norm = Math.sqrt(x * x + 2 * x * all * gain + (all * sum) ** 2);
    if (norm < 1e-6) return null;
    const loss = Math.min(x + all * sum, norm) / norm;
    return {
      means: [[2 * natural / norm, 1 / n], [2 * shifted / norm, (n - 1) / n]],
      margin: 2 * natural / norm - e * loss,
      rho: Math.min((x * x * kappa + 2 * x * all * gain + (all * sum) ** 2) / (norm * norm), 1),
    };
  };
  return { xs: steps(0, 1, 10), ys: [0], make };
}

// Thresholds b/||w|| of the first search; Infinity is sign(x0).
const OFFSETS = [...steps(0, 3, 15), 3.4, 3.9, 4.5, 5.2, 6, 7, 8.5, 10, 13, Infinity];

/** [S, A] of a shape with threshold h, and how to make it again: family, x, y, h. */
function shapePoint(setting, shape, h, family = 0, x = 0, y = 0) {
  let s = 0;
  if (setting.worst) {
    s = worstCase(setting, shape.means[0][0], shape.means[1][0], shape.rho, h);
  } else {
    for (const [mean, share] of shape.means) s += share * mixture(mean, h, setting.p);
  }
  return [s, attacked(setting, shape.margin, h), family, x, y, h];
}

/**
 * Concave hull of the linear rules found: a grid, then closer around its best rules. What it
 * holds is achieved (for four and more shifts, at least that A); better rules may exist.
 */
function linearHull(setting) {
  // A constant answer is right half of the time, whatever happens.
  const families = linearFamilies(setting), points = [[0.5, 0.5, -1, 0, 0, 0]];
  // An integral for each point: fewer of them.
  const offsets = setting.worst ? OFFSETS.filter((_, i) => i % 2 === 0 || i > 20) : OFFSETS;
  families.forEach(({ xs, ys, make }, family) => {
    for (const x of xs) {
      for (const y of ys) {
        const shape = make(x, y);
        if (shape) for (const h of offsets) points.push(shapePoint(setting, shape, h, family, x, y));
      }
    }
  });
  let hull = concaveHull(points);
  for (let closer = 2; closer <= 8; closer *= 2) {
    const more = hull.slice();
    for (const [, , family, x, y, h] of hull) {
      if (family < 0) continue;
      const { xs, ys, make } = families[family];
      const near = (list, value) => (list.length === 1 ? [value] : [-1, 0, 1]
        .map((k) => value + k * (list[1] - list[0]) / closer)
        .filter((z) => z >= list[0] && z <= list[list.length - 1]));
      const spread = h < 3 ? 0.2 : h / 7;
      const nearby = h === Infinity ? [h] : [-1, -0.5, 0, 0.5, 1]
        .map((k) => Math.max(h + k * spread * 1.3 / closer, 0));
      for (const u of near(xs, x)) {
        for (const v of near(ys, y)) {
          const shape = make(u, v);
          if (!shape) continue;
          for (const k of nearby) more.push(shapePoint(setting, shape, k, family, u, v));
        }
      }
    }
    hull = concaveHull(more);
  }
  return hull;
}

/** Upper right part of the convex hull, from largest A to largest S. */
function concaveHull(points) {
  const sorted = points.slice().sort((x, y) => y[0] - x[0] || y[1] - x[1]);
  const unbeaten = [];
  let best = -Infinity;
  for (const point of sorted) {
    if (point[1] > best) {
      unbeaten.push(point);
      best = point[1];
    }
  }
  const hull = [];
  for (const point of unbeaten.reverse()) {
    while (hull.length > 1 && turn(hull[hull.length - 2], hull[hull.length - 1], point) >= 0) {
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * Support lines [w, h] of a hull: A alone, at right angles to every edge, S alone. Between
 * two of them the support is that of one vertex.
 */
function supportLines(hull) {
  const last = hull[hull.length - 1], lines = [[1, hull[0][1]]];
  for (let i = 1; i < hull.length; i++) {
    const ds = hull[i][0] - hull[i - 1][0], da = hull[i - 1][1] - hull[i][1];
    const w = ds / (ds + da);
    lines.push([w, (1 - w) * hull[i][0] + w * hull[i][1]]);
  }
  lines.push([0, last[0]]);
  return lines;
}

/** Vertices of {(1-w) S + w A <= h for all lines [w, h]}, from large A to large S. */
function envelope(lines) {
  const sorted = lines.slice().sort((x, y) => y[0] - x[0] || x[1] - y[1]);
  const stack = [];
  for (const line of sorted) {
    if (stack.length && stack[stack.length - 1][0] === line[0]) continue;
    while (stack.length > 1) {
      const [s, a] = meet(stack[stack.length - 2], line), [w, h] = stack[stack.length - 1];
      if ((1 - w) * s + w * a > h) break;
      stack.pop();
    }
    stack.push(line);
  }
  return stack.slice(1).map((line, i) => meet(stack[i], line));
}

function meet([v, f], [w, h]) {
  const determinant = (1 - v) * w - (1 - w) * v;
  return [(f * w - h * v) / determinant, ((1 - v) * h - (1 - w) * f) / determinant];
}

/** [gap, direction]: how far outer vertices, from large A to large S, lie beyond a hull. */
function widestGap(outer, hull) {
  let best = [-Infinity, 0.5], k = 0;
  for (const [w, h] of supportLines(hull)) {
    const value = (i) => (1 - w) * outer[i][0] + w * outer[i][1];
    // As w falls, the vertex that reaches farthest moves towards large S.
    while (k + 1 < outer.length && value(k + 1) >= value(k)) k++;
    if (value(k) - h > best[0]) best = [value(k) - h, w];
  }
  return best;
}

/** Least t with (s - t, a - t) under the hull: what must be given up of the two at once. */
function givenUp(hull, s, a) {
  return Math.max(0, widestGap([[s, a]], hull)[0]);
}
