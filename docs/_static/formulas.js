// Formulas inside a line cannot be broken: those that are wider than their paragraph scroll.
(() => {
  "use strict";
  const mark = () => {
    for (const formula of document.querySelectorAll("span.math mjx-container")) {
      formula.classList.remove("long");
      const room = formula.closest("p, li, td, th, dd, dt, h1, h2, h3, div").clientWidth;
      formula.classList.toggle("long", formula.getBoundingClientRect().width > room);
    }
  };
  addEventListener("load", () => window.MathJax?.startup?.promise?.then(mark));
  addEventListener("resize", mark);
})();
