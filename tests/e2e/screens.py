"""What every screen must be, whatever it shows: what a page in a browser is looked over for.

Each probe returns faults in words, none when all is well. `axe_faults` gives the page axe-core, which is no
part of the product: through the driver, past the content security policy, and only where a test asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from lab.browsers.webkit import WebKitDevice

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
COLOURS = ("color-contrast", "link-in-text-block")
# A button of 44 px may be drawn on half a pixel.
LEAST_SIDE_PX = 43.5

# `small_targets` asks for more than axe does, which takes what the player at the foot half covers for small.
_RUN_AXE = """async (only) => {
  const rules = { "target-size": { enabled: false } };
  const found = await axe.run(document, { runOnly: only, rules, resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(
    ({ html, failureSummary }) => `${id} (${help}): ${html.slice(0, 160)} ${failureSummary}`));
}"""

_SMALL_TARGETS = """(least) => [...document.querySelectorAll(
    "button, input, select, summary, a[href], [role=switch], [role=slider]")]
  .filter((each) => each.tabIndex >= 0 && each.checkVisibility())
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width < least || box.height < least)
  .map(([each, box]) => `${each.outerHTML.slice(0, 120)}: ${box.width} x ${box.height}`)"""

_SPILLS = """() => {
  const root = document.documentElement;
  const wide = [...document.body.querySelectorAll("*")].filter((each) => {
    const box = each.getBoundingClientRect();
    const isSeen = box.width > 0 && each.checkVisibility() && !each.closest("svg, .unseen");
    return isSeen && (box.right > root.clientWidth + 1 || box.left < -1);
  });
  const cut = [...document.body.querySelectorAll("p, h1, h2, button, dt, dd, label, span, summary, small")]
    .filter((each) => each.checkVisibility() && !each.closest(".unseen")
      && each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "visible");
  const faults = [...wide, ...cut].map((each) => `sticks out: ${each.outerHTML.slice(0, 120)}`);
  const squeezed = [...document.body.querySelectorAll("p, h1, h2, dd, button")].filter((each) => {
    const isLong = each.innerText.trim().length > 12 && each.checkVisibility() && !each.closest(".unseen");
    return isLong && each.clientWidth < 3 * parseFloat(getComputedStyle(each).fontSize);
  });
  faults.push(...squeezed.map((each) => `${each.clientWidth} px for: ${each.outerHTML.slice(0, 120)}`));
  if (root.scrollWidth > root.clientWidth) faults.unshift(`${root.scrollWidth} px in ${root.clientWidth}`);
  return faults;
}"""

_UNDER_THE_NOTCH = """(aside) => [...document.querySelectorAll("button, input, select, summary, p, h1, h2")]
  .filter((each) => each.checkVisibility() && !each.closest(".unseen"))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.left < aside || box.right > innerWidth - aside))
  .map(([each]) => each.outerHTML.slice(0, 120))"""

_MEDIA = """() => [
  "(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"
].map((query) => matchMedia(query).matches)"""

_MOVING = """() => [...document.querySelectorAll("*")]
  .filter((each) => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(each);
    return animationName !== "none" || scrollBehavior === "smooth" || /[1-9]/.test(transitionDuration);
  })
  .map((each) => each.outerHTML.slice(0, 120))"""

_WORDS = """() => {
  const isSeen = (element) => element.checkVisibility() && !element.closest("option, [lang]:not(html)");
  const words = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    if (isSeen(texts.currentNode.parentElement)) words.push(texts.currentNode.data);
  for (const name of ["aria-label", "aria-valuetext", "alt", "title", "placeholder"])
    for (const each of document.querySelectorAll(`[${name}]`))
      if (isSeen(each)) words.push(each.getAttribute(name));
  return words.filter((each) => each.trim() !== "");
}"""

_SPEAK = """(tag) => {
  const choice = document.querySelector("select:has(option[value=ar])");
  choice.value = tag;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
}"""

# What is not words in any language: our own name, formats, units, signs of a key.
_INTERNATIONAL = re.compile(
    r"Unisono|https?://\S+|https?\b|Bluetooth|Wi-?Fi|MP3|M4A|WAV|FLAC|QR|[dkM]B\b|\bms\b|\bppm\b|STUN|TURN"
)
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def axe_faults(page: Page, *, only_colours: bool = False) -> list[str]:
    """WCAG 2.2 AA as far as a machine can tell."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    only = {"type": "rule", "values": COLOURS} if only_colours else {"type": "tag", "values": WCAG}
    faults: list[str] = page.evaluate(_RUN_AXE, only)
    return faults


def wears(page: Page, *, is_dark: bool, is_forced: bool, is_strong: bool) -> bool:
    """Whether the page believes what the driver told the browser of its person's wishes."""
    believed: list[bool] = page.evaluate(_MEDIA)
    return believed == [is_dark, is_forced, is_strong]


def small_targets(page: Page) -> list[str]:
    """What a thumb or a shaking hand would miss."""
    faults: list[str] = page.evaluate(_SMALL_TARGETS, LEAST_SIDE_PX)
    return faults


def spills(page: Page) -> list[str]:
    """What makes the page scroll sideways, sticks out of it, is cut, or stands a letter a line."""
    faults: list[str] = page.evaluate(_SPILLS)
    return faults


def under_the_notch(page: Page, aside_px: int) -> list[str]:
    """What lies where a phone on its side has its camera and round corners. Chromium alone can be told."""
    session = page.context.new_cdp_session(page)

    def set_insets(px: int) -> None:
        insets = {"left": px, "right": px, "top": 0, "bottom": px // 2}
        session.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
        page.wait_for_function("(px) => getComputedStyle(document.body).paddingLeft === `${px}px`", arg=px)

    set_insets(aside_px)
    faults: list[str] = page.evaluate(_UNDER_THE_NOTCH, aside_px)
    set_insets(0)
    session.detach()
    return faults


def moving(page: Page) -> list[str]:
    faults: list[str] = page.evaluate(_MOVING)
    return faults


def set_text_size(page: Page, percent: int) -> None:
    """As a person sets it in the browser: every size on the page follows that of the root."""
    page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", f"{percent}%")


def speak(page: Page, tag: str) -> None:
    """Another language for the screen that is shown, which must offer the choice."""
    page.evaluate(_SPEAK, tag)
    page.locator(f"html[lang={tag}]").wait_for(state="attached")


def untranslated(page: Page, told: Sequence[str]) -> list[str]:
    """Latin words on a page whose language has none, but for `told`: names of people, songs and keys."""
    words: list[str] = page.evaluate(_WORDS)
    longest_first = sorted((each for each in told if each), key=len, reverse=True)
    left = []
    for said in words:
        rest = said
        for each in longest_first:
            rest = rest.replace(each, "")
        if _LATIN_WORD.search(_INTERNATIONAL.sub("", rest)):
            left.append(said)
    return left


def axe_faults_in_webkit(device: WebKitDevice) -> list[str]:
    """The same in WebKitGTK, through its own driver."""
    device.browser.execute_script(f"{AXE.read_text(encoding='utf-8')}; window.axe = axe;")
    only = {"type": "tag", "values": WCAG}
    found = device.ask(f"async (only) => ({{ faults: await ({_RUN_AXE})(only) }})", only)
    faults: list[str] = found["faults"]
    return faults
