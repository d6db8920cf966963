// The sentences of the page that change with the setting.

/** 0.9772 -> "97.7 %"; more digits where one would say 100. */
function percent(x, least = 1) {
  const value = 100 * x;
  const digits = value > 99.95 && value < 99.9995 ? 2 : least;
  return `${value.toFixed(digits)}\u202f%`;
}

/** What is left of one accuracy beside another, in percentage points: as a reader subtracts them. */
function difference(x, y, digits = 1) {
  const shown = (z) => Number((100 * z).toFixed(digits));
  return Math.max(shown(x) - shown(y), 0) / 100;
}

/** A difference of accuracies, in percentage points. */
function points(x, digits = 1) {
  const value = (100 * x).toFixed(digits);
  return `${value} ${Number(value) === 1 ? "point" : "points"}`;
}

function shiftsInWords(n) {
  const names = { 2: "both shifts", 3: "all three shifts" };
  return names[n] || `all ${n} shifts`;
}

/**
 * What is possible at a setting: a headline, and paragraphs of (trusted) HTML. `refined` is
 * the state of the refinement, if there is one.
 */
function verdict(m, refined) {
  const { setting } = m;
  if (setting.p === 1 && !setting.reaches) {
    return {
      headline: headline(m, refined),
      paragraphs: [`With <i>p</i> = 1 the feature <i>x</i>₀ is the label. Neither shifts nor this
        attack change its sign, so sign(<i>x</i>₀) is always right, and the noisy numbers are not
        needed. Move <i>p</i> down to see a problem.`],
      setting,
    };
  }
  const paragraphs = [togetherParagraph(m, refined), shiftParagraph(m), attackParagraph(m)];
  const paper = paperParagraph(m);
  if (paper) paragraphs.push(paper);
  return { headline: headline(m, refined), paragraphs: paragraphs.filter(Boolean), setting };
}

/** Certified loss: at least this is lost on one of the two, whatever the classifier. */
function certainLoss(m, refined) {
  if (!refined) return m.lossOuter;
  let loss = m.lossOuter;
  for (const [w, h] of refined.lines) {
    loss = Math.max(loss, (1 - w) * m.best + w * m.robust - h);
  }
  return loss;
}

/** Achieved loss: a rule (and a coin) exists that loses no more. */
function achievedLoss(m, refined) {
  if (!refined) return m.lossInner;
  return Math.min(m.lossInner, givenUp(concaveHull(refined.points), m.best, m.robust));
}

function headline(m, refined) {
  const { p, e, reaches } = m.setting;
  if (p === 1 && !reaches) return "x\u2080 gives the label away: nothing is lost";
  if (reaches) return "The attack reaches x\u2080 itself";
  if (e === 0) return m.setting.n === 1 ? "No shifts, no attack" : "No attack: only shifting costs";
  if (onlyFeature(m)) return "All that is left is x\u2080";
  const least = certainLoss(m, refined), most = achievedLoss(m, refined);
  if (most < 0.002) return "Here both can be had at once";
  if (e >= FULL && p === 0.5) return "Under this attack nobody beats a coin";
  if (e >= FULL && m.setting.n > 1) return "You cannot have it all";
  if (least > 0.05) return "You must choose";
  if (least > 0.005) return "A gradual trade-off: some of one for some of the other";
  if (most < 0.01) return "Here both can very nearly be had at once";
  return "The laws leave room that simple rules do not fill";
}

/** Whether nothing beats sign(x0), neither after shifts nor under attack. */
function onlyFeature({ best, robust, setting: { p, reaches } }) {
  return !reaches && Math.abs(best - p) < 1e-9 && Math.abs(robust - p) < 1e-9;
}

function shiftParagraph(m) {
  const { n, kappa } = m.setting, { bayes } = m.named;
  // With two digits the price comes out as it is; it is not known so well for more shifts.
  const digits = m.exactPrice ? 2 : 1;
  const start = `Nothing is more accurate on inputs as they come than the Bayes classifier
    <i>f</i>*: right in ${percent(m.natural, digits)} of cases.`;
  if (n === 1) {
    return `${start} There are no shifts to serve (<i>n</i> = 1), so <i>S</i> is natural accuracy.`;
  }
  if (kappa === 1) {
    return `${start} Shifting does not change the template (<i>δ</i> = 0), so it costs nothing.`;
  }
  const price = difference(m.natural, m.best, digits);
  const about = m.exactPrice ? "" : "about ";
  const best = n === 2 && kappa === -1
    ? `The shifted template is the negative of the template: whoever must serve both shifts can use
       <i>x</i>₀ alone, and is right in <i>S</i>* = ${percent(m.best)}.`
    : `A rule made for ${shiftsInWords(n)} can be right in
       <i>S</i>* = ${about}${percent(m.best, digits)}: serving them costs ${points(price, digits)}.`;
  const worst = !m.setting.worst ? "" : ` After the worst of the shifts <i>f</i>* is right in
    ${percent(bayes.spatial)} only; <i>S</i>* stays what it is, as no shift changes the answers of
    shift-Bayes.`;
  return `${start} On a shifted input it is right in ${percent(bayes.shifted)}. ${best}${worst}`;
}

function attackParagraph(m) {
  const { p, e, eps, reaches } = m.setting;
  if (e === 0) return "";
  const size = eps < 0.01 ? eps.toPrecision(1) : eps.toFixed(eps < 0.1 ? 3 : 2);
  const start = `An attacker may move every coordinate by <i>ε</i> = ${size}, which adds up to
    <i>e</i> = <i>ε</i>√<i>d</i> = ${e} along the template.`;
  if (reaches) {
    return `${start} As <i>ε</i> ≥ 1 even the sign of <i>x</i>₀ can be turned:
      sign(<i>x</i>₀) is never right any more, and no rule keeps more than ${percent(m.robust)}.
      The laws still hold but are no longer sharp. Longer templates (larger <i>d</i>) put <i>x</i>₀
      out of reach.`;
  }
  const kept = m.named.bayes.adversarial;
  const robust = e >= NORM
    ? `From <i>e</i> = 2 on the two classes can be moved onto each other, and nobody keeps more
       than <i>A</i>* = <i>p</i> = ${percent(p)}, which sign(<i>x</i>₀) does.`
    : `The best that any rule can keep is <i>A</i>* = ${percent(m.robust)}.`;
  return `${start} The Bayes classifier then keeps ${percent(kept)}. ${robust}`;
}

function togetherParagraph(m, refined) {
  const { p, n, e, reaches } = m.setting;
  if (e === 0 || reaches || p === 1) return "";
  if (onlyFeature(m)) {
    return "<b>Together:</b> sign(<i>x</i>₀) is best at both; nobody does better at either.";
  }
  const least = certainLoss(m, refined), most = achievedLoss(m, refined);
  const target = `the best spatial accuracy, <i>S</i>* = ${percent(m.best)}, and the best adversarial
    one, <i>A</i>* = ${percent(m.robust)}`;
  if (most < 0.002) {
    return `<b>Together:</b> ${most < 5e-4 ? "a rule has" : "a rule comes within 0.2 points of"}
      both ${target}. ${n > 1 ? "" : "Without shifts, accuracy and robustness need not fight."}`;
  }
  const found = n > 3 ? "A randomised linear rule is known that" : "Some randomised rule";
  const possible = `${found} gives up ${points(most)} of each.`;
  if (least < 5e-4) {
    return `<b>Together:</b> the bounds do not forbid ${target}, at once. ${possible}
      Between these two numbers lies what this page cannot decide.`;
  }
  const close = most - least < 0.004;
  return `<b>Together:</b> no classifier, however clever, has both ${target}. Whatever it is, it
    falls short in one of the two by at least ${points(least)}.
    ${close ? "That is enough: some randomised rule gives up just so much of each." : possible}
    ${n > 1 ? why(m) : ""}`;
}

/** Why there is a trade-off, in a sentence. */
function why({ setting: { e, kappa } }) {
  const left = residuals(e, kappa)[0];
  const near = left === 0 ? "onto shifted inputs of the other label"
    : `to within ${left.toFixed(2)} standard deviations of shifted inputs of the other label`;
  return `<b>Why?</b> The attack can bring inputs of one label ${near}. Whatever is answered there is wrong for
    one of them${left === 0 ? "" : ", and the nearer, the more often"}.`;
}

/** What the paper's own statements say here. */
function paperParagraph(m) {
  const { p, n, e, kappa, reaches } = m.setting;
  const said = [];
  if (n > 1 && kappa < 1 && e < FULL) {
    const { shifted } = m.named.bayes, both = m.natural >= 0.97 && shifted <= 0.85;
    said.push(`<b>Proposition 1</b> asks for a template with natural accuracy ≥ 97\u202f% and shifted
      accuracy ≤ 85\u202f%: here ${percent(m.natural)} and ${percent(shifted)}, so this
      ${both ? "is one" : "is none"}${both && m.state.delta < 0.375
        ? ", although δ is below the paper's 3/8" : ""}.`);
  }
  if (e >= FULL && n > 1) {
    said.push(`<b>Theorem 2</b> applies (<i>e</i> ≥ 4): whoever keeps <i>A</i> ≥ 1 − η under
      attack has <i>S</i> ≤ η<i>p</i>/(1−<i>p</i>), because the attack can move an input to where
      a shifted input of the other label would be.`);
    if (!reaches) {
      said.push(p === 0.5
        ? `Its limit <i>p</i> → 1/2, η → 0 has no member: it asks for <i>A</i> near 100\u202f%, but the
           attack can also imitate a shift, so <i>A</i> ≤ <i>S</i>, and with Theorem 2 nobody has
           <i>A</i> above <i>p</i> = 50\u202f%.`
        : `But nobody has <i>A</i> above <i>p</i>: the hypothesis <i>A</i> ≥ 1 − η is met by no
           classifier unless η ≥ 1 − <i>p</i> = ${percent(1 - p)}.`);
    }
  } else if (e > 0 && n > 1) {
    said.push(`<b>Theorems 2 and 3</b> say nothing below <i>e</i> = 4; the gradual law does.`);
  }
  return said.join(" ");
}

/** One sentence for those who hear the page. */
function spoken(m, refined) {
  const { e, n } = m.setting;
  const parts = [];
  parts.push(`Best natural accuracy ${percent(m.natural)}`);
  if (n > 1) parts.push(`best spatial ${percent(m.best)}`);
  if (e > 0) parts.push(`best adversarial ${percent(m.robust)}`);
  const beside = tightenedAt(m.state.s, m.asked.together, refined);
  if (beside !== null) parts.push(`with S at least ${percent(m.state.s)}, A at most ${percent(beside)}`);
  return `${headline(m, refined)}. ${parts.join("; ")}.`;
}
