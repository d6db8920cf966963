// Charts as SVG text. Lengths are pixels of the page, so that letters keep their size.

const RULES = [
  { key: "bayes", name: "Bayes f*", html: "Bayes <i>f</i>*",
    mark: "circle", color: "blue", dash: "" },
  { key: "both", name: "shift-Bayes", html: "shift-Bayes",
    mark: "triangle", color: "purple", dash: "2 2.6" },
  { key: "robust", name: "robust Bayes", html: "robust Bayes",
    mark: "square", color: "green", dash: "9 2.5 2 2.5" },
  { key: "stump", name: "sign(x\u2080)", html: "sign(<i>x</i>\u2080)",
    mark: "diamond", color: "orange", dash: "9 2 2 2 2 2" },
];
// Letters are so many times as large as usual: more for an audience.
const LOOK = { letters: 1, tallest: Infinity };

function scale([from, to], [low, high]) {
  return (x) => low + (x - from) / (to - from) * (high - low);
}

function path(points, x, y) {
  let text = "";
  for (const [u, v] of points) {
    text += `${text ? "L" : "M"}${x(u).toFixed(1)} ${y(v).toFixed(1)}`;
  }
  return text;
}

/** An element of a picture; numbers are rounded to what a screen can show. */
function element(name, attributes, content = "") {
  const text = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Number(value.toFixed(1)) : value}"`);
  return `<${name}${text.join("")}>${content}</${name}>`;
}

function mark(kind, x, y, color, size = 5) {
  const style = { fill: `var(--${color})`, stroke: "var(--ink)", "stroke-width": 1 };
  if (kind === "circle") return element("circle", { cx: x, cy: y, r: size, ...style });
  const corners = {
    square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    triangle: [[0, -1.15], [1.1, 0.85], [-1.1, 0.85]],
    diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  }[kind];
  const d = path(corners, (u) => x + u * size, (v) => y + v * size);
  return element("path", { d: `${d}Z`, ...style });
}

function stroked(d, color, width, dash = "") {
  const style = { d, fill: "none", stroke: `var(--${color})`, "stroke-width": width };
  if (dash) style["stroke-dasharray"] = dash;
  return element("path", { ...style, "stroke-linejoin": "round" });
}

function filled(d, color, opacity = 1) {
  return element("path", { d, fill: `var(--${color})`, "fill-opacity": String(opacity) });
}

function box(x, y, width, height, style) {
  return element("rect", { x, y, width, height, ...style });
}

/** Clips what follows to a rectangle. */
function clip(id, x, y, width, height) {
  return element("clipPath", { id }, box(x, y, width, height, {}));
}

function label(text, x, y, { anchor = "start", cls = "", transform = "" } = {}) {
  const turned = transform ? { transform } : {};
  return element("text", { x, y, "text-anchor": anchor, class: cls, ...turned }, text);
}

function svg(width, height, title, description, body) {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"` +
    ` aria-label="${title}. ${description.replace(/"/g, "")}">${body}</svg>`;
}

// Where a label may stand, seen from its point; below first where lines run above.
const SIDES = [[1, 0], [-1, 0], [1, 1], [-1, 1], [1, -1], [-1, -1], [0, 1], [0, -1]];
const SIDES_BELOW = [[-1, 1], [1, 1], [1, 0], [-1, 0], [-1, -1], [1, -1], [0, 1], [0, -1]];

/** Writes labels near points, where nothing else stands yet, and rather not on lines. */
function labeller(bounds) {
  const taken = [], crossed = [], named = [];
  const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
    Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  return {
    keep(x, y, r = 7) { taken.push([x - r, y - r, x + r, y + r]); },
    /** A point with a name of its own: others stand away from it. */
    name(x, y) { named.push([x, y]); },
    /** A line from corner to corner, as dots. */
    avoid(corners) {
      corners.slice(1).forEach(([x, y], i) => {
        const [u, v] = corners[i], count = Math.ceil(Math.hypot(x - u, y - v) / 6);
        for (let k = 0; k < count; k++) {
          crossed.push([u + (x - u) * k / count, v + (y - v) * k / count]);
        }
      });
    },
    put(text, x, y, cls = "halo", radii = [9, 16, 26], sides = SIDES) {
      const width = 6.4 * LOOK.letters * text.length, height = 13 * LOOK.letters;
      let best = null;
      for (const radius of radii) {
        for (const [dx, dy] of sides) {
          const left = x + dx * radius - (dx > 0 ? 0 : dx < 0 ? width : width / 2);
          const top = y + dy * radius - height / 2;
          const place = [left, top, left + width, top + height];
          const covered = taken.reduce((sum, b) => sum + overlap(place, b), 0);
          const outside = left < bounds[0] || place[2] > bounds[2] ||
            top < bounds[1] || place[3] > bounds[3];
          const struck = crossed.filter(([u, v]) =>
            u > left && u < place[2] && v > top && v < place[3]).length;
          const foreign = named.some(([u, v]) => Math.hypot(u - x, v - y) > 1 &&
            u > left - 14 && u < place[2] + 14 && v > top - 10 && v < place[3] + 10);
          const cost = radius + (foreign ? 25 : 0) + 300 * covered / (width * height) + Math.min(3 * struck, 40) +
            (outside ? 1e3 : 0);
          if (!best || cost < best[0]) best = [cost, place];
        }
      }
      taken.push(best[1]);
      return label(text, best[1][0], best[1][3] - 3, { cls });
    },
  };
}

/** Where the trade-off is drawn: its edges, and places of S and A. */
function lawFrame(m, width) {
  const big = LOOK.letters, height = Math.round(Math.min(width * 0.86, 410 * big, LOOK.tallest));
  const left = 52 * big, right = width - 8, top = 8, bottom = height - 38 * big;
  const xs = [m.setting.worst ? 0 : 0.4, 1];
  return {
    left, right, top, bottom, height, xs,
    x: scale(xs, [left, right]), y: scale([0, 1], [bottom, top]),
    s: scale([left, right], xs), a: scale([bottom, top], [0, 1]),
  };
}

/** The trade-off: A against S. */
function lawChart(m, refined, family, width) {
  const { left, right, top, bottom, height, xs, x, y } = lawFrame(m, width), big = LOOK.letters;
  const { setting, best, robust, named } = m, full = setting.e >= FULL;
  const area = [left, top, right - left, bottom - top];
  const out = [element("defs", {}, clip("area", ...area)), box(...area, { fill: "var(--excluded)" })];
  const inside = [];
  const border = m.laws.map(({ a, low, high }) => [low, tightened(high, a, refined), a]);
  const allowed = [
    ...border.map(([least, , a]) => [least, a]),
    ...border.map(([, most, a]) => [most, a]).reverse(),
  ];
  inside.push(filled(`${path(allowed, x, y)}Z`, "paper"));
  const known = knownBorder(m, refined);
  const corners = [[known[0][0], 0], ...known, [known[known.length - 1][0], 0]];
  inside.push(filled(`${path(corners, x, y)}Z`, "sky", 0.2));
  for (let tenth = 10 * xs[0]; tenth <= 10; tenth++) {
    const s = tenth / 10, odd = tenth % 2;
    if ((width > 380 * big && xs[0] > 0) || !odd) {
      const anchor = s === 1 ? "end" : "middle";
      out.push(label(percentTick(s), x(s), bottom + 15 * big, { anchor, cls: "soft" }));
    }
    inside.push(stroked(`M${x(s)} ${top}V${bottom}`, "grid", 0.7));
  }
  for (const a of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    const drop = (a === 1 ? 9 : 4) * big;
    out.push(label(percentTick(a), left - 5, y(a) + drop, { anchor: "end", cls: "soft" }));
    inside.push(stroked(`M${left} ${y(a)}H${right}`, "grid", 0.7));
  }
  const across = setting.worst ? "spatial accuracy S, worst shift" : "spatial accuracy S";
  out.push(label(across, (left + right) / 2, height - 6, { anchor: "middle" }));
  out.push(label("adversarial accuracy A", 11 * big, (top + bottom) / 2,
    { anchor: "middle", transform: `rotate(-90 ${11 * big} ${(top + bottom) / 2})` }));
  const labels = labeller([left + 2, top + 2, right - 2, bottom - 2]);
  const names = [];
  if (robust < 0.9) {
    const place = [(left + right) / 2, y((1 + robust) / 2) + 4];
    names.push(label("no classifier is here", ...place, { anchor: "middle", cls: "halo on-grey" }));
    for (const away of [-45, -30, -15, 0, 15, 30, 45]) labels.keep(place[0] + away, place[1] - 4, 9);
  }
  for (const [e, points] of family || []) {
    if (!points.length) continue;
    inside.push(stroked(path(points, x, y), "grey", 1, "1.5 2"));
    // Halfway between the most robust rules and the most accurate ones.
    const [, top] = points[points.length - 1], first = points[points.length - 1][0];
    const middle = (Math.max(first, xs[0]) + points[0][0]) / 2;
    const corner = points[0][0] - first < 0.02;
    const [s, a] = corner ? [first, top] : points.find((point) => point[0] <= middle);
    names.push(labels.put(`e = ${e}`, x(s), y(a), "soft halo", [0, 9, 16]));
  }
  // Closed-form laws: what follows from the shift alone, and the border of all of them.
  inside.push(stroked(path(m.loose, x, y), "grey", 1.4, "1.5 2.5"));
  if (full && setting.p < 1) {
    const line = [0, 1].map((a) => [theorem2Spatial(a, setting.p), a]);
    line[0][0] = setting.p / (1 - setting.p);
    inside.push(stroked(path(line, x, y), "ink", 1.6, "6 3"));
    if (setting.n > 1) {
      for (const side of [0, 1]) {
        const points = [0, 0.25, 0.5, 0.75, 1].map((a) =>
          [theorem3Spatial(a, setting.p, setting.n)[side], a]);
        inside.push(stroked(path(points, x, y), "grey", 1.2, "8 2 2 2"));
      }
    }
  }
  const shape = [
    ...m.laws.map(({ a, low: s }) => [s, a]),
    ...m.laws.map(({ a, high }) => [high, a]).reverse(),
  ];
  inside.push(stroked(path(shape, x, y), "ink", 1.4));
  if (m.exact) {
    inside.push(stroked(path(m.hull, x, y), "vermilion", 2.4));
  } else if (refined && setting.n === 2) {
    const upper = envelope(refined.lines), lower = concaveHull(refined.points);
    const band = [...lower, ...upper.slice().reverse()];
    inside.push(filled(`${path(band, x, y)}Z`, "vermilion", 0.45));
    inside.push(stroked(path(lower, x, y), "vermilion", 2.2));
  }
  if (!m.exact) inside.push(stroked(path(m.hull, x, y), "blue", 1.8, "6.5 3"));
  // The reader's point, and how far it is from the best of each.
  const mine = readersPoint(m, refined), px = x(mine.s), py = y(mine.a);
  inside.push(stroked(`M${left} ${y(robust)}H${x(best)}V${bottom}`, "soft", 1, "1 4"));
  inside.push(stroked(`M${x(best)} ${py}H${px}V${y(robust)}`, "loss", 2.6 * Math.sqrt(big)));
  labels.keep(px, py, 12 * big);
  const drawn = (points) => labels.avoid(points.map(([s, a]) => [x(s), y(a)]));
  drawn(m.hull);
  drawn(m.laws.map(({ a, low }) => [low, a]));
  drawn([[xs[0], robust], [best, robust], [best, 0]]);
  drawn([[best, mine.a], [mine.s, mine.a], [mine.s, robust]]);
  if (refined) drawn(concaveHull(refined.points));
  // Named rules; those that coincide share a label.
  const groups = [];
  for (const rule of RULES) {
    const { spatial, adversarial, most } = named[rule.key];
    const open = adversarial === null, a = open ? most : adversarial;
    const rx = x(spatial), ry = y(a);
    if (open) inside.push(stroked(`M${rx} ${y(a)}V${bottom}`, "purple", 2, "2 2.6"));
    const mate = groups.find((g) => Math.hypot(g.x - rx, g.y - ry) < 6);
    if (mate) mate.rules.push(rule);
    else groups.push({ x: rx, y: ry, rules: [rule], open });
    labels.keep(rx, ry);
  }
  // What is given up has few places: it is written before the names of rules.
  const given = [12 * big, 20 * big, 30 * big];
  if (mine.lostA > 5e-4) {
    names.push(labels.put(`A \u2212${(100 * difference(robust, mine.a)).toFixed(1)}`, px, (py + y(robust)) / 2,
      "halo loss", given, [[1, 0], [-1, 0], [1, -1], [-1, -1]]));
  }
  if (mine.lostS > 5e-4) {
    names.push(labels.put(`S \u2212${(100 * difference(best, mine.s)).toFixed(1)}`, (px + x(best)) / 2, py,
      "halo loss", given, [[0, 1], [1, 1], [-1, 1], [0, -1]]));
  }
  for (const group of groups) labels.name(group.x, group.y);
  for (const group of groups) {
    group.rules.slice().reverse().forEach((rule, i, list) => {
      const spread = list.length > 1 ? 3 * (i - (list.length - 1) / 2) : 0;
      inside.push(mark(rule.mark, group.x + spread, group.y, rule.color));
    });
    const text = group.rules.map(({ name }) => name).join(", ") + (group.open ? ": A unknown" : "");
    names.push(labels.put(text, group.x, group.y, "halo", [9, 16, 26, 40], SIDES_BELOW));
  }
  out.push(`<g clip-path="url(#area)">${inside.join("")}</g>`, ...names);
  const each = RULES.map(({ key, name }) => {
    const { spatial, adversarial } = named[key];
    const kept = adversarial === null ? "unknown" : percent(adversarial);
    return `${name}: S ${percent(spatial)}, A ${kept}`;
  });
  const description = `Spatial accuracy is at most ${percent(best)}, adversarial accuracy at most
    ${percent(robust)}. ${each.join("; ")}. Your point: S ${percent(mine.s)}, A ${percent(mine.a)}`;
  return svg(width, height, "Adversarial against spatial accuracy", description, out.join(""));
}

function percentTick(x) {
  return `${Math.round(100 * x)}%`;
}

/** Where each rule turns from -1 to +1 along the word, for x0 = +1; -Infinity: always +1. */
function wordThresholds(m) {
  const { p, e, reaches } = m.setting, odds = logOdds(p), left = Math.max(NORM - e, 0);
  const robust = left > 0 ? (reaches ? 0 : -odds / (2 * left)) : -Infinity;
  return { bayes: -odds / 4, robust, stump: -Infinity };
}

/** The plane of u (word and shift agree) and v (they differ). */
function planeChart(m, refined, width) {
  const { kappa, e, p, n, reaches } = m.setting, odds = logOdds(p);
  const a = Math.sqrt((1 + kappa) / 2), b = Math.sqrt((1 - kappa) / 2);
  const size = Math.min(width, 340 * LOOK.letters), reach = 5.2;
  const x = scale([-reach, reach], [0, size]), y = scale([-reach, reach], [size, 0]);
  const unit = size / (2 * reach);
  const lines = element("path", { d: "M0 0V6", stroke: "var(--grey)", "stroke-width": 1.2 });
  const hatch = element("pattern", { id: "hatch", width: 6, height: 6,
    patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, lines);
  const out = [element("defs", {}, clip("plane-area", 0, 0, size, size) + hatch)];
  const body = [box(0, 0, size, size, { fill: "var(--tint)" })];
  body.push(stroked(`M0 ${y(0)}H${size}M${x(0)} 0V${size}`, "line", 1));
  if (e > 0) {
    body.push(box(x(2 * a - e * a), y(2 * b + e * b), 2 * e * a * unit, 2 * e * b * unit, {
      fill: "url(#hatch)", "fill-opacity": "0.45", stroke: "var(--ink)", "stroke-width": 1.2,
    }));
  }
  // One deviation around a mean.
  const cloud = ([u, v], color, style) => {
    const at = { cx: x(u), cy: y(v) }, stroke = { stroke: `var(--${color})`, "stroke-width": 1.7 };
    body.push(element("circle", { ...at, r: unit, ...stroke, ...style }));
    body.push(element("circle", { ...at, r: 2.7, fill: `var(--${color})` }));
    labels.keep(x(u), y(v));
  };
  const labels = labeller([2, 2, size - 2, size - 2]), names = [];
  for (const [sign, color, name] of [[1, "blue", "+1"], [-1, "vermilion", "\u22121"]]) {
    const here = [2 * a * sign, 2 * b * sign], moved = [2 * a * sign, -2 * b * sign];
    const apart = n > 1 && b > 0;
    if (apart) cloud(moved, color, { fill: "none", "stroke-dasharray": "4 3" });
    cloud(here, color, { fill: `var(--${color})`, "fill-opacity": "0.22" });
    names.push([`Y = ${name}`, here]);
    if (apart) names.push([`${name}, shifted`, moved]);
  }
  // Borders of the rules: a u + b v = level is a line at a distance from the origin.
  const border = (angle, level) => {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)], far = 3 * reach;
    const ends = [1, -1].map((k) => [level * cos - k * far * sin, level * sin + k * far * cos]);
    return path(ends, x, y);
  };
  const along = Math.atan2(b, a), levels = wordThresholds(m);
  const line = (rule, angle, level) => {
    if (Math.abs(level) < 2 * reach) body.push(stroked(border(angle, level), rule.color, 2, rule.dash));
  };
  if (p < 1) {
    line(RULES[2], along, levels.robust);
    if (n === 2 && kappa < 1 && a > 0) line(RULES[1], 0, -odds / (4 * a));
    line(RULES[0], along, levels.bayes);
  }
  if (refined && refined.rule && n === 2 && e > 0 && e < FULL && !reaches) {
    const { v, t } = refined.rule;
    const points = [...v].map((z, i) => [Math.max(Math.min(t[i], 9), -9), z])
      .filter(([, z]) => Math.abs(z) < reach);
    body.push(stroked(path(points, x, y), "vermilion", 1.6));
  }
  for (const [text, [u, v]] of names) body.push(labels.put(text, x(u), y(v)));
  body.push(label("u", size - 12, y(0) - 4, { cls: "soft" }), label("v", x(0) + 5, 12, { cls: "soft" }));
  out.push(`<g clip-path="url(#plane-area)">${body.join("")}</g>`);
  const [D, back] = residuals(e, kappa);
  const description = n > 1
    ? `The attack box around the mean of Y = +1 ends ${D.toFixed(2)} short of the shifted mean of
      the other label and ${back.toFixed(2)} short of that of the same label.`
    : "Both means lie on one line.";
  return svg(size, size, "Means, attack box and rules in the plane", description, out.join(""));
}

/** Two normal curves along a direction, for x0 = +1, and where the rules turn. */
function curveChart(m, { mean, moved, rules, title, note = "" }, width) {
  const big = LOOK.letters, { p } = m.setting, height = 142 * big;
  const bottom = height - 18 * big, top = 30 * big, reach = 6;
  const x = scale([-reach, reach], [4, width - 4]), y = scale([0, 0.42], [bottom, top]);
  const out = [stroked(`M4 ${bottom}H${width - 4}`, "grey", 1)];
  for (const z of [-4, -2, 0, 2, 4]) {
    out.push(stroked(`M${x(z)} ${bottom}v4`, "grey", 1));
    const text = String(z).replace("-", "\u2212");
    out.push(label(text, x(z), height - 3, { anchor: "middle", cls: "soft" }));
  }
  const curve = (centre, weight) => Array.from({ length: 97 }, (_, i) => {
    const z = -reach + i / 8;
    return [z, weight * density(z - centre)];
  });
  for (const [sign, weight, color, dash] of [[1, p, "blue", ""], [-1, 1 - p, "vermilion", "6.5 3"]]) {
    const shown = path(curve(sign * moved, weight), x, y);
    if (mean !== moved) out.push(stroked(path(curve(sign * mean, weight), x, y), "grey", 1));
    out.push(filled(`${shown}L${x(reach)} ${bottom}L${x(-reach)} ${bottom}Z`, color, 0.18));
    out.push(stroked(shown, color, 1.8, dash));
    if (weight > 0) {
      // On the outer side of its curve.
      const outer = moved < 0 ? -sign : sign, peak = y(weight * density(0));
      const place = Math.min(Math.max(x(sign * moved) + 17 * outer, 40 * big), width - 40 * big);
      out.push(label(`Y = ${sign > 0 ? "+1" : "\u22121"}`, place, Math.max(peak + 4, top + 8 * big),
        { anchor: outer > 0 ? "start" : "end", cls: "halo" }));
    }
  }
  let far = 0;
  const seen = [];
  for (const { rule, at } of rules) {
    if (Number.isNaN(at)) continue;
    if (at < -reach) {
      // Never -1 within the picture.
      out.push(mark(rule.mark, 9 + 13 * far++, 10, rule.color, 4.5));
      continue;
    }
    const lift = seen.some((z) => Math.abs(x(z) - x(at)) < 11) ? 9 : 0;
    seen.push(at);
    out.push(stroked(`M${x(at)} ${16 + lift}V${bottom}`, rule.color, 2, rule.dash));
    out.push(mark(rule.mark, x(at), 10 + lift, rule.color, 4.5));
  }
  if (far) out.push(label("always +1", 4, 18 + 12 * big, { cls: "soft" }));
  if (note) out.push(label(note, width - 4, 14 * big, { anchor: "end", cls: "soft" }));
  const turns = rules.filter(({ at }) => !Number.isNaN(at)).map(({ rule, at }) =>
    `${rule.name} ${at < -reach ? "always answers +1" : `turns to +1 at ${at.toFixed(2)}`}`).join("; ");
  return svg(width, height, title, `Mean of Y = +1 at ${moved.toFixed(2)}. ${turns}`, out.join(""));
}

/** A swatch for the legend. */
function swatch(kind, color, dash = "", width = 2) {
  const size = { area: [22, 12], line: [26, 12] }[kind] || [14, 14];
  const look = {
    area: () => box(0, 0, ...size, {
      fill: `var(--${color})`, "fill-opacity": color === "sky" ? "0.3" : "1", stroke: "var(--line)",
    }),
    line: () => stroked("M0 6H26", color, width, dash),
  }[kind] || (() => mark(kind, 7, 7, color, 4.8));
  return element("svg", { width: size[0], height: size[1], "aria-hidden": "true" }, look());
}
