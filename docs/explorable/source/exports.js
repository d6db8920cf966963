// What tests and curious readers can call from the console: spadv.study({p: 0.7, ...}).
globalThis.spadv = {
  DEFAULTS, LENGTHS, SHIFT_COUNTS, PRICE,
  askedLaws, bayesAccuracy, bracket, cdf, concaveHull, density, envelope, evaluateThreshold,
  allRight, bothBelow, knownAtLeast, knownSpatial, mixtureLines, mixtureValue, normalNumbers,
  readersPoint, scoreNoise, worstCase,
  exactFrontier, givenUp, gradualAdversarial, gradualSpatial, knownBeside, knownBorder,
  linearFamilies, linearHull, lowerSpatial, namedRules, otherBudgets, outerBound, planarProblem,
  quantile, refinement, robustAccuracy, settingOf, shapePoint, shiftOptimum, spatialRange, study,
  theorem2Adversarial, theorem2Spatial, theorem3Adversarial, theorem3Spatial, tidy,
  twoShiftAccuracy, upperTail,
};
