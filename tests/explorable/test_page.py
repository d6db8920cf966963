"""The page as its readers meet it: one file, in a real browser, by mouse, key and phone."""

from __future__ import annotations

import base64
import json
import re
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from spadv.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from spadv.theory import CodeGaussian
from spadv.theory.accuracy import bayes_accuracy, robust_bayes_accuracy, two_shift_accuracy
from spadv.theory.classifiers import bayes, robust_bayes, x0_rule
from spadv.theory.words import as_word

PRESETS = (
    "p=0.5&n=2&delta=0.375&e=0&d=1024&s=0.85&show=shifted",
    "p=0.7&n=2&delta=0.5&e=4&d=1024&s=0.9&show=attacked",
    "p=0.7&n=2&delta=0.5&e=2.5&d=1024&s=0.9&show=attacked&others=1",
    "p=0.5&n=2&delta=0.5&e=4&d=1024&s=0.5&show=attacked",
    "p=0.6&n=32&delta=0.5&e=1&d=4096&s=0.75&show=shifted",
    "p=0.7&n=2&delta=0.5&e=4.5&d=16&s=0.7&show=attacked",
    "p=0.7&n=3&delta=0.5&e=1&d=1024&s=0.85&show=shifted&worst=1",
    "p=0.7&n=2&delta=0.5&e=1&d=1024&s=0.85&a=0.5&show=attacked&large=1",
)
# Exponentials with which the page must answer a move: a few milliseconds a hundred thousand.
MOST_WORK, MOST_WORK_WORST = 120_000, 350_000


# Without a browser


def test_page_is_what_the_sources_build(build: ModuleType) -> None:
    assert build.PAGE.read_text(encoding="utf-8") == build.page()
    assert build.main(["--check"]) == 0


def test_page_needs_nothing_else(build: ModuleType) -> None:
    page = build.page()
    for wanted in ("src=", "http:", "https:", "@import", "url(http", "fetch(", "XMLHttpRequest"):
        assert wanted not in page, wanted
    links = re.findall(r'<link [^>]*href="([^"]*)"', page)
    assert links == ["data:,"]
    assert len(page) < 250_000


def test_every_name_that_scripts_look_for_is_in_the_page(build: ModuleType) -> None:
    page = build.page()
    found = set(re.findall(r'(?:byId|write)\("([a-z-]+)"', page))
    assert len(found) > 15
    for name in found:
        assert page.count(f' id="{name}"') == 1, name
    ids = re.findall(r' id="([^"$]+)"', build._read("page.html"))
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:for|aria-labelledby|href)="#?([a-z][a-z-]*)"', page):
        assert target in ids, target


def themes(build: ModuleType) -> dict[str, dict[str, str]]:
    css = build._read("style.css")
    blocks = {
        "light": re.search(r":root \{(.*?)\}", css, re.S),
        "dark": re.search(r':root\[data-theme="dark"\] \{(.*?)\}', css, re.S),
        "dark by preference": re.search(
            r":root:not\(\[data-theme=\"light\"\]\) \{(.*?)\}", css, re.S
        ),
    }
    made: dict[str, dict[str, str]] = {}
    for name, block in blocks.items():
        assert block is not None
        own = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block[1]))
        made[name] = {**made.get("light", {}), **own}
    return made


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_are_those_of_the_figures(build: ModuleType) -> None:
    light = themes(build)["light"]
    expected = {
        "blue": BLUE,
        "vermilion": VERMILION,
        "green": GREEN,
        "purple": PURPLE,
        "orange": ORANGE,
        "sky": SKY,
        "grey": GREY,
    }
    assert {name: light[name] for name in expected} == {k: v.lower() for k, v in expected.items()}


def test_contrast_is_sufficient(build: ModuleType) -> None:
    made = themes(build)
    assert made["dark"] == made["dark by preference"]
    for name, c in made.items():
        for text, ground in [
            ("ink", "paper"),
            ("ink", "tint"),
            ("ink", "excluded"),
            ("soft", "paper"),
            ("soft", "tint"),
            ("link", "paper"),
            ("link", "tint"),
            ("on-focus", "focus"),
        ]:
            assert contrast(c[text], c[ground]) >= 4.5, (name, text, ground)
        # Lines; orange and purple marks have an outline in ink.
        for line in ("blue", "vermilion", "green", "grey", "focus"):
            assert contrast(c[line], c["paper"]) >= 3, (name, line)


# In a browser


def settle(browser: Any) -> None:
    browser.evaluate("new Promise((done) => setTimeout(done, 400))")


@pytest.fixture
def page(browser: Any, build: ModuleType) -> Any:
    browser.screen(1280, 900)
    browser.prefer(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
    browser.open("about:blank")
    browser.open(build.PAGE.as_uri())
    yield browser
    assert not trouble(browser)


def trouble(browser: Any) -> list[Any]:
    """Return errors that the page made, and requests that left the file."""
    return [
        m
        for m in browser.messages
        if m.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
        or (
            m.get("method") == "Network.requestWillBeSent"
            and not m["params"]["request"]["url"].startswith(("file:", "data:", "about:"))
        )
    ]


@pytest.mark.slow
def test_shown_numbers_are_those_of_python(page: Any) -> None:
    half = 40
    for p, delta, e in product((0.5, 0.7, 0.95), (0.1, 0.5, 1.0), (0, 1, 2.5, 4.0)):
        word = as_word([1] * half + [-1] * round(delta * half) + [1] * (half - round(delta * half)))
        dist = CodeGaussian(word, p, half)
        page.evaluate(f"location.hash = 'p={p}&n=2&delta={delta}&e={e}&d=1024&s=0.6'")
        page.until(f"document.getElementById('e-out').textContent === '{e:.2f}'")
        page.until(f"document.getElementById('p-out').textContent === '{p:.2f}'")
        page.until(f"document.getElementById('delta').value == {delta}")
        shown = page.evaluate(
            "[...document.querySelectorAll('#rules tbody tr')].map((row) =>"
            "[...row.querySelectorAll('td')].map((cell) => parseFloat(cell.textContent)))"
        )
        for row, rule in ((0, bayes(dist)), (2, robust_bayes(dist, e)), (3, x0_rule(dist))):
            natural, shifted = rule.shifted_accuracies(dist)
            expected = [
                natural,
                shifted,
                rule.spatial_accuracy(dist),
                rule.adversarial_accuracy(dist, e),
            ]
            assert shown[row] == pytest.approx([100 * float(x) for x in expected], abs=0.0501)
        best = 100 * float(two_shift_accuracy(dist.orbit.kappa[1], p))
        assert shown[1][:3] == pytest.approx([best] * 3, abs=0.0501)
        text = page.evaluate("document.getElementById('words').textContent")
        assert f"{100 * float(bayes_accuracy(p)):.2f}" in text
        if e:
            assert f"{100 * float(robust_bayes_accuracy(p, e, 1024)):.1f}" in text


@pytest.mark.slow
@pytest.mark.parametrize("worst", [False, True])
def test_a_move_is_answered_at_once_by_little_work(page: Any, worst: bool) -> None:
    """Work is counted in exponentials, the clock stands still: no machine is too slow for this."""
    settle(page)
    page.evaluate(f"document.getElementById('worst').checked !== {json.dumps(worst)} &&"
                  "document.getElementById('worst').click()")  # fmt: skip
    work, shown = page.evaluate(
        """(() => {
          const exp = Math.exp, now = performance.now;
          let count = 0, clock = 0;
          Math.exp = (x) => { count++; return exp(x); };
          performance.now = () => (clock += 1000);
          const work = [];
          let shown = 0;
          const move = (id, value) => {
            const input = document.getElementById(id);
            count = 0;
            input.value = value;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            work.push(count);
            shown += Math.abs(Number(input.value) - value) < 1e-6;
          };
          for (let k = 0; k < 12; k++) move("e", 0.5 + k * 0.3);
          for (let k = 0; k < 8; k++) move("p", 0.5 + k * 0.05);
          for (let k = 0; k < 8; k++) move("delta", k * 0.1);
          for (let k = 0; k < 13; k++) move("n", k);
          Math.exp = exp;
          performance.now = now;
          return [work, shown];
        })()"""
    )
    assert len(work) == shown == 41
    assert max(work) < (MOST_WORK_WORST if worst else MOST_WORK)


@pytest.mark.slow
def test_sliders_obey_keys_and_have_names(page: Any) -> None:
    page.evaluate("document.getElementById('e').focus()")
    before = float(page.evaluate("document.getElementById('e').value"))
    page.press("ArrowRight", 39)
    page.press("ArrowRight", 39)
    page.press("ArrowLeft", 37)
    page.press("ArrowRight", 39)
    assert float(page.evaluate("document.getElementById('e').value")) == pytest.approx(before + 0.1)
    assert page.evaluate("document.getElementById('e-out').textContent") == f"{before + 0.1:.2f}"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    sliders = [n for n in nodes if n.get("role", {}).get("value") == "slider"]
    assert len(sliders) == 7
    for slider in sliders:
        assert len(slider["name"]["value"]) > 3
        texts = {x["name"]: x["value"].get("value") for x in slider["properties"]}
        # The ring's text is not among these; test_the_point_obeys_keys reads it.
        assert texts.get("valuetext") or slider["name"]["value"].startswith("Your classifier")
    pictures = [n for n in nodes if n.get("role", {}).get("value") in ("image", "img")]
    named = [n["name"]["value"] for n in pictures if n.get("name", {}).get("value")]
    assert len(named) >= 4
    page.call("Accessibility.disable")


@pytest.mark.slow
def test_tab_reaches_every_control_with_a_visible_focus(page: Any) -> None:
    seen = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(50):
        page.press("Tab", 9)
        found = page.evaluate(
            "(() => { const x = document.activeElement; return [x.id || x.name || x.textContent,"
            "getComputedStyle(x).outlineStyle]; })()"
        )
        if found[0] and len(found[0]) < 40:
            seen.add(found[0])
            assert found[1] == "solid", found
    assert {"theme", "p", "n", "delta", "e", "d", "s", "play", "link", "others", "show"} <= seen
    assert {"large", "worst", "handle", "save-svg", "save-png"} <= seen


def ring(page: Any) -> list[float]:
    """Return the place of the ring: S and A in percent, then its centre on the screen."""
    found: list[float] = page.evaluate(
        """(() => {
          const ring = document.getElementById("handle"), box = ring.getBoundingClientRect();
          const told = ring.getAttribute("aria-valuetext").match(/[0-9.]+/g).map(Number);
          return [...told, box.x + box.width / 2, box.y + box.height / 2];
        })()"""
    )
    return found


def mouse(page: Any, kind: str, x: float, y: float) -> None:
    page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.mark.slow
def test_the_point_is_dragged_and_stays_where_classifiers_are(page: Any) -> None:
    page.evaluate("location.hash = 'p=0.7&n=2&delta=0.5&e=4&d=1024&s=0.8'")
    page.until("document.getElementById('law-legend').textContent.includes('exact frontier')")
    # On the exact frontier from the start, below the line of Theorem 2.
    s, a, x, y = ring(page)
    assert s == 80
    assert a / 100 <= 1 - (1 - 0.7) * s / 100 / 0.7 + 1e-3
    mouse(page, "mousePressed", x, y)
    mouse(page, "mouseMoved", x - 30, y + 40)
    mouse(page, "mouseReleased", x - 30, y + 40)
    inside = ring(page)
    assert inside[0] < s
    assert inside[1] < a
    assert inside[2:] == pytest.approx([x - 30, y + 40], abs=3)
    assert "more of A" in page.evaluate("document.getElementById('mine').textContent")
    link = page.evaluate("document.getElementById('link').getAttribute('href')")
    assert "&a=0." in link
    # Far outside: it comes to rest on the frontier, and what it gives up is said.
    mouse(page, "mousePressed", *inside[2:])
    mouse(page, "mouseMoved", x, y - 150)
    mouse(page, "mouseReleased", x, y - 150)
    assert ring(page)[:2] == pytest.approx([s, a], abs=0.6)
    told = page.evaluate("document.getElementById('mine').textContent")
    assert "this is the frontier" in told
    best, robust = 100 * float(two_shift_accuracy(0, 0.7)), 70.0
    lost = [float(z) for z in re.findall(r"([\d.]+) points? of [SA]\*", told)]
    assert lost == pytest.approx([best - ring(page)[0], robust - ring(page)[1]], abs=0.11)
    wanted = "document.getElementById('s-out').textContent"
    assert float(page.evaluate(wanted).split("\u202f")[0]) == pytest.approx(ring(page)[0], abs=0.06)


@pytest.mark.slow
def test_the_point_obeys_keys(page: Any) -> None:
    page.until(
        "/frontier of all classifiers, to 0.00[0-3]/"
        ".test(document.getElementById('law-legend').textContent)"
    )
    page.evaluate("document.getElementById('handle').focus()")
    s, a, *_ = ring(page)
    page.press("ArrowLeft", 37)
    moved = ring(page)
    assert moved[0] == pytest.approx(s - 0.5)
    assert moved[1] > a
    page.press("ArrowDown", 40)
    page.press("ArrowDown", 40)
    assert ring(page)[1] == pytest.approx(moved[1] - 1, abs=0.6)
    for _ in range(4):
        page.press("ArrowUp", 38)
    assert ring(page)[1] == pytest.approx(moved[1], abs=0.06)
    page.press("End", 35)
    assert ring(page)[0] == pytest.approx(100 * float(two_shift_accuracy(0, 0.7)), abs=0.3)
    page.press("Home", 36)
    assert ring(page)[1] == pytest.approx(
        100 * float(robust_bayes_accuracy(0.7, 2.0, 1024)), abs=0.06
    )


@pytest.mark.slow
def test_where_x0_is_the_label_nothing_is_lost(page: Any) -> None:
    page.evaluate("location.hash = 'p=1&n=2&delta=0.5&e=4&d=1024&s=0.93'")
    page.until("document.getElementById('p-out').textContent === '1.00'")
    text = page.evaluate("document.getElementById('asked-body').textContent")
    assert "\u2264 100.0" in text
    assert "\u2265 100.0" in text
    assert "nothing is lost" in page.evaluate("document.getElementById('headline').textContent")
    assert "Nothing is lost" in page.evaluate("document.getElementById('mine').textContent")
    assert ring(page)[:2] == [100, 100]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_picture_can_be_saved(page: Any, kind: str) -> None:
    saved = page.evaluate(
        f"""new Promise((done) => {{
          const click = HTMLAnchorElement.prototype.click, make = URL.createObjectURL;
          let blob = null;
          URL.createObjectURL = (x) => {{ blob = x; return make.call(URL, x); }};
          HTMLAnchorElement.prototype.click = function () {{
            HTMLAnchorElement.prototype.click = click;
            URL.createObjectURL = make;
            const reader = new FileReader();
            reader.onload = () => done([this.download, reader.result.split(",")[1]]);
            reader.readAsDataURL(blob);
          }};
          document.getElementById("save-{kind}").click();
        }})"""
    )
    name, data = saved[0], base64.b64decode(saved[1])
    assert name == f"spatial-adversarial-p0.7-n2-e2.{kind}"
    if kind == "png":
        assert data.startswith(b"\x89PNG")
        return
    root = ElementTree.fromstring(data)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    # Nothing of the page's style sheet is left to be looked up.
    assert b"var(" not in data
    words = " ".join(root.itertext())
    assert "p = 0.7, n = 2" in words
    assert "no classifier" in words


@pytest.mark.slow
def test_large_text_is_large(page: Any) -> None:
    size = "parseFloat(getComputedStyle(document.querySelector('#law-chart text')).fontSize)"
    assert page.evaluate(size) == 12
    page.evaluate("document.getElementById('large').click()")
    assert page.evaluate(size) >= 18
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= inner
    page.evaluate("document.getElementById('large').click()")
    page.evaluate("localStorage.clear()")


@pytest.mark.slow
def test_for_an_audience_picture_and_point_fit_a_projector(page: Any, build: ModuleType) -> None:
    page.screen(1280, 720)
    page.open("about:blank")
    page.open(f"{build.PAGE.as_uri()}#p=0.7&n=2&delta=0.5&e=2.5&d=1024&s=0.9&large=1")
    page.until("!document.getElementById('mine').textContent.includes('computing')")
    for name in ("law-chart", "mine"):
        bottom = f"document.getElementById('{name}').getBoundingClientRect().bottom"
        assert page.evaluate(bottom) <= 720, name


@pytest.mark.slow
def test_the_news_is_told_once_the_reader_has_stopped(page: Any) -> None:
    settle(page)
    page.until("document.getElementById('live').textContent.length > 20")
    first = page.evaluate("document.getElementById('live').textContent")
    told = page.evaluate(
        """(async () => {
          let count = 0;
          const what = { childList: true, characterData: true, subtree: true };
          new MutationObserver(() => count++).observe(document.getElementById("live"), what);
          const input = document.getElementById("e");
          for (let k = 0; k < 20; k++) {
            input.value = 2 + k * 0.1;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((done) => setTimeout(done, 20));
          }
          await new Promise((done) => setTimeout(done, 2500));
          return count;
        })()"""
    )
    assert 1 <= told <= 2
    assert page.evaluate("document.getElementById('live').textContent") != first


@pytest.mark.slow
def test_a_setting_can_be_linked(page: Any) -> None:
    page.evaluate("document.querySelector('#presets button:nth-child(2)').click()")
    page.until("location.hash.includes('e=4')")
    link = page.evaluate("document.getElementById('link').getAttribute('href')")
    assert link == "#p=0.7&n=2&delta=0.5&e=4&d=1024&s=0.9&show=attacked"
    assert (
        page.evaluate("document.getElementById('headline').textContent") == "You cannot have it all"
    )
    # Even if the page writes its own address before it has heard of the new one.
    page.evaluate(
        """(async () => {
          location.hash = "p=0.8&n=3&delta=0.5&e=4&d=1024&s=0.9";
          history.replaceState(null, "", "#p=0.6&n=2");
          await new Promise((done) => setTimeout(done, 100));
        })()"""
    )
    assert page.evaluate("document.getElementById('p').value") == "0.8"
    page.evaluate("document.querySelector('.intro a').click()")
    settle(page)
    assert page.evaluate("document.getElementById('e').value") == "4"
    page.evaluate("location.hash = 'p=frog&n=1e9&e=-3&delta=0.9&show=nothing'")
    page.until("document.getElementById('n-out').textContent === '64'")
    assert page.evaluate("document.getElementById('e').value") == "0"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page: Any, build: ModuleType, scheme: str) -> None:
    page.screen(360, 740, phone=True)
    page.prefer(prefers_color_scheme=scheme)
    for preset in PRESETS:
        page.open("about:blank")
        page.open(f"{build.PAGE.as_uri()}#{preset}")
        settle(page)
        wide, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert inner == 360
        assert wide <= 360
        # The sliders stay at hand while the reader scrolls.
        page.evaluate("document.getElementById('laws-title').scrollIntoView()")
        assert page.evaluate(
            "document.querySelector('.controls').getBoundingClientRect().top >= -1"
        )
        letters = page.evaluate(
            "Math.min(...[...document.querySelectorAll('.chart text')].map((x) =>"
            "parseFloat(getComputedStyle(x).fontSize) * Math.hypot(x.getCTM().a, x.getCTM().b)))"
        )
        assert letters > 11
        assert not trouble(page)


@pytest.mark.slow
def test_theme_follows_the_system_and_the_switch(page: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.prefer(prefers_color_scheme="dark")
    assert page.evaluate(ground) == "rgb(20, 23, 26)"
    page.evaluate(
        "(() => { const x = document.getElementById('theme'); x.value = 'light';"
        "x.dispatchEvent(new Event('change')); })()"
    )
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.evaluate("localStorage.clear()")


@pytest.mark.slow
def test_growing_budget_moves_in_leaps_for_who_prefers_less_motion(page: Any) -> None:
    page.prefer(prefers_reduced_motion="reduce")
    page.evaluate("document.getElementById('play').click()")
    seen = set()
    for _ in range(12):
        seen.add(page.evaluate("document.getElementById('e-out').textContent"))
        page.evaluate("new Promise((done) => setTimeout(done, 200))")
    page.evaluate("document.getElementById('play').click()")
    assert seen <= {"0.00", "1.00", "2.00"}
    assert "1.00" in seen
    motion = page.evaluate(
        "getComputedStyle(document.querySelector('#rules .bar > span')).transitionDuration"
    )
    assert motion == "0s"


@pytest.mark.slow
def test_it_prints(page: Any, tmp_path: Path) -> None:
    page.call("Emulation.setEmulatedMedia", media="print")
    hidden = page.evaluate("getComputedStyle(document.querySelector('.presets')).display")
    assert hidden == "none"
    printed = page.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    assert len(printed["data"]) > 20_000
    page.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.slow
def test_two_shifts_are_refined_until_the_band_is_narrow(page: Any) -> None:
    page.evaluate("location.hash = 'p=0.7&n=2&delta=0.5&e=2&d=1024&s=0.9'")
    page.until(
        "/frontier of all classifiers, to 0.00[0-3]/"
        ".test(document.getElementById('law-legend').textContent)"
    )
